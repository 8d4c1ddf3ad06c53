"""A policy made ready for the naive evaluator: its tree as nodes with ids and paths, its dated parameters.

`use` is replaced by what it stands for. After this module every occurrence of a leaf is a node of its own, with a path of its own.

Source: docs/en/semantics.md §5 (parameters), §7 and §8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.oracles.naive_values import Field, Period, day, division, period, text

LISTS = ("all", "any", "none")
LEAVES = ("check", "age_of", "date_of", "quantifier", "sum_of", "field")


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the tree. `form` is one of LISTS, "rule" or one of LEAVES; a rule's children are rule and unless."""

    id: str
    path: str
    form: str
    raw: Mapping[str, Any]
    children: tuple[Node, ...]
    where: Node | None


@dataclass(frozen=True, slots=True)
class Policy:
    """What of a policy matters to a verdict."""

    kind: str
    benefit: bool
    scope: str
    first: date
    last: date
    max_age: Mapping[str, Period]  # by feed
    params: Mapping[str, tuple[tuple[date, Mapping[str, Any]], ...]]  # entries by their `from`
    root: Node

    def param(self, name: str, as_of: date) -> Mapping[str, Any] | None:
        """The entry of a parameter with the greatest `from` up to as_of; None if there is none."""
        entries = [entry for entry in self.params[name] if entry[0] <= as_of]
        return max(entries, key=lambda entry: entry[0])[1] if entries else None


def policy_of(raw: Mapping[str, Any]) -> Policy:
    """A policy as loaded from YAML."""
    effective = raw.get("effective") or {}
    definitions = raw.get("definitions") or {}
    return Policy(
        kind=raw["subject"],
        benefit={"benefit": True, "burden": False}[raw["direction"]],
        scope=division(text(raw["scope"]["division"])),
        first=date.min if effective.get("from") is None else day(effective["from"]),
        last=date.max if effective.get("to") is None else day(effective["to"]),
        max_age={
            feed: period(item["max_age"]) for feed, item in (raw.get("evidence") or {}).items() if "max_age" in item
        },
        params={
            name: tuple((day(entry["from"]), entry) for entry in item["values"])
            for name, item in (raw.get("params") or {}).items()
        },
        root=node_of(raw["criteria"], "criteria", definitions),
    )


def node_of(
    raw: Mapping[str, Any],
    path: str,
    definitions: Mapping[str, Mapping[str, Any]],
    inside_where: bool = False,
    name: str | None = None,
    using: frozenset[str] = frozenset(),
) -> Node:
    """The node at a path, `use` replaced by its definition.

    Args:
        raw: the node as loaded from YAML.
        path: where it stands, from the root.
        definitions: the policy's named definitions.
        inside_where: checks are refused there.
        name: the id given to it from outside (by `use`).
        using: the definitions being replaced on the way here.
    """
    if "use" in raw:
        used = raw["use"]
        if used in using:
            raise ValueError(f"definition {used} uses itself")
        return node_of(definitions[used], path, definitions, inside_where, raw.get("id", name or used), using | {used})

    def child(below: Mapping[str, Any], step: str) -> Node:
        return node_of(below, f"{path}.{step}", definitions, inside_where, None, using)

    forms = [form for form in (*LISTS, "rule", *LEAVES) if form in raw]
    if len(forms) != 1:
        raise ValueError(f"{path} should be one kind of node, is {forms}")
    form = forms[0]
    if form == "check" and inside_where:
        raise ValueError(f"{path}: a check is refused inside `where`")
    children: tuple[Node, ...] = ()
    if form in LISTS:
        children = tuple(child(below, f"{form}[{i}]") for i, below in enumerate(raw[form]))
    elif form == "rule":
        children = tuple(child(raw[part], part) for part in ("rule", "unless") if part in raw)
    where = None
    if raw.get("where") is not None:
        where = node_of(raw["where"], f"{path}.where", definitions, True, None, using)
    return Node(text(name or raw.get("id") or path), path, form, raw, children, where)


def table_entry(table: Mapping[Any, Any], key: Any, spec: Field) -> Any:
    """The entry of a table for a key: the exact one first, then a range (2..4, 5..); None if not in the table."""
    for table_key, value in table.items():
        if spec.type != "int":
            if spec.codes.get(text(table_key), text(table_key)) == key:
                return value
        elif text(table_key) == str(key):
            return value
    for table_key, value in table.items():
        low, dots, high = text(table_key).partition("..")
        if spec.type == "int" and dots and int(low) <= key and (not high or key <= int(high)):
            return value
    return None
