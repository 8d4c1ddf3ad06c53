"""The columns of a list that show whom it is about: disclosed fields of the candidates, and of the people in a household or dwelling.

``connectors.lists.lists`` puts them together. Identity fields come from the vault; other values from the state, in the reader's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from connectors.identity.vault import Vault
from connectors.lists.exports import Cell, Column, ColumnKind
from connectors.lists.titles import APPLY_BY, COLUMNS, IDENTIFIER, MISSING, PEOPLE, PERSON_TOKENS, STATE, STREET, TO_CHECK, TOKEN, plain
from policies.language.catalogue import Catalogue, Field, FieldType
from policies.language.tree import FieldRef, PeopleField
from policies.values import Kind, Text

ColumnCells: TypeAlias = tuple[Column, Mapping[int, Cell]]
"""A column, and its cell for each candidate."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the state says of the candidates of one list, by token.

    Args:
        values: the text of each disclosed field that is no identity, by ``feed.field`` behind its links (``Matcher.disclosed_values``).
        linked: by disclosed field, the subject whose field it is, where that is another than the candidate.
        people: by disclosed field, the people whose fields stand in one cell, in the order of the lines.
        merged: by kind, the subject that a merged subject counts as; its identity is shown where the other's is not known.
        still: the candidates that are still yes (glossary); their status says so.
        marks: the words behind the status of those that an agency reported deceased or moved.
        entries: what is carried over into the columns that the agency fills in.
    """

    values: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    linked: Mapping[FieldRef, Mapping[int, int]] = field(default_factory=dict)
    people: Mapping[PeopleField, Mapping[int, tuple[int, ...]]] = field(default_factory=dict)
    merged: Mapping[Kind, Mapping[int, int]] = field(default_factory=dict)
    still: Set[int] = frozenset()
    marks: Mapping[int, Text] = field(default_factory=dict)
    entries: Mapping[int, tuple[Cell, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Names:
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


def subject_column(
    ref: FieldRef, tokens: Sequence[int], disclosure: Disclosure, names: Names, streets: Mapping[str, str], catalogue: Catalogue,
    language: str,
) -> ColumnCells:  # fmt: skip
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
        cells[token] = _cell(contract, of_token.get(name, ""), streets, language)
    return Column(title, kind, contract.scale), cells


def _cell(contract: Field, text: str, streets: Mapping[str, str], language: str) -> Cell:
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


def people_column(people: PeopleField, disclosure: Disclosure, names: Names, catalogue: Catalogue, language: str) -> ColumnCells:
    """An identity field of the people of a household or dwelling, a line for each person."""
    subjects = disclosure.people.get(people, {})
    texts = names.texts(people.ref, list({token for tokens in subjects.values() for token in tokens}))
    title = catalogue.feeds[people.ref.feed].fields[people.ref.field].title[language]
    of = PEOPLE[people.path[-1].kind][language]
    cells = {token: "\n".join(texts.get(person) or "—" for person in persons) for token, persons in subjects.items()}
    return Column(f"{of}{title}" if language == "zh" else f"{of}: {title}"), cells


def people_tokens(disclosure: Disclosure) -> dict[int, str]:
    """By candidate, the tokens of the people whom its row names: by these an erasure finds the row."""
    tokens: dict[int, dict[int, None]] = {}
    for subjects in disclosure.people.values():
        for token, persons in subjects.items():
            tokens.setdefault(token, {}).update(dict.fromkeys(persons))
    return {token: "\n".join(f"{person:016x}" for person in persons) for token, persons in tokens.items()}


def distinct_titles(columns: list[ColumnCells], entries: Sequence[Column]) -> list[ColumnCells]:
    """The columns of disclosed fields; one whose title means another column of the list gets a number behind it."""
    fixed = (*IDENTIFIER.values(), STREET, APPLY_BY, STATE, TO_CHECK, MISSING, TOKEN, PERSON_TOKENS)
    words = [word for text in fixed for word in (text.zh, text.en)] + [word for titles in COLUMNS.values() for word in titles]
    in_use = {plain(word) for word in (*words, *(entry.title for entry in entries))}
    distinct = list[ColumnCells]()
    for column, cells in columns:
        title, number = column.title, 1
        while plain(title) in in_use:
            number += 1
            title = f"{column.title} {number}"
        in_use.add(plain(title))
        distinct.append((Column(title, column.kind, column.places), cells))
    return distinct
