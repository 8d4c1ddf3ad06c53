"""The router: stands where the steps expect a matcher, and writes down what each partition is to do.

The one idea: the steps decide what a message means; here nobody is judged. Each call is located (``matchers.locate``) and noted, and what
it would have moved is stood for by a ``Call``, so that the very same steps run in the sequencer and in the embedded host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.batch import RecordBatch
from matchers.changes import Columns
from matchers.coverage import Statement
from matchers.erasing import Trace
from matchers.identity import Answer, Correction, correction_plain
from matchers.locate import Locator, Routed, Routes
from policies.catalogue import Catalogue
from policies.tree import Policy
from streams.orders import Step, Told, statements_plain
from streams.ports import Arrays


@dataclass(frozen=True, slots=True, eq=False)
class Call(Columns):
    """What one call will have moved, once the shards have made it (of these policies, or all ``others``). There are no columns here."""

    number: int = 0
    names: AbstractSet[str] | None = None
    others: bool = False

    def columns(self) -> Columns:
        return self

    def of(self, names: AbstractSet[str], others: bool = False) -> Call:
        return replace(self, names=names, others=others)


def _call(number: int) -> Call:
    none, nobody = np.empty(0, np.int32), np.empty(0, np.uint8)
    return Call([], [], none, np.empty(0, np.uint64), nobody, nobody, none, number=number)


class Router:
    """The matcher of the sequencer.

    Args:
        locator: holds every record.
    """

    def __init__(self, locator: Locator) -> None:
        self.locator = locator
        self.day = locator.day
        self.calls: list[tuple[str, Mapping[str, Any], Routes | None]] = []
        """What was called since ``taken``; routes are None where every partition does the same."""

    def extend(self, catalogue: Catalogue) -> None:
        self.locator.extend(catalogue)

    def apply(self, batch: RecordBatch) -> Call:
        return self._called("rows", {}, self.locator.apply(batch))

    def replace(self, feed: str, source: int, delivery: int) -> Call:
        self.locator.replace(feed, source, delivery)
        return self._called("replace", {"feed": feed, "source": source, "delivery": delivery})

    def publish(self, policy: Policy) -> Call:
        further = self.locator.publish(policy)
        everyone = {partition: further.get(partition, Routed()) for partition in range(self.locator.partitions)}
        return self._called("publish", {"policy": policy.name, "version": policy.version}, everyone)

    def withdraw(self, name: str) -> Call:
        return self._called("withdraw", {"name": name})

    def cover(self, statements: Sequence[Statement]) -> Call:
        return self._called("cover", {"statements": statements_plain(statements)})

    def answer(self, policy: str, subject: int, check: str, answer: bool) -> Call:
        return self._called("answer", {"policy": policy, "subject": subject, "check": check, "answer": answer})

    def watch(self, policy: str, subject: int, on: bool) -> Call:
        return self._called("watch", {"policy": policy, "subject": subject, "on": on})

    def correct(self, correction: Correction, answers: Sequence[Answer]) -> Call:
        routes = self.locator.correct(correction)
        everyone = {partition: routes.get(partition, Routed()) for partition in range(self.locator.partitions)}
        return self._called("correct", correction_plain(correction, answers), everyone)

    def persons(self) -> npt.NDArray[np.uint64]:
        """The tokens of every person that was ever named."""
        return self.locator.persons()

    def traces(self, person: int) -> list[Trace]:
        return self.locator.traces(person)

    def erase(self, person: int, instead: int, statements: Sequence[Statement], answers: Sequence[Answer]) -> Call:
        self.locator.erase(person, instead)
        none = [(policy, subject, check) for policy, subject, check, _ in answers]
        facts = {"person": person, "instead": instead, "statements": statements_plain(statements), "answers": none}
        return self._called("erase", facts)

    def forget(self, person: int, traces: Sequence[Trace]) -> None:
        self.locator.forget(person, traces)
        self._called("forget", {"person": person, "traces": list(map(tuple, traces))})

    def tick(self, day: date) -> Call:
        self.locator.day = self.day = day
        return self._called("tick", {"day": day.isoformat()})

    def candidates(self, policy: str) -> Sequence[Any]:
        """Nobody: lists are with the shards."""
        return ()

    def taken(self, told: Mapping[int, Sequence[Told]]) -> dict[int, list[Step]]:
        """The steps of each partition since the last time, with what is told of each call by its number."""
        steps: dict[int, list[Step]] = {}
        for number, (name, facts, routes) in enumerate(self.calls):
            for partition in range(self.locator.partitions) if routes is None else sorted(routes):
                routed = None if routes is None else routes[partition]
                steps.setdefault(partition, []).append(Step(name, facts, routed, tuple(told.get(number, ()))))
        self.calls = []
        return steps

    def arrays(self) -> Arrays:
        return self.locator.arrays()

    def meta(self) -> dict[str, Any]:
        return self.locator.meta()

    @classmethod
    def restore(
        cls,
        catalogue: Catalogue,
        arrays: Mapping[str, npt.NDArray[np.generic]],
        meta: Mapping[str, Any],
        policies: Mapping[str, Policy],
        statements: Sequence[Statement],
    ) -> Router:
        """The port that restores a matcher; policies and coverage are the shards'."""
        return cls(Locator.restore(catalogue, arrays, meta))

    def _called(self, name: str, facts: Mapping[str, Any], routes: Routes | None = None) -> Call:
        self.calls.append((name, facts, routes))
        return _call(len(self.calls) - 1)
