"""Fakes and comparisons for tests; shipped, so that others can test against them too.

``FakeMatcher`` is a very small matcher: a person, household or dwelling is on a policy's list while the first feed of the policy has a
record of it. It is for tests of steps, hosts and storage; tests of the rules use the real matcher.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matchers import SEMANTICS
from matchers.kernel.batch import DELETED, NEWS, OLDER, OPEN_FROM, OPEN_TO, SAME, RecordBatch, UInt8
from matchers.kernel.changes import STATUSES, Columns, Open
from matchers.kernel.layout import KINDS
from matchers.matrix.coverage import Statement
from matchers.matrix.erasure import Trace, last_versions
from matchers.matrix.identity import Answer, IdentityCorrection, IdentityDecisions
from matchers.matrix.versions import RecordVersion, winner_and_needed
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.values import Kind
from streams.language.messages import CandidateChange
from streams.language.ports import Arrays, BuildCatalogue, Parts
from streams.lists.editions import Edition
from streams.lists.manifests import Manifest, digest_of


@dataclass(frozen=True, slots=True)
class FakeChange:
    """One subject moved on one list."""

    policy: str
    version: int
    subject: int
    before: str | None
    after: str | None
    checklist: tuple[str, ...] = ()
    missing: tuple[tuple[str, str | None], ...] = ()
    was: tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]] | None = None  # checklist and missing before, where known


class FakeChanges(list[FakeChange]):
    """The changes of the lists by one call on the fake."""

    def columns(self) -> Columns:
        policies: dict[tuple[str, int], int] = {}
        opens: dict[Open, int] = {}
        of = [policies.setdefault((c.policy, c.version), len(policies)) for c in self]
        open = [opens.setdefault((c.checklist, c.missing), len(opens)) for c in self]
        was = [-1 if c.was is None else opens.setdefault(c.was, len(opens)) for c in self]
        return Columns(
            list(policies), list(opens), np.array(of, np.int32), np.array([c.subject for c in self], np.uint64),
            np.array([STATUSES.index(c.before) for c in self], np.uint8), np.array([STATUSES.index(c.after) for c in self], np.uint8),
            np.array(open, np.int32), np.array(was, np.int32),
        )  # fmt: skip


Listed = tuple[str, tuple[tuple[str, str | None], ...]]  # status, missing


class FakeVersion(NamedTuple):
    """One version of a record, and its subject."""

    version: RecordVersion
    subject: int

    @property
    def is_deleted(self) -> bool:
        return bool(self.version.flags & int(DELETED))


class FakeMatcher:
    """Lists every subject with a record in the policy's first feed: ``eligible`` if any statement covers that feed, else
    ``needs_evidence``. A check answered no takes the subject off."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        self.catalogue, self.day = catalogue, day
        self.policies: dict[str, Policy] = {}
        self.statements: tuple[Statement, ...] = ()
        self.records: dict[tuple[str, int, int], list[FakeVersion]] = {}  # every version that may count
        self.floors: dict[tuple[str, int], int] = {}
        self.semantics = SEMANTICS
        self.effects: UInt8 = np.zeros(0, np.uint8)
        self.comeback: dict[int, tuple[int, int]] = {}
        self.refused: set[tuple[str, int]] = set()
        self.identities = IdentityDecisions()

    def extend(self, catalogue: Catalogue, moving: frozenset[str]) -> FakeChanges:
        return self._changes_by(lambda: setattr(self, "catalogue", catalogue))

    def extremes(self, feed: str, field: str) -> tuple[int, int] | None:
        """None, because values are not kept here."""
        return None

    def apply(self, batch: RecordBatch) -> FakeChanges:
        def change() -> None:
            self.effects = np.zeros(len(batch), np.uint8)
            columns = (batch.key, batch.order, batch.row, batch.flags, batch.subject)
            for i, (key, order, row, flags, subject) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
                place, version = (batch.feed, batch.source, key), FakeVersion(RecordVersion(order, batch.delivery, row, flags), subject)
                was = self._standing(place)
                self.records[place] = [*(v for v in self.records.get(place, ()) if v != version), version]
                news = OLDER if self._standing(place, with_deleted=True) != version else SAME if self._standing(place) == was else NEWS
                self.effects[i] = SAME if news == NEWS and was is not None and was.subject == subject and not version.is_deleted else news

        return self._changes_by(change)

    def upgrade(self, semantics: int) -> FakeChanges:
        return self._changes_by(lambda: setattr(self, "semantics", semantics))

    def open(self, feed: str, source: int, delivery: int) -> None:
        """It keeps every version anyhow."""

    def abandon(self, feed: str, source: int, delivery: int) -> None:
        """It keeps every version anyhow."""

    def record_count(self, feed: str, source: int) -> int:
        return sum(place[:2] == (feed, source) and self._standing(place) is not None for place in self.records)

    def watch(self, policy: str, subject: int, on: bool) -> FakeChanges:
        """Nothing: evidence never changes here, so nobody comes back before their outcome ends."""
        return self._changes_by(lambda: None)

    def replace(self, feed: str, source: int, delivery: int) -> FakeChanges:
        def change() -> None:
            self.floors[feed, source] = max(delivery, self.floors.get((feed, source), 0))

        return self._changes_by(change)

    def publish_all(self, policies: Sequence[Policy]) -> list[FakeChanges]:
        return [self._changes_by(partial(self.policies.__setitem__, policy.name, policy)) for policy in policies]

    def withdraw(self, name: str) -> FakeChanges:
        return self._changes_by(lambda: self.policies.pop(name))

    def cover(self, statements: Sequence[Statement]) -> FakeChanges:
        return self._changes_by(lambda: setattr(self, "statements", tuple(statements)))

    def answer(self, policy: str, subject: int, check: str, answer: bool) -> FakeChanges:
        root = self.identities.root(KINDS.index(self.policies[policy].subject), subject)
        return self._changes_by(lambda: self._note(policy, root, answer))

    def correct(self, correction: IdentityCorrection, answers: Sequence[Answer]) -> FakeChanges:
        def change() -> None:
            self.identities.decide(correction)
            for policy, subject, _, answer in answers:
                self._note(policy, subject, answer)

        return self._changes_by(change)

    def persons(self) -> npt.NDArray[np.uint64]:
        subjects = {version.subject for place, versions in self.records.items() if self._of_person(place) for version in versions}
        return np.array(sorted(subjects), np.uint64)

    def traces(self, person: int) -> list[Trace]:
        placed_versions = ((place, version) for place, versions in self.records.items() if self._of_person(place) for version in versions)
        return [Trace(*place, *version.version[:3]) for place, version in placed_versions if version.subject == person]

    def erase(self, person: int, instead: int, statements: Sequence[Statement], answers: Sequence[Answer]) -> FakeChanges:
        def change() -> None:
            for place, last in last_versions(self.traces(person)).items():
                self.records[place] = [version for version in self.records[place] if not last.takes(version.version[:3])]
            self.statements = tuple(statements)
            for policy, subject, _, answer in answers:
                self._note(policy, subject, answer)

        changes = self._changes_by(change)
        return FakeChanges(replace(line, subject=instead) if line.subject == person else line for line in changes)

    def forget(self, person: int, traces: Sequence[Trace]) -> None:
        for place, last in last_versions(traces).items():
            self.records[place] = [version for version in self.records.get(place, ()) if not last.takes(version.version[:3])]

    def tick(self, day: date) -> FakeChanges:
        return self._changes_by(lambda: setattr(self, "day", day))

    def candidates(self, policy: str) -> list[tuple[int, Listed]]:
        return sorted(self._statuses(self.policies[policy]).items()) if policy in self.policies else []

    def arrays(self) -> Arrays:
        rows = [(source, key, version.subject, *version.version) for (_, source, key), version in self._versions()]
        return {"records": np.array(rows, np.uint64).reshape(-1, 7)}

    def meta(self) -> dict[str, Any]:
        feeds = [feed for (feed, _, _), _ in self._versions()]
        floors = [[*place, number] for place, number in self.floors.items()]
        facts = {"refused": sorted(self.refused), "identities": self.identities.meta()}
        return {"day": self.day.isoformat(), "feeds": feeds, "floors": floors} | facts

    @classmethod
    def restore(
        cls,
        catalogue: Catalogue,
        arrays: Mapping[str, npt.NDArray[np.generic]],
        meta: Mapping[str, Any],
        policies: Mapping[str, Policy],
        statements: Sequence[Statement] = (),
    ) -> FakeMatcher:
        matcher = cls(catalogue, date.fromisoformat(meta["day"]))
        for feed, (source, key, subject, *facts) in zip(meta["feeds"], arrays["records"].tolist(), strict=True):
            matcher.records.setdefault((feed, source, key), []).append(FakeVersion(RecordVersion(*facts), subject))
        matcher.floors = {(feed, source): number for feed, source, number in meta["floors"]}
        matcher.refused = {(policy, subject) for policy, subject in meta["refused"]}
        matcher.identities = IdentityDecisions.restore(meta["identities"])
        matcher.policies = dict(policies)
        matcher.statements = tuple(statements)
        return matcher

    def _of_person(self, place: tuple[str, int, int]) -> bool:
        return self.catalogue.feeds[place[0]].subject is Kind.PERSON

    def _versions(self) -> list[tuple[tuple[str, int, int], FakeVersion]]:
        return [(place, version) for place, versions in self.records.items() for version in versions]

    def _standing(self, place: tuple[str, int, int], with_deleted: bool = False) -> FakeVersion | None:
        """The version of a record that counts; None if there is none, or if it is deleted (unless ``with_deleted``)."""
        versions = self.records.get(place, [])
        winner, _ = winner_and_needed([version.version for version in versions], self.floors.get(place[:2], 0))
        return versions[winner] if winner >= 0 and (with_deleted or not versions[winner].is_deleted) else None

    def _note(self, policy: str, subject: int, answer: bool | None) -> None:
        (self.refused.add if answer is False else self.refused.discard)((policy, subject))

    def _changes_by(self, change: Callable[[], object]) -> FakeChanges:
        before = {p.name: (p.version, self._statuses(p)) for p in self.policies.values()}
        change()
        after = {p.name: (p.version, self._statuses(p)) for p in self.policies.values()}
        changes = FakeChanges()
        for name in before.keys() | after.keys():
            (old_version, old), (version, new) = before.get(name, (0, {})), after.get(name, (0, {}))
            for subject in old.keys() | new.keys():
                was, now = old.get(subject), new.get(subject)
                if was != now:
                    status = (was[0] if was else None, now[0] if now else None)
                    changes.append(FakeChange(name, version or old_version, subject, *status, (), now[1] if now else ()))
        return changes

    def _statuses(self, policy: Policy) -> dict[int, Listed]:
        if self.day < policy.effective_from or (policy.effective_to is not None and self.day > policy.effective_to):
            return {}
        feed = policy.feeds[0]
        is_covered = any(statement.feed == feed for statement in self.statements)
        status: Listed = ("eligible", ()) if is_covered else ("needs_evidence", (("any", feed),))
        kind = KINDS.index(policy.subject)
        places = [place for place in self.records if place[0] == feed]
        standing = [(place, version.subject) for place in places if (version := self._standing(place)) is not None]
        subjects = (self.identities.named_token(kind, subject, place[:2], place[2]) for place, subject in standing)
        return {subject: status for subject in subjects if (policy.name, subject) not in self.refused}


