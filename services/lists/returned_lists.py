"""The list that an agency returns, with outcomes, answers to checks and follow-ups.

``huimin candidates ack --file`` calls this. A file is read whole before anything is submitted, and the same file again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from policies.values import Text
from services.lists.changes import Changes, Titles, list_changes
from services.lists.entered_follow_ups import RecordedFollowUps
from services.lists.follow_ups import checked_name
from services.lists.outcome_reports import OutcomeMessages, known_subjects, outcome_form
from services.lists.reach import enter_candidates
from services.lookup import check_published
from services.state.as_of import core
from streams.language.errors import Refusal

if TYPE_CHECKING:
    from connectors.lists.outcomes import OutcomeRow
    from connectors.parsing.row_place import RowPlace
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.language.messages import CandidateChange, Input
    from streams.ledgers.outcomes import OutcomeEntry
    from streams.steps.state import State


TOGETHER = 500
"""Messages that are stored in one transaction: the disk is asked once for all of them."""


@dataclass(frozen=True, slots=True)
class ReturnedList:
    """The content of a list that its agency returned.

    Args:
        rows: of the file.
        without_outcome: rows that say nothing new.
        new: outcomes that were not known; ``outcomes``: the number of each.
        answers: to checks, that were not known.
        follow_ups: changed cells that were recorded, by item.
        replaced: how many of them took the place of something that was recorded since the list was written.
        known_before: outcomes, answers and follow-ups that were known.
        older: outcomes older than those that count.
    """

    rows: int
    without_outcome: int
    new: int
    outcomes: Mapping[str, int]
    answers: int
    follow_ups: Mapping[str, int]
    replaced: int
    known_before: int
    older: int
    changes: Changes
    titles: Titles


@dataclass(slots=True)
class _Plan:
    """The messages to submit of a file, each with its row; and the counts of what is passed over."""

    messages: list[tuple[RowPlace, Input]]
    outcomes: Counter[str]
    follow_ups: Counter[str]
    answers: int = 0
    replaced: int = 0
    repeated: int = 0
    older: int = 0


def report_returned(
    workspace: Workspace, policy: str, file: Path, on: date | None = None, by: str | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> ReturnedList:  # fmt: skip
    """Records all outcomes, answers and follow-ups in a list that its agency returned.

    Args:
        on: the day of rows that name none.
        by: who reports; by default the agency.
        advance: called for every message that is stored.

    Raises:
        HuiminError: there is no such policy. UnreadableFile: every mistake of the file; nothing is stored. Refused: the state has moved on
            since the file was read; names the row, those before it are in force.
    """
    from connectors.lists.outcomes import read_outcome_rows

    with workspace.writing(sphere="decisions") as host:
        state = host.state
        check_published(state, policy)
        recorded = RecordedFollowUps(state, policy, workspace.notes_key())
        subjects = replace(known_subjects(state, policy, on), has_recorded=recorded.has)
        returned, silent = read_outcome_rows(file, outcome_form(state, policy), workspace.tokens(), subjects)
        enter_candidates(state, policy, [row.subject for row in returned])
        agency = state.registry.versions[policy][state.registry.newest(policy)].policy.agency
        plan = _plan_of(state, policy, returned, by or agency, recorded)
        core(state).read_ahead(policy, [row.subject for row in returned if row.outcome is not None])
        listing = list_changes(_submit(host, file, plan, advance), host.state.registry)
    return ReturnedList(
        len(returned) + silent, silent, plan.outcomes.total(), dict(plan.outcomes), plan.answers, dict(plan.follow_ups), plan.replaced,
        plan.repeated, plan.older, listing.changes, listing.titles,
    )  # fmt: skip


def _plan_of(state: State, policy: str, returned: Iterable[OutcomeRow], by: str, recorded: RecordedFollowUps) -> _Plan:
    """The new messages of a file. The answers of a row go before its outcome: they are evidence that was known then."""
    from streams.language.messages import CheckAnswered

    plan, reports = _Plan([], Counter(), Counter()), OutcomeMessages(state, policy)
    answered = {key: entry.answer for key, entry in state.answers.items()}
    latest: dict[int, tuple[str, date, str | None]] = {}
    for row in returned:
        for check, answer in row.answers:
            key = (policy, row.subject, check)
            if answered.get(key) == answer:
                plan.repeated += 1
                continue
            answered[key] = answer
            plan.answers += 1
            plan.messages.append((row.row, CheckAnswered(policy, row.subject, check, answer, by)))
        _add_follow_ups(plan, row, by, recorded)
        if row.outcome is None or row.on is None:
            continue
        now = (row.outcome, row.on, row.criterion)
        before = latest.get(row.subject) or _counting(state.outcomes.of(policy, row.subject))
        if before == now:
            plan.repeated += 1
        elif before is not None and row.on < before[1]:
            plan.older += 1
        else:
            latest[row.subject] = now
            plan.outcomes[row.outcome] += 1
            plan.messages.append((row.row, reports.message(row.subject, row.outcome, row.on, by, row.criterion)))
    return plan


def _add_follow_ups(plan: _Plan, row: OutcomeRow, by: str, recorded: RecordedFollowUps) -> None:
    """Adds what the changed cells of a row say, each once."""
    for entered in row.follow_ups:
        if entered.is_known or recorded.has(row.subject, entered):
            plan.repeated += 1
            continue
        plan.replaced += recorded.is_behind(row.subject, entered)
        plan.follow_ups[entered.item] += 1
        plan.messages.append((row.row, recorded.message(row.subject, entered, checked_name(by))))


def _counting(finding: OutcomeEntry | None) -> tuple[str, date, str | None] | None:
    return None if finding is None else (finding.outcome, finding.on, finding.criterion)


def _submit(host: Host, file: Path, plan: _Plan, advance: Callable[[int], None]) -> list[CandidateChange]:
    """Submits all messages of a file, many in one transaction; returns the changes of lists.

    Raises:
        Refused: with the row, where the state has moved on since it was read; the rows before it are in force.
    """
    changes: list[CandidateChange] = []
    for begin in range(0, len(plan.messages), TOGETHER):
        part = plan.messages[begin : begin + TOGETHER]
        try:
            receipts = host.submit_many([message for _, message in part])
        except Refusal:
            changes += _submit_one_by_one(host, file, part, advance)
        else:
            changes += (line for receipt in receipts for line in receipt.changes)
            advance(len(part))
    return changes


def _submit_one_by_one(
    host: Host, file: Path, messages: Sequence[tuple[RowPlace, Input]], advance: Callable[[int], None]
) -> list[CandidateChange]:
    """Submits messages of which one will be refused: those before it are in force, and its row is named.

    Raises:
        Refused: with the row.
    """
    changes: list[CandidateChange] = []
    count = 0
    try:
        for receipt in host.submit_each(message for _, message in messages):
            changes += receipt.changes
            count += 1
            advance(1)
    except Refusal as error:
        row = messages[count][0].words
        zh = f"{file.name} {row.zh}：{error.text.zh}之前各行已记下，改正后整份重送即可。"
        en = f"{file.name}, {row.en}: {error.text.en} The rows before it are noted; mend the file and send all of it again."
        raise Refusal(Text(zh, en), error.exit_code) from None
    return changes
