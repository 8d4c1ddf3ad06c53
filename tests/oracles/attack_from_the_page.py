"""Bounds of every count behind open snapshots. Written from docs/en/analysts.md and docs/en/semantics.md alone, without sight of the code; what it found
made `waiting` and `changes` estimates from a half, and how it reads these two was written with that rule.

Somebody has every open snapshot of a workspace, in order, and knows the rules of figures, the streets, and what the policies ask. Each count
of each snapshot is a whole number; a figure bounds it; sums that must agree tie them. The least and the most value of a cell are then two
programs in whole numbers (`scipy.optimize.milp`). The one withheld cell of a sum is not told: it is a choice among the cells never published.

What ties them:
  * a list by street and a list by age and sex count the same people;
  * where every candidate who needs evidence waits for one source, `waiting` of the source is twice the part of those lists that lies in the
    secret half, so that they are no shorter than half of it;
  * where a list came or went on the day of a snapshot, its changes by publication or withdrawal are twice the part of the list in that half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]  # scipy ships no types

ANYTHING = 100_000
HIDDEN = 18
"""The most that a cell counts which is below its threshold."""

Cell = tuple[str, ...]
"""("street", policy, status, street), ("age", policy, band, sex), ("waiting", feed, unit) or ("changes", policy, cause, month)."""
Figures = Mapping[Cell, int]
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known without the snapshots: the cells that can hold anybody, and which sums agree.

    `waits` has, for a source, the policies of which every candidate who needs evidence waits for it, and no others do.
    `lengths` has changes that are the length of their policy's list in the snapshot of that place.
    """

    statuses: Mapping[str, Sequence[str]]
    streets: Sequence[str]
    ages: Sequence[tuple[str, str]]
    waits: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    lengths: Mapping[tuple[str, str, str], int] = field(default_factory=dict)


def figures(path: Path) -> dict[Cell, int]:
    """What one open snapshot tells."""
    with duckdb.connect(str(path), read_only=True) as base:
        rows: dict[Cell, int] = {}
        for name, columns, table in (
            ("street", "policy, status, street, candidates", "candidates_by_street"),
            ("age", "policy, age_band, sex, candidates", "candidates_by_age_and_sex"),
            ("changes", "policy, cause, month, changes", "changes_by_month"),
            ("waiting", "feed, unit, waiting", "coverage_by_unit WHERE waiting IS NOT NULL"),
        ):
            rows |= {(name, *row[:-1]): row[-1] for row in base.execute(f"SELECT {columns} FROM {table}").fetchall()}
        return rows


def ranges(snapshots: Sequence[int | None]) -> list[Range]:
    """What a cell may count in each snapshot, from its own figures: null is not published."""
    first = next((figure for figure in snapshots if figure is not None), None)
    below = 13 if first == 10 else HIDDEN  # it counted 10 to 14 when it passed, so the threshold is 14 or less
    result: list[Range] = []
    before: int | None = None
    for figure in snapshots:
        if figure is None:
            result.append((0, below))
            continue
        if before == figure:
            result.append((figure - 9 if figure > 10 else 0, figure + 9))
        elif before is None:
            result.append((max(10, figure - 5), figure + 4))
        else:
            least, most = (figure - 5, figure + 4) if figure > 10 else (0, 14)
            result.append((max(least, before + 10), most) if figure > before else (least, min(most, before - 10)))
        before = figure
    return result


@dataclass(slots=True)
class _Program:
    """Unknowns with bounds, and rows of a sum: `least <= sum of factor * unknown <= most`."""

    lower: list[int] = field(default_factory=list)
    upper: list[int] = field(default_factory=list)
    rows: list[tuple[dict[int, int], float, float]] = field(default_factory=list)

    def unknown(self, least: int, most: int) -> int:
        self.lower.append(least)
        self.upper.append(most)
        return len(self.lower) - 1

    def end(self, unknown: int, sign: int) -> int:
        """The least (sign 1) or the most (-1) value of an unknown."""
        goal = np.zeros(len(self.lower))
        goal[unknown] = sign
        matrix = np.zeros((len(self.rows), len(self.lower)))
        for at, (factors, _, _) in enumerate(self.rows):
            for column, factor in factors.items():
                matrix[at, column] = factor
        within = LinearConstraint(matrix, [row[1] for row in self.rows], [row[2] for row in self.rows])
        answer = milp(goal, constraints=within, bounds=Bounds(self.lower, self.upper), integrality=np.ones(len(self.lower)))
        if answer.x is None:
            raise ValueError(f"no counts agree with what is published: {answer.message}")
        return round(float(answer.x[unknown]))


