"""Watched subjects: notices when what a policy reads of a subject is no longer what it was.

What a policy reads of a subject is summed up in a mark: the truth of each criterion, and digests of the disclosed values. A watched subject
that a change has touched is read again afterwards, and its new mark is reported as a ``Sighting``, whether it is on a list or not. The book
of ``streams.lists`` ends suppressions by these marks. Source: docs/en/semantics.md, "What agencies find".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from matchers.kernel.batch import Int32
from matchers.kernel.changes import Sighting
from matchers.kernel.layout import KINDS
from matchers.lists.compare import run_verdicts, verdict_runner
from matchers.lists.criteria import UNKNOWN, CriteriaReader
from matchers.program.state import MatcherState, in_force
from matchers.reading.disclosed_values import DisclosedValues
from policies.language.tree import Policy

_READERS = 16
"""How many compiled policies are kept; each takes some megabytes."""


class _PolicyReader:
    """One policy compiled, to read watched subjects again and again."""

    def __init__(self, state: MatcherState, policy: Policy) -> None:
        self.policy, self._kind = policy, KINDS.index(policy.subject)
        self._verdicts, self._criteria = verdict_runner(state, [policy]), CriteriaReader(state, policy)

    def read(self, state: MatcherState, subjects: Sequence[int]) -> dict[int, Sighting | None]:
        """The sighting of each subject, not fresh; None for those that have no verdict here."""
        sightings: dict[int, Sighting | None] = dict.fromkeys(subjects)
        rows = np.array([row for token in subjects if (row := state.store.entity(self._kind, token)) >= 0], np.int32)
        rows = state.mine(self._kind, rows)
        rows = rows[run_verdicts(state, self._verdicts, state.day, rows)[0] > 0]
        if not len(rows):
            return sightings
        read, is_in_force = self._criteria.read(rows, state.day), in_force(self.policy, state.day)
        values_reader = DisclosedValues(state, self.policy, state.day)
        for at, subject in enumerate(state.store.tokens[self._kind][rows].tolist()):
            mark = _mark(self.policy.version, read.truth[:, at].tolist(), values_reader.of(subject))
            status = int(read.status[at]) if is_in_force else 0
            open = read.entry.open(read.missing[at], read.checklist[at]) if status else ((), ())
            sightings[subject] = Sighting(self.policy.name, subject, mark, False, status, open)
        return sightings


class Watch:
    """The watched subjects by policy, and those of them that were touched since the last look."""

    def __init__(self) -> None:
        self.subjects: dict[str, set[int]] = {}
        self._to_look_at: dict[tuple[str, int], bool] = {}
        """Subjects to look at next, and whether a series of marks begins. Those of an inactive policy wait until it is active."""
        self._read_by: dict[str, int] = {}
        """The version of each policy that made its last marks."""
        self._readers: dict[str, _PolicyReader] = {}
        self._ahead: dict[tuple[str, int], Sighting | None] = {}
        """What was read ahead of subjects; None: no verdict. No part of the state."""

    def __bool__(self) -> bool:
        return bool(self.subjects)

    def put(self, policy: str, subject: int, on: bool) -> None:
        """Watches a subject and looks at it at once; or stops watching it."""
        if on:
            self.subjects.setdefault(policy, set()).add(subject)
            self._to_look_at[policy, subject] = True
            return
        self._to_look_at.pop((policy, subject), None)
        subjects = self.subjects.get(policy, set())
        subjects.discard(subject)
        if not subjects:
            self.subjects.pop(policy, None)

    def touch(self, state: MatcherState, policies: Mapping[str, Policy], kind: int, rows: Int32) -> None:
        """Some subjects were touched by a change."""
        for name, watched in self.subjects.items():
            policy = policies.get(name)
            if policy is not None and KINDS.index(policy.subject) == kind:
                tokens = state.store.tokens[kind][rows]
                for subject in tokens[np.isin(tokens, np.fromiter(watched, np.uint64, len(watched)))].tolist():
                    self._to_look_at.setdefault((name, subject), False)

    def touch_all(self, policy: str) -> None:
        """All subjects watched for a policy were touched by a change."""
        for subject in self.subjects.get(policy, ()):
            self._to_look_at.setdefault((policy, subject), False)

    def publish(self, policy: Policy) -> None:
        """A policy version is active from now on: new marks begin, unless the same version made the last ones (after a suspension)."""
        if self._read_by.get(policy.name) == policy.version:
            self.touch_all(policy.name)
        else:
            self._to_look_at |= {(policy.name, subject): True for subject in self.subjects.get(policy.name, ())}
        self._read_by[policy.name] = policy.version

    def look(self, state: MatcherState, policies: Mapping[str, Policy]) -> list[Sighting]:
        """Sightings of the touched subjects that have a verdict here, by policy and subject."""
        touched = self._to_look_at
        self._to_look_at = {key: fresh for key, fresh in touched.items() if key[0] not in policies}
        sightings = []
        for name in sorted({policy for policy, _ in touched} & policies.keys()):
            tokens = sorted(subject for of, subject in touched if of == name)
            read = {token: self._ahead[name, token] for token in tokens if (name, token) in self._ahead}
            if others := [token for token in tokens if token not in read]:
                read |= self._reader(state, policies[name]).read(state, others)
            of_policy = (read[token] for token in tokens)
            sightings += [sighting._replace(fresh=touched[name, sighting.subject]) for sighting in of_policy if sighting is not None]
        return sightings

    def read_ahead(self, state: MatcherState, policy: Policy, subjects: Sequence[int]) -> None:
        """Reads subjects that will be looked at next, all at once; ``forget_readings`` must follow any change of the state."""
        read = self._reader(state, policy).read(state, sorted(set(subjects)))
        self._ahead |= {(policy.name, subject): sighting for subject, sighting in read.items()}

    def forget_readings(self) -> None:
        """The state has changed: what was read ahead counts no more."""
        self._ahead.clear()

    def forget_readers(self) -> None:
        """Policies are compiled again when they are next read."""
        self._readers.clear()
        self._ahead.clear()

    def _reader(self, state: MatcherState, policy: Policy) -> _PolicyReader:
        reader = self._readers.get(policy.name)
        if reader is None or reader.policy is not policy:
            if len(self._readers) >= _READERS:
                self._readers.clear()
            reader = self._readers[policy.name] = _PolicyReader(state, policy)
        return reader

    def meta(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {
            "watched": {policy: sorted(subjects) for policy, subjects in self.subjects.items()},
            "to_look_at": [[*key, fresh] for key, fresh in self._to_look_at.items()],
            "read_by": self._read_by,
        }  # fmt: skip

    @classmethod
    def restore(cls, meta: Mapping[str, Any]) -> Watch:
        """What ``meta`` described."""
        watch = cls()
        watch.subjects = {policy: set(subjects) for policy, subjects in meta.get("watched", {}).items()}
        watch._to_look_at = {(policy, subject): fresh for policy, subject, fresh in meta.get("to_look_at", ())}
        watch._read_by = dict(meta.get("read_by", {}))
        return watch


def is_other_version(then: str | None, now: str) -> bool:
    """Whether the mark before is missing or was made by another policy version; then the two are not comparable."""
    return then is None or then.partition("|")[0] != now.partition("|")[0]


def has_news(then: str, now: str) -> bool:
    """Whether a mark says anything that the mark before, of the same version, did not.

    A value that became unknown or missing says nothing new. After a mark that has only a version everything is new.
    """
    if "|" not in then:
        return True
    (truth, digests), (truth_now, digests_now) = (_parts(mark) for mark in (then, now))
    return any(a != b and b not in ("", _UNKNOWN) for a, b in zip([*truth, *digests], [*truth_now, *digests_now], strict=True))


_UNKNOWN = str(UNKNOWN)


def _mark(version: int, truth: list[int], values: Mapping[str, str]) -> str:
    """The policy version, a digit for the truth of each leaf, and by name a digest of each disclosed value ('' where it is missing)."""
    digests = (blake2b(values[name].encode(), digest_size=8).hexdigest() if values[name] else "" for name in sorted(values))
    return f"{version}|{''.join(map(str, truth))}|{','.join(digests)}"


def _parts(mark: str) -> tuple[str, list[str]]:
    _, truth, digests = mark.split("|")
    return truth, digests.split(",")
