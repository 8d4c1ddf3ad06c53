"""The operations of a program, with their operands: ``matchers.program`` writes them, the ``interpreter`` runs them.

Each operation is a class here, and a function of the same name with the same operands in ``logic``, ``cells`` or ``sets``. In a program it
is a row of int32: its code, then its operands, which are numbers of:

- *domain*: the rows of a plane or column: the subjects (0), link targets, the elements of a set.
- *slot*: two planes over a domain, true and false; a row in neither is unknown. A *reference* is 2 * slot, or 2 * slot + 1 for its
  negation.
- *column*: an int64 for each row; *winner* and *numbers*: an int32 for each row, the number of a record or of a row of another domain.
- *constant*: a row of the table that ``matchers.program.binding`` makes for a day. An absent operand is -1.

``aligned`` means that rows are their own path root. The path root of a row in a set is the row where its path starts.
"""

from __future__ import annotations

from typing import NamedTuple

SUBJECTS = 0
"""The domain of the subjects of a run."""
RECORDS_MANY, RECORDS_ONE, MEMBERS, INVERSE = range(4)
"""Kinds of ``Expand``: a subject's records, the record that counts, a household's members, the subjects that link to a subject."""

# A table: an operation a paragraph.
# fmt: off

# -- rows and columns ------------------------------------------------------------------------------------------------------------------

class Expand(NamedTuple):
    """A to-many step: the elements of each row of a domain, and a slot of those with a quarantined record."""
    domain: int
    parent: int
    how: int  # RECORDS_MANY, RECORDS_ONE, MEMBERS or INVERSE
    feed: int
    link: int
    aligned: int
    own: int  # slot written
    repeats: int  # the parent may have a subject twice in a path root: the second is passed over

class FollowLink(NamedTuple):
    """A to-one step: the subject that each row's record links to."""
    domain: int
    parent: int
    feed: int
    lane: int
    winner: int
    aligned: int

class ListSubjects(NamedTuple):
    """The subjects of a domain, each once, as a domain; and for each row the number of its subject."""
    domain: int
    parent: int
    numbers: int

class PickWinner(NamedTuple):
    """The record of a feed that counts for each row."""
    winner: int
    domain: int
    feed: int

class ReadColumn(NamedTuple):
    """A field of each row's record."""
    column: int
    domain: int
    feed: int
    lane: int
    wide: int
    winner: int  # -1: the element's own record
    default: int  # constant: the value where there is no record, but coverage
    covered: int

# -- leaves ----------------------------------------------------------------------------------------------------------------------------

class MarkPresent(NamedTuple):
    """Subjects with a winning record."""
    slot: int
    winner: int

class MarkCovered(NamedTuple):
    """Rows whose subject is covered."""
    slot: int
    domain: int
    cover: int
    place: int  # column of the divisions where subjects are placed
    kind: int

class MarkComplete(NamedTuple):
    """Rows that are covered, or have a sound record."""
    slot: int
    domain: int
    covered: int
    feed: int
    winner: int

class CompareRange(NamedTuple):
    """Rows whose value lies in a constant's interval."""
    slot: int
    column: int
    constant: int
    domain: int
    has_value: int  # slot of the rows with a value in the column

class CompareRangeByKey(NamedTuple):
    """The same with an interval for each key: a header (first key, number of keys), then a constant for each key."""
    slot: int
    column: int
    constant: int
    domain: int
    keys: int  # column

class MatchDivision(NamedTuple):
    """Rows whose division lies within a prefix; unknown where it is coarser."""
    slot: int
    column: int
    prefix: int
    domain: int

class ReadAnswers(NamedTuple):
    """The answers of subjects to a check; without an answer, ``assumed``: 0 unknown, 1 true, 2 false."""
    slot: int
    check: int
    assumed: int

class Exists(NamedTuple):
    """Rows with an element for which a condition holds."""
    slot: int
    domain: int
    elements: int
    where: int  # reference
    complete: int  # slot; -1: no row's set is
    doubt: int

class Total(NamedTuple):
    """Columns of the least and the greatest possible number of elements, or of the sums of their addends."""
    low: int
    high: int
    domain: int
    elements: int
    where: int  # reference
    complete: int  # slot; -1: no row's set is
    doubt: int
    addend: int  # column; -1: each element counts one
    limits: int  # constant: the bounds of a missing addend

