"""Policies compiled into one linear program over bit planes.

The one idea: equal parts are built once (hash-consing): domains, columns, tests, quantifiers and conjunctions are looked up by
what they are, so that thousands of policies share hundreds of leaves. Source: docs/semantics.md; the operations are in
``matchers.kernels``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from matchers import kernels as k
from matchers.batch import Int32, UInt64
from matchers.changes import Open, members
from matchers.layout import Layout
from matchers.thresholds import Test
from policies.catalogue import Field, FieldType
from policies.tree import FieldRef, Policy, Step
from policies.values import Period


@dataclass(frozen=True, slots=True)
class Domain:
    """Rows the program runs over: the subjects (0), what a link leads to, or the elements of a path."""

    number: int
    kind: int
    space: int
    back: tuple[tuple[int, int], ...]  # reverse steps to the subject: (link, 0 target to owners | 1 owner to targets)
    repeats: bool = False  # may hold a subject twice within one path root


@dataclass(frozen=True, slots=True)
class Reach:
    """A to-many step: where it starts, its elements, and slots of those whose own record is quarantined and whose presence is unknown."""

    parent: Domain
    domain: Domain
    feed: str
    link: int  # row of the link walked backwards; -1 records of the same subject
    own: int
    doubt: int
    above: Reach | None  # the to-many step before it; the parent's rows are its elements'


@dataclass(slots=True)
class Entry:
    """One policy in a program, with the lists its reasons are numbered by."""

    policy: Policy
    in_force: bool
    pairs: list[tuple[str, str | None]] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    nodes: list[tuple[int, int, int, int, int, list[tuple[int, int]]]] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)
    disclosed: list[int] = field(default_factory=list)
    constants: set[int] = field(default_factory=set)
    covers: set[int] = field(default_factory=set)
    sites: set[int] = field(default_factory=set)  # the feeds it reads, their links included
    told: dict[bytes, Open] = field(default_factory=dict, repr=False)  # bit sets over pairs and checks, put into words once

    def open(self, missing: UInt64, checklist: UInt64) -> Open:
        """Open checks and missing pairs of a row's bit sets, in words."""
        key = missing.tobytes() + checklist.tobytes()
        found = self.told.get(key)
        if found is None:
            pairs = sorted((self.pairs[j] for j in members(missing)), key=lambda pair: (pair[0], pair[1] or ""))
            found = self.told[key] = tuple(sorted(self.checks[j] for j in members(checklist))), tuple(pairs)
        return found


