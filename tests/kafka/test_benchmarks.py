"""The benchmark of a network runs to its end at a small size: its answers are checked as at the full one."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measure import Table
from benchmarks.network import Size, measure_all
from benchmarks.network_beside import Beside
from benchmarks.network_processes import Kafka
from infra.kafka.cluster import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka-faults")]

SMALL = Size(3_000, (2, 20), (2,), (5, 20), groups=2, group=8, rate=2_000, seconds=2.0, beside=Beside(2_000, 10_000, 2.0))


def test_network(cluster: Cluster, tmp_path: Path) -> None:
    """Every figure: pace, bytes, delays, the curve, and the plain agent beside it; people are listed, and some of them held back."""
    table = Table()

    measure_all(table, Kafka(tmp_path, cluster, cluster.connection()), SMALL)

    words = [figure.what for figure in table.figures]
    assert [word.startswith("Kafka") for word in words] == [True] * 6 + [False] * 2
    against = table.figures[0].against
    assert "20 policies" in against
    assert "every one held back" in against, "this run is to have somebody who is held back"
