"""Fixtures of the command line: running ``huimin``, a small town, and a district after the demonstration."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.cli.main import application
from tests.console.results import validate

Run = Callable[..., Any]
RESEARCH = ("snapshot", "create", "--grade", "research", "--by", "王芳", "--approved-by", "李强", "--reason", "研究")
"""The words that release a research snapshot."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``huimin`` with these words; the workspace is ``tmp_path / "w"`` unless named, the day 15 October 2026."""
    monkeypatch.setenv("HUIMIN_WORKSPACE", str(tmp_path / "w"))
    monkeypatch.setenv("HUIMIN_TODAY", "2026-10-15")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("HUIMIN_LANG", raising=False)
    return invoke


def invoke(*words: Any, **options: Any) -> Any:
    """Run ``huimin``, and check the JSON that it prints against its schema.

    Args:
        options: of click's runner.
    """
    result = CliRunner().invoke(application(), [str(word) for word in words], **options)
    validate(words, result)
    return result


@pytest.fixture(scope="session")
def settled_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the workspace of a small town (``tests.console.town``); tests copy it and never change it."""
    from tests.console.town import settle_town

    folder = tmp_path_factory.mktemp("town")
    env = {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_TODAY": "2026-10-15", "COLUMNS": "160"}
    settle_town(lambda *words: CliRunner().invoke(application(), [str(word) for word in words], env=env), folder)
    return folder


@pytest.fixture
def town(run: Run, settled_town: Path, tmp_path: Path) -> Path:
    """A copy of the small town that a test may change; ``run`` works in it."""
    shutil.copytree(settled_town, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after a demonstration of 1,500 residents; tests only read it."""
    folder = tmp_path_factory.mktemp("demo") / "putuo"
    result = CliRunner().invoke(application(), ["demo", "--residents", "1500", "--keep", str(folder), "--json"], env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def at(run: Run, district: Path, tmp_path: Path) -> Run:
    """``huimin`` in a copy of the district's workspace."""
    copy = tmp_path / "copy"
    shutil.copytree(district, copy)
    return lambda *words: run(*words, "--workspace", copy)
