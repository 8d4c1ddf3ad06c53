"""The embedded host: one process, no broker; the steps, run over a log on disk.

The one idea: first the step on the state in memory, then the commit; if either fails, the state in memory is thrown away and made
again from disk, so nothing half-done stays. What ``submit`` returned is durable. Recovery is the newest snapshot that reads back, and the
inputs behind it. Source: ``streams.storage``, ``streams.snapshots``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from matchers.batch import RecordBatch
from matchers.erasing import Trace
from policies.problems import HuiminError, Invalid
from policies.values import Text
from streams import snapshots, wire
from streams.admission import known_policy
from streams.editions import Edition, closed_by, editions
from streams.erasing import cleared
from streams.erasures import found
from streams.errors import UNFINISHED, Refused
from streams.known import known_at
from streams.lines import Lines
from streams.manifests import Versions, kept
from streams.messages import CandidateChange, Input, Notice, PersonErased
from streams.ports import Parts
from streams.recovery import recipe, recovered, replay
from streams.retention import USUAL, Retention, tidy
from streams.scrubbing import Scrubbed, half_done, logged, named, scrub
from streams.state import State
from streams.steps import step
from streams.storage import Behind, Log, Row, WriterLock, exists, not_there, said

READONLY = Text("此存储以只读方式打开。", "This store was opened read-only; open it for writing.")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a message did: its offset, the lines that came out, and what a person should look at."""

    offset: int
    changes: Lines
    notices: list[Notice]


@dataclass(frozen=True, slots=True)
class SnapshotRule:
    """When to write a snapshot: so many rows or bytes behind the last; on closing, from so many rows (another message counts 100).
    ``retention`` is how much of the past stays then."""

    rows: int = 5_000_000
    bytes: int = 256 << 20
    closing_rows: int = 50_000
    retention: Retention = USUAL


