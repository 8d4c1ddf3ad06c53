"""Operations on rows and columns: the winning record, its fields, and the leaves that compare one value of each row.

Operands are those of the classes of the same names in ``matchers.kernel.kernels.operations``.
"""

import numpy as np
from numba import njit

from matchers.kernel.kernels.bits import ALL, ONE, bit_at, tail_mask, words_of
from matchers.kernel.kernels.indexes import empty_index, find_key, find_number, subject_key
from matchers.kernel.kernels.logic import sides
from matchers.kernel.kernels.records import (
    FLAGS,
    L_HEAD,
    L_KIND,
    L_VALID,
    MISSING32,
    MISSING64,
    NEXT,
    QUARANTINED,
    read_wide,
    table_at,
    winning_record,
)


@njit(cache=True, nogil=True)
def follow_link(matrix, domains, values, domain, parent, feed, lane, winner, aligned):
    n = domains.size[parent]
    domains.size[domain] = n
    arena = table_at(matrix.arenas, feed)
    for i in range(n):
        r = values.winners[winner, i]
        e = np.int32(-1)
        if r >= 0 and (arena[r, FLAGS] & QUARANTINED) == 0:
            e = arena[r, lane]
        domains.subject[domain, i] = e
        domains.record[domain, i] = -1
        domains.start[domain, i] = i if aligned == 1 else domains.start[parent, i]


@njit(cache=True, nogil=True)
def list_subjects(domains, values, domain, parent, numbers):
    subject = domains.subject
    place = values.winners[numbers]
    n = domains.size[parent]
    index = empty_index(n)
    m = 0
    before, number = np.int32(-1), np.int64(-1)  # rows about one subject often follow one another
    for i in range(n):
        e = subject[parent, i]
        if e != before:
            number = np.int64(-1)
            if e >= 0:
                number = find_number(index, subject, domain, e)
                if number < 0:
                    index[-1 - number] = m
                    subject[domain, m], domains.record[domain, m], domains.start[domain, m] = e, -1, m
                    number = np.int64(m)
                    m += 1
            before = e
        place[i] = number
    domains.size[domain] = m


@njit(cache=True, nogil=True)
def pick_winner(matrix, domains, values, winner, domain, feed):
    out = values.winners[winner]
    n = domains.size[domain]
    arena = table_at(matrix.arenas, feed)
    lay = matrix.lays[feed]
    head = table_at(matrix.heads, lay[L_KIND])
    column, valid = lay[L_HEAD], lay[L_VALID]
    for i in range(n):
        e = domains.subject[domain, i]
        out[i] = -1 if e < 0 else head[e, column]
    for i in range(n):
        r = out[i]
        if r >= 0 and (valid >= 0 or arena[r, NEXT] >= 0):
            out[i] = winning_record(arena, valid, r, matrix.day)


@njit(cache=True, nogil=True)
def read_column(matrix, planes, domains, values, column, domain, feed, lane, wide, winner, default, covered):
    out = values.columns[column]
    arena = table_at(matrix.arenas, feed)
    at = domains.record[domain] if winner < 0 else values.winners[winner]
    for i in range(domains.size[domain]):
        r = at[i]
        if r < 0:
            v = np.int64(MISSING64)
            if default >= 0 and domains.subject[domain, i] >= 0 and bit_at(planes.bits, planes.off[covered], i) != 0:
                v = values.constants[default, 0]
            out[i] = v
        elif wide == 1:
            out[i] = MISSING64 if (arena[r, FLAGS] & QUARANTINED) != 0 else read_wide(arena[r], lane)
        else:
            v32 = arena[r, lane]
            out[i] = MISSING64 if v32 == MISSING32 or (arena[r, FLAGS] & QUARANTINED) != 0 else np.int64(v32)


# -- leaves -----------------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def mark_present(planes, domains, values, slot, winner):
    true, false = sides(planes, 2 * slot)
    n = domains.size[0]
    for j in range(words_of(n)):
        t = np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            t |= np.uint64(values.winners[winner, i] >= 0) << np.uint64(i & 63)
        planes.bits[true + j] = t
        planes.bits[false + j] = ~t if j < words_of(n) - 1 else ~t & tail_mask(n)


