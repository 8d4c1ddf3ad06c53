"""Rows of a database, streamed in batches over ADBC; the database is only read.

Called by ``services.deliveries.sql_pulls``. The document's query is put into another that orders it and leaves out what was pulled before.
Rows whose watermark equals the last one are read again: several rows may share it, and of a record that is the same nothing changes. So are
rows without a watermark.

Messages of a database may quote a cell, so only those about the connection and the query itself are passed on.
Source: ADBC 1.1; SQLSTATE (PostgreSQL, appendix A).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

from connectors.pickup.forms import SqlForm
from connectors.pickup.watermarks import Watermark
from policies.problems.problems import HuiminError, comma_list, suggestion
from policies.values import Text

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

SHANGHAI = timezone(timedelta(hours=8))
_PLAIN = re.compile(
    r"SQLSTATE: (08|28|3D|42|53|57)|no such (column|table|function)|syntax error|unable to open|not a database|readonly", re.I
)
"""Errors whose messages quote the query or the connection, and no cell."""
_BYTES_A_ROW = 512


class Unreachable(HuiminError):
    """A database or a server that cannot be reached, or lets nobody in (operator: mend the connection; 4). Trying again may help."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 4)


class UnusableQuery(HuiminError):
    """A query of ``ways_in.yaml`` that the database refuses, or whose result cannot be records (its author; 3)."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 3)


@dataclass(frozen=True, slots=True)
class PulledRows:
    """Some rows: for each the values of the wanted columns, as JSON has them, and its watermark where there is one."""

    rows: list[dict[str, Any]]
    watermarks: list[object]


@contextmanager
def database(form: SqlForm, uri: str) -> Iterator[Connection]:
    """A connection on which nothing can be written.

    Raises:
        Unreachable: there is no such database, or it lets nobody in.
    """
    from adbc_driver_manager import Error

    try:
        if form.driver == "sqlite":
            from adbc_driver_sqlite import dbapi as sqlite

            connection = sqlite.connect(_readonly(uri))
        else:
            from adbc_driver_postgresql import dbapi as postgresql  # type: ignore[import-untyped]  # it ships no types

            connection = postgresql.connect(uri)
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            connection.commit()
    except Error as error:
        raise Unreachable(_words(error, "连不上数据库", "The database cannot be reached", is_connection=True)) from None
    with connection:
        yield connection


def _readonly(uri: str) -> str:
    """The URI of a file of SQLite that is opened to read, and is not made where there is none."""
    if uri.startswith("file:"):
        return uri if "mode=" in uri else uri + ("&" if "?" in uri else "?") + "mode=ro"
    return f"file:{quote(str(Path(uri).absolute()))}?mode=ro"


def pulled_rows(
    connection: Connection, form: SqlForm, columns: Sequence[str], after: Watermark | None, key: str
) -> Iterator[PulledRows]:  # fmt: skip
    """The rows of a query in batches.

    Args:
        columns: those that are wanted, as far as the result has them; others are not read.
        after: the watermark of the pull before; None for all rows.
        key: the column that orders rows of one watermark, so that the same rows come in the same order.

    Raises:
        UnusableQuery: the query is refused, or a value is none that a cell can hold.
    """
    from adbc_driver_manager import Error
    from pyarrow import ArrowException  # type: ignore[import-untyped]  # it ships no types

    try:
        with connection.cursor() as cursor:
            names = _names(connection, form)
            options = {
                "sqlite": ("adbc.sqlite.query.batch_rows", form.rows),
                "postgresql": ("adbc.postgresql.batch_size_hint_bytes", form.rows * _BYTES_A_ROW),
            }
            name, value = options[form.driver]
            cursor.adbc_statement.set_options(**{name: str(value)})
            cursor.execute(query_of(form, after, key if key in names else None))
            wanted = [column for column in dict.fromkeys(columns) if column in names]
            for batch in cursor.fetch_record_batch():
                values = {
                    column: batch.column(column).to_pylist()
                    for column in dict.fromkeys([*wanted, *([form.watermark] if form.watermark else [])])
                }
                cells = [[_cell(value, column) for value in values[column]] for column in wanted]
                rows = [dict(zip(wanted, row, strict=True)) for row in zip(*cells, strict=True)]
                yield PulledRows(rows, [] if form.watermark is None else values[form.watermark])
    except (Error, OSError, ArrowException) as error:  # of the query; of a row while it is streamed
        raise UnusableQuery(_words(error, "数据库拒绝了查询", "The database refused the query")) from None


def query_of(form: SqlForm, after: Watermark | None, key: str | None = None) -> str:
    """The query that is sent: the document's own, what is new of it, in the order of the watermark."""
    own = f"SELECT * FROM (\n{form.query.strip().rstrip(';')}\n) AS pulled"
    if form.watermark is None:
        return own
    column = _name(form.watermark)
    since = "" if after is None else f" WHERE {column} >= {after.minus(form.overlap).literal(form.driver)} OR {column} IS NULL"
    return f"{own}{since} ORDER BY {column}" + (f", {_name(key)}" if key else "")


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _names(connection: Connection, form: SqlForm) -> list[str]:
    """The columns of the result; the watermark is one of them. (SQLite takes a quoted name that it does not know for a text.)"""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM (\n{form.query.strip().rstrip(';')}\n) AS pulled LIMIT 0")
        names = list(cursor.fetch_record_batch().schema.names)
    if form.watermark is not None and form.watermark not in names:
        near, there = suggestion(form.watermark, names), comma_list(names)
        zh = f"查询结果里没有 watermark 列“{form.watermark}”。{near.zh or '它的列：' + there}"
        raise UnusableQuery(Text(zh, f"The result has no watermark column {form.watermark!r}.{near.en or ' Its columns: ' + there}"))
    return names


def _cell(value: object, column: str) -> object:
    """A value as JSON lines hold it: text as a unit would have written it in a file; times are those of Shanghai."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return format(Decimal(repr(value)), "f")
        case datetime():
            local = value if value.tzinfo is None else value.astimezone(SHANGHAI).replace(tzinfo=None)
            return local.isoformat(sep=" ")
        case Decimal():
            return format(value, "f")
        case UUID():
            return str(value)
        case time():
            return value.isoformat()
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    kind = type(value).__name__
    zh = f"查询结果的“{column}”列是 {kind}，不能作格子；请在查询里转换成文字。"
    raise UnusableQuery(Text(zh, f"The column {column!r} of the result holds {kind}, which is no cell; make it text in the query."))


def _words(error: Exception, zh: str, en: str, is_connection: bool = False) -> Text:
    """The sentence about an error of a driver; its own words only where they are of the connection or the query."""
    first = str(error).split("\n")[0].strip()
    if is_connection or (not isinstance(error, OSError) and _PLAIN.search(str(error))):
        return Text(f"{zh}：{first}", f"{en}: {first}")
    state = re.search(r"SQLSTATE: (\w+)", str(error))
    code = f"SQLSTATE {state[1]}" if state else type(error).__name__
    return Text(
        f"{zh}（{code}；原话可能引用数据，不显示）。请用数据库自己的工具试这条查询。",
        f"{en} ({code}; its own words may quote data and are not shown). Try the query with the database's own tool.",
    )
