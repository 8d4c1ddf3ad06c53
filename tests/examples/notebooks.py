"""Runs a notebook of ``examples`` on a snapshot, and reads the numbers back from what it has drawn."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.docs.pages import ROOT
from tests.shared_worlds import built_once

DRAWN = "drawn.json"
READ_BACK = """
import json
import matplotlib.dates as mdates
import numpy as np

def _words(labels):
    return [label.get_text().replace("\\n", " ") for label in labels]

def _bars(container, names):
    flat = container.orientation == "horizontal"
    for bar in container:
        at = bar.get_y() + bar.get_height() / 2 if flat else bar.get_x() + bar.get_width() / 2
        yield (names[round(at)] if 0 <= round(at) < len(names) else str(mdates.num2date(at).date())), float(bar.get_width() if flat else bar.get_height())

def _drawn(axes):
    columns, rows = _words(axes.get_xticklabels()), _words(axes.get_yticklabels())
    return {
        "title": axes.get_title(loc="left"), "columns": columns, "rows": rows, "texts": [text.get_text().strip() for text in axes.texts],
        "bars": [(bars.get_label(), list(_bars(bars, rows if bars.orientation == "horizontal" else columns))) for bars in axes.containers],
        "cells": [np.ma.filled(image.get_array(), 0).tolist() for image in axes.images],
        "lines": [(line.get_label(), list(zip(columns, np.asarray(line.get_ydata()).tolist()))) for line in axes.lines],
        "said": [text.get_text() for text in axes.figure.texts],
    }

print(json.dumps({name: [_drawn(axes) for axes in figure.axes] for name, figure in charts.items()}))
"""
"""A last cell: the numbers that the artists of each chart have, by what stands at their axes."""

Charts = dict[str, list[dict[str, Any]]]


def read_notebook(name: str) -> nbformat.NotebookNode:
    """A notebook of ``examples``."""
    notebook: nbformat.NotebookNode = nbformat.read(ROOT / "examples" / name, 4)
    return notebook


def run_notebook(name: str, snapshot: Path, folder: Path, **settings: str) -> tuple[Charts, str]:
    """What the charts of the notebook show, and the warnings of its cells."""
    notebook = read_notebook(name)
    notebook.cells.append(nbformat.v4.new_code_cell(READ_BACK))
    own = {"IPYTHONDIR": str(folder / "IPYTHONDIR"), "MPLCONFIGDIR": str(folder.parent / "matplotlib")}  # fonts are looked for once
    outside = {name: value for name, value in os.environ.items() if not name.startswith("HUIMIN_")}
    client = NotebookClient(notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env={**outside, **own, "HUIMIN_SNAPSHOT": str(snapshot), **settings})
    streams = [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"]
    return json.loads("".join(o.text for o in streams if o.name == "stdout")), "".join(o.text for o in streams if o.name == "stderr")


def drawn_once(folders: pytest.TempPathFactory, name: str, snapshot: Path) -> tuple[Charts, str]:
    """What ``run_notebook`` gives for the notebook in English; one process of a test run runs it."""

    def draw(folder: Path) -> None:
        charts = run_notebook(name, snapshot, folder, HUIMIN_LANG="en")
        (folder / DRAWN).write_text(json.dumps(charts), encoding="utf-8")

    charts, warnings = json.loads((built_once(folders, f"drawn-{Path(name).stem}", draw) / DRAWN).read_text(encoding="utf-8"))
    return charts, warnings
