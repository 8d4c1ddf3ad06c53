"""A host whose log is a topic: it sends messages to the network, and applies all messages of the network to a replica here.

The topic is the one total order; the replica of the state can admit, preview and explain. The lists come from the workers (``outputs``).
A message is submitted once broker and replica have it. Source: ARCHITECTURE.md, "Streams on Kafka".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from matchers import SEMANTICS
from matchers.kernel.batch import RecordBatch
from matchers.matrix.erasure import Trace
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.effects import note_message
from streams.erasure.scrub import ScrubReport, scrub
from streams.erasure.stale_replicas import StaleReplicas
from streams.erasure.traces import half_erased, traces_of
from streams.host import Receipt, lines_behind, published_versions
from streams.language.errors import UNFINISHED, DamagedStore, Refusal
from streams.language.messages import CandidateChange, EngineUpgraded, Input
from streams.language.ports import Parts
from streams.ledgers.decisions import with_author, with_stamp
from streams.lists.editions import Edition, editions
from streams.lists.manifests import manifests_from_store as manifests_kept
from streams.network.merger import MessageProgress
from streams.network.replica import Replica
from streams.network.stages import Stage, StageRule
from streams.network.topics import ChangesPort, InputsPort
from streams.steps.erasure import ERASED, body_without_erased, message_without_erased, require_not_erased
from streams.steps.state import State
from streams.steps.steps import step
from streams.store import checkpoints
from streams.store.checkpoints import Depot
from streams.store.outcome_history import OutcomeHistory, outcome_history
from streams.store.point_in_time import known_at
from streams.store.recovery import Recipe
from streams.store.retention import USUAL, Retention
from streams.wire import wire

REPLICA = "replica"
CLOSING_MESSAGES = 20
"""With so many messages behind the last checkpoint, closing writes a new one."""
WORD_BYTES = 8
"""Length of the word that tells apart two decisions upon the same state."""
AHEAD = 32
"""So many batches may be on their way at once."""


class NetworkHost:
    """A host of a network on Kafka.

    Args:
        folder: of the replica.
        inputs, changes: the topics.
        retention: how much of the past the replica keeps.
        depot: has a replica for workspaces that are behind the beginning of the topic.
        say: gets the sentence that it waits for another process.
        author: of decisions in which nobody is named.

    Raises:
        As for ``streams.network.stages.Stage``.
    """

    def __init__(
        self, folder: Path, parts: Parts, inputs: InputsPort, changes: ChangesPort, retention: Retention = USUAL,
        depot: Depot | None = None, say: Callable[[Text], None] = lambda text: None, author: str | None = None,
    ) -> None:  # fmt: skip
        self.folder, self.parts, self.readonly = folder, parts, False
        self.problem: HuiminError | None = None
        self._inputs, self._changes, self._depot = inputs, changes, depot
        self._say, self._author = say, author
        self._aside, self._scrubbed_persons = StaleReplicas(folder / REPLICA, parts), set[int]()
        end = inputs.end()
        self._stage = self._open_replica(StageRule(retention=retention, purges=False), end)
        self._log = self._stage.log
        self._coming: Iterator[tuple[int, bytes]] | None = None
        self._ahead: State | None = None
        self._wrote = False
        self._follow(end)

    @property
    def _replica(self) -> Replica:
        assert isinstance(self._stage.fold, Replica)
        return self._stage.fold

    @property
    def state(self) -> State:
        return self._replica.state if self._ahead is None else self._ahead

    def ahead(self, message: Input) -> None:
        """Shows in a copy of ``state`` what this message would do, until the host follows the network again."""
        state = State.restore(self.parts, self.state.meta(), self.state.arrays())
        step(state, message, state.offset)
        self._ahead = state

    def submit(self, message: Input) -> Receipt:
        """Sends a message; on return the network has it, and it is applied here.

        Raises:
            Refused, Invalid: it was not admitted, here or anywhere. Refused also if an erasure is half done here.
        """
        return self._receipt(self._send(message)())

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:  # the first that is refused is the last that is sent
        return [self.submit(message) for message in messages]

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        """Sends messages one by one, batches of records ahead of their receipts. An error of ``messages`` comes after all receipts."""
        in_flight: deque[Callable[[], int]] = deque()
        try:
            yield from self._each(iter(messages), in_flight)
        finally:
            self._count_stored(in_flight)

    def _each(self, coming: Iterator[Input], in_flight: deque[Callable[[], int]]) -> Iterator[Receipt]:
        while True:
            try:
                message = next(coming, None)
            except Exception:
                yield from self._receipts(in_flight)
                raise
            if message is None or not isinstance(message, RecordBatch):
                yield from self._receipts(in_flight)
            if message is None:
                return
            if len(in_flight) >= AHEAD:
                yield self._receipt(in_flight.popleft()())
            in_flight.append(self._send(message))
            if not isinstance(message, RecordBatch):
                yield from self._receipts(in_flight)

    def outputs(self, after: str | None = None) -> Iterator[CandidateChange]:
        """Every line from the workers behind an id."""
        return lines_behind(after, (lines for _, _, lines in self._changes.rows()))

    def editions(self, policy: str) -> Iterator[Edition]:
        state = self.state
        rows = (row for row in self._changes.rows() if row[0] <= state.offset)
        closed_manifests = manifests_kept(self._changes.manifests(policy)) if state.erasures else {}  # saves reading one more topic
        return editions(policy, rows, published_versions(state, policy), closed_manifests)

    def last_told(self) -> int:
        """The offset of the last message with outputs from the workers."""
        return self._changes.last()

    def progress(self, label: str, offset: int) -> MessageProgress | None:
        """How many shards have done a publication, withdrawal or day; None before the first announcement."""
        progress = self._changes.progress().get(label)
        return progress if progress is not None and progress.offset >= offset else None

    def outcome_history(self) -> OutcomeHistory:
        return outcome_history(self._log, self.state.offset)

    def at(self, moment: int | date) -> State:
        return known_at(self._stage.folder, Recipe(partial(Replica, self.parts), _take), moment).state

    def write_checkpoint(self) -> Path:
        self._stage.write_checkpoint()
        return self._stage.folder

    @property
    def ships(self) -> bool:
        """Is there a depot?"""
        return self._depot is not None

    def ship(self) -> None:
        """Puts a checkpoint of the replica into the depot in place of older ones, for workspaces behind the beginning of the topic."""
        assert self._depot is not None
        self._stage.write_checkpoint()
        offset = self._stage.offset
        self._depot.keep(REPLICA, offset, checkpoints.place(self._files / "snapshots", offset))
        self._depot.remove_older(REPLICA, offset)

    def refresh(self) -> State:
        self._follow(self._inputs.end())
        return self.state

    def close(self) -> None:
        """Closes the host; writes a checkpoint of the replica first if messages were submitted and a replay would take long."""
        if self._wrote and self._stage.behind >= CLOSING_MESSAGES and self._stage.whole:
            self._stage.write_checkpoint()
        self._stage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def erasing(self) -> bool:
        return bool(self._aside) or self._log.first_unfinished_erasure() is not None

    def half_erased(self) -> int | None:
        token = half_erased(self._log, self._files / "snapshots", self.state)
        return token if token or not self._aside else next(iter(self._in_aside()), 0)

    def traces(self, person: int) -> list[Trace]:
        return [*traces_of(self._log, self.state, person), *self._aside.traces(self.state.catalogue, person)]

    def scrub(self, person: int, traces: Sequence[Trace]) -> ScrubReport:
        report = scrub(self._log, self._files / "snapshots", self.state, person, traces)
        self._scrubbed_persons.add(person)
        if self._aside and not self._in_aside():
            self._aside.remove()
        return report

    def _in_aside(self) -> set[int]:
        """The tokens of erased persons in stale replicas that were not scrubbed here yet."""
        return self._aside.erased_tokens(self.state.erasures) - self._scrubbed_persons

    @property
    def _files(self) -> Path:
        return self._stage.folder

    def _open_replica(self, rule: StageRule, end: int) -> Stage:
        """Opens the replica in the folder or, if the topic begins behind it, the one from the depot.

        Raises:
            Damaged: no replica reaches to the beginning of the topic.
        """
        make = partial(Replica, self.parts)
        stage = Stage(REPLICA, self.folder, make, rule=rule, say=self._say)
        if stage.offset >= end or stage.offset + 1 >= (first := self._inputs.first()):
            return stage
        stage.close()
        depot_offset = None if self._depot is None else self._depot.newest(REPLICA)
        if depot_offset is None or depot_offset + 1 < first:
            raise DamagedStore(_behind(stage.offset, first))
        if stage.offset >= 0:
            self._aside.put_aside(stage.offset)
        stage = Stage(REPLICA, self.folder, make, self._depot, rule, self._say)
        assert isinstance(stage.fold, Replica)
        if self._aside and not self._aside.erased_tokens(stage.fold.state.erasures):
            self._aside.remove()
        return stage

    def _send(self, message: Input) -> Callable[[], int]:
        if self.erasing:
            raise Refusal(UNFINISHED)
        require_not_erased(self.state, message)  # before it lies in the topic
        if self.state.has_catalogue and self.state.matcher.semantics < SEMANTICS:
            self._inputs.append(wire.encode(EngineUpgraded(SEMANTICS)))
        decided = with_author(message_without_erased(self.state, message), self._author)
        return self._inputs.append(wire.encode(with_stamp(decided, self.state.offset, token_hex(WORD_BYTES))))

    def _receipts(self, in_flight: deque[Callable[[], int]]) -> Iterator[Receipt]:
        while in_flight:
            yield self._receipt(in_flight.popleft()())

    def _count_stored(self, in_flight: deque[Callable[[], int]]) -> None:
        """Notes the sent messages whose receipts the caller does not get, because an error came first."""
        while in_flight:
            try:
                offset = in_flight.popleft()()
            except HuiminError:  # the broker does not answer, and will not for the others
                return
            with suppress(Exception):
                self._receipt(offset)

    def _receipt(self, offset: int) -> Receipt:
        """The receipt of our message, once the replica has applied it; the network has the message even if the replica fails."""
        self._wrote = True
        try:
            self._follow(offset - 1)
            notice_count = len(self.state.notices)
            self._follow(offset)
        except BaseException:
            note_message(offset)
            raise
        if isinstance(result := self._replica.last_result, HuiminError):
            raise result
        note_message(offset)
        return Receipt(offset, result, self.state.notices[notice_count:])

    def _follow(self, upto: int) -> None:
        """Applies the messages of the network up to an offset."""
        self._ahead = None
        if self._stage.offset >= upto:
            return
        self._coming = self._coming or self._inputs.read(self._stage.offset)
        for offset, body in self._coming:
            clean_body = body_without_erased(self.state, body)  # it may have been on its way when a person was erased
            self._stage.take(clean_body, offset)
            if body and not clean_body:
                self._replica.last_result = Refusal(ERASED)
            if offset >= upto:
                break
        else:
            raise Refusal(Text("主题读到尽头。", "The topic came to its end."))
        self._stage.commit(self._stage.take_uncommitted())
        if self._stage.due:
            self._stage.write_checkpoint()


def _behind(last: int, first: int) -> Text:
    zh = f"此工作区只读到消息 {last}，主题从 {first} 开始，中间的已清除。请设 HUIMIN_DEPOT 为工作进程的 --depot 所指之处，再试一次。"
    en = f"This workspace has come to message {last}; the topic begins at {first}. Set HUIMIN_DEPOT to the workers' --depot; try again."
    return Text(zh, en)


def _take(replica: Replica, body: bytes, offset: int) -> int:
    replica.take(body, offset)
    return 1
