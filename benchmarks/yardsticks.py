"""What the core is measured against: the relocation rule by hand in numpy, and in DuckDB SQL over the same tables.

The one idea: a yardstick must give the same answer on the same data in the same run, or it measures nothing. The rule: a dwelling with a
notice of line 15 in the last 24 months, income per head below 1.5 times 1,650 CNY, and not above the cap for the household's size.
Amounts are in fen.
"""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import polars as pl

from benchmarks.world import DAY, LINES, District
from matchers.thresholds import days

CAPS = (0, 400_000, 700_000, 900_000, 1_100_000, 1_300_000)
_SINCE = days(date(DAY.year - 2, DAY.month, DAY.day))


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
    found = con.sql(f"""
        WITH total AS (SELECT household, sum(amount) AS amount FROM income JOIN person USING (person) GROUP BY household)
        SELECT household FROM household LEFT JOIN total USING (household)
        WHERE EXISTS (SELECT 1 FROM relocation r WHERE r.dwelling = household.dwelling AND r.line = {LINES.index("L15")}
                      AND r.notice_date BETWEEN {_SINCE} AND {days(DAY)})
          AND 2 * coalesce(amount, 0) < 3 * 165000 * size
          AND coalesce(amount, 0) <= CASE least(size, 5) WHEN 1 THEN 400000 WHEN 2 THEN 700000 WHEN 3 THEN 900000
                                                        WHEN 4 THEN 1100000 ELSE 1300000 END
        ORDER BY household""").pl()
    positions: np.ndarray = found["household"].to_numpy()
    return positions
