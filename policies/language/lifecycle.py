"""The life of a policy version: its states, and what moves it from one to another.

Every transition stands in one table, with its cause, and the page of the documentation is made from it. ``streams.ledgers.registry`` reads
the state off dates, agreements and decisions and never leaves the table. A clock that is put back undoes the steps of the calendar.
Publishing and withdrawing are decisions of two people (``policies.language.people``). Source: h11's transition tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from policies.values import Text


class Life(StrEnum):
    """Where a version is in its life."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What moves a version: people decide, a day comes, an agreement ends."""

    PUBLISH = "publish"
    BEGIN = "begin"
    SUSPEND = "suspend"
    RESUME = "resume"
    SUPERSEDE = "supersede"
    END = "end"
    WITHDRAW = "withdraw"


TRANSITIONS: Mapping[Event, tuple[tuple[Life, ...], tuple[Life, ...]]] = {
    Event.PUBLISH: ((Life.DRAFT,), (Life.SCHEDULED, Life.IN_FORCE, Life.SUSPENDED, Life.EXPIRED)),
    Event.BEGIN: ((Life.SCHEDULED,), (Life.IN_FORCE, Life.SUSPENDED)),
    Event.SUSPEND: ((Life.IN_FORCE,), (Life.SUSPENDED,)),
    Event.RESUME: ((Life.SUSPENDED,), (Life.IN_FORCE,)),
    Event.SUPERSEDE: ((Life.SCHEDULED, Life.IN_FORCE, Life.SUSPENDED, Life.EXPIRED), (Life.SUPERSEDED,)),
    Event.END: ((Life.IN_FORCE, Life.SUSPENDED), (Life.EXPIRED,)),
    Event.WITHDRAW: ((Life.SCHEDULED, Life.IN_FORCE, Life.SUSPENDED, Life.SUPERSEDED, Life.EXPIRED), (Life.WITHDRAWN,)),
}
"""By cause: the states it is met in, and those it may lead to. The version's days and agreements decide which of them."""

WORDS: Mapping[Life | Event, Text] = {
    Life.DRAFT: Text("草案", "draft"),
    Life.SCHEDULED: Text("待施行", "scheduled"),
    Life.IN_FORCE: Text("施行中", "in force"),
    Life.SUSPENDED: Text("暂停：协议到期", "suspended: agreement ended"),
    Life.SUPERSEDED: Text("已被替代", "superseded"),
    Life.EXPIRED: Text("已到期", "expired"),
    Life.WITHDRAWN: Text("已撤销", "withdrawn"),
    Event.PUBLISH: Text("发布", "it is published"),
    Event.BEGIN: Text("首日到来", "its first day comes"),
    Event.SUSPEND: Text("所读数据的协议到期", "an agreement it reads under ends"),
    Event.RESUME: Text("协议续签", "the agreement is renewed"),
    Event.SUPERSEDE: Text("后一版接替", "a later version takes its place"),
    Event.END: Text("末日已过", "its last day is over"),
    Event.WITHDRAW: Text("撤销政策", "the policy is withdrawn"),
}
"""The words that people see, the same everywhere."""


def transitions_page(language: str) -> str:
    """The table as Markdown, for the documentation in one language."""
    head = (Text("缘由", "cause"), Text("从", "from"), Text("到", "to"))
    rows = [tuple(word[language] for word in head), ("---", "---", "---")]
    for event, ends in TRANSITIONS.items():
        rows.append((WORDS[event][language], *(" · ".join(WORDS[state][language] for state in states) for states in ends)))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
