"""What the chain of the log costs: the same durable changes with it and without it, in turn.

Without it every row gets the same link and the seal is not written, so nothing is hashed; the rest is the same transaction. Both give the
same lines before a time is written down. ``benchmarks.run`` calls it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

from benchmarks import world
from benchmarks.measure import Table, median, spread
from connectors.contracts.catalogue import read_catalogue
from matchers.kernel.batch import RecordBatch
from policies.yaml.document import digest_of, load
from streams.embedded.host import EmbeddedHost
from streams.language.messages import CatalogueSet, DeliveryStarted, PolicyPublished, Tick
from streams.language.ports import Parts
from streams.store import log_chain

KEY = bytes(range(32))
ALLOWED = 0.05
"""Of the time of the changes, at most."""


@contextmanager
def without_chain() -> Iterator[None]:
    with (
        patch.object(log_chain, "link", lambda *arguments: log_chain.START),
        patch.object(log_chain, "write_seal", lambda *arguments: None),
    ):
        yield


def chaining(table: Table, folder: Path, residents: int, turns: int = 15) -> None:
    """Measure batches of 10,000 changes, as intake makes them, and of 100, where the chain weighs more on each change."""
    district = world.make(residents)
    for size in (10_000, 100):
        hosts = {name: _open_host(folder / f"{name}-{size}") for name in ("chained", "unchained")}
        times: dict[str, list[float]] = {name: [] for name in hosts}
        busy: dict[str, list[float]] = {name: [] for name in hosts}
        for turn in range(turns):
            batches = [world.changes(hosts["chained"].state.catalogue, district, size, 2 + turn * 8 + n, turn * 8 + n) for n in range(8)]
            lines = {}
            for name, host in sorted(hosts.items(), reverse=bool(turn % 2)):
                with nullcontext() if name == "chained" else without_chain():
                    lines[name] = _time_batches(host, batches, times[name], busy[name])
            assert lines["chained"] == lines["unchained"], "the same lines come out"
        cost = median(busy["chained"]) / median(busy["unchained"]) - 1
        table.add(
            f"the chain of the log, durable changes in batches of {size:,}, of the processor's time",
            f"{100 * cost:+.1f} %", f"≤ {100 * ALLOWED:.0f} %", is_met=cost <= ALLOWED,
            against=f"8 batches with it {spread(times['chained'])}, without it {spread(times['unchained'])}",
        )  # fmt: skip
        for host in hosts.values():
            host._log.close()  # the one without a chain would not pass
            host._release()


def _open_host(folder: Path) -> EmbeddedHost:
    library, name = world.library(), "elderly-uninsured"
    host = EmbeddedHost.open(folder, Parts(read_catalogue), create=True, key=KEY)
    contracts = {feed: (library / "feeds" / f"{feed}.yaml").read_text("utf-8") for feed in world.FEEDS}
    text = (library / "policies" / f"{name}.yaml").read_text("utf-8")
    host.submit(CatalogueSet((library / "units.yaml").read_text("utf-8"), contracts))
    host.submit(Tick(world.DAY))
    host.submit(PolicyPublished(name, 1, text, digest_of(load(text, f"{name}.yaml").data), "wang", "li"))
    return host


def _time_batches(host: EmbeddedHost, batches: list[RecordBatch], times: list[float], busy: list[float]) -> int:
    for batch in batches:
        host.submit(DeliveryStarted(batch.feed, batch.source, batch.delivery, f"{batch.delivery}"))
    start, busy_start = time.perf_counter(), time.process_time()
    lines = sum(len(receipt.changes) for receipt in host.submit_each(batches))
    times.append(time.perf_counter() - start)
    busy.append(time.process_time() - busy_start)
    return lines
