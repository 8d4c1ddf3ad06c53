"""Mutants: small wrong versions of a policy, which its cases should tell from the right one.

``services.policies.cases`` runs the cases of a policy on them: a case that no mutant fails tests nothing. Each mutant changes one thing
that an official could get wrong: a bound, a number by its last written place (1595 by 1, 7.00 by 0.01, "1.5" by 0.1), a period by one of
its smallest part or a day, a criterion left out. Source: DeMillo, Lipton, Sayward 1978, "Hints on test data selection".
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from policies.cases.mutations import moved_number, moved_period, moved_times
from policies.problems.places import chinese
from policies.values import Text
from policies.yaml.document import Path, digest_of, path_text

Mutant: TypeAlias = tuple[Text, str, dict[str, Any]]

SWAPS = {"lt": "le", "le": "lt", "gt": "ge", "ge": "gt", "eq": "ne", "ne": "eq", "in": "not_in", "not_in": "in"}
GROUPS = ("all", "any", "none")
_POINTED = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One edit: its place, what it does to a copy of the document, and its description."""

    path: Path
    edit: Callable[[Any], None]
    text: Text


def mutants(data: dict[str, Any]) -> Iterator[Mutant]:
    """Every mutant of a policy document that differs from it, each once.

    The checker may refuse a mutant (a parameter that begins too late). A caller counts such a mutant as caught.

    Args:
        data: the document's data; it is not changed.

    Returns:
        What was changed (both languages), the path, and the whole mutated document.
    """
    digests = {digest_of(data)}
    for change in changes(data):
        mutant = copy.deepcopy(data)
        change.edit(mutant)
        digest = digest_of(mutant)
        if digest not in digests:
            digests.add(digest)
            yield change.text, path_text(change.path), mutant


def changes(data: dict[str, Any]) -> Iterator[Change]:
    """Every edit, in the order of the document."""
    effective = data.get("effective")
    if isinstance(effective, dict):
        for key in ("from", "to"):
            yield from _moves(data, ("effective", key))
    for name in _keys(data.get("evidence")):
        path = ("evidence", name, "max_age")
        for period in moved_period(str(_at(data, path)), only_days=True):
            yield _replacement(data, path, period)
    yield from _params(data)
    for name in _keys(data.get("definitions")):
        yield from _node(data, ("definitions", name))
    yield from _node(data, ("criteria",))


def _params(data: dict[str, Any]) -> Iterator[Change]:
    for name in _keys(data.get("params")):
        entries = data["params"][name].get("values") if isinstance(data["params"][name], dict) else None
        for position, entry in enumerate(entries if isinstance(entries, list) else []):
            path: Path = ("params", name, "values", position)
            yield from _moves(data, (*path, "from"))
            yield from _moves(data, (*path, "value"))
            for key in _keys(entry.get("table") if isinstance(entry, dict) else None):
                yield from _moves(data, (*path, "table", key))


def _node(data: dict[str, Any], path: Path) -> Iterator[Change]:
    node = _at(data, path)
    if not isinstance(node, dict):
        return
    op = node.get("op")
    if isinstance(op, str) and op in SWAPS:
        yield _replacement(data, (*path, "op"), SWAPS[op])
    yield from _values(data, node, path)
    for key in GROUPS:
        for position in range(len(node[key])) if isinstance(node.get(key), list) else ():
            yield from _omissions(data, (*path, key, position))
            yield from _node(data, (*path, key, position))
    if isinstance(node.get("rule"), dict) and "unless" in node:
        yield _without_exception(path)
    if "where" in node and node.get("quantifier") != "all":
        yield _deletion((*path, "where"), Text("去掉逐条的条件", "where dropped"))
    for key in ("rule", "unless", "where"):
        if key in node:
            yield from _node(data, (*path, key))


def _values(data: dict[str, Any], node: dict[str, Any], path: Path) -> Iterator[Change]:
    for key in ("within_last", "at_least_ago"):
        for period in moved_period(str(node[key])) if node.get(key) is not None else ():
            yield _replacement(data, (*path, key), period)
    for key in ("value", "before", "after", "as_of"):
        value, place = node.get(key), (*path, key)
        if isinstance(value, dict):
            for times in moved_times(value["times"]) if value.get("times") is not None else ():
                yield _replacement(data, (*place, "times"), times)
        elif isinstance(value, list):
            for position in range(len(value)):
                yield from _moves(data, (*place, position))
                if len(value) > 1:
                    yield _deletion((*place, position), Text(f"去掉取值 {value[position]}", f"value {value[position]} dropped"))
        else:
            yield from _moves(data, place)


def _moves(data: dict[str, Any], path: Path) -> Iterator[Change]:
    """Change a number by its last written place and a date by a day, in both directions."""
    value = _at(data, path)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield from (_replacement(data, path, number) for number in moved_number(value))
    elif isinstance(value, str) and _POINTED.fullmatch(value):  # a decimal in quotes; without a point it may be a code
        yield from (_replacement(data, path, str(number)) for number in moved_number(Decimal(value)))
    elif isinstance(value, date):
        for step in (-_DAY, _DAY):
            if date.min + _DAY <= value <= date.max - _DAY:
                yield _replacement(data, path, value + step)


def _omissions(data: dict[str, Any], path: Path) -> Iterator[Change]:
    """Leave a criterion out. An only child takes its group with it, up to the first group with other children."""
    while path and not (isinstance(path[-1], int) and len(_at(data, path[:-1])) > 1):
        if path[-1] == "where" and _at(data, path[:-1]).get("quantifier") != "all":
            yield _deletion(path, Text("去掉逐条的条件", "where dropped"))
            return
        if not isinstance(path[-1], int):  # rule, unless, criteria, a definition, the where of all: nothing to leave out
            return
        path = path[:-2]
    if path:
        name = _name(_at(data, path), path)
        yield _deletion(path, Text(f"去掉条件 {chinese(name)}", f"criterion {name} dropped"))


def _without_exception(path: Path) -> Change:
    def edit(data: Any) -> None:
        node = _at(data, path)
        rule = node.pop("rule")
        del node["unless"]
        rest = dict(node)
        node.clear()
        node.update({**rest, **rule})

    return Change((*path, "unless"), edit, Text("去掉例外", "the exception (unless) dropped"))


def _replacement(data: dict[str, Any], path: Path, value: object) -> Change:
    def edit(copied: Any) -> None:
        _at(copied, path[:-1])[path[-1]] = value

    before = _at(data, path)
    name = path_text(path)
    return Change(path, edit, Text(f"{chinese(name)}：{before} 改为 {value}", f"{name}: {before} becomes {value}"))


def _deletion(path: Path, text: Text) -> Change:
    def edit(copied: Any) -> None:
        del _at(copied, path[:-1])[path[-1]]

    return Change(path, edit, text)


def _at(data: Any, path: Path) -> Any:
    for part in path:
        inside = (isinstance(data, dict) and part in data) or (isinstance(data, list) and isinstance(part, int) and part < len(data))
        if not inside:
            return None
        data = data[part]
    return data


def _keys(data: Any) -> list[str]:
    return list(data) if isinstance(data, dict) else []


def _name(node: Any, path: Path) -> str:
    return str(node["id"]) if isinstance(node, dict) and "id" in node else path_text(path)
