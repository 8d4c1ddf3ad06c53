"""Disclosure control for the open grade: which counts of people are published, and as what figure.

``services.exports.open_tables`` hands over true counts and the figures of earlier snapshots, and gets figures back. Nothing here reads a
file. Five rules; docs/en/analysts.md states them for readers, and ``tests.oracles.open_attack`` attacks them by linear programming:

1. *Threshold.* A cell is published for the first time once it counts ``K`` people and some more: its own secret threshold lies between
   ``K`` and ``2 K - 1``. So a cell that is not there counts 0 to 18, and nobody learns its size by adding people until it appears.
2. *Withheld cell.* Tables that count the same people are joined by their sums. So of every group of cells that has such a sum, one cell is
   never published, whatever its size and need. Which one, a secret order decides when the first cell of the group passes its threshold.
   Its size is free, so the sum of a group tells nothing about any other cell, in this table or in another.
3. *Figure.* A figure is the count rounded to a multiple of ``K``, and never less than ``K``.
4. *Repetition.* A cell repeats its last figure until its count differs from it by ``K`` or more. A published cell never disappears again.
5. *Half.* A cell that is itself the sum of other cells, the withheld ones included, is an estimate: only the people of a secret half, the
   same in every cell, are counted, twice. Those of the other half may be any number, so such a sum bounds nobody else from above.

Source: Hundepool et al., Statistical Disclosure Control, 2012, chapter 4 (suppression, rounding, differencing of tables).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

K = 10
"""The smallest number of people a published cell ever stood for, and the unit of figures."""
Cell: TypeAlias = tuple[str, ...]
"""The table, then the values that name the cell in it."""
WITHHELD = 0
"""In place of a figure: the cell is the withheld one of its group."""


@dataclass(frozen=True, slots=True)
class CountTable:
    """The true counts of one table.

    Args:
        counts: by cell; a cell that is not there counts nobody.
        group_parts: how many parts of a cell name its group, with the table; 0 where no other table has the sum of its cells.
        once: each cell is counted once and for ever, so that earlier cells are not among the counts.
        each: for how many people each counted one stands: 2 where only the secret half is counted. The threshold holds for those counted.
    """

    name: str
    counts: Mapping[Cell, int]
    group_parts: int = 0
    once: bool = False
    each: int = 1

    def group(self, cell: Cell) -> Cell | None:
        """The cells with this beginning have a sum that another table knows, too."""
        return cell[: self.group_parts] if self.group_parts else None


class SecretOrder:
    """The thresholds of cells and the order in which one is withheld: fixed by a key that stays in the workspace."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def threshold(self, cell: Cell) -> int:
        """The count from which a cell may be published: ``K`` to ``2 K - 1``."""
        return K + self._number(cell, b"threshold") % K

    def place(self, cell: Cell) -> int:
        """The cell of a group with the smallest place is withheld."""
        return self._number(cell, b"place")

    def in_half(self, subject: int) -> bool:
        """Is a subject in the secret half?"""
        return self._number((f"{subject:016x}",), b"half") % 2 == 0

    def _number(self, cell: Cell, purpose: bytes) -> int:
        digest = blake2b(key=self._key, person=purpose, digest_size=8)
        for part in cell:
            text = part.encode()
            digest.update(len(text).to_bytes(4) + text)
        return int.from_bytes(digest.digest())


def next_figures(table: CountTable, earlier: Mapping[Cell, int], order: SecretOrder) -> dict[Cell, int]:
    """The figures that a snapshot adds to the earlier ones, or changes; ``WITHHELD`` for a cell that is withheld from now on.

    Args:
        earlier: every figure and withheld cell of earlier snapshots.

    Example:
        >>> next_figures(CountTable("t", {("t", "a"): 43, ("t", "b"): 9}), {}, SecretOrder(b"k"))
        {('t', 'a'): 40}
        >>> next_figures(CountTable("t", {("t", "a"): 49}), {("t", "a"): 40, ("t", "c"): 30}, SecretOrder(b"k"))
        {('t', 'c'): 10}
    """
    changed: dict[Cell, int] = {}
    if not table.once:
        for cell, figure in earlier.items():
            count = table.each * table.counts.get(cell, 0)
            if cell[0] == table.name and figure != WITHHELD and abs(count - figure) >= K and figure_of(count) != figure:
                changed[cell] = figure_of(count)
    new = [cell for cell, count in table.counts.items() if cell not in earlier and count >= order.threshold(cell)]
    changed |= dict.fromkeys(_withheld_cells(table, new, earlier, order), WITHHELD)
    return changed | {cell: figure_of(table.each * table.counts[cell]) for cell in new if cell not in changed}


def _withheld_cells(table: CountTable, new: list[Cell], earlier: Mapping[Cell, int], order: SecretOrder) -> list[Cell]:
    """One of the new cells of each group that has no withheld cell yet."""
    served = {table.group(cell) for cell, figure in earlier.items() if figure == WITHHELD}
    first_cells: dict[Cell, Cell] = {}
    for cell in sorted(new, key=order.place):
        group = table.group(cell)
        if group is not None and group not in served:
            first_cells.setdefault(group, cell)
    return list(first_cells.values())


def figure_of(count: int) -> int:
    """The nearest multiple of ``K``, but at least ``K``.

    Example:
        >>> [figure_of(count) for count in (0, 14, 15, 24)]
        [10, 10, 20, 20]
    """
    return max(K, (count + K // 2) // K * K)
