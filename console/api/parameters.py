"""The types of parameters that several families of routes share."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from infra.settings import moment
from services.lists.candidates import parse_token

Name = Annotated[str, Field(min_length=1, max_length=100, description="政策代号 / name of a policy")]
Feed = Annotated[str, Field(min_length=1, max_length=100, description="数据源 / name of a feed")]
Subject = Annotated[str, Field(pattern="^[0-9a-f]{16}$", description="对象化名 / token of a subject")]
Limit = Annotated[int, Field(ge=1, le=1000, description="一页最多几行 / rows of a page at most")]
Cursor = Annotated[str | None, Field(max_length=200, description="上一页给出的游标 / what the page before gave as next")]
Day = Annotated[date | None, Field(description="哪一天；默认今天 / the day; default: the state's")]
KnownAt = Annotated[
    str | None, Field(max_length=24, description="只用这一刻已知的：日期或 #消息号 / only what was known then: a day, or # and a message")
]
Words = Annotated[list[str] | None, Field(max_length=50)]
Yaml = Annotated[str, Field(max_length=512_000, description="YAML 文本 / the text of a document")]
Remark = Annotated[str, Field(min_length=1, max_length=500)]


class Body(BaseModel):
    """The body of a request: nothing but what is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def token(text: str) -> int:
    """The subject of a path."""
    return parse_token(text)


def known_moment(text: str | None) -> int | date | None:
    """The moment that a query names."""
    return None if text is None else moment(text)
