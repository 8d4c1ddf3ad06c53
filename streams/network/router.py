"""The router: takes the place of a matcher in the sequencer, and notes the calls for each partition.

The steps decide what a message means; the router judges nobody. It finds the partitions of each call (``matchers.locate``), notes the call,
and gives ``PendingColumns`` in place of changes. So the same steps run in the sequencer and in the embedded host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import RecordBatch
from matchers.kernel.changes import Columns
from matchers.locate import Locator, PartitionUpdate, Routes
from matchers.matrix.coverage import Statement
from matchers.matrix.erasure import Trace
from matchers.matrix.identity import Answer, IdentityCorrection
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from streams.language.ports import Arrays
from streams.network.calls import (
    AnswerCall,
    CatalogueCall,
    CorrectCall,
    CoverCall,
    EraseCall,
    ForgetCall,
    PartitionCall,
    PublishCall,
    ReplaceCall,
    RowsCall,
    TickCall,
    UpgradeCall,
    WatchCall,
    WithdrawCall,
)
from streams.network.orders import Attribution, RoutedCall
from streams.steps.state import State


@dataclass(frozen=True, slots=True, eq=False)
class PendingColumns(Columns):
    """Stands for the changes of one call (of these policies, or all ``others``), which only the partitions will make. It has no columns."""

    number: int = 0
    names: AbstractSet[str] | None = None
    others: bool = False

    def columns(self) -> Columns:
        return self

    def of(self, names: AbstractSet[str], others: bool = False) -> PendingColumns:
        return replace(self, names=names, others=others)


def _pending(number: int) -> PendingColumns:
    no_places, no_statuses = np.empty(0, np.int32), np.empty(0, np.uint8)
    return PendingColumns([], [], no_places, np.empty(0, np.uint64), no_statuses, no_statuses, no_places, number=number)


class Router:
    """The matcher of the sequencer.

    Args:
        locator: holds every record.
        state: gives the sequencer's state, which has the texts for the partitions.
    """

    def __init__(self, locator: Locator, state: Callable[[], State]) -> None:
        self.locator, self._state = locator, state
        self.day = locator.day
        self.calls: list[tuple[PartitionCall, Routes | None]] = []
        """The calls since ``take_calls``; routes are None if every partition does the same."""

    def begin(self) -> None:
        """Notes the call for the first catalogue."""
        self._note_call(self._catalogue(None))

    def extend(self, catalogue: Catalogue, moving: frozenset[str]) -> PendingColumns:
        self.locator.extend(catalogue)
        return self._note_call(self._catalogue(tuple(sorted(moving))))

    def _catalogue(self, moving: tuple[str, ...] | None) -> CatalogueCall:
        state = self._state()
        return CatalogueCall(state.catalogues[-1].units, state.catalogues[-1].contracts, state.day, moving)

    def extremes(self, feed: str, field: str) -> tuple[int, int] | None:
        return self.locator.extremes(feed, field)

    def apply(self, batch: RecordBatch) -> PendingColumns:
        return self._note_call(RowsCall(), self.locator.apply(batch))

    @property
    def effects(self) -> npt.NDArray[np.uint8]:
        return self.locator.effects

    @property
    def comeback(self) -> dict[int, tuple[int, int]]:
        return self.locator.comeback

    def open(self, feed: str, source: int, delivery: int) -> None:
        """The locator alone keeps versions that lose."""
        self.locator.open(feed, source, delivery)

    def abandon(self, feed: str, source: int, delivery: int) -> None:
        self.locator.abandon(feed, source, delivery)

    def record_count(self, feed: str, source: int) -> int:
        return self.locator.record_count(feed, source)

    def replace(self, feed: str, source: int, delivery: int) -> PendingColumns:
        routes = self.locator.replace(feed, source, delivery)
        everyone = {partition: routes.get(partition, PartitionUpdate()) for partition in range(self.locator.partitions)}
        return self._note_call(ReplaceCall(feed, source, delivery), everyone)

    @property
    def semantics(self) -> int:
        return self.locator.semantics

    def upgrade(self, semantics: int) -> PendingColumns:
        self.locator.upgrade(semantics)
        return self._note_call(UpgradeCall(semantics))

    def publish_all(self, policies: Sequence[Policy]) -> list[PendingColumns]:
        return [self._publish(policy) for policy in policies]

    def _publish(self, policy: Policy) -> PendingColumns:
        further = self.locator.publish(policy)
        everyone = {partition: further.get(partition, PartitionUpdate()) for partition in range(self.locator.partitions)}
        version = self._state().registry.versions[policy.name][policy.version]
        return self._note_call(PublishCall(policy.name, policy.version, version.text, version.catalogue), everyone)

    def withdraw(self, name: str) -> PendingColumns:
        return self._note_call(WithdrawCall(name))

    def cover(self, statements: Sequence[Statement]) -> PendingColumns:
        return self._note_call(CoverCall(tuple(statements)))

    def answer(self, policy: str, subject: int, check: str, answer: bool) -> PendingColumns:
        return self._note_call(AnswerCall(policy, subject, check, answer))

    def watch(self, policy: str, subject: int, on: bool) -> PendingColumns:
        return self._note_call(WatchCall(policy, subject, on))

    def correct(self, correction: IdentityCorrection, answers: Sequence[Answer]) -> PendingColumns:
        routes = self.locator.correct(correction)
        everyone = {partition: routes.get(partition, PartitionUpdate()) for partition in range(self.locator.partitions)}
        return self._note_call(CorrectCall(correction, tuple(answers)), everyone)

    def persons(self) -> npt.NDArray[np.uint64]:
        """The tokens of all persons that were ever named."""
        return self.locator.persons()

    def traces(self, person: int) -> list[Trace]:
        return self.locator.traces(person)

    def erase(self, person: int, instead: int, statements: Sequence[Statement], answers: Sequence[Answer]) -> PendingColumns:
        self.locator.erase(person, instead)
        unanswered = tuple((policy, subject, check) for policy, subject, check, _ in answers)
        return self._note_call(EraseCall(person, instead, tuple(statements), unanswered))

    def forget(self, person: int, traces: Sequence[Trace]) -> None:
        self.locator.forget(person, traces)
        self._note_call(ForgetCall(person, tuple(traces)))

    def tick(self, day: date) -> PendingColumns:
        self.locator.day = self.day = day
        return self._note_call(TickCall(day))

    def candidates(self, policy: str) -> Sequence[Any]:
        """Empty, because the partitions have the lists."""
        return ()

    def take_calls(self, attributions: Mapping[int, Sequence[Attribution]]) -> dict[int, list[RoutedCall]]:
        """The calls for each partition since the last time, with the attributions of each call, by its number."""
        by_partition: dict[int, list[RoutedCall]] = {}
        for number, (call, routes) in enumerate(self.calls):
            for partition in range(self.locator.partitions) if routes is None else sorted(routes):
                routed = None if routes is None else routes[partition]
                by_partition.setdefault(partition, []).append(RoutedCall(call, routed, tuple(attributions.get(number, ()))))
        self.calls = []
        return by_partition

    def arrays(self) -> Arrays:
        return self.locator.arrays()

    def meta(self) -> dict[str, Any]:
        return self.locator.meta()

    def _note_call(self, call: PartitionCall, routes: Routes | None = None) -> PendingColumns:
        self.calls.append((call, routes))
        return _pending(len(self.calls) - 1)
