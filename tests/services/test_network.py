"""What of networks and clusters needs no broker; the rest is tested with one (tests/kafka)."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import BadSetting
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.cluster import cluster_status, start_cluster
from services.network import join_network, matched_streets, placed_shards, refused_messages, write_key


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
