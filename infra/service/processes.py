"""The processes of a service: forked when it starts, and ended when it stops.

The front calls ``start`` before it has threads. It forks the engine, which opens the workspace and forks the reader. The engine ends when
the front closes ``stop``, the reader when the front closes ``calls``: also if the front was killed.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.logs import log_plainly, traceback_text
from infra.service.reader import Reader, RunVerb
from infra.service.verbs import ENGINE, VERBS
from infra.workspace.serving import SERVICE
from infra.workspace.workspace import Workspace
from policies.problems.characters import lines
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import private_umask
from streams.embedded.host import EmbeddedHost
from streams.language.errors import EngineGone
from streams.served.channel import Channel, ChannelClosed, connect, listen
from streams.served.engine import Engine
from streams.served.served_host import ServedHost
from streams.store.writer import WriterLock

UP_LOCK = "up.lock"


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine has opened the workspace, and the reader runs."""

    offset: int
    engine: int
    reader: int


@dataclass(slots=True)
class Service:
    """The processes of a running service, as the front has them.

    Args:
        calls: to the reader.
        status: from the engine: ``Ready``, or why it cannot start.
        stop: the engine ends once it is closed.
    """

    folder: Path
    lock: WriterLock
    engine: int
    calls: Channel
    status: Channel
    stop: int

    def wait_ready(self) -> Ready:
        """Waits until the workspace is open.

        Raises:
            HuiminError: it cannot be opened.
        """
        try:
            ready = self.status.receive()[0]
        except ChannelClosed as error:
            raise EngineGone from error
        if isinstance(ready, HuiminError):
            raise ready
        assert isinstance(ready, Ready)
        return ready

    def close(self) -> int:
        """Lets verbs and messages under way end, then ends both processes; returns the exit code of the engine."""
        self.calls.close()
        os.close(self.stop)
        _, status = os.waitpid(self.engine, 0)
        for name in (ENGINE, VERBS):
            (self.folder / name).unlink(missing_ok=True)
        self.lock.release()
        return os.waitstatus_to_exitcode(status)


def start(workspace: Workspace, run_verb: RunVerb, prepare: Callable[[], None]) -> Service:
    """Forks the engine of a workspace.

    Args:
        run_verb: runs a line of the command line in a child of the reader.
        prepare: called once in the reader, to import what its children use. It must not start a thread, for the reader forks.

    Raises:
        Busy: a service runs already. HuiminError: the workspace is part of a network, whose state the workers have.
    """
    if workspace.network is not None:
        raise HuiminError(OF_A_NETWORK, 5)
    folder = workspace.make_folder(SERVICE)
    lock = WriterLock(folder, UP_LOCK)
    with private_umask():
        engine_socket, verb_socket = listen(folder / ENGINE), listen(folder / VERBS)
    calls, calls_of_reader = Channel.pair()
    status, status_of_engine = Channel.pair()
    stop_of_engine, stop = os.pipe2(os.O_CLOEXEC)
    sys.stdout.flush()
    if process := os.fork():
        for item in (engine_socket, verb_socket, calls_of_reader, status_of_engine):
            item.close()
        os.close(stop_of_engine)
        return Service(folder, lock, process, calls, status, stop)
    lock.leave()
    calls.close()
    status.close()
    os.close(stop)
    _child(lambda: _engine(workspace, engine_socket, verb_socket, calls_of_reader, status_of_engine, stop_of_engine, run_verb, prepare))
    raise AssertionError("a child does not come back")


def _child(work: Callable[[], Any]) -> None:
    """Does this work and ends the process; the terminal's interrupt is for the front."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    log_plainly()
    code = 1
    try:
        work()
        code = 0
    except HuiminError as error:
        print(lines([error.text.zh, error.text.en]), file=sys.stderr, flush=True)
    except BaseException as error:
        print(traceback_text(error), file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _engine(
    workspace: Workspace, engine_socket: socket.socket, verb_socket: socket.socket, calls: Channel, status: Channel, stop: int,
    run_verb: RunVerb, prepare: Callable[[], None],
) -> None:  # fmt: skip
    try:
        with workspace.writing() as host:
            assert isinstance(host, EmbeddedHost)
            with host.forking():
                if (reader := os.fork()) == 0:
                    host.become_reader()
            if reader == 0:
                status.close()
                os.close(stop)
                engine_socket.close()
                _child(lambda: _read(workspace, host, verb_socket, calls, run_verb, prepare))
            verb_socket.close()
            calls.close()
            status.send(Ready(host.state.offset, os.getpid(), reader))
            Engine(host, engine_socket, stop, lambda: _write_checkpoint(host)).run()
    except HuiminError as error:
        status.send(error)
        raise
    os.waitpid(reader, 0)


def _read(
    workspace: Workspace, host: EmbeddedHost, verbs: socket.socket, calls: Channel, run_verb: RunVerb, prepare: Callable[[], None]
) -> None:
    prepare()
    Reader(workspace, ServedHost(host, lambda: _to_engine(workspace)), verbs, calls, run_verb).run()


def _to_engine(workspace: Workspace) -> Channel:
    sock = connect(workspace.root / SERVICE / ENGINE)
    if sock is None:
        raise EngineGone
    return Channel(sock)


def _write_checkpoint(host: EmbeddedHost) -> None:
    """While nothing comes, a checkpoint is written that closing would have to write."""
    if host.is_checkpoint_due and host.problem is None:
        host.write_checkpoint()


def is_up(workspace: Workspace) -> bool:
    """Whether a service of this workspace listens."""
    sock = connect(workspace.root / SERVICE / VERBS)
    if sock is not None:
        sock.close()
    return sock is not None


OF_A_NETWORK = Text(
    "此工作区属于 Kafka 网络，还不能用 huimin up；名单由工作进程维护，请照旧使用命令行。",
    "This workspace is part of a network on Kafka, which huimin up does not serve yet: workers keep its lists. Use the verbs as before.",
)
BUSY = Text(
    "此工作区的服务（huimin up）正在运行，这件事要在它停止时做。请先停止服务，再试一次。",
    "The service of this workspace (huimin up) is running, and this needs it stopped. Stop the service, then try again.",
)
