"""The life of a policy version: the states it can be in, what moves it from one to another, and who must agree.

The one idea: every transition is in one table, with its cause; the page in the documentation is drawn from it, and what
``streams.registry`` reads off dates, agreements and decisions never leaves it. A clock put back takes the steps of the calendar back.
Publishing and withdrawing are decisions of two different people. Source: h11's transition tables.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from policies.problems import Conflict
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
"""By cause: the states it is met in, and those it may lead to; which of these, the version's days and agreements say."""

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
"""What people are shown, everywhere."""


def transitions_page() -> str:
    """The table as Markdown, in both languages, for the documentation."""
    rows = [
        ("缘由 cause", "从 from", "到 to"),
        ("---", "---", "---"),
        *((_both(event), *(" · ".join(map(_both, states)) for states in ends)) for event, ends in TRANSITIONS.items()),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _both(word: Life | Event) -> str:
    return f"{WORDS[word].zh} {WORDS[word].en}"


def check_people(by: str, approved_by: str) -> None:
    """Two different people must decide; a name differing in case, width or spaces is the same person.

    Raises:
        Conflict: one name is empty, or both are one person's.
    """
    one, other = person(by), person(approved_by)
    if not one or not other:
        raise Conflict(Text("发布与撤销须写明经办人和批准人。请补上姓名。",
                            "Publishing and withdrawing need the names of both who does it and who approves. Add them."))  # fmt: skip
    if one == other:
        raise Conflict(
            Text(
                f"经办人与批准人是同一人({by})。须由另一人批准。",
                f"The one who does it and the one who approves are the same person ({by}). Another must approve.",
            )
        )


def person(name: str) -> str:
    """Who a name stands for: the same text for one that differs in case, width or spaces."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
