"""What the state says, as plain rows for people: published versions, coverage in effect, deliveries.

The one idea: a row is a dict of plain values, so that ``--json`` and a table are made from the same thing. Nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from policies.values import Period, Text

if TYPE_CHECKING:
    from infra.workspace import Workspace
    from policies.catalogue import Catalogue, Feed
    from policies.tree import Policy
    from streams.host import Host

STANDINGS = {
    "in_effect": Text("有效", "in effect"),
    "pending": Text("等待批次到齐", "waiting for its delivery"),
    "rows_differ": Text("行数不符", "rows differ"),
    "voided": Text("作废：无法识别的行过多", "void: too many unreadable rows"),
    "withdrawn": Text("已撤回", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One coverage statement and where it stands. ``about`` is a division, or None where it lists subjects."""

    statement: str
    feed: str
    unit: str
    about: str | None
    subjects: int
    complete_to: date
    standing: str

    def as_data(self) -> dict[str, Any]:
        return {
            "statement": self.statement,
            "feed": self.feed,
            "unit": self.unit,
            "division": self.about,
            "subjects": self.subjects,
            "complete_to": self.complete_to.isoformat(),
            "standing": self.standing,
        }

    def as_row(self, language: str) -> list[str]:
        about = self.about or Text(f"{self.subjects} 个对象", f"{self.subjects} subjects")[language]
        return [self.feed, self.unit, about, str(self.complete_to), STANDINGS[self.standing][language], self.statement]


def statements_in_effect(host: Host, every: bool = True) -> list[StatementRow]:
    """The coverage statements, the latest first within a feed and source; ``every`` includes those that prove nothing."""
    catalogue = host.state.catalogue
    rows = []
    for entry in host.state.statements.entries.values():
        s = entry.stated
        if every or entry.standing == "in_effect":
            unit = catalogue.feeds[s.feed].sources[s.source].unit
            rows.append(StatementRow(s.statement, s.feed, unit, s.division, len(s.subjects), s.complete_to, entry.standing))
    return sorted(rows, key=lambda r: (r.feed, r.unit, -r.complete_to.toordinal(), r.statement))


def published(workspace: Workspace) -> list[dict[str, Any]]:
    """Every version ever published, and where it is in its life on the state's day."""
    if workspace.empty:
        return []
    with workspace.reading() as host:
        state = host.state
        if not state.begun:
            return []
        return [
            {
                "policy": name,
                "version": number,
                "state": state.registry.life(name, number, state.day, state.catalogue),
                "title": {"zh": v.policy.title.zh, "en": v.policy.title.en},
                "from": v.policy.effective_from.isoformat(),
                "to": v.policy.effective_to and v.policy.effective_to.isoformat(),
                "by": v.by,
                "approved_by": v.approved_by,
                "published": v.published.isoformat(),
                "digest": v.digest,
            }
            for name in sorted(state.registry.versions)
            for number, v in sorted(state.registry.versions[name].items())
        ]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A source whose last coverage is older than its contract expects."""

    feed: str
    unit: str
    last: date | None
    due: date | None


def overdue(host: Host, day: date) -> list[Overdue]:
    """Sources that have not said within ``expected_every`` how far they are complete."""
    catalogue: Catalogue = host.state.catalogue
    latest = _latest(host)
    found = []
    for feed in catalogue.feeds.values():
        if feed.expected_every is None:
            continue
        for position, source in enumerate(feed.sources):
            last = latest.get((feed.name, position))
            due = None if last is None else Period.parse(feed.expected_every).after(last)
            if last is not None and due is not None and due < day:
                found.append(Overdue(feed.name, source.unit, last, due))
    return found


def stale(host: Host, day: date) -> list[Overdue]:
    """Sources whose coverage is older than some policy in force allows, or was never stated."""
    limits: dict[str, list[Period]] = {}
    for policy in host.state.policies.values():
        for name, age in policy.evidence.items():
            limits.setdefault(name, []).append(age)
    latest = _latest(host)
    found = []
    for name, ages in sorted(limits.items()):
        for position, source in enumerate(_feed(host, name).sources):
            last = latest.get((name, position))
            due = None if last is None else min(age.after(last) for age in ages)
            if due is None or due < day:
                found.append(Overdue(name, source.unit, last, due))
    return found


def _feed(host: Host, name: str) -> Feed:
    feed: Feed = host.state.catalogue.feeds[name]
    return feed


def _latest(host: Host) -> dict[tuple[str, int], date]:
    """The latest day any statement of a source reaches."""
    latest: dict[tuple[str, int], date] = {}
    for s in host.state.statements.in_effect():
        key = (s.feed, s.source)
        latest[key] = max(latest.get(key, s.complete_to), s.complete_to)
    return latest


def policy_of(host: Host, name: str) -> Policy | None:
    """The version of a policy that is matched now."""
    found: Policy | None = host.state.policies.get(name)
    return found
