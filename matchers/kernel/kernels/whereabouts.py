"""Placements of subjects, and the partitions that hold them (``matchers.locate``)."""

import numpy as np
from numba import njit

from matchers.kernel.kernels.indexes import find_record, source_key
from matchers.kernel.kernels.records import (
    DELIVERY,
    FLAGS,
    K_FEED,
    K_HEAD,
    K_LANE,
    K_TARGET,
    L_HEAD,
    L_KIND,
    MISSING32,
    NEXT,
    QUARANTINED,
    SUBJECT,
    is_later,
    table_at,
    winning_record,
)


@njit(cache=True, nogil=True)
def read_placements(out, count, arena, valid, heads, column, lane, day):
    """Writes the division code of every subject of a kind by its register record on a day: -1 unplaced, -2 not registered."""
    for e in range(count):
        r = winning_record(arena, valid, heads[e, column], day)
        if r < 0:
            out[e] = -2
        elif lane < 0 or (arena[r, FLAGS] & QUARANTINED) != 0 or arena[r, lane] == MISSING32:
            out[e] = -1
        else:
            out[e] = arena[r, lane]


@njit(cache=True, nogil=True)
def mark_winning(rows, keys, source, floor, trusted, arena, slots, wins, former):
    """Before a batch is staged: whether each row beats its record, and the subject of that record (-1: none)."""
    mask = len(slots) - 1
    for i in range(len(rows)):
        r = find_record(slots, mask, source_key(keys[i], source), arena)
        wins[i] = rows[i, DELIVERY] >= floor and (r < 0 or trusted or is_later(rows[i], arena[r]))
        former[i] = -1 if r < 0 else arena[r, SUBJECT]


@njit(cache=True, nogil=True)
def latest_divisions(subjects, arena, heads, column, lane, out):
    """Writes the division code of each subject by its latest register record, valid today or not: -1 no division, -2 no record."""
    for i in range(len(subjects)):
        out[i] = -2
        if subjects[i] < 0:
            continue
        r = winning_record(arena, -1, heads[subjects[i], column], 0)
        if r >= 0:
            has_division = lane >= 0 and (arena[r, FLAGS] & QUARANTINED) == 0 and arena[r, lane] != MISSING32
            out[i] = arena[r, lane] if has_division else -1


@njit(cache=True, nogil=True)
def chain_records(subjects, arena, heads, column, out):
    """Writes the numbers of the records in these subjects' chains, each chain from its end. Returns how many there are; those beyond the
    room are counted, not written."""
    n = 0
    for i in range(len(subjects)):
        first = n
        r = heads[subjects[i], column]
        while r >= 0:
            if n < len(out):
                out[n] = r
            n += 1
            r = arena[r, NEXT]
        if n <= len(out):
            out[first:n] = out[first:n][::-1].copy()
    return n


@njit(cache=True, nogil=True)
def give_partitions(levels, at, bits, kind, row, grown_subjects, n):
    """Gives bits to a subject at a level; adds it to ``grown_subjects`` where it did not have them all."""
    if bits & ~levels[kind][row, at] != 0:
        levels[kind][row, at] |= bits
        if n == len(grown_subjects):
            more = np.empty(2 * n, np.int64)
            more[:n] = grown_subjects
            grown_subjects = more
        grown_subjects[n] = np.int64(row) * 3 + kind
        n += 1
    return grown_subjects, n


@njit(cache=True, nogil=True)
def spread_partitions(edges, owners, levels, arenas, lays, heads, link_rows):
    """Restores the rule of ``levels``: level i of a subject holds the partitions of every owner within i links of it.

    ``edges`` (int64[m, 2], subjects as row * 3 + kind) are new links, ``owners`` (int64[n]) subjects whose level 0 has grown.
    Levels only ever grow. Returns the subjects whose last level has grown, some of them repeatedly.
    """
    front, count = owners, len(owners)
    for at in range(levels[0].shape[1] - 1):
        grown_subjects, n = np.empty(1024, np.int64), 0
        for e in range(len(edges)):
            a, b = edges[e, 0] // 3, edges[e, 1] // 3
            ka, kb = edges[e, 0] % 3, edges[e, 1] % 3
            grown_subjects, n = give_partitions(levels, at + 1, levels[ka][a, at], kb, b, grown_subjects, n)
            grown_subjects, n = give_partitions(levels, at + 1, levels[kb][b, at], ka, a, grown_subjects, n)
        for f in range(count):
            row, kind = front[f] // 3, front[f] % 3
            bits = levels[kind][row, at]
            grown_subjects, n = give_partitions(levels, at + 1, bits, kind, row, grown_subjects, n)
            own = table_at(heads, kind)
            for k in range(len(link_rows)):
                feed, lane, target = link_rows[k, K_FEED], link_rows[k, K_LANE], link_rows[k, K_TARGET]
                arena = table_at(arenas, feed)
                if lays[feed, L_KIND] == kind:
                    r = own[row, lays[feed, L_HEAD]]
                    while r >= 0:
                        if arena[r, lane] >= 0:
                            grown_subjects, n = give_partitions(levels, at + 1, bits, target, arena[r, lane], grown_subjects, n)
                        r = arena[r, NEXT]
                if target == kind:
                    r = own[row, link_rows[k, K_HEAD]]
                    while r >= 0:
                        grown_subjects, n = give_partitions(levels, at + 1, bits, lays[feed, L_KIND], arena[r, SUBJECT], grown_subjects, n)
                        r = arena[r, lane + 1]
        front, count = grown_subjects, n
    return front[:count]
