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
from console.api.uploads import Uploads
from infra.service.front_metrics import FrontMetrics
from services.access.deciding import Actor, owner

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

    from infra.service.processes import Service

LOG = logging.getLogger("huimin.http")


class Front:
    """The front of a running service.

    Args:
        service: its processes.
        version: of the program; a part of each answer's tag.
    """

    def __init__(self, service: Service, root: Path, version: str) -> None:
        self.service, self.version = service, version
        self.uploads = Uploads(root)
        self.metrics = FrontMetrics()
        self.link: Link | None = None
        self.ready = False

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Ready once the engine has opened the workspace."""
        self.link = Link(self.service.calls)
        waiting = asyncio.create_task(self._become_ready())
        try:
            yield
        finally:
            waiting.cancel()

    async def _become_ready(self) -> None:
        await asyncio.to_thread(self.service.wait_ready)
        self.ready = True

    async def run(self, request: Request, route: Route, parameters: Mapping[str, Any]) -> Answer:
        """The answer to a request."""
        actor = await self.actor(request)
        return await self._ask(request, route, parameters, actor)

    async def take_file(self, request: Request, route: Route, parameters: Mapping[str, Any]) -> Answer:
        """The answer to a request whose body is a file, which is on disk before anything is done with it."""
        actor = await self.actor(request)
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

    async def actor(self, request: Request) -> Actor:
        """Who asks."""
        return owner("operator")

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
