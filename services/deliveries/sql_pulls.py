"""Rows of a database pulled into a workspace: streamed into a file, which is then taken in.

Called by ``services.deliveries.pulls``. The watermark moves on only after the delivery is complete. A pull that was refused leaves it where
it was, so the next pull has the same rows and those since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.limits import MOST_ROWS
from policies.values import Text
from services.deliveries.pull_notes import PendingPull
from services.deliveries.pull_tasks import PulledFile, PullTask, take_in
from streams.disk.files import remove, replacing

if TYPE_CHECKING:
    from connectors.pickup.forms import SqlForm
    from connectors.pickup.sql import PulledRows
    from connectors.pickup.watermarks import Watermark
    from policies.language.catalogue import Feed
    from services.deliveries.pull_notes import PullState


def pull_rows(task: PullTask, form: SqlForm) -> tuple[list[PulledFile], list[str]]:
    """Pull what is new, or with ``full`` all of it; nothing where no row is new.

    Raises:
        Unreachable, UnusableQuery: as for ``connectors.pickup.sql``.
    """
    from connectors.parsing.steady import Steady
    from connectors.pickup.sql import database, pulled_rows
    from connectors.pickup.watermarks import Watermark
    from connectors.pickup.ways_in import secret_of

    notes, workspace = task.notes, task.workspace
    before = notes.state()
    about = _about(form)
    if before.about != about:  # another query: what it would have given before is not known
        before = replace(before, about=about, kind="", watermark="", digest="")
    after = Watermark(before.kind, before.watermark) if before.kind else None  # type: ignore[arg-type]  # as it was noted
    uri = secret_of(form.uri, workspace.root, workspace.environment)
    state = replace(before, number=before.number + 1, started=task.now.isoformat())
    path = notes.folder / f"{task.feed.name}-{state.number:06d}.jsonl"
    with database(form, uri) as connection:
        rows, last = _spool(path, pulled_rows(connection, form, _columns(task.feed), after, task.feed.key), after)
    digest = Steady(path).digest()
    if not rows or (digest == before.digest and _is_latest(task, before)):
        remove(path)
        notes.note(replace(before, started=state.started))
        return [], []
    if last is not None:
        state = replace(state, kind=last.kind, watermark=last.text)
    id, refusal = f"pull-{state.number:06d}-{digest[-12:]}", replace(before, number=state.number, started=state.started)
    pending = PendingPull(path.name, digest, id, True, replace(state, digest=digest), refusal)
    notes.begin(pending)
    return [take_in(task, pending)], []


def _about(form: SqlForm) -> str:
    """A digest of what is pulled."""
    return blake2b("\0".join((form.driver, form.query, form.watermark or "")).encode(), digest_size=16).hexdigest()


def _columns(feed: Feed) -> list[str]:
    """The columns that the contract reads; no others leave the database."""
    from connectors.identity.tokens import Tokens
    from connectors.intake.intake import DELETED_COLUMN, Reader

    return [*Reader(feed, 0, 1, Tokens(bytes(32)), date.max).columns, DELETED_COLUMN]


def _spool(path: Path, batches: Iterable[PulledRows], after: Watermark | None) -> tuple[int, Watermark | None]:
    """Write the rows as JSON lines; returns their number, and the watermark behind them."""
    from connectors.pickup.sql import UnusableQuery
    from connectors.pickup.watermarks import watermark_of

    rows, last = 0, after
    with replacing(path) as part, part.open("a", encoding="utf-8") as file:
        for batch in batches:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in batch.rows)
            rows += len(batch.rows)
            greatest = next((value for value in reversed(batch.watermarks) if value is not None), None)
            last = last if greatest is None else watermark_of(greatest)
            if rows > MOST_ROWS:
                zh, en = (
                    f"查询结果超过 {MOST_ROWS:,} 行（一批的上限）。",
                    f"The query gives more than {MOST_ROWS:,} rows, the most a delivery may have.",
                )
                raise UnusableQuery(Text(zh, en))
    return rows, last


def _is_latest(task: PullTask, before: PullState) -> bool:
    """Whether nothing else of this source came in since the last pull."""
    with task.workspace.reading() as host:
        return host.state.has_catalogue and host.state.deliveries.last(task.feed.name, task.source) == before.delivery
