"""The register record of one subject, as a report about the person quotes it.

``services.lists.outcome_reports`` asks when an agency says that a subject is deceased or has moved, and ``services.lists.marks`` asks again
later: has the register answered with another record? Source: docs/en/semantics.md section 17.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b

from matchers.kernel.batch import NO_ORDER
from matchers.kernel.kernels.records import DELIVERY, FLAGS, ORDER, ROW, read_wide
from matchers.kernel.layout import KINDS
from matchers.program.state import MatcherState
from matchers.reading.rows import InputReader
from policies.language.tree import Policy

_DAY = 86_400_000_000
"""Microseconds: an order that is a day or a time is read as so many since 1970-01-01."""
_FEWER_ARE_DAYS = 10_000_000
"""Smaller orders are whole days, as other programs send them."""


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """The record by which a subject is registered.

    Args:
        row: feed, source, delivery, row.
        changed: the day of its order; None where its order is no day.
        content: a digest of all it says of the subject, without its version.
    """

    row: tuple[str, int, int, int]
    changed: date | None
    quarantined: bool
    content: str


def register_record(state: MatcherState, policy: Policy, subject: int, day: date) -> RegisterRecord | None:
    """The register record of a subject of a policy's kind that counts on a day; None where there is none."""
    kind = KINDS.index(policy.subject)
    reader, name, entity = InputReader(state, policy, day), state.store.layout.registers[kind], state.store.entity(kind, subject)
    record = -1 if name is None or entity < 0 else reader.winner(name, entity)
    if name is None or record < 0:
        return None
    lay = state.store.layout.feeds[name]
    row = state.store.arenas[lay.position][record]
    version = (name, int(row[FLAGS]) >> 8, int(row[DELIVERY]), int(row[ROW]))
    order = int(read_wide(row, ORDER))
    return RegisterRecord(
        version, _order_day(order, lay.feed.order_type), reader.is_quarantined(name, record), _content(reader, name, record, subject)
    )


def _content(reader: InputReader, feed: str, record: int, subject: int) -> str:
    """A digest over the cells that are there, the links, and the validity; keyed by the subject, so that equal records look different."""
    lay = reader.layout.feeds[feed]
    cells = {name: reader.text(lay.feed.fields[name], reader.raw(feed, record, name)) for name in lay.lanes}
    targets = {name: reader.lane(feed, record, lane) for name, lane in lay.links.items()}
    kinds = {name: reader.layout.links[name].target for name in lay.links}
    links = {name: int(reader.store.tokens[kinds[name]][target]) for name, target in targets.items() if target >= 0}
    ends = [reader.lane(feed, record, lay.valid + at) for at in (0, 1)] if lay.valid >= 0 else []
    content = json.dumps([{name: cell for name, cell in cells.items() if cell}, links, ends], ensure_ascii=False, sort_keys=True)
    return blake2b(content.encode(), digest_size=16, key=subject.to_bytes(8, "little")).hexdigest()


def _order_day(order: int, kind: str) -> date | None:
    """The day of an order that is a day or a time."""
    if order == NO_ORDER or kind == "number":
        return None
    try:
        return date(1970, 1, 1) + timedelta(days=order if abs(order) < _FEWER_ARE_DAYS else order // _DAY)
    except (OverflowError, ValueError):
        return None
