"""A delivered file goes into a host: counted to its end, numbered, resumed where it stopped, completed.

The one idea: a file is read twice. The first reading decodes, splits, checks and counts all of it and applies nothing, so a file that is
refused leaves no row, no number and no name behind; the second applies. In each a reader thread parses while the host applies (polars and
the kernels let go of the interpreter), joined by a short queue. Everything that makes a delivery safe to repeat is in its number and row
numbers: rows already applied are read again and counted, not sent again, and the identities of the whole file are written anew.
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

from connectors.contracts.faults import Interrupted, UnreadableFile
from connectors.identity.tokens import Tokens
from connectors.intake.delivery_ports import Erasures, Identities, Intake
from connectors.intake.flaws import Flaw
from connectors.intake.intake import Parcel, read
from connectors.parsing.steady import Steady
from connectors.parsing.tables import Notes
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
    """What came of a delivery.

    Args:
        id, number: the delivery's name and its number at its source.
        already: it was complete before; nothing has changed.
        resumed_behind: rows up to this one had been applied before; 0 for a new delivery.
        rows: all rows of the file: ``placed`` ones were applied, ``unplaced`` ones name no readable subject or key.
        quarantined, deleted: how many of the placed ones.
        changes: lines of lists that moved.
        older, same: rows that lost against what was held, and rows that said what was held already, as the state counted them.
        by_rule: broken cells by column and rule.
        flaws: the first thousand of them.
        erased: rows about persons who were erased: they count as rows, and nothing of them is kept.
        passed_over: footers (合计 …): no rows.
        lacking: of JSON lines, how many rows do not name a column that others do, by column.
        void: too many rows are unplaced for the delivery to prove any absence (``max_unplaced``).
        named_again: of a delivery that was complete before, whose identities were lost: how many were written again.
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
    host: Intake, feed: Feed, source: int, file: Path | Steady, tokens: Tokens, vault: Identities, *, received: date,
    mode: Mode = "upsert", id: str | None = None, progress: Callable[[int], None] | None = None,
    on_flaw: Callable[[Flaw], None] | None = None, on_start: Callable[[], None] | None = None,
) -> DeliveryReport:  # fmt: skip
    """Apply a file to a host, or go on with one that was interrupted.

    Args:
        source: the position of the delivering unit in the contract.
        received: the day on which the file comes in.
        mode: ``replace`` withdraws, once the file is wholly applied, every record of this source that it does not hold.
        id: the unit's name for the delivery; the hash of the file's bytes where it gave none.
        progress: called with the rows read so far, after each batch; the file is read twice, so it ends at twice its rows.
        on_flaw: called with every broken cell, for a report, while the rows are applied.
        on_start: called once the file is known to be sound, before anything of it is applied.

    Raises:
        UnreadableFile: the file is not what the contract says, or cannot stand for all this source holds; nothing has changed.
        TokenCollision: two identifiers have one token; nothing has changed.
        Interrupted: it stopped on the way, and goes on behind the last row that is stored.
    """
    steady = file if isinstance(file, Steady) else Steady(file)
    name = id or steady.digest()
    number, mark, completed = host.state.delivery_number(feed.name, source, name)
    report = DeliveryReport(feed.name, feed.sources[source].unit, name, number, completed, mark)
    if completed:
        if vault.lacks(feed, source, number):
            report.named_again = _named_again(host.state, feed, source, number, steady, tokens, vault, received)
        return report
    whole = _counted_to_its_end(report, host.state, feed, source, steady, tokens, vault, received, progress)
    if mode == "replace":
        _can_replace(whole, feed, steady.path.name)
    if on_start:
        on_start()
    host.submit(DeliveryStarted(feed.name, source, number, name, mode == "replace"))
    notes, sent, stored = Notes(), list[int](), mark
    with _told_how_to_go_on(steady.path.name, lambda: stored), vault.writer(feed, source, number) as writer:

        def batches() -> Iterator[RecordBatch]:
            for parcel in _ahead(read(feed, source, number, steady.path, tokens, received=received, notes=notes)):
                steady.check()
                counted(report, parcel, on_flaw)
                writer.add(of_others(feed, parcel.identities, host.state))
                report.erased += int(host.state.erased(parcel.batch.subject).sum()) if feed.subject is Kind.PERSON else 0
                batch = _behind(parcel.batch, mark)
                if len(batch):
                    sent.append(int(batch.row[-1]))
                    yield batch
                if progress:
                    progress(whole.rows + report.rows)

        for place, applied in enumerate(host.submit_each(batches())):
            report.changes += len(applied.changes)
            stored = sent[place]
    done = DeliveryCompleted(feed.name, source, number, name, report.rows, report.unplaced, mode == "replace")
    report.changes += len(host.submit(done).changes)
    report.passed_over, report.lacking = notes.passed_over, notes.lacking
    report.void = unsound(report, feed)
    return report


@contextmanager
def _told_how_to_go_on(file: str, stored: Callable[[], int]) -> Iterator[None]:
    """Whatever fails in here says which row is the last one stored, and how to go on; what has its own way out stays as it is.

    Raises:
        Interrupted: instead.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, HuiminError) and not isinstance(error, NoRoom):
            raise
        raise Interrupted(file, stored(), error) from error


def _named_again(
    ledger: Erasures, feed: Feed, source: int, number: int, file: Steady, tokens: Tokens, vault: Identities, received: date
) -> int:  # fmt: skip
    """Writes the identities of a delivery again, which the vault has lost; how many."""
    count = 0
    with vault.writer(feed, source, number, admits=False) as writer:
        for parcel in _ahead(read(feed, source, number, file.path, tokens, received=received)):
            file.check()
            people = of_others(feed, parcel.identities, ledger)
            writer.add(people)
            count += len(people)
    return count


def unsound(report: DeliveryReport, feed: Feed) -> bool:
    """Do too many rows of a delivery name nobody for it to prove any absence?"""
    return feed.too_many_unplaced(report.unplaced, report.rows)


def _counted_to_its_end(
    report: DeliveryReport, ledger: Erasures, feed: Feed, source: int, file: Steady, tokens: Tokens, vault: Identities,
    received: date, progress: Callable[[int], None] | None,
) -> DeliveryReport:  # fmt: skip
    """What the whole of a file comes to, without a row of it applied.

    Raises:
        UnreadableFile, TokenCollision: as for ``deliver``.
    """
    whole = DeliveryReport(report.feed, report.unit, report.id, report.number)
    for parcel in _ahead(read(feed, source, report.number, file.path, tokens, received=received)):
        counted(whole, parcel, None)
        people = of_others(feed, parcel.identities, ledger)
        if len(people):
            vault.admit(feed.subject, people["token"].to_numpy(), people["check"].to_numpy(), feed.name)
        if progress:
            progress(whole.rows)
    file.check()
    return whole


def _can_replace(whole: DeliveryReport, feed: Feed, file: str) -> None:
    """Passes a file that may stand for all that its source holds.

    Raises:
        UnreadableFile: it names nobody, or too many of its rows name nobody.
    """
    if not whole.rows:
        raise UnreadableFile(_nothing_left(file))
    if not whole.placed or unsound(whole, feed):
        raise UnreadableFile(_nobody_named(file, whole, feed.max_unplaced))


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
