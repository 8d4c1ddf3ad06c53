"""The options ``--as-of`` and ``--known-at``: the day for which a verb judges, and the moment whose state it reads."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from console.cli.i18n import both
from infra.settings import day, moment

AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help=both("按这一天判断", "judge as of this day"))]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="DATE|#N",
        help=both("按那天结束时（或第 N 条消息之后）所知", "from what was known at the end of that day, or behind message N"),
    ),
]


def as_of(text: str | None) -> date | None:
    """The date of ``--as-of``, None where it was not given."""
    return None if text is None else day(text)


def known_at(text: str | None) -> int | date | None:
    """The moment of ``--known-at``, None where it was not given."""
    return None if text is None else moment(text)
