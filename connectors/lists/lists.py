"""The rows of a list with the people on it: the only place where a token becomes a name again.

Services export these rows. They hold the identifier, the fields that the policy discloses and the agreement allows, the street, the status,
the open questions, and the columns that the agency fills in; nothing else. The agreement is checked again here, because it may have ended
since the policy was checked. Every cell is in the words of the reader, not in codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Protocol

from connectors.identity.vault import Vault
from connectors.lists.exports import Cell, Column, ColumnKind, Sheet
from connectors.lists.titles import (
    COLUMNS,
    IDENTIFIER,
    MISSING,
    PEOPLE,
    PERSON_TOKENS,
    STATE,
    STATUS,
    STILL_YES,
    STREET,
    TO_CHECK,
    TOKEN,
    plain,
)
from policies.language.catalogue import Catalogue, Field, FieldType
from policies.language.tree import Check, FieldRef, PeopleField, Policy, leaves
from policies.problems.problems import HuiminError
from policies.values import Kind, Text


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


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the state says of the candidates of one list, by token.

    Args:
        values: the text of each disclosed field that is no identity, by ``feed.field`` behind its links (``Matcher.disclosed_values``).
        linked: by disclosed field, the subject whose field it is, where that is another than the candidate.
        people: by disclosed field, the people whose fields stand in one cell, in the order of the lines.
        merged: by kind, the subject that a merged subject counts as; its identity is shown where the other's is not known.
        still: the candidates that are still yes (glossary); their status says so.
        entries: what is carried over into the columns that the agency fills in.
    """

    values: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    linked: Mapping[FieldRef, Mapping[int, int]] = field(default_factory=dict)
    people: Mapping[PeopleField, Mapping[int, tuple[int, ...]]] = field(default_factory=dict)
    merged: Mapping[Kind, Mapping[int, int]] = field(default_factory=dict)
    still: Set[int] = frozenset()
    entries: Mapping[int, tuple[Cell, ...]] = field(default_factory=dict)


def list_sheet(
    policy: Policy, candidates: Sequence[ExportedCandidate], disclosure: Disclosure, catalogue: Catalogue, vault: Vault, today: date,
    language: str = "zh", entries: Sequence[Column] = (), by_street: bool = False,
) -> Sheet:  # fmt: skip
    """The list of a policy as its agency sees it.

    Args:
        candidates: the candidates on the list.
        today: the day on which the agreements must hold.
        entries: the columns that the agency fills in.
        by_street: a workbook gets a sheet for each street.

    Returns:
        A sheet ordered by division, status, identifier and token. The identifier of a token that the vault does not know is empty.

    Raises:
        HuiminError: a disclosed field is not, or no longer, covered by its agreement.
    """
    refs = [*policy.discloses, *(people.ref for people in policy.people)]
    for ref in refs:
        _check_agreement(ref, policy, catalogue, today)
    tokens = [c.subject for c in candidates]
    names = _Names(catalogue, vault, disclosure.merged)
    ids = names.identifiers(policy.subject, tokens)
    register = catalogue.register(policy.subject)
    placing = None if register is None or register.division is None else FieldRef(register.name, register.division)
    streets = {code: title[language] for code, title in catalogue.divisions.items()}
    shown = [_of_subject(ref, tokens, disclosure, names, streets, catalogue, language) for ref in policy.discloses]
    shown += [_of_people(people, disclosure, names, catalogue, language) for people in policy.people]
    columns = [Column(IDENTIFIER[policy.subject][language]), *(column for column, _ in _titled(shown, entries))]
    parts = [ids, *(cells for _, cells in shown)]
    if placing not in policy.discloses:
        columns.append(Column(STREET[language]))
        parts.append({c.subject: streets.get(c.division or "", c.division or "") for c in candidates})
    words = _words(policy, language)
    columns += [Column(title[language]) for title in (STATE, TO_CHECK, MISSING)]
    parts.append({c.subject: _status(c, c.subject in disclosure.still, language) for c in candidates})
    parts.append({c.subject: "\n".join(words.get(check, check) for check in c.checklist) for c in candidates})
    parts.append({c.subject: _missing(c, words, catalogue, language) for c in candidates})
    columns += [*entries, Column(TOKEN[language], hidden=True)]
    blank: tuple[Cell, ...] = ("",) * len(entries)
    people = _people_tokens(disclosure)
    if policy.people:
        columns.append(Column(PERSON_TOKENS[language], hidden=True))
    ordered = sorted(candidates, key=lambda c: (c.division or "", c.status or "", ids.get(c.subject, ""), c.subject))
    rows: list[tuple[Cell, ...]] = [
        (
            *(cells.get(c.subject, "") for cells in parts),
            *disclosure.entries.get(c.subject, blank),
            f"{c.subject:016x}",
            *((people.get(c.subject, ""),) if policy.people else ()),
        )
        for c in ordered
    ]
    pages = tuple((_street(code, streets, language), len(list(of))) for code, of in groupby(ordered, lambda c: c.division or ""))
    return Sheet(policy.title[language], tuple(columns), rows, pages=pages if by_street else ((policy.title[language], len(rows)),))


