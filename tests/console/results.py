"""Checks the JSON that a verb prints against its schema in docs/schemas, for every run of ``huimin`` in the tests of the console."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from console.cli.results import RESULTS
from tests.docs.pages import ROOT

SCHEMAS = ROOT / "docs" / "schemas"


@cache
def validator(verb: str) -> Draft202012Validator:
    """The published schema of a verb, made stricter: keys that it does not name are refused."""
    schema = json.loads((SCHEMAS / f"{verb.replace(' ', '-')}.json").read_text(encoding="utf-8"))
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return Draft202012Validator(schema)


def verb_of(words: Sequence[str]) -> str | None:
    """The verb of a command line, if it has a schema."""
    return next((verb for n in (2, 1) for at in range(len(words)) if (verb := " ".join(words[at : at + n])) in RESULTS), None)


def validate(words: Sequence[Any], result: Any) -> None:
    """Raise an error where a run printed JSON that its schema does not allow.

    Args:
        result: of click's runner.
    """
    line = [str(word) for word in words]
    verb = verb_of(line) if "--json" in line and "--help" not in line else None
    if verb is not None and result.stdout:
        validator(verb).validate(json.loads(result.stdout))
