"""The yardsticks of the core: the relocation rule by hand in numpy, and in DuckDB SQL over the same tables.

A yardstick must give the same answer on the same data in the same run. The rule: a dwelling with a notice of line 15 in the last 24
months, income per head below 1.5 times 1,650 CNY, and not above the cap for the household's size. Amounts are in fen.
"""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import polars as pl

from benchmarks.world import DAY, LINES, District
from matchers.kernel.thresholds import days

CAPS = (0, 400_000, 700_000, 900_000, 1_100_000, 1_300_000)
_SINCE, _SINCE_AMENDED = (days(date(DAY.year - years, DAY.month, DAY.day)) for years in (2, 3))


def by_hand(district: District) -> np.ndarray:
    """Households that satisfy the rule, as positions: flags over dwellings, a sum over persons, two comparisons."""
    notices, income, households = district.columns["relocation"], district.columns["income"], district.columns["household"]
    hit = (notices["line"] == LINES.index("L15")) & (notices["notice_date"] >= _SINCE) & (notices["notice_date"] <= days(DAY))
    under = np.zeros(len(district.street), np.bool_)
    under[notices["subject"][hit]] = True
    total = np.bincount(district.household_of[income["subject"]], income["monthly_income"], len(district.dwelling_of))
    size = np.empty(len(district.dwelling_of), np.int64)
    size[households["subject"]] = households["size"]
    cap = np.array(CAPS)[np.minimum(size, 5)]
    return np.flatnonzero(under[district.dwelling_of] & (2 * total < 3 * 165_000 * size) & ~(total > cap))


def database(district: District, threads: int = 1) -> duckdb.DuckDBPyConnection:
    """The four tables of the rule in DuckDB."""
    con = duckdb.connect(config={"threads": threads})
    notices, income, households = district.columns["relocation"], district.columns["income"], district.columns["household"]
    frames = {
        "relocation": pl.DataFrame({"dwelling": notices["subject"], "line": notices["line"], "notice_date": notices["notice_date"]}),
        "income": pl.DataFrame({"person": income["subject"], "amount": income["monthly_income"]}),
        "person": pl.DataFrame({"person": np.arange(district.persons), "household": district.household_of}),
        "household": pl.DataFrame(
            {"household": households["subject"], "dwelling": district.dwelling_of[households["subject"]], "size": households["size"]}
        ),
    }
    for name, frame in frames.items():
        con.register("frame", frame)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
        con.unregister("frame")
    return con


def by_sql(con: duckdb.DuckDBPyConnection) -> np.ndarray:
    """The same households, by one query."""
    rows = con.sql(f"{_TOTAL} {_list_query(_SINCE, '1.5')} ORDER BY household").pl()
    positions: np.ndarray = rows["household"].to_numpy()
    return positions


def amended_by_sql(con: duckdb.DuckDBPyConnection) -> tuple[np.ndarray, np.ndarray]:
    """Households that enter and leave by ``rules.AMENDED``, as positions, by one query."""
    rows = con.sql(f"""
        {_TOTAL}, was AS ({_list_query(_SINCE, "1.5")}), now AS ({_list_query(_SINCE_AMENDED, "1.2")})
        SELECT coalesce(was.household, now.household) AS household, was.household IS NULL AS entered
        FROM was FULL JOIN now ON was.household = now.household
        WHERE was.household IS NULL OR now.household IS NULL ORDER BY 1""").pl()
    entered: np.ndarray = rows["entered"].to_numpy()
    positions: np.ndarray = rows["household"].to_numpy()
    return positions[entered], positions[~entered]


_TOTAL = "WITH total AS (SELECT household, sum(amount) AS amount FROM income JOIN person USING (person) GROUP BY household)"


def _list_query(since: int, times: str) -> str:
    """Households of one version: from which day notices count, and below how many times the allowance."""
    return f"""
        SELECT household FROM household LEFT JOIN total USING (household)
        WHERE EXISTS (SELECT 1 FROM relocation r WHERE r.dwelling = household.dwelling AND r.line = {LINES.index("L15")}
                      AND r.notice_date BETWEEN {since} AND {days(DAY)})
          AND coalesce(amount, 0) < {times} * 165000 * size
          AND coalesce(amount, 0) <= CASE least(size, 5) WHEN 1 THEN 400000 WHEN 2 THEN 700000 WHEN 3 THEN 900000
                                                        WHEN 4 THEN 1100000 ELSE 1300000 END"""
