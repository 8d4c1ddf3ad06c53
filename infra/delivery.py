"""One delivered file, from its bytes to the state: numbered, read, identities put away, rows applied, completed.

The one idea: a delivery is known by the digest of its bytes, so the same file twice changes nothing and an interrupted one goes on
behind the last row that was applied. Identities are stored before the rows they belong to: a list must never name nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.problems import Conflict, HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from connectors.flaws import Flaw
    from infra.workspace import Workspace
    from policies.catalogue import Feed
    from streams.host import Host
    from streams.messages import CandidateChange, Input

TOGETHER = 4
"""Batches committed in one transaction: one flush to disk for 40,000 rows."""


@dataclass(slots=True)
class Delivered:
    """What became of one file."""

    file: str
    feed: str
    id: str
    number: int
    rows: int = 0
    unplaced: int = 0
    quarantined: int = 0
    repeated: bool = False
    resumed_at: int = 0
    changes: list[CandidateChange] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        return {
            "file": self.file, "feed": self.feed, "id": self.id, "delivery": self.number, "rows": self.rows, "unplaced": self.unplaced,
            "quarantined": self.quarantined, "repeated": self.repeated, "resumed_at": self.resumed_at,
        }  # fmt: skip


def source_of(feed: Feed, unit: str | None) -> int:
    """The position of the unit that delivers.

    Raises:
        HuiminError: the feed has several sources and none was named, or the unit is none of them.
    """
    units = [source.unit for source in feed.sources]
    listed = ", ".join(units)
    if unit is None and len(units) > 1:
        raise HuiminError(Text(f"{feed.name} 有多个来源，请用 --source 指明：{listed}", f"{feed.name} has several sources, say which with --source: {listed}"), 2)
    position = 0 if unit is None else feed.source_position(unit)
    if position is None:
        raise HuiminError(Text(f"{unit} 不是 {feed.name} 的来源。来源：{listed}", f"{unit} is not a source of {feed.name}. Its sources: {listed}"), 2)
    return position


def digest_of(path: Path) -> str:
    """The name of a delivery: the digest of its bytes.

    Example:
        >>> digest_of(Path("/dev/null"))
        'sha256:e3b0c44298fc1c14'
    """
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()[:16]


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
        called: the unit's own name for the delivery, which its coverage statements will use.
        advance: told how many rows were taken in.

    Raises:
        UnreadableFile: not what the contract says; rows before the fault are applied, the delivery stays open and covers nothing.
    """
    from streams.messages import DeliveryCompleted, DeliveryStarted

    feed = host.state.catalogue.feeds[name]
    id = _named(workspace, name, source, called, digest_of(path) + ("+full" if replaces else ""))
    number, mark, completed = host.state.delivery_number(name, source, id)
    done = Delivered(path.name, name, id, number, repeated=completed, resumed_at=0 if completed else mark)
    if completed:
        known = host.state.deliveries.named(name, source, id)
        done.rows, done.unplaced = (known.rows, known.unplaced) if known else (0, 0)
        return done
    host.submit(DeliveryStarted(name, source, number, id))
    _take_rows(workspace, host, feed, source, path, mark, done, advance)
    done.changes += host.submit(DeliveryCompleted(name, source, number, id, done.rows, done.unplaced, replaces)).changes
    return done


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
        raise Conflict(Text(f"批次名 {called} 已用于另一个文件，请换一个名。", f"The delivery name {called} belongs to another file: give this one another name."))
    if before is None:
        with ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"feed": feed, "source": source, "id": called, "digest": digest}) + "\n")
    return called


def _take_rows(workspace: Workspace, host: Host, feed: Feed, source: int, path: Path, mark: int, done: Delivered, advance: Callable[[int], None]) -> None:
    from connectors.intake import read

    waiting: list[Input] = []
    bad_rows: set[int] = set()
    with _segment(workspace, feed, source, done.number) as segment, _Quarantine(workspace, feed, source, done.number) as quarantine:
        for parcel in read(feed, source, done.number, path, workspace.tokens()):
            done.rows += parcel.rows
            done.unplaced += parcel.unplaced
            quarantine.write(parcel.flaws)
            bad_rows.update(flaw.row for flaw in parcel.flaws)
            if parcel.last > mark:
                segment.add(parcel.identities)
                waiting.append(parcel.batch)
            if len(waiting) == TOGETHER:
                done.changes += _submitted(host, segment, waiting)
            advance(parcel.rows)
        done.changes += _submitted(host, segment, waiting)
    done.quarantined = len(bad_rows)


def _submitted(host: Host, segment: Any, waiting: list[Input]) -> list[CandidateChange]:
    """Put identities away, then apply the rows; empties ``waiting``."""
    segment.flush()
    changes = [change for receipt in (host.submit_many(waiting) if waiting else ()) for change in receipt.changes]
    waiting.clear()
    return changes


class _Quarantine:
    """The report of one delivery: a line for each broken cell, written anew when the delivery is read anew."""

    def __init__(self, workspace: Workspace, feed: Feed, source: int, number: int) -> None:
        self._path = workspace.folder("quarantine") / f"{feed.name}.{feed.sources[source].unit}.{number}.jsonl"
        self._facts = {"feed": feed.name, "unit": feed.sources[source].unit, "delivery": number}
        self._written = False

    def __enter__(self) -> _Quarantine:
        self._path.unlink(missing_ok=True)
        return self

    def write(self, flaws: tuple[Flaw, ...]) -> None:
        from connectors.flaws import EXPECTED

        if not flaws:
            return
        with self._path.open("a", encoding="utf-8") as file:
            for flaw in flaws:
                expected = EXPECTED[flaw.rule]
                line = {
                    **self._facts, "row": flaw.row, "column": flaw.column, "rule": flaw.rule.name.lower(),
                    "expected": {"zh": expected.zh, "en": expected.en}, "found": {"zh": flaw.found.zh, "en": flaw.found.en},
                }  # fmt: skip
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def __exit__(self, *error: object) -> None:
        pass


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
    from connectors.coverage import statements

    said = statements(path, host.state.catalogue, workspace.tokens())
    return [change for receipt in host.submit_many(list(said)) for change in receipt.changes]