@dataclass(slots=True)
class Program:
    """What ``kernels.run`` runs, for all policies about one kind of subject."""

    kind: int
    entries: list[Entry]
    ops: Int32
    args: Int32
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
    disclosed_off: Int32
    disclosed: Int32
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
        self.ops: list[list[int]] = []
        self.args: list[int] = []
        self.memo: dict[object, int] = {}  # slots, columns, winners and constants, by what they are
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
        self.domains: list[Domain] = [Domain(0, kind, 0, ())]
        self.rules: set[tuple[int, tuple[tuple[int, int], ...]]] = set()
        self.cover_sites: set[tuple[int, int, tuple[tuple[int, int], ...]]] = set()
        self.used_constants: set[int] = set()
        self.used_covers: set[int] = set()
        self.used_sites: set[int] = set()
        self.front: list[list[int]] = []  # shared operations met while reasons are written, to go in front of what may be skipped

    # -- small things ------------------------------------------------------------------------------------------------

    def emit(self, *op: int) -> None:
        self.ops.append([*op, *([0] * (12 - len(op)))])

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

    def field_of(self, ref: FieldRef) -> Field:
        return self.layout.feeds[ref.feed].feed.fields[ref.field]

    # -- domains -----------------------------------------------------------------------------------------------------

    def winner(self, domain: Domain, feed: str) -> int:
        key = ("winner", domain.number, feed)
        self.used_sites.add(self.layout.feeds[feed].position)
        if key not in self.memo:
            self.memo[key] = self.winners
            self.emit(k.WINNER, self.winners, domain.number, self.layout.feeds[feed].position)
            self.winners += 1
            self.rules.add((self.layout.feeds[feed].position, domain.back))
        return self.memo[key]

    def link(self, parent: Domain, name: str, base: Domain) -> Domain:
        key = (parent.number, name, base.number)
        link = self.layout.links[name]
        feed = list(self.layout.feeds)[link.feed]
        at = self.winner(parent, feed)  # also where it is shared: each policy that follows the link reads its feed
        if key not in self.linked:
            made = Domain(len(self.domains), link.target, parent.space, ((link.position, 0), *parent.back), parent.space != base.space)
            self.domains.append(made)
            self.emit(k.LINK, made.number, parent.number, link.feed, link.lane, at, int(parent is base))
            self.linked[key] = made
        return self.linked[key]

    def expand(self, parent: Domain, step: Step, base: Domain, above: Reach | None) -> Reach:
        """A to-many step from a domain that lies behind ``above``, or behind links alone."""
        key = (parent.number, step, base.number)
        lay = self.layout.feeds[step.name]
        self.used_sites.add(lay.position)
        if key not in self.expanded:
            row = -1
            kind, back = lay.kind, parent.back
            if step.kind == "records":
                how = k.RECORDS_ONE if not lay.feed.many else k.RECORDS_MANY
                self.rules.add((lay.position, parent.back))
            else:
                how = k.MEMBERS if step.kind == "members" else k.INVERSE
                row = next(li.position for li in self.layout.links.values() if li.feed == lay.position and li.target == parent.kind)
                back = ((row, 1), *parent.back)
                self.rules.add((len(self.layout.feeds) + row, parent.back))
            made = Domain(len(self.domains), kind, len(self.domains), back, step.kind != "members")
            self.domains.append(made)
            own = doubt = self.slot(made)
            several = int(parent.repeats and parent is not base)
            self.emit(k.EXPAND, made.number, parent.number, how, lay.position, row, int(parent is base), own, several)
            if above is not None:
                doubt = self.slot(made)
                self.emit(k.REACHED, doubt, made.number, parent.number, above.doubt, above.doubt, lay.position, row, own)
            self.expanded[key] = Reach(parent, made, step.name, row, own, doubt, above)
        return self.expanded[key]

    def column(self, domain: Domain, feed: str, lane: int, wide: bool, at: int, default: int = -1, cover: int = -1) -> int:
        key = ("column", domain.number, feed, lane, at, default, cover)
        if key not in self.memo:
            self.emit(k.COLUMN, self.columns, domain.number, self.layout.feeds[feed].position, lane, int(wide), at, default, max(cover, 0))
            self.memo[key] = self.columns
            self.columns += 1
        return self.memo[key]

    def placement(self, domain: Domain) -> int | None:
        """Column of the division a domain's subjects are placed in."""
        register = self.layout.registers[domain.kind]
        if register is None or (name := self.layout.feeds[register].feed.division) is None:
            return None
        lane, wide = self.layout.feeds[register].lanes[name]
        return self.column(domain, register, lane, wide, self.winner(domain, register))

    def cover(self, domain: Domain, feed: str, age: Period) -> int:
        """Slot: which of a domain's subjects are covered for a feed."""
        key = ("cover", domain.number, feed, age)
        position = self.layout.feeds[feed].position
        if (position, age) not in self.covers:
            self.covers.append((position, age))
        row = self.covers.index((position, age))
        self.used_covers.add(row)
        self.cover_sites.add((row, domain.kind, domain.back))
        place = self.placement(domain)  # also where it is shared: each policy reads the register
        if key not in self.memo:
            slot = self.slot(domain)
            if place is None:
                self.emit(k.ZERO, slot, domain.number)
            else:
                self.emit(k.COVER, slot, domain.number, row, place, domain.kind)
            self.memo[key] = slot
        return self.memo[key]

    def read(self, ref: FieldRef, domain: Domain, policy: Policy) -> tuple[int, Domain, list[tuple[Domain, Domain, str]]]:
        """Column of a field; the (aligned) domain it is read on; the links followed: (target domain, parent, defining feed)."""
        hops = []
        at = domain
        for name in ref.links:
            below = self.link(at, name, domain)
            hops.append((below, at, list(self.layout.feeds)[self.layout.links[name].feed]))
            at = below
        found = self.field_of(ref)
        lane, wide = self.layout.feeds[ref.feed].lanes[ref.field]
        if ref.own:
            return self.column(domain, ref.feed, lane, wide, -1), domain, []
        default = cover = -1
        if found.no_record is not None and ref.feed in policy.evidence:
            default = self.constant((found.no_record, 0, 0, 0))
            cover = self.cover(at, ref.feed, policy.evidence[ref.feed])
        return self.column(at, ref.feed, lane, wide, self.winner(at, ref.feed), default, cover), at, hops

    def root(self) -> Domain:
        return self.domains[0]

    # -- logic -------------------------------------------------------------------------------------------------------

    def both(self, domain: Domain, refs: Iterable[int]) -> int:
        """Conjunction of slot references, shared with every equal one."""
        unique = tuple(sorted(set(refs)))
        if len(unique) == 1:
            return unique[0]
        key = ("and", domain.number, unique)
        if key not in self.memo:
            slot = self.slot(domain)
            self.emit(k.AND, slot, len(self.args), len(unique), domain.number)
            self.args.extend(unique)
            self.memo[key] = 2 * slot
        return self.memo[key]

    def either(self, domain: Domain, refs: Sequence[int]) -> int:
        return self.both(domain, [ref ^ 1 for ref in refs]) ^ 1
