"""Operations on planes: three-valued logic, its results for each policy, and sets of rows passed from one domain to another.

Operands are those of the classes of the same names in ``matchers.kernel.kernels.operations``. Sources: Kleene 1952, §64 (strong
three-valued logic); Kuehlmann et al. 2002, "Robust Boolean Reasoning" (and-inverter graphs, structural hashing).
"""

import numpy as np
from numba import njit

from matchers.kernel.kernels.arithmetic import HIGH, LOW
from matchers.kernel.kernels.bits import ALL, ONE, bit_at, lowest_bit, tail_mask, words_of

inline = njit(cache=True, nogil=True, forceinline=True)
"""For operations of which a program may have thousands: for a single change, a call would cost as much as the operation."""


@inline
def sides(planes, reference):
    """Where the true and the false plane of a reference begin."""
    at, by = planes.off[reference >> 1], planes.stride[reference >> 1]
    if reference & 1 == 0:
        return at, at + by
    return at + by, at


@inline
def conjoin(planes, domains, references, slot, first, number, domain):
    bits = planes.bits
    true, false = sides(planes, 2 * slot)
    n = words_of(domains.size[domain])
    a, not_a = sides(planes, references[first])
    if number == 2:
        b, not_b = sides(planes, references[first + 1])
        for j in range(n):
            bits[true + j] = bits[a + j] & bits[b + j]
            bits[false + j] = bits[not_a + j] | bits[not_b + j]
        return
    for j in range(n):
        bits[true + j] = bits[a + j]
        bits[false + j] = bits[not_a + j]
    for k in range(1, number):
        b, not_b = sides(planes, references[first + k])
        for j in range(n):
            bits[true + j] &= bits[b + j]
            bits[false + j] |= bits[not_b + j]


@inline
def write_status(planes, domains, low_plane, high_plane, policy, root, asked, listed, burden, in_force):
    """The status as two bits."""
    bits = planes.bits
    n = words_of(domains.size[0])
    if in_force == 0:
        for j in range(n):
            low_plane[policy, j] = 0
            high_plane[policy, j] = 0
        return
    true, false = sides(planes, root)
    sure_true, _ = sides(planes, asked)
    may = planes.off[listed]
    for j in range(n):
        on = bits[may + j]
        yes = bits[true + j] & on
        if burden == 1:
            low_plane[policy, j] = yes
            high_plane[policy, j] = 0
        else:
            sure = yes & bits[sure_true + j]
            unknown = on & ~(bits[true + j] | bits[false + j])
            low_plane[policy, j] = sure | unknown
            high_plane[policy, j] = (yes & ~sure) | unknown


@inline
def write_verdict(planes, domains, low_plane, high_plane, policy, root, judged):
    """The verdict as two bits."""
    bits = planes.bits
    true, false = sides(planes, root)
    may = planes.off[judged]
    for j in range(words_of(domains.size[0])):
        has = bits[may + j]
        yes, no = bits[true + j] & has, bits[false + j] & has
        low_plane[policy, j] = has & ~no
        high_plane[policy, j] = has & ~yes


@njit(cache=True, nogil=True)
def fill_true(planes, domains, slot, domain):
    bits = planes.bits
    true, false = sides(planes, 2 * slot)
    n = domains.size[domain]
    for j in range(words_of(n)):
        bits[true + j] = ALL
        bits[false + j] = 0
    if n > 0:
        bits[true + words_of(n) - 1] = tail_mask(n)


@inline
def clear(planes, domains, slot, domain):
    true, false = sides(planes, 2 * slot)
    for j in range(words_of(domains.size[domain])):
        planes.bits[true + j] = 0
        planes.bits[false + j] = 0


@njit(cache=True, nogil=True)
def clear_uncovered(planes, domains, slot, domain, covered, aligned):
    bits = planes.bits
    true, cover = planes.off[slot], planes.off[covered]
    n = domains.size[domain]
    if aligned == 1:
        for j in range(words_of(n)):
            bits[true + j] &= bits[cover + j]
        return
    for i in range(n):
        if bit_at(bits, cover, i) == 0:
            s = domains.start[domain, i]
            bits[true + (s >> 6)] &= ~(ONE << np.uint64(s & 63))


@njit(cache=True, nogil=True)
def clear_unlinked(planes, domains, slot, domain):
    true = planes.off[slot]
    for i in range(domains.size[domain]):
        if domains.subject[domain, i] < 0:
            s = domains.start[domain, i]
            planes.bits[true + (s >> 6)] &= ~(ONE << np.uint64(s & 63))


@njit(cache=True, nogil=True)
def gather_word(bits, source, place, n, j):
    """Word j of a plane of n rows; each has the source's bit at its place."""
    t = np.uint64(0)
    for i in range(j << 6, min((j + 1) << 6, n)):
        if place[i] >= 0:
            t |= bit_at(bits, source, place[i]) << np.uint64(i & 63)
    return t


