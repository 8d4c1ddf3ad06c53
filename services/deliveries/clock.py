"""The day of a state: moved on by ``tick``; and the day on which something comes in.

A wrong clock would cause exits that nobody wanted. So a move of the day back, or far ahead, is a question first, with the changes of lists
that it would cause: the ticks are tried on a copy of the state. The caller answers: a person at a terminal, or an option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import Notify, announce_holds, held_changes
from services.progress import Progress, silent
from services.results import Key
from services.state.as_of import disposable_state

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from services.deliveries.deferring import DeferringHost
    from streams.host import Host
    from streams.language.messages import CandidateChange, Tick

FAR = 40
"""Days: a move further ahead is a question. A month passes without one; a slip in the month or the year does not."""
LONGEST_TRIAL = 400
"""Days: a longer move is not tried before the question. It would take too long, and its length says enough."""


@dataclass(frozen=True, slots=True)
class ForeseenChanges:
    """The changes of lists that a move of the day would cause.

    Args:
        changes: the lines.
        held_count: the number of further changes that would be held back.
    """

    changes: Sequence[CandidateChange]
    titles: Mapping[str, Text]
    held_count: int


@dataclass(frozen=True, slots=True)
class DayQuestion:
    """A move of the day that somebody has to confirm.

    Args:
        foreseen: the changes it would cause; None where it is too long to be tried.
    """

    start: date
    day: date
    foreseen: ForeseenChanges | None


@dataclass(frozen=True, slots=True)
class DayMove:
    """A move of the day, and the changes of lists that it caused.

    Args:
        start: null for the first day of a state.
        confirmed: the person who confirmed it, where it was a question.
    """

    start: Annotated[date | None, Key("from")]
    day: Annotated[date, Key("to")]
    confirmed: str | None
    changes: Changes
    titles: Titles


Confirm: TypeAlias = Callable[[DayQuestion], bool]
Trust: TypeAlias = Callable[[date, date], bool]
"""Whether this machine's clock, far ahead of the state's day, is right; called with both."""


def move_day(
    workspace: Workspace,
    today: date,
    *,
    to: date | None = None,
    days: int | None = None,
    by: str,
    confirm: Confirm | None,
    notify: Notify,
    progress: Progress = silent,
) -> DayMove:
    """Move the day on, to a day or by some days; by default to today. Only the subjects that are due are judged again.

    Args:
        by: the person who confirms a move that is a question.
        confirm: answers the question; None: the answer is yes.

    Raises:
        HuiminError: both a day and a number of days are given, or the day is impossible. Conflict: it is not confirmed.
    """
    from streams.steps.consequences import require_possible_day
    from streams.steps.state import NO_DAY

    if to is not None and days is not None:
        raise HuiminError(Text("--to 和 --days 只能给一个。", "Give --to or --days, not both."), 2)
    changes: list[CandidateChange] = []
    with workspace.writing(sphere="decisions") as host, announce_holds(host, notify):
        before = None if host.state.day == NO_DAY else host.state.day
        start = before or today
        day = to or (start + timedelta(days) if days else today)
        require_possible_day(day)
        confirmed = None
        if is_far(start, day):
            if confirm is not None:
                _confirm(host, start, day, confirm, progress)
            confirmed = by
        with progress(Text("逐日判断", "Day by day"), max((day - start).days, 1)) as advance:
            for tick in ticks(start, day, confirmed):
                changes += host.submit(tick).changes
                advance(1)
        listing = list_changes(changes, host.state.registry)
    return DayMove(before, day, confirmed, listing.changes, listing.titles)


def _confirm(host: Host, start: date, day: date, confirm: Confirm, progress: Progress) -> None:
    if not confirm(DayQuestion(start, day, foreseen_changes(host, start, day, progress))):
        zh = f"日期未动，仍是 {start}。请核对日期和本机时钟；确实要改，请加 --yes（可用 --by 写明由谁确认）。"
        en = f"The day stays {start}. Look at the date and at the clock; if it is meant, add --yes (and --by: who confirms it)."
        raise Conflict(Text(zh, en))


def day_of_receipt(host: Host | DeferringHost, today: date, trust: Trust | None) -> date:
    """The day on which something comes in: this machine's day, or the state's if that is later.

    Args:
        trust: None where the clock is right.

    Raises:
        Conflict: the clock is far ahead of the state's day, and nobody says that it is right.
    """
    from streams.steps.state import NO_DAY

    day = host.state.day
    if trust is not None and day != NO_DAY and today - day > timedelta(FAR) and not trust(today, day):
        zh = "没有接收。请校正本机时钟，或先运行 huimin tick；时钟无误，请加 --yes。"
        raise Conflict(Text(zh, "Nothing was taken in. Set the clock, or run huimin tick first; if the clock is right, add --yes."))
    return max(today, day)


def is_far(start: date, day: date) -> bool:
    """Whether a day is before the start, or far ahead of it."""
    return day < start or day - start > timedelta(FAR)


def ticks(start: date, day: date, confirmed: str | None = None) -> Iterator[Tick]:
    """The ticks from one day to another: one for each day ahead, one for a move back, one for the same day.

    Args:
        confirmed: the person who confirmed the move. The first tick carries the name, with the last day.
    """
    from streams.language.messages import Tick

    first = min(start + timedelta(1), day)
    yield Tick(first, confirmed, None if confirmed is None else day)
    for ahead in range(1, (day - first).days + 1):
        yield Tick(first + timedelta(ahead))


def foreseen_changes(host: Host, start: date, day: date, progress: Progress = silent) -> ForeseenChanges | None:
    """The changes that the ticks from one day to another would cause, if nothing else came; None where they are too many to try.

    The host does not change.
    """
    from streams.steps.steps import step

    if day - start > timedelta(LONGEST_TRIAL):
        return None
    state = disposable_state(host)
    before = sum(map(len, held_changes(state).values()))
    changes: list[CandidateChange] = []
    with progress(Text("试算", "Trying it"), max((day - start).days, 1)) as advance:
        for tick in ticks(start, day):
            changes += step(state, tick, state.offset + 1)
            advance(1)
    held_count = sum(map(len, held_changes(state).values())) - before
    listing = list_changes(changes, state.registry)
    return ForeseenChanges(listing.changes, listing.titles, held_count)
