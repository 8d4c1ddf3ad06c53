"""All known tokens with their checks, to notice two identifiers with one token.

``connectors.identity.vault`` adds the tokens of a delivery before its rows are applied.
"""

from __future__ import annotations

import numpy as np

from connectors.parsing.hashing import UInt64, kernel


class KnownTokens:
    """Every known token with its check, in an open-addressing table that doubles when it is half full."""

    def __init__(self) -> None:
        self._slots, self._checks, self._count = np.zeros(1 << 16, np.uint64), np.zeros(1 << 16, np.uint64), 0

    def add(self, tokens: UInt64, checks: UInt64) -> bool:
        """False where a token is there with another check."""
        tokens, checks = np.ascontiguousarray(tokens, np.uint64), np.ascontiguousarray(checks, np.uint64)
        while 2 * (self._count + len(tokens)) > len(self._slots):
            self._double()
        sound = _first_collision(self._slots, self._checks, tokens, checks) < 0
        self._count += len(tokens)
        return sound

    def _double(self) -> None:
        old, old_checks = self._slots, self._checks
        used = old != 0
        self._count = int(used.sum())  # until now rows were counted, not tokens
        self._slots, self._checks = np.zeros(2 * len(old), np.uint64), np.zeros(2 * len(old), np.uint64)
        _first_collision(self._slots, self._checks, old[used], old_checks[used])


@kernel
def _first_collision(slots: UInt64, checks: UInt64, tokens: UInt64, new_checks: UInt64) -> int:
    """Add tokens with their checks to an open-addressing table.

    Args:
        slots, checks: the table, its length a power of two and at least twice what it holds; 0 is an empty slot.

    Returns:
        The position of the first token that is there with another check (two identifiers, one token); -1 where there is none.
    """
    mask = len(slots) - 1
    for i in range(len(tokens)):
        token = tokens[i]
        if token == 0:
            continue
        at = token & np.uint64(mask)
        while slots[at] != 0 and slots[at] != token:
            at = (at + np.uint64(1)) & np.uint64(mask)
        if slots[at] == 0:
            slots[at], checks[at] = token, new_checks[i]
        elif checks[at] != new_checks[i]:
            return i
    return -1
