"""Parts of policies and worlds for tests of quarantined records, over the library's network.

Rows are written as in a case, so that a test can be read beside the page.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import Any

from policies.checking.checker import check
from policies.language.catalogue import Agreement, Catalogue
from policies.language.tree import Policy
from policies.yaml.document import Document
from tests.policies import library

DAY = dt.date(2026, 10, 15)
STREET = "310107020"
FEEDS = ("hukou", "household", "occupancy", "pension", "income", "relocation", "medical_insurance")
COVERED = [{"feed": list(FEEDS), "division": "310107", "complete_to": "2026-10-10"}]
WorldData = dict[str, Any]
IS_KIN = {"id": "w", "field": "relation_to_tenant", "op": "eq", "value": "kin"}
IS_SELF = {"id": "w", "field": "relation_to_tenant", "op": "eq", "value": "self"}
MALE = {"id": "w", "field": "sex", "op": "eq", "value": "male"}
PAID = {"id": "w", "field": "amount", "op": "ge", "value": "1000"}
HIGH_PENSION = {"pension": {"amount": "2000.00"}}


@cache
def catalogue() -> Catalogue:
    """The library's network, with an agreement on every feed."""
    network = library.catalogue()
    agreement = Agreement(("assistance",), (), None)
    return Catalogue(network.units, {name: replace(feed, agreement=agreement) for name, feed in network.feeds.items()})


def policy(criteria: dict[str, Any], subject: str, name: str = "one") -> Policy:
    """A benefit of these criteria alone."""
    result = check(Document({
        "format": 1, "policy": name, "version": 1, "direction": "benefit", "subject": subject, "scope": {"division": "310107"},
        "title": {"zh": "政策", "en": "A policy"}, "source": {"document": "示例", "issuer": "示例", "published": dt.date(2025, 1, 1)},
        "agency": "putuo-civil-affairs", "purpose": "assistance", "effective": {"from": dt.date(2026, 1, 1), "to": None},
        "evidence": {feed: {"max_age": "P30D"} for feed in FEEDS}, "criteria": criteria,
    }, "quarantine.yaml"), catalogue())  # fmt: skip
    assert result.policy is not None, result
    return result.policy


def leaf(over: str, **parts: Any) -> dict[str, Any]:
    return {"id": "c", **({} if "sum_of" in parts else {"quantifier": "some"}), "over": over, **parts}


def count(over: str, op: str, value: int, **parts: Any) -> dict[str, Any]:
    return leaf(over, quantifier="count", op=op, value=value, **parts)


def over_sum(over: str, op: str, value: str) -> dict[str, Any]:
    return leaf(over, sum_of="amount", op=op, value=value)


def lives(quarantined: bool = False, dwelling: str = "d", **more: Any) -> dict[str, Any]:
    return {"lives_at": dwelling, "relation_to_tenant": "kin", **more, **({"quarantined": True} if quarantined else {})}
