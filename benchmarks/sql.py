"""The policies of ``rules.many`` as DuckDB queries, one for each policy, over narrow tables of the same district.

The database is asked what the core is asked: the subjects that each policy lists, for sure or for want of evidence. SQL's own three
values do for the logic; where a set is not covered, "none found" is NULL. Each top condition is a filter of its own, so that DuckDB may
begin with the cheapest. Called by ``benchmarks.anew``.
"""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import polars as pl

from benchmarks.world import DAY, LINES, STREETS, District
from matchers.kernel.batch import MISSING
from matchers.kernel.thresholds import days
from policies.language.tree import Age, All, AnyOf, Compare, DateTest, Node, NoneOf, Policy, Quantifier, Sum
from policies.values import Kind

STATUSES = ("active", "suspended", "ended")
SCHEMES = ("employee", "resident", "rural")
_OPEN = {  # what a row of a table that may hold many a subject must be, to be there today
    table: f'r."from" <= {days(DAY)} AND {days(DAY)} <= r."to"' for table in ("medical_insurance", "pension")
}


def database(district: District, threads: int = 1) -> duckdb.DuckDBPyConnection:
    """The tables the policies read, amounts in fen, days as numbers."""
    con = duckdb.connect(config={"threads": threads})
    hukou, households, income = (district.columns[name] for name in ("hukou", "household", "income"))
    person = pl.DataFrame({name: hukou[name] for name in ("subject", "birth_date", "hukou_since", "division", "link")})
    person = person.rename({"subject": "id", "hukou_since": "since", "division": "street", "link": "household"})
    incomes = pl.DataFrame({"id": income["subject"], "income": income["monthly_income"]})
    frames = {
        "person": person.with_columns(born=pl.when(pl.col("birth_date") != MISSING).then("birth_date"))
        .join(incomes, "id", "left")
        .sort("id"),
        "household": pl.DataFrame({"id": households["subject"], "dwelling": households["link"], "size": households["size"]}).sort("id"),
    }
    for name in ("medical_insurance", "pension", "relocation"):
        frames[name] = pl.DataFrame({("of" if column == "subject" else column): cells for column, cells in district.columns[name].items()})
    for name, frame in frames.items():
        con.register("frame", frame)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
        con.unregister("frame")
    return con


def list_by_query(con: duckdb.DuckDBPyConnection, text: str) -> tuple[np.ndarray, np.ndarray]:
    """The listed subjects, as positions in ascending order, and whether evidence is wanting for each."""
    rows = con.sql(text).pl().sort("id")
    return rows["id"].to_numpy(), rows["wanting"].to_numpy()


def query(policy: Policy) -> str:
    """The query of one policy: id, and whether evidence is wanting."""
    assert isinstance(policy.criteria, All)
    table = "household" if policy.subject is Kind.HOUSEHOLD else "person"
    conditions = [truth(node) for node in policy.criteria.children]
    columns = ", ".join(f"{text} AS c{number}" for number, text in enumerate(conditions))
    names = [f"c{number}" for number in range(len(conditions))]
    condition = " AND ".join(f"{name} IS NOT FALSE" for name in names)
    return f"SELECT id, ({' AND '.join(names)}) IS NULL AS wanting FROM (SELECT s.id, {columns} FROM {table} s) WHERE {condition}"


def truth(node: Node, row: str = "s") -> str:
    """A condition over a row: of the subject, of one of its records, or of a member of the household."""
    match node:
        case All():
            return "(" + " AND ".join(truth(child, row) for child in node.children) + ")"
        case AnyOf():
            return "(" + " OR ".join(truth(child, row) for child in node.children) + ")"
        case NoneOf():
            return "(NOT (" + " OR ".join(truth(child, row) for child in node.children) + "))"
        case Age():
            latest_birth = days(date(DAY.year - _value(node), DAY.month, DAY.day))
            return f"({row}.born {'<=' if node.op == 'ge' else '>'} {latest_birth})"
        case DateTest():
            assert node.period is not None and not node.period.days
            return f"({row}.since <= {days(date(DAY.year - node.period.months // 12, DAY.month, DAY.day))})"
        case Compare():
            return _compare(node, row)
        case Quantifier():
            return _quantifier(node)
        case Sum():
            return _sum(node)
    raise AssertionError(node)


def _value(node: Age | Compare | Quantifier | Sum) -> int:
    return int(node.value.values[0])  # type: ignore[union-attr,arg-type]  # literals only


def _compare(node: Compare, row: str) -> str:
    code = node.value.values[0]  # type: ignore[union-attr]  # as above
    match node.ref.field:
        case "status":
            return f"({row}.status = {STATUSES.index(str(code))})"
        case "scheme":
            return f"({row}.scheme = {SCHEMES.index(str(code))})"
        case "line":
            return f"({row}.line = {LINES.index(str(code))})"
        case "division":
            return f"({row}.street = {STREETS.index(str(code))})"
        case "monthly_income":
            return f"(coalesce({row}.income, 0) < {100 * _value(node)})"
        case "amount":
            return f"({row}.amount < {100 * _value(node)})"
    assert node.ref.field == "size"
    return f"({row}.size >= {_value(node)})"


_COVERED = f"s.street <> {len(STREETS) - 1}"
"""Every feed is covered everywhere, but for insurance in the last street (``world.statements``)."""


def _quantifier(node: Quantifier) -> str:
    where = truth(node.where, "r") if node.where is not None else "TRUE"
    last = node.path[-1].name
    if node.path[-1].kind == "members":
        there, maybe = (f"EXISTS (SELECT 1 FROM person r WHERE r.household = s.id AND {test})" for test in (where, f"({where}) IS NULL"))
        return f"(CASE WHEN {there} THEN TRUE WHEN {maybe} THEN NULL ELSE FALSE END)"
    if last == "relocation":
        return f"(EXISTS (SELECT 1 FROM relocation r WHERE r.of = s.dwelling AND {where}))"
    covered = _COVERED if last == "medical_insurance" else "TRUE"
    if node.kind == "count":
        number = f"(SELECT count(*) FROM {last} r WHERE r.of = s.id AND {_OPEN[last]})"
        return f"(CASE WHEN {number} >= {_value(node)} THEN TRUE WHEN {covered} THEN FALSE END)"
    exists = f"EXISTS (SELECT 1 FROM {last} r WHERE r.of = s.id AND {_OPEN[last]} AND {where})"
    return f"({'NOT ' if node.kind == 'none' else ''}(CASE WHEN {exists} THEN TRUE WHEN {covered} THEN FALSE END))"


def _sum(node: Sum) -> str:
    if node.per is not None:
        total = "coalesce((SELECT sum(r.income) FROM person r WHERE r.household = s.id), 0)"
        return f"({total} < {100 * _value(node)} * s.size)"
    total = f"coalesce((SELECT sum(r.amount) FROM pension r WHERE r.of = s.id AND {_OPEN['pension']}), 0)"
    return f"({total} < {100 * _value(node)})"
