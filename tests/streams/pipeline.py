"""The stages of a distributed host in memory, where topics are lists of bytes and any stage may stop, repeat itself or be slow.

Tests compare the output with an ``Embedded`` host, message by message. A subject that moves to another partition and stays on a list has a
line in the pipeline only: an embedded host has no reason to write it. ``Embedded`` adds those lines.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import numpy as np

from matchers.kernel.batch import RecordBatch
from matchers.kernel.layout import KINDS
from policies.problems.problems import Invalid
from policies.values import Kind
from services.state.as_of import materialized_list
from streams.host import published_versions
from streams.language.causes import Cause, DeliveryName, IdentityCause, RecordCause
from streams.language.errors import Refusal, Unreadable
from streams.language.folds import Fold, MakeFold, Outgoing
from streams.language.messages import CandidateChange, DeliveryCompleted, IdentityMerged, IdentitySplit, Input, PersonErased
from streams.language.ports import Arrays
from streams.ledgers.decisions import require_stamp
from streams.ledgers.erasures import erased_token
from streams.lists.editions import Edition, closed_by, editions, fold
from streams.network.merger import Merger
from streams.network.partition import PartitionFold
from streams.network.sequencer import Sequencer
from streams.steps.erasure import message_without_erased
from streams.steps.state import State
from streams.steps.steps import skip_message, step
from streams.store import checkpoints
from streams.wire import wire
from tests.streams.happenings import PERSONS, erasing
from tests.streams.world import parts

Checkpoint = tuple[dict[str, Any], Arrays]
F = TypeVar("F", bound=Fold)


@dataclass(slots=True)
class MessageResult:
    """The result of one message on the embedded host."""

    lines: list[CandidateChange]
    closes: str | None = None
    dead: bool = False


class Embedded:
    """The state of an embedded host, and the subjects that each message moves between partitions."""

    def __init__(self, partitions: int) -> None:
        self.state = State(parts(real=True))
        self.results: list[MessageResult] = []
        self.movers = self.unsaid = self.apart = 0
        self._sequencer = Sequencer(parts(real=True), partitions)
        self._listed: dict[str, dict[int, CandidateChange]] = {}
        self.erased_tokens: list[int] = []
        self._batches: list[RecordBatch] = []
        self._told_lines: list[list[CandidateChange]] = []  # without the lines of subjects that were erased since
        self._closed: dict[str, list[Edition]] = {}  # the editions of each policy from before the last erasure, as they were then

    def take(self, body: bytes) -> None:
        offset, before = len(self.results), owners(self._sequencer)
        apart = self._apart()
        self._sequencer.take(body, offset)
        message: Input | None = None
        try:
            message = wire.decode(body)
            require_stamp(message)
            message = message_without_erased(self.state, message)
            if isinstance(message, PersonErased):
                self._before(message)
            lines = list(step(self.state, message, offset))
        except (Unreadable, Refusal, Invalid):
            skip_message(self.state, message, offset)
            self.results.append(MessageResult([], dead=True))
            self._told_lines.append([])
            return
        for line in lines:
            self._listed[line.policy] = fold([line], self._listed.get(line.policy))
        if (cause := self._cause(message)) is not None:
            lines = self._with_movers(lines, cause, before, apart | self._apart())
        self.results.append(MessageResult(lines, closed_by(message)))
        if isinstance(message, RecordBatch):
            self._batches.append(message)
        self._told_lines.append(list(lines))
        if isinstance(message, PersonErased):
            self._without(erased_token(message.salt, message, np.array(PERSONS, np.uint64)))

    def erasing(self, person: int) -> PersonErased:
        """The decision to erase a person, with the origin of every row about them."""
        batches = [batch for batch in self._batches if self.state.catalogue.feeds[batch.feed].subject is Kind.PERSON]
        traces = [
            (batch.feed, batch.source, int(batch.key[at]), int(batch.order[at]), batch.delivery, int(batch.row[at]))
            for batch in batches
            for at in np.flatnonzero(batch.subject == np.uint64(person)).tolist()
        ]
        return replace(erasing(person), traces=tuple(traces))

    def lists(self) -> dict[str, dict[int, tuple[Any, ...]]]:
        """Status, checklist and missing fields of each candidate of each materialized list, evaluated afresh."""
        if not self.state.has_catalogue:
            return {}
        candidates = {name: materialized_list(self.state, name) for name in self.state.policies}
        return {
            name: {candidate.subject: (candidate.status, candidate.checklist, candidate.missing) for candidate in some}
            for name, some in candidates.items()
            if some
        }

    def editions(self, policy: str) -> list[Edition]:
        """The editions of a policy; those from before an erasure are as they were then."""
        rows = ((offset, result.closes, lines) for offset, (result, lines) in enumerate(zip(self.results, self._told_lines, strict=True)))
        closed = self._closed.get(policy, [])
        manifests = {edition.manifest.last: edition.manifest for edition in closed}
        computed = list(editions(policy, rows, published_versions(self.state, policy), manifests))
        return [*closed, *computed[len(closed) :]]

    def _before(self, message: PersonErased) -> None:
        self._pending = {policy: self.editions(policy) for policy in self.state.registry.versions}

    def _without(self, subject: int) -> None:
        """Drops the lines of an erased subject."""
        self._closed = self._pending
        if subject:
            self.erased_tokens.append(subject)
            self._told_lines = [[line for line in lines if line.subject != subject] for lines in self._told_lines]
            for of in self._listed.values():
                of.pop(subject, None)

    def _cause(self, message: Input) -> Cause | None:
        """The cause of lines about a move to another partition; None where a message moves nobody."""
        match message:
            case RecordBatch():
                unit = self.state.catalogue.feeds[message.feed].sources[message.source].unit
                return RecordCause(DeliveryName(message.feed, unit, message.delivery))
            case DeliveryCompleted() if message.replaces:
                unit = self.state.catalogue.feeds[message.feed].sources[message.source].unit
                return RecordCause(DeliveryName(message.feed, unit, message.delivery), full=True)
            case IdentityMerged():
                return IdentityCause(message.kind, "merge")
            case IdentitySplit():
                return IdentityCause(message.kind, "split")
            case _:
                return None

    def _apart(self) -> set[tuple[str, int]]:
        """The overlaid subjects, with their policy: a move to another partition gives them no line."""
        return {(name, subject) for name, of in self.state.book.overlays.items() for subject in of}

    def _with_movers(
        self, lines: list[CandidateChange], cause: Cause, before: dict[tuple[int, int], int], apart: set[tuple[str, int]]
    ) -> list[CandidateChange]:
        now = owners(self._sequencer)
        movers = {subject for subject, partition in before.items() if now[subject] != partition}
        with_line = {(line.policy, line.subject) for line in lines}
        kinds = {name: KINDS.index(policy.subject) for name, policy in self.state.policies.items()}
        self.apart += sum((kinds.get(name), subject) in movers for name, subject in apart)
        more = [
            last_line._replace(change="changed", before=last_line.status, version=policy.version, cause=cause, day=self.state.day)
            for name, policy in self.state.policies.items()
            for subject, last_line in self._listed.get(name, {}).items()
            if (KINDS.index(policy.subject), subject) in movers and (name, subject) not in with_line | apart
        ]
        self.movers += len(movers)
        self.unsaid += len(more)
        ordered = sorted([*lines, *more], key=lambda line: (line.policy, line.subject))
        return [line._replace(id=f"{len(self.results)}.{position}") for position, line in enumerate(ordered)]


def owners(sequencer: Sequencer) -> dict[tuple[int, int], int]:
    """The partition of each subject (kind and token) that a partition owns."""
    if sequencer.router is None:
        return {}
    locator = sequencer.router.locator
    partition = list(locator.streets.values())
    return {
        (kind, token): partition[street]
        for kind, owner in enumerate(locator.owner)
        for token, street in zip(locator.store.tokens[kind].tolist(), owner.tolist(), strict=False)
        if street >= 0
    }


@dataclass(slots=True)
class Topics:
    """The messages in each partition of each topic."""

    of: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    out: list[Outgoing] = field(default_factory=list)
    """The messages that leave the pipeline, in the order of sending."""

    def read(self, topic: str, partition: int = 0) -> list[bytes]:
        return self.of.setdefault((topic, partition), [])

    def send(self, message: Outgoing) -> None:
        if message.topic in ("orders", "lines"):
            self.read(message.topic, message.partition).append(message.body)
        else:
            self.out.append(message)


class Worker:
    """One stage: reads its partition in order, sends its outputs, and repeats those that were not acknowledged."""

    def __init__(self, topics: Topics, topic: str, partition: int, make: MakeFold) -> None:
        self.topics, self.inputs, self.make = topics, topics.read(topic, partition), make
        self.fold: Fold = make()
        self.outbox: list[tuple[int, Outgoing]] = []  # outputs without acknowledgement, each with the offset of its input
        self.sent_count = 0  # how many of the outbox are sent; 0 after a resend or crash
        self.checkpoints: list[tuple[int, Callable[[], Checkpoint | None]]] = [(-1, lambda: None)]
        self.outputs: dict[int, list[Outgoing]] = {}

    def take(self) -> bool:
        """Takes the next message, if there is one; after a crash, the same message must give the same outputs."""
        offset = self.fold.offset + 1
        if offset >= len(self.inputs):
            return False
        out = list(self.fold.take(self.inputs[offset], offset))
        assert self.fold.offset == offset
        assert self.outputs.setdefault(offset, out) == out
        self.outbox += [(offset, message) for message in out]
        return True

    def send(self) -> bool:
        if self.sent_count >= len(self.outbox):
            return False
        self.topics.send(self.outbox[self.sent_count][1])
        self.sent_count += 1
        return True

    def acknowledge(self, count: int) -> None:
        """The broker has the first ``count`` of the sent messages."""
        count = min(count, self.sent_count)
        del self.outbox[:count]
        self.sent_count -= count

    def again(self) -> None:
        """No acknowledgement came: the whole outbox is to be sent again."""
        self.sent_count = 0

    def keep(self, folder: Path | None) -> None:
        """Takes a checkpoint of the state, as a file or in memory."""
        offset = self.fold.offset
        if folder is None:
            meta = json.loads(json.dumps(self.fold.meta()))
            arrays = {name: array.copy() for name, array in self.fold.arrays().items()}
            self.checkpoints.append(
                (offset, lambda: (json.loads(json.dumps(meta)), {name: array.copy() for name, array in arrays.items()}))
            )
        else:
            path = checkpoints.write(folder, offset, self.fold.meta(), self.fold.arrays())
            self.checkpoints.append((offset, lambda: checkpoints.read(path)))

    def crash(self, rng: Random) -> int:
        """Replaces the state by that of a checkpoint; gives the number of messages to take again."""
        offset, read_checkpoint = rng.choice(self.checkpoints[-3:])
        lost = self.fold.offset - offset
        self.checkpoints = [entry for entry in self.checkpoints if entry[0] <= offset]
        self.fold = self.make(read_checkpoint())
        assert self.fold.offset == offset
        self.outbox = [(of, message) for of, message in self.outbox if of <= offset]
        self.sent_count = 0
        return lost


class Pipeline:
    """A sequencer, partitions and a merger, over topics."""

    def __init__(self, partitions: int) -> None:
        self.topics = Topics()
        ports = parts(real=True)
        self.sequencer = Worker(self.topics, "inputs", 0, lambda checkpoint=None: Sequencer(ports, partitions, checkpoint))
        self.partitions = [
            Worker(self.topics, "orders", number, lambda checkpoint=None, number=number: PartitionFold(ports, number, checkpoint))
            for number in range(partitions)
        ]
        self.merger = Worker(self.topics, "lines", 0, lambda checkpoint=None: Merger(partitions, checkpoint))

    @property
    def workers(self) -> list[Worker]:
        return [self.sequencer, *self.partitions, self.merger]

    def put(self, body: bytes) -> None:
        self.topics.read("inputs").append(body)

    def drain(self) -> None:
        """Lets all stages work until nothing is left to do."""
        while any([*(worker.take() for worker in self.workers), *(worker.send() for worker in self.workers)]):
            pass
        for worker in self.workers:
            worker.acknowledge(worker.sent_count)

    def some(self, rng: Random, speeds: Sequence[float], folder: Path, counts: Counter[str]) -> None:
        """One random event of one stage."""
        worker = rng.choices(self.workers, speeds)[0]
        match rng.choices(["take", "send", "acknowledge", "again", "keep", "crash"], [30, 30, 10, 3, 2, 1])[0]:
            case "take":
                worker.take()
            case "send":
                worker.send()
            case "acknowledge":
                worker.acknowledge(rng.randint(0, 5))
            case "again":
                counts["messages sent again"] += worker.sent_count
                worker.again()
            case "keep":
                place = folder / str(self.workers.index(worker))
                place.mkdir(exist_ok=True)
                worker.keep(place if rng.random() < 0.3 else None)
                counts["snapshots"] += 1
            case _:
                counts["messages taken again"] += worker.crash(rng)
                counts["crashes"] += 1

    def messages_on(self, topic: str) -> Iterator[Outgoing]:
        """The messages that left on a topic, each id once; a repeated id must have the same content."""
        by_id: dict[str, Outgoing] = {}
        for message in self.topics.out:
            if message.topic == topic:
                if message.id not in by_id:
                    yield message
                assert by_id.setdefault(message.id, message) == message


__all__ = ["Embedded", "MessageResult", "Pipeline", "Topics", "Worker", "owners"]
