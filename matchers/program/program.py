"""Policies compiled into one linear program of operations; ``matchers.program.compile`` builds it.

Equal parts are built once (hash-consing), so that thousands of policies share hundreds of leaves. Source: docs/en/semantics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matchers.kernel.batch import Int32, UInt64
from matchers.kernel.changes import Open, members
from matchers.kernel.kernels import operations
from matchers.kernel.kernels.opcodes import Operation
from matchers.kernel.layout import Layout
from matchers.kernel.thresholds import Test
from policies.language.catalogue import Field, FieldType
from policies.language.tree import FieldRef, Policy, Step
from policies.values import Period


@dataclass(frozen=True, slots=True)
class Domain:
    """Rows that a program runs over: the subjects (0), link targets, elements of a path, or the subjects of these, each once."""

    number: int
    kind: int
    space: int
    back: tuple[tuple[int, int], ...]  # reverse steps to the subject: (link, 0 target to owners | 1 owner to targets)
    repeats: bool = False  # may hold a subject twice within one path root
    unique: bool = False  # holds no subject twice


@dataclass(frozen=True, slots=True)
class Reach:
    """A to-many step: its start, its elements, and slots of those with a quarantined record (own) and of unknown presence (doubt)."""

    parent: Domain
    domain: Domain
    feed: str
    link: int  # row of the link walked backwards; -1 records of the same subject
    own: int
    doubt: int
    above: Reach | None  # the to-many step before it; the parent's rows are its elements'


@dataclass(slots=True)
class CompiledPolicy:
    """One policy in a program, with the lists that number its reasons."""

    policy: Policy
    in_force: bool
    pairs: list[tuple[str, str | None]] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    nodes: list[tuple[int, int, int, int, int, list[tuple[int, int]]]] = field(default_factory=list)
    leaves: dict[int, None] = field(default_factory=dict)  # slots, in order
    disclosed: list[int] = field(default_factory=list)
    constants: set[int] = field(default_factory=set)
    covers: set[int] = field(default_factory=set)
    sites: set[int] = field(default_factory=set)  # the feeds it reads, their links included
    word_cache: dict[bytes, Open] = field(default_factory=dict, repr=False)  # bit sets over pairs and checks -> words
    _numbers: dict[object, int] = field(default_factory=dict, repr=False)

    def pair(self, criterion: str, feed: str | None) -> int:
        """The number of (criterion, feed to ask) among the policy's reasons."""
        return self._number(self.pairs, (criterion, feed))

    def check(self, check: str) -> int:
        """The number of a check on the policy's checklist."""
        return self._number(self.checks, check)

    def _number(self, of: list[Any], item: object) -> int:
        number = self._numbers.setdefault(item, len(of))
        if number == len(of):
            of.append(item)
        return number

    def open(self, missing: UInt64, checklist: UInt64) -> Open:
        """Open checks and missing pairs of a row's bit sets, in words."""
        key = missing.tobytes() + checklist.tobytes()
        words = self.word_cache.get(key)
        if words is None:
            pairs = sorted((self.pairs[j] for j in members(missing)), key=lambda pair: (pair[0], pair[1] or ""))
            words = self.word_cache[key] = tuple(sorted(self.checks[j] for j in members(checklist))), tuple(pairs)
        return words


@dataclass(slots=True)
class Program:
    """What ``interpreter.run_program`` runs, for all policies about one kind of subject."""

    kind: int
    entries: list[CompiledPolicy]
    ops: Int32
    references: Int32
    tests: list[tuple[int, Test]]  # (first constant, test)
    fixed: list[tuple[int, tuple[int, int, int, int]]]  # constants that never change
    constants: int
    withins: list[str]
    covers: list[tuple[int, Period]]
    timed: list[tuple[int, int, int]]  # (feed, lane, constant): date tests that flip with the day
    domains: int
    columns: int
    winners: int
    place: Int32  # by slot: where its planes lie
    places: int
    in_root: Int32  # by slot: 1 in the subjects' space
    rules: set[tuple[int, tuple[tuple[int, int], ...]]]
    cover_sites: set[tuple[int, int, tuple[tuple[int, int], ...]]]  # (cover, kind looked up, reverse steps)
    leaf_off: Int32
    leaf_slots: Int32
    disclosed_columns: Int32  # columns of values that are disclosed
    disclosed_off: Int32
    disclosed: Int32  # places in ``disclosed_columns``
    nodes: tuple[Int32, ...]  # node_off, leaf, leaf asked, parent, negated, check, reason_off, reason_pair, reason_slot
    mask_words: int


