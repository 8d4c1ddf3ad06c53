"""``huimin policy test``: the cases that a policy fails, and the mutants that no case notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.cli.session import Session
from console.text.case_runs import COLUMNS, MUTANT_COLUMNS, miss_words, run_row, unnoticed_words

if TYPE_CHECKING:
    from services.policies.cases import CaseRun


def show_runs(session: Session, runs: Sequence[CaseRun], mutants: bool) -> None:
    """Print every unmet expectation, every unnoticed mutant, and the counts of each policy."""
    out, language = session.console(), session.language
    for run in runs:
        for miss in run.failed:
            out.print(miss_words(miss, run.file, language), style="red", soft_wrap=True)
        for change in run.unnoticed:
            out.print(unnoticed_words(change, run.file, language), style="yellow", soft_wrap=True)
    columns = [*COLUMNS, *(MUTANT_COLUMNS if mutants else [])]
    session.table(None, columns, (run_row(run, mutants) for run in runs), right=(1, 2, 3, 4))
