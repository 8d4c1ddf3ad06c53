"""The subjects around a candidate whose identity its list may show: the one at the end of its links, and the people of a set.

Only lists ask for them, through ``matchers.queries``, as they are on the day of the list; neither is a part of a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from matchers.program.state import MatcherState
from matchers.reading.reading import subject
from matchers.reading.rows import InputReader
from policies.language.tree import Policy, Step


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
