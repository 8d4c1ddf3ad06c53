"""What the front of a service asks of its reader, and how the answer comes back.

A call names a function of the program and its arguments. Its answer comes over a socket of its own, in frames: any number of ``Progress``
and bytes, then ``CallEnd`` or an error. A socket that ends before that says that the process has died.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from policies.values import Text

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.served.channel import Channel


@dataclass(frozen=True, slots=True)
class Call:
    """Run a function with the workspace, and these arguments.

    Args:
        number: of the call, to cancel it.
        long: it may take more than some milliseconds, or change the state in memory, or use threads: a child of its own runs it.
        function: a module's function; called with a ``Task`` first.
        account: in whose name.
    """

    number: int
    long: bool
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    account: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the child that runs a call."""

    number: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call has come.

    Args:
        total: None where it is not known.
    """

    label: Text
    count: int
    total: int | None


@dataclass(frozen=True, slots=True)
class CallEnd:
    """A call has ended, with this result."""

    result: Any


Frame: TypeAlias = Progress | bytes | CallEnd | BaseException


@dataclass(frozen=True, slots=True)
class Task:
    """What a called function works with: the workspace, and the way to tell how far it is."""

    workspace: Workspace
    account: str
    answers: Channel

    def send(self, frame: Any) -> None:
        """Sends a part of the answer ahead of its end."""
        self.answers.send(frame)
