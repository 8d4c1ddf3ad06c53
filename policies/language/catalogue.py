"""The feed catalogue: which units, feeds, fields, links, sources and agreements exist.

Rules are checked against this type and never against data. ``connectors.contracts.catalogue`` builds it from feed contracts; everything
else only reads it. Values are *encoded* as integers wherever order or equality matter: dates as days since 1970-01-01, decimals as scaled
integers, enum codes as their position.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from policies.values import Kind, Period, Text


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
    synonyms: tuple[tuple[str, str], ...] = ()  # enum: (text, code) of further texts a cell may hold
    roomy: bool = False  # its bounds were wider once: the matrix keeps room for what they allowed
    quasi: bool = False  # may identify a person together with others of its kind: snapshots measure and coarsen it
    coded: bool = False  # text: its values are codes, not free text
    titles_en: tuple[tuple[str, str], ...] = ()  # enum: (code, English title) of the values that have one

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(code for code, _ in self.values)

    def value_title(self, code: str, language: str) -> str:
        """What a code of an enum is called; where the contract has no English title, the Chinese one."""
        return dict(self.titles_en if language == "en" else ()).get(code) or dict(self.values).get(code, code)


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


ANALYSIS = "analysis"
"""The purpose without which no field of a feed enters a snapshot for analysts."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a feed may be used for, which of its fields may be shown to agencies, and the last day on which that holds."""

    purposes: tuple[str, ...]
    discloses: tuple[str, ...]
    until: date | None

    def has_ended(self, day: date) -> bool:
        return self.until is not None and self.until < day

    def permits(self, purpose: str, day: date) -> bool:
        """Whether the feed may be read for a purpose on a day."""
        return purpose in self.purposes and not self.has_ended(day)


@dataclass(frozen=True, slots=True)
class FeedBounds:
    """Bounds beyond which a feed is not believed when it takes somebody off a list.

    Args:
        shrinks_to: of the rows of the full replacement before, the share the next one must have.
        late_after: so long after its source's last ``complete_to`` it is late; None: never.
        moves: of one list, the share that one delivery may take off.
    """

    shrinks_to: Fraction = Fraction(4, 5)
    late_after: Period | None = None
    moves: Fraction = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How the files of a feed are laid out, and which words in them mean something (docs/en/feeds.md, "Files as offices make them").

    Args:
        sheets: names and patterns (``*``, ``?``) of the sheets that are read; empty: the only visible one.
        header: the line of the header, 0 where it is to be found; None: the first line that is not blank.
        delimiter: what stands between the cells of a CSV; "" where it is to be found.
        footer: first words of the rows that are passed over.
        nulls: words that read as empty; never for key, subject, order or validity.
        true, false: words that the ``deleted`` column may hold besides 1, true, 是 and their opposites.
        thousands: the separator of thousands; "" where there is none.
        currency: signs and words that may stand before or behind an amount.
        dates: forms of a date besides the four that are always read, of ``YYYY``, ``M``, ``MM``, ``D``, ``DD`` and what is between them.
    """

    sheets: tuple[str, ...] = ()
    header: int | None = None
    delimiter: str = ","
    footer: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    thousands: str = ""
    currency: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


PLAIN_LAYOUT = FileLayout()
"""A header, and rows below it."""


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
    expected_every: Period | None = None
    format: str = "csv"
    encoding: str = "utf-8"
    max_unplaced: Fraction = Fraction(1, 1000)
    bounds: FeedBounds = FeedBounds()
    order_type: Literal["date", "time", "number"] = "time"  # what the order column holds
    open_ends: tuple[str, ...] = ()  # words in the validity's last column that mean "for ever", as an empty cell does
    layout: FileLayout = PLAIN_LAYOUT

    def matrix_fields(self) -> Iterator[Field]:
        """The fields a rule may read, in the contract's order."""
        return (f for f in self.fields.values() if not f.identity)

    def too_many_unplaced(self, unplaced: int, rows: int) -> bool:
        """Do so many rows of a delivery name nobody that it proves no absence?

        Compared in floating point, as every version has: a log that is replayed must say what it said.
        """
        return unplaced > float(self.max_unplaced) * rows

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
    """Every unit and feed of the network, by id; and the names of divisions by code, as far as they have any."""

    units: Mapping[str, Unit]
    feeds: Mapping[str, Feed]
    divisions: Mapping[str, Text] = field(default_factory=dict)

    def register(self, kind: Kind) -> Feed | None:
        """The feed by whose records a subject of this kind exists."""
        return next((f for f in self.feeds.values() if f.registers is kind), None)

    def defining(self, link: str) -> Feed | None:
        """The feed that defines a kind of link."""
        return next((f for f in self.feeds.values() if link in f.links), None)

    def about(self, kind: Kind) -> list[Feed]:
        return [f for f in self.feeds.values() if f.subject is kind]
