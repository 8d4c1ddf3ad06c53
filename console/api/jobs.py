"""Long work as a job: begun by ``Prefer: respond-async``, looked at, followed, cancelled; it survives a restart of the service.

A job is two files: what was asked, and how it stands. After a restart what had not ended is begun again, under the same Idempotency-Key, so
nothing is done twice (``console.api.once``). A job belongs to the account that began it. Source: RFC 7240 (Prefer).
"""

from __future__ import annotations

import asyncio
import json
import pickle
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal, TypeAlias

from console.api.answers import Answer
from console.api.problems import ApiProblem, document, problem_of
from console.api.streams import SILENCE_SECONDS, event
from infra.service.calls import CallEnd, Frame, Progress
from infra.workspace.serving import SERVICE
from policies.values import Text
from services.access.deciding import Actor
from streams.disk.files import make_folder, write_whole
from streams.language.errors import EngineGone

FOLDER = "jobs"
DAYS = 7
JobState: TypeAlias = Literal["running", "done", "refused", "cancelled"]
NO_JOB = Text("没有这项工作。", "There is no such job.")
NOT_DONE = Text("这项工作还没有做完。", "This job is not done yet.")
CANCELLED = Text("这项工作已取消。", "This job was cancelled.")


@dataclass(frozen=True, slots=True)
class Job:
    """How a job stands.

    Args:
        step_count, step_total: of the step that is under way; total is null where it is not known.
        status: of HTTP, once it has ended.
    """

    id: str
    route: str
    account: str
    state: JobState
    since: float
    step: Text | None = None
    step_count: int = 0
    step_total: int | None = None
    status: int | None = None

    @property
    def has_ended(self) -> bool:
        return self.state != "running"


@dataclass(frozen=True, slots=True)
class Asking:
    """What a job asks of the reader."""

    route: str
    parameters: Mapping[str, Any]
    account: str
    language: str
    key: str


@dataclass(slots=True)
class _Running:
    job: Job
    asking: Asking
    task: asyncio.Task[None] | None = None
    moved: asyncio.Event = field(default_factory=asyncio.Event)


Frames: TypeAlias = Callable[[Asking, Actor], AsyncIterator[Frame]]


class Jobs:
    """The jobs of one service.

    Args:
        frames: asks the reader, and gives what comes back.
        actor_of: the actor of an account with the grants of now; None where it is is_gone or disabled.
    """

    def __init__(self, root: Path, frames: Frames, actor_of: Callable[[str], Actor | None]) -> None:
        self._folder, self._frames, self._actor_of = root / SERVICE / FOLDER, frames, actor_of
        self._running: dict[str, _Running] = {}

    def begin(self, asking: Asking) -> Job:
        """Begins a job; it is on disk before it is begun."""
        make_folder(self._folder)
        job = Job(token_hex(12), asking.route, asking.account, "running", time.time())
        write_whole(self._folder / f"{job.id}.request", pickle.dumps(asking))
        self._note(job)
        self._start(job, asking)
        return job

    def go_on(self) -> None:
        """Begins again what had not ended when the service did."""
        for path in sorted(self._folder.glob("*.json")):
            job = _read(path)
            if not job.has_ended:
                with suppress(OSError, pickle.UnpicklingError):
                    self._start(job, pickle.loads(path.with_suffix(".request").read_bytes()))

    def of(self, account: str, id: str) -> Job:
        """A job of this account.

        Raises:
            ApiProblem: there is none.
        """
        if id in self._running:
            job = self._running[id].job
        elif (path := self._folder / f"{id}.json").exists() and id.isalnum():
            job = _read(path)
        else:
            raise ApiProblem(404, "no-job", NO_JOB)
        if job.account != account:
            raise ApiProblem(404, "no-job", NO_JOB)
        return job

    def all_of(self, account: str) -> list[Job]:
        """The jobs of this account, the latest first."""
        jobs = [_read(path) for path in self._folder.glob("*.json")] if self._folder.exists() else []
        live = (self._running[job.id].job if job.id in self._running else job for job in jobs)
        return sorted((job for job in live if job.account == account), key=lambda job: -job.since)

    def answer(self, account: str, id: str) -> Answer:
        """The answer of a job that has ended.

        Raises:
            ApiProblem: there is no such job, or it has not ended.
        """
        job = self.of(account, id)
        if not job.has_ended:
            raise ApiProblem(409, "not-done", NOT_DONE, after=1)
        if job.state == "cancelled":
            raise ApiProblem(409, "cancelled", CANCELLED)
        stored_answer: Answer = pickle.loads((self._folder / f"{id}.answer").read_bytes())
        return stored_answer

    def cancel(self, account: str, id: str) -> Job:
        """Cancels a job; what it has done so far stays done."""
        job = self.of(account, id)
        running = self._running.get(id)
        if running is not None and running.task is not None:
            running.task.cancel()
            job = replace(job, state="cancelled")
            self._end(running, job)
        return job

    async def events(self, account: str, id: str, is_gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
        """How a job goes on, as server-sent events, up to its end."""
        while not await is_gone():
            job = self.of(account, id)
            yield event("job", json.dumps(asdict(job), ensure_ascii=False))
            running = self._running.get(id)
            if job.has_ended or running is None:
                return
            running.moved.clear()
            try:
                await asyncio.wait_for(running.moved.wait(), SILENCE_SECONDS)
            except TimeoutError:
                yield b": still here\n\n"

    def stop(self) -> None:
        """Ends the tasks; the jobs go on when the service starts again."""
        for running in self._running.values():
            if running.task is not None:
                running.task.cancel()

    def forget_old(self) -> None:
        """Throws away jobs that ended ``DAYS`` ago."""
        before = time.time() - DAYS * 86_400
        for path in self._folder.glob("*"):
            if path.stat().st_mtime < before and path.stem not in self._running:
                path.unlink(missing_ok=True)

    def _start(self, job: Job, asking: Asking) -> None:
        running = self._running[job.id] = _Running(job, asking)
        running.task = asyncio.create_task(self._run(running))

    async def _run(self, running: _Running) -> None:
        try:
            actor = self._actor_of(running.asking.account)
            if actor is None:
                raise ApiProblem(403, "no-account", NO_JOB)
            answer = await self._answer_of(running, actor)
            state: JobState = "done"
        except asyncio.CancelledError:
            raise
        except EngineGone:
            return  # it goes on when the service starts again
        except Exception as error:
            problem = problem_of(error)
            answer, state = Answer(problem.status, document(problem, running.asking.language), "application/problem+json"), "refused"
        write_whole(self._folder / f"{running.job.id}.answer", pickle.dumps(answer))
        self._end(running, replace(running.job, state=state, status=answer.status))

    async def _answer_of(self, running: _Running, actor: Actor) -> Answer:
        async for frame in self._frames(running.asking, actor):
            match frame:
                case Progress():
                    running.job = replace(running.job, step=frame.label, step_count=frame.count, step_total=frame.total)
                    running.moved.set()
                case CallEnd():
                    result: Answer = frame.result
                    return result
        raise EngineGone

    def _end(self, running: _Running, job: Job) -> None:
        running.job = job
        self._note(job)
        del self._running[job.id]
        running.moved.set()

    def _note(self, job: Job) -> None:
        write_whole(self._folder / f"{job.id}.json", json.dumps(asdict(job), ensure_ascii=False))


def _read(path: Path) -> Job:
    plain = json.loads(path.read_text(encoding="utf-8"))
    step = plain.pop("step")
    return Job(**plain, step=None if step is None else Text(**step))
