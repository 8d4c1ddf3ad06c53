"""The JSON Schemas of the documents that people write, for their editors.

The verb ``policy schema`` calls this.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.contracts.schema import coverage_schema, feed_schema, units_schema
from connectors.pickup.ways_in import ways_in_schema
from infra.workspace.destination import destination, is_schema
from policies.problems.problems import HuiminError, suggestion
from policies.schema import cases_schema, policy_schema
from policies.values import Text
from streams.disk.files import write_whole


@dataclass(frozen=True, slots=True)
class WrittenSchemas:
    """The files that were written."""

    files: list[str]


def document_schemas() -> dict[str, dict[str, Any]]:
    """The schema of each kind of document."""
    return {
        "policy": policy_schema(),
        "cases": cases_schema(),
        "units": units_schema(),
        "feed": feed_schema(),
        "coverage": coverage_schema(),
        "ways-in": ways_in_schema(),
    }


def document_schema(kind: str) -> dict[str, Any]:
    """The schema of one kind of document.

    Raises:
        HuiminError: there is no such kind; names a similar one.
    """
    schemas = document_schemas()
    if kind not in schemas:
        near = suggestion(kind, schemas)
        raise HuiminError(Text(f"没有“{kind}”的 schema。{near.zh}", f"There is no schema {kind!r}.{near.en}"), 2)
    return schemas[kind]


def write_schemas(folder: Path) -> WrittenSchemas:
    """Write every schema into a folder; none where the place of one holds another file."""
    schemas = document_schemas()
    paths = {kind: destination(folder / f"{kind}.schema.json", is_schema(body)) for kind, body in schemas.items()}
    for kind, body in schemas.items():
        write_whole(paths[kind], json.dumps(body, ensure_ascii=False, indent=2) + "\n")
    return WrittenSchemas([str(path) for path in paths.values()])