def _status(c: ExportedCandidate, still: bool, language: str) -> str:
    status = STATUS[c.status][language] if c.status else ""
    if still:
        status += f"（{STILL_YES.zh}）" if language == "zh" else f" ({STILL_YES.en})"
    return status


def _missing(c: ExportedCandidate, words: Mapping[str, str], catalogue: Catalogue, language: str) -> str:
    """The criteria that are unknown, each with the feed that lacks the evidence, a line each."""
    texts = (
        words.get(criterion, criterion) + (f" ({catalogue.feeds[feed].title[language]})" if feed else "") for criterion, feed in c.missing
    )
    return "\n".join(texts)


def _street(code: str, streets: Mapping[str, str], language: str) -> str:
    return streets.get(code, code) or ("未落街镇" if language == "zh" else "no street")


def _words(policy: Policy, language: str) -> dict[str, str]:
    """The words for criteria on the list, by id: the question of a check, the label of another criterion where it has one."""
    called = {leaf.meta.id: leaf.meta.label[language] for leaf in leaves(policy.criteria) if leaf.meta.label}
    return called | {leaf.meta.id: leaf.text[language] for leaf in leaves(policy.criteria) if isinstance(leaf, Check)}


def _check_agreement(ref: FieldRef, policy: Policy, catalogue: Catalogue, today: date) -> None:
    agreement = catalogue.feeds[ref.feed].agreement
    ended = agreement.until is not None and today > agreement.until
    if ref.field in agreement.discloses and policy.purpose in agreement.purposes and not ended:
        return
    name = f"{ref.feed}.{ref.field}"
    zh = f"协议不允许(或已到期)向“{policy.agency}”提供 {name}，名单未导出。请续签协议，或从政策的 discloses 中删去该字段。"
    en = (
        f"The agreement does not let {name} go to {policy.agency} (or has ended), so nothing was exported. "
        "Renew it, or drop the field from `discloses`."
    )
    raise HuiminError(Text(zh, en), 3)


@dataclass(frozen=True, slots=True)
class _Names:
    """What the vault knows of subjects; a subject that it does not know by itself is known by one that was merged into it."""

    catalogue: Catalogue
    vault: Vault
    merged: Mapping[Kind, Mapping[int, int]]

    def identifiers(self, kind: Kind, tokens: Sequence[int]) -> dict[int, str]:
        """The number of each subject."""
        others = self._others(kind, tokens)
        return _with_merged(dict(self.vault.who(kind, [*tokens, *others]).rows()), others)

    def texts(self, ref: FieldRef, tokens: Sequence[int]) -> dict[int, str]:
        """The text of an identity field of each subject."""
        feed = self.catalogue.feeds[ref.feed]
        others = self._others(feed.subject, tokens)
        return _with_merged(dict(self.vault.look_up(feed, [*tokens, *others], [ref.field]).select("token", ref.field).rows()), others)

    def _others(self, kind: Kind, tokens: Sequence[int]) -> dict[int, int]:
        wanted = set(tokens)
        return {other: into for other, into in sorted(self.merged.get(kind, {}).items()) if into in wanted}


