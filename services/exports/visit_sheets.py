"""Visit sheets: for a candidate, for a part of a list, or for a whole list, a page each with what the visitor tells, asks and takes along.

``huimin candidates visit`` calls this. A sheet shows of records only what the list for the agency may show: the fields that the policy
discloses and the agreements still allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.destination import destination
from policies.language.closing import closing_words
from policies.language.tree import shown_refs
from policies.problems.problems import HuiminError
from policies.values import Kind, Text
from services.access.actions import Action
from services.access.run import show
from services.exports.list_disclosure import all_named, disclosure
from services.lists.cited_coverage import StatementsInEffect
from services.lists.filters import EVERYBODY, ListFilter, division_code, wanted_candidates
from services.lookup import matched_policy
from services.state.as_of import core, materialized_list

if TYPE_CHECKING:
    from connectors.lists.plain_reasons import CompleteTo
    from connectors.lists.visit_sheets import VisitSheet, VisitSheets
    from infra.workspace.workspace import Workspace
    from matchers.lists.verdicts import Candidate
    from matchers.reading.explain import Criterion
    from policies.language.catalogue import Catalogue
    from policies.language.tree import FieldRef, Policy
    from streams.host import Host

_PURPOSE = {
    "eligible": Text("符合条件：请上门告知，并协助办理", "Meets the conditions: please tell them, and help them apply"),
    "to_check": Text("可能符合条件：请先核实下列事项", "May meet the conditions: please ask what is listed below"),
    "needs_evidence": Text("可能符合条件：还有资料不全", "May meet the conditions: something is not certain yet"),
}
_INSPECTION = Text("请上门核查", "To be inspected")
_UNDER_REVIEW = Text("此项正在复核，上门前请先向经办单位确认。", "This is being looked at once more: ask the agency before the visit.")
_WHOLE_LIST = Text("全部名单", "the whole list")
_PART = Text("名单中的一部分", "a part of the list")


@dataclass(frozen=True, slots=True)
class WrittenVisitSheets:
    """Visit sheets that were written.

    Args:
        apply_by: the last day for applications; None where the policy declares none.
    """

    file: Path
    sheets: int
    day: date
    apply_by: date | None


def write_visits(
    workspace: Workspace, policy: str, subject: int | None = None, wanted: ListFilter = EVERYBODY, out: Path | None = None,
    language: str = "zh",
) -> WrittenVisitSheets:  # fmt: skip
    """Writes the visit sheets of one candidate, of the candidates that a filter wants, or of the whole list.

    Args:
        out: a .pdf; by default in ``exports``, under the policy's name, the candidate or the streets, and the day.

    Raises:
        HuiminError: the policy is not matched; a value of the filter is none that there could be; nobody asked for is on the list; an
            agreement does not, or no longer, allow a field; somebody could not be named; or something else is at the path. Nothing was
            written.
    """
    from connectors.lists.visit_sheets import is_visit_sheets, write_visit_sheets

    with workspace.reading() as host:
        rule, day, names = matched_policy(host.state, policy), host.state.day, host.state.catalogue.divisions
        about = [f"{subject:016x}"] if subject is not None else [division_code(street, names) for street in wanted.streets]
        some = ["some"] if replace(wanted, streets=()) != EVERYBODY else []
        path = out or workspace.folder("exports") / f"{'-'.join((policy, *about, *some, str(day)))}-visit.pdf"
        if path.suffix.lower() != ".pdf":
            raise HuiminError(Text(f"{path.name}：入户单只写成 .pdf。", f"{path.name}: visit sheets are written as .pdf."), 2)
        destination(path, is_visit_sheets)
        sheets = visit_sheets(workspace, host, policy, subject, wanted, language)
        write_visit_sheets(path, sheets)
        return WrittenVisitSheets(path, len(sheets.sheets), day, rule.apply_by)


def visit_sheets(workspace: Workspace, host: Host, name: str, subject: int | None, wanted: ListFilter, language: str) -> VisitSheets:
    """The sheets of a policy's candidates, in the order of the list. Args and Raises: as for ``write_visits``."""
    from connectors.lists.visit_sheets import VisitSheets

    state, policy = host.state, host.state.policies[name]
    listed = [c for c in materialized_list(state, name) if subject is None or c.subject == subject]
    candidates = wanted_candidates(host, state, name, wanted, listed)
    if not candidates:
        raise _nobody(subject, wanted)
    show(policy, (c.subject for c in candidates), Action.SEE_IDENTITY)
    closing = closing_words(policy, state.day)
    agency = state.catalogue.units.get(policy.agency)
    return VisitSheets(
        language, policy.title[language], _heading(wanted, state.catalogue, language),
        policy.agency if agency is None else agency.title[language], "" if agency is None else " · ".join(agency.contact.values()),
        _source(policy, state.catalogue, language), _day(state.day, language), "" if closing is None else _sentence(closing[language]),
        _sheets(workspace, host, policy, candidates, language),
    )  # fmt: skip


def _sheets(workspace: Workspace, host: Host, policy: Policy, candidates: Sequence[Candidate], language: str) -> list[VisitSheet]:
    from connectors.lists.plain_reasons import PlainWords
    from connectors.lists.visit_sheets import VisitSheet

    state, by_subject = host.state, {c.subject: c for c in candidates}
    complete = _complete(StatementsInEffect(state), state.day)
    catalogue, fields = state.catalogue, frozenset(policy.discloses)
    sheets = []
    for person in _people(workspace, host, policy, candidates, language):
        candidate = by_subject[person.subject]
        explained = core(state).explain(policy.name, candidate.subject)
        words = PlainWords(catalogue, language, fields, complete)
        reasons = words.reasons(explained)
        purpose = _INSPECTION if policy.direction == "burden" else _PURPOSE[candidate.status or "to_check"]
        note = _UNDER_REVIEW[language] if explained.verdict.status != candidate.status else ""
        place = _street(candidate.division, catalogue, language)
        parts = reasons.reasons, reasons.missing, reasons.questions, reasons.papers, note, person.people
        sheets.append(VisitSheet(f"{candidate.subject:016x}", person.name, place, purpose[language], person.who, *parts))
    return sheets


