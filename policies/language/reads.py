"""What a checked tree reads: its fields and feeds, and where absence is proof.

These are functions of the tree alone. Evidence, agreements, needs and the compiler's closure are all made from them.
Source: docs/en/semantics.md sections 3, 4 and 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from policies.language.catalogue import Catalogue
from policies.language.tree import (
    Age,
    All,
    AnyOf,
    Check,
    Compare,
    DateTest,
    FieldRef,
    Node,
    NoneOf,
    ParamValue,
    Quantifier,
    Step,
    Sum,
    Unless,
    Value,
    nodes,
)

Role: TypeAlias = Literal["field", "addend", "divisor", "key"]


@dataclass(frozen=True, slots=True)
class Read:
    """One field that one leaf reads."""

    leaf: Compare | Age | DateTest | Quantifier | Sum
    ref: FieldRef
    role: Role


@dataclass(frozen=True, slots=True)
class Absence:
    """A feed whose missing records count as proof: a set's step, or a field with ``no_record``."""

    leaf: Compare | Age | DateTest | Quantifier | Sum
    feed: str
    why: Literal["set", "no_record"]


def fields_read(node: Node) -> Iterator[Read]:
    """Every field the tree reads, leaf by leaf."""
    for leaf in nodes(node):
        match leaf:
            case Compare() | Age() | DateTest():
                yield Read(leaf, leaf.ref, "field")
                yield from _keys(leaf, leaf.value)
            case Quantifier():
                yield from _keys(leaf, leaf.value)
            case Sum():
                yield Read(leaf, leaf.addend, "addend")
                if leaf.per is not None:
                    yield Read(leaf, leaf.per, "divisor")
                yield from _keys(leaf, leaf.value)
            case All() | AnyOf() | NoneOf() | Unless() | Check():
                pass


def absences(node: Node, catalogue: Catalogue) -> Iterator[Absence]:
    """Every place where the tree takes a missing record as proof, under coverage."""
    for leaf in nodes(node):
        if isinstance(leaf, Quantifier | Sum) and leaf.absence == "coverage":
            for step in leaf.path:
                if step.kind != "link":
                    yield Absence(leaf, step.name, "set")
    for read in fields_read(node):
        if not read.ref.own and catalogue.feeds[read.ref.feed].fields[read.ref.field].no_record is not None:
            yield Absence(read.leaf, read.ref.feed, "no_record")


def feeds_of_ref(ref: FieldRef, catalogue: Catalogue) -> tuple[str, ...]:
    """The feeds one field is read through: those that define its links, then its own."""
    return (*_defining(ref.links, catalogue), ref.feed)


def feeds_of_path(path: tuple[Step, ...], catalogue: Catalogue) -> tuple[str, ...]:
    """The feeds a path runs through: those that define its links, and those of its sets."""
    names_by_step = (_defining((step.name,), catalogue) if step.kind == "link" else (step.name,) for step in path)
    return tuple(name for names in names_by_step for name in names)


def feeds_read(node: Node, catalogue: Catalogue) -> Iterator[tuple[str, Node]]:
    """Every feed the tree reads, with the leaf that reads it, in document order."""
    for leaf in nodes(node):
        if isinstance(leaf, Quantifier | Sum):
            yield from ((feed, leaf) for feed in feeds_of_path(leaf.path, catalogue))
    for read in fields_read(node):
        yield from ((feed, read.leaf) for feed in feeds_of_ref(read.ref, catalogue))


def _keys(leaf: Compare | Age | DateTest | Quantifier | Sum, value: Value | None) -> Iterator[Read]:
    if isinstance(value, ParamValue) and value.by is not None:
        yield Read(leaf, value.by, "key")


def _defining(links: tuple[str, ...], catalogue: Catalogue) -> tuple[str, ...]:
    feeds = (catalogue.defining(link) for link in links)
    return tuple(feed.name for feed in feeds if feed is not None)
