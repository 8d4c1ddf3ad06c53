"""Compiled kernels of the matching core: the whole hot path, in one module so that numba's cache sees every change.

The one idea: rows of a chunk go through a linear program of small operations over *domains* (the subjects, their records, the
members of their households, ...). A condition becomes two bit planes, true and false; unknown is neither. Logic is an and-inverter
graph over those planes, 64 subjects a word. Sources: Kleene 1952, §64 (strong three-valued logic); Kuehlmann et al. 2002,
"Robust Boolean Reasoning" (and-inverter graphs, structural hashing).

Record rows are int32 lanes: KEY and ORDER take two lanes each, then DELIVERY, ROW, SUBJECT, NEXT, FLAGS (source in the upper bits), then
validity, links (target, next, previous), fields and the identity hash, as ``matchers.layout`` lays them out.
"""

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

KEY, ORDER, DELIVERY, ROW, SUBJECT, NEXT, FLAGS, BODY = 0, 2, 4, 5, 6, 7, 8, 9
DELETED, QUARANTINED, HIDDEN, HOLE = 1, 2, 4, 8  # HOLE: a slot kept for the register record of the subject of that number
MISSING32 = -(2**31)
MISSING64 = -(2**63)

# layout row of a feed
L_VALID, L_ONE, L_KIND, L_HEAD, L_LINKS, L_LINK0, L_WIDTH, L_REGISTERS = 0, 1, 2, 3, 4, 5, 6, 7
# link row
K_FEED, K_LANE, K_TARGET, K_HEAD = 0, 1, 2, 3

# operations
EXPAND, LINK, WINNER, COLUMN, PRESENT, COVER, RANGE, RANGE_BY, LOOKUP, UNKNOWN = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
AND, SOME, COUNT, SUM, ONES, CLEAR_BY, CLEAR_EMPTY, CHECK = 11, 12, 13, 14, 15, 16, 17, 18
STATUS, VERDICT, SETTLE = 32, 33, 34
MISS, EMPTY, IS_U, BOTH, BUT_NOT_F, SPREAD, REDUCE, SKIP_ZERO, ZERO, WITHIN_U, OUT_OF_TABLE, INCOMPLETE, NO_VALUE = (
    19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
)  # fmt: skip
REACHED = 35
# kinds of expansion
RECORDS_MANY, RECORDS_ONE, MEMBERS, INVERSE = 0, 1, 2, 3
LT, LE, GT, GE, EQ = 0, 1, 2, 3, 4

ONE = np.uint64(1)
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
LOW, HIGH = np.int64(-(2**62)), np.int64(2**62)


