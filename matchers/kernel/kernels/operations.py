"""The operations of a program, with their operands: ``matchers.program`` writes them, the ``interpreter`` carries them out.

Each operation is a class here, and a function of the same name with the same operands in ``logic``, ``cells`` or ``sets``. In a program it
is a row of int32: its code, then its operands, which are numbers of:

- *domain*: rows a plane or column has one place each for: the subjects (0), what a link leads to, the elements of a set.
- *slot*: two planes over a domain, true and false; neither is unknown. A *reference* is 2 * slot, or 2 * slot + 1 for its negation.
- *column*: an int64 a row; *winner* and *numbers*: an int32 a row, of a record or of a row elsewhere.
- *constant*: a row of the table that ``matchers.program.binding`` makes for a day. Where an operand may be absent it is -1.

``aligned`` says that rows are their own path root: the rows of sets belong to a row of the domain their path starts from.
"""

from __future__ import annotations

from typing import NamedTuple

SUBJECTS = 0
"""The domain of the subjects a program is run for."""
RECORDS_MANY, RECORDS_ONE, MEMBERS, INVERSE = range(4)
"""Kinds of ``Expand``: a subject's records, the one that counts, a household's members, who links to a subject."""

# A table: an operation a paragraph.
# fmt: off

# -- rows and columns ------------------------------------------------------------------------------------------------------------------

class Expand(NamedTuple):
    """A to-many step: the elements of each row of a domain, and in a slot those whose own record is in quarantine."""
    domain: int
    parent: int
    how: int  # RECORDS_MANY, RECORDS_ONE, MEMBERS or INVERSE
    feed: int
    link: int
    aligned: int
    own: int  # slot written
    repeats: int  # the parent may name a subject twice in a path root: each is started from once

class FollowLink(NamedTuple):
    """A to-one step: whom the record of each row links to."""
    domain: int
    parent: int
    feed: int
    lane: int
    winner: int
    aligned: int

class ListSubjects(NamedTuple):
    """The subjects of a domain, each once, as a domain; and for each row which of them it is about."""
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
    default: int  # constant of what no record stands for, where covered
    covered: int

# -- leaves ----------------------------------------------------------------------------------------------------------------------------

class MarkPresent(NamedTuple):
    """Subjects with a record that counts."""
    slot: int
    winner: int

class MarkCovered(NamedTuple):
    """Rows whose subject is covered."""
    slot: int
    domain: int
    cover: int
    place: int  # column of where the subject is placed
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
    has_value: int  # slot of where the column has a value

class CompareRangeByKey(NamedTuple):
    """The same with an interval a key: a header (first key, number of keys), and a constant a key behind it."""
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
    """Subjects for whom a check is answered yes, or no; for the others what is assumed: 0 unknown, 1 true, 2 false."""
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
    """Columns of the least and the greatest number of elements there may be, or of what their addends may come to."""
    low: int
    high: int
    domain: int
    elements: int
    where: int  # reference
    complete: int  # slot; -1: no row's set is
    doubt: int
    addend: int  # column; -1: each element counts one
    limits: int  # constant: what a missing addend may be

class CompareBounds(NamedTuple):
    """Rows for which a comparison holds whatever the number between two ends is."""
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
    """Conjunction of references, which lie together in the program's list."""
    slot: int
    first: int
    number: int
    domain: int

class FillTrue(NamedTuple):
    """True everywhere."""
    slot: int
    domain: int

class Clear(NamedTuple):
    """Unknown everywhere; as a true plane alone: nowhere."""
    slot: int
    domain: int

class ClearUncovered(NamedTuple):
    """Takes the path roots of rows that are not covered out of a slot."""
    slot: int
    domain: int
    covered: int
    aligned: int

class ClearUnlinked(NamedTuple):
    """Takes the path roots of rows without a subject, behind an empty link, out of a slot."""
    slot: int
    domain: int

class Gather(NamedTuple):
    """What a slot says of the subject each row is about; unknown where it is about nobody."""
    slot: int
    domain: int
    source: int
    numbers: int
    whole: int  # 0: the true plane alone

class GatherBounds(NamedTuple):
    """The same of the ends of a count or sum; behind an empty link nothing is known."""
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
    listed: int  # slot of who may be listed
    burden: int
    in_force: int

class WriteVerdict(NamedTuple):
    """A policy's verdict on each subject: 1 yes, 2 no, 3 unknown."""
    policy: int
    root: int  # reference
    judged: int  # slot of who has a verdict

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
    """Rows whose key is known, and for which the parameter has nothing."""
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
    """Elements reached only by rows that are all in one slot, any of them in another; and those of a slot of their own."""
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
    """Subjects that some row in a slot is about."""
    slot: int
    start: int
    domain: int
    source: int
    numbers: int

class SkipIfEmpty(NamedTuple):
    """Goes on at another operation where nothing is in a slot."""
    slot: int
    domain: int
    target: int
