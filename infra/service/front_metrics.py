"""What the front of a service measures, under the names that dashboards and alerts use.

Source: Prometheus, "Metric and label naming".
"""

from __future__ import annotations

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

STANDING = (
    ("huimin_offset", "last message of the log"), ("huimin_days_behind", "days that the clock is ahead of the state"),
    ("huimin_late_feeds", "sources whose delivery or coverage is overdue"), ("huimin_undecided_holds", "holds that wait for two people"),
)  # fmt: skip


class FrontMetrics:
    """The metrics of one service, in a registry of their own. No label holds anything of a request but the name of its route."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "huimin_request_seconds", "seconds to answer a request", ("route",), registry=self.registry, buckets=BUCKETS
        )
        self._answers = Counter("huimin_answers_total", "answers by route and status", ("route", "status"), registry=self.registry)

        self._gauges = [Gauge(name, about, registry=self.registry) for name, about in STANDING]

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Counts an answer."""
        self._seconds.labels(route).observe(seconds)
        self._answers.labels(route, str(status)).inc()

    def observe_standing(self, offset: int, days_behind: int, late_feeds: int, undecided_holds: int) -> None:
        """Notes how the workspace stands."""
        for gauge, value in zip(self._gauges, (offset, days_behind, late_feeds, undecided_holds), strict=True):
            gauge.set(value)

    def text(self) -> str:
        """The metrics as Prometheus reads them."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry).decode()
