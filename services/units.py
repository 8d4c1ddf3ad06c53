"""The units of a workspace: list them, add one.

The verbs of ``unit`` call this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.results import Sentence

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """A unit of the workspace.

    Args:
        kind: cooperating, or member.
        contact: phone, address and hours, as far as known.
    """

    id: str
    kind: str
    division: str
    title: Sentence
    contact: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddedUnit:
    """The id of a unit that was added."""

    unit: str


def units(workspace: Workspace) -> list[ListedUnit]:
    """Every unit, in the order of the document."""
    return [ListedUnit(u.id, u.kind, u.division, u.title, dict(u.contact)) for u in workspace.catalogue().units.values()]


def add_unit(workspace: Workspace, unit: str, kind: str, division: str, zh: str, en: str, contact: Mapping[str, str]) -> AddedUnit:
    """Write one more unit into ``units.yaml``; its comments and order stay.

    Raises:
        Invalid: the document would have problems; nothing has changed.
    """
    from infra.workspace.contracts import in_effect_with
    from streams.disk.files import write_whole

    with workspace.editing():
        document, _ = workspace.documents()
        longer = _with_line(document, _line(unit, kind, division, zh, en, contact))
        workspace.say_not_in_effect(in_effect_with(workspace, units=longer))
        write_whole(workspace.root / "units.yaml", longer)
    return AddedUnit(unit)


def _line(unit: str, kind: str, division: str, zh: str, en: str, contact: Mapping[str, str]) -> str:
    """A unit as a line of units.yaml; every text quoted, so that nothing in it is YAML."""
    where = ", ".join(f"{name}: {_quote(text)}" for name, text in contact.items())
    tail = f", contact: {{{where}}}" if where else ""
    return (
        f"{{id: {_quote(unit)}, kind: {_quote(kind)}, division: {_quote(division)}, title: {{zh: {_quote(zh)}, en: {_quote(en)}}}{tail}}}"
    )


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _with_line(units: str, line: str) -> str:
    """units.yaml with one more entry, its comments and order kept."""
    dashes = re.findall(r"^( *)- ", units, flags=re.MULTILINE)
    indent = dashes[-1] if dashes else "  "
    return units.rstrip("\n") + f"\n{indent}- {line}\n"
