"""Keyed tokens: 64-bit names for persons, households and dwellings that only the holder of the key can make.

A token is BLAKE2b (RFC 7693) of the canonical text of an identifier. The key is derived for a domain: a kind of subject and a numbering.
So the fifteen and the eighteen digits of one resident give one token; the same number in two numberings gives two. The hash needs a key,
because there are only some 10^11 resident numbers: a plain hash would be inverted in minutes (ARCHITECTURE.md, "Trust").

    master key --(kind, space)--> domain key --(canonical text)--> token, check
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
from stdnum.cn import ric

from connectors.parsing.cells import ERROR, SCIENTIFIC, SPACES, Fault, residents, trimmed_bounds
from connectors.parsing.hashing import keyed_hashes, read_only
from policies.language.catalogue import Identity
from policies.values import Kind

RESIDENT_ID = "cn-resident-id"
_LONGEST = 256
_NARROW = str.maketrans("０１２３４５６７８９Ｘｘx", "0123456789XXX")

UInt8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class TokenizedCells:
    """The tokens of a column of cells.

    Args:
        tokens: uint64[n], 0 where the cell is empty or wrong.
        checks: uint64[n], a second digest of the same text; two texts of one token differ in it.
        faults: uint8[n], ``connectors.parsing.cells.Fault``.
        texts: the canonical texts (opaque ones still with their outer spaces); without meaning where there is a fault.
    """

    tokens: UInt64
    checks: UInt64
    faults: UInt8
    texts: pl.Series


class Tokens:
    """Makes tokens under one master key.

    Args:
        key: 32 to 64 secret bytes. Whoever has them can test whether a token is of a known person.

    Raises:
        ValueError: a key of another length.

    Example:
        >>> tokens = Tokens(bytes(32))
        >>> tokens.one(Kind.PERSON, Identity("id", "cn-resident-id", "cn-resident-id"), " 11010519491231002x") is None
        False
    """

    def __init__(self, key: bytes) -> None:
        if not 32 <= len(key) <= 64:
            raise ValueError("the token key must have 32 to 64 bytes")
        self._key = key

    def token(self, kind: Kind, identity: Identity, text: str) -> int | None:
        """The token of one identifier; None where it is empty or not of its scheme. The reference for ``column``."""
        canonical = resident_number(text) if identity.scheme == RESIDENT_ID else opaque_text(text)
        if canonical is None:
            return None
        digest = hashlib.blake2b(canonical.encode(), digest_size=8, key=self._domain(kind.value, identity.space)).digest()
        return int.from_bytes(digest, "little") or 1

    def person(self, texts: list[str]) -> UInt64:
        """uint64[n], the tokens of resident numbers; 0 where one is wrong."""
        return self.column(Kind.PERSON, Identity("", RESIDENT_ID, RESIDENT_ID), pl.Series(texts, dtype=pl.String)).tokens

    def column(self, kind: Kind, identity: Identity, cells: pl.Series) -> TokenizedCells:
        """The tokens of a column of identifiers of one kind of subject."""
        key = self._domain(kind.value, identity.space)
        if identity.scheme != RESIDENT_ID:
            return _opaque(key, cells)
        data, offsets = arrow_bytes(cells)
        numbers, faults = residents(data, offsets)
        starts = 18 * np.arange(len(faults), dtype=np.int64)
        tokens, checks = keyed_hashes(key, numbers, starts, np.where(faults == Fault.SOUND, starts + 18, starts))
        edges = np.append(starts, len(numbers)).astype(np.int64)
        if faults.any():
            numbers[np.repeat(faults != Fault.SOUND, 18)] = ord("?")  # bytes that may not be text
        texts = pa.LargeStringArray.from_buffers(len(faults), pa.py_buffer(edges), pa.py_buffer(numbers))
        return TokenizedCells(_never_zero(tokens, faults), checks, faults, pl.Series(texts))

    def keys(self, feed: str, cells: pl.Series) -> TokenizedCells:
        """Hashes of a feed's record keys, under a key too: a record key is often a person's number."""
        return _opaque(self._domain("key", feed), cells)

    def identities(self, feed: str, cells: pl.Series) -> UInt64:
        """uint64[n], hashes of the identity fields of each row as one text, to notice changes; 0 where all are empty."""
        return _opaque(self._domain("identity", feed), cells, longest=1 << 30).tokens

    def _domain(self, kind: str, space: str) -> bytes:
        """The key of one domain: 32 bytes, so no token of one kind or space says anything about another."""
        return hashlib.blake2b(f"{kind}\0{space}".encode(), digest_size=32, key=self._key, person=b"huimin.tokens.1").digest()


def resident_number(text: str) -> str | None:
    """The canonical 18 characters of a resident number, or None.

    Example:
        >>> resident_number("110105 491231 002"), resident_number("11010519491231002x")
        ('11010519491231002X', '11010519491231002X')

    Source: GB 11643-1999; the check character and the date by python-stdnum.
    """
    number = "".join(c for c in text.translate(_NARROW) if c not in SPACES)
    if len(number) == 15:
        number = f"{number[:6]}19{number[6:]}"
        number += ric.calc_check_digit(number + "0") if number.isascii() and number.isdigit() else "?"
    if len(number) != 18 or not (number[:17].isascii() and number[:17].isdigit()) or ric.calc_check_digit(number) != number[17]:
        return None
    try:
        ric.get_birth_date(number)
    except ric.ValidationError:
        return None
    return number


def opaque_text(text: str) -> str | None:
    """An opaque identifier without outer spaces, or None where it is empty or longer than 256 bytes."""
    text = text.strip(SPACES)
    return text if 0 < len(text.encode()) <= _LONGEST else None


def arrow_bytes(cells: pl.Series) -> tuple[UInt8, Int64]:
    """A column of text as its bytes and n+1 offsets; an empty cell has no bytes."""
    array = cells.to_arrow(compat_level=pl.CompatLevel.oldest())
    if array.null_count:
        array = array.fill_null("")
    _, offsets, data = array.buffers()
    edges = np.frombuffer(offsets, np.int64, len(array) + 1, array.offset * 8) if len(array) else np.zeros(1, np.int64)
    return read_only(np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)), read_only(edges)


def _opaque(key: bytes, cells: pl.Series, longest: int = _LONGEST) -> TokenizedCells:
    data, edges = arrow_bytes(cells)
    starts, ends = trimmed_bounds(data, edges)
    lengths = ends - starts
    faults = np.where(lengths == 0, Fault.EMPTY, np.where(lengths > longest, Fault.LENGTH, Fault.SOUND)).astype(np.uint8)
    text = data[edges[0] : edges[-1]].tobytes()
    for sign, pattern, fault in ((b"E+", SCIENTIFIC, Fault.ROUNDED), (b"#", ERROR, Fault.ERROR_CELL)):
        if sign in text:  # any text is an identifier: what Excel cut short, or failed to compute, would be one, too
            wrong = cells.fill_null("").str.strip_chars(SPACES).str.contains(f"^(?:{pattern.pattern})$").to_numpy()
            faults[wrong & (faults == Fault.SOUND)] = fault
    tokens, checks = keyed_hashes(key, data, starts, np.where(faults == Fault.SOUND, ends, starts))
    return TokenizedCells(_never_zero(tokens, faults), checks, faults, cells)


def _never_zero(tokens: UInt64, faults: UInt8) -> UInt64:
    """0 means empty, so the one text in 2^64 whose digest is 0 gets 1."""
    tokens[(tokens == 0) & (faults == Fault.SOUND)] = 1
    return tokens
