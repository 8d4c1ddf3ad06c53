"""How a policy's names and values become SQL expressions over one row `c` (semantics §3.3, §3.6, §4, §5).

A row is a subject of the policy or an element of a quantifier; either way it carries every column of its subject's profile, so
a name is a column and a parameter is a constant or a CASE over the column that picks from its table.
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Any

from tests.oracles.sql_world import SqlWorld, day, fraction, literal, stored_cell


@dataclass(slots=True)
class Rows:
    """A table whose rows a node is true of, read as `c`: root subjects or the elements of a quantifier."""

    table: str
    kind: str
    feed: str | None = None
    joins: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Field:
    """A field read by name: its SQL, its contract entry."""

    sql: str
    spec: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Number:
    """A value as an integer expression over a common denominator."""

    sql: str
    over: int


class Reader:
    """Names and values of one policy, in one world's feeds, at one date."""

    def __init__(self, policy: dict[str, Any], world: SqlWorld, as_of: dt.date) -> None:
        self.policy, self.feeds, self.as_of = policy, world.feeds, as_of
        self.day = literal(as_of)

    # Names (§4)

    def read(self, name: str, rows: Rows) -> Field:
        """A field by its name: the record's own first, then the subject's."""
        parts = name.split(".")
        if rows.feed is not None:
            own = self.feeds.all[rows.feed]["fields"]
            if (len(parts) == 1 and parts[0] in own) or (len(parts) == 2 and parts[0] == rows.feed and parts[1] in own):
                return Field(self.cell(f'c."r/{parts[-1]}"', own[parts[-1]]), own[parts[-1]])
        return self.subject_field(rows.kind, parts, "")

    def subject_field(self, kind: str, parts: list[str], via: str) -> Field:
        ones = self.feeds.single_feeds(kind)
        if len(parts) == 1:
            holders = [feed for feed in ones if parts[0] in self.feeds.all[feed]["fields"]]
            assert len(holders) == 1, f"{parts[0]} of a {kind} is in {holders}"
            return self.column(holders[0], parts[0], via)
        if parts[0] in ones and len(parts) == 2 and parts[1] in self.feeds.all[parts[0]]["fields"]:
            return self.column(parts[0], parts[1], via)
        _, target = self.feeds.links[kind][parts[0]]
        return self.subject_field(target, parts[1:], f"{via}{parts[0]}/")

    def column(self, feed: str, name: str, via: str) -> Field:
        """§3.6: where there is no record and the feed covers the subject, the field's `no_record`."""
        spec = self.feeds.field(feed, name)
        cell = self.cell(f'c."{via}f_{feed}__{name}"', spec)
        if "no_record" not in spec:
            return Field(cell, spec)
        cast = "::HUGEINT" if spec["type"] in ("int", "decimal") else ""
        upto = f'c."{via}cov_{feed}"'
        absent = f'NOT c."{via}has_{feed}" AND {self.coverage_condition(feed, upto)}'
        return Field(f"(CASE WHEN {absent} THEN {literal(stored_cell(spec, spec['no_record']))}{cast} ELSE {cell} END)", spec)

    def cell(self, column: str, spec: dict[str, Any]) -> str:
        """A stored number is widened before anything is multiplied."""
        return f"{column}::HUGEINT" if spec["type"] in ("int", "decimal") else column

    def coverage_condition(self, feed: str, upto: str) -> str:
        """§3.3: whether the earliest of the latest statements is young enough."""
        evidence = (self.policy.get("evidence") or {}).get(feed)
        if evidence is None:
            return "FALSE"
        return f"coalesce({self.day} <= {self.later(upto, evidence['max_age'])}, FALSE)"

    def later(self, date: str, period: str) -> str:
        """A date and a period: years and months first, clamped to the month's end, then days."""
        match = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", period)
        assert match, period
        years, months, weeks, days = (int(part or 0) for part in match.groups())
        return f"(({date} + to_months({12 * years + months}))::DATE + {7 * weeks + days})"

    # Values (§5)

    def entry(self, name: str) -> dict[str, Any] | None:
        started = [e for e in self.policy["params"][name]["values"] if day(e["from"]) <= self.as_of]
        return max(started, key=lambda e: day(e["from"])) if started else None

    def number(self, value: Any, rows: Rows) -> Number:
        """A number for each row, its denominators multiplied out."""
        if not isinstance(value, dict):
            amount = fraction(value)
            return Number(f"{amount.numerator}::HUGEINT", amount.denominator)
        entry, times = self.entry(value["param"]), fraction(value.get("times", 1))
        if entry is None:
            return Number("NULL::HUGEINT", 1)
        amounts = entry["table"].values() if "table" in entry else [entry["value"]]
        over = lcm(*((fraction(amount) * times).denominator for amount in amounts))

        def scaled_text(amount: Any) -> str:
            whole: Fraction = fraction(amount) * times * over
            return f"{whole.numerator}::HUGEINT"

        return Number(self.parameter_value(value, rows, scaled_text), over)

    def parameter_value(self, value: dict[str, Any], rows: Rows, render: Any) -> str:
        """The value of a parameter at the date, from its table by a field of the row."""
        entry = self.entry(value["param"])
        if entry is None:
            return "NULL"
        if "table" not in entry:
            return str(render(entry["value"]))
        by = self.read(value["by"], rows)
        cases = "".join(f" WHEN {self.key(key, by)} THEN {render(amount)}" for key, amount in entry["table"].items())
        return f"(CASE{cases} END)"

    def key(self, key: Any, by: Field) -> str:
        if by.spec["type"] != "int":
            return f"{by.sql} = {literal(stored_cell(by.spec, key))}"
        low, dots, high = str(key).partition("..")
        if not dots:
            return f"{by.sql} = {int(low)}"
        return f"{by.sql} >= {int(low)}" + (f" AND {by.sql} <= {int(high)}" if high else "")

    def plain(self, value: Any, spec: dict[str, Any], rows: Rows) -> str:
        """A value that is no number: a literal, or a parameter of dates, codes or text."""
        return self.parameter_value(value, rows, lambda item: literal(stored_cell(spec, item))) if isinstance(value, dict) else literal(stored_cell(spec, value))
