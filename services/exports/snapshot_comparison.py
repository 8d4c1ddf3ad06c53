"""How long each list was in two snapshots, by street and status.

No row of one is joined to the other. ``huimin snapshot diff`` calls this. Of snapshots with rows, a cell of fewer than ten candidates in
either is not told, nor its change.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policies.problems.problems import Conflict
from policies.values import Text

FEWEST = 10


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """The candidates of a policy in a street with a status, in both snapshots.

    Args:
        street: None: placed nowhere.
        before, after: None where the figure is not told.
        change: None where one of them is not told.
    """

    policy: str
    street: str | None
    status: str
    before: int | None
    after: int | None
    change: int | None


@dataclass(frozen=True, slots=True)
class SnapshotComparison:
    """What differs between two snapshots, by policy, street and status; cells that are alike are not in it.

    Args:
        alike: the number of cells with the same figure in both.
    """

    before: str
    after: str
    cells: tuple[ComparedCell, ...]
    alike: int


def compare_snapshots(before: Path, after: Path) -> SnapshotComparison:
    """The list lengths of two snapshots of one grade.

    Raises:
        DamagedSnapshot: one of them is not as it was written.
        Conflict: one has published figures, the other rows: the former may lag behind, so a difference would mean nothing.
    """
    from connectors.analysts.figures import list_figures

    (is_open, earlier), (is_open_too, later) = list_figures(before), list_figures(after)
    if is_open != is_open_too:
        zh = "两个快照级别不同：一个是公布的数字，一个是逐行数据，不能相比。请用同一级别的两个快照。"
        en = "The two snapshots are of different grades, so their figures cannot be compared. Name two of one grade."
        raise Conflict(Text(zh, en))
    cells = sorted(earlier.keys() | later.keys(), key=lambda cell: (cell[0], cell[1] or "", cell[2]))
    missing = None if is_open else 0
    figures = [(cell, _figure(earlier.get(cell, missing), is_open), _figure(later.get(cell, missing), is_open)) for cell in cells]
    changed = tuple(
        ComparedCell(*cell, was, now, None if was is None or now is None else now - was) for cell, was, now in figures if was != now
    )
    return SnapshotComparison(before.name, after.name, changed, sum(was == now is not None for _, was, now in figures))


def _figure(count: int | None, is_open: bool) -> int | None:
    """A figure that may be told: published, or no people at all, or not few."""
    return count if is_open or count is None or count == 0 or count >= FEWEST else None
