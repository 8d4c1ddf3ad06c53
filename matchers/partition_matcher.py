"""The matcher of one partition: it holds folders, and judges the subjects that the partition owns (``streams.network.partition``).

``matchers.locate`` sends it all records that these verdicts need. A subject enters the lists when the partition begins to own it, and
leaves them when it no longer does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.core import Matcher
from matchers.kernel.batch import Int32, UInt64
from matchers.kernel.changes import Changes
from matchers.kernel.layout import KINDS
from matchers.lists.compare import compare
from matchers.locate import PartitionUpdate
from matchers.matrix.coverage import Statement
from matchers.matrix.erasure import PERSON
from matchers.matrix.identity import Answer
from matchers.program.binding import CHUNK
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy


class PartitionMatcher(Matcher):
    """A matcher of the subjects its partition owns."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        super().__init__(catalogue, day)
        self.store.trusted = True  # the locator sends only winning rows
        self.owned_rows: list[npt.NDArray[np.bool_]] = [np.zeros(0, np.bool_) for _ in KINDS]

    def mine(self, kind: int, rows: Int32) -> Int32:
        return rows[self._ownership(kind)[rows]]

    def take(self, routed: PartitionUpdate, change: Callable[[], Changes] | None = None) -> list[Changes]:
        """Carries out what the locator sends, in its order; ``change`` is made before the partition owns new subjects."""
        out, due = [], 0
        batches = routed.folders if routed.rows is None else [*routed.folders, routed.rows]
        results = chain(
            (self._own(kind, tokens, False) for kind, tokens in routed.lost.items()),
            (self.apply(batch) for batch in batches),
            (call() for call in [change] if call is not None),
            (self._own(kind, tokens, True) for kind, tokens in routed.gained.items()),
        )
        for changes in results:
            out.append(changes)
            due += self.due
        self.due = due
        return out

    def take_replacement(self, routed: PartitionUpdate, feed: str, source: int, delivery: int) -> list[Changes]:
        """A full replacement, with the records that the locator says come in by it."""
        return self.take(replace(routed, rows=None), partial(self.replace, feed, source, delivery, routed.rows))

    def erase(self, person: int, instead: int, statements: Sequence[Statement], answers: Sequence[Answer] = ()) -> Changes:
        out = super().erase(person, instead, statements, answers)
        if (subject := self.store.entity(PERSON, instead)) >= 0:
            self._ownership(PERSON)[subject] = False
        return out

    def _own(self, kind: int, tokens: UInt64, owned: bool) -> Changes:
        """Begins or ceases to own subjects: they enter, or leave, every list whose rule they satisfy."""
        rows, out = self.store.entities(kind, tokens), Changes()
        self._ownership(kind)[rows] = owned
        self.due = len(rows)
        runner = self.runners().get(kind)
        if runner is None:
            return out
        for start in range(0, len(rows), CHUNK):
            part, side = rows[start : start + CHUNK], self.side(runner)
            there = runner.run(0, part, self.store, side.binding, side.coverage, side.answers)
            nowhere = runner.frame(1)
            nowhere.low[:], nowhere.high[:] = 0, 0
            before, after = (nowhere, there) if owned else (there, nowhere)
            out.add(compare(runner, before, after, part, self.store))
        if owned:
            self._touch_watched(kind, rows)
        return self._with_sightings(out)

    def _ownership(self, kind: int) -> npt.NDArray[np.bool_]:
        if (more := len(self.store.tokens[kind]) - len(self.owned_rows[kind])) > 0:
            self.owned_rows[kind] = np.concatenate([self.owned_rows[kind], np.zeros(more, np.bool_)])
        return self.owned_rows[kind]

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        owned = {f"owned.{word}": self._ownership(kind)[: self.store.sizes[kind]] for kind, word in enumerate(KINDS)}
        return super().arrays() | owned

    @classmethod
    def restore(
        cls,
        catalogue: Catalogue,
        arrays: Mapping[str, np.ndarray[Any, Any]],
        meta: Mapping[str, Any],
        policies: Mapping[str, Policy],
        statements: Sequence[Statement] = (),
    ) -> PartitionMatcher:
        matcher = super().restore(catalogue, arrays, meta, policies, statements)
        assert isinstance(matcher, PartitionMatcher)
        matcher.owned_rows = [arrays[f"owned.{word}"].astype(np.bool_) for word in KINDS]
        return matcher
