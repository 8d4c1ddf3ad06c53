"""Who is on which list, asked by name or number: a clerk finds people on their own lists, and learns of nobody else."""

from __future__ import annotations

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.exports.candidates import export_candidates
from services.lists.candidates import candidate_list
from services.lists.outcome_reports import report_outcome
from services.lists.people import list_places, subject_of
from tests.console.town import POLICY, resident


def test_a_person_is_found_by_number_also_where_suppressed(workspace: Workspace) -> None:
    """With the status; the outcome that keeps them off is told. Whoever is on no list is found nowhere."""
    (listed,) = [place for place in list_places(workspace, f" {resident(0)} ") if place.policy == POLICY]
    report_outcome(workspace, POLICY, listed.subject, "declined", "王芳")
    (kept_off,) = [place for place in list_places(workspace, resident(0)) if place.policy == POLICY]

    assert listed.status is not None and listed.outcome is None and listed.person == listed.subject
    assert (kept_off.status, kept_off.outcome) == (None, "declined")
    assert list_places(workspace, resident(4000)) == () and list_places(workspace, "") == ()


def test_a_name_finds_its_bearer_on_the_lists_of_an_agency(workspace: Workspace) -> None:
    """The name as the list shows it; another agency's lists are left out, and one that does not exist is refused."""
    path = workspace.folder("exports") / "list.csv"
    export_candidates(workspace, POLICY, path)
    rows = [line.split(",") for line in path.read_text(encoding="utf-8-sig").splitlines()]
    name, token = rows[1][rows[0].index("姓名")], rows[1][rows[0].index("代号")]
    agency = candidate_list(workspace, POLICY).policy.agency

    assert int(token, 16) in {place.person for place in list_places(workspace, name, agency)}
    assert list_places(workspace, name, "putuo-psb") == ()
    with pytest.raises(HuiminError):
        list_places(workspace, name, "nobody")


def test_a_subject_may_be_named_by_number_or_token(workspace: Workspace) -> None:
    """Anything else is refused without being repeated."""
    (place,) = [place for place in list_places(workspace, resident(0)) if place.policy == POLICY]

    assert subject_of(workspace, POLICY, resident(0)) == subject_of(workspace, POLICY, f"{place.subject:016X}") == place.subject
    with pytest.raises(HuiminError) as refused:
        subject_of(workspace, POLICY, resident(0)[:-1])
    assert resident(0)[:-1] not in refused.value.text.zh + refused.value.text.en
