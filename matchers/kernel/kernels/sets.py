"""Operations on sets: the elements of a step, whether a condition holds for any of them, their number and their sums.

Operands are those of the classes of the same names in ``matchers.kernel.kernels.operations``.
"""

import numpy as np
from numba import njit

from matchers.kernel.kernels.arithmetic import HIGH, LOW, add_to, threshold, total_with_carry
from matchers.kernel.kernels.bits import ALL, ONE, bit_at, lowest_bit, tail_mask, words_of
from matchers.kernel.kernels.cells import row_of_key
from matchers.kernel.kernels.indexes import empty_index, find_start
from matchers.kernel.kernels.logic import sides
from matchers.kernel.kernels.operations import INVERSE, MEMBERS, RECORDS_ONE
from matchers.kernel.kernels.records import (
    FLAGS,
    K_HEAD,
    K_LANE,
    K_TARGET,
    L_HEAD,
    L_KIND,
    L_VALID,
    MISSING64,
    NEXT,
    QUARANTINED,
    SUBJECT,
    is_there,
    table_at,
    winning_record,
)


@njit(cache=True, nogil=True)
def expand(matrix, planes, domains, room, domain, parent, how, feed, link, aligned, own, repeats):
    """Returns how many elements there are; those beyond ``room`` are counted, not written."""
    arena, lay = table_at(matrix.arenas, feed), matrix.lays[feed]
    if how in (INVERSE, RECORDS_ONE):
        m = one_by_one(matrix, domains, room, domain, parent, how, arena, lay, link, aligned, repeats)
    else:
        m = side_by_side(matrix, domains, room, domain, parent, how == MEMBERS, arena, lay, link, aligned, repeats)
        if how == MEMBERS and m <= room:
            m = registered_members(matrix, domains, domain, m, arena, lay)
    if m > room:
        return m
    domains.size[domain] = m
    out, record = planes.off[own], domains.record[domain]
    for j in range(words_of(m)):
        q = np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, m)):
            if (arena[record[i], FLAGS] & QUARANTINED) != 0:
                q |= ONE << np.uint64(i & 63)
        planes.bits[out + j] = q
    return m


@njit(cache=True, nogil=True)
def is_repeated(starts, domains, parent, i):
    """Whether the subject of a row was met before within its path root; from now on it was."""
    free = find_start(starts, domains.subject, domains.start, parent, domains.start[parent, i], domains.subject[parent, i])
    if free >= 0:
        return True
    starts[-1 - free] = i
    return False


@njit(cache=True, nogil=True)
def one_by_one(matrix, domains, room, domain, parent, how, arena, lay, link, aligned, repeats):
    """The record that counts of each subject, or the subjects that link to it."""
    subject, record, start, day, valid = domains.subject, domains.record, domains.start, matrix.day, lay[L_VALID]
    n = domains.size[parent]
    starts = empty_index(n if repeats == 1 else 0)
    m = 0
    for i in range(n):
        e = subject[parent, i]
        if e < 0 or (repeats == 1 and is_repeated(starts, domains, parent, i)):
            continue
        s = i if aligned == 1 else start[parent, i]
        if how == RECORDS_ONE:
            r = winning_record(arena, valid, table_at(matrix.heads, lay[L_KIND])[e, lay[L_HEAD]], day)
            if r >= 0:
                if m < room:
                    subject[domain, m], record[domain, m], start[domain, m] = e, r, s
                m += 1
            continue
        r = table_at(matrix.heads, matrix.link_rows[link, K_TARGET])[e, matrix.link_rows[link, K_HEAD]]
        while r >= 0:
            if is_there(arena[r], valid, day):
                if m < room:
                    subject[domain, m], record[domain, m], start[domain, m] = arena[r, SUBJECT], r, s
                m += 1
            r = arena[r, matrix.link_rows[link, K_LANE] + 1]
    return m


@njit(cache=True, nogil=True)
def side_by_side(matrix, domains, room, domain, parent, members, arena, lay, link, aligned, repeats):
    """Each subject's records, or the subjects whose records name it. Chains are read side by side, one record of each at a time, so that
    the processor waits for many rows of memory at once."""
    subject, record, start, valid = domains.subject, domains.record, domains.start, lay[L_VALID]
    own = table_at(matrix.heads, matrix.link_rows[link, K_TARGET] if members else lay[L_KIND])
    first = matrix.link_rows[link, K_HEAD] if members else lay[L_HEAD]
    onward = matrix.link_rows[link, K_LANE] + 1 if members else NEXT
    n = domains.size[parent]
    starts = empty_index(n if repeats == 1 else 0)
    at, of = np.empty(n, np.int32), np.empty(n, np.int32)
    active = 0
    for i in range(n):
        e = subject[parent, i]
        if e < 0 or (repeats == 1 and is_repeated(starts, domains, parent, i)):
            continue
        r = own[e, first]
        if r >= 0:
            at[active], of[active] = r, i
            active += 1
    m = 0
    while active > 0:
        left = 0
        for j in range(active):
            r, i = at[j], of[j]
            if valid < 0 or is_there(arena[r], valid, matrix.day):
                if m < room:
                    subject[domain, m] = arena[r, SUBJECT]
                    record[domain, m] = r
                    start[domain, m] = i if aligned == 1 else start[parent, i]
                m += 1
            r = arena[r, onward]
            if r >= 0:
                at[left], of[left] = r, i
                left += 1
        active = left
    return m


