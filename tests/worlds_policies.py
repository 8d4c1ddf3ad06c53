"""Random valid policies over the feeds of `worlds_feeds`: every node, leaf, value and path of the rule language.

Valid means valid for the checker: a name means one field, types and units agree, parameters have a value for every day in force, divisors and
table keys are bounded, `all` has a `where`, no check stands inside a `where`, and `evidence` names each feed whose absence proves something.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from tests.worlds_feeds import CHECKS, FEEDS, LINKS, NUMBERS, decimals, texts

Node = dict[str, Any]
Policy = dict[str, Any]

AGE_UNIT = "year"
"""Unit of a parameter compared with a completed age; None to compare ages with literals only."""
COUNT_UNIT = "person"
"""Unit of a parameter compared with a count of `members` or `occupancy`; None for literals only."""
THROUGH_OCCUPANTS = True
"""Whether paths go on through a dwelling's `occupancy` (`occupancy.pension`)."""

DAY = dt.date(2026, 10, 15)
_ORDERED = ["eq", "ne", "lt", "le", "gt", "ge"]
_COMPARE = ["lt", "le", "gt", "ge", "lt", "le", "gt", "ge", "eq", "ne"]
_PERIODS = ["P2Y", "P24M", "P2Y", "P24M", "P1Y", "P3Y", "P1M", "P30D", "P1Y1M", "P5Y", "P10Y", "P18M15D"]
_DATES = [
    dt.date(2026, 10, 15),
    dt.date(2026, 10, 14),
    dt.date(2024, 10, 15),
    dt.date(2025, 1, 1),
    dt.date(2024, 2, 29),
    dt.date(2021, 10, 15),
]

