"""A policy's list, asked of the service: who is on it, what is open, and what an answer changes."""

from __future__ import annotations

from datetime import date

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.lists.candidates import EvidenceToFetch, ListedCandidate, answer_check, candidate_list, parse_token
from services.lists.changes import ListChanges
from services.lists.filters import ListFilter
from services.results import plain
from tests.console.town import ALLOWANCE, POLICY, RESIDENTS


def test_the_list_has_everybody_and_counts_all_of_them(workspace: Workspace) -> None:
    """A limit leaves rows out, never from the counts; another status has nobody."""
    whole, some = candidate_list(workspace, POLICY), candidate_list(workspace, POLICY, limit=2)

    assert len(whole.candidates) == whole.total == RESIDENTS and whole.counts == {"eligible": RESIDENTS}
    assert some.candidates == whole.candidates[:2] and some.total == RESIDENTS
    assert (whole.day, whole.erased, whole.holds, whole.kept_off) == (date(2026, 10, 15), 0, (), {})
    assert candidate_list(workspace, POLICY, wanted=ListFilter(statuses=("to_check",))).candidates == ()


def test_a_check_is_answered_once_for_all(workspace: Workspace) -> None:
    """Whoever is to be asked has the check; the answer moves that candidate alone, and is reported as a change."""
    before = candidate_list(workspace, ALLOWANCE).candidates
    asked = next(row for row in before if row.checklist)

    result = answer_check(
        workspace, ALLOWANCE, asked.subject, asked.checklist[0], True, "王芳", lambda hold: pytest.fail("nothing is held")
    )
    after = {row.subject: row for row in candidate_list(workspace, ALLOWANCE).candidates}

    assert isinstance(result, ListChanges)
    assert [(line.subject, line.change, line.before, line.status) for line in result.changes] == [
        (asked.subject, "changed", "to_check", "eligible")
    ]
    assert after[asked.subject].checklist == () and all(after[row.subject] == row for row in before if row != asked)


def test_json_has_tokens_and_no_titles() -> None:
    """A subject is 16 hex digits; what only the screen shows is left out."""
    candidate = ListedCandidate(255, "unknown", "needs_evidence", None, (), True, (EvidenceToFetch("a", "f", ("u",)),), None)

    assert plain(candidate, "en") == {
        "subject": "00000000000000ff", "verdict": "unknown", "status": "needs_evidence", "division": None, "checklist": [],
        "still_yes": True, "missing": [{"criterion": "a", "feed": "f", "units": ["u"]}], "held": None,
        "outcome": None, "outcome_on": None, "assigned_to": None, "call_again": None, "notes": 0, "reported": None,
        "apply_by": None, "days_left": None,
    }  # fmt: skip
    assert plain(ListChanges((), {}), "en") == {"changes": []}


def test_what_is_no_token_is_refused_and_not_repeated(workspace: Workspace) -> None:
    """It might be somebody's number. A policy that nobody published is refused with its name."""
    for text in ("310107195001010011", "x" * 16, ""):
        with pytest.raises(HuiminError) as refused:
            parse_token(text)
        assert refused.value.exit_code == 2 and (not text or text not in refused.value.text.en)

    with pytest.raises(HuiminError, match="nothing-such"):
        candidate_list(workspace, "nothing-such")