@intrinsic
def _pointer(typing, address):
    """An address as a pointer to int32."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.int32)(types.int64), codegen


@njit(cache=True, nogil=True)
def table(tables, number):
    """One of several int32 tables of differing width, by (address, rows, columns).

    Numba's typed lists would do the same, but compile themselves anew in every process, at 1.4 s. The store keeps the arrays alive.
    """
    return carray(_pointer(tables[number, 0]), (tables[number, 1], tables[number, 2]))


@njit(cache=True, nogil=True)
def wide(row, lane):
    return (np.int64(row[lane + 1]) << np.int64(32)) | np.int64(np.uint32(row[lane]))


@njit(cache=True, nogil=True)
def later(a, b):
    """Is record row a a later version than b? (order, delivery, row, source, key)."""
    x, y = wide(a, ORDER), wide(b, ORDER)
    if x != y:
        return x > y
    if a[DELIVERY] != b[DELIVERY]:
        return a[DELIVERY] > b[DELIVERY]
    if a[ROW] != b[ROW]:
        return a[ROW] > b[ROW]
    if (a[FLAGS] >> 8) != (b[FLAGS] >> 8):
        return (a[FLAGS] >> 8) > (b[FLAGS] >> 8)
    return np.uint64(wide(a, KEY)) > np.uint64(wide(b, KEY))


@njit(cache=True, nogil=True)
def there(row, valid, day):
    return valid < 0 or (row[FLAGS] & QUARANTINED) != 0 or (row[valid] <= day <= row[valid + 1])


@njit(cache=True, nogil=True)
def winner(arena, valid, head, day):
    """*The* record of a cardinality-one chain at a day, or -1."""
    if head < 0:
        return np.int32(-1)
    if valid < 0 and arena[head, NEXT] < 0:
        return np.int32(head)
    best = np.int32(-1)
    r = np.int32(head)
    while r >= 0:
        if there(arena[r], valid, day) and (best < 0 or later(arena[r], arena[best])):
            best = r
        r = arena[r, NEXT]
    return best


@njit(cache=True, nogil=True)
def find(slots, mask, key, keys):
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
def mix(x):
    """A 64-bit finaliser (Stafford's variant 13 of MurmurHash3's)."""
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def index_entities(slots, tokens, count):
    mask = len(slots) - 1
    slots[:] = -1
    for r in range(count):
        slots[-1 - find(slots, mask, tokens[r], tokens)] = r


@njit(cache=True, nogil=True)
def resolve_entities(wanted, out, slots, tokens, count):
    """Row of each token, new ones appended; 0 gives -1. Room for len(wanted) more must be there. Returns the new count."""
    mask = len(slots) - 1
    for i in range(len(wanted)):
        token = wanted[i]
        if token == 0:
            out[i] = -1
            continue
        r = find(slots, mask, token, tokens)
        if r < 0:
            tokens[count] = token
            slots[-1 - r] = count
            r = count
            count += 1
        out[i] = r
    return count


@njit(cache=True, nogil=True)
def find_record(slots, mask, key, arena):
    at = np.int64(mix(key) & np.uint64(mask))
    while True:
        r = slots[at]
        if r < 0:
            return -1 - at
        if np.uint64(wide(arena[r], KEY)) == key:
            return np.int64(r)
        at = (at + 1) & mask


@njit(cache=True, nogil=True)
def index_records(slots, arena, count):
    mask = len(slots) - 1
    slots[:] = -1
    for r in range(count):
        if arena[r, FLAGS] & HOLE != 0:
            continue
        slots[-1 - find_record(slots, mask, np.uint64(wide(arena[r], KEY)), arena)] = r


@njit(cache=True, nogil=True)
def source_key(key, source):
    return mix(key + np.uint64(source) * np.uint64(0x9E3779B97F4A7C15))


@njit(cache=True, nogil=True)
def put_wide(row, lane, value):
    row[lane] = np.int32(np.uint32(value & np.int64(0xFFFFFFFF)))
    row[lane + 1] = np.int32(value >> np.int64(32))


@njit(cache=True, nogil=True)
def same_content(a, b, valid_body, link0, links, width):
    """Do two record rows say the same (versions aside)? Chain lanes are not content."""
    if a[SUBJECT] != b[SUBJECT] or (a[FLAGS] & 0xFF) != (b[FLAGS] & 0xFF):
        return False
    for lane in range(BODY, link0):
        if a[lane] != b[lane]:
            return False
    for link in range(links):
        if a[link0 + 3 * link] != b[link0 + 3 * link]:
            return False
    for lane in range(link0 + 3 * links, width):  # noqa: SIM110  # numba reads loops, not generators
        if a[lane] != b[lane]:
            return False
    return True


@njit(cache=True, nogil=True)
def stage(rows, keys, source, floor, arena, slots, count, picked, place, lay, heads):
    """Bring rows (lanes as in the arena) to their records; keep those that win and change something.

    New keys get a hidden record of the lowest version. Of several rows of one key the latest is kept. A winning row that
    changes only its version is written at once, unless its chain is a choice among several.
    Returns the number of records, and of rows picked (row numbers in ``picked``, record numbers in ``place``).
    """
    mask = len(slots) - 1
    width = arena.shape[1]
    room = 16
    while room < 2 * len(rows):
        room *= 2
    met = np.full(room, -1, np.int32)  # where in ``picked`` the rows of a record are, by its number
    n = 0
    for i in range(len(rows)):
        key = source_key(keys[i], source)
        r = find_record(slots, mask, key, arena)
        if r < 0:
            free = -1 - r
            r = np.int64(count)
            s = rows[i, SUBJECT]
            if lay[L_REGISTERS] == 1 and s >= 0 and (s >= count or arena[s, FLAGS] & HOLE != 0):
                # a subject's register record lies at the subject's own number: scans by subject run through memory in order
                r = np.int64(s)
            while count <= r:
                arena[count, :] = 0
                arena[count, SUBJECT] = -1
                arena[count, NEXT] = -1
                arena[count, FLAGS] = HIDDEN | HOLE
                count += 1
            slots[free] = r
            put_wide(arena[r], KEY, np.int64(key))
            put_wide(arena[r], ORDER, np.int64(MISSING64))
            arena[r, DELIVERY] = -1
            arena[r, FLAGS] = HIDDEN | (source << 8)
            for link in range(lay[L_LINKS]):
                arena[r, lay[L_LINK0] + 3 * link] = -1  # 0 is a subject, and a link to it would be no change
        rows[i, KEY] = arena[r, KEY]
        rows[i, KEY + 1] = arena[r, KEY + 1]
        if rows[i, DELIVERY] < floor:
            rows[i, FLAGS] |= HIDDEN
        if not later(rows[i], arena[r]):
            continue
        at = r & (room - 1)
        while met[at] >= 0 and place[met[at]] != r:
            at = (at + 1) & (room - 1)
        if met[at] >= 0:
            if later(rows[i], rows[picked[met[at]]]):
                picked[met[at]] = i
            continue
        met[at] = n
        picked[n] = i
        place[n] = r
        n += 1
    kept = 0
    gone = DELETED | HIDDEN
    for k in range(n):
        r, i = place[k], picked[k]
        both_gone = (rows[i, FLAGS] & gone) != 0 and (arena[r, FLAGS] & gone) != 0
        if both_gone:
            write(rows[i], arena[r], lay, True)
            continue
        if same_content(rows[i], arena[r], lay[L_VALID], lay[L_LINK0], lay[L_LINKS], width):
            alone = lay[L_ONE] == 0 or (heads[arena[r, SUBJECT], lay[L_HEAD]] == r and arena[r, NEXT] < 0)
            if alone:
                arena[r, ORDER : ROW + 1] = rows[i, ORDER : ROW + 1]
                continue
        picked[kept] = i
        place[kept] = r
        kept += 1
    return count, kept


@njit(cache=True, nogil=True)
def write(row, record, lay, gone):
    """Copy version, flags and body; chain lanes stay (a gone record is in no chain, and remembers no subject)."""
    record[ORDER : ROW + 1] = row[ORDER : ROW + 1]
    record[FLAGS] = row[FLAGS]
    record[SUBJECT] = -1 if gone else row[SUBJECT]
    link0, links = lay[L_LINK0], lay[L_LINKS]
    record[BODY:link0] = row[BODY:link0]
    for link in range(links):
        record[link0 + 3 * link] = -1 if gone else row[link0 + 3 * link]
    record[link0 + 3 * links :] = row[link0 + 3 * links :]


@njit(cache=True, nogil=True)
def detach(arena, r, lay, heads, link_rows, feed):
    """Take a record out of its subject's chain and its link targets' chains."""
    head = lay[L_HEAD]
    own = table(heads, lay[L_KIND])
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
            table(heads, link_rows[k, K_TARGET])[target, link_rows[k, K_HEAD]] = after
        if after >= 0:
            arena[after, lane + 2] = before


@njit(cache=True, nogil=True)
def attach(arena, r, lay, heads, link_rows, feed):
    head = lay[L_HEAD]
    own = table(heads, lay[L_KIND])
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
        column = table(heads, link_rows[k, K_TARGET])
        first = column[target, link_rows[k, K_HEAD]]
        arena[r, lane + 1] = first
        arena[r, lane + 2] = -1
        if first >= 0:
            arena[first, lane + 2] = r
        column[target, link_rows[k, K_HEAD]] = r


@njit(cache=True, nogil=True)
def commit(rows, picked, place, n, arena, lay, heads, link_rows, feed):
    """Write the picked rows to their records and chains."""
    gone = DELETED | HIDDEN
    for k in range(n):
        i, r = picked[k], place[k]
        if (arena[r, FLAGS] & gone) == 0:
            detach(arena, r, lay, heads, link_rows, feed)
        hidden = (rows[i, FLAGS] & gone) != 0
        write(rows[i], arena[r], lay, hidden)
        if not hidden:
            attach(arena, r, lay, heads, link_rows, feed)


@njit(cache=True, nogil=True)
def withdraw_older(arena, count, source, floor, lay, heads, link_rows, feed, out, dry):
    """Records of a source that a full replacement hides: listed in ``out`` (dry), or hidden."""
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
    return n


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
    """Seeds of a record as it stands: its subject, what it links to, and (where it is one of several) what its rivals link to."""
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
            at = table(heads, lay[L_KIND])[s, lay[L_HEAD]]
            while at >= 0:
                n = add_seed(sites, entities, n, feeds + k, arena[at, lane])
                at = arena[at, NEXT]
        elif r >= 0:
            n = add_seed(sites, entities, n, feeds + k, arena[r, lane])
    return n


@njit(cache=True, nogil=True)
def seeds_of(rows, picked, place, n, arena, lay, heads, link_rows, feed, feeds, sites, entities):
    """Where a picked change is felt directly: (site, entity). Returns how many there are; room is the caller's."""
    out = 0
    for k in range(n):
        i, r = picked[k], place[k]
        out = seed_record(r, arena, lay, heads, link_rows, feed, feeds, sites, entities, out)
        if (rows[i, FLAGS] & (DELETED | HIDDEN)) == 0:
            s = rows[i, SUBJECT]
            if s != arena[r, SUBJECT]:
                out = seed_subject(s, arena, lay, heads, link_rows, feed, feeds, sites, entities, out, -1)
            for j in range(len(link_rows)):
                if link_rows[j, K_FEED] == feed and rows[i, link_rows[j, K_LANE]] != arena[r, link_rows[j, K_LANE]]:
                    out = add_seed(sites, entities, out, feeds + j, rows[i, link_rows[j, K_LANE]])
    return out


