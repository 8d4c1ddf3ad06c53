"""Fixtures of the command line: running ``huimin``, a small town, and a district after the demonstration."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.workspace.workspace import Workspace
from tests.console.command import run_command
from tests.console.results import validate
from tests.shared_worlds import built_once

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
    result = run_command(*words, **options)
    validate(words, result)
    return result


@pytest.fixture(scope="session")
def settled_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the workspace of a small town (``tests.console.town``); tests copy it and never change it."""
    return built_once(tmp_path_factory, "town", build_town)


def build_town(folder: Path) -> None:
    """Writes the small town."""
    from tests.console.town import settle_town

    env = {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_TODAY": "2026-10-15", "COLUMNS": "160"}
    settle_town(lambda *words: run_command(*words, env=env), folder)
    with Workspace.open(folder / "w").writing() as host:
        host.write_checkpoint()  # or each verb would fold all messages again


@pytest.fixture
def town(run: Run, settled_town: Path, tmp_path: Path) -> Path:
    """A copy of the small town that a test may change; ``run`` works in it."""
    shutil.copytree(settled_town, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after a demonstration of 1,500 residents; tests only read it."""

    def build(folder: Path) -> None:
        result = run_command("demo", "--residents", "1500", "--keep", str(folder / "putuo"), "--json", env={"COLUMNS": "120"})
        assert result.exit_code == 0, result.output

    own = tmp_path_factory.mktemp("demo") / "putuo"  # tests read it where it lies, which others must not copy meanwhile
    shutil.copytree(built_once(tmp_path_factory, "district", build) / "putuo", own)
    return own


@pytest.fixture
def at(run: Run, district: Path, tmp_path: Path) -> Run:
    """``huimin`` in a copy of the district's workspace."""
    copy = tmp_path / "copy"
    shutil.copytree(district, copy)
    return lambda *words: run(*words, "--workspace", copy)
