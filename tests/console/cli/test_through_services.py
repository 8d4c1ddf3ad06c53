"""The command line parses, calls a service and renders: it opens no state, and imports no matcher."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

MODULES = sorted((ROOT / "console" / "cli").glob("*.py"))
OPENING = {"reading", "writing", "store", "submit", "submit_many", "submit_each"}
"""The methods that open or change the state of a workspace."""
ENGINE = (
    "matchers",
    "streams.embedded",
    "streams.network",
    "streams.steps",
    "streams.store",
    "streams.lists",
    "streams.ledgers",
    "streams.wire",
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_verb_goes_through_a_service(path: Path) -> None:
    """No verb opens a state or submits to it, or imports a matcher or the store, not even for a type."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    imports = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert calls & OPENING == set()
    assert [name for name in imports if name.startswith(ENGINE)] == []