@njit(cache=True, nogil=True)
def gather(planes, domains, values, slot, domain, source, numbers, whole):
    true, false = sides(planes, 2 * slot)
    source_true, source_false = sides(planes, 2 * source)
    n, place = domains.size[domain], values.winners[numbers]
    for j in range(words_of(n)):
        planes.bits[true + j] = gather_word(planes.bits, source_true, place, n, j)
        if whole == 1:
            planes.bits[false + j] = gather_word(planes.bits, source_false, place, n, j)


@njit(cache=True, nogil=True)
def gather_bounds(domains, values, low, high, domain, low_source, high_source, numbers, below):
    columns, place = values.columns, values.winners[numbers]
    lows, highs, low_of, high_of = columns[low], columns[high], columns[low_source], columns[high_source]
    for i in range(domains.size[domain]):
        if place[i] >= 0:
            lows[i], highs[i] = low_of[place[i]], high_of[place[i]]
        else:
            lows[i], highs[i] = LOW if below == 1 else np.int64(0), HIGH


# -- true planes alone ------------------------------------------------------------------------------------------------------


@inline
def mark_unknown(planes, domains, slot, domain, source):
    bits = planes.bits
    out = planes.off[slot]
    true, false = sides(planes, 2 * source)
    n = domains.size[domain]
    for j in range(words_of(n)):
        bits[out + j] = ~(bits[true + j] | bits[false + j])
    if n > 0:
        bits[out + words_of(n) - 1] &= tail_mask(n)


@njit(cache=True, nogil=True)
def mark_incomplete(planes, domains, slot, domain, covered, aligned, start):
    bits = planes.bits
    out, cover = planes.off[slot], planes.off[covered]
    for j in range(words_of(domains.size[start])):
        bits[out + j] = 0
    for i in range(domains.size[domain]):
        if bit_at(bits, cover, i) == 0 and domains.subject[domain, i] >= 0:
            s = i if aligned == 1 else domains.start[domain, i]
            bits[out + (s >> 6)] |= ONE << np.uint64(s & 63)


@inline
def intersect(planes, domains, slot, domain, left, right):
    bits = planes.bits
    out, x, y = planes.off[slot], planes.off[left], planes.off[right]
    for j in range(words_of(domains.size[domain])):
        bits[out + j] = bits[x + j] & bits[y + j]


@inline
def unite(planes, domains, slot, domain, source):
    out, x = planes.off[slot], planes.off[source]
    for j in range(words_of(domains.size[domain])):
        planes.bits[out + j] |= planes.bits[x + j]


@inline
def without(planes, domains, slot, domain, source, reference):
    bits = planes.bits
    out, x = planes.off[slot], planes.off[source]
    _, false = sides(planes, reference)
    for j in range(words_of(domains.size[domain])):
        bits[out + j] = bits[x + j] & ~bits[false + j]


@njit(cache=True, nogil=True)
def spread(planes, domains, slot, domain, source):
    out, x = planes.off[slot], planes.off[source]
    n = domains.size[domain]
    for j in range(words_of(n)):
        t = np.uint64(0)
        for i in range(j << 6, min((j + 1) << 6, n)):
            t |= bit_at(planes.bits, x, domains.start[domain, i]) << np.uint64(i & 63)
        planes.bits[out + j] = t


@njit(cache=True, nogil=True)
def unite_at(planes, out, n, source, place):
    """Sets in a plane the places of the rows that are set in another."""
    bits = planes.bits
    x = planes.off[source]
    for j in range(words_of(n)):
        v = bits[x + j]
        while v != 0:
            low = v & (~v + ONE)
            s = place[(j << 6) + lowest_bit(low)]
            if s >= 0:
                bits[out + (s >> 6)] |= ONE << np.uint64(s & 63)
            v ^= low


@njit(cache=True, nogil=True)
def reduce(planes, domains, slot, domain, source):
    unite_at(planes, planes.off[slot], domains.size[domain], source, domains.start[domain])


@njit(cache=True, nogil=True)
def scatter(planes, domains, values, slot, start, domain, source, numbers):
    out = planes.off[slot]
    for j in range(words_of(domains.size[start])):
        planes.bits[out + j] = 0
    unite_at(planes, out, domains.size[domain], source, values.winners[numbers])


@inline
def skip_if_empty(planes, domains, onward, slot, domain, target):
    """The number of the next operation: the target, or ``onward`` where the slot is not empty."""
    x = planes.off[slot]
    some = np.uint64(0)
    for j in range(words_of(domains.size[domain])):
        some |= planes.bits[x + j]
    return target if some == 0 else onward
