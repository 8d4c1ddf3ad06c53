"""Hand-worked cases of docs/en/semantics.md: a small world, one leaf, and the verdict that the page gives.

`tests/oracles/test_worked_cases.py` asks both oracles, `tests/matchers/test_handworked.py` the engine. No expected value here was computed.

In every world person a of household h in dwelling d stand in one street, and every feed of `tests.worlds` is covered there, unless a case says
otherwise. A row is written `row(order, delivery, number, cells)`; `None` as order is a row without usable order.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tests.worlds import CONTRACTS

AS_OF = dt.date(2026, 10, 15)
STREET = "310107020"
Facts = dict[str, Any]
Node = dict[str, Any]
Missing = tuple[tuple[str, str | None], ...]
"""Feed and unit of each entry; the criterion is always the only leaf."""


@dataclass(frozen=True, slots=True)
class WorkedCase:
    """What the page says of one leaf in one world.

    Args:
        name: the paragraph, and what is worth a case.
        missing: None where the case does not say.
    """

    name: str
    leaf: Node
    facts: Facts
    verdict: str | None
    missing: Missing | None = None
    subject: str = "person"

    @property
    def policy(self) -> dict[str, Any]:
        """A benefit of this leaf, as the checker takes it."""
        return {
            "format": 1, "policy": "one-leaf", "version": 1, "direction": "benefit", "subject": self.subject, "scope": {"division": "310107"},
            "title": {"zh": "政策", "en": "A policy"}, "source": {"document": "示例", "issuer": "示例", "published": dt.date(2025, 1, 1)},
            "agency": "putuo-civil", "purpose": "assistance", "effective": {"from": dt.date(2026, 1, 1), "to": None},
            "evidence": {contract["feed"]: {"max_age": "P30D"} for contract in CONTRACTS},
            "params": {}, "definitions": {}, "discloses": [], "criteria": {"id": "x", **self.leaf},
        }  # fmt: skip

    @property
    def who(self) -> str:
        """The subject asked about: a, h, d or, where the case names it, e."""
        asked: str = self.facts.get("asked") or {"person": "a", "household": "h", "dwelling": "d"}[self.subject]
        return asked

    @property
    def world(self) -> Facts:
        return {word: part for word, part in self.facts.items() if word != "asked"}


def row(order: Any, delivery: int, number: int, **cells: Any) -> dict[str, Any]:
    """One version of record k, unless its cells name another key."""
    return {"key": "k", "order": "none" if order is None else order, "delivery": delivery, "row": number, **cells}


def coverage_without(*without: str, **more: Any) -> list[dict[str, Any]]:
    """Every feed but some, up to the day itself."""
    return [{"feed": [c["feed"] for c in CONTRACTS if c["feed"] not in without], "division": "31", "complete_to": AS_OF, **more}]


def of(person: dict[str, Any] | None = None, *, home: dict[str, Any] | None = None, flat: dict[str, Any] | None = None, **more: Any) -> Facts:
    """The world: what a, h and d have beside their register records; `others`, `houses` and `flats` are further persons, households and dwellings."""
    registered = {"hukou": {"division": STREET}, "household": "h"}
    return {
        "persons": {"a": {**registered, **(person or {})}, **more.pop("others", {})},
        "households": {"h": {"household": {"division": STREET, "size": 2}, "registered_at": "d", **(home or {})}, **more.pop("houses", {})},
        "dwellings": {"d": {"dwelling": {"division": STREET}, **(flat or {})}, **more.pop("flats", {})},
        "coverage": more.pop("coverage", coverage_without()), **more,
    }


def replacements(feed: str, unit: str, *numbers: int) -> list[dict[str, Any]]:
    return [{"feed": feed, "unit": unit, "delivery": number} for number in numbers]


# ---- versions: §1.1 and §1.2 -------------------------------------------------------------------------------------

ACTIVE: Node = {"quantifier": "some", "over": "insurance", "where": {"field": "status", "op": "eq", "value": "active"}}
ON, OFF = {"status": "active"}, {"status": "ended"}
GONE, BAD = {"deleted": True}, {"quarantined": True}
INSURANCE = "putuo-insurance"


def insurance_case(name: str, verdict: str, *rows: dict[str, Any], full: tuple[int, ...] = (), **more: Any) -> WorkedCase:
    """A case that asks whether person a has an active insurance. The rows are versions of one record, in any order."""
    replace: Facts = {"replace": replacements("insurance", INSURANCE, *full)} if full else {}
    return WorkedCase(name, ACTIVE, of({"insurance": list(rows)}, **replace, **more), verdict)


def day(number: int) -> dt.date:
    return dt.date(2026, 9, number)


VERSIONS = [
    insurance_case("§1.1 the greatest order, whatever arrived last", "yes", row(2, 1, 1, **ON), row(1, 2, 1, **OFF)),
    insurance_case("§1.1 of equal orders the later delivery", "no", row(2, 1, 1, **ON), row(2, 2, 1, **OFF)),
    insurance_case("§1.1 of equal orders in one delivery the later row", "no", row(2, 1, 1, **ON), row(2, 1, 2, **OFF)),
    insurance_case("§1.1 days compare as days", "no", row(day(9), 1, 1, **ON), row(day(10), 1, 2, **OFF)),
    insurance_case("§1.1 no usable order behind a sound row", "unknown", row(1, 1, 1, **ON), row(None, 1, 2)),
    insurance_case("§1.1 no usable order in a later delivery, higher up in its file", "unknown", row(1, 1, 9, **ON), row(None, 2, 1)),
    insurance_case("§1.1 an order, however great, does not help against it", "unknown", row(99, 1, 1, **ON), row(None, 1, 2)),
    insurance_case("§1.1 its cells are not read", "unknown", row(1, 1, 1, **ON), row(None, 1, 2, **ON)),
    insurance_case("§1.1 it has no validity", "unknown", row(None, 1, 2, **ON, **{"from": day(1), "to": day(2)})),
    insurance_case("§1.1 no usable order, then a sound row", "yes", row(None, 1, 1), row(1, 1, 2, **ON)),
    insurance_case("§1.1 as if it had never come: a sound row of less order clears it, and the greatest order wins", "yes",
                   row(5, 1, 1, **ON), row(None, 2, 1), row(1, 3, 1, **OFF)),
    insurance_case("§1.1 the delivery says what came later, not the arrival", "yes", row(1, 2, 1, **ON), row(None, 1, 1)),
    insurance_case("§1.1 the last of two without usable order stands", "unknown", row(None, 1, 1), row(1, 2, 1, **ON), row(None, 3, 1)),
    insurance_case("§1.1 both without usable order are cleared", "yes", row(None, 1, 1), row(None, 2, 1), row(1, 3, 1, **ON)),
    insurance_case("§1.1 a quarantined row with an order clears nothing", "unknown", row(1, 1, 1, **ON), row(None, 1, 2), row(2, 2, 1, **BAD)),
    insurance_case("§1.1 a deletion with an order clears it, and wins", "no", row(1, 1, 1, **ON), row(None, 1, 2), row(2, 2, 1, **GONE)),
    insurance_case("§1.1 a deletion with an order clears it, and loses", "yes", row(5, 1, 1, **ON), row(None, 1, 2), row(2, 2, 1, **GONE)),
    insurance_case("§1.1 a deletion with an order is sound, whatever else is wrong with its row", "yes", row(5, 1, 1, **ON), row(None, 1, 2), row(2, 2, 1, **GONE, **BAD)),
    insurance_case("§1.1 a deletion without usable order deletes nothing for sure", "unknown", row(1, 1, 1, **ON), row(None, 2, 1, **GONE)),
    insurance_case("§1.1 a deletion without usable order, then a sound row", "yes", row(None, 1, 1, **GONE), row(1, 2, 1, **ON)),
    insurance_case("§1.1 a deletion without usable order behind a deletion", "unknown", row(3, 1, 1, **GONE), row(None, 2, 1, **GONE)),
    insurance_case("§1.1 another key is another record", "yes", row(1, 1, 1, **ON), row(None, 1, 2, key="j")),
    insurance_case("§1.1 another source is another record", "yes", row(1, 1, 1, **ON), row(None, 1, 2, source="yichuan-street")),
    insurance_case("§1.2 before it is complete its rows are versions like any other", "yes", row(9, 1, 1, **ON), row(1, 2, 1, **OFF)),
    insurance_case("§1.2 the order goes backwards in the full file", "no", row(9, 1, 1, **ON), row(1, 2, 1, **OFF), full=(2,)),
    insurance_case("§1.2 what the full file does not hold is not there", "no", row(9, 1, 1, **ON), full=(2,)),
    insurance_case("§1.2 a tombstone below it does not count", "yes", row(9, 1, 1, **GONE), row(1, 2, 1, **ON), full=(2,)),
    insurance_case("§1.2 a tombstone below it counts before", "no", row(9, 1, 1, **GONE), row(1, 2, 1, **ON)),
    insurance_case("§1.2 a tombstone in the full file", "no", row(1, 1, 1, **ON), row(0, 2, 1, **GONE), full=(2,)),
    insurance_case("§1.2 of two rows of one full file the greatest order", "no", row(9, 1, 1, **ON), row(2, 2, 1, **OFF), row(1, 2, 2, **ON), full=(2,)),
    insurance_case("§1.2 no usable order below it does not count", "yes", row(None, 1, 1), row(1, 2, 1, **ON), full=(2,)),
    insurance_case("§1.2 nothing but a row without usable order below it", "no", row(None, 1, 1), full=(2,)),
    insurance_case("§1.2 no usable order in the full file", "unknown", row(9, 1, 1, **ON), row(None, 2, 1), full=(2,)),
    insurance_case("§1.2 a sound row below it clears nothing in it", "unknown", row(9, 1, 9, **ON), row(None, 2, 1), row(10, 1, 10, **OFF), full=(2,)),
    insurance_case("§1.2 no usable order in the full file, then a sound row", "yes", row(9, 1, 1, **OFF), row(None, 2, 1), row(1, 3, 1, **ON), full=(2,)),
    insurance_case("§1.2 behind it the greatest order wins again", "yes", row(9, 1, 1, **OFF), row(1, 2, 1, **OFF), row(2, 3, 1, **ON), full=(2,)),
    insurance_case("§1.2 behind it an older order loses again", "yes", row(2, 2, 1, **ON), row(1, 3, 1, **OFF), full=(2,)),
    insurance_case("§1.2 an older delivery that comes late does not count", "no", row(1, 2, 1, **OFF), row(9, 1, 5, **ON), full=(2,)),
    insurance_case("§1.2 of two the greatest counts", "no", row(9, 2, 1, **ON), row(1, 3, 1, **OFF), full=(2, 3)),
    insurance_case("§1.2 of two the greatest counts, whichever was complete last", "no", row(9, 2, 1, **ON), row(1, 3, 1, **OFF), full=(3, 2)),
    insurance_case("§1.2 what the second does not hold is not there", "no", row(9, 2, 1, **ON), full=(2, 3)),
    insurance_case("§1.2 what was lost to the first is there by the second", "yes", row(9, 1, 1, **ON), row(5, 2, 1, **OFF), row(1, 3, 1, **ON), full=(2, 3)),
    insurance_case("§1.2 another source stays", "yes", row(1, 1, 1, source="yichuan-street", **ON), full=(2,)),
    insurance_case("§1.2 days that go backwards", "no", row(day(9), 1, 1, **ON), row(day(8), 2, 1, **OFF), full=(2,)),
]  # fmt: skip


# ---- which of several rows is Q, seen by whom it names: §1.1, §1.4, §1.7 -------------------------------------------

NOBODY_HERE: Node = {"quantifier": "count", "over": "occupancy", "op": "eq", "value": 0}


def occupancy_cases(name: str, in_d: str, in_e: str, *rows: dict[str, Any], full: tuple[int, ...] = ()) -> list[WorkedCase]:
    """Two cases that ask whether nobody lives in d, and in e."""
    replace: Facts = {"replace": replacements("occupancy", "city-housing", *full)} if full else {}
    facts = of({"occupancy": list(rows)}, flats={"e": {"dwelling": {"division": STREET}}}, **replace)
    return [WorkedCase(f"{name}: {where}", NOBODY_HERE, {**facts, "asked": where}, verdict, subject="dwelling") for where, verdict in (("d", in_d), ("e", in_e))]


D, E = {"lives_at": "d"}, {"lives_at": "e"}
NAMING = [
    *occupancy_cases("§1.1 Q names whom it names", "unknown", "yes", row(None, 1, 1, **D)),
    *occupancy_cases("§1.1 a greater order of a quarantined row does not win over Q", "unknown", "yes", row(None, 1, 1, **D), row(9, 2, 1, **E, **BAD)),
    *occupancy_cases("§1.1 Q is the last delivery", "yes", "unknown", row(None, 1, 9, **D), row(None, 2, 1, **E)),
    *occupancy_cases("§1.1 Q is the last row of a delivery", "yes", "unknown", row(None, 1, 2, **E), row(None, 1, 1, **D)),
    *occupancy_cases("§1.1 cleared, the order decides between the rest", "yes", "unknown", row(None, 1, 1, **D), row(1, 2, 1, **D), row(9, 1, 2, **E, **BAD)),
    *occupancy_cases("§1.2 no usable order below a full file does not count, whatever stands in it", "yes", "unknown",
                     row(None, 1, 1, **D), row(1, 2, 1, **E, **BAD), full=(2,)),
    *occupancy_cases("§1.2 without the full file it does", "unknown", "yes", row(None, 1, 1, **D), row(1, 2, 1, **E, **BAD)),
]  # fmt: skip


# ---- the record of a cardinality-one feed: §1.5 ------------------------------------------------------------------

TWO: Node = {"field": "debts", "op": "eq", "value": 2}
PUTUO, CITY = {"source": "putuo-civil"}, {"source": "city-civil"}


def debts_case(name: str, verdict: str, *rows: dict[str, Any], missing: Missing | None = None, **more: Any) -> WorkedCase:
    return WorkedCase(name, TWO, of({"assets": list(rows)}, **more), verdict, missing)


ONE_RECORD = [
    debts_case("§1.5 the greatest version", "yes", row(1, 1, 1, debts=1), row(2, 1, 2, key="j", debts=2)),
    debts_case("§1.5 one without usable order is greater than every one that has one", "unknown", row(99, 3, 1, debts=2), row(None, 1, 1, key="j"),
               missing=(("assets", "putuo-civil"),)),
    debts_case("§1.5 of another source, too", "unknown", row(99, 3, 1, debts=2), row(None, 1, 1, key="j", **CITY), missing=(("assets", "city-civil"),)),
    debts_case("§1.5 cleared by a sound row of its own key", "yes", row(9, 1, 1, debts=2), row(None, 1, 2, key="j"), row(1, 2, 1, key="j", debts=1)),
    debts_case("§1.5 a sound row of another key clears nothing", "unknown", row(9, 9, 9, debts=2), row(None, 1, 2, key="j")),
    debts_case("§1.5 cleared by a deletion behind it", "yes", row(1, 1, 1, debts=2), row(None, 1, 2, key="j"), row(1, 2, 1, key="j", **GONE)),
    debts_case("§1.5 a deletion without usable order competes as well", "unknown", row(9, 2, 1, debts=2), row(None, 1, 2, key="j", **GONE)),
    debts_case("§1.5 among themselves the later delivery", "unknown", row(None, 2, 1, **PUTUO), row(None, 1, 9, key="j", **CITY), missing=(("assets", "putuo-civil"),)),
    debts_case("§1.5 among themselves the later row", "unknown", row(None, 1, 1, **PUTUO), row(None, 1, 2, key="j", **CITY), missing=(("assets", "city-civil"),)),
    debts_case("§1.5 then the later source", "unknown", row(None, 1, 1, key="z", **PUTUO), row(None, 1, 1, key="j", **CITY), missing=(("assets", "city-civil"),)),
    debts_case("§1.5 a quarantined row with an order competes by it", "yes", row(2, 1, 1, debts=2), row(1, 2, 1, key="j", **BAD)),
    debts_case("§1.5 and wins by it", "unknown", row(2, 1, 1, debts=2), row(3, 1, 2, key="j", **BAD)),
    debts_case("§1.2 and §1.5: withdrawn, it does not compete", "yes", row(1, 2, 1, debts=2), row(None, 1, 1, key="j"), replace=replacements("assets", "putuo-civil", 2)),
    debts_case("§1.2 and §1.5: the version of the full file competes", "yes", row(9, 1, 1, debts=1), row(1, 2, 1, debts=1), row(2, 1, 1, key="j", debts=2, **CITY),
               replace=replacements("assets", "putuo-civil", 2)),
    WorkedCase("§1.2 a key that changed hands in the full file: not the old subject's any more", {"field": "monthly_income", "op": "eq", "value": 0},
         of({"income": row(9, 1, 1, monthly_income=5)}, others={"b": {"income": row(1, 2, 1, monthly_income=7)}}, replace=replacements("income", "city-civil", 2)), "yes"),
    WorkedCase("§1.2 a feed by delivery", {"sum_of": "amount", "over": "pension", "op": "eq", "value": 2},
         of({"pension": [{"key": "k", "delivery": 1, "row": 9, "amount": 1}, {"key": "k", "delivery": 2, "row": 1, "amount": 2}, {"key": "j", "row": 3, "amount": 4}]},
            replace=replacements("pension", "city-social", 2)), "yes"),
    WorkedCase("§1.6 registered and unplaced by a row without usable order", {"quantifier": "none", "over": "insurance"},
         of({"hukou": [row(1, 1, 1, division=STREET), row(None, 1, 2, division=STREET)]}), "unknown", (("insurance", INSURANCE),)),
    WorkedCase("§1.7 whom such a row names may have the person as a member", {"quantifier": "count", "over": "members", "op": "ge", "value": 1},
         of({"hukou": [row(1, 1, 1, division=STREET), row(None, 1, 2, household="e")]}, houses={"e": {"household": {"division": STREET}}}, asked="e"),
         "unknown", (("hukou", "city-psb"),), "household"),
    WorkedCase("§1.7 and the household of the row before it has not", {"quantifier": "none", "over": "members"},
         of({"hukou": [row(1, 1, 1, division=STREET), row(None, 1, 2, household="e")]}), "yes", None, "household"),
]  # fmt: skip


# ---- a step to a cardinality-one feed: §6 and §9 -----------------------------------------------------------------

UNCOVERED = coverage_without("assets")
SOUND, EMPTY = {"debts": 2}, {"total": "1"}
BOTH_ASSETS = (("assets", "city-civil"), ("assets", "putuo-civil"))
"""Both sources are responsible, and neither has said anything."""
OTHER = {"hukou": {"division": STREET}, "household": "h"}


def quantifier(kind: str, **parts: Any) -> Node:
    return {"quantifier": kind, "over": "assets", **parts}


def assets_case(name: str, leaf: Node, assets: Any, verdict: str, missing: Missing | None = None, coverage: list[dict[str, Any]] = UNCOVERED, **more: Any) -> WorkedCase:
    """A case about the assets of person a, which no coverage statement includes."""
    return WorkedCase(name, leaf, of({"assets": assets}, coverage=coverage, **more), verdict, missing)


IS_2, IS_3 = {"where": {"field": "debts", "op": "eq", "value": 2}}, {"where": {"field": "debts", "op": "eq", "value": 3}}
BROKEN = [row(1, 1, 1, debts=2), row(2, 1, 2, **BAD)]
UNORDERED = [row(1, 1, 1, debts=2), row(None, 1, 2)]
OVER = [row(1, 1, 1, debts=2, to=dt.date(2026, 10, 14))]
TOTAL: Node = {"sum_of": "debts", "over": "assets"}
TOGETHER: Node = {"sum_of": "monthly_income", "over": "members.income"}

STEP = [
    assets_case("§6 some: a sound record is there", quantifier("some"), SOUND, "yes"),
    assets_case("§6 none: a sound record is there", quantifier("none"), SOUND, "no"),
    assets_case("§6 some where it does not hold", quantifier("some", **IS_3), SOUND, "no"),
    assets_case("§6 none where it does not hold", quantifier("none", **IS_3), SOUND, "yes"),
    assets_case("§6 all where it holds", quantifier("all", **IS_2), SOUND, "yes"),
    assets_case("§6 all where it does not hold", quantifier("all", **IS_3), SOUND, "no"),
    assets_case("§6 count", quantifier("count", op="eq", value=1), SOUND, "yes"),
    assets_case("§6 count, at most", quantifier("count", op="lt", value=2), SOUND, "yes"),
    assets_case("§6 count where it does not hold", quantifier("count", op="eq", value=0, **IS_3), SOUND, "yes"),
    assets_case("§6 sum", {**TOTAL, "op": "eq", "value": 2}, SOUND, "yes"),
    assets_case("§6 sum, at most, of a field without bounds", {**TOTAL, "op": "le", "value": 2}, SOUND, "yes"),
    assets_case("§6 sum where it does not hold", {**TOTAL, "op": "eq", "value": 0, **IS_3}, SOUND, "yes"),
    assets_case("§6 an empty cell leaves `where` unknown, and the record alone is asked", quantifier("some", **IS_2), EMPTY, "unknown", (("assets", "putuo-civil"),)),
    assets_case("§6 a sum of an empty cell asks the record alone", {**TOTAL, "op": "ge", "value": 1}, EMPTY, "unknown", (("assets", "putuo-civil"),)),
    assets_case("§6 without `where` an empty cell is enough", quantifier("some"), EMPTY, "yes"),
    assets_case("§6 an empty cell is at most one", quantifier("count", op="le", value=1, **IS_2), EMPTY, "yes"),
    assets_case("§6 none there, not covered", quantifier("none"), [], "unknown", BOTH_ASSETS),
    assets_case("§6 none there, not covered: there might be any number", quantifier("count", op="le", value=1), [], "unknown", BOTH_ASSETS),
    assets_case("§6 none there, one unit has spoken", quantifier("none"), [], "unknown", (("assets", "putuo-civil"),),
                [*UNCOVERED, *coverage_without(unit="city-civil", feed="assets")]),
    assets_case("§6 none there, covered", quantifier("none"), [], "yes", coverage=coverage_without()),
    assets_case("§6 none there, stale", quantifier("none"), [], "unknown", BOTH_ASSETS, [*UNCOVERED, *coverage_without(feed="assets", complete_to=dt.date(2026, 9, 14))]),
    assets_case("§6 sound, stale", quantifier("none", **IS_3), SOUND, "yes", coverage=[*UNCOVERED, *coverage_without(feed="assets", complete_to=dt.date(2026, 9, 14))]),
    assets_case("§6 in quarantine, not covered", quantifier("count", op="le", value=1), BROKEN, "unknown", BOTH_ASSETS),
    assets_case("§6 in quarantine, covered: at most one", quantifier("count", op="le", value=1), BROKEN, "yes", coverage=coverage_without()),
    assets_case("§6 in quarantine, covered: whether there is one", quantifier("some"), BROKEN, "unknown", (("assets", "putuo-civil"),), coverage_without()),
    assets_case("§6 without usable order, not covered", quantifier("count", op="le", value=1), UNORDERED, "unknown", BOTH_ASSETS),
    assets_case("§6 without usable order, covered", quantifier("count", op="le", value=1), UNORDERED, "yes", coverage=coverage_without()),
    assets_case("§6 a sound record that is not *the* record does not help", quantifier("count", op="le", value=1),
                [row(9, 1, 1, debts=2), row(None, 1, 1, key="j", **CITY)], "unknown", BOTH_ASSETS),
    assets_case("§6 *the* record is sound, another in quarantine", quantifier("none", **IS_3), [row(2, 1, 1, debts=2), row(1, 1, 1, key="j", **CITY, **BAD)], "yes"),
    assets_case("§6 *the* record of two sources: the other does not count", quantifier("count", op="eq", value=1, **IS_2),
                [row(1, 1, 1, debts=2), row(2, 1, 1, key="j", debts=3, **CITY)], "no"),
    assets_case("§6 not in force", quantifier("none", **IS_3), OVER, "unknown", BOTH_ASSETS),
    assets_case("§6 not in force, covered", quantifier("none"), OVER, "yes", coverage=coverage_without()),
    assets_case("§6 on its last day", quantifier("none", **IS_3), [row(1, 1, 1, debts=2, to=AS_OF)], "yes"),
    assets_case("§6 deleted", quantifier("none"), [row(1, 1, 1, debts=2), row(2, 1, 2, **GONE)], "unknown", BOTH_ASSETS),
    assets_case("§6 open does not unmake what was found", quantifier("none", absence="open", **IS_3), SOUND, "yes"),
    assets_case("§6 open: at most one", quantifier("count", op="le", value=1, absence="open"), SOUND, "yes"),
    assets_case("§6 open, none there: as if never covered", quantifier("none", absence="open"), [], "unknown", BOTH_ASSETS, coverage_without()),
    assets_case("§6 open, in quarantine: as if never covered", quantifier("count", op="le", value=1, absence="open"), BROKEN, "unknown", BOTH_ASSETS, coverage_without()),
    assets_case("§6 closed, none there", quantifier("none", absence="closed"), [], "yes"),
    assets_case("§6 closed, in quarantine", quantifier("count", op="le", value=1, absence="closed"), BROKEN, "yes"),
    WorkedCase("§6 unplaced, a sound record", quantifier("none", **IS_3), of({"hukou": {}, "assets": SOUND}), "yes"),
    WorkedCase("§6 unplaced, none there", quantifier("none"), of({"hukou": {}}), "unknown", (("assets", "putuo-civil"),)),
    WorkedCase("§6 the register record as a set", {"quantifier": "count", "over": "hukou", "op": "eq", "value": 1}, of(coverage=coverage_without("hukou")), "yes"),
]  # fmt: skip

PATHS = [
    WorkedCase("§6 behind a link, sound", {"quantifier": "none", "over": "household.survey", "where": {"field": "beds", "op": "gt", "value": 3}},
         of(home={"survey": {"beds": 3}}, coverage=coverage_without("survey")), "yes"),
    WorkedCase("§6 behind a link, none there", {"quantifier": "none", "over": "household.survey"}, of(coverage=coverage_without("survey")), "unknown", (("survey", "putuo-civil"),)),
    WorkedCase("§6 behind a link to a household that is not registered, sound", {"quantifier": "none", "over": "household.survey", "where": {"field": "beds", "op": "gt", "value": 3}},
         of({"household": "g"}, houses={"g": {"survey": {"beds": 3}}}), "yes"),
    WorkedCase("§6 behind an empty link nothing is found, not even if closed", {"quantifier": "none", "over": "household.survey", "absence": "closed"},
         of({"household": None}, home={"survey": {"beds": 3}}), "unknown", (("hukou", "city-psb"),)),
    WorkedCase("§6 behind two links", {"quantifier": "all", "over": "household.registered_at.inspection", "where": {"field": "result", "op": "eq", "value": "clean"}},
         of(flat={"inspection": {"result": "clean"}}, coverage=coverage_without("inspection")), "yes"),
    WorkedCase("§6 each member's one record, all sound", {**TOGETHER, "op": "le", "value": 9},
         of({"income": {"monthly_income": 4}}, others={"b": {**OTHER, "income": {"monthly_income": 5}}}, coverage=coverage_without("income")), "yes", None, "household"),
    WorkedCase("§6 one member has none, subject by subject", {**TOGETHER, "op": "le", "value": 9},
         of({"income": {"monthly_income": 4}}, others={"b": OTHER}, coverage=coverage_without("income")), "unknown", (("income", "city-civil"),), "household"),
    WorkedCase("§6 one member has none, and who has is not asked", {"quantifier": "none", "over": "members.assets", "where": {"field": "debts", "op": "eq", "value": 3}},
         of({"assets": row(1, 1, 1, debts=2)}, others={"b": {**OTHER, "hukou": {"division": "310107"}}}, coverage=coverage_without("assets")),
         "unknown", BOTH_ASSETS, "household"),
    WorkedCase("§6 one member has none, covered", {**TOGETHER, "op": "le", "value": 9}, of({"income": {"monthly_income": 4}}, others={"b": OTHER}), "yes", None, "household"),
    WorkedCase("§6 the step to the members still wants coverage", {**TOGETHER, "op": "le", "value": 9},
         of({"income": {"monthly_income": 4}}, coverage=coverage_without("hukou", "income")), "unknown", (("hukou", "city-psb"), ("hukou", "yichuan-street")), "household"),
    WorkedCase("§6 open: the members are as never covered, their records are there", {**TOGETHER, "op": "le", "value": 9, "absence": "open"},
         of({"income": {"monthly_income": 4}}), "unknown", (("hukou", "city-psb"), ("hukou", "yichuan-street")), "household"),
    WorkedCase("§6 open: what is found decides", {**TOGETHER, "op": "ge", "value": 4, "absence": "open"}, of({"income": {"monthly_income": 4}}), "yes", None, "household"),
    WorkedCase("§6 a sound record of a member of unknown presence is of unknown presence, and the step complete", {**TOGETHER, "op": "le", "value": 9},
         of({"hukou": BAD, "income": {"monthly_income": 4}}), "yes", None, "household"),
    WorkedCase("§6 an unplaced member: without a record the step is not complete", {**TOGETHER, "op": "le", "value": 9}, of({"hukou": BAD}), "unknown",
         (("income", "city-civil"),), "household"),
    WorkedCase("§6 a sound record of an unplaced member adds itself or nothing", {**TOGETHER, "op": "ge", "value": 4}, of({"hukou": BAD, "income": {"monthly_income": 4}}), "unknown",
         (("hukou", "city-psb"),), "household"),
    WorkedCase("§6 one member in quarantine, covered: its unit alone", {"quantifier": "some", "over": "members.assets", "where": {"field": "debts", "op": "eq", "value": 3}},
         of({"assets": BROKEN}), "unknown", (("assets", "putuo-civil"),), "household"),
    WorkedCase("§6 through occupants", {"quantifier": "count", "over": "occupancy.disability", "op": "eq", "value": 1},
         of({"occupancy": [D, {**D, "key": "j"}], "disability": {"level": "light"}}, coverage=coverage_without("disability")), "yes", None, "dwelling"),
    WorkedCase("§6 through an occupant without a record", {"quantifier": "none", "over": "occupancy.disability"},
         of({"occupancy": D}, coverage=coverage_without("disability")), "unknown", (("disability", "putuo-federation"),), "dwelling"),
    WorkedCase("§6 nobody there, nothing to start from", {"quantifier": "none", "over": "occupancy.disability"}, of(coverage=coverage_without("disability")), "yes", None, "dwelling"),
    WorkedCase("§6 inside `where`", {"quantifier": "all", "over": "household.members", "where": {"quantifier": "none", "over": "assets", **IS_3}},
         of({"assets": SOUND}, coverage=UNCOVERED), "yes"),
    WorkedCase("§6 inside `where`, one has none", {"quantifier": "all", "over": "household.members", "where": {"quantifier": "none", "over": "assets", **IS_3}},
         of({"assets": SOUND}, others={"b": OTHER}, coverage=UNCOVERED), "unknown", BOTH_ASSETS),
    WorkedCase("§3.6 the field is read as before: no record, not covered", {"field": "monthly_income", "op": "eq", "value": 0}, of(coverage=coverage_without("income")), "unknown",
         (("income", "city-civil"),)),
]  # fmt: skip

CASES = [*VERSIONS, *NAMING, *ONE_RECORD, *STEP, *PATHS]