@dataclass(frozen=True, slots=True)
class _Person:
    """What the agency may know of a candidate.

    Args:
        name: how the cover list calls the candidate.
        who: titles and values: the number, then the disclosed fields.
        people: the tokens of the people who are named in the values.
    """

    subject: int
    name: str
    who: tuple[tuple[str, str], ...]
    people: tuple[str, ...]


def _people(workspace: Workspace, host: Host, policy: Policy, candidates: Sequence[Candidate], language: str) -> Iterator[_Person]:
    """Each candidate in the order of the list."""
    from connectors.lists.exports import cell_text
    from connectors.lists.lists import list_sheet
    from connectors.lists.titles import PERSON_TOKENS, TOKEN
    from services.deliveries.statuses import nameless_deliveries

    state = host.state
    for lost in nameless_deliveries(workspace, state):
        raise lost
    facts = disclosure(state, policy.name, candidates)
    sheet = list_sheet(policy, candidates, facts, state.catalogue, workspace.vault(), state.day, language)
    all_named(workspace, sum(not row[0] for row in sheet.rows))
    refs, header = shown_refs(policy), sheet.header
    name_places = _name_places(policy, refs, state.catalogue)
    for row in sheet.rows:
        texts = [_day(cell, language) if isinstance(cell, date) else cell_text(cell) for cell in row]
        name = next((texts[at] for at in name_places if texts[at]), texts[0]).replace("\n", Text("、", ", ")[language])
        people = texts[header.index(PERSON_TOKENS[language])].split() if PERSON_TOKENS[language] in header else []
        who = tuple((title, text) for title, text in zip(header[: 1 + len(refs)], texts, strict=False) if text)
        yield _Person(int(texts[header.index(TOKEN[language])], 16), name, who, tuple(people))


def _name_places(policy: Policy, refs: Sequence[FieldRef], catalogue: Catalogue) -> list[int]:
    """The columns that may say how the cover list calls a candidate, the best first: a dwelling by its own address, all others by name."""
    identities = [
        (at, catalogue.feeds[ref.feed].subject) for at, ref in enumerate(refs, 1) if catalogue.feeds[ref.feed].fields[ref.field].identity
    ]
    called = Kind.DWELLING if policy.subject is Kind.DWELLING else Kind.PERSON
    return [at for at, _ in sorted(identities, key=lambda place: place[1] is not called)]


def _complete(statements: StatementsInEffect, day: date) -> Callable[[Criterion, str], list[CompleteTo]]:
    """How far the records of each unit are complete that prove an absence on which a criterion rests.

    Where the subject's members are covered by several statements of a unit, all of them are covered up to the earliest day.
    """
    from connectors.lists.plain_reasons import CompleteTo

    def complete(criterion: Criterion, feed: str) -> list[CompleteTo]:
        days: dict[str, date] = {}
        for statement in statements.statements_of(criterion):
            if statement.feed == feed:
                days[statement.unit] = min(days.get(statement.unit, day), statement.complete_to)
        return [CompleteTo(unit, to) for unit, to in sorted(days.items())]

    return complete


def _heading(wanted: ListFilter, catalogue: Catalogue, language: str) -> str:
    """What the cover list is about: the streets, or the whole list, or a part of it."""
    if wanted == EVERYBODY:
        return _WHOLE_LIST[language]
    streets = [_street(division_code(street, catalogue.divisions), catalogue, language) for street in wanted.streets]
    return Text("、", ", ")[language].join(streets) or _PART[language]


def _street(code: str | None, catalogue: Catalogue, language: str) -> str:
    return "" if code is None else catalogue.divisions[code][language] if code in catalogue.divisions else code


def _source(policy: Policy, catalogue: Catalogue, language: str) -> str:
    """The policy document, who issued it, and when."""
    issuer = str(policy.source.get("issuer", ""))
    issuer = catalogue.units[issuer].title[language] if issuer in catalogue.units else issuer
    return Text("，", ", ")[language].join(filter(None, (str(policy.source.get("document", "")), issuer, _day_of_document(policy))))


def _day_of_document(policy: Policy) -> str:
    published = policy.source.get("published")
    return "" if published is None else str(published)


def _day(day: date, language: str) -> str:
    from connectors.lists.plain_reasons import PlainWords
    from policies.language.catalogue import Catalogue

    return PlainWords(Catalogue({}, {}), language, frozenset(), lambda criterion, feed: ()).day(day)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _nobody(subject: int | None, wanted: ListFilter) -> HuiminError:
    if subject is not None:
        return HuiminError(
            Text(
                "这个对象不在名单上，没有入户单；用 huimin explain 查看原因。",
                "This subject is not on the list: see huimin explain.",
            ),
            2,
        )
    where = Text(f"在 {'、'.join(wanted.streets)}", f" in {', '.join(wanted.streets)}") if wanted.streets else Text("", "")
    if replace(wanted, streets=()) != EVERYBODY:
        zh, en = f"名单{where.zh}上没有这样的对象，没有写入户单。", f"Nobody on the list{where.en} is as asked for: no sheet was written."
        return HuiminError(Text(zh, en), 2)
    return HuiminError(Text(f"名单{where.zh}上没有人，没有写入户单。", f"Nobody is on the list{where.en}: no sheet was written."), 2)
