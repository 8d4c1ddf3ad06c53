"""Marks: subjects that an agency reported deceased or moved, on every list, until the register has answered by its records.

A report of one agency takes nobody off the list of another. ``services.lists.candidates``, ``services.lists.explanations`` and
``services.exports.candidates`` show the marks; ``services.lists.correction_requests`` asks the register. A mark is found when a list is
read, and nothing stores it. Source: docs/en/semantics.md section 17.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.values import Text
from services.lists.outcomes import unit_of
from services.results import Internal
from services.state.as_of import core
from streams.ledgers.outcomes import TITLES

if TYPE_CHECKING:
    from streams.ledgers.outcomes import OutcomeEntry
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class ReportedMark:
    """The mark of a subject that an agency reported deceased or moved.

    Args:
        outcome: deceased or moved.
        agency: the unit that reported it.
        on: the day on which it was found.
        request: the number of the correction request to the register.
        register: the unit that was asked.
        confirmed: the day on which that unit confirmed it; None: it has not answered.
    """

    outcome: str
    agency: str
    on: date
    request: int
    register: str
    confirmed: date | None
    titles: Internal[tuple[Text, Text]]
    """Of the agency and of the register's unit."""


def mark_words(mark: ReportedMark) -> Text:
    """A mark in words, to stand behind the status of a candidate, on the screen and in the list for the agency."""
    (agency, register), title = mark.titles, TITLES[mark.outcome]
    zh, en = f"{agency.zh} {mark.on} 报告{title.zh}", f"reported {title.en} by {agency.en} on {mark.on}"
    if mark.confirmed is not None:
        zh, en = f"{zh}，{register.zh} {mark.confirmed} 已确认", f"{en}, confirmed by {register.en} on {mark.confirmed}"
    return Text(f"（{zh}）", f" ({en})")


def marks_on(state: State, policy: str) -> dict[int, ReportedMark]:
    """The marks of subjects of a policy's kind, whichever policy they were reported for."""
    findings: dict[int, list[OutcomeEntry]] = {}
    for finding in reports_of_kind(state, kind_of(state, policy)):
        findings.setdefault(finding.subject, []).append(finding)
    marks = ((subject, _mark(state, of_subject)) for subject, of_subject in findings.items())
    return {subject: mark for subject, mark in marks if mark is not None}


def mark_of(state: State, policy: str, subject: int) -> ReportedMark | None:
    """The mark of one subject of a policy's kind."""
    return _mark(state, [finding for finding in reports_of_kind(state, kind_of(state, policy)) if finding.subject == subject])


def reports_of_kind(state: State, kind: str) -> Iterator[OutcomeEntry]:
    """The reports about subjects of a kind that the register was asked about."""
    for finding in state.outcomes:
        if finding.asks_register and kind_of(state, finding.policy) == kind:
            yield finding


def is_answered_by_record(state: State, finding: OutcomeEntry) -> bool:
    """Has the register answered a report by its records?

    It has where it has no record of the subject any more, or another one that says something else, or whose order is a later day than
    that of the report. The same record delivered again is no answer, and neither is one in quarantine.
    """
    from matchers.reading.register import register_record

    versions = state.registry.versions[finding.policy]
    record = register_record(core(state), versions[max(versions)].policy, finding.subject, state.day)
    if record is None:
        return True
    if record.quarantined or record.row == finding.records[0]:
        return False
    return record.content != finding.content or (record.changed is not None and record.changed > finding.day)


def kind_of(state: State, policy: str) -> str:
    """The kind of subject that a policy is about; the same in all its versions."""
    return str(next(iter(state.registry.versions[policy].values())).policy.subject)


def _mark(state: State, findings: list[OutcomeEntry]) -> ReportedMark | None:
    """The mark by the reports about one subject: a confirmed one counts first, then a death, then the last."""
    open_reports = [finding for finding in findings if not finding.is_refuted and not is_answered_by_record(state, finding)]
    if not open_reports:
        return None
    finding = max(open_reports, key=lambda finding: (finding.answer is not None, finding.outcome == "deceased", finding.offset))
    versions, units = state.registry.versions[finding.policy], state.catalogue.units
    agency, register = versions[max(versions)].policy.agency, unit_of(state, finding.records[0])
    confirmed = None if finding.answer is None else finding.answer.day
    titles = units[agency].title, units[register].title
    return ReportedMark(finding.outcome, agency, finding.on, finding.offset, register, confirmed, titles)
