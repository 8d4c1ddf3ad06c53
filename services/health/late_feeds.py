"""Units whose coverage is late: later than their contract expects, or than a policy allows.

The examination of the state calls this.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from policies.values import Period, Text
from services.health.finding import Finding

if TYPE_CHECKING:
    from streams.steps.state import State


def late_feeds(state: State) -> Iterator[Finding]:
    """A finding for each source that is overdue or stale."""
    units, feeds = state.catalogue.units, state.catalogue.feeds
    for feed, unit, last in overdue(state):
        title, name = feeds[feed].title, units[unit].title
        text = Text(f"{title.zh}：上次声明到 {last}，已逾期", f"{title.en}: last complete to {last}, overdue")
        todo = Text(f"请 {name.zh} 交付新数据并声明。", f"Ask {name.en} to deliver and to state its coverage.")
        yield Finding("warning", "overdue", text, todo)
    for feed, unit, reached in stale(state):
        title, name = feeds[feed].title, units[unit].title
        reach = Text(f"只到 {reached}，已失效", f"reaches {reached} and is stale") if reached else Text("从未声明", "was never stated")
        text = Text(
            f"{title.zh}的覆盖（{name.zh}）{reach.zh}，相关判定为待定",
            f"{title.en}: the coverage of {name.en} {reach.en}; verdicts that need it are unknown",
        )
        yield Finding("warning", "stale", text, Text(f"请 {name.zh} 声明覆盖。", f"Ask {name.en} for a coverage statement."))


def overdue(state: State) -> Iterator[tuple[str, str, date]]:
    """Feed, unit and last day of the sources without a new coverage statement within ``expected_every``."""
    latest = _latest(state)
    for feed in state.catalogue.feeds.values():
        for position, source in enumerate(feed.sources):
            last, every = latest.get((feed.name, position)), feed.expected_every
            if last is not None and every is not None and every.after(last) < state.day:
                yield feed.name, source.unit, last


def stale(state: State) -> Iterator[tuple[str, str, date | None]]:
    """Feed, unit and last day of the sources whose coverage is older than a policy in force allows; None: it was never stated."""
    limits: dict[str, list[Period]] = {}
    for policy in state.policies.values():
        for name, age in policy.evidence.items():
            limits.setdefault(name, []).append(age)
    latest = _latest(state)
    for name, ages in sorted(limits.items()):
        for position, source in enumerate(state.catalogue.feeds[name].sources):
            last = latest.get((name, position))
            if last is None or min(age.after(last) for age in ages) < state.day:
                yield name, source.unit, last


def _latest(state: State) -> dict[tuple[str, int], date]:
    """The latest day that any statement of a source reaches, by feed and position."""
    latest: dict[tuple[str, int], date] = {}
    for s in state.statements.in_effect():
        latest[s.feed, s.source] = max(latest.get((s.feed, s.source), s.complete_to), s.complete_to)
    return latest
