"""Takes in a unit's own topic of JSON records by its feed's contract, like a file of JSON lines.

Called by ``services.deliveries.exchange``. Cells, checks, tokens, quarantine and identities are those of ``connectors.intake.intake``;
``connectors.kafka.topic_deliveries`` gives each message its delivery and row number. A message that is no record, or names no subject, goes
to the dead-letter queue unchanged, with the reason. The topic is never read from its start again, so before a pack is submitted its dead
letters are acknowledged, its flaws reported and its identities on disk. Source: docs/en/feeds.md; RFC 8259 (JSON is UTF-8).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from connectors.identity.running import RunningWriter
from connectors.identity.tokens import Tokens
from connectors.identity.vault import Vault
from connectors.intake.delivery import DeliveryReport, count_parcel, without_erased
from connectors.intake.delivery_ports import SubmitResult
from connectors.intake.flaws import Flaw
from connectors.intake.intake import DELETED_COLUMN, Parcel, Reader
from connectors.kafka.topic_deliveries import DeliveryState, TopicSource, base_of, delivery_of, start_offsets
from connectors.kafka.topics import Message, Post, Reading, Writing
from connectors.parsing.jsonlines import NoRecord, frame, record
from connectors.parsing.tables import Piece
from policies.language.catalogue import Feed
from policies.values import Text
from streams.language.folds import Outgoing
from streams.language.messages import DeliveryStarted, Input
from streams.wire.cloudevents import headers

PACK_ROWS = 1_000
PACK_SECONDS = 0.1
_NO_DELETION = Text(
    "空消息没有说明对象和次序；请发送 deleted 为 true 的 JSON 记录",
    "a message without a value names neither subject nor order; send a JSON record with deleted: true",
)


class Sink(Protocol):
    """Where records go: a host (``streams.host.Host``, ``services.deliveries.delivery.RecordingHost``)."""

    @property
    def state(self) -> DeliveryState: ...

    def submit_each(self, messages: Iterable[Input]) -> Iterable[SubmitResult]: ...


@dataclass(slots=True)
class _OpenDelivery:
    """The current delivery of a partition: its reader, its writer of identities, and its report so far."""

    base: int
    reader: Reader
    people: RunningWriter
    report: DeliveryReport

    def row(self, message: Message) -> int:
        return message.offset - self.base + 1


def listen(reading: Reading, listener: Listener, stop: Callable[[], bool], once: bool = False) -> None:
    """Takes in a topic until ``stop`` says so; with ``once`` only up to its present end.

    Partitions that are added meanwhile are read from their start at the next call.

    Raises:
        NoTopic, NoAnswer: the broker. LostMessages: see ``start_offsets``. TokenCollision, Refused: see ``Listener.take``.
    """
    spans = reading.spans()
    reading.begin(start_offsets(listener.sink.state, listener.wanted, spans))
    while not stop():
        if once and all(offset >= spans[partition].end for partition, offset in reading.positions().items()):
            return
        if messages := next_pack(reading):
            listener.take(messages)


def next_pack(reading: Reading, now: Callable[[], float] = time.monotonic) -> list[Message]:
    """The next pack: up to a thousand messages, or those within a tenth of a second after the first."""
    pack = list(reading.poll(PACK_SECONDS, PACK_ROWS))
    until = now() + PACK_SECONDS
    while pack and len(pack) < PACK_ROWS and (left := until - now()) > 0:
        pack += reading.poll(left, PACK_ROWS - len(pack))
    return pack


class Listener:
    """Takes in the messages of a topic; ``reports`` holds one report for each delivery.

    Args:
        dead: the dead-letter queue.
        today: gives the day of receipt.
        on_flaw: called with the report of a delivery and each broken cell, before its row is submitted.
    """

    def __init__(
        self,
        sink: Sink,
        wanted: TopicSource,
        tokens: Tokens,
        vault: Vault,
        dead: Writing,
        today: Callable[[], date],
        on_flaw: Callable[[DeliveryReport, Flaw], None] = lambda report, flaw: None,
        on_pack: Callable[[], None] = lambda: None,
    ) -> None:
        self.sink, self.wanted, self._tokens, self._vault = sink, wanted, tokens, vault
        self._dead, self._today, self._on_flaw, self._on_pack = dead, today, on_flaw, on_pack
        self._open_deliveries: dict[int, _OpenDelivery] = {}
        self.reports: list[DeliveryReport] = []

    def take(self, messages: Sequence[Message]) -> None:
        """Take in some messages; the host has applied them when this returns.

        Raises:
            TokenCollision: two identifiers have one token. Refused: the host refuses a message.
        """
        packs: dict[int, list[Message]] = {}
        for message in messages:
            packs.setdefault(message.partition, []).append(message)
        parcels: list[tuple[_OpenDelivery, Parcel]] = []
        for partition, pack in sorted(packs.items()):
            delivery = self._delivery(partition, pack[0].offset, pack[-1].offset)
            parcel = self._parcel(delivery, pack)
            if parcel is not None and len(parcel.batch):
                parcels.append((delivery, parcel))
        self._dead.flush()
        self._on_pack()
        results = self.sink.submit_each([parcel.batch for _, parcel in parcels])
        for (delivery, _), result in zip(parcels, results, strict=True):
            delivery.report.changes += len(result.changes)

    def _delivery(self, partition: int, first: int, last: int) -> _OpenDelivery:
        """The delivery of a pack; a new one is started."""
        feed, source = self.wanted.feed, self.wanted.source
        id = delivery_of(self.sink.state, self.wanted, partition, first, last)
        delivery = self._open_deliveries.get(partition)
        if delivery is not None and delivery.report.id == id:
            return delivery
        number, mark, _ = self.sink.state.deliveries.number(feed.name, source, id)
        if self.sink.state.deliveries.by_id(feed.name, source, id) is None:
            list(self.sink.submit_each([DeliveryStarted(feed.name, source, number, id)]))
        report = DeliveryReport(feed.name, feed.sources[source].unit, id, number, resumed_behind=mark)
        reader, people = Reader(feed, source, number, self._tokens, self._today()), RunningWriter(self._vault, feed, source, number)
        delivery = self._open_deliveries[partition] = _OpenDelivery(base_of(id), reader, people, report)
        self.reports.append(report)
        return delivery

    def _parcel(self, delivery: _OpenDelivery, pack: Sequence[Message]) -> Parcel | None:
        """The rows of a pack, ready to be submitted; None where no message is a record."""
        columns = list(dict.fromkeys([*delivery.reader.columns, DELETED_COLUMN]))
        rows: dict[int, Message] = {}
        cells = []
        for message in pack:
            try:
                cells.append(cells_of(message, self.wanted.feed, columns))
                rows[delivery.row(message)] = message
            except NoRecord as error:
                delivery.report.rows += 1
                delivery.report.unplaced += 1
                self._bury(message, error.text)
        if not cells:
            return None
        numbers = np.array(list(rows), np.int32)
        delivery.reader.received = self._today()
        parcel = delivery.reader.parcel(Piece(int(numbers[0]), frame(cells, columns)), numbers)
        count_parcel(delivery.report, parcel, lambda flaw: self._on_flaw(delivery.report, flaw))
        if parcel.unplaced:
            self._bury_unplaced(rows, parcel)
        delivery.people.add(without_erased(self.wanted.feed, parcel.identities, self.sink.state), int(numbers[0]))
        return parcel

    def _bury_unplaced(self, rows: Mapping[int, Message], parcel: Parcel) -> None:
        """Send unplaced rows to the dead-letter queue, each with the first flaw of its subject or key."""
        feed, placed = self.wanted.feed, set(parcel.batch.row.tolist())
        why = {flaw.row: flaw for flaw in reversed(parcel.flaws) if flaw.column in (feed.identify.column, feed.key)}
        for row, message in rows.items():
            if row not in placed:
                self._bury(message, Text(why[row].render("zh"), why[row].render("en")))

    def _bury(self, message: Message, reason: Text) -> None:
        id = f"{self.wanted.topic}.{message.partition}.{message.offset}"
        place = {"topic": self.wanted.topic, "partition": str(message.partition), "offset": str(message.offset)}
        facts = {"reasonzh": reason.zh, "reasonen": reason.en, **place}
        letter = Outgoing("dead-letters", 0, id, "dead-letter", message.value or b"", facts)
        self._dead.send(Post(id.encode(), letter.body, headers(letter, "intake"), 0))


def cells_of(message: Message, feed: Feed, columns: Sequence[str]) -> list[str | None]:
    """The cells of a message.

    A message without a value is a deletion, where its key is the subject's identifier and the order is by delivery.

    Raises:
        NoRecord: it is no record.
    """
    try:
        if message.value is not None:
            return record(message.value.decode("utf-8-sig"), columns)
        if message.key is None or feed.key != feed.identify.column or feed.order is not None:
            raise NoRecord(_NO_DELETION)
        named = {feed.key: message.key.decode("utf-8"), DELETED_COLUMN: "1"}
        return [named.get(column) for column in columns]
    except UnicodeDecodeError:
        raise NoRecord(Text("不是 UTF-8", "no UTF-8")) from None
