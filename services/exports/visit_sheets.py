"""Visit sheets: for a candidate, for a street, or for a whole list, a page each with what the visitor tells, asks and takes along.

``huimin candidates visit`` calls this. A sheet shows of records only what the list for the agency may show: the fields that the policy
discloses and the agreements still allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.destination import destination
from policies.language.closing import closing_words
from policies.language.tree import shown_refs
from policies.problems.problems import HuiminError
from policies.values import Text, within
from services.exports.list_disclosure import all_named, disclosure
from services.lookup import matched_policy
from services.state.as_of import core, materialized_list

if TYPE_CHECKING:
    from connectors.lists.plain_reasons import CompleteTo
    from connectors.lists.visit_sheets import VisitSheet, VisitSheets
    from infra.workspace.workspace import Workspace
    from matchers.lists.verdicts import Candidate
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy
    from streams.host import Host
    from streams.steps.state import State

_PURPOSE = {
    "eligible": Text("符合条件：请上门告知，并协助办理", "Meets the conditions: please tell them, and help them apply"),
    "to_check": Text("可能符合条件：请先核实下列事项", "May meet the conditions: please ask what is listed below"),
    "needs_evidence": Text("可能符合条件：还有资料不全", "May meet the conditions: something is not certain yet"),
}
_INSPECTION = Text("请上门核查", "To be inspected")
_UNDER_REVIEW = Text("此项正在复核，上门前请先向经办单位确认。", "This is being looked at once more: ask the agency before the visit.")
_WHOLE_LIST = Text("全部名单", "the whole list")


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
    workspace: Workspace, policy: str, subject: int | None = None, street: str | None = None, out: Path | None = None, language: str = "zh"
) -> WrittenVisitSheets:
    """Writes the visit sheets of one candidate, of a street's candidates, or of the whole list.

    Args:
        street: the code of a division, or its name.
        out: a .pdf; by default in ``exports``, under the policy's name, the candidate or street, and the day.

    Raises:
        HuiminError: the policy is not matched; nobody asked for is on the list; an agreement does not, or no longer, allow a field;
            somebody could not be named; or something else is at the path. Nothing was written.
    """
    from connectors.lists.visit_sheets import is_visit_sheets, write_visit_sheets

    with workspace.reading() as host:
        rule, day = matched_policy(host.state, policy), host.state.day
        division = None if street is None else _division(street, host.state.catalogue)
        about = f"{subject:016x}" if subject is not None else division
        path = out or workspace.folder("exports") / f"{'-'.join(filter(None, (policy, about, str(day))))}-visit.pdf"
        if path.suffix.lower() != ".pdf":
            raise HuiminError(Text(f"{path.name}：入户单只写成 .pdf。", f"{path.name}: visit sheets are written as .pdf."), 2)
        destination(path, is_visit_sheets)
        sheets = visit_sheets(workspace, host, policy, subject, division, language)
        write_visit_sheets(path, sheets)
        return WrittenVisitSheets(path, len(sheets.sheets), day, rule.apply_by)


def visit_sheets(workspace: Workspace, host: Host, name: str, subject: int | None, division: str | None, language: str) -> VisitSheets:
    """The sheets of a policy's candidates, in the order of the list. Args and Raises: as for ``write_visits``."""
    from connectors.lists.visit_sheets import VisitSheets

    state, policy = host.state, host.state.policies[name]
    candidates = [c for c in materialized_list(state, name) if _is_asked_for(c, subject, division)]
    if not candidates:
        raise _nobody(subject, division)
    closing = closing_words(policy, state.day)
    agency = state.catalogue.units.get(policy.agency)
    return VisitSheets(
        language, policy.title[language], _WHOLE_LIST[language] if division is None else _street(division, state.catalogue, language),
        policy.agency if agency is None else agency.title[language], "" if agency is None else " · ".join(agency.contact.values()),
        _source(policy, state.catalogue, language), _day(state.day, language), "" if closing is None else _sentence(closing[language]),
        _sheets(workspace, host, policy, candidates, language),
    )  # fmt: skip


def _sheets(workspace: Workspace, host: Host, policy: Policy, candidates: Sequence[Candidate], language: str) -> list[VisitSheet]:
    from connectors.lists.plain_reasons import PlainWords
    from connectors.lists.visit_sheets import VisitSheet

    state, by_subject = host.state, {c.subject: c for c in candidates}
    catalogue, fields = state.catalogue, frozenset(policy.discloses)
    sheets = []
    for person in _people(workspace, host, policy, candidates, language):
        candidate = by_subject[person.subject]
        explained = core(state).explain(policy.name, candidate.subject)
        words = PlainWords(catalogue, language, fields, _complete(state, policy, candidate))
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
    name_places = [at for at, ref in enumerate(refs, 1) if state.catalogue.feeds[ref.feed].fields[ref.field].identity]
    for row in sheet.rows:
        texts = [_day(cell, language) if isinstance(cell, date) else cell_text(cell) for cell in row]
        name = next((texts[at] for at in name_places if texts[at]), texts[0]).replace("\n", Text("、", ", ")[language])
        people = texts[header.index(PERSON_TOKENS[language])].split() if PERSON_TOKENS[language] in header else []
        who = tuple((title, text) for title, text in zip(header[: 1 + len(refs)], texts, strict=False) if text)
        yield _Person(int(texts[header.index(TOKEN[language])], 16), name, who, tuple(people))


def _is_asked_for(c: Candidate, subject: int | None, division: str | None) -> bool:
    if subject is not None:
        return c.subject == subject
    return division is None or (c.division is not None and within(c.division, division) is True)


def _complete(state: State, policy: Policy, candidate: Candidate) -> dict[str, list[CompleteTo]]:
    """For each feed whose absence proves something, how far each unit's records of this candidate are complete."""
    from connectors.lists.plain_reasons import CompleteTo

    latest: dict[tuple[str, str], date] = {}
    for entry in state.statements.entries.values():
        stated = entry.stated
        covers = candidate.subject in stated.subjects or (
            stated.division is not None and candidate.division is not None and within(candidate.division, stated.division) is True
        )
        if entry.standing == "in_effect" and stated.feed in policy.evidence and covers:
            key = (stated.feed, state.catalogue.feeds[stated.feed].sources[stated.source].unit)
            latest[key] = max(latest.get(key, date.min), stated.complete_to)
    complete: dict[str, list[CompleteTo]] = {}
    for (feed, unit), day in sorted(latest.items()):
        complete.setdefault(feed, []).append(CompleteTo(unit, min(day, state.day)))
    return complete


def _division(street: str, catalogue: Catalogue) -> str:
    """The code of a street that is named by its code or its name."""
    named = [code for code, name in catalogue.divisions.items() if street in (name.zh, name.en)]
    return named[0] if len(named) == 1 else street


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

    return PlainWords(Catalogue({}, {}), language, frozenset(), {}).day(day)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _nobody(subject: int | None, division: str | None) -> HuiminError:
    if subject is not None:
        return HuiminError(
            Text(
                "这个对象不在名单上，没有入户单；用 huimin explain 查看原因。",
                "This subject is not on the list: see huimin explain.",
            ),
            2,
        )
    where = Text("", "") if division is None else Text(f"在 {division}", f" in {division}")
    return HuiminError(Text(f"名单{where.zh}上没有人，没有写入户单。", f"Nobody is on the list{where.en}: no sheet was written."), 2)
