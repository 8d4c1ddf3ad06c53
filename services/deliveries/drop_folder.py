"""One round over the drop folder: every finished file is taken in, put away, and gets a receipt.

The verb ``feed pickup`` calls this, and whatever goes through the folder by itself. A delivery is known by its content, as with ``ingest``;
a file is put away once its receipt is there, and has its receipt once the delivery is complete. So a stop at any point repeats or continues
and never takes anything in twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from policies.problems.problems import HuiminError, suggestion
from policies.values import Text
from services.deliveries.clock import Trust, day_of_receipt
from services.deliveries.deferring import deferring_host
from services.deliveries.delivery import deliver
from services.deliveries.intake_receipts import IntakeReceipt, receipt_of, refusal_receipt, write_receipt
from services.deliveries.ways_in import drop_folder_of
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import Notify, announce_holds
from services.results import Sentence
from streams.disk.files import make_folder

if TYPE_CHECKING:
    from connectors.pickup.ways_in import DropFolder
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Catalogue
    from services.deliveries.deferring import DeferringHost
    from streams.language.messages import CandidateChange


@dataclass(frozen=True, slots=True)
class PickedUpFile:
    """A file that was taken in or refused, and put away.

    Args:
        outcome: taken_in; repeated: its content was taken in before; refused.
        delivery: the number of its delivery; null where it was refused.
        receipt: the file of its receipt.
        reason: why it was refused.
    """

    feed: str
    unit: str
    file: str
    outcome: Literal["taken_in", "repeated", "refused"]
    delivery: int | None
    rows: int
    quarantined: int
    unplaced: int
    receipt: str
    reason: Sentence | None


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that stays where it is, and why."""

    file: str
    why: Sentence


@dataclass(frozen=True, slots=True)
class Pickup:
    """One round over the drop folder, and the changes of lists that it caused."""

    folder: str
    files: tuple[PickedUpFile, ...]
    waiting: tuple[WaitingFile, ...]
    changes: Changes
    titles: Titles


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder whose files are deliveries of one source."""

    folder: Path
    feed: str
    source: int
    unit: str
    replaces: bool


def pickup(workspace: Workspace, today: date, now: float, *, trust: Trust | None, notify: Notify) -> Pickup:
    """Take in every finished file of the drop folder.

    Args:
        now: the seconds of the clock by which files are stamped.
        trust: whether a clock far ahead of the state is right (``services.deliveries.clock``); None where it is.

    Raises:
        HuiminError: there is no drop folder; or an error that is not a file's own: files that were not reached stay.
    """
    from connectors.pickup.drop_folder import alone, arrivals

    drop, catalogue = drop_folder_of(workspace), workspace.catalogue()
    root = workspace.root / drop.folder
    make_folder(root)
    waiting, ready = list(_astray(root, catalogue)), list[tuple[_Place, Path]]()
    with alone(root):
        for place in _places(root, drop, catalogue, waiting):
            if (link := _link_in(place.folder)) is not None:
                zh, en = "是链接；不跟随，请换成真正的文件夹", "is a link, which is not followed; put the folder itself there"
                waiting.append(WaitingFile(str(link.relative_to(root)), Text(zh, en)))
                continue
            for arrival in arrivals(place.folder, now, drop.quiet.total_seconds()):
                if arrival.waits is None:
                    ready.append((place, arrival.path))
                else:
                    waiting.append(WaitingFile(str(arrival.path.relative_to(root)), arrival.waits))
        ready = list(_deliverable(workspace, root, ready, waiting))
        if not ready:
            _make_folders(root, catalogue)
            return Pickup(str(root), (), tuple(waiting), (), {})
        with deferring_host(workspace) as host, announce_holds(host, notify):
            host.begin(today)
            received = day_of_receipt(host, today, trust)
            changes: list[CandidateChange] = []
            files = tuple([_take_in(workspace, host, place, path, received, changes) for place, path in ready])
            listing = list_changes(changes, host.state.registry)
        _make_folders(root, catalogue)
    return Pickup(str(root), files, tuple(waiting), listing.changes, listing.titles)


def _make_folders(root: Path, catalogue: Catalogue) -> None:
    """The folder of each feed, so that its unit sees where files go."""
    for feed in catalogue.feeds:
        make_folder(root / feed)


def _astray(root: Path, catalogue: Catalogue) -> Iterator[WaitingFile]:
    """Files and folders beside those of the feeds."""
    from connectors.pickup.drop_folder import is_unfinished

    for path in sorted(root.iterdir()):
        if path.name in catalogue.feeds or is_unfinished(path.name):
            continue
        near = suggestion(path.name, catalogue.feeds)
        if not path.is_dir():
            yield WaitingFile(path.name, Text("请放进数据源的文件夹", "put it into the folder of its feed"))
        elif any(path.iterdir()):
            yield WaitingFile(path.name, Text(f"没有数据源“{path.name}”。{near.zh}", f"there is no feed {path.name!r}.{near.en}"))


def _places(root: Path, drop: DropFolder, catalogue: Catalogue, waiting: list[WaitingFile]) -> Iterator[_Place]:
    """The folder of each feed; of a feed with several sources also a folder for each of them."""
    from connectors.pickup.drop_folder import arrivals

    for feed in catalogue.feeds.values():
        entry = drop.feeds.get(feed.name)
        units, replaces = [source.unit for source in feed.sources], entry is not None and entry.replaces
        named = entry.source if entry is not None and entry.source is not None else units[0] if len(units) == 1 else None
        if named is not None:
            yield _Place(root / feed.name, feed.name, units.index(named), named, replaces)
        else:
            for arrival in arrivals(root / feed.name, 0, 0):
                zh, en = f"有几个来源：请放进 {feed.name}/单位 文件夹", f"the feed has several sources: put it into {feed.name}/UNIT"
                waiting.append(WaitingFile(str(arrival.path.relative_to(root)), Text(zh, en)))
        for position, unit in enumerate(units):
            if (root / feed.name / unit).is_dir():
                yield _Place(root / feed.name / unit, feed.name, position, unit, replaces)


def _link_in(folder: Path) -> Path | None:
    """The first link in the place of a feed's folder, or of those that the program writes into."""
    from connectors.pickup.drop_folder import DONE, REFUSED

    return next((path for path in (folder, folder / DONE, folder / REFUSED) if path.is_symlink()), None)