def fake_parts(build_catalogue: BuildCatalogue) -> Parts:
    """Ports with the fake matcher."""
    return Parts(build_catalogue, make_matcher=FakeMatcher, restore_matcher=FakeMatcher.restore)


def rows(
    catalogue: Catalogue, feed: str, delivery: int, first: int, subjects: Sequence[int], source: int = 0, **columns: Any
) -> RecordBatch:
    """A simple batch: row numbers from ``first``, keys equal to the subjects, open validity, every value missing.

    Args:
        columns: ``key``, ``order``, ``flags``, a link or a field, each a sequence; ``dictionaries`` a mapping.
    """
    contract, n = catalogue.feeds[feed], len(subjects)
    arrays = {name: np.asarray(column) for name, column in columns.items() if name != "dictionaries"}

    def column(name: str, dtype: type[np.generic], default: Any) -> npt.NDArray[Any]:
        return np.asarray(arrays.get(name, np.full(n, default))).astype(dtype)

    return RecordBatch(
        feed, source, delivery, np.array(columns.get("key", subjects), np.uint64), np.array(subjects, np.uint64),
        column("order", np.int64, 0), np.arange(first, first + n, dtype=np.int32), column("flags", np.uint8, 0),
        column("valid_from", np.int32, OPEN_FROM), column("valid_to", np.int32, OPEN_TO),
        {name: column(name, np.uint64, 0) for name in contract.links},
        {field.name: column(field.name, np.int64, -(2**63)) for field in contract.matrix_fields()},
        columns.get("dictionaries", {}),
    )  # fmt: skip


