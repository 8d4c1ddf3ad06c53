"""The command line under test, and a small district that has been through the demonstration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.cli import application

Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``huimin`` with these words; the workspace is ``tmp_path / "w"`` unless named, the day 15 October 2026."""
    monkeypatch.setenv("HUIMIN_WORKSPACE", str(tmp_path / "w"))
    monkeypatch.setenv("HUIMIN_TODAY", "2026-10-15")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("HUIMIN_LANG", raising=False)
    return lambda *words: CliRunner().invoke(application(), [str(word) for word in words])


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which a demonstration of 1,500 residents was played; only to be read."""
    folder = tmp_path_factory.mktemp("demo") / "putuo"
    result = CliRunner().invoke(application(), ["demo", "--residents", "1500", "--keep", str(folder), "--json"], env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return folder
