"""Planes of bits, 64 rows a word."""

import numpy as np
from numba import njit

ONE = np.uint64(1)
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@njit(cache=True, nogil=True)
def words_of(n):
    return (n + 63) >> 6


@njit(cache=True, nogil=True)
def tail_mask(n):
    """Mask of the last word of n bits."""
    rest = n & 63
    return ALL if rest == 0 else (ONE << np.uint64(rest)) - ONE


@njit(cache=True, nogil=True)
def bit_at(bits, at, i):
    return (bits[at + (i >> 6)] >> np.uint64(i & 63)) & ONE


@njit(cache=True, nogil=True)
def lowest_bit(low):
    """Position of the only bit set."""
    n = 0
    if low & np.uint64(0xFFFFFFFF) == 0:
        n += 32
        low >>= np.uint64(32)
    if low & np.uint64(0xFFFF) == 0:
        n += 16
        low >>= np.uint64(16)
    if low & np.uint64(0xFF) == 0:
        n += 8
        low >>= np.uint64(8)
    if low & np.uint64(0xF) == 0:
        n += 4
        low >>= np.uint64(4)
    if low & np.uint64(0x3) == 0:
        n += 2
        low >>= np.uint64(2)
    if low & np.uint64(0x1) == 0:
        n += 1
    return n
