"""The server: uvicorn with the application, until a signal, or the end of a process behind it, stops it."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
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
PLAIN = Text(
    "不在本机监听时要用 TLS：请给出 --tls-cert 和 --tls-key，或由本机的反向代理来做。",
    "Others than this machine are served by TLS alone: give --tls-cert and --tls-key, or leave it to a reverse proxy on this machine.",
)


def serve(
    service: Service, root: Path, place: tuple[str, int], tls: tuple[Path, Path] | None, say: Callable[[Text], None]
) -> int:  # fmt: skip
    """Serves until a signal stops it; returns the exit code of the service.

    Args:
        place: the address to listen on, and the port; 0: any that is free.
        tls: certificate and private key; None: it speaks HTTP, and only on this machine.
        say: called with the sentences for whoever started it: the address, and the one-time link where there are no accounts.

    Raises:
        HuiminError: the port is taken, others would be served without TLS, or the workspace cannot be opened.
    """
    host, port = place
    try:
        if tls is None and not ip_address(socket.gethostbyname(host)).is_loopback:
            raise HuiminError(PLAIN, 2)
        listener = socket.create_server((host, port))
    except HuiminError:
        service.close()
        raise
    except OSError as error:
        service.close()
        zh, en = (
            f"{host}:{port} 不能监听（{error.strerror}）；换一个 --port。",
            f"Cannot listen on {host}:{port} ({error.strerror}): choose another --port.",
        )
        raise HuiminError(Text(zh, en), 4) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer waits 40 ms for an acknowledgement
    address = f"{'http' if tls is None else 'https'}://{host}:{listener.getsockname()[1]}"
    log_as_json()
    door = Doorkeeper.of(root, secure=tls is not None)
    if (secret := first_link(door.book, clock())) is not None:
        link = f"{address}/first-account#{secret}"
        say(Text(f"建立第一个账号的一次性链接：{link}", f"One-time link to make the first account: {link}"))

    def stop() -> None:
        server.should_exit = True

    front = Front(service, root, door, lambda offset: _say_ready(say, address, offset), stop)
    config = uvicorn.Config(
        application(front), log_config=None, access_log=False, server_header=False, timeout_keep_alive=20,
        timeout_graceful_shutdown=STOP_SECONDS, lifespan="on",
        ssl_certfile=None if tls is None else tls[0], ssl_keyfile=None if tls is None else tls[1],
    )  # fmt: skip
    logging.getLogger("uvicorn.error").disabled = True  # it would log an error with its message, which may quote a record
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


def _say_ready(say: Callable[[Text], None], address: str, offset: int) -> None:
    """Tells whoever started it, and systemd, that it is ready. Source: sd_notify(3)."""
    say(Text(f"服务就绪：{address}（消息 #{offset}）", f"The service is ready at {address} (message #{offset})"))
    if name := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, suppress(OSError):
            sock.sendto(b"READY=1", f"\0{name[1:]}" if name.startswith("@") else name)
