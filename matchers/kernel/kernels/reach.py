"""Which subjects a change can reach: from its records back to the subjects of policies (``matchers.program.closure``)."""

import numpy as np
from numba import njit

from matchers.kernel.kernels.indexes import empty_index, was_met
from matchers.kernel.kernels.records import (
    DELETED,
    FLAGS,
    HIDDEN,
    K_FEED,
    K_HEAD,
    K_LANE,
    K_TARGET,
    L_HEAD,
    L_KIND,
    L_ONE,
    MISSING32,
    NEXT,
    SUBJECT,
    table_at,
)


@njit(cache=True, nogil=True)
def add_seed(sites, entities, n, site, entity):
    if entity >= 0:
        if n < len(sites):
            sites[n] = site
            entities[n] = entity
        n += 1
    return n


@njit(cache=True, nogil=True)
def seed_record(r, arena, lay, heads, link_rows, feed, feeds, sites, entities, n):
    """Seeds of a record as it is: its subject, its link targets, and those of its rivals where it is one of several."""
    if (arena[r, FLAGS] & (DELETED | HIDDEN)) != 0:
        return n
    s = arena[r, SUBJECT]
    return seed_subject(s, arena, lay, heads, link_rows, feed, feeds, sites, entities, n, r)


@njit(cache=True, nogil=True)
def seed_subject(s, arena, lay, heads, link_rows, feed, feeds, sites, entities, n, r):
    n = add_seed(sites, entities, n, feed, s)
    for k in range(len(link_rows)):
        if link_rows[k, K_FEED] != feed:
            continue
        lane = link_rows[k, K_LANE]
        if lay[L_ONE] == 1:
            at = table_at(heads, lay[L_KIND])[s, lay[L_HEAD]]
            while at >= 0:
                n = add_seed(sites, entities, n, feeds + k, arena[at, lane])
                at = arena[at, NEXT]
        elif r >= 0:
            n = add_seed(sites, entities, n, feeds + k, arena[r, lane])
    return n


@njit(cache=True, nogil=True)
def seeds_of_rows(rows, picked, place, n, arena, lay, heads, link_rows, feed, feeds, sites, entities):
    """Seeds (site, entity) of picked rows. Returns how many there are; those beyond the room are counted, not written."""
    out = 0
    met_subjects = empty_index(2 * n)
    for k in range(n):
        i, r = picked[k], place[k]
        if (arena[r, FLAGS] & (DELETED | HIDDEN)) == 0 and not was_met(met_subjects, arena[r, SUBJECT], lay):
            out = seed_record(r, arena, lay, heads, link_rows, feed, feeds, sites, entities, out)
        if (rows[i, FLAGS] & (DELETED | HIDDEN)) == 0:
            s = rows[i, SUBJECT]
            if s != arena[r, SUBJECT] and not was_met(met_subjects, s, lay):
                out = seed_subject(s, arena, lay, heads, link_rows, feed, feeds, sites, entities, out, -1)
            for j in range(len(link_rows)):
                if link_rows[j, K_FEED] == feed and rows[i, link_rows[j, K_LANE]] != arena[r, link_rows[j, K_LANE]]:
                    out = add_seed(sites, entities, out, feeds + j, rows[i, link_rows[j, K_LANE]])
    return out


@njit(cache=True, nogil=True)
def seeds_of_records(records, n, arena, lay, heads, link_rows, feed, feeds, sites, entities):
    out = 0
    met_subjects = empty_index(n)
    for k in range(n):
        if was_met(met_subjects, arena[records[k], SUBJECT], lay):
            continue
        out = seed_record(records[k], arena, lay, heads, link_rows, feed, feeds, sites, entities, out)
    return out


@njit(cache=True, nogil=True)
def reach_roots(
    sites, entities, n, rules, rule_off, feeds, arenas, lays, heads, link_rows, stamps, epoch, marks, mark, out, fill, front, back
):
    """Roots reached from seeds by each rule's steps backwards. A rule visits each subject once in a step, however many paths lead to it.

    Args:
        rules: int32[rules, 10]: root kind, number of steps, then (link row, direction) for each step; direction 0 from target to
            owners (in-chain), 1 from owner to targets (its records' links).
        rule_off: int32[sites + 1], rules of each site.
        stamps, out, fill: for each kind: epoch stamps by row, roots reached, their number.
        marks, mark: for each kind and row the step at which a subject was last visited; the number before the first step.
    Returns 0, or the room that front and back need.
    """
    for site in range(len(rule_off) - 1):
        for rule in range(rule_off[site], rule_off[site + 1]):
            steps = rules[rule, 1]
            # the kind of the seeds, where the first step starts
            kind_marks = table_at(marks, rules[rule, 0] if steps == 0 else start_kind(rules[rule, 2], rules[rule, 3], lays, link_rows))
            mark += 1
            size = 0
            for i in range(n):
                if sites[i] == site and kind_marks[entities[i], 0] != mark:
                    kind_marks[entities[i], 0] = mark
                    if size < len(front):
                        front[size] = entities[i]
                    size += 1
            if size > len(front):
                return size
            for step in range(steps):
                k, inward = rules[rule, 2 + 2 * step], rules[rule, 3 + 2 * step] == 0
                feed, lane, target = link_rows[k, K_FEED], link_rows[k, K_LANE], link_rows[k, K_TARGET]
                arena = table_at(arenas, feed)
                lay = lays[feed]
                own = table_at(heads, target if inward else lay[L_KIND])
                first = link_rows[k, K_HEAD] if inward else lay[L_HEAD]
                there_lane, onward = (SUBJECT, lane + 1) if inward else (lane, NEXT)
                kind_marks = table_at(marks, lay[L_KIND] if inward else target)
                mark += 1
                more = 0
                for j in range(size):
                    r = own[front[j], first]
                    while r >= 0:
                        e = arena[r, there_lane]
                        if e >= 0 and kind_marks[e, 0] != mark:
                            kind_marks[e, 0] = mark
                            if more < len(back):
                                back[more] = e
                            more += 1
                        r = arena[r, onward]
                if more > len(back):
                    return more
                front, back = back, front
                size = more
            kind = rules[rule, 0]
            stamp, roots = table_at(stamps, kind), table_at(out, kind)
            for j in range(size):
                e = front[j]
                if stamp[e, 0] != epoch:
                    stamp[e, 0] = epoch
                    roots[fill[kind], 0] = e
                    fill[kind] += 1
    return 0


@njit(cache=True, nogil=True)
def start_kind(k, direction, lays, link_rows):
    """The kind of subject from which a step backwards along a link starts."""
    return link_rows[k, K_TARGET] if direction == 0 else lays[link_rows[k, K_FEED], L_KIND]


@njit(cache=True, nogil=True)
def records_between(arena, count, lane, is_wide, starts, ends, out):
    """Writes the numbers of the records in force whose lane lies in any of the closed intervals; returns how many."""
    n = 0
    for r in range(count):
        if (arena[r, FLAGS] & (DELETED | HIDDEN)) != 0:
            continue
        v = np.int64(arena[r, lane])
        if v == MISSING32:
            continue
        for k in range(len(starts)):
            if v >= starts[k] and v <= ends[k]:
                out[n] = r
                n += 1
                break
    return n
