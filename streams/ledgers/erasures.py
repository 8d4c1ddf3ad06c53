"""The ledger of erasures: who was erased, told so that nobody can read who it was, but whoever is named again is known.

The one idea: of a person erased only a salted digest of her token stays. Whoever holds a token can see whether it was erased; whoever
holds the ledger alone learns nothing. One salt serves all, so a batch of tokens is looked at once: a short number that few share (the
*sieve*) picks the ones worth a digest. Sources: FIPS 180-4 (SHA-256); docs/en/semantics.md section 16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import MISSING, RecordBatch, UInt64
from matchers.matrix.erasure import Trace
from streams.language.messages import PersonErased

SALT_BYTES = 16
_DIGITS = 32
_SIEVE_BITS = 20
_ODD = 0x9E3779B97F4A7C15
_WORD = 1 << 64


@dataclass(frozen=True, slots=True)
class Erased:
    """One erasure: the message at ``offset`` decided it, on ``day``."""

    digest: str
    sieve: int
    reason: str
    by: str
    approved_by: str
    day: date
    offset: int


class Erasures:
    """Every erasure, in the order they were decided."""

    def __init__(self, salt: str = "") -> None:
        self.salt = salt
        self.asked = 0
        """How many decisions there were, those that were made again counted in: each has every part of a network purge."""
        self._of: dict[str, Erased] = {}

    def __bool__(self) -> bool:
        return bool(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[Erased]:
        return iter(self._of.values())

    def add(self, erased: Erased, salt: str) -> None:
        self.salt = salt
        self._of[erased.digest] = erased

    def known(self, digest: str) -> bool:
        """Was this digest's person erased?"""
        return digest in self._of

    def of(self, token: int) -> Erased | None:
        """The erasure of a token, if there was one."""
        return self._of.get(digest(self.salt, token)) if self._of else None

    def among(self, tokens: UInt64) -> npt.NDArray[np.bool_]:
        """Which of these tokens were erased."""
        if not self._of:
            return np.zeros(len(tokens), np.bool_)
        few = np.unique(np.array([entry.sieve for entry in self], np.uint64))
        return _mask(tokens, np.isin(sieves(self.salt, tokens), few), lambda token: self.of(token) is not None)

    def meta(self) -> list[Any] | None:
        """All of it, as JSON; None where there is nothing."""
        if not self._of:
            return None
        return [self.salt, [[e.digest, e.sieve, e.reason, e.by, e.approved_by, e.day.isoformat(), e.offset] for e in self], self.asked]

    @classmethod
    def restored(cls, meta: Sequence[Any] | None) -> Erasures:
        """What ``meta`` described."""
        ledger = cls()
        if meta is not None:
            for digest, sieve, reason, by, approved_by, day, offset in meta[1]:
                ledger.add(Erased(digest, sieve, reason, by, approved_by, date.fromisoformat(day), offset), meta[0])
            ledger.asked = meta[2] if len(meta) > 2 else len(ledger)  # there were no networks that erased
        return ledger


def named(salt: str, token: int, reason: str, by: str, approved_by: str, traces: Sequence[Trace] = ()) -> PersonErased:
    """The message that erases a token's person; ``traces`` are for a network.

    Example:
        >>> named("00" * 16, 7, "moved", "A", "B").digest == digest("00" * 16, 7)
        True
    """
    sieve = int(sieves(salt, np.array([token], np.uint64))[0])
    return PersonErased(salt, digest(salt, token), sieve, reason, by, approved_by, tuple((*trace,) for trace in traces))


def well_formed(message: PersonErased) -> bool:
    """Are salt, digest and sieve of a message such as ``named`` makes?"""
    digits = "0123456789abcdef"
    texts = ((message.salt, 2 * SALT_BYTES), (message.digest, _DIGITS))
    return all(len(text) == length and set(text) <= set(digits) for text, length in texts) and 0 <= message.sieve < 1 << _SIEVE_BITS


def digest(salt: str, token: int) -> str:
    """The salted digest of a token."""
    return sha256(bytes.fromhex(salt) + token.to_bytes(8, "little")).hexdigest()[:_DIGITS]


def sieves(salt: str, tokens: UInt64) -> UInt64:
    """The short number of each token: 20 of the 64 bits of a salted product, from which no token can be made again."""
    added = np.uint64(int(salt[:16], 16))
    return ((tokens ^ added) * np.uint64(_ODD)) >> np.uint64(64 - _SIEVE_BITS)


def stand_in(digest: str) -> int:
    """A token that stands where the erased one stood and cannot be empty; it is nobody's."""
    return int(sha256(f"stand-in {digest}".encode()).hexdigest()[:16], 16) % (_WORD - 1) + 1


def found(salt: str, erased: PersonErased | Erased, tokens: UInt64) -> int:
    """The token an erasure means, among some; 0 where it is none of them."""
    for token in tokens[sieves(salt, tokens) == np.uint64(erased.sieve)].tolist():
        if digest(salt, token) == erased.digest:
            return int(token)
    return 0


def without(batch: RecordBatch, rows: npt.NDArray[np.bool_]) -> RecordBatch:
    """A batch with these rows blank; itself where there is none and every text of its dictionaries is meant by some row."""
    idle = any(len(texts) > len(np.unique(batch.values[name][batch.values[name] != MISSING])) for name, texts in batch.dictionaries.items())
    return batch.blanked(rows) if rows.any() or idle else batch


def _mask(tokens: UInt64, likely: npt.NDArray[np.bool_], sure: Callable[[int], bool]) -> npt.NDArray[np.bool_]:
    out = np.zeros(len(tokens), np.bool_)
    for place in np.flatnonzero(likely).tolist():
        out[place] = sure(int(tokens[place]))
    return out
