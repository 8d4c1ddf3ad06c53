"""A quarantined row keeps its readable links, and they count backwards only: they lead to an element of unknown presence.

Every case is judged by the compiled program and by the scalar reading. Both must give what the page says.
Source: docs/en/semantics.md sections 1.4, 1.7, 6 and 9.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from matchers import worlds
from matchers.kernel.layout import KINDS
from matchers.lists.compare import rows_with_verdict
from matchers.lists.verdicts import WORDS, candidates
from matchers.reading.comparisons import short_form
from matchers.reading.explain import explain, verdict
from policies.values import Kind
from tests.matchers.presence import (
    COVERED,
    DAY,
    HIGH_PENSION,
    IS_KIN,
    IS_SELF,
    MALE,
    PAID,
    STREET,
    WorldData,
    catalogue,
    count,
    leaf,
    lives,
    over_sum,
    policy,
)

Missing = list[tuple[str, str]]

HOUSING, STREET_UNIT = ("occupancy", "putuo-housing"), ("occupancy", "yichuan-street")
POLICE, PENSION = ("hukou", "putuo-psb"), ("pension", "putuo-social-security")


def verdict_on(world_data: WorldData, criteria: dict[str, Any], subject: str, name: str) -> tuple[str | None, Missing]:
    """The verdict on a subject and what is missing, from the program and the scalar reading, which must agree."""
    rule = policy(criteria, subject)
    matcher = worlds.load(catalogue(), world_data, DAY)
    token = worlds.token(Kind(subject), name)
    explanation = verdict(matcher, rule, token, DAY)
    rows, words = rows_with_verdict(matcher, rule, DAY)
    tokens = matcher.store.tokens[KINDS.index(rule.subject)]
    assert {int(tokens[r]): WORDS[w] for r, w in zip(rows.tolist(), words.tolist(), strict=True)}.get(token) == explanation.verdict
    by_subject = {candidate.subject: candidate for candidate in candidates(matcher, rule, DAY)}
    pairs = tuple(sorted({(criterion, feed or "") for criterion, feed, _ in explanation.missing}))
    if explanation.status is not None or token in by_subject:
        assert (by_subject[token].status, tuple((c, f or "") for c, f in by_subject[token].missing)) == (explanation.status, pairs)
    return explanation.verdict, [(str(feed), str(unit)) for _, feed, unit in explanation.missing]


# ---- occupancy ---------------------------------------------------------------------------------------------------


def building(**persons: Any) -> WorldData:
    """A covered dwelling d, and these persons, each registered in its street."""
    return {
        "coverage": COVERED, "dwellings": {"d": {"dwelling": {"division": STREET}}},
        "persons": {name: {"hukou": {"division": STREET}, **feeds} for name, feeds in persons.items()},
    }  # fmt: skip


DOUBTFUL = {"occupancy": lives(True)}
SOUND = {"occupancy": lives()}
UNKNOWN = ("unknown", [HOUSING])
YES: tuple[str, Missing] = ("yes", [])
NO: tuple[str, Missing] = ("no", [])


@pytest.mark.parametrize(
    ("criteria", "alone", "beside"),
    [
        (leaf("occupancy"), UNKNOWN, YES),
        (leaf("occupancy", quantifier="none"), UNKNOWN, NO),
        (leaf("occupancy", where=IS_SELF), UNKNOWN, UNKNOWN),
        (leaf("occupancy", quantifier="none", where=IS_SELF), UNKNOWN, UNKNOWN),
        (leaf("occupancy", quantifier="all", where=IS_KIN), UNKNOWN, UNKNOWN),
        (leaf("occupancy", quantifier="all", where=IS_SELF), UNKNOWN, NO),
        (count("occupancy", "ge", 1), UNKNOWN, YES),
        (count("occupancy", "ge", 2), NO, UNKNOWN),
        (count("occupancy", "ge", 3), NO, NO),
        (count("occupancy", "le", 1), YES, UNKNOWN),
        (count("occupancy", "eq", 1), UNKNOWN, UNKNOWN),
        (count("occupancy", "ne", 0), UNKNOWN, YES),
        (count("occupancy", "ge", 1, where=IS_SELF), UNKNOWN, UNKNOWN),
    ],
)
def test_an_occupant_whose_row_failed_may_or_may_not_be_there(criteria: Any, alone: Any, beside: Any) -> None:
    """Alone or beside a sound occupant: the cells of the failed row decide nothing, and its possible presence keeps open what it could change."""
    assert verdict_on(building(q=DOUBTFUL), criteria, "dwelling", "d") == alone
    assert verdict_on(building(q=DOUBTFUL, s=SOUND), criteria, "dwelling", "d") == beside


def test_its_values_and_days_are_not_read() -> None:
    """A quarantined row counts outside its validity, too. A `where` on its fields or on fields of its person is unknown."""
    past_days = {"from": dt.date(2020, 1, 1), "to": dt.date(2020, 2, 1)}
    past = {"occupancy": lives(True) | past_days, "income": {"monthly_income": "5.00"}}
    rich = {"id": "w", "field": "income.monthly_income", "op": "ge", "value": "1"}

    for where in (IS_KIN, IS_SELF, rich):
        assert verdict_on(building(q=past), leaf("occupancy", where=where), "dwelling", "d") == UNKNOWN
        assert verdict_on(building(q=past), leaf("occupancy", quantifier="all", where=where), "dwelling", "d") == UNKNOWN


def test_without_coverage_both_are_asked() -> None:
    """The unit of the failed row is asked for it, and every unit without a statement is asked who else lives there."""
    world_data = building(q={"occupancy": lives(True, source="yichuan-street")}) | {"coverage": []}

    assert verdict_on(world_data, count("occupancy", "ge", 3), "dwelling", "d") == ("unknown", [HOUSING, STREET_UNIT])


def test_a_row_of_which_the_link_is_not_read_names_nothing() -> None:
    world_data = building(q={"occupancy": {"relation_to_tenant": "kin", "quarantined": True}})

    assert verdict_on(world_data, leaf("occupancy"), "dwelling", "d") == NO


# ---- through a doubtful element ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (leaf("occupancy.pension"), UNKNOWN),
        (leaf("occupancy.pension", where=PAID), UNKNOWN),
        (leaf("occupancy.pension", quantifier="none"), UNKNOWN),
        (leaf("occupancy.pension", quantifier="all", where={**PAID, "op": "lt"}), UNKNOWN),
        (count("occupancy.pension", "ge", 1), UNKNOWN),
        (count("occupancy.pension", "ge", 2), NO),
        (over_sum("occupancy.pension", "ge", "2000"), UNKNOWN),
        (over_sum("occupancy.pension", "le", "2000"), YES),
        (over_sum("occupancy.pension", "gt", "2000"), NO),
    ],
)
def test_records_of_somebody_doubtful_are_doubtful(criteria: Any, expected: Any) -> None:
    """A record found through an element of unknown presence has unknown presence. The unit of the failed row is asked."""
    assert verdict_on(building(q=DOUBTFUL | HIGH_PENSION), criteria, "dwelling", "d") == expected


@pytest.mark.parametrize("other", [{"order": "2026-01-01"}, {"source": "yichuan-street"}, {"relation_to_tenant": None}])
@pytest.mark.parametrize("first", [True, False])
def test_one_sound_record_makes_a_subject_certain(other: dict[str, Any], first: bool) -> None:
    """One of two records of a person in a dwelling failed: these are two elements and one person, who is present; the pension counts once."""
    rows = [lives(True, key="q", **other), lives(key="s")]
    world_data = building(p={"occupancy": rows if first else rows[::-1]} | HIGH_PENSION)

    assert verdict_on(world_data, leaf("occupancy.pension"), "dwelling", "d") == YES
    assert verdict_on(world_data, count("occupancy.pension", "eq", 1), "dwelling", "d") == YES
    assert verdict_on(world_data, over_sum("occupancy.pension", "eq", "2000"), "dwelling", "d") == YES
    assert verdict_on(world_data, leaf("occupancy.pension", quantifier="all", where={**PAID, "op": "lt"}), "dwelling", "d") == NO
    assert verdict_on(world_data, count("occupancy", "le", 1), "dwelling", "d")[0] == "unknown"
    assert verdict_on(world_data, count("occupancy", "ge", 1), "dwelling", "d") == YES


def test_each_row_that_makes_a_presence_unknown_is_asked_for() -> None:
    """Two failed rows of two units lead to one person: both units are asked. For a failed row of the person, its own unit is asked, too."""
    both = [lives(True, key="q"), lives(True, key="r", source="yichuan-street")]

    assert verdict_on(building(p={"occupancy": both} | HIGH_PENSION), leaf("occupancy.pension"), "dwelling", "d") == (
        "unknown", [HOUSING, STREET_UNIT],
    )  # fmt: skip
    failed_rows = building(p={"occupancy": both, "pension": {"quarantined": True}})
    assert verdict_on(failed_rows, leaf("occupancy.pension"), "dwelling", "d") == ("unknown", [HOUSING, STREET_UNIT, PENSION])
    sound_first = building(p={"occupancy": [*both, lives(key="s")], "pension": {"quarantined": True}})
    assert verdict_on(sound_first, leaf("occupancy.pension"), "dwelling", "d") == ("unknown", [PENSION])


def test_one_doubtful_person_does_not_touch_another() -> None:
    world_data = building(q=DOUBTFUL | HIGH_PENSION, s=SOUND | {"pension": [{"amount": "100.00"}, {"amount": "200.00"}]})

    assert verdict_on(world_data, count("occupancy.pension", "ge", 2), "dwelling", "d") == YES
    assert verdict_on(world_data, count("occupancy.pension", "ge", 3), "dwelling", "d") == UNKNOWN
    assert verdict_on(world_data, leaf("occupancy.pension", where=PAID), "dwelling", "d") == UNKNOWN
    assert verdict_on(world_data, over_sum("occupancy.pension", "ge", "300"), "dwelling", "d") == YES


def test_a_missing_addend_of_a_doubtful_element_is_asked_for_too() -> None:
    world_data = building(q={"occupancy": lives(True), "pension": {"amount": None}})

    assert verdict_on(world_data, over_sum("occupancy.pension", "ge", "1"), "dwelling", "d") == ("unknown", [HOUSING, PENSION])
    assert verdict_on(world_data, over_sum("occupancy.pension", "ge", "0"), "dwelling", "d") == YES


# ---- three steps, and links between them -------------------------------------------------------------------------


def family(a: Any, b: Any) -> WorldData:
    """Dwelling d; persons a and b of household h, each with a pension."""
    world_data = building(a={"household": "h", **a, **HIGH_PENSION}, b={"household": "h", **b, **HIGH_PENSION})
    return world_data | {"households": {"h": {"household": {"division": STREET}}}}


PATHS = ("occupancy.household.members", "occupancy.household.members.pension")


@pytest.mark.parametrize("over", PATHS)
def test_a_household_reached_by_two_occupants_is_entered_once(over: str) -> None:
    """Each subject is entered once, also behind a to-one link."""
    assert verdict_on(family(SOUND, SOUND), count(over, "eq", 2), "dwelling", "d") == YES


@pytest.mark.parametrize("over", PATHS)
def test_doubt_goes_down_every_step(over: str) -> None:
    """A household reached only by a doubtful occupant is in doubt as a whole; beside a sound occupant of the same household it is not."""
    assert verdict_on(family(DOUBTFUL, {}), count(over, "ge", 1), "dwelling", "d") == UNKNOWN
    assert verdict_on(family(DOUBTFUL, {}), count(over, "le", 2), "dwelling", "d") == YES
    assert verdict_on(family(DOUBTFUL, DOUBTFUL), leaf(over), "dwelling", "d") == UNKNOWN
    assert verdict_on(family(DOUBTFUL, SOUND), count(over, "eq", 2), "dwelling", "d") == YES


def test_reasons_name_the_row_of_every_step_that_failed() -> None:
    """The reasons name an occupant's row and, two steps on, a member's register row. Nobody covers a member of unknown placement."""
    world_data = family(DOUBTFUL, {})
    world_data["persons"]["m"] = {"hukou": {"quarantined": True, "household": "h"}, **HIGH_PENSION}

    assert verdict_on(world_data, leaf("occupancy.household.members"), "dwelling", "d") == ("unknown", [POLICE, HOUSING])
    reasons = verdict_on(world_data, leaf("occupancy.household.members.pension"), "dwelling", "d")
    assert reasons == ("unknown", [POLICE, HOUSING, PENSION])


def test_one_chunk_of_many_roots_keeps_them_apart() -> None:
    """Doubt about a person in one dwelling is no doubt in another dwelling."""
    world_data = building(p={"occupancy": [lives(True, key="q"), lives(key="s", dwelling="e")]} | HIGH_PENSION)
    world_data["dwellings"]["e"] = {"dwelling": {"division": STREET}}

    assert verdict_on(world_data, leaf("occupancy.pension"), "dwelling", "d") == UNKNOWN
    assert verdict_on(world_data, leaf("occupancy.pension"), "dwelling", "e") == YES


# ---- members -----------------------------------------------------------------------------------------------------


def household(*, q: Any, **others: Any) -> WorldData:
    """Household h with the person q, whose feeds are given in full, and with other persons, whose rows are sound."""
    return {
        "coverage": COVERED, "households": {name: {"household": {"division": STREET}} for name in ("h", "h2")},
        "persons": {"q": q, **{name: {"hukou": {"division": STREET, "sex": "male"}, "household": "h", **feeds} for name, feeds in others.items()}},
    }  # fmt: skip


IN_DOUBT = {"hukou": {"household": "h", "quarantined": True, "sex": "female"}}


@pytest.mark.parametrize("q", [IN_DOUBT, {"hukou": {"quarantined": True}, "household": "h"}])
def test_a_member_whose_register_row_failed_may_be_one(q: Any) -> None:
    """In both forms of the case format the quarantined row keeps its link."""
    police_asked = ("unknown", [POLICE])
    assert verdict_on(household(q=q), leaf("members"), "household", "h") == police_asked
    assert verdict_on(household(q=q), leaf("members", quantifier="none"), "household", "h") == police_asked
    assert verdict_on(household(q=q, a={}), leaf("members"), "household", "h") == YES
    assert verdict_on(household(q=q, a={}), leaf("members", quantifier="all", where=MALE), "household", "h") == police_asked
    assert verdict_on(household(q=q, a={}), count("members", "ge", 2), "household", "h") == police_asked
    assert verdict_on(household(q=q, a={}), count("members", "ge", 3), "household", "h") == NO


def test_only_the_latest_register_row_of_a_person_names_the_household() -> None:
    """Where the failed row is the latest, the former household has certainly lost the person. A later sound row settles the household."""
    sound = {"key": "k", "order": "2026-01-01", "household": "h2", "division": STREET}
    doubtful = {"key": "k", "order": "2026-02-01", "household": "h", "quarantined": True}
    later = {"key": "k", "order": "2026-03-01", "household": "h2", "division": STREET}

    failed_wins = household(q={"hukou": [sound, doubtful]})
    assert verdict_on(failed_wins, leaf("members"), "household", "h") == ("unknown", [POLICE])
    assert verdict_on(failed_wins, leaf("members"), "household", "h2") == NO
    failed_loses = household(q={"hukou": [later, doubtful]})
    assert verdict_on(failed_loses, leaf("members"), "household", "h") == NO
    assert verdict_on(failed_loses, leaf("members"), "household", "h2") == YES


def test_read_forwards_the_links_of_a_failed_row_are_missing() -> None:
    """The person of the failed row has no household to read."""
    world_data = household(q=IN_DOUBT, a={})

    assert verdict_on(world_data, leaf("household.members"), "person", "q")[0] == "unknown"
    assert verdict_on(world_data, {"id": "c", "field": "household.household.size", "op": "ge", "value": 1}, "person", "q") == (
        "unknown",
        [POLICE],
    )
    assert verdict_on(world_data, count("household.members", "le", 2), "person", "a") == YES
    assert verdict_on(world_data, count("household.members", "le", 1), "person", "a") == ("unknown", [POLICE])


def test_pensions_of_a_doubtful_member_are_in_doubt_and_not_covered() -> None:
    """The placement of the member is missing, so this part of the set is not complete, unless absence is closed."""
    world_data = household(q=IN_DOUBT | HIGH_PENSION)

    assert verdict_on(world_data, leaf("members.pension"), "household", "h") == ("unknown", [POLICE, PENSION])
    assert verdict_on(world_data, count("members.pension", "le", 1), "household", "h") == ("unknown", [POLICE, PENSION])
    assert verdict_on(world_data, count("members.pension", "le", 1, absence="closed"), "household", "h") == YES
    assert verdict_on(world_data, leaf("members.pension", absence="closed"), "household", "h") == ("unknown", [POLICE])
    assert verdict_on(household(q=IN_DOUBT), leaf("members.pension", absence="closed"), "household", "h") == NO


def test_inside_where_only_the_presence_of_the_member_is_asked_about() -> None:
    """A nested quantifier starts anew from each element; its result for a doubtful element decides nothing."""
    nested = leaf("members", where=leaf("pension", where=PAID) | {"id": "w"})

    assert verdict_on(household(q=IN_DOUBT | HIGH_PENSION), nested, "household", "h") == ("unknown", [POLICE])
    assert verdict_on(household(q=IN_DOUBT, a=HIGH_PENSION), nested, "household", "h") == YES
    assert verdict_on(household(q=IN_DOUBT, a={"pension": {"quarantined": True}}), nested, "household", "h") == (
        "unknown",
        [POLICE, PENSION],
    )
    twice = building(p={"occupancy": [lives(key="q"), lives(key="s")]} | HIGH_PENSION)
    per_record = count("occupancy", "eq", 2, where=leaf("pension") | {"id": "w"})
    assert verdict_on(twice, per_record, "dwelling", "d") == YES


def test_the_income_of_a_doubtful_member_counts_or_not() -> None:
    world_data = household(q=IN_DOUBT | {"income": {"monthly_income": "300.00"}}, a={"income": {"monthly_income": "1000.00"}})

    def total(op: str, value: str) -> tuple[str | None, Missing]:
        return verdict_on(world_data, leaf("members", sum_of="income.monthly_income", op=op, value=value), "household", "h")

    assert [total("ge", "1000"), total("le", "1300"), total("gt", "1300")] == [YES, YES, NO]
    assert total("ge", "1001") == ("unknown", [POLICE])


def test_the_reading_shows_the_rows_that_failed() -> None:
    """The facts of a criterion include the quarantined record that led to a subject, without its values."""
    matcher = worlds.load(catalogue(), building(q=DOUBTFUL | HIGH_PENSION), DAY)

    explanation = explain(matcher, policy(leaf("occupancy.pension"), "dwelling"), worlds.token(Kind.DWELLING, "d"), DAY)

    facts = [(fact.feed, fact.quarantined, fact.fields, fact.valid_from) for fact in explanation.criteria.facts]
    assert facts == [("occupancy", True, (), None), ("pension", False, (), None)]
    assert explanation.criteria.asks == (HOUSING,) and short_form(explanation.criteria.comparison) == "0–1"
