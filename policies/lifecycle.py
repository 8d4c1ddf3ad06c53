"""The life of a policy version: what it may become, on what event, and who must agree.

The one idea: a table of (state, event) -> state; the page in the documentation is drawn from it, and what is not in it is refused.
Publishing is a decision of two different people. Source: h11's transition tables; docs/semantics.md section 9 for the days in force.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from policies.document import digest_of
from policies.problems import Conflict
from policies.tree import Policy
from policies.values import Text


class State(StrEnum):
    """Where a version is in its life."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Event(StrEnum):
    """What happens to a version: decided by people, or brought by a day."""

    PUBLISH = "publish"  # two people decide
    BEGIN = "begin"  # its first day in force has come
    SUPERSEDE = "supersede"  # a later version of the same policy was published
    WITHDRAW = "withdraw"  # two people decide
    END = "end"  # the day after its last day in force


TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.DRAFT, Event.PUBLISH): State.SCHEDULED,
    (State.SCHEDULED, Event.BEGIN): State.IN_FORCE,
    (State.SCHEDULED, Event.SUPERSEDE): State.SUPERSEDED,
    (State.SCHEDULED, Event.WITHDRAW): State.WITHDRAWN,
    (State.IN_FORCE, Event.SUPERSEDE): State.SUPERSEDED,
    (State.IN_FORCE, Event.WITHDRAW): State.WITHDRAWN,
    (State.IN_FORCE, Event.END): State.EXPIRED,
}

WORDS: Mapping[State | Event, Text] = {
    State.DRAFT: Text("草案", "draft"), State.SCHEDULED: Text("待生效", "scheduled"),
    State.IN_FORCE: Text("生效中", "in force"), State.SUPERSEDED: Text("已被取代", "superseded"),
    State.WITHDRAWN: Text("已撤回", "withdrawn"), State.EXPIRED: Text("已失效", "expired"),
    Event.PUBLISH: Text("发布", "publish"), Event.BEGIN: Text("开始生效", "begin"), Event.SUPERSEDE: Text("取代", "supersede"),
    Event.WITHDRAW: Text("撤回", "withdraw"), Event.END: Text("到期", "end"),
}  # fmt: skip
"""What the pages show."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it was published.

    Args:
        digest: of the whole document.
        content: of the document without its version number: equal where nothing but the number differs.
    """

    version: int
    digest: str
    content: str
    state: State


def after(state: State, event: Event) -> State:
    """The state an event leads to.

    Raises:
        Conflict: the table has no such step.

    Example:
        >>> str(after(State.DRAFT, Event.PUBLISH))
        'scheduled'
    """
    found = TRANSITIONS.get((state, event))
    if found is None:
        possible = [e for s, e in TRANSITIONS if s is state]
        zh = "、".join(WORDS[e].zh for e in possible) or "没有"
        en = ", ".join(WORDS[e].en for e in possible) or "none"
        now, step = WORDS[state], WORDS[event]
        raise Conflict(
            Text(
                f"该版本{now.zh}，不能{step.zh}。此时可行的步骤：{zh}。请先查看其现状。",
                f"This version is {now.en}: {step.en} is not possible. Steps from here: {en}. Look at its present state first.",
            )
        )
    return found


def due(state: State, effective_from: date, effective_to: date | None, day: date) -> Iterator[Event]:
    """The events the calendar owes a version on a day, in order."""
    if state is State.SCHEDULED and effective_from <= day:
        yield Event.BEGIN
        state = State.IN_FORCE
    if state is State.IN_FORCE and effective_to is not None and effective_to < day:
        yield Event.END


def content_digest(data: Mapping[str, object]) -> str:
    """The digest of a document without its version number."""
    return digest_of({key: value for key, value in data.items() if key != "version"})


def check_people(by: str, approved_by: str) -> None:
    """Two different people must decide; a name differing in case, width or spaces is the same person.

    Raises:
        Conflict: one name is empty, or both are one person's.
    """
    one, other = _person(by), _person(approved_by)
    if not one or not other:
        raise Conflict(Text("发布与撤回须写明经办人和批准人。请补上姓名。",
                            "Publishing and withdrawing need the names of both who does it and who approves. Add them."))  # fmt: skip
    if one == other:
        raise Conflict(
            Text(
                f"经办人与批准人是同一人({by})。须由另一人批准。",
                f"The one who does it and the one who approves are the same person ({by}). Another must approve.",
            )
        )


def check_publication(policy: Policy, content: str, versions: Iterable[Version], by: str, approved_by: str) -> None:
    """May this version be published, given those published before it?

    Args:
        policy: the checked policy.
        content: its ``content_digest``.
        versions: every version of the same policy, in any order.

    Raises:
        Conflict: same person twice, same content, a number taken or not after the last.
    """
    check_people(by, approved_by)
    known = sorted(versions, key=lambda version: version.version)
    for version in known:
        if version.version == policy.version:
            _refuse_number(policy, version, known[-1].version + 1)
    if known and policy.version < known[-1].version:
        last, name = known[-1].version, policy.name
        raise Conflict(
            Text(
                f"政策 {name} 已有第 {last} 版，不能再发布第 {policy.version} 版。请把 version 改为 {last + 1}。",
                f"Policy {name} already has version {last}; version {policy.version} cannot follow. Set version to {last + 1}.",
            )
        )
    active = [version for version in known if version.state in (State.SCHEDULED, State.IN_FORCE)]
    if active and active[-1].content == content:
        raise Conflict(
            Text(
                f"内容与第 {active[-1].version} 版完全相同，发布不会改变任何事。请修改内容，或不发布。",
                f"The content is that of version {active[-1].version}; publishing would change nothing. Change it, or leave it.",
            )
        )


def transitions_page(language: str = "zh") -> str:
    """The table as Markdown, for the documentation."""
    head = ("状态", "事件", "之后") if language == "zh" else ("state", "event", "then")
    rows = [
        head,
        ("---", "---", "---"),
        *((WORDS[s][language], WORDS[e][language], WORDS[t][language]) for (s, e), t in TRANSITIONS.items()),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _refuse_number(policy: Policy, version: Version, free: int) -> None:
    name, number = policy.name, policy.version
    if version.digest == policy.digest:
        raise Conflict(
            Text(
                f"政策 {name} 第 {number} 版已发布过，内容相同，无须再发布。",
                f"Version {number} of policy {name} is already published with this very content. There is nothing to do.",
            )
        )
    raise Conflict(Text(f"政策 {name} 第 {number} 版已发布，内容不同；已发布的版本不可改写。请把 version 改为 {free}。",
                        f"Version {number} of policy {name} is published with other content; what is published is not rewritten. "
                        f"Set version to {free}."))  # fmt: skip


def _person(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
