"""A feed pulled from where its records are: a database, or a server of files.

The verb ``feed pull`` calls this, and whatever pulls by itself (``due_pulls``). What is pulled is a file for a moment, which is taken in as
one that a unit delivers: with number, quarantine and receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from services.deliveries.clock import Trust
from services.deliveries.delivery import source_of
from services.deliveries.pull_coverage import state_complete
from services.deliveries.pull_notes import PullNotes
from services.deliveries.pull_tasks import PulledFile, PullTask, finish_pending
from services.deliveries.sftp_pulls import pull_files
from services.deliveries.sql_pulls import pull_rows
from services.deliveries.ways_in import pull_of, ways_in
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import Notify
from services.lookup import feed_named
from streams.disk.files import make_folder

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FeedPull:
    """One pull of a feed, and the changes of lists that it caused.

    Args:
        files: none where nothing is new.
        complete_to: up to which day the source's coverage was stated with this pull; null where it was not.
        waiting: files of a server that are not finished yet.
    """

    feed: str
    unit: str
    files: tuple[PulledFile, ...]
    waiting: tuple[str, ...]
    complete_to: date | None
    changes: Changes
    titles: Titles


def pull(workspace: Workspace, name: str, today: date, now: datetime, *, trust: Trust | None, notify: Notify) -> FeedPull:
    """Pull a feed once: first what a stopped pull left, then what is new.

    Args:
        name: of the feed.
        now: the moment, with its zone; noted for the schedule.
        trust: whether a clock far ahead of the state is right (``services.deliveries.clock``); None where it is.

    Raises:
        HuiminError: ``ways_in.yaml`` does not say how, or a secret is not there. Unreachable: the database or server.
        UnusableQuery: the database refuses the query.
    """
    from connectors.pickup.forms import SqlForm
    from infra.workspace.contracts import deliverable

    way_in = pull_of(workspace, name)
    feed = feed_named(deliverable(workspace, name), name)
    task = PullTask(workspace, way_in, feed, source_of(feed, way_in.source), today, now, trust, notify, [])
    with workspace.reading():
        pass  # a state that cannot be opened is an error before anything is fetched
    make_folder(workspace.folder("pulls"))
    with task.notes.alone():
        before = finish_pending(task)
        files, waiting = pull_rows(task, way_in.place) if isinstance(way_in.place, SqlForm) else pull_files(task, way_in.place)
        all_files = (*before, *files)
        is_complete = way_in.complete and not any(file.outcome == "refused" for file in all_files)
        complete_to = state_complete(task) if is_complete else None
    with workspace.reading() as host:
        listing = list_changes(task.changes, host.state.registry)
    return FeedPull(feed.name, task.unit, all_files, tuple(waiting), complete_to, listing.changes, listing.titles)


def due_pulls(workspace: Workspace, now: datetime) -> list[str]:
    """The feeds that are due to be pulled by their schedules, in the order of the document."""
    from connectors.pickup.schedule import is_due

    due = []
    for name, way_in in ways_in(workspace).pulls.items():
        started = PullNotes(workspace, name).state().started
        if is_due(way_in.schedule, datetime.fromisoformat(started) if started else None, now):
            due.append(name)
    return due
