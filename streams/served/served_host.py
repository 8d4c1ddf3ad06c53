"""The host of a client of the engine: it reads the log by itself, and what it submits goes to the engine.

Its state is that behind the last message at ``refresh``, and at least behind every message of its own. ``infra.workspace`` gives it to
services where an engine runs (``infra.service``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from matchers.matrix.erasure import Trace
from policies.problems.problems import HuiminError
from streams.disk.effects import note_message
from streams.embedded.host import EmbeddedHost
from streams.erasure.scrub import ScrubReport
from streams.host import Receipt
from streams.language.errors import EngineGone, RepeatedDecision
from streams.language.messages import CandidateChange, Input
from streams.language.ports import Parts
from streams.ledgers.decisions import with_author, with_repeatable_stamp
from streams.lists.editions import Edition
from streams.lists.lines import Lines, no_lines
from streams.served.channel import Channel, ChannelClosed
from streams.served.requests import AskStatus, CheckpointRequest, CommitReceipt, EngineStatus, Reply, Request, Scrub, Submission
from streams.steps.state import State
from streams.steps.steps import step
from streams.store.outcome_history import OutcomeHistory
from streams.wire import wire

AHEAD = 2
"""So many messages may be on their way to the engine."""


class ServedHost:
    """A host whose messages another process applies.

    Args:
        reader: of the same log; its state is used and moved on.
        connect: gives a connection to the engine; called at the first message.
        author: of decisions in which nobody is named.
    """

    def __init__(self, reader: EmbeddedHost, connect: Callable[[], Channel], author: str | None = None) -> None:
        self.reader, self._connect, self._author = reader, connect, author
        self._channel: Channel | None = None
        self._series = count()
        self._ahead: State | None = None

    @property
    def parts(self) -> Parts:
        return self.reader.parts

    @property
    def folder(self) -> Path:
        return self.reader.folder

    @property
    def readonly(self) -> bool:
        return False

    @property
    def problem(self) -> HuiminError | None:
        return self.reader.problem

    @property
    def state(self) -> State:
        return self.reader.state if self._ahead is None else self._ahead

    def submit(self, message: Input) -> Receipt:
        """As in ``streams.host.Host``. Also raises EngineGone: the engine has ended; the log says whether the message was stored."""
        return self.submit_many((message,))[0]

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:
        """Applies several messages in one transaction: all or none. What a crash kept from being acknowledged is not applied again.

        Raises:
            As ``submit``.
        """
        decided = [with_repeatable_stamp(with_author(message, self._author)) for message in messages]
        self._send(decided, next(self._series))
        try:
            receipts = self._receipts()
        except RepeatedDecision:
            self.refresh()
            earlier = [self._earlier_receipt(message) for message in decided]
            if None in earlier:
                raise
            return [receipt for receipt in earlier if receipt is not None]
        self.refresh()
        return receipts

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        """As in ``streams.host.Host``, with some messages ahead of their receipts. Behind a refused message none is applied. ``state``
        moves on at the end."""
        under_way, series, coming = 0, next(self._series), iter(messages)
        try:
            while True:
                try:
                    message = next(coming, None)
                except Exception:
                    while under_way:
                        under_way -= 1
                        yield from self._receipts()
                    raise
                if message is not None:
                    self._send((with_author(message, self._author),), series)
                    under_way += 1
                elif not under_way:
                    return
                if message is None or under_way > AHEAD:
                    under_way -= 1
                    yield from self._receipts()
        finally:
            self._pass_over(under_way)
            self.refresh()

    def outputs(self, after: str | None = None) -> Iterator[CandidateChange]:
        return self.reader.outputs(after)

    def editions(self, policy: str) -> Iterator[Edition]:
        return self.reader.editions(policy)

    def outcome_history(self) -> OutcomeHistory:
        return self.reader.outcome_history()

    def at(self, moment: int | date) -> State:
        return self.reader.at(moment)

    @property
    def erasing(self) -> bool:
        return self.reader.erasing

    def half_erased(self) -> int | None:
        return self.reader.half_erased()

    def traces(self, person: int) -> list[Trace]:
        return self.reader.traces(person)

    def scrub(self, person: int, traces: Sequence[Trace]) -> ScrubReport:
        report = self._ask(Scrub(person, tuple(traces)))
        assert isinstance(report, ScrubReport)
        return report

    def ahead(self, message: Input) -> None:
        """Shows in a copy of ``state`` what this message would do, until the host follows the log again."""
        copy = State.restore(self.parts, self.state.meta(), self.state.arrays())
        step(copy, message, copy.offset)
        self._ahead = copy

    def refresh(self) -> State:
        self._ahead = None
        return self.reader.refresh()

    def write_checkpoint(self) -> Path:
        self._ask(CheckpointRequest())
        return self.folder / "snapshots"

    def engine_status(self) -> EngineStatus:
        """How the engine is."""
        status = self._ask(AskStatus())
        assert isinstance(status, EngineStatus)
        return status

    def _send(self, messages: Sequence[Input], series: int) -> None:
        self._send_request(Submission(tuple(map(wire.encode, messages)), series))

    def _receipts(self) -> list[Receipt]:
        """The receipts of the next submission.

        Raises:
            Refused, Invalid: it was not admitted.
        """
        receipts_sent = self._reply()
        assert isinstance(receipts_sent, list)
        receipts = []
        for receipt in receipts_sent:
            note_message(receipt.offset)
            receipts.append(Receipt(receipt.offset, _lines(receipt), list(receipt.notices)))
        return receipts

    def _earlier_receipt(self, message: Input) -> Receipt | None:
        """The receipt of a decision that was applied before, without its notices; None if it was not."""
        offset = self.reader.state.stamps.offset_of(message)
        return None if offset is None else Receipt(offset, self.reader.lines_of(offset), [])

    def _pass_over(self, replies: int) -> None:
        """Reads the replies that the caller does not want any more."""
        for _ in range(replies):
            try:
                self._receipts()
            except EngineGone:
                return
            except HuiminError:
                continue

    def _ask(self, request: Request) -> Reply:
        self._send_request(request)
        return self._reply()

    def _send_request(self, request: Request) -> None:
        try:
            if self._channel is None:
                self._channel = self._connect()
            self._channel.send(request)
        except ChannelClosed as error:
            raise EngineGone from error

    def _reply(self) -> Reply:
        assert self._channel is not None
        try:
            reply: Reply = self._channel.receive()[0]
        except ChannelClosed as error:
            raise EngineGone from error
        if isinstance(reply, HuiminError):
            raise reply
        return reply

    @contextmanager
    def forking(self) -> Iterator[None]:
        """For a process that forks: no file and no connection is open in the block."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        with self.reader.forking():
            yield

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self.reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _lines(receipt: CommitReceipt) -> Lines:
    return no_lines(receipt.offset) if receipt.outputs is None else wire.decode_changes(receipt.outputs)
