"""Results of services as JSON, and the JSON Schema of them.

A result is a frozen dataclass, or a list of them. The keys are the names of the fields. A field with another key, or of a type that JSON
does not have, says so in its annotation:

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, slots=True)
    ... class Example:
    ...     subject: Token
    ...     message: Sentence
    ...     start: Annotated[date | None, Key("from")] = None
    >>> plain(Example(255, Text("早", "early"), date(2026, 10, 15)), "en")
    {'subject': '00000000000000ff', 'message': 'early', 'from': '2026-10-15'}

Pydantic reads the annotations when the program runs, so a module with results imports the types of their fields at its head, not under
``TYPE_CHECKING``. The command line prints results with ``--json``; the schemas are in ``docs/schemas`` (``console.cli.results``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date  # noqa: F401  # for the example
from fractions import Fraction
from functools import cache
from inspect import cleandoc
from typing import Annotated, Any, TypeVar

from pydantic import Field, GetCoreSchemaHandler, PlainSerializer, SerializationInfo, TypeAdapter, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from policies.values import Period, Text

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _in_language(text: Text, info: SerializationInfo[dict[str, str]]) -> str:
    return text[info.context["language"]]


Sentence = Annotated[Text, PlainSerializer(_in_language, return_type=str)]
"""A text for people, in JSON in one language. A field of type ``Text`` has both, as ``zh`` and ``en``."""
Token = Annotated[int, PlainSerializer("{:016x}".format, return_type=str), WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{16}$"})]
"""A subject: 16 hex digits."""
PlainPeriod = Annotated[Period, PlainSerializer(str, return_type=str)]
"""A period, in JSON as in ISO 8601."""
PlainShare = Annotated[Fraction, PlainSerializer(float, return_type=float)]
"""A share, in JSON a decimal number."""
Hidden = Field(exclude=True)
"""Marks a field that the screen shows and JSON does not have."""
T = TypeVar("T")


class Opaque:
    """Marks a field whose type pydantic need not know: the field is hidden, or has a serializer of its own."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.any_schema()


Internal = Annotated[T, Opaque(), Hidden]
"""A hidden field of any type: ``Internal[Policy]``."""
OmittedWhenEmpty = Field(exclude_if=lambda value: not value)
"""Marks a field that JSON leaves out where it is empty or false."""


def Key(name: str) -> Any:  # it stands in annotations, beside types
    """Marks a field whose key in JSON is not its name, but a keyword of Python for example."""
    return Field(serialization_alias=name)


def plain(result: Any, language: str, kind: Any = None) -> Any:
    """A result as plain values of JSON.

    Args:
        kind: its type, where the result does not show it: ``list[Finding]``.
    """
    writer: TypeAdapter[Any] = _adapter(type(result) if kind is None else kind)  # type: ignore[arg-type]  # a type is hashable
    return writer.dump_python(result, mode="json", by_alias=True, context={"language": language})


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """The writer of a type; making it takes longer than most results."""
    return TypeAdapter(kind)


def facts(result: Any) -> dict[str, Any]:
    """The fields of a result by name, for a result with these and more."""
    return {field.name: getattr(result, field.name) for field in fields(result)}


def schema(kind: Any, title: str) -> dict[str, Any]:
    """The JSON Schema of the output of ``plain`` for results of a type."""
    body = TypeAdapter(kind).json_schema(mode="serialization", by_alias=True, schema_generator=_SchemaWriter)
    return {"$schema": DIALECT, "title": title, **body}


class _SchemaWriter(GenerateJsonSchema):
    """Requires every key but the optional ones, and takes the descriptions of fields from the docstring of their dataclass."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return "serialization_exclude_if" not in field

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> dict[str, Any]:
        body = super().dataclass_schema(schema)
        described = dict(item for base in reversed(schema["cls"].__mro__) for item in _field_descriptions(cleandoc(base.__doc__ or "")))
        for field in schema["schema"]["fields"]:
            key, name = field.get("serialization_alias", field["name"]), field["name"]
            if key in body["properties"] and name in described:
                body["properties"][key] = {**body["properties"][key], "description": described[name]}
        return {**body, "description": " ".join(body.get("description", "").partition("\n\nArgs:\n")[0].split())}


def _field_descriptions(docstring: str) -> Iterator[tuple[str, str]]:
    """The names of fields in the ``Args:`` of a docstring, each with its description."""
    for line in docstring.partition("\n\nArgs:\n")[2].replace("\n        ", " ").splitlines():
        names, _, words = line.strip().partition(": ")
        yield from ((name.strip(), words) for name in names.split(",") if words)
