"""Two responsible sources cover a person together: one states a list of subjects, the other a division.

Each source may state its coverage in its own form. A statement about a division must also reach the persons the other source listed, and
they are judged again. Source: docs/en/semantics.md §3.2 and §3.3.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from matchers import worlds
from matchers.core import Matcher
from policies.values import Kind
from tests.matchers.network import catalogue, valid_policy

DAY = dt.date(2026, 10, 15)
FEW_DEBTS = {
    "format": 1, "policy": "few-debts", "version": 1, "direction": "burden", "subject": "person", "scope": {"division": "310107"},
    "title": {"zh": "债务", "en": "debts"}, "source": {"document": "示例", "issuer": "示例", "published": dt.date(2026, 1, 1)},
    "agency": "putuo-civil", "purpose": "inspection", "effective": {"from": dt.date(2026, 1, 1), "to": None},
    "evidence": {"assets": {"max_age": "P30D"}}, "discloses": [],
    "criteria": {"id": "few", "cite": "一", "label": {"zh": "少", "en": "few"}, "quantifier": "none", "over": "assets"},
}  # fmt: skip
PEOPLE = {"persons": {name: {"hukou": {"division": "310107020"}} for name in ("listed", "other")}}
LISTED = {"feed": "assets", "unit": "putuo-civil", "subjects": ["listed"], "complete_to": DAY}
DISTRICT = {"feed": "assets", "unit": "city-civil", "division": "31", "complete_to": DAY}


def matcher(*coverage: dict[str, Any], day: dt.date = DAY) -> Matcher:
    """The two people under these statements, with the policy in force."""
    policy = valid_policy(FEW_DEBTS)
    assert policy is not None
    engine = worlds.load(catalogue(), {**PEOPLE, "coverage": list(coverage)}, day)
    engine.publish(policy)
    return engine


def statements_of(*coverage: dict[str, Any]) -> Any:
    return worlds.statements(catalogue(), {**PEOPLE, "coverage": list(coverage)})


def status_changes(changes: Any) -> list[tuple[int, str | None, str | None]]:
    return [(change.subject, change.before, change.after) for change in changes]


LISTED_PERSON = worlds.token(Kind.PERSON, "listed")


def test_a_division_reaches_whom_another_source_listed() -> None:
    """One source listed the person. The other source's statement about the division makes the verdict a yes; its withdrawal takes that back."""
    engine = matcher(LISTED)

    assert status_changes(engine.cover(statements_of(LISTED, DISTRICT))) == [(LISTED_PERSON, None, "eligible")]
    assert status_changes(engine.cover(statements_of(LISTED))) == [(LISTED_PERSON, "eligible", None)]


def test_a_list_reaches_whom_another_source_s_division_holds() -> None:
    """The same result where the statement about the division comes first."""
    engine = matcher(DISTRICT)

    assert status_changes(engine.cover(statements_of(DISTRICT, LISTED))) == [(LISTED_PERSON, None, "eligible")]


def test_the_division_of_whom_another_source_listed_grows_too_old() -> None:
    """The statement about the division is too old on the day after its last, though the list is fresh. A clock put back restores it."""
    engine = matcher({**LISTED, "complete_to": DAY + dt.timedelta(20)}, DISTRICT)

    assert status_changes(engine.tick(DAY + dt.timedelta(30))) == []
    assert status_changes(engine.tick(DAY + dt.timedelta(31))) == [(LISTED_PERSON, "eligible", None)]
    assert status_changes(engine.tick(DAY)) == [(LISTED_PERSON, None, "eligible")]
