"""What the seals of a network cost: records on their way through its three stages, with seals made and checked at every edge, and without.

Client, sequencer, shards and merger run in one process, so only processor time counts. Broker, disk and Faust of a real network would
make the share smaller. The runs with and without seals alternate, and give the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from hashlib import sha256

from benchmarks import world
from benchmarks.measure import Table, median
from connectors.contracts.catalogue import read_catalogue
from policies.yaml.document import digest_of, load
from streams.language.folds import Fold, Outgoing
from streams.language.messages import CatalogueSet, DeliveryStarted, Input, PolicyPublished, Tick
from streams.language.ports import Parts
from streams.ledgers.decisions import with_stamp
from streams.network.merger import Merger
from streams.network.partition import PartitionFold
from streams.network.sequencer import Sequencer
from streams.wire.cloudevents import headers
from streams.wire.seal import Seal
from streams.wire.wire import encode

SHARDS, ROWS = 2, 10_000
NETWORK = Seal(b"k" * 32, "a network that is measured")


def sealing(table: Table, residents: int, times: int = 5) -> None:
    """The share of the processor that seals take where records of a district come in, rows packed as intake packs them."""
    messages = list(_messages(residents))
    _through(messages, None)
    took: dict[bool, list[float]] = {True: [], False: []}
    digests = set[str]()
    for _ in range(times):
        for sealed in (True, False):
            seconds, digest = _through(messages, NETWORK if sealed else None)
            took[sealed].append(seconds)
            digests.add(digest)
    assert len(digests) == 1, "with and without seals the stages say the same"
    more = median(took[True]) / median(took[False]) - 1
    bodies = [encode(message) for message in messages]
    start = time.process_time()
    for body in bodies:
        NETWORK.with_seal("inputs", 0, b"key", [("ce_id", b"1")], body)
    rate = sum(map(len, bodies)) / (time.process_time() - start)
    table.add(
        f"seals of a network, records of {residents:,} residents in batches of {ROWS:,}", f"{more:+.1%} of processor", "≤ 5%", is_met=more <= 0.05,
        against=f"without {1e3 * median(took[False]):,.0f} ms ({1e3 * min(took[False]):,.0f}–{1e3 * max(took[False]):,.0f}), "
        f"with {1e3 * median(took[True]):,.0f} ms ({1e3 * min(took[True]):,.0f}–{1e3 * max(took[True]):,.0f}); one seal {rate / 1e6:,.0f} MB/s",
    )  # fmt: skip


def _messages(residents: int) -> Iterator[Input]:
    library, catalogue, district = world.library(), world.catalogue(), world.make(residents)
    contracts = {name: (library / "feeds" / f"{name}.yaml").read_text("utf-8") for name in world.FEEDS}
    path = library / "policies" / "elderly-uninsured.yaml"
    text = path.read_text("utf-8")
    first: list[Input] = [CatalogueSet((library / "units.yaml").read_text("utf-8"), contracts), Tick(world.DAY)]
    first.append(PolicyPublished("elderly-uninsured", 1, text, digest_of(load(text, path.name).data), "wang", "li"))
    first += [DeliveryStarted(feed, 0, 1, f"{feed}-1") for feed in world.FEEDS]
    yield from (with_stamp(message, -1, str(place)) for place, message in enumerate(first))
    yield from world.deliveries(catalogue, district, ROWS)


def _through(messages: Sequence[Input], seal: Seal | None) -> tuple[float, str]:
    """Processor seconds of all of it, and the digest of what comes out of it in the end."""
    parts, digest = Parts(read_catalogue), sha256()
    folds: dict[tuple[str, int], Fold] = {("inputs", 0): Sequencer(parts, SHARDS), ("lines", 0): Merger(SHARDS)}
    folds |= {("orders", shard): PartitionFold(parts, shard) for shard in range(SHARDS)}
    start = time.process_time()
    for place, message in enumerate(messages):
        waiting = [Outgoing("inputs", 0, str(place), "input", encode(message))]
        while waiting:
            outgoing = waiting.pop(0)
            head = headers(outgoing, "somebody")
            if seal is not None:
                head = seal.with_seal(outgoing.topic, outgoing.partition, outgoing.id.encode(), head, outgoing.body)
                if (outgoing.topic, outgoing.partition) in folds and seal.problem(
                    outgoing.topic, outgoing.partition, outgoing.id.encode(), head, outgoing.body
                ):
                    raise AssertionError("a seal of ours does not match")
            fold = folds.get((outgoing.topic, outgoing.partition))
            if fold is None:
                digest.update(outgoing.id.encode() + outgoing.body)
            else:
                waiting += fold.take(outgoing.body, fold.offset + 1)
    return time.process_time() - start, digest.hexdigest()
