"""Writes records to the arena, and puts them into the chains of their subjects and link targets."""

from numba import njit

from matchers.kernel.kernels.records import (
    DELETED,
    DELIVERY,
    FLAGS,
    HIDDEN,
    K_FEED,
    K_HEAD,
    K_LANE,
    K_TARGET,
    L_HEAD,
    L_KIND,
    L_LINK0,
    L_LINKS,
    NEXT,
    SUBJECT,
    lower_version,
    table_at,
    write_record,
)


@njit(cache=True, nogil=True)
def detach(arena, r, lay, heads, link_rows, feed):
    """Takes a record out of the chains of its subject and of its link targets."""
    head = lay[L_HEAD]
    own = table_at(heads, lay[L_KIND])
    s = arena[r, SUBJECT]
    at = own[s, head]
    if at == r:
        own[s, head] = arena[r, NEXT]
    else:
        while arena[at, NEXT] != r:
            at = arena[at, NEXT]
        arena[at, NEXT] = arena[r, NEXT]
    for k in range(len(link_rows)):
        if link_rows[k, K_FEED] != feed:
            continue
        lane = link_rows[k, K_LANE]
        target = arena[r, lane]
        if target < 0:
            continue
        after, before = arena[r, lane + 1], arena[r, lane + 2]
        if before >= 0:
            arena[before, lane + 1] = after
        else:
            table_at(heads, link_rows[k, K_TARGET])[target, link_rows[k, K_HEAD]] = after
        if after >= 0:
            arena[after, lane + 2] = before


@njit(cache=True, nogil=True)
def attach(arena, r, lay, heads, link_rows, feed):
    head = lay[L_HEAD]
    own = table_at(heads, lay[L_KIND])
    s = arena[r, SUBJECT]
    arena[r, NEXT] = own[s, head]
    own[s, head] = r
    for k in range(len(link_rows)):
        if link_rows[k, K_FEED] != feed:
            continue
        lane = link_rows[k, K_LANE]
        target = arena[r, lane]
        if target < 0:
            continue
        column = table_at(heads, link_rows[k, K_TARGET])
        first = column[target, link_rows[k, K_HEAD]]
        arena[r, lane + 1] = first
        arena[r, lane + 2] = -1
        if first >= 0:
            arena[first, lane + 2] = r
        column[target, link_rows[k, K_HEAD]] = r


@njit(cache=True, nogil=True)
def commit_rows(rows, picked, place, n, arena, lay, heads, link_rows, feed):
    """Writes the picked rows to their records and chains."""
    not_in_force = DELETED | HIDDEN
    for k in range(n):
        i, r = picked[k], place[k]
        if (arena[r, FLAGS] & not_in_force) == 0:
            detach(arena, r, lay, heads, link_rows, feed)
        is_gone = (rows[i, FLAGS] & not_in_force) != 0
        write_record(rows[i], arena[r], lay, is_gone)
        if not is_gone:
            attach(arena, r, lay, heads, link_rows, feed)


@njit(cache=True, nogil=True)
def withdraw_older(arena, count, source, floor, lay, heads, link_rows, feed, out, dry):
    """Hides the records of a source that a full replacement withdraws, or (dry) lists them in ``out``. Returns how many."""
    n = 0
    for r in range(count):
        if (arena[r, FLAGS] >> 8) != source or arena[r, DELIVERY] >= floor:
            continue
        if (arena[r, FLAGS] & (DELETED | HIDDEN)) == 0:
            if dry:
                out[n] = r
            else:
                detach(arena, r, lay, heads, link_rows, feed)
                arena[r, SUBJECT] = -1
                for link in range(lay[L_LINKS]):
                    arena[r, lay[L_LINK0] + 3 * link] = -1
            n += 1
        if not dry:
            arena[r, FLAGS] |= HIDDEN
            lower_version(arena[r])
    return n
