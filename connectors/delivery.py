"""A delivered file goes into a host: numbered, resumed where it stopped, counted, completed.

The one idea: a reader thread parses and validates while the host applies (polars and the kernels let go of the interpreter), joined by a
short queue. Everything that makes a delivery safe to repeat is in its number and row numbers: rows already applied are read again and
counted, not sent again, and the identities of the whole file are written anew.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.decoding import told
from connectors.faults import UnreadableFile
from connectors.files import content_hash
from connectors.flaws import Flaw
from connectors.intake import Parcel, read
from connectors.tokens import Tokens
from connectors.vault import Vault
from matchers.batch import DELETED, QUARANTINED, RecordBatch
from policies.catalogue import Feed
from policies.values import Kind, Text
from streams.messages import CandidateChange, DeliveryCompleted, DeliveryStarted, Input

Mode: TypeAlias = Literal["upsert", "replace"]
_AHEAD = 4
_FLAWS_KEPT = 1000


class Erasures(Protocol):
    """What a state knows of persons who were erased."""

    def erased(self, tokens: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which of these persons' tokens were erased: of them nothing is kept."""
        ...


class DeliveryLedger(Erasures, Protocol):
    """What intake asks of a state."""

    def delivery_number(self, feed: str, source: int, id: str) -> tuple[int, int, bool]:
        """The number of a delivery (the next one if it is new), the highest row applied, and whether it is complete."""
        ...


class Applied(Protocol):
    """What a host says of a message."""

    @property
    def changes(self) -> Sequence[CandidateChange]: ...


class Intake(Protocol):
    """A host, as far as a delivery needs one; ``streams.host.Host`` is one."""

    @property
    def state(self) -> DeliveryLedger: ...

    def submit(self, message: Input) -> Applied: ...

    def submit_each(self, messages: Iterable[Input]) -> Iterable[Applied]: ...


@dataclass(slots=True)
class DeliveryReport:
    """What came of a delivery.

    Args:
        id, number: the delivery's name and its number at its source.
        already: it was complete before; nothing has changed.
        resumed_behind: rows up to this one had been applied before; 0 for a new delivery.
        rows: all rows of the file: ``placed`` ones were applied, ``unplaced`` ones name no readable subject or key.
        quarantined, deleted: how many of the placed ones.
        changes: lines of lists that moved.
        by_rule: broken cells by column and rule.
        flaws: the first thousand of them.
        erased: rows about persons who were erased: they count as rows, and nothing of them is kept.
        void: too many rows are unplaced for the delivery to prove any absence (``max_unplaced``).
    """

    feed: str
    unit: str
    id: str
    number: int
    already: bool = False
    resumed_behind: int = 0
    rows: int = 0
    placed: int = 0
    unplaced: int = 0
    quarantined: int = 0
    deleted: int = 0
    erased: int = 0
    changes: int = 0
    by_rule: Counter[tuple[str, str]] = field(default_factory=Counter)
    flaws: list[Flaw] = field(default_factory=list)
    void: bool = False


