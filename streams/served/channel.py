"""Objects and open files between processes of one user, over a Unix socket.

A frame is eight bytes of length and a pickled object. Pickles are only read from processes of this user: ``accept`` looks at the
credentials that the kernel gives for the peer. Source: unix(7), SO_PEERCRED and SCM_RIGHTS.
"""

from __future__ import annotations

import array
import os
import pickle
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEAD = struct.Struct("!Q")
_CREDENTIALS = struct.Struct("3i")
_MOST_FILES = 8


class ChannelClosed(Exception):
    """The other side has gone."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of a Unix socket, as the kernel says."""

    pid: int
    uid: int
    gid: int


def peer_of(sock: socket.socket) -> Peer:
    """The process that connected."""
    return Peer(*_CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)))


class Channel:
    """One connection. Not for two threads at once."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two ends of one connection."""
        first, second = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(first), cls(second)

    def fileno(self) -> int:
        return self.sock.fileno()

    def send(self, value: Any, files: tuple[int, ...] = ()) -> None:
        """Sends an object, and open files with it.

        Raises:
            ChannelClosed: the other side has gone.
        """
        send_frame(self.sock, pickle.dumps(value, pickle.HIGHEST_PROTOCOL), files)

    def receive(self) -> tuple[Any, list[int]]:
        """The next object, and the files that came with it.

        Raises:
            ChannelClosed: the other side has gone.
        """
        body, files = receive_frame(self.sock)
        return pickle.loads(body), files

    def close(self) -> None:
        self.sock.close()


def send_frame(sock: socket.socket, body: bytes, files: tuple[int, ...] = ()) -> None:
    """Sends bytes with their length, and open files with the first of them.

    Raises:
        ChannelClosed: the other side has gone.
    """
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files).tobytes())] if files else []
    try:
        sock.sendmsg([_HEAD.pack(len(body))], rights)
        sock.sendall(body)
    except OSError as error:
        raise ChannelClosed from error


def receive_frame(sock: socket.socket, most: int | None = None) -> tuple[bytes, list[int]]:
    """The next frame, and the files that came with it.

    Args:
        most: the most bytes that are taken from a peer who is not trusted.

    Raises:
        ChannelClosed: the other side has gone, or sends more than that.
    """
    head, files = bytearray(), list[int]()
    while len(head) < _HEAD.size:
        head += _part(sock, _HEAD.size - len(head), files)
    (length,) = _HEAD.unpack(head)
    if most is not None and length > most:
        for number in files:
            os.close(number)
        raise ChannelClosed
    body = bytearray(length)
    view, at = memoryview(body), 0
    while at < length:
        try:
            count = sock.recv_into(view[at:], min(length - at, 1 << 20))
        except OSError as error:
            raise ChannelClosed from error
        if not count:
            raise ChannelClosed
        at += count
    view.release()
    return bytes(body), files


def _part(sock: socket.socket, most: int, files: list[int]) -> bytes:
    try:
        data, rights, _, _ = sock.recvmsg(most, socket.CMSG_SPACE(4 * _MOST_FILES), socket.MSG_CMSG_CLOEXEC)
    except OSError as error:
        raise ChannelClosed from error
    for level, kind, content in rights:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers = array.array("i")
            numbers.frombytes(content[: len(content) // 4 * 4])
            files += numbers
    if not data:
        raise ChannelClosed
    return data


def listen(path: Path, backlog: int = 256) -> socket.socket:
    """A socket that listens at a path, in place of a dead one. The folder keeps others out."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        sock.bind(f"/proc/self/fd/{folder}/{path.name}")  # a path may be longer than the 107 bytes that an address holds
    finally:
        os.close(folder)
    sock.listen(backlog)
    return sock


def connect(path: Path) -> socket.socket | None:
    """A connection to whoever listens at a path; None where nobody does."""
    try:
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return None
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(f"/proc/self/fd/{folder}/{path.name}")
    except OSError:
        sock.close()
        return None
    finally:
        os.close(folder)
    return sock


def accept(listener: socket.socket) -> Channel | None:
    """The next connection; None, and it is closed, where another user made it."""
    sock, _ = listener.accept()
    if peer_of(sock).uid != os.getuid():
        sock.close()
        return None
    return Channel(sock)