def attack(snapshots: Sequence[Figures], knowledge: Knowledge, wanted: Sequence[tuple[int, Cell]]) -> dict[tuple[int, Cell], Range]:
    """The least and the most count of every wanted cell, each a place of a snapshot and a cell of a list.

    Args:
        snapshots: the figures of every snapshot, from the first ever made on.
        knowledge: what everybody knows.
        wanted: cells ("street" or "age") to be bounded.
    Raises:
        ValueError: what is published contradicts what is known.
    """
    program = _Program()
    at: dict[tuple[int, Cell], int] = {}
    sums = [[("street", policy, status, street) for street in knowledge.streets] for policy, all_ in knowledge.statuses.items() for status in all_]
    sums += [[("age", policy, *age) for age in knowledge.ages] for policy in knowledge.statuses if knowledge.ages]
    for cells in sums:
        _add_sum(program, at, snapshots, cells)
    for place in range(len(snapshots)):
        for policy in knowledge.statuses:
            by_age = {at[place, cell]: 1 for cell in _of(at, place, "age", policy)}
            if by_age:
                program.rows.append((by_age | {at[place, cell]: -1 for cell in _of(at, place, "street", policy)}, 0, 0))
    for source, policies in knowledge.waits.items():
        for place, (least, _) in enumerate(ranges([snapshot.get(("waiting", *source)) for snapshot in snapshots])):
            waiting = {
                at[place, cell]: 1 for policy in policies for cell in _of(at, place, "street", policy) if cell[2] == "needs_evidence"
            }
            program.rows.append((waiting, (least + 1) // 2, np.inf))
    for change, place in knowledge.lengths.items():
        ((least, _),) = ranges([next((snapshot[cell] for snapshot in snapshots if (cell := ("changes", *change)) in snapshot), None)])
        program.rows.append(({at[place, cell]: 1 for cell in _of(at, place, "street", change[0])}, (least + 1) // 2, np.inf))
    return {item: (program.end(at[item], 1), program.end(at[item], -1)) for item in wanted}


def _add_sum(program: _Program, at: dict[tuple[int, Cell], int], snapshots: Sequence[Figures], cells: Sequence[Cell]) -> None:
    """The cells of one sum; one that was never published may be the withheld one, the same in every snapshot."""
    withheld: list[int] = []
    first = any(cell in snapshots[0] for cell in cells)
    for cell in cells:
        of_cell = ranges([snapshot.get(cell) for snapshot in snapshots])
        never = not any(cell in snapshot for snapshot in snapshots)
        for place, (least, most) in enumerate(of_cell):
            at[place, cell] = program.unknown(least, ANYTHING if never else most)
        if not never:
            continue
        choice = program.unknown(0, 1)
        withheld.append(choice)
        for place in range(len(snapshots)):
            program.rows.append(({at[place, cell]: 1, choice: HIDDEN - ANYTHING}, -np.inf, HIDDEN))
        if first:  # it passed its threshold in the first snapshot ever made
            program.rows.append(({at[0, cell]: 1, choice: -10}, 0, np.inf))
    some = any(cell in snapshot for snapshot in snapshots for cell in cells)
    program.rows.append((dict.fromkeys(withheld, 1), 1 if some else 0, 1))


def _of(at: Mapping[tuple[int, Cell], int], place: int, table: str, policy: str) -> list[Cell]:
    return [cell for (when, cell) in at if when == place and cell[0] == table and cell[1] == policy]


def plain_subtraction(counts: Mapping[Cell, int], total: int) -> dict[Cell, Range]:
    """The same for exact counts of a sum and its exact total, where every cell under ten is left out and nothing else is done."""
    small = [cell for cell, count in counts.items() if count < 10]
    rest = total - sum(count for count in counts.values() if count >= 10)
    return {cell: (max(0, rest - 9 * (len(small) - 1)), min(9, rest)) for cell in small}
