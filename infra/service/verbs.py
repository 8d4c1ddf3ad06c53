"""A verb of the command line, run by a service for whoever typed it.

The client sends the line, its folder, and its three open files; a child of the reader runs the verb as if it had been started there. A
client of another user than the service's may name no files: the child would open them with the service's rights. ``console.cli.entry`` is
the client. It imports nothing heavy, so this module does not either.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from streams.served.channel import ChannelClosed, connect, receive_frame, send_frame

VERBS = "verbs.sock"
ENGINE = "engine.sock"
LONGEST = 4 << 20
"""The most bytes of a line with its environment."""
OF_THE_CALLER = (
    "HUIMIN_LANG",
    "HUIMIN_TODAY",
    "HUIMIN_DEBUG",
    "HUIMIN_WORKSPACE",
    "COLUMNS",
    "LINES",
    "TERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLORTERM",
    "HOME",
)
"""The variables of the caller's environment that a verb sees; all others are those of the service."""
INTERRUPT = b"i"


@dataclass(frozen=True, slots=True)
class VerbLine:
    """A line of the command line, and where it was typed.

    Args:
        encoding, errors: of the caller's three files.
    """

    arguments: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    encoding: str
    errors: str

    def as_bytes(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=True).encode()

    @classmethod
    def of_bytes(cls, body: bytes) -> VerbLine:
        """The line as it was sent.

        Raises:
            ValueError: it is none.
        """
        plain = json.loads(body)
        try:
            line = cls(
                tuple(map(str, plain["arguments"])), str(plain["folder"]), dict(plain["environment"]), plain["encoding"], plain["errors"]
            )
            "".encode(line.encoding, line.errors)
        except (KeyError, TypeError, LookupError) as error:
            raise ValueError from error
        return line


def relay(socket_path: Path, arguments: Sequence[str]) -> int | None:
    """Lets the service at a socket run a verb; returns its exit code, or None where no service listens.

    An interrupt goes on to the verb, which ends as it would have here.
    """
    sock = connect(socket_path)
    if sock is None:
        return None
    try:
        folder = os.getcwd()
    except OSError:
        folder = ""
    environment = {name: os.environ[name] for name in OF_THE_CALLER if name in os.environ}
    out = sys.stdout
    line = VerbLine(tuple(arguments), folder, environment, getattr(out, "encoding", None) or "utf-8", "backslashreplace")
    nowhere = os.open(os.devnull, os.O_RDWR)
    files = tuple(number if _is_open(number) else nowhere for number in (0, 1, 2))
    try:
        send_frame(sock, line.as_bytes(), files)
        return _exit_code(sock)
    except ChannelClosed:
        return None
    finally:
        os.close(nowhere)
        sock.close()


def _exit_code(sock: socket.socket) -> int:
    while True:
        try:
            answer = sock.recv(64)
            break
        except KeyboardInterrupt:
            sock.sendall(INTERRUPT)
    if not answer:
        return 4
    code = int(answer)
    if code < 0:  # ended by a signal
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def receive_line(sock: socket.socket, seconds: float) -> tuple[VerbLine, list[int]]:
    """The line that a client sends, and its three files.

    Raises:
        ValueError: it is no line, or takes longer than this.
    """
    sock.settimeout(seconds)
    files: list[int] = []
    try:
        body, files = receive_frame(sock, LONGEST)
        sock.settimeout(None)
        if len(files) != 3:
            raise ValueError
        return VerbLine.of_bytes(body), files
    except (ChannelClosed, ValueError, TimeoutError) as error:
        for number in files:
            with suppress(OSError):
                os.close(number)
        raise ValueError from error


def become(line: VerbLine, files: Sequence[int]) -> None:
    """Makes this process, a fresh child, look as if the verb had been started by the client: its files, folder and environment."""
    for number, file in enumerate(files):
        os.dup2(file, number, inheritable=True)
        os.close(file)
    for name in OF_THE_CALLER:
        os.environ.pop(name, None)
    os.environ.update(line.environment)
    if line.folder:
        os.chdir(line.folder)
    sys.argv = ["huimin", *line.arguments]
    sys.stdin = open(0, encoding=line.encoding, errors=line.errors, closefd=False)  # noqa: SIM115  # for the life of the process
    sys.stdout = open(1, "w", encoding=line.encoding, errors=line.errors, closefd=False, buffering=-1)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=line.encoding, errors=line.errors, closefd=False, buffering=1)  # noqa: SIM115
