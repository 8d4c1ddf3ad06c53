"""The erasure of a person on a network: they are found before in topics, workers, depot and workspace, after nowhere; all else is as before.

The test first finds the person everywhere. Only then it proves something that the search finds nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import services.erasure.erasing as erasing
from infra.kafka.cluster import Cluster
from infra.kafka.topics import create_topics, topics
from infra.workspace.workspace import Workspace
from services.state.as_of import core
from streams.host import Host
from streams.language.errors import Refusal
from streams.language.messages import OutcomeReported, Tick
from streams.lists.editions import edition_problems
from streams.store import checkpoints
from tests.kafka.clients import records
from tests.kafka.network import as_member
from tests.services.erasure import canary
from tests.services.erasure.canary import ALLOWANCE, UNINSURED

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]
SHARDS = 2
PEOPLE = ("王芳", "李强", "R1")
SECONDS = 150.0
TOPICS = [
    ("inputs", 0),
    *(("orders", shard) for shard in range(SHARDS)),
    ("lines", 0),
    ("changes", 0),
    ("editions", 0),
    ("dead-letters", 0),
]


@contextmanager
def worker(place: Mapping[str, str], prefix: str, folder: Path, name: str = "worker") -> Iterator[Path]:
    """One worker with all stages, and its folder."""
    state = folder / name
    line = [sys.executable, "-m", "console.cli.main", "worker", "--state", state, "--prefix", prefix, "--depot", folder / "depot"]
    with (folder / f"{name}.said").open("ab") as output:
        process = subprocess.Popen(list(map(str, line)), env={**os.environ, **place}, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield state
    finally:
        process.terminate()
        assert process.wait(60) == 0, (folder / f"{name}.said").read_text(encoding="utf-8")


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


def told_all(host: Host) -> bool:
    """Whether the workers have told the output of all messages."""
    return any(row[0] == host.state.offset for row in host._changes.rows())  # type: ignore[attr-defined]  # of a network


def in_files(folder: Path, sought: Mapping[str, bytes]) -> set[str]:
    hits = set()
    for path in folder.rglob("*"):
        if path.is_file():
            try:
                data = [path.read_bytes()]
            except FileNotFoundError:  # a broker deletes files when it likes to
                continue
            if path.suffix == ".snapshot" and not (path.parent / "partition.metadata").exists():  # ours, not a broker's
                meta, arrays = checkpoints.read(path)
                data += [
                    json.dumps(meta, ensure_ascii=False).encode(),
                    *(np.ascontiguousarray(array).tobytes() for array in arrays.values()),
                ]
            hits |= {what for what, needle in sought.items() if any(needle in part for part in data)}
    return hits


def in_topics(cluster: Cluster, prefix: str, sought: Mapping[str, bytes]) -> dict[str, set[str]]:
    """The traces of the person in each topic, read from its start."""
    out: dict[str, set[str]] = {}
    for topic, partition in TOPICS:
        for body in records(cluster.connection(), prefix + topic, partition):
            hits = {what for what, needle in sought.items() if needle in body}
            if hits:
                out.setdefault(topic, set()).update(hits)
    return out


def on_the_broker(cluster: Cluster, prefix: str, sought: Mapping[str, bytes]) -> set[str]:
    """The folders of partitions with a trace of the person in their files."""
    folders = (cluster.folder / "broker-1" / "data").glob(f"{prefix}*")
    return {folder.name for folder in folders if in_files(folder, sought)}


def lists(host: Host, but: int) -> dict[str, Any]:
    return {name: [c for c in core(host.state).candidates(name, every=True) if c.subject != but] for name in (UNINSURED, ALLOWANCE)}


def test_the_person_is_everywhere_on_a_network_before_and_nowhere_after(cluster: Cluster, tmp_path: Path) -> None:
    """Topics, workers' states, depot, workspace; then a new workspace joins, and a new worker takes over, from what is left."""
    prefix = "erasing."
    place = as_member(cluster) | {"HUIMIN_DEPOT": str(tmp_path / "depot")}
    create_topics(cluster.connection(), topics(SHARDS, 1, prefix))
    with worker(place, prefix, tmp_path) as state:
        workspace = canary.workspace_with_person(tmp_path, network=prefix, environment=place)
        token, sought = canary.token_of(workspace), canary.needles(workspace)
        with workspace.writing() as host:
            host.submit(OutcomeReported(ALLOWANCE, token, "contacted", host.state.day, "the agency"))
            host.submit(Tick(host.state.day))
            until(lambda: told_all(host))
            before, lines_before = lists(host, token), [change for change in host.outputs() if change.subject != token]
            editions = {name: [edition.manifest.digest for edition in host.editions(name)] for name in (UNINSURED, ALLOWANCE)}
        canary.write_copies(workspace, token)
        assert in_files(state, sought) & {"little", "decimal"}
        assert canary.search(workspace, sought)
        assert on_the_broker(cluster, prefix, sought)
        hits = in_topics(cluster, prefix, sought)
        assert {"inputs", "orders", "lines", "changes", "editions"} <= hits.keys(), hits

        erasure = erasing.erase_person(workspace, token, *PEOPLE)

        assert UNINSURED in erasure.lists
        assert in_topics(cluster, prefix, sought) == {}
        assert in_files(state, sought) == set()
        assert in_files(tmp_path / "depot", sought) == set()
        assert canary.search(workspace, sought) == {}
        with workspace.writing() as host:
            assert lists(host, token) == before
            with pytest.raises(Refusal):
                host.submit(OutcomeReported(ALLOWANCE, token, "contacted", host.state.day, "the agency"))
            assert [change for change in host.outputs() if change.cause.kind != "erasure"] == lines_before
            for name in (UNINSURED, ALLOWANCE):
                editions_now = list(host.editions(name))
                assert [edition.manifest.digest for edition in editions_now] == editions[name]
                assert list(edition_problems(editions_now)) == []
            host.submit(Tick(host.state.day))
            until(lambda: told_all(host))
        until(lambda: on_the_broker(cluster, prefix, sought) == set())

    other = Workspace.create(tmp_path / "other", (workspace.root / "units.yaml").read_text(encoding="utf-8"))
    for name in ("secret.key", *(f"feeds/{path.name}" for path in (workspace.root / "feeds").iterdir())):
        (other.root / name).write_bytes((workspace.root / name).read_bytes())
    other.join(prefix)
    with worker(place, prefix, tmp_path, "another") as state, Workspace.open(other.root, place).writing() as host:
        assert lists(host, token) == before
        host.submit(Tick(host.state.day))
        until(lambda: told_all(host))
        assert in_files(state, sought) == set()
