"""A rule as clauses: each node of a checked rule in words, in both languages.

Every verb that shows a rule calls this module.

Different rules always have different texts. A group inside another group stands in brackets. A field is named with the links that lead to
it, and with its feed where another field has the same title. A parameter stands with its values and their first days.
``tests/console/text/test_clauses.py`` checks this on random rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, assert_never

from console.text.values import exact_words, number_words, period_words, unit_words
from console.text.words import street
from policies.language.catalogue import Field, FieldType
from policies.language.tree import (
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
    Param,
    ParamValue,
    PeopleField,
    Quantifier,
    Step,
    Sum,
    Unless,
    Value,
)
from policies.values import Kind, Text

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue

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
    "before": Text("早于", "before"),
    "after": Text("晚于", "after"),
}
NUMBERS: dict[str, Text] = {**OPERATORS, "eq": Text("等于", "="), "ne": Text("不等于", "≠")}
"""The operators for numbers: of a field, a count or a sum."""
DAYS: dict[str, Text] = {
    **OPERATORS,
    "lt": Text("早于", "before"),
    "le": Text("不晚于", "on or before"),
    "gt": Text("晚于", "after"),
    "ge": Text("不早于", "on or after"),
}
"""The operators for a field of days."""
AGES: dict[str, Text] = {
    "eq": Text("为", "="),
    "ne": Text("不为", "≠"),
    "lt": Text("不满", "<"),
    "le": Text("不超过", "≤"),
    "gt": Text("超过", ">"),
    "ge": Text("满", "≥"),
}
GROUPS: dict[type, Text] = {
    All: Text("全部满足", "all of"),
    AnyOf: Text("任一满足", "any of"),
    NoneOf: Text("都不满足", "none of"),
    Unless: Text("前一条成立，后一条除外", "the first, unless the second"),
}
JOINTS: dict[type, Text] = {All: Text("，且", " and "), AnyOf: Text("，或", " or "), NoneOf: Text("，或", " or ")}
SETS = {"some": Text("有", "has "), "none": Text("没有", "has no "), "all": Text("每一", "every "), "count": Text("", "number of ")}
LINKS = {"household": Text("所在户", "household"), "registered_at": Text("户籍地住房", "dwelling of registration")}
OWNERS = {Kind.PERSON: Text("本人", "person"), Kind.HOUSEHOLD: Text("该户", "household"), Kind.DWELLING: Text("该住房", "dwelling")}
"""The owner of a field inside a set of records, where the field is not the record's own."""
ABSENCES = {
    "coverage": Text("", ""),
    "closed": Text("〔没有记录即视为没有〕", " {no record counts as none}"),
    "open": Text("〔没有记录不作为没有的证明〕", " {no record proves nothing}"),
}
YEARS = Field("", FieldType.INT, Text("周岁", "age"), "")
"""The field that stands for the bound of an age; the word for years stands behind the number."""


