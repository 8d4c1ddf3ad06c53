"""The ledger of open figures is there after the first open snapshot, and gives back what was added."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.workspace.open_figures import NAME, SUFFIX, LostFigures, open_figures


def test_a_snapshot_without_figures_has_a_ledger_too(tmp_path: Path) -> None:
    """Otherwise the next snapshot would miss it."""
    with open_figures(tmp_path) as ledger:
        ledger.add({})
    (tmp_path / "snapshots" / f"2026-10-15-1{SUFFIX}").touch()

    with open_figures(tmp_path) as ledger:
        ledger.add({("t", "a"): 40, ("t", "b"): 0})
        ledger.add({("t", "a"): 50})
    with open_figures(tmp_path) as ledger:
        assert ledger.figures == {("t", "a"): 50, ("t", "b"): 0}


def test_a_missing_ledger_is_missed(tmp_path: Path) -> None:
    """A workspace with an open snapshot and no ledger publishes nothing."""
    with open_figures(tmp_path):
        (tmp_path / "snapshots" / f"2026-10-15-1{SUFFIX}").touch()

    assert not (tmp_path / NAME).exists()
    with pytest.raises(LostFigures), open_figures(tmp_path):
        pass
