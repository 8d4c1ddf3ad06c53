"""What differs between two rules, in words: a line for each criterion, parameter and term.

The one idea: both sides of a line are written from the checked nodes, as ``console.rules`` writes them, so what is read is what is run.
Source: ``policies.differences``.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from console.rules import number_words, period_words, tested, tested_below
from policies.tree import FieldRef, Node, children
from policies.values import Period, Text

if TYPE_CHECKING:
    from policies.catalogue import Catalogue
    from policies.differences import CriterionChange, Differences, ParamChange, TermChange

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
    "agency": Text("执行机构", "agency"),
    "purpose": Text("用途", "purpose"),
    "evidence": Text("证据时效", "evidence"),
    "discloses": Text("可披露", "discloses"),
    "title": Text("名称", "title"),
    "bounds.moves": Text("一次交付可移出的比例", "share that one delivery may take off"),
    "bounds.amendment": Text("新版本可移出的比例", "share that a new version may take off"),
    "bounds.at_least": Text("少于此数不暂缓", "people below whom nothing is held"),
}


def lines(found: Differences, catalogue: Catalogue, language: str) -> list[tuple[str, str]]:
    """Each difference as a line, with its style."""
    if not found:
        return [(Text("两份规则没有不同。", "The two rules do not differ.")[language], "dim")]
    told = [(f"{SIGNS[one.change]} {criterion_words(one, catalogue, language)}", STYLES[one.change]) for one in found.criteria]
    told += [(f"{SIGNS[_kind(one)]} {param_words(one, language)}", STYLES[_kind(one)]) for one in found.params]
    return told + [(f"{SIGNS['changed']} {term_words(one, language)}", STYLES["changed"]) for one in found.terms]


def criterion_words(one: CriterionChange, catalogue: Catalogue, language: str) -> str:
    """The criterion's name and article, and what it tested and tests."""
    node = one.node
    name = node.meta.label[language] if node.meta.label else node.meta.id
    cite = f"  {node.meta.cite}" if node.meta.cite else ""
    parted = Text("：", ": ")[language]
    head = f"{Text('条件', 'criterion ')[language]}{CHANGES[one.change][language]}{parted}{name}{cite}"
    was, now = (None if side is None else _tested(side, catalogue, language) for side in (one.old, one.new))
    if one.change == "changed" and was == now:
        return f"{head}  {Text('（只改了名称、条文或细节）', '(only its name, article or a detail)')[language]}"
    if one.change == "changed":
        return f"{head}  {was} → {now}"
    return f"{head}  {now or was}"


def _tested(node: Node, catalogue: Catalogue, language: str) -> str:
    return tested(node, catalogue, language) if children(node) else tested_below(node, catalogue, language)


def _kind(one: ParamChange) -> str:
    return "added" if one.old is None else "removed" if one.new is None else "changed"


def param_words(one: ParamChange, language: str) -> str:
    """A parameter's name, from which day, and its values."""
    head = Text(f"参数 {one.name}，自 {one.start} 起：", f"parameter {one.name} from {one.start}: ")[language]
    shown = [_value(side, language) for side in (one.old, one.new) if side is not None]
    return (
        head
        + " → ".join(shown)
        + (f"（{CHANGES['removed'].zh}）" if one.new is None and language == "zh" else " (removed)" if one.new is None else "")
    )


def _value(value: object, language: str) -> str:
    """One entry: a value, or a table as its cells."""
    if not isinstance(value, tuple):
        return str(value)
    return Text("，", ", ")[language].join(f"{_cell(cell)}: {one}" for cell, one in value)


def _cell(cell: object) -> str:
    if not isinstance(cell, tuple):
        return str(cell)
    low, high = cell
    return str(low) if low == high else f"{'' if low is None else low}..{'' if high is None else high}"


def term_words(one: TermChange, language: str) -> str:
    """A term's name, and what it was and is."""
    return f"{TERMS[one.name][language]}{Text('：', ': ')[language]}{_term(one.old, language)} → {_term(one.new, language)}"


def _term(value: object, language: str) -> str:
    match value:
        case None:
            return "—"
        case Text():
            return value[language]
        case Fraction():
            return number_words(value)
        case date() | str():
            return str(value)
        case tuple():
            return ", ".join(_ref(ref) for ref in value) or "—"
        case dict():
            return (
                ", ".join(f"{feed} {period_words(age, language) if isinstance(age, Period) else age}" for feed, age in value.items()) or "—"
            )
        case _:
            return str(value)


def _ref(ref: object) -> str:
    return ".".join((*ref.links, ref.feed, ref.field)) if isinstance(ref, FieldRef) else str(ref)


def as_data(found: Differences, catalogue: Catalogue, language: str) -> dict[str, Any]:
    """The differences as JSON."""
    return {
        "criteria": [
            {
                "change": one.change,
                "criterion": one.node.meta.id,
                "cite": one.node.meta.cite,
                "parts": list(one.parts),
                "old": None if one.old is None else _tested(one.old, catalogue, language),
                "new": None if one.new is None else _tested(one.new, catalogue, language),
            }
            for one in found.criteria
        ],
        "parameters": [
            {
                "parameter": one.name,
                "from": one.start,
                "old": None if one.old is None else _value(one.old, language),
                "new": None if one.new is None else _value(one.new, language),
            }
            for one in found.params
        ],
        "terms": [{"term": one.name, "old": _term(one.old, language), "new": _term(one.new, language)} for one in found.terms],
    }
