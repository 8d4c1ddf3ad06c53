"""A served host is the embedded host seen from another process: the same receipts, refusals and state, whatever a client is like."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from policies.problems.problems import HuiminError
from policies.values import Text
from streams.embedded.host import EmbeddedHost
from streams.language.errors import EngineGone, Refusal, Unreadable
from streams.language.messages import EditionCut, Input, Tick
from streams.ledgers.decisions import stamping
from streams.served.channel import Channel, connect, listen
from streams.served.engine import Engine
from streams.served.served_host import ServedHost
from streams.wire import wire
from tests.streams.bench import NEVER, fold_of_run
from tests.streams.happenings import Happenings
from tests.streams.world import parts, run

JOIN_SECONDS = 60


@dataclass(slots=True)
class Bench:
    """An engine in a thread, over a store in a folder."""

    folder: Path
    thread: threading.Thread
    stop_file: int

    def client(self, author: str | None = None, buffer: int | None = None) -> ServedHost:
        """A host of the engine; ``buffer``: of its socket, in bytes."""
        reader = EmbeddedHost.open(self.folder, parts(), readonly=True)

        def to_engine() -> Channel:
            sock = connect(self.folder / "engine.sock")
            if sock is None:
                raise EngineGone
            if buffer is not None:
                for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                    sock.setsockopt(socket.SOL_SOCKET, option, buffer)
            return Channel(sock)

        return ServedHost(reader, to_engine, author)

    def stop(self) -> None:
        """Ends the engine."""
        os.close(self.stop_file)
        self.thread.join(JOIN_SECONDS)
        assert not self.thread.is_alive()


@contextmanager
def engine(folder: Path) -> Iterator[Bench]:
    """An engine over a new store."""
    ready, (stop, stop_file) = threading.Event(), os.pipe()

    def work() -> None:
        with EmbeddedHost.open(folder, parts(), create=True, rule=NEVER) as host:
            listener = listen(folder / "engine.sock")
            ready.set()
            with listener:
                Engine(host, listener, stop).run()

    bench = Bench(folder, threading.Thread(target=work), stop_file)
    bench.thread.start()
    assert ready.wait(JOIN_SECONDS)
    try:
        yield bench
    finally:
        if bench.thread.is_alive():
            bench.stop()
        os.close(stop)


def test_the_same_as_the_embedded_host(tmp_path: Path) -> None:
    """Receipts and lines come as they would in one process; the state moves on with them."""
    state, lines = fold_of_run(120)
    with engine(tmp_path) as bench, bench.client() as host:
        receipts = list(host.submit_each(run(120)))

        assert [receipt.offset for receipt in receipts] == list(range(120))
        assert [line for receipt in receipts for line in receipt.changes] == lines
        assert host.state.meta() == state.meta()
        assert list(host.outputs()) == lines


@pytest.mark.parametrize("seed", range(4))
def test_random_messages_are_admitted_and_refused_alike(tmp_path: Path, seed: int) -> None:
    """Two clients in turn against one embedded host: what one refuses, the other refuses with the same words."""
    alone = EmbeddedHost.open(tmp_path / "alone", parts(), create=True, rule=NEVER, author="wang")
    with alone, engine(tmp_path / "served") as bench, bench.client("wang") as first, bench.client("wang") as second:
        for number, body in enumerate(islice(Happenings(Random(seed)).run(), 150)):
            try:
                message = wire.decode(body)
            except Unreadable:
                continue
            host = (first, second)[number % 2]
            host.refresh()
            assert _result(host, message) == _result(alone, message), number
        first.refresh()
        assert first.state.meta() == alone.state.meta()


def _result(host: ServedHost | EmbeddedHost, message: Input) -> tuple[object, ...]:
    try:
        receipt = host.submit(message)
    except HuiminError as error:
        return type(error), error.text, error.exit_code
    return receipt.offset, list(receipt.changes), list(receipt.notices)


def test_behind_a_refused_message_of_a_series_none_is_applied(tmp_path: Path) -> None:
    """Also if the next one was on its way already; the next series goes on."""
    messages = [*list(run(40)), EditionCut("nobody"), *list(run(45))[40:]]
    with engine(tmp_path) as bench, bench.client() as host:
        offsets = list[int]()
        with pytest.raises(Refusal):
            offsets.extend(receipt.offset for receipt in host.submit_each(messages))
        assert offsets == list(range(40))
        assert host.state.offset == 39
        assert [receipt.offset for receipt in host.submit_each(messages[41:])] == list(range(40, 45))


def test_receipts_come_before_an_error_of_the_caller(tmp_path: Path) -> None:
    """What is stored has its receipt."""

    def failing() -> Iterator[Input]:
        yield from run(12)
        raise ValueError("a torn file")

    offsets = list[int]()
    with engine(tmp_path) as bench, bench.client() as host:
        with pytest.raises(ValueError, match="torn"):
            offsets.extend(receipt.offset for receipt in host.submit_each(failing()))
        assert offsets == list(range(12))


def test_a_client_that_does_not_read_holds_up_nobody(tmp_path: Path) -> None:
    """It sends more than its socket holds and reads nothing; another client gets its receipts meanwhile, and it gets its own later."""
    with engine(tmp_path) as bench, bench.client(buffer=2048) as slow, bench.client() as quick:
        coming = slow.submit_each(run(60))
        first = next(coming)
        assert quick.submit(Tick(quick.refresh().day)).offset > first.offset
        rest = list(coming)
        assert [first.offset, *(receipt.offset for receipt in rest)] == sorted({first.offset, *(r.offset for r in rest)})
        assert len(rest) == 59


def test_what_a_crash_kept_from_being_acknowledged_is_not_done_again(tmp_path: Path) -> None:
    """The same attempt gets the receipt of the first, with its lines; another attempt decides anew."""
    messages = list(run(80))
    with engine(tmp_path) as bench, bench.client() as host:
        list(host.submit_each(messages))
        day = host.state.day
        tomorrow = Tick(day.replace(day=day.day % 27 + 1)) if day.day < 27 else Tick(day)
        with stamping(host.state.offset, "attempt-1"):
            once = host.submit(tomorrow)
        with bench.client() as after_a_crash:
            with stamping(once.offset - 1, "attempt-1"):
                again = after_a_crash.submit(tomorrow)
            assert (again.offset, list(again.changes)) == (once.offset, list(once.changes))
            assert after_a_crash.state.offset == once.offset
            with stamping(once.offset, "attempt-2"):
                assert after_a_crash.submit(tomorrow).offset == once.offset + 1


def test_an_engine_that_has_gone_is_named(tmp_path: Path) -> None:
    """The error says that what was acknowledged is stored."""
    with engine(tmp_path) as bench, bench.client() as host:
        list(host.submit_each(run(5)))
        bench.stop()
        with pytest.raises(EngineGone) as raised:
            host.submit(list(run(6))[5])
    assert isinstance(raised.value.text, Text)