class Builder:
    """Builds one program. ``verdicts`` makes it write yes / no / unknown instead of statuses."""

    def __init__(
        self, layout: Layout, kind: int, check_number: Callable[[str, str], int], code_of: Callable[[FieldType, str], int]
    ) -> None:
        self.layout = layout
        self.kind = kind
        self.check_number = check_number
        self.code_of = code_of
        self.ops: list[Operation] = []
        self.references: list[int] = []
        self.memo: dict[object, int] = {}  # slots, columns, winners and constants, by what they are
        self.trees: dict[object, int] | None = None  # by identity of nodes, where policies may share them
        self.linked: dict[object, Domain] = {}
        self.expanded: dict[object, Reach] = {}
        self.pairs: dict[object, tuple[int, int]] = {}
        self.asked: dict[object, dict[str | None, int]] = {}
        self.tests: list[tuple[int, Test]] = []
        self.fixed: list[tuple[int, tuple[int, int, int, int]]] = []
        self.constants = 0
        self.withins: list[str] = []
        self.covers: list[tuple[int, Period]] = []
        self.timed: list[tuple[int, int, int]] = []
        self.spaces: list[int] = []  # of each slot
        self.columns = self.winners = 0
        self.domains: list[Domain] = [Domain(0, kind, 0, (), unique=True)]
        self.rules: set[tuple[int, tuple[tuple[int, int], ...]]] = set()
        self.cover_sites: set[tuple[int, int, tuple[tuple[int, int], ...]]] = set()
        self.used_constants: set[int] = set()
        self.used_covers: set[int] = set()
        self.used_sites: set[int] = set()
        self.front: list[Operation] = []  # shared operations of reasons, to be put before operations that may be skipped

    # -- small things ------------------------------------------------------------------------------------------------

    def emit(self, operation: Operation) -> None:
        self.ops.append(operation)

    def slot(self, domain: Domain) -> int:
        self.spaces.append(domain.space)
        return len(self.spaces) - 1

    def constant(self, row: tuple[int, int, int, int]) -> int:
        key = ("constant", row)
        if key not in self.memo:
            self.fixed.append((self.constants, row))
            self.memo[key] = self.constants
            self.constants += 1
        return self.memo[key]

    def test(self, test: Test) -> int:
        """First constant of a test's rows."""
        key = ("test", test)
        if key not in self.memo:
            self.tests.append((self.constants, test))
            self.memo[key] = self.constants
            self.constants += len(test.keys) + 1 if test.keys else 1
        at = self.memo[key]
        self.used_constants.add(at)
        return at

    def place_in(self, of: list[Any], item: object) -> int:
        """The place of an item in a list of the program; a new item is appended."""
        number = self.memo.setdefault((id(of), item), len(of))
        if number == len(of):
            of.append(item)
        return number

    def field_of(self, ref: FieldRef) -> Field:
        return self.layout.feeds[ref.feed].feed.fields[ref.field]

    # -- domains -----------------------------------------------------------------------------------------------------

    def winner(self, domain: Domain, feed: str) -> int:
        key = ("winner", domain.number, feed)
        self.used_sites.add(self.layout.feeds[feed].position)
        if key not in self.memo:
            self.memo[key] = self.winners
            self.emit(operations.PickWinner(self.winners, domain.number, self.layout.feeds[feed].position))
            self.winners += 1
            self.rules.add((self.layout.feeds[feed].position, domain.back))
        return self.memo[key]

    def link(self, parent: Domain, name: str, base: Domain) -> Domain:
        key = (parent.number, name, base.number)
        link = self.layout.links[name]
        feed = list(self.layout.feeds)[link.feed]
        at = self.winner(parent, feed)  # also where the domain is shared, for each policy that follows the link reads its feed
        if key not in self.linked:
            target = Domain(len(self.domains), link.target, parent.space, ((link.position, 0), *parent.back), parent.space != base.space)
            self.domains.append(target)
            self.emit(operations.FollowLink(target.number, parent.number, link.feed, link.lane, at, int(parent is base)))
            self.linked[key] = target
        return self.linked[key]

    def expand(self, parent: Domain, step: Step, base: Domain, above: Reach | None) -> Reach:
        """A to-many step from a domain that comes after ``above``, or after links alone."""
        key = (parent.number, step, base.number)
        lay = self.layout.feeds[step.name]
        self.used_sites.add(lay.position)
        if key not in self.expanded:
            row = -1
            kind, back = lay.kind, parent.back
            if step.kind == "records":
                how = operations.RECORDS_ONE if not lay.feed.many else operations.RECORDS_MANY
                self.rules.add((lay.position, parent.back))
            else:
                how = operations.MEMBERS if step.kind == "members" else operations.INVERSE
                row = next(li.position for li in self.layout.links.values() if li.feed == lay.position and li.target == parent.kind)
                back = ((row, 1), *parent.back)
                self.rules.add((len(self.layout.feeds) + row, parent.back))
            unique = parent.unique and how in (operations.MEMBERS, operations.RECORDS_ONE)  # a person is a member of one household
            elements = Domain(len(self.domains), kind, len(self.domains), back, step.kind != "members", unique)
            self.domains.append(elements)
            own = doubt = self.slot(elements)
            several = int(parent.repeats and parent is not base)
            self.emit(operations.Expand(elements.number, parent.number, how, lay.position, row, int(parent is base), own, several))
            if above is not None:
                doubt = self.slot(elements)
                self.emit(operations.MarkDoubtful(doubt, elements.number, parent.number, above.doubt, above.doubt, lay.position, row, own))
            self.expanded[key] = Reach(parent, elements, step.name, row, own, doubt, above)
        return self.expanded[key]

    def column(self, domain: Domain, feed: str, lane: int, wide: bool, at: int, default: int = -1, cover: int = -1) -> int:
        key, position = ("column", domain.number, feed, lane, at, default, cover), self.layout.feeds[feed].position
        if key not in self.memo:
            self.emit(operations.ReadColumn(self.columns, domain.number, position, lane, int(wide), at, default, cover))
            self.memo[key] = self.columns
            self.columns += 1
        return self.memo[key]

    def two_columns(self) -> tuple[int, int]:
        self.columns += 2
        return self.columns - 2, self.columns - 1

    def has_value(self, domain: Domain, column: int) -> int:
        """Slot: where a column has a value."""
        key = ("known", domain.number, column)
        if key not in self.memo:
            slot = self.slot(domain)
            self.emit(operations.MarkKnown(slot, domain.number, column))
            self.memo[key] = slot
        return self.memo[key]

    def placement(self, domain: Domain) -> int | None:
        """Column of the division a domain's subjects are placed in."""
        register = self.layout.registers[domain.kind]
        if register is None or (name := self.layout.feeds[register].feed.division) is None:
            return None
        lane, wide = self.layout.feeds[register].lanes[name]
        return self.column(domain, register, lane, wide, self.winner(domain, register))

    def cover(self, domain: Domain, feed: str, age: Period) -> int:
        """Slot: the subjects of a domain that are covered for a feed."""
        key = ("cover", domain.number, feed, age)
        position = self.layout.feeds[feed].position
        row = self.place_in(self.covers, (position, age))
        self.used_covers.add(row)
        self.cover_sites.add((row, domain.kind, domain.back))
        place = self.placement(domain)  # also where the slot is shared, for each policy reads the register
        if key not in self.memo:
            slot = self.slot(domain)
            if place is None:
                self.emit(operations.Clear(slot, domain.number))
            else:
                self.emit(operations.MarkCovered(slot, domain.number, row, place, domain.kind))
            self.memo[key] = slot
        return self.memo[key]

    def step_complete(self, domain: Domain, feed: str, cover: int) -> int:
        """Slot: the subjects of a domain for which a step to a cardinality-one feed is complete: covered (slot ``cover``, -1 none), or with
        a sound record."""
        at = self.winner(domain, feed)
        key = ("held", domain.number, feed, cover)
        if key not in self.memo:
            slot = self.slot(domain)
            self.emit(operations.MarkComplete(slot, domain.number, cover, self.layout.feeds[feed].position, at))
            self.memo[key] = slot
        return self.memo[key]

    def read(self, ref: FieldRef, domain: Domain, policy: Policy) -> tuple[int, Domain, list[tuple[Domain, Domain, str]]]:
        """Column of a field; the (aligned) domain where it is read; the links followed: (target domain, parent, defining feed)."""
        hops = []
        at = domain
        for name in ref.links:
            below = self.link(at, name, domain)
            hops.append((below, at, list(self.layout.feeds)[self.layout.links[name].feed]))
            at = below
        column_field = self.field_of(ref)
        lane, wide = self.layout.feeds[ref.feed].lanes[ref.field]
        if ref.own:
            return self.column(domain, ref.feed, lane, wide, -1), domain, []
        default = cover = -1
        if column_field.no_record is not None and ref.feed in policy.evidence:
            default = self.constant((column_field.no_record, 0, 0, 0))
            cover = self.cover(at, ref.feed, policy.evidence[ref.feed])
        return self.column(at, ref.feed, lane, wide, self.winner(at, ref.feed), default, cover), at, hops

    def root(self) -> Domain:
        return self.domains[0]

    # -- logic -------------------------------------------------------------------------------------------------------

    def both(self, domain: Domain, refs: Iterable[int]) -> int:
        """The conjunction of slot references, shared with every equal one; of no reference it is true."""
        unique = tuple(sorted(set(refs)))
        if not unique:
            return 2 * self.always(domain)
        if len(unique) == 1:
            return unique[0]
        key = ("and", domain.number, unique)
        if key not in self.memo:
            slot = self.slot(domain)
            self.emit(operations.Conjoin(slot, len(self.references), len(unique), domain.number))
            self.references.extend(unique)
            self.memo[key] = 2 * slot
        return self.memo[key]

    def always(self, domain: Domain) -> int:
        """A slot true everywhere."""
        key = ("always", domain.number)
        if key not in self.memo:
            self.memo[key] = self.slot(domain)
            self.emit(operations.FillTrue(self.memo[key], domain.number))
        return self.memo[key]

    def either(self, domain: Domain, refs: Sequence[int]) -> int:
        return self.both(domain, [ref ^ 1 for ref in refs]) ^ 1
