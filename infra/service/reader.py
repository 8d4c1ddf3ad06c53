"""The reader of a service: a process with one thread that follows the log and answers, and has children for whatever takes long.

It was forked from the engine, so both share the memory of the state until it changes. A child sees the state behind one message, can use
any library, and can be cancelled. Each verb has a child of its own, whose exit code is the verb's; long calls go to workers, which stay.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from infra.service.calls import Call, CallEnd, Cancel, Frame, Task
from infra.service.verbs import INTERRUPT, VerbLine, become, receive_line
from infra.settings import acting_as
from infra.workspace.serving import ServedWorkspace, serving
from infra.workspace.workspace import Workspace
from streams.served.channel import Channel, ChannelClosed, Peer, peer_of
from streams.served.served_host import ServedHost

FOLLOW_SECONDS = 0.2
"""The reader looks at the log at least so often."""
WORKER_CALLS, IDLE_WORKERS = 200, 2
"""A worker ends after so many calls, and where so many others are idle."""
LINE_SECONDS = 1.0
"""A client has so long to send its line."""
RunVerb = Callable[[VerbLine, Peer], int]


@dataclass(slots=True, eq=False)
class _Child:
    """A child, and who waits for it.

    Args:
        verb: the connection of its client, where it runs a verb.
        worker: the channel of a worker, which takes one long call after another.
        call: the number of the call that it runs; -1: none.
    """

    process: int
    verb: socket.socket | None = None
    worker: Channel | None = None
    call: int = -1
    calls: int = 0


class Reader:
    """Serves verbs and calls until the front has gone.

    Args:
        host: of the engine's log.
        verbs, calls: where the command line comes, and what the front asks.
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
            for child in list(self._children.values()):
                if child.worker is not None and child.call < 0:
                    self._dismiss(child, child.worker)
            self._selector.unregister(self._calls)
            self._selector.unregister(self._verbs)
            self._verbs.close()
            return
        match request:
            case Call():
                with socket.socket(fileno=files[0]) as answers:
                    self._host.refresh()
                    if request.long:
                        self._hand_over(request, answers)
                    else:
                        self._answer(request, Channel(answers), disposable=False)
            case Cancel():
                for child in self._children.values():
                    if child.call == request.number:
                        os.kill(child.process, signal.SIGTERM)

    def _hand_over(self, call: Call, answers: socket.socket) -> None:
        """Gives a long call to a worker that is idle, or to a new one."""
        idle = (child for child in self._children.values() if child.worker is not None and child.call < 0)
        child = next(idle, None) or self._new_worker()
        assert child.worker is not None
        child.call, child.calls = call.number, child.calls + 1
        child.worker.send(call, (answers.fileno(),))

    def _new_worker(self) -> _Child:
        ours, theirs = Channel.pair()
        process = self._fork(lambda: self._work(theirs, ours))
        theirs.close()
        self._children[process] = child = _Child(process, worker=ours)
        self._selector.register(ours, selectors.EVENT_READ, child)
        return child

    def _work(self, calls: Channel, others: Channel) -> int:
        """A worker: its libraries and modules stay with it, so that only its first call waits for them."""
        others.close()
        while True:
            try:
                call, files = calls.receive()
            except ChannelClosed:
                return 0
            with socket.socket(fileno=files[0]) as answers:
                self._host.refresh()
                self._answer(call, Channel(answers), disposable=False)
            calls.send(None)  # it is idle again

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
        """An interrupt of the client, or its end, goes to the verb; a worker that has done its call is idle."""
        if child.worker is not None:
            self._note_idle(child, child.worker)
            return
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

    def _note_idle(self, child: _Child, worker: Channel) -> None:
        try:
            worker.receive()
        except ChannelClosed:  # it died or was cancelled
            self._dismiss(child, worker)
            return
        child.call = -1
        others = sum(other.worker is not None and other.call < 0 for other in self._children.values()) - 1
        if child.calls >= WORKER_CALLS or others >= IDLE_WORKERS or not self._goes_on:
            self._dismiss(child, worker)

    def _dismiss(self, child: _Child, worker: Channel) -> None:
        """Lets a worker end."""
        self._selector.unregister(worker)
        worker.close()
        self._children.pop(child.process, None)

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
