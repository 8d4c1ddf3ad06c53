"""A network under test: topics of its own on a real broker, workers as real processes, its inputs and its outputs.

The expected output comes from the topic of inputs alone, by the fold of one embedded host, so a fault may do anything to workers and brokers.
A reader of the lists keeps one high-water mark and nothing else. The reader here also checks that every repetition is the same, byte for
byte, and that nothing new comes before the mark. Source: ARCHITECTURE.md, "Streams on Kafka".
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.kafka.cluster import Cluster
from infra.kafka.connection import Connection
from infra.kafka.membership import own_key
from infra.kafka.reach import admin
from infra.kafka.topics import create_topics, topics
from infra.settings import NETWORK_KEY
from policies.problems.problems import HuiminError
from services.state.as_of import materialized_list
from streams.host import published_versions
from streams.language.errors import InvalidSeal
from streams.language.folds import UNPROVED_BYTES, Outgoing
from streams.language.messages import CandidateChange, Tick
from streams.lists.editions import Edition, closed_by, editions, fold
from streams.lists.lines import Lines, lines
from streams.network.replica import Replica
from streams.network.sequencer import Sequencer
from streams.wire import wire
from streams.wire.cloudevents import headers
from streams.wire.seal import Seal
from tests.streams.world import SEAL, child_environment, parts, stamped_bytes

ROOT = Path(__file__).parents[2]
SHARDS = 4
SNAPSHOT = 60
"""Messages after which a worker under test writes a checkpoint: few, so that faults meet checkpoints."""
WAIT_SECONDS = 240.0
"""The patience of a test. It measures nothing: a busy machine may take its time."""
STOP_SECONDS = 45.0
MOST_WITHOUT_LINES = 1_000
"""Messages in a row that move nobody, at most: one in two moves somebody."""
OUTPUT_TOPICS = ("changes", "editions", "dead-letters", "progress")
MOST_BYTES = 16 << 20

Key = tuple[str, int, str | None, tuple[str, ...], tuple[tuple[str, str | None], ...]]
"""Policy, subject, status, checklist and missing evidence: what is compared between hosts."""


Place = tuple[str, int, int]
"""Topic, partition and offset."""


class Late(AssertionError):
    """Something did not happen in time."""


class WorkerNursery:
    """The process that forks workers, and its reports of them. One for all networks."""

    def __init__(self) -> None:
        line = [sys.executable, "-m", "tests.kafka.child"]
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_environment(), cwd=ROOT)
        self.codes: dict[int, int] = {}
        assert self._line() == "ready"

    def fork(self, words: dict[str, Any]) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        self.process.stdin.flush()
        while not (line := self._line()).startswith("born"):
            self._note_end(line)
        return int(line.split()[1])

    def code(self, pid: int, seconds: float = 0.0) -> int | None:
        """The exit code of a worker; None while it runs."""
        assert self.process.stdout is not None
        until = time.monotonic() + seconds
        while pid not in self.codes:
            if select.select([self.process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
                self._note_end(self._line())
            elif time.monotonic() >= until:
                return None
        return self.codes[pid]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def _note_end(self, line: str) -> None:
        _, pid, code = line.split()
        self.codes[int(pid)] = int(code)

    def _line(self) -> str:
        """The next line; read byte by byte, so that ``select`` sees all there is."""
        assert self.process.stdout is not None
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self.process.stdout.fileno(), 1)
            assert byte, "the nursery has ended"
            line += byte
        return line.decode().strip()


@dataclass
class WorkerProcess:
    """A worker's process; it is started again whenever it ends, while ``wanted``."""

    nursery: WorkerNursery
    name: str
    folder: Path
    words: dict[str, Any]
    exits: Counter[int]
    pid: int | None = None
    wanted: bool = True

    @property
    def state(self) -> Path:
        return Path(self.words["state"])

    @property
    def output(self) -> str:
        """The text that it has written so far."""
        path = Path(self.words["said"])
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.words["web_port"] = free_port()
        self.pid = self.nursery.fork(self.words)

    def has_ended(self, seconds: float = 0.0) -> bool:
        """Whether it has ended; notes its exit code then."""
        if self.pid is not None and (code := self.nursery.code(self.pid, seconds)) is not None:
            self.exits[code] += 1
            self.pid = None
        return self.pid is None

    def tend(self) -> None:
        """Starts it again where it has ended."""
        if self.has_ended() and self.wanted:
            self.start()

    def signal(self, number: int) -> None:
        """Sends it a signal; it may have ended a moment before."""
        assert self.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills it, as a power cut would; ``tend`` starts it again."""
        if self.pid is not None and not self.has_ended():
            self.signal(signal.SIGKILL)
            assert self.has_ended(STOP_SECONDS)

    def end(self, seconds: float = STOP_SECONDS, asked: bool = False) -> int:
        """Asks it to end for good, where that was not done; returns the exit code. Asked twice it may die of the second signal."""
        self.wanted = False
        pid = self.pid
        if pid is None or self.has_ended():
            return 0
        if not asked:
            self.signal(signal.SIGTERM)
        if not self.has_ended(seconds):
            self.kill()
            raise Late(f"{self.name} did not end within {seconds:.0f} s\n{self.output[-3000:]}")
        return self.nursery.codes[pid]

    def page(self, name: str) -> str | None:
        """The text of one of its pages; None where it does not answer."""
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.words['web_port']}/{name}", timeout=2) as answer:
            return str(answer.read().decode())
        return None

    def ready(self) -> bool:
        return self.pid is not None and json.loads(self.page("ready") or "{}").get("ready") is True

    def lags(self) -> dict[tuple[str, int], int]:
        """The number of messages not taken yet, of each stage that it holds, by its own metrics."""
        out = {}
        for line in (self.page("metrics") or "").splitlines():
            if line.startswith("huimin_lag_messages{"):
                labels, value = line.removeprefix("huimin_lag_messages{").split("} ")
                pairs = dict(label.split("=") for label in labels.split(","))
                out[pairs["stage"].strip('"'), int(pairs["partition"].strip('"'))] = int(float(value))
        return out


@dataclass
class ExpectedOutput:
    """The output of one embedded host for the messages of the topic, and the subjects that changed partitions."""

    replica: Replica = field(default_factory=lambda: Replica(parts(real=True)))
    sequencer: Sequencer = field(default_factory=lambda: Sequencer(parts(real=True), SHARDS))
    bodies: list[bytes] = field(default_factory=list)
    rows: list[tuple[int, str | None, Lines]] = field(default_factory=list)
    refusals: dict[int, tuple[str, str, bytes]] = field(default_factory=dict)
    movers: list[set[tuple[int, int]]] = field(default_factory=list)
    """Kind and token of the subjects that went from one partition to another, by message."""
    _owners: dict[tuple[int, int], int] = field(default_factory=dict)

    def take(self, body: bytes, unproved: InvalidSeal | None) -> None:
        offset = len(self.bodies)
        self.bodies.append(body)
        proved_body = b"" if unproved else body
        self.replica.take(proved_body, offset)
        result = self.replica.last_result
        if isinstance(result, HuiminError):
            why = unproved or result
            self.refusals[offset] = (why.text.zh, why.text.en, body[:UNPROVED_BYTES] if unproved else body)
            self.rows.append((offset, None, lines((), offset)))
        else:
            self.rows.append((offset, closed_by(wire.decode(body)), result))
        self.sequencer.take(proved_body, offset)
        now = self._owner_partitions()
        self.movers.append({who for who, where in self._owners.items() if now.get(who, where) != where})
        self._owners = now

    @property
    def last(self) -> int:
        """The last message with output."""
        return next((offset for offset, closes, changes in reversed(self.rows) if closes or len(changes)), -1)

    def editions(self) -> dict[str, list[Edition]]:
        names = sorted({change.policy for _, _, changes in self.rows for change in changes})
        return {name: list(editions(name, self.rows, published_versions(self.replica.state, name))) for name in names}

    def list_keys(self) -> list[Key]:
        """The subjects on all lists, by the host."""
        state = self.replica.state
        return sorted(
            ((name, c.subject, c.status, c.checklist, c.missing) for name in state.policies for c in materialized_list(state, name)),
            key=repr,
        )

    def _owner_partitions(self) -> dict[tuple[int, int], int]:
        router = self.sequencer.router
        if router is None:
            return {}
        locator = router.locator
        partition = list(locator.streets.values())
        return {
            (kind, token): partition[street]
            for kind, owner in enumerate(locator.owner)
            for token, street in zip(locator.store.tokens[kind].tolist(), owner.tolist(), strict=False)
            if street >= 0
        }


@dataclass
class ListReader:
    """A reader of the lists: one mark for each topic, and the messages that it has read."""

    told_lines: dict[int, tuple[str | None, Lines]] = field(default_factory=dict)
    editions: dict[str, list[Edition]] = field(default_factory=dict)
    dead: dict[Place, dict[str, Any]] = field(default_factory=dict)
    progress: dict[str, dict[str, int]] = field(default_factory=dict)
    events: list[tuple[str, list[tuple[str, bytes]], bytes]] = field(default_factory=list)
    repeated: Counter[str] = field(default_factory=Counter)
    mark: int = -1
    closed: tuple[int, str] = (-1, "")
    _bodies: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def take(self, topic: str, record: Any) -> None:
        head = dict(record.headers)
        self.events.append((topic, list(record.headers), record.value))
        match topic:
            case "changes":
                changes = wire.decode_changes(record.value)
                if self._fresh(topic, str(changes.offset), record.value, changes.offset > self.mark):
                    self.mark = changes.offset
                    self.told_lines[changes.offset] = (head["ce_closes"].decode() if "ce_closes" in head else None, changes)
            case "editions":
                edition = wire.decode_edition(record.value)
                closed = (edition.offset, edition.policy)
                if self._fresh(topic, f"{edition.policy}.{edition.number}", record.value, closed > self.closed):
                    self.closed = closed
                    self.editions.setdefault(edition.policy, []).append(edition)
            case "dead-letters":
                place = (head["ce_topic"].decode(), int(head["ce_partition"]), int(head["ce_offset"]))
                last = max((offset for *stage, offset in self.dead if stage == list(place[:2])), default=-1)
                if self._fresh(topic, head["ce_id"].decode(), record.value, place[2] > last):
                    self.dead[place] = {**{name: value.decode() for name, value in head.items()}, "body": record.value}
            case _ if head["ce_type"].startswith(b"cn.huimin.progress"):
                label, report = record.key.decode(), json.loads(record.value)
                self.progress[label] = max(report, self.progress.get(label, report), key=lambda entry: (entry["offset"], entry["done"]))

    def _fresh(self, topic: str, id: str, body: bytes, ahead: bool) -> bool:
        """Whether a message is beyond the mark. One that is not must repeat an earlier one, byte for byte."""
        body_before = self._bodies.get((topic, id))
        assert body_before is None or body_before == body, f"{topic} {id} was told again, otherwise"
        assert ahead == (body_before is None), (
            f"{topic} {id} came {'twice beyond' if ahead else 'late, behind'} the mark {self.mark}, {self.closed}"
        )
        if body_before is None:
            self._bodies[topic, id] = body
        else:
            self.repeated[topic] += 1
        return ahead

    @property
    def lines(self) -> int:
        """The number of lines told."""
        return sum(len(part) for _, part in self.told_lines.values())

    def lists(self) -> list[Key]:
        """The subjects on all lists, by the lines told."""
        changes = [change for _, part in self.told_lines.values() for change in part]
        names = sorted({change.policy for change in changes})
        now = {name: fold(change for change in changes if change.policy == name) for name in names}
        return sorted(((name, c.subject, c.status, c.checklist, c.missing) for name in names for c in now[name].values()), key=repr)


class NetworkUnderTest:
    """Topics, workers, inputs and outputs.

    Args:
        folder: of the workers' states and of their output.
        bodies: the messages to send, in order.
    """

    def __init__(
        self,
        nursery: WorkerNursery,
        connection: Connection,
        folder: Path,
        bodies: Iterable[bytes],
        snapshot: int = SNAPSHOT,
        depot: Path | None = None,
    ) -> None:
        from kafka import KafkaConsumer, KafkaProducer, TopicPartition

        self.nursery, self.connection, self.folder, self.depot, self.snapshot = nursery, connection, folder, depot, snapshot
        self.prefix = f"t{uuid.uuid4().hex[:8]}."
        self.bodies: Iterator[bytes] = iter(bodies)
        self.workers: list[WorkerProcess] = []
        self.exits: Counter[int] = Counter()
        self.expected, self.reader = ExpectedOutput(), ListReader()
        self.acknowledged: dict[int, bytes] = {}
        self._pending: list[tuple[Any, bytes]] = []
        self.put_in = 0
        create_topics(connection, topics(SHARDS, len(connection.servers), self.prefix))
        client = connection.client()
        self._producer: Any = KafkaProducer(**client, acks="all", enable_idempotence=True, max_request_size=MOST_BYTES, linger_ms=1)
        self._consumer: Any = KafkaConsumer(
            **client, enable_auto_commit=False, max_partition_fetch_bytes=MOST_BYTES, fetch_max_wait_ms=50, auto_offset_reset="earliest"
        )
        places = [TopicPartition(self.prefix + name, 0) for name in (*OUTPUT_TOPICS, "inputs")]
        self._consumer.assign(places)
        for place in places:
            self._consumer.seek(place, 0)

    # -- workers -------------------------------------------------------------------------------------------------------

    def add(self, count: int = 1, root: Path | None = None, is_broken: bool = False) -> list[WorkerProcess]:
        """Adds workers, each with a state folder of its own, or all with the folder ``root``."""
        added = []
        for place in range(count):
            name = f"w{len(self.workers) + place}"
            state = root or self.folder / name / "state"
            words = {
                "servers": list(self.connection.servers), "state": str(state), "shards": SHARDS, "prefix": self.prefix,
                "snapshot": self.snapshot, "depot": None if self.depot is None else str(self.depot), "name": name,
                "said": str(self.folder / name / "said"), "broken": is_broken,
            }  # fmt: skip
            added.append(WorkerProcess(self.nursery, name, self.folder / name, words, self.exits))
        for worker in added:
            self.workers.append(worker)
            worker.start()
        return added

    def tend(self, milliseconds: int = 50) -> None:
        """One round: starts workers again that have ended, and reads new messages."""
        for worker in self.workers:
            worker.tend()
        for place, records in self._consumer.poll(timeout_ms=milliseconds).items():
            topic = place.topic.removeprefix(self.prefix)
            for record in records:
                if topic == "inputs":
                    assert record.offset == len(self.expected.bodies)
                    self.expected.take(record.value or b"", SEAL.problem("inputs", 0, record.key, record.headers, record.value))
                elif SEAL.problem(topic, record.partition, record.key, record.headers, record.value) is None:
                    self.reader.take(topic, record)

    def until(self, true: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> float:
        """Tends until a condition is true; returns the seconds it took."""
        start = time.monotonic()
        while not true():
            if time.monotonic() - start > seconds:
                raise Late(f"{what}: not within {seconds:.0f} s\n{self.state()}")
            self.tend()
        return time.monotonic() - start

    def until_more_told(self, than: int, what: str) -> None:
        """Waits until more lines are told; sends more messages where all output of the earlier ones is told.

        The number of expected lines is no measure here: lines of movers alone come on top, and add up with every fault.
        """
        most = self.put_in + MOST_WITHOUT_LINES

        def more() -> bool:
            if self.lag == 0 and len(self.expected.bodies) >= self.put_in:
                assert self.put_in < most, "the messages of this test move nobody any more"
                self.send(10)
            return self.reader.lines > than

        self.until(more, what)

    def working(self, seconds: float = WAIT_SECONDS) -> None:
        """Waits until every wanted worker is ready, and together they hold all partitions."""
        every = {("inputs", 0), ("lines", 0), *(("orders", shard) for shard in range(SHARDS))}

        def hold_all() -> bool:
            time.sleep(0.1)
            wanted = [worker for worker in self.workers if worker.wanted]
            return all(worker.ready() for worker in wanted) and {place for worker in wanted for place in worker.lags()} == every

        self.until(hold_all, "the workers hold all partitions", seconds)

    def holder(self, topic: str, partition: int = 0) -> WorkerProcess:
        """The worker that holds a partition now."""
        self.until(lambda: any((topic, partition) in worker.lags() for worker in self.workers), f"a holder of {topic}")
        return next(worker for worker in self.workers if (topic, partition) in worker.lags())

    def forget(self, worker: WorkerProcess) -> None:
        """Removes an ended worker from the group, which would otherwise wait ten seconds for its session."""
        from kafka.admin import MemberToRemove
        from kafka.errors import KafkaError

        group = f"{self.prefix}workers"
        with suppress(KafkaError), admin(self.connection) as client:
            members = client.describe_groups([group])[group]["members"]
            removals = [MemberToRemove(member_id=member["member_id"]) for member in members if member["client_id"] == worker.name]
            if removals:
                client.remove_group_members(group, removals)

    def drain_reader(self) -> None:
        """Reads until no new message comes."""
        until = time.monotonic() + 2
        while time.monotonic() < until:
            count = len(self.reader.events)
            self.tend(200)
            if len(self.reader.events) == count:
                return

    def position(self, topic: str) -> int:
        """The next offset of a topic that the reader will read."""
        from kafka import TopicPartition

        return int(self._consumer.position(TopicPartition(self.prefix + topic, 0)))

    # -- inputs --------------------------------------------------------------------------------------------------------

    def send(self, count: int) -> None:
        """Sends this number of messages, without waiting."""
        for _ in range(count):
            self.put(next(self.bodies))

    def put(self, body: bytes | None, seal: Seal | None = SEAL, of: str = "inputs") -> None:
        """Sends a message; with another seal (None: without one), or with that of another topic, it is forged."""
        self.put_in += 1
        id = uuid.uuid4().hex
        head = headers(Outgoing("inputs", 0, id, "input", body or b""), "client")
        head = head if seal is None else seal.with_seal(of, 0, id.encode(), head, body or b"")
        self._pending.append(
            (self._producer.send(self.prefix + "inputs", value=body, key=id.encode(), headers=head, partition=0), body or b"")
        )

    def acknowledge(self, seconds: float = WAIT_SECONDS) -> None:
        """Waits until the broker has all messages."""
        until = time.monotonic() + seconds
        self._producer.flush(timeout=seconds)
        for future, body in self._pending:
            self.acknowledged[future.get(timeout=max(1.0, until - time.monotonic())).offset] = body
        self._pending.clear()

    @property
    def lag(self) -> int:
        """The number of messages in the topic of inputs whose output is still to come."""
        return max(0, self.expected.last - self.reader.mark)

    def settle(self, seconds: float = WAIT_SECONDS) -> None:
        """Waits until all output of the messages so far is told; sends a last message, a day, which always has output."""
        self.acknowledge()
        self._read()
        if self.expected.replica.state.has_catalogue:
            self.put(stamped_bytes(Tick(self.expected.replica.state.day)))
            self.acknowledge()
            self._read()
        self.until(lambda: self.reader.mark >= self.expected.last, f"message {self.expected.last} is told", seconds)
        wanted = {name: len(some) for name, some in self.expected.editions().items() if some}
        self.until(lambda: all(len(self.reader.editions.get(name, [])) >= many for name, many in wanted.items()), "editions are told", 60)
        self.until(lambda: self.reader.dead.keys() >= self.refused_places(), "dead letters are told", 60)
        self.until(lambda: all(report["done"] == report["of"] for report in self.reader.progress.values()), "progress reaches its end", 60)

    def _read(self) -> None:
        """Waits until the expected output includes the last acknowledged message."""
        last = max(self.acknowledged)
        self.until(lambda: len(self.expected.bodies) > last, f"input {last} is read back")

    def refused_places(self) -> set[Place]:
        """The places of the inputs that are not admitted."""
        return {("inputs", 0, offset) for offset in self.expected.refusals}

    # -- what must hold ------------------------------------------------------------------------------------------------

    def check(self) -> Counter[str]:
        """Checks that all output is that of one embedded host; returns the counts."""
        counts: Counter[str] = Counter()
        for offset, body in self.acknowledged.items():
            assert self.expected.bodies[offset] == body, f"message {offset} was acknowledged and is another now"
        kinds = self._kinds()
        for offset, closes, expected_changes in self.expected.rows:
            told_closes, told_changes = self.reader.told_lines.get(offset, (None, ()))
            assert told_closes == closes, offset
            counts += self._same_lines(offset, kinds, list(expected_changes), list(told_changes))
        assert self.reader.lists() == self.expected.list_keys()
        counts["listed"] = len(self.expected.list_keys())
        counts["editions"] = self._same_editions()
        for offset, (zh, en, body) in self.expected.refusals.items():
            dead = self.reader.dead["inputs", 0, offset]
            assert (dead["ce_reasonzh"], dead["ce_reasonen"], dead["body"]) == (zh, en, body)
        assert {place for place in self.reader.dead if place[0] == "inputs"} == self.refused_places()
        for label, report in self.reader.progress.items():
            assert report["done"] == report["of"], (label, report)
        counts["messages"], counts["dead letters"] = len(self.expected.bodies), len(self.reader.dead)
        counts["repeated"] = sum(self.reader.repeated.values())
        counts["labels"] = len(self.reader.progress)
        return counts

    def _same_lines(
        self, offset: int, kinds: dict[str, int], expected_changes: Sequence[CandidateChange], told_changes: Sequence[CandidateChange]
    ) -> Counter[str]:
        """Checks a message's lines: more are told only of subjects that changed partitions and stay on a list."""
        wanted = Counter(change._replace(id="") for change in expected_changes)
        told_counts = Counter(change._replace(id="") for change in told_changes)
        assert not wanted - told_counts, (offset, wanted - told_counts)
        extra = list((told_counts - wanted).elements())
        for change in extra:
            assert (kinds[change.policy], change.subject) in self.expected.movers[offset], (offset, change)
            assert (change.change, change.before) == ("changed", change.status), (offset, change)
        assert [change.id for change in told_changes] == [f"{offset}.{place}" for place in range(len(told_changes))]
        return Counter(
            {"lines": len(told_changes), "lines of movers alone": len(extra), "moves between partitions": len(self.expected.movers[offset])}
        )

    def _same_editions(self) -> int:
        wanted, told_editions = self.expected.editions(), self.reader.editions
        assert {name: some for name, some in wanted.items() if some}.keys() <= told_editions.keys()
        for name, of_policy in told_editions.items():
            assert [edition.number for edition in of_policy] == list(range(1, len(of_policy) + 1))
            theirs, ours = map(_numberless, (of_policy, wanted[name]))
            assert ours.keys() <= theirs.keys(), (name, ours.keys() - theirs.keys())
            listed: dict[int, CandidateChange] = {}
            for offset, changes in theirs.items():
                for subject, change in changes.items():
                    alike = ours.get(offset, {}).get(subject)
                    assert alike == change or (alike is None and _content(change) == _content(listed.get(subject))), (name, offset, change)
                assert ours.get(offset, {}).keys() <= changes.keys(), (name, offset)
                listed = fold((line for edition in of_policy if edition.offset == offset for line in edition.changes), listed)
        return sum(map(len, told_editions.values()))

    def _kinds(self) -> dict[str, int]:
        from matchers.kernel.layout import KINDS

        return {policy.name: KINDS.index(policy.subject) for policy in self._policies()}

    def _policies(self) -> list[Any]:
        registry = self.expected.replica.state.registry
        return [next(iter(versions.values())).policy for versions in registry.versions.values()]

    # -- the end -------------------------------------------------------------------------------------------------------

    def state(self) -> str:
        """The state of everything, for the reader of a failure."""
        lines = [
            f"inputs {len(self.expected.bodies)}, last to be told {self.expected.last}, told {self.reader.mark}, exits {dict(self.exits)}"
        ]
        for worker in self.workers:
            alive = not worker.has_ended()
            lines.append(
                f"{worker.name} {'runs' if alive else 'does not run'}, lags {worker.lags() if alive else {}}\n{worker.output[-2500:]}"
            )
        return "\n".join(lines)

    def end(self) -> list[int]:
        """Asks all workers to end; returns the exit codes."""
        alive = [worker for worker in self.workers if not worker.has_ended()]
        for worker in alive:
            worker.wanted = False
            worker.signal(signal.SIGCONT)
            worker.signal(signal.SIGTERM)
        return [worker.end(asked=True) for worker in alive]

    def close(self) -> None:
        for worker in self.workers:
            worker.wanted = False
            worker.kill()
        self._producer.close(timeout=2)
        self._consumer.close()