def deliver(
    host: Intake, feed: Feed, source: int, path: Path, tokens: Tokens, vault: Vault, *, mode: Mode = "upsert", id: str | None = None,
    progress: Callable[[int], None] | None = None, on_flaw: Callable[[Flaw], None] | None = None,
) -> DeliveryReport:  # fmt: skip
    """Apply a file to a host, or go on with one that was interrupted.

    Args:
        source: the position of the delivering unit in the contract.
        mode: ``replace`` withdraws, once the file is wholly applied, every record of this source that it does not hold.
        id: the unit's name for the delivery; the hash of the file's bytes where it gave none.
        progress: called with the rows done so far, after each batch; the disk may still be taking the last.
        on_flaw: called with every broken cell, for a report.

    Raises:
        UnreadableFile: the file is not what the contract says; what was applied stays, the delivery stays open and proves nothing.
        TokenCollision: two identifiers have one token.
    """
    name = id or _hashed(path)
    number, mark, completed = host.state.delivery_number(feed.name, source, name)
    report = DeliveryReport(feed.name, feed.sources[source].unit, name, number, completed, mark)
    if completed:
        return report
    parcels = _ahead(read(feed, source, number, path, tokens))
    first = next(parcels, None)  # a file that cannot be read at all leaves no trace of a delivery
    if first is None and mode == "replace":
        raise UnreadableFile(_nothing_left(path.name))
    host.submit(DeliveryStarted(feed.name, source, number, name))
    with vault.writer(feed, source, number) as writer:

        def batches() -> Iterator[RecordBatch]:
            for parcel in chain([first] if first else [], parcels):
                counted(report, parcel, on_flaw)
                writer.add(of_others(feed, parcel.identities, host.state))
                report.erased += int(host.state.erased(parcel.batch.subject).sum()) if feed.subject is Kind.PERSON else 0
                batch = _behind(parcel.batch, mark)
                if len(batch):
                    yield batch
                if progress:
                    progress(report.rows)

        report.changes += sum(len(applied.changes) for applied in host.submit_each(batches()))
    done = DeliveryCompleted(feed.name, source, number, name, report.rows, report.unplaced, mode == "replace")
    report.changes += len(host.submit(done).changes)
    report.void = report.unplaced > feed.max_unplaced * report.rows
    return report


def of_others(feed: Feed, identities: pl.DataFrame, ledger: Erasures) -> pl.DataFrame:
    """The identities of whoever was not erased."""
    if feed.subject is not Kind.PERSON or not len(identities):
        return identities
    gone = ledger.erased(identities["token"].to_numpy())
    return identities.filter(~gone) if gone.any() else identities


def _nothing_left(file: str) -> Text:
    return Text(
        f"{file} 没有任何记录，按全量替换会撤下这个单位在此数据源的全部记录，因此未执行。请检查文件；确需撤下时，请逐条以 deleted 列删除。",
        f"{file} holds no record; as a full replacement it would withdraw every record of this unit in the feed, so nothing was done."
        " Check the file; to withdraw records, deliver them with the column `deleted`.",
    )


def _hashed(path: Path) -> str:
    with told(path.name):
        return content_hash(path)


def _behind(batch: RecordBatch, mark: int) -> RecordBatch:
    """The rows behind the last one applied."""
    start = int(np.searchsorted(batch.row, mark, side="right"))
    return batch.slice(start, len(batch)) if start else batch


def counted(report: DeliveryReport, parcel: Parcel, on_flaw: Callable[[Flaw], None] | None) -> None:
    """Adds a parcel to a report, and tells its broken cells."""
    report.rows += parcel.rows
    report.placed += len(parcel.batch)
    report.unplaced += parcel.unplaced
    report.quarantined += int((parcel.batch.flags & QUARANTINED != 0).sum())
    report.deleted += int((parcel.batch.flags & DELETED != 0).sum())
    report.by_rule.update((flaw.column, flaw.rule.name.lower()) for flaw in parcel.flaws)
    report.flaws += parcel.flaws[: max(0, _FLAWS_KEPT - len(report.flaws))]
    for flaw in parcel.flaws if on_flaw else ():
        if on_flaw:
            on_flaw(flaw)


def _ahead(parcels: Iterator[Parcel]) -> Iterator[Parcel]:
    """The same parcels, made by a thread up to four ahead; an error comes out where the parcel would have."""
    ready: queue.Queue[Any] = queue.Queue(_AHEAD)
    left = threading.Event()

    def put(item: object) -> None:
        while not left.is_set():
            try:
                ready.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def make() -> None:
        try:
            for parcel in parcels:
                put(parcel)
                if left.is_set():
                    return
            put(None)
        except BaseException as error:  # raised again by the consumer, in its own thread
            put(error)

    thread = threading.Thread(target=make, name="intake", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        left.set()
        thread.join()
