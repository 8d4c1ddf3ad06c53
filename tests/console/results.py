"""What a verb printed with ``--json``, against its schema in docs/schemas. Called for every run of ``huimin`` in the tests of the console."""

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
    """The published schema of a verb; here no key may be printed that it does not name."""
    schema = json.loads((SCHEMAS / f"{verb.replace(' ', '-')}.json").read_text(encoding="utf-8"))
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return Draft202012Validator(schema)


def verb_of(words: Sequence[str]) -> str | None:
    """The verb of a line, where it is one with a schema."""
    return next((verb for n in (2, 1) for at in range(len(words)) if (verb := " ".join(words[at : at + n])) in RESULTS), None)


def validate(words: Sequence[Any], result: Any) -> None:
    """Raises where a run printed JSON that its schema does not allow.

    Args:
        result: of click's runner.
    """
    line = [str(word) for word in words]
    verb = verb_of(line) if "--json" in line and "--help" not in line else None
    if verb is not None and result.stdout:
        validator(verb).validate(json.loads(result.stdout))