_PATHS: dict[str, list[str]] = {
    "person": [
        "insurance",
        "insurance",
        "pension",
        "pension",
        "occupancy",
        "income",
        "assets",
        "disability",
        "hukou",
        "household.members",
        "household.members.income",
        "household.grants",
        "household.members.pension",
        "household.survey",
        "household.registered_at.relocation",
        "household.registered_at.inspection",
        "household.registered_at.occupancy",
    ],
    "household": [
        "members",
        "members",
        "members",
        "members.insurance",
        "members.pension",
        "members.income",
        "members.assets",
        "members.hukou",
        "members.occupancy",
        "grants",
        "survey",
        "registered_at.relocation",
        "registered_at.relocation",
        "registered_at.occupancy",
        "registered_at.inspection",
        "registered_at.occupancy.pension",
    ],
    "dwelling": [
        "occupancy",
        "occupancy",
        "occupancy",
        "relocation",
        "inspection",
        "occupancy.insurance",
        "occupancy.pension",
        "occupancy.disability",
    ],
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: the kind of subject at hand, and inside `where` the feed of the record."""

    kind: str
    feed: str | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Name:
    """A readable name, the feed and field it means, and whether a link is followed to it."""

    text: str
    feed: str
    field: str
    linked: bool = False

    @property
    def spec(self) -> dict[str, Any]:
        return FEEDS[self.feed]["fields"][self.field]  # type: ignore[no-any-return]  # contracts are plain data


def _subject_names(kind: str) -> list[_Name]:
    """Every name of a kind's own fields, bare where one feed has it, and those read through links."""
    contracts = [contract for contract in FEEDS.values() if contract["subject"] == kind and contract["cardinality"] == "one"]
    names = [_Name(f"{contract['feed']}.{field}", contract["feed"], field) for contract in contracts for field in contract["fields"]]
    fields = [name.field for name in names]
    names += [_Name(name.field, name.feed, name.field) for name in names if fields.count(name.field) == 1]
    for link, (_, target) in LINKS[kind].items():
        names += [_Name(f"{link}.{name.text}", name.feed, name.field, True) for name in _subject_names(target)]
    return names


def _names(place: _Place) -> list[_Name]:
    """Every name readable at a place; the record's own fields hide the subject's."""
    names = _subject_names(place.kind)
    if place.feed is None:
        return names
    own = [_Name(text, place.feed, field) for field in FEEDS[place.feed]["fields"] for text in (field, f"{place.feed}.{field}")]
    own_texts = {name.text for name in own}
    return own * 3 + [name for name in names if name.text not in own_texts]


def _amounts(feed: str, field: str) -> list[Decimal]:
    """Decimal literals near the field's cells: in a rule they are numbers, not text."""
    return [Decimal(text) for text in decimals(feed, field)]


class _Draft:
    """A policy in the making: its parameters, definitions, evidence and the ids used so far."""

    def __init__(self, rng: Random, kind: str, start: dt.date) -> None:
        self.rng, self.kind, self.start = rng, kind, start
        self.params: dict[str, Any] = {}
        self.evidence: dict[str, Any] = {}
        self.definitions: dict[str, Node] = {}
        self.checks = rng.sample(CHECKS, len(CHECKS))
        self.ids = 0

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def with_id(self, node: Node, share: float = 0.9) -> Node:
        if not self.chance(share):
            return node
        self.ids += 1
        return {"id": f"c{self.ids}", "cite": f"第{self.ids}条", "label": {"zh": f"条件{self.ids}", "en": f"criterion {self.ids}"}, **node}

    def prove(self, *feeds: str) -> None:
        for feed in feeds:
            self.evidence.setdefault(feed, {"max_age": self.rng.choice(["P7D", "P30D", "P35D", "P1M", "P1M", "P2M"])})

    def read(self, place: _Place, kind: str) -> _Name:
        """A readable field of a type; if it has `no_record`, its feed is named under evidence."""
        names = [name for name in _names(place) if name.spec["type"] == kind]
        own = [name for name in names if not name.linked]
        name = self.rng.choice(own if own and self.chance(0.7) else names)
        if "no_record" in name.spec and name.feed != place.feed:
            self.prove(name.feed)
        return name

    # Values

    def entries(self, value: Any, key: str) -> list[dict[str, Any]]:
        """Dated entries: one from before the policy, and perhaps one that starts near the day of evaluation."""
        first = self.start if self.chance(0.3) else dt.date(2025, 1, 1)
        entries = [{"from": min(first, self.start), key: value()}]
        if self.chance(0.4):
            second = self.rng.choice([dt.date(2026, 10, 15), dt.date(2026, 10, 16), dt.date(2026, 7, 1)])
            if second > entries[0]["from"]:
                entries.append({"from": second, key: value()})
        return entries

    def table(self, spec: dict[str, Any], field: str, amount: Any) -> dict[Any, Any]:
        """A table by enum codes or integers; sometimes a key is missing."""
        if spec["type"] == "enum":
            keys: list[Any] = list(spec["values"])
            if self.chance(0.25):
                keys.pop()
        else:
            low, high = max(spec["min"], 0), NUMBERS[field][1]
            keys = [low, f"{low + 1}..{high - 1}", f"{high}.."] if self.chance(0.5) else [*range(low, high), f"{high}.."]
            if self.chance(0.25):
                keys.pop()
        return {key: amount() for key in keys}

    def value(self, place: _Place, unit: str | None, amount: Any, times: list[str]) -> Any:
        """A literal, a dated parameter, a multiple of one, or an entry of a table."""
        if unit is None or self.chance(0.5):
            return amount()
        name = f"v{len(self.params) + 1}"
        value: dict[str, Any] = {"param": name}
        if self.chance(0.35):
            keys = [
                key
                for key in _names(place)
                if key.spec["type"] == "enum" or (key.spec["type"] == "int" and 0 <= key.spec.get("max", -1) <= 9999)
            ]
            by = self.rng.choice(keys)
            if "no_record" in by.spec and by.feed != place.feed:
                self.prove(by.feed)
            value["by"] = by.text
            entries = self.entries(lambda: self.table(by.spec, by.field, amount), "table")
        else:
            entries = self.entries(amount, "value")
        if times and self.chance(0.4):
            value["times"] = self.rng.choice(times)
        self.params[name] = {"unit": unit, "cite": "附件1", "values": entries}
        return value

    # Leaves

    def field(self, place: _Place) -> Node:
        rng = self.rng
        kinds = sorted({name.spec["type"] for name in _names(place)})
        name = self.read(place, rng.choices(kinds, [3 if kind in ("enum", "decimal", "int") else 2 for kind in kinds])[0])
        spec, leaf = name.spec, {"field": name.text}
        match spec["type"]:
            case "enum":
                return leaf | self.member(list(spec["values"]))
            case "text":
                return leaf | self.member(texts(name.field))
            case "division":
                if self.chance(0.8):
                    return leaf | {"op": "within", "value": rng.choice(["310107", "310107", "310107020", "31", "310110", "310107000000"])}
                return leaf | self.member(["310107020", "310107", "310110", "31", "310107020005"])
            case "date":
                if self.chance(0.3):
                    return leaf | {"op": rng.choice(["in", "not_in"]), "value": rng.sample(_DATES, 3)}
                return leaf | {"op": rng.choice(_COMPARE), "value": rng.choice(_DATES)}
            case "int":
                low, high = NUMBERS[name.field]
                if self.chance(0.2):
                    return leaf | {"op": rng.choice(["in", "not_in"]), "value": rng.sample(range(low, high + 1), 2)}
                return leaf | {
                    "op": rng.choice(_COMPARE),
                    "value": self.value(place, spec["unit"], lambda: rng.randint(low, high), ["1.5", "1/3", "2"]),
                }
            case _:
                pool = _amounts(name.feed, name.field)
                if self.chance(0.15):
                    return leaf | {"op": rng.choice(["in", "not_in"]), "value": rng.sample(pool, 3)}
                value = self.value(place, spec["unit"], lambda: rng.choice(pool), ["1.5", "1/3", "2/3", "1.0001", "3"])
                return leaf | {"op": rng.choice(_COMPARE), "value": value}

    def member(self, pool: list[str]) -> Node:
        if self.chance(0.6):
            return {"op": self.rng.choice(["eq", "eq", "ne"]), "value": self.rng.choice(pool)}
        return {"op": self.rng.choice(["in", "not_in"]), "value": self.rng.sample(pool, self.rng.randint(1, min(2, len(pool))))}

    def age(self, place: _Place) -> Node:
        rng = self.rng
        names = [name for name in _names(place) if name.field == "birth_date"]
        name = rng.choice(names) if names and self.chance(0.8) else self.read(place, "date")
        ages = [18, 60, 65, 70, 16] if name.field == "birth_date" else [1, 2, 3, 5]
        leaf = {"age_of": name.text, "op": rng.choice(_COMPARE), "value": self.value(place, AGE_UNIT, lambda: rng.choice(ages), [])}
        return leaf | (
            {"as_of": rng.choice([dt.date(2026, 12, 31), dt.date(2027, 2, 28), dt.date(2028, 2, 29), dt.date(2026, 3, 1)])}
            if self.chance(0.3)
            else {}
        )

    def date(self, place: _Place) -> Node:
        leaf = {"date_of": self.read(place, "date").text}
        form = self.rng.choice(["within_last", "within_last", "at_least_ago", "at_least_ago", "before", "after"])
        return leaf | {form: self.rng.choice(_PERIODS if form in ("within_last", "at_least_ago") else _DATES)}

    def quantifier(self, place: _Place, kinds: list[str] | None = None) -> Node:
        rng = self.rng
        kind = rng.choice(kinds or ["some", "none", "all", "count", "sum", "sum"])
        path = rng.choice([p for p in _PATHS[place.kind] if THROUGH_OCCUPANTS or "occupancy." not in p])
        last, steps = path.split(".")[-1], [step for step in path.split(".") if step not in ("household", "registered_at")]
        element = _Place("person", None, place.depth + 1) if last == "members" else _Place(FEEDS[last]["subject"], last, place.depth + 1)
        numbers = [n for n in _names(element) if n.spec["type"] in ("int", "decimal") and not n.linked]
        if kind == "sum" and not numbers:
            kind = "some"
        self.prove(*("hukou" if step == "members" else step for step in steps))
        where = {"where": self.where(element)} if kind == "all" or self.chance(0.75 if kind != "sum" else 0.55) else {}
        absence = {"absence": rng.choice(["coverage", "closed", "closed", "open"])} if self.chance(0.25) else {}
        if kind == "sum":
            return self.sum(place, element, numbers, path) | where | absence
        node: Node = {"quantifier": kind, "over": path, **where, **absence}
        if kind == "count":
            unit = COUNT_UNIT if last in ("members", "occupancy") else None
            node |= {
                "op": rng.choice([*_COMPARE, "eq", "ne"]),
                "value": self.value(place, unit, lambda: rng.choice([0, 1, 1, 2, 3]), ["1.5", "1/3", "2"]),
            }
        return node

    def sum(self, place: _Place, element: _Place, numbers: list[_Name], path: str) -> Node:
        rng = self.rng
        own = [name for name in numbers if name.feed == element.feed]
        with_bounds = [name for name in own or numbers if "min" in name.spec]
        name = rng.choice(with_bounds if with_bounds and self.chance(0.8) else own if own and self.chance(0.7) else numbers)
        if "no_record" in name.spec and name.feed != element.feed:
            self.prove(name.feed)
        text = name.text if self.chance(0.3) else f"{name.feed}.{name.field}"
        node: Node = {"sum_of": text, "over": path}
        pool: list[Any] = _amounts(name.feed, name.field) if name.spec["type"] == "decimal" else list(range(6))
        unit = name.spec["unit"]
        divisors = [n for n in _names(place) if n.spec.get("unit") == "person" and n.spec["type"] == "int"]
        if divisors and self.chance(0.45):
            per = rng.choice(divisors)
            if "no_record" in per.spec and per.feed != place.feed:
                self.prove(per.feed)
            node["per"] = per.text
            unit = "CNY/person/month" if unit == "CNY/month" else None
        return node | {"op": rng.choice(_COMPARE), "value": self.value(place, unit, lambda: rng.choice(pool), ["1.5", "1/3", "2/3", "2"])}

    def leaf(self, place: _Place, checks: bool) -> Node:
        if checks and self.checks and self.chance(0.12):
            return {"id": self.checks.pop(), "cite": "第九条", "check": {"zh": "本人愿意", "en": "is willing"}}
        weights = [40, 14, 18, 45 if place.depth == 0 else 8 if place.depth == 1 else 0]
        write = self.rng.choices([self.field, self.age, self.date, self.quantifier], weights)[0]
        if write == self.age and place.kind == "dwelling" and self.chance(0.7):
            write = self.field
        return self.with_id(write(place))

    # Trees

    def where(self, element: _Place) -> Node:
        return self.node(element, self.rng.choice([1, 1, 1, 2, 2, 3]), checks=False)

    def node(self, place: _Place, size: int, checks: bool = True) -> Node:
        """A tree of about `size` leaves."""
        rng = self.rng
        if size <= 1:
            return self.leaf(place, checks)
        if checks and place.depth == 0 and self.chance(0.15):
            return self.use(place, size)
        parts = rng.randint(2, min(3, size))
        children = [self.node(place, max(1, size // parts), checks) for _ in range(parts)]
        match rng.choice(["all", "all", "any", "any", "none", "rule"]):
            case "rule":
                return self.with_id({"rule": children[0], "unless": children[1]}, 0.6)
            case "none":
                return self.with_id({"none": children[: rng.randint(1, len(children))]}, 0.6)
            case junction:
                return self.with_id({junction: children}, 0.6)

    def use(self, place: _Place, size: int) -> Node:
        """The use of a definition, new or already there."""
        fresh = [name for name in self.definitions if "check" not in self.definitions[name]]
        if fresh and self.chance(0.5):
            name = self.rng.choice(fresh)
        else:
            body = self.node(place, max(1, size // 2))
            name = f"def{len(self.definitions) + 1}"
            self.definitions[name] = body if "check" in body else {key: part for key, part in body.items() if key != "id"}
            if "check" in body:
                del self.definitions[name]
                return body
        return {"id": f"use{self.next()}", "use": name}

    def next(self) -> int:
        self.ids += 1
        return self.ids


def random_policy(rng: Random, size: int = 5) -> Policy:
    """A valid policy about persons, households or dwellings, benefit or burden.

    Args:
        rng: the source of every choice.
        size: about how many leaves stand outside `where`.
    """
    kind = rng.choice(["person", "person", "household", "household", "dwelling"])
    direction = rng.choice(["benefit", "benefit", "burden"])
    start = rng.choice([dt.date(2026, 1, 1), dt.date(2026, 10, 1), dt.date(2026, 10, 15), dt.date(2026, 10, 16), dt.date(2026, 10, 20)])
    end = rng.choice([None, None, None, dt.date(2026, 10, 20), dt.date(2027, 12, 31)])
    draft = _Draft(rng, kind, start)
    criteria = draft.node(_Place(kind), rng.randint(1, max(1, size)))
    return {
        "format": 1,
        "policy": f"random-{kind}",
        "version": 1,
        "direction": direction,
        "subject": kind,
        "scope": {"division": rng.choice(["310107", "310107", "310107", "31", "310107020", "310107000000"])},
        "title": {"zh": "随机政策", "en": "A random policy"},
        "source": {"document": "示例", "issuer": "示例", "published": dt.date(2025, 1, 1)},
        "agency": "putuo-civil",
        "purpose": "assistance" if direction == "benefit" else "inspection",
        "effective": {"from": start, "to": end},
        "evidence": draft.evidence,
        "params": draft.params,
        "definitions": draft.definitions,
        "discloses": [],
        "criteria": criteria,
    }
