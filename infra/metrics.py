"""What a worker measures, under the names that dashboards and alerts use.

``METRICS`` is the table of all metrics; ``infra.worker`` serves them. Source: Prometheus, "Metric and label naming".
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from streams.network.faust_host import FaustHost
    from streams.network.stages import Stage

MetricKind: TypeAlias = Literal["counter", "gauge", "histogram"]
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)

METRICS: Mapping[str, tuple[MetricKind, tuple[str, ...], str]] = {
    "huimin_ready": ("gauge", (), "1 while partitions are assigned and read"),
    "huimin_offset": ("gauge", ("stage", "partition"), "last message taken"),
    "huimin_lag_messages": ("gauge", ("stage", "partition"), "messages not taken yet"),
    "huimin_messages_total": ("counter", ("stage",), "messages taken"),
    "huimin_batch_seconds": ("histogram", ("stage",), "seconds to apply one message"),
    "huimin_rows_total": ("counter", (), "record rows applied by the sequencer"),
    "huimin_lines_total": ("counter", (), "lines told"),
    "huimin_verdicts_total": ("counter", (), "subjects evaluated"),
    "huimin_quarantined_rows_total": ("counter", ("feed",), "rows that failed their checks"),
    "huimin_refused_total": ("counter", (), "messages that were not admitted"),
    "huimin_unproved_total": ("counter", ("stage",), "messages without the seal of a member, put aside unread"),
    "huimin_replayed_total": ("counter", ("stage",), "messages that came again: decisions known, orders and reports done before"),
    "huimin_early_total": ("counter", ("stage",), "messages out of turn, passed over"),
    "huimin_outbox_messages": ("gauge", ("stage", "partition"), "messages taken whose outputs are not acknowledged"),
    "huimin_snapshot_age_seconds": ("gauge", ("stage", "partition"), "seconds since the newest snapshot, or since the state was opened"),
    "huimin_subjects": ("gauge", ("shard", "kind"), "subjects owned by a shard; shard unplaced: placed nowhere"),
    "huimin_waiting_shards": ("gauge", ("label",), "shards that have not done what people wait for"),
}


class Metrics:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs
        self.registry = CollectorRegistry()
        make = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}
        self._of: dict[str, Any] = {}
        for name, (kind, labels, about) in METRICS.items():
            more = {"buckets": BUCKETS} if kind == "histogram" else {}
            self._of[name] = make[kind](name, about, labels, registry=self.registry, **more)
            if labels == ("stage",):  # from the start: a first increase is one, too
                for stage in ("inputs", "orders", "lines"):
                    self._of[name].labels(stage)

    def observe_message(self, topic: str, stage: Stage, seconds: float, before: Mapping[str, int]) -> None:
        """Counts a message that a stage has taken; ``before``: the counters of its fold until then."""
        self._of["huimin_messages_total"].labels(topic).inc()
        self._of["huimin_batch_seconds"].labels(topic).observe(seconds)
        for name, count in stage.fold.counters().items():
            more = count - before.get(name, 0)
            if more:
                word, _, label = name.partition(":")
                metric = self._of[f"huimin_{word}_total"]
                (metric.labels(label or topic) if METRICS[f"huimin_{word}_total"][1] else metric).inc(more)

    def text(self, host: FaustHost) -> bytes:
        """All metrics as they are now, in the format of Prometheus."""
        from prometheus_client import generate_latest

        self._of["huimin_ready"].set(host.ready and not host.still)
        for name in ("offset", "lag_messages", "outbox_messages", "snapshot_age_seconds", "subjects", "waiting_shards"):
            self._of[f"huimin_{name}"].clear()
        for topic, partition, stage, lag in host.standing():
            place = (topic, str(partition))
            self._of["huimin_offset"].labels(*place).set(stage.offset)
            self._of["huimin_lag_messages"].labels(*place).set(lag)
            self._of["huimin_outbox_messages"].labels(*place).set(stage.outbox)
            self._of["huimin_snapshot_age_seconds"].labels(*place).set(time.time() - stage.saved)
            for (name, *labels), value in stage.fold.gauges().items():
                self._of[f"huimin_{name}"].labels(*labels).set(value)
        return generate_latest(self.registry)
