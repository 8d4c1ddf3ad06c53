"""The server: uvicorn with the application, until a signal, or the end of a process behind it, stops it."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from console.api.app import application
from console.api.front import Front
from console.api.sign_in import Doorkeeper, first_link
from infra.logs import log_as_json
from infra.service.processes import Service
from infra.settings import clock
from policies.problems.problems import HuiminError
from policies.values import Text

STOP_SECONDS = 20


def serve(service: Service, root: Path, host: str, port: int, say: Callable[[Text], None]) -> int:
    """Serves until a signal stops it; returns the exit code of the service.

    Args:
        port: 0: any that is free.
        say: called with the sentences for whoever started it: the address, and the one-time link where there are no accounts.

    Raises:
        HuiminError: the port is taken, or the workspace cannot be opened.
    """
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        service.close()
        zh, en = (
            f"{host}:{port} 不能监听（{error.strerror}）；换一个 --port。",
            f"Cannot listen on {host}:{port} ({error.strerror}): choose another --port.",
        )
        raise HuiminError(Text(zh, en), 4) from error
    address = f"http://{host}:{listener.getsockname()[1]}"
    log_as_json()
    door = Doorkeeper.of(root, secure=False)
    if (secret := first_link(door.book, clock())) is not None:
        link = f"{address}/first-account#{secret}"
        say(Text(f"建立第一个账号的一次性链接：{link}", f"One-time link to make the first account: {link}"))

    def stop() -> None:
        server.should_exit = True

    front = Front(service, root, door, lambda offset: say(_ready(address, offset)), stop)
    config = uvicorn.Config(
        application(front), log_config=None, access_log=False, server_header=False, timeout_keep_alive=20,
        timeout_graceful_shutdown=STOP_SECONDS, lifespan="on",
    )  # fmt: skip
    logging.getLogger("uvicorn.error").disabled = True  # it would log an internal error with its message, which may quote a record
    server = _Server(config)
    server.front = front
    server.run(sockets=[listener])
    code = service.close()
    if front.failure is not None:
        raise front.failure
    return code


class _Server(uvicorn.Server):
    """A server that ends with an exit code: its parent would raise the signal again that stopped it."""

    front: Front | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.front is not None:
            self.front.stopping = True  # streams end, which would hold up the end
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _ready(address: str, offset: int) -> Text:
    return Text(f"服务就绪：{address}（消息 #{offset}）", f"The service is ready at {address} (message #{offset})")
