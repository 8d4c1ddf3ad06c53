"""The front's way to the reader: a call goes out, its frames come back on a socket of its own.

Nothing here blocks: the reader may be busy while the front serves others.
"""

from __future__ import annotations

import array
import asyncio
import pickle
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from itertools import count as counting
from typing import Any

from infra.service.calls import Call, CallEnd, Cancel, Frame
from streams.language.errors import EngineGone
from streams.served.channel import Channel

_HEAD = struct.Struct("!Q")


class Link:
    """Asks the reader of a service.

    Args:
        calls: to the reader (``infra.service.processes``).
    """

    def __init__(self, calls: Channel) -> None:
        self._sock = calls.sock
        self._sock.setblocking(False)
        self._numbers = counting(1)
        self._turn = asyncio.Lock()

    async def ask(self, function: Callable[..., Any], *arguments: Any, long: bool, account: str) -> Any:
        """What a function of the program returns in the reader, called with a task and these arguments.

        Raises:
            EngineGone: the process that ran it has died. Otherwise whatever the function raised.
        """
        async with aclosing(self.frames(function, *arguments, long=long, account=account)) as frames:
            async for frame in frames:
                if isinstance(frame, CallEnd):
                    return frame.result
        raise EngineGone

    async def frames(self, function: Callable[..., Any], *arguments: Any, long: bool, account: str) -> AsyncGenerator[Frame]:
        """Everything that comes back for a call, its end last. Whoever stops listening cancels a long call. Raises as ``ask``."""
        number, (ours, theirs) = next(self._numbers), socket.socketpair()
        ours.setblocking(False)
        ended = False
        try:
            with theirs:
                await self._send(Call(number, long, function, arguments, {}, account), theirs.fileno())
            while True:
                frame = await _frame(ours)
                ended = isinstance(frame, CallEnd | BaseException)
                if isinstance(frame, BaseException):
                    raise frame
                yield frame
                if ended:
                    return
        finally:
            ours.close()
            if long and not ended:
                await self._send(Cancel(number))

    async def _send(self, request: Call | Cancel, *files: int) -> None:
        body = pickle.dumps(request, pickle.HIGHEST_PROTOCOL)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files).tobytes())] if files else []
        loop = asyncio.get_running_loop()
        async with self._turn:
            while True:
                try:
                    self._sock.sendmsg([_HEAD.pack(len(body))], rights)
                    break
                except BlockingIOError:
                    await _writable(loop, self._sock)
                except OSError as error:
                    raise EngineGone from error
            try:
                await loop.sock_sendall(self._sock, body)
            except OSError as error:
                raise EngineGone from error


async def _writable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    ready = asyncio.Event()
    loop.add_writer(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(sock)


async def _frame(sock: socket.socket) -> Frame:
    (length,) = _HEAD.unpack(await _exactly(sock, _HEAD.size))
    frame: Frame = pickle.loads(await _exactly(sock, length))
    return frame


async def _exactly(sock: socket.socket, length: int) -> bytearray:
    body, loop, at = bytearray(length), asyncio.get_running_loop(), 0
    view = memoryview(body)
    while at < length:
        try:
            count = await loop.sock_recv_into(sock, view[at:])
        except OSError as error:
            raise EngineGone from error
        if not count:
            raise EngineGone
        at += count
    return body