@njit(cache=True, nogil=True)
def close(sites, entities, n, rules, rule_off, feeds, arenas, lays, heads, link_rows, stamps, epoch, out, fill, front, back):
    """Roots reached from seeds by walking each rule's steps backwards.

    Args:
        rules: int32[rules, 10]: root kind, number of steps, then (link row, direction) a step; direction 0 from target to
            owners (in-chain), 1 from owner to targets (its records' links).
        rule_off: int32[sites + 1], rules of each site.
        stamps, out, fill: per kind: epoch stamps by row, roots found, how many.
    Returns 0, or the room that was missing in front and back.
    """
    for i in range(n):
        site = sites[i]
        for rule in range(rule_off[site], rule_off[site + 1]):
            size = 1
            front[0] = entities[i]
            for step in range(rules[rule, 1]):
                k = rules[rule, 2 + 2 * step]
                feed, lane, target = link_rows[k, K_FEED], link_rows[k, K_LANE], link_rows[k, K_TARGET]
                arena = table(arenas, feed)
                lay = lays[feed]
                more = 0
                for j in range(size):
                    e = front[j]
                    if rules[rule, 3 + 2 * step] == 0:
                        r = table(heads, target)[e, link_rows[k, K_HEAD]]
                        while r >= 0:
                            if more < len(back):
                                back[more] = arena[r, SUBJECT]
                            more += 1
                            r = arena[r, lane + 1]
                    else:
                        r = table(heads, lay[L_KIND])[e, lay[L_HEAD]]
                        while r >= 0:
                            if arena[r, lane] >= 0:
                                if more < len(back):
                                    back[more] = arena[r, lane]
                                more += 1
                            r = arena[r, NEXT]
                if more > len(back):
                    return more
                front, back = back, front
                size = more
            kind = rules[rule, 0]
            for j in range(size):
                e = front[j]
                if table(stamps, kind)[e, 0] != epoch:
                    table(stamps, kind)[e, 0] = epoch
                    table(out, kind)[fill[kind], 0] = e
                    fill[kind] += 1
    return 0


@njit(cache=True, nogil=True)
def words(n):
    return (n + 63) >> 6


@njit(cache=True, nogil=True)
def tail(n):
    """Mask of the last word of n bits."""
    rest = n & 63
    return ALL if rest == 0 else (ONE << np.uint64(rest)) - ONE


@njit(cache=True, nogil=True)
def bit(bits, at, i):
    return (bits[at + (i >> 6)] >> np.uint64(i & 63)) & ONE


@njit(cache=True, nogil=True)
def subject_key(source, kind, entity):
    """Hash of (source or check, kind, entity) for the small indexes of single subjects."""
    return mix((np.uint64(source + 1) << np.uint64(34)) | (np.uint64(kind) << np.uint64(32)) | np.uint64(entity))


@njit(cache=True, nogil=True)
def index_keys(slots, keys):
    mask = len(slots) - 1
    slots[:] = -1
    for r in range(len(keys)):
        at = find(slots, mask, keys[r], keys)
        if at < 0:
            slots[-1 - at] = r


@njit(cache=True, nogil=True)
def covered(feed, kind, entity, place, cut, cover, resp_off, resp, div_of, subj_slots, subj_keys, subj_to):
    """Is a subject placed at a division covered for a feed, every responsible source having said so since ``cut``?

    ``cover`` is the answer by division; where it is no, statements about single subjects may still make it yes.
    """
    if place < 0 or entity < 0:
        return False
    if cover[place] != 0:
        return True
    if len(subj_slots) <= 1:
        return False
    first, last = resp_off[feed, place], resp_off[feed, place + 1]
    if first == last:
        return False
    mask = len(subj_slots) - 1
    for j in range(first, last):
        source = resp[j]
        if source < 0:  # responsible, but its statements cannot count for so coarse a placement
            return False
        if div_of[source, place] >= cut:
            continue
        at = find(subj_slots, mask, subject_key(source, kind, entity), subj_keys)
        if at < 0 or subj_to[at] < cut:
            return False
    return True


@njit(cache=True, nogil=True)
def threshold(q, rem, den, divisor, op):
    """The integers a..b for which ``x op (q + rem/den) * divisor`` holds, exactly; a > b where there is none."""
    part = rem * divisor
    low = q * divisor + part // den
    whole = part % den == 0
    if op == LT:
        return LOW, low - 1 if whole else low
    if op == LE:
        return LOW, low
    if op == GT:
        return low + 1, HIGH
    if op == GE:
        return (low if whole else low + 1), HIGH
    return (low if whole else low + 1), low


@njit(cache=True, nogil=True)
def no_starts(n):
    """An empty index over n rows of a domain by (path root, subject)."""
    room = 16
    while room < 2 * n:
        room *= 2
    return np.full(room, -1, np.int32)


@njit(cache=True, nogil=True)
def start_of(starts, ent, seg, p, root, entity):
    """Where the steps from a subject start within a path root: the row of domain p in the index, or -1 - free position."""
    mask = len(starts) - 1
    at = np.int64(mix((np.uint64(root) << np.uint64(32)) | np.uint64(entity)) & np.uint64(mask))
    while True:
        r = starts[at]
        if r < 0:
            return -1 - at
        if ent[p, r] == entity and seg[p, r] == root:
            return np.int64(r)
        at = (at + 1) & mask


