"""Which rows of the semantics table decided a verdict: the naive evaluator, watched while it reads.

The one idea: a situation *decides* a verdict when it arose while one of the deciding leaves was read. The deciding leaves are those whose
whole chain makes the root what it is: as in `failed` for a no, its mirror image for a yes, unknown with all ancestors for an unknown.
The watched evaluator only adds notes on the way; what it answers is the naive evaluator's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.oracles.naive_policy import Node, Policy, policy_of
from tests.oracles.naive_reading import Element, Reached, Reader, Reading
from tests.oracles.naive_records import Record, Subject
from tests.oracles.naive_rules import Judge, Judged, unknown_leaves
from tests.oracles.naive_values import Period, day, division, later, number, period, text
from tests.oracles.naive_world import Day, World

LEAVES = ("check", "age_of", "date_of", "quantifier", "sum_of", "field")

# ---- the table ---------------------------------------------------------------------------------------------------

NODES = [
    "node all", "node any", "node none", "node rule/unless", "node use", "field eq", "field ne", "field lt", "field le", "field gt", "field ge",
    "field in", "field not_in", "field within", "type enum", "type text", "type division", "type int", "type decimal", "type date", "age_of", "age_of as_of",
    "date_of within_last", "date_of at_least_ago", "date_of before", "date_of after", "check", "quantifier some", "quantifier none",
    "quantifier all", "quantifier count", "sum_of", "sum_of per", "value param", "value times", "value table by enum", "value table by int", "where",
    "subject person", "subject household", "subject dwelling", "benefit", "burden",
]  # fmt: skip
SITUATIONS = [
    "§1 older version loses", "§1 deletion wins", "§1 full replacement withdraws", "§1 key changed hands", "§1 first day of validity", "§1 last day of validity",
    "§1 not valid at the date", "§1 quarantined row", "§1 one of several records", "§1 tie, later source", "§1 order: delivery", "§1 empty link", "§1 dangling link",
    "§1 members", "§1 inverse of a link", "§2 trailing zeros dropped", "§2 within, too coarse", "§3 covered", "§3 stale", "§3 never stated",
    "§3 by list", "§3 two sources responsible", "§3 nobody responsible", "§3 placement coarser than a source", "§3 not placed", "§3 last day of max_age", "§3 months clamped",
    "§3 absence closed", "§3 absence open", "§3 no_record default", "§4 path through a link", "§4 composed path", "§4 empty link in a path",
    "§5 missing cell", "§5 no record", "§5 exactly the bound", "§5 born 29 February", "§5 birthday", "§5 last day of within_last", "§5 first day of at_least_ago",
    "§5 month's end clamped", "§5 later entry of a parameter", "§5 table key out of range", "§6 empty set", "§6 unknown where", "§6 not complete, still decided",
    "§6 count with fraction", "§6 quantifier in where", "§6 negative addend", "§6 addend missing, bounds", "§6 addend missing, open bounds", "§6 large decimals",
    "§6 doubtful addend", "§6 per missing", "§6 per below 1", "§8 check said yes", "§8 check said no", "§8 check open, benefit", "§8 check open, burden", "§8 check open, negated",
    "§9 not registered", "§9 outside the scope", "§9 unplaced", "§9 coarser than the scope", "§9 not in force",
]  # fmt: skip


# ---- the watched evaluator ---------------------------------------------------------------------------------------


class Notes:
    """What arose since it was last emptied; nothing is written while nobody listens."""

    def __init__(self) -> None:
        self.now: set[str] | None = None

    def add(self, what: str, holds: object = True) -> None:
        if holds and self.now is not None:
            self.now.add(what)


class WatchedWorld(World):
    """Remembers the versions that did not win."""

    def __init__(self, contracts: Any, given: Any) -> None:
        self.notes = Notes()
        self.lost: dict[tuple[str, Subject], set[str]] = {}
        self.beaten: set[tuple[str, str, str]] = set()
        super().__init__(contracts, given)

    def _standing(self, given: Any) -> list[Record]:
        standing = super()._standing(given)
        kept = {(r.feed, r.unit, r.key): r for r in standing}
        versions: dict[tuple[str, str, str], list[Record]] = {}
        for record in self._versions(given):
            versions.setdefault((record.feed, record.unit, record.key), []).append(record)
        for key, rivals in versions.items():
            best = max(rivals, key=lambda r: r.version)
            if len(rivals) > 1:
                self.beaten.add(key)
            for one in rivals:
                at = self.lost.setdefault((one.feed, one.subject), set())
                if best.deleted:
                    at.add("§1 deletion wins")
                elif key not in kept:
                    at.add("§1 full replacement withdraws")
                elif one.subject != best.subject:
                    at |= {"§1 key changed hands"}
        return standing

    def at(self, as_of: dt.date) -> Day:
        if as_of not in self._days:
            self._days[as_of] = WatchedDay(self, as_of)
        return self._days[as_of]


class WatchedDay(Day):
    """Notes what is asked of the world at a date."""

    world: WatchedWorld

    def used(self, record: Record) -> None:
        add = self.world.notes.add
        contract = self.world.contracts[record.feed]
        add("§1 older version loses", (record.feed, record.unit, record.key) in self.world.beaten)
        add("§1 first day of validity", record.start == self.as_of)
        add("§1 last day of validity", record.end == self.as_of)
        add("§1 quarantined row", record.quarantined)
        add("§1 order: delivery", contract.by_delivery)

    def looked(self, feed: str, subject: Subject) -> None:
        for what in self.world.lost.get((feed, subject), ()):
            self.world.notes.add(what)
        for record in self.world.about.get((feed, subject), ()):
            self.world.notes.add("§1 not valid at the date", not self.there(record))

    def records(self, feed: str, subject: Subject) -> list[Record]:
        found = super().records(feed, subject)
        if self.world.notes.now is None:
            return found
        self.looked(feed, subject)
        for record in found:
            self.used(record)
        return found

    def the_record(self, feed: str, subject: Subject) -> Record | None:
        found = super().the_record(feed, subject)
        if self.world.notes.now is not None:
            self.looked(feed, subject)
            if found is not None:
                self.used(found)
                rivals = [r for r in self.world.about[feed, subject] if self.there(r)]
                self.world.notes.add("§1 one of several records", len(rivals) > 1)
                self.world.notes.add("§1 tie, later source", any(r is not found and r.version == found.version for r in rivals))
        return found

    def naming(self, feed: str, link: str, target: Subject) -> list[Record]:
        found = super().naming(feed, link, target)
        if self.world.notes.now is not None:
            for record in found:
                self.used(record)
        return found

    def covered(self, feed: str, subject: Subject, max_age: Period | None) -> bool:
        found = super().covered(feed, subject, max_age)
        if self.world.notes.now is not None:
            self.why(feed, subject, max_age, found)
        return found

    def why(self, feed: str, subject: Subject, max_age: Period | None, found: bool) -> None:
        """What made her covered, or not."""
        add = self.world.notes.add
        place = self.placement(subject)
        if place is None or max_age is None:
            add("§3 not placed", place is None)
            return
        sources = self.responsible(feed, place)
        add("§3 nobody responsible", not sources)
        add("§3 two sources responsible", len(sources) > 1)
        add("§3 placement coarser than a source", any(not place.startswith(s.division) for s in sources))
        add("§3 covered", found)
        for source in sources:
            said = self.world.statements.get((feed, source.unit), [])
            counting = [s for s in said if (subject[1] in s.names if s.division is None else place.startswith(s.division))]
            if not place.startswith(source.division):
                continue
            current = [s for s in counting if self.as_of <= later(s.complete_to, max_age)]
            add("§3 never stated", not counting)
            add("§3 stale", counting and not current)
            add("§3 by list", current and all(s.division is None for s in current))
            last = max((later(s.complete_to, max_age) for s in current), default=None)
            add("§3 last day of max_age", last == self.as_of)
            add("§3 months clamped", counting and clamped(max(s.complete_to for s in counting), max_age))


def clamped(start: dt.date, length: Period) -> bool:
    """Did adding the months meet a shorter month?"""
    return length.months > 0 and later(start, Period(length.months, 0)).day != start.day


class WatchedReader(Reader):
    """Notes what is read, and how a value came about."""

    day: WatchedDay

    def note(self, what: str, holds: object = True) -> None:
        self.day.world.notes.add(what, holds)

    def follow(self, subject: Subject, link: str, feed: str) -> Any:
        target, asks = super().follow(subject, link, feed)
        self.note("§1 empty link", target is None)
        self.note("§1 dangling link", target is not None and self.day.register_record(target) is None)
        return target, asks

    def read(self, element: Element, name: Any) -> Reading:
        found = super().read(element, name)
        self.note("§4 path through a link", name.links)
        if name.own and element.record is not None:
            self.note("§5 missing cell", found.value is None and not element.record.quarantined)
            return found
        subject: Subject | None = element.subject
        for link, feed in name.links:
            if subject is not None:
                subject = super().follow(subject, link, feed)[0]
        if subject is not None:
            record = self.day.the_record(name.feed, subject)
            self.note("§3 no_record default", record is None and found.value is not None)
            self.note("§5 no record", record is None and found.value is None)
            self.note("§5 missing cell", record is not None and not record.quarantined and found.value is None)
        return found

    def value(self, raw: Any, element: Element, plain: Any) -> Reading:
        found = super().value(raw, element, plain)
        if isinstance(raw, dict):
            self.note("value param")
            self.note("value times", "times" in raw)
            entry = self.policy.param(raw["param"], self.day.as_of)
            entries = self.policy.params[raw["param"]]
            self.note("§5 later entry of a parameter", len(entries) > 1 and entry is not min(entries, key=lambda e: e[0])[1])
            if "by" in raw:
                name = self.name(element, raw["by"])
                self.note(f"value table by {name.field.type}")
                self.note("§5 table key out of range", found.value is None and self.read(element, name).value is not None)
        return found

    def reach(self, over: str, absence: str, start: Subject) -> Reached:
        found = super().reach(over, absence, start)
        self.note(f"§3 absence {absence}", absence != "coverage")
        self.note("§6 empty set", found.complete and not found.elements)
        steps = over.split(".")
        links = ("household", "registered_at")
        self.note("§4 path through a link", steps[0] in links)
        self.note("§4 composed path", len([s for s in steps if s not in links]) > 1)
        self.note("§1 members", "members" in steps)
        self.note("§1 inverse of a link", "occupancy" in steps and start[0] != "person")
        if steps[0] in links and not found.elements and not found.complete:
            self.note(
                "§4 empty link in a path", super().follow(start, steps[0], self.day.world.link_feed[start[0], steps[0]].feed)[0] is None
            )
        return found


class WatchedJudge(Judge):
    """Says what arose while a leaf was read."""

    def __init__(self, world: WatchedWorld, policy: Policy, as_of: dt.date, subject: str) -> None:
        super().__init__(world, policy, as_of, subject)
        self.notes = world.notes
        self.reader: WatchedReader = WatchedReader(world, policy, world.at(as_of))
        self.depth = 0

    def arose(self, leaf: Judged) -> set[str]:
        """What arises when a leaf outside ``where`` is read again, which must end as it did."""
        found: set[str] = set()
        self.notes.now = found
        negated = (leaf.node.path.count(".none[") + leaf.node.path.count(".unless")) % 2 == 1
        try:
            assert self.judge(leaf.node, self.start, negated).truth == leaf.truth
        finally:
            self.notes.now = None
        return found

    def judge(self, node: Node, element: Element, negated: bool) -> Judged:
        if node.form not in LEAVES:
            return super().judge(node, element, negated)
        self.depth += 1
        judged = super().judge(node, element, negated)
        self.depth -= 1
        self.leaf(node, element, judged, negated, self.depth == 0)
        return judged

    def leaf(self, node: Node, element: Element, judged: Judged, negated: bool, outside: bool) -> None:
        raw, add = node.raw, self.notes.add
        add("where", not outside)
        add("§6 quantifier in where", not outside and node.form in ("quantifier", "sum_of"))
        match node.form:
            case "field":
                self.compared(node, element, judged)
            case "age_of":
                add("age_of as_of" if "as_of" in raw else "age_of")
                born = self.reader.read(element, self.reader.name(element, raw["age_of"])).value
                at = day(raw.get("as_of") or self.as_of)
                add("§5 born 29 February", born is not None and (born.month, born.day) == (2, 29))
                add("§5 birthday", born is not None and (born.month, born.day) == (at.month, at.day))
            case "date_of":
                self.period(node, element)
            case "quantifier":
                add(f"quantifier {raw['quantifier']}")
                self.counted(node, element, judged)
            case "sum_of":
                add("sum_of")
                self.added(node, element, judged)
            case "check":
                add("check")
                said = self.answers.get(node.id)
                add("§8 check said yes" if said == "yes" else "§8 check said no", said is not None)
                if said is None:
                    add("§8 check open, benefit" if self.policy.benefit else "§8 check open, burden")
                    add("§8 check open, negated", negated)

    def compared(self, node: Node, element: Element, judged: Judged) -> None:
        raw, add = node.raw, self.notes.add
        name = self.reader.name(element, raw["field"])
        found = self.reader.read(element, name).value
        add(f"field {raw['op']}")
        add(f"type {name.field.type}")
        if name.field.type == "division":
            asked = raw["value"] if isinstance(raw["value"], list) else [raw["value"]]
            add("§2 trailing zeros dropped", any(division(text(one)) != text(one) for one in asked))
            add("§2 within, too coarse", raw["op"] == "within" and judged.truth == "U" and found is not None)
        if found is not None and raw["op"] in ("lt", "le", "gt", "ge"):
            value = self.reader.value(raw["value"], element, name.field.plain).value
            add("§5 exactly the bound", value == found)

    def period(self, node: Node, element: Element) -> None:
        op = next(word for word in ("within_last", "at_least_ago", "before", "after") if word in node.raw)
        self.notes.add(f"date_of {op}")
        start = self.reader.read(element, self.reader.name(element, node.raw["date_of"])).value
        if start is None or op in ("before", "after"):
            return
        length = period(text(node.raw[op]))
        self.notes.add("§5 month's end clamped", clamped(start, length))
        self.notes.add(
            "§5 last day of within_last" if op == "within_last" else "§5 first day of at_least_ago", later(start, length) == self.as_of
        )

    def counted(self, node: Node, element: Element, judged: Judged) -> None:
        raw, add = node.raw, self.notes.add
        reached = self.reader.reach(raw["over"], raw.get("absence", "coverage"), element.subject)
        add("§6 not complete, still decided", judged.truth != "U" and not reached.complete)
        add("§6 unknown where", any(self.doubtful(node, one) for one in reached.elements))
        if raw["quantifier"] == "count":
            value = self.reader.value(raw["value"], element, number).value
            add("§6 count with fraction", isinstance(value, Fraction))

    def doubtful(self, node: Node, element: Element) -> bool:
        return not element.quarantined and node.where is not None and self.judge(node.where, element, False).truth == "U"

    def added(self, node: Node, element: Element, judged: Judged) -> None:
        from tests.oracles.naive_names import name_of, steps_of

        raw, add = node.raw, self.notes.add
        _, kind, own = steps_of(self.world, element.subject[0], raw["over"])
        name = name_of(self.world, kind, raw["sum_of"], own)
        reached = self.reader.reach(raw["over"], raw.get("absence", "coverage"), element.subject)
        add("§6 not complete, still decided", judged.truth != "U" and not reached.complete)
        for each in reached.elements:
            truth, _ = self.belonging(node.where, each)
            value = self.reader.read(each, name).value
            if truth == "F":
                continue
            add("§6 negative addend", value is not None and value < 0)
            add("§6 large decimals", value is not None and abs(value) >= 10**12)
            add("§6 addend missing, bounds", value is None and name.field.min is not None)
            add("§6 addend missing, open bounds", value is None and name.field.min is None)
            add("§6 doubtful addend", truth == "U")
        if "per" in raw:
            add("sum_of per")
            per = self.reader.read(element, self.reader.name(element, raw["per"])).value
            add("§6 per missing", per is None)
            add("§6 per below 1", per is not None and per < 1)


# ---- what decides ------------------------------------------------------------------------------------------------


def deciding(judged: Judged, made: str, nodes: set[str]) -> Iterator[Judged]:
    """The leaves whose whole chain makes a node T or F; the kinds of nodes on the way are added."""
    form = judged.node.form
    if form in LEAVES:
        yield judged
        return
    nodes.add("node rule/unless" if form == "rule" else f"node {form}")
    other = {"T": "F", "F": "T"}[made]
    for i, child in enumerate(judged.children):
        wanted = other if form == "none" or (form == "rule" and i == 1) else made
        if child.truth == wanted:
            yield from deciding(child, wanted, nodes)


def composites(judged: Judged, nodes: set[str]) -> None:
    """The kinds of the unknown nodes above the unknown leaves."""
    if judged.truth == "U" and judged.node.form not in LEAVES:
        nodes.add("node rule/unless" if judged.node.form == "rule" else f"node {judged.node.form}")
        for child in judged.children:
            composites(child, nodes)


class Watch:
    """Counts what decided the verdicts of one policy in one world."""

    def __init__(self, policy: dict[str, Any], world: WatchedWorld, as_of: dt.date) -> None:
        self.policy, self.world, self.as_of = policy_of(policy), world, as_of
        self.used = "definitions" in policy and bool(policy["definitions"])
        self.day = world.at(as_of)

    def decided(self, name: str, verdict: str | None) -> set[str]:
        """What decided the verdict on a subject."""
        subject = (self.policy.kind, name)
        place = self.day.placement(subject)
        out: set[str] = set()
        if verdict is None:
            return {"§9 not registered" if self.day.register_record(subject) is None else "§9 outside the scope"}
        if place is None:
            out.add("§9 unplaced")
        elif not place.startswith(self.policy.scope):
            out.add("§9 coarser than the scope")
        if not self.policy.first <= self.as_of <= self.policy.last:
            out.add("§9 not in force")
        out |= {f"subject {self.policy.kind}", "benefit" if self.policy.benefit else "burden"}
        root = Judge(self.world, self.policy, self.as_of, name).root()
        if verdict == "unknown":
            leaves = list(unknown_leaves(root))
            composites(root, out)
        else:
            leaves = list(deciding(root, root.truth, out))
        judge = WatchedJudge(self.world, self.policy, self.as_of, name)
        for leaf in leaves:
            out |= judge.arose(leaf)
            if leaf.node.id.startswith("use") or (self.used and leaf.node.path.count(".") == 0):
                out.add("node use")
        return out
