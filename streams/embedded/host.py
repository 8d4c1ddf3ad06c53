"""The embedded host: runs the steps in one process, without a broker, over a log on disk.

A message is applied to the state in memory, then committed. If either fails, the state is thrown away and recovered from disk: the newest
checkpoint that reads back, and the inputs behind it. When ``submit`` returns, the message is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from matchers import SEMANTICS
from matchers.matrix.erasure import Trace
from policies.problems.problems import HuiminError, Invalid
from policies.values import Text
from streams.disk.effects import note_message
from streams.disk.files import make_folder
from streams.erasure.scrub import ScrubReport, scrub
from streams.erasure.traces import half_erased, traces_of
from streams.host import Receipt, apply, lines_behind, place_of, published_versions
from streams.language.errors import UNFINISHED, Refusal
from streams.language.messages import CandidateChange, EngineUpgraded, Input, PersonErased
from streams.language.ports import Parts
from streams.ledgers.decisions import with_author, with_stamp
from streams.lists.editions import ALL, Edition, closed_by, editions
from streams.lists.lines import Lines, no_lines
from streams.lists.manifests import manifests_from_store
from streams.steps.erasure import message_without_erased
from streams.steps.state import State
from streams.steps.steps import step
from streams.store import checkpoints
from streams.store.log import Log, Row, exists
from streams.store.outcome_history import OutcomeHistory, outcome_history
from streams.store.point_in_time import known_at
from streams.store.recovery import recipe, recover, replay, weight
from streams.store.retention import USUAL, Retention, tidy
from streams.store.sqlite_errors import as_store_errors, not_there
from streams.store.writer import WriteBehind, WriterLock
from streams.wire import wire

DOCUMENT_ROWS = 500
"""Checking a policy document again takes as long as applying so many rows."""
READONLY = Text("此存储以只读方式打开。", "This store was opened read-only; open it for writing.")


@dataclass(frozen=True, slots=True)
class CheckpointRule:
    """When to write a checkpoint: after so many rows or bytes, or on closing after ``closing_rows``.

    Other messages count as rows by ``recovery.weight``, a checked document by ``DOCUMENT_ROWS``. ``retention``: how much of the past stays.
    """

    rows: int = 5_000_000
    bytes: int = 256 << 20
    closing_rows: int = 50_000
    retention: Retention = USUAL


class EmbeddedHost:
    """A store opened for writing by one process, or for reading by any; see ``open``.

    Args:
        folder: ``streams.store.log.MEMORY`` for an empty store in memory.
        key, head: the key of the log's chain, and the file with the chain head (``streams.store.log.Log``).
    """

    def __init__(
        self, folder: Path, parts: Parts, readonly: bool = False, rule: CheckpointRule | None = None,
        key: bytes = b"", head: Path | None = None, lock: Callable[[Path], WriterLock] = WriterLock, author: str | None = None,
    ) -> None:  # fmt: skip
        self.folder, self.parts, self.readonly, self.rule = folder, parts, readonly, rule or CheckpointRule()
        self._key, self._head = key, head
        self.problem: HuiminError | None = None
        """Why the last checkpoint could not be written or read; the log is whole all the same."""
        self._upgraded, self._author = False, author
        self._lock = None if readonly else lock(folder)
        self._rows = self._bytes = 0
        self._state: State | None = None
        try:
            self._log = Log(folder, readonly, key=key, head=head)
            self._recover()
        except BaseException:
            self._release()
            raise

    @classmethod
    def open(
        cls, path: Path | str, parts: Parts, *, readonly: bool = False, create: bool = False, rule: CheckpointRule | None = None,
        key: bytes = b"", head: Path | None = None, lock: Callable[[Path], WriterLock] = WriterLock, author: str | None = None,
    ) -> EmbeddedHost:  # fmt: skip
        """Opens the store in a folder.

        Args:
            lock: takes the writer's lock, or waits for it.
            author: of decisions in which nobody is named.

        Raises:
            NotThere: there is no store, and ``create`` is False. Busy: another process writes to it.
            NewerFormat, OlderFormat, Damaged, NoRoom: the store cannot be used; the message says what to do.
        """
        folder = Path(path)
        if create and not readonly:
            with as_store_errors(folder / "log"):
                make_folder(folder / "snapshots")
        elif not exists(folder):
            raise not_there(folder)
        return cls(folder, parts, readonly, rule, key, head, lock, author)

    @property
    def state(self) -> State:
        """The state at the last committed message; for a reader, at the time of opening or of ``refresh``. Do not change it."""
        return self._state if self._state is not None else self._recover()

    def submit(self, message: Input) -> Receipt:
        """As in ``streams.host.Host``. Also raises NoRoom, Damaged: the message was not stored; nothing has changed."""
        return self.submit_many((message,))[0]

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:
        """Applies several messages in one transaction: all or none. Raises as ``submit``."""
        self._for_writing()
        state, receipts, rows, bodies = self.state, list[Receipt](), list[Row](), list[bytes]()
        try:
            for original in messages:
                message = self._decision(original, state)
                body = wire.encode(message)
                receipt = apply(state, message)
                receipts.append(receipt)
                rows.append(_row(state, message, body, receipt))
                bodies.append(body)
            self._log.append(rows)
        except BaseException as error:
            if receipts or not isinstance(error, Refusal | Invalid):
                self._state = None
            raise
        for receipt in receipts:
            note_message(receipt.offset)
        if self._is_snapshot_due(messages, bodies):
            self._try(self.write_checkpoint)
        elif any(row.closes not in (None, ALL) for row in rows):
            self._try(self._log.note_head)
        return receipts

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        """Applies messages one by one, each in its own transaction, and gives each receipt once its message is durable.

        The next message is applied while the disk writes the last one. Do not use the host otherwise before the end. A caller that stops
        early stops behind a whole message. Raises as ``submit``, after the receipts of all durable messages.
        """
        self._for_writing()
        disk: WriteBehind[Receipt] = WriteBehind(self._log, lambda receipt: note_message(receipt.offset))
        try:
            for original in messages:
                message = self._decision(original, self.state)
                body = wire.encode(message)
                state, self._state = self.state, None  # set again below; after any error it is recovered from disk
                try:
                    receipt = apply(state, message)
                except (Refusal, Invalid):
                    self._state = state
                    raise
                durable = disk.wait_durable()
                disk.begin(receipt, _row(state, message, body, receipt))
                self._state = state
                yield from durable
                if self._is_snapshot_due((message,), (body,)):
                    yield from disk.wait_durable()
                    self._try(self.write_checkpoint)
            yield from disk.wait_durable()
        except Exception:
            yield from disk.wait_durable()  # it is stored, so the caller gets its receipt
            raise
        finally:
            if disk.lost_at_close():
                self._state = None

    def outputs(self, after: str | None = None) -> Iterator[CandidateChange]:
        return lines_behind(after, (wire.decode_changes(body) for _, _, body in self._log.outputs(place_of(after)[0] - 1)))

    def lines_of(self, offset: int) -> Lines:
        """The lines of one message."""
        body = next((body for at, _, body in self._log.outputs(offset - 1) if at >= offset), None)
        lines = no_lines(offset) if body is None else wire.decode_changes(body)
        return lines if lines.offset == offset else no_lines(offset)

    def editions(self, policy: str) -> Iterator[Edition]:
        state = self.state
        rows = ((offset, closes, wire.decode_changes(body)) for offset, closes, body in self._log.outputs(-1) if offset <= state.offset)
        return editions(policy, rows, published_versions(state, policy), manifests_from_store(self._log.manifests(policy)))

    def outcome_history(self) -> OutcomeHistory:
        return outcome_history(self._log, self.state.offset)

    def at(self, moment: int | date) -> State:
        return known_at(self.folder, recipe(self.parts), moment, self._key)

    @property
    def erasing(self) -> bool:
        return self._log.first_unfinished_erasure() is not None

    def half_erased(self) -> int | None:
        return half_erased(self._log, self.folder / "snapshots", self.state)

    def traces(self, person: int) -> list[Trace]:
        return traces_of(self._log, self.state, person)

    def scrub(self, person: int, traces: Sequence[Trace]) -> ScrubReport:
        if self.readonly:
            raise Refusal(READONLY)
        return scrub(self._log, self.folder / "snapshots", self.state, person, traces)

    @contextmanager
    def forking(self) -> Iterator[None]:
        """For a process that forks: the log is closed in the block, for a process and its child must not share a database."""
        self._log.close()
        try:
            yield
        finally:
            self._log = Log(self.folder, self.readonly, key=self._key, head=self._head)

    def become_reader(self) -> None:
        """For the child of a fork, inside ``forking``: the writer is the process that forked, and this one reads."""
        self.readonly = True
        if self._lock is not None:
            self._lock.leave()
            self._lock = None

    @property
    def is_checkpoint_due(self) -> bool:
        """Whether closing would write a checkpoint."""
        fresh = 0 if self._state is None else self._state.documents.fresh
        return self._rows + DOCUMENT_ROWS * fresh >= self.rule.closing_rows

    def write_checkpoint(self) -> Path:
        """Writes a checkpoint now, and removes what is older than the retention (``streams.store.retention``).

        Raises:
            NoRoom: the checkpoint could not be written; the store is whole all the same.
        """
        folder, state = self.folder / "snapshots", self.state
        with as_store_errors(folder):
            path = checkpoints.write(folder, state.offset, state.meta(), state.arrays(), self._key)
            tidy(folder, self._log, self.rule.retention)
            self._log.note_head()
        self._rows = self._bytes = state.documents.fresh = 0
        self.problem = None
        return path

    def ahead(self, message: Input) -> None:
        """For a reader: applies a message to ``state`` in memory only.

        Raises:
            Refused, Invalid: the message would not be admitted.
        """
        if not self.readonly:
            raise Refusal(READONLY)
        step(self.state, message, self.state.offset)

    def refresh(self) -> State:
        """For a reader: the state at the message that is the last committed one now."""
        if self.readonly and self._state is not None and replay(self._log, self._state, recipe(self.parts)) is None:
            self._state = None
        return self.state

    def close(self) -> None:
        """Closes the store; writes a checkpoint first if a replay would take long, and the chain head."""
        try:
            if self._lock is not None and self._state is not None and self.is_checkpoint_due:
                self._try(self.write_checkpoint)
            if self._lock is not None:
                self._try(self._log.note_head)
        finally:
            self._log.close()
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _recover(self) -> State:
        recovery = recover(self._log, self.folder / "snapshots", recipe(self.parts), self.readonly)
        self._state, self._rows, self._bytes, self.problem = recovery.state, recovery.rows, recovery.bytes, recovery.problem
        return recovery.state

    def _decision(self, message: Input, state: State) -> Input:
        """A message as it is stored: without erased persons, with the stamp and author of its decision."""
        return with_stamp(with_author(message_without_erased(state, message), self._author), state.offset)

    def _for_writing(self) -> None:
        if self._lock is None:
            raise Refusal(READONLY)
        if self.erasing:
            raise Refusal(UNFINISHED)
        if not self._upgraded:
            self._upgraded = True
            if self.state.has_catalogue and self.state.matcher.semantics < SEMANTICS:
                self.submit(EngineUpgraded(SEMANTICS))

    def _is_snapshot_due(self, messages: Sequence[Input], bodies: Sequence[bytes]) -> bool:
        """Counts these messages; is a checkpoint due now?"""
        self._rows += sum(map(weight, messages))
        self._bytes += sum(map(len, bodies))
        return self._rows >= self.rule.rows or self._bytes >= self.rule.bytes

    def _try(self, write: Callable[[], object]) -> None:
        """Writes something that messages do not depend on: a failure goes to ``problem``, and the next attempt comes later."""
        try:
            write()
        except HuiminError as error:
            self.problem = error
            self._rows = self._bytes = 0

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _row(state: State, message: Input, body: bytes, receipt: Receipt) -> Row:
    erases = isinstance(message, PersonErased) and any(entry.offset == receipt.offset for entry in state.erasures)  # no repetition
    closes = closed_by(message)
    outputs = wire.encode_changes(receipt.changes) if len(receipt.changes) or closes else None
    return Row(receipt.offset, body, closes, outputs, erases)
