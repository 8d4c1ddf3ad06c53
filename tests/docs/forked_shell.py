"""``huimin`` for the shell lines of a page: a small program asks a process that has loaded all modules to fork, and passes it its standard files.

``tests.docs.pages`` puts the program first on the path of its shells. To the shell it is any other program: it reads from pipes and files,
writes to them, and ends with an exit code. Only the start of an interpreter is spared, of which the pages of one language have fifty.

    python -m tests.docs.forked_shell N FOLDER     the process that forks; N is its end of a socket, which it watches
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from tests.console.forking import LONGEST, ROOT, load_modules, run_forked

SOCKET = "asked"
READY = b"ready"
PROGRAM = f"""#!{sys.executable} -IS
import json, os, socket, sys

connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect(os.path.join(os.path.dirname(__file__), "{SOCKET}"))
request = {{"words": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ), "may_grow_files": True}}
socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
code = connection.recv(16)
sys.exit(int(code) if code else "the process that was forked for huimin has ended without an exit code")
"""


@cache
def folder_of_program() -> Path:
    """A folder with the program ``huimin``; the process that forks ends with this one."""
    folder = Path(tempfile.mkdtemp(prefix="huimin-"))
    program = folder / "huimin"
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(0o700)
    ours, theirs = socket.socketpair()
    words = [sys.executable, "-m", __name__, str(theirs.fileno()), str(folder)]
    subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd=ROOT)
    theirs.close()
    assert ours.recv(len(READY)) == READY, "the process that forks has not started"
    _LIVES.append(ours)
    return folder


_LIVES: list[socket.socket] = []
"""Open as long as this process lives."""


def _serve(life: socket.socket, folder: Path) -> None:
    """Forks a process for each request, until the other end of ``life`` is closed."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(str(folder / SOCKET))
    listening.listen()
    selector = DefaultSelector()
    selector.register(life, EVENT_READ)
    selector.register(listening, EVENT_READ)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    life.send(READY)
    while life not in [key.fileobj for key, _ in selector.select()]:
        connection, _ = listening.accept()
        _fork(connection)
        _collect_ended()


def _fork(connection: socket.socket) -> None:
    body, descriptors, _, _ = socket.recv_fds(connection, LONGEST, 3)
    if body and os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        standard_input, *outputs = descriptors
        os.dup2(standard_input, 0)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        code = run_forked(json.loads(body), *outputs)
        connection.send(str(code).encode())
        os._exit(code)
    for descriptor in descriptors:
        os.close(descriptor)
    connection.close()


def _collect_ended() -> None:
    """Waits for the processes that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    load_modules()
    _serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]))
