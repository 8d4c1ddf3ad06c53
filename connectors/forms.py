"""The written form of units, feed contracts and coverage statements: which keys exist and what may stand there.

The one idea: the form is a pydantic model, so the same lines check a document and make its JSON Schema; what a form cannot say
(names that must agree with each other) is in ``connectors.feeds`` and ``connectors.network``. An unknown key is refused, never skipped.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from policies.values import Period, is_division

_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")


def _division(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise PydanticCustomError("division_unquoted", "write the division code in quotes")
    if not isinstance(value, str) or not is_division(value):
        raise PydanticCustomError("division", "not a division code")
    return value


def _day(value: object) -> date:
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("day", "not a date")


def _period(value: object) -> str:
    try:
        return str(Period.parse(value if isinstance(value, str) else ""))
    except ValueError:
        raise PydanticCustomError("period", "not a period") from None


def _bound(value: object) -> Decimal | date:
    """A bound or a ``no_record`` as written: an exact number or a date."""
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return _day(value)
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise PydanticCustomError("number", "not an exact number")
    try:
        if isinstance(value, str) and not _DECIMAL.fullmatch(value):
            raise PydanticCustomError("number", "not an exact number")
        number = Decimal(value)
    except InvalidOperation:
        raise PydanticCustomError("number", "not an exact number") from None
    if not number.is_finite():
        raise PydanticCustomError("number", "not an exact number")
    return number


def _absent(value: object) -> Decimal | date | str:
    """``no_record``: a number, a date, or an enum code."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    return _bound(value)


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 1:
        raise PydanticCustomError("share", "not a share between 0 and 1")
    return float(value)


_DAY_SCHEMA = WithJsonSchema({"type": "string", "format": "date"})
_NUMBER_SCHEMA = WithJsonSchema({"type": ["number", "string"]})

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
UnitId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Line = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
Division = Annotated[str, BeforeValidator(_division), WithJsonSchema({"type": "string", "pattern": r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})$"})]
Day = Annotated[date, BeforeValidator(_day), _DAY_SCHEMA]
PeriodText = Annotated[str, BeforeValidator(_period), WithJsonSchema({"type": "string", "pattern": "^P"})]
Bound = Annotated[Decimal | date, BeforeValidator(_bound), _NUMBER_SCHEMA]
Absent = Annotated[Decimal | date | str, BeforeValidator(_absent), _NUMBER_SCHEMA]
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]


class Form(BaseModel):
    """A form refuses what it does not know and converts nothing by itself."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class TextForm(Form):
    zh: Line
    en: Line


class UnitForm(Form):
    id: UnitId
    kind: Literal["cooperating", "member"]
    division: Division
    title: TextForm
    contact: dict[str, Line] = {}


class UnitsForm(Form):
    format: Literal[1]
    units: list[UnitForm] = Field(min_length=1)


class SourceForm(Form):
    unit: UnitId
    division: Division


class IdentityForm(Form):
    column: Line
    scheme: Literal["cn-resident-id", "opaque"]
    space: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_./-]*$")] | None = None


class ValidityForm(Form):
    first: Line = Field(alias="from")
    last: Line = Field(alias="to")


class FieldForm(Form):
    type: Literal["text", "enum", "int", "decimal", "date", "division"]
    title: TextForm
    column: Line | None = None
    unit: Line | None = None
    scale: int | None = Field(default=None, ge=0, le=9)
    min: Bound | None = None
    max: Bound | None = None
    values: dict[Code, Line] | None = None
    no_record: Absent | None = None
    sensitivity: Literal["identity"] | None = None


class AgreementForm(Form):
    purposes: list[Name]
    discloses: list[Name]
    until: Day | None = None


class BoundsForm(Form):
    shrinks_to: Share = 0.8
    late_after: PeriodText | None = None
    moves: Share = 0.1


class DeliveryForm(Form):
    expected_every: PeriodText | None = None
    format: Literal["csv", "jsonl", "xlsx"] = "csv"
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    max_unplaced: Share = 0.001
    bounds: BoundsForm = BoundsForm()


class FeedForm(Form):
    format: Literal[1]
    feed: Name
    title: TextForm
    sources: list[SourceForm] = Field(min_length=1)
    subject: Literal["person", "household", "dwelling"]
    registers: Literal["person", "household", "dwelling"] | None = None
    cardinality: Literal["one", "many"]
    key: Line
    order: Line
    identify: dict[Literal["person", "household", "dwelling"], IdentityForm]
    links: dict[Literal["household", "registered_at", "lives_at"], IdentityForm] = {}
    division: Name | None = None
    validity: ValidityForm | None = None
    fields: dict[Name, FieldForm]
    agreement: AgreementForm
    holds: list[TextForm] = []
    delivery: DeliveryForm = DeliveryForm()


class DeliveryRefForm(Form):
    id: Line
    rows: int | None = Field(default=None, ge=0)


class StatementForm(Form):
    """One line of a coverage file: a statement, or the withdrawal of one."""

    format: Literal[1]
    statement: Line
    feed: Name | None = None
    unit: UnitId | None = None
    division: Division | None = None
    subjects: Line | None = None
    complete_to: Day | None = None
    delivery: DeliveryRefForm | None = None
    withdrawn: Literal[True] | None = None


def plain(data: Any) -> Any:
    """The data with every mapping and list a plain one, so that pydantic's strict mode takes it."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(value) for value in data]
    return data
