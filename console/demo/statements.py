"""The coverage statements of the demonstration: written into files as units send them, and taken in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from streams.disk.files import write_whole

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.language.messages import CandidateChange


def deliver_statements(
    workspace: Workspace, host: Host, folder: Path, feed: str, unit: str, places: Iterable[str], complete_to: date
) -> list[CandidateChange]:
    """Write one unit's statements about one feed, one for each place, into a file, and take it in; returns the changes of lists."""
    from services.deliveries.coverage import state_coverage

    path = folder / f"coverage-{feed}-{unit}-{complete_to}-{len(host.state.statements.entries)}.jsonl"
    lines = [
        {
            "format": 1,
            "statement": f"{feed}-{unit}-{place}-{complete_to}",
            "feed": feed,
            "unit": unit,
            "division": place,
            "complete_to": complete_to.isoformat(),
        }
        for place in places
    ]
    write_whole(path, "".join(json.dumps(line) + "\n" for line in lines))
    return list(state_coverage(workspace, host, path, host.state.day)[0])