def as_member(cluster: Cluster) -> dict[str, str]:
    """The environment of a member of the network at a broker of ours."""
    return {**cluster.connection().environment(), NETWORK_KEY: str(own_key(cluster.folder.absolute()))}


@contextmanager
def running_network(
    nursery: WorkerNursery, connection: Connection, folder: Path, bodies: Iterable[bytes], **more: Any
) -> Iterator[NetworkUnderTest]:
    """A network that is closed afterwards; where a test fails, it prints the output of its workers."""
    network = NetworkUnderTest(nursery, connection, folder, bodies, **more)
    try:
        yield network
    except BaseException:
        print(network.state())
        raise
    finally:
        network.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wipe_state(worker: WorkerProcess) -> None:
    """Removes all of its state, as with a new disk."""
    shutil.rmtree(worker.state, ignore_errors=True)


def _numberless(of_policy: Sequence[Edition]) -> dict[int, dict[int, CandidateChange]]:
    """The changes of each edition, by the message that closed it and the subject, without ids: those differ where movers are told."""
    return {edition.offset: {change.subject: change._replace(id="") for change in edition.changes} for edition in of_policy}


def _content(change: CandidateChange | None) -> tuple[object, ...] | None:
    return None if change is None else (change.status, change.checklist, change.missing)
