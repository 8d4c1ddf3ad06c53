"""Results as JSON, and their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from policies.values import Kind, Text
from services.results import Hidden, Internal, Key, OmittedWhenEmpty, Sentence, Token, plain, schema


class Engine:
    """Something that no JSON has."""


@dataclass(frozen=True, slots=True)
class Example:
    """An example.

    Args:
        subject, other: who it is
            about.
        start: the first day.
    """

    subject: Token
    other: Token | None
    message: Sentence
    both: Text
    kind: Kind
    start: Annotated[date | None, Key("from")]
    place: Path
    counts: Mapping[str, int]
    engine: Internal[Engine]
    on_screen: Annotated[str, Hidden] = "only shown"
    note: Annotated[str | None, OmittedWhenEmpty] = None
    lines: tuple[str, ...] = field(default_factory=tuple)


EXAMPLE = Example(255, None, Text("早", "early"), Text("甲", "A"), Kind.PERSON, date(2026, 10, 15), Path("w"), {"z": 1, "a": 2}, Engine())


@pytest.mark.parametrize(("language", "message"), [("zh", "早"), ("en", "early")])
def test_a_result_is_plain_values(language: str, message: str) -> None:
    """Tokens as 16 hex digits, days as ISO writes them, sentences in a language, the order of a mapping kept; nothing that is hidden."""
    assert plain(EXAMPLE, language) == {
        "subject": "00000000000000ff",
        "other": None,
        "message": message,
        "both": {"zh": "甲", "en": "A"},
        "kind": "person",
        "from": "2026-10-15",
        "place": "w",
        "counts": {"z": 1, "a": 2},
        "lines": [],
    }
    assert list(plain(EXAMPLE, language)["counts"]) == ["z", "a"]


def test_what_is_printed_satisfies_the_schema() -> None:
    """A list of results, too; a key that is optional may be there; what another type has, or lacks a key, does not."""
    validator = Draft202012Validator(schema(list[Example], "examples"))
    rows = plain([EXAMPLE], "en", list[Example])

    validator.validate(rows)
    validator.validate([{**rows[0], "note": "so"}])
    for wrong in ({**rows[0], "subject": 255}, {**rows[0], "from": 3}, {key: value for key, value in rows[0].items() if key != "lines"}):
        assert not validator.is_valid([wrong])


def test_the_docstring_describes_the_keys() -> None:
    """Its first part the object, its arguments the keys, by their names in JSON."""
    body = schema(Example, "example")

    assert body["description"] == "An example."
    assert body["properties"]["from"]["description"] == "the first day."
    assert body["properties"]["subject"]["description"] == body["properties"]["other"]["description"] == "who it is about."
    assert "on_screen" not in body["properties"] and "note" not in body["required"]
