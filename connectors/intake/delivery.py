"""Applies a delivered file to a host: counted to its end, numbered, resumed where it stopped, completed.

``services.deliveries.delivery`` calls ``deliver``. A file is read twice. The first reading checks and counts all of it, so that a refused
file leaves no row, number or name behind. The second applies it. A thread parses ahead while the host applies (polars and the kernels
release the interpreter); a short queue is between them. A delivery may be repeated, because it and its rows are numbered: rows already
applied are counted again but not sent again, and the identities of the whole file are written again.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl

from connectors.contracts.faults import InterruptedDelivery, UnreadableFile
from connectors.identity.tokens import Tokens
from connectors.intake.delivery_ports import ErasureLedger, Identities, IntakeHost
from connectors.intake.flaws import Flaw
from connectors.intake.intake import Parcel, read
from connectors.parsing.row_places import RowPlaces
from connectors.parsing.steady import Steady
from connectors.parsing.tables import ReadingNotes
from matchers.kernel.batch import DELETED, QUARANTINED, RecordBatch
from policies.language.catalogue import Feed
from policies.problems.problems import HuiminError
from policies.values import Kind, Text, share_words
from streams.language.errors import NoRoom
from streams.language.messages import DeliveryCompleted, DeliveryStarted

Mode: TypeAlias = Literal["upsert", "replace"]
_AHEAD = 4
_FLAWS_KEPT = 1000


@dataclass(slots=True)
class DeliveryReport:
    """The result of a delivery.

    Args:
        id, number: the name of the delivery, and its number at its source.
        already: it was complete before, and nothing has changed.
        resumed_behind: rows up to this one had been applied before; 0 for a new delivery.
        rows: all rows of the file: ``placed`` ones were applied, ``unplaced`` ones have no readable subject or key.
        quarantined, deleted: how many of the placed rows are so.
        changes: lines of lists.
        older, same: rows older than the state's record, and rows equal to it, as the state counted them.
        by_rule: broken cells by column and rule.
        flaws: the first thousand of them.
        erased: rows about erased persons; nothing of them is kept.
        passed_over: footers (合计 …), which are no rows.
        lacking: by column, how many rows of JSON lines do not name it.
        void: too many rows are unplaced for the delivery to prove any absence (``max_unplaced``).
        named_again: how many lost identities of a complete delivery were written again.
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
    older: int = 0
    same: int = 0
    passed_over: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    by_rule: Counter[tuple[str, str]] = field(default_factory=Counter)
    flaws: list[Flaw] = field(default_factory=list)
    void: bool = False
    named_again: int = 0


def deliver(
    host: IntakeHost, feed: Feed, source: int, file: Path | Steady, tokens: Tokens, vault: Identities, *, received: date,
    mode: Mode = "upsert", id: str | None = None, progress: Callable[[int], None] | None = None,
    on_flaw: Callable[[Flaw], None] | None = None, on_start: Callable[[RowPlaces], None] | None = None,
) -> DeliveryReport:  # fmt: skip
    """Apply a file to a host, or resume one that was interrupted.

    Args:
        source: the position of the delivering unit in the contract.
        received: the day of receipt.
        mode: ``replace`` withdraws every other record of this source once the whole file is applied.
        id: the unit's name for the delivery; the hash of the file's bytes where it gave none.
        progress: called with the number of rows read, after each batch; both readings count.
        on_flaw: called with every broken cell while the rows are applied.
        on_start: called with the places of its rows when the file was counted and is sound, before a row is applied.

    Raises:
        UnreadableFile: the file is not what the contract says, or cannot be a full replacement; nothing has changed.
        TokenCollision: two identifiers have one token; nothing has changed.
        Interrupted: it stopped half-way; the same file again resumes behind the last stored row.
    """
    steady = file if isinstance(file, Steady) else Steady(file)
    name = id or steady.digest()
    number, mark, is_complete = host.state.delivery_number(feed.name, source, name)
    report = DeliveryReport(feed.name, feed.sources[source].unit, name, number, is_complete, mark)
    if is_complete:
        if vault.lacks(feed, source, number):
            report.named_again = _write_identities_again(host.state, feed, source, number, steady, tokens, vault, received)
        return report
    counting = ReadingNotes()
    whole = _count_file(report, host.state, feed, source, steady, tokens, vault, received, counting, progress)
    if mode == "replace":
        _check_replacement(whole, feed, steady.path.name)
    if on_start:
        on_start(counting.places)
    host.submit(DeliveryStarted(feed.name, source, number, name, mode == "replace"))
    notes, last_rows, stored = ReadingNotes(), list[int](), mark
    with _resumable(steady.path.name, lambda: stored), vault.writer(feed, source, number) as writer:

        def batches() -> Iterator[RecordBatch]:
            for parcel in _ahead(read(feed, source, number, steady.path, tokens, received=received, notes=notes)):
                steady.check()
                count_parcel(report, parcel, on_flaw)
                writer.add(without_erased(feed, parcel.identities, host.state))
                report.erased += int(host.state.are_erased(parcel.batch.subject).sum()) if feed.subject is Kind.PERSON else 0
                batch = _behind(parcel.batch, mark)
                if len(batch):
                    last_rows.append(int(batch.row[-1]))
                    yield batch
                if progress:
                    progress(whole.rows + report.rows)

        for place, applied in enumerate(host.submit_each(batches())):
            report.changes += len(applied.changes)
            stored = last_rows[place]
    completion = DeliveryCompleted(feed.name, source, number, name, report.rows, report.unplaced, mode == "replace")
    report.changes += len(host.submit(completion).changes)
    report.passed_over, report.lacking = notes.passed_over, notes.lacking
    report.void = unsound(report, feed)
    return report


