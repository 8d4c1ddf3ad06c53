"""What a step changed on the lists, as columns from the kernels to the log; ``matchers.lists.compare`` makes them.

A batch may move thousands of candidates, and to name the criteria and feeds of each costs more than to find the candidates. So rows are
grouped by what is open for them, and each distinct combination is put into words once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32, UInt8, UInt64
from policies.language.tree import Policy

STATUSES: tuple[str | None, ...] = (None, "eligible", "to_check", "needs_evidence")
Open: TypeAlias = tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]]
"""Open checks, and what is missing as (criterion, feed)."""


class PolicyEntry(Protocol):
    """A policy as a program has it (``matchers.program.program.CompiledPolicy``)."""

    policy: Policy

    def open(self, missing: UInt64, checklist: UInt64) -> Open:
        """Open checks and missing pairs of a row's bit sets, in words."""


class Sighting(NamedTuple):
    """What a policy reads of a watched subject now (``matchers.watching``).

    Args:
        mark: the truth of the policy's criteria for it, and digests of the disclosed values.
        fresh: not to be compared with the last mark: the subject is watched only now, or was read by another version.
        status: a place in ``STATUSES``.
    """

    policy: str
    subject: int
    mark: str
    fresh: bool
    status: int
    open: Open


class ListChange(NamedTuple):
    """One subject on one policy's list: statuses before and after (None: not listed), and what is open now."""

    policy: str
    version: int
    subject: int
    before: str | None
    after: str | None
    checklist: tuple[str, ...]
    missing: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """n changes as columns; of one policy and subject in the order they happened.

    Args:
        policies: name and version of each policy concerned.
        opens: what is open, each distinct combination once.
        policy: int32[n], place in ``policies``.
        subject: uint64[n], tokens.
        before, after: uint8[n], places in ``STATUSES``.
        open: int32[n], place in ``opens``.
        open_before: int32[n], place in ``opens`` of what was open before; -1 where that is unknown or a disclosed value differs;
            None where it is unknown for all.
        sightings: sightings of the watched subjects that may have been touched.
    """

    policies: list[tuple[str, int]]
    opens: list[Open]
    policy: Int32
    subject: UInt64
    before: UInt8
    after: UInt8
    open: Int32
    open_before: Int32 | None = None
    sightings: tuple[Sighting, ...] = ()

    def __len__(self) -> int:
        return len(self.policy)

    def of(self, names: AbstractSet[str], others: bool = False) -> Columns:
        """The changes of these policies, or of all others."""
        keep = np.array([(name in names) != others for name, _ in self.policies], np.bool_)[self.policy]
        return self._where(keep, tuple(sighting for sighting in self.sightings if (sighting.policy in names) != others))

    def _where(self, keep: npt.NDArray[np.bool_], sightings: tuple[Sighting, ...]) -> Columns:
        return Columns(
            self.policies, self.opens, self.policy[keep], self.subject[keep], self.before[keep], self.after[keep], self.open[keep],
            None if self.open_before is None else self.open_before[keep], sightings,
        )  # fmt: skip


@dataclass(slots=True)
class OpenBefore:
    """What was open before the changes of a part: bit sets over the pairs and checks of the entries then, perhaps of another version.
    ``disclosed_differs`` says where a disclosed value differs."""

    entries: Sequence[PolicyEntry]
    missing: UInt64
    checklist: UInt64
    disclosed_differs: npt.NDArray[np.bool_]


@dataclass(slots=True)
class ChunkChanges:
    """Changes of one chunk: entry numbers, tokens, statuses, and bit sets over each entry's pairs and checks."""

    entries: Sequence[PolicyEntry]
    policy: Int32
    subject: UInt64
    before: UInt8
    after: UInt8
    missing: UInt64  # uint64[n, words]
    checklist: UInt64
    was: OpenBefore

    def __len__(self) -> int:
        return len(self.policy)


def members(mask: UInt64) -> list[int]:
    """Positions of the bits set."""
    out = []
    for word, bits in enumerate(mask.tolist()):
        while bits:
            low = bits & -bits
            out.append(64 * word + low.bit_length() - 1)
            bits ^= low
    return out


