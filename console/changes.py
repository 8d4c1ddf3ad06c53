"""Who entered, left or changed, and why: the changes of a step as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from console.session import Session
from console.words import CAUSES, CHANGES, STATUSES, number, token
from policies.values import Text

if TYPE_CHECKING:
    from streams.messages import CandidateChange
    from streams.registry import Registry

COLUMNS = [
    Text("政策", "policy"),
    Text("变动", "change"),
    Text("原状态", "before"),
    Text("现状态", "now"),
    Text("原因", "cause"),
    Text("人（户、套）数", "how many"),
]


def as_data(change: CandidateChange) -> dict[str, Any]:
    """One line of an edition as JSON."""
    return {
        "id": change.id,
        "policy": change.policy,
        "version": change.version,
        "subject": token(change.subject),
        "change": change.change,
        "status": change.status,
        "before": change.before,
        "checklist": list(change.checklist),
        "missing": [{"criterion": criterion, "feed": feed} for criterion, feed in change.missing],
        "cause": {"kind": change.cause.kind, "detail": change.cause.detail},
        "day": change.day.isoformat(),
    }


def told(session: Session, changes: Iterable[CandidateChange], registry: Registry, extra: dict[str, Any] | None = None) -> None:
    """Show changes: all of them as JSON, or counted in a table."""
    listed = list(changes)
    if session.data({**(extra or {}), "changes": [as_data(change) for change in listed]}):
        return
    if not listed:
        session.say(Text("名单没有变动。", "No list changed."))
        return
    session.table(None, COLUMNS, counted(listed, registry, session.language), right=(5,))


def counted(changes: Iterable[CandidateChange], registry: Registry, language: str) -> list[list[str]]:
    """Changes alike in policy, kind, status and cause, with how many; policies by their titles."""
    alike = Counter((c.policy, c.change, c.before, c.status, c.cause.kind) for c in changes)
    titles = titled({policy for policy, *_ in alike}, registry, language)
    return [
        [titles[policy], CHANGES[kind][language], STATUSES[before][language], STATUSES[after][language], CAUSES[cause][language], number(n)]
        for (policy, kind, before, after, cause), n in sorted(
            alike.items(), key=lambda item: (item[0][0], item[0][1], -item[1], str(item[0]))
        )
    ]


def titled(names: Iterable[str], registry: Registry, language: str) -> dict[str, str]:
    """What policies are called, by name, withdrawn ones too: the title of the newest version; with the name where two have one title."""
    titles = {name: registry.versions[name][registry.newest(name)].policy.title[language] for name in names}
    often = Counter(titles.values())
    return {name: title if often[title] == 1 else f"{title} ({name})" for name, title in titles.items()}
