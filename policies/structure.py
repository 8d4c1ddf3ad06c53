"""Validating one part of a document against its class, as problems with places.

The one idea: pydantic says what is wrong and where; the sentence about what was expected is the class's own description of that key.
Source: pydantic's error types.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from policies.document import Path
from policies.problems import Word, listed, meant, shown
from policies.report import Reporter
from policies.values import Text

M = TypeVar("M", bound=BaseModel)
_COMMA = Text("；如果是文字被逗号截断，请给整段文字加引号", "; if a comma cut a text in two, put the whole text in quotes")


def validated(model: type[M], data: object, path: Path, reporter: Reporter) -> M | None:
    """The part as an instance of its class, or None with its problems reported.

    Args:
        model: the class it must have.
        data: as in the document.
        path: where it stands.
    """
    if not isinstance(data, dict):
        reporter.add("map-expected", path, given=shown(data), keys=listed(_keys(model)))
        return None
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_context=False):
            _tell(model, _Fault(error["type"], error["loc"], error["input"], data), path, reporter)
        return None
    except (RecursionError, OverflowError):  # a nest no message could explain
        reporter.add("value-invalid", path, given=shown(type(data).__name__), expected=Text("简单的值", "a plain value"))
        return None


@dataclass(frozen=True, slots=True)
class _Fault:
    """One of pydantic's errors, with the data it is about."""

    kind: str
    loc: tuple[int | str, ...]
    given: object
    data: object

    def written(self) -> tuple[Path, Path]:
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
    inner, tags = fault.written()
    classes, info = _followed(model, inner)
    if (
        tags
        and fault.loc[-1] == tags[-1]
        and fault.kind.endswith("_type")
        and isinstance(fault.given, dict) is not (tags[-1] in _class_names(info))
    ):
        return  # the member of a union that was not meant
    place = (*path, *inner)
    keys = _keys(*classes)
    match fault.kind:
        case "missing":
            reporter.add("key-missing", place[:-1], key=str(place[-1]), expected=_said(info))
        case "extra_forbidden" if place:
            comma = _COMMA if fault.given is None else Text("", "")
            words: dict[str, Word] = {"word": shown(place[-1]), "meant": meant(place[-1], keys), "choices": listed(keys), "comma": comma}
            reporter.add_at_key("key-unknown", place, **words)
        case "literal_error" if info is not None:
            choices = [str(choice) for choice in _literals(info.annotation)]
            reporter.add("word-unknown", place, word=shown(fault.given), meant=meant(fault.given, choices), choices=listed(choices))
        case _:
            add = reporter.add_at_key if fault.loc[-1:] == ("[key]",) else reporter.add
            add("value-invalid", place, given=shown(fault.given), expected=_said(info))


def _keys(*models: type[BaseModel]) -> list[str]:
    return [info.alias or name for model in models for name, info in model.model_fields.items()]


def _said(info: FieldInfo | None) -> Text:
    if info is None or info.description is None:
        return Text("符合格式的值", "a value of the right form")
    extra = info.json_schema_extra
    zh = extra.get("x-zh") if isinstance(extra, Mapping) else None
    return Text(str(zh or info.description), info.description)


def _followed(model: type[BaseModel], loc: Path) -> tuple[list[type[BaseModel]], FieldInfo | None]:
    """Walk a place down the classes: those at its end, and the key last passed."""
    classes, info = [model], None
    for part in loc:
        found = next((f for m in classes for n, f in m.model_fields.items() if part == (f.alias or n)), None)
        if found is not None:
            info, classes = found, _classes(found.annotation) or classes
    return classes, info


def _classes(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, Annotated, list, dict, tuple):
        return [found for inner in get_args(annotation) for found in _classes(inner)]
    return []


def _class_names(info: FieldInfo | None) -> list[str]:
    return [] if info is None else [found.__name__ for found in _classes(info.annotation)]


def _literals(annotation: Any) -> list[object]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [found for inner in get_args(annotation) for found in _literals(inner)]
