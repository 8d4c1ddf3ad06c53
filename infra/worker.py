"""A worker: one process that holds some partitions of a network on Kafka, from its start to its end.

A worker works or has ended. An error ends it, with the reason on stderr and an exit code other than zero; its supervisor starts it again,
and it goes on from its stored states. Only a partition that does not fit into memory stands still instead, and ``/ready`` says so: after a
restart the worker would end again, and take the other partitions along.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from infra.links import refuse_links
from infra.logs import log_plainly, traceback_text
from infra.metrics import Metrics
from policies.problems.characters import lines
from policies.problems.problems import HuiminError
from streams.disk.files import make_folder

if TYPE_CHECKING:
    from infra.kafka.connection import Connection
    from streams.language.folds import Fold, MakeFold
    from streams.language.ports import Arrays, Parts
    from streams.network.faust_host import FaustHost
    from streams.network.stages import StageRule
    from streams.store.checkpoints import Depot
    from streams.wire.seal import Seal

STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The settings of a worker.

    Args:
        state: the folder of its states.
        shards: partitions of the orders topic.
        seal: of the network.
        prefix: of the topics' names, and of the consumer group.
        web_port, bind: of health and metrics; None: nowhere.
        depot: where checkpoints are shipped to; None: nowhere.
        rule: when checkpoints are written.
    """

    connection: Connection
    state: Path
    shards: int
    seal: Seal
    prefix: str = "huimin."
    web_port: int | None = None
    bind: str = "127.0.0.1"
    depot: Depot | None = None
    rule: StageRule | None = None


def fold_maker(parts: Parts, shards: int, topic: str, partition: int) -> MakeFold:
    """A function that makes the fold of a topic's partition."""
    from streams.network.merger import Merger
    from streams.network.partition import PartitionFold
    from streams.network.sequencer import Sequencer

    def make(checkpoint: tuple[dict[str, Any], Arrays] | None = None, /) -> Fold:
        match topic:
            case "inputs":
                return Sequencer(parts, shards, checkpoint)
            case "orders":
                return PartitionFold(parts, partition, checkpoint)
            case _:
                return Merger(shards, checkpoint)

    return make


def work(settings: WorkerSettings, parts: Parts) -> int:
    """Works until a signal to stop (0) or an error (1, with the reason on stderr)."""
    log_plainly()
    refuse_links(settings.state, below=True, itself=False)
    return asyncio.run(_work(settings, parts))


async def _work(settings: WorkerSettings, parts: Parts) -> int:
    from streams.network.faust_host import FaustHost, make_app

    stop = asyncio.Event()
    metrics = Metrics()
    make_folder(settings.state / "faust")
    app = make_app(f"{settings.prefix}workers", settings.connection.faust(), settings.state / "faust", settings.web_port, settings.bind)
    maker_of = partial(fold_maker, parts, settings.shards)
    host = FaustHost(
        app, settings.state, maker_of, _fail, settings.seal, settings.prefix, settings.depot, settings.rule, metrics.observe_message
    )
    if settings.web_port is not None:
        _pages(app, host, metrics)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await app.start()
        if await app.wait_for_stopped(stop):
            raise app.crash_reason or RuntimeError("Faust has stopped")
        await asyncio.wait_for(_end(app, host), STOP_SECONDS)
    except Exception as error:
        _fail(error)
    return 0


def _pages(app: Any, host: FaustHost, metrics: Metrics) -> None:
    """Health, readiness and metrics."""

    async def health(web: Any, request: Any) -> Any:
        return web.json({"status": "ok"})

    async def ready(web: Any, request: Any) -> Any:
        still = {f"{tp.topic}-{tp.partition}": offset for tp, offset in host.still.items()}
        moving = host.ready and not still
        return web.json({"ready": moving, "still": still}, status=200 if moving else 503)

    async def metrics_page(web: Any, request: Any) -> Any:
        return web.bytes(metrics.text(host), content_type="text/plain; version=0.0.4")

    for path, page in (("/health", health), ("/ready", ready), ("/metrics", metrics_page)):
        app.page(path)(page)


async def _end(app: Any, host: Any) -> None:
    await host.stop()
    await app.stop()


def _fail(error: BaseException) -> NoReturn:
    """Ends the process at once: what is committed is on disk, and nothing may be sent behind a message that was not sent."""
    if isinstance(error, HuiminError):
        print(lines([error.text.zh, error.text.en]), file=sys.stderr, flush=True)
    else:
        print(traceback_text(error), file=sys.stderr, flush=True)
    os._exit(1)
