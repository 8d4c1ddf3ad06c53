"""The table of operations: an operation's code is its place here; the compiler writes codes and the interpreter reads them."""

from __future__ import annotations

from typing import TypeAlias, get_args

from matchers.kernel.kernels.operations import (
    Clear,
    ClearUncovered,
    ClearUnlinked,
    CompareBounds,
    CompareRange,
    CompareRangeByKey,
    Conjoin,
    Exists,
    Expand,
    FillTrue,
    FollowLink,
    Gather,
    GatherBounds,
    Intersect,
    ListSubjects,
    MarkComplete,
    MarkCovered,
    MarkDoubtful,
    MarkIncomplete,
    MarkKnown,
    MarkMissing,
    MarkNoValue,
    MarkOutOfTable,
    MarkPresent,
    MarkUnknown,
    MarkUnlinked,
    MatchDivision,
    PickWinner,
    ReadAnswers,
    ReadColumn,
    Reduce,
    Scatter,
    SkipIfEmpty,
    Spread,
    Total,
    Unite,
    Without,
    WriteStatus,
    WriteVerdict,
)  # fmt: skip

Operation: TypeAlias = (
    Expand | FollowLink | ListSubjects | PickWinner | ReadColumn
    | MarkPresent | MarkCovered | MarkComplete | CompareRange | CompareRangeByKey | MatchDivision | ReadAnswers
    | Exists | Total | CompareBounds
    | Conjoin | FillTrue | Clear | ClearUncovered | ClearUnlinked | Gather | GatherBounds
    | WriteStatus | WriteVerdict
    | MarkUnknown | MarkKnown | MarkMissing | MarkUnlinked | MarkOutOfTable | MarkNoValue | MarkIncomplete | MarkDoubtful
    | Intersect | Unite | Without | Spread | Reduce | Scatter | SkipIfEmpty
)  # fmt: skip
OPERATIONS: tuple[type[Operation], ...] = get_args(Operation)
"""The table itself."""

(
    EXPAND, FOLLOW_LINK, LIST_SUBJECTS, PICK_WINNER, READ_COLUMN,
    MARK_PRESENT, MARK_COVERED, MARK_COMPLETE, COMPARE_RANGE, COMPARE_RANGE_BY_KEY, MATCH_DIVISION, READ_ANSWERS,
    EXISTS, TOTAL, COMPARE_BOUNDS,
    CONJOIN, FILL_TRUE, CLEAR, CLEAR_UNCOVERED, CLEAR_UNLINKED, GATHER, GATHER_BOUNDS,
    WRITE_STATUS, WRITE_VERDICT,
    MARK_UNKNOWN, MARK_KNOWN, MARK_MISSING, MARK_UNLINKED, MARK_OUT_OF_TABLE, MARK_NO_VALUE, MARK_INCOMPLETE, MARK_DOUBTFUL,
    INTERSECT, UNITE, WITHOUT, SPREAD, REDUCE, SCATTER, SKIP_IF_EMPTY,
) = range(len(OPERATIONS))  # fmt: skip
CODES = {kind: code for code, kind in enumerate(OPERATIONS)}
WIDTH = 1 + max(len(kind._fields) for kind in OPERATIONS)
"""Columns of a program: the code, and the most operands of any operation."""


def row_of(operation: Operation) -> tuple[int, ...]:
    """An operation as its row of a program."""
    return (CODES[type(operation)], *operation, *[0] * (WIDTH - 1 - len(operation)))
