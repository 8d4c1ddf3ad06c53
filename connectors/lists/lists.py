"""The rows of a list with the people on it: the only place where a token becomes a name again.

Services export these rows. They hold the identifier, the fields that the policy discloses and the agreement allows, the street, the status,
the open questions, and the columns that the agency fills in; nothing else. The agreement is checked again here, because it may have ended
since the policy was checked. Every cell is in the words of the reader, not in codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Protocol

from connectors.identity.vault import Vault
from connectors.lists.disclosures import ColumnCells, Disclosure, Names, distinct_titles, people_column, people_tokens, subject_column
from connectors.lists.exports import Cell, Column, ColumnKind, Sheet
from connectors.lists.titles import (
    APPLY_BY,
    IDENTIFIER,
    MISSING,
    OTHER_SHEETS,
    PERSON_TOKENS,
    STATE,
    STATUS,
    STILL_YES,
    STREET,
    TO_CHECK,
    TOKEN,
)
from policies.language.catalogue import Catalogue
from policies.language.tree import Check, FieldRef, Policy, leaves
from policies.problems.problems import HuiminError
from policies.values import Text


class ExportedCandidate(Protocol):
    """A candidate of ``matchers.core.Matcher.candidates``."""

    @property
    def subject(self) -> int: ...
    @property
    def status(self) -> str | None: ...
    @property
    def checklist(self) -> tuple[str, ...]: ...
    @property
    def missing(self) -> tuple[tuple[str, str | None], ...]: ...
    @property
    def division(self) -> str | None: ...


def list_sheet(
    policy: Policy, candidates: Sequence[ExportedCandidate], disclosure: Disclosure, catalogue: Catalogue, vault: Vault, today: date,
    language: str = "zh", entries: Sequence[Column] = (), by_street: bool = False, tail: Sequence[ColumnCells] = (),
) -> Sheet:  # fmt: skip
    """The list of a policy as its agency sees it.

    Args:
        candidates: the candidates on the list.
        today: the day on which the agreements must hold.
        entries: the columns that the agency fills in.
        by_street: a workbook gets a sheet for each street.
        tail: columns behind all others.

    Returns:
        A sheet ordered by division, status, identifier and token. The identifier of a token that the vault does not know is empty.

    Raises:
        HuiminError: a disclosed field is not, or no longer, covered by its agreement.
    """
    refs = [*policy.discloses, *(people.ref for people in policy.people)]
    for ref in refs:
        _check_agreement(ref, policy, catalogue, today)
    tokens = [c.subject for c in candidates]
    names = Names(catalogue, vault, disclosure.merged)
    ids = names.identifiers(policy.subject, tokens)
    register = catalogue.register(policy.subject)
    placing = None if register is None or register.division is None else FieldRef(register.name, register.division)
    streets = {code: title[language] for code, title in catalogue.divisions.items()}
    disclosed = [subject_column(ref, tokens, disclosure, names, streets, catalogue, language) for ref in policy.discloses]
    disclosed += [people_column(people, disclosure, names, catalogue, language) for people in policy.people]
    columns = [Column(IDENTIFIER[policy.subject][language]), *(column for column, _ in distinct_titles(disclosed, entries))]
    parts = [ids, *(cells for _, cells in disclosed)]
    if placing not in policy.discloses:
        columns.append(Column(STREET[language]))
        parts.append({c.subject: streets.get(c.division or "", c.division or "") for c in candidates})
    if policy.apply_by is not None:
        columns.append(Column(APPLY_BY[language], ColumnKind.DATE))
        parts.append(dict.fromkeys(tokens, policy.apply_by))
    words = _words(policy, language)
    columns += [Column(title[language]) for title in (STATE, TO_CHECK, MISSING)]
    parts.append({c.subject: _status(c, c.subject in disclosure.still, disclosure.marks.get(c.subject), language) for c in candidates})
    parts.append({c.subject: "\n".join(words.get(check, check) for check in c.checklist) for c in candidates})
    parts.append({c.subject: _missing(c, words, catalogue, language) for c in candidates})
    columns += [*entries, Column(TOKEN[language], visible=False)]
    blank: tuple[Cell, ...] = ("",) * len(entries)
    people = people_tokens(disclosure)
    if policy.people:
        columns.append(Column(PERSON_TOKENS[language], visible=False))
    columns += [column for column, _ in tail]
    ordered = sorted(candidates, key=lambda c: (c.division or "", c.status or "", ids.get(c.subject, ""), c.subject))
    rows: list[tuple[Cell, ...]] = [
        (
            *(cells.get(c.subject, "") for cells in parts),
            *disclosure.entries.get(c.subject, blank),
            f"{c.subject:016x}",
            *((people.get(c.subject, ""),) if policy.people else ()),
            *(cells.get(c.subject, "") for _, cells in tail),
        )
        for c in ordered
    ]
    pages = tuple((_page(_street(code, streets, language)), len(list(of))) for code, of in groupby(ordered, lambda c: c.division or ""))
    return Sheet(policy.title[language], tuple(columns), rows, pages=pages if by_street else ((_page(policy.title[language]), len(rows)),))


def _status(c: ExportedCandidate, still: bool, mark: Text | None, language: str) -> str:
    status = STATUS[c.status][language] if c.status else ""
    if still:
        status += f"（{STILL_YES.zh}）" if language == "zh" else f" ({STILL_YES.en})"
    return status if mark is None else status + mark[language]


def _missing(c: ExportedCandidate, words: Mapping[str, str], catalogue: Catalogue, language: str) -> str:
    """The criteria that are unknown, each with the feed that lacks the evidence, a line each."""
    texts = (
        words.get(criterion, criterion) + (f" ({catalogue.feeds[feed].title[language]})" if feed else "") for criterion, feed in c.missing
    )
    return "\n".join(texts)


def _street(code: str, streets: Mapping[str, str], language: str) -> str:
    return streets.get(code, code) or ("未落街镇" if language == "zh" else "no street")


def _page(name: str) -> str:
    """The name of a sheet of the list; never that of a sheet which is not read when the list comes back."""
    return f"{name} 1" if name in OTHER_SHEETS else name


def _words(policy: Policy, language: str) -> dict[str, str]:
    """The words for criteria on the list, by id: the question of a check, the label of another criterion where it has one."""
    called = {leaf.meta.id: leaf.meta.label[language] for leaf in leaves(policy.criteria) if leaf.meta.label}
    return called | {leaf.meta.id: leaf.text[language] for leaf in leaves(policy.criteria) if isinstance(leaf, Check)}


def _check_agreement(ref: FieldRef, policy: Policy, catalogue: Catalogue, today: date) -> None:
    agreement = catalogue.feeds[ref.feed].agreement
    if ref.field in agreement.discloses and agreement.permits(policy.purpose, today):
        return
    name = f"{ref.feed}.{ref.field}"
    zh = f"协议不允许(或已到期)向“{policy.agency}”提供 {name}，名单未导出。请续签协议，或从政策的 discloses 中删去该字段。"
    en = (
        f"The agreement does not let {name} go to {policy.agency} (or has ended), so nothing was exported. "
        "Renew it, or drop the field from `discloses`."
    )
    raise HuiminError(Text(zh, en), 3)
