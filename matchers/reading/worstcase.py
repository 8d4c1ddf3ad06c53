"""Whether an unknown verdict with one or two missing fields is yes for all their possible values.

With everything else as it is, each leaf's truth is piecewise constant in the missing cells. To read the rule at a few values also marks
where a leaf can turn (cuts of one cell, lines of a sum over two). So values on both sides of every mark are tried until no reading makes a
new mark. The result is exact, in encoded integers. Used by ``matchers.queries``. Source: docs/en/semantics.md section 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from itertools import product

from matchers.kernel.thresholds import days
from matchers.program.state import MatcherState
from matchers.reading.answers import Marks
from matchers.reading.elements import CellKey
from matchers.reading.kleene import Truth, invert
from matchers.reading.reading import PolicyReading, subject
from policies.language.catalogue import Field, FieldType
from policies.language.tree import All, AnyOf, Leaf, Node, NoneOf, Policy, Unless, leaves

MOST_CELLS = 2
_MOST_KEYS = 256  # every value is tried of an integer that is a table's key or a divisor
_MOST_READINGS = 20_000
_MOST_LEAVES = 1_000_000  # of all readings together
_MOST_ELEMENTS = 1_000_000  # of their sets
_OTHER_TEXT = -1  # the code of a text that no rule names
_NEAR = 3
"""Values tried on each side of a mark. Between two marks that are at least so far apart lies a value of every piece of a second cell."""
_DAYS = days(date(1800, 1, 1)), days(date(2300, 1, 1))


def still_yes(state: MatcherState, policy: Policy, token: int, day: date) -> bool | None:
    """Whether an unknown verdict is yes for every possible value of its missing fields.

    Returns:
        True: for every value. False: for at least one it is no. None: there is no answer, because the verdict is not unknown, or because
        something else than one or two fields is missing.
    """
    root, assume = subject(state, policy, token), policy.direction == "benefit"
    first = PolicyReading(state, policy, root, day)
    if root.row < 0 or first.truth(policy.criteria, assume) is not None:
        return None
    cells = sorted({key for leaf in _open(first, policy.criteria, assume) for key in first.answer(leaf).gaps})
    if not 0 < len(cells) <= MOST_CELLS:
        return None
    parts = sum(1 for _ in leaves(policy.criteria))
    most = min(_MOST_READINGS, _MOST_LEAVES // parts, _MOST_ELEMENTS // max(1, first.rows.elements_met))
    space = _Space({key: first.rows.feed(key[0]).fields[key[3]] for key in cells}, state, day)
    if not space.is_searchable():
        return None
    doubt = False
    tried: set[tuple[int, ...]] = set()
    while True:
        fresh = [point for point in space.points() if point not in tried]
        if not fresh:
            return None if doubt else True
        if len(tried) + len(fresh) > most:
            return None
        for point in fresh:
            tried.add(point)
            reading = PolicyReading(state, policy, root, day, dict(zip(cells, point, strict=True)))
            truth = reading.truth(policy.criteria, assume)
            if truth is False:
                return False
            doubt |= truth is None  # something other than a field is missing as well
            if not space.add_marks(reading.marks):
                return None


def _open(reading: PolicyReading, node: Node, assume: Truth) -> Iterator[Leaf]:
    """The leaves that keep the verdict unknown: they are unknown with all their ancestors. No other leaf can change it."""
    if reading.truth(node, assume) is not None:
        return
    match node:
        case All() | AnyOf():
            for child in node.children:
                yield from _open(reading, child, assume)
        case NoneOf():
            for child in node.children:
                yield from _open(reading, child, invert(assume))
        case Unless():
            yield from _open(reading, node.rule, assume)
            yield from _open(reading, node.unless, invert(assume))
        case _:
            yield node


class _Space:
    """The values of the missing cells to try, by the marks so far."""

    def __init__(self, fields: Mapping[CellKey, Field], state: MatcherState, day: date) -> None:
        self.fields, self.day = fields, days(day)
        self.cuts: dict[CellKey, set[int]] = {key: set() for key in fields}
        self.lines: set[Fraction] = set()  # totals of sums in which both cells count once
        self.whole = {key for key, of in fields.items() if of.type is FieldType.ENUM}

    def is_searchable(self) -> bool:
        """Whether the values can be tried: a division cannot, for it may be of any depth."""
        return all(of.type is not FieldType.DIVISION for of in self.fields.values())

    def add_marks(self, marks: Marks) -> bool:
        """Takes the marks of a reading; False where they need more values than can be tried exactly."""
        for key in marks.keys & self.fields.keys():
            of = self.fields[key]
            if of.type is not FieldType.ENUM and (of.min is None or of.max is None or of.max - of.min >= _MOST_KEYS):
                return False
            self.whole.add(key)
        for key, at in marks.cuts:
            self.cuts[key] |= _around(at)
        for weights, total in marks.lines:
            if len(weights) == 1:
                ((key, times),) = weights
                self.cuts[key] |= _around(total / times)
            elif any(times != 1 for _, times in weights):
                return False
            else:
                self.lines.add(total)
        return True

    def points(self) -> Iterator[tuple[int, ...]]:
        if len(self.fields) == 1:
            (key,) = self.fields
            yield from ((value,) for value in self._values(key, ()))
            return
        first_key, second_key = self.fields
        # where a line of a sum meets a cut of the second cell, the order of the pieces of the second cell changes
        edges = self._values(second_key, ())
        crossings = {value for total, edge in product(self.lines, edges) for value in _around(total - edge)} if self.lines else set()
        for first in self._values(first_key, crossings):
            for second in self._values(second_key, {value for total in self.lines for value in _around(total - first)}):
                yield first, second

    def _values(self, key: CellKey, more: Iterable[int]) -> set[int]:
        of = self.fields[key]
        default = set() if of.no_record is None else {of.no_record}
        if of.type is FieldType.ENUM:
            return set(range(len(of.values)))
        if of.type is FieldType.TEXT:
            return {_OTHER_TEXT} | {cut for cut in self.cuts[key] if cut >= 0}
        low, high = (of.min, of.max) if of.type is not FieldType.DATE else (of.min or _DAYS[0], of.max or _DAYS[1])
        if key in self.whole:
            assert low is not None and high is not None
            return set(range(low, high + 1)) | default
        start = self.day if of.type is FieldType.DATE else 0
        values = {start, *self.cuts[key], *more}
        for bound in (low, high):
            if bound is not None and of.type is not FieldType.DATE:
                values |= _around(Fraction(bound))
        return {value for value in values if (low is None or value >= low) and (high is None or value <= high)} | default


def _around(at: Fraction | int) -> set[int]:
    """The integers on both sides of a mark."""
    below = at.numerator // at.denominator
    return set(range(below - _NEAR, below + _NEAR + 2))