@njit(cache=True, nogil=True)
def run(
    ops, args, consts, day, roots, root_count,
    arenas, lays, heads, link_rows,
    cover, cover_feed, cover_cut, resp_off, resp, div_of, subj_slots, subj_keys, subj_to,
    answer_slots, answer_keys, answer_values, lut,
    ent, rec, seg, size, cols, wins, bits, off, stride, low_plane, high_plane,
):  # fmt: skip
    """Run a program over one chunk of subjects. Returns 0, or the number of element rows for which there was no room.

    Args:
        ops: int32[operations, 12]; args: int32, slot references (2 * slot + negated); consts: int64[constants, 4].
        roots: int32[n], entity rows; ent, rec, seg: int32[domains, room]: an element's subject, record, and root-of-path row.
        cols: int64[columns, room]; wins: int32[winners, room]; bits: planes, slot s at off[s], false plane stride[s] further.
    """
    room = ent.shape[1]
    size[0] = root_count
    for i in range(root_count):
        ent[0, i] = roots[i]
        rec[0, i] = -1
        seg[0, i] = i
    nothing = np.empty(0, np.int32)
    pc = 0
    while pc < len(ops):
        op = ops[pc]
        code = op[0]
        pc += 1
        if code == AND:
            # slot, first arg, count, domain
            base, st = off[op[1]], stride[op[1]]
            w = words(size[op[4]])
            a = args[op[2]]
            ao, ast = off[a >> 1], stride[a >> 1]
            at_, af = (ao, ao + ast) if a & 1 == 0 else (ao + ast, ao)
            if op[3] == 2:
                b = args[op[2] + 1]
                bo, bst = off[b >> 1], stride[b >> 1]
                bt, bf = (bo, bo + bst) if b & 1 == 0 else (bo + bst, bo)
                for j in range(w):
                    bits[base + j] = bits[at_ + j] & bits[bt + j]
                    bits[base + st + j] = bits[af + j] | bits[bf + j]
            else:
                for j in range(w):
                    bits[base + j] = bits[at_ + j]
                    bits[base + st + j] = bits[af + j]
                for k in range(1, op[3]):
                    b = args[op[2] + k]
                    bo, bst = off[b >> 1], stride[b >> 1]
                    bt, bf = (bo, bo + bst) if b & 1 == 0 else (bo + bst, bo)
                    for j in range(w):
                        bits[base + j] &= bits[bt + j]
                        bits[base + st + j] |= bits[bf + j]
        elif code == STATUS:
            # policy, root ref, root ref with checks unknown, slot of who may be listed, burden, in force
            # status 1 eligible, 2 to_check, 3 needs_evidence, as two bits
            w = words(size[0])
            p = op[1]
            if op[6] == 0:
                for j in range(w):
                    low_plane[p, j] = 0
                    high_plane[p, j] = 0
                continue
            a, b, li = op[2], op[3], off[op[4]]
            ao, ast = off[a >> 1], stride[a >> 1]
            at_, af = (ao, ao + ast) if a & 1 == 0 else (ao + ast, ao)
            bo, bst = off[b >> 1], stride[b >> 1]
            bt = bo if b & 1 == 0 else bo + bst
            for j in range(w):
                listed = bits[li + j]
                yes = bits[at_ + j] & listed
                if op[5] == 1:
                    low_plane[p, j] = yes
                    high_plane[p, j] = 0
                else:
                    sure = yes & bits[bt + j]
                    unknown = listed & ~(bits[at_ + j] | bits[af + j])
                    low_plane[p, j] = sure | unknown
                    high_plane[p, j] = (yes & ~sure) | unknown
        elif code == VERDICT:
            # policy, root ref, slot of who has a verdict: 1 yes, 2 no, 3 unknown, as two bits
            w = words(size[0])
            p, a, vi = op[1], op[2], off[op[3]]
            ao, ast = off[a >> 1], stride[a >> 1]
            at_, af = (ao, ao + ast) if a & 1 == 0 else (ao + ast, ao)
            for j in range(w):
                has = bits[vi + j]
                yes, no = bits[at_ + j] & has, bits[af + j] & has
                low_plane[p, j] = has & ~no
                high_plane[p, j] = has & ~yes
        elif code == RANGE:
            # slot, column, const, domain, negate
            base, st = off[op[1]], stride[op[1]]
            column = cols[op[2]]
            n = size[op[4]]
            lo, hi, flag = consts[op[3], 0], consts[op[3], 1], consts[op[3], 3]
            for j in range(words(n)):
                bits[base + j] = 0
                bits[base + st + j] = 0
            if flag == 0:
                whole = n >> 6
                for j in range(whole):
                    t = np.uint64(0)
                    f = np.uint64(0)
                    part = column[j << 6 : (j + 1) << 6]
                    for i in range(64):
                        v = part[i]
                        inside = (v >= lo) & (v <= hi)
                        t |= np.uint64(inside & (v != MISSING64)) << np.uint64(i)
                        f |= np.uint64((not inside) & (v != MISSING64)) << np.uint64(i)
                    bits[base + j] = t
                    bits[base + st + j] = f
                for i in range(whole << 6, n):
                    v = column[i]
                    if v != MISSING64:
                        if v >= lo and v <= hi:
                            bits[base + whole] |= ONE << np.uint64(i & 63)
                        else:
                            bits[base + st + whole] |= ONE << np.uint64(i & 63)
        elif code == RANGE_BY:
            # slot, column, first const of the table (k min, k count), domain, negate, key column
            base, st = off[op[1]], stride[op[1]]
            column, keys = cols[op[2]], cols[op[6]]
            n = size[op[4]]
            kmin, kcount = consts[op[3], 0], consts[op[3], 1]
            if op[5] == 1:
                st, base = -st, base + st
            for j in range(words(n)):
                bits[base + j] = 0
                bits[base + st + j] = 0
            for i in range(n):
                v, k = column[i], keys[i]
                if v == MISSING64 or k == MISSING64 or k < kmin or k >= kmin + kcount:
                    continue
                c = op[3] + 1 + (k - kmin)
                if consts[c, 3] != 0:
                    continue
                if v >= consts[c, 0] and v <= consts[c, 1]:
                    bits[base + (i >> 6)] |= ONE << np.uint64(i & 63)
                else:
                    bits[base + st + (i >> 6)] |= ONE << np.uint64(i & 63)
        elif code == LOOKUP:
            # slot, column, lut row, domain, negate
            base, st = off[op[1]], stride[op[1]]
            column = cols[op[2]]
            n = size[op[4]]
            looked = lut[op[3]]
            if op[5] == 1:
                st, base = -st, base + st
            for j in range(words(n)):
                t = np.uint64(0)
                f = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, n)):
                    v = column[i]
                    if v != MISSING64:
                        a = looked[v]
                        t |= np.uint64(a & 1) << np.uint64(i & 63)
                        f |= np.uint64(a >> 1) << np.uint64(i & 63)
                bits[base + j] = t
                bits[base + st + j] = f
        elif code == COLUMN:
            # column, domain, feed, lane, wide, winner (-1 own record), const of no_record (-1 none), cover slot
            out = cols[op[1]]
            n = size[op[2]]
            arena = table(arenas, op[3])
            lane, is_wide, has_default = op[4], op[5], op[7]
            at = rec[op[2]] if op[6] < 0 else wins[op[6]]
            for i in range(n):
                r = at[i]
                if r < 0:
                    v = np.int64(MISSING64)
                    if has_default >= 0 and ent[op[2], i] >= 0 and bit(bits, off[op[8]], i) != 0:
                        v = consts[has_default, 0]
                    out[i] = v
                elif is_wide == 1:
                    out[i] = MISSING64 if (arena[r, FLAGS] & QUARANTINED) != 0 else wide(arena[r], lane)
                else:
                    v32 = arena[r, lane]
                    out[i] = MISSING64 if v32 == MISSING32 or (arena[r, FLAGS] & QUARANTINED) != 0 else np.int64(v32)
        elif code == WINNER:
            # winner, domain, feed
            out32 = wins[op[1]]
            n = size[op[2]]
            arena = table(arenas, op[3])
            lay = lays[op[3]]
            head = table(heads, lay[L_KIND])
            column_of, valid = lay[L_HEAD], lay[L_VALID]
            for i in range(n):
                e = ent[op[2], i]
                out32[i] = -1 if e < 0 else head[e, column_of]
            for i in range(n):
                r = out32[i]
                if r >= 0 and (valid >= 0 or arena[r, NEXT] >= 0):
                    out32[i] = winner(arena, valid, r, day)
        elif code == LINK:
            # domain, parent, feed, lane, winner of the feed on the parent, parent is path root
            d, p = op[1], op[2]
            n = size[p]
            size[d] = n
            arena = table(arenas, op[3])
            for i in range(n):
                r = wins[op[5], i]
                e = -1
                if r >= 0 and (arena[r, FLAGS] & QUARANTINED) == 0:
                    e = arena[r, op[4]]
                ent[d, i] = e
                rec[d, i] = -1
                seg[d, i] = i if op[6] == 1 else seg[p, i]
        elif code == EXPAND:
            # domain, parent, kind, feed, link row, parent is path root, slot of the quarantined,
            # parent may name a subject twice in a path root: each is started from once
            d, p, how, feed = op[1], op[2], op[3], op[4]
            arena = table(arenas, feed)
            lay = lays[feed]
            valid = lay[L_VALID]
            m = 0
            n = size[p]
            starts = no_starts(n) if op[8] == 1 else nothing
            if how in (INVERSE, RECORDS_ONE):
                for i in range(n):
                    e = ent[p, i]
                    if e < 0:
                        continue
                    if op[8] == 1:
                        free = start_of(starts, ent, seg, p, seg[p, i], e)
                        if free >= 0:
                            continue
                        starts[-1 - free] = i
                    s = i if op[6] == 1 else seg[p, i]
                    if how == RECORDS_ONE:
                        r = winner(arena, valid, table(heads, lay[L_KIND])[e, lay[L_HEAD]], day)
                        if r >= 0:
                            if m < room:
                                ent[d, m], rec[d, m], seg[d, m] = e, r, s
                            m += 1
                        continue
                    r = table(heads, link_rows[op[5], K_TARGET])[e, link_rows[op[5], K_HEAD]]
                    while r >= 0:
                        if there(arena[r], valid, day):
                            if m < room:
                                ent[d, m], rec[d, m], seg[d, m] = arena[r, SUBJECT], r, s
                            m += 1
                        r = arena[r, link_rows[op[5], K_LANE] + 1]
            else:
                # chains side by side, a record of each at a time: the processor waits for many rows of memory at once
                members = how == MEMBERS
                own = table(heads, link_rows[op[5], K_TARGET] if members else lay[L_KIND])
                first = link_rows[op[5], K_HEAD] if members else lay[L_HEAD]
                onward = link_rows[op[5], K_LANE] + 1 if members else NEXT
                at = np.empty(n, np.int32)
                of = np.empty(n, np.int32)
                active = 0
                for i in range(n):
                    e = ent[p, i]
                    if e < 0:
                        continue
                    if op[8] == 1:
                        free = start_of(starts, ent, seg, p, seg[p, i], e)
                        if free >= 0:
                            continue
                        starts[-1 - free] = i
                    r = own[e, first]
                    if r >= 0:
                        at[active] = r
                        of[active] = i
                        active += 1
                while active > 0:
                    left = 0
                    for j in range(active):
                        r, i = at[j], of[j]
                        if valid < 0 or there(arena[r], valid, day):
                            if m < room:
                                ent[d, m] = arena[r, SUBJECT]
                                rec[d, m] = r
                                seg[d, m] = i if op[6] == 1 else seg[p, i]
                            m += 1
                        r = arena[r, onward]
                        if r >= 0:
                            at[left] = r
                            of[left] = i
                            left += 1
                    active = left
                if members and m <= room:
                    # only whose register record it is that names the household
                    persons, column_of = table(heads, lay[L_KIND]), lay[L_HEAD]
                    kept = 0
                    for j in range(m):
                        r, s = rec[d, j], ent[d, j]
                        top = persons[s, column_of]
                        if (top == r and arena[r, NEXT] < 0) or winner(arena, valid, top, day) == r:
                            ent[d, kept], rec[d, kept], seg[d, kept] = s, r, seg[d, j]
                            kept += 1
                    m = kept
            if m > room:
                return m
            size[d] = m
            base = off[op[7]]
            for j in range(words(m)):
                q = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, m)):
                    if (arena[rec[d, i], FLAGS] & QUARANTINED) != 0:
                        q |= ONE << np.uint64(i & 63)
                bits[base + j] = q
        elif code == REACHED:
            # slot, domain, parent, slot all / slot any on the parent, feed, link row (-1: records of the same subject), own slot (-1 none):
            # elements whose subject was reached by rows all of which are in one slot and any of which is in the other, and the slot's own
            base, d, p = off[op[1]], op[2], op[3]
            every, some = off[op[4]], off[op[5]]
            n = size[d]
            for j in range(words(n)):
                bits[base + j] = bits[off[op[8]] + j] if op[8] >= 0 else np.uint64(0)
            doubts = np.uint64(0)
            for j in range(words(size[p])):
                doubts |= bits[every + j] & bits[some + j]
            if doubts == 0:
                continue
            starts = no_starts(size[p])
            held = np.zeros(size[p], np.uint8)  # of the first row of each subject: 1 a row in the one slot, 2 a row not in the other
            for i in range(size[p]):
                if ent[p, i] < 0:
                    continue
                at3 = start_of(starts, ent, seg, p, seg[p, i], ent[p, i])
                if at3 < 0:
                    starts[-1 - at3] = i
                    at3 = np.int64(i)
                held[at3] |= np.uint8(bit(bits, some, i) | ((bit(bits, every, i) ^ ONE) << ONE))
            arena = table(arenas, op[6])
            for i in range(n):
                e = ent[d, i] if op[7] < 0 else arena[rec[d, i], link_rows[op[7], K_LANE]]
                at3 = start_of(starts, ent, seg, p, seg[d, i], e)
                if at3 >= 0 and held[at3] == 1:
                    bits[base + (i >> 6)] |= ONE << np.uint64(i & 63)
        elif code == COVER:
            # slot, domain, cover row, column of the placement
            base, st = off[op[1]], stride[op[1]]
            n = size[op[2]]
            row, place = op[3], cols[op[4]]
            feed, cut = cover_feed[row], cover_cut[row]
            said = cover[row]
            for j in range(words(n)):
                t = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, n)):
                    if covered(feed, op[5], ent[op[2], i], place[i], cut, said, resp_off, resp, div_of,
                               subj_slots, subj_keys, subj_to):  # fmt: skip
                        t |= ONE << np.uint64(i & 63)
                bits[base + j] = t
                bits[base + st + j] = 0
        elif code == ONES:
            # slot, domain
            base, st = off[op[1]], stride[op[1]]
            n = size[op[2]]
            for j in range(words(n)):
                bits[base + j] = ALL
                bits[base + st + j] = 0
            if n > 0:
                bits[base + words(n) - 1] = tail(n)
        elif code == CLEAR_BY:
            # slot, domain, slot of coverage on the domain, domain is path root
            base, cov = off[op[1]], off[op[3]]
            n = size[op[2]]
            if op[4] == 1:
                for j in range(words(n)):
                    bits[base + j] &= bits[cov + j]
            else:
                for i in range(n):
                    if bit(bits, cov, i) == 0:
                        s = seg[op[2], i]
                        bits[base + (s >> 6)] &= ~(ONE << np.uint64(s & 63))
        elif code == CLEAR_EMPTY:
            # slot, link domain
            base = off[op[1]]
            for i in range(size[op[2]]):
                if ent[op[2], i] < 0:
                    s = seg[op[2], i]
                    bits[base + (s >> 6)] &= ~(ONE << np.uint64(s & 63))
        elif code == SOME:
            # slot, base domain, element domain, where (-1 none), complete slot (-1 never, -2 always), slot of the doubtful
            base, st = off[op[1]], stride[op[1]]
            nb, n = size[op[2]], size[op[3]]
            w = words(nb)
            for j in range(w):
                bits[base + j] = 0
                if op[5] == -1:
                    bits[base + st + j] = 0
                elif op[5] == -2:
                    bits[base + st + j] = ALL
                else:
                    bits[base + st + j] = bits[off[op[5]] + j]
            if op[5] == -2 and nb > 0:
                bits[base + st + w - 1] = tail(nb)
            ref = op[4]
            q = off[op[6]]
            segment = seg[op[3]]
            for j in range(words(n)):
                if ref < 0:
                    t, f = ALL, np.uint64(0)
                else:
                    wo, ws = off[ref >> 1], stride[ref >> 1]
                    if ref & 1 == 0:
                        t, f = bits[wo + j], bits[wo + ws + j]
                    else:
                        t, f = bits[wo + ws + j], bits[wo + j]
                t &= ~bits[q + j]
                f &= ~bits[q + j]
                maybe = ~f
                if j == words(n) - 1:
                    maybe &= tail(n)
                    t &= tail(n)
                while maybe != 0:
                    low = maybe & (~maybe + ONE)
                    i = (j << 6) + trailing(low)
                    s = segment[i]
                    one = ONE << np.uint64(s & 63)
                    if t & low != 0:
                        bits[base + (s >> 6)] |= one
                    bits[base + st + (s >> 6)] &= ~one
                    maybe ^= low
        elif code in (COUNT, SUM):
            # low column, high column, base, element, where, complete slot, slot of the doubtful, addend column, const (min, max)
            # how many elements there surely and possibly are, or what they add up to: LOW and HIGH where there is no bound
            lows, highs = cols[op[1]], cols[op[2]]
            nb, n = size[op[3]], size[op[4]]
            for i in range(nb):
                lows[i] = 0
                highs[i] = 0
            least, most = np.int64(1), np.int64(1)
            if code == SUM:
                least, most = consts[op[9], 0], consts[op[9], 1]
            q, ref, segment = off[op[7]], op[5], seg[op[4]]
            wt = wf = np.int64(0)
            if ref >= 0:
                wo, ws = off[ref >> 1], stride[ref >> 1]
                wt, wf = (wo, wo + ws) if ref & 1 == 0 else (wo + ws, wo)
            for j in range(words(n)):
                doubt = bits[q + j]
                yes = ~doubt
                no = np.uint64(0)
                if ref >= 0:
                    no = bits[wf + j] & ~doubt
                    yes &= bits[wt + j]
                for i in range(j << 6, min((j + 1) << 6, n)):
                    here = np.uint64(i & 63)
                    if (no >> here) & ONE != 0:
                        continue
                    s = segment[i]
                    a, b = np.int64(1), np.int64(1)
                    if code == SUM:
                        a = b = cols[op[8], i]
                        if a == MISSING64:
                            a, b = least, most
                    if (yes >> here) & ONE == 0:
                        a, b = min(a, np.int64(0)), max(b, np.int64(0))
                    lows[s] = LOW if a <= LOW or lows[s] <= LOW else lows[s] + a
                    highs[s] = HIGH if b >= HIGH or highs[s] >= HIGH else highs[s] + b
            if op[6] != -2:
                for i in range(nb):
                    if op[6] == -1 or bit(bits, off[op[6]], i) == 0:
                        highs[i] = HIGH
                        if least < 0:
                            lows[i] = LOW
        elif code == SETTLE:
            # slot, base, low column, high column, const, key column (-1), divisor column (-1), comparison (-1: rows hold a..b of a count)
            base, st = off[op[1]], stride[op[1]]
            nb = size[op[2]]
            lows, highs = cols[op[3]], cols[op[4]]
            a, b = LOW, HIGH
            never = False
            last = np.int64(-1)  # the divisor a and b were worked out for, 0 for one and all
            if op[6] < 0:
                a, b = consts[op[5], 0], consts[op[5], 1]
                never = op[8] < 0 and a > b
                if op[8] >= 0 and op[7] < 0:
                    a, b = threshold(consts[op[5], 0], consts[op[5], 1], consts[op[5], 2], np.int64(1), op[8])
            for j in range(words(nb)):
                t = np.uint64(0)
                f = np.uint64(0)
                if op[6] < 0 and op[7] < 0 and consts[op[5], 3] == 0:
                    for i in range(j << 6, min((j + 1) << 6, nb)):
                        low, high = lows[i], highs[i]
                        no = never | ((high < HIGH) & (high < a)) | ((low > LOW) & (low > b))
                        yes = ((a <= LOW) | ((low > LOW) & (low >= a))) & ((b >= HIGH) | ((high < HIGH) & (high <= b)))
                        f |= np.uint64(no) << np.uint64(i & 63)
                        t |= np.uint64(yes & (not no)) << np.uint64(i & 63)
                    bits[base + j] = t
                    bits[base + st + j] = f
                    continue
                for i in range(j << 6, min((j + 1) << 6, nb)):
                    c = op[5]
                    if op[6] >= 0:
                        k = cols[op[6], i]
                        if k == MISSING64 or k < consts[c, 0] or k >= consts[c, 0] + consts[c, 1]:
                            continue
                        c = c + 1 + (k - consts[c, 0])
                    if consts[c, 3] != 0:
                        continue
                    if op[8] < 0:
                        a, b = consts[c, 0], consts[c, 1]
                        never = a > b
                    else:
                        divisor = np.int64(1)
                        if op[7] >= 0:
                            divisor = cols[op[7], i]
                            if divisor == MISSING64 or divisor < 1:
                                continue
                        if op[6] >= 0 or divisor != last:
                            a, b = threshold(consts[c, 0], consts[c, 1], consts[c, 2], divisor, op[8])
                            last = divisor
                    low, high = lows[i], highs[i]
                    if never or (high < HIGH and high < a) or (low > LOW and low > b):
                        f |= ONE << np.uint64(i & 63)
                    elif (a <= LOW or (low > LOW and low >= a)) and (b >= HIGH or (high < HIGH and high <= b)):
                        t |= ONE << np.uint64(i & 63)
                bits[base + j] = t
                bits[base + st + j] = f
        elif code == CHECK:
            # slot, domain, check, default (0 unknown, 1 true, 2 false)
            base, st = off[op[1]], stride[op[1]]
            n = size[op[2]]
            for j in range(words(n)):
                bits[base + j] = ALL if op[4] == 1 else np.uint64(0)
                bits[base + st + j] = ALL if op[4] == 2 else np.uint64(0)
            if n > 0:
                bits[base + words(n) - 1] &= tail(n)
                bits[base + st + words(n) - 1] &= tail(n)
            if len(answer_slots) > 1:
                mask = len(answer_slots) - 1
                for i in range(n):
                    at2 = find(answer_slots, mask, subject_key(op[3], 0, ent[op[2], i]), answer_keys)
                    if at2 >= 0:
                        one = ONE << np.uint64(i & 63)
                        bits[base + (i >> 6)] &= ~one
                        bits[base + st + (i >> 6)] &= ~one
                        if answer_values[at2] == 1:
                            bits[base + (i >> 6)] |= one
                        else:
                            bits[base + st + (i >> 6)] |= one
        elif code == PRESENT:
            # slot, domain, winner
            base, st = off[op[1]], stride[op[1]]
            n = size[op[2]]
            for j in range(words(n)):
                t = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, n)):
                    t |= np.uint64(wins[op[3], i] >= 0) << np.uint64(i & 63)
                bits[base + j] = t
                bits[base + st + j] = ~t if j < words(n) - 1 else ~t & tail(n)
        elif code in (UNKNOWN, ZERO):
            # slot, domain
            base, st = off[op[1]], stride[op[1]]
            for j in range(words(size[op[2]])):
                bits[base + j] = 0
                bits[base + st + j] = 0
        elif code == IS_U:
            # slot, domain, slot asked
            base, src, sst = off[op[1]], off[op[3]], stride[op[3]]
            n = size[op[2]]
            for j in range(words(n)):
                bits[base + j] = ~(bits[src + j] | bits[src + sst + j])
            if n > 0:
                bits[base + words(n) - 1] &= tail(n)
        elif code == MISS:
            # slot, domain, column: missing though every link on the way led somewhere
            base = off[op[1]]
            n = size[op[2]]
            column = cols[op[3]]
            for j in range(words(n)):
                t = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, n)):
                    t |= np.uint64((column[i] == MISSING64) & (ent[op[2], i] >= 0)) << np.uint64(i & 63)
                bits[base + j] = t
        elif code == WITHIN_U:
            # slot, domain, column: not missing, yet not decided (a division coarser than what is asked)
            base = off[op[1]]
            n = size[op[2]]
            column = cols[op[3]]
            for j in range(words(n)):
                t = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, n)):
                    t |= np.uint64(column[i] != MISSING64) << np.uint64(i & 63)
                bits[base + j] = t
        elif code == OUT_OF_TABLE:
            # slot, domain, key column, const: the key is known, the parameter has nothing for it
            base = off[op[1]]
            n = size[op[2]]
            c = op[4]
            for j in range(words(n)):
                t = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, n)):
                    k = cols[op[3], i]
                    if k != MISSING64:
                        out_of = k < consts[c, 0] or k >= consts[c, 0] + consts[c, 1]
                        if not out_of:
                            out_of = consts[c + 1 + (k - consts[c, 0]), 3] != 0
                        if out_of:
                            t |= ONE << np.uint64(i & 63)
                bits[base + j] = t
        elif code == NO_VALUE:
            # slot, domain, const: the parameter has no value today
            base = off[op[1]]
            n = size[op[2]]
            v = ALL if consts[op[3], 3] != 0 else np.uint64(0)
            for j in range(words(n)):
                bits[base + j] = v
            if n > 0:
                bits[base + words(n) - 1] &= tail(n)
        elif code == EMPTY:
            # slot, link domain, parent domain
            base = off[op[1]]
            n = size[op[2]]
            for j in range(words(n)):
                t = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, n)):
                    t |= np.uint64((ent[op[2], i] < 0) & (ent[op[3], i] >= 0)) << np.uint64(i & 63)
                bits[base + j] = t
        elif code == INCOMPLETE:
            # slot (path root), domain, slot of coverage on it, domain is path root, path root domain:
            # rows some of whose steps are not covered
            base, cov = off[op[1]], off[op[3]]
            n = size[op[2]]
            for j in range(words(size[op[5]])):
                bits[base + j] = 0
            for i in range(n):
                if bit(bits, cov, i) == 0 and ent[op[2], i] >= 0:
                    s = i if op[4] == 1 else seg[op[2], i]
                    bits[base + (s >> 6)] |= ONE << np.uint64(s & 63)
        elif code == BOTH:
            # slot, domain, slot, slot, accumulate: true planes only
            base, x, y = off[op[1]], off[op[3]], off[op[4]]
            for j in range(words(size[op[2]])):
                v = bits[x + j] & bits[y + j]
                bits[base + j] = (bits[base + j] | v) if op[5] == 1 else v
        elif code == BUT_NOT_F:
            # slot, domain, slot, ref: true plane of one, without the false (or, asked negated, true) rows of the other
            base, x = off[op[1]], off[op[3]]
            yo, ys = off[op[4] >> 1], stride[op[4] >> 1]
            y = yo + ys if op[4] & 1 == 0 else yo
            for j in range(words(size[op[2]])):
                bits[base + j] = bits[x + j] & ~bits[y + j]
        elif code == SPREAD:
            # slot on the elements, element domain, slot on the path root
            base, x = off[op[1]], off[op[3]]
            n = size[op[2]]
            for j in range(words(n)):
                t = np.uint64(0)
                for i in range(j << 6, min((j + 1) << 6, n)):
                    t |= bit(bits, x, seg[op[2], i]) << np.uint64(i & 63)
                bits[base + j] = t
        elif code == REDUCE:
            # slot on the path root (added to), element domain, slot on the elements
            base, x = off[op[1]], off[op[3]]
            n = size[op[2]]
            for j in range(words(n)):
                v = bits[x + j]
                while v != 0:
                    low = v & (~v + ONE)
                    s = seg[op[2], (j << 6) + trailing(low)]
                    bits[base + (s >> 6)] |= ONE << np.uint64(s & 63)
                    v ^= low
        elif code == SKIP_ZERO:
            # slot, domain, where to go
            base = off[op[1]]
            any_bit = np.uint64(0)
            for j in range(words(size[op[2]])):
                any_bit |= bits[base + j]
            if any_bit == 0:
                pc = op[3]
    return 0