@contextmanager
def _resumable(file: str, stored: Callable[[], int]) -> Iterator[None]:
    """Errors in its block become ``Interrupted``, with the last stored row; a ``HuiminError`` other than ``NoRoom`` stays.

    Raises:
        Interrupted: for such an error.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, HuiminError) and not isinstance(error, NoRoom):
            raise
        raise InterruptedDelivery(file, stored(), error) from error


def _write_identities_again(
    ledger: ErasureLedger, feed: Feed, source: int, number: int, file: Steady, tokens: Tokens, vault: Identities, received: date
) -> int:  # fmt: skip
    """Writes the identities that the vault has lost of a complete delivery; returns how many."""
    count = 0
    with vault.writer(feed, source, number, admits=False) as writer:
        for parcel in _ahead(read(feed, source, number, file.path, tokens, received=received)):
            file.check()
            people = without_erased(feed, parcel.identities, ledger)
            writer.add(people)
            count += len(people)
    return count


def unsound(report: DeliveryReport, feed: Feed) -> bool:
    """Whether too many rows of a delivery are unplaced for it to prove any absence."""
    return feed.too_many_unplaced(report.unplaced, report.rows)


def _count_file(
    report: DeliveryReport, ledger: ErasureLedger, feed: Feed, source: int, file: Steady, tokens: Tokens, vault: Identities,
    received: date, notes: ReadingNotes, progress: Callable[[int], None] | None,
) -> DeliveryReport:  # fmt: skip
    """The report of a whole file, with no row applied; ``notes`` gets facts about the file.

    Raises:
        UnreadableFile, TokenCollision: as for ``deliver``.
    """
    whole = DeliveryReport(report.feed, report.unit, report.id, report.number)
    for parcel in _ahead(read(feed, source, report.number, file.path, tokens, received=received, notes=notes)):
        count_parcel(whole, parcel, None)
        people = without_erased(feed, parcel.identities, ledger)
        if len(people):
            vault.admit(feed.subject, people["token"].to_numpy(), people["check"].to_numpy(), feed.name)
        if progress:
            progress(whole.rows)
    file.check()
    return whole


def _check_replacement(whole: DeliveryReport, feed: Feed, file: str) -> None:
    """Refuses a file that cannot be a full replacement.

    Raises:
        UnreadableFile: none of its rows, or too few of them, name a subject.
    """
    if not whole.rows:
        raise UnreadableFile(_nothing_left(file))
    if not whole.placed or unsound(whole, feed):
        raise UnreadableFile(_nobody_named(file, whole, feed.max_unplaced))


def without_erased(feed: Feed, identities: pl.DataFrame, ledger: ErasureLedger) -> pl.DataFrame:
    """The identities without those of erased persons."""
    if feed.subject is not Kind.PERSON or not len(identities):
        return identities
    erased_rows = ledger.are_erased(identities["token"].to_numpy())
    return identities.filter(~erased_rows) if erased_rows.any() else identities


def _nothing_left(file: str) -> Text:
    return Text(
        f"{file} 没有任何记录，按全量替换会撤下这个单位在此数据源的全部记录，因此未执行。请检查文件；确需撤下时，请逐条以 deleted 列删除。",
        f"{file} holds no record; as a full replacement it would withdraw every record of this unit in the feed, so nothing was done."
        " Check the file; to withdraw records, deliver them with the column `deleted`.",
    )


def _nobody_named(file: str, whole: DeliveryReport, allowed: Fraction) -> Text:
    return Text(
        f"{file}：{whole.rows} 行中 {whole.unplaced} 行认不出对象，超过约定的比例 {share_words(allowed)}（max_unplaced）。"
        "按全量替换会撤下这些人的记录，"
        "因此整个文件未收，原有记录和声明照旧。请单位改正后重送；只想收下认得出的行，请不用 --replace。",
        f"{file}: {whole.unplaced} of {whole.rows} rows name nobody, more than the contract's share of {share_words(allowed)} "
        "(max_unplaced). As a full replacement it would withdraw the records of those people, so nothing of it was taken in; "
        "records and statements stand as they were. Ask the unit to mend the file; "
        "to take in only the rows that can be read, leave out --replace.",
    )


def _behind(batch: RecordBatch, mark: int) -> RecordBatch:
    """The rows behind the last applied one."""
    start = int(np.searchsorted(batch.row, mark, side="right"))
    return batch.slice(start, len(batch)) if start else batch


def count_parcel(report: DeliveryReport, parcel: Parcel, on_flaw: Callable[[Flaw], None] | None) -> None:
    """Adds a parcel to a report, and calls ``on_flaw`` with its broken cells."""
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
    """The same parcels, read up to four ahead by a thread; an error is raised in the place of its parcel."""
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
