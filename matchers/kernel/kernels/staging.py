"""Brings the rows of a delivery to their records, and picks those that are news (``matchers.matrix.staging``)."""

import numpy as np
from numba import njit

from matchers.kernel.kernels.indexes import find_record, source_key
from matchers.kernel.kernels.records import (
    DELETED,
    DELIVERY,
    FLAGS,
    HIDDEN,
    HOLE,
    KEY,
    L_HEAD,
    L_LINK0,
    L_LINKS,
    L_ONE,
    L_REGISTERS,
    NEXT,
    ORDER,
    ROW,
    SUBJECT,
    is_entangled,
    is_later,
    is_same_news,
    lower_version,
    same_version,
    write_record,
    write_wide,
)

NEWS, SAME, OLDER, ODD, UNSAID = 0, 1, 2, 3, 4  # what a row does


@njit(cache=True, nogil=True)
def stage_rows(rows, keys, source, floor, ordered, trusted, arena, slots, count, picked, place, effects, lay, heads):
    """Brings rows (lanes as in the arena) to their records, and picks those that win and change something.

    A new key gets a hidden record of the lowest version. Of several rows of one key the latest is picked. A winning row that changes
    only its version is written at once, unless its chain is a choice among several.

    Args:
        ordered: the feed has an order of its own, so a later row may lose.
        trusted: every row wins, because its sender has compared the versions (``matchers.partition_matcher``).
        effects: what each row does, NEWS, SAME, OLDER or ODD, as if they came one by one.

    Returns the number of records, and of rows picked (row numbers in ``picked``, record numbers in ``place``). The latter is -1, and
    nothing is written, where some row is ODD: ``is_entangled`` with its record or another row.
    """
    mask = len(slots) - 1
    room = 16
    while room < 2 * len(rows):
        room *= 2
    picked_index = np.full(room, -1, np.int32)  # where in ``picked`` the rows of a record are, by its number
    n = 0
    odd = False
    for i in range(len(rows)):
        if rows[i, DELIVERY] < floor:
            effects[i] = OLDER
            continue
        key = source_key(keys[i], source)
        r = find_record(slots, mask, key, arena)
        if r < 0:
            free = -1 - r
            r = np.int64(count)
            s = rows[i, SUBJECT]
            if lay[L_REGISTERS] == 1 and s >= 0 and (s >= count or arena[s, FLAGS] & HOLE != 0):
                # a subject's register record lies at the subject's own number, so that scans by subject read memory in order
                r = np.int64(s)
            while count <= r:
                arena[count, :] = 0
                arena[count, SUBJECT] = -1
                arena[count, NEXT] = -1
                arena[count, FLAGS] = HIDDEN | HOLE
                count += 1
            slots[free] = r
            write_wide(arena[r], KEY, np.int64(key))
            lower_version(arena[r])
            arena[r, FLAGS] = HIDDEN | (source << 8)
            for link in range(lay[L_LINKS]):
                arena[r, lay[L_LINK0] + 3 * link] = -1  # 0 is a subject, and a link to it would be no change
        rows[i, KEY] = arena[r, KEY]
        rows[i, KEY + 1] = arena[r, KEY + 1]
        if ordered and arena[r, DELIVERY] >= 0 and is_entangled(rows[i], arena[r]):
            effects[i] = ODD
            odd = True
            continue
        if not is_later(rows[i], arena[r]) and (not trusted or same_version(rows[i], arena[r])):
            effects[i] = SAME if same_version(rows[i], arena[r]) else OLDER
            continue
        at = r & (room - 1)
        while picked_index[at] >= 0 and place[picked_index[at]] != r:
            at = (at + 1) & (room - 1)
        if picked_index[at] >= 0:
            j = picked[picked_index[at]]
            if ordered and is_entangled(rows[i], rows[j]):
                effects[i] = ODD
                odd = True
            elif is_later(rows[i], rows[j]):
                if effects[j] == UNSAID:
                    effects[j] = SAME if is_same_news(rows[j], arena[r], lay) else NEWS
                effects[i] = SAME if is_same_news(rows[i], rows[j], lay) else NEWS
                picked[picked_index[at]] = i
            else:
                effects[i] = SAME if same_version(rows[i], rows[j]) else OLDER
            continue
        picked_index[at] = n
        picked[n] = i
        place[n] = r
        effects[i] = UNSAID
        n += 1
    if odd:
        return count, -1
    left = 0
    not_in_force = DELETED | HIDDEN
    for k in range(n):
        r, i = place[k], picked[k]
        same = is_same_news(rows[i], arena[r], lay)
        if effects[i] == UNSAID:
            effects[i] = SAME if same else NEWS
        if same:
            if (rows[i, FLAGS] & not_in_force) != 0:
                write_record(rows[i], arena[r], lay, True)
                continue
            if lay[L_ONE] == 0 or (heads[arena[r, SUBJECT], lay[L_HEAD]] == r and arena[r, NEXT] < 0):
                arena[r, ORDER : ROW + 1] = rows[i, ORDER : ROW + 1]
                continue
        picked[left] = i
        place[left] = r
        left += 1
    return count, left
