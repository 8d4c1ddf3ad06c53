"""Which delivery a unit's message belongs to, and where a partition is to be read on from: both asked of the state.

The one idea: a partition is a delivery that never ends. The number of a row is its offset, counted from the base of the delivery and from
1, so a message met again after a crash is the same row of the same delivery. What the broker remembers of us is never asked.

    kafka:<topic>/<partition>            the rows from offset 0 on
    kafka:<topic>/<partition>@<base>     those from offset <base> on

A new base begins where the unit has delivered a file meanwhile (its number is greater; where order is by delivery it would win for ever,
and a full replacement hides whatever has a smaller number), and where the numbers of rows end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from connectors.kafka.topics import Span
from policies.language.catalogue import Feed
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.ledgers.deliveries import TOPIC_SCHEME, Deliveries, Delivery

MOST_ROWS = 2**31 - 1
"""Rows a delivery can number."""


class Standing(Protocol):
    """What is asked of a state: which deliveries there are, and how far each has come."""

    @property
    def deliveries(self) -> Deliveries: ...

    def erased(self, tokens: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]: ...


class LostMessages(HuiminError):
    """The unit's, or the operator's: messages we never read are no longer in the topic; 5."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which topic, as which source of which feed."""

    topic: str
    feed: Feed
    source: int


def starts(state: Standing, wanted: Wanted, spans: Mapping[int, Span]) -> dict[int, int]:
    """The offset each partition is to be read on from.

    Raises:
        LostMessages: what would come next is no longer there, or the topic is another one.
    """
    return {partition: _start(state, wanted, partition, span) for partition, span in spans.items()}


def delivery_of(state: Standing, wanted: Wanted, partition: int, first: int, last: int) -> str:
    """The id of the delivery that messages of these offsets belong to; it may be new.

    Args:
        first, last: of the offsets of a pack.
    """
    known, name = _newest(state, wanted, partition), f"{TOPIC_SCHEME}{wanted.topic}/{partition}"
    filed = max((one.number for one in _all(state, wanted) if not one.id.startswith(TOPIC_SCHEME)), default=0)
    if known is not None and known.number > filed and last - base_of(known.id) < MOST_ROWS:
        return known.id
    return name if known is None and last < MOST_ROWS else f"{name}@{first}"


def base_of(id: str) -> int:
    """The offset that row 1 of a delivery has.

    Example:
        >>> base_of("kafka:hukou/0"), base_of("kafka:hukou/0@1200")
        (0, 1200)
    """
    return int(id.rpartition("@")[2]) if "@" in id else 0


def _start(state: Standing, wanted: Wanted, partition: int, span: Span) -> int:
    known = _newest(state, wanted, partition)
    if known is None:
        return span.first
    next = base_of(known.id) + known.mark
    if next > span.end:
        raise LostMessages(_remade(wanted.topic, partition, next, span))
    replaced = any(one.replaces and one.sound and one.number > known.number for one in _all(state, wanted))
    if next < span.first and not replaced:
        raise LostMessages(_lost(wanted, partition, next, span))
    return max(next, span.first)


def _all(state: Standing, wanted: Wanted) -> list[Delivery]:
    return state.deliveries.of(wanted.feed.name, wanted.source)


def _newest(state: Standing, wanted: Wanted, partition: int) -> Delivery | None:
    """The delivery a partition was last in."""
    name = f"{TOPIC_SCHEME}{wanted.topic}/{partition}"
    return next((one for one in reversed(_all(state, wanted)) if one.id.partition("@")[0] == name), None)


def _remade(topic: str, partition: int, next: int, span: Span) -> Text:
    return Text(
        f"主题 {topic} 的分区 {partition} 只到 {span.end}，而这里已收到 {next}：它大概被删除重建过。请让单位换一个主题名，再接收。",
        f"Partition {partition} of {topic} ends at {span.end}, but was taken in up to {next}: it seems to have been made anew. "
        "Ask the unit for a topic of another name, and listen to that.",
    )


def _lost(wanted: Wanted, partition: int, next: int, span: Span) -> Text:
    topic, feed = wanted.topic, wanted.feed.name
    return Text(
        f"主题 {topic} 的分区 {partition} 从 {span.first} 开始，而这里应接着收 {next}：中间的已过保留期，没有收到。"
        f"请让单位交付一份全量文件（huimin ingest {feed} 文件 --replace），再接收。",
        f"Partition {partition} of {topic} begins at {span.first}, but {next} comes next: what lies between is past its retention and was "
        f"never taken in. Ask the unit for a full file (huimin ingest {feed} FILE --replace), then listen again.",
    )
