"""A request in the reader: the workspace, who asks, and in which language they read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from infra.service.calls import Progress
from infra.settings import today
from infra.workspace.serving import served_workspace
from infra.workspace.texts import as_file
from policies.values import Text
from services.access.deciding import Actor
from services.access.sight import Sight
from services.lists.holds import HoldSummary
from services.progress import Advance

if TYPE_CHECKING:
    from infra.service.calls import Task
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What the function of a route works with, before the parameters of the request.

    Args:
        sight: what the action shows to the actor.
        opened: the holds that the request opened.
    """

    task: Task
    actor: Actor
    language: str
    sight: Sight
    opened: list[HoldSummary] = field(default_factory=list)

    @property
    def account(self) -> str:
        """The name of who asks."""
        return self.actor.name

    @property
    def workspace(self) -> Workspace:
        return self.task.workspace

    def offset(self) -> int:
        """The offset of the last message in the state that answers."""
        served = served_workspace(self.workspace.root)
        assert served is not None  # the interface is there only where a service runs
        return served.host.state.offset

    def today(self) -> date:
        """The date of today in Shanghai."""
        return today(self.workspace.environment)

    def notify(self, hold: HoldSummary) -> None:
        """Notes a hold that was opened."""
        self.opened.append(hold)

    @contextmanager
    def progress(self, label: Text, total: int | None = None) -> Iterator[Advance]:
        """Tells whoever waits how far a piece of work is."""
        count_done = 0

        def advance(count: int) -> None:
            nonlocal count_done
            count_done += count
            self.task.send(Progress(label, count_done, total))

        self.task.send(Progress(label, 0, total))
        yield advance

    @contextmanager
    def document(self, text: str, name: str = "draft.yaml") -> Iterator[Path]:
        """A text as a file of this name, for services that read files. The process works in its folder meanwhile: for long routes."""
        with as_file(text, name) as path:
            before = Path.cwd()
            os.chdir(path.parent)
            try:
                yield Path(name)
            finally:
                os.chdir(before)

    @contextmanager
    def documents(self, **texts: str) -> Iterator[list[Path]]:
        """Several texts, each as a file of its name with the ending .yaml. As ``document``."""
        with ExitStack() as stack:
            yield [stack.enter_context(as_file(text, f"{name}.yaml")) for name, text in texts.items()]
