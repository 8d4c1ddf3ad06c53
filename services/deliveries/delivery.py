"""One delivered file, taken into a workspace: the connectors read it, the host applies it, with the workspace's key, vault and quarantine.

Called by ``services.deliveries.ingest``. The id of a delivery is a digest of its bytes, or the unit's own name for it, so the same file
twice changes nothing. The workspace's file ``deliveries.jsonl`` says which file each delivery was, and on which day it came in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from infra.workspace.known_files import KnownFile, known_files, remember_file
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from connectors.intake.delivery import DeliveryReport
    from connectors.intake.delivery_ports import Identities
    from connectors.intake.flaws import Flaw
    from connectors.parsing.row_places import RowPlaces
    from connectors.parsing.steady import Steady
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed
    from streams.host import Receipt
    from streams.language.messages import CandidateChange, Input
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class FileIntake:
    """The result of taking in one file.

    Args:
        judged: the statements that waited for this delivery, each with its standing now.
    """

    file: str
    report: DeliveryReport
    changes: Sequence[CandidateChange] = ()
    judged: Sequence[tuple[str, str]] = ()


class DeliveryHost(Protocol):
    """The part of a host that a delivery needs; ``services.deliveries.trial.Trial`` has it."""

    @property
    def state(self) -> State: ...
    def submit(self, message: Input) -> Receipt: ...
    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]: ...


class ReceivingHost(DeliveryHost, Protocol):
    """The part of a host that an intake needs: of ``streams.host.Host``, or ``services.deliveries.deferring.DeferringHost``."""

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]: ...


class RecordingHost:
    """A host for one delivery that collects the changes of lists."""

    def __init__(self, host: DeliveryHost) -> None:
        self._host = host
        self.changes: list[CandidateChange] = []

    @property
    def state(self) -> State:
        return self._host.state

    def submit(self, message: Input) -> Receipt:
        receipt = self._host.submit(message)
        self.changes += receipt.changes
        return receipt

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        for receipt in self._host.submit_each(messages):
            self.changes += receipt.changes
            yield receipt


def source_of(feed: Feed, unit: str | None) -> int:
    """The position of the unit among the sources of a feed.

    Raises:
        HuiminError: the feed has several sources and no unit was named, or the unit is not a source of the feed.
    """
    units = [source.unit for source in feed.sources]
    listed = ", ".join(units)
    if unit is None and len(units) > 1:
        zh, en = (
            f"{feed.name} 有多个来源，请用 --source 指明：{listed}",
            f"{feed.name} has several sources, say which with --source: {listed}",
        )
        raise HuiminError(Text(zh, en), 2)
    position = 0 if unit is None else feed.source_position(unit)
    if position is None:
        zh, en = f"{unit} 不是 {feed.name} 的来源。来源：{listed}", f"{unit} is not a source of {feed.name}. Its sources: {listed}"
        raise HuiminError(Text(zh, en), 2)
    return position


def deliver(
    workspace: Workspace,
    host: ReceivingHost,
    name: str,
    source: int,
    path: Path,
    received: date,
    replaces: bool = False,
    advance: Callable[[int], None] = lambda rows: None,
    called: str | None = None,
    as_json: bool = False,
) -> FileIntake:
    """Take in one file.

    Args:
        name: of the feed.
        received: the day of receipt.
        replaces: a full replacement.
        advance: called with the number of rows read since; each row is read twice.
        called: the unit's own name for the delivery, which its coverage statements will use.
        as_json: the file has JSON lines, whatever the contract says of the unit's files.

    Raises:
        DamagedFile: the list of files taken in before cannot be read; nothing has changed.
        UnreadableFile: the file is not as the contract says, or a full replacement would withdraw records that it cannot know; nothing has
            changed.
        Conflict: another file has this name.
    """
    from services.deliveries.quarantine import Quarantine

    file = replace(arriving_file(workspace, host.state, name, source, path, received, replaces, called), as_json=as_json)
    quarantine, rows_read = Quarantine(workspace, host.state.catalogue.feeds[name], source, file.title), 0
    number, _, _ = host.state.delivery_number(name, source, file.id)
    vault = workspace.vault()

    def report_progress(rows: int) -> None:
        nonlocal rows_read
        advance(rows - rows_read)
        rows_read = rows

    def note_start(places: RowPlaces) -> None:
        vault.store.begin()  # before the file is noted: from then on a missing vault is an error
        remember_file(workspace, KnownFile(name, source, file.id, file.digest, file.title, received.isoformat(), places.text))
        quarantine.begin(number)

    try:
        flaws = partial(quarantine.note, number)
        return apply_file(workspace, host, file, vault, progress=report_progress, on_flaw=flaws, on_start=note_start)
    finally:
        quarantine.flush()


@dataclass(frozen=True, slots=True)
class ArrivingFile:
    """A file on its way in.

    Args:
        id: of its delivery.
        digest: of its content: the same bytes as a full replacement have another digest.
        title: its name, in characters that can be written.
        as_json: it has JSON lines, whatever the contract says.
    """

    feed: str
    source: int
    bytes: Steady
    received: date
    replaces: bool
    id: str
    digest: str
    title: str
    as_json: bool = False


def arriving_file(
    workspace: Workspace, state: State, name: str, source: int, path: Path, received: date, replaces: bool, called: str | None
) -> ArrivingFile:  # fmt: skip
    """A file with the id of its delivery; arguments as of ``deliver``.

    Raises:
        Conflict: another file has the unit's name for it.
    """
    from connectors.parsing.steady import Steady

    steady = Steady(path)
    id, digest = _id_and_digest(workspace, state, name, source, steady, replaces, called)
    title = path.name.encode(errors="replace").decode()  # a name may be of bytes that are no UTF-8
    return ArrivingFile(name, source, steady, received, replaces, id, digest, title)


def apply_file(
    workspace: Workspace, host: DeliveryHost, file: ArrivingFile, vault: Identities, *, progress: Callable[[int], None] | None = None,
    on_flaw: Callable[[Flaw], None] | None = None, on_start: Callable[[RowPlaces], None] | None = None,
) -> FileIntake:  # fmt: skip
    """Has a host take in a file; returns the result, with the changes of lists.

    Raises:
        As for ``connectors.intake.delivery.deliver``.
    """
    from connectors.intake import delivery

    state, recording = host.state, RecordingHost(host)
    waiting = [entry.stated.statement for entry in state.statements.waiting_for(file.feed, file.source, file.id)]
    feed = state.catalogue.feeds[file.feed]
    if file.as_json:
        feed = replace(feed, format="jsonl", encoding="utf-8")
    report = delivery.deliver(
        recording, feed, file.source, file.bytes, workspace.tokens(), vault, received=file.received,
        mode="replace" if file.replaces else "upsert", id=file.id, progress=progress, on_flaw=on_flaw, on_start=on_start,
    )  # fmt: skip
    state = host.state
    delivered = state.deliveries.by_number(file.feed, file.source, report.number)
    report.older, report.same = (0, 0) if delivered is None else (delivered.older, delivered.same)
    return FileIntake(file.title, report, recording.changes, [(id, state.statements.entries[id].standing) for id in waiting])


def _id_and_digest(
    workspace: Workspace, state: State, feed: str, source: int, file: Steady, replaces: bool, called: str | None
) -> tuple[str, str]:  # fmt: skip
    """The id of a delivery, and the digest of its content: the same bytes as a full replacement are another delivery.

    Raises:
        Conflict: another file has the unit's name for it.
    """
    digest, files = file.digest() + ("+full" if replaces else ""), known_files(workspace)
    if called is None:
        return digest, digest
    before, earlier = files.get((feed, source, called)), state.deliveries.by_id(feed, source, called)
    # a delivery that was refused before its first row leaves its name free
    is_used = earlier is not None and (earlier.completed or earlier.applied_rows)
    if is_used and before is not None and before.digest != digest:
        zh, en = (
            f"批次名 {called} 已用于另一个文件，请换一个名。",
            f"The delivery name {called} belongs to another file: give this one another name.",
        )
        raise Conflict(Text(zh, en))
    return called, digest
