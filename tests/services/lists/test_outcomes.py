"""Outcomes, asked of the service: one is reported, keeps its candidate off, counts in the tally, and asks a unit to correct."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from console.text.outcomes import correction_in_words, correction_row
from infra.workspace.notes import write_sealed_lines
from infra.workspace.texts import DamagedFile
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.lists.candidates import candidate_list
from services.lists.correction_requests import correction_requests
from services.lists.outcome_reports import parse_outcome, report_outcome
from services.lists.outcomes import outcome_tallies
from services.results import plain
from tests.console.town import POLICY, RESIDENTS

DAY = date(2026, 10, 15)


def test_an_outcome_keeps_off_the_list_and_counts_once(workspace: Workspace) -> None:
    """Reported again it is known; the tally says how many are kept off, and until when."""
    who = candidate_list(workspace, POLICY).candidates[0].subject

    first, again = (report_outcome(workspace, POLICY, who, "declined", "王芳") for _ in range(2))
    (tally,) = outcome_tallies(workspace)

    assert (first.new, first.outcome.standing, first.outcome.until) == (True, "kept", date(2027, 10, 15))
    assert [(line.subject, line.change) for line in first.changes] == [(who, "left")] and first.holders == ()
    assert not again.new and again.changes == () and again.outcome == first.outcome
    assert (tally.outcomes, tally.right, tally.wrong, tally.hit_rate) == ({"declined": 1}, 1, 0, 1.0)
    assert (tally.kept_off, tally.next_back) == (1, date(2027, 10, 15))
    listing = candidate_list(workspace, POLICY)
    assert listing.total == RESIDENTS - 1 and listing.kept_off == {"declined": 1}


def test_a_refuted_criterion_asks_the_unit(workspace: Workspace) -> None:
    """The request names the record by delivery and row; hit rates fall for the criterion and the unit alike."""
    who = candidate_list(workspace, POLICY).candidates[0].subject

    reported = report_outcome(workspace, POLICY, who, "not_eligible", "王芳", DAY, "年满70周岁")
    requests = correction_requests(workspace)
    (tally,) = outcome_tallies(workspace, POLICY)

    assert reported.outcome.criterion == "age70" and reported.holders
    assert {(request.unit, request.feed, request.in_force, request.open) for request in requests} == {("putuo-psb", "hukou", True, True)}
    assert [(hits.criterion, hits.right, hits.wrong) for hits in tally.criteria] == [("age70", 0, 1)]
    assert [(hits.unit, hits.hit_rate) for hits in tally.units] == [("putuo-psb", 0.0)]
    assert correction_requests(workspace, unit="putuo-civil-affairs") == []
    assert "rule" not in plain(requests[0], "en") and plain(requests[0], "en")["criterion"] == "age70"


def test_what_nobody_knows_is_refused(workspace: Workspace) -> None:
    """A word, a subject, a criterion and a unit that are none; nothing is noted."""
    who = candidate_list(workspace, POLICY).candidates[0].subject

    for refused in (
        lambda: parse_outcome("gone"),
        lambda: report_outcome(workspace, POLICY, 1, "declined", "王芳"),
        lambda: report_outcome(workspace, POLICY, who, "not_eligible", "王芳", DAY, "height"),
        lambda: correction_requests(workspace, unit="nobody"),
    ):
        with pytest.raises(HuiminError):
            refused()

    assert outcome_tallies(workspace) == []


def test_a_request_has_the_row_of_the_units_file(workspace: Workspace) -> None:
    """The header is counted. Of a file from before places were noted, and of another workspace's, the data row is named."""
    who = candidate_list(workspace, POLICY).candidates[0].subject
    report_outcome(workspace, POLICY, who, "not_eligible", "王芳", DAY, "年满70周岁")
    (request,) = correction_requests(workspace)
    files = workspace.root / "deliveries.jsonl"
    notes = [json.loads(line) for line in files.read_text(encoding="utf-8").splitlines()[:-1]]
    older = [{name: fact for name, fact in note.items() if name != "places"} for note in notes]
    write_sealed_lines(files, [json.dumps(note).encode() + b"\n" for note in older])
    (before,) = correction_requests(workspace)
    write_sealed_lines(files, [json.dumps({**note, "places": "x"}).encode() + b"\n" for note in notes])

    assert request.row is not None and (request.line, request.sheet) == (request.row + 1, None)
    assert correction_row(correction_in_words(request), "zh")[6] == str(request.line)
    assert (before.row, before.line) == (request.row, None)
    assert correction_row(correction_in_words(before), "zh")[6] == f"第 {request.row} 条数据"
    assert correction_row(correction_in_words(before), "en")[6] == f"data row {request.row}"
    of_a_sheet = correction_in_words(replace(request, sheet="东片"))
    assert [correction_row(of_a_sheet, language)[6] for language in ("zh", "en")] == [
        f"工作表“东片”第 {request.line} 行", f"sheet 东片, row {request.line}",
    ]  # fmt: skip
    with pytest.raises(DamagedFile, match=r"deliveries\.jsonl"):
        correction_requests(workspace)
