"""The tables of a snapshot for analysts: records, subjects, lists, their history and counts, by token; never with a name.

``services.exports.snapshots`` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from policies.values import Kind
from services.lists.outcomes import outcome_standing
from services.state.as_of import core, materialized_lists

if TYPE_CHECKING:
    import polars as pl

    from connectors.analysts.snapshot import Aggregate
    from matchers.lists.verdicts import Candidate
    from streams.host import Host
    from streams.steps.state import State

EPOCH = date(1970, 1, 1)
SUBJECTS = {Kind.PERSON: "persons", Kind.HOUSEHOLD: "households", Kind.DWELLING: "dwellings"}
TABLES = frozenset(
    {
        "about",
        "manifest",
        "candidates",
        "changes",
        "coverage",
        "policies",
        "verdicts",
        "columns",
        "codes",
        "holds",
        "outcomes",
        *SUBJECTS.values(),
    }
)
"""The tables of every snapshot, whatever the names of the feeds."""


def snapshot_tables(host: Host) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every table; each large one is made only when its turn comes."""
    return chain(_tables(host).items(), _subjects(host), _records(host))


def _subjects(host: Host) -> Iterator[tuple[str, pl.DataFrame]]:
    """Persons, households and dwellings, each made when its turn comes."""
    from connectors.analysts.columns import subjects_frame
    from matchers.matrix.frames import subjects

    store, day = core(host.state).store, (host.state.day - EPOCH).days
    for kind, name in SUBJECTS.items():
        yield name, subjects_frame(subjects(store, kind, day))


def _records(host: Host) -> Iterator[tuple[str, pl.DataFrame]]:
    """The records of every feed, each made when its turn comes, so that only one is in memory."""
    from connectors.analysts.columns import records_frame
    from matchers.matrix.frames import records

    for feed in host.state.catalogue.feeds.values():
        yield record_table(feed.name), records_frame(records(core(host.state).store, feed.name), feed)


def record_table(feed: str) -> str:
    """The name of a feed's table: that of the feed, after ``feed_`` where a table of the snapshot itself has that name."""
    return f"feed_{feed}" if feed in TABLES else feed


def _dictionary(host: Host) -> dict[str, pl.DataFrame]:
    """The tables of the meanings of columns and codes, from the contracts."""
    import polars as pl

    from connectors.analysts.columns import record_columns

    columns, codes = [], []
    for feed in host.state.catalogue.feeds.values():
        table, names = record_table(feed.name), record_columns(feed)
        for (what, name), column in names.items():
            if what == "field":
                field = feed.fields[name]
                columns.append((table, column, field.title.zh, field.title.en, field.unit))
                codes += [(table, column, code, title) for code, title in field.values]
    text = pl.String
    return {
        "columns": _frame(columns, {"table_name": text, "column_name": text, "title_zh": text, "title_en": text, "measure": text}),
        "codes": _frame(codes, {"table_name": text, "column_name": text, "code": text, "title_zh": text}),
    }


def _tables(host: Host) -> dict[str, pl.DataFrame]:
    import polars as pl

    state = host.state
    rows = [row for name, candidates in materialized_lists(state) for row in _list_rows(name, candidates)]
    changes = [
        (c.id, c.policy, c.version, f"{c.subject:016x}", c.change, c.before, c.status, c.cause.kind, c.cause.detail, c.day)
        for c in host.outputs()
        if int(c.id.rpartition(".")[0]) <= state.offset  # a writer may have gone on since the state was read
    ]
    covered = [
        (
            e.stated.statement,
            e.stated.feed,
            state.catalogue.feeds[e.stated.feed].sources[e.stated.source].unit,
            e.stated.division,
            e.stated.complete_to,
            e.standing,
        )
        for _, e in sorted(state.statements.entries.items())
    ]
    outcomes = [
        (f.policy, f"{f.subject:016x}", f.outcome, f.on, f.criterion, f.day, f.until, outcome_standing(state, f) == "kept")
        for f in sorted(state.outcomes, key=lambda finding: (finding.policy, finding.subject))
    ]
    policies = [
        (name, p.version, p.title.zh, p.title.en, str(p.subject), p.direction, p.effective_from, p.effective_to)
        for name, p in sorted(state.policies.items())
    ]
    text, day = pl.String, pl.Date
    return {
        "candidates": _frame(rows, {"policy": text, "subject": text, "status": text, "division": text, "checklist": text, "missing": text}),
        "changes": _frame(
            changes,
            {
                "id": text,
                "policy": text,
                "version": pl.Int64,
                "subject": text,
                "change": text,
                "before": text,
                "status": text,
                "cause": text,
                "detail": text,
                "day": day,
            },
        ),
        "coverage": _frame(
            covered, {"statement": text, "feed": text, "unit": text, "division": text, "complete_to": day, "standing": text}
        ),
        "policies": _frame(
            policies,
            {
                "policy": text,
                "version": pl.Int64,
                "title_zh": text,
                "title_en": text,
                "subject": text,
                "direction": text,
                "effective_from": day,
                "effective_to": day,
            },
        ),
        "holds": _holds(state),
        "outcomes": _frame(
            outcomes,
            {
                "policy": text,
                "subject": text,
                "outcome": text,
                "found_on": day,
                "criterion": text,
                "day": day,
                "until": day,
                "kept_off": pl.Boolean,
            },
        ),
        **_dictionary(host),
    }


def _holds(state: State) -> pl.DataFrame:
    """The holds: a row for each subject of each hold, or one without a subject where nobody is left."""
    import polars as pl

    from services.lists.holds import held_changes

    rows: list[tuple[Any, ...]] = []
    for id, people in held_changes(state).items():
        hold = state.book.holds[id]
        facts = (id, hold.kind, hold.about, hold.day, hold.decision)
        rows += [(*facts, person.policy, f"{person.subject:016x}", person.told_status, person.rule_status) for person in people] or [
            (*facts, *[None] * 4)
        ]
    text = pl.String
    names = ("hold", "kind", "about", "day", "decision", "policy", "subject", "told", "found")
    return _frame(rows, {name: pl.Date if name == "day" else text for name in names})


def _list_rows(policy: str, candidates: Iterable[Candidate]) -> Iterator[tuple[str | None, ...]]:
    """A list, row by row. Many rows have the same open checks, so their text is made once."""

    @cache
    def words(checklist: tuple[str, ...], missing: tuple[tuple[str, str | None], ...]) -> tuple[str, str]:
        return ",".join(checklist), ",".join(f"{criterion}:{feed or ''}" for criterion, feed in missing)

    for c in candidates:
        yield policy, f"{c.subject:016x}", c.status, c.division, *words(c.checklist, c.missing)


def verdict_counts(host: Host) -> Aggregate:
    """The numbers of yes, no and unknown, by policy and division; the writer leaves out small cells."""
    import polars as pl

    from connectors.analysts.snapshot import Aggregate

    matcher, names = core(host.state), sorted(host.state.policies)
    tallies = matcher.counts_of([matcher.policies[name] for name in names])
    rows = [(name, division, *counts) for name, tally in zip(names, tallies, strict=True) for division, counts in tally.by_division.items()]
    whole = pl.Int64
    frame = _frame(rows, {"policy": pl.String, "division": pl.String, "yes": whole, "no": whole, "unknown": whole})
    return Aggregate(frame, ("yes", "no", "unknown"))


def _frame(rows: list[Any], schema: dict[str, Any]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(rows, schema=schema, orient="row")