@njit(cache=True, nogil=True)
def is_covered(covers, cover, kind, subject, place):
    """Whether a subject placed at a division is covered: each responsible source has said so since the cover's cut.

    The cover's answers are by division. Where the answer is no, statements about the single subject may still make it yes.
    """
    if place < 0 or subject < 0:
        return False
    if covers.answers[cover, place] != 0:
        return True
    if len(covers.slots) <= 1:
        return False
    feed, cut = covers.feeds[cover], covers.cuts[cover]
    first, last = covers.responsible_from[feed, place], covers.responsible_from[feed, place + 1]
    if first == last:
        return False
    mask = len(covers.slots) - 1
    for j in range(first, last):
        source = covers.responsible[j]
        if source < 0:  # it is responsible, but its statements do not count for so coarse a placement
            return False
        if covers.said_to[source, place] >= cut:
            continue
        at = find_key(covers.slots, mask, subject_key(source, kind, subject), covers.keys)
        if at < 0 or covers.to[at] < cut:
            return False
    return True


@njit(cache=True, nogil=True)
def mark_covered(planes, domains, values, covers, slot, domain, cover, place, kind):
    true, false = sides(planes, 2 * slot)
    n, places = domains.size[domain], values.columns[place]
    for j in range(words_of(n)):
        t = np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            if is_covered(covers, cover, kind, domains.subject[domain, i], places[i]):
                t |= ONE << np.uint64(i & 63)
        planes.bits[true + j] = t
        planes.bits[false + j] = 0


@njit(cache=True, nogil=True)
def mark_complete(matrix, planes, domains, values, slot, domain, covered, feed, winner):
    bits = planes.bits
    true, false = sides(planes, 2 * slot)
    n = domains.size[domain]
    arena = table_at(matrix.arenas, feed)
    for j in range(words_of(n)):
        t = bits[planes.off[covered] + j] if covered >= 0 else np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            r = values.winners[winner, i]
            if r >= 0 and (arena[r, FLAGS] & QUARANTINED) == 0:
                t |= ONE << np.uint64(i & 63)
        bits[true + j] = t
        bits[false + j] = 0


@njit(cache=True, nogil=True)
def compare_range(planes, domains, values, slot, column, constant, domain, has_value):
    bits = planes.bits
    true, false = sides(planes, 2 * slot)
    has, cells = planes.off[has_value], values.columns[column]
    n = domains.size[domain]
    lo, hi = values.constants[constant, 0], values.constants[constant, 1]
    if values.constants[constant, 3] != 0:
        for j in range(words_of(n)):
            bits[true + j] = 0
            bits[false + j] = 0
        return
    for j in range(words_of(n)):
        t = np.uint64(0)
        if (j + 1) << 6 <= n:
            part = cells[j << 6 : (j + 1) << 6]
            for i in range(64):
                t |= np.uint64((part[i] >= lo) & (part[i] <= hi)) << np.uint64(i)
        else:
            for i in range(j << 6, n):
                t |= np.uint64((cells[i] >= lo) & (cells[i] <= hi)) << np.uint64(i & 63)
        bits[true + j] = t  # a missing value is below every interval
        bits[false + j] = bits[has + j] & ~t


@njit(cache=True, nogil=True)
def row_of_key(constants, constant, key):
    """The constant for a key of a table; -1 where the key is missing or has no value in the table."""
    first = constants[constant, 0]
    if key == MISSING64 or key < first or key >= first + constants[constant, 1]:
        return np.int64(-1)
    row = constant + 1 + (key - first)
    return np.int64(-1) if constants[row, 3] != 0 else np.int64(row)


