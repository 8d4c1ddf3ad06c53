"""What a criterion found, in words: the rule says what was asked, the record what was there.

The one idea: the core tells what it compared in a fixed short form (``matchers.explain.Criterion.found``); here it is read beside the node
that was asked, so that a period reads as years and a sum per head as a sum per head. A form that is not known is shown as it is.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, assert_never

from console.rules import OPERATORS, period_words, value_words
from console.words import place
from policies.tree import Age, All, AnyOf, Check, Compare, DateTest, FieldRef, Literals, Node, NoneOf, Quantifier, Step, Sum, Unless, Value
from policies.values import Text

if TYPE_CHECKING:
    from policies.catalogue import Catalogue

AGAINST = {"=": "≠", "≠": "=", "<": "≥", "≤": ">", ">": "≤", "≥": "<", "in": "not_in", "not_in": "in"}
"""The comparison that holds where another does not: what is told is always so."""
_COMPARED = re.compile(r"(?P<left>.*?) (?P<sign>[=≠<≤>≥]|in|not_in) (?P<right>.*)")
_DIVIDED = re.compile(r"(?P<right>.*) × (?P<by>\d+|\?)")
_LIMIT = re.compile(r"(?P<name>.*) \((?P<value>[^()]*)\)")
_COUNTED = re.compile(r"(?P<low>\d+)(?:–(?P<high>\d+))?(?P<open>\+?)")
_EMPTY = Text("（空）", "(empty)")
_CENT = Decimal("0.01")


def found_words(node: Node, truth: bool | None, found: str, catalogue: Catalogue, language: str) -> str:
    """What a criterion found, as a person reads it; '' where there is nothing to tell.

    Example: ``1946-05-05 at_least_ago P30Y`` becomes ``1946-05-05 起已满30年``.
    """
    if not found:
        return ""
    match node:
        case Compare():
            if node.op == "within":
                return _within(node, truth, found, language)
            return _compared(node.ref, node.value, truth, found, catalogue, language)
        case Age():
            return _aged(node.value, truth, found, catalogue, language)
        case DateTest():
            return _dated(node, truth, found, catalogue, language)
        case Quantifier():
            return _counted(node, found, catalogue, language)
        case Sum():
            return _summed(node, truth, found, catalogue, language)
        case All() | AnyOf() | NoneOf() | Unless() | Check():
            return found
        case _:
            assert_never(node)


def _within(node: Compare, truth: bool | None, found: str, language: str) -> str:
    code, _, of = found.partition(" ∈ ")
    where = place(code, language) or _EMPTY[language]
    inside = Text("不在", "not within") if truth is False else Text("属于", "within")
    return f"{where} {inside[language]} {of}"


def _compared(ref: FieldRef, value: Value, truth: bool | None, found: str, catalogue: Catalogue, language: str) -> str:
    parts = _COMPARED.fullmatch(found)
    if parts is None:
        return found
    codes = dict(catalogue.feeds[ref.feed].fields[ref.field].values) if language == "zh" else {}
    left = _EMPTY[language] if parts["left"] == "?" else codes.get(parts["left"], parts["left"])
    right = parts["right"]
    if isinstance(value, Literals):
        right = Text("、", ", ")[language].join(codes.get(one, one) for one in right.split(", "))
    return f"{left} {_sign(parts['sign'], truth, language)} {_limit(value, right, catalogue, language)}"


def _sign(asked: str, truth: bool | None, language: str) -> str:
    """The comparison as it turned out; as it was asked where nobody knows."""
    so = AGAINST[asked] if truth is False else asked
    return OPERATORS[so][language] if so in OPERATORS else so


def _aged(value: Value, truth: bool | None, found: str, catalogue: Catalogue, language: str) -> str:
    parts = _COMPARED.fullmatch(found)
    if parts is None:
        return found
    age = _EMPTY[language] if parts["left"] == "?" else Text(f"{parts['left']} 周岁", f"age {parts['left']}")[language]
    return f"{age} {_sign(parts['sign'], truth, language)} {_limit(value, parts['right'], catalogue, language)}"


def _dated(node: DateTest, truth: bool | None, found: str, catalogue: Catalogue, language: str) -> str:
    day = found.partition(" ")[0]
    if node.period is not None:
        return _ago(node.op == "at_least_ago", truth, day, period_words(node.period, language))[language]
    limit = found.split(" ", 2)[2] if found.count(" ") >= 2 else ""
    not_ = Text("不", "not ")[language] if truth is False else ""
    return f"{day} {not_}{OPERATORS[node.op][language]} {_limit(node.value, limit, catalogue, language)}" if node.value else found


def _ago(at_least: bool, truth: bool | None, day: str, long: str) -> Text:
    if at_least:
        if truth is False:
            return Text(f"{day} 起未满{long}", f"not yet {long} from {day}")
        return Text(f"{day} 起满{long}", f"{long} from {day}")
    if truth is False:
        return Text(f"{day} 不在最近{long}内", f"{day} is not within the last {long}")
    return Text(f"{day} 在最近{long}内", f"{day} is within the last {long}")


def _counted(node: Quantifier, found: str, catalogue: Catalogue, language: str) -> str:
    counted, _, limit = found.partition(" ")
    parts = _COUNTED.fullmatch(counted)
    if parts is None:
        return found
    low, high = parts["low"], parts["high"]
    unit = "人" if _people(node.path) else "条"
    zh, en = (f"{low} 至 {high} {unit}", f"{low} to {high}") if high else (f"{low} {unit}", low)
    told = Text(f"已知 {zh}，可能还有", f"{en} known, there may be more") if parts["open"] else Text(f"共 {zh}", f"{en} in all")
    if not limit or node.value is None:
        return told[language]
    sign, _, right = limit.partition(" ")
    return told[language] + Text("，要求 ", "; asked: ")[language] + f"{sign} {_limit(node.value, right, catalogue, language)}"


def _people(path: tuple[Step, ...]) -> bool:
    """Does a set hold people rather than records?"""
    return path[-1].kind in ("members", "inverse")


def _summed(node: Sum, truth: bool | None, found: str, catalogue: Catalogue, language: str) -> str:
    parts = _COMPARED.fullmatch(found)
    if parts is None:
        return found
    total, right, head = _range(parts["left"], language), parts["right"], ""
    divided = _DIVIDED.fullmatch(right) if node.per else None
    if node.per and divided is not None:
        by, right = divided["by"], divided["right"]
        heads = _EMPTY[language] if by == "?" else by
        head = f" ÷ {heads} {catalogue.feeds[node.per.feed].fields[node.per.field].title[language]}{_quotient(parts['left'], by)}"
    sum_ = Text("合计 ", "sum ")[language]
    return f"{sum_}{total}{head} {_sign(parts['sign'], truth, language)} {_limit(node.value, right, catalogue, language)}"


def _quotient(total: str, by: str) -> str:
    """The share of each, to the fen; ≈ where it is not exact."""
    try:
        exact = Decimal(total) / Decimal(by)
    except ArithmeticError:
        return ""
    share = exact.quantize(_CENT, ROUND_HALF_UP)
    return f" {'=' if share == exact else '≈'} {share}"


def _range(total: str, language: str) -> str:
    """``[0.00, ∞]`` is what a sum can still be."""
    if not total.startswith("["):
        return total
    low, high = total.strip("[]").split(", ")
    if high == "∞":
        return Text("不定", "open")[language] if low == "−∞" else Text(f"至少 {low}", f"at least {low}")[language]
    return Text(f"至多 {high}", f"at most {high}")[language] if low == "−∞" else Text(f"{low} 至 {high}", f"{low} to {high}")[language]


def _limit(value: Value, shown: str, catalogue: Catalogue, language: str) -> str:
    """A limit: the number, and behind it where it comes from; a parameter's name alone where it has no value."""
    if isinstance(value, Literals):
        return shown
    parts = _LIMIT.fullmatch(shown)
    name = value_words(value, catalogue, language)
    return name if parts is None else Text(f"{parts['value']}（{name}）", f"{parts['value']} ({name})")[language]
