"""Warnings about a policy that can be read but most likely does not say what its author meant.

``policies.checking.checker`` calls it when nothing is wrong. It warns of a scope without any unit, a period of no days, an amount whose
unit nobody can check, a label that states another comparison than the rule, and a field of a feed of which most people have no record.
Each warning says the way out; none keeps a policy from being published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from policies.language.catalogue import Catalogue, FieldType
from policies.language.models import PolicyModel
from policies.language.tree import (
    Age,
    All,
    Check,
    Compare,
    DateTest,
    FieldRef,
    Leaf,
    Literals,
    Node,
    Quantifier,
    Site,
    Sum,
    Unless,
    children,
    refs_of,
    walk,
)
from policies.problems.problems import Word, comma_list
from policies.values import Period, Text, within
from policies.yaml.document import Path
from policies.yaml.report import Reporter

NUMBER = r"[\d〇零一二三四五六七八九十百千万两]"
SAYINGS: dict[str, dict[str, str]] = {
    "zh": {
        "ge": rf"不低于|不少于|不小于|至少|以上|(?<![不未])满(?=\s*{NUMBER})",
        "le": "不超过|不高于|不多于|不大于|至多|最多|以下|以内",
        "lt": rf"(?:[不未]满|不足)(?=\s*{NUMBER})|(?<!不)低于|(?<!不)少于|(?<!不)小于",
        "gt": "(?<!不)超过|(?<!不)高于|(?<!不)多于|(?<!不)大于",
    },
    "en": {
        "ge": r"\bat least\b|\b(?:not|no) (?:less|fewer|under|below|younger)\b|\b(?:or|and) (?:over|above|more|older)\b",
        "le": r"\bat most\b|\bup to\b|\b(?:not|no) (?:more|over|above|older)\b|\b(?:or|and) (?:under|below|less|fewer|younger)\b",
        "lt": r"(?<!not )(?<!no )(?<!or )(?<!and )(?:\bunder(?= \d)|\bbelow\b|\b(?:less|fewer|younger) than\b)",
        "gt": r"(?<!not )(?<!no )(?<!or )(?<!and )(?:\bover(?= \d)|\babove\b|\b(?:more|older) than\b|\bexceed(?:s|ing)?\b)",
    },
}
"""The words of a label that state a comparison: 以上 and "or over" include the bound, 超过 and "over" do not."""
OPPOSITE = {"ge": "lt", "lt": "ge", "gt": "le", "le": "gt"}
RANKED = ("grade", "level")
"""Units in which a smaller number may well be "above": 二级以上 is grade 1 and 2."""
SIGNS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}


def check_cautions(head: PolicyModel, tree: Node, places: Mapping[str, Path], catalogue: Catalogue, reporter: Reporter) -> None:
    """Report whatever is most likely a mistake."""
    _check_scope(head, catalogue, reporter)
    for name, evidence in head.evidence.items():
        if evidence.max_age == Period():
            reporter.add("max-age-zero", ("evidence", name, "max_age"), feed=name)
    for site in walk(tree):
        if not isinstance(leaf := site.node, Leaf):
            continue
        place = places.get(leaf.meta.path, ("criteria",))
        if isinstance(leaf, DateTest) and leaf.period == Period():
            reporter.add("period-zero", (*place, leaf.op), op=leaf.op)
        _check_amount(leaf, catalogue, (*place, "value"), reporter)
        _check_label(leaf, site.is_negated, catalogue, (*place, "label"), reporter)
    if head.direction == "benefit":
        for feed, (ref, reader) in optional_reads(tree, catalogue).items():
            words: dict[str, Word] = {"feed": catalogue.feeds[feed].title, "name": feed, "field": ref.field}
            reporter.add("optional-feed", places.get(reader.meta.path, ("criteria",)), **words)


def optional_reads(tree: Node, catalogue: Catalogue) -> dict[str, tuple[FieldRef, Leaf]]:
    """Feeds that are read although not everybody need have a record of them: a subject without one stays unknown.

    A feed is left out if it registers its subjects, if its field declares ``no_record``, or if ``some … over`` the feed stands beside the
    field, for that decides the subjects without a record.

    Returns:
        The first such field of each feed, and the leaf that reads it.
    """
    reads: dict[str, tuple[FieldRef, Leaf]] = {}
    for site in walk(tree):
        if not isinstance(leaf := site.node, Leaf):
            continue
        for ref in refs_of(leaf):
            feed = catalogue.feeds[ref.feed]
            optional = not (ref.own or feed.registers or feed.many) and feed.fields[ref.field].no_record is None
            if optional and ref.feed not in _feeds_beside(site):
                reads.setdefault(ref.feed, (ref, leaf))
    return reads


def _check_scope(head: PolicyModel, catalogue: Catalogue, reporter: Reporter) -> None:
    """Report a scope that neither holds a unit nor lies in the division of one."""
    divisions = {unit.division for unit in catalogue.units.values()}
    if divisions and all(within(division, head.scope.division) is False for division in divisions):
        reporter.add("scope-outside", ("scope", "division"), scope=head.scope.division, choices=comma_list(sorted(divisions), 6))


def _feeds_beside(site: Site) -> set[str]:
    """The feeds of which ``some`` asks for a record beside a leaf, within the same set."""
    feeds: set[str] = set()
    above = site.above
    while above is not None and not isinstance(above.node, Quantifier | Sum):
        if isinstance(above.node, All | Unless):
            sets = (node for node in children(above.node) if isinstance(node, Quantifier) and node.kind == "some")
            feeds.update(node.path[-1].name for node in sets)
        above = above.above
    return feeds


def _check_amount(leaf: Leaf, catalogue: Catalogue, place: Path, reporter: Reporter) -> None:
    """Report a decimal field with a unit that is compared with a bare number; 0 needs no unit."""
    ref = leaf.ref if isinstance(leaf, Compare) else leaf.addend if isinstance(leaf, Sum) else None
    value = getattr(leaf, "value", None)
    if ref is None or not isinstance(value, Literals) or not any(value.values):
        return
    field = catalogue.feeds[ref.feed].fields[ref.field]
    if field.type is FieldType.DECIMAL and field.unit is not None:
        unit = field.unit
        if isinstance(leaf, Sum) and leaf.per is not None and (per := catalogue.feeds[leaf.per.feed].fields[leaf.per.field].unit):
            unit = f"{unit}/{per}"
        amounts = comma_list(f"{float(amount):.12g}" for amount in value.values if isinstance(amount, int | Fraction))
        reporter.add("amount-unit", place, field=field.title, unit=unit, given=amounts)


def _check_label(leaf: Leaf, negated: bool, catalogue: Catalogue, place: Path, reporter: Reporter) -> None:
    """Report a label that states another comparison than its leaf makes."""
    op = _op(leaf)
    if op is None or leaf.meta.label is None:
        return
    for language in ("zh", "en"):
        comparisons = sayings(leaf.meta.label[language], language)
        if (
            not comparisons
            or op in comparisons.values()
            or (negated and OPPOSITE.get(op) in comparisons.values())
            or _is_ranked(leaf, catalogue)
        ):
            continue
        phrase, stated_op = next(iter(comparisons.items()))
        ways = Text("请改正 label", "Mend the label")
        if not isinstance(leaf, DateTest):
            ways = Text(f"请把 op 改为 {stated_op}，或改正 label", f"Write op: {stated_op}, or mend the label")
        words: dict[str, Word] = {"phrase": phrase, "meant": SIGNS[stated_op], "op": SIGNS[op], "way": ways}
        reporter.add("label-operator", place, **words)
        return


def sayings(label: str, language: str) -> dict[str, str]:
    """The phrases of a label that state a comparison, each with that comparison.

    Example:
        >>> sayings("年满60周岁、不满70周岁", "zh"), sayings("aged 70 or over", "en")
        ({'满': 'ge', '不满': 'lt'}, {'or over': 'ge'})
    """
    return {match[0]: op for op, form in SAYINGS[language].items() for match in re.finditer(form, label)}


def _op(leaf: Leaf) -> str | None:
    """The comparison that a leaf makes with a bound; None where it makes none that a label could state."""
    match leaf:
        case Compare():
            return leaf.op if leaf.op in SIGNS and leaf.op != "ne" and not _words(leaf) else None
        case Age() | Quantifier() | Sum():
            return leaf.op if leaf.op != "ne" else None
        case DateTest():
            return {"at_least_ago": "ge", "within_last": "le"}.get(leaf.op)
        case Check():
            return None


def _words(leaf: Compare) -> bool:
    return isinstance(leaf.value, Literals) and any(isinstance(value, str) for value in leaf.value.values)


def _is_ranked(leaf: Leaf, catalogue: Catalogue) -> bool:
    return isinstance(leaf, Compare) and catalogue.feeds[leaf.ref.feed].fields[leaf.ref.field].unit in RANKED
