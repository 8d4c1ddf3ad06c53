"""Compiled keyed BLAKE2b with 64-bit digests over a whole column.

``connectors.identity.tokens`` makes tokens with it. ``hashlib`` is the reference: tests compare both, and stored vectors keep the tokens of
existing workspaces valid. With ``hashlib`` alone intake would be half as fast (ARCHITECTURE.md, "tokens"). After the key block a message of
up to 128 bytes is one compression. So the state after the key block is made once, and sixty-four rows are compressed side by side in vector
registers (60 ns a row, 95 with sixteen rows, 190 one by one). All kernels that call each other are in this one file, because numba's cache
does not notice a change of a callee in another file.

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
    Number = TypeVar("Number", np.uint8, np.int64)

    def kernel(function: F) -> F:
        """For mypy: the function itself, because numba is untyped."""
        return function

    inline_kernel = kernel
else:
    kernel = njit(cache=True, nogil=True)
    inline_kernel = njit(cache=True, nogil=True, inline="always")

UInt8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]

_LANES = 64
"""Rows side by side: more than the registers hold, so that loops are long enough; their words still fit in the first cache."""

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
    """Hashes of the bytes ``data[starts[i]:ends[i]]`` under a key.

    Args:
        key: 1 to 64 bytes.
        data, starts, ends: the messages; an empty one gives 0.

    Returns:
        uint64[n], the digest of ``blake2b(message, digest_size=8, key=key)`` read as a little-endian integer, and uint64[n], the next
        eight bytes of the final state. They are a second digest at no cost, to tell two messages of one digest apart.
    """
    block = np.zeros(128, dtype=np.uint8)
    block[: len(key)] = np.frombuffer(key, dtype=np.uint8)
    return _hashes(block, len(key), read_only(data), read_only(starts), read_only(ends), _IV, _SIGMA)


def read_only(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """A read-only view of the array; numba would compile a kernel a second time for writable arrays."""
    array = array.view()
    array.flags.writeable = False
    return array


@kernel
def _hashes(key: UInt8, key_length: int, data: UInt8, starts: Int64, ends: Int64, iv: UInt64, sigma: UInt8) -> tuple[UInt64, UInt64]:
    n, initial, block = len(starts), iv.copy(), np.zeros((16, 1), np.uint64)
    # Parameter block, section 2.5: digest length 8, key length, fanout 1, depth 1.
    initial[0] ^= np.uint64(0x01010000) ^ (np.uint64(key_length) << np.uint64(8)) ^ np.uint64(8)
    _load(block, 0, key, 0, 128)
    _compress(initial, block, np.uint64(128), False, iv, sigma)
    first, second = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    v, m = np.empty((16, _LANES), np.uint64), np.zeros((16, _LANES), np.uint64)
    for i in range(0, n, _LANES):
        lanes = min(_LANES, n - i)
        for j in range(8):
            for lane in range(_LANES):
                v[j, lane], v[j + 8, lane] = initial[j], iv[j]
        for lane in range(lanes):
            size = ends[i + lane] - starts[i + lane]
            if size <= 128:
                v[12, lane] ^= np.uint64(128 + size)
                v[14, lane] = ~v[14, lane]
                _load(m, lane, data, starts[i + lane], ends[i + lane])
        _rounds(v, m, sigma)
        for lane in range(lanes):
            size = ends[i + lane] - starts[i + lane]
            if 0 < size <= 128:
                first[i + lane] = initial[0] ^ v[0, lane] ^ v[8, lane]
                second[i + lane] = initial[1] ^ v[1, lane] ^ v[9, lane]
            elif size > 128:
                first[i + lane], second[i + lane] = _long(initial, block, data, starts[i + lane], ends[i + lane], iv, sigma)
    return first, second


@kernel
def _long(initial: UInt64, block: UInt64, data: UInt8, at: int, end: int, iv: UInt64, sigma: UInt8) -> tuple[Any, Any]:
    """The digests of one message of more than one block."""
    h, count = initial.copy(), np.uint64(128)
    while end - at > 128:
        _load(block, 0, data, at, at + 128)
        count += np.uint64(128)
        at += 128
        _compress(h, block, count, False, iv, sigma)
    _load(block, 0, data, at, end)
    _compress(h, block, count + np.uint64(end - at), True, iv, sigma)
    return h[0], h[1]


@kernel
def _load(m: UInt64, lane: int, data: UInt8, at: int, end: int) -> None:
    """Load at most 128 bytes into sixteen little-endian words of a lane, with zeros behind the end."""
    word = 0
    while end - at >= 8:
        value = np.uint64(0)
        for byte in range(8):  # compiled to one load
            value |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
        m[word, lane] = value
        word += 1
        at += 8
    value = np.uint64(0)
    for byte in range(end - at):
        value |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
    for rest in range(word, 16):
        m[rest, lane] = value
        value = np.uint64(0)


@inline_kernel
def _mix(v: UInt64, m: UInt64, a: int, b: int, c: int, d: int, x: int, y: int) -> None:
    """The mixing function G, section 3.1; the compiler vectorizes the loop over lanes."""
    for lane in range(v.shape[1]):
        va = v[a, lane]
        vb = v[b, lane]
        vc = v[c, lane]
        vd = v[d, lane]
        va = va + vb + m[x, lane]
        vd ^= va
        vd = (vd >> np.uint64(32)) | (vd << np.uint64(32))
        vc = vc + vd
        vb ^= vc
        vb = (vb >> np.uint64(24)) | (vb << np.uint64(40))
        va = va + vb + m[y, lane]
        vd ^= va
        vd = (vd >> np.uint64(16)) | (vd << np.uint64(48))
        vc = vc + vd
        vb ^= vc
        vb = (vb >> np.uint64(63)) | (vb << np.uint64(1))
        v[a, lane] = va
        v[b, lane] = vb
        v[c, lane] = vc
        v[d, lane] = vd


@kernel
def _compress(h: UInt64, block: UInt64, count: Any, last: bool, iv: UInt64, sigma: UInt8) -> None:
    """The compression function F, section 3.2, for one message in one lane."""
    v = np.zeros((16, 1), np.uint64)
    for j in range(8):
        v[j, 0], v[j + 8, 0] = h[j], iv[j]
    v[12, 0] ^= count
    if last:
        v[14, 0] = ~v[14, 0]
    _rounds(v, block, sigma)
    for j in range(8):
        h[j] ^= v[j, 0] ^ v[j + 8, 0]


@kernel
def _rounds(v: UInt64, m: UInt64, sigma: UInt8) -> None:
    """The twelve rounds on every lane: sixteen words of as many messages as there are lanes."""
    for r in range(12):
        _mix(v, m, 0, 4, 8, 12, sigma[r, 0], sigma[r, 1])
        _mix(v, m, 1, 5, 9, 13, sigma[r, 2], sigma[r, 3])
        _mix(v, m, 2, 6, 10, 14, sigma[r, 4], sigma[r, 5])
        _mix(v, m, 3, 7, 11, 15, sigma[r, 6], sigma[r, 7])
        _mix(v, m, 0, 5, 10, 15, sigma[r, 8], sigma[r, 9])
        _mix(v, m, 1, 6, 11, 12, sigma[r, 10], sigma[r, 11])
        _mix(v, m, 2, 7, 8, 13, sigma[r, 12], sigma[r, 13])
        _mix(v, m, 3, 4, 9, 14, sigma[r, 14], sigma[r, 15])
