"""A rule as people read it: one line a criterion, in both languages.

The one idea: a criterion is shown by its label where its author gave one, and always by what it tests, written from the checked
node, never from the document; so what is read is what is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from policies.tree import (
    Age,
    All,
    AnyOf,
    Check,
    Compare,
    DateTest,
    FieldRef,
    Literals,
    Node,
    NoneOf,
    Quantifier,
    Step,
    Sum,
    Unless,
    Value,
)
from policies.values import Period, Text

if TYPE_CHECKING:
    from rich.tree import Tree

    from policies.catalogue import Catalogue

OPERATORS: dict[str, Text] = {
    "eq": Text("是", "is"),
    "ne": Text("不是", "is not"),
    "lt": Text("低于", "<"),
    "le": Text("不高于", "≤"),
    "gt": Text("超过", ">"),
    "ge": Text("不低于", "≥"),
    "in": Text("属于", "is one of"),
    "not_in": Text("不属于", "is none of"),
    "within": Text("位于", "lies in"),
    "within_last": Text("距今不超过", "within the last"),
    "at_least_ago": Text("距今至少", "at least this long ago:"),
    "before": Text("早于", "before"),
    "after": Text("晚于", "after"),
}
GROUPS: dict[type, Text] = {
    All: Text("全部满足", "all of"),
    AnyOf: Text("任一满足", "any of"),
    NoneOf: Text("都不满足", "none of"),
    Unless: Text("除外规则", "rule, unless"),
}
QUANTIFIERS = {"some": Text("有", "has"), "none": Text("没有", "has no"), "all": Text("全部", "every"), "count": Text("个数", "number of")}


def heading(node: Node, language: str) -> str:
    """What a node is called: its label, else its kind or what it tests is shown alone."""
    return node.meta.label[language] if node.meta.label else ""


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, ``where`` not included, in document order."""
    yield node
    match node:
        case All() | AnyOf() | NoneOf():
            for child in node.children:
                yield from walk(child)
        case Unless():
            yield from walk(node.rule)
            yield from walk(node.unless)


def tested(node: Node, catalogue: Catalogue, language: str) -> str:
    """What a node tests, in words of the catalogue.

    Example: ``人均…`` becomes ``合计 月收入 / 户人数 低于 dibao × 1.5``.
    """
    match node:
        case All() | AnyOf() | NoneOf() | Unless():
            return GROUPS[type(node)][language]
        case Compare():
            return _joined(
                _field(node.ref, catalogue, language), OPERATORS[node.op][language], value_words(node.value, catalogue, language, node.ref)
            )
        case Age():
            age = Text("周岁：", "age by ")[language] + _field(node.ref, catalogue, language)
            return _joined(age, OPERATORS[node.op][language], value_words(node.value, catalogue, language))
        case DateTest():
            limit = (
                period_words(node.period, language) if node.period else value_words(node.value, catalogue, language) if node.value else ""
            )
            return _joined(_field(node.ref, catalogue, language), OPERATORS[node.op][language], limit)
        case Quantifier():
            return _quantified(node, catalogue, language)
        case Sum():
            per = f" ÷ {_field(node.per, catalogue, language)}" if node.per else ""
            total = Text("合计 ", "sum of ")[language] + _field(node.addend, catalogue, language) + per
            return _joined(
                total,
                f"({_path(node.path, catalogue, language)})",
                OPERATORS[node.op][language],
                value_words(node.value, catalogue, language),
            )
        case Check():
            return Text("需人工核实：", "to be asked: ")[language] + node.text[language]
        case _:
            assert_never(node)


def _quantified(node: Quantifier, catalogue: Catalogue, language: str) -> str:
    where = f"[{tested_below(node.where, catalogue, language)}]" if node.where else ""
    words = [QUANTIFIERS[node.kind][language], _path(node.path, catalogue, language), where]
    if node.op and node.value:
        words += [OPERATORS[node.op][language], value_words(node.value, catalogue, language)]
    return _joined(*words)