def _with_merged(texts: Mapping[int, str], others: Mapping[int, int]) -> dict[int, str]:
    """The texts by token; a subject without one gets the text of a subject that was merged into it."""
    return {into: texts[other] for other, into in others.items() if other in texts} | dict(texts)


_Shown = tuple[Column, Mapping[int, Cell]]
"""A column, and its cell for each candidate."""


def _of_subject(
    ref: FieldRef, tokens: Sequence[int], disclosure: Disclosure, names: _Names, streets: Mapping[str, str], catalogue: Catalogue,
    language: str,
) -> _Shown:  # fmt: skip
    """A field of the candidate itself, or of the household or dwelling that it is linked to."""
    contract = catalogue.feeds[ref.feed].fields[ref.field]
    kind = {
        FieldType.INT: ColumnKind.NUMBER,
        FieldType.DECIMAL: ColumnKind.NUMBER,
        FieldType.DATE: ColumnKind.DATE,
    }.get(contract.type, ColumnKind.TEXT)
    title, cells = contract.title[language], dict[int, Cell]()
    if contract.identity:
        subjects = disclosure.linked.get(ref, {}) if ref.links else {token: token for token in tokens}
        texts = names.texts(ref, list(set(subjects.values())))
        cells.update((token, texts.get(subject) or "") for token, subject in subjects.items())
        return Column(title), cells
    name = ".".join((*ref.links, ref.feed, ref.field))
    for token, of_token in disclosure.values.items():
        cells[token] = _typed(contract, of_token.get(name, ""), streets, language)
    return Column(title, kind, contract.scale), cells


def _typed(contract: Field, text: str, streets: Mapping[str, str], language: str) -> Cell:
    """The text of a value as the cell that a person reads: a number, a day, the title of a code."""
    if not text:
        return ""
    match contract.type:
        case FieldType.INT:
            return int(text)
        case FieldType.DECIMAL:
            return Decimal(text)
        case FieldType.DATE:
            return date.fromisoformat(text)
        case FieldType.ENUM:
            return contract.value_title(text, language)
        case FieldType.DIVISION:
            return streets.get(text, text)
        case FieldType.TEXT:
            return text


def _of_people(people: PeopleField, disclosure: Disclosure, names: _Names, catalogue: Catalogue, language: str) -> _Shown:
    """An identity field of the people of a household or dwelling, a line for each person."""
    subjects = disclosure.people.get(people, {})
    texts = names.texts(people.ref, list({token for tokens in subjects.values() for token in tokens}))
    title = catalogue.feeds[people.ref.feed].fields[people.ref.field].title[language]
    of = PEOPLE[people.path[-1].kind][language]
    cells = {token: "\n".join(texts.get(person) or "—" for person in persons) for token, persons in subjects.items()}
    return Column(f"{of}{title}" if language == "zh" else f"{of}: {title}"), cells


def _people_tokens(disclosure: Disclosure) -> dict[int, str]:
    """By candidate, the tokens of the people whom its row names: by these an erasure finds the row."""
    tokens: dict[int, dict[int, None]] = {}
    for subjects in disclosure.people.values():
        for token, persons in subjects.items():
            tokens.setdefault(token, {}).update(dict.fromkeys(persons))
    return {token: "\n".join(f"{person:016x}" for person in persons) for token, persons in tokens.items()}


def _titled(shown: list[_Shown], entries: Sequence[Column]) -> list[_Shown]:
    """The columns of disclosed fields; one whose title means another column of the list gets a number behind it."""
    fixed = (*IDENTIFIER.values(), STREET, STATE, TO_CHECK, MISSING, TOKEN, PERSON_TOKENS)
    words = [word for text in fixed for word in (text.zh, text.en)] + [word for titles in COLUMNS.values() for word in titles]
    taken = {plain(word) for word in (*words, *(entry.title for entry in entries))}
    titled = []
    for column, cells in shown:
        title, number = column.title, 1
        while plain(title) in taken:
            number += 1
            title = f"{column.title} {number}"
        taken.add(plain(title))
        titled.append((Column(title, column.kind, column.places), cells))
    return titled
