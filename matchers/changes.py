"""What a step did to the lists: changes, as columns from the kernels to the log, told one by one only when somebody reads them.

The one idea: a batch may move thousands of candidates; naming each one's criteria and feeds costs more than finding them. So rows are
gathered by what is open for them, and each distinct answer is put into words once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, overload

import numpy as np

from matchers.batch import Int32, UInt8, UInt64

if TYPE_CHECKING:
    from matchers.program import Entry

STATUSES: tuple[str | None, ...] = (None, "eligible", "to_check", "needs_evidence")
Open: TypeAlias = tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]]
"""Open checks, and what is missing as (criterion, feed)."""


class Change(NamedTuple):
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
        opens: what is open, each distinct answer once.
        policy: int32[n], place in ``policies``.
        subject: uint64[n], tokens.
        before, after: uint8[n], places in ``STATUSES``.
        open: int32[n], place in ``opens``.
    """

    policies: list[tuple[str, int]]
    opens: list[Open]
    policy: Int32
    subject: UInt64
    before: UInt8
    after: UInt8
    open: Int32

    def __len__(self) -> int:
        return len(self.policy)

    def of(self, names: set[str]) -> Columns:
        """The changes of these policies."""
        keep = np.array([name in names for name, _ in self.policies], np.bool_)[self.policy]
        return Columns(
            self.policies, self.opens, self.policy[keep], self.subject[keep], self.before[keep], self.after[keep], self.open[keep]
        )


@dataclass(slots=True)
class Part:
    """Changes of one chunk: entry numbers, tokens, statuses, and bit sets over each entry's pairs and checks."""

    entries: Sequence[Entry]
    policy: Int32
    subject: UInt64
    before: UInt8
    after: UInt8
    missing: UInt64  # uint64[n, words]
    checklist: UInt64

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
class Changes(Sequence[Change]):
    """All changes of one step, in a total order only once sorted by the reader."""

    parts: list[Part] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[Change]:
        found = self.columns()
        columns = (found.policy, found.subject, found.before, found.after, found.open)
        for policy, subject, before, after, open in zip(*(column.tolist() for column in columns), strict=True):
            name, version = found.policies[policy]
            checklist, missing = found.opens[open]
            yield Change(name, version, subject, STATUSES[before], STATUSES[after], checklist, missing)

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...
    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        return list(self)[index]

    def add(self, part: Part) -> None:
        if len(part):
            self.parts.append(part)

    def extend(self, more: Changes) -> None:
        self.parts.extend(more.parts)

    def without(self, policies: set[str]) -> Changes:
        """The changes of all other policies."""
        out = Changes()
        for part in self.parts:
            keep = np.array([part.entries[p].policy.name not in policies for p in part.policy.tolist()], np.bool_)
            out.add(picked(part, keep))
        return out

    def columns(self) -> Columns:
        """The changes as columns, those of one program together."""
        policies: dict[tuple[str, int], int] = {}
        opens: dict[Open, int] = {}
        together: dict[int, list[Part]] = {}
        for part in self.parts:
            together.setdefault(id(part.entries), []).append(part)
        found = [_columns(parts, policies, opens) for parts in together.values()]
        types: tuple[type[np.generic], ...] = (np.int32, np.uint64, np.uint8, np.uint8, np.int32)
        columns = (np.concatenate([np.empty(0, kind), *(one[i] for one in found)]) for i, kind in enumerate(types))
        return Columns(list(policies), list(opens), *columns)


def _columns(
    parts: Sequence[Part], policies: dict[tuple[str, int], int], opens: dict[Open, int]
) -> tuple[Int32, UInt64, UInt8, UInt8, Int32]:
    """The columns of one program's parts; new policies and answers get the next places."""
    from matchers import kernels as k

    entries = parts[0].entries
    number = np.concatenate([part.policy for part in parts])
    masks = np.concatenate([np.column_stack([part.policy.astype(np.uint64), part.missing, part.checklist]) for part in parts])
    group, first = k.distinct(masks)
    words = parts[0].missing.shape[1]
    place = []
    for row in first.tolist():
        entry = entries[int(number[row])]
        place.append(opens.setdefault(entry.open(masks[row, 1 : 1 + words], masks[row, 1 + words :]), len(opens)))
    of = np.zeros(len(entries), np.int32)
    for entry_number in np.unique(number[first]).tolist():
        policy = entries[entry_number].policy
        of[entry_number] = policies.setdefault((policy.name, policy.version), len(policies))
    subject, before, after = (np.concatenate([getattr(part, name) for part in parts]) for name in ("subject", "before", "after"))
    return of[number], subject, before, after, np.array(place, np.int32)[group]


def picked(part: Part, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Part:
    """The rows of a part where ``keep`` holds."""
    return Part(
        part.entries, part.policy[keep], part.subject[keep], part.before[keep], part.after[keep], part.missing[keep], part.checklist[keep]
    )
