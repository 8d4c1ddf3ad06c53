"""What the steps of the demonstration share: what they hand on, files taken in, and how changes are shown."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.changes import COLUMNS, counted
from console.session import Session
from console.words import number
from policies.values import Text

if TYPE_CHECKING:
    from console.demo.deliveries import File
    from infra.workspace import Workspace
    from streams.host import Host
    from streams.messages import CandidateChange

LATE_STREET = "310107103"
"""Taopu: the insurance centre declares it complete only on the second day."""
DAYS = 30
RESTATED_EVERY = 5


@dataclass(slots=True)
class Tour:
    """What the steps hand on, and what ``--json`` prints at the end."""

    session: Session
    workspace: Workspace
    files: Path
    residents: int
    seed: int
    today: date
    started: float = field(default_factory=time.perf_counter)
    facts: dict[str, Any] = field(default_factory=dict)
    frames: dict[str, Any] = field(default_factory=dict)
    statements: int = 0

    def step(self, position: int, text: Text) -> None:
        """A heading with the time so far."""
        seconds = time.perf_counter() - self.started
        console = self.session.console(stderr=self.session.json)
        console.print()
        console.rule(f"{position} · {text[self.session.language]}  [dim]{seconds:.1f} s[/dim]", align="left", style="cyan")

    @property
    def formats(self) -> dict[str, str]:
        """How each feed's contract wants its files."""
        feeds = self.workspace.catalogue().feeds.values()
        return {feed.name: "xlsx" if feed.format == "xlsx" else feed.encoding for feed in feeds}


def ingest(tour: Tour, host: Host, files: list[File], position: int, title: Text) -> list[CandidateChange]:
    """Files through the real connectors, with what was put aside."""
    from infra.delivery import deliver

    tour.step(position, title)
    begun = time.perf_counter()
    rows: list[list[str]] = []
    changes: list[CandidateChange] = []
    total = sum(f.rows for f in files)
    with tour.session.progress(title, total) as advance:
        for file in files:
            source = host.state.catalogue.feeds[file.feed].source_position(file.unit) or 0
            done = deliver(tour.workspace, host, file.feed, source, file.path, advance=advance)
            changes += done.changes
            report = done.report
            counts = [number(count) if count else "" for count in (report.rows, report.quarantined, report.unplaced)]
            rows.append([file.path.name, *counts])
    seconds = max(time.perf_counter() - begun, 1e-9)
    columns = [Text("文件", "file"), Text("行数", "rows"), Text("隔离", "quarantined"), Text("认不出是谁", "nobody named")]
    tour.session.table(None, columns, rows, right=(1, 2, 3))
    rate = number(round(total / seconds))
    tour.session.say(
        Text(f"{number(total)} 行，{seconds:.1f} 秒（每秒 {rate} 行）", f"{number(total)} rows in {seconds:.1f} s ({rate} a second)")
    )
    tour.facts[f"rows_{position}"] = total
    return changes


def show_changes(tour: Tour, host: Host, changes: list[CandidateChange]) -> None:
    """Changes, counted."""
    if changes:
        tour.session.table(None, COLUMNS, counted(changes, host.state.registry, tour.session.language), right=(5,))
    else:
        tour.session.say(Text("名单没有变动。", "No list changed."))