@njit(cache=True, nogil=True)
def trailing(low):
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


@njit(cache=True, nogil=True)
def differences(
    policies, low_a, high_a, low_b, high_b, bits_a, bits_b, off, stride, n,
    leaf_off, leaf_slots, disclosed_off, disclosed, shown_a, shown_b, out_policy, out_row, out_shown,
):  # fmt: skip
    """Policies and rows whose candidate may have changed between two sides of one chunk.

    Where both sides list the subject alike, a row is reported if any plane of the policy's leaves or any disclosed value differs.
    Returns how many there are (rows beyond the room are counted, not written).
    """
    count = 0
    for p in range(policies):
        for j in range(words(n)):
            differ = (low_a[p, j] ^ low_b[p, j]) | (high_a[p, j] ^ high_b[p, j])
            both = (low_a[p, j] | high_a[p, j]) & (low_b[p, j] | high_b[p, j]) & ~differ
            shown = np.uint64(0)
            if both != 0:
                moved = np.uint64(0)
                for k in range(leaf_off[p], leaf_off[p + 1]):
                    at = off[leaf_slots[k]] + j
                    up = at + stride[leaf_slots[k]]
                    moved |= (bits_a[at] ^ bits_b[at]) | (bits_a[up] ^ bits_b[up])
                moved &= both
                for k in range(disclosed_off[p], disclosed_off[p + 1]):
                    c = disclosed[k]
                    rest = both & ~shown
                    while rest != 0:
                        low = rest & (~rest + ONE)
                        i = (j << 6) + trailing(low)
                        if shown_a[c, i] != shown_b[c, i]:
                            shown |= low
                        rest ^= low
                differ |= moved | shown
            while differ != 0:
                low = differ & (~differ + ONE)
                if count < len(out_policy):
                    out_policy[count] = p
                    out_row[count] = (j << 6) + trailing(low)
                    out_shown[count] = (shown & low) != 0
                count += 1
                differ ^= low
    return count


