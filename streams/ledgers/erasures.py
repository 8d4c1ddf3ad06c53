"""The ledger of erasures: it recognises the token of an erased person, but nobody can read from it who was erased.

Only a salted digest of an erased person's token stays. The holder of a token can see whether it was erased; the ledger alone reveals
nothing. All entries have one salt, so a batch of tokens is checked at once: a short number that few tokens share (the *sieve*) picks the
tokens that need a digest. Sources: FIPS 180-4 (SHA-256); docs/en/semantics.md section 16.
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
class RecordedErasure:
    """One erasure, decided by the message at ``offset`` on ``day``."""

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
        self.decision_count = 0
        """The number of decisions, repeated ones included: after each, every part of a network purges."""
        self._of: dict[str, RecordedErasure] = {}

    def __bool__(self) -> bool:
        return bool(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[RecordedErasure]:
        return iter(self._of.values())

    def add(self, entry: RecordedErasure, salt: str) -> None:
        self.salt = salt
        self._of[entry.digest] = entry

    def has_digest(self, digest: str) -> bool:
        """Was this digest's person erased?"""
        return digest in self._of

    def of(self, token: int) -> RecordedErasure | None:
        """The erasure of a token, if there was one."""
        return self._of.get(digest(self.salt, token)) if self._of else None

    def are_erased(self, tokens: UInt64) -> npt.NDArray[np.bool_]:
        """A mask of the tokens that were erased."""
        if not self._of:
            return np.zeros(len(tokens), np.bool_)
        few = np.unique(np.array([entry.sieve for entry in self], np.uint64))
        return _mask(tokens, np.isin(sieves(self.salt, tokens), few), lambda token: self.of(token) is not None)

    def meta(self) -> list[Any] | None:
        """All entries as JSON; None if there are none."""
        if not self._of:
            return None
        return [
            self.salt,
            [[e.digest, e.sieve, e.reason, e.by, e.approved_by, e.day.isoformat(), e.offset] for e in self],
            self.decision_count,
        ]

    @classmethod
    def restore(cls, meta: Sequence[Any] | None) -> Erasures:
        """The ledger from ``meta``."""
        ledger = cls()
        if meta is not None:
            for digest, sieve, reason, by, approved_by, day, offset in meta[1]:
                ledger.add(RecordedErasure(digest, sieve, reason, by, approved_by, date.fromisoformat(day), offset), meta[0])
            ledger.decision_count = meta[2] if len(meta) > 2 else len(ledger)  # from a version in which networks could not erase
        return ledger


def erasure_message(salt: str, token: int, reason: str, by: str, approved_by: str, traces: Sequence[Trace] = ()) -> PersonErased:
    """The message that erases the person with this token; ``traces`` are for a network.

    Example:
        >>> named("00" * 16, 7, "moved", "A", "B").digest == digest("00" * 16, 7)
        True
    """
    sieve = int(sieves(salt, np.array([token], np.uint64))[0])
    return PersonErased(salt, digest(salt, token), sieve, reason, by, approved_by, tuple((*trace,) for trace in traces))


def well_formed(message: PersonErased) -> bool:
    """Are salt, digest and sieve of a message well formed?"""
    digits = "0123456789abcdef"
    texts = ((message.salt, 2 * SALT_BYTES), (message.digest, _DIGITS))
    return all(len(text) == length and set(text) <= set(digits) for text, length in texts) and 0 <= message.sieve < 1 << _SIEVE_BITS


def digest(salt: str, token: int) -> str:
    """The salted digest of a token."""
    return sha256(bytes.fromhex(salt) + token.to_bytes(8, "little")).hexdigest()[:_DIGITS]


def sieves(salt: str, tokens: UInt64) -> UInt64:
    """The short number of each token: 20 of the 64 bits of a salted product; no token can be computed from it."""
    addend = np.uint64(int(salt[:16], 16))
    return ((tokens ^ addend) * np.uint64(_ODD)) >> np.uint64(64 - _SIEVE_BITS)


def stand_in(digest: str) -> int:
    """A token of nobody, for places where the erased token stood and that must not be empty."""
    return int(sha256(f"stand-in {digest}".encode()).hexdigest()[:16], 16) % (_WORD - 1) + 1


def erased_token(salt: str, erasure: PersonErased | RecordedErasure, tokens: UInt64) -> int:
    """The token that was erased, among some; 0 if it is none of them."""
    for token in tokens[sieves(salt, tokens) == np.uint64(erasure.sieve)].tolist():
        if digest(salt, token) == erasure.digest:
            return int(token)
    return 0


def with_blank_rows(batch: RecordBatch, rows: npt.NDArray[np.bool_]) -> RecordBatch:
    """A batch with these rows blank; the same batch if there are none and every text of its dictionaries is used by some row."""
    idle = any(len(texts) > len(np.unique(batch.values[name][batch.values[name] != MISSING])) for name, texts in batch.dictionaries.items())
    return batch.with_blanks(rows) if rows.any() or idle else batch


def _mask(tokens: UInt64, likely: npt.NDArray[np.bool_], sure: Callable[[int], bool]) -> npt.NDArray[np.bool_]:
    out = np.zeros(len(tokens), np.bool_)
    for place in np.flatnonzero(likely).tolist():
        out[place] = sure(int(tokens[place]))
    return out
