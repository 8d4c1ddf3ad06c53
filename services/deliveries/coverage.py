"""Coverage statements: take in a file of them, list the stored ones.

The verb ``feed coverage`` calls this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from policies.values import Text
from services.access.deciding import Target
from services.access.run import enter_source, passes
from services.access.sight import EVERYTHING, Sight
from services.deliveries.clock import Trust, day_of_receipt
from services.deliveries.deferring import deferring_host
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import Notify, announce_holds
from services.results import Hidden
from streams.language.messages import CoverageStated, CoverageWithdrawn

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Catalogue
    from services.deliveries.delivery import ReceivingHost
    from streams.language.messages import CoverageStated, CoverageWithdrawn
    from streams.steps.state import State


MayState: TypeAlias = Callable[[str, str | None, str], None]
"""Raises where somebody may not make a statement of a unit about a division (None: about a list of subjects), of a feed."""


def _anybody(unit: str, division: str | None, feed: str) -> None:
    """The command line without accounts: whoever holds the key may state anything."""


@dataclass(frozen=True, slots=True)
class StatementStanding:
    """A statement, and where it stands: in_effect, pending, rows_differ, voided or withdrawn."""

    statement: str
    standing: str


@dataclass(frozen=True, slots=True)
class WaitingStatement:
    """A statement that waits for its delivery to be complete."""

    statement: str
    delivery: str


@dataclass(frozen=True, slots=True)
class CoverageIntake:
    """A file of statements that was taken in, and the changes of lists that it caused."""

    statements: tuple[StatementStanding, ...]
    changes: Changes
    titles: Titles
    waiting: Annotated[tuple[WaitingStatement, ...], Hidden]


@dataclass(frozen=True, slots=True)
class CoverageStatement:
    """A statement of a unit that it holds every record of its feed up to a day.

    Args:
        division: where the subjects are placed; null where it lists subjects, ``subjects`` of them.
        complete_to: the last day.
        by: who took it in; None where that was not noted yet.
        delivery, rows: it holds once this delivery is complete, with so many rows.
        feed_title, unit_title: of feed and unit.
    """

    statement: str
    feed: str
    unit: str
    division: str | None
    subjects: int
    complete_to: date
    standing: str
    delivery: str | None
    rows: int | None
    received: date | None
    by: str | None
    feed_title: Annotated[Text, Hidden]
    unit_title: Annotated[Text, Hidden]


def coverage_statements(workspace: Workspace, feed: str | None = None, sight: Sight = EVERYTHING) -> list[CoverageStatement]:
    """The statements that are in sight, of all feeds or of one, also those that prove nothing; within a feed and unit the latest first."""
    with workspace.reading() as host:
        catalogue, rows = host.state.catalogue, []
        for entry in host.state.statements.entries.values():
            s = entry.stated
            unit = catalogue.units[catalogue.feeds[s.feed].sources[s.source].unit]
            if feed in (None, s.feed) and sight.area(unit.id, s.division) and passes(_target(s, catalogue)):
                title = catalogue.feeds[s.feed].title
                about = s.division, len(s.subjects), s.complete_to, entry.standing, s.delivery, s.rows, s.received, s.by
                rows.append(CoverageStatement(s.statement, s.feed, unit.id, *about, title, unit.title))
    return sorted(rows, key=lambda row: (row.feed, row.unit, -row.complete_to.toordinal(), row.statement))


def _target(stated: CoverageStated, catalogue: Catalogue) -> Target:
    """A statement as a target: of its unit, and of the area that it is about."""
    source = catalogue.feeds[stated.feed].sources[stated.source]
    return Target(unit=source.unit, feed=stated.feed, scope=stated.division or source.division)


def _enter(state: State, statements: Iterable[CoverageStated | CoverageWithdrawn]) -> None:
    """Passes statements of units for which the run may state coverage; a withdrawal of one that is not there is refused later.

    Raises:
        AccessDenied: the run may not.
    """
    from streams.language.messages import CoverageStated

    for statement in statements:
        entry = None if isinstance(statement, CoverageStated) else state.statements.entries.get(statement.statement)
        stated = statement if isinstance(statement, CoverageStated) else None if entry is None else entry.stated
        if stated is not None:
            enter_source(stated.feed, state.catalogue.feeds[stated.feed].sources[stated.source].unit)


def take_in_coverage(
    workspace: Workspace, path: Path, today: date, trust: Trust | None, notify: Notify, may_state: MayState = _anybody
) -> CoverageIntake:  # fmt: skip
    """Take in a file of coverage statements, all or none.

    Args:
        trust: whether a clock far ahead of the state is right (``services.deliveries.clock``); None where it is.
        may_state: called with unit, division and feed of each statement; raises where somebody may not make it.

    Raises:
        Invalid: with every problem of every line. Conflict: the clock is not right.
        Refused: a statement contradicts what is on record, or the delivery that it names.
    """
    with deferring_host(workspace) as host, announce_holds(host, notify):
        changes, standings = state_coverage(workspace, host, path, day_of_receipt(host, today, trust), may_state)
        entries = host.state.statements.entries
        waiting = (entries[s.statement].stated for s in standings if s.standing == "pending")
        listing = list_changes(changes, host.state.registry)
        return CoverageIntake(
            standings, listing.changes, listing.titles, tuple(WaitingStatement(s.statement, s.delivery or "") for s in waiting)
        )


def state_coverage(
    workspace: Workspace, host: ReceivingHost, path: Path, received: date, may_state: MayState = _anybody
) -> tuple[Changes, tuple[StatementStanding, ...]]:  # fmt: skip
    """Apply a file of coverage statements to a host, all or none: the changes, and where each statement stands now.

    Args:
        received: the day of receipt; no statement reaches beyond it.

    Raises:
        Invalid, Refused: as for ``take_in_coverage``.
    """
    from connectors.intake.coverage import read_statements
    from streams.steps.admission import require_statements

    statements = read_statements(path, host.state.catalogue, workspace.tokens(), received)
    _enter(host.state, statements)
    _check_right(host, statements, may_state)
    require_statements(host.state, statements)  # all at once: a network takes them one by one
    changes = [change for receipt in host.submit_many(list(statements)) for change in receipt.changes]
    entries = host.state.statements.entries
    ids = dict.fromkeys(statement.statement for statement in statements)
    return changes, tuple(StatementStanding(id, entries[id].standing) for id in ids)


def _check_right(host: ReceivingHost, statements: Sequence[CoverageStated | CoverageWithdrawn], may_state: MayState) -> None:
    entries = host.state.statements.entries
    for statement in statements:
        earlier = entries.get(statement.statement)
        about = statement if isinstance(statement, CoverageStated) else None if earlier is None else earlier.stated
        if about is not None:
            may_state(host.state.catalogue.feeds[about.feed].sources[about.source].unit, about.division, about.feed)
