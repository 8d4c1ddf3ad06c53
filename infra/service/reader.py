"""The reader of a service: a process with one thread that follows the log and answers, and forks a child for whatever takes long.

It was forked from the engine, so both share the memory of the state until it changes. A child sees the state behind one message, can use
any library, and can be cancelled; its exit code is the exit code of a verb.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.service.calls import Call, CallEnd, Cancel, Frame
from infra.service.verbs import INTERRUPT, VerbLine, become, receive_line
from infra.settings import acting_as
from infra.workspace.serving import ServedWorkspace, serving
from infra.workspace.workspace import Workspace
from streams.served.channel import Channel, ChannelClosed, Peer, peer_of
from streams.served.served_host import ServedHost

FOLLOW_SECONDS = 0.2
"""The reader looks at the log at least so often."""
LINE_SECONDS = 1.0
"""A client has so long to send its line."""
RunVerb = Callable[[VerbLine, Peer], int]


@dataclass(slots=True, eq=False)
class _Child:
    """A child, and who waits for it: the connection of a verb, or a call's number."""

    process: int
    verb: socket.socket | None = None
    call: int = -1


class Reader:
    """Serves verbs and calls until the front has gone.

    Args:
        host: of the engine's log.
        verbs: the socket on which the command line comes.
        calls: from the front.
        run_verb: runs a line in a child, and gives its exit code.
    """

    def __init__(self, workspace: Workspace, host: ServedHost, verbs: socket.socket, calls: Channel, run_verb: RunVerb) -> None:
        self._workspace, self._host, self._verbs, self._calls, self._run_verb = workspace, host, verbs, calls, run_verb
        self._root = workspace.root.resolve()
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._ended, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._goes_on = True

    def run(self) -> None:
        """Serves until the front has gone, and then until the last verb has ended."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # for the front; in a child it waits until the verb has begun
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for item in (self._verbs, self._calls, self._ended):
            self._selector.register(item, selectors.EVENT_READ)
        gc.freeze()  # or the collector writes into the memory that is shared
        while self._goes_on or self._children:
            events = self._selector.select(FOLLOW_SECONDS)
            if not events:
                self._host.refresh()
            for key, _ in events:
                if key.fileobj is self._verbs:
                    self._take_verb()
                elif key.fileobj is self._calls:
                    self._take_call()
                elif key.fileobj == self._ended:
                    self._reap()
                else:
                    self._pass_on(key.data)

    def _take_verb(self) -> None:
        sock, _ = self._verbs.accept()
        try:
            line, files = receive_line(sock, LINE_SECONDS)
        except ValueError:
            sock.close()
            return
        peer = peer_of(sock)
        self._host.refresh()
        process = self._fork(lambda: self._verb(line, files, peer))
        for number in files:
            os.close(number)
        self._children[process] = child = _Child(process, verb=sock)
        self._selector.register(sock, selectors.EVENT_READ, child)

    def _verb(self, line: VerbLine, files: list[int], peer: Peer) -> int:
        become(line, files)
        with serving(ServedWorkspace(self._root, self._host, disposable=True)), acting_as(peer.uid):
            return self._run_verb(line, peer)

    def _take_call(self) -> None:
        try:
            request, files = self._calls.receive()
        except ChannelClosed:
            self._goes_on = False
            self._selector.unregister(self._calls)
            self._selector.unregister(self._verbs)
            self._verbs.close()
            return
        match request:
            case Call():
                with ExitStack() as stack:
                    answers = stack.enter_context(socket.socket(fileno=files[0]))
                    self._host.refresh()
                    if request.long:
                        process = self._fork(lambda: self._answer(request, Channel(answers), disposable=True))
                        self._children[process] = _Child(process, call=request.number)
                    else:
                        self._answer(request, Channel(answers), disposable=False)
            case Cancel():
                for child in self._children.values():
                    if child.call == request.number:
                        os.kill(child.process, signal.SIGTERM)

    def _answer(self, call: Call, answers: Channel, disposable: bool) -> int:
        """Runs a call, and sends its answer."""
        task = Task(self._workspace, call.account, answers)
        with suppress(ChannelClosed), serving(ServedWorkspace(self._root, self._host, disposable)):
            try:
                frame: Frame = CallEnd(call.function(task, *call.arguments, **call.keywords))
            except Exception as error:  # the front says it to whoever asked
                frame = error
            answers.send(frame)
        return 0

    def _fork(self, work: Callable[[], int]) -> int:
        """A child that does this work, and ends with its exit code."""
        sys.stdout.flush()
        with self._host.forking():
            if process := os.fork():
                return process
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            self._selector.close()
            self._verbs.close()
            self._calls.close()
            code = work()
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _pass_on(self, child: _Child) -> None:
        """An interrupt of the client, or its end, goes to the verb."""
        assert child.verb is not None
        try:
            word = child.verb.recv(16)
        except OSError:
            word = b""
        with suppress(ProcessLookupError):
            if word.startswith(INTERRUPT):
                os.kill(child.process, signal.SIGINT)
            elif not word:
                self._selector.unregister(child.verb)
                os.kill(child.process, signal.SIGHUP)

    def _reap(self) -> None:
        """Tells the clients of ended verbs their exit code."""
        with suppress(BlockingIOError):
            os.read(self._ended, 4096)
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            child = self._children.pop(process, None)
            if child is None or child.verb is None:
                continue
            with suppress(KeyError):
                self._selector.unregister(child.verb)
            with suppress(OSError):
                child.verb.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            child.verb.close()


@dataclass(frozen=True, slots=True)
class Task:
    """What a called function works with: the workspace, and the way to tell how far it is."""

    workspace: Workspace
    account: str
    answers: Channel

    def send(self, frame: Any) -> None:
        """Sends a part of the answer ahead of its end."""
        self.answers.send(frame)


def socket_path(root: Path, name: str) -> Path:
    """Where a service of a workspace listens."""
    from infra.workspace.serving import SERVICE

    return root / SERVICE / name