@njit(cache=True, nogil=True)
def registered_members(matrix, domains, domain, m, arena, lay):
    """Keeps, of the persons whose records name a household, those whose register record it is. Returns how many."""
    subject, record, start, valid = domains.subject, domains.record, domains.start, lay[L_VALID]
    persons, column = table_at(matrix.heads, lay[L_KIND]), lay[L_HEAD]
    left = 0
    for j in range(m):
        r, s = record[domain, j], subject[domain, j]
        top = persons[s, column]
        if (top == r and arena[r, NEXT] < 0) or winning_record(arena, valid, top, matrix.day) == r:
            subject[domain, left], record[domain, left], start[domain, left] = s, r, start[domain, j]
            left += 1
    return left


@njit(cache=True, nogil=True)
def mark_doubtful(matrix, planes, domains, slot, domain, parent, every, some, feed, link, own):
    bits, subject, start = planes.bits, domains.subject, domains.start
    out, all_in, any_in = planes.off[slot], planes.off[every], planes.off[some]
    n, rows = domains.size[domain], domains.size[parent]
    for j in range(words_of(n)):
        bits[out + j] = bits[planes.off[own] + j] if own >= 0 else np.uint64(0)
    doubts = np.uint64(0)
    for j in range(words_of(rows)):
        doubts |= bits[all_in + j] & bits[any_in + j]
    if doubts == 0:
        return
    starts = empty_index(rows)
    membership = np.zeros(rows, np.uint8)  # of the first row of each subject: 1 a row in the one slot, 2 a row not in the other
    for i in range(rows):
        if subject[parent, i] < 0:
            continue
        at = find_start(starts, subject, start, parent, start[parent, i], subject[parent, i])
        if at < 0:
            starts[-1 - at] = i
            at = np.int64(i)
        membership[at] |= np.uint8(bit_at(bits, any_in, i) | ((bit_at(bits, all_in, i) ^ ONE) << ONE))
    arena = table_at(matrix.arenas, feed)
    for i in range(n):
        e = subject[domain, i] if link < 0 else arena[domains.record[domain, i], matrix.link_rows[link, K_LANE]]
        at = find_start(starts, subject, start, parent, start[domain, i], e)
        if at >= 0 and membership[at] == 1:
            bits[out + (i >> 6)] |= ONE << np.uint64(i & 63)


@njit(cache=True, nogil=True)
def exists(planes, domains, slot, domain, elements, where, complete, doubt):
    bits = planes.bits
    true, false = sides(planes, 2 * slot)
    n, start = domains.size[elements], domains.start[elements]
    for j in range(words_of(domains.size[domain])):
        bits[true + j] = 0
        bits[false + j] = bits[planes.off[complete] + j] if complete >= 0 else np.uint64(0)
    unsure = planes.off[doubt]
    holds, fails = sides(planes, max(where, 0))
    for j in range(words_of(n)):
        t, f = ALL, np.uint64(0)
        if where >= 0:
            t, f = bits[holds + j], bits[fails + j]
        t &= ~bits[unsure + j]
        maybe = ~(f & ~bits[unsure + j])
        if j == words_of(n) - 1:
            maybe &= tail_mask(n)
            t &= tail_mask(n)
        while maybe != 0:
            low = maybe & (~maybe + ONE)
            s = start[(j << 6) + lowest_bit(low)]
            here = ONE << np.uint64(s & 63)
            if t & low != 0:
                bits[true + (s >> 6)] |= here
            bits[false + (s >> 6)] &= ~here
            maybe ^= low


