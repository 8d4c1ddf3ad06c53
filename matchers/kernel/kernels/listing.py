"""Results of a run: who is listed, each verdict, what differs between two runs, and why a verdict is open."""

import numpy as np
from numba import njit

from matchers.kernel.kernels.bits import ONE, bit_at, lowest_bit, words_of


@njit(cache=True, nogil=True)
def find_differences(
    policies, low_a, high_a, low_b, high_b, bits_a, bits_b, off, stride, n,
    leaf_off, leaf_slots, disclosed_off, disclosed, shown_a, shown_b, out_policy, out_row, out_shown,
):  # fmt: skip
    """Writes policies and rows whose candidate may have changed between two sides of one chunk.

    Where both sides list the subject alike, a row counts if any plane of the policy's leaves or any disclosed value differs.
    Returns how many there are; those beyond the room are counted, not written.
    """
    count = 0
    for p in range(policies):
        for j in range(words_of(n)):
            differ = (low_a[p, j] ^ low_b[p, j]) | (high_a[p, j] ^ high_b[p, j])
            both = (low_a[p, j] | high_a[p, j]) & (low_b[p, j] | high_b[p, j]) & ~differ
            value_differs = np.uint64(0)
            if both != 0:
                leaf_differs = np.uint64(0)
                for k in range(leaf_off[p], leaf_off[p + 1]):
                    at = off[leaf_slots[k]] + j
                    up = at + stride[leaf_slots[k]]
                    leaf_differs |= (bits_a[at] ^ bits_b[at]) | (bits_a[up] ^ bits_b[up])
                leaf_differs &= both
                for k in range(disclosed_off[p], disclosed_off[p + 1]):
                    c = disclosed[k]
                    rest = both & ~value_differs
                    while rest != 0:
                        low = rest & (~rest + ONE)
                        i = (j << 6) + lowest_bit(low)
                        if shown_a[c, i] != shown_b[c, i]:
                            value_differs |= low
                        rest ^= low
                differ |= leaf_differs | value_differs
            while differ != 0:
                low = differ & (~differ + ONE)
                if count < len(out_policy):
                    out_policy[count] = p
                    out_row[count] = (j << 6) + lowest_bit(low)
                    out_shown[count] = (value_differs & low) != 0
                count += 1
                differ ^= low
    return count


@njit(cache=True, nogil=True)
def list_chunk(low, high, n, counts, out_row, out_status):
    """Writes the rows that each policy lists in a chunk, policy by policy, and how many of each into ``counts``.

    Returns how many there are; those beyond the room are counted, not written.
    """
    at = 0
    for p in range(len(counts)):
        first = at
        for j in range(words_of(n)):
            on = low[p, j] | high[p, j]
            while on != 0:
                lowest = on & (~on + ONE)
                if at < len(out_row):
                    out_row[at] = (j << 6) + lowest_bit(lowest)
                    out_status[at] = (low[p, j] & lowest != 0) + 2 * (high[p, j] & lowest != 0)
                at += 1
                on ^= lowest
        counts[p] = at - first
    return at


@njit(cache=True, nogil=True)
def append_runs(counts, at, column, out):
    """Copies runs of a column, one for each group, ``counts`` long, to the group's place ``at`` in ``out``; ``at`` moves on."""
    start = 0
    for p in range(len(counts)):
        for i in range(counts[p]):
            out[at[p] + i] = column[start + i]
        start += counts[p]
        at[p] += counts[p]


@njit(cache=True, nogil=True)
def add_verdicts(low, high, n, place, out):
    """Adds a chunk's verdicts to int64[policies, places, 3] (yes, no, unknown); ``place`` int32[n]."""
    for p in range(len(out)):
        for j in range(words_of(n)):
            on = low[p, j] | high[p, j]
            while on != 0:
                lowest = on & (~on + ONE)
                status = (low[p, j] & lowest != 0) + 2 * (high[p, j] & lowest != 0)
                out[p, place[(j << 6) + lowest_bit(lowest)], status - 1] += 1
                on ^= lowest


@njit(cache=True, nogil=True)
def read_reasons(
    count, out_policy, out_row, low, high, bits, off, stride,
    node_off, node_leaf, node_leaf_asked, node_parent, node_negated, node_check, reason_off, reason_pair, reason_slot,
    status, missing, checklist,
):  # fmt: skip
    """Status, missing pairs and open checks of (policy, row) pairs, as bit sets over the policy's own lists.

    A policy's tree comes as nested conjunctions with negated edges, parents first. A leaf counts where it and all its ancestors are
    unknown: for missing pairs with unanswered checks assumed, for the checklist with unanswered checks unknown.
    """
    longest = 1
    for p in range(len(node_off) - 1):
        longest = max(longest, node_off[p + 1] - node_off[p])
    value = np.zeros(longest, np.uint8)  # 0 unknown, 1 true, 2 false
    chain = np.zeros(longest, np.bool_)
    for e in range(count):
        p, i = out_policy[e], out_row[e]
        missing[e, :] = 0
        checklist[e, :] = 0
        status[e] = bit_at(low[p], 0, i) + 2 * bit_at(high[p], 0, i)
        if status[e] < 2:
            continue
        first, last = node_off[p], node_off[p + 1]
        for turn in range(2):
            if turn == 0 and status[e] != 3:
                continue
            for k in range(first, last):
                value[k - first] = 1
            for k in range(last - 1, first - 1, -1):
                leaf = node_leaf[k] if turn == 0 else node_leaf_asked[k]
                v = value[k - first]
                if leaf >= 0:
                    t, f = bit_at(bits, off[leaf], i), bit_at(bits, off[leaf] + stride[leaf], i)
                    v = np.uint8(1 if t != 0 else (2 if f != 0 else 0))
                    value[k - first] = v
                parent = node_parent[k]
                if parent >= 0:
                    if node_negated[k] == 1 and v != 0:
                        v = np.uint8(3 - v)
                    above = value[parent - first]
                    if v == 2 or above == 2:
                        value[parent - first] = 2
                    elif v == 0:
                        value[parent - first] = 0
            for k in range(first, last):
                parent = node_parent[k]
                chain[k - first] = value[k - first] == 0 and (parent < 0 or chain[parent - first])
                if not chain[k - first]:
                    continue
                if turn == 0:
                    for r in range(reason_off[k], reason_off[k + 1]):
                        if bit_at(bits, off[reason_slot[r]], i) != 0:
                            missing[e, reason_pair[r] >> 6] |= ONE << np.uint64(reason_pair[r] & 63)
                elif node_check[k] >= 0:
                    checklist[e, node_check[k] >> 6] |= ONE << np.uint64(node_check[k] & 63)
