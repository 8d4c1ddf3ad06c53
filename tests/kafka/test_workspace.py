"""Every verb on a network: a workspace that has joined one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.topics import create_topics, topics
from tests.console.command import run_command
from tests.console.conftest import invoke
from tests.kafka.network import as_member

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]
Run = Callable[..., Any]
PREFIX = "workspace."
FILES = ("dwelling", "household", "hukou", "medical_insurance", "pension")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small district, left by a demonstration in one process."""
    folder = tmp_path_factory.mktemp("demo") / "putuo"
    result = run_command("demo", "--residents", "1500", "--keep", str(folder), "--json", env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return folder / "files" / "opening"


@pytest.fixture(scope="module")
def network(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs ``huimin`` with these words, beside one worker."""
    folder = tmp_path_factory.mktemp("network")
    place = as_member(cluster) | {"HUIMIN_LANG": "en", "HUIMIN_TODAY": "2026-10-15", "COLUMNS": "160"}
    create_topics(cluster.connection(), topics(3, 1, PREFIX))
    line = [sys.executable, "-m", "console.cli.main", "worker", "--state", str(folder / "worker"), "--prefix", PREFIX]
    with (folder / "said").open("wb") as output:
        worker = subprocess.Popen(line, env={**os.environ, **place}, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield lambda *words: invoke(*words, env=place)
    finally:
        worker.terminate()
        assert worker.wait(60) == 0, (folder / "said").read_text(encoding="utf-8")


def _ok(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return result


def _list_rows(run: Run, workspace: Path, policy: str) -> list[tuple[str, ...]]:
    candidates = json.loads(_ok(run("candidates", "list", policy, "--json", "--workspace", workspace)).stdout)
    return sorted((candidate["subject"], candidate["status"], str(candidate["missing"])) for candidate in candidates)


def test_what_is_done_in_one_workspace_is_seen_in_another(network: Run, files: Path, tmp_path: Path) -> None:
    """Files are taken in, a policy is published and every street matches it; lists and explanations are those of one process."""
    first, alone = tmp_path / "first", tmp_path / "alone"
    _ok(network("init", "--example", "--workspace", first))
    _ok(network("kafka", "join", "--prefix", PREFIX, "--workspace", first))
    _ok(network("init", "--example", "--workspace", alone))
    for name in ("secret.key", "feeds/occupancy.yaml"):
        (alone / name).write_bytes((first / name).read_bytes())
    for workspace in (first, alone):
        for feed in FILES:
            _ok(network("ingest", feed, files / f"{feed}.csv", "--workspace", workspace))
        rule = workspace / "policies" / "elderly-uninsured.yaml"
        result = _ok(network("policy", "publish", rule, "--by", "wang", "--approved-by", "li", "--yes", "--workspace", workspace))
        assert ("streets matched" in result.output) == (workspace == first)
    theirs = _list_rows(network, first, "elderly-uninsured")
    assert theirs
    assert theirs == _list_rows(network, alone, "elderly-uninsured")

    second = tmp_path / "second"
    _ok(network("init", "--example", "--workspace", second))
    (second / "secret.key").write_bytes((first / "secret.key").read_bytes())
    _ok(network("kafka", "join", "--prefix", PREFIX, "--workspace", second))
    assert _list_rows(network, second, "elderly-uninsured") == theirs
    output = _ok(network("explain", "elderly-uninsured", theirs[0][0], "--workspace", second)).output
    assert "needs evidence" in output or "eligible" in output


def test_what_is_refused_is_refused_with_the_same_sentence(network: Run, tmp_path: Path) -> None:
    """A published version never changes, on a network neither; and the workspace goes on."""
    workspace = tmp_path / "w"
    _ok(network("init", "--example", "--workspace", workspace))
    _ok(network("kafka", "join", "--prefix", PREFIX, "--workspace", workspace))
    rule = workspace / "policies" / "dibao.yaml"
    people = ("--by", "wang", "--approved-by", "li", "--yes", "--workspace", workspace)
    _ok(network("policy", "publish", rule, *people))
    rule.write_text(rule.read_text(encoding="utf-8").replace("title: {zh: ", "title: {zh: 新", 1), encoding="utf-8")
    result = network("policy", "publish", rule, *people)
    assert result.exit_code == 5
    assert "published versions never change" in result.output
    _ok(network("tick", "--workspace", workspace))


def test_a_workspace_with_a_state_of_its_own_cannot_join(network: Run, tmp_path: Path) -> None:
    """What was submitted on its own would be lost sight of."""
    workspace = tmp_path / "w"
    _ok(network("init", "--example", "--workspace", workspace))
    _ok(network("tick", "--workspace", workspace))
    result = network("kafka", "join", "--prefix", PREFIX, "--workspace", workspace)
    assert result.exit_code == 5
    assert "make a new workspace" in result.output
