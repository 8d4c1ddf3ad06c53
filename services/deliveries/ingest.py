"""Files that a unit delivers, taken in or tried.

The verb ``ingest`` calls this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.run import enter_source
from services.deliveries.clock import Trust, day_of_receipt
from services.deliveries.coverage import StatementStanding
from services.deliveries.deferring import deferring_host
from services.deliveries.delivery import FileIntake, deliver, source_of
from services.feeds.file_trial import BrokenRule, broken_rules, open_ends
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import HoldSummary, Notify, announce_holds, opened_holds
from services.lookup import feed_named
from services.progress import Progress, silent
from services.results import Hidden, Internal, PlainShare

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed
    from services.deliveries.trial import TrialDelivery

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """The result of taking in one file.

    Args:
        id, delivery: the name and the number of the delivery.
        unplaced: rows that name nobody.
        erased: rows about persons who were erased; nothing of them is kept.
        older, same: rows that are older than the stored records; that repeat stored records.
        passed_over: footers: no rows.
        lacking: of JSON lines, how many rows do not name a column, by column.
        statements: those that waited for this delivery.
        repeated: the file was taken in before; nothing has changed.
        resumed_behind: rows up to this one had been taken in before.
        void: so many rows name nobody that the delivery proves no absence.
        broken: broken cells by column and rule.
        named_again: how many identities the vault had lost and has again.
        open_ends: columns of ``lacking`` without which a record has no last day.
        max_unplaced: the largest share of rows of nobody that the contract allows.
    """

    file: str
    feed: str
    unit: str
    id: str
    delivery: int
    rows: int
    unplaced: int
    quarantined: int
    deleted: int
    erased: int
    older: int
    same: int
    passed_over: int
    lacking: Mapping[str, int]
    statements: tuple[StatementStanding, ...]
    repeated: bool
    resumed_behind: int
    void: bool
    broken: tuple[BrokenRule, ...]
    named_again: Annotated[int, Hidden]
    open_ends: Annotated[tuple[str, ...], Hidden]
    max_unplaced: Annotated[PlainShare, Hidden]


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """Records that a delivery would add, change, delete, and withdraw because a full replacement does not hold them."""

    new: int
    changed: int
    deleted: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class TriedFile(DeliveredFile):
    """The result of a trial of one file."""

    records: RecordCounts


@dataclass(frozen=True, slots=True)
class Ingest:
    """Files that were taken in, one after another, and the changes of lists that they caused.

    Args:
        refusal: why the next file was refused; None where all were taken in.
    """

    deliveries: tuple[DeliveredFile, ...]
    changes: Changes
    titles: Titles
    refusal: Internal[HuiminError | None]


@dataclass(frozen=True, slots=True)
class IngestTrial:
    """The result of a trial of files. Nothing was taken in.

    Args:
        holds: the ids of the holds that would open; ``opened`` are the holds.
        refusal: as of ``Ingest``.
    """

    dry_run: Literal[True]
    deliveries: tuple[TriedFile, ...]
    changes: Changes
    holds: tuple[str, ...]
    titles: Titles
    opened: Internal[tuple[HoldSummary, ...]]
    refusal: Internal[HuiminError | None]


def ingest(
    workspace: Workspace, name: str, paths: Sequence[Path], today: date, *, source: str | None = None, replaces: bool = False,
    called: str | None = None, trust: Trust | None, notify: Notify, progress: Progress = silent,
) -> Ingest:  # fmt: skip
    """Take in the files of a unit. The files before one that is refused stay taken in.

    Args:
        name: of the feed.
        source: the unit that delivers; needed where the feed has several.
        replaces: a full replacement: older records that are not in it are withdrawn.
        called: the unit's own name for the delivery, which its coverage statements will use; for one file only.
        trust: whether a clock far ahead of the state is right (``services.deliveries.clock``); None where it is.

    Raises:
        HuiminError: no such feed or source. Conflict: the clock is not right. Nothing has changed.
    """
    contract, position = _contract(workspace, name, source, paths, called)
    with deferring_host(workspace) as host, announce_holds(host, notify):
        host.begin(today)
        received = day_of_receipt(host, today, trust)

        def take_in(path: Path) -> FileIntake:
            lines = _lines_of(path)
            with progress(Text(f"接收 {path.name}", f"Taking in {path.name}"), None if lines is None else 2 * lines) as advance:
                return deliver(workspace, host, name, position, path, received, replaces, advance, called)

        intakes, refusal = _until_refused(paths, take_in)
        listing = list_changes((change for intake in intakes for change in intake.changes), host.state.registry)
    files = tuple(DeliveredFile(**_facts(intake, contract)) for intake in intakes)
    return Ingest(files, listing.changes, listing.titles, refusal)


def ingest_trial(
    workspace: Workspace, name: str, paths: Sequence[Path], today: date, *, source: str | None = None, replaces: bool = False,
    called: str | None = None,
) -> IngestTrial:  # fmt: skip
    """Try the files of a unit, one after another, on a copy of the state; arguments as of ``ingest``."""
    from services.deliveries.trial import trial

    contract, position = _contract(workspace, name, source, paths, called)
    with trial(workspace, today) as copy:
        day, before = max(today, copy.state.day), len(copy.state.notices)
        trials, refusal = _until_refused(paths, lambda path: copy.deliver(workspace, name, position, path, day, replaces, called))
        listing = list_changes((change for trial in trials for change in trial.intake.changes), copy.state.registry)
        holds = tuple(notice.about for notice in copy.state.notices[before:] if notice.kind == "held")
        files = tuple(_tried_file(trial, contract) for trial in trials)
        return IngestTrial(True, files, listing.changes, holds, listing.titles, tuple(opened_holds(copy.state, before)), refusal)


def _contract(workspace: Workspace, name: str, source: str | None, paths: Sequence[Path], called: str | None) -> tuple[Feed, int]:
    from infra.workspace.contracts import deliverable

    if called is not None and len(paths) > 1:
        raise HuiminError(Text("--id 只能用于一个文件。", "--id names one file only."), 2)
    contract = feed_named(deliverable(workspace, name), name)
    position = source_of(contract, source)
    enter_source(contract.name, contract.sources[position].unit)
    return contract, position


def _until_refused(paths: Iterable[Path], take_in: Callable[[Path], T]) -> tuple[list[T], HuiminError | None]:
    """The results of the files before the first refused one, and the reason of the refusal."""
    results: list[T] = []
    for path in paths:
        try:
            results.append(take_in(path))
        except HuiminError as error:
            return results, error
    return results, None


def _tried_file(trial: TrialDelivery, contract: Feed) -> TriedFile:
    records = RecordCounts(trial.new, trial.changed, trial.deleted, trial.withdrawn)
    return TriedFile(**_facts(trial.intake, contract), records=records)


def _facts(intake: FileIntake, contract: Feed) -> dict[str, Any]:
    """The fields of a ``DeliveredFile``."""
    r = intake.report
    return {
        "file": intake.file, "feed": r.feed, "unit": r.unit, "id": r.id, "delivery": r.number, "rows": r.rows, "unplaced": r.unplaced,
        "quarantined": r.quarantined, "deleted": r.deleted, "erased": r.erased, "older": r.older, "same": r.same,
        "passed_over": r.passed_over, "lacking": dict(sorted(r.lacking.items())),
        "statements": tuple(StatementStanding(*standing) for standing in intake.judged),
        "repeated": r.already, "resumed_behind": r.resumed_behind, "void": r.void, "broken": broken_rules(r.by_rule),
        "named_again": r.named_again, "open_ends": open_ends(contract), "max_unplaced": contract.max_unplaced,
    }  # fmt: skip


def _lines_of(path: Path) -> int | None:
    """About how many rows a file has, for the progress bar; None where only reading it would tell."""
    if path.suffix in (".gz", ".xlsx") or not path.is_file() or path.stat().st_size > 256_000_000:
        return None
    with path.open("rb") as file:
        return max(sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1, 0)
