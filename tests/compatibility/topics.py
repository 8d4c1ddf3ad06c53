"""The records that a version wrote to the topics of a network, and how they are read today.

The messages of the small town (``tests.compatibility.make``) go through the pipeline. Every record of a topic is kept with its key, headers, seal and body.
"""

from __future__ import annotations

import base64
import json
import lzma
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from streams.language.folds import Outgoing
from streams.wire.cloudevents import headers
from streams.wire.seal import Seal
from tests.streams.pipeline import Pipeline

KEY, NETWORK, PARTITIONS = bytes(range(32)), "kept-network", 2
Record = dict[str, Any]
"""topic, partition, key, headers (pairs of texts), body (base64)."""


def records_of(bodies: Sequence[bytes]) -> Iterator[Record]:
    """Every record of every topic when these messages are submitted."""
    inputs = [("client", Outgoing("inputs", 0, f"{number:032x}", "input", body)) for number, body in enumerate(bodies)]
    for producer, message in (*inputs, *stage_messages(bodies)):
        key = message.id.encode()
        head = Seal(KEY, NETWORK).with_seal(message.topic, message.partition, key, headers(message, producer), message.body)
        yield {
            "topic": message.topic, "partition": message.partition, "key": message.id,
            "headers": [[name, value.decode()] for name, value in head], "body": base64.b64encode(message.body).decode(),
        }  # fmt: skip


def stage_messages(bodies: Sequence[bytes]) -> list[tuple[str, Outgoing]]:
    """The messages that today's stages send when these messages are submitted, each with its stage."""
    pipeline, out = Pipeline(PARTITIONS), list[tuple[str, Outgoing]]()
    for body in bodies:
        pipeline.put(body)
    busy = True
    while busy:
        busy = False
        for name, worker in zip(("inputs-0", *(f"orders-{n}" for n in range(PARTITIONS)), "lines-0"), pipeline.workers, strict=True):
            while worker.take():
                busy = True
            while worker.sent_count < len(worker.outbox):
                out.append((name, worker.outbox[worker.sent_count][1]))
                worker.send()
    return out


def write(path: Path, records: Iterator[Record]) -> None:
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def read(path: Path) -> list[Record]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def body(record: Record) -> bytes:
    return base64.b64decode(record["body"])


def proof_problem(record: Record) -> object:
    """Why a record would not be admitted today; None if it would."""
    head = [(name, value.encode()) for name, value in record["headers"]]
    return Seal(KEY, NETWORK).problem(record["topic"], record["partition"], record["key"].encode(), head, body(record))


def readers() -> Mapping[str, Callable[[bytes], Any]]:
    """By topic, the function that reads the body of a record."""
    from streams.network.orders import decode_order, decode_report
    from streams.wire.wire import decode, decode_changes, decode_edition

    return {
        "inputs": decode, "orders": decode_order, "lines": decode_report, "changes": decode_changes, "editions": decode_edition,
        "progress": json.loads,
    }  # fmt: skip
