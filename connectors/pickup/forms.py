"""The written form of ``ways_in.yaml``: its keys and values.

Each form is a pydantic model that checks the document and makes its JSON Schema. ``connectors.pickup.ways_in`` reads it, and checks what
must agree. No secret stands in the document: it names the environment variable or the file that holds one.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from connectors.contracts.forms import Form, Line, Name, UnitId, Words
from connectors.pickup.schedule import duration, time_of_day


def _duration(value: object) -> timedelta:
    try:
        return value if isinstance(value, timedelta) else duration(value if isinstance(value, str) else "")
    except ValueError:
        raise PydanticCustomError("duration", "not a duration") from None


def _time(value: object) -> time:
    try:
        return value if isinstance(value, time) else time_of_day(value if isinstance(value, str) else "")
    except ValueError:
        raise PydanticCustomError("time_of_day", "not a time of day") from None


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(str), WithJsonSchema({"type": "string", "pattern": "^P"})]
TimeOfDay = Annotated[time, BeforeValidator(_time), PlainSerializer(str), WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d$"})]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Query = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]


class SecretForm(Form):
    """Where a secret is: in a variable of the environment, or in a file."""

    environment: Variable | None = None
    file: Line | None = None


class SqlForm(Form):
    driver: Literal["postgresql", "sqlite"]
    uri: SecretForm
    query: Query
    watermark: Line | None = None
    overlap: Duration | None = None
    rows: int = Field(default=10_000, ge=1, le=1_000_000)


class SftpForm(Form):
    host: Line
    port: int = Field(default=22, ge=1, le=65_535)
    user: Line
    known_hosts: Line
    key: SecretForm | None = None
    passphrase: SecretForm | None = None
    password: SecretForm | None = None
    folder: Line
    files: Words = Field(default=["*"])
    finished: Literal["unchanged", "marker"] = "unchanged"
    quiet: Duration = Field(default=timedelta(seconds=5), validate_default=True)
    move_to: Line | None = None


class PullForm(Form):
    source: UnitId | None = None
    full: Literal[True] | None = None
    complete: Literal[True] | None = None
    every: Duration | None = None
    at: TimeOfDay | None = None
    sql: SqlForm | None = None
    sftp: SftpForm | None = None


class DropFeedForm(Form):
    source: UnitId | None = None
    full: Literal[True] | None = None


class DropForm(Form):
    folder: Line = "drop"
    quiet: Duration = Field(default=timedelta(seconds=10), validate_default=True)
    feeds: dict[Name, DropFeedForm] = Field(default={})


class WaysInForm(Form):
    format: Literal[1]
    drop: DropForm | None = None
    pull: dict[Name, PullForm] = Field(default={})
