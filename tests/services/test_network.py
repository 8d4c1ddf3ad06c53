"""What of networks and clusters needs no broker; the rest is tested with one (tests/kafka)."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import BadSetting
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.cluster import cluster_status, start_cluster
from services.network import MatchedStreets, join_network, matched_streets, placed_shards, refused_messages, write_key
from streams.network.merger import MessageProgress
from streams.network.network_host import NetworkHost


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """For its owner only, never over another."""
    key = write_key(tmp_path / "network.key")

    assert Path(key.file).stat().st_mode & 0o777 == 0o600
    with pytest.raises(HuiminError):
        write_key(tmp_path / "network.key")


def test_nothing_is_waited_for_on_no_network(example: Workspace) -> None:
    """A workspace of its own has matched when it has submitted."""
    with example.reading() as host:
        assert matched_streets(host, "dibao@1", 1) is None


class ReportingNetwork(NetworkHost):
    """A network that is asked for its progress, and gives these answers, one each time; asked once more it fails."""

    def __init__(self, *answers: MessageProgress | None) -> None:
        self.answers = iter(answers)

    def progress(self, label: str, offset: int) -> MessageProgress | None:
        return next(self.answers)


@pytest.mark.parametrize("of", [0, 3])
def test_the_last_street_ends_the_wait(of: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network without residents has no streets, and so nothing to wait for once it has answered."""
    monkeypatch.setattr("services.network.MATCHING_EVERY", 0.0)
    under_way = [MessageProgress(7, count, of) for count in range(of)]

    streets = matched_streets(ReportingNetwork(None, *under_way, MessageProgress(7, of, of)), "dibao@1", 7)

    assert streets is not None
    assert (streets.done_count, streets.of, streets.complete) == (of, of, True)


def test_a_wait_that_is_given_up_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither before the first report nor with some streets left."""
    monkeypatch.setattr("services.network.MATCHING_SECONDS", 0.0)

    streets = matched_streets(ReportingNetwork(), "dibao@1", 7)

    assert streets is not None and not streets.complete
    assert not MatchedStreets(1, 3).complete


def test_without_a_broker_each_says_so(example: Workspace, tmp_path: Path) -> None:
    """The setting is missing, or there is no cluster in the folder; two brokers are not offered."""
    for asked in (
        lambda: join_network(example, {}, "huimin."),
        lambda: placed_shards({}, "huimin."),
        lambda: refused_messages({}, "huimin.", 5),
    ):
        with pytest.raises(HuiminError, match="KAFKA_BOOTSTRAP"):
            asked()
    with pytest.raises(HuiminError):
        cluster_status({}, tmp_path)
    with pytest.raises(BadSetting):
        start_cluster({}, tmp_path, 2, 1)
    assert example.network is None
