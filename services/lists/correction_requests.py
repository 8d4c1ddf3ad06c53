"""Correction requests: records that units are asked to check, because an agency found a criterion wrong.

``huimin candidates corrections`` calls this. A request is open while any of its records is still in force; the matrix says so, and nothing
stores it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError
from policies.values import Text
from services.lists.outcomes import RuleCriterion, rule_criterion, unit_of
from services.lookup import check_published
from services.results import Internal
from services.state.as_of import core

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.ledgers.outcomes import OutcomeEntry, Row
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class CorrectionRequest:
    """A record that a unit is asked to check, because an agency found a criterion wrong.

    Args:
        number: of the request, which may be about several records.
        in_force: the record is still in force.
        open: any record of the request is still in force.
    """

    number: int
    policy: str
    criterion: str
    unit: str
    feed: str
    delivery: int
    row: int
    since: date
    in_force: bool
    open: bool
    rule: Internal[RuleCriterion]
    titles: Internal[tuple[Text, Text, Text]]
    """Of policy, unit and feed."""


def correction_requests(
    workspace: Workspace, policy: str | None = None, unit: str | None = None, only_open: bool = False
) -> list[CorrectionRequest]:
    """The records that units are asked to check, by number of the request; of all policies and units, or of one.

    Raises:
        HuiminError: the policy was never published; there is no such unit.
    """
    with workspace.reading() as host:
        state = host.state
        if policy is not None:
            check_published(state, policy)
        if unit is not None and unit not in state.catalogue.units:
            raise HuiminError(Text("没有这个单位；用 huimin unit list 查看。", "There is no such unit; see huimin unit list."), 2)
        asked = [
            finding for finding in state.outcomes if finding.criterion is not None and finding.records and policy in (None, finding.policy)
        ]
        in_force = _rows_in_force(state, asked)
        requests = []
        for finding in sorted(asked, key=lambda finding: finding.offset):
            is_open = any(row in in_force for row in finding.records)
            if is_open or not only_open:
                requests += [_request(state, finding, row, row in in_force, is_open) for row in finding.records]
        return [request for request in requests if unit in (None, request.unit)]


def _request(state: State, finding: OutcomeEntry, row: Row, in_force: bool, is_open: bool) -> CorrectionRequest:
    feed, _, delivery, position = row
    unit, criterion = unit_of(state, row), finding.criterion or ""
    titles = state.registry.title(finding.policy), state.catalogue.units[unit].title, state.catalogue.feeds[feed].title
    return CorrectionRequest(
        finding.offset, finding.policy, criterion, unit, feed, delivery, position, finding.day, in_force, is_open,
        rule_criterion(state, finding.policy, criterion), titles,
    )  # fmt: skip


def _rows_in_force(state: State, findings: Sequence[OutcomeEntry]) -> set[Row]:
    """The rows of these outcomes that are still records in force."""
    from matchers.matrix.frames import rows_in_force as rows_in_force

    of_feed: dict[str, set[tuple[int, int, int]]] = {}
    for finding in findings:
        for feed, source, delivery, row in finding.records:
            of_feed.setdefault(feed, set()).add((source, delivery, row))
    return {(feed, *row) for feed, rows in of_feed.items() for row in rows_in_force(core(state).store, feed, rows)}
