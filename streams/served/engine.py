"""The engine: one process that owns a host, and applies what its clients submit, one message at a time.

A client has one connection. The engine takes one message of each client in turn, the shortest first, so that the report of an outcome
waits for one message of a delivery and not for all of it. The next message is applied while the disk writes the last one
(``Host.submit_each``). Nothing is read here: clients follow the log by themselves. ``infra.service`` runs it.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from policies.problems.problems import HuiminError
from policies.values import Text
from streams.host import Host, Receipt
from streams.language.messages import Input
from streams.served.channel import Channel, ChannelClosed, accept, frame_of
from streams.served.requests import (
    AskStatus,
    CheckpointRequest,
    CommitReceipt,
    EngineStatus,
    Reply,
    Request,
    Scrub,
    Submission,
)
from streams.wire import wire

IDLE_SECONDS = 5.0
LAST_SECONDS = 5.0
"""So long the engine waits at its end for a client to read the last replies."""
SKIPPED = Text("前一条消息被退回，这一条没有处理。", "The message before it was refused, so this one was not looked at.")


@dataclass(slots=True, eq=False)
class _Client:
    """A client, and what it has not read yet: the engine waits for nobody who is slow to read."""

    channel: Channel
    refused_series: int = -1
    unread: bytearray = field(default_factory=bytearray)


_Waiting: TypeAlias = deque[tuple[_Client, Request]]


class Engine:
    """Applies the messages of clients to a host.

    Args:
        host: open for writing.
        listener: the socket on which clients come.
        stop: a file that is readable once the engine shall end.
        idle: called where nothing has come for ``IDLE_SECONDS``.
    """

    def __init__(self, host: Host, listener: socket.socket, stop: int, idle: Callable[[], None] = lambda: None) -> None:
        self.host, self._listener, self._stop, self._idle = host, listener, stop, idle
        self._selector = selectors.DefaultSelector()
        self._messages = self._refused = 0
        self._stopping = False

    def run(self) -> None:
        """Serves clients until it shall stop. What was acknowledged is durable."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._stop, selectors.EVENT_READ)
        waiting: _Waiting = deque()
        while not self._stopping:
            if not waiting:
                waiting.extend(self._requests(IDLE_SECONDS))
            if not waiting:
                self._idle()
            elif isinstance(waiting[0][1], Submission) and len(waiting[0][1].bodies) == 1:
                self._apply_each(waiting)
            else:
                client, request = waiting.popleft()
                self._answer(client, self._reply(client, request))
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Client):
                key.data.channel.sock.settimeout(LAST_SECONDS)
                with suppress(OSError):
                    key.data.channel.sock.sendall(key.data.unread)
                key.data.channel.close()
        self._selector.close()

    def _requests(self, seconds: float) -> list[tuple[_Client, Request]]:
        """One request of each client that has one, the shortest first."""
        requests: list[tuple[_Client, Request]] = []
        for key, events in self._selector.select(seconds):
            if key.fd == self._stop:
                self._stopping = True
            elif key.fileobj is self._listener:
                if (channel := accept(self._listener)) is not None:
                    self._selector.register(channel, selectors.EVENT_READ, _Client(channel))
            else:
                client: _Client = key.data
                try:
                    if events & selectors.EVENT_WRITE:
                        self._send_unread(client)
                    if events & selectors.EVENT_READ:
                        requests.append((client, client.channel.receive()[0]))
                except ChannelClosed:
                    self._selector.unregister(client.channel)
                    client.channel.close()
        return sorted(requests, key=lambda item: _length(item[1]))

    def _apply_each(self, waiting: _Waiting) -> None:
        """Applies the single messages in front, and those that come meanwhile, each in its own transaction."""
        under_way: deque[tuple[_Client, int]] = deque()

        def coming() -> Iterator[Input]:
            while True:
                if not waiting and not self._stopping:
                    waiting.extend(self._requests(0))
                if not waiting:
                    return
                client, request = waiting[0]
                if not isinstance(request, Submission) or len(request.bodies) != 1:
                    return
                waiting.popleft()
                if request.series == client.refused_series:
                    self._answer(client, HuiminError(SKIPPED))
                    continue
                under_way.append((client, request.series))
                yield wire.decode(request.bodies[0])

        try:
            for receipt in self.host.submit_each(coming()):
                self._messages += 1
                self._answer(under_way.popleft()[0], [_commit_receipt(receipt)])
        except HuiminError as error:
            for client, series in under_way:  # one: each is durable or refused before the next is applied
                self._answer(client, self._refusal(client, series, error))

    def _reply(self, client: _Client, request: Request) -> Reply:
        try:
            match request:
                case Submission():
                    return self._apply_together(client, request)
                case Scrub():
                    return self.host.scrub(request.person, request.traces)
                case CheckpointRequest():
                    self.host.write_checkpoint()
                    return None
                case AskStatus():
                    return EngineStatus(self.host.state.offset, self._messages, self._refused, self.host.problem)
                case _:
                    assert_never(request)
        except HuiminError as error:
            return error

    def _apply_together(self, client: _Client, submission: Submission) -> Reply:
        if submission.series == client.refused_series:
            return HuiminError(SKIPPED)
        try:
            receipts = self.host.submit_many([wire.decode(body) for body in submission.bodies])
        except HuiminError as error:
            return self._refusal(client, submission.series, error)
        self._messages += len(receipts)
        return [_commit_receipt(receipt) for receipt in receipts]

    def _refusal(self, client: _Client, series: int, error: HuiminError) -> HuiminError:
        self._refused += 1
        client.refused_series = series
        return error

    def _answer(self, client: _Client, reply: Reply) -> None:
        client.unread += frame_of(reply)
        with suppress(ChannelClosed):  # a client that has gone reads in the log what became of its message
            self._send_unread(client)

    def _send_unread(self, client: _Client) -> None:
        """Sends as much as the client takes now, and the rest when it takes more."""
        sock = client.channel.sock
        try:
            while client.unread:
                del client.unread[: sock.send(client.unread, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            pass
        except OSError as error:
            client.unread.clear()
            raise ChannelClosed from error
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unread else 0)
        with suppress(KeyError, ValueError):  # it may be closed already
            if self._selector.get_key(client.channel).events != wanted:
                self._selector.modify(client.channel, wanted, client)


def _length(request: Request) -> int:
    return sum(map(len, request.bodies)) if isinstance(request, Submission) else 0


def _commit_receipt(receipt: Receipt) -> CommitReceipt:
    return CommitReceipt(receipt.offset, wire.encode_changes(receipt.changes) if len(receipt.changes) else None, tuple(receipt.notices))
