"""A host that stores changed documents, and the first day, together with the first message.

If that message is refused, nothing is stored. So a field that somebody added to a contract may still be taken out again after a file
without it was refused. Called by ``ingest`` and ``feed coverage``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from infra.workspace.contracts import catalogue_update
from services.state.as_of import disposable_state
from streams.language.messages import Tick
from streams.steps.erasure import message_without_erased
from streams.steps.state import NO_DAY
from streams.steps.steps import step

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host, Receipt
    from streams.language.messages import Input
    from streams.steps.state import State


class DeferringHost:
    """A host, and the messages to store first. Until something is stored, ``state`` is a copy to which they are applied."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._first: list[Input] = []
        self._copy: State | None = None

    @property
    def state(self) -> State:
        return self._host.state if self._copy is None else self._copy

    def defer(self, message: Input) -> None:
        """Stores this message together with the first that is submitted.

        Raises:
            Refused, Invalid: it would not be admitted.
        """
        copy = disposable_state(self._host) if self._copy is None else self._copy
        step(copy, message_without_erased(copy, message), copy.offset + 1)
        self._copy = copy
        self._first.append(message)

    def begin(self, today: date) -> None:
        """Gives a state without a day its first day, today, with the first message."""
        if self.state.day == NO_DAY:
            self.defer(Tick(today))

    def submit(self, message: Input) -> Receipt:
        """As ``Host.submit``."""
        return self.submit_many((message,))[0]

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:
        """As ``Host.submit_many``; without the receipts of the messages stored first."""
        before = len(self._first)
        receipts = self._host.submit_many((*self._first, *messages))
        self._first, self._copy = [], None
        return receipts[before:]

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        """As ``Host.submit_each``."""
        coming = iter(messages)
        for message in islice(coming, 1 if self._first else 0):
            yield self.submit(message)
        yield from self._host.submit_each(coming)


@contextmanager
def deferring_host(workspace: Workspace) -> Iterator[DeferringHost]:
    """A workspace's state, to change; the additions of its documents to the catalogue are stored with the first message."""
    with workspace.writing(documents=False) as host:
        expects, wanted = DeferringHost(host), catalogue_update(workspace, host.state)
        if wanted is not None:
            expects.defer(wanted) if host.state.has_catalogue else host.submit(wanted)  # a log without a catalogue is none
        yield expects
