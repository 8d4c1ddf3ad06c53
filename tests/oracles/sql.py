"""A policy as one DuckDB query: an oracle that shares nothing with the engine but the page it was written from.

Truth is SQL's own three-valued BOOLEAN, NULL for unknown: AND, OR and NOT are Kleene's (semantics §7). Aggregates and EXISTS
are two-valued, so a quantifier is written out: its elements are a table, the truth of `where` a column of it, and a CASE over
counts of true, false and unknown elements and the completeness of the set says the rest (§6). Numbers are scaled integers
and both sides of a comparison are multiplied out, so nothing is rounded.
"""

import datetime as dt
from dataclasses import dataclass
from math import lcm
from typing import Any

from tests.oracles.sql_reading import Field, Number, Reader, Rows
from tests.oracles.sql_world import SqlWorld, day, division, fraction, literal, stored_cell

Node = dict[str, Any]
_OPS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def verdicts(policy: dict[str, Any], world: SqlWorld, as_of: dt.date) -> dict[str, str | None]:
    """The verdict on every subject of the policy's kind named anywhere in the world.

    Args:
        policy: in the format of `examples/policies`, dates as dates or text.
        world: the tables of one `given`.
        as_of: the date it is read at.

    Returns:
        "yes", "no" or "unknown" by name; None where there is no verdict (§9).
    """
    world.at(as_of)
    return dict(world.con.execute(query(policy, world, as_of)).fetchall())


def query(policy: dict[str, Any], world: SqlWorld, as_of: dt.date) -> str:
    """The query whose rows are (name, verdict)."""
    return _Query(policy, world, as_of).text()


@dataclass(frozen=True, slots=True)
class _Addend:
    """The ends of what an element adds, NULL for infinite; the declared least one; units in a whole."""

    lo: str
    hi: str
    least: int | None
    scale: int


