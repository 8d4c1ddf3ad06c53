"""What a rule costs, estimated from the rule alone: its criteria and levels, and how many comparisons it takes to judge one subject.

``policies.checking.checker`` reports the cost and refuses what is beyond ``policies.limits``; ``matchers.program.compile`` and
``streams.ledgers.documents`` ask ``beyond`` of a policy that did not come from the checker just now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies import limits
from policies.language.catalogue import Feed, Field, FieldType
from policies.language.tree import (
    Compare,
    Leaf,
    Literals,
    Node,
    ParamValue,
    Policy,
    Quantifier,
    Step,
    Sum,
    fold,
    leaves,
    nodes,
    refs_of,
    walk,
)
from policies.problems.problems import HuiminError, Word
from policies.values import Text
from policies.yaml.document import Path
from policies.yaml.report import Reporter

SIZES = {"link": 1, "members": 4, "records": 4, "inverse": 8}
"""Elements a step of a path leads to, as a rule; to a feed with one record a subject it is one."""
_OPEN = ("members", "inverse")
"""Steps whose sets have no bound: a household may have a thousand members."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Costs over the feeds of a catalogue."""

    feeds: Mapping[str, Feed]

    def work(self, tree: Node) -> int:
        """Comparisons for one subject: one for each node, link and value; those of ``where`` once for each element."""
        return fold(tree, self._comparisons)

    def _comparisons(self, node: Node, below: tuple[int, ...]) -> int:
        own = 1
        if isinstance(node, Leaf):
            own += sum(len(ref.links) for ref in refs_of(node))
        if isinstance(value := getattr(node, "value", None), Literals):
            own += len(value.values) - 1
        reached = 1
        if isinstance(node, Quantifier | Sum):
            for step in node.path:
                reached *= self._elements(step)
                own += reached
        return own + reached * sum(below)

    def _elements(self, step: Step) -> int:
        return 1 if step.kind == "records" and not self.feeds[step.name].many else SIZES[step.kind]

    def tables(self, tree: Node) -> Iterator[tuple[Leaf, int]]:
        """Every different comparison with a table, and the rows of constants that it takes: one for each key."""
        uses = set()
        for node in nodes(tree):
            value = getattr(node, "value", None)
            if isinstance(value, ParamValue) and value.by is not None:
                of = node.ref if isinstance(node, Compare) else node.addend if isinstance(node, Sum) else None
                key = (value, type(node), getattr(node, "op", None), of)
                if key not in uses:
                    uses.add(key)
                    yield node, keys(self.feeds[value.by.feed].fields[value.by.field])  # type: ignore[misc]  # what has a value is a leaf


def keys(by: Field) -> int:
    """How many keys a table read by a field has.

    Example:
        >>> keys(Field("size", FieldType.INT, Text("", ""), "size", min=1, max=99))
        99
    """
    return len(by.codes) if by.type is FieldType.ENUM else (by.max or 0) - (by.min or 0) + 1


def exceeded_limit(policy: Policy, feeds: Mapping[str, Feed]) -> str | None:
    """The name, in ``policies.limits``, of a limit that a policy exceeds; None where it exceeds none."""
    for count, site in enumerate(walk(policy.criteria), 1):
        if site.level > limits.LEVELS or count > limits.CRITERIA:
            return "LEVELS" if site.level > limits.LEVELS else "CRITERIA"
        if isinstance(value := getattr(site.node, "value", None), Literals) and len(value.values) > limits.LIST:
            return "LIST"
    cost = Cost(feeds)
    if cost.work(policy.criteria) > limits.WORK:
        return "WORK"
    return "CELLS" if sum(rows for _, rows in cost.tables(policy.criteria)) > limits.CELLS else None


class PolicyTooLarge(HuiminError):
    """A policy beyond the limits that did not pass the checker."""

    def __init__(self, policy: Policy, limit: str) -> None:
        most = f"{getattr(limits, limit):,}"
        super().__init__(
            Text(
                f"政策 {policy.name} 第 {policy.version} 版超出上限(policies/limits.py 的 {limit}：{most})，不能判定。"
                "请用 huimin policy check 检查原文，缩小后重新发布。",
                f"Policy {policy.name} version {policy.version} is beyond a limit ({limit} of policies/limits.py: {most}) and cannot be "
                "evaluated. Check its text with huimin policy check, make it smaller and publish it again.",
            ),
            3,
        )


def refuse_too_large(policy: Policy, feeds: Mapping[str, Feed]) -> None:
    """Raise TooLarge where a policy exceeds a limit."""
    if (limit := exceeded_limit(policy, feeds)) is not None:
        raise PolicyTooLarge(policy, limit)


def check_cost(tree: Node, places: Mapping[str, Path], feeds: Mapping[str, Feed], reporter: Reporter) -> None:
    """Report the cost of a rule where it is noteworthy or beyond the limits."""
    cost = Cost(feeds)
    rows = 0
    for leaf, more in cost.tables(tree):
        rows += more
        if rows > limits.CELLS:
            reporter.add("tables-large", _place(leaf, places), rows=f"{rows:,}", limit=f"{limits.CELLS:,}")
            break
    outer = list(leaves(tree))
    for leaf in outer:
        if (deep := fold(leaf, _sets_deep)) > 1:
            reporter.add("sets-nested", _place(leaf, places), levels=deep, times=f"{1000**deep:,}")
    work = cost.work(tree)
    if work > limits.NOTEWORTHY:
        most = max(outer, key=cost.work)
        words: dict[str, Word] = {"work": f"{work:,}", "limit": f"{limits.WORK:,}", "share": f"{cost.work(most):,}"}
        reporter.add("rule-costly" if work <= limits.WORK else "rule-too-costly", _place(most, places), **words)


def _sets_deep(node: Node, below: tuple[int, ...]) -> int:
    """How many sets without bound are nested in one another."""
    own = sum(step.kind in _OPEN for step in node.path) if isinstance(node, Quantifier | Sum) else 0
    return own + max(below, default=0)


def _place(node: Node, places: Mapping[str, Path]) -> Path:
    return places.get(node.meta.path, ("criteria",))