@njit(cache=True, nogil=True)
def reasons(
    count, out_policy, out_row, low, high, bits, off, stride,
    node_off, node_leaf, node_leaf_asked, node_parent, node_negated, node_check, reason_off, reason_pair, reason_slot,
    status, missing, checklist,
):  # fmt: skip
    """Status, missing pairs and open checks of (policy, row) pairs, as bit sets over the policy's own lists.

    A policy's tree comes as nested conjunctions with negated edges, parents first. A leaf counts where it and all its
    ancestors are unknown: the missing ones with checks assumed, the checklist with unanswered checks unknown.
    """
    value = np.zeros(4096, np.uint8)  # 0 unknown, 1 true, 2 false
    chain = np.zeros(4096, np.bool_)
    for e in range(count):
        p, i = out_policy[e], out_row[e]
        missing[e, :] = 0
        checklist[e, :] = 0
        status[e] = bit(low[p], 0, i) + 2 * bit(high[p], 0, i)
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
                    t, f = bit(bits, off[leaf], i), bit(bits, off[leaf] + stride[leaf], i)
                    v = np.uint8(1 if t != 0 else (2 if f != 0 else 0))
                    value[k - first] = v
                parent = node_parent[k]
                if parent >= 0:
                    if node_negated[k] == 1 and v != 0:
                        v = np.uint8(3 - v)
                    held = value[parent - first]
                    if v == 2 or held == 2:
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
                        if bit(bits, off[reason_slot[r]], i) != 0:
                            missing[e, reason_pair[r] >> 6] |= ONE << np.uint64(reason_pair[r] & 63)
                elif node_check[k] >= 0:
                    checklist[e, node_check[k] >> 6] |= ONE << np.uint64(node_check[k] & 63)