class _Query(Reader):
    def __init__(self, policy: dict[str, Any], world: SqlWorld, as_of: dt.date) -> None:
        super().__init__(policy, world, as_of)
        self.ctes: list[str] = []
        self.definitions = policy.get("definitions") or {}

    def text(self) -> str:
        kind, scope = self.policy["subject"], literal(division(self.policy["scope"]["division"]))
        self.cte("subjects", f"SELECT row_number() OVER () AS cid, * FROM full_{kind}")
        root = Rows("subjects", kind)
        truth = self.node(self.policy["criteria"], root, "criteria", True)
        outside = f"NOT c.registered OR (c.place IS NOT NULL AND NOT starts_with(c.place, {scope}) AND NOT starts_with({scope}, c.place))"
        verdict = f"CASE WHEN {outside} THEN NULL WHEN {truth} THEN 'yes' WHEN NOT {truth} THEN 'no' ELSE 'unknown' END"
        return f"WITH {', '.join(self.ctes)} SELECT c.name, {verdict} FROM subjects c {' '.join(root.joins)}"

    def cte(self, name: str, select: str) -> str:
        self.ctes.append(f"{name} AS MATERIALIZED ({select})")
        return name

    # Nodes (§7)

    def node(self, node: Node, rows: Rows, path: str, even: bool) -> str:
        """The truth of a node for each of the rows; `even`: under an even number of negations."""
        match node:
            case {"all": parts}:
                return self.join(" AND ", parts, rows, f"{path}.all", even)
            case {"any": parts}:
                return self.join(" OR ", parts, rows, f"{path}.any", even)
            case {"none": parts}:
                return f"(NOT {self.join(' OR ', parts, rows, f'{path}.none', not even)})"
            case {"rule": rule, "unless": unless}:
                return f"({self.node(rule, rows, f'{path}.rule', even)} AND NOT {self.node(unless, rows, f'{path}.unless', not even)})"
            case {"rule": rule}:
                return self.node(rule, rows, f"{path}.rule", even)
            case {"use": name}:
                return self.node({**self.definitions[name], "id": node.get("id", name)}, rows, path, even)
            case {"check": _}:
                return self.check(node.get("id", path), rows, even)
            case {"quantifier": _} | {"sum_of": _}:
                return self.quantifier(node, rows, path)
            case {"age_of": name}:
                return self.age(node, self.read(name, rows), rows)
            case {"date_of": name}:
                return self.date(node, self.read(name, rows), rows)
            case {"field": name}:
                return self.compare(node, self.read(name, rows), rows)
        raise ValueError(f"unknown node {node}")

    def join(self, word: str, parts: list[Node], rows: Rows, path: str, even: bool) -> str:
        return f"({word.join(self.node(part, rows, f'{path}[{i}]', even) for i, part in enumerate(parts))})"

    def check(self, name: str, rows: Rows, even: bool) -> str:
        """§8: the answer, or what keeps a subject on a benefit's list and off a burden's."""
        alias = f"a{len(rows.joins)}"
        rows.joins.append(f"LEFT JOIN answers {alias} ON {alias}.subject = c.name AND {alias}.check_id = {literal(name)}")
        return f"coalesce({alias}.said, {(self.policy['direction'] == 'benefit') == even})"

    # Leaves (§5)

    def compare(self, node: Node, read: Field, rows: Rows) -> str:
        op, value, kind = node["op"], node["value"], read.spec["type"]
        if kind in ("int", "decimal"):
            scale = 10 ** read.spec.get("scale", 0)
            if op in ("in", "not_in"):
                numbers = [fraction(item) * scale for item in value]
                over = lcm(*(number.denominator for number in numbers))
                listed = ", ".join(str(int(number * over)) + "::HUGEINT" for number in numbers)
                return f"({read.sql} * {over} {'IN' if op == 'in' else 'NOT IN'} ({listed}))"
            number = self.number(value, rows)
            return f"({read.sql} * {number.over} {_OPS[op]} {number.sql} * {scale})"
        if op == "within":
            asked = literal(division(value))
            return f"(CASE WHEN starts_with({read.sql}, {asked}) THEN TRUE WHEN starts_with({asked}, {read.sql}) THEN NULL ELSE starts_with({read.sql}, {asked}) END)"
        if op in ("in", "not_in"):
            return f"({read.sql} {'IN' if op == 'in' else 'NOT IN'} ({', '.join(literal(stored_cell(read.spec, item)) for item in value)}))"
        return f"({read.sql} {_OPS[op]} {self.plain(value, read.spec, rows)})"

    def age(self, node: Node, read: Field, rows: Rows) -> str:
        """Completed years; 29 February comes before 1 March and after 28 February, so month and day compare as they stand."""
        on = literal(day(node["as_of"])) if node.get("as_of") else self.day
        before = f"(month({on}), day({on})) < (month({read.sql}), day({read.sql}))"
        years = f"(year({on}) - year({read.sql}) - CASE WHEN {before} THEN 1 ELSE 0 END)::HUGEINT"
        return self.compare(node, Field(years, {"type": "int"}), rows)

    def date(self, node: Node, read: Field, rows: Rows) -> str:
        match node:
            case {"within_last": period}:
                return f"({read.sql} <= {self.day} AND {self.day} <= {self.later(read.sql, period)})"
            case {"at_least_ago": period}:
                return f"({self.day} >= {self.later(read.sql, period)})"
            case {"before": value}:
                return f"({read.sql} < {self.plain(value, read.spec, rows)})"
            case {"after": value}:
                return f"({read.sql} > {self.plain(value, read.spec, rows)})"
        raise ValueError(f"unknown date_of {node}")

    # Quantifiers (§6)

    def quantifier(self, node: Node, rows: Rows, path: str) -> str:
        number = len(self.ctes)
        elements, complete = self.elements(node, rows, number)
        where = self.node(node["where"], elements, f"{path}.where", True) if "where" in node else "TRUE"
        addend = self.addend(node, elements) if "sum_of" in node else _Addend("0", "0", None, 1)
        w = self.cte(
            f"w{number}",
            "SELECT v.pid, v.w, CASE WHEN v.w THEN v.lo WHEN v.w IS NULL THEN CASE WHEN v.lo < 0 THEN v.lo WHEN v.lo >= 0 THEN 0 END ELSE 0 END AS lo, "
            "CASE WHEN v.w THEN v.hi WHEN v.w IS NULL THEN CASE WHEN v.hi > 0 THEN v.hi WHEN v.hi <= 0 THEN 0 END ELSE 0 END AS hi FROM "
            f"(SELECT c.pid, CASE WHEN c.doubtful THEN NULL ELSE {where} END AS w, {addend.lo} AS lo, {addend.hi} AS hi "
            f"FROM {elements.table} c {' '.join(elements.joins)}) v",
        )
        tallies = (
            "SELECT pid, count(*) FILTER (WHERE w) AS t, count(*) FILTER (WHERE NOT w) AS f, count(*) FILTER (WHERE w IS NULL) AS u, "
            f"sum(lo::HUGEINT) AS lo, sum(hi::HUGEINT) AS hi, coalesce(bool_or(lo IS NULL), FALSE) AS no_lo, coalesce(bool_or(hi IS NULL), FALSE) AS no_hi FROM {w} GROUP BY pid"
        )
        self.cte(f"n{number}", (
            "SELECT k.pid, k.complete, coalesce(t.t, 0) AS t, coalesce(t.f, 0) AS f, coalesce(t.u, 0) AS u, coalesce(t.lo, 0) AS lo, coalesce(t.hi, 0) AS hi, "
            f"coalesce(t.no_lo, FALSE) AS no_lo, coalesce(t.no_hi, FALSE) AS no_hi FROM {complete} k LEFT JOIN ({tallies}) t ON t.pid = k.pid"
        ))
        self.cte(f"q{number}", f"SELECT c.cid, {self.truth(node, rows, addend)} AS truth FROM {rows.table} c JOIN n{number} n ON n.pid = c.cid")
        rows.joins.append(f"LEFT JOIN q{number} ON q{number}.cid = c.cid")
        return f"q{number}.truth"

    def truth(self, node: Node, rows: Rows, addend: _Addend) -> str:
        match node:
            case {"quantifier": "some"}:
                return "CASE WHEN n.t > 0 THEN TRUE WHEN n.complete AND n.u = 0 THEN FALSE END"
            case {"quantifier": "none"}:
                return "CASE WHEN n.t > 0 THEN FALSE WHEN n.complete AND n.u = 0 THEN TRUE END"
            case {"quantifier": "all"}:
                return "CASE WHEN n.f > 0 THEN FALSE WHEN n.complete AND n.u = 0 THEN TRUE END"
            case {"quantifier": "count"}:
                value = self.number(node["value"], rows)
                ends = _Ends("n.t", "(n.t + n.u)", "FALSE", "NOT n.complete", value, "1", whole=True)
                return ends.truth(node["op"])
        value = self.number(node["value"], rows)
        scale = str(addend.scale)
        if node.get("per"):
            per = self.read(node["per"], rows).sql
            scale = f"{scale} * (CASE WHEN {per} >= 1 THEN {per} END)"
        no_lo = "n.no_lo" if addend.least is not None and addend.least >= 0 else "(n.no_lo OR NOT n.complete)"
        return _Ends("n.lo", "n.hi", no_lo, "(n.no_hi OR NOT n.complete)", value, scale).truth(node["op"])

    def addend(self, node: Node, elements: Rows) -> _Addend:
        read = self.read(node["sum_of"], elements)
        least, most = (stored_cell(read.spec, read.spec.get(end)) for end in ("min", "max"))
        lo, hi = (f"coalesce({read.sql}, {literal(end)}::HUGEINT)" for end in (least, most))
        return _Addend(lo, hi, least, 10 ** read.spec.get("scale", 0))

    def elements(self, node: Node, rows: Rows, number: int) -> tuple[Rows, str]:
        """The table of elements found, and the table that says for which rows the set is complete."""
        kind, via, steps = rows.kind, "", node["over"].split(".")
        start = "c.name"
        while len(steps) > 1 and steps[0] in self.feeds.links[kind] and steps[0] not in self.own(kind):
            start, kind, via = f'c."{via}l_{steps[0]}"', self.feeds.links[kind][steps[0]][1], f"{via}{steps[0]}/"
            steps = steps[1:]
        absence = node.get("absence", "coverage")
        front = self.cte(f"s{number}_0", f"SELECT c.cid AS pid, {start} AS name, FALSE AS doubtful FROM {rows.table} c")
        whole, joins, feed = ["s.name IS NOT NULL"], "", None
        for i, step in enumerate(steps):
            settled = self.settles(kind, step, absence)
            if settled in ("TRUE", "FALSE"):
                whole.append(settled)
            else:
                joins += f" LEFT JOIN (SELECT s.pid, bool_and({settled}) AS ok FROM {front} s LEFT JOIN full_{kind} f ON f.name = s.name GROUP BY s.pid) k{i} ON k{i}.pid = s.pid"
                whole.append(f"coalesce(k{i}.ok, TRUE)")
            reached, kind, feed = self.step(kind, step, front)
            step_rows = self.cte(f"e{number}_{i}", reached)
            front = self.cte(f"s{number}_{i + 1}", f"SELECT pid, subject AS name, bool_and(doubtful) AS doubtful FROM {step_rows} GROUP BY pid, subject")
        complete = self.cte(f"k{number}", f"SELECT s.pid, {' AND '.join(whole)} AS complete FROM s{number}_0 s{joins}")
        own = "" if feed is None else "".join(f', e."f_{feed}__{name}" AS "r/{name}"' for name in self.feeds.all[feed]["fields"])
        table = self.cte(f"c{number}", f"SELECT row_number() OVER () AS cid, e.pid, e.doubtful{own}, f.* FROM {step_rows} e JOIN full_{kind} f ON f.name = e.subject")
        return Rows(table, kind, feed), complete

    def settles(self, kind: str, step: str, absence: str) -> str:
        """Whether a step from a subject `f` finds all there is: by coverage, or by a sound record where there is at most one."""
        if absence == "closed":
            return "TRUE"
        asked = self.inverse_feed(kind, step)
        covered = "FALSE" if absence == "open" else self.coverage_condition(asked, f"f.cov_{asked}")
        if step not in self.feeds.single_feeds(kind):
            return covered
        return f"(coalesce(f.sound_{step}, FALSE) OR {covered})"

    def own(self, kind: str) -> list[str]:
        return [name for name, contract in self.feeds.all.items() if contract["subject"] == kind]

    def inverse_feed(self, kind: str, step: str) -> str:
        return step if step in self.own(kind) else self.feeds.inverse[kind][step][0]

    def step(self, kind: str, step: str, front: str) -> tuple[str, str, str | None]:
        """The select of what one step reaches, the kind it is about, and its feed unless it reaches subjects.

        What is reached is doubtful if the row that shows it is in quarantine or if where the step starts is doubtful itself;
        the next step starts from a subject no more doubtful than the surest row that led to it.
        """
        reached = "SELECT s.pid, s.doubtful OR r.quarantined AS doubtful, r.*"
        if step in self.own(kind):
            the = " AND r.place = 1" if self.feeds.all[step]["cardinality"] == "one" else ""
            return f"{reached} FROM {front} s JOIN here r ON r.feed = '{step}' AND r.kind = '{kind}' AND r.subject = s.name{the}", kind, step
        feed, link = self.feeds.inverse[kind][step]
        subject = self.feeds.all[feed]["subject"]
        if step == "members":
            return f"{reached} FROM {front} s JOIN here r ON r.feed = '{feed}' AND r.place = 1 AND r.l_{link} = s.name", subject, None
        return f"{reached} FROM {front} s JOIN here r ON r.feed = '{feed}' AND r.l_{link} = s.name", subject, feed


