"""Sets evaluated once for each subject they start from, and what comes of them handed to the rows that lead there.

Nothing within a set depends on who asks: names inside ``where`` are those of the element. ``matchers.program.leaves`` and
``matchers.program.reasons`` use this wherever several rows may lead to one start: a household's members are looked at once for all of them.
"""

from __future__ import annotations

from matchers.kernel.kernels import operations
from matchers.program.program import Builder, Domain


def starts(b: Builder, parent: Domain) -> tuple[Domain, int]:
    """The subjects of a domain, each once, as a domain of its own, and which of them each row is about (a column of numbers)."""
    key = ("once", parent.number)
    if key not in b.linked:
        domain = b.linked[key] = Domain(len(b.domains), parent.kind, len(b.domains), parent.back, unique=True)
        b.domains.append(domain)
        b.memo[key] = b.winners
        b.emit(operations.ListSubjects(domain.number, parent.number, b.winners))
        b.winners += 1
    return b.linked[key], b.memo[key]


def gather(b: Builder, domain: Domain, slot: int, numbers: int) -> int:
    """Slot: what another says of whom a domain's rows are about; unknown where they are about nobody."""
    key = ("gather", domain.number, slot, numbers)
    if key not in b.memo:
        b.memo[key] = _gather(b, domain, slot, numbers, 1)
    return b.memo[key]


def gather_true(b: Builder, domain: Domain, slot: int, numbers: int) -> int:
    """The same of the true plane alone, made anew each time: it may be skipped."""
    return _gather(b, domain, slot, numbers, 0)


def gather_ends(b: Builder, domain: Domain, ends: tuple[int, int], numbers: int, *, below: bool) -> tuple[int, int]:
    """Columns of the ends of what is counted or added up; ``below``: addends may be below 0."""
    key = ("gather", domain.number, ends, numbers, below)
    if key not in b.pairs:
        columns = b.pairs[key] = b.two_columns()
        b.emit(operations.GatherBounds(*columns, domain.number, *ends, numbers, int(below)))
    return b.pairs[key]


def scatter(b: Builder, start: Domain, domain: Domain, slot: int, numbers: int) -> int:
    """Slot: of the starts, those to which a row leads that another slot says."""
    target = b.slot(start)
    b.emit(operations.Scatter(target, start.number, domain.number, slot, numbers))
    return target


def _gather(b: Builder, domain: Domain, slot: int, numbers: int, whole: int) -> int:
    target = b.slot(domain)
    b.emit(operations.Gather(target, domain.number, slot, numbers, whole))
    return target
