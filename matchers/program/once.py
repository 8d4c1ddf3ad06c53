"""Evaluates sets once for each subject where they start, and passes the results to the rows that lead there.

A set depends only on its start, for names inside ``where`` are those of the element. ``matchers.program.leaves`` and
``matchers.program.reasons`` use this where several rows may lead to one start: a household's members are evaluated once for all of them.
"""

from __future__ import annotations

from matchers.kernel.kernels import operations
from matchers.program.program import Builder, Domain


def starts(b: Builder, parent: Domain) -> tuple[Domain, int]:
    """The subjects of a domain, each once, as a new domain; and a column of numbers that says which of them each row is about."""
    key = ("once", parent.number)
    if key not in b.linked:
        domain = b.linked[key] = Domain(len(b.domains), parent.kind, len(b.domains), parent.back, unique=True)
        b.domains.append(domain)
        b.memo[key] = b.winners
        b.emit(operations.ListSubjects(domain.number, parent.number, b.winners))
        b.winners += 1
    return b.linked[key], b.memo[key]


def gather(b: Builder, domain: Domain, slot: int, numbers: int) -> int:
    """Slot: for each row of a domain, what another slot says of its subject; unknown for rows without a subject."""
    key = ("gather", domain.number, slot, numbers)
    if key not in b.memo:
        b.memo[key] = _gather(b, domain, slot, numbers, 1)
    return b.memo[key]


def gather_true(b: Builder, domain: Domain, slot: int, numbers: int) -> int:
    """The same for the true plane alone. It is never shared, for it may be skipped."""
    return _gather(b, domain, slot, numbers, 0)


def gather_ends(b: Builder, domain: Domain, ends: tuple[int, int], numbers: int, *, below: bool) -> tuple[int, int]:
    """Columns of the ends of a count or sum; ``below``: addends may be below 0."""
    key = ("gather", domain.number, ends, numbers, below)
    if key not in b.pairs:
        columns = b.pairs[key] = b.two_columns()
        b.emit(operations.GatherBounds(*columns, domain.number, *ends, numbers, int(below)))
    return b.pairs[key]


def scatter(b: Builder, start: Domain, domain: Domain, slot: int, numbers: int) -> int:
    """Slot: the starts to which a row of another slot leads."""
    target = b.slot(start)
    b.emit(operations.Scatter(target, start.number, domain.number, slot, numbers))
    return target


def _gather(b: Builder, domain: Domain, slot: int, numbers: int, whole: int) -> int:
    target = b.slot(domain)
    b.emit(operations.Gather(target, domain.number, slot, numbers, whole))
    return target