def tested_below(node: Node, catalogue: Catalogue, language: str) -> str:
    """A small tree on one line."""
    match node:
        case All() | AnyOf() | NoneOf():
            joint = {All: Text("且", "and"), AnyOf: Text("或", "or"), NoneOf: Text("或", "or")}[type(node)][language]
            inside = f" {joint} ".join(tested_below(child, catalogue, language) for child in node.children)
            return Text(f"非({inside})", f"not ({inside})")[language] if isinstance(node, NoneOf) else inside
        case Unless():
            rule, other = tested_below(node.rule, catalogue, language), tested_below(node.unless, catalogue, language)
            return Text(f"{rule}，{other}除外", f"{rule} unless {other}")[language]
        case _:
            return tested(node, catalogue, language)


def _field(ref: FieldRef, catalogue: Catalogue, language: str) -> str:
    return catalogue.feeds[ref.feed].fields[ref.field].title[language]


def _path(path: tuple[Step, ...], catalogue: Catalogue, language: str) -> str:
    """The set a quantifier runs over, by the titles of its feeds."""
    names = []
    for step in path:
        match step.kind:
            case "link":
                continue
            case "members":
                names.append(Text("家庭成员", "members")[language])
            case "records" | "inverse":
                names.append(catalogue.feeds[step.name].title[language])
            case _:
                assert_never(step.kind)
    return Text("的", " › ")[language].join(names)


def value_words(value: Value, catalogue: Catalogue, language: str, of: FieldRef | None = None) -> str:
    """A value as people read it: a number, the labels of codes, or a parameter by its name."""
    if isinstance(value, Literals):
        labels = dict(catalogue.feeds[of.feed].fields[of.field].values) if of and language == "zh" else {}
        return Text("、", ", ")[language].join(labels.get(str(one), number_words(one)) for one in value.values)
    table = f"[{_field(value.by, catalogue, language)}]" if value.by else ""
    return f"{value.param}{table}" + (f" × {number_words(value.times)}" if value.times != 1 else "")


def period_words(period: Period, language: str) -> str:
    """A period as people say it.

    Example:
        >>> period_words(Period.parse("P30Y"), "zh"), period_words(Period.parse("P1Y6M"), "en"), period_words(Period.parse("P7D"), "zh")
        ('30年', '1 year 6 months', '7天')
    """
    years, months = divmod(period.months, 12)
    parts = [(years, Text("年", "year")), (months, Text("个月", "month")), (period.days, Text("天", "day"))]
    told = [(n, unit) for n, unit in parts if n] or [(0, parts[2][1])]
    if language == "zh":
        return "".join(f"{n}{unit.zh}" for n, unit in told)
    return " ".join(f"{n} {unit.en}{'' if n == 1 else 's'}" for n, unit in told)


def number_words(value: object) -> str:
    """An exact number as people write it.

    Example:
        >>> number_words(Fraction(3, 2)), number_words(Fraction(1, 3))
        ('1.5', '1/3')
    """
    if not isinstance(value, Fraction):
        return str(value)
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):g}" if 10**9 % value.denominator == 0 else str(value)


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def drawn(node: Node, catalogue: Catalogue, language: str) -> Tree:
    """The rule as a tree for the terminal."""
    from rich.text import Text as Line
    from rich.tree import Tree

    def line(of: Node) -> Line:
        shown = Line(of.meta.id, style="cyan")
        shown.append(f"  {heading(of, language)}" if of.meta.label else "", style="bold")
        shown.append(f"  {of.meta.cite}" if of.meta.cite else "", style="magenta")
        shown.append(f"  {tested(of, catalogue, language)}", style="default" if of.meta.label is None else "dim")
        return shown

    def grow(of: Node, under: Tree) -> None:
        for child in of.children if isinstance(of, All | AnyOf | NoneOf) else (of.rule, of.unless) if isinstance(of, Unless) else ():
            grow(child, under.add(line(child)))

    root = Tree(line(node), guide_style="dim")
    grow(node, root)
    return root
