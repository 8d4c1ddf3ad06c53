"""Editions: the lines of one policy's list in numbered parts, each the delta since the one before.

An edition holds the net changes: a subject that entered and left in between is not in it. It closes at a publication, a withdrawal, a tick
or an explicit cut. The sum of the editions is the list. Editions are not stored but computed from the outputs; their manifests are in
``streams.lists.manifests``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from streams.language.messages import (
    CandidateChange,
    EditionCut,
    Input,
    PolicyPublished,
    PolicyWithdrawn,
    Tick,
)
from streams.lists.lines import Lines
from streams.lists.manifests import Manifest, Versions, digest_of

ALL = "*"
"""``closed_by`` of a message that closes the edition of every policy."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One numbered part of one policy's list: its manifest and its lines."""

    manifest: Manifest
    changes: tuple[CandidateChange, ...]

    @property
    def policy(self) -> str:
        return self.manifest.policy

    @property
    def number(self) -> int:
        return self.manifest.number

    @property
    def offset(self) -> int:
        """The offset of the message that closed it."""
        return self.manifest.last

    @property
    def day(self) -> date:
        return self.manifest.day


@dataclass(slots=True)
class EditionLedger:
    """The editions of one policy so far: the list after them, and the end of the chain of manifests."""

    listed: dict[int, CandidateChange] = field(default_factory=dict)
    number: int = 0
    last: int = -1
    digest: str = ""

    def close(
        self, policy: str, since: Sequence[CandidateChange], offset: int, versions: Versions, closed_manifest: Manifest | None = None
    ) -> Edition | None:
        """Closes the edition that ends with the message at ``offset``; None if the list has not changed.

        Args:
            since: the lines of the policy since the last edition.
            closed_manifest: the original manifest, if a line of this or an earlier edition has become blank.
        """
        difference = net(since, self.listed)
        self.listed = fold(difference, self.listed)
        if closed_manifest is not None:
            self.number, self.last, self.digest = closed_manifest.number, offset, closed_manifest.digest
            return Edition(closed_manifest, tuple(difference))
        if not difference:
            return None
        self.number += 1
        kinds, statuses = Counter(line.change for line in difference), Counter(line.status or "" for line in self.listed.values())
        numbers = sorted({line.version for line in difference})
        manifest = Manifest(
            policy, versions[numbers[-1]][0], self.number, tuple((number, versions[number][1]) for number in numbers), since[-1].day,
            self.last + 1, offset,
            kinds["entered"], kinds["left"], kinds["changed"], tuple(sorted(statuses.items())), digest_of(difference), self.digest,
        )  # fmt: skip
        self.last, self.digest = offset, manifest.digest
        return Edition(manifest, tuple(difference))


def edition_problems(editions: Iterable[Edition]) -> Iterator[tuple[int, str]]:
    """The faults in the editions of a policy, from the first on: (number, ``chain``, ``lines`` or ``counts``)."""
    before, list_after = EditionLedger(), dict[int, CandidateChange]()
    for edition in editions:
        manifest, kinds = edition.manifest, Counter(line.change for line in edition.changes)
        list_after = fold(edition.changes, list_after)
        statuses = Counter(line.status or "" for line in list_after.values())
        if (manifest.number, manifest.first, manifest.before) != (before.number + 1, before.last + 1, before.digest):
            yield manifest.number, "chain"
        if not manifest.erased and manifest.lines != digest_of(edition.changes):
            yield manifest.number, "lines"
        if not _counts_match(manifest, kinds, statuses):
            yield manifest.number, "counts"
        before = EditionLedger(list_after, manifest.number, manifest.last, manifest.digest)


def _counts_match(manifest: Manifest, kinds: Counter[str], statuses: Counter[str]) -> bool:
    """Do the counts of a manifest fit its lines and the list after it, except for persons erased later?"""
    counts = Counter({"entered": manifest.entered, "left": manifest.left, "changed": manifest.changed})
    list_counts = Counter(dict(manifest.listed))
    blank = (counts - kinds).total() == manifest.erased and (list_counts - statuses).total() == manifest.unlisted
    return kinds <= counts and statuses <= list_counts and blank


def closed_by(message: Input) -> str | None:
    """The policy whose edition a message closes, ``ALL``, or None.

    Example:
        >>> closed_by(Tick(date(2026, 10, 1))), closed_by(EditionCut("grant"))
        ('*', 'grant')
    """
    match message:
        case PolicyPublished() | PolicyWithdrawn() | EditionCut():
            return message.policy
        case Tick():
            return ALL
        case _:
            return None


def net(changes: Iterable[CandidateChange], listed: Mapping[int, CandidateChange]) -> list[CandidateChange]:
    """The net of many lines of one policy, against the list before: at most one line for each subject, in the order of the subjects.

    A line has the id, cause and day of the last line of its subject.
    """
    now = dict(listed)
    last: dict[int, CandidateChange] = {}
    disclosures: set[int] = set()  # a line without a visible change: a disclosed value has changed
    for change in changes:
        previous = now.get(change.subject)
        if previous is not None and _content(previous) == _content(change):
            disclosures.add(change.subject)
        last[change.subject] = now[change.subject] = change
    net_changes = []
    for subject in sorted(last):
        change, before = last[subject], listed.get(subject)
        same = _content(change) == (None if before is None else _content(before))
        if not same or (before is not None and subject in disclosures):
            status = None if before is None else before.status
            kind = "entered" if before is None else "left" if change.status is None else "changed"
            net_changes.append(change._replace(change=kind, before=status))
    return net_changes


def fold(changes: Iterable[CandidateChange], listed: Mapping[int, CandidateChange] | None = None) -> dict[int, CandidateChange]:
    """The list after these lines: by subject, the last line."""
    now = dict(listed or {})
    for change in changes:
        if change.status is None:
            now.pop(change.subject, None)
        else:
            now[change.subject] = change
    return now


def editions(
    policy: str,
    rows: Iterable[tuple[int, str | None, Sequence[CandidateChange]]],
    versions: Versions,
    closed_manifests: Mapping[int, Manifest] = MappingProxyType({}),
) -> Iterator[Edition]:
    """The closed editions of a policy, from the outputs of every message (offset, what it closes, its lines), in order.

    There is no edition without a change.

    Args:
        closed_manifests: by last message, the original manifests of editions with blank lines.
    """
    ledger, since = EditionLedger(), list[CandidateChange]()
    for offset, closes, changes in rows:
        since.extend(changes.of(policy) if isinstance(changes, Lines) else (change for change in changes if change.policy == policy))
        if closes in (policy, ALL) and (since or offset in closed_manifests):
            edition, since = ledger.close(policy, since, offset, versions, closed_manifests.get(offset)), []
            if edition is not None:
                yield edition


def _content(change: CandidateChange) -> tuple[object, ...] | None:
    return None if change.status is None else (change.status, change.checklist, change.missing)
