"""The rows of the quarantine that are still to be mended, and who closed the others.

The state says which are open. A broken row is open as long as it is the record in force; a row of nobody until a later sound full
replacement, or until somebody closes it on record. Called by ``feed quarantine``, ``feed deliveries`` and ``doctor``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from infra.workspace.notes import NoteFile
from infra.workspace.texts import DamagedFile
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.deciding import Target
from services.access.run import enter_source, passes
from services.access.sight import EVERYTHING, Sight
from services.deliveries.delivery import source_of
from services.deliveries.quarantine import WAY_OUT, BrokenCell, broken_cells, rows_by_delivery
from services.lookup import feed_named

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed
    from streams.steps.state import State

_CLOSED = "closed.jsonl"
_CLOSED_WAY_OUT = Text(
    "它记着谁关闭了哪些行。请从备份恢复它，或移走它：那些行会重新列为待修正。",
    "It says who closed which rows. Restore it from a backup, or move it away: then those rows are open again.",
)


@dataclass(frozen=True, slots=True)
class Closing:
    """Rows of nobody that somebody has closed: those of a delivery up to the row ``upto``, as the delivery of a topic goes on."""

    feed: str
    unit: str
    delivery: int
    rows: int
    upto: int
    by: str
    day: str


def open_cells(workspace: Workspace, feed: str | None = None, sight: Sight = EVERYTHING) -> list[BrokenCell]:
    """The broken cells of rows that are still to be mended, of all feeds or of one; of the units that are in sight.

    Raises:
        HuiminError: there is no feed of this name. DamagedFile: a file of the quarantine cannot be read back.
    """
    if feed is not None:
        feed_named(workspace.catalogue(), feed)
    with workspace.reading() as host:
        cells = still_open(workspace, host.state, feed)
        return [cell for cell in cells if sight.unit(cell.unit) and passes(Target(unit=cell.unit, feed=cell.feed))]


def still_open(workspace: Workspace, state: State, feed: str | None) -> list[BrokenCell]:
    """The broken cells of rows that are still to be mended."""
    if not state.has_catalogue:
        return []
    rows_in_force: dict[tuple[str, str], set[tuple[int, int]]] = {}
    full: dict[tuple[str, str], int] = {}
    for contract in state.catalogue.feeds.values():
        for position, source in enumerate(contract.sources):
            rows_in_force[contract.name, source.unit] = set()
            replacement = state.deliveries.replacement(contract.name, position)
            full[contract.name, source.unit] = 0 if replacement is None else replacement.number
        if feed in (None, contract.name):
            for position, delivery, row in _broken_records(state, contract):
                rows_in_force[contract.name, contract.sources[position].unit].add((delivery, row))
    closed = {(c.feed, c.unit, c.delivery): c.upto for c in closings(workspace)}

    def is_open(cell: BrokenCell) -> bool:
        if cell.source not in rows_in_force:
            return False
        if cell.nobody:
            return full[cell.source] <= cell.delivery and cell.row > closed.get((*cell.source, cell.delivery), 0)
        return (cell.delivery, cell.row) in rows_in_force[cell.source]

    cells = list(broken_cells(workspace, feed))
    _whole(workspace, state, cells, rows_in_force)
    return [cell for cell in cells if is_open(cell)]


def _whole(
    workspace: Workspace, state: State, cells: Sequence[BrokenCell], rows_in_force: Mapping[tuple[str, str], set[tuple[int, int]]]
) -> None:
    """Passes where the file of each delivery has the lines of every broken record in force and of every row of nobody.

    Raises:
        DamagedFile: a line is missing.
    """
    if workspace.network is not None:  # of a topic, another workspace may have taken in the rest
        return
    for (feed, unit, number), rows in rows_by_delivery(cells).items():
        source = state.catalogue.feeds[feed].source_position(unit) if feed in state.catalogue.feeds else None
        delivery = None if source is None else state.deliveries.by_number(feed, source, number)
        lost = any(of == number and row not in rows for of, row in rows_in_force.get((feed, unit), ()))
        if lost or (delivery is not None and sum(rows.values()) < delivery.unplaced):
            path = workspace.folder("quarantine") / f"{feed}.{unit}.{number}.jsonl"
            raise DamagedFile(path, Text("不完整", "is not whole"), WAY_OUT)


def _broken_records(state: State, feed: Feed) -> Iterator[tuple[int, int, int]]:
    """Source, delivery and row of every record in force with unknown content."""
    from matchers.kernel.kernels.records import DELIVERY, FLAGS, HIDDEN, HOLE, QUARANTINED, ROW
    from services.state.as_of import core

    store = core(state).store
    at = store.layout.feeds[feed.name].position
    arena = store.arenas[at][: store.counts[at]]
    flags = arena[:, FLAGS]
    records = arena[((flags & QUARANTINED) != 0) & ((flags & (HIDDEN | HOLE)) == 0)]
    for flag, delivery, row in records[:, [FLAGS, DELIVERY, ROW]].tolist():
        yield flag >> 8, delivery, row


def closings(workspace: Workspace) -> list[Closing]:
    """The rows that were closed by hand, in order."""
    return _closing_notes(workspace).read()


def _closing_notes(workspace: Workspace) -> NoteFile[Closing]:
    return NoteFile(workspace.folder("quarantine") / _CLOSED, Closing, _CLOSED_WAY_OUT)


def close_rows(workspace: Workspace, name: str, unit: str | None, delivery: int, by: str, day: date) -> Closing:
    """Close the rows of nobody of a delivery, on record.

    Raises:
        HuiminError: no person is named, or there are no such rows.
    """
    with workspace.reading() as host:
        feed = feed_named(host.state.catalogue, name)
        source = feed.sources[source_of(feed, unit)].unit
        if not by.strip():
            raise HuiminError(Text("请用 --by 写明由谁关闭。", "Say with --by who closes them."), 2)
        enter_source(name, source)
        cells = still_open(workspace, host.state, name)
    rows = {cell.row for cell in cells if (cell.unit, cell.delivery) == (source, delivery) and cell.nobody}
    if not rows:
        zh = f"{name} 的第 {delivery} 批没有待处理的认不出对象的行。认得出对象的行由后来交付的正确行自动关闭。"
        en = f"Delivery {delivery} of {name} has no open rows of nobody. Rows that name somebody close when a sound row arrives."
        raise HuiminError(Text(zh, en), 2)
    closing = Closing(name, source, delivery, len(rows), max(rows), by.strip(), day.isoformat())
    _closing_notes(workspace).add(closing)
    return closing
