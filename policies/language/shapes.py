"""The shapes of a rule node: which keys make which node, one class for each.

A node is recognised by the one key that only its kind has (``SHAPE_OF_KEY``), a quantifier by its word. A new shape is a new class and a
new line of the table. Source: docs/en/semantics.md sections 5 to 8.
"""

from __future__ import annotations

from typing import Literal

from policies.language.models import (
    Absence,
    BothTexts,
    Child,
    Compared,
    Day,
    Given,
    Name,
    Part,
    Reference,
    Span,
    Words,
    described_key,
)


class NodeShape(Part):
    """What every node may carry: its name in reasons, the article, a label, and the papers that show it."""

    id: Name | None = described_key("条件代号", "name of the criterion", default=None)
    cite: Words | None = described_key("出处条款", "article", default=None)
    label: BothTexts | None = described_key("名称 {zh, en}", "label {zh, en}", default=None)
    papers: list[BothTexts] = described_key(
        "此条件尚未查明时要带的材料 {zh, en}", "papers to bring while this criterion is open {zh, en}", default_factory=list
    )


class AllShape(NodeShape):
    """Every one of these."""

    all: list[Child] = described_key("条件列表，至少一项", "a list of criteria, at least one", min_length=1)


class AnyShape(NodeShape):
    """At least one of these."""

    any: list[Child] = described_key("条件列表，至少一项", "a list of criteria, at least one", min_length=1)


class NoneShape(NodeShape):
    """Not one of these."""

    none: list[Child] = described_key("条件列表，至少一项", "a list of criteria, at least one", min_length=1)


class RuleShape(NodeShape):
    """A rule and its exception."""

    rule: Child = described_key("一个条件", "a criterion")
    unless: Child = described_key("例外条件", "the exception, a criterion")


class UseShape(NodeShape):
    """A named definition, in this place."""

    use: Name = described_key("definitions 中的名称", "a name of definitions")


class CheckShape(NodeShape):
    """Asked of a person, not of records."""

    check: BothTexts = described_key("由人核对的问题 {zh, en}", "what a person checks {zh, en}")


class FieldShape(NodeShape):
    """A field compared with a value."""

    field: Reference = described_key("字段，如 hukou.sex", "a field, such as hukou.sex")
    op: Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "within"] = described_key("比较方式", "how to compare")
    value: Given = described_key("值、值的列表，或 {param}", "a value, a list of values, or {param}")


class AgeShape(NodeShape):
    """Completed years since a date, birthday included."""

    age_of: Reference = described_key("日期字段，如 hukou.birth_date", "a date field, such as hukou.birth_date")
    op: Compared = described_key("比较方式", "how to compare")
    value: Given = described_key("周岁数，或 {param}", "completed years, or {param}")
    as_of: Day | None = described_key("计算日期，缺省为判定当日", "the day to count to; the day of the verdict if left out", default=None)


class DateShape(NodeShape):
    """A date against the day of the verdict, or another date."""

    date_of: Reference = described_key("日期字段", "a date field")
    within_last: Span | None = described_key("在最近一段时间内，如 P24M", "within the last period, such as P24M", default=None)
    at_least_ago: Span | None = described_key("至少这么久以前，如 P30Y", "at least so long ago, such as P30Y", default=None)
    before: Given | None = described_key("早于某日(不含)", "before a day, not included", default=None)
    after: Given | None = described_key("晚于某日(不含)", "after a day, not included", default=None)


class SetShape(NodeShape):
    """A set of records or members."""

    over: Reference = described_key("数据源或关系路径，如 members", "a feed or path of links, such as members")
    absence: Absence = described_key(
        "缺失的读法：coverage、closed、open", "how absence is read: coverage, closed, open", default="coverage"
    )


class SomeShape(SetShape):
    """There is one; there is none."""

    quantifier: Literal["some", "none"] = described_key("some 或 none", "some or none")
    where: Child | None = described_key("对每条记录的条件", "a criterion on each record", default=None)


class EveryShape(SetShape):
    """Every one of the set."""

    quantifier: Literal["all"] = described_key("all", "all")
    where: Child = described_key("对每条记录的条件", "a criterion on each record")


class CountShape(SetShape):
    """How many there are."""

    quantifier: Literal["count"] = described_key("count", "count")
    where: Child | None = described_key("对每条记录的条件", "a criterion on each record", default=None)
    op: Compared = described_key("比较方式", "how to compare")
    value: Given = described_key("个数，或 {param}", "a number, or {param}")


class SumShape(SetShape):
    """A sum over a set, a head where ``per`` is set."""

    sum_of: Reference = described_key("求和字段，如 income.monthly_income", "the field added up, such as income.monthly_income")
    where: Child | None = described_key("对每条记录的条件", "a criterion on each record", default=None)
    per: Reference | None = described_key("人均的除数字段，如 household.size", "the divisor, such as household.size", default=None)
    op: Compared = described_key("比较方式", "how to compare")
    value: Given = described_key("数值，或 {param}", "a number, or {param}")


SHAPE_OF_KEY: dict[str, type[NodeShape]] = {
    "all": AllShape, "any": AnyShape, "none": NoneShape, "rule": RuleShape, "use": UseShape, "check": CheckShape,
    "field": FieldShape, "age_of": AgeShape, "date_of": DateShape, "sum_of": SumShape, "quantifier": SetShape,
}  # fmt: skip
"""The one key that makes a node what it is."""

QUANTIFIERS: dict[str, type[NodeShape]] = {"some": SomeShape, "none": SomeShape, "all": EveryShape, "count": CountShape}

SHAPES: tuple[type[NodeShape], ...] = (AllShape, AnyShape, NoneShape, RuleShape, UseShape, CheckShape, FieldShape, AgeShape, DateShape,
                                   SomeShape, EveryShape, CountShape, SumShape)  # fmt: skip