class Host:
    """A store opened for writing by one process, or for reading by any; see ``open``."""

    def __init__(self, folder: Path, parts: Parts, readonly: bool = False, rule: SnapshotRule = SnapshotRule()) -> None:  # frozen
        self.folder, self.parts, self.readonly, self.rule = folder, parts, readonly, rule
        self.problem: HuiminError | None = None
        """Why the last snapshot could not be written or read; the log is whole all the same."""
        self._lock = None if readonly else WriterLock(folder)
        self._rows = self._bytes = 0
        self._state: State | None = None
        try:
            self._log = Log(folder, readonly)
            self._recover()
        except BaseException:
            self._release()
            raise

    @classmethod
    def open(
        cls, path: Path | str, parts: Parts, *, readonly: bool = False, create: bool = False, rule: SnapshotRule | None = None
    ) -> Host:
        """Opens the store in a folder.

        Raises:
            NotThere: there is none, and ``create`` was not asked for.
            Busy: another process writes to it.
            NewerFormat, Damaged, NoRoom: it cannot be used; the message says what to do.
        """
        folder = Path(path)
        if create and not readonly:
            with said(folder / "log"):
                _made(folder / "snapshots")
        elif not exists(folder):
            raise not_there(folder)
        return cls(folder, parts, readonly, rule or SnapshotRule())

    @property
    def state(self) -> State:
        """The state at the last committed message (of a reader: at opening, or at ``refresh``). Only to be read."""
        return self._state if self._state is not None else self._recover()

    def submit(self, message: Input) -> Receipt:
        """Applies a message; when this returns it is durable.

        Raises:
            Refused, Invalid: it was not admitted; nothing has changed.
            NoRoom, Damaged: it was not stored; nothing has changed.
        """
        return self.submit_many((message,))[0]

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:
        """Applies several messages in one transaction: all, or none.

        Raises:
            As for ``submit``.
        """
        self._for_writing()
        state, receipts, rows, bodies = self.state, list[Receipt](), list[Row](), list[bytes]()
        try:
            for one in messages:
                message = cleared(state, one)
                body = wire.encode(message)
                receipt = _applied(state, message)
                receipts.append(receipt)
                rows.append(_row(state, message, body, receipt))
                bodies.append(body)
            self._log.append(rows)
        except BaseException as error:
            untouched = not receipts and isinstance(error, Refused | Invalid)
            if not untouched:
                self._state = None
            raise
        if self._counted(messages, bodies):
            self._try_snapshot()
        return receipts

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        """Applies messages one by one, each in its own transaction, and gives each receipt once it is durable: while the disk takes one,
        the next is applied. Nothing else is to be asked of the host before the end. Whoever stops early stops behind a whole message.

        Raises:
            As for ``submit``; what came before is durable.
        """
        self._for_writing()
        disk: Behind[Receipt] = Behind(self._log)
        try:
            for one in messages:
                message = cleared(self.state, one)
                body = wire.encode(message)
                state, self._state = self.state, None  # put back once the disk has it: after any error it is made again
                try:
                    receipt = _applied(state, message)
                except (Refused, Invalid):
                    self._state = state
                    raise
                durable = disk.settled()
                disk.begin(receipt, _row(state, message, body, receipt))
                self._state = state
                yield from durable
                if self._counted((message,), (body,)):
                    yield from disk.settled()
                    self._try_snapshot()
            yield from disk.settled()
        finally:
            if disk.failed():
                self._state = None

    def outputs(self, after: str | None = None) -> Iterator[CandidateChange]:
        """Every line that ever came out behind an id, in order, as committed."""
        offset, position = _place(after)
        for _, _, body in self._log.outputs(offset - 1):
            for change in wire.decode_changes(body):
                if _place(change.id) > (offset, position):
                    yield change

    def editions(self, policy: str) -> Iterator[Edition]:
        """The closed editions of a policy's list as far as ``state`` has come, from the first.

        Raises:
            Refused: the policy was never published.
        """
        state = self.state
        rows = ((offset, closes, wire.decode_changes(body)) for offset, closes, body in self._log.outputs(-1) if offset <= state.offset)
        return editions(policy, rows, published(state, policy), kept(self._log.manifests(policy)))

    def at(self, moment: int | date) -> State:
        """The state as it was behind a message, or at the end of a day of its clock: a copy, the host goes on undisturbed.

        Args:
            moment: an offset, or a day (``streams.known`` says what its end is).

        Raises:
            NotKept: before the beginning, beyond the end, or older than what is kept; the message says from where on it can be asked.
        """
        return known_at(self.folder, recipe(self.parts), moment)

    def traces(self, person: int) -> list[Trace]:
        """Where every row about a person came from, as far as state and log know."""
        return [*self.state.matcher.traces(person), *logged(self._log, self.state.catalogue, person)]

    @property
    def _files(self) -> Path:
        """Where the log and the snapshots are."""
        return self.folder

    @property
    def erasing(self) -> bool:
        """Is the erasure of a person half done? Then nothing is taken in, and nothing of the past is told."""
        return self._log.unfinished() is not None

    def half_erased(self) -> int | None:
        """The token of a person whose erasure is half done, where it can still be found (0 where not); None where no erasure is."""
        erased, salt = half_done(self._log, self.state), self.state.erasures.salt
        if erased is None:
            return None
        return next((token for some in named(self._log, self._files / "snapshots") if (token := found(salt, erased, some))), 0)

    def scrub(self, person: int, traces: Sequence[Trace]) -> Scrubbed:
        """Takes out of all files of the store what is there of a person who was erased (``streams.scrubbing``); may be done again.

        Raises:
            Busy, NoRoom: not all is out yet; what is left goes when it is done again.
        """
        if self.readonly:
            raise Refused(READONLY)
        folder = self._files / "snapshots"
        with said(folder):
            return scrub(self._log, folder, self.state, person, traces)

    def snapshot(self) -> Path:
        """Writes a snapshot now, and forgets what is older than the retention (``streams.retention``).

        Raises:
            NoRoom: it could not be written; the store is whole all the same.
        """
        folder, state = self.folder / "snapshots", self.state
        with said(folder):
            path = snapshots.write(folder, state.offset, state.meta(), state.arrays())
            tidy(folder, self._log, self.rule.retention)
        self._rows = self._bytes = 0
        self.problem = None
        return path

    def refresh(self) -> State:
        """Of a reader: the state at the last committed message, now."""
        if self.readonly and self._state is not None and replay(self._log, self._state, recipe(self.parts)) is None:
            self._state = None
        return self.state

    def close(self) -> None:
        """Ends the use of the store, with a snapshot where replay would take long."""
        try:
            if self._lock is not None and self._state is not None and self._rows >= self.rule.closing_rows:
                self._try_snapshot()
        finally:
            self._log.close()
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _recover(self) -> State:
        found = recovered(self._log, self.folder / "snapshots", recipe(self.parts), self.readonly)
        self._state, self._rows, self._bytes, self.problem = found.state, found.rows, found.bytes, found.problem
        return found.state

    def _for_writing(self) -> None:
        if self._lock is None:
            raise Refused(READONLY)
        if self.erasing:
            raise Refused(UNFINISHED)

    def _counted(self, messages: Sequence[Input], bodies: Sequence[bytes]) -> bool:
        """Is it time for a snapshot, now that these are written?"""
        self._rows += sum(len(message) if isinstance(message, RecordBatch) else 100 for message in messages)
        self._bytes += sum(map(len, bodies))
        return self._rows >= self.rule.rows or self._bytes >= self.rule.bytes

    def _try_snapshot(self) -> None:
        """A snapshot nobody asked for: the messages are durable without it, so its failure is told in ``problem`` and tried again later."""
        try:
            self.snapshot()
        except HuiminError as error:
            self.problem = error
            self._rows = self._bytes = 0

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def published(state: State, policy: str) -> Versions:
    """Agency and digest of every version of a policy.

    Raises:
        Refused: there is none.
    """
    known_policy(state, policy)
    return state.registry.told(policy)


def _made(folder: Path) -> None:
    """Makes a folder and those above it, durable."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        snapshots.sync_folder(path.parent)


def _applied(state: State, message: Input) -> Receipt:
    noticed, offset = len(state.notices), state.offset + 1
    return Receipt(offset, step(state, message, offset), state.notices[noticed:])


def _row(state: State, message: Input, body: bytes, receipt: Receipt) -> Row:
    erases = isinstance(message, PersonErased) and any(one.offset == receipt.offset for one in state.erasures)  # not said before
    closes = closed_by(message)
    outputs = wire.encode_changes(receipt.changes) if len(receipt.changes) or closes else None
    return Row(receipt.offset, body, closes, outputs, erases)


def _place(id: str | None) -> tuple[int, int]:
    offset, _, position = (id or "-1.-1").rpartition(".")
    return int(offset), int(position)
