"""A worker of the network that is measured: as ``huimin worker``, with policies given as trees, and the processor seconds of its folds
counted.

A policy of the benchmark is published under its name alone, and its tree comes from ``benchmarks.rules``. On SIGUSR1 a worker writes down
the seconds of its folds so far. With ``HUIMIN_BENCH_PROFILE`` (a folder) it is profiled, and writes the profile when it ends.
"""

from __future__ import annotations

import cProfile
import json
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import rules
from benchmarks.network_yardstick import elderly
from connectors.contracts.catalogue import read_catalogue
from infra import worker
from infra.kafka.connection import Connection
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from streams.language.errors import InvalidSeal
from streams.language.folds import Fold, MakeFold, Outgoing
from streams.language.ports import Arrays, Parts
from streams.wire.seal import Seal

MOST = 1_000
COSTS = "costs.json"
SEAL = Seal(b"k" * 32, "a network that is measured")


def parts() -> Parts:
    """The ports, with trees for documents."""
    trees = {policy.name: policy for policy in (*rules.many(MOST), elderly())}

    def read(text: str, file: str, catalogue: Catalogue) -> Policy:
        return trees[text]

    return Parts(read_catalogue, read_policy=read)


class TimedFold:
    """A fold, and the processor seconds of its steps."""

    def __init__(self, fold: Fold, name: str, seconds: dict[str, float]) -> None:
        self._fold, self._name, self._seconds = fold, name, seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fold, name)

    def take(self, body: bytes, offset: int, unproved: InvalidSeal | None = None) -> Sequence[Outgoing]:
        start = time.thread_time()
        out = self._fold.take(body, offset, unproved)
        self._seconds[self._name] += time.thread_time() - start
        return out


def main(prefix: str, state: str, shards: str, port: str) -> int:
    seconds, make_folds, folder = defaultdict[str, float](float), worker.fold_maker, Path(state)

    def folds(ports: Parts, number: int, topic: str, partition: int) -> MakeFold:
        make = make_folds(ports, number, topic, partition)

        def make_timed(checkpoint: tuple[dict[str, Any], Arrays] | None = None, /) -> Fold:
            return TimedFold(make(checkpoint), f"{topic}-{partition}", seconds)

        return make_timed

    def write(*_: object) -> None:
        aside = folder / "costs.new"
        aside.write_text(json.dumps(seconds))
        aside.rename(folder / COSTS)

    signal.signal(signal.SIGUSR1, write)
    settings = worker.WorkerSettings(Connection.of(os.environ), folder, int(shards), SEAL, prefix, int(port))
    with patch.object(worker, "fold_maker", folds):
        return _work_profiled(settings) if os.environ.get("HUIMIN_BENCH_PROFILE") else worker.work(settings, parts())


def _work_profiled(settings: worker.WorkerSettings) -> int:
    profile = cProfile.Profile()
    try:
        return profile.runcall(worker.work, settings, parts())
    finally:
        profile.dump_stats(Path(os.environ["HUIMIN_BENCH_PROFILE"]) / f"{settings.prefix}{os.getpid()}.prof")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
