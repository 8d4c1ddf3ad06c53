"""The rows of the semantics table that decided a verdict.

A situation *decides* a verdict when it arose while one of the deciding leaves was read. The deciding leaves are those whose whole chain makes
the root what it is: the leaves in ``failed`` for a no, their mirror image for a yes, and for an unknown the unknown leaves under unknown
ancestors. The naive evaluator notes what arises while it reads (``tests.matchers.observing_world``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.matchers.observing_world import ObservingReader, ObservingWorld, meets_shorter_month
from tests.oracles.naive_names import name_of, steps_of
from tests.oracles.naive_policy import Node, Policy, policy_of
from tests.oracles.naive_reading import Element
from tests.oracles.naive_rules import Judge, JudgedNode, unknown_leaves
from tests.oracles.naive_values import day, division, later, number, period, text

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
    "§1 full replacement keeps what had lost", "§1 deletion before a full replacement", "§1 several full replacements",
    "§1 no usable order", "§1 no usable order wins", "§1 no usable order, sound since", "§1 no usable order, quarantined since",
    "§1 no usable order, one of several records",
    "§1 members", "§1 inverse of a link", "§2 trailing zeros dropped", "§2 within, too coarse", "§3 covered", "§3 stale", "§3 never stated",
    "§3 by list", "§3 two sources responsible", "§3 nobody responsible", "§3 placement coarser than a source", "§3 not placed", "§3 last day of max_age", "§3 months clamped",
    "§3 absence closed", "§3 absence open", "§3 no_record default", "§4 path through a link", "§4 composed path", "§4 empty link in a path",
    "§5 missing cell", "§5 no record", "§5 exactly the bound", "§5 born 29 February", "§5 birthday", "§5 last day of within_last", "§5 first day of at_least_ago",
    "§5 month's end clamped", "§5 later entry of a parameter", "§5 table key out of range", "§6 empty set", "§6 unknown where", "§6 not complete, still decided",
    "§6 member of unknown presence", "§6 occupant of unknown presence", "§6 found through unknown presence", "§6 reached by sound and quarantined",
    "§6 count with fraction", "§6 quantifier in where", "§6 negative addend", "§6 addend missing, bounds", "§6 addend missing, open bounds", "§6 large decimals",
    "§6 one record, complete by itself", "§6 one record, absence open", "§6 one record in quarantine, not complete",
    "§6 one record, none and not covered", "§6 composed path to one record each", "§6 doubtful addend", "§6 per missing", "§6 per below 1", "§8 check said yes", "§8 check said no", "§8 check open, benefit", "§8 check open, burden", "§8 check open, negated",
    "§9 not registered", "§9 outside the scope", "§9 unplaced", "§9 coarser than the scope", "§9 not in force",
]  # fmt: skip


# ---- judging -----------------------------------------------------------------------------------------------------


class ObservingJudge(Judge):
    """Notes the situations that arise while a leaf is read."""

    def __init__(self, world: ObservingWorld, policy: Policy, as_of: dt.date, subject: str) -> None:
        super().__init__(world, policy, as_of, subject)
        self.notes = world.notes
        self.reader: ObservingReader = ObservingReader(world, policy, world.at(as_of))
        self.depth = 0

    def situations_of(self, leaf: JudgedNode) -> set[str]:
        """The situations that arise when a leaf outside ``where`` is read again. It must have the same truth as before."""
        situations: set[str] = set()
        self.notes.now = situations
        negated = (leaf.node.path.count(".none[") + leaf.node.path.count(".unless")) % 2 == 1
        try:
            assert self.judge(leaf.node, self.start, negated).truth == leaf.truth
        finally:
            self.notes.now = None
        return situations

    def judge(self, node: Node, element: Element, negated: bool) -> JudgedNode:
        if node.form not in LEAVES:
            return super().judge(node, element, negated)
        self.depth += 1
        judgement = super().judge(node, element, negated)
        self.depth -= 1
        self.note_leaf(node, element, judgement, negated, self.depth == 0)
        return judgement

    def note_leaf(self, node: Node, element: Element, judgement: JudgedNode, negated: bool, outside: bool) -> None:
        raw, add = node.raw, self.notes.add
        add("where", not outside)
        add("§6 quantifier in where", not outside and node.form in ("quantifier", "sum_of"))
        match node.form:
            case "field":
                self.note_comparison(node, element, judgement)
            case "age_of":
                add("age_of as_of" if "as_of" in raw else "age_of")
                birth_date = self.reader.read(element, self.reader.name(element, raw["age_of"])).value
                at = day(raw.get("as_of") or self.as_of)
                add("§5 born 29 February", birth_date is not None and (birth_date.month, birth_date.day) == (2, 29))
                add("§5 birthday", birth_date is not None and (birth_date.month, birth_date.day) == (at.month, at.day))
            case "date_of":
                self.note_period(node, element)
            case "quantifier":
                add(f"quantifier {raw['quantifier']}")
                self.note_set(node, element, judgement)
            case "sum_of":
                add("sum_of")
                self.note_sum(node, element, judgement)
            case "check":
                add("check")
                answer = self.answers.get(node.id)
                add("§8 check said yes" if answer == "yes" else "§8 check said no", answer is not None)
                if answer is None:
                    add("§8 check open, benefit" if self.policy.benefit else "§8 check open, burden")
                    add("§8 check open, negated", negated)

    def note_comparison(self, node: Node, element: Element, judgement: JudgedNode) -> None:
        raw, add = node.raw, self.notes.add
        name = self.reader.name(element, raw["field"])
        cell = self.reader.read(element, name).value
        add(f"field {raw['op']}")
        add(f"type {name.field.type}")
        if name.field.type == "division":
            prefixes = raw["value"] if isinstance(raw["value"], list) else [raw["value"]]
            add("§2 trailing zeros dropped", any(division(text(prefix)) != text(prefix) for prefix in prefixes))
            add("§2 within, too coarse", raw["op"] == "within" and judgement.truth == "U" and cell is not None)
        if cell is not None and raw["op"] in ("lt", "le", "gt", "ge"):
            value = self.reader.value(raw["value"], element, name.field.plain).value
            add("§5 exactly the bound", value == cell)

    def note_period(self, node: Node, element: Element) -> None:
        op = next(word for word in ("within_last", "at_least_ago", "before", "after") if word in node.raw)
        self.notes.add(f"date_of {op}")
        start = self.reader.read(element, self.reader.name(element, node.raw["date_of"])).value
        if start is None or op in ("before", "after"):
            return
        length = period(text(node.raw[op]))
        self.notes.add("§5 month's end clamped", meets_shorter_month(start, length))
        self.notes.add(
            "§5 last day of within_last" if op == "within_last" else "§5 first day of at_least_ago", later(start, length) == self.as_of
        )

    def note_set(self, node: Node, element: Element, judgement: JudgedNode) -> None:
        raw, add = node.raw, self.notes.add
        reached = self.reader.reach(raw["over"], raw.get("absence", "coverage"), element.subject)
        add("§6 not complete, still decided", judgement.truth != "U" and not reached.complete)
        add("§6 unknown where", any(self.doubtful(node, reached_element) for reached_element in reached.elements))
        if raw["quantifier"] == "count":
            value = self.reader.value(raw["value"], element, number).value
            add("§6 count with fraction", isinstance(value, Fraction))

    def doubtful(self, node: Node, element: Element) -> bool:
        return not element.doubts and node.where is not None and self.judge(node.where, element, False).truth == "U"

    def note_sum(self, node: Node, element: Element, judgement: JudgedNode) -> None:
        raw, add = node.raw, self.notes.add
        _, kind, own = steps_of(self.world, element.subject[0], raw["over"])
        name = name_of(self.world, kind, raw["sum_of"], own)
        reached = self.reader.reach(raw["over"], raw.get("absence", "coverage"), element.subject)
        add("§6 not complete, still decided", judgement.truth != "U" and not reached.complete)
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


def deciding_leaves(judgement: JudgedNode, truth: str, nodes: set[str]) -> Iterator[JudgedNode]:
    """The leaves whose whole chain gives a node its truth T or F; adds the kinds of the nodes on the way to ``nodes``."""
    form = judgement.node.form
    if form in LEAVES:
        yield judgement
        return
    nodes.add("node rule/unless" if form == "rule" else f"node {form}")
    other = {"T": "F", "F": "T"}[truth]
    for i, child in enumerate(judgement.children):
        child_truth = other if form == "none" or (form == "rule" and i == 1) else truth
        if child.truth == child_truth:
            yield from deciding_leaves(child, child_truth, nodes)


def composites(judgement: JudgedNode, nodes: set[str]) -> None:
    """Adds the kinds of the unknown nodes above the unknown leaves to ``nodes``."""
    if judgement.truth == "U" and judgement.node.form not in LEAVES:
        nodes.add("node rule/unless" if judgement.node.form == "rule" else f"node {judgement.node.form}")
        for child in judgement.children:
            composites(child, nodes)


class DecidingSituations:
    """Finds the situations that decide the verdicts of one policy in one world."""

    def __init__(self, policy: dict[str, Any], world: ObservingWorld, as_of: dt.date) -> None:
        self.policy, self.world, self.as_of = policy_of(policy), world, as_of
        self.has_definitions = "definitions" in policy and bool(policy["definitions"])
        self.day = world.at(as_of)

    def of_verdict(self, name: str, verdict: str | None) -> set[str]:
        """The situations that decided the verdict on a subject."""
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
            leaves = list(deciding_leaves(root, root.truth, out))
        judge = ObservingJudge(self.world, self.policy, self.as_of, name)
        for leaf in leaves:
            out |= judge.situations_of(leaf)
            if leaf.node.id.startswith("use") or (self.has_definitions and leaf.node.path.count(".") == 0):
                out.add("node use")
        return out
