"""The interpreter: runs a program (``matchers.program``) for a chunk of subjects, operation by operation.

Each operation is a function in ``logic``, ``cells`` or ``sets``; ``matchers.kernel.kernels.operations`` is the table of them.
"""

from numba import njit

from matchers.kernel.kernels import cells, logic, opcodes, sets
from matchers.kernel.kernels.memory import CheckAnswers, Covers, Domains, Matrix, Planes, Values


@njit(cache=True, nogil=True)
def run_program(
    ops, references, constants, day, roots,
    arenas, lays, heads, link_rows,
    cover, cover_feed, cover_cut, resp_off, resp, div_of, subj_slots, subj_keys, subj_to,
    answer_slots, answer_keys, answer_values, prefixes,
    subject, record, start, size, columns, winners, bits, off, stride, low_plane, high_plane, room,
):  # fmt: skip
    """Runs a program over one chunk of subjects. Returns 0, or the number of elements for which there was no room.

    Args:
        ops: int32[operations, WIDTH]; references: int32, 2 * slot + negated; roots: int32[n], rows of the subjects.
        low_plane, high_plane: two bits for each policy and subject: its status or verdict.
        room: how many elements the sets of one step may have together, at most as many as the arrays hold.
    """
    planes = Planes(bits, off, stride)
    domains = Domains(subject, record, start, size)
    values = Values(columns, winners, constants, prefixes)
    matrix = Matrix(arenas, lays, heads, link_rows, day)
    covers = Covers(cover, cover_feed, cover_cut, resp_off, resp, div_of, subj_slots, subj_keys, subj_to)
    answers = CheckAnswers(answer_slots, answer_keys, answer_values)
    size[0] = len(roots)
    for i in range(len(roots)):
        subject[0, i] = roots[i]
        record[0, i] = -1
        start[0, i] = i
    pc = 0
    while pc < len(ops):
        op = ops[pc]
        code = op[0]
        pc += 1
        if code == opcodes.CONJOIN:
            logic.conjoin(planes, domains, references, op[1], op[2], op[3], op[4])
        elif code == opcodes.WRITE_STATUS:
            logic.write_status(planes, domains, low_plane, high_plane, op[1], op[2], op[3], op[4], op[5], op[6])
        elif code == opcodes.EXPAND:
            missing = sets.expand(matrix, planes, domains, room, op[1], op[2], op[3], op[4], op[5], op[6], op[7], op[8])
            if missing > room:
                return missing
        elif code == opcodes.FOLLOW_LINK:
            cells.follow_link(matrix, domains, values, op[1], op[2], op[3], op[4], op[5], op[6])
        elif code == opcodes.LIST_SUBJECTS:
            cells.list_subjects(domains, values, op[1], op[2], op[3])
        elif code == opcodes.PICK_WINNER:
            cells.pick_winner(matrix, domains, values, op[1], op[2], op[3])
        elif code == opcodes.READ_COLUMN:
            cells.read_column(matrix, planes, domains, values, op[1], op[2], op[3], op[4], op[5], op[6], op[7], op[8])
        elif code == opcodes.MARK_PRESENT:
            cells.mark_present(planes, domains, values, op[1], op[2])
        elif code == opcodes.MARK_COVERED:
            cells.mark_covered(planes, domains, values, covers, op[1], op[2], op[3], op[4], op[5])
        elif code == opcodes.MARK_COMPLETE:
            cells.mark_complete(matrix, planes, domains, values, op[1], op[2], op[3], op[4], op[5])
        elif code == opcodes.COMPARE_RANGE:
            cells.compare_range(planes, domains, values, op[1], op[2], op[3], op[4], op[5])
        elif code == opcodes.COMPARE_RANGE_BY_KEY:
            cells.compare_range_by_key(planes, domains, values, op[1], op[2], op[3], op[4], op[5])
        elif code == opcodes.MATCH_DIVISION:
            cells.match_division(planes, domains, values, op[1], op[2], op[3], op[4])
        elif code == opcodes.READ_ANSWERS:
            cells.read_answers(planes, domains, answers, op[1], op[2], op[3])
        elif code == opcodes.EXISTS:
            sets.exists(planes, domains, op[1], op[2], op[3], op[4], op[5], op[6])
        elif code == opcodes.TOTAL:
            sets.total(planes, domains, values, op[1], op[2], op[3], op[4], op[5], op[6], op[7], op[8], op[9])
        elif code == opcodes.COMPARE_BOUNDS:
            sets.compare_bounds(planes, domains, values, op[1], op[2], op[3], op[4], op[5], op[6], op[7], op[8])
        elif code == opcodes.FILL_TRUE:
            logic.fill_true(planes, domains, op[1], op[2])
        elif code == opcodes.CLEAR:
            logic.clear(planes, domains, op[1], op[2])
        elif code == opcodes.CLEAR_UNCOVERED:
            logic.clear_uncovered(planes, domains, op[1], op[2], op[3], op[4])
        elif code == opcodes.CLEAR_UNLINKED:
            logic.clear_unlinked(planes, domains, op[1], op[2])
        elif code == opcodes.GATHER:
            logic.gather(planes, domains, values, op[1], op[2], op[3], op[4], op[5])
        elif code == opcodes.GATHER_BOUNDS:
            logic.gather_bounds(domains, values, op[1], op[2], op[3], op[4], op[5], op[6], op[7])
        elif code == opcodes.WRITE_VERDICT:
            logic.write_verdict(planes, domains, low_plane, high_plane, op[1], op[2], op[3])
        elif code == opcodes.MARK_UNKNOWN:
            logic.mark_unknown(planes, domains, op[1], op[2], op[3])
        elif code == opcodes.MARK_KNOWN:
            cells.mark_known(planes, domains, values, op[1], op[2], op[3])
        elif code == opcodes.MARK_MISSING:
            cells.mark_missing(planes, domains, values, op[1], op[2], op[3])
        elif code == opcodes.MARK_UNLINKED:
            cells.mark_unlinked(planes, domains, op[1], op[2], op[3])
        elif code == opcodes.MARK_OUT_OF_TABLE:
            cells.mark_out_of_table(planes, domains, values, op[1], op[2], op[3], op[4])
        elif code == opcodes.MARK_NO_VALUE:
            cells.mark_no_value(planes, domains, values, op[1], op[2], op[3])
        elif code == opcodes.MARK_INCOMPLETE:
            logic.mark_incomplete(planes, domains, op[1], op[2], op[3], op[4], op[5])
        elif code == opcodes.MARK_DOUBTFUL:
            sets.mark_doubtful(matrix, planes, domains, op[1], op[2], op[3], op[4], op[5], op[6], op[7], op[8])
        elif code == opcodes.INTERSECT:
            logic.intersect(planes, domains, op[1], op[2], op[3], op[4])
        elif code == opcodes.UNITE:
            logic.unite(planes, domains, op[1], op[2], op[3])
        elif code == opcodes.WITHOUT:
            logic.without(planes, domains, op[1], op[2], op[3], op[4])
        elif code == opcodes.SPREAD:
            logic.spread(planes, domains, op[1], op[2], op[3])
        elif code == opcodes.REDUCE:
            logic.reduce(planes, domains, op[1], op[2], op[3])
        elif code == opcodes.SCATTER:
            logic.scatter(planes, domains, values, op[1], op[2], op[3], op[4], op[5])
        elif code == opcodes.SKIP_IF_EMPTY:
            pc = logic.skip_if_empty(planes, domains, pc, op[1], op[2], op[3])
    return 0
