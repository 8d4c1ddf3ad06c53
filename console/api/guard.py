"""What every answer carries and every request must keep to, whatever the route: security headers, limits of size and time, the access log.

Pages come later; until then a browser may do nothing with an answer. Source: OWASP Secure Headers Project; RFC 6797 (HSTS).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from console.api.problems import MEDIA_TYPE, SLOW, TOO_LARGE, ApiProblem, document, language_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("huimin.access")
BODY_BYTES = 1 << 20
"""The largest body of a request that is no file."""
BODY_SECONDS = 30.0
"""So long a client may take for a body that is no file, and for each part of one that is."""
HEADERS = (
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("x-frame-options", "DENY"),
)
_HSTS = ("strict-transport-security", "max-age=31536000")
_PRIVATE = ("cache-control", "no-store")


class Guard:
    """Stands before the application.

    Args:
        is_file: whether a path takes a file, whose size is limited elsewhere.
        secure: the service is reached by TLS.
    """

    def __init__(self, app: ASGIApp, is_file: Callable[[str, str], bool], secure: bool) -> None:
        self._app, self._is_file = app, is_file
        self._headers = [(name.encode(), value.encode()) for name, value in (*HEADERS, *([_HSTS] if secure else []))]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, headers = time.perf_counter(), 0, dict(scope["headers"])
        language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
        file, size, whole = self._is_file(scope["method"], scope["path"]), 0, False
        body_problem: ApiProblem | None = None
        """Why the body cannot be taken; it is the answer, whatever the application makes of it."""

        async def listen() -> Message:
            nonlocal size, whole, body_problem
            if whole:
                return await receive()  # that the client has gone
            try:
                message = await asyncio.wait_for(receive(), BODY_SECONDS)
            except TimeoutError:
                body_problem = ApiProblem(408, "slow", SLOW)
                raise body_problem from None
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if not file and size > BODY_BYTES:
                body_problem = ApiProblem(413, "too-large", TOO_LARGE)
                raise body_problem
            return message

        async def start(message: Message) -> None:
            nonlocal status
            status = message["status"]
            names = {name for name, _ in message["headers"]}
            private = [] if b"cache-control" in names else [(_PRIVATE[0].encode(), _PRIVATE[1].encode())]
            await send({**message, "headers": [*message["headers"], *self._headers, *private]})

        async def refuse(problem: ApiProblem) -> None:
            kind = [(b"content-type", MEDIA_TYPE.encode()), (b"connection", b"close")]
            await start({"type": "http.response.start", "status": problem.status, "headers": kind})
            await send({"type": "http.response.body", "body": document(problem, language)})

        async def say(message: Message) -> None:
            if body_problem is not None:
                if status == 0:
                    await refuse(body_problem)
            elif message["type"] == "http.response.start":
                await start(message)
            else:
                await send(message)

        try:
            await self._app(scope, listen, say)
        except ApiProblem as problem:
            if status == 0:
                await refuse(problem)
        finally:
            route = getattr(scope.get("route"), "name", None) or "-"
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            LOG.info("answered", extra={"route": route, "method": scope["method"], "status": status, "milliseconds": milliseconds})
