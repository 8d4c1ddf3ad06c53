"""Checked policies and catalogues as JSON values, and back.

``streams.ledgers.documents`` keeps them so in a checkpoint: to read one back takes a twentieth of the time that checking its document
takes. A value is a list that begins with the name of its class; the values of its fields follow in their order. The program that checked
it is named beside it (``Parts.reader``); what another program checked is checked again from its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from policies import values
from policies.language import catalogue, tree

CLASSES: Mapping[str, type[Any]] = {
    name: kind
    for module in (values, tree, catalogue)
    for name, kind in vars(module).items()
    if is_dataclass(kind) and isinstance(kind, type)
}
_FIELDS = {name: tuple(field.name for field in fields(kind)) for name, kind in CLASSES.items()}
_WRITERS: Mapping[type[Any], Callable[[Any], list[Any]]] = {
    date: lambda value: ["date", value.isoformat()],
    Fraction: lambda value: ["fraction", str(value)],
    Decimal: lambda value: ["decimal", str(value)],
    values.Kind: lambda value: ["Kind", value.value],
    catalogue.FieldType: lambda value: ["FieldType", value.value],
    tuple: lambda value: ["tuple", *map(to_json, value)],
}
_READERS: Mapping[str, Callable[[list[Any]], Any]] = {
    "date": lambda parts: date.fromisoformat(parts[1]),
    "fraction": lambda parts: Fraction(parts[1]),
    "decimal": lambda parts: Decimal(parts[1]),
    "Kind": lambda parts: values.Kind(parts[1]),
    "FieldType": lambda parts: catalogue.FieldType(parts[1]),
    "tuple": lambda parts: tuple(map(from_json, parts[1:])),
    "list": lambda parts: list(map(from_json, parts[1:])),
}


def to_json(value: Any) -> Any:
    """A policy, a catalogue or any part of one as JSON.

    Raises:
        TypeError: it holds something that JSON has no exact form for.

    Example:
        >>> written(values.Period(24))
        ['Period', 24, 0]
    """
    kind = type(value)
    if value is None or kind in (str, int, bool, float):
        return value
    if kind in _WRITERS:
        return _WRITERS[kind](value)
    if CLASSES.get(kind.__name__) is kind:
        return [kind.__name__, *(to_json(getattr(value, name)) for name in _FIELDS[kind.__name__])]
    match value:
        case Mapping() if all(isinstance(key, str) for key in value):
            return {str(key): to_json(part) for key, part in value.items()}
        case list():
            return ["list", *map(to_json, value)]
        case str() | int() | float():  # a reader of YAML has subclasses that remember how it was written
            return next(plain(value) for plain in (str, int, float) if isinstance(value, plain))
        case _:
            raise TypeError(f"{kind.__name__} cannot be kept")


def from_json(data: Any) -> Any:
    """What ``written`` was given.

    Raises:
        KeyError, TypeError, ValueError: it is not of that form.

    Example:
        >>> read(["Period", 24, 0])
        Period(months=24, days=0)
    """
    if isinstance(data, list):
        name = data[0]
        return _READERS[name](data) if name in _READERS else CLASSES[name](*map(from_json, data[1:]))
    if isinstance(data, dict):
        return {key: from_json(part) for key, part in data.items()}
    return data
