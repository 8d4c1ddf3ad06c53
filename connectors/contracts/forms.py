"""The written form of units, feed contracts and coverage statements: their keys and values.

Each form is a pydantic model that checks a document and makes its JSON Schema (``connectors.contracts.schema``). Checks of names that must
agree are in ``connectors.contracts.feeds`` and ``connectors.contracts.network``. An unknown key is refused.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from policies.values import Period, is_division

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


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


def _period(value: object) -> Period:
    try:
        return Period.parse(value if isinstance(value, str) else "")
    except ValueError:
        raise PydanticCustomError("period", "not a period") from None


def _bound(value: object) -> Decimal | date:
    """A bound or ``no_record``: an exact number or a date."""
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


def _share(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 1:
        raise PydanticCustomError("share", "not a share between 0 and 1")
    return Fraction(str(value))


def _word(value: object) -> str:
    """A word that a cell may hold; numbers, dates, true and false need no quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip() if isinstance(value, str | int | Decimal | date) else ""
    if not text:
        raise PydanticCustomError("word", "not a word")
    return text


def _words(value: object) -> list[str]:
    """One word, or a list of words."""
    if isinstance(value, list):
        if not value:
            raise PydanticCustomError("too_short", "needs at least one entry")
        return [_word(entry) for entry in value]
    return [_word(value)]


def _order(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


def _delimiter(value: object) -> str:
    if isinstance(value, str) and (value in ("auto", "tab") or (len(value) == 1 and (value == "\t" or value in _BETWEEN))):
        return value
    raise PydanticCustomError("delimiter", "no delimiter")


def _date_form(value: object) -> str:
    """A form of dates: year, month and day once each, with signs between them."""
    if isinstance(value, str) and _DATE_FORM.fullmatch(value) and set(value) >= {"Y", "M", "D"}:
        return value
    raise PydanticCustomError("date_form", "no form of a date")


_PART = r"(?:YYYY|MM?|DD?)"
_DATE_FORM = re.compile(rf"[^A-Za-z\d]*{_PART}[^A-Za-z\d]+{_PART}[^A-Za-z\d]+{_PART}[^A-Za-z\d]*")
_BETWEEN = ",;|:~^!#&*+/=@_"
_WORD_SCHEMA: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_DAY_SCHEMA = WithJsonSchema({"type": "string", "format": "date"})
_NUMBER_SCHEMA = WithJsonSchema({"type": ["number", "string"]})

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
UnitId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Line = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
Division = Annotated[str, BeforeValidator(_division), WithJsonSchema({"type": "string", "pattern": r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})$"})]
Day = Annotated[date, BeforeValidator(_day), _DAY_SCHEMA]
Span = Annotated[Period, BeforeValidator(_period), PlainSerializer(str), WithJsonSchema({"type": "string", "pattern": "^P"})]
Bound = Annotated[Decimal | date, BeforeValidator(_bound), _NUMBER_SCHEMA]
Absent = Annotated[Decimal | date | str, BeforeValidator(_absent), _NUMBER_SCHEMA]
Share = Annotated[Fraction, BeforeValidator(_share), PlainSerializer(float), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Word = Annotated[str, BeforeValidator(_word), WithJsonSchema(_WORD_SCHEMA)]
Words = Annotated[
    list[str], BeforeValidator(_words), WithJsonSchema({"anyOf": [_WORD_SCHEMA, {"type": "array", "items": _WORD_SCHEMA, "minItems": 1}]})
]
Delimiter = Annotated[
    str,
    BeforeValidator(_delimiter),
    WithJsonSchema({"anyOf": [{"enum": ["auto", "tab"]}, {"type": "string", "minLength": 1, "maxLength": 1}]}),
]
DateForm = Annotated[str, BeforeValidator(_date_form), WithJsonSchema({"type": "string", "examples": ["YYYY.M.D", "D/M/YYYY"]})]


class Form(BaseModel):
    """The base of all forms: unknown keys are refused, and nothing is converted."""

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
    divisions: dict[Division, TextForm] = {}
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
    open: Words = []


class OrderForm(Form):
    column: Line
    type: Literal["date", "time", "number"] | None = None


_ORDER_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object", "additionalProperties": False, "required": ["column"],
            "properties": {"column": {"type": "string"}, "type": {"enum": ["date", "time", "number"]}},
        },
    ]
}  # fmt: skip


class ValueForm(Form):
    """A value of an enum: its label and synonyms, and its English title."""

    zh: Words
    en: Line | None


def _value(value: object) -> object:
    """A value of an enum; a bare label, or a list of it and its synonyms, has no English title."""
    return value if isinstance(value, dict | ValueForm) else {"zh": value, "en": None}


_VALUE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _WORD_SCHEMA,
        {"type": "array", "items": _WORD_SCHEMA, "minItems": 1},
        {
            "type": "object", "additionalProperties": False, "required": ["zh", "en"],
            "properties": {
                "zh": {"anyOf": [_WORD_SCHEMA, {"type": "array", "items": _WORD_SCHEMA, "minItems": 1}]},
                "en": {"type": "string", "minLength": 1, "pattern": r"^\S(.*\S)?$"},
            },
        },
    ]
}  # fmt: skip
Value = Annotated[ValueForm, BeforeValidator(_value), WithJsonSchema(_VALUE_SCHEMA)]


class FieldForm(Form):
    type: Literal["text", "enum", "int", "decimal", "date", "division"]
    title: TextForm
    column: Line | None = None
    unit: Line | None = None
    scale: int | None = Field(default=None, ge=0, le=9)
    min: Bound | None = None
    max: Bound | None = None
    values: dict[Code, Value] | None = None
    no_record: Absent | None = None
    sensitivity: Literal["identity", "quasi"] | None = None
    codes: Literal[True] | None = None


class AgreementForm(Form):
    purposes: list[Name]
    discloses: list[Name]
    until: Day | None = None


class BoundsForm(Form):
    shrinks_to: Share = Field(default=0.8, validate_default=True)
    late_after: Span | None = None
    moves: Share = Field(default=0.1, validate_default=True)


class DeliveryForm(Form):
    expected_every: Span | None = None
    format: Literal["csv", "jsonl", "xlsx"] = "csv"
    encoding: Literal["utf-8", "gb18030", "auto"] = "utf-8"
    max_unplaced: Share = Field(default=0.001, validate_default=True)
    bounds: BoundsForm = BoundsForm()
    sheets: Words = []
    header_row: int | None = Field(default=None, ge=1)
    header: Literal["find"] | None = None
    delimiter: Delimiter = ","
    footer: Words = []
    nulls: Words = []
    true_words: Words = Field(default=[], alias="true")
    false_words: Words = Field(default=[], alias="false")
    thousands: Literal[",", "'", " "] | None = None
    currency: Words = []
    dates: list[DateForm] = []


class FeedForm(Form):
    format: Literal[1]
    feed: Name
    title: TextForm
    sources: list[SourceForm] = Field(min_length=1)
    subject: Literal["person", "household", "dwelling"]
    registers: Literal["person", "household", "dwelling"] | None = None
    cardinality: Literal["one", "many"]
    key: Line
    order: Annotated[OrderForm, BeforeValidator(_order), WithJsonSchema(_ORDER_SCHEMA)]
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
    """The data with plain dicts and lists, as pydantic's strict mode requires."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(value) for value in data]
    return data