def _deliverable(
    workspace: Workspace, root: Path, ready: list[tuple[_Place, Path]], waiting: list[WaitingFile]
) -> Iterator[tuple[_Place, Path]]:
    """The files of feeds whose contract is in effect; the others wait."""
    from infra.workspace.contracts import deliverable

    refusals: Mapping[str, Text | None]
    refusals = {}
    for feed in dict.fromkeys(place.feed for place, _ in ready):
        try:
            deliverable(workspace, feed)
            refusals[feed] = None
        except HuiminError as error:
            refusals[feed] = error.text
    for place, path in ready:
        why = refusals[place.feed]
        if why is None:
            yield place, path
        else:
            waiting.append(WaitingFile(str(path.relative_to(root)), why))


def _take_in(
    workspace: Workspace, host: DeferringHost, place: _Place, path: Path, received: date, changes: list[CandidateChange]
) -> PickedUpFile:  # fmt: skip
    """Take in one file, write its receipt, put it away."""
    from connectors.contracts.faults import TokenCollision, UnreadableFile
    from connectors.pickup.drop_folder import DONE, REFUSED, free_name, put_away

    title = path.name.encode(errors="replace").decode()
    try:
        intake = deliver(workspace, host, place.feed, place.source, path, received, place.replaces)
        changes += intake.changes
        receipt = receipt_of(workspace, host.state, place.feed, place.source, intake.report.id, title, intake.report.already)
        folder = DONE
    except (UnreadableFile, TokenCollision) as error:
        receipt, folder = refusal_receipt(place.feed, place.unit, title, received.isoformat(), error.text), REFUSED
    target = free_name(path, place.folder / folder)
    make_folder(target.parent)
    receipt_file = write_receipt(receipt, target)
    put_away(path, target)
    return _picked_up(receipt, receipt_file)


def _picked_up(receipt: IntakeReceipt, receipt_file: Path) -> PickedUpFile:
    r = receipt
    return PickedUpFile(r.feed, r.unit, r.file, r.outcome, r.number, r.rows, r.quarantined, r.unplaced, str(receipt_file), r.reason)