@njit(cache=True, nogil=True)
def flipped(arena, count, lane, is_wide, starts, ends, out):
    """Record numbers, of those in force, whose lane lies in any of the closed intervals; returns how many."""
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


@njit(cache=True, nogil=True)
def seeds_standing(found, n, arena, lay, heads, link_rows, feed, feeds, sites, entities):
    out = 0
    for k in range(n):
        out = seed_record(found[k], arena, lay, heads, link_rows, feed, feeds, sites, entities, out)
    return out


@njit(cache=True, nogil=True)
def placements(out, count, arena, valid, heads, column, lane, day):
    """Division code of every subject of a kind by its register record at a day: -1 unplaced, -2 not registered."""
    for e in range(count):
        r = winner(arena, valid, heads[e, column], day)
        if r < 0:
            out[e] = -2
        elif lane < 0 or (arena[r, FLAGS] & QUARANTINED) != 0 or arena[r, lane] == MISSING32:
            out[e] = -1
        else:
            out[e] = arena[r, lane]


@njit(cache=True, nogil=True)
def distinct(rows):
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


# -- whereabouts: which partition holds whom (matchers.locate) --------------------------------------------------------------


@njit(cache=True, nogil=True)
def winning(rows, keys, source, arena, slots, wins, former):
    """Before a batch is staged: does each row beat what is held of its record, and whom was that record about (-1: nobody)?"""
    mask = len(slots) - 1
    for i in range(len(rows)):
        r = find_record(slots, mask, source_key(keys[i], source), arena)
        wins[i] = r < 0 or later(rows[i], arena[r])
        former[i] = -1 if r < 0 else arena[r, SUBJECT]


