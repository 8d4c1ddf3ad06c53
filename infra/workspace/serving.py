"""The workspace that a service has open, for the processes of the service.

``infra.service`` enters ``serving``; ``infra.workspace.workspace`` then gives the host of the service instead of opening the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.served.served_host import ServedHost

SERVICE = "service"
"""The folder of a workspace with the sockets and locks of a service."""
Sphere: TypeAlias = Literal["records", "decisions"]
"""What a writer changes: records, identities and documents, or decisions of people and the day. Writers of one sphere wait for another."""


@dataclass(frozen=True, slots=True)
class ServedWorkspace:
    """A workspace in a process of its service.

    Args:
        host: follows the engine.
        disposable: the process ends after one piece of work, so its state may be changed freely by whoever only reads.
    """

    root: Path
    host: ServedHost
    disposable: bool

    def to_read(self) -> Host:
        return self.host.reader if self.disposable else self.host


_SERVED: ContextVar[ServedWorkspace | None] = ContextVar("served", default=None)


@contextmanager
def serving(served: ServedWorkspace) -> Iterator[None]:
    """In the block this process works on the workspace through the service."""
    before = _SERVED.set(served)
    try:
        yield
    finally:
        _SERVED.reset(before)


def served_workspace(root: Path) -> ServedWorkspace | None:
    """The workspace of the service, if this is it."""
    served = _SERVED.get()
    return served if served is not None and served.root == root.resolve() else None


@contextmanager
def writing_served(workspace: Workspace, served: ServedWorkspace, documents: bool, sphere: Sphere) -> Iterator[Host]:
    """The state of a served workspace, to change. Args: as of ``Workspace.writing``."""
    from infra.workspace.contracts import catalogue_update
    from streams.disk.effects import work
    from streams.store.writer import wait_for_lock

    lock = wait_for_lock(workspace.make_folder(SERVICE), workspace.say, f"{sphere}.lock")
    try:
        served.host.refresh()
        if documents and (wanted := catalogue_update(workspace, served.host.state)) is not None:
            served.host.submit(wanted)
        with work():
            yield served.host
    finally:
        lock.release()
