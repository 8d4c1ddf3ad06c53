"""The JSON Schemas of the output of verbs."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import ValidationError  # type: ignore[import-untyped]  # ships no types

from console.cli.main import command
from console.cli.reference import verbs
from console.cli.results import RESULTS, schemas
from tests.console.conftest import Run
from tests.console.results import SCHEMAS, validate, verb_of

NO_RESULT = {
    "bench": "prints the figures of benchmarks.run", "worker": "prints nothing", "up": "runs until it is stopped",
    "kafka describe": "prints an AsyncAPI document", "policy schema": "prints JSON Schemas",
}  # fmt: skip
"""Verbs whose ``--json`` is no result of a service, with the reason."""
TO_COME: set[str] = set()
"""Verbs that are to print a result later."""


def test_the_schemas_are_those_of_the_results() -> None:
    """docs/schemas is what ``python -m console.cli.results`` writes."""
    assert {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")} == schemas()


def test_every_verb_has_its_schema() -> None:
    """A verb without a schema is in ``NO_RESULT`` or ``TO_COME``."""
    names = {name.removeprefix("huimin ") for name, _ in verbs(command("en"))}

    assert names - RESULTS.keys() == NO_RESULT.keys() | TO_COME


def test_what_is_printed_is_held_against_its_schema(run: Run) -> None:
    """A new key, a missing key and another type are refused; every run in the console's tests is checked so."""
    run("init", "--example")
    line = ["unit", "list", "--json"]
    units = json.loads(run(*line).stdout)

    assert verb_of(["--workspace", "w", *line]) == "unit list"
    wrongs: list[Any] = [[{**units[0], "new": 1}], [{**units[0], "title": {"zh": "甲", "en": "a"}}], [{"id": "a"}], {}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            validate(line, SimpleNamespace(stdout=json.dumps(wrong)))
