"""The day of a state: moved on by ``tick``, and the day on which something comes in.

A clock that is wrong would tell exits that nobody meant. So a move back, or far ahead of where the state stands, is a question first, with
what it would tell; the ticks are tried on a copy of the state that is thrown away, by the steps themselves. The answer comes from the
caller: a person at a terminal, or an option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import Notify, announced_holds, held_back
from services.progress import Progress, silent
from services.results import Key
from services.state.as_of import thrown_away

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from services.deliveries.expecting import Expecting
    from streams.host import Host
    from streams.language.messages import CandidateChange, Tick

FAR = 40
"""Days: further ahead is asked about. A month is passed without a word, a slip in the month or the year is not."""
LONGEST_TRIAL = 400
"""Days: a longer way is not tried before the question, it would take too long; that it is so long says enough."""


@dataclass(frozen=True, slots=True)
class ForeseenChanges:
    """What a move of the day would tell.

    Args:
        changes: the lines.
        held: how many more would be held back.
    """

    changes: Sequence[CandidateChange]
    titles: Mapping[str, Text]
    held: int


@dataclass(frozen=True, slots=True)
class DayQuestion:
    """A move of the day that somebody has to confirm.

    Args:
        foreseen: what it would tell; None where it is too long to be tried.
    """

    start: date
    day: date
    foreseen: ForeseenChanges | None


@dataclass(frozen=True, slots=True)
class DayMove:
    """A move of the day, and the changes of lists that it caused.

    Args:
        start: null for the first day of a state.
        confirmed: who confirmed it, where it was a question.
    """

    start: Annotated[date | None, Key("from")]
    day: Annotated[date, Key("to")]
    confirmed: str | None
    changes: Changes
    titles: Titles


Confirm: TypeAlias = Callable[[DayQuestion], bool]
Trust: TypeAlias = Callable[[date, date], bool]
"""Is this machine's clock right, which is far ahead of the state's day? It is given both."""


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
    """Move the day on, to a day or by some days; to today where neither is given. Only those who are due are judged again.

    Args:
        by: who confirms a move that is a question.
        confirm: answers the question; None: the answer is yes.

    Raises:
        HuiminError: both a day and a number of days are given; the day cannot be. Conflict: it is not confirmed, and nothing has changed.
    """
    from streams.steps.consequences import possible_day
    from streams.steps.state import NO_DAY

    if to is not None and days is not None:
        raise HuiminError(Text("--to 和 --days 只能给一个。", "Give --to or --days, not both."), 2)
    changes: list[CandidateChange] = []
    with workspace.writing() as host, announced_holds(host, notify):
        before = None if host.state.day == NO_DAY else host.state.day
        start = before or today
        day = to or (start + timedelta(days) if days else today)
        possible_day(day)
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


def day_of_receipt(host: Host | Expecting, today: date, trust: Trust | None) -> date:
    """The day on which something comes in: this machine's, not before the state's.

    Args:
        trust: None where the clock is right.

    Raises:
        Conflict: it is far ahead of the state's, and nobody says that the clock is right.
    """
    from streams.steps.state import NO_DAY

    day = host.state.day
    if trust is not None and day != NO_DAY and today - day > timedelta(FAR) and not trust(today, day):
        zh = "没有接收。请校正本机时钟，或先运行 huimin tick；时钟无误，请加 --yes。"
        raise Conflict(Text(zh, "Nothing was taken in. Set the clock, or run huimin tick first; if the clock is right, add --yes."))
    return max(today, day)


def is_far(start: date, day: date) -> bool:
    """Is a day before where a clock stands, or far ahead of it?"""
    return day < start or day - start > timedelta(FAR)


def ticks(start: date, day: date, confirmed: str | None = None) -> Iterator[Tick]:
    """The ticks from one day to another: each day ahead, or the one back; the same day is one tick, too.

    Args:
        confirmed: who said yes to it. It stands in the first of them, with the day they go to.
    """
    from streams.language.messages import Tick

    first = min(start + timedelta(1), day)
    yield Tick(first, confirmed, None if confirmed is None else day)
    for ahead in range(1, (day - first).days + 1):
        yield Tick(first + timedelta(ahead))


def foreseen_changes(host: Host, start: date, day: date, progress: Progress = silent) -> ForeseenChanges | None:
    """What the ticks from one day to another would tell, if nothing else came; None where they are too many to try.

    The host goes on undisturbed.
    """
    from streams.steps.steps import step

    if day - start > timedelta(LONGEST_TRIAL):
        return None
    state = thrown_away(host)
    before = sum(map(len, held_back(state).values()))
    changes: list[CandidateChange] = []
    with progress(Text("试算", "Trying it"), max((day - start).days, 1)) as advance:
        for tick in ticks(start, day):
            changes += step(state, tick, state.offset + 1)
            advance(1)
    held_count = sum(map(len, held_back(state).values())) - before
    return ForeseenChanges(changes, list_changes(changes, state.registry).titles, held_count)
