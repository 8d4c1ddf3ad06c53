"""The delivery of each message in a unit's topic, and the offset from which each partition is read.

Called by ``connectors.kafka.unit_topics``. Both come from the state, never from offsets that the broker keeps. A partition is a delivery
without an end. A row number is an offset, counted from the base of the delivery, from 1; so a message that is read again after a crash is
the same row of the same delivery.

    kafka:<topic>/<partition>            the rows from offset 0 on
    kafka:<topic>/<partition>@<base>     those from offset <base> on

A new base begins when the unit has delivered a file meanwhile: the file's greater number would win for ever where order is by delivery, and
a full replacement hides smaller numbers. A new base also begins where the row numbers end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from connectors.kafka.topics import OffsetSpan
from policies.language.catalogue import Feed
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.ledgers.deliveries import TOPIC_SCHEME, Deliveries, Delivery

MOST_ROWS = 2**31 - 1
"""The greatest row number of a delivery."""


class DeliveryState(Protocol):
    """The part of a state that is read here: deliveries, with the last row of each, and erased persons."""

    @property
    def deliveries(self) -> Deliveries: ...

    def are_erased(self, tokens: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]: ...


class LostMessages(HuiminError):
    """The unit's, or the operator's: messages that were never read are no longer in the topic; 5."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


@dataclass(frozen=True, slots=True)
class TopicSource:
    """A topic, with the feed and the position of the source that it brings."""

    topic: str
    feed: Feed
    source: int


def start_offsets(state: DeliveryState, wanted: TopicSource, spans: Mapping[int, OffsetSpan]) -> dict[int, int]:
    """The offset from which each partition is read.

    Raises:
        LostMessages: the next message is no longer there, or the topic was made anew.
    """
    return {partition: _start(state, wanted, partition, span) for partition, span in spans.items()}


def delivery_of(state: DeliveryState, wanted: TopicSource, partition: int, first: int, last: int) -> str:
    """The id of the delivery of these messages; it may be new.

    Args:
        first, last: the offsets of the pack's first and last message.
    """
    newest, name = _newest(state, wanted, partition), f"{TOPIC_SCHEME}{wanted.topic}/{partition}"
    last_file = max((delivery.number for delivery in _all(state, wanted) if not delivery.id.startswith(TOPIC_SCHEME)), default=0)
    if newest is not None and newest.number > last_file and last - base_of(newest.id) < MOST_ROWS:
        return newest.id
    return name if newest is None and last < MOST_ROWS else f"{name}@{first}"


def base_of(id: str) -> int:
    """The offset of row 1 of a delivery.

    Example:
        >>> base_of("kafka:hukou/0"), base_of("kafka:hukou/0@1200")
        (0, 1200)
    """
    return int(id.rpartition("@")[2]) if "@" in id else 0


def _start(state: DeliveryState, wanted: TopicSource, partition: int, span: OffsetSpan) -> int:
    newest = _newest(state, wanted, partition)
    if newest is None:
        return span.first
    next = base_of(newest.id) + newest.mark
    if next > span.end:
        raise LostMessages(_remade(wanted.topic, partition, next, span))
    is_replaced = any(delivery.replaces and delivery.sound and delivery.number > newest.number for delivery in _all(state, wanted))
    if next < span.first and not is_replaced:
        raise LostMessages(_lost(wanted, partition, next, span))
    return max(next, span.first)


def _all(state: DeliveryState, wanted: TopicSource) -> list[Delivery]:
    return state.deliveries.of(wanted.feed.name, wanted.source)


def _newest(state: DeliveryState, wanted: TopicSource, partition: int) -> Delivery | None:
    """The newest delivery of a partition."""
    name = f"{TOPIC_SCHEME}{wanted.topic}/{partition}"
    return next((delivery for delivery in reversed(_all(state, wanted)) if delivery.id.partition("@")[0] == name), None)


def _remade(topic: str, partition: int, next: int, span: OffsetSpan) -> Text:
    return Text(
        f"主题 {topic} 的分区 {partition} 只到 {span.end}，而这里已收到 {next}：它大概被删除重建过。请让单位换一个主题名，再接收。",
        f"Partition {partition} of {topic} ends at {span.end}, but was taken in up to {next}: it seems to have been made anew. "
        "Ask the unit for a topic of another name, and listen to that.",
    )


def _lost(wanted: TopicSource, partition: int, next: int, span: OffsetSpan) -> Text:
    topic, feed = wanted.topic, wanted.feed.name
    return Text(
        f"主题 {topic} 的分区 {partition} 从 {span.first} 开始，而这里应接着收 {next}：中间的已过保留期，没有收到。"
        f"请让单位交付一份全量文件（huimin ingest {feed} 文件 --replace），再接收。",
        f"Partition {partition} of {topic} begins at {span.first}, but {next} comes next: what lies between is past its retention and was "
        f"never taken in. Ask the unit for a full file (huimin ingest {feed} FILE --replace), then listen again.",
    )
