"""The differences of two rules in words: a line for each criterion, parameter and term.

``policy diff`` and ``policy preview`` show them. ``console.text.clauses`` writes both sides of a line from the checked nodes, which are
also evaluated. Source: ``policies.language.differences``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, TypeAlias

from console.text.clauses import Clauses
from console.text.values import number_words, period_words
from console.text.words import street
from policies.language.differences import BOUNDS
from policies.language.tree import Bounds, Compare, Node, ParamValue, Policy, children, leaves
from policies.values import KIND_WORDS, Kind, Period, Text
from services.results import Key

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue, Field
    from policies.language.differences import CriterionChange, Differences, ParamChange, TermChange

SIGNS = {"added": "+", "removed": "−", "changed": "~", "moved": "↷"}
STYLES = {"added": "green", "removed": "red", "changed": "yellow", "moved": "yellow"}
CHANGES = {
    "added": Text("新增", "added"),
    "removed": Text("删去", "removed"),
    "changed": Text("改动", "changed"),
    "moved": Text("移位", "moved"),
}
TERMS = {
    "direction": Text("方向", "direction"),
    "subject": Text("对象", "subject"),
    "scope": Text("范围", "scope"),
    "effective_from": Text("首日", "first day"),
    "effective_to": Text("末日", "last day"),
    "apply_by": Text("申请截止日", "applications close on"),
    "agency": Text("执行机构", "agency"),
    "purpose": Text("用途", "purpose"),
    "evidence": Text("证据时效", "evidence"),
    "discloses": Text("可披露", "discloses"),
    "people": Text("可披露的人员信息", "discloses of people"),
    "papers": Text("所带材料", "papers to bring"),
    "title": Text("名称", "title"),
    "bounds.moves": Text("一次交付可移出的比例", "share that one delivery may take off"),
    "bounds.amendment": Text("新版本可移出的比例", "share that a new version may take off"),
    "bounds.at_least": Text("少于此数不暂缓", "people below whom nothing is held"),
}
DIRECTIONS = {"benefit": Text("惠及", "benefit"), "burden": Text("负担", "burden")}
WORDING = Text(
    "只改了文字（名称、条文、代号），对谁都没有不同。", "Only wording changed (names, articles, ids): it is the same for everybody."
)


def lines(of: Differences, catalogue: Catalogue, language: str) -> list[tuple[str, str]]:
    """Each difference as a line, with its style."""
    if not of:
        return [(Text("两份规则没有不同。", "The two rules do not differ.")[language], "dim")]
    sides = _sides(of, catalogue, language)
    styled_lines = [(f"{SIGNS[change.change]} {criterion_words(change, sides)}", STYLES[change.change]) for change in of.criteria]
    styled_lines += [(f"{SIGNS[_kind(change)]} {param_words(change, of, sides)}", STYLES[_kind(change)]) for change in of.params]
    styled_lines += [(f"{SIGNS['changed']} {term_words(change, sides[1])}", STYLES["changed"]) for change in of.terms]
    return [*styled_lines, (WORDING[language], "dim")] if of.wording else styled_lines


Sides: TypeAlias = tuple[Clauses, Clauses]
"""The clauses of the old version and of the new one."""


def _sides(of: Differences, catalogue: Catalogue, language: str) -> Sides:
    old, new = (Clauses(catalogue, language, policy.params) for policy in (of.old, of.new))
    return old, new


def criterion_words(change: CriterionChange, sides: Sides) -> str:
    """A changed criterion: its name and article, and its test before and now."""
    node, language = change.node, sides[1].language
    name = node.meta.label[language] if node.meta.label else node.meta.id
    cite = f"  {node.meta.cite}" if node.meta.cite else ""
    parted = Text("：", ": ")[language]
    head = f"{Text('条件', 'criterion ')[language]}{CHANGES[change.change][language]}{parted}{name}{cite}"
    if change.change == "changed" and set(change.parts) <= {"label", "cite", "papers"}:
        return f"{head}  {Text('（只改了名称、条文或材料）', '(only its name, article or papers)')[language]}"
    was, now = _both(change, sides)
    if change.change == "changed":
        return f"{head}  {was} → {now}"
    return f"{head}  {now or was}"


def _both(change: CriterionChange, sides: Sides) -> tuple[str | None, str | None]:
    """The test of a criterion before and now; with everything below it where the form of the group has changed."""
    whole = change.parts == ("form",) and change.change == "changed"
    old, new = (
        None if node is None else side.clause(node) if whole or not children(node) else side.line(node)
        for node, side in zip((change.old, change.new), sides, strict=True)
    )
    return old, new


def _kind(change: ParamChange) -> str:
    return "added" if change.old is None else "removed" if change.new is None else "changed"


def param_words(change: ParamChange, of: Differences, sides: Sides) -> str:
    """A changed parameter: its name, the first day, and its values before and now."""
    old, new = sides
    language = new.language
    name = (new if change.name in new.params else old).param(change.name)
    head = Text(f"参数“{name}”，自 {change.start} 起：", f"parameter {name} from {change.start}: ")[language]
    values = [words for words in _entries(change, of, sides) if words is not None]
    removed = Text("（删去）", " (removed)")[language] if change.new is None else ""
    return head + " → ".join(values) + removed


def _entries(change: ParamChange, of: Differences, sides: Sides) -> tuple[str | None, str | None]:
    """An entry of a parameter before and now; its unit and labels are those of its first use."""
    old, new = (
        None if value is None else side.entry(value, *_first_use(change.name, policy.criteria, side))
        for value, policy, side in zip((change.old, change.new), (of.old, of.new), sides, strict=True)
    )
    return old, new


def _first_use(name: str, node: Node, clauses: Clauses) -> tuple[Field | None, Field | None]:
    """The first use of a parameter: the field by which its table is read, and the field that is compared with it."""
    for leaf in leaves(node):
        value, where = getattr(leaf, "value", None), getattr(leaf, "where", None)
        if isinstance(value, ParamValue) and value.param == name:
            by = None if value.by is None else clauses.field_of(value.by)
            return by, clauses.field_of(leaf.ref) if isinstance(leaf, Compare) else None
        if where is not None and (inside := _first_use(name, where, clauses)) != (None, None):
            return inside
    return None, None


def term_words(change: TermChange, clauses: Clauses) -> str:
    """A changed term: its name, and its value before and now."""
    language = clauses.language
    was, now = (term(change.name, value, clauses) for value in (change.old, change.new))
    return f"{TERMS[change.name][language]}{Text('：', ': ')[language]}{was} → {now}"


def terms(policy: Policy, clauses: Clauses) -> list[str]:
    """The terms of a version besides its criteria and title; empty terms and default bounds are left out."""
    values = {name: getattr(policy, name) for name in TERMS if hasattr(policy, name) and name != "title"}
    values |= {f"bounds.{name}": getattr(policy.bounds, name) for name in BOUNDS if getattr(policy.bounds, name) != getattr(Bounds(), name)}
    term_texts = ((name, term(name, value, clauses)) for name, value in values.items() if value not in (None, (), {}))
    return [f"{TERMS[name][clauses.language]}{Text('：', ': ')[clauses.language]}{words}" for name, words in term_texts]


def term(name: str, value: object, clauses: Clauses) -> str:
    """The value of one term, by its titles."""
    language, units = clauses.language, clauses.catalogue.units
    match value:
        case None:
            return "—"
        case Text():
            return value[language]
        case Kind():
            return KIND_WORDS[value][language]
        case Fraction() | date():
            return number_words(value)
        case str() if name == "scope":
            return street(value, clauses.catalogue.divisions, language)
        case str() if name == "agency" and value in units:
            return units[value].title[language]
        case str() if name == "direction":
            return DIRECTIONS[value][language]
        case tuple():
            parts = [part[language] if isinstance(part, Text) else clauses.list_field(part) for part in value]
        case dict():
            parts = [f"{clauses.feed(feed)} {period_words(age, language)}" for feed, age in value.items() if isinstance(age, Period)]
        case _:
            return str(value)
    return Text("、", ", ")[language].join(parts) or "—"


@dataclass(frozen=True, slots=True)
class ChangedCriterion:
    """A criterion that differs.

    Args:
        change: added, removed, changed or moved.
        cite: its article.
        parts: what of it differs, by the names of the rule's words.
        old, new: what it tested and tests, in words.
    """

    change: str
    criterion: str
    cite: str | None
    parts: tuple[str, ...]
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class ChangedParameter:
    """An entry of a parameter that differs, by its first day; None: there is none from that day."""

    parameter: str
    start: Annotated[date, Key("from")]
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class ChangedTerm:
    """A term of the whole policy that differs, in words."""

    term: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """How two rules differ, in words.

    Args:
        wording: what differs is only for people; the rule is the same for everybody.
    """

    wording: bool
    criteria: list[ChangedCriterion]
    parameters: list[ChangedParameter]
    terms: list[ChangedTerm]


def rule_changes(of: Differences, catalogue: Catalogue, language: str) -> RuleChanges:
    """The differences of two rules as data."""
    sides = _sides(of, catalogue, language)
    return RuleChanges(
        of.wording,
        [ChangedCriterion(c.change, c.node.meta.id, c.node.meta.cite, c.parts, *_both(c, sides)) for c in of.criteria],
        [ChangedParameter(p.name, p.start, *_entries(p, of, sides)) for p in of.params],
        [ChangedTerm(t.name, term(t.name, t.old, sides[1]), term(t.name, t.new, sides[1])) for t in of.terms],
    )
