"""A host whose log is a topic: what is submitted goes to the network, and what the network was told is applied here, too.

The one idea: the topic is the one total order; this process keeps a replica of the state, so it can admit, preview and explain like any
host. Who is on a list is what the workers say (``outputs``, ``editions``); the replica comes to the same by itself. A message is submitted
once the broker has acknowledged it and the replica has come to it. Source: ARCHITECTURE.md, "Streams on Kafka".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from matchers.batch import RecordBatch
from matchers.erasing import Trace
from policies.problems import HuiminError, Invalid
from policies.values import Text
from streams import snapshots, wire
from streams.aside import Aside
from streams.editions import Edition, editions
from streams.erasing import ERASED, cleared, not_erased, without_erased
from streams.errors import UNFINISHED, Damaged, Refused, Unreadable
from streams.folds import Outgoing
from streams.host import Host, Receipt, published
from streams.known import known_at
from streams.lines import Lines, lines
from streams.manifests import kept as manifests_kept
from streams.merging import Progress
from streams.messages import CandidateChange, Input
from streams.ports import Arrays, Parts
from streams.recovery import Recipe
from streams.retention import USUAL, Retention
from streams.scrubbing import Scrubbed
from streams.stages import Depot, Stage, StageRule
from streams.state import State
from streams.steps import step

REPLICA = "replica"
CLOSING_MESSAGES = 20
"""Messages behind the last snapshot from which closing writes a new one."""
AHEAD = 32
"""Batches that may be on their way before the first is acknowledged."""


class Inputs(Protocol):
    """The topic of inputs, as a client sees it (``connectors.broker``)."""

    def append(self, body: bytes) -> Callable[[], int]:
        """Sends a message; what is given waits for the broker and says its offset."""
        ...

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) of the messages behind an offset, as they come, without end."""
        ...

    def first(self) -> int:
        """The offset of the oldest message that is still there, or of the next one."""
        ...

    def end(self) -> int:
        """The offset of the last message there is now, -1 where there is none."""
        ...


class Changes(Protocol):
    """The topic of changes, as a client sees it."""

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        """(message, what it closes, lines) of all there is now, each once, in order."""
        ...

    def manifests(self, policy: str) -> Mapping[int, str]:
        """Of editions closed before somebody was erased: by their last message, the manifest as it was (``streams.manifests``)."""
        ...

    def last(self) -> int:
        """The message told last; -1 before the first."""
        ...

    def progress(self) -> Mapping[str, Progress]:
        """How far everything has come that people wait for, by its label."""
        ...


