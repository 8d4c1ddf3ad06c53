"""Keyed BLAKE2b with 64-bit digests over a whole column, compiled.

The one idea: after the key block a message of up to 128 bytes is one compression, so the state after the key block is made once and
each row costs one call of the compression function on bytes where they lie in the Arrow column. ``hashlib`` is the reference and the tests
hold both equal. All kernels that call each other stand in one file: numba's cache does not see a callee change elsewhere.

Source: RFC 7693, sections 2.6 to 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])

    def compiled(function: F) -> F:
        """What mypy sees: the function itself, since numba is untyped."""
        return function
else:
    compiled = njit(cache=True, nogil=True)

UInt8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]

# RFC 7693 section 2.6: the square roots of the first eight primes.
_IV = np.array(
    [0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
     0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179], dtype=np.uint64)  # fmt: skip
# RFC 7693 section 2.7; rounds 10 and 11 repeat 0 and 1.
_SIGMA = np.array(
    [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
     [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
     [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
     [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
     [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
     [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
     [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
     [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
     [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
     [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
     [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
     [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3]], dtype=np.uint8)  # fmt: skip


def keyed_hashes(key: bytes, data: UInt8, starts: Int64, ends: Int64) -> tuple[UInt64, UInt64]:
    """Hash the bytes ``data[starts[i]:ends[i]]`` under a key.

    Args:
        key: 1 to 64 bytes.
        data, starts, ends: the messages, none of them empty; an empty one gives 0.

    Returns:
        uint64[n], the digest of ``blake2b(message, digest_size=8, key=key)`` read as a little-endian integer, and uint64[n], the next
        eight bytes of the final state: as good as a second digest, at no cost. They tell two messages of one digest apart.
    """
    block = np.zeros(128, dtype=np.uint8)
    block[: len(key)] = np.frombuffer(key, dtype=np.uint8)
    return _hashes(block, len(key), data, starts, ends, _IV, _SIGMA)


@compiled
def _hashes(
    key: UInt8, key_length: int, data: UInt8, starts: Int64, ends: Int64, iv: UInt64, sigma: UInt8
) -> tuple[UInt64, UInt64]:
    keyed, h, m = iv.copy(), np.empty(8, np.uint64), np.empty(16, np.uint64)
    # Parameter block, section 2.5: digest length 8, key length, fanout 1, depth 1.
    keyed[0] ^= np.uint64(0x01010000) ^ (np.uint64(key_length) << np.uint64(8)) ^ np.uint64(8)
    _load(m, key, 0, 128)
    _compress(keyed, m, np.uint64(128), False, iv, sigma)
    first, second = np.zeros(len(starts), np.uint64), np.zeros(len(starts), np.uint64)
    for i in range(len(starts)):
        at, end = starts[i], ends[i]
        if at >= end:
            continue
        h[:] = keyed
        done = np.uint64(128)
        while end - at > 128:
            _load(m, data, at, at + 128)
            done += np.uint64(128)
            at += 128
            _compress(h, m, done, False, iv, sigma)
        _load(m, data, at, end)
        _compress(h, m, done + np.uint64(end - at), True, iv, sigma)
        first[i], second[i] = h[0], h[1]
    return first, second


@compiled
def _load(m: UInt64, data: UInt8, start: int, end: int) -> None:
    """Bytes into sixteen little-endian words, zeros behind the end."""
    at = start
    for word in range(16):
        value = np.uint64(0)
        if at < end:
            for byte in range(min(8, end - at)):
                value |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
        m[word] = value
        at += 8


@compiled
def _mix(a: Any, b: Any, c: Any, d: Any, x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """The mixing function G, section 3.1."""
    a = a + b + x
    d ^= a
    d = (d >> np.uint64(32)) | (d << np.uint64(32))
    c = c + d
    b ^= c
    b = (b >> np.uint64(24)) | (b << np.uint64(40))
    a = a + b + y
    d ^= a
    d = (d >> np.uint64(16)) | (d << np.uint64(48))
    c = c + d
    b ^= c
    b = (b >> np.uint64(63)) | (b << np.uint64(1))
    return a, b, c, d


@compiled
def _compress(h: UInt64, m: UInt64, count: Any, last: bool, iv: UInt64, sigma: UInt8) -> None:
    """The compression function F, section 3.2; the sixteen words stay in registers, which an array would not."""
    v0, v1, v2, v3, v4, v5, v6, v7 = h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
    v8, v9, v10, v11, v12, v13, v14, v15 = iv[0], iv[1], iv[2], iv[3], iv[4] ^ count, iv[5], iv[6], iv[7]
    if last:
        v14 = ~v14
    for r in range(12):
        s = sigma[r]
        v0, v4, v8, v12 = _mix(v0, v4, v8, v12, m[s[0]], m[s[1]])
        v1, v5, v9, v13 = _mix(v1, v5, v9, v13, m[s[2]], m[s[3]])
        v2, v6, v10, v14 = _mix(v2, v6, v10, v14, m[s[4]], m[s[5]])
        v3, v7, v11, v15 = _mix(v3, v7, v11, v15, m[s[6]], m[s[7]])
        v0, v5, v10, v15 = _mix(v0, v5, v10, v15, m[s[8]], m[s[9]])
        v1, v6, v11, v12 = _mix(v1, v6, v11, v12, m[s[10]], m[s[11]])
        v2, v7, v8, v13 = _mix(v2, v7, v8, v13, m[s[12]], m[s[13]])
        v3, v4, v9, v14 = _mix(v3, v4, v9, v14, m[s[14]], m[s[15]])
    h[0] ^= v0 ^ v8
    h[1] ^= v1 ^ v9
    h[2] ^= v2 ^ v10
    h[3] ^= v3 ^ v11
    h[4] ^= v4 ^ v12
    h[5] ^= v5 ^ v13
    h[6] ^= v6 ^ v14
    h[7] ^= v7 ^ v15


@compiled
def same_checks(slots: UInt64, checks: UInt64, tokens: UInt64, new_checks: UInt64) -> int:
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
