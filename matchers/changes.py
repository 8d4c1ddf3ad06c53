"""What a step did to the lists: changes, kept as columns and told one by one only when somebody reads them.

The one idea: a batch may move thousands of candidates; naming criteria and feeds costs more than finding them, so it waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, overload

import numpy as np

from matchers.batch import Int32, UInt8, UInt64
from matchers.program import Entry

STATUSES: tuple[str | None, ...] = (None, "eligible", "to_check", "needs_evidence")


class Change(NamedTuple):
    """One subject on one policy's list: statuses before and after (None: not listed), and what is open now."""

    policy: str
    version: int
    subject: int
    before: str | None
    after: str | None
    checklist: tuple[str, ...]
    missing: tuple[tuple[str, str | None], ...]


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

    def __iter__(self) -> Iterator[Change]:
        """The changes in words; equal bit sets are put into words once."""
        known: dict[tuple[int, bytes], tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]]] = {}
        masks = np.concatenate([self.missing, self.checklist], axis=1)
        columns = (self.policy, self.subject, self.before, self.after)
        for i, (number, subject, before, after) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            policy = self.entries[number].policy
            key = (number, masks[i].tobytes())
            if key not in known:
                known[key] = self._open(i)
            yield Change(policy.name, policy.version, subject, STATUSES[before], STATUSES[after], *known[key])

    def _open(self, i: int) -> tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]]:
        """Open checks and missing pairs of a row."""
        entry = self.entries[int(self.policy[i])]
        pairs = sorted((entry.pairs[j] for j in members(self.missing[i])), key=lambda pair: (pair[0], pair[1] or ""))
        return tuple(sorted(entry.checks[j] for j in members(self.checklist[i]))), tuple(pairs)


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
        for part in self.parts:
            yield from part

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


def picked(part: Part, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Part:
    """The rows of a part where ``keep`` holds."""
    return Part(
        part.entries, part.policy[keep], part.subject[keep], part.before[keep], part.after[keep], part.missing[keep], part.checklist[keep]
    )
