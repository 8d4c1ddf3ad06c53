"""The workers of networks under test: a nursery that loads everything once, and forks a worker for every line it is told.

    python -m tests.kafka.child

Each worker is what ``huimin worker`` runs, with the ports of ``tests.streams.world``: a process of its own, with its own loop, connections
and files. Protocol, one line each: in, what a worker is told, as JSON; out, ``ready``, ``born N`` and ``dead N CODE``. All go with the
process that started the nursery.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.kafka.depot import FsspecDepot
from infra.kafka.connection import Connection
from infra.worker import WorkerSettings, work
from streams.network.faust_host import FaustHost
from streams.network.merger import Merger
from streams.network.partition import PartitionFold
from streams.network.sequencer import Sequencer
from streams.network.stages import StageRule
from tests.kafka.moving import Moving
from tests.streams.world import SEAL, parts

DEATH_SIGNAL = 1
SECONDS = 0.05
WARMING = 60


@dataclass(frozen=True)
class NamedConnection(Connection):
    """A connection that gives the worker a name, by which the group's members are told apart."""

    name: str = ""

    def faust(self) -> dict[str, Any]:
        return {**super().faust(), "broker_client_id": self.name}


def worker(words: dict[str, Any]) -> int:
    """One worker, from its start to its end; gives the exit code."""
    settings = WorkerSettings(
        NamedConnection(tuple(words["servers"]), name=words["name"]),
        Path(words["state"]),
        words["shards"],
        SEAL,
        words["prefix"],
        words["web_port"],
        depot=FsspecDepot(words["depot"], SEAL) if words["depot"] else None,
        rule=StageRule(words["snapshot"]),
    )
    if words["broken"]:
        setattr(FaustHost, FaustHost._left_with_nothing.__name__, _raise_error)  # an error where none of ours is asked
    return work(settings, parts(real=True))


async def _raise_error(host: FaustHost, app: Any, **facts: Any) -> None:
    raise RuntimeError("broken for a test")


def warm() -> None:
    """Loads what a worker will need, so that it starts at once."""
    import faust  # noqa: F401  # imported here for the workers
    import prometheus_client  # noqa: F401

    sequencer, shards, merger = Sequencer(parts(real=True), 2), [PartitionFold(parts(real=True), number) for number in range(2)], Merger(2)
    for offset, body in enumerate(islice(iter(Moving()), WARMING)):
        for out in sequencer.take(body, offset):
            outputs = shards[out.partition].take(out.body, shards[out.partition].offset + 1) if out.topic == "orders" else []
            for output in outputs if out.topic == "orders" else [out]:
                if output.topic == "lines":
                    merger.take(output.body, merger.offset + 1)


def with_parent() -> None:
    """Has this process go with the one that made it."""
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)


def fork_worker(words: dict[str, Any], run: Callable[[dict[str, Any]], int]) -> int:
    """Forks a worker, with what it says in a file; gives its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        with_parent()
        output = os.open(words["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(0)
        code = run(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 98
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Forks a worker for every line read, and tells of the end of each."""
    with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm()
    print("ready", flush=True)
    rest, alive = b"", set[int]()
    while True:
        if select.select([0], [], [], SECONDS)[0]:
            read = os.read(0, 1 << 16)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                pid = fork_worker(json.loads(line), worker)
                alive.add(pid)
                print(f"born {pid}", flush=True)
        while alive and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            alive.discard(ended[0])
            print(f"dead {ended[0]} {os.waitstatus_to_exitcode(ended[1])}", flush=True)


if __name__ == "__main__":
    main()
