"""The form of a policy document: one pydantic class for each of its parts.

A class declares its keys, with one sentence for each key in both languages. The JSON Schema, the messages and the form editor are all made
from it. Classes are shallow: a child node is checked where it stands, so one mistake hides no other and nothing recurses here.
Source: docs/en/semantics.md; JSON Schema 2020-12.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from policies.values import Period

Child: TypeAlias = Annotated[Any, WithJsonSchema({"x-ref": "Node"})]
Literal_: TypeAlias = Annotated[Any, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Given: TypeAlias = Annotated[Any, WithJsonSchema({"anyOf": [
    {"type": ["string", "number", "boolean"]}, {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1},
    {"x-ref": "ParamRef"}]})]  # fmt: skip
Slug: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,64}$")]
Reference: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words: TypeAlias = Annotated[str, StringConstraints(pattern=r"\S", max_length=4000)]
Compared: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge"]
Absence: TypeAlias = Literal["coverage", "closed", "open"]


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _share(value: object) -> object:
    """A number between 0 and 1, exactly; anything else unchanged, for pydantic to refuse."""
    exact = isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 <= value <= 1
    return Fraction(str(value)) if exact else value


def _period(value: object) -> object:
    return Period.parse(value) if isinstance(value, str) else value


def _day_or_period(value: object) -> object:
    """A day or a period.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str):
        return Period.parse(value) if value.startswith("P") else date.fromisoformat(value)
    if isinstance(value, date):
        return value
    raise ValueError("neither a day nor a period")


Day: TypeAlias = Annotated[date, BeforeValidator(_day)]
Span: TypeAlias = Annotated[Period, BeforeValidator(_period), WithJsonSchema(
    {"type": "string", "pattern": r"^P(?=\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?$"})]  # fmt: skip
DayOrSpan: TypeAlias = Annotated[Any, PlainValidator(_day_or_period), WithJsonSchema({"anyOf": [
    {"type": "string", "format": "date"}, {"type": "string", "pattern": r"^P(?=\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?$"}]})]  # fmt: skip


