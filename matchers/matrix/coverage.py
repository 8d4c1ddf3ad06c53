"""Coverage statements of the core, and the lookup tables made from them.

Whether a missing record proves absence is a lookup by (source, division), never a property of a record. So a statement rewrites nothing
in the matrix. Source: docs/en/semantics.md section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from matchers.kernel.batch import Int32, UInt8, UInt64
from matchers.kernel.kernels.indexes import index_keys, subject_key
from matchers.kernel.thresholds import days, first_reaching
from policies.language.catalogue import LINKS, Catalogue
from policies.values import Kind, Period, significant

_NEVER = -(2**31)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in effect: up to ``complete_to`` the source holds every record about these subjects."""

    feed: str
    source: int
    division: str | None
    subjects: tuple[int, ...]
    complete_to: date


@dataclass(frozen=True, slots=True, eq=False)
class CoverageTables:
    """Statements by source and division code.

    Attributes:
        resp_off, resp: responsible sources by (feed, division code), numbered over all feeds; -1 where the placement is coarser than
            the source's division.
        div_of: int32[sources, divisions], latest complete_to that counts there, in days.
        subj_slots, subj_keys, subj_to: index of statements about single subjects.
    """

    resp_off: Int32
    resp: Int32
    div_of: Int32
    subj_slots: Int32
    subj_keys: UInt64
    subj_to: Int32
    singles: dict[int, dict[tuple[int, int, int], int]]  # by feed: (kind, row, source) -> complete_to


def first_sources(catalogue: Catalogue) -> dict[str, int]:
    """By feed, the number of its first source; sources are numbered over all feeds."""
    out, at = {}, 0
    for feed in catalogue.feeds.values():
        out[feed.name] = at
        at += len(feed.sources)
    return out


def tables(
    catalogue: Catalogue,
    divisions: Sequence[str],
    statements: Sequence[Statement],
    rows_of: Callable[[Kind, tuple[int, ...]], list[int]],
    kind_number: Callable[[Kind], int],
) -> CoverageTables:
    """The tables for the division codes used so far.

    Args:
        rows_of: gives the rows of tokens, new ones where they have none.
    """
    first = first_sources(catalogue)
    positions = {name: at for at, name in enumerate(catalogue.feeds)}
    count = sum(len(feed.sources) for feed in catalogue.feeds.values())
    codes = [significant(code) for code in divisions]
    div_of = np.full((max(1, count), max(1, len(codes))), _NEVER, np.int32)
    singles: dict[int, dict[tuple[int, int, int], int]] = {}
    for statement in statements:
        feed = catalogue.feeds[statement.feed]
        source = first[statement.feed] + statement.source
        inside = significant(feed.sources[statement.source].division)
        to = days(statement.complete_to)
        if statement.division is not None:
            prefix = significant(statement.division)
            for d, code in enumerate(codes):
                if code.startswith(inside) and code.startswith(prefix):
                    div_of[source, d] = max(div_of[source, d], to)
        # a list may also name link targets: every occupant of these dwellings, every member of these households
        for kind in {feed.subject, *(LINKS[name].target for name in feed.links)} if statement.subjects else ():
            dates = singles.setdefault(positions[statement.feed], {})
            for row in rows_of(kind, statement.subjects):
                key = (kind_number(kind), row, source)
                dates[key] = max(dates.get(key, _NEVER), to)
    resp: list[int] = []
    resp_off = np.zeros((len(catalogue.feeds), max(1, len(codes)) + 1), np.int32)
    for f, feed in enumerate(catalogue.feeds.values()):
        resp_off[f, 0] = len(resp)
        for d, code in enumerate(codes):
            for s, source_of in enumerate(feed.sources):
                inside = significant(source_of.division)
                if code.startswith(inside):
                    resp.append(first[feed.name] + s)
                elif inside.startswith(code):
                    resp.append(-1)
            resp_off[f, d + 1] = len(resp)
    flat = [(int(subject_key(source, kind, row)), to) for dates in singles.values() for (kind, row, source), to in dates.items()]
    keys = np.array([key for key, _ in flat], np.uint64)
    slots = np.full(1 << (2 * len(keys)).bit_length() if len(keys) else 1, -1, np.int32)
    if len(keys):
        index_keys(slots, keys)
    return CoverageTables(
        resp_off, np.array(resp or [0], np.int32), div_of, slots, keys, np.array([to for _, to in flat], np.int32), singles
    )


def earliest(age: Period, day: date) -> int:
    """The earliest complete_to, encoded, that is not too old on a day."""
    return days(first_reaching(age, day))


def cover(coverage: CoverageTables, feed: int, cut: int) -> UInt8:
    """By division code, whether a subject placed there is covered by statements about divisions alone."""
    width = coverage.div_of.shape[1]
    out = np.zeros(width, np.uint8)
    for d in range(width):
        sources = coverage.resp[coverage.resp_off[feed, d] : coverage.resp_off[feed, d + 1]]
        out[d] = len(sources) > 0 and all(s >= 0 and coverage.div_of[s, d] >= cut for s in sources)
    return out
