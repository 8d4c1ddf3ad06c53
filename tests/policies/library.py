"""The library's policies and its catalogue, read once for the tests of this folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from connectors.contracts.catalogue import read_catalogue
from policies.language.catalogue import Catalogue
from policies.yaml.document import Document, load

LIBRARY = Path(__file__).parents[2] / "policies" / "library"


@cache
def catalogue() -> Catalogue:
    """The catalogue of the library's units and feeds."""
    contracts = {path.name: path.read_text(encoding="utf-8") for path in sorted((LIBRARY / "feeds").glob("*.yaml"))}
    return read_catalogue((LIBRARY / "units.yaml").read_text(encoding="utf-8"), contracts)


@cache
def documents() -> dict[str, Document]:
    """The library's policies by name; nobody may change their data."""
    return {path.stem: load(path.read_text(encoding="utf-8"), path.name) for path in sorted((LIBRARY / "policies").glob("*.yaml"))}
