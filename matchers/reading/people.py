"""The subjects around a candidate whose identity its list may show: the one at the end of its links, and the people of a set.

Only lists ask for them, through ``matchers.queries``, as they are on the day of the list; neither is a part of a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from matchers.kernel.layout import KINDS
from matchers.program.state import MatcherState
from matchers.reading.reading import subject
from matchers.reading.rows import InputReader
from policies.language.catalogue import LINKS
from policies.language.tree import Policy, Step
from policies.values import Kind


def linked_subjects(
    state: MatcherState, policy: Policy, links: Sequence[str], tokens: Sequence[int], day: date
) -> Mapping[int, int]:  # fmt: skip
    """By token, the token of the subject at the end of to-one links; a subject whose links lead nowhere is left out."""
    rows = InputReader(state, policy, day)
    subject_of = {}
    for token in tokens:
        at = subject(state, policy, token)
        kind, row = at.kind, at.row
        for link in links:
            if row >= 0:
                kind, row, *_ = rows.follow(link, kind, row)
        if row >= 0:
            subject_of[token] = int(state.store.tokens[kind][row])
    return subject_of


def people(
    state: MatcherState, policy: Policy, path: tuple[Step, ...], tokens: Sequence[int], day: date
) -> Mapping[int, tuple[int, ...]]:  # fmt: skip
    """By token, the tokens of the people that a path leads to, in ascending order; whether the set is complete does not matter."""
    rows = InputReader(state, policy, day)
    people_of = {}
    for token in tokens:
        elements = rows.elements(path, subject(state, policy, token), "closed").items
        people_of[token] = tuple(sorted({int(state.store.tokens[e.kind][e.row]) for e in elements if e.row >= 0}))
    return people_of


def subjects_with(state: MatcherState, policy: Policy, person: int, day: date) -> tuple[int, ...]:
    """The tokens of the policy's subjects that a person's own records name, in ascending order.

    These are the household of the person's register record, the dwelling at which that household is registered, and the dwellings where
    the person is recorded as living.

    Args:
        person: the token of a person.
    """
    rows, layout = InputReader(state, policy, day), state.store.layout
    reached = {(KINDS.index(Kind.PERSON), state.store.entity(KINDS.index(Kind.PERSON), person))}
    subjects = set[tuple[int, int]]()
    while reached := {(kind, row) for kind, row in reached if row >= 0} - subjects:
        subjects |= reached
        reached = {
            (layout.links[name].target, row)
            for name, link in LINKS.items()
            if name in layout.links
            for kind, start in reached
            if KINDS[kind] == link.owner
            for row in _linked_rows(rows, name, start)
        }
    return tuple(sorted(int(state.store.tokens[kind][row]) for kind, row in subjects if KINDS[kind] == policy.subject))


def _linked_rows(rows: InputReader, link: str, row: int) -> list[int]:
    """The rows at the end of a link: of all records of a feed with many records a subject, else of the one that counts."""
    layout = rows.layout.links[link]
    feed = list(rows.layout.feeds)[layout.feed]
    records = rows.records(feed, row) if rows.feed(feed).many else [rows.winner(feed, row)]
    return [rows.lane(feed, record, layout.lane) for record in records if record >= 0]
