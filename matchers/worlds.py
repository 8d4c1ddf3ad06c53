"""The world of a policy case as a matcher: the case format's ``given`` becomes batches, statements and answers.

Its records are staged, versioned and linked like delivered ones. They come in the order of the document, which must not matter. Used by
``services.policies.cases``. Source: docs/en/semantics.md section 10.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from matchers.core import Matcher
from matchers.kernel.batch import (
    DELETED,
    MISSING,
    NO_ORDER,
    OPEN_FROM,
    OPEN_TO,
    QUARANTINED,
    RecordBatch,
)
from matchers.kernel.thresholds import days
from matchers.matrix.coverage import Statement
from policies.language.catalogue import LINKS, Catalogue, Feed, Field, FieldType
from policies.values import Kind, significant

_PLURAL = {Kind.PERSON: "persons", Kind.HOUSEHOLD: "households", Kind.DWELLING: "dwellings"}


def token(kind: Kind, name: str) -> int:
    """The token of a subject named in a case."""
    return int.from_bytes(hashlib.blake2b(f"{kind}:{name}".encode(), digest_size=8).digest(), "little") | 1


def _hash(*parts: object) -> int:
    return int.from_bytes(hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest(), "little")


def key(text: object) -> int:
    """The key of a record whose case names a key."""
    return _hash("key", text)


def _day(value: object) -> int:
    if isinstance(value, datetime):
        value = value.date()
    return days(value if isinstance(value, date) else date.fromisoformat(str(value)))


def encoded_cell(field: Field, value: object) -> int | str | None:
    """A cell as the matrix holds it; text and divisions stay text; None where it is missing."""
    if value is None or value == "":
        return None
    match field.type:
        case FieldType.INT:
            return int(str(value))
        case FieldType.DECIMAL:
            scaled = Decimal(str(value)).scaleb(field.scale)
            if scaled != scaled.to_integral_value():
                raise ValueError(f"{field.name}: more decimals than the declared {field.scale}")
            return int(scaled)
        case FieldType.DATE:
            return _day(value)
        case FieldType.ENUM:
            labels = {label: code for code, label in field.values}
            return field.codes.index(labels.get(str(value), str(value)))
        case FieldType.DIVISION:
            return significant(str(value))
        case FieldType.TEXT:
            return str(value)


def _order(value: object) -> int:
    """An order as an integer: a date is its day; ``none`` is no usable order."""
    if value == "none":
        return int(NO_ORDER)
    if isinstance(value, (date, str)) and not str(value).lstrip("-").isdigit():
        return _day(value)
    return int(str(value))


def subjects(world: Mapping[str, Any]) -> dict[Kind, list[str]]:
    """By kind, every subject that a case names, itself or as the target of a link."""
    out: dict[Kind, dict[str, None]] = {kind: dict.fromkeys(world.get(plural) or {}) for kind, plural in _PLURAL.items()}
    for plural in _PLURAL.values():
        for feeds in (world.get(plural) or {}).values():
            for name, value in (feeds or {}).items():
                if name in LINKS and isinstance(value, str | None):
                    if value:
                        out[LINKS[name].target].setdefault(value)
                    continue
                for record in value if isinstance(value, list) else [value]:
                    for link in LINKS.keys() & (record or {}).keys():
                        if record[link]:
                            out[LINKS[link].target].setdefault(record[link])
    return {kind: list(names) for kind, names in out.items()}


def batches(catalogue: Catalogue, world: Mapping[str, Any]) -> list[RecordBatch]:
    """One batch for each feed, source and delivery."""
    rows: dict[tuple[str, int, int], list[tuple[Feed, str, str, int, Mapping[str, Any], Mapping[str, Any]]]] = {}
    for kind, plural in _PLURAL.items():
        for name, feeds in (world.get(plural) or {}).items():
            about = {feed.name for feed in catalogue.about(kind)}
            extra = {link: value for link, value in (feeds or {}).items() if link in LINKS and link not in about}
            for feed_name, value in (feeds or {}).items():
                if feed_name in extra:
                    continue
                feed = catalogue.feeds[feed_name]
                if feed.subject is not kind:
                    raise ValueError(f"feed {feed_name} is about a {feed.subject}, not a {kind}")
                for position, record in enumerate(value if isinstance(value, list) else [value]):
                    record = record or {}
                    source = 0
                    if "source" in record:
                        source = next(i for i, s in enumerate(feed.sources) if s.unit == record["source"])
                    key = (feed_name, source, int(record.get("delivery", 1)))
                    links = {link: extra[link] for link in feed.links if link in extra and feed.registers is kind}
                    rows.setdefault(key, []).append((feed, name, plural, position, record, links))
    return [_batch(feed_name, source, delivery, batch_rows) for (feed_name, source, delivery), batch_rows in rows.items()]


def _batch(
    name: str, source: int, delivery: int, rows: list[tuple[Feed, str, str, int, Mapping[str, Any], Mapping[str, Any]]]
) -> RecordBatch:
    n = len(rows)
    feed = rows[0][0]
    flags, froms, tos = np.zeros(n, np.uint8), np.full(n, OPEN_FROM), np.full(n, OPEN_TO)
    orders, row_numbers = np.zeros(n, np.int64), np.zeros(n, np.int32)
    keys, owners = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    links = {link: np.zeros(n, np.uint64) for link in feed.links}
    values = {field.name: np.full(n, MISSING) for field in feed.matrix_fields()}
    texts: dict[str, dict[str, int]] = {f.name: {} for f in feed.matrix_fields() if f.type in (FieldType.TEXT, FieldType.DIVISION)}
    identity = np.zeros(n, np.uint64) if any(f.identity for f in feed.fields.values()) else None
    for i, (_, subject, _, position, record, extra) in enumerate(rows):
        keys[i] = key(record["key"]) if "key" in record else _hash("default", subject, name, f"{position:06}")
        owners[i] = token(feed.subject, subject)
        orders[i] = _order(record.get("order", 0)) if feed.order is not None else 0
        row_numbers[i] = int(record.get("row", position + 1))
        usable = orders[i] != NO_ORDER
        if record.get("deleted") and usable:
            flags[i] = DELETED
            continue
        for link in feed.links:
            target = record.get(link, extra.get(link))
            if target:
                links[link][i] = token(LINKS[link].target, target)
        if record.get("quarantined") or not usable:
            flags[i] = QUARANTINED
            continue
        froms[i] = _day(record["from"]) if record.get("from") else OPEN_FROM
        tos[i] = _day(record["to"]) if record.get("to") else OPEN_TO
        for field in feed.matrix_fields():
            value = encoded_cell(field, record.get(field.name))
            if isinstance(value, str):
                value = texts[field.name].setdefault(value, len(texts[field.name]))
            if value is not None:
                values[field.name][i] = value
        if identity is not None:
            identity[i] = _hash(*(record.get(f.name) for f in feed.fields.values() if f.identity))
    dictionaries = {field: tuple(codes) for field, codes in texts.items()}
    return RecordBatch(name, source, delivery, keys, owners, orders, row_numbers, flags, froms, tos, links, values, dictionaries, identity)


def _kind_of(world: Mapping[str, Any], name: str, default: Kind) -> Kind:
    return next((kind for kind, plural in _PLURAL.items() if name in (world.get(plural) or {})), default)


def statements(catalogue: Catalogue, world: Mapping[str, Any]) -> list[Statement]:
    """The coverage statements of a case."""
    out = []
    for entry in world.get("coverage") or []:
        names = entry["feed"] if isinstance(entry["feed"], list) else [entry["feed"]]
        for name in names:
            feed = catalogue.feeds[name]
            units = [entry["unit"]] if "unit" in entry else [s.unit for s in feed.sources]
            tokens = tuple(token(_kind_of(world, subject, feed.subject), subject) for subject in entry.get("subjects") or [])
            for source, holder in enumerate(feed.sources):
                if holder.unit in units:
                    day = date.fromordinal(_day(entry["complete_to"]) + date(1970, 1, 1).toordinal())
                    division = str(entry["division"]) if "division" in entry else None
                    out.append(Statement(name, source, division, tokens, day))
    return out


def replacements(catalogue: Catalogue, world: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Feed, source and delivery of the full replacements of a case."""
    out = []
    for entry in world.get("replace") or []:
        feed = catalogue.feeds[entry["feed"]]
        source = next(i for i, s in enumerate(feed.sources) if s.unit == entry["unit"]) if "unit" in entry else 0
        out.append((feed.name, source, int(entry["delivery"])))
    return out


def load(catalogue: Catalogue, world: Mapping[str, Any], day: date, order: Iterable[int] | None = None) -> Matcher:
    """A matcher with the records and coverage of a case. Its answers need a published policy (``answer``)."""
    matcher = Matcher(catalogue, day)
    parts, full = batches(catalogue, world), replacements(catalogue, world)
    for place in full:
        matcher.open(*place)
    for i in order if order is not None else range(len(parts)):
        matcher.apply(parts[i])
    for place in full:
        matcher.replace(*place)
    matcher.cover(statements(catalogue, world))
    return matcher


def answer(matcher: Matcher, policy: str, kind: Kind, world: Mapping[str, Any]) -> None:
    """Gives the answers of a case to a published policy."""
    for name, checks in (world.get("answers") or {}).items():
        for check, value in checks.items():
            matcher.answer(policy, token(kind, name), check, value in (True, "yes"))