@njit(cache=True, nogil=True)
def registered(subjects, arena, heads, column, lane, out):
    """Division code of each subject by its latest register record, in force or not: -1 without a division, -2 without a record."""
    for i in range(len(subjects)):
        out[i] = -2
        if subjects[i] < 0:
            continue
        r = winner(arena, -1, heads[subjects[i], column], 0)
        if r >= 0:
            known = lane >= 0 and (arena[r, FLAGS] & QUARANTINED) == 0 and arena[r, lane] != MISSING32
            out[i] = arena[r, lane] if known else -1


@njit(cache=True, nogil=True)
def chained(subjects, arena, heads, column, out):
    """Numbers of the records in these subjects' chains, each chain from its end; returns how many (those beyond the room uncounted)."""
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
def pushed(levels, at, bits, kind, row, found, n):
    """Give bits to a subject at a level; noted in ``found`` where it did not have them all."""
    if bits & ~levels[kind][row, at] != 0:
        levels[kind][row, at] |= bits
        if n == len(found):
            more = np.empty(2 * n, np.int64)
            more[:n] = found
            found = more
        found[n] = np.int64(row) * 3 + kind
        n += 1
    return found, n


@njit(cache=True, nogil=True)
def spread(edges, owners, levels, arenas, lays, heads, link_rows):
    """Make ``levels`` true again: level i of a subject holds the partitions of every owner within i links of it.

    ``edges`` (int64[m, 2], subjects as row * 3 + kind) are links that are new, ``owners`` (int64[n]) subjects whose level 0 has grown.
    Levels only ever grow. Returns the subjects whose last level has, some of them repeated.
    """
    front, count = owners, len(owners)
    for at in range(levels[0].shape[1] - 1):
        found, n = np.empty(1024, np.int64), 0
        for e in range(len(edges)):
            a, b = edges[e, 0] // 3, edges[e, 1] // 3
            ka, kb = edges[e, 0] % 3, edges[e, 1] % 3
            found, n = pushed(levels, at + 1, levels[ka][a, at], kb, b, found, n)
            found, n = pushed(levels, at + 1, levels[kb][b, at], ka, a, found, n)
        for f in range(count):
            row, kind = front[f] // 3, front[f] % 3
            bits = levels[kind][row, at]
            found, n = pushed(levels, at + 1, bits, kind, row, found, n)
            own = table(heads, kind)
            for k in range(len(link_rows)):
                feed, lane, target = link_rows[k, K_FEED], link_rows[k, K_LANE], link_rows[k, K_TARGET]
                arena = table(arenas, feed)
                if lays[feed, L_KIND] == kind:
                    r = own[row, lays[feed, L_HEAD]]
                    while r >= 0:
                        if arena[r, lane] >= 0:
                            found, n = pushed(levels, at + 1, bits, target, arena[r, lane], found, n)
                        r = arena[r, NEXT]
                if target == kind:
                    r = own[row, link_rows[k, K_HEAD]]
                    while r >= 0:
                        found, n = pushed(levels, at + 1, bits, lays[feed, L_KIND], arena[r, SUBJECT], found, n)
                        r = arena[r, lane + 1]
        front, count = found, n
    return front[:count]
