"""The true counts behind the tables of the open grade.

They never leave the workspace: ``services.exports.open_tables`` publishes figures. Lists are counted as they were told to agencies, for the
policies that are matched now; changes in the months that are over.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from connectors.analysts.coarse import STREET_DIGITS, age_bands
from connectors.analysts.columns import date_series, text_series
from connectors.analysts.disclosure import Cell, CountTable
from policies.values import Kind, within
from services.exports.analysis import BIRTH_DATE, SEX, analysable_field, analysable_register
from services.state.as_of import core, materialized_lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.analysts.disclosure import SecretOrder
    from matchers.lists.verdicts import Candidate
    from policies.language.catalogue import Catalogue, Feed
    from streams.host import Host
    from streams.steps.state import State

BY_STREET, BY_AGE_AND_SEX = "candidates_by_street", "candidates_by_age_and_sex"
BY_MONTH, BY_UNIT = "changes_by_month", "coverage_by_unit"
NOT_RECORDED = "unknown"
"""In place of a street, an age band or a sex that no record says, or whose register may not be read for analysis."""


def list_counts(state: State, order: SecretOrder) -> list[CountTable]:
    """The counts of the candidates: by street and status, by age band and sex, and, of the secret half, waiting for each source."""
    streets, people, waiting = Counter[Cell](), Counter[Cell](), Counter[Cell]()
    described = _people(state)
    for policy, candidates in materialized_lists(state):
        kind = state.policies[policy].subject
        may_place = analysable_register(state.catalogue, kind, state.day) is not None
        for candidate in candidates:
            streets[BY_STREET, policy, candidate.status or "", street_of(candidate.division if may_place else None)] += 1
            if kind is Kind.PERSON:
                people[(BY_AGE_AND_SEX, policy, *described.get(candidate.subject, (NOT_RECORDED, NOT_RECORDED)))] += 1
        waiting.update(_waiting(state.catalogue, [candidate for candidate in candidates if order.in_half(candidate.subject)]))
    return [CountTable(BY_STREET, streets, 3), CountTable(BY_AGE_AND_SEX, people, 2), CountTable(BY_UNIT, waiting, each=2)]


def change_counts(host: Host, months: frozenset[str], order: SecretOrder) -> CountTable:
    """The subjects of the secret half whose place on a list changed, once for a policy, cause and month that is over.

    Args:
        months: those that were counted before; they are left out.
    """
    state, subjects = host.state, defaultdict[Cell, set[int]](set)
    for line in host.outputs():
        month = f"{line.day:%Y-%m}"
        is_over = month < f"{state.day:%Y-%m}" and month not in months
        if is_over and int(line.id.rpartition(".")[0]) <= state.offset:  # a writer may have gone on since the state was read
            subjects[BY_MONTH, line.policy, line.cause.kind, month].add(line.subject)
    counts = {cell: sum(map(order.in_half, some)) for cell, some in subjects.items()}
    return CountTable(BY_MONTH, counts, once=True, each=2)


def street_of(division: str | None) -> str:
    """The code of the street of a division."""
    return division[:STREET_DIGITS] if division else NOT_RECORDED


def _people(state: State) -> Mapping[int, tuple[str, str]]:
    """Age band and sex of every person with a record in the register, by token; of nobody where it may not be read for analysis."""
    from matchers.matrix.frames import records

    register = analysable_register(state.catalogue, Kind.PERSON, state.day)
    if register is None or any(analysable_field(state.catalogue, name, state.day) is None for name in (BIRTH_DATE, SEX)):
        return {}
    rows = records(core(state).store, register.name)
    births, sexes = rows.fields[BIRTH_DATE], rows.fields[SEX]
    bands = age_bands(date_series(births.values.astype(np.int32), births.there), state.day).fill_null(NOT_RECORDED)
    words = text_series(sexes.values, sexes.there, sexes.texts).fill_null(NOT_RECORDED)
    return dict(zip(rows.subject.values.tolist(), zip(bands, words, strict=True), strict=True))


def _waiting(catalogue: Catalogue, candidates: list[Candidate]) -> Iterator[Cell]:
    """The sources without whose records a candidate is undecided, once for each candidate."""
    for candidate in candidates:
        for name in {feed for _, feed in candidate.missing if feed is not None}:
            for unit in _units_of(catalogue.feeds[name], candidate.division):
                yield BY_UNIT, name, unit


def _units_of(feed: Feed, division: str | None) -> set[str]:
    """The units that hold a feed for a division; all of them where the division is not known."""
    return {source.unit for source in feed.sources if division is None or within(division, source.division) is not False}