class CompareBounds(NamedTuple):
    """Rows for which a comparison holds for every number between two ends."""
    slot: int
    domain: int
    low: int
    high: int
    constant: int
    keys: int
    divisor: int
    comparison: int  # ``arithmetic.LT`` .. EQ with an exact fraction; -1: with an interval

# -- logic -----------------------------------------------------------------------------------------------------------------------------

class Conjoin(NamedTuple):
    """Conjunction of references, which follow each other in the program's list."""
    slot: int
    first: int
    number: int
    domain: int

class FillTrue(NamedTuple):
    """True everywhere."""
    slot: int
    domain: int

class Clear(NamedTuple):
    """Unknown everywhere; as a true plane alone: empty."""
    slot: int
    domain: int

class ClearUncovered(NamedTuple):
    """Removes the path roots of uncovered rows from a slot."""
    slot: int
    domain: int
    covered: int
    aligned: int

class ClearUnlinked(NamedTuple):
    """Removes the path roots of rows without a subject (after an empty link) from a slot."""
    slot: int
    domain: int

class Gather(NamedTuple):
    """For each row, what a slot says of its subject; unknown for a row without one."""
    slot: int
    domain: int
    source: int
    numbers: int
    whole: int  # 0: the true plane alone

class GatherBounds(NamedTuple):
    """The same for the ends of a count or sum; after an empty link there are no bounds."""
    low: int
    high: int
    domain: int
    low_source: int
    high_source: int
    numbers: int
    below: int  # addends may be below 0

# -- results ---------------------------------------------------------------------------------------------------------------------------

class WriteStatus(NamedTuple):
    """How a policy lists each subject: 1 eligible, 2 to_check, 3 needs_evidence."""
    policy: int
    root: int  # reference, checks assumed
    asked: int  # reference, unanswered checks unknown
    listed: int  # slot of the subjects that may be listed
    burden: int
    in_force: int

class WriteVerdict(NamedTuple):
    """A policy's verdict on each subject: 1 yes, 2 no, 3 unknown."""
    policy: int
    root: int  # reference
    judged: int  # slot of the subjects with a verdict

# -- reasons: true planes alone --------------------------------------------------------------------------------------------------------

class MarkUnknown(NamedTuple):
    """Rows for which a slot is unknown."""
    slot: int
    domain: int
    source: int

class MarkKnown(NamedTuple):
    """Rows for which a column has a value."""
    slot: int
    domain: int
    column: int

class MarkMissing(NamedTuple):
    """Rows with a subject for which a column has no value."""
    slot: int
    domain: int
    column: int

class MarkUnlinked(NamedTuple):
    """Rows whose own link is empty."""
    slot: int
    domain: int
    parent: int

class MarkOutOfTable(NamedTuple):
    """Rows whose key is known, but has no value in the table."""
    slot: int
    domain: int
    keys: int
    constant: int

class MarkNoValue(NamedTuple):
    """All rows, where the parameter has no value today."""
    slot: int
    domain: int
    constant: int

class MarkIncomplete(NamedTuple):
    """Path roots some of whose rows are not covered."""
    slot: int
    domain: int
    covered: int
    aligned: int
    start: int

class MarkDoubtful(NamedTuple):
    """Elements reached only by rows that are all in one slot (every), and any of them in another (some); and those in the slot ``own``."""
    slot: int
    domain: int
    parent: int
    every: int
    some: int
    feed: int
    link: int  # -1: records of the same subject
    own: int

class Intersect(NamedTuple):
    """Rows of two slots."""
    slot: int
    domain: int
    left: int
    right: int

class Unite(NamedTuple):
    """Adds the rows of another slot."""
    slot: int
    domain: int
    source: int

class Without(NamedTuple):
    """Rows of a slot for which a reference is not false."""
    slot: int
    domain: int
    source: int
    reference: int

class Spread(NamedTuple):
    """Elements whose path root is in a slot."""
    slot: int
    domain: int
    source: int

class Reduce(NamedTuple):
    """Adds the path roots of the elements in a slot."""
    slot: int
    domain: int
    source: int

class Scatter(NamedTuple):
    """Subjects of the rows in a slot."""
    slot: int
    start: int
    domain: int
    source: int
    numbers: int

class SkipIfEmpty(NamedTuple):
    """Jumps to another operation where a slot is empty."""
    slot: int
    domain: int
    target: int
