"""JSON Schemas of the documents that connectors read: units, feed contracts, coverage statements.

A schema is made from the form that reads the document, so an editor and the checker cannot disagree. The checker knows more: which names
must agree. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

from typing import Any

from connectors.contracts.forms import FeedForm, Form, StatementForm, UnitsForm

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def units_schema() -> dict[str, Any]:
    """The schema of ``units.yaml``."""
    return schema_of(UnitsForm, "Huimin units")


def feed_schema() -> dict[str, Any]:
    """The schema of a feed contract.

    Example:
        >>> feed_schema()["properties"]["cardinality"]["enum"]
        ['one', 'many']
    """
    return schema_of(FeedForm, "Huimin feed contract")


def coverage_schema() -> dict[str, Any]:
    """The schema of one line of a coverage file."""
    return schema_of(StatementForm, "Huimin coverage statement")


def schema_of(form: type[Form], title: str) -> dict[str, Any]:
    """The schema of any form."""
    return {"$schema": _DIALECT, **form.model_json_schema(by_alias=True), "title": title}
