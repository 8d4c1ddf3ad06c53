"""The shapes of a rule node: which keys make which node, one class for each.

A node is recognised by the one key that only its kind has (``TELLING``), a quantifier by its word. A new shape is a new class and a new
line of the table. Source: docs/en/semantics.md sections 5 to 8.
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
    said,
)


class Shape(Part):
    """What every node may carry: its name in reasons, the article, a label."""

    id: Name | None = said("条件代号", "name of the criterion", default=None)
    cite: Words | None = said("出处条款", "article", default=None)
    label: BothTexts | None = said("名称 {zh, en}", "label {zh, en}", default=None)


class AllShape(Shape):
    """Every one of these."""

    all: list[Child] = said("条件列表，至少一项", "a list of criteria, at least one", min_length=1)


class AnyShape(Shape):
    """At least one of these."""

    any: list[Child] = said("条件列表，至少一项", "a list of criteria, at least one", min_length=1)


class NoneShape(Shape):
    """Not one of these."""

    none: list[Child] = said("条件列表，至少一项", "a list of criteria, at least one", min_length=1)


class RuleShape(Shape):
    """A rule and its exception."""

    rule: Child = said("一个条件", "a criterion")
    unless: Child = said("例外条件", "the exception, a criterion")


class UseShape(Shape):
    """A named definition, in this place."""

    use: Name = said("definitions 中的名称", "a name of definitions")


class CheckShape(Shape):
    """Asked of a person, not of records."""

    check: BothTexts = said("由人核对的问题 {zh, en}", "what a person checks {zh, en}")


class FieldShape(Shape):
    """A field compared with a value."""

    field: Reference = said("字段，如 hukou.sex", "a field, such as hukou.sex")
    op: Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "within"] = said("比较方式", "how to compare")
    value: Given = said("值、值的列表，或 {param}", "a value, a list of values, or {param}")


class AgeShape(Shape):
    """Completed years since a date, birthday included."""

    age_of: Reference = said("日期字段，如 hukou.birth_date", "a date field, such as hukou.birth_date")
    op: Compared = said("比较方式", "how to compare")
    value: Given = said("周岁数，或 {param}", "completed years, or {param}")
    as_of: Day | None = said("计算日期，缺省为判定当日", "the day to count to; the day of the verdict if left out", default=None)


class DateShape(Shape):
    """A date against the day of the verdict, or another date."""

    date_of: Reference = said("日期字段", "a date field")
    within_last: Span | None = said("在最近一段时间内，如 P24M", "within the last period, such as P24M", default=None)
    at_least_ago: Span | None = said("至少这么久以前，如 P30Y", "at least so long ago, such as P30Y", default=None)
    before: Given | None = said("早于某日(不含)", "before a day, not included", default=None)
    after: Given | None = said("晚于某日(不含)", "after a day, not included", default=None)


class SetShape(Shape):
    """A set of records or members."""

    over: Reference = said("数据源或关系路径，如 members", "a feed or path of links, such as members")
    absence: Absence = said("缺失的读法：coverage、closed、open", "how absence is read: coverage, closed, open", default="coverage")


class SomeShape(SetShape):
    """There is one; there is none."""

    quantifier: Literal["some", "none"] = said("some 或 none", "some or none")
    where: Child | None = said("对每条记录的条件", "a criterion on each record", default=None)


class EveryShape(SetShape):
    """Every one of the set."""

    quantifier: Literal["all"] = said("all", "all")
    where: Child = said("对每条记录的条件", "a criterion on each record")


class CountShape(SetShape):
    """How many there are."""

    quantifier: Literal["count"] = said("count", "count")
    where: Child | None = said("对每条记录的条件", "a criterion on each record", default=None)
    op: Compared = said("比较方式", "how to compare")
    value: Given = said("个数，或 {param}", "a number, or {param}")


class SumShape(SetShape):
    """A sum over a set, a head where ``per`` is set."""

    sum_of: Reference = said("求和字段，如 income.monthly_income", "the field added up, such as income.monthly_income")
    where: Child | None = said("对每条记录的条件", "a criterion on each record", default=None)
    per: Reference | None = said("人均的除数字段，如 household.size", "the divisor, such as household.size", default=None)
    op: Compared = said("比较方式", "how to compare")
    value: Given = said("数值，或 {param}", "a number, or {param}")


TELLING: dict[str, type[Shape]] = {
    "all": AllShape, "any": AnyShape, "none": NoneShape, "rule": RuleShape, "use": UseShape, "check": CheckShape,
    "field": FieldShape, "age_of": AgeShape, "date_of": DateShape, "sum_of": SumShape, "quantifier": SetShape,
}  # fmt: skip
"""The one key that makes a node what it is."""

QUANTIFIERS: dict[str, type[Shape]] = {"some": SomeShape, "none": SomeShape, "all": EveryShape, "count": CountShape}

SHAPES: tuple[type[Shape], ...] = (AllShape, AnyShape, NoneShape, RuleShape, UseShape, CheckShape, FieldShape, AgeShape, DateShape,
                                   SomeShape, EveryShape, CountShape, SumShape)  # fmt: skip