def same_batch(left: RecordBatch, right: RecordBatch) -> bool:
    """Do two batches hold the same rows, types and dictionaries?"""
    facts = ("feed", "source", "delivery")
    columns = ("key", "subject", "order", "row", "flags", "valid_from", "valid_to", "identity")
    return (
        all(getattr(left, name) == getattr(right, name) for name in facts)
        and all(_same(getattr(left, name), getattr(right, name)) for name in columns)
        and list(left.links) == list(right.links)
        and list(left.values) == list(right.values)
        and all(_same(column, right.links[name]) for name, column in left.links.items())
        and all(_same(column, right.values[name]) for name, column in left.values.items())
        and dict(left.dictionaries) == dict(right.dictionaries)
    )


def _same(left: npt.NDArray[Any] | None, right: npt.NDArray[Any] | None) -> bool:
    if left is None or right is None:
        return left is right
    return left.dtype == right.dtype and np.array_equal(left, right)


def edition(policy: str, number: int, offset: int, day: date, changes: Sequence[CandidateChange]) -> Edition:
    """An edition with these lines, which are not checked."""
    kinds = Counter(change.change for change in changes)
    counts = (kinds["entered"], kinds["left"], kinds["changed"])
    manifest = Manifest(policy, "agency", number, ((1, "d1"),), day, 0, offset, *counts, (("eligible", 1),), digest_of(changes), "")
    return Edition(manifest, tuple(changes))