@njit(cache=True, nogil=True)
def total(planes, domains, values, low, high, domain, elements, where, complete, doubt, addend, limits):
    """Writes LOW and HIGH where there is no bound."""
    bits, columns = planes.bits, values.columns
    lows, highs = columns[low], columns[high]
    rows, n, start = domains.size[domain], domains.size[elements], domains.start[elements]
    for i in range(rows):
        lows[i] = 0
        highs[i] = 0
    carries = np.zeros((2, rows), np.int64)
    least, most = np.int64(1), np.int64(1)
    if addend >= 0:
        least, most = values.constants[limits, 0], values.constants[limits, 1]
    unsure = planes.off[doubt]
    holds, fails = sides(planes, max(where, 0))
    for j in range(words_of(n)):
        doubtful = bits[unsure + j]
        yes = ~doubtful
        no = np.uint64(0)
        if where >= 0:
            no = bits[fails + j] & ~doubtful
            yes &= bits[holds + j]
        for i in range(j << 6, min((j + 1) << 6, n)):
            here = np.uint64(i & 63)
            if (no >> here) & ONE != 0:
                continue
            s = start[i]
            a, b = np.int64(1), np.int64(1)
            if addend >= 0:
                a = b = columns[addend, i]
                if a == MISSING64:
                    a, b = least, most
            if (yes >> here) & ONE == 0:
                a, b = min(a, np.int64(0)), max(b, np.int64(0))
            if a <= LOW or lows[s] <= LOW:
                lows[s] = LOW
            else:
                add_to(lows, carries[0], s, a)
            if b >= HIGH or highs[s] >= HIGH:
                highs[s] = HIGH
            else:
                add_to(highs, carries[1], s, b)
    for i in range(rows):
        lows[i] = LOW if lows[i] <= LOW else total_with_carry(lows[i], carries[0, i])
        highs[i] = HIGH if highs[i] >= HIGH else total_with_carry(highs[i], carries[1, i])
        if complete < 0 or bit_at(bits, planes.off[complete], i) == 0:
            highs[i] = HIGH
            if least < 0:
                lows[i] = LOW


@njit(cache=True, nogil=True)
def is_outside(low, high, a, b, exact):
    """Whether every number between two ends lies outside a..b; for an empty interval only where it is exact."""
    return (exact & (a > b)) | ((high < HIGH) & (high < a)) | ((low > LOW) & (low > b))


@njit(cache=True, nogil=True)
def is_inside(low, high, a, b):
    """Whether every number between two ends lies in a..b."""
    return ((a <= LOW) | ((low > LOW) & (low >= a))) & ((b >= HIGH) | ((high < HIGH) & (high <= b)))


@njit(cache=True, nogil=True)
def compare_bounds(planes, domains, values, slot, domain, low, high, constant, keys, divisor, comparison):
    if keys < 0 and divisor < 0:
        compare_bounds_to_one(planes, domains, values, slot, domain, low, high, constant, comparison)
    else:
        compare_bounds_by_row(planes, domains, values, slot, domain, low, high, constant, keys, divisor, comparison)


@njit(cache=True, nogil=True)
def limits_of(constants, row, divisor, comparison):
    """The interval a constant stands for."""
    if comparison < 0:
        return constants[row, 0], constants[row, 1]
    return threshold(constants[row, 0], constants[row, 1], constants[row, 2], divisor, comparison)


@njit(cache=True, nogil=True)
def compare_bounds_to_one(planes, domains, values, slot, domain, low, high, constant, comparison):
    """Compares all rows with the same interval."""
    true, false = sides(planes, 2 * slot)
    n, lows, highs = domains.size[domain], values.columns[low], values.columns[high]
    if values.constants[constant, 3] != 0:
        for j in range(words_of(n)):
            planes.bits[true + j] = 0
            planes.bits[false + j] = 0
        return
    a, b = limits_of(values.constants, constant, np.int64(1), comparison)
    for j in range(words_of(n)):
        t, f = np.uint64(0), np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            no = is_outside(lows[i], highs[i], a, b, comparison < 0)
            f |= np.uint64(no) << np.uint64(i & 63)
            t |= np.uint64(is_inside(lows[i], highs[i], a, b) & (not no)) << np.uint64(i & 63)
        planes.bits[true + j] = t
        planes.bits[false + j] = f


@njit(cache=True, nogil=True)
def compare_bounds_by_row(planes, domains, values, slot, domain, low, high, constant, keys, divisor, comparison):
    """Compares each row with an interval of its own."""
    columns, constants = values.columns, values.constants
    true, false = sides(planes, 2 * slot)
    n, lows, highs = domains.size[domain], columns[low], columns[high]
    last_row, last_by, a, b = np.int64(-1), np.int64(0), LOW, HIGH  # what a and b were worked out for
    for j in range(words_of(n)):
        t, f = np.uint64(0), np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            row, by = np.int64(constant), np.int64(1)
            if keys >= 0:
                row = row_of_key(constants, constant, columns[keys, i])
            elif constants[row, 3] != 0:
                row = np.int64(-1)
            if divisor >= 0:
                by = columns[divisor, i]
            if row < 0 or by < 1:  # a missing divisor is below every number
                continue
            if row != last_row or by != last_by:
                a, b = limits_of(constants, row, by, comparison)
                last_row, last_by = row, by
            if is_outside(lows[i], highs[i], a, b, comparison < 0):
                f |= ONE << np.uint64(i & 63)
            elif is_inside(lows[i], highs[i], a, b):
                t |= ONE << np.uint64(i & 63)
        planes.bits[true + j] = t
        planes.bits[false + j] = f