class Replica:
    """The fold of the inputs topic that keeps everything: the state of an embedded host. ``said`` is what the last message came to."""

    def __init__(self, parts: Parts, kept: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.state = State(parts) if kept is None else State.restored(parts, *kept)
        self.said: Lines | HuiminError = lines((), -1)

    @property
    def offset(self) -> int:
        return self.state.offset

    @property
    def erased(self) -> int:
        return len(self.state.erasures)

    def take(self, body: bytes, offset: int) -> list[Outgoing]:
        try:
            self.said = step(self.state, cleared(self.state, wire.decode(body)), offset)
        except (Unreadable, Refused, Invalid) as error:
            self.state.offset, self.said = offset, error
        return []

    def passing(self) -> tuple[Outgoing, ...]:
        return ()

    def counted(self) -> dict[str, int]:
        return {}

    def gauged(self) -> dict[tuple[str, ...], float]:
        return {}

    def meta(self) -> dict[str, Any]:
        return self.state.meta()

    def arrays(self) -> Arrays:
        return self.state.arrays()


class NetworkHost(Host):
    """A host of a network on Kafka.

    Args:
        folder: of the replica.
        inputs, changes: the topics.
        retention: how much of the past the replica keeps.
        depot: where a replica comes from that is behind what is left of the topic, and where one is put for others.

    Raises:
        As for ``streams.stages.Stage``.
    """

    def __init__(
        self, folder: Path, parts: Parts, inputs: Inputs, changes: Changes, retention: Retention = USUAL, depot: Depot | None = None
    ) -> None:
        self.folder, self.parts, self.readonly, self.problem = folder, parts, False, None
        self._inputs, self._changes, self._depot = inputs, changes, depot
        self._aside, self._scrubbed = Aside(folder / REPLICA, parts), set[int]()
        end = inputs.end()
        self._stage = self._opened(StageRule(retention=retention, purges=False), end)
        self._log = self._stage.log
        self._coming: Iterator[tuple[int, bytes]] | None = None
        self._wrote = False
        self._follow(end)

    @property
    def _replica(self) -> Replica:
        assert isinstance(self._stage.fold, Replica)
        return self._stage.fold

    @property
    def state(self) -> State:
        return self._replica.state

    def submit(self, message: Input) -> Receipt:
        """Sends a message; when this returns it is with the network, and applied here.

        Raises:
            Refused, Invalid: it was not admitted, here or anywhere. Refused: somebody's erasure is half done here.
        """
        return self._told(self._sent(message)())

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:
        """Messages one after the other; the first that is refused is the last that is sent."""
        return [self.submit(message) for message in messages]

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        """Messages one by one, batches of records ahead of their receipts."""
        sent: deque[Callable[[], int]] = deque()
        for message in messages:
            while sent and (len(sent) >= AHEAD or not isinstance(message, RecordBatch)):
                yield self._told(sent.popleft()())
            sent.append(self._sent(message))
            if not isinstance(message, RecordBatch):
                yield self._told(sent.popleft()())
        while sent:
            yield self._told(sent.popleft()())

    def outputs(self, after: str | None = None) -> Iterator[CandidateChange]:
        """What the workers said, behind an id."""
        offset, _, position = (after or "-1.-1").rpartition(".")
        for told, _, found in self._changes.rows():
            if told >= int(offset):
                for change in found:
                    if told > int(offset) or int(change.id.rpartition(".")[2]) > int(position):
                        yield change

    def editions(self, policy: str) -> Iterator[Edition]:
        state = self.state
        rows = (row for row in self._changes.rows() if row[0] <= state.offset)
        kept = manifests_kept(self._changes.manifests(policy)) if state.erasures else {}  # one more topic to be read
        return editions(policy, rows, published(state, policy), kept)

    def told(self) -> int:
        """The last message the workers have told something about."""
        return self._changes.last()

    def progress(self, label: str, offset: int) -> Progress | None:
        """How many shards have done a publication, withdrawal or day; None before the first word of it."""
        found = self._changes.progress().get(label)
        return found if found is not None and found.offset >= offset else None

    def at(self, moment: int | date) -> State:
        return known_at(self._stage.folder, Recipe(partial(Replica, self.parts), _taken), moment).state

    def snapshot(self) -> Path:
        self._stage.snapshot()
        return self._stage.folder

    @property
    def ships(self) -> bool:
        """Is there a depot?"""
        return self._depot is not None

    def ship(self) -> None:
        """Puts the replica as it is now where others find it who come behind what is left of the topic, in place of older ones."""
        assert self._depot is not None
        self._stage.snapshot()
        offset = self._stage.offset
        self._depot.keep(REPLICA, offset, snapshots.place(self._files / "snapshots", offset))
        self._depot.only(REPLICA, offset)

    def refresh(self) -> State:
        self._follow(self._inputs.end())
        return self.state

    def close(self) -> None:
        """Ends the use of the network, with a snapshot of the replica where something was submitted and replay would take long."""
        if self._wrote and self._stage.behind >= CLOSING_MESSAGES:
            self._stage.snapshot()
        self._stage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def erasing(self) -> bool:
        return bool(self._aside) or super().erasing

    def half_erased(self) -> int | None:
        found = super().half_erased()
        return found if found or not self._aside else next(iter(self._in_aside()), 0)

    def traces(self, person: int) -> list[Trace]:
        return [*super().traces(person), *self._aside.traces(self.state.catalogue, person)]

    def scrub(self, person: int, traces: Sequence[Trace]) -> Scrubbed:
        done = super().scrub(person, traces)
        self._scrubbed.add(person)
        if self._aside and not self._in_aside():
            self._aside.gone()
        return done

    def _in_aside(self) -> set[int]:
        """Whom of those erased a replica that was put aside may still name somewhere here."""
        return self._aside.among(self.state.erasures) - self._scrubbed

    @property
    def _files(self) -> Path:
        return self._stage.folder

    def _opened(self, rule: StageRule, end: int) -> Stage:
        """The replica as it lies here; where the topic begins behind it, the one from the depot instead.

        Raises:
            Damaged: there is none that reaches to where the topic begins.
        """
        make = partial(Replica, self.parts)
        stage = Stage(REPLICA, self.folder, make, rule=rule)
        if stage.offset >= end or stage.offset + 1 >= (first := self._inputs.first()):
            return stage
        stage.close()
        shipped = None if self._depot is None else self._depot.newest(REPLICA)
        if shipped is None or shipped + 1 < first:
            raise Damaged(_behind(stage.offset, first))
        if stage.offset >= 0:
            self._aside.put(stage.offset)
        stage = Stage(REPLICA, self.folder, make, self._depot, rule)
        assert isinstance(stage.fold, Replica)
        if self._aside and not self._aside.among(stage.fold.state.erasures):
            self._aside.gone()
        return stage

    def _sent(self, message: Input) -> Callable[[], int]:
        if self.erasing:
            raise Refused(UNFINISHED)
        not_erased(self.state, message)  # or it would lie in the topic
        return self._inputs.append(wire.encode(cleared(self.state, message)))

    def _told(self, offset: int) -> Receipt:
        """What became of our message, once the replica has come to it."""
        self._wrote = True
        self._follow(offset - 1)
        noticed = len(self.state.notices)
        self._follow(offset)
        said = self._replica.said
        if isinstance(said, HuiminError):
            raise said
        return Receipt(offset, said, self.state.notices[noticed:])

    def _follow(self, upto: int) -> None:
        """Applies what the network was told, up to an offset."""
        if self._stage.offset >= upto:
            return
        if self._coming is None:
            self._coming = self._inputs.read(self._stage.offset)
        for offset, body in self._coming:
            kept = without_erased(self.state, body)  # it may have been on its way when somebody was erased
            self._stage.take(kept, offset)
            if body and not kept:
                self._replica.said = Refused(ERASED)
            if offset >= upto:
                break
        else:
            raise Refused(Text("主题读到尽头。", "The topic came to its end."))
        self._stage.commit(self._stage.taken())
        if self._stage.due:
            self._stage.snapshot()


def _behind(last: int, first: int) -> Text:
    zh = f"此工作区只读到消息 {last}，主题从 {first} 开始，中间的已清除。请设 HUIMIN_DEPOT 为工作进程的 --depot 所指之处，再试一次。"
    en = (
        f"This workspace has come to message {last}, and the topic begins at {first}: those between are gone. Set HUIMIN_DEPOT to what the "
        "workers' --depot is, then try again."
    )
    return Text(zh, en)


def _taken(replica: Replica, body: bytes, offset: int) -> int:
    replica.take(body, offset)
    return 1
