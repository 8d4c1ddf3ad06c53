"""When a feed is pulled: every so often, or at a time of day in Shanghai.

Called by ``connectors.pickup.ways_in``, and by whatever runs pulls by itself: ``is_due``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias

_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Every:
    """So long after the run before."""

    period: timedelta


@dataclass(frozen=True, slots=True)
class DailyAt:
    """Once a day, at this time or as soon after it as somebody asks."""

    time: time


Schedule: TypeAlias = Every | DailyAt


def duration(text: str) -> timedelta:
    """A duration as ISO 8601 writes it, of days, hours, minutes and seconds; longer than none.

    Raises:
        ValueError: it is written otherwise.

    Example:
        >>> duration("PT1H30M")
        datetime.timedelta(seconds=5400)
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"not a duration: {text!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not length:
        raise ValueError(f"no length: {text!r}")
    return length


def time_of_day(text: str) -> time:
    """A time of day, written 02:30.

    Raises:
        ValueError: it is written otherwise.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a time of day: {text!r}")
    return time(int(match[1]), int(match[2]))


def is_due(schedule: Schedule | None, last: datetime | None, now: datetime) -> bool:
    """Whether a run is due; never without a schedule.

    Args:
        last: the beginning of the run before; None before the first.
        now: in the zone of ``last``, which is that of the time of day.

    Example:
        >>> is_due(DailyAt(time(2, 30)), datetime(2026, 10, 14, 2, 31), datetime(2026, 10, 15, 2, 29))
        False
    """
    match schedule:
        case None:
            return False
        case Every(period):
            return last is None or now - last >= period
        case DailyAt(at):
            today = datetime.combine(now.date(), at, now.tzinfo)
            latest = today if now >= today else today - timedelta(days=1)
            return last is None or last < latest
