"""One pull of a feed while it is at work, and the taking in of its file.

Called by ``services.deliveries.pulls``, ``services.deliveries.sql_pulls`` and ``services.deliveries.sftp_pulls``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from services.deliveries.clock import Trust, day_of_receipt
from services.deliveries.deferring import deferring_host
from services.deliveries.delivery import deliver
from services.deliveries.intake_receipts import IntakeReceipt, receipt_of, refusal_receipt, write_receipt
from services.deliveries.pull_notes import PendingPull, PullNotes
from services.lists.holds import Notify, announce_holds
from services.results import Sentence
from streams.disk.files import make_folder

if TYPE_CHECKING:
    from connectors.pickup.ways_in import Pull
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed
    from streams.language.messages import CandidateChange


@dataclass(frozen=True, slots=True)
class PulledFile:
    """What was pulled, and what became of it.

    Args:
        outcome: taken_in; repeated: its content was taken in before; refused.
        delivery: the number of its delivery; null where it was refused.
        receipt: the file of its receipt.
        reason: why it was refused.
    """

    file: str
    outcome: Literal["taken_in", "repeated", "refused"]
    delivery: int | None
    rows: int
    quarantined: int
    unplaced: int
    same: int
    receipt: str
    reason: Sentence | None


@dataclass(frozen=True, slots=True)
class PullTask:
    """A feed that is to be pulled into a workspace.

    Args:
        source: the position of the delivering unit in the contract.
        today: the day of receipt; ``now``: the moment, with its zone.
    """

    workspace: Workspace
    pull: Pull
    feed: Feed
    source: int
    today: date
    now: datetime
    trust: Trust | None
    notify: Notify
    changes: list[CandidateChange]

    @property
    def notes(self) -> PullNotes:
        return PullNotes(self.workspace, self.feed.name)

    @property
    def unit(self) -> str:
        return self.feed.sources[self.source].unit


def finish_pending(task: PullTask) -> list[PulledFile]:
    """Takes in what a pull that stopped had fetched; nothing where none did."""
    pending = task.notes.pending()
    return [] if pending is None else [take_in(task, pending)]


def take_in(task: PullTask, pending: PendingPull) -> PulledFile:
    """Takes in the file of a pull, writes its receipt, notes how far the feed was pulled and removes the file."""
    from connectors.contracts.faults import TokenCollision, UnreadableFile

    notes = task.notes
    path = notes.folder / pending.file
    with deferring_host(task.workspace) as host, announce_holds(host, task.notify):
        host.begin(task.today)
        received = day_of_receipt(host, task.today, task.trust)
        try:
            intake = deliver(
                task.workspace, host, task.feed.name, task.source, path, received, task.pull.replaces, called=pending.id,
                as_json=pending.as_json,
            )  # fmt: skip
            task.changes.extend(intake.changes)
            report = intake.report
            receipt = receipt_of(task.workspace, host.state, task.feed.name, task.source, report.id, path.name, report.already)
        except (UnreadableFile, TokenCollision) as error:
            receipt = refusal_receipt(task.feed.name, task.unit, path.name, received.isoformat(), error.text)
    place = notes.receipt_place(pending)
    make_folder(place.parent)
    receipt_file = write_receipt(receipt, place)
    notes.finish(pending, receipt.number)
    return _pulled_file(receipt, receipt_file)


def _pulled_file(receipt: IntakeReceipt, receipt_file: Path) -> PulledFile:
    r = receipt
    return PulledFile(r.file, r.outcome, r.number, r.rows, r.quarantined, r.unplaced, r.same, str(receipt_file), r.reason)
