"""The standing statement of a unit whose feed is pulled: what the query gives is everything it holds.

Called by ``services.deliveries.pulls``, where ``ways_in.yaml`` says ``complete: true``. After a pull that came to its end the coverage of
its source is stated up to the day before, for the day itself is not over. After a refused pull, or a delivery with too many rows of
nobody, nothing is stated; nor before the first delivery, when an empty result would prove that nobody has a record.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.deliveries.clock import day_of_receipt
from services.deliveries.deferring import deferring_host
from services.deliveries.pull_tasks import PullTask
from services.lists.holds import announce_holds

if TYPE_CHECKING:
    from streams.steps.state import State


def state_complete(task: PullTask) -> date | None:
    """States the coverage of a source that was pulled; the last day, or None where nothing is to be stated."""
    from streams.language.messages import CoverageStated
    from streams.steps.admission import require_statements

    complete_to = task.now.date() - timedelta(days=1)
    with task.workspace.reading() as host:
        if not _may_state(task, host.state, complete_to):
            return None
    name, division = f"pull-{task.feed.name}-{task.unit}-{complete_to}", task.feed.sources[task.source].division
    with deferring_host(task.workspace) as writer, announce_holds(writer, task.notify):
        received = day_of_receipt(writer, task.today, task.trust)
        statement = CoverageStated(name, task.feed.name, task.source, division, (), complete_to, None, None, received)
        require_statements(writer.state, [statement])
        task.changes.extend(writer.submit(statement).changes)
    return complete_to


def _may_state(task: PullTask, state: State, complete_to: date) -> bool:
    """Whether the last delivery of the pulls is sound, and no statement of the source reaches so far."""
    if not state.has_catalogue:
        return False
    delivery = state.deliveries.by_number(task.feed.name, task.source, task.notes.state().delivery)
    statements = (s for s in state.statements.in_effect() if (s.feed, s.source, s.subjects) == (task.feed.name, task.source, ()))
    return delivery is not None and delivery.sound and all(s.complete_to < complete_to for s in statements)
