"""The layout of the matrix: lanes of a feed's record rows, chain heads of a kind's subjects, links.

A feed's records are rows of int32 lanes in one arena. A field takes one lane where its declared bounds fit 32 bits, else two. Feeds are
only ever appended, so a feed keeps its position. Where a field is added or becomes wider, the lanes of its feed are laid out anew
(``matchers.matrix.relayout``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchers import SEMANTICS
from matchers.kernel.batch import Int32
from matchers.kernel.kernels.records import BODY
from policies.language.catalogue import LINKS, Catalogue, Feed, Field, FieldType
from policies.values import Kind

KINDS = (Kind.PERSON, Kind.HOUSEHOLD, Kind.DWELLING)
_FIT = 2**31 - 2


def is_wide(field: Field) -> bool:
    """Whether a field needs two lanes: its bounds are undeclared, do not fit 32 bits, or were wider once."""
    if field.type in (FieldType.DATE, FieldType.ENUM, FieldType.TEXT, FieldType.DIVISION):
        return False
    return field.roomy or field.min is None or field.max is None or field.min < -_FIT or field.max > _FIT


@dataclass(frozen=True, slots=True)
class FeedLayout:
    """Lane numbers of one feed. ``lanes[field]`` is (first lane, wide?); ``links[name]`` the target's lane."""

    position: int
    feed: Feed
    kind: int
    head: int  # column of the chain head in heads[kind]
    valid: int  # lane of valid_from, or -1
    link0: int
    links: dict[str, int]
    lanes: dict[str, tuple[int, bool]]
    identity: int  # first of two lanes, or -1
    width: int


@dataclass(frozen=True, slots=True)
class LinkLayout:
    """One kind of link: the feed that defines it, and the column of its in-chain in heads[target kind]."""

    position: int
    name: str
    feed: int
    lane: int
    owner: int
    target: int
    head: int


@dataclass(frozen=True, slots=True)
class Layout:
    feeds: dict[str, FeedLayout]
    links: dict[str, LinkLayout]
    heads: tuple[int, int, int]  # columns per kind
    lays: Int32  # int32[feeds, 8], see ``kernels.records.L_*``
    link_rows: Int32  # int32[links, 4], see ``kernels.records.K_*``
    registers: tuple[str | None, str | None, str | None]
    semantics: int = 0  # the version of docs/en/semantics.md by which programs and readings judge


def layout(catalogue: Catalogue, semantics: int = SEMANTICS) -> Layout:
    """The layout of a catalogue. A feed appended to the catalogue keeps every earlier lane, but may add head columns at the end."""
    heads = [0, 0, 0]
    feeds: dict[str, FeedLayout] = {}
    links: dict[str, LinkLayout] = {}
    for position, feed in enumerate(catalogue.feeds.values()):
        kind = KINDS.index(feed.subject)
        head = heads[kind]
        heads[kind] += 1
        lane = BODY + (2 if feed.validity else 0)
        link0 = lane
        link_lanes = {}
        for name in feed.links:
            link_lanes[name] = lane
            target = KINDS.index(LINKS[name].target)
            links[name] = LinkLayout(len(links), name, position, lane, kind, target, heads[target])
            heads[target] += 1
            lane += 3
        lanes = {}
        for field in feed.matrix_fields():
            lanes[field.name] = (lane, is_wide(field))
            lane += 2 if is_wide(field) else 1
        identity = -1
        if any(field.identity for field in feed.fields.values()):
            identity = lane
            lane += 2
        valid = BODY if feed.validity else -1
        feeds[feed.name] = FeedLayout(position, feed, kind, head, valid, link0, link_lanes, lanes, identity, lane)
    rows = [
        [f.valid, int(not f.feed.many), f.kind, f.head, len(f.links), f.link0, f.width, int(f.feed.registers is not None)]
        for f in feeds.values()
    ]
    lays = np.array(rows, np.int32)
    link_rows = np.array([[li.feed, li.lane, li.target, li.head] for li in links.values()], np.int32).reshape(len(links), 4)
    registers = tuple(register.name if (register := catalogue.register(kind)) else None for kind in KINDS)
    return Layout(feeds, links, (heads[0], heads[1], heads[2]), lays.reshape(len(feeds), 8), link_rows, registers, semantics)  # type: ignore[arg-type]  # three kinds
