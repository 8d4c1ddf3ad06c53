"""A dry run of a delivery: taken in by the very steps, on a copy of the state that is thrown away.

Nothing is written, and nothing is estimated. The same reading, checks and messages go to a copy of the state (on a network: of this
workspace's replica), and the result is read off there. Rows are counted as they come; records by what the source holds before and after.
Called by ``ingest --dry-run``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from matchers.kernel.kernels.records import BODY, DELETED, FLAGS, HIDDEN, HOLE, KEY, QUARANTINED, SUBJECT
from services.deliveries.delivery import FileIntake, apply_file, arriving_file
from services.state.as_of import core, disposable_state
from streams.host import Receipt, apply
from streams.language.messages import CatalogueSet, DeliveryCompleted, Input, Tick
from streams.steps.erasure import message_without_erased
from streams.steps.state import NO_DAY, State

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from connectors.identity.vault import Vault
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed
    from policies.values import Kind


@dataclass(frozen=True, slots=True)
class TrialDelivery:
    """The effect that one file would have.

    Args:
        new, changed: records that would be new; that would have other values. Those in quarantine are neither.
        deleted, withdrawn: records that would go by their own deletion; because a full replacement does not hold them.
    """

    intake: FileIntake
    new: int
    changed: int
    deleted: int
    withdrawn: int


class Trial:
    """A host of a copy of the state that is thrown away."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.before_completion: Callable[[], None] = lambda: None

    def submit(self, message: Input) -> Receipt:
        if isinstance(message, DeliveryCompleted):
            self.before_completion()
        return apply(self.state, message_without_erased(self.state, message))

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        return map(self.submit, messages)

    def deliver(
        self, workspace: Workspace, name: str, source: int, path: Path, received: date, replaces: bool, called: str | None
    ) -> TrialDelivery:
        """Try a file, after those tried before.

        Raises:
            As for ``services.deliveries.delivery.deliver``.
        """
        feed, file = self.state.catalogue.feeds[name], arriving_file(workspace, self.state, name, source, path, received, replaces, called)
        start = _Records.of(self.state, feed, source)
        middle = [start]
        self.before_completion = lambda: middle.append(_Records.of(self.state, feed, source))
        intake = apply_file(workspace, self, file, _Nowhere(workspace.vault()))
        whole, end = middle[-1], _Records.of(self.state, feed, source)
        sound = end.sound()
        return TrialDelivery(intake, sound.beyond(start), sound.unlike(start), start.beyond(whole), whole.beyond(end))


@contextmanager
def trial(workspace: Workspace, today: date) -> Iterator[Trial]:
    """A copy of a workspace's state, with its documents as they are now, on its own day (a new one: today)."""
    from infra.workspace.contracts import in_effect_on
    from infra.workspace.ports import parts

    with nullcontext() if workspace.empty else workspace.reading() as host:
        copy = Trial(State(parts()) if host is None else disposable_state(host))
        documents = in_effect_on(copy.state, *workspace.documents())  # as the next write would have them
        wanted = CatalogueSet(documents.units, documents.contracts)
        if not copy.state.has_catalogue or copy.state.catalogues[-1] != wanted:
            copy.submit(wanted)
        if copy.state.day == NO_DAY:
            copy.submit(Tick(today))
        yield copy


@dataclass(frozen=True, slots=True, eq=False)
class _Records:
    """The records that a source holds of a feed, by their keys in the matrix: their values, and whether they are in quarantine."""

    keys: npt.NDArray[np.uint64]
    contents: npt.NDArray[np.int32]
    quarantined: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, state: State, feed: Feed, source: int) -> _Records:
        store = core(state).store
        lay = store.layout.feeds[feed.name]
        arena = store.arenas[lay.position][: store.counts[lay.position]]
        flags = arena[:, FLAGS]
        arena = arena[((flags & (DELETED | HIDDEN | HOLE)) == 0) & (flags >> 8 == source)]
        chains = {lane + more for lane in lay.links.values() for more in (1, 2)}
        lanes = [SUBJECT, *(lane for lane in range(BODY, arena.shape[1]) if lane not in chains)]
        keys = np.ascontiguousarray(arena[:, KEY : KEY + 2]).view(np.uint64)[:, 0]
        return cls(keys, arena[:, lanes], (arena[:, FLAGS] & QUARANTINED) != 0)

    def beyond(self, others: _Records) -> int:
        """The number of these records that are not among the others."""
        return int((~np.isin(self.keys, others.keys)).sum())

    def sound(self) -> _Records:
        return _Records(self.keys[~self.quarantined], self.contents[~self.quarantined], self.quarantined[~self.quarantined])

    def unlike(self, others: _Records) -> int:
        """The number of records that differ from the one with the same key among the others."""
        _, here, there = np.intersect1d(self.keys, others.keys, return_indices=True)
        return int(
            ((self.contents[here] != others.contents[there]).any(axis=1) | (self.quarantined[here] != others.quarantined[there])).sum()
        )


class _Nowhere:
    """A vault that is read, and not written to."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def admit(self, kind: Kind, tokens: npt.NDArray[np.uint64], checks: npt.NDArray[np.uint64], feed: str) -> None:
        self._vault.admit(kind, tokens, checks, feed)

    @contextmanager
    def writer(self, feed: Feed, source: int, delivery: int, admits: bool = True) -> Iterator[_Nowhere]:
        yield self

    def lacks(self, feed: Feed, source: int, delivery: int) -> bool:
        return False

    def add(self, identities: pl.DataFrame) -> None:
        """Nothing is kept."""
