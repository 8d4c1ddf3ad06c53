"""How far a database was pulled: the greatest value of the watermark column, as text that can be kept and as SQL.

Called by ``connectors.pickup.sql`` and ``services.deliveries.sql_pulls``. A value is written into the query as a literal and not bound,
because a bound query of PostgreSQL is not streamed. The literal is made of a value whose kind is known, never of a text as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias

from policies.problems.problems import HuiminError
from policies.values import Text

Kind: TypeAlias = Literal["int", "text", "date", "time", "zoned"]


@dataclass(frozen=True, slots=True)
class Watermark:
    """A value of the watermark column.

    Args:
        text: ISO 8601 for days and times; of a time with a zone, in UTC.
    """

    kind: Kind
    text: str

    def literal(self, driver: str) -> str:
        """The value in SQL.

        Example:
            >>> Watermark("date", "2026-10-15").literal("postgresql"), Watermark("text", "O'Hara").literal("sqlite")
            ("DATE '2026-10-15'", "'O''Hara'")
        """
        if self.kind == "int":
            return str(int(self.text))
        quoted_text = "'" + self.text.replace("'", "''") + "'"
        type_name = {"date": "DATE ", "time": "TIMESTAMP ", "zoned": "TIMESTAMPTZ "}.get(self.kind, "")
        return (type_name if driver == "postgresql" else "") + quoted_text

    def minus(self, overlap: timedelta | None) -> Watermark:
        """The value so much earlier.

        Raises:
            HuiminError: it is no day and no time.
        """
        if overlap is None:
            return self
        if self.kind == "date":
            return watermark_of(date.fromisoformat(self.text) - overlap)
        if self.kind in ("time", "zoned"):
            return watermark_of(datetime.fromisoformat(self.text) - overlap)
        zh, en = "overlap 只用于日期和时间的 watermark；请删去它。", "`overlap` needs a watermark of days or times; take it out."
        raise HuiminError(Text(zh, en), 3)


def watermark_of(value: object) -> Watermark:
    """The watermark of a value of a row.

    Raises:
        HuiminError: values of its type are not ordered as their texts would be.

    Example:
        >>> watermark_of(7), watermark_of(date(2026, 10, 15))
        (Watermark(kind='int', text='7'), Watermark(kind='date', text='2026-10-15'))
    """
    match value:
        case bool():
            pass
        case int():
            return Watermark("int", str(value))
        case str():
            return Watermark("text", value)
        case datetime(tzinfo=None):
            return Watermark("time", value.isoformat(sep=" "))
        case datetime():
            return Watermark("zoned", value.astimezone(UTC).isoformat(sep=" "))
        case date():
            return Watermark("date", value.isoformat())
    kind = type(value).__name__
    zh = f"watermark 列应为整数、文字、日期或时间，不是 {kind}；请在查询里转换（如 CAST(… AS bigint)）。"
    en = f"The watermark column is to hold whole numbers, texts, days or times, not {kind}; convert it in the query (CAST(… AS bigint))."
    raise HuiminError(Text(zh, en), 3)
