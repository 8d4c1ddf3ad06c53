"""Both oracles on the hand-worked cases of the page: versions, full replacements, the one record of a feed, and steps to it.

Source: docs/en/semantics.md §1.1, §1.2, §1.5, §6 and §9.
"""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest

from tests.oracles.naive import World, evaluate, until
from tests.oracles.sql import verdicts
from tests.oracles.sql_world import SqlWorld
from tests.oracles.worked_cases import AS_OF, CASES, WorkedCase, coverage_without, of, row
from tests.worlds import CONTRACTS

ALL = [pytest.param(case, id=case.name) for case in CASES]


@pytest.mark.parametrize("case", ALL)
def test_the_evaluator_says_what_was_worked_out(case: WorkedCase) -> None:
    """The verdict, and where the case says so the feeds and units to ask."""
    expectation = evaluate(case.policy, World(CONTRACTS, case.world), AS_OF)[case.who]

    assert expectation.verdict == case.verdict
    if case.missing is not None:
        assert tuple(sorted((feed, unit) for _, feed, unit in expectation.missing)) == tuple(sorted(case.missing))


@pytest.mark.parametrize("case", ALL)
def test_the_sql_says_what_was_worked_out(case: WorkedCase) -> None:
    """The verdict."""
    assert verdicts(case.policy, SqlWorld(CONTRACTS, case.world), AS_OF)[case.who] == case.verdict


@pytest.mark.parametrize("case", ALL)
def test_whatever_the_order_of_arrival(case: WorkedCase) -> None:
    """The same rows in another order of the text give the same verdict by both."""
    rng = Random(case.name)
    facts = dict(case.world)
    for section in ("persons", "households", "dwellings"):
        facts[section] = {name: {feed: _shuffled_rows(rows, rng) for feed, rows in feeds.items()} for name, feeds in facts[section].items()}

    assert evaluate(case.policy, World(CONTRACTS, facts), AS_OF)[case.who].verdict == case.verdict
    assert verdicts(case.policy, SqlWorld(CONTRACTS, facts), AS_OF)[case.who] == case.verdict


def _shuffled_rows(rows: object, rng: Random) -> object:
    """Rows that have their numbers, in another order; anything else as it stands."""
    if isinstance(rows, list) and all("row" in item for item in rows):
        return rng.sample(rows, len(rows))
    return rows


def test_names_are_used_once() -> None:
    """A case is found by its name."""
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_set_is_complete_by_its_record_until_the_record_ends() -> None:
    """§6, §9 *until*: the day after its last day the record is not in force, and nobody has spoken."""
    facts = of({"assets": [row(1, 1, 1, debts=2, to=dt.date(2026, 11, 30))]}, coverage=coverage_without("assets"))
    case = WorkedCase("until", {"quantifier": "none", "over": "assets", "where": {"field": "debts", "op": "eq", "value": 3}}, facts, "yes")

    assert until(case.policy, World(CONTRACTS, facts), AS_OF, "a") == dt.date(2026, 12, 1)
