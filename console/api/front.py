"""The front of a service: who asks, may they ask now, and the way of a request to the reader and back.

``console.api.app`` calls ``run`` for each request to a route. What follows the log for people and machines (streams, webhooks, jobs, the
schedule) is started and stopped here; ``watching`` has the addresses for machines that watch the service.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.api.answers import Answer
from console.api.dispatch import Caller, answer, changes_behind, check
from console.api.jobs import Asking, Job, Jobs
from console.api.link import Link
from console.api.problems import BUSY, ApiProblem, language_of, problem_of
from console.api.route import Route
from console.api.schedule import Schedule
from console.api.sign_in import Doorkeeper
from console.api.streams import ChangePage
from console.api.uploads import Uploads
from console.api.webhooks import Webhook, Webhooks, post_by_http
from infra.service.calls import Frame
from infra.service.front_metrics import FrontMetrics
from policies.problems.problems import HuiminError
from services.access.account_book import actor_of
from services.access.deciding import Actor
from services.health.standing import Standing
from streams.language.errors import EngineGone

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

    from infra.service.processes import Service

LOG = logging.getLogger("huimin.http")
MOST = 16
"""The most requests of one account at one time."""


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
        self.root = root
        self.failure: HuiminError | None = None
        """Why the service had to end."""
        self.ready = self.stopping = False
        self.metrics = FrontMetrics()
        self.uploads = Uploads(root)
        self.schedule = Schedule(self.call, self._observe, self.uploads)
        self.jobs = Jobs(root, self._frames, self._actor_of)
        self.webhooks = Webhooks(root, self._page_of, post_by_http, self.schedule)
        self._link: Link | None = None
        self._clockwork: asyncio.Task[None] | None = None
        self._asking: Counter[str] = Counter()

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Ready once the engine has opened the workspace."""
        self._link = Link(self.service.calls)
        loop = asyncio.get_running_loop()
        loop.add_reader(self.service.status.fileno(), self._hear_engine)
        loop.add_reader(self.service.calls.fileno(), self._fail, EngineGone())  # the reader says nothing here: it has died
        try:
            yield
        finally:
            for file in (self.service.status, self.service.calls):
                loop.remove_reader(file.fileno())
            self.jobs.stop()
            self.webhooks.stop()
            if self._clockwork is not None:
                self._clockwork.cancel()
                with suppress(asyncio.CancelledError):
                    await self._clockwork

    def _hear_engine(self) -> None:
        """The engine says once that it is ready, or why it is not; what comes later is its end."""
        try:
            ready = self.service.wait_ready()
        except HuiminError as error:
            self._fail(error)
            return
        self.ready = True
        self._clockwork = asyncio.create_task(self.schedule.run())
        self.jobs.go_on()
        self.webhooks.go_on()
        self._say_ready(ready.offset)

    def _fail(self, error: HuiminError) -> None:
        """Ends the service: a supervisor starts it again."""
        for file in (self.service.status, self.service.calls):
            asyncio.get_running_loop().remove_reader(file.fileno())
        self.ready, self.failure = False, self.failure or error
        LOG.error("the engine or the reader has ended", extra={"problem": type(error).__name__})
        self._stop()

    async def run(self, request: Request, route: Route, parameters: Mapping[str, Any]) -> Answer | Job:
        """The answer to a request; or the job that it began, where the client prefers that and it may take long."""
        actor: Actor = request.state.actor
        if route.long and "respond-async" in request.headers.get("prefer", ""):
            await self.call(check, route.name, dict(parameters), self.caller(request, actor), long=False, account=actor.name)
            key = request.headers.get("idempotency-key", "")
            return self.jobs.begin(Asking(route.name, dict(parameters), actor.name, self.caller(request, actor).language, key))
        with self._turn(actor):
            return await self._ask(request, route, parameters, actor)

    async def take_file(self, request: Request, route: Route, parameters: Mapping[str, Any]) -> Answer:
        """The answer to a request whose body is a file, which is on disk before anything is done with it."""
        actor: Actor = request.state.actor
        with self.uploads, self._turn(actor):
            await self.call(check, route.name, dict(parameters), self.caller(request, actor), long=False, account=actor.name)
            name = request.headers.get("content-disposition", "").partition("filename=")[2].strip('"; ') or next(iter(parameters.values()))
            upload = self.uploads.begin(actor.name, parameters.get("feed", ""), name, {}, None)
            try:
                await self.uploads.append(upload, 0, request.stream())
                return await self._ask(request, route, {**parameters, "file": str(self.uploads.whole_file(upload))}, actor)
            finally:
                self.uploads.forget(upload)

    async def _ask(self, request: Request, route: Route, parameters: Mapping[str, Any], actor: Actor) -> Answer:
        started = time.perf_counter()
        etag, key = request.headers.get("if-none-match"), request.headers.get("idempotency-key")
        try:
            arguments = dict(parameters), self.caller(request, actor), etag, key
            result: Answer = await self.call(answer, route.name, *arguments, long=route.long, account=actor.name)
        except Exception as error:
            self.metrics.observe(route.name, problem_of(error).status, time.perf_counter() - started)
            raise
        self.metrics.observe(route.name, result.status, time.perf_counter() - started)
        return result

    async def call(self, function: Callable[..., Any], *arguments: Any, long: bool, account: str) -> Any:
        """What a function returns in the reader. Raises as ``Link.ask``."""
        assert self._link is not None  # from the beginning of the lifespan on
        return await self._link.ask(function, *arguments, long=long, account=account)

    def caller(self, request: Request, actor: Actor) -> Caller:
        """Whoever asks, with the language they read."""
        return Caller(actor, language_of(request.headers.get("accept-language", "")))

    @contextmanager
    def _turn(self, actor: Actor) -> Iterator[None]:
        """A place among the requests of an account.

        Raises:
            ApiProblem: it has too many.
        """
        if self._asking[actor.name] >= MOST:
            raise ApiProblem(429, "busy", BUSY, after=1)
        self._asking[actor.name] += 1
        try:
            yield
        finally:
            self._asking[actor.name] -= 1

    async def _frames(self, asking: Asking, actor: Actor) -> AsyncGenerator[Frame, None]:
        assert self._link is not None  # from the beginning of the lifespan on
        arguments = asking.route, dict(asking.parameters), Caller(actor, asking.language), None, asking.key
        async for frame in self._link.frames(answer, *arguments, long=True, account=actor.name):
            yield frame

    async def _page_of(self, webhook: Webhook) -> ChangePage:
        actor = self._actor_of(webhook.account)
        if actor is None:
            raise ApiProblem(403, "no-account", BUSY)
        return await self.page(webhook.policy, webhook.cursor, Caller(actor, "zh"))

    async def page(self, policy: str, after: str | None, caller: Caller) -> ChangePage:
        """Changes of a list behind a line. Raises as ``call``."""
        result: ChangePage = await self.call(changes_behind, policy, after, caller, long=False, account=caller.actor.name)
        return result

    def _actor_of(self, name: str) -> Actor | None:
        holder = self.door.book.store.of_person(name)
        return None if holder is None or holder.disabled else actor_of(holder)

    def _observe(self, standing: Standing) -> None:
        self.metrics.observe_standing(standing.offset, standing.days_behind, standing.late_feeds, standing.undecided_holds)
