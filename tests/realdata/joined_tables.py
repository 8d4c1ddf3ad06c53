"""The joined tables in DuckDB: the original files beside the fates and the statements that count."""

from __future__ import annotations

import duckdb
import polars as pl

from tests.realdata.coverage import FRESH
from tests.realdata.deliveries import Deliveries
from tests.realdata.plan import AS_OF, DATA, HERE

OPTIONAL = {
    "bayarea": "c.income AS income_to, c.tenancy AS tenancy_to, NULL::DATE AS work_to",
    "detroit": "NULL::DATE AS income_to, c.work AS work_to",
}


def joined_connection(folder: str, deliveries: Deliveries, sources: list[tuple[str, str, str]]) -> duckdb.DuckDBPyConnection:
    """A connection that has the tables of ``joined.sql``."""
    con = duckdb.connect()
    con.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET threads = 2")
    con.execute(
        f"SET VARIABLE persons = '{DATA / folder / 'persons.csv.gz'}'; SET VARIABLE households = '{DATA / folder / 'households.csv.gz'}'"
    )
    con.execute(f"SET VARIABLE day = DATE '{AS_OF}'")
    counting = [s.line for s in deliveries.statements if s.counts]
    tables = {
        "fate": pl.concat(deliveries.fates),
        "source": pl.DataFrame(sources, ["feed", "unit", "division"], orient="row"),
        "statement": pl.DataFrame({c: [line[c] for line in counting] for c in ("feed", "unit", "division", "complete_to")}),
        "looked_up": pl.DataFrame({"feed": "employment", "id": deliveries.looked_up, "upto": FRESH}),
    }
    for name, frame in tables.items():
        con.register(f"given_{name}", frame)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM given_{name}")
    con.execute("ALTER TABLE statement RENAME complete_to TO upto; ALTER TABLE statement ALTER upto TYPE DATE")
    con.execute((HERE / folder / "people.sql").read_text(encoding="utf-8"))
    con.execute((HERE / "joined.sql").read_text(encoding="utf-8").replace("{optional}", OPTIONAL[folder]))
    return con