@dataclass(slots=True)
class Changes(Sequence[ListChange]):
    """All changes of one step. They have no total order until the reader sorts them."""

    parts: list[ChunkChanges] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[ListChange]:
        table = self.columns()
        columns = (table.policy, table.subject, table.before, table.after, table.open)
        for policy, subject, before, after, open in zip(*(column.tolist() for column in columns), strict=True):
            name, version = table.policies[policy]
            checklist, missing = table.opens[open]
            yield ListChange(name, version, subject, STATUSES[before], STATUSES[after], checklist, missing)

    @overload
    def __getitem__(self, index: int) -> ListChange: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ListChange]: ...
    def __getitem__(self, index: int | slice) -> ListChange | Sequence[ListChange]:
        return list(self)[index]

    def add(self, part: ChunkChanges) -> None:
        if len(part):
            self.parts.append(part)

    def extend(self, more: Changes) -> None:
        self.parts.extend(more.parts)
        self.sightings.extend(more.sightings)

    def without(self, policies: set[str]) -> Changes:
        """The changes of all other policies."""
        out = Changes(sightings=list(self.sightings))
        for part in self.parts:
            keep = np.array([part.entries[p].policy.name not in policies for p in part.policy.tolist()], np.bool_)
            out.add(changes_where(part, keep))
        return out

    def columns(self) -> Columns:
        """The changes as columns, those of one program together."""
        if not self.parts:
            none = np.empty(0, np.int32)
            return Columns(
                [], [], none, np.empty(0, np.uint64), np.empty(0, np.uint8), np.empty(0, np.uint8), none, none, tuple(self.sightings)
            )
        policies: dict[tuple[str, int], int] = {}
        opens: dict[Open, int] = {}
        together: dict[int, list[ChunkChanges]] = {}
        for part in self.parts:
            together.setdefault(id(part.entries), []).append(part)
        by_program = [_columns(parts, policies, opens) for parts in together.values()]
        types: tuple[type[np.generic], ...] = (np.int32, np.uint64, np.uint8, np.uint8, np.int32, np.int32)
        columns = (
            np.concatenate([np.empty(0, kind), *(program_columns[i] for program_columns in by_program)]) for i, kind in enumerate(types)
        )
        policy, subject, before, after, open, was = columns
        return Columns(list(policies), list(opens), policy, subject, before, after, open, was, tuple(self.sightings))


def _columns(
    parts: Sequence[ChunkChanges], policies: dict[tuple[str, int], int], opens: dict[Open, int]
) -> tuple[Int32, UInt64, UInt8, UInt8, Int32, Int32]:
    """The columns of one program's parts; new policies and combinations get the next places."""
    entries = parts[0].entries
    number = np.concatenate([part.policy for part in parts])
    missing, checklist = (np.concatenate([getattr(part, name) for part in parts]) for name in ("missing", "checklist"))
    open = _places(entries, number, missing, checklist, opens)
    was = [_places(part.was.entries, part.policy, part.was.missing, part.was.checklist, opens) for part in parts]
    for part, places in zip(parts, was, strict=True):
        places[part.was.disclosed_differs] = -1
    of = np.zeros(len(entries), np.int32)
    for entry_number in np.unique(number).tolist():
        policy = entries[entry_number].policy
        of[entry_number] = policies.setdefault((policy.name, policy.version), len(policies))
    subject, before, after = (np.concatenate([getattr(part, name) for part in parts]) for name in ("subject", "before", "after"))
    return of[number], subject, before, after, open, np.concatenate(was)


def _places(entries: Sequence[PolicyEntry], number: Int32, missing: UInt64, checklist: UInt64, opens: dict[Open, int]) -> Int32:
    """Places of what is open by these bit sets; new combinations get the next places."""
    from matchers.kernel.kernels.indexes import group_rows  # numba is loaded where a step runs, not where its lines are read

    group, first = group_rows(np.column_stack([number.astype(np.uint64), missing, checklist]))
    group_opens = (entries[int(number[row])].open(missing[row], checklist[row]) for row in first.tolist())
    places: Int32 = np.array([opens.setdefault(group_open, len(opens)) for group_open in group_opens], np.int32)[group]
    return places


def changes_where(part: ChunkChanges, keep: npt.NDArray[np.bool_]) -> ChunkChanges:
    """The rows of a part where ``keep`` holds."""
    was = OpenBefore(part.was.entries, part.was.missing[keep], part.was.checklist[keep], part.was.disclosed_differs[keep])
    return ChunkChanges(
        part.entries, part.policy[keep], part.subject[keep], part.before[keep], part.after[keep], part.missing[keep], part.checklist[keep],
        was,
    )  # fmt: skip
