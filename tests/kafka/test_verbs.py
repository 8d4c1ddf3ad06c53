"""``huimin kafka`` and what ``huimin doctor`` says of a Kafka."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.topics import topics
from tests.console.conftest import invoke

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
    return invoke


@pytest.mark.parametrize("words", [("down",), ("status",)])
def test_where_there_is_no_kafka_the_way_to_one_is_told(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """With exit code 2."""
    result = run("kafka", *words, "--folder", tmp_path)

    assert result.exit_code == 2
    assert f"huimin kafka up --folder {tmp_path}" in result.output


def test_two_brokers_are_not_offered(run: Run, tmp_path: Path) -> None:
    """Of two, none may fail."""
    result = run("kafka", "up", "--brokers", 2, "--folder", tmp_path)

    assert (result.exit_code, result.output.strip()) == (2, "--brokers must be 1 or 3.")


def test_a_bad_setting_is_a_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor goes on, and says it last."""
    run("init", "--example")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "nowhere")

    result = run("doctor", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)[-1]["message"].startswith("KAFKA_BOOTSTRAP: nowhere is not host:port")


class TestAtABroker:
    pytestmark = broker

    def test_up_down_and_status(self, run: Run, cluster: Cluster) -> None:
        """The verbs end and start the brokers of a folder, make the topics, and say what to export."""
        stopped = run("kafka", "down", "--folder", cluster.folder)
        idle = run("kafka", "status", "--folder", cluster.folder, "--json")
        started = run("kafka", "up", "--folder", cluster.folder, "--shards", 2)
        ready = run("kafka", "status", "--folder", cluster.folder, "--json")
        on_screen = run("kafka", "status", "--folder", cluster.folder)

        assert (stopped.exit_code, stopped.output.strip()) == (0, "Brokers stopped: 1; their data stay.")
        assert idle.exit_code == 4
        assert json.loads(idle.stdout)["brokers"][0]["ready"] is False
        assert started.exit_code == 0, started.output
        assert f"export KAFKA_BOOTSTRAP={cluster.connection().bootstrap}" in started.output
        assert f"export HUIMIN_NETWORK_KEY={cluster.folder}/network.key" in started.output.replace("\n", "")
        assert (cluster.folder / "network.key").stat().st_mode & 0o777 == 0o600
        assert ready.exit_code == 0
        facts = json.loads(ready.stdout)
        assert [topic["topic"] for topic in facts["topics"]] == NAMES
        assert {topic["topic"]: topic["partitions"] for topic in facts["topics"]}["huimin.orders"] == 2
        assert facts["drift"] == []
        assert "ready" in on_screen.output and "huimin.dead-letters" in on_screen.output

    def test_other_shards_are_drift(self, run: Run, cluster: Cluster) -> None:
        """``up`` changes no topic that is there; it says so."""
        run("kafka", "up", "--folder", cluster.folder, "--shards", 2)

        result = run("kafka", "up", "--folder", cluster.folder, "--shards", 5, "--json")

        assert result.exit_code == 0
        assert json.loads(result.stdout)["drift"] == [
            {"topic": "huimin.orders", "kind": "partitions", "what": "partitions", "expected": "5", "found": "2"}
        ]

    def test_the_doctor_looks_at_kafka_where_one_is_named(self, run: Run, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        """Reachable, and its topics as declared; without the setting there is no word of it."""
        run("init", "--example")
        run("kafka", "up", "--folder", cluster.folder, "--shards", 2)
        silent = run("doctor", "--json")
        for name, value in cluster.secure_connection().environment().items():
            monkeypatch.setenv(name, value)

        result = run("doctor", "--json")

        assert "kafka" not in {finding["code"] for finding in json.loads(silent.stdout)}
        by_code = {finding["code"]: (finding["level"], finding["message"]) for finding in json.loads(result.stdout)}
        assert by_code["kafka"][0] == "ok"
        assert by_code["topics"] == ("ok", "7 topics are as declared")
