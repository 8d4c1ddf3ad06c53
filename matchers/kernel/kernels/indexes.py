"""Open-addressing indexes: of subjects by token, records by key, rows by subject, equal rows of a matrix.

A lookup gives a row, or -1 - the free position where it would go.
"""

import numpy as np
from numba import njit

from matchers.kernel.kernels.records import FLAGS, HOLE, KEY, L_ONE, read_wide


@njit(cache=True, nogil=True)
def mix_bits(x):
    """A 64-bit finaliser (Stafford's variant 13 of MurmurHash3's)."""
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def source_key(key, source):
    return mix_bits(key + np.uint64(source) * np.uint64(0x9E3779B97F4A7C15))


@njit(cache=True, nogil=True)
def subject_key(source, kind, entity):
    """Hash of (source or check, kind, entity) for the small indexes of single subjects."""
    return mix_bits((np.uint64(source + 1) << np.uint64(34)) | (np.uint64(kind) << np.uint64(32)) | np.uint64(entity))


@njit(cache=True, nogil=True)
def find_key(slots, mask, key, keys):
    """Position of key in an open-addressing index: the row, or -1 - free position."""
    at = np.int64(key & np.uint64(mask))
    while True:
        r = slots[at]
        if r < 0:
            return -1 - at
        if keys[r] == key:
            return np.int64(r)
        at = (at + 1) & mask


@njit(cache=True, nogil=True)
def index_keys(slots, keys):
    mask = len(slots) - 1
    slots[:] = -1
    for r in range(len(keys)):
        at = find_key(slots, mask, keys[r], keys)
        if at < 0:
            slots[-1 - at] = r


@njit(cache=True, nogil=True)
def index_entities(slots, tokens, count):
    mask = len(slots) - 1
    slots[:] = -1
    for r in range(count):
        slots[-1 - find_key(slots, mask, tokens[r], tokens)] = r


@njit(cache=True, nogil=True)
def resolve_entities(wanted, out, slots, tokens, count):
    """Row of each token, new ones appended; 0 gives -1. Room for len(wanted) more must be there. Returns the new count."""
    mask = len(slots) - 1
    for i in range(len(wanted)):
        token = wanted[i]
        if token == 0:
            out[i] = -1
            continue
        r = find_key(slots, mask, token, tokens)
        if r < 0:
            tokens[count] = token
            slots[-1 - r] = count
            r = count
            count += 1
        out[i] = r
    return count


@njit(cache=True, nogil=True)
def find_record(slots, mask, key, arena):
    at = np.int64(mix_bits(key) & np.uint64(mask))
    while True:
        r = slots[at]
        if r < 0:
            return -1 - at
        if np.uint64(read_wide(arena[r], KEY)) == key:
            return np.int64(r)
        at = (at + 1) & mask


@njit(cache=True, nogil=True)
def index_records(slots, arena, count):
    mask = len(slots) - 1
    slots[:] = -1
    for r in range(count):
        if arena[r, FLAGS] & HOLE != 0:
            continue
        slots[-1 - find_record(slots, mask, np.uint64(read_wide(arena[r], KEY)), arena)] = r


@njit(cache=True, nogil=True)
def empty_index(n):
    """An empty index over n rows of a domain by (path root, subject)."""
    room = 16
    while room < 2 * n:
        room *= 2
    return np.full(room, -1, np.int32)


@njit(cache=True, nogil=True)
def find_start(starts, ent, seg, p, root, entity):
    """The row of domain p that is a subject within a path root, in an index as ``empty_index`` makes it, or -1 - free position."""
    mask = len(starts) - 1
    at = np.int64(mix_bits((np.uint64(root) << np.uint64(32)) | np.uint64(entity)) & np.uint64(mask))
    while True:
        r = starts[at]
        if r < 0:
            return -1 - at
        if ent[p, r] == entity and seg[p, r] == root:
            return np.int64(r)
        at = (at + 1) & mask


@njit(cache=True, nogil=True)
def find_number(numbers, ent, d, entity):
    """The row of domain d that is a subject, in an index as ``empty_index`` makes it, or -1 - free position."""
    mask = len(numbers) - 1
    at = np.int64(mix_bits(np.uint64(entity)) & np.uint64(mask))
    while True:
        r = numbers[at]
        if r < 0:
            return -1 - at
        if ent[d, r] == entity:
            return np.int64(r)
        at = (at + 1) & mask


@njit(cache=True, nogil=True)
def was_met(met_subjects, subject, lay):
    """Whether a subject was met before, in an index as ``empty_index`` makes it; from now on it was.

    Only of feeds with one record for each subject: there, all records of a subject have the same seeds.
    """
    if lay[L_ONE] == 0 or subject < 0:
        return False
    mask = len(met_subjects) - 1
    at = np.int64(mix_bits(np.uint64(subject)) & np.uint64(mask))
    while met_subjects[at] >= 0:
        if met_subjects[at] == subject:
            return True
        at = (at + 1) & mask
    met_subjects[at] = subject
    return False


@njit(cache=True, nogil=True)
def group_rows(rows):
    """Equal rows of a uint64 matrix: the group of each row, and the first row of each group."""
    n, width = rows.shape
    room = 16
    while room < 2 * n:
        room *= 2
    slots = np.full(room, -1, np.int32)
    group, first = np.empty(n, np.int32), np.empty(n, np.int32)
    count = 0
    for i in range(n):
        mixed = np.uint64(0)
        for j in range(width):
            mixed = (mixed ^ rows[i, j]) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        at = np.int64(mixed & np.uint64(room - 1))
        while True:
            g = slots[at]
            if g < 0:
                slots[at] = g = count
                first[count] = i
                count += 1
                break
            same = True
            for j in range(width):
                if rows[first[g], j] != rows[i, j]:
                    same = False
            if same:
                break
            at = (at + 1) & (room - 1)
        group[i] = g
    return group, first[:count]
