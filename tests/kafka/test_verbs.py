"""``huimin kafka`` and what ``huimin doctor`` says of a Kafka."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.topics import topics
from tests.console.conftest import invoked

Run = Callable[..., Any]
broker = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]
NAMES = [topic.name for topic in topics(1, 1)]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``huimin`` with these words, in English."""
    monkeypatch.setenv("HUIMIN_WORKSPACE", str(tmp_path / "w"))
    monkeypatch.setenv("HUIMIN_LANG", "en")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    return invoked


@pytest.mark.parametrize("words", [("down",), ("status",)])
def test_where_there_is_no_kafka_the_way_to_one_is_told(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """With exit code 2."""
    done = run("kafka", *words, "--folder", tmp_path)

    assert done.exit_code == 2
    assert f"huimin kafka up --folder {tmp_path}" in done.output


def test_two_brokers_are_not_offered(run: Run, tmp_path: Path) -> None:
    """Of two, none may fail."""
    done = run("kafka", "up", "--brokers", 2, "--folder", tmp_path)

    assert (done.exit_code, done.output.strip()) == (2, "--brokers must be 1 or 3.")


def test_a_bad_setting_is_a_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor goes on, and says it last."""
    run("init", "--example")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "nowhere")

    done = run("doctor", "--json")

    assert done.exit_code == 1
    assert json.loads(done.stdout)[-1]["message"].startswith("KAFKA_BOOTSTRAP: nowhere is not host:port")


class TestAtABroker:
    pytestmark = broker

    def test_up_down_and_status(self, run: Run, cluster: Cluster) -> None:
        """The verbs end and start the brokers of a folder, make the topics, and say what to export."""
        stopped = run("kafka", "down", "--folder", cluster.folder)
        idle = run("kafka", "status", "--folder", cluster.folder, "--json")
        started = run("kafka", "up", "--folder", cluster.folder, "--shards", 2)
        ready = run("kafka", "status", "--folder", cluster.folder, "--json")
        shown = run("kafka", "status", "--folder", cluster.folder)

        assert (stopped.exit_code, stopped.output.strip()) == (0, "Brokers stopped: 1; their data stay.")
        assert idle.exit_code == 4
        assert json.loads(idle.stdout)["brokers"][0]["ready"] is False
        assert started.exit_code == 0, started.output
        assert f"export KAFKA_BOOTSTRAP={cluster.connection().bootstrap}" in started.output
        assert f"export HUIMIN_NETWORK_KEY={cluster.folder}/network.key" in started.output.replace("\n", "")
        assert (cluster.folder / "network.key").stat().st_mode & 0o777 == 0o600
        assert ready.exit_code == 0
        facts = json.loads(ready.stdout)
        assert [one["topic"] for one in facts["topics"]] == NAMES
        assert {one["topic"]: one["partitions"] for one in facts["topics"]}["huimin.orders"] == 2
        assert facts["drift"] == []
        assert "ready" in shown.output and "huimin.dead-letters" in shown.output

    def test_other_shards_are_drift(self, run: Run, cluster: Cluster) -> None:
        """``up`` changes no topic that is there; it says so."""
        run("kafka", "up", "--folder", cluster.folder, "--shards", 2)

        done = run("kafka", "up", "--folder", cluster.folder, "--shards", 5, "--json")

        assert done.exit_code == 0
        assert json.loads(done.stdout)["drift"] == [
            {"topic": "huimin.orders", "kind": "partitions", "what": "partitions", "expected": "5", "found": "2"}
        ]

    def test_the_doctor_looks_at_kafka_where_one_is_named(self, run: Run, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        """Reachable, and its topics as declared; without the setting there is no word of it."""
        run("init", "--example")
        run("kafka", "up", "--folder", cluster.folder, "--shards", 2)
        silent = run("doctor", "--json")
        for name, value in cluster.guarded().environment().items():
            monkeypatch.setenv(name, value)

        done = run("doctor", "--json")

        assert "kafka" not in {one["code"] for one in json.loads(silent.stdout)}
        found = {one["code"]: (one["level"], one["message"]) for one in json.loads(done.stdout)}
        assert found["kafka"][0] == "ok"
        assert found["topics"] == ("ok", "7 topics are as declared")
