"""What a policy needs of each unit, asked of the service: of the draft alone, and of a workspace."""

from __future__ import annotations

from datetime import date, timedelta

from infra.workspace.workspace import Workspace
from services.policies.needs import Question, needs_in, policy_needs
from services.results import plain
from tests.streams.calendar import COMPLETE_TO, ELDERLY, FIRST_STALE_DAY, HARDSHIP, START, world
from tests.streams.world import catalogue

TODAY = date(2026, 11, 1)


def test_a_draft_alone_says_what_it_reads() -> None:
    """Feeds, fields, articles and coverage; whom a person must ask; nothing is known of any place."""
    policy = world().policies[HARDSHIP]

    needs = needs_in(None, policy, catalogue(), None, TODAY)

    income = next(need for need in needs.needs if need.feed == "income")
    assert needs.due == TODAY + timedelta(7) and [need.feed for need in needs.needs] == list(policy.feeds)
    assert (income.unit, income.fields, income.cites) == ("putuo-civil-affairs", ("monthly_income",), ("第五条", "第七条(除外)"))
    assert income.agreed and income.standing == "unknown" and income.places == ()
    assert [question.criterion for question in needs.checks] == ["willing"] and isinstance(needs.checks[0], Question)


def test_a_state_adds_where_what_is_missing() -> None:
    """Coverage that is too old, or was never stated, and how many wait for it there."""
    state = world()
    policy = state.policies[ELDERLY]

    needs = policy_needs(policy, state.catalogue, state, START)
    standing = {need.feed: need.standing for need in needs.needs}

    assert standing["medical_insurance"] == standing["pension"] == "covered"
    assert [place.division for need in needs.needs if need.feed == "pension" for place in need.places] == ["310107020"]
    assert "putuo-medical-insurance" not in needs.letters()


def test_on_a_later_day_the_coverage_is_stale(workspace: Workspace) -> None:
    """Then the unit is written to, with how many subjects wait; JSON has the same."""
    with workspace.reading() as host:
        policy, current_catalogue = host.state.policies[ELDERLY], host.state.catalogue

    needs = needs_in(workspace, policy, current_catalogue, FIRST_STALE_DAY["medical_insurance"], TODAY)

    (insurance,) = (need for need in needs.needs if need.feed == "medical_insurance")
    assert (insurance.standing, insurance.places[0].complete_to) == ("stale", COMPLETE_TO["medical_insurance"])
    assert insurance.waiting == insurance.places[0].waiting > 0
    assert insurance in needs.letters()["putuo-medical-insurance"]
    assert next(need for need in plain(needs, "en")["needs"] if need["feed"] == "medical_insurance")["max_age"] == "P7D"
