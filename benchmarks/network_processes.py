"""The processes of a network that is measured: one broker, workers, and the processor time and memory that each has used.

The figures come from /proc and from the broker's files, so other work on the machine does not count. Whoever starts a process ends it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.kafka.cluster import Cluster
from infra.kafka.connection import Connection
from infra.kafka.jars import Runtime

TICKS = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 40.0


@dataclass(slots=True)
class Kafka:
    """One broker."""

    folder: Path
    cluster: Cluster
    connection: Connection

    @property
    def pid(self) -> int:
        pid = self.cluster.status()[0].pid
        assert pid is not None
        return pid

    def bytes_written(self, topic: str) -> int:
        """Bytes of a topic's records."""
        return sum(path.stat().st_size for path in (self.cluster.folder / "broker-1" / "data").glob(f"{topic}-*/*.log"))


@contextmanager
def kafka(folder: Path) -> Iterator[Kafka]:
    """A broker in a folder, gone again at the end.

    Raises:
        NoRuntime: there is no Java, or no Maven.
    """
    cluster = Cluster(folder / "kafka", Runtime.of(os.environ), 1)
    connection = cluster.up()
    try:
        yield Kafka(folder, cluster, connection)
    finally:
        cluster.down()


def processor(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> int:
    """Bytes of memory a process holds."""
    return next(int(line.split()[1]) * 1024 for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


def start_module(module: str, words: Sequence[str], connection: Connection, folder: Path) -> subprocess.Popen[bytes]:
    """Start a module of the benchmarks as a process; its output goes to the file ``said``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "said").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", module, *words], env={**os.environ, **connection.environment()}, stdout=output, stderr=subprocess.STDOUT
        )


def stop_processes(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
