"""A hold, asked of the service: what it is about, whom it keeps back, what to look at, and two people's decision."""

from __future__ import annotations

from fractions import Fraction

import pytest

from console.text.hold_advice import hold_in_words
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.lists.candidates import candidate_list
from services.lists.hold_decisions import LookAtDelivery, decide_hold, hold_details
from services.lists.holds import HeldDelivery, HoldSummary, holds
from services.results import plain
from tests.console.holding import POLICY

PEOPLE = ("王芳", "李强", "单位已确认")


def nothing(hold: HoldSummary) -> None:
    pytest.fail(f"{hold.hold} was opened by a decision")


def test_a_hold_says_what_it_is_about(holding: Workspace) -> None:
    """Delivery, unit and list, by title; how much shorter the delivery is than what was there."""
    (hold,) = holds(holding).holds

    assert hold.event == HeldDelivery(Text("低收入名册", "Low income roll"), Text("民政局", "Civil affairs"), "2", (31, 60), True)
    assert [(part.policy, part.side, part.count, part.subject) for part in hold.lists] == [(POLICY, "exits", 30, "person")]
    assert hold.standing == "undecided" and plain(hold, "en").keys() == {
        "hold", "kind", "about", "since", "standing", "decision", "by", "approved_by", "reason", "lists",
    }  # fmt: skip


def test_before_it_is_decided(holding: Workspace) -> None:
    """Everybody it keeps back with what was told and what is found; the unit to ask; sentences in both languages."""
    (short,) = holds(holding).holds
    hold = hold_details(holding, short.hold)
    words = hold_in_words(hold)

    assert len(hold.people) == 30 and {(person.told, person.found, person.side) for person in hold.people} == {("eligible", None, "exits")}
    (look,) = hold.advice
    assert isinstance(look, LookAtDelivery) and (look.full, look.before, look.unit.contact) == (
        (31, 60, Fraction(4, 5)),
        1,
        ("021-00000004",),
    )
    assert hold.rows is not None and (hold.rows.now, hold.rows.before) == (31, 60)
    assert "021-00000004" in words.look[1].zh and len(words.todo) == 4
    assert plain(words, "en")["look"] == [text.en for text in words.look] and "advice" not in plain(words, "en")


def test_two_people_decide_once(holding: Workspace) -> None:
    """Rejected, nothing is told; it can still be released, and then never be changed."""
    (hold,) = holds(holding).holds
    listed = candidate_list(holding, POLICY)

    rejected = decide_hold(holding, hold.hold, "reject", *PEOPLE, nothing)
    released = decide_hold(holding, hold.hold, "release", *PEOPLE, nothing)

    assert rejected.changes == () and len(released.changes) == 30
    assert {(line.change, line.cause.kind) for line in released.changes} == {("left", "release")}
    assert [summary.hold for summary in listed.holds] == [hold.hold] and sum(row.held == hold.hold for row in listed.candidates) == 30
    assert candidate_list(holding, POLICY).total == listed.total - 30 and holds(holding).holds == ()
    with pytest.raises(Conflict):
        decide_hold(holding, hold.hold, "reject", *PEOPLE, nothing)


def test_what_is_no_decision_is_refused(holding: Workspace) -> None:
    """One person alone, no reason, no such hold; the last says which there are."""
    (hold,) = holds(holding).holds

    with pytest.raises(HuiminError):
        decide_hold(holding, hold.hold, "release", "王芳", "王芳", "x", nothing)
    with pytest.raises(HuiminError):
        decide_hold(holding, hold.hold, "release", "王芳", "李强", " ", nothing)
    with pytest.raises(HuiminError) as unknown:
        hold_details(holding, "h0")

    assert hold.hold in unknown.value.text.en and holds(holding).holds == (hold,)
