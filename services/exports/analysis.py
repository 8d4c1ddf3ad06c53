"""What may enter a snapshot for analysts: only fields of feeds whose agreement has the purpose ``analysis``, today.

``services.exports`` asks here for every snapshot, of rows or of counts. What is left out, and why, is told in the snapshot itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from policies.language.catalogue import ANALYSIS, Catalogue, Feed, Field, FieldType
from policies.values import Kind, Text

BIRTH_DATE, SEX = "birth_date", "sex"
"""The fields of the register of persons that analysts ask by."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A field or link of a feed that is not in a snapshot, and why. ``field`` is None for the records of the feed as a whole."""

    feed: str
    field: str | None
    reason: Text


def analysis_refusal(feed: Feed, day: date) -> Text | None:
    """Why nothing of a feed may enter a snapshot made on a day; None where it may.

    Example:
        >>> analysis_refusal(catalogue.feeds["occupancy"], date(2026, 10, 15)).en
        'its agreement does not name the purpose analysis'
    """
    agreement = feed.agreement
    if ANALYSIS not in agreement.purposes:
        return Text(f"其协议没有用途 {ANALYSIS}", f"its agreement does not name the purpose {ANALYSIS}")
    if agreement.has_ended(day):
        return Text(f"其协议已于 {agreement.until} 到期", f"its agreement ended on {agreement.until}")
    return None


def analysable_register(catalogue: Catalogue, kind: Kind, day: date) -> Feed | None:
    """The register of a kind of subject, where its fields (street, age, sex) may enter a snapshot; else None."""
    register = catalogue.register(kind)
    return register if register is not None and analysis_refusal(register, day) is None else None


def analysable_field(catalogue: Catalogue, name: str, day: date) -> tuple[Feed, Field] | None:
    """The register of persons and its field of this name, where both may enter a snapshot; else None."""
    register = analysable_register(catalogue, Kind.PERSON, day)
    field = None if register is None else register.fields.get(name)
    return (register, field) if register is not None and field is not None and not field.identity else None


def field_refusal(feed: Feed, field: Field) -> Text | None:
    """Why a field is not in the table of its feed, though the feed may enter a snapshot; None where it is."""
    if field.identity:
        return Text("身份字段", "it identifies a person")
    if field.type is FieldType.TEXT and not field.coded:
        return Text("自由文字；约定写明 codes: true 的才算代码", "it is free text; a contract may say that it is codes (codes: true)")
    if is_birth_date(feed, field):
        return Text("出生日期；见 persons 的 age_band", "it is the date of birth; persons has age_band instead")
    return None


def is_birth_date(feed: Feed, field: Field) -> bool:
    """Whether a field is the date of birth of the persons that a feed registers."""
    return feed.registers is Kind.PERSON and field.type is FieldType.DATE and field.name == BIRTH_DATE


def fields_in(feed: Feed) -> list[Field]:
    """The fields of a feed that may be in its table."""
    return [field for field in feed.fields.values() if field_refusal(feed, field) is None]


def fields_left_out(catalogue: Catalogue, day: date) -> Iterator[LeftOut]:
    """Everything that is not in a snapshot made on a day, feed by feed."""
    for feed in catalogue.feeds.values():
        refusal = analysis_refusal(feed, day)
        if refusal is not None:
            yield LeftOut(feed.name, None, refusal)
            yield from (LeftOut(feed.name, name, refusal) for name in (*feed.links, *feed.fields))
            continue
        for field in feed.fields.values():
            if (reason := field_refusal(feed, field)) is not None:
                yield LeftOut(feed.name, field.name, reason)
