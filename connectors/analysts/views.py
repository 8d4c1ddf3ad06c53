"""The answers that stand ready in a snapshot of rows: views, each with its text, and comments in two languages.

``connectors.analysts.manifest`` picks those whose tables a snapshot has. Writers put them into the file; ``verify`` holds those of a file
against the texts here, and never runs one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.values import Text


@dataclass(frozen=True, slots=True)
class View:
    """A view of a snapshot.

    Args:
        needs: tables, views before it and columns (``table.column``) without which it is left out.
        columns: what each column is, in the order of the statement.
    """

    name: str
    needs: tuple[str, ...]
    comment: Text
    columns: Mapping[str, Text]
    sql: str


VIEWS: tuple[View, ...] = (
    View(
        "residents_by_street",
        ("persons.street", "persons.registered"),
        Text("各街镇的在册居民数", "registered residents by street"),
        {"street": Text("街镇代码", "street, by its code"), "residents": Text("在册居民数", "registered residents")},
        "SELECT street, count(*) AS residents FROM persons WHERE registered GROUP BY street",
    ),
)
