"""Editions: the lines of one policy's list in numbered parts, each a delta on the one before.

The one idea: an edition holds what has changed since the last one, net: who came and went in between is not in it. It closes when a
publication is complete, at a tick, or at an explicit cut. The sum of the editions is the list. Nothing of this is stored: it is read
off the outputs. What each says of itself: ``streams.lists.manifests``.
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
"""What ``closed_by`` says of a message that closes the edition of every policy."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One numbered part of one policy's list: what it says of itself, and its lines."""

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
        """The message that closed it."""
        return self.manifest.last

    @property
    def day(self) -> date:
        return self.manifest.day


@dataclass(slots=True)
class Ledger:
    """The editions of one policy so far: who is listed after them, and where the chain of manifests stands."""

    listed: dict[int, CandidateChange] = field(default_factory=dict)
    number: int = 0
    last: int = -1
    digest: str = ""

    def closed(
        self, policy: str, since: Sequence[CandidateChange], offset: int, versions: Versions, closed_manifest: Manifest | None = None
    ) -> Edition | None:
        """The edition that ends with the message at ``offset``; None where nothing differs.

        Args:
            since: the lines of the policy since the last edition.
            kept: its manifest as it was closed, where lines of it, or of one before it, are blank since.
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


def unsound(editions: Iterable[Edition]) -> Iterator[tuple[int, str]]:
    """What does not fit among the editions of a policy, from the first: (number, what): ``chain``, ``lines`` or ``counts``."""
    before, listed = Ledger(), dict[int, CandidateChange]()
    for edition in editions:
        manifest, kinds = edition.manifest, Counter(line.change for line in edition.changes)
        listed = fold(edition.changes, listed)
        statuses = Counter(line.status or "" for line in listed.values())
        if (manifest.number, manifest.first, manifest.before) != (before.number + 1, before.last + 1, before.digest):
            yield manifest.number, "chain"
        if not manifest.erased and manifest.lines != digest_of(edition.changes):
            yield manifest.number, "lines"
        if not _counts_match(manifest, kinds, statuses):
            yield manifest.number, "counts"
        before = Ledger(listed, manifest.number, manifest.last, manifest.digest)


def _counts_match(manifest: Manifest, kinds: Counter[str], statuses: Counter[str]) -> bool:
    """Are the counts of a manifest those of its lines and of the list after it, but for who was erased since?"""
    counts = Counter({"entered": manifest.entered, "left": manifest.left, "changed": manifest.changed})
    listed = Counter(dict(manifest.listed))
    return kinds <= counts and statuses <= listed and (counts - kinds).total() == manifest.erased and (listed - statuses).total() == manifest.unlisted


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
    """What many lines of one policy come to, against who was ``listed`` before: one line a subject, none where nothing is different.

    A line keeps the id, cause and day of the last of its subject; they come in the order of the subjects.
    """
    now = dict(listed)
    last: dict[int, CandidateChange] = {}
    disclosed: set[int] = set()  # a line that changes nothing we can see tells that a disclosed value is another
    for change in changes:
        previous = now.get(change.subject)
        if previous is not None and _content(previous) == _content(change):
            disclosed.add(change.subject)
        last[change.subject] = now[change.subject] = change
    net_changes = []
    for subject in sorted(last):
        change, before = last[subject], listed.get(subject)
        same = _content(change) == (None if before is None else _content(before))
        if not same or (before is not None and subject in disclosed):
            status = None if before is None else before.status
            kind = "entered" if before is None else "left" if change.status is None else "changed"
            net_changes.append(change._replace(change=kind, before=status))
    return net_changes


def fold(changes: Iterable[CandidateChange], listed: Mapping[int, CandidateChange] | None = None) -> dict[int, CandidateChange]:
    """The list after these lines: by subject, the line that put it as it is now."""
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

    An edition in which nothing changed is not made, and takes no number.

    Args:
        kept: by last message, the manifests of those closed before somebody was erased, as they were.
    """
    ledger, since = Ledger(), list[CandidateChange]()
    for offset, closes, changes in rows:
        since.extend(changes.of(policy) if isinstance(changes, Lines) else (change for change in changes if change.policy == policy))
        if closes in (policy, ALL) and (since or offset in closed_manifests):
            edition, since = ledger.closed(policy, since, offset, versions, closed_manifests.get(offset)), []
            if edition is not None:
                yield edition


def _content(change: CandidateChange) -> tuple[object, ...] | None:
    return None if change.status is None else (change.status, change.checklist, change.missing)
