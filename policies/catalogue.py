"""The feed catalogue: which units, feeds, fields, links, holders and agreements exist.

The one idea: rules are checked against this type and never against data. ``connectors.contracts`` builds it from feed
contracts; everything below only reads it. Values are *encoded* as integers wherever order or equality matter:
dates as days since 1970-01-01, decimals as scaled integers, enum codes as their position.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from policies.values import Kind, Text


class FieldType(StrEnum):
    TEXT = "text"
    ENUM = "enum"
    INT = "int"
    DECIMAL = "decimal"
    DATE = "date"
    DIVISION = "division"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a feed. ``min``, ``max`` and ``no_record`` are encoded (decimals scaled by 10**scale)."""

    name: str
    type: FieldType
    title: Text
    column: str
    unit: str | None = None
    scale: int = 0
    min: int | None = None
    max: int | None = None
    values: tuple[tuple[str, str], ...] = ()  # enum: (code, 中文), in the contract's order
    no_record: int | None = None
    identity: bool = False  # identifies a person: never a criterion, never in the matrix

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(code for code, _ in self.values)


@dataclass(frozen=True, slots=True)
class LinkKind:
    """A kind of link the network knows. ``inverse`` names the set read backwards; '' where that is the feed's own name."""

    name: str
    owner: Kind
    target: Kind
    inverse: str | None


# One feed defines each kind of link; a to-one link comes from its owner's register.
LINKS: dict[str, LinkKind] = {
    "household": LinkKind("household", Kind.PERSON, Kind.HOUSEHOLD, "members"),
    "registered_at": LinkKind("registered_at", Kind.HOUSEHOLD, Kind.DWELLING, None),
    "lives_at": LinkKind("lives_at", Kind.PERSON, Kind.DWELLING, ""),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """How a column becomes a token: ``cn-resident-id``, or ``opaque`` within a named space."""

    column: str
    scheme: str
    space: str


@dataclass(frozen=True, slots=True)
class Source:
    """One unit's part of a feed, for the subjects placed in its division."""

    unit: str
    division: str


@dataclass(frozen=True, slots=True)
class Agreement:
    purposes: tuple[str, ...]
    discloses: tuple[str, ...]
    until: date | None  # the last day it holds


@dataclass(frozen=True, slots=True)
class FeedBounds:
    """Beyond which a feed is not believed when it takes somebody off a list.

    Args:
        shrinks_to: of the rows of the full replacement before, the share the next one must have.
        late_after: an ISO 8601 period: so long after its source's last ``complete_to`` it is late; None: never.
        moves: of one list, the share that one delivery may take off.
    """

    shrinks_to: float = 0.8
    late_after: str | None = None
    moves: float = 0.1


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of record, from one or many sources."""

    name: str
    title: Text
    sources: tuple[Source, ...]
    subject: Kind
    registers: Kind | None
    many: bool
    key: str
    order: str | None  # a column; None where the delivery number orders
    identify: Identity
    links: Mapping[str, Identity]
    division: str | None  # the field that places the subject
    validity: tuple[str, str] | None  # columns from, to
    fields: Mapping[str, Field]
    agreement: Agreement
    holds: tuple[Text, ...] = ()
    expected_every: str | None = None
    format: str = "csv"
    encoding: str = "utf-8"
    max_unplaced: float = 0.001
    bounds: FeedBounds = FeedBounds()

    def matrix_fields(self) -> Iterator[Field]:
        """The fields a rule may read, in the contract's order."""
        return (f for f in self.fields.values() if not f.identity)

    def source_position(self, unit: str) -> int | None:
        return next((i for i, s in enumerate(self.sources) if s.unit == unit), None)


@dataclass(frozen=True, slots=True)
class Unit:
    id: str
    kind: str
    division: str
    title: Text
    contact: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every unit and feed of the network, by id."""

    units: Mapping[str, Unit]
    feeds: Mapping[str, Feed]

    def register(self, kind: Kind) -> Feed | None:
        """The feed by whose records a subject of this kind exists."""
        return next((f for f in self.feeds.values() if f.registers is kind), None)

    def defining(self, link: str) -> Feed | None:
        """The feed that defines a kind of link."""
        return next((f for f in self.feeds.values() if link in f.links), None)

    def about(self, kind: Kind) -> list[Feed]:
        return [f for f in self.feeds.values() if f.subject is kind]
