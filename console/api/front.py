"""The front of a service: who asks, may they ask now, and the way of a request to the reader and back.

``console.api.app`` calls ``run`` for each request to a route. Health, readiness and metrics are answered here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from console.api.answers import Answer
from console.api.dispatch import Caller, answer, check
from console.api.link import Link
from console.api.problems import language_of, problem_of
from console.api.route import Route
from console.api.sign_in import Doorkeeper
from console.api.uploads import Uploads
from infra.service.front_metrics import FrontMetrics
from policies.problems.problems import HuiminError
from services.access.deciding import Actor
from streams.language.errors import EngineGone

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

    from infra.service.processes import Service

LOG = logging.getLogger("huimin.http")


class Front:
    """The front of a running service.

    Args:
        service: its processes.
        door: says who asks.
        say_ready: called with the offset of the last message, once the workspace is open.
        stop: ends the server.
    """

    def __init__(
        self, service: Service, root: Path, door: Doorkeeper, say_ready: Callable[[int], None], stop: Callable[[], None]
    ) -> None:  # fmt: skip
        self.service, self.door, self._say_ready, self._stop = service, door, say_ready, stop
        self.failure: HuiminError | None = None
        """Why the service had to end."""
        self.uploads = Uploads(root)
        self.metrics = FrontMetrics()
        self.link: Link | None = None
        self.ready = False

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Ready once the engine has opened the workspace."""
        self.link = Link(self.service.calls)
        loop = asyncio.get_running_loop()
        loop.add_reader(self.service.status.fileno(), self._hear_engine)
        loop.add_reader(self.service.calls.fileno(), self._fail, EngineGone())  # the reader says nothing here: it has died
        try:
            yield
        finally:
            loop.remove_reader(self.service.status.fileno())
            loop.remove_reader(self.service.calls.fileno())

    def _hear_engine(self) -> None:
        """The engine says once that it is ready, or why it is not; what comes later is its end."""
        try:
            ready = self.service.wait_ready()
        except HuiminError as error:
            self._fail(error)
        else:
            self.ready = True
            self._say_ready(ready.offset)

    def _fail(self, error: HuiminError) -> None:
        """Ends the service: a supervisor starts it again."""
        for file in (self.service.status, self.service.calls):
            asyncio.get_running_loop().remove_reader(file.fileno())
        self.ready, self.failure = False, self.failure or error
        LOG.error("the engine or the reader has ended", extra={"problem": type(error).__name__})
        self._stop()

    async def run(self, request: Request, route: Route, parameters: Mapping[str, Any]) -> Answer:
        """The answer to a request."""
        actor = self.door.actor(request)
        return await self._ask(request, route, parameters, actor)

    async def take_file(self, request: Request, route: Route, parameters: Mapping[str, Any]) -> Answer:
        """The answer to a request whose body is a file, which is on disk before anything is done with it."""
        actor = self.door.actor(request)
        with self.uploads:
            await self._call(check, route.name, dict(parameters), self._caller(request, actor), long=False, account=actor.name)
            name = request.headers.get("content-disposition", "").partition("filename=")[2].strip('"; ') or parameters["feed"]
            upload = self.uploads.begin(actor.name, parameters["feed"], name, {}, None)
            try:
                await self.uploads.append(upload, 0, request.stream())
                return await self._ask(request, route, {**parameters, "file": str(self.uploads.whole_file(upload))}, actor)
            finally:
                self.uploads.forget(upload)

    async def _ask(self, request: Request, route: Route, parameters: Mapping[str, Any], actor: Actor) -> Answer:
        started = time.perf_counter()
        given = dict(parameters), self._caller(request, actor), request.headers.get("if-none-match"), request.headers.get("idempotency-key")
        try:
            result: Answer = await self._call(answer, route.name, *given, long=route.long, account=actor.name)
        except Exception as error:
            self.metrics.observe(route.name, problem_of(error).status, time.perf_counter() - started)
            raise
        self.metrics.observe(route.name, result.status, time.perf_counter() - started)
        return result

    def _caller(self, request: Request, actor: Actor) -> Caller:
        return Caller(actor, language_of(request.headers.get("accept-language", "")))

    async def _call(self, function: Callable[..., Any], *arguments: Any, long: bool, account: str) -> Any:
        assert self.link is not None  # from the beginning of the lifespan on
        return await self.link.ask(function, *arguments, long=long, account=account)

    def add_pages(self, app: FastAPI) -> None:
        """Health, readiness and metrics, for machines that watch the service."""

        async def health(request: Request) -> Response:
            return JSONResponse({"status": "ok"})

        async def ready(request: Request) -> Response:
            return JSONResponse({"ready": self.ready}, 200 if self.ready else 503)

        async def metrics(request: Request) -> Response:
            return PlainTextResponse(self.metrics.text(), media_type="text/plain; version=0.0.4")

        for path, page in (("/healthz", health), ("/readyz", ready), ("/metrics", metrics)):
            app.add_route(path, page)
