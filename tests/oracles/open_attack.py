"""An attacker of the open grade, who has every snapshot and knows how figures are made, and solves for the counts behind them.

It reads nothing but published figures. Each figure and each missing cell becomes a box of counts; what adds up becomes an equation: (1) and
(2) count the same candidates, a list inside another is never longer; what (3) and (4) estimate from a half bounds nothing. Linear programming
(HiGHS) then gives the smallest and the largest count of any cell. The attacker is stronger than a real one: it is told which cells are
withheld, and which ones are empty by the text of the rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from scipy.optimize import linprog  # type: ignore[import-untyped]  # scipy ships no types
from scipy.sparse import coo_array, vstack  # type: ignore[import-untyped]  # likewise

from connectors.analysts.disclosure import Cell
from services.exports.open_counts import BY_AGE_AND_SEX, BY_STREET

K, MOST = 10, 1e6
"""The page's k, and more people than there are."""
Box: TypeAlias = tuple[float, float]
Place: TypeAlias = tuple[int, Cell]
"""A cell in a snapshot, by the number of the snapshot."""


@dataclass(frozen=True)
class Knowledge:
    """What the attacker knows beside the figures.

    Args:
        cells: every cell that may hold anybody: (table, policy, …) as in ``services.exports.open_counts``.
        withheld: cells that are withheld.
        inside: pairs of policies; everybody on the list of the first is on that of the second.
    """

    cells: frozenset[Cell]
    withheld: frozenset[Cell] = frozenset()
    inside: tuple[tuple[str, str], ...] = ()
    group_parts: Mapping[str, int] = field(default_factory=lambda: {BY_STREET: 3, BY_AGE_AND_SEX: 2})


def box(figures: Sequence[int | None], is_withheld: bool) -> Box:
    """The counts that a cell may have in the last of some snapshots, from its figures in all of them.

    Example:
        >>> box([None], False), box([20], False), box([20, 20], False), box([20, 10], False)
        ((0, 18), (15, 24), (11, 29), (0, 10))
    """
    *earlier, figure = figures
    before = earlier[-1] if earlier else None
    if figure is None:
        return 0, MOST if is_withheld else 2 * K - 2
    low, high = figure - K // 2 if figure > K else 0, figure + K // 2 - 1
    if before is None:
        return max(low, K), high
    if before == figure:
        return figure - K + 1 if figure > K else 0, figure + K - 1
    return (low, min(high, before - K)) if figure < before else (max(low, before + K), high)


class Attack:
    """The system of all snapshots.

    Args:
        snapshots: their figures, in the order in which they were made.
    """

    def __init__(self, snapshots: Sequence[Mapping[Cell, int]], knowledge: Knowledge) -> None:
        self.snapshots, self.knowledge = snapshots, knowledge
        self.places: list[Place] = [(number, cell) for number in range(len(snapshots)) for cell in sorted(knowledge.cells)]
        self.number = {place: number for number, place in enumerate(self.places)}
        self._rows: list[tuple[dict[int, float], float, float]] = [*self._sums(), *self._lists_inside()]

    def bounds(self, place: Place) -> tuple[int, int]:
        """The least and the greatest count of a cell that fit everything published."""
        boxes = [self._box(other, place) for other in self.places]
        if not self._rows:
            return int(boxes[self.number[place]][0]), int(boxes[self.number[place]][1])
        entries = [(row, column, value) for row, (terms, _, _) in enumerate(self._rows) for column, value in terms.items()]
        rows, columns, values = (list(part) for part in zip(*entries, strict=True))
        matrix = coo_array((values, (rows, columns)), shape=(len(self._rows), len(self.places))).tocsr()
        least, most = (np.array([row[end] for row in self._rows]) for end in (1, 2))
        has_least, has_most = np.isfinite(least), np.isfinite(most)
        upper, ends = vstack([matrix[has_most], -matrix[has_least]]), np.concatenate([most[has_most], -least[has_least]])
        goal = np.zeros(len(self.places))
        goal[self.number[place]] = 1
        answers = []
        for sign in (1, -1):
            result = linprog(sign * goal, A_ub=upper, b_ub=ends, bounds=boxes, method="highs")
            assert result.success, result.message
            answers.append(sign * result.fun)
        return math.ceil(answers[0] - 1e-6), math.floor(answers[1] + 1e-6)

    def _box(self, place: Place, target: Place) -> Box:
        number, cell = place
        figures = [snapshot.get(cell) for snapshot in self.snapshots[: number + 1]]
        return box(figures, cell in self._free(target[1]))

    def _free(self, target: Cell) -> frozenset[Cell]:
        """The withheld cells; in a group where none is known, one that may be it, and another than the target if there is one."""
        if getattr(self, "_free_of", (None,))[0] != target:
            served = {self._group(cell) for cell in self.knowledge.withheld}
            candidates: dict[Cell, Cell] = {}
            for cell in sorted(self.knowledge.cells, key=lambda cell: (cell == target, cell)):
                if (group := self._group(cell)) and group not in served:
                    candidates.setdefault(group, cell)
            self._free_of = (target, self.knowledge.withheld | frozenset(candidates.values()))
        return self._free_of[1]

    def _group(self, cell: Cell) -> Cell:
        return cell[: self.knowledge.group_parts.get(cell[0], 0)]

    def _terms(self, number: int, table: str, policy: str, street: str | None = None) -> dict[int, float]:
        return {
            place: 1.0
            for (snapshot, cell), place in self.number.items()
            if snapshot == number and cell[:2] == (table, policy) and (street is None or cell[-1] == street)
        }

    def _policies(self) -> list[str]:
        return sorted({cell[1] for cell in self.knowledge.cells})

    def _sums(self) -> Iterator[tuple[dict[int, float], float, float]]:
        """(1) and (2) count the same people."""
        for number in range(len(self.snapshots)):
            for policy in self._policies():
                people = self._terms(number, BY_AGE_AND_SEX, policy)
                if people:
                    yield {**self._terms(number, BY_STREET, policy), **dict.fromkeys(people, -1.0)}, 0, 0

    def _lists_inside(self) -> Iterator[tuple[dict[int, float], float, float]]:
        """In every street and every cell of (2), a list inside another is not longer."""
        streets = {cell[-1] for cell in self.knowledge.cells if cell[0] == BY_STREET}
        for number in range(len(self.snapshots)):
            for inner, outer in self.knowledge.inside:
                for street in sorted(streets):
                    inner_terms, outer_terms = (self._terms(number, BY_STREET, policy, street) for policy in (inner, outer))
                    yield {**inner_terms, **dict.fromkeys(outer_terms, -1.0)}, -math.inf, 0
                for snapshot, cell in list(self.number):
                    if snapshot == number and cell[:2] == (BY_AGE_AND_SEX, inner):
                        other = self.number.get((number, (BY_AGE_AND_SEX, outer, *cell[2:])))
                        terms = {self.number[number, cell]: 1.0} | ({} if other is None else {other: -1.0})
                        yield terms, -math.inf, 0
