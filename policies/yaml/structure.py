"""Validating one part of a document against its class; what is wrong becomes problems with places.

pydantic says what is wrong and where; the sentence about what was expected is the class's own description of that key. ``slip_of_shape``,
``words_of`` and ``classes_at`` serve the contracts' reporter, too (``connectors.contracts.reporting``). Source: pydantic's error types.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from policies.problems.problems import Word, comma_list, suggestion, value_text
from policies.values import Text
from policies.yaml.document import Document, Path
from policies.yaml.marks import word_for
from policies.yaml.report import Reporter

M = TypeVar("M", bound=BaseModel)
_COMMA = Text(
    "；如果是列表的一项，请给整个列表加方括号“[ ]”；如果是文字被逗号截断，请给整段文字加引号",
    "; if it is an entry of a list, put the list in square brackets [ ]; if a comma cut a text in two, put the whole text in quotes",
)


def validate_part(model: type[M], data: object, path: Path, reporter: Reporter) -> M | None:
    """The part as an instance of its class, or None with its problems reported.

    Args:
        model: the class it must have.
        data: as in the document.
        path: where it stands.
    """
    if not isinstance(data, dict):
        not_a_map(data, path, keys_of(model), reporter)
        return None
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_context=False):
            _tell(model, _Fault(error["type"], error["loc"], error["input"], data), path, reporter)
        return None
    except (RecursionError, OverflowError):  # a nest no message could explain
        reporter.add("value-invalid", path, given=value_text(type(data).__name__), expected=Text("简单的值", "a plain value"))
        return None


def not_a_map(data: object, path: Path, keys: Iterable[str], reporter: Reporter) -> None:
    """Report a list, or a plain value, where a map was expected."""
    if isinstance(data, list) and data:
        reporter.add("list-unwanted", path, keys=comma_list(keys))
    else:
        reporter.add("map-expected", path, given=value_text(data), keys=comma_list(keys))


@dataclass(frozen=True, slots=True)
class _Fault:
    """One of pydantic's errors, with the data it is about."""

    kind: str
    loc: tuple[int | str, ...]
    value: object
    data: object

    def path_and_tags(self) -> tuple[Path, Path]:
        """The error's place in the document, and the tags of unions that pydantic put between."""
        here, path, tags = self.data, [], []
        for position, part in enumerate(self.loc):
            if part == "[key]":
                continue
            inside = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int) and part < len(here)
            if inside:
                here = here[part]  # type: ignore[index]  # it is inside
            if inside or (self.kind == "missing" and position == len(self.loc) - 1):
                path.append(part)
            else:
                tags.append(part)
        return tuple(path), tuple(tags)


def _tell(model: type[BaseModel], fault: _Fault, path: Path, reporter: Reporter) -> None:
    inner, tags = fault.path_and_tags()
    classes, info = classes_at(model, inner)
    if (
        tags
        and fault.loc[-1] == tags[-1]
        and fault.kind.endswith("_type")
        and isinstance(fault.value, dict) is not (tags[-1] in _class_names(info))
    ):
        return  # the member of a union that was not meant
    place = (*path, *inner)
    keys = keys_of(*classes)
    match fault.kind:
        case "missing":
            reporter.add("key-missing", place[:-1], key=str(place[-1]), expected=_expectation(info))
        case "extra_forbidden" if place:
            comma = _COMMA if fault.value is None else Text("", "")
            words: dict[str, Word] = {
                "word": value_text(place[-1]),
                "meant": suggestion(place[-1], keys),
                "choices": comma_list(keys),
                "comma": comma,
            }
            reporter.add_at_key("key-unknown", place, **words)
        case "model_type" | "dict_type" if isinstance(fault.value, list | str):
            not_a_map(fault.value, place, keys or [_expectation(info).zh], reporter)
        case kind if (slip := slip_of_shape(kind, fault.value, place, info, reporter.document)) is not None:
            reporter.add(slip[0], place, **slip[1])
        case "literal_error" if info is not None:
            choices = words_of(info)
            reporter.add(
                "word-unknown", place, word=value_text(fault.value), meant=suggestion(fault.value, choices), choices=comma_list(choices)
            )
        case _:
            add = reporter.add_at_key if fault.loc[-1:] == ("[key]",) else reporter.add
            add("value-invalid", place, given=value_text(fault.value), expected=_expectation(info))


def slip_of_shape(
    kind: str, value: object, place: Path, info: FieldInfo | None, document: Document | None
) -> tuple[str, dict[str, Word]] | None:
    """Code and words (``policies.problems.sentences_yaml``) of a value that is right but for its form; None where it is no such slip.

    Args:
        kind: pydantic's type of the error.
        info: the key with that value, where it is known.
        document: shows how the value is written.
    """
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    match kind:
        case "list_type" if isinstance(value, dict):
            return "list-wanted", {"key": key}
        case "list_type" if isinstance(value, str | int | Decimal):
            return "list-brackets", {"typed": value_text(value)}
        case "string_type" if isinstance(value, int | Decimal | date) and not isinstance(value, bool) and place[-1:] != ("division",):
            return "text-quotes", {"typed": document.scalar_text(place) if document else value_text(value)}
        case "literal_error" if (typed := word_for(value, words_of(info))) is not None:
            return "word-form", {"given": value_text(value), "typed": typed}
        case _:
            return None


def words_of(info: FieldInfo | None) -> list[str]:
    """The words that the value of a key may be."""
    return [] if info is None else [choice if isinstance(choice, str) else value_text(choice) for choice in _literals(info.annotation)]


def keys_of(*models: type[BaseModel]) -> list[str]:
    return [info.alias or name for model in models for name, info in model.model_fields.items()]


def _expectation(info: FieldInfo | None) -> Text:
    if info is None or info.description is None:
        return Text("符合格式的值", "a value of the right form")
    extra = info.json_schema_extra
    zh = extra.get("x-zh") if isinstance(extra, Mapping) else None
    return Text(str(zh or info.description), info.description)


def classes_at(model: type[BaseModel], loc: Path) -> tuple[list[type[BaseModel]], FieldInfo | None]:
    """Walk a place down the classes: those at its end, and the key last passed."""
    classes, info, named = [model], None, False
    for part in loc:
        if named:  # a name of the document's own, which may be that of a key
            named = False
            continue
        next_info = next((f for m in classes for n, f in m.model_fields.items() if part == (f.alias or n)), None)
        if next_info is not None:
            info, classes, named = next_info, _classes(next_info.annotation) or classes, _is_map(next_info.annotation)
    return classes, info


def _is_map(annotation: Any) -> bool:
    """May the value be a map whose keys its author names?"""
    return get_origin(annotation) is dict or (
        get_origin(annotation) in (Union, types.UnionType, Annotated) and any(map(_is_map, get_args(annotation)))
    )


def _classes(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, Annotated, list, dict, tuple):
        return [model for inner in get_args(annotation) for model in _classes(inner)]
    return []


def _class_names(info: FieldInfo | None) -> list[str]:
    return [] if info is None else [model.__name__ for model in _classes(info.annotation)]


def _literals(annotation: Any) -> list[object]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for inner in get_args(annotation) for choice in _literals(inner)]
