"""Contracts, versions of records and coverage statements of the naive evaluator: plain frozen rows.

A row of a case becomes a `Record` that already has its version, its interval and its comparable cells. No later module reads raw cells. A
subject is the pair (kind, name).

Source: docs/en/semantics.md §1, §3 and §10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from tests.oracles.naive_values import Field, day, division, field_of, number, text

Subject = tuple[str, str]

LINK_KINDS = {"household": "household", "registered_at": "dwelling", "lives_at": "dwelling"}
RECORD_WORDS = {"key", "order", "delivery", "row", "from", "to", "source", "deleted", "quarantined"}


# ---- contracts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """A unit that delivers a feed, and the division it answers for."""

    unit: str
    division: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What a feed contract says that matters to a verdict."""

    feed: str
    kind: str  # of the subjects its records are about
    many: bool
    registers: bool
    by_delivery: bool  # versions are ordered by (delivery, row) alone
    sources: tuple[Source, ...]
    division_field: str | None
    links: Mapping[str, str]  # link name → the kind it leads to
    fields: Mapping[str, Field]

    def rank(self, unit: str) -> int:
        """The last place of the unit in the contract's list; -1 if it is not there."""
        return max((i for i, source in enumerate(self.sources) if source.unit == unit), default=-1)


def contract_of(raw: Mapping[str, Any]) -> Contract:
    """A feed contract as loaded from YAML."""
    return Contract(
        feed=raw["feed"],
        kind=raw["subject"],
        many=raw["cardinality"] == "many",
        registers=raw.get("registers") is not None,
        by_delivery=raw.get("order") == "delivery",
        sources=tuple(Source(s["unit"], division(text(s["division"]))) for s in raw["sources"]),
        division_field=raw.get("division"),
        links={name: link_kind(name, link) for name, link in (raw.get("links") or {}).items()},
        fields={name: field_of(name, field) for name, field in (raw.get("fields") or {}).items()},
    )


def link_kind(name: str, raw: Mapping[str, Any]) -> str:
    """The kind a link leads to: by its name, or by the last part of its space."""
    return LINK_KINDS.get(name) or str(raw["space"]).rpartition("/")[2]


# ---- records -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """One version of one record. A quarantined one has no values and no validity interval.

    Links are read forwards from `links`, of which a quarantined one has none, and backwards from `names`.
    A version without usable order is greater than every version with one.
    """

    feed: str
    unit: str
    key: str
    version: tuple[Any, ...]
    delivery: Any
    subject: Subject
    start: date
    end: date
    deleted: bool
    quarantined: bool
    has_order: bool  # has a usable order
    values: Mapping[str, Any]  # only the cells that are not empty
    links: Mapping[str, Subject]
    names: Mapping[str, Subject]

    @property
    def arrival(self) -> tuple[Any, ...]:
        """The delivery and the row, whatever the order."""
        return self.version[-2:]

    @property
    def sound(self) -> bool:
        """Does it say something for sure? A deletion needs no more than a usable order."""
        return self.has_order and (self.deleted or not self.quarantined)


@dataclass(frozen=True, slots=True)
class Statement:
    """A coverage statement of one source: of a division or of a list of subjects."""

    division: str | None
    names: frozenset[str]
    complete_to: date


UNORDERED = (3, 0)


def rank_of_order(raw: Any) -> tuple[int, Any]:
    """An order that can be compared with every other: numbers, then dates, then other text, then none that can be used."""
    if raw == "none":
        return UNORDERED
    if isinstance(raw, datetime):
        return 1, raw.replace(tzinfo=None)
    if isinstance(raw, date):
        return 1, datetime.combine(raw, time())
    for rank, read in ((0, number), (1, lambda t: datetime.fromisoformat(t).replace(tzinfo=None))):
        try:
            return rank, read(raw)
        except (ValueError, TypeError):
            continue
    return 2, str(raw)


def record_of(contract: Contract, subject: Subject, position: int, raw: Mapping[str, Any]) -> Record:
    """One row of a case, with the defaults of semantics §10."""
    if unknown := set(raw) - RECORD_WORDS - set(contract.fields) - set(contract.links):
        raise ValueError(f"feed {contract.feed} does not take {sorted(unknown)}")
    order = () if contract.by_delivery else (rank_of_order(raw.get("order") or 0),)
    ordered = order != (UNORDERED,)
    doubtful = bool(raw.get("quarantined")) or not ordered
    values = {} if doubtful else {name: field.cell(raw.get(name)) for name, field in contract.fields.items()}
    delivery, row = raw.get("delivery", 1), raw.get("row", 1 + position)
    return Record(
        feed=contract.feed,
        unit=raw.get("source") or contract.sources[0].unit,
        key=text(raw["key"]) if "key" in raw else f"{subject[1]}/{contract.feed}/{position:06}",
        version=(*order, delivery, row),
        delivery=delivery,
        subject=subject,
        start=date.min if doubtful or raw.get("from") is None else day(raw["from"]),
        end=date.max if doubtful or raw.get("to") is None else day(raw["to"]),
        deleted=bool(raw.get("deleted")) and ordered,
        quarantined=doubtful,
        has_order=ordered,
        values={name: value for name, value in values.items() if value is not None},
        links={} if doubtful else links_of(contract, raw),
        names=links_of(contract, raw),
    )


def links_of(contract: Contract, raw: Mapping[str, Any]) -> dict[str, Subject]:
    """The subjects a row names in its links."""
    return {name: (kind, text(raw[name])) for name, kind in contract.links.items() if raw.get(name) not in (None, "")}
