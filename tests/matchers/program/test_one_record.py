"""A step to a feed with one record a subject is complete where the record is there: in the program, in the scalar reading, and day by day.

``some``, ``none``, ``all``, ``count`` and ``sum_of`` over such a step decide as a field of the record would. Source:
docs/en/semantics.md section 6.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from matchers import worlds
from matchers.reading.explain import verdict
from policies.values import Kind
from tests.matchers.matrix.test_quarantine import verdict_on
from tests.matchers.presence import DAY, STREET, WorldData, catalogue, count, leaf, policy

INCOME = ("income", "putuo-civil-affairs")
POOR = {"id": "w", "field": "monthly_income", "op": "le", "value": "1000"}
Missing = list[tuple[str, str]]


def person(*records: dict[str, Any], covered: bool = False) -> WorldData:
    """One person of a street, with these records of income."""
    world_data: WorldData = {"persons": {"p": {"hukou": {"division": STREET}, "income": list(records)}}}
    return {**world_data, "coverage": [{"feed": "income", "division": "310107", "complete_to": "2026-10-10"}]} if covered else world_data


def total(op: str, value: str, **parts: Any) -> dict[str, Any]:
    return {"id": "c", "sum_of": "income.monthly_income", "over": "income", "op": op, "value": value, **parts}


PAID, EMPTY, DOUBTFUL, ENDED = {"monthly_income": "800"}, {"monthly_income": None}, {"quarantined": True}, {"deleted": True}
ASKED: tuple[str, Missing] = ("unknown", [INCOME])


@pytest.mark.parametrize("absence", ["coverage", "open"])
@pytest.mark.parametrize(
    ("criteria", "word"),
    [
        (leaf("income", quantifier="some", where=POOR), "yes"),
        (leaf("income", quantifier="none", where={**POOR, "op": "gt"}), "yes"),
        (leaf("income", quantifier="none"), "no"),
        (leaf("income", quantifier="all", where=POOR), "yes"),
        (count("income", "eq", 1), "yes"),
        (count("income", "le", 0), "no"),
        (total("le", "1000"), "yes"),
        (total("gt", "1000"), "no"),
    ],
)
def test_record_that_is_there_is_all_there_is(criteria: dict[str, Any], word: str, absence: str) -> None:
    """A sound record decides without coverage, also where the rule says that absence is never proven."""
    assert verdict_on(person(PAID), {**criteria, "absence": absence}, "person", "p") == (word, [])


@pytest.mark.parametrize("records", [(), (DOUBTFUL,), (ENDED,), ({**PAID, "order": 1}, {**DOUBTFUL, "key": "b", "order": 2})])
def test_without_a_sound_record_coverage_is_asked_as_before(records: tuple[dict[str, Any], ...]) -> None:
    """Coverage is asked where there is no record, a quarantined one, a deleted one, or a quarantined one later than a sound one."""
    assert verdict_on(person(*records), total("le", "1000"), "person", "p") == ASKED


def test_sound_record_goes_before_an_older_one_in_quarantine() -> None:
    """The later sound record is *the* record; a quarantined row without usable order hides it."""
    newer = person({**DOUBTFUL, "order": 1}, {**PAID, "key": "b", "order": 2})
    behind_doubtful = person({**DOUBTFUL, "order": "none"}, {**PAID, "key": "b", "order": 2})

    assert verdict_on(newer, total("le", "1000"), "person", "p") == ("yes", [])
    assert verdict_on(behind_doubtful, total("le", "1000"), "person", "p") == ASKED


def test_empty_cell_is_missing_and_the_record_its_reason() -> None:
    """The set is complete, but the value is unknown: the unit of the record is asked once."""
    assert verdict_on(person(EMPTY), total("le", "1000"), "person", "p") == ASKED
    assert verdict_on(person(EMPTY), count("income", "eq", 1), "person", "p") == ("yes", [])


def test_each_subject_of_a_path_for_itself() -> None:
    """One of two members has no record: the set is complete only when both have one."""
    home = {"division": STREET}
    world_data: WorldData = {
        "persons": {name: {"hukou": home, "household": "h"} for name in ("p", "q")}, "households": {"h": {"household": home}},
        "coverage": [{"feed": "hukou", "division": "310107", "complete_to": "2026-10-10"}],
    }  # fmt: skip
    world_data["persons"]["p"]["income"] = PAID
    criteria = total("le", "1000", over="household.members.income")
    assert verdict_on(world_data, criteria, "person", "p") == ASKED

    world_data["persons"]["q"]["income"] = {"monthly_income": "100"}

    assert verdict_on(world_data, criteria, "person", "p") == ("yes", [])


def test_stale_coverage_does_not_matter_while_the_record_is_there() -> None:
    """``until`` depends on what decides: where the record decides, the age of coverage gives no day."""
    matcher = worlds.load(catalogue(), person(PAID, covered=True), DAY)
    with_record = verdict(matcher, policy(total("le", "1000"), "person"), worlds.token(Kind.PERSON, "p"), DAY)
    none = worlds.load(catalogue(), person(covered=True), DAY)
    without = verdict(none, policy(total("le", "1000"), "person"), worlds.token(Kind.PERSON, "p"), DAY)

    assert (with_record.verdict, with_record.until) == ("yes", None)
    assert (without.verdict, without.until) == ("yes", dt.date(2026, 11, 10))