@njit(cache=True, nogil=True)
def compare_range_by_key(planes, domains, values, slot, column, constant, domain, keys):
    constants, bits = values.constants, planes.bits
    true, false = sides(planes, 2 * slot)
    cells, keys_of = values.columns[column], values.columns[keys]
    n = domains.size[domain]
    for j in range(words_of(n)):
        bits[true + j] = 0
        bits[false + j] = 0
    for i in range(n):
        v = cells[i]
        row = row_of_key(constants, constant, keys_of[i])
        if v == MISSING64 or row < 0:
            continue
        at = true if constants[row, 0] <= v <= constants[row, 1] else false
        bits[at + (i >> 6)] |= ONE << np.uint64(i & 63)


@njit(cache=True, nogil=True)
def match_division(planes, domains, values, slot, column, prefix, domain):
    true, false = sides(planes, 2 * slot)
    cells, answers = values.columns[column], values.prefixes[prefix]
    n = domains.size[domain]
    for j in range(words_of(n)):
        t, f = np.uint64(0), np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            if cells[i] != MISSING64:
                a = answers[cells[i]]  # 0 unknown, 1 within, 2 not
                t |= np.uint64(a & 1) << np.uint64(i & 63)
                f |= np.uint64(a >> 1) << np.uint64(i & 63)
        planes.bits[true + j] = t
        planes.bits[false + j] = f


@njit(cache=True, nogil=True)
def read_answers(planes, domains, answers, slot, check, assumed):
    bits = planes.bits
    true, false = sides(planes, 2 * slot)
    n = domains.size[0]
    for j in range(words_of(n)):
        bits[true + j] = ALL if assumed == 1 else np.uint64(0)
        bits[false + j] = ALL if assumed == 2 else np.uint64(0)
    if n > 0:
        bits[true + words_of(n) - 1] &= tail_mask(n)
        bits[false + words_of(n) - 1] &= tail_mask(n)
    if len(answers.slots) <= 1:
        return
    mask = len(answers.slots) - 1
    for i in range(n):
        at = find_key(answers.slots, mask, subject_key(check, 0, domains.subject[0, i]), answers.keys)
        if at >= 0:
            here = ONE << np.uint64(i & 63)
            bits[true + (i >> 6)] &= ~here
            bits[false + (i >> 6)] &= ~here
            side = true if answers.values[at] == 1 else false
            bits[side + (i >> 6)] |= here


# -- reasons: true planes alone -----------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def mark_known(planes, domains, values, slot, domain, column):
    out, cells, n = planes.off[slot], values.columns[column], domains.size[domain]
    for j in range(words_of(n)):
        t = np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            t |= np.uint64(cells[i] != MISSING64) << np.uint64(i & 63)
        planes.bits[out + j] = t


@njit(cache=True, nogil=True)
def mark_missing(planes, domains, values, slot, domain, column):
    out, cells, n = planes.off[slot], values.columns[column], domains.size[domain]
    for j in range(words_of(n)):
        t = np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            t |= np.uint64((cells[i] == MISSING64) & (domains.subject[domain, i] >= 0)) << np.uint64(i & 63)
        planes.bits[out + j] = t


@njit(cache=True, nogil=True)
def mark_unlinked(planes, domains, slot, domain, parent):
    out, n = planes.off[slot], domains.size[domain]
    for j in range(words_of(n)):
        t = np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            t |= np.uint64((domains.subject[domain, i] < 0) & (domains.subject[parent, i] >= 0)) << np.uint64(i & 63)
        planes.bits[out + j] = t


@njit(cache=True, nogil=True)
def mark_out_of_table(planes, domains, values, slot, domain, keys, constant):
    out, keys_of, n = planes.off[slot], values.columns[keys], domains.size[domain]
    for j in range(words_of(n)):
        t = np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            if keys_of[i] != MISSING64 and row_of_key(values.constants, constant, keys_of[i]) < 0:
                t |= ONE << np.uint64(i & 63)
        planes.bits[out + j] = t


@njit(cache=True, nogil=True)
def mark_no_value(planes, domains, values, slot, domain, constant):
    out, n = planes.off[slot], domains.size[domain]
    v = ALL if values.constants[constant, 3] != 0 else np.uint64(0)
    for j in range(words_of(n)):
        planes.bits[out + j] = v
    if n > 0:
        planes.bits[out + words_of(n) - 1] &= tail_mask(n)
