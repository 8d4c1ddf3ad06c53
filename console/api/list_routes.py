"""Routes about lists: candidates, why they are there, outcomes, follow-ups, editions, holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from console.api.cursors import after_of, cursor_of
from console.api.parameters import Body, Cursor, Day, KnownAt, Limit, Name, Subject, Words, known_moment, token
from console.api.request_context import RequestContext
from console.api.route import Route
from console.text.explanations import ExplanationInWords, explanation_in_words
from console.text.hold_advice import HoldInWords, hold_in_words
from console.text.outcomes import CorrectionInWords, correction_in_words
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.actions import Action
from services.lists.candidates import ListedCandidate, answer_check, candidate_list
from services.lists.changes import ListChanges
from services.lists.correction_requests import AnsweredRequest, answer_request, correction_requests
from services.lists.editions import CutEdition, EditionDetails, EditionList, cut_edition, edition_details, editions
from services.lists.explanations import ErasedSubject, explain_subject
from services.lists.filters import ListFilter
from services.lists.follow_ups import (
    CandidateHistory,
    HistoryEvent,
    candidate_history,
    record_assignment,
    record_call_again,
    record_note,
)
from services.lists.hold_decisions import hold_details
from services.lists.holds import HoldList, holds
from services.lists.outcome_reports import ReportedOutcome, parse_outcome, report_outcome
from services.lists.outcomes import OutcomeTally, outcome_tallies


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """A page of a list.

    Args:
        day: of the list.
        total: of the candidates that the filter wants, on all pages.
        counts: of them, by status.
        next: the cursor of the next page; null on the last.
    """

    policy: str
    version: int
    day: date
    total: int
    counts: dict[str, int]
    candidates: tuple[ListedCandidate, ...]
    next: str | None


class Outcome(Body):
    """What an agency found out about a candidate."""

    outcome: Annotated[str, Field(min_length=1, max_length=40)]
    on: date | None = None
    criterion: Annotated[str | None, Field(max_length=200)] = None


class CheckAnswer(Body):
    """The answer to a check."""

    check: Annotated[str, Field(min_length=1, max_length=100)]
    answer: bool


class Note(Body):
    """A note about a candidate."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]


class CallAgain(Body):
    """The day on which to call again; null: not any more."""

    day: date | None


class Assignment(Body):
    """To whom a candidate is assigned; null: to nobody any more."""

    name: Annotated[str | None, Field(max_length=100)]


class RequestAnswer(Body):
    """The word of a register's unit about a correction request."""

    answer: Literal["confirmed", "refuted"]


def candidates(
    context: RequestContext, policy: Name, street: Words = None, status: Words = None, outcome: Words = None, assigned: Words = None,
    new_since: Annotated[str | None, Field(max_length=20)] = None, every: bool = False, day: Day = None, known_at: KnownAt = None,
    limit: Limit = 100, cursor: Cursor = None,
) -> CandidatePage:  # fmt: skip
    wanted = ListFilter(tuple(street or ()), tuple(status or ()), tuple(outcome or ()), tuple(assigned or ()), new_since)
    facts = (policy, wanted, every, day, known_at)
    after = after_of(context, cursor, facts)
    listing = candidate_list(context.workspace, policy, every, wanted, limit, day, known_moment(known_at), after=after, sight=context.sight)
    counts = {status or "unknown": count for status, count in listing.counts.items()}
    rows = listing.candidates
    following = cursor_of(context, facts, rows[-1].subject) if listing.more else None
    return CandidatePage(policy, listing.policy.version, listing.day, listing.total, counts, rows, following)


def candidate(
    context: RequestContext, policy: Name, subject: Subject, day: Day = None, known_at: KnownAt = None
) -> ExplanationInWords | ErasedSubject:
    explained = explain_subject(context.workspace, policy, token(subject), day, known_moment(known_at))
    return explained if isinstance(explained, ErasedSubject) else explanation_in_words(explained)


def history(context: RequestContext, policy: Name, subject: Subject) -> CandidateHistory:
    return candidate_history(context.workspace, policy, token(subject))


def outcome(context: RequestContext, policy: Name, subject: Subject, body: Outcome) -> ReportedOutcome:
    return report_outcome(context.workspace, policy, token(subject), parse_outcome(body.outcome), context.account, body.on, body.criterion)


def answer(context: RequestContext, policy: Name, subject: Subject, body: CheckAnswer) -> ListChanges:
    return answer_check(context.workspace, policy, token(subject), body.check, body.answer, context.account, context.notify)


def note(context: RequestContext, policy: Name, subject: Subject, body: Note) -> HistoryEvent:
    return record_note(context.workspace, policy, token(subject), body.text, context.account)


