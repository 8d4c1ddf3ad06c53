"""A network that is measured: topics of its own on the broker, workers as processes, a sender and a listener.

The close of an edition stands behind everything that was sent before it, so once it is told, everything is told. Processor seconds come
from /proc and from the workers' folds, bytes from the broker's files, so other work on the machine does not count.
"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from benchmarks.network_child import COSTS, SEAL
from benchmarks.network_processes import Kafka, memory, processor, start_module, stop_processes
from connectors.kafka.broker import InputsTopic
from infra.kafka.connection import Connection
from infra.kafka.plan import HOST, free
from infra.kafka.topics import create_topics, topics
from streams.language.messages import EditionCut, Input
from streams.ledgers.decisions import with_stamp
from streams.lists.lines import Lines
from streams.wire import wire

WAIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it was received."""

    at: float
    headers: dict[str, bytes]
    value: bytes


class Listener:
    """Reads the first partition of a topic from its beginning, in a thread."""

    def __init__(self, connection: Connection, topic: str) -> None:
        from kafka import KafkaConsumer, TopicPartition

        self.messages: list[ReceivedMessage] = []
        self._more = threading.Condition()
        self._over = False
        self._consumer: Any = KafkaConsumer(
            **connection.client(), enable_auto_commit=False, fetch_max_wait_ms=50, max_partition_fetch_bytes=16 << 20
        )
        where = TopicPartition(topic, 0)
        self._consumer.assign([where])
        self._consumer.seek(where, 0)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._over:
            for records in self._consumer.poll(timeout_ms=200).values():
                at = time.perf_counter()
                with self._more:
                    self.messages += [ReceivedMessage(at, dict(record.headers), record.value) for record in records]
                    self._more.notify_all()

    def first(self, wanted: Callable[[ReceivedMessage], bool], after: int = 0, seconds: float = WAIT_SECONDS) -> ReceivedMessage:
        """Wait for the first message that is wanted, after so many others."""
        until = time.monotonic() + seconds
        with self._more:
            while time.monotonic() < until:
                while after < len(self.messages):
                    if wanted(self.messages[after]):
                        return self.messages[after]
                    after += 1
                self._more.wait(1.0)
        raise TimeoutError("not told")

    def close(self) -> None:
        self._over = True
        self._thread.join()
        self._consumer.close()


@dataclass(slots=True)
class ResourceUse:
    """Processor seconds by process and by fold, bytes by topic, memory by process."""

    processes: dict[str, float] = field(default_factory=dict)
    folds: dict[str, float] = field(default_factory=dict)
    bytes_written: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)

    def since(self, before: ResourceUse) -> ResourceUse:
        def less(now: dict[str, float], then: dict[str, float]) -> dict[str, float]:
            return {name: count - then.get(name, 0) for name, count in now.items()}

        return ResourceUse(
            less(self.processes, before.processes),
            less(self.folds, before.folds),
            less(self.bytes_written, before.bytes_written),
            self.memory,
        )

    def stage(self, topic: str) -> float:
        """Processor seconds of the folds of a topic."""
        return sum(seconds for name, seconds in self.folds.items() if name.startswith(f"{topic}-"))


class Network:
    """Shards, workers, a sender and a listener, under a prefix of their own. To be closed."""

    def __init__(self, kafka: Kafka, prefix: str, shards: int, workers: int) -> None:
        self.kafka, self.prefix = kafka, prefix
        self.sent: list[Input] = []
        create_topics(kafka.connection, topics(shards, 1, prefix))
        ports = [port for port in range(30_100, 30_900) if free(port)][:workers]
        self.folders = [kafka.folder / f"{prefix}worker-{number}" for number in range(workers)]
        self.processes = [
            _start_worker(kafka.connection, prefix, folder, shards, port) for folder, port in zip(self.folders, ports, strict=True)
        ]
        self._inputs = InputsTopic(kafka.connection.client(), prefix, SEAL)
        self.listener = Listener(kafka.connection, f"{prefix}changes")
        self._await(ports, shards + 2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        stop_processes(self.processes)
        self.listener.close()
        self._inputs.close()

    def send(self, message: Input) -> Callable[[], int]:
        """Send a message; the function that comes back gives its offset once the broker has it."""
        self.sent.append(message)
        return self._inputs.append(wire.encode(with_stamp(message, -1, f"{len(self.sent):x}")))

    def close_edition(self, policy: str) -> float:
        """Close the edition of a policy; the moment at which that was told, and everything before it."""
        already = len(self.listener.messages)
        offset = self.send(EditionCut(policy))()
        closes = policy.encode()
        return self.listener.first(
            lambda message: message.headers.get("ce_closes") == closes and wire.decode_changes(message.value).offset == offset, already
        ).at

    def lines(self) -> Iterator[Lines]:
        """All lines that were told."""
        last = -1
        for message in list(self.listener.messages):
            lines = wire.decode_changes(message.value)
            if lines.offset > last:
                last = lines.offset
                yield lines

    def resource_use(self) -> ResourceUse:
        out = ResourceUse()
        for number, (process, folder) in enumerate(zip(self.processes, self.folders, strict=True)):
            assert process.poll() is None, (folder / "said").read_text()
            seconds = _fold_seconds(process, folder)
            name = f"worker {number + 1}" + (" (front)" if "inputs-0" in seconds else "")
            out.processes[name], out.memory[name] = processor(process.pid), memory(process.pid)
            out.folds |= seconds
        out.processes["broker"], out.memory["broker"] = processor(self.kafka.pid), memory(self.kafka.pid)
        out.processes["client"] = time.process_time()
        for topic in ("inputs", "orders", "lines", "changes", "progress"):
            out.bytes_written[topic] = self.kafka.bytes_written(f"{self.prefix}{topic}")
        return out

    def _await(self, ports: Sequence[int], stages: int) -> None:
        """Wait until the workers together hold every stage, and each holds at least one."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            assert all(process.poll() is None for process in self.processes), (self.folders[0] / "said").read_text()
            counts = [_stage_count(port) for port in ports]
            if sum(counts) == stages and all(counts):
                return
            time.sleep(0.2)
        raise TimeoutError("the workers share nothing out")


def _start_worker(connection: Connection, prefix: str, folder: Path, shards: int, port: int) -> subprocess.Popen[bytes]:
    return start_module("benchmarks.network_child", [prefix, str(folder), str(shards), str(port)], connection, folder)


def _fold_seconds(process: subprocess.Popen[bytes], folder: Path) -> dict[str, float]:
    """Processor seconds of a worker's folds."""
    (folder / COSTS).unlink(missing_ok=True)
    process.send_signal(signal.SIGUSR1)
    while not (folder / COSTS).exists():
        assert process.poll() is None
        time.sleep(0.002)
    seconds: dict[str, float] = json.loads((folder / COSTS).read_text())
    return seconds


def _stage_count(port: int) -> int:
    """How many stages the worker at this port holds."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=2) as page:
            return sum(line.startswith(b"huimin_offset{") for line in page)
    except OSError:
        return 0
