"""The options that say which candidates of a list are wanted, for ``candidates list`` and ``candidates visit``.

All but the last may be given several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both

if TYPE_CHECKING:
    from services.lists.filters import ListFilter

Street = Annotated[
    list[str] | None,
    typer.Option("--street", metavar="STREET", help=both("只看这个街镇：名称或代码", "only this street, by name or code")),
]
Status = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        help=both("只看这一状态：eligible、to_check、needs_evidence", "only eligible, to_check or needs_evidence"),
    ),
]
Outcome = Annotated[
    list[str] | None,
    typer.Option(
        "--outcome",
        metavar="OUTCOME",
        help=both("只看这一反馈，如 contacted；none 为还没有的", "only this outcome, as contacted; none: those without"),
    ),
]
Assigned = Annotated[
    list[str] | None,
    typer.Option(
        "--assigned",
        metavar="NAME",
        help=both("只看分派给此人的；none 为未分派的", "only those assigned to this person; none: to nobody"),
    ),
]
NewSince = Annotated[
    str | None,
    typer.Option(
        "--new-since",
        metavar="EDITION|DATE",
        help=both("只看这一期之后、或这一天起新上名单的", "only those who were not on the list after this edition, or before this day"),
    ),
]


def list_filter(
    streets: Sequence[str] | None, statuses: Sequence[str] | None, outcomes: Sequence[str] | None, assigned: Sequence[str] | None,
    new_since: str | None,
) -> ListFilter:  # fmt: skip
    """The filter of these options."""
    from services.lists.filters import ListFilter

    return ListFilter(tuple(streets or ()), tuple(statuses or ()), tuple(outcomes or ()), tuple(assigned or ()), new_since)
