"""The description of the interface is that of the routes, and a valid OpenAPI 3.1 document."""

from __future__ import annotations

import json

from console.api.app import PREFIX
from console.api.description import FILE, PAGES, description
from console.api.routes import ALL
from tests.docs.pages import ROOT


def test_the_file_is_of_today() -> None:
    """``python -m console.api.description`` writes it."""
    assert (ROOT / FILE).read_text(encoding="utf-8") == description()


def test_every_route_is_described_in_both_languages() -> None:
    """By name, with its parameters and the schema of its answer."""
    document = json.loads(description())

    assert document["openapi"].startswith("3.1")
    described = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
        if "operationId" in operation
    }
    assert set(described) == {route.name for route in ALL}
    for route in ALL:
        assert route.title.zh in described[route.name]["description"]
        assert route.title.en in described[route.name]["description"]
    assert {PREFIX + path for path, *_ in PAGES} <= set(document["paths"])
