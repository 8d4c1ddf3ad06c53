"""What a service does by itself: it looks at the clock and at the log, passes the days, and throws away what nobody needs any more.

What the reader runs by itself imports no library with threads, for it forks; the rest is imported where a worker runs it.
The clock is looked at again and again instead of slept towards, so a day is passed also after the machine itself has slept. More than
``services.deliveries.clock.FAR`` days are never passed at once: the service is not ready until an operator confirms them (``POST /day``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from connectors.pickup.ways_in import FILE
from console.api.once import forget_old
from infra.settings import clock, clock_seconds, today
from policies.problems.problems import HuiminError
from services.access.actions import Action
from services.access.deciding import owner
from services.access.run import AccessRun, access_run
from services.deliveries.clock import move_day
from services.health.standing import Standing, standing
from services.lists.changes import Changes

if TYPE_CHECKING:
    from console.api.uploads import Uploads
    from infra.service.calls import Task

LOG = logging.getLogger("huimin.schedule")
LOOK_SECONDS = 20.0
PICKUP_SECONDS = 5.0
FOLLOW_SECONDS = 0.25
"""So often the log is looked at, for those who follow it."""
NAME = "huimin"
"""In whose name the service passes a day that follows the last."""


class Schedule:
    """The clockwork of one service.

    Args:
        call: runs a function in the reader.
        observe: gets how the workspace stands.
    """

    def __init__(self, call: Callable[..., Awaitable[Any]], observe: Callable[[Standing], None], uploads: Uploads) -> None:
        self._call, self._observe, self._uploads = call, observe, uploads
        self.standing: Standing | None = None
        self.offset = -1
        self._moved = asyncio.Condition()

    @property
    def waits(self) -> bool:
        """Whether an operator has to confirm the day."""
        return self.standing is not None and self.standing.is_far

    async def run(self) -> None:
        """Looks at everything until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again(LOOK_SECONDS, self._look))
            group.create_task(self._again(FOLLOW_SECONDS, self._follow))
            group.create_task(self._again(PICKUP_SECONDS, self._pick_up))
            group.create_task(self._again(LOOK_SECONDS, self._pull))
            group.create_task(self._again(3600.0, self._clean))

    async def wait_moved(self, offset: int, seconds: float) -> None:
        """Waits until the log is ahead of an offset, or for so long."""
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.offset > offset)
        except TimeoutError:
            return

    async def _again(self, seconds: float, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await look()
            except HuiminError as error:
                LOG.warning("a look of the schedule failed", extra={"look": look.__name__, "problem": type(error).__name__})
            await asyncio.sleep(seconds)

    async def _look(self) -> None:
        self.standing = await self._call(_standing, long=False, account=NAME)
        self._observe(self.standing)
        if self.standing.days_behind > 0 and not self.standing.is_far:
            changes = await self._call(_pass_days, long=True, account=NAME)
            LOG.info("passed the day", extra={"days": self.standing.days_behind, "lines": changes})
            self.standing = await self._call(_standing, long=False, account=NAME)
            self._observe(self.standing)

    async def _follow(self) -> None:
        offset = await self._call(_offset, long=False, account=NAME)
        if offset > self.offset:
            async with self._moved:
                self.offset = offset
                self._moved.notify_all()

    async def _pick_up(self) -> None:
        """Takes in what lies in the drop folder, one round at a time."""
        if await self._call(_has_arrivals, long=False, account=NAME):
            files = await self._call(_pick_up, long=True, account=NAME)
            if files:
                LOG.info("picked up files", extra={"files": files})

    async def _pull(self) -> None:
        """Pulls the feeds whose schedule says so; one that cannot be reached holds up no other."""
        for feed in await self._call(_due, long=True, account=NAME) if await self._call(_has_pulls, long=False, account=NAME) else ():
            try:
                files = await self._call(_pull, feed, long=True, account=NAME)
                LOG.info("pulled a feed", extra={"feed": feed, "files": files})
            except HuiminError as error:
                LOG.warning("a feed could not be pulled", extra={"feed": feed, "problem": type(error).__name__})

    async def _clean(self) -> None:
        await asyncio.to_thread(self._uploads.forget_old)
        await self._call(_forget, long=False, account=NAME)


def _standing(task: Task) -> Standing:
    return standing(task.workspace, today(task.workspace.environment))


def _offset(task: Task) -> int:
    with task.workspace.reading() as host:
        return host.state.offset


def _pass_days(task: Task) -> int:
    """Passes the days up to today; returns the number of lines that told a change."""
    moved = move_day(task.workspace, today(task.workspace.environment), by=NAME, confirm=lambda question: False, notify=lambda hold: None)
    return _lines(moved.changes)


def _lines(changes: Changes) -> int:
    return len(changes)


def _has_arrivals(task: Task) -> bool:
    """Whether anything lies in the drop folder that is not put away."""
    from services.deliveries.ways_in import ways_in

    if not (task.workspace.root / FILE).exists() or (drop := ways_in(task.workspace).drop) is None:
        return False
    return any(path.is_file() for path in (task.workspace.root / drop.folder).glob("*/*"))


def _pick_up(task: Task) -> int:
    """Takes in what is finished; returns how many files."""
    from services.audit.recording import AuditTrail
    from services.deliveries.drop_folder import pickup

    workspace = task.workspace
    with access_run(AccessRun(owner(NAME), Action.TAKE_IN, "schedule", AuditTrail(workspace, clock).record)):
        round_ = pickup(workspace, today(workspace.environment), clock_seconds(), trust=None, notify=lambda hold: None)
    return len(round_.files)


def _has_pulls(task: Task) -> bool:
    from services.deliveries.ways_in import ways_in

    return (task.workspace.root / FILE).exists() and bool(ways_in(task.workspace).pulls)


def _due(task: Task) -> list[str]:
    from services.deliveries.pulls import due_pulls

    return due_pulls(task.workspace, clock())


def _pull(task: Task, feed: str) -> int:
    """Pulls a feed once; returns how many files came of it."""
    from services.audit.recording import AuditTrail
    from services.deliveries.pulls import pull

    workspace = task.workspace
    with access_run(AccessRun(owner(NAME), Action.TAKE_IN, "schedule", AuditTrail(workspace, clock).record)):
        pulled = pull(workspace, feed, today(workspace.environment), clock(), trust=None, notify=lambda hold: None)
    return len(pulled.files)


def _forget(task: Task) -> int:
    return forget_old(task.workspace.root)
