"""The verbs of editions in a workspace on a network: they show the editions of the workers.

The topics are in memory, and the workers run when a test calls them. All else is as on Kafka.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.console.cli.test_delivering import STATEMENTS, deliver_feeds, publish
from tests.console.cli.test_edition import data
from tests.console.conftest import Run
from tests.streams.topics import Bodies, Workers
from tests.streams.world import SEAL

POLICY = "elderly-uninsured"


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    """The workers of the network; every client in this process uses their topics in memory."""
    inputs = Bodies()
    network_workers = Workers(inputs, partitions=2, prompt=True)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "nowhere.invalid:9092")
    monkeypatch.setattr("connectors.kafka.broker.InputsTopic", lambda client, prefix, seal: inputs)
    monkeypatch.setattr("connectors.kafka.broker.ChangesTopic", lambda client, prefix, seal: network_workers)
    monkeypatch.setattr("infra.kafka.topics.network_id", lambda connection, prefix: "here")
    monkeypatch.setattr("infra.kafka.membership.seal_of", lambda *place: SEAL)
    return network_workers


@pytest.fixture
def on_network(run: Run, workers: Workers, tmp_path: Path) -> Run:
    """``huimin`` in a workspace on the network, with a list and its coverage statements."""

    def run_on_network(*words: Any) -> Any:
        result = run(*words)
        if words[0] == "init":
            (tmp_path / "w" / "network").write_text("test.\n", encoding="ascii")
        return result

    deliver_feeds(run_on_network, tmp_path)
    assert publish(run_on_network, tmp_path).exit_code == 0
    (tmp_path / "coverage.jsonl").write_text("".join(json.dumps(line) + "\n" for line in STATEMENTS), encoding="utf-8")
    assert run("feed", "coverage", tmp_path / "coverage.jsonl").exit_code == 0
    return run


def test_editions_on_a_network_are_a_chain_whose_sum_is_the_list(on_network: Run, workers: Workers) -> None:
    """They are listed, shown and verified as in one process, with the digests of the topic of editions."""
    number = data(on_network("edition", "cut", POLICY, "--json"))["edition"]

    editions = data(on_network("edition", "list", POLICY, "--json"))
    facts = data(on_network("edition", "verify", POLICY, "--digest", editions[-1]["digest"], "--json"))
    details = data(on_network("edition", "show", POLICY, number, "--json"))

    assert number == len(editions) == 2
    assert [edition["digest"] for edition in editions] == [
        message.facts["manifest"] for message in workers.pipeline.messages_on("editions")
    ]
    assert (facts["ok"], facts["held"], facts["open"]) == (True, 2, 0)
    assert facts["listed"] == len(data(on_network("candidates", "list", POLICY, "--json"))) > 0
    assert len(details["changes"]) == details["entered"] + details["left"] + details["changed"] > 0


def test_evidence_on_a_network_is_compared_to_the_last_reason(on_network: Run, tmp_path: Path) -> None:
    """It is checked against the past of the replica, also after later days."""
    path = tmp_path / "e.jsonl"
    evidence = data(on_network("edition", "evidence", POLICY, 1, "--out", path, "--json"))
    assert on_network("tick", "--to", "2026-10-20").exit_code == 0

    fits = data(on_network("edition", "verify", POLICY, "--evidence", path, "--json"))

    assert evidence["candidates"] > 0
    assert fits == {"edition": 1, "ok": True, "whole": True}


def test_a_cut_that_the_workers_have_not_come_to_is_told(on_network: Run, workers: Workers) -> None:
    """The cut gives no number, and verify counts the open lines; after the workers have run, the edition exists."""
    workers.work()
    workers.prompt = False

    cut = on_network("edition", "cut", POLICY, "--lang", "en")
    facts = data(on_network("edition", "verify", POLICY, "--json"))
    workers.work()

    assert "the shards are not done yet" in cut.stdout
    assert (facts["editions"], facts["open"] > 0, facts["ok"]) == (1, True, True)
    assert data(on_network("edition", "verify", POLICY, "--json"))["editions"] == 2


def test_workers_that_are_behind_are_no_fault_of_the_list(on_network: Run, workers: Workers) -> None:
    """The workers lack the last statements: verify compares with the list behind their last message, and names it."""
    workers.prompt = False
    last = workers.last()

    facts = data(on_network("edition", "verify", POLICY, "--json"))
    result = on_network("edition", "verify", POLICY, "--lang", "en")
    workers.work()
    after = data(on_network("edition", "verify", POLICY, "--json"))

    assert facts["ok"]
    assert facts["told"] == last
    assert f"behind #{facts['told']}" in result.stdout
    assert (after["ok"], after["told"], after["open"] > 0) == (True, None, True)


def test_what_the_workers_did_not_say_is_found_on_a_network_too(on_network: Run, workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is missing on the topic: the sum of the editions is not the list."""
    workers.work()
    rows = [(at, closes, lines if at != workers.last() else lines.without(int(lines.subject[0]))) for at, closes, lines in workers.rows()]
    monkeypatch.setattr(workers, "rows", lambda: iter(rows))

    result = on_network("edition", "verify", POLICY, "--lang", "en")

    assert result.exit_code == 3
    assert "their sum is not the list" in result.stdout
