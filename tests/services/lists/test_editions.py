"""Editions, asked of the service: what each says of itself, why somebody was on it, whether all fit, and their evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from services.lists.candidates import candidate_list
from services.lists.edition_checks import NOT_HELD, EditionCheck, EvidenceCheck, verify_editions, verify_evidence
from services.lists.editions import cut_edition, edition_details, edition_evidence, edition_reasons, editions
from services.lists.explanations import SubjectExplanation
from services.lists.outcome_reports import report_outcome
from services.results import plain
from tests.console.town import POLICY, RESIDENTS


def test_a_cut_closes_an_edition_where_something_differs(workspace: Workspace) -> None:
    """The publication was the first; nothing differs then; an outcome makes the second, with one line."""
    idle = cut_edition(workspace, POLICY)
    who = candidate_list(workspace, POLICY).candidates[0].subject
    report_outcome(workspace, POLICY, who, "declined", "王芳")
    closed = cut_edition(workspace, POLICY)

    listing, second = editions(workspace, POLICY).editions, edition_details(workspace, POLICY, 2)

    assert idle.edition is None and closed.edition == 2 and [edition.edition for edition in listing] == [1, 2]
    assert listing[0].entered == RESIDENTS and listing[1].before == listing[0].digest and listing[1].listed == {"eligible": RESIDENTS - 1}
    assert [(line.subject, line.change) for line in second.changes] == [(who, "left")]
    assert plain(second, "en")["changes"][0]["subject"] == f"{who:016x}" and "titles" not in plain(second, "en")
    with pytest.raises(HuiminError):
        edition_details(workspace, POLICY, 3)


def test_why_somebody_was_listed_then(workspace: Workspace) -> None:
    """From what was known when the edition closed, whatever came since."""
    who = candidate_list(workspace, POLICY).candidates[0].subject
    report_outcome(workspace, POLICY, who, "declined", "王芳")

    reasons = edition_reasons(workspace, POLICY, 1, who)

    assert isinstance(reasons.explanation, SubjectExplanation) and reasons.edition.edition == 1
    assert (reasons.explanation.status, reasons.explanation.outcome, reasons.explanation.overridden) == ("eligible", None, False)


def test_editions_fit_each_other_and_the_list(workspace: Workspace) -> None:
    """A digest of one is known by its beginning, a strange one is a problem."""
    (first,) = editions(workspace, POLICY).editions

    check = verify_editions(workspace, POLICY, first.digest[:16].upper())
    strange = verify_editions(workspace, POLICY, "0" * 16)

    assert check == EditionCheck(POLICY, 1, RESIDENTS, 0, True, (), 1, None, 0)
    assert isinstance(strange, EditionCheck) and not strange.ok and strange.problems == (NOT_HELD,)


def test_evidence_is_written_and_held_against_its_edition(workspace: Workspace, tmp_path: Path) -> None:
    """Into exports, unless somewhere else is named; not over somebody's letter; a changed file does not fit."""
    evidence = edition_evidence(workspace, POLICY, 1)
    letter = tmp_path / "letter.jsonl"
    letter.write_text("dear", encoding="utf-8")

    assert evidence.file == workspace.folder("exports") / f"{POLICY}-1.evidence.jsonl" and evidence.candidates == RESIDENTS
    assert verify_evidence(workspace, POLICY, evidence.file) == EvidenceCheck(1, True, True, evidence.file.name)
    with pytest.raises(Conflict):
        edition_evidence(workspace, POLICY, 1, letter)
    with pytest.raises(HuiminError):
        verify_evidence(workspace, POLICY, letter)
