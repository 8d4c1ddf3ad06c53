"""One of several shards: a matcher that holds folders of many, and judges those it owns.

The one idea: what a shard was given is all it needs (``matchers.locate`` sees to that), so judging is what it always is, asked of fewer.
Whoever comes to be owned enters the lists, whoever is owned no more leaves them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.batch import Int32, UInt64
from matchers.binding import CHUNK
from matchers.changes import Changes
from matchers.compare import compare
from matchers.core import Matcher
from matchers.coverage import Statement
from matchers.erasing import PERSON
from matchers.identity import Answer
from matchers.layout import KINDS
from matchers.locate import Routed
from policies.catalogue import Catalogue
from policies.tree import Policy


class ShardMatcher(Matcher):
    """A matcher of whom it owns."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        super().__init__(catalogue, day)
        self.owned: list[npt.NDArray[np.bool_]] = [np.zeros(0, np.bool_) for _ in KINDS]

    def mine(self, kind: int, rows: Int32) -> Int32:
        return rows[self._owned(kind)[rows]]

    def take(self, routed: Routed, change: Callable[[], Changes] | None = None) -> list[Changes]:
        """What a locator says, in its order; ``change`` is made before it owns whom it is to own from now on."""
        out, due = [], 0
        batches = routed.folders if routed.rows is None else [*routed.folders, routed.rows]
        made = chain(
            (self._own(kind, tokens, False) for kind, tokens in routed.lost.items()),
            (self.apply(batch) for batch in batches),
            (one() for one in [change] if one is not None),
            (self._own(kind, tokens, True) for kind, tokens in routed.gained.items()),
        )
        for changes in made:
            out.append(changes)
            due += self.due
        self.due = due
        return out

    def erase(self, person: int, instead: int, statements: Sequence[Statement], answers: Sequence[Answer] = ()) -> Changes:
        out = super().erase(person, instead, statements, answers)
        if (subject := self.store.entity(PERSON, instead)) >= 0:
            self._owned(PERSON)[subject] = False
        return out

    def _own(self, kind: int, tokens: UInt64, owned: bool) -> Changes:
        """Subjects are owned from now on, or no more: they enter, or leave, every list they satisfy."""
        rows, out = self.store.entities(kind, tokens), Changes()
        self._owned(kind)[rows] = owned
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
            self._touched(kind, rows)
        return self._looked(out)

    def _owned(self, kind: int) -> npt.NDArray[np.bool_]:
        if (more := len(self.store.tokens[kind]) - len(self.owned[kind])) > 0:
            self.owned[kind] = np.concatenate([self.owned[kind], np.zeros(more, np.bool_)])
        return self.owned[kind]

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        owned = {f"owned.{word}": self._owned(kind)[: self.store.sizes[kind]] for kind, word in enumerate(KINDS)}
        return super().arrays() | owned

    @classmethod
    def restore(
        cls,
        catalogue: Catalogue,
        arrays: Mapping[str, np.ndarray[Any, Any]],
        meta: Mapping[str, Any],
        policies: Mapping[str, Policy],
        statements: Sequence[Statement] = (),
    ) -> ShardMatcher:
        made = super().restore(catalogue, arrays, meta, policies, statements)
        assert isinstance(made, ShardMatcher)
        made.owned = [arrays[f"owned.{word}"].astype(np.bool_) for word in KINDS]
        return made
