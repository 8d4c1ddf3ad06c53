"""Correction requests: records and coverage that units are asked to look at, because an agency found something else.

``huimin candidates corrections`` and ``candidates answer-request`` call this. A request is open while what it is about still stands; the
matrix and the statements say so, and nothing stores it. Only the word of a register's unit is stored (``streams.ledgers.outcomes``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError
from policies.values import Text, within
from services.access.deciding import Target
from services.access.run import current_run, passes
from services.access.sight import EVERYTHING, Sight
from services.lists.changes import Changes, Titles, list_changes
from services.lists.cited_coverage import CitedStatement, StatementsInEffect, cited_statement
from services.lists.marks import is_answered_by_record
from services.lists.outcomes import RuleCriterion, rule_criterion, unit_of
from services.lists.reach import newest_policy
from services.lists.row_places import DeliveredRows
from services.lookup import no_policy
from services.results import Internal
from services.state.as_of import core

if TYPE_CHECKING:
    from connectors.parsing.row_place import RowPlace
    from infra.workspace.workspace import Workspace
    from streams.language.messages import CoverageStated
    from streams.ledgers.outcomes import OutcomeEntry, Row
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class CorrectionRequest:
    """A record, or a coverage statement, that a unit is asked to look at, because an agency found something else.

    Args:
        number: of the request, which may be about several records and statements.
        outcome: not_eligible (a criterion was wrong), deceased or moved (the subject's register record is).
        criterion: the wrong one.
        delivery, row: of the record; ``row`` is its number among the data rows of the delivery.
        line, sheet: where the row stands in the unit's file, header and blank lines counted; None where that is not known.
        statement: that said that every record was there.
        in_force: the record is still in force; or nothing has come from the unit behind the statement.
        open: any part of the request still waits for its unit.
        answer: confirmed or refuted, by a register's unit about a subject that is deceased or has moved.
    """

    number: int
    policy: str
    outcome: str
    criterion: str | None
    unit: str
    feed: str
    delivery: int | None
    row: int | None
    statement: CitedStatement | None
    since: date
    in_force: bool
    open: bool
    answer: str | None
    answered: date | None
    line: int | None
    sheet: str | None
    rule: Internal[RuleCriterion | None]
    titles: Internal[tuple[Text, Text, Text]]
    """Of policy, unit and feed."""


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """The word of a register's unit about a request, and what it changed.

    Args:
        new: it was not given before.
    """

    number: int
    answer: str
    new: bool
    changes: Changes
    titles: Titles


def correction_requests(
    workspace: Workspace, policy: str | None = None, unit: str | None = None, only_open: bool = False, sight: Sight = EVERYTHING
) -> list[CorrectionRequest]:
    """What units are asked to look at, by number of the request; of all policies and units, or of one; those in sight.

    Raises:
        HuiminError: the policy was never published; there is no such unit.
    """
    with workspace.reading() as host:
        state = host.state
        if policy is not None and policy not in state.registry.versions:
            raise no_policy(policy, state.registry.versions)
        if unit is not None and unit not in state.catalogue.units:
            raise HuiminError(Text("没有这个单位；用 huimin unit list 查看。", "There is no such unit; see huimin unit list."), 2)
        asked = [finding for finding in state.outcomes if _asks(finding) and policy in (None, finding.policy)]
        in_force, delivered = _rows_in_force(state, asked), DeliveredRows(workspace, state)
        in_order = sorted(asked, key=lambda finding: finding.offset)
        requests = [request for finding in in_order for request in _parts(state, finding, in_force, delivered)]
        requests = [request for request in requests if passes(Target(_agency(state, request.policy), request.unit))]
        return [
            request
            for request in requests
            if unit in (None, request.unit) and (request.open or not only_open) and sight.request(state, request.policy, request.unit)
        ]


def answer_request(workspace: Workspace, number: int, answer: str, by: str) -> AnsweredRequest:
    """Records the word of a register's unit about a report that a subject is deceased or has moved.

    Raises:
        HuiminError: there is no such request, or it is about a criterion and is answered by records alone. Refused: nobody gives it.
    """
    from streams.language.messages import CorrectionAnswered

    with workspace.writing(sphere="decisions") as host:
        finding = host.state.outcomes.request(number)
        if finding is None or not _asks(finding):
            zh = f"没有编号为 {number} 的更正请求；用 huimin candidates corrections 查看。"
            raise HuiminError(Text(zh, f"There is no correction request {number}; see huimin candidates corrections."), 2)
        if not finding.asks_register:
            zh = f"更正请求 {number} 是关于某一条件的，不用答复：由单位交付更正的记录，或再作覆盖声明，请求即告关闭。"
            en = f"Request {number} is about a criterion and needs no answer: a mended record or a later coverage statement closes it."
            raise HuiminError(Text(zh, en), 2)
        _enter_answer(host.state, finding)
        changes = host.submit(CorrectionAnswered(number, answer, by)).changes
        listing = list_changes(changes, host.state.registry)
        is_new = finding.answer is None or finding.answer.answer != answer
    return AnsweredRequest(number, answer, is_new, listing.changes, listing.titles)


def _agency(state: State, name: str) -> str:
    return newest_policy(state, name).agency


def _enter_answer(state: State, finding: OutcomeEntry) -> None:
    """Passes a request that the run may answer: for one of the units that are asked.

    Raises:
        AccessDenied: the run may not.
    """
    if (run := current_run()) is None:
        return
    units = [unit_of(state, row) for row in finding.records]
    mine = next((unit for unit in units if passes(Target(unit=unit))), units[0] if units else None)
    run.require(Target(unit=mine))
    run.note("allowed", newest_policy(state, finding.policy), None, [finding.subject])


def _asks(finding: OutcomeEntry) -> bool:
    """Is any unit asked to look at something because of an outcome?"""
    return finding.asks_register or (finding.criterion is not None and bool(finding.records or finding.statements))


def _parts(state: State, finding: OutcomeEntry, in_force: set[Row], delivered: DeliveredRows) -> Iterator[CorrectionRequest]:
    """What a request is about: each record and each statement."""
    rows, statements = (
        [(row, row in in_force) for row in finding.records],
        [(id, _stands(state, finding, id)) for id, _ in finding.statements],
    )
    if finding.asks_register:
        stands = not finding.is_refuted and not is_answered_by_record(state, finding)
        rows, is_open = [(row, stands) for row in finding.records], stands
    else:
        is_open = any(stands for _, stands in (*rows, *statements))
    for row, stands in rows:
        yield _part(state, finding, unit_of(state, row), row[0], row, delivered.place(*row), None, stands, is_open)
    for id, stands in statements:
        statement = cited_statement(state, id)
        yield _part(state, finding, statement.unit, statement.feed, None, None, statement, stands, is_open)


def _part(
    state: State,
    finding: OutcomeEntry,
    unit: str,
    feed: str,
    row: Row | None,
    at: RowPlace | None,
    statement: CitedStatement | None,
    stands: bool,
    is_open: bool,
) -> CorrectionRequest:
    criterion, answer = finding.criterion, finding.answer
    titles = state.registry.title(finding.policy), state.catalogue.units[unit].title, state.catalogue.feeds[feed].title
    rule = None if criterion is None else rule_criterion(state, finding.policy, criterion)
    return CorrectionRequest(
        finding.offset, finding.policy, finding.outcome, criterion, unit, feed, row and row[2], row and row[3], statement, finding.day,
        stands, is_open, answer and answer.answer, answer and answer.day,
        at and at.line, (at and at.sheet) or None, rule, titles,
    )  # fmt: skip


def _stands(state: State, finding: OutcomeEntry, id: str) -> bool:
    """Does an absence still rest on what its source had said when the outcome was told?

    Not where a record of the source that came since is read, or where a statement of a later day covers the subject.
    """
    stated, last = state.statements.entries[id].stated, dict(finding.statements)[id]
    assert finding.criterion is not None
    if state.matched_policy(finding.policy) is None:
        return not _is_covered_later(state, stated, finding.day)
    unit = state.catalogue.feeds[stated.feed].sources[stated.source].unit
    leaves = core(state).read_criterion(finding.policy, finding.subject, finding.criterion)
    facts = [fact for leaf in leaves for fact in leaf.facts if (fact.feed, fact.unit) == (stated.feed, unit)]
    if any(fact.delivery > last and not fact.quarantined for fact in facts):
        return False
    statements = StatementsInEffect(state)
    lookups = [lookup for leaf in leaves for lookup in leaf.lookups if (lookup.feed, lookup.source) == (stated.feed, stated.source)]
    return not lookups or any(
        lookup.complete_to is None or lookup.complete_to <= finding.day or statements.behind(lookup) == id for lookup in lookups
    )


def _is_covered_later(state: State, stated: CoverageStated, day: date) -> bool:
    """Does a statement of the same source about a later day cover whatever another one covers?"""
    for entry in state.statements.entries.values():
        of = entry.stated
        if of == stated or entry.standing != "in_effect" or (of.feed, of.source) != (stated.feed, stated.source) or of.complete_to <= day:
            continue
        if of.division is None:
            if stated.division is None and set(stated.subjects) <= set(of.subjects):
                return True
        elif stated.division is not None and within(stated.division, of.division):
            return True
    return False


def _rows_in_force(state: State, findings: Sequence[OutcomeEntry]) -> set[Row]:
    """The rows of these outcomes that are still records in force."""
    from matchers.matrix.frames import rows_in_force as rows_in_force

    of_feed: dict[str, set[tuple[int, int, int]]] = {}
    for finding in findings:
        for feed, source, delivery, row in finding.records:
            of_feed.setdefault(feed, set()).add((source, delivery, row))
    return {(feed, *row) for feed, rows in of_feed.items() for row in rows_in_force(core(state).store, feed, rows)}