@dataclass(frozen=True, slots=True)
class _Ends:
    """An interval, its infinite ends, and what it is compared with: `value × scale / value.over`."""

    lo: str
    hi: str
    no_lo: str
    no_hi: str
    value: Number
    scale: str
    whole: bool = False

    def truth(self, op: str) -> str:
        """§6: true where the comparison holds for all of the interval, false where for none of it."""
        lo, hi, v = f"({self.lo} * {self.value.over})", f"({self.hi} * {self.value.over})", f"({self.value.sql} * {self.scale})"
        if op in ("eq", "ne"):
            apart = f" OR {v} % {self.value.over} <> 0" if self.whole else ""
            outside = f"(NOT {self.no_lo} AND {v} < {lo}) OR (NOT {self.no_hi} AND {v} > {hi}){apart}"
            same = f"NOT {self.no_lo} AND NOT {self.no_hi} AND {lo} = {v} AND {hi} = {v}"
            return f"CASE WHEN {v} IS NULL THEN NULL WHEN {same} THEN {op == 'eq'} WHEN {outside} THEN {op == 'ne'} END"
        near, far = (f"NOT {self.no_hi} AND {hi}", f"NOT {self.no_lo} AND {lo}") if op in ("lt", "le") else (f"NOT {self.no_lo} AND {lo}", f"NOT {self.no_hi} AND {hi}")
        opposite = {"lt": ">=", "le": ">", "gt": "<=", "ge": "<"}[op]
        return f"CASE WHEN {v} IS NULL THEN NULL WHEN {near} {_OPS[op]} {v} THEN TRUE WHEN {far} {opposite} {v} THEN FALSE END"