Share: TypeAlias = Annotated[Fraction, BeforeValidator(_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]


def described_key(zh: str, en: str, **more: Any) -> Any:
    """A key with its sentence in both languages (English is the schema's ``description``)."""
    return Field(description=en, json_schema_extra={"x-zh": zh}, **more)


class Part(BaseModel):
    """Whatever is not understood is refused, never skipped."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


class BothTexts(Part):
    """One sentence in both languages."""

    zh: Words = described_key("中文文字", "text in Chinese")
    en: Words = described_key("英文文字", "text in English")


class Scope(Part):
    division: str = described_key("区划代码，加引号", 'a GB/T 2260 division code in quotes, such as "310107"')


class Source(Part):
    document: Words = described_key("政策文件名称", "name of the policy document")
    issuer: Words = described_key("发布单位：名称，或网络内单位的代号", "who issued it: a name, or the id of a unit of the network")
    published: Day | None = described_key("发布日期，如 2026-09-01", "day of publication, such as 2026-09-01", default=None)
    url: Words | None = described_key("文件网址", "where to read it", default=None)
    note: BothTexts | Words | None = described_key("说明：文字，或 {zh, en}", "a note: text, or {zh, en}", default=None)


class Effective(Part):
    from_: Day = described_key("生效的第一天，如 2026-10-01", "first day in force, such as 2026-10-01", alias="from")
    to: Day | None = described_key("生效的最后一天，或 null", "last day in force, or null", default=None)


class Evidence(Part):
    max_age: Span = described_key("覆盖声明的最长时效，如 P30D", "how old its coverage may be, such as P30D")


class Bounds(Part):
    """Beyond these, exits of a benefit and entries of a burden are held until somebody has looked."""

    moves: Share | None = described_key(
        "一次交付可使名单移出的比例，0 至 1 的小数，如 0.1；不写则依数据源约定",
        "share of the list one delivery may take off, 0 to 1, such as 0.1; the feeds' own if left out",
        default=None,
    )
    amendment: Share = described_key(
        "新版本可使名单移出的比例，0 至 1 的小数，缺省为 0.2",
        "share of the list a new version may take off, 0 to 1; 0.2 if left out",
        default_factory=lambda: Fraction(1, 5),
    )
    at_least: int = described_key("少于多少人时不暂缓，从 1 起的整数，缺省为 20",
                         "below how many people nothing is held, a whole number from 1; 20 if left out",
                         default=20, ge=1)  # fmt: skip


class ParamEntry(Part):
    from_: Day = described_key("自何日起，如 2026-07-01", "from which day, such as 2026-07-01", alias="from")
    value: Literal_ | None = described_key("一个值", "one value", default=None)
    table: dict[str, Literal_] | None = described_key("按代码或整数区间列出的表", "a table by code or range of whole numbers", default=None)


class Param(Part):
    unit: Words | None = described_key("计量单位，如 CNY/month", "unit, such as CNY/month", default=None)
    cite: Words | None = described_key("出处条款", "article it comes from", default=None)
    label: BothTexts | None = described_key("名称 {zh, en}", "label {zh, en}", default=None)
    values: list[ParamEntry] = described_key("按日期列出的值，至少一个", "dated values, at least one", min_length=1)


class ParamRef(Part):
    """A dated parameter in the place of a value."""

    param: Name = described_key("参数名", "name of a parameter")
    times: Literal_ | None = described_key(
        '倍数：小数或分数文字，如 "1.5"、"1/3"', 'factor, decimal or fraction text, such as "1.5", "1/3"', default=None
    )
    by: Reference | None = described_key("按哪个字段查表", "the field by which the table is read", default=None)


class PolicyModel(Part):
    """A policy: who is meant, by which articles, from when, and on what evidence."""

    format: Literal[1] = described_key("格式版本，现为 1", "version of the format, now 1")
    policy: Slug = described_key("政策代号：小写字母、数字、连字符", "name of the policy: lower-case letters, digits, hyphens")
    version: int = described_key("版本号，从 1 起的整数", "version, a whole number from 1", ge=1)
    direction: Literal["benefit", "burden"] = described_key("惠及(benefit)或负担(burden)", "benefit or burden")
    subject: Literal["person", "household", "dwelling"] = described_key(
        "对象：person、household、dwelling", "person, household or dwelling"
    )
    scope: Scope = described_key("范围 {division}", "scope {division}")
    title: BothTexts = described_key("政策名称 {zh, en}", "title {zh, en}")
    source: Source = described_key("来源文件 {document, issuer, published}", "source {document, issuer, published}")
    agency: Slug = described_key("经办单位代号", "id of the unit carrying it out")
    purpose: Name = described_key("使用目的，须为各协议所许可", "purpose, which the agreements must cover")
    effective: Effective = described_key("生效期 {from, to}", "days in force {from, to}")
    apply_by: DayOrSpan | None = described_key(
        "申请截止日，如 2027-03-31；或自生效第一天起的期限，如 P90D",
        "last day for applications, such as 2027-03-31; or a period from the first day in force, such as P90D",
        default=None,
    )
    papers: list[BothTexts] = described_key(
        "每位申请人都要带的材料 {zh, en}", "papers that every applicant brings {zh, en}", default_factory=list
    )
    evidence: dict[str, Evidence] = described_key(
        "以缺失为证的数据源及其时效", "feeds whose absence proves something, and how old coverage may be", default_factory=dict
    )
    bounds: Bounds = described_key("超出即暂缓的界限 {moves, amendment, at_least}",
                          "bounds beyond which changes are held {moves, amendment, at_least}",
                          default_factory=Bounds)  # fmt: skip
    params: dict[Name, Param] = described_key("带日期的参数", "dated parameters", default_factory=dict)
    definitions: dict[Name, Child] = described_key("可用 use 引用的条件", "named criteria for use", default_factory=dict)
    discloses: list[Reference] = described_key("名单上披露的字段", "fields shown on the list", default_factory=list)
    criteria: Child = described_key("条件", "the criteria")
