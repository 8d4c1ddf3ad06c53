"""The questions about a doubtful clock: a day back or far ahead, and receipt on a day far ahead of the state.

Each question says what would happen. Without a terminal and without ``--yes`` the answer is no. ``tick``, ``ingest``, ``feed coverage``
and ``feed listen`` call it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both
from console.cli.session import Session
from console.text.words import CHANGES, number, with_noun
from policies.values import Text

if TYPE_CHECKING:
    from services.deliveries.clock import Confirm, DayQuestion, ForeseenChanges, Trust

Yes = Annotated[bool, typer.Option("--yes", help=both("日期退回或相差很多也不再询问", "do not ask about a day back, or far off"))]
By = Annotated[str, typer.Option("--by", metavar="NAME", help=both("由谁确认（默认登录名）", "who confirms it (default: the login name)"))]


def confirm(session: Session) -> Confirm:
    """A function that asks about a move of the day, and says which lines of lists it would cause."""

    def ask(question: DayQuestion) -> bool:
        move, lines = _move(question.start, question.day), _lines(question.foreseen)
        session.warn(Text(f"{move.zh}{lines.zh}。", f"{move.en} {lines.en}."))
        return session.confirm(Text(f"日期改为 {question.day}？", f"Move the day to {question.day}?"))

    return ask


def trust(session: Session, yes: bool) -> Trust | None:
    """A function that asks whether a clock far ahead of the state is right; None with ``--yes``."""

    def ask(today: date, day: date) -> bool:
        ahead = (today - day).days
        zh = f"本机时钟是 {today}，状态的日期是 {day}，相差 {ahead} 天。收到之日将记为 {today}，文件和声明所写的日子可以晚到那一天。"
        en = (
            f"This machine's clock says {today}; the state's day is {day}, {ahead} days before. What comes in now is received on {today}, "
            "and may name days up to that."
        )
        session.warn(Text(zh, en))
        return session.confirm(Text("时钟对吗？", "Is the clock right?"))

    return None if yes else ask


def _move(start: date, day: date) -> Text:
    count = abs((day - start).days)
    zh, en = f"（{number(count)} 天）。", f"({with_noun(count, 'day')})."
    if day < start:
        return Text(f"日期将由 {start} 退回到 {day}{zh}", f"The day would go back from {start} to {day} {en}")
    return Text(f"日期将由 {start} 跳到 {day}{zh}", f"The day would jump from {start} to {day} {en}")


def _lines(foreseen: ForeseenChanges | None) -> Text:
    """How many lines there would be, on which lists, and how many changes would be held back."""
    from services.deliveries.clock import LONGEST_TRIAL

    if foreseen is None:
        zh = f"超过 {LONGEST_TRIAL} 天，没有逐日试算，名单会怎样变动不得而知"
        return Text(zh, f"That is more than {LONGEST_TRIAL} days: it was not tried, so nobody knows what it would tell")
    count, held_back = len(foreseen.changes), Text("", "")
    if foreseen.held_count:
        more = number(foreseen.held_count)
        held_back = Text(f"；另有 {more} 个暂缓", f"; {more} more would be held back")
    if not count:
        return Text(f"名单不会变动{held_back.zh}", f"No list would change{held_back.en}")
    zh, en = "；".join(_parts(foreseen, "zh")), "; ".join(_parts(foreseen, "en"))
    return Text(f"名单将变动 {number(count)} 行：{zh}{held_back.zh}", f"That would tell {with_noun(count, 'line')}: {en}{held_back.en}")


def _parts(foreseen: ForeseenChanges, language: str) -> Iterator[str]:
    """For each policy: how many would enter, leave and change."""
    alike = Counter((change.policy, change.change) for change in foreseen.changes)
    form = Text("“{}” {}", "{}: {}")[language]
    for policy in sorted({policy for policy, _ in alike}):
        kinds = ", ".join(f"{CHANGES[kind][language]} {number(alike[policy, kind])}" for kind in CHANGES if alike[policy, kind])
        yield form.format(foreseen.titles[policy][language], kinds)
