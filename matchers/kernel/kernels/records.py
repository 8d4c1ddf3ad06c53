"""Record rows: the places of their lanes, and how two versions of a record compare.

A row is int32 lanes: KEY and ORDER take two each, then DELIVERY, ROW, SUBJECT, NEXT, FLAGS (source in the upper bits), then validity,
links (target, next, previous), fields and the identity hash, as ``matchers.kernel.layout`` lays them out.
"""

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

KEY, ORDER, DELIVERY, ROW, SUBJECT, NEXT, FLAGS, BODY = 0, 2, 4, 5, 6, 7, 8, 9
DELETED, QUARANTINED, HIDDEN, HOLE = 1, 2, 4, 8  # HOLE: a slot kept for the register record of the subject of that number
MISSING32 = -(2**31)
MISSING64 = -(2**63)
NO_ORDER = 2**63 - 1

# layout row of a feed
L_VALID, L_ONE, L_KIND, L_HEAD, L_LINKS, L_LINK0, L_WIDTH, L_REGISTERS = 0, 1, 2, 3, 4, 5, 6, 7
# link row
K_FEED, K_LANE, K_TARGET, K_HEAD = 0, 1, 2, 3


@intrinsic
def _pointer(typing, address):
    """An address as a pointer to int32."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.int32)(types.int64), codegen


@njit(cache=True, nogil=True)
def table_at(tables, number):
    """One of several int32 tables of differing width, by (address, rows, columns).

    Numba's typed lists would do the same, but compile themselves anew in every process, at 1.4 s. The store keeps the arrays alive.
    """
    return carray(_pointer(tables[number, 0]), (tables[number, 1], tables[number, 2]))


@njit(cache=True, nogil=True)
def read_wide(row, lane):
    return (np.int64(row[lane + 1]) << np.int64(32)) | np.int64(np.uint32(row[lane]))


@njit(cache=True, nogil=True)
def write_wide(row, lane, value):
    row[lane] = np.int32(np.uint32(value & np.int64(0xFFFFFFFF)))
    row[lane + 1] = np.int32(value >> np.int64(32))


@njit(cache=True, nogil=True)
def is_later(a, b):
    """Whether record row a is a later version than b, by (order, delivery, row, source, key)."""
    x, y = read_wide(a, ORDER), read_wide(b, ORDER)
    if x != y:
        return x > y
    if a[DELIVERY] != b[DELIVERY]:
        return a[DELIVERY] > b[DELIVERY]
    if a[ROW] != b[ROW]:
        return a[ROW] > b[ROW]
    if (a[FLAGS] >> 8) != (b[FLAGS] >> 8):
        return (a[FLAGS] >> 8) > (b[FLAGS] >> 8)
    return np.uint64(read_wide(a, KEY)) > np.uint64(read_wide(b, KEY))


@njit(cache=True, nogil=True)
def is_there(row, valid, day):
    return valid < 0 or (row[FLAGS] & QUARANTINED) != 0 or (row[valid] <= day <= row[valid + 1])


@njit(cache=True, nogil=True)
def winning_record(arena, valid, head, day):
    """The record that counts in a cardinality-one chain on a day, or -1."""
    if head < 0:
        return np.int32(-1)
    if valid < 0 and arena[head, NEXT] < 0:
        return np.int32(head)
    best = np.int32(-1)
    r = np.int32(head)
    while r >= 0:
        if is_there(arena[r], valid, day) and (best < 0 or is_later(arena[r], arena[best])):
            best = r
        r = arena[r, NEXT]
    return best


@njit(cache=True, nogil=True)
def same_version(a, b):
    return read_wide(a, ORDER) == read_wide(b, ORDER) and a[DELIVERY] == b[DELIVERY] and a[ROW] == b[ROW]


@njit(cache=True, nogil=True)
def same_content(a, b, valid_body, link0, links, width):
    """Whether two record rows say the same, apart from their versions. Chain lanes are not content."""
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
def is_entangled(a, b):
    """Whether of two versions of one record more than the later one is needed (``matchers.matrix.versions``).

    That is so where one has no usable order, where the loser came later, or where a sound version loses to a quarantined one.
    """
    x, y = read_wide(a, ORDER), read_wide(b, ORDER)
    if x == y and a[DELIVERY] == b[DELIVERY] and a[ROW] == b[ROW]:
        return False
    if x == NO_ORDER or y == NO_ORDER:
        return True
    behind = a[DELIVERY] > b[DELIVERY] or (a[DELIVERY] == b[DELIVERY] and a[ROW] > b[ROW])
    wins = is_later(a, b)
    if wins != behind:
        return True
    winner, loser = (a[FLAGS], b[FLAGS]) if wins else (b[FLAGS], a[FLAGS])
    return (winner & QUARANTINED) != 0 and (loser & QUARANTINED) == 0


@njit(cache=True, nogil=True)
def is_same_news(row, record, lay):
    """Whether a row says what its record says already; also where both say that there is no record."""
    not_in_force = DELETED | HIDDEN
    if (row[FLAGS] & not_in_force) != 0 or (record[FLAGS] & not_in_force) != 0:
        return (row[FLAGS] & not_in_force) != 0 and (record[FLAGS] & not_in_force) != 0
    return same_content(row, record, lay[L_VALID], lay[L_LINK0], lay[L_LINKS], len(row))


@njit(cache=True, nogil=True)
def lower_version(record):
    """Gives a record the lowest version, so that every row wins against it."""
    write_wide(record, ORDER, np.int64(MISSING64))
    record[DELIVERY] = -1
    record[ROW] = 0


@njit(cache=True, nogil=True)
def lower_hidden(arena, count):
    for r in range(count):
        if arena[r, FLAGS] & (HIDDEN | HOLE) == HIDDEN:
            lower_version(arena[r])


@njit(cache=True, nogil=True)
def write_record(row, record, lay, is_gone):
    """Copies version, flags and body; chain lanes stay. Where ``is_gone``, the record gets no subject and no links."""
    record[ORDER : ROW + 1] = row[ORDER : ROW + 1]
    record[FLAGS] = row[FLAGS]
    record[SUBJECT] = -1 if is_gone else row[SUBJECT]
    link0, links = lay[L_LINK0], lay[L_LINKS]
    record[BODY:link0] = row[BODY:link0]
    for link in range(links):
        record[link0 + 3 * link] = -1 if is_gone else row[link0 + 3 * link]
    record[link0 + 3 * links :] = row[link0 + 3 * links :]
