"""The verbs of editions in a workspace on a network: they show the editions of the workers.

The topics are in memory, and the workers run when a test calls them. All else is as on Kafka.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.console.cli.test_delivering import STATEMENTS, delivered, published
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
    monkeypatch.setattr("infra.kafka.topics.identity", lambda connection, prefix: "here")
    monkeypatch.setattr("infra.kafka.membership.seal_of", lambda *place: SEAL)
    return network_workers


@pytest.fixture
def joined(run: Run, workers: Workers, tmp_path: Path) -> Run:
    """``huimin`` in a workspace on the network, with a list and its coverage statements."""

    def run_on_network(*words: Any) -> Any:
        result = run(*words)
        if words[0] == "init":
            (tmp_path / "w" / "network").write_text("test.\n", encoding="ascii")
        return result

    delivered(run_on_network, tmp_path)
    assert published(run_on_network, tmp_path).exit_code == 0
    (tmp_path / "coverage.jsonl").write_text("".join(json.dumps(line) + "\n" for line in STATEMENTS), encoding="utf-8")
    assert run("feed", "coverage", tmp_path / "coverage.jsonl").exit_code == 0
    return run


def test_editions_on_a_network_are_a_chain_whose_sum_is_the_list(joined: Run, workers: Workers) -> None:
    """They are listed, shown and verified as in one process, with the digests of the topic of editions."""
    number = data(joined("edition", "cut", POLICY, "--json"))["edition"]

    editions = data(joined("edition", "list", POLICY, "--json"))
    facts = data(joined("edition", "verify", POLICY, "--digest", editions[-1]["digest"], "--json"))
    details = data(joined("edition", "show", POLICY, number, "--json"))

    assert number == len(editions) == 2
    assert [edition["digest"] for edition in editions] == [message.facts["manifest"] for message in workers.pipeline.said("editions")]
    assert (facts["ok"], facts["held"], facts["open"]) == (True, 2, 0)
    assert facts["listed"] == len(data(joined("candidates", "list", POLICY, "--json"))) > 0
    assert len(details["changes"]) == details["entered"] + details["left"] + details["changed"] > 0


def test_evidence_on_a_network_is_compared_to_the_last_reason(joined: Run, tmp_path: Path) -> None:
    """It is checked against the past of the replica, also after later days."""
    path = tmp_path / "e.jsonl"
    evidence = data(joined("edition", "evidence", POLICY, 1, "--out", path, "--json"))
    assert joined("tick", "--to", "2026-10-20").exit_code == 0

    fits = data(joined("edition", "verify", POLICY, "--evidence", path, "--json"))

    assert evidence["candidates"] > 0
    assert fits == {"edition": 1, "ok": True, "whole": True}


def test_a_cut_that_the_workers_have_not_come_to_is_told(joined: Run, workers: Workers) -> None:
    """The cut gives no number, and verify counts the open lines; after the workers have run, the edition exists."""
    workers.work()
    workers.prompt = False

    cut = joined("edition", "cut", POLICY, "--lang", "en")
    facts = data(joined("edition", "verify", POLICY, "--json"))
    workers.work()

    assert "the shards are not done yet" in cut.stdout
    assert (facts["editions"], facts["open"] > 0, facts["ok"]) == (1, True, True)
    assert data(joined("edition", "verify", POLICY, "--json"))["editions"] == 2


def test_workers_that_are_behind_are_no_fault_of_the_list(joined: Run, workers: Workers) -> None:
    """The workers lack the last statements: verify compares with the list behind their last message, and names it."""
    workers.prompt = False
    last = workers.last()

    facts = data(joined("edition", "verify", POLICY, "--json"))
    result = joined("edition", "verify", POLICY, "--lang", "en")
    workers.work()
    after = data(joined("edition", "verify", POLICY, "--json"))

    assert facts["ok"]
    assert facts["told"] == last
    assert f"behind #{facts['told']}" in result.stdout
    assert (after["ok"], after["told"], after["open"] > 0) == (True, None, True)


def test_what_the_workers_did_not_say_is_found_on_a_network_too(joined: Run, workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is missing on the topic: the sum of the editions is not the list."""
    workers.work()
    rows = [(at, closes, lines if at != workers.last() else lines.but(int(lines.subject[0]))) for at, closes, lines in workers.rows()]
    monkeypatch.setattr(workers, "rows", lambda: iter(rows))

    result = joined("edition", "verify", POLICY, "--lang", "en")

    assert result.exit_code == 3
    assert "their sum is not the list" in result.stdout