def call_again(context: RequestContext, policy: Name, subject: Subject, body: CallAgain) -> HistoryEvent:
    return record_call_again(context.workspace, policy, token(subject), body.day, context.account)


def assignment(context: RequestContext, policy: Name, subject: Subject, body: Assignment) -> HistoryEvent:
    return record_assignment(context.workspace, policy, token(subject), body.name, context.account)


def tallies(context: RequestContext, policy: Name) -> list[OutcomeTally]:
    return outcome_tallies(context.workspace, policy)


def edition_list(context: RequestContext, policy: Name) -> EditionList:
    return editions(context.workspace, policy)


def edition(context: RequestContext, policy: Name, number: int) -> EditionDetails:
    return edition_details(context.workspace, policy, number)


def cut(context: RequestContext, policy: Name) -> CutEdition:
    return cut_edition(context.workspace, policy)


def hold_list(context: RequestContext, every: bool = False) -> HoldList:
    return holds(context.workspace, every, context.sight)


def hold(context: RequestContext, hold: Annotated[str, Field(max_length=100)]) -> HoldInWords:
    return hold_in_words(hold_details(context.workspace, hold, context.sight))


def requests(
    context: RequestContext, policy: str | None = None, unit: str | None = None, only_open: bool = False
) -> list[CorrectionInWords]:
    return [correction_in_words(request) for request in correction_requests(context.workspace, policy, unit, only_open, context.sight)]


def request_answer(context: RequestContext, number: int, body: RequestAnswer) -> AnsweredRequest:
    if all(request.number != number for request in correction_requests(context.workspace, sight=context.sight)):
        raise HuiminError(Text("没有这个更正请求。", "There is no such correction request."), 2)
    return answer_request(context.workspace, number, body.answer, context.account)


_POLICY, _CANDIDATE = "/policies/{policy}", "/policies/{policy}/candidates/{subject}"
ROUTES = (
    Route("lists.candidates", "GET", f"{_POLICY}/candidates", Action.READ_LIST, candidates, Text("一份政策的名单", "The list of a policy"), "policy", long=False),
    Route("lists.candidate", "GET", _CANDIDATE, Action.EXPLAIN, candidate, Text("判定的理由", "The reasons of a verdict"), "candidate", long=False),
    Route("lists.history", "GET", f"{_CANDIDATE}/history", Action.READ_HISTORY, history, Text("一个对象的经过", "The history of a candidate"), "candidate", long=False),
    Route("lists.outcome", "POST", f"{_CANDIDATE}/outcomes", Action.REPORT_OUTCOME, outcome, Text("报反馈", "Report an outcome"), "candidate", long=False, status=201),
    Route("lists.answer", "POST", f"{_CANDIDATE}/answers", Action.RECORD_ANSWER, answer, Text("记核实结果", "Answer a check"), "candidate", long=False, status=201),
    Route("lists.note", "POST", f"{_CANDIDATE}/notes", Action.WRITE_FOLLOW_UP, note, Text("记备注", "Write a note"), "candidate", long=False, status=201),
    Route("lists.call", "POST", f"{_CANDIDATE}/calls", Action.WRITE_FOLLOW_UP, call_again, Text("定再联系日期", "Set the day to call again"), "candidate", long=False, status=201),
    Route("lists.assign", "POST", f"{_CANDIDATE}/assignments", Action.WRITE_FOLLOW_UP, assignment, Text("分派", "Assign"), "candidate", long=False, status=201),
    Route("lists.outcomes", "GET", f"{_POLICY}/outcomes", Action.COUNT_LIST, tallies, Text("反馈统计", "Outcomes, counted"), "policy", whole=True),
    Route("editions.list", "GET", f"{_POLICY}/editions", Action.READ_EDITIONS, edition_list, Text("各期名单", "Editions of a list"), "policy", whole=True),
    Route("editions.show", "GET", f"{_POLICY}/editions/{{number}}", Action.READ_EDITIONS, edition, Text("一期名单", "One edition"), "policy", whole=True),
    Route("editions.cut", "POST", f"{_POLICY}/editions", Action.CUT_EDITION, cut, Text("截止一期", "Cut an edition"), "policy", status=201),
    Route("holds.list", "GET", "/holds", Action.READ_HOLDS, hold_list, Text("暂缓的变动", "Changes that are held back"), "any list", long=False),
    Route("holds.show", "GET", "/holds/{hold}", Action.READ_HOLDS, hold, Text("一项暂缓", "One hold"), "any list", long=False),
    Route("requests.list", "GET", "/requests", Action.READ_REQUESTS, requests, Text("更正请求", "Correction requests"), "any list"),
    Route("requests.answer", "POST", "/requests/{number}/answers", Action.ANSWER_REQUEST, request_answer, Text("答复更正请求", "Answer a request"), "request", status=201),
)  # fmt: skip
