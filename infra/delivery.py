"""One delivered file, or one file of coverage statements, into a workspace; and what was put aside.

The one idea: connectors know how to read a delivery, the host how to apply it; here they meet the workspace's key, vault and quarantine.
A delivery is known by its bytes, or by the unit's own name for it, so the same file twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.problems import Conflict, HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from connectors.delivery import DeliveryReport
    from connectors.flaws import Flaw
    from infra.workspace import Workspace
    from policies.catalogue import Feed
    from streams.host import Host, Receipt
    from streams.messages import CandidateChange, Input
    from streams.state import State


@dataclass(slots=True)
class Delivered:
    """What became of one file. ``broken`` counts cells, the report rows."""

    file: str
    report: DeliveryReport
    changes: list[CandidateChange] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        r = self.report
        return {
            "file": self.file, "feed": r.feed, "unit": r.unit, "id": r.id, "delivery": r.number, "rows": r.rows, "unplaced": r.unplaced,
            "quarantined": r.quarantined, "deleted": r.deleted, "erased": r.erased,
            "repeated": r.already, "resumed_behind": r.resumed_behind, "void": r.void,
            "broken": [{"column": column, "rule": rule, "cells": count} for (column, rule), count in sorted(r.by_rule.items())],
        }  # fmt: skip


class Recording:
    """A host as a delivery sees it, that keeps what came out."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.changes: list[CandidateChange] = []

    @property
    def state(self) -> State:
        return self._host.state

    def submit(self, message: Input) -> Receipt:
        receipt = self._host.submit(message)
        self.changes += receipt.changes
        return receipt

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        for receipt in self._host.submit_each(messages):
            self.changes += receipt.changes
            yield receipt


def source_of(feed: Feed, unit: str | None) -> int:
    """The position of the unit that delivers.

    Raises:
        HuiminError: the feed has several sources and none was named, or the unit is none of them.
    """
    units = [source.unit for source in feed.sources]
    listed = ", ".join(units)
    if unit is None and len(units) > 1:
        zh, en = (
            f"{feed.name} 有多个来源，请用 --source 指明：{listed}",
            f"{feed.name} has several sources, say which with --source: {listed}",
        )
        raise HuiminError(Text(zh, en), 2)
    position = 0 if unit is None else feed.source_position(unit)
    if position is None:
        zh, en = f"{unit} 不是 {feed.name} 的来源。来源：{listed}", f"{unit} is not a source of {feed.name}. Its sources: {listed}"
        raise HuiminError(Text(zh, en), 2)
    return position


def deliver(
    workspace: Workspace,
    host: Host,
    name: str,
    source: int,
    path: Path,
    replaces: bool = False,
    advance: Callable[[int], None] = lambda rows: None,
    called: str | None = None,
) -> Delivered:
    """Take in one file.

    Args:
        name: of the feed.
        replaces: a full replacement.
        advance: told how many more rows were taken in.
        called: the unit's own name for the delivery, which its coverage statements will use.

    Raises:
        UnreadableFile: not what the contract says; what was applied stays, the delivery stays open and proves nothing.
    """
    from connectors import delivery
    from connectors.files import content_hash

    feed = host.state.catalogue.feeds[name]
    id = _named(workspace, name, source, called, content_hash(path) + ("+full" if replaces else ""))
    recording, done = Recording(host), 0

    def moved(rows: int) -> None:
        nonlocal done
        advance(rows - done)
        done = rows

    number, _, completed = host.state.delivery_number(name, source, id)
    with _Quarantine(workspace, feed, source, number, completed) as quarantine:
        report = delivery.deliver(
            recording, feed, source, path, workspace.tokens(), workspace.vault(), mode="replace" if replaces else "upsert", id=id,
            progress=moved, on_flaw=quarantine.write,
        )  # fmt: skip
    return Delivered(path.name, report, recording.changes)


def _named(workspace: Workspace, feed: str, source: int, called: str | None, digest: str) -> str:
    """The id of a delivery. A name a unit gave is remembered with the digest of its bytes, and means nothing else afterwards.

    Raises:
        Conflict: the name was given to another file.
    """
    if called is None:
        return digest
    ledger = workspace.root / "deliveries.jsonl"
    known = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()] if ledger.exists() else []
    before = next((entry["digest"] for entry in known if (entry["feed"], entry["source"], entry["id"]) == (feed, source, called)), None)
    if before not in (None, digest):
        zh, en = (
            f"批次名 {called} 已用于另一个文件，请换一个名。",
            f"The delivery name {called} belongs to another file: give this one another name.",
        )
        raise Conflict(Text(zh, en))
    if before is None:
        with ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"feed": feed, "source": source, "id": called, "digest": digest}) + "\n")
    return called


class _Quarantine:
    """The report of one delivery: a line for each broken cell, written anew when the delivery is read anew."""

    def __init__(self, workspace: Workspace, feed: Feed, source: int, number: int, completed: bool) -> None:
        self._facts = {"feed": feed.name, "unit": feed.sources[source].unit, "delivery": number}
        self._path = workspace.folder("quarantine") / f"{feed.name}.{feed.sources[source].unit}.{number}.jsonl"
        if not completed:
            self._path.unlink(missing_ok=True)
        self._lines: list[str] = []

    def write(self, flaw: Flaw) -> None:
        from connectors.flaws import EXPECTED

        expected = EXPECTED[flaw.rule]
        words = {"expected": {"zh": expected.zh, "en": expected.en}, "found": {"zh": flaw.found.zh, "en": flaw.found.en}}
        line = {**self._facts, "row": flaw.row, "column": flaw.column, "rule": flaw.rule.name.lower(), **words}
        self._lines.append(json.dumps(line, ensure_ascii=False))

    def __enter__(self) -> _Quarantine:  # a private class nobody inherits from
        return self

    def __exit__(self, *error: object) -> None:
        if self._lines:
            self._path.write_text("\n".join(self._lines) + "\n", encoding="utf-8")


def quarantined(workspace: Workspace, feed: str | None) -> Iterator[dict[str, Any]]:
    """Every broken cell, by delivery and row; of one feed where it is given."""
    for path in sorted(workspace.folder("quarantine").glob(f"{feed or '*'}.*.jsonl")):
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file)


def state_coverage(workspace: Workspace, host: Host, path: Path) -> list[CandidateChange]:
    """Take in a file of coverage statements, all or none.

    Raises:
        Invalid: with every problem of every line.
    """
    from connectors.coverage import read_statements

    said = read_statements(path, host.state.catalogue, workspace.tokens())
    return [change for receipt in host.submit_many(list(said)) for change in receipt.changes]
