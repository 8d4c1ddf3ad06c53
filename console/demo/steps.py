"""The shared part of the demonstration's steps: their state, taking in files, and showing changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.text.words import number
from policies.values import Text

if TYPE_CHECKING:
    from console.demo.deliveries import DeliveryFile
    from console.demo.screen import Screen
    from console.text.explanations import ExplanationInWords
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.language.messages import CandidateChange

LATE_STREET = "310107103"
"""Taopu: the insurance centre states its coverage of it only on the second day."""
DAYS = 30
RESTATED_EVERY = 5


@dataclass(slots=True)
class Tour:
    """The state that the steps share; ``facts`` becomes the output of ``--json``.

    Args:
        explain: draws an explanation on the screen.
    """

    screen: Screen
    explain: Callable[[ExplanationInWords], None]
    workspace: Workspace
    files: Path
    residents: int
    seed: int
    today: date
    started: float = field(default_factory=time.perf_counter)
    facts: dict[str, Any] = field(default_factory=dict)
    frames: dict[str, Any] = field(default_factory=dict)
    statements: int = 0

    def step(self, position: int, text: Text) -> None:
        """Print a heading with the time so far."""
        heading = Text(f"{position} · {text.zh}", f"{position} · {text.en}")
        self.screen.heading(heading, f"{time.perf_counter() - self.started:.1f} s")

    @property
    def formats(self) -> dict[str, str]:
        """For each feed ``xlsx``, or the encoding that its contract asks for."""
        feeds = self.workspace.catalogue().feeds.values()
        return {feed.name: "xlsx" if feed.format == "xlsx" else feed.encoding for feed in feeds}


def ingest(tour: Tour, host: Host, files: list[DeliveryFile], position: int, title: Text) -> list[CandidateChange]:
    """Take in files through the real connectors; print the rows, and how many are in quarantine."""
    from services.deliveries.delivery import deliver

    tour.step(position, title)
    start = time.perf_counter()
    rows: list[list[str]] = []
    changes: list[CandidateChange] = []
    total = sum(f.rows for f in files)
    with tour.screen.progress(title, 2 * total) as advance:
        for file in files:
            source = host.state.catalogue.feeds[file.feed].source_position(file.unit) or 0
            delivery = deliver(tour.workspace, host, file.feed, source, file.path, host.state.day, advance=advance)
            changes += delivery.changes
            report = delivery.report
            counts = [number(count) if count else "" for count in (report.rows, report.quarantined, report.unplaced)]
            rows.append([file.path.name, *counts])
    seconds = max(time.perf_counter() - start, 1e-9)
    columns = [Text("文件", "file"), Text("行数", "rows"), Text("隔离", "quarantined"), Text("认不出是谁", "nobody named")]
    tour.screen.table(None, columns, rows, right=(1, 2, 3))
    rate = number(round(total / seconds))
    tour.screen.say(
        Text(f"{number(total)} 行，{seconds:.1f} 秒（每秒 {rate} 行）", f"{number(total)} rows in {seconds:.1f} s ({rate} a second)")
    )
    tour.facts[f"rows_{position}"] = total
    return changes


def show_changes(tour: Tour, host: Host, changes: list[CandidateChange]) -> None:
    """Print the counts of changes."""
    if changes:
        from console.text.changes import COLUMNS, change_rows
        from services.lists.changes import list_changes

        result = list_changes(changes, host.state.registry)
        tour.screen.table(None, COLUMNS, change_rows(result.changes, result.titles, tour.screen.language), right=(5,))
    else:
        tour.screen.say(Text("名单没有变动。", "No list changed."))