@dataclass(frozen=True)
class Clauses:
    """The words of one version's rule.

    Args:
        params: its parameters; their values stand beside their names.
    """

    catalogue: Catalogue
    language: str
    params: Mapping[str, Param] = field(default_factory=dict)

    def line(self, node: Node) -> str:
        """A node on a line of its own: what kind of group it is, or what it tests."""
        match node:
            case All() | AnyOf() | NoneOf() | Unless():
                return GROUPS[type(node)][self.language]
            case Check():
                return self._say(f"需人工核实“{node.text.zh}”", f'to be asked: "{node.text.en}"')
            case _:
                return self._leaf(node, None)

    def clause(self, node: Node, inside: Kind | None = None) -> str:
        """A node and all below it as one sentence.

        Args:
            inside: the kind of subject of the records, inside a set of records.
        """
        match node:
            case All(children=(only,)) | AnyOf(children=(only,)):
                return self.clause(only, inside)
            case All() | AnyOf() | NoneOf():
                below = JOINTS[type(node)][self.language].join(self._in_brackets(child, inside) for child in node.children)
                below = below or GROUPS[type(node)][self.language]
                return self._say(f"不符合（{below}）", f"not ({below})") if isinstance(node, NoneOf) else below
            case Unless():
                rule, unless = self._in_brackets(node.rule, inside), self._in_brackets(node.unless, inside)
                return self._say(f"{rule}，但{unless}的除外", f"{rule}, unless {unless}")
            case Check():
                return f"{self.line(node)}{self._say(f'（{node.meta.id}）', f' ({node.meta.id})')}"
            case _:
                return self._leaf(node, inside)

    def _in_brackets(self, node: Node, inside: Kind | None) -> str:
        words = self.clause(node, inside)
        while isinstance(node, All | AnyOf) and len(node.children) == 1:
            node = node.children[0]
        return self._say(f"（{words}）", f"({words})") if isinstance(node, All | AnyOf | Unless) else words

    def _leaf(self, node: Compare | Age | DateTest | Quantifier | Sum, inside: Kind | None) -> str:
        match node:
            case Compare():
                return self._comparison(node, inside)
            case Age():
                return self._age(node, inside)
            case DateTest():
                return self._date_test(node, inside)
            case Quantifier():
                return self._quantifier(node, inside)
            case Sum():
                return self._sum(node, inside)
            case _:
                assert_never(node)

    def _comparison(self, node: Compare, inside: Kind | None) -> str:
        kind = self.field_of(node.ref)
        signs = DAYS if kind.type is FieldType.DATE else NUMBERS if kind.type in (FieldType.INT, FieldType.DECIMAL) else OPERATORS
        return self._joint(self.field(node.ref, inside), signs[node.op], self.value(node.value, kind, inside))

    def _age(self, node: Age, inside: Kind | None) -> str:
        value, sign, birth_date = self.value(node.value, YEARS, inside), AGES[node.op][self.language], self.field(node.ref, inside)
        at = self._say(f"在 {node.at} 当天", f" on {node.at}") if node.at else ""
        return self._say(
            f"按{birth_date}{at}{sign} {value}{' ' if value[-1:].isascii() else ''}周岁", f"age by {birth_date}{at} {sign} {value}"
        )

    def _date_test(self, node: DateTest, inside: Kind | None) -> str:
        day = self.field(node.ref, inside)
        if node.period is None:
            return self._joint(day, DAYS[node.op], "" if node.value is None else self.value(node.value, self.field_of(node.ref), inside))
        long = period_words(node.period, self.language)
        if node.op == "at_least_ago":
            return self._say(f"{day}至今满{long}", f"{day} at least {long} ago")
        return self._say(f"{day}在最近{long}内", f"{day} within the last {long}")

    def _quantifier(self, node: Quantifier, inside: Kind | None) -> str:
        elements = SETS[node.kind][self.language] + self.elements(node, inside)
        if node.op is None or node.value is None:
            return elements
        return self._joint(elements + self._say("的个数", ""), NUMBERS[node.op], self.value(node.value, None, inside))

    def _sum(self, node: Sum, inside: Kind | None) -> str:
        per = "" if node.per is None else self._say(f"除以{self.field(node.per, inside)}后", f" ÷ {self.field(node.per, inside)}")
        addend, over = self.field(node.addend, _about(node.path, self.catalogue)), self.elements(node, inside)
        total = self._say(f"{over}的{addend}合计{per}", f"sum of {addend} over {over}{per}")
        unit = self.field_of(node.addend) if node.per is None else None
        return self._joint(total, NUMBERS[node.op], self.value(node.value, unit, inside))

    def elements(self, node: Quantifier | Sum, inside: Kind | None = None) -> str:
        """The set of a quantifier or sum: its path, the condition on each element, and the meaning of absent records."""
        path, end = self.path(node.path), ABSENCES[node.absence][self.language]
        if node.where is None:
            return path + end
        where = self.clause(node.where, _about(node.path, self.catalogue))
        every = isinstance(node, Quantifier) and node.kind == "all"
        return self._say(f"{path}都符合（{where}）" if every else f"{path}（{where}）", f"{path} [{where}]") + end

    def path(self, path: Iterable[Step]) -> str:
        """The path to a set, each step by its title."""
        return self._say("的", " › ").join(self._step(step) for step in path)

    def _step(self, step: Step) -> str:
        match step.kind:
            case "link":
                return LINKS[step.name][self.language] if step.name in LINKS else step.name
            case "members":
                return self._say("家庭成员", "members")
            case "records" | "inverse":
                title = self.feed(step.name)
                return title if self.language == "en" or title.endswith("记录") else f"{title}记录"
            case _:
                assert_never(step.kind)

    def feed(self, name: str) -> str:
        """A feed by its title, with its name where another feed has the same title."""
        title = self.catalogue.feeds[name].title[self.language]
        return title if self._feeds[title] == 1 else self._say(f"{title}（{name}）", f"{title} ({name})")

    def field(self, ref: FieldRef, inside: Kind | None = None) -> str:
        """A field by its title, with the links that lead to it, and with its feed where another field has the same title.

        Args:
            inside: as in ``clause``.
        """
        feed, title = self.catalogue.feeds[ref.feed], self.field_of(ref).title[self.language]
        twice = sum(other.title[self.language] == title for other in feed.fields.values()) > 1
        own = self._say(f"{title}（{ref.field}）", f"{title} ({ref.field})") if twice else title
        if ref.own:
            return own
        named = own if self._fields[title] <= 1 else self._say(f"{self.feed(ref.feed)}·{own}", f"{self.feed(ref.feed)}: {own}")
        links = [LINKS[link] if link in LINKS else Text(link, link) for link in ref.links]
        owner = [OWNERS[inside]] if inside is not None else []
        return self._say("的", "'s ").join([*(word[self.language] for word in (*owner, *links)), named])

    def value(self, value: Value, kind: Field | None, inside: Kind | None = None) -> str:
        """A value as people read it: numbers with their unit, codes by their labels, a parameter with its values.

        Args:
            kind: the field that is compared with it; None for ages and counts.
        """
        if isinstance(value, ParamValue):
            return self._param(value, kind, inside)
        words = self._say("、", ", ").join(self._scalar(scalar, kind) for scalar in value.values)
        return words + ("" if kind is None else unit_words(kind.unit, self.language))

    def short(self, value: Value) -> str:
        """A parameter by its name, its table and its factor, without its values."""
        if isinstance(value, Literals):
            return self.value(value, None)
        by = "" if value.by is None else self._say(f"（按{self.field(value.by)}）", f"[{self.field(value.by)}]")
        return f"{self.param(value.param)}{by}" + (f" × {exact_words(value.times)}" if value.times != 1 else "")

    def param(self, name: str) -> str:
        """A parameter by its label, else by its name."""
        parameter = self.params.get(name)
        return parameter.label[self.language] if parameter is not None and parameter.label is not None else name

    def _times(self, value: ParamValue) -> str:
        return "" if value.times == 1 else self._say(f"的 {exact_words(value.times)} 倍", f" × {exact_words(value.times)}")

    def _param(self, value: ParamValue, kind: Field | None, inside: Kind | None) -> str:
        parameter = self.params.get(value.param)
        by = "" if value.by is None else self._say(f"按{self.field(value.by, inside)}：", f"by {self.field(value.by, inside)}: ")
        keys = None if value.by is None else self.field_of(value.by)
        entries = () if parameter is None else parameter.entries
        dated = self._say("；", "; ").join(
            self._say(f"{start} 起 {self.entry(entry, keys, kind)}", f"{self.entry(entry, keys, kind)} from {start}")
            for start, entry in entries
        )
        unit = "" if parameter is None or kind is YEARS else unit_words(parameter.unit, self.language)
        brackets = self._say(f"（{by}{dated}{unit}）", f" ({by}{dated}{unit})") if by or dated else ""
        return f"{self.param(value.param)}{brackets}{self._times(value)}"

    def entry(self, value: object, keys: Field | None = None, kind: Field | None = None) -> str:
        """One dated entry of a parameter: a value, or a table cell by cell.

        Args:
            keys: the field by which a table is read.
            kind: the field that is compared with its values.
        """
        if not isinstance(value, tuple):
            return self._scalar(value, kind)
        cells = (f"{self._key(key, keys)}{self._say('为 ', ': ')}{self._scalar(cell, kind)}" for key, cell in value)
        return self._say("，", ", ").join(cells)

    def _key(self, key: object, keys: Field | None) -> str:
        if not isinstance(key, tuple):
            return self._code(str(key), keys)
        low, high = key
        if low == high:
            return str(low)
        if high is None:
            return self._say(f"{low} 以上", f"{low}..")
        return self._say(f"{high} 以下", f"..{high}") if low is None else self._say(f"{low} 至 {high}", f"{low}..{high}")

    def _scalar(self, value: object, kind: Field | None) -> str:
        if not isinstance(value, str):
            return number_words(value)
        if kind is None or kind.type not in (FieldType.DIVISION, FieldType.TEXT):
            return self._code(value, kind)
        if kind.type is FieldType.DIVISION:
            return street(value, self.catalogue.divisions, self.language)
        return self._say(f"“{value}”", f'"{value}"')

    def _code(self, code: str, kind: Field | None) -> str:
        """A code by its label or English title, both where codes share it; by itself where the language has none."""
        labels = {} if kind is None else dict(kind.values if self.language == "zh" else kind.titles_en)
        label = labels.get(code, code)
        return self._say(f"{label}（{code}）", f"{label} ({code})") if list(labels.values()).count(label) > 1 else label

    def list_field(self, column: FieldRef | PeopleField) -> str:
        """A field that a list shows, of the subject or of the people of a path."""
        if isinstance(column, FieldRef):
            return self.field(column)
        field, people = self.field(column.ref), self.path(column.path)
        return self._say(f"{people}的{field}", f"{field} of {people}")

    def field_of(self, ref: FieldRef) -> Field:
        """A field as its contract declares it."""
        return self.catalogue.feeds[ref.feed].fields[ref.field]

    def _joint(self, left: str, sign: Text, right: str) -> str:
        if self.language == "en":
            return f"{left} {sign.en} {right}"
        return f"{left}{sign.zh}{' ' if right[:1].isascii() else ''}{right}"

    def _say(self, zh: str, en: str) -> str:
        return en if self.language == "en" else zh

    @cached_property
    def _feeds(self) -> Counter[str]:
        return Counter(feed.title[self.language] for feed in self.catalogue.feeds.values())

    @cached_property
    def _fields(self) -> Counter[str]:
        """For each title the number of fields with it, of feeds with one record a subject."""
        single = (feed for feed in self.catalogue.feeds.values() if not feed.many)
        return Counter(field.title[self.language] for feed in single for field in feed.matrix_fields())


def _about(path: tuple[Step, ...], catalogue: Catalogue) -> Kind | None:
    """The kind of subject of the records in a set; None for a set of subjects, for its fields need no owner."""
    last = path[-1]
    return catalogue.feeds[last.name].subject if last.kind in ("records", "inverse") else None
