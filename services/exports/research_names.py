"""The tables of a research snapshot that are about no one: policies, units, feeds, coverage, and what columns and codes mean.

``services.exports.research_tables`` asks for them. Names are in both languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from policies.language.tree import Check, leaves
from policies.values import Kind
from services.exports.analysis import analysis_refusal, fields_in, fields_left_out
from services.exports.research_lists import GONE, MERGED_OUTCOMES
from streams.ledgers.outcomes import TITLES

if TYPE_CHECKING:
    import polars as pl

    from connectors.analysts.columns import Treatment
    from policies.language.catalogue import Feed
    from policies.language.tree import Policy
    from streams.steps.state import State

_OUTCOMES = {word: title for word, title in TITLES.items() if word not in MERGED_OUTCOMES}
SUBJECTS = {Kind.PERSON: "persons", Kind.HOUSEHOLD: "households", Kind.DWELLING: "dwellings"}
TABLES = frozenset(
    {
        *("about", "manifest", "left_out", "candidates", "candidate_items", "changes", "outcomes", "holds", "verdicts", "coverage"),
        *("sources", "policies", "evidence", "criteria", "units", "divisions", "feeds", "columns", "codes", *SUBJECTS.values()),
    }
)
"""The tables of every research snapshot, whatever the names of the feeds."""


def name_tables(state: State) -> Iterator[tuple[str, pl.DataFrame]]:
    """The tables of names, coverage and sources, and of what was left out."""
    catalogue, newest = state.catalogue, _newest(state)
    yield "policies", _policies(state, newest)
    yield (
        "evidence",
        _frame(
            [(name, feed, str(period)) for name, policy in newest.items() for feed, period in sorted(policy.evidence.items())],
            "policy feed max_age",
        ),
    )
    yield "criteria", _criteria(state)
    yield (
        "units",
        _frame(
            [(u.id, u.kind, u.division, u.title.zh, u.title.en) for u in catalogue.units.values()], "unit kind division title_zh title_en"
        ),
    )
    yield (
        "divisions",
        _frame([(code, title.zh, title.en) for code, title in sorted(catalogue.divisions.items())], "division title_zh title_en"),
    )
    yield "feeds", _feeds(state)
    yield "coverage", _coverage(state)
    yield "sources", _sources(state)
    yield (
        "left_out",
        _frame(
            [(left.feed, left.field, left.reason.zh, left.reason.en) for left in fields_left_out(catalogue, state.day)],
            "feed field reason_zh reason_en",
        ),
    )
    yield "codes", _codes(state)


def record_table(feed: str) -> str:
    """The name of a feed's table: that of the feed, after ``feed_`` where a table of the snapshot itself has that name."""
    return f"feed_{feed}" if feed in TABLES else feed


def treated_columns(tables: Iterable[tuple[str, Feed, Mapping[str, Treatment]]]) -> pl.DataFrame:
    """The columns of fields: their titles, and how each is coarser than on record.

    Args:
        tables: name, feed and the treatment of each column.
    """
    from connectors.analysts.columns import record_columns

    rows = []
    for table, feed, treatments in tables:
        names = record_columns(feed)
        for field in fields_in(feed):
            column = names["field", field.name]
            t = treatments[column]
            rows.append((table, column, field.title.zh, field.title.en, field.unit, t.kind, t.top, t.bottom))
    return _frame(rows, "table_name column_name title_zh title_en measure treatment top:f bottom:f")


def _newest(state: State) -> dict[str, Policy]:
    """The policy that decides, or the newest version of one that no longer does, by name."""
    names = sorted(state.registry.versions)
    return {name: state.policies.get(name) or state.registry.versions[name][state.registry.newest(name)].policy for name in names}


def _policies(state: State, newest: Mapping[str, Policy]) -> pl.DataFrame:
    rows = [
        (name, p.version, p.title.zh, p.title.en, str(p.subject), p.direction, p.agency, p.purpose, p.scope, p.effective_from,
         p.effective_to, p.apply_by, name in state.policies)
        for name, p in newest.items()
    ]  # fmt: skip
    return _frame(
        rows,
        "policy version:i title_zh title_en subject direction agency purpose scope effective_from:d effective_to:d apply_by:d in_force:b",
    )


def _criteria(state: State) -> pl.DataFrame:
    """The criteria of every version; an element of a set is no criterion of its own."""
    rows = []
    for name, versions in sorted(state.registry.versions.items()):
        for number, version in sorted(versions.items()):
            for leaf in {leaf.meta.id: leaf for leaf in leaves(version.policy.criteria)}.values():
                meta, label = leaf.meta, leaf.meta.label
                kind = "check" if isinstance(leaf, Check) else "record"
                rows.append((name, number, meta.id, kind, meta.cite, label and label.zh, label and label.en))
    return _frame(rows, "policy version:i criterion kind article title_zh title_en")


def _feeds(state: State) -> pl.DataFrame:
    rows = [
        (f.name, f.title.zh, f.title.en, str(f.subject), "many" if f.many else "one", analysis_refusal(f, state.day) is None)
        for f in state.catalogue.feeds.values()
    ]
    return _frame(rows, "feed title_zh title_en subject cardinality included:b")


def _coverage(state: State) -> pl.DataFrame:
    """Coverage statements; one about listed subjects has no division."""
    rows = {
        (s.feed, state.catalogue.feeds[s.feed].sources[s.source].unit, s.division, s.complete_to, entry.standing)
        for entry in state.statements.entries.values()
        for s in (entry.stated,)
    }
    return _frame(list(rows), "feed unit division complete_to:d standing").sort(
        "feed", "unit", "division", "complete_to", "standing", nulls_last=True
    )


def _sources(state: State) -> pl.DataFrame:
    """Every source of every feed, those that never declared included; the furthest day of its statements in effect."""
    furthest: dict[tuple[str, int], Any] = {}
    for entry in state.statements.entries.values():
        s = entry.stated
        if entry.standing == "in_effect":
            furthest[s.feed, s.source] = max(s.complete_to, furthest.get((s.feed, s.source), s.complete_to))
    rows = [
        (feed.name, source.unit, source.division, (feed.name, at) in furthest, furthest.get((feed.name, at)))
        for feed in state.catalogue.feeds.values()
        for at, source in enumerate(feed.sources)
    ]
    return _frame(rows, "feed unit division declared:b last_complete_to:d")


def _codes(state: State) -> pl.DataFrame:
    """What codes of columns mean; in English where the contract has a title."""
    from connectors.analysts.columns import record_columns

    rows: list[tuple[str | None, ...]] = [("outcomes", "outcome", word, title.zh, title.en) for word, title in _OUTCOMES.items()]
    rows.append(("outcomes", "outcome", GONE, "已不在此处", "no longer there"))
    for feed in state.catalogue.feeds.values():
        if analysis_refusal(feed, state.day) is None:
            names = record_columns(feed)
            rows += [
                (record_table(feed.name), names["field", field.name], code, title, dict(field.titles_en).get(code))
                for field in fields_in(feed)
                for code, title in field.values
            ]
    return _frame(rows, "table_name column_name code title_zh title_en")


def _frame(rows: Sequence[tuple[Any, ...]], columns: str) -> pl.DataFrame:
    """A table of rows; a column is text, or what is behind its colon: a whole number, a fraction, a date or true or false."""
    import polars as pl

    types = {"": pl.String, "i": pl.Int64, "f": pl.Float64, "d": pl.Date, "b": pl.Boolean}
    parts = [column.partition(":") for column in columns.split()]
    return pl.DataFrame(rows, schema={name: types[letter] for name, _, letter in parts}, orient="row")
