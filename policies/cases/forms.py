"""The form of a file of cases: a small world, a day, and what a policy must say of each subject.

``given`` is the whole world. A word that is not understood is an error, never an empty world. Source: docs/en/semantics.md section 10.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import WithJsonSchema

from policies.language.models import Day, Part, Slug, Words, described_key

Record: TypeAlias = Annotated[Any, WithJsonSchema({"anyOf": [
    {"type": "object"}, {"type": "array", "items": {"type": "object"}}, {"type": "string"}]})]  # fmt: skip
Subjects: TypeAlias = dict[str, dict[str, Record]]


class Covered(Part):
    """A coverage statement."""

    feed: str | list[str] = described_key("数据源，一个或列表", "feed, one or a list")
    unit: str | None = described_key("单位；缺省为该数据源的所有单位", "unit; every source of the feed if left out", default=None)
    division: str | None = described_key("区划代码，加引号", "division code in quotes", default=None)
    subjects: list[str] | None = described_key("查过的对象", "the subjects looked up", default=None)
    complete_to: Day = described_key("完整至何日", "complete to which day")


class Replaced(Part):
    """A full replacement."""

    feed: str = described_key("数据源", "feed")
    unit: str | None = described_key("单位；缺省为第一个", "unit; the first source if left out", default=None)
    delivery: int = described_key("批次号，从 1 起", "number of the delivery, from 1", ge=1)


class Given(Part):
    """The whole world of a case."""

    coverage: list[Covered] = described_key("覆盖声明", "coverage statements", default_factory=list)
    persons: Subjects = described_key("个人：名称到数据源", "persons: by name, their feeds", default_factory=dict)
    households: Subjects = described_key("家庭：名称到数据源", "households: by name, their feeds", default_factory=dict)
    dwellings: Subjects = described_key("住房：名称到数据源", "dwellings: by name, their feeds", default_factory=dict)
    replace: list[Replaced] = described_key("全量替换", "full replacements", default_factory=list)
    answers: dict[str, dict[str, Literal["yes", "no"]]] = described_key(
        "人工核对的回答：{对象: {事项: yes|no}}", "answers to checks: {subject: {check: yes|no}}", default_factory=dict)  # fmt: skip


class Missed(Part):
    """What settles an unknown verdict: the criterion, and of which feed and unit."""

    criterion: str = described_key("条件代号", "criterion")
    feed: str | None = described_key("数据源", "feed", default=None)
    unit: str | None = described_key("单位", "unit", default=None)


class Expected(Part):
    """What is expected of one subject. Only what is written is checked: see ``model_fields_set``."""

    verdict: Literal["yes", "no", "unknown"] | None = described_key("判定；null 为不作判定", "verdict; null for none", default=None)
    status: Literal["eligible", "to_check", "needs_evidence"] | None = described_key(
        "名单状态；null 为不在名单", "status; null: not on the list", default=None
    )
    checklist: list[str] = described_key("待核对事项", "checks to be answered", default_factory=list)
    failed: list[str] = described_key("未满足的条件", "criteria that failed", default_factory=list)
    missing: list[str | Missed] = described_key(
        "缺什么：条件代号，或 {criterion, feed, unit}", "what is missing: a criterion, or {criterion, feed, unit}", default_factory=list
    )
    until: Day | None = described_key("判定可能改变的日子；null 为没有", "the next day it may change; null for none", default=None)


class Case(Part):
    """One case: a sentence a lawyer can read."""

    case: Words = described_key("用一句话说明这个案例", "what the case shows, in a sentence")
    cite: Words | None = described_key("条款", "article", default=None)
    as_of: Day = described_key("判定日", "day of the verdict")
    given: Given = described_key("案例的全部世界", "the whole world of the case")
    expect: dict[str, Expected] = described_key("对象到预期", "by subject, what is expected", min_length=1)


class CaseFile(Part):
    """The cases of one policy."""

    format: Literal[1] = described_key("格式版本，现为 1", "version of the format, now 1")
    policy: Slug = described_key("政策代号", "name of the policy")
    cases: list[Case] = described_key("案例列表，至少一个", "cases, at least one", min_length=1)
