"""A unit's own topic of JSON records, taken in through its feed's contract as a file of JSON lines would be.

The one idea: only the frame differs from a file. Cells, checks, tokens, quarantine and identities are those of
``connectors.intake.intake``; which row a message is, ``connectors.kafka.topic_deliveries`` says. A message that is no record, or of nobody,
goes to the dead letters as it came, with the reason, and the stream goes on. Before a pack is submitted its dead letters are acknowledged,
its flaws told and its identities on disk, for the topic is never read from its start again. Source: docs/en/feeds.md; RFC 8259 (JSON is
UTF-8).
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
from connectors.intake.delivery import DeliveryReport, counted, of_others
from connectors.intake.delivery_ports import Applied
from connectors.intake.flaws import Flaw
from connectors.intake.intake import DELETED_COLUMN, Parcel, Reader
from connectors.kafka.topic_deliveries import Standing, Wanted, base_of, delivery_of, starts
from connectors.kafka.topics import Message, Post, Reading, Writing
from connectors.parsing.jsonlines import NoRecord, frame, record
from connectors.parsing.tables import Piece
from policies.language.catalogue import Feed
from policies.values import Text
from streams.language.events import headers
from streams.language.folds import Outgoing
from streams.language.messages import DeliveryStarted, Input

PACK_ROWS = 1_000
PACK_SECONDS = 0.1
_NO_DELETION = Text(
    "空消息没有说明对象和次序；请发送 deleted 为 true 的 JSON 记录",
    "a message without a value names neither subject nor order; send a JSON record with deleted: true",
)


class Sink(Protocol):
    """Where records go: a host, embedded or of a network (``streams.host.Host``, ``services.deliveries.delivery.Recording``)."""

    @property
    def state(self) -> Standing: ...

    def submit_each(self, messages: Iterable[Input]) -> Iterable[Applied]: ...


@dataclass(slots=True)
class _Taking:
    """The delivery a partition is in: what reads it, writes its identities, and what came of it so far."""

    base: int
    reader: Reader
    people: RunningWriter
    report: DeliveryReport

    def row(self, message: Message) -> int:
        return message.offset - self.base + 1


def listen(reading: Reading, listener: Listener, stop: Callable[[], bool], once: bool = False) -> None:
    """Takes in what a topic holds and what comes, until it is told to stop; ``once`` until the end of what is there now.

    Partitions made meanwhile are read from their start when it is called again.

    Raises:
        NoTopic, NoAnswer: the broker. LostMessages: see ``starts``. TokenCollision, Refused: see ``Listener.take``.
    """
    spans = reading.spans()
    reading.begin(starts(listener.sink.state, listener.wanted, spans))
    while not stop():
        if once and all(offset >= spans[partition].end for partition, offset in reading.positions().items()):
            return
        if messages := gathered(reading):
            listener.take(messages)


def gathered(reading: Reading, now: Callable[[], float] = time.monotonic) -> list[Message]:
    """The next pack: up to a thousand messages, or those of a tenth of a second behind the first."""
    found = list(reading.poll(PACK_SECONDS, PACK_ROWS))
    until = now() + PACK_SECONDS
    while found and len(found) < PACK_ROWS and (left := until - now()) > 0:
        found += reading.poll(left, PACK_ROWS - len(found))
    return found


class Listener:
    """Takes in what a topic brings. ``reports`` says what came of it, one for each delivery.

    Args:
        dead: the topic of dead letters.
        today: says the day on which messages come in.
        on_flaw: called with the report of a delivery and each broken cell, before its row is submitted.
    """

    def __init__(
        self,
        sink: Sink,
        wanted: Wanted,
        tokens: Tokens,
        vault: Vault,
        dead: Writing,
        today: Callable[[], date],
        on_flaw: Callable[[DeliveryReport, Flaw], None] = lambda report, flaw: None,
        on_pack: Callable[[], None] = lambda: None,
    ) -> None:
        self.sink, self.wanted, self._tokens, self._vault = sink, wanted, tokens, vault
        self._dead, self._today, self._on_flaw, self._on_pack = dead, today, on_flaw, on_pack
        self._taking: dict[int, _Taking] = {}
        self.reports: list[DeliveryReport] = []

    def take(self, messages: Sequence[Message]) -> None:
        """Take in some messages; when this returns they have happened.

        Raises:
            TokenCollision: two identifiers have one token. Refused: by the host.
        """
        packs: dict[int, list[Message]] = {}
        for message in messages:
            packs.setdefault(message.partition, []).append(message)
        parcels: list[tuple[_Taking, Parcel]] = []
        for partition, pack in sorted(packs.items()):
            taking = self._delivery(partition, pack[0].offset, pack[-1].offset)
            parcel = self._parcel(taking, pack)
            if parcel is not None and len(parcel.batch):
                parcels.append((taking, parcel))
        self._dead.flush()
        self._on_pack()
        applied = self.sink.submit_each([parcel.batch for _, parcel in parcels])
        for (taking, _), one in zip(parcels, applied, strict=True):
            taking.report.changes += len(one.changes)

    def _delivery(self, partition: int, first: int, last: int) -> _Taking:
        """The delivery that a pack belongs to, begun where it is new."""
        feed, source = self.wanted.feed, self.wanted.source
        id = delivery_of(self.sink.state, self.wanted, partition, first, last)
        taking = self._taking.get(partition)
        if taking is not None and taking.report.id == id:
            return taking
        number, mark, _ = self.sink.state.deliveries.number(feed.name, source, id)
        if self.sink.state.deliveries.named(feed.name, source, id) is None:
            list(self.sink.submit_each([DeliveryStarted(feed.name, source, number, id)]))
        report = DeliveryReport(feed.name, feed.sources[source].unit, id, number, resumed_behind=mark)
        reader, people = Reader(feed, source, number, self._tokens, self._today()), RunningWriter(self._vault, feed, source, number)
        taking = self._taking[partition] = _Taking(base_of(id), reader, people, report)
        self.reports.append(report)
        return taking

    def _parcel(self, taking: _Taking, pack: Sequence[Message]) -> Parcel | None:
        """The rows of a pack, with all that comes before they are submitted done; None where none of it is a record."""
        columns = list(dict.fromkeys([*taking.reader.columns, DELETED_COLUMN]))
        rows: dict[int, Message] = {}
        cells = []
        for message in pack:
            try:
                cells.append(cells_of(message, self.wanted.feed, columns))
                rows[taking.row(message)] = message
            except NoRecord as error:
                taking.report.rows += 1
                taking.report.unplaced += 1
                self._bury(message, error.text)
        if not cells:
            return None
        numbers = np.array(list(rows), np.int32)
        taking.reader.received = self._today()
        parcel = taking.reader.parcel(Piece(int(numbers[0]), frame(cells, columns)), numbers)
        counted(taking.report, parcel, lambda flaw: self._on_flaw(taking.report, flaw))
        if parcel.unplaced:
            self._bury_unplaced(rows, parcel)
        taking.people.add(of_others(self.wanted.feed, parcel.identities, self.sink.state), int(numbers[0]))
        return parcel

    def _bury_unplaced(self, rows: Mapping[int, Message], parcel: Parcel) -> None:
        """The rows whose subject or key cannot be read, each with the first flaw that says so."""
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
    """The cells of a message; of one without a value those of a deletion, where its key says whose record it is and order is by arrival.

    Raises:
        NoRecord: it is none.
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
