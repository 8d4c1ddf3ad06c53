"""Corrections of identity, asked of the service: two subjects become one, and two again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.identity.corrections import People, corrections_in_force, merge_subjects, split_subjects
from services.lists.candidates import candidate_list
from services.lists.holds import HoldSummary
from services.results import plain
from tests.console.town import POLICY, RESIDENTS, resident

PEOPLE = People("王芳", "李强", "证件换号")


def nothing(hold: HoldSummary) -> None:
    pytest.fail(f"{hold.hold} was opened")


def test_two_are_one_and_two_again(workspace: Workspace) -> None:
    """The first leaves the list; the correction stands with who decided it until it is undone."""
    first, second, *_ = (row.subject for row in candidate_list(workspace, POLICY).candidates)

    merged = merge_subjects(workspace, "person", (first, second), PEOPLE, nothing)
    (standing,) = corrections_in_force(workspace)
    undone = split_subjects(workspace, "person", (first, None), PEOPLE, nothing)

    assert (merged.decisions, merged.already) == (1, ())
    leaving = [line for line in merged.changes if line.policy == POLICY and line.change == "left"]
    assert [(line.subject, line.cause.kind) for line in leaving] == [(first, "identity")]
    assert (standing.subject, standing.into, standing.record, standing.approved_by) == (first, second, None, "李强")
    assert plain(standing, "en")["subject"] == f"{first:016x}"
    entering = [line for line in undone.changes if line.policy == POLICY and line.change == "entered"]
    assert [line.subject for line in entering] == [first]
    assert corrections_in_force(workspace) == [] and candidate_list(workspace, POLICY).total == RESIDENTS


def test_rows_of_a_file_that_are_as_asked_are_passed_over(workspace: Workspace, tmp_path: Path) -> None:
    """Numbers become tokens on the way in; the same file again decides nothing."""
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"subject,into\n{resident(0)},{resident(1)}\n", encoding="utf-8")

    first, again = (merge_subjects(workspace, "person", pairs, PEOPLE, nothing) for _ in range(2))

    assert (first.decisions, first.already) == (1, ()) and (again.decisions, again.already, again.changes) == (0, (2,), ())


def test_what_is_no_correction_is_refused(workspace: Workspace) -> None:
    """A kind there is not, no reason, nobody to merge into, one person alone, and nothing to undo."""
    first, second, *_ = (row.subject for row in candidate_list(workspace, POLICY).candidates)

    refusals: tuple[Callable[[], object], ...] = (
        lambda: merge_subjects(workspace, "people", (first, second), PEOPLE, nothing),
        lambda: merge_subjects(workspace, "person", (first, second), People("王芳", "李强", " "), nothing),
        lambda: merge_subjects(workspace, "person", (first, None), PEOPLE, nothing),
        lambda: merge_subjects(workspace, "person", (first, second), People("王芳", "王芳", "x"), nothing),
        lambda: split_subjects(workspace, "person", (first, None), PEOPLE, nothing),
        lambda: split_subjects(workspace, "person", (first, second), PEOPLE, nothing),
    )
    for refused in refusals:
        with pytest.raises(HuiminError):
            refused()

    assert corrections_in_force(workspace) == []
