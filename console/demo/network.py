"""The demonstration on Kafka: it starts a broker and workers, and at the end compares their lists with those of one process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.text.words import number
from infra.settings import NETWORK_KEY
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import make_folder, private

if TYPE_CHECKING:
    from console.demo.steps import Tour
    from infra.workspace.workspace import Workspace
    from streams.network.network_host import NetworkHost

SHARDS = 4
WAIT_SECONDS = 300.0
STOP_SECONDS = 40.0


class WorkerGone(HuiminError):
    """A worker ended too early; exit code 1."""


@contextmanager
def network(tour: Tour, folder: Path, workers: int) -> Iterator[Workspace]:
    """Start Kafka and some workers, and stop them at the end; gives the workspace as part of their network."""
    from infra.kafka.cluster import Cluster
    from infra.kafka.jars import Runtime
    from infra.kafka.membership import own_key
    from infra.kafka.topics import PREFIX, create_topics, topics

    screen = tour.screen
    cluster = Cluster(folder / "kafka", Runtime.of(screen.environment), 1)
    tour.step(0, Text(f"启动 Kafka 和 {workers} 个工作进程", f"Kafka and {workers} workers start"))
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with screen.progress(Text("启动 Kafka", "Starting Kafka")):
            connection = cluster.up()
            create_topics(connection, topics(SHARDS, 1, PREFIX))
        environment = {**screen.environment, **connection.environment(), NETWORK_KEY: str(own_key(folder.absolute() / "kafka"))}
        processes += [_start_worker(environment, folder / f"worker-{index}") for index in range(1, workers + 1)]
        screen.say(
            Text(
                f"Kafka：{connection.bootstrap}；{SHARDS} 个分区，{workers} 个工作进程。",
                f"Kafka at {connection.bootstrap}; {SHARDS} partitions, {workers} workers.",
            )
        )
        tour.workspace.join(PREFIX)
        tour.facts["workers"] = processes
        yield replace(tour.workspace, environment=environment)
    finally:
        tour.facts.pop("workers", None)
        for process in processes:
            process.terminate()
        for process in processes:
            _stop_worker(process)
        cluster.down()


def _start_worker(environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    make_folder(folder)
    with open(folder / "said", "wb", opener=private) as output:
        line = [sys.executable, "-m", "console.cli.main", "worker", "--state", str(folder / "state")]
        return subprocess.Popen(line, env=environment, stdout=output, stderr=subprocess.STDOUT)


def _stop_worker(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def same_lists(tour: Tour, host: NetworkHost, workers: int) -> None:
    """Compare the lists of the workers with those of one process: candidates, statuses, checklists and missing evidence."""
    from services.state.as_of import materialized_list
    from streams.lists.editions import fold

    tour.step(11, Text("同样的名单：工作进程与单进程相比", "The same lists: the workers beside one process"))
    start = time.perf_counter()
    with tour.screen.progress(Text("等待工作进程", "Waiting for the workers")):
        _await(tour, host)
    changes_of_policy: dict[str, list[Any]] = {}
    for change in host.outputs():
        changes_of_policy.setdefault(change.policy, []).append(change)
    rows, same = [], True
    for name, policy in host.state.policies.items():
        theirs = {(c.subject, c.status, c.checklist, c.missing) for c in fold(changes_of_policy.get(name, [])).values()}
        ours = {(c.subject, c.status, c.checklist, c.missing) for c in materialized_list(host.state, name)}
        same = same and theirs == ours
        mark = Text("✓ 相同", "✓ the same") if theirs == ours else Text("✗ 不同", "✗ different")
        title, language = policy.title, tour.screen.language
        rows.append([title[language], number(len(changes_of_policy.get(name, []))), number(len(theirs)), number(len(ours)), mark[language]])
    columns = [
        Text("政策", "policy"), Text("变动", "lines told"), Text(f"{workers} 个工作进程", f"{workers} workers"),
        Text("单进程", "one process"),
        Text("", ""),
    ]  # fmt: skip
    tour.screen.table(None, columns, rows, right=(1, 2, 3))
    seconds = time.perf_counter() - start
    tour.screen.say(Text(f"工作进程落后 {seconds:.1f} 秒。", f"The workers were {seconds:.1f} s behind."), "dim")
    tour.facts["same_lists"] = same
    if not same:
        raise HuiminError(Text("名单不同。", "The lists differ."), 1)


def _await(tour: Tour, host: NetworkHost) -> None:
    """Wait until the workers have handled the last message."""
    until, last = time.monotonic() + WAIT_SECONDS, host.state.offset
    while host.last_told() < last:
        ended_processes = [process for process in tour.facts["workers"] if process.poll() is not None]
        if ended_processes or time.monotonic() > until:
            zh = "一个工作进程已退出。" if ended_processes else "工作进程没有跟上。"
            raise WorkerGone(Text(zh, "A worker has ended." if ended_processes else "The workers did not keep up."), 1)
        time.sleep(0.2)
