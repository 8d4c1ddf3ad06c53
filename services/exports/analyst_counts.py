"""Counts by day and by week for research snapshots, made where days are still known: rows about people carry months only.

``services.exports.releases`` adds these tables, and views name what they count (``connectors.analysts.views``). None has a token. A cell of
fewer than ten subjects is left out. So is a day beside which fewer than ten changes of its month happened, unless its cause has a day that
everybody knows: it would say the day of nearly each row of that month. For the same reason a forecast tells weeks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from services.lists.outcomes import policy_tally
from streams.language.causes import AgreementCause, AmendmentCause, PublicationCause, WithdrawalCause
from streams.language.messages import Tick
from streams.steps.consequences import days_between
from streams.steps.steps import step

if TYPE_CHECKING:
    import polars as pl

    from streams.host import Host
    from streams.steps.state import State

FEWEST = 10
WEEKS, WEEK = 4, 7
BANDS = ((0, 7), (8, 14), (15, 30), (31, 60), (61, 90), (91, 180), (181, None))
"""Days to the first outcome: from, and up to."""
PUBLIC_DAYS = frozenset(cause.kind for cause in (PublicationCause, AmendmentCause, WithdrawalCause, AgreementCause))
"""Causes whose day everybody knows."""


def count_tables(host: Host) -> Iterator[tuple[str, pl.DataFrame]]:
    """The tables of counts, each made when its turn comes; the state of the host stays as it is."""
    contacts = _first_contacts(host)
    days: dict[tuple[str, date, str, str], set[int]] = defaultdict(set)
    entries: dict[tuple[str, int], date] = {}
    for c in host.outputs():
        if int(c.id.rpartition(".")[0]) > host.state.offset:
            continue  # a writer has gone on since the state was read
        days[c.policy, c.day, c.change, c.cause.kind].add(c.subject)
        if c.change == "entered" and (c.policy, c.subject) in contacts:
            entries.setdefault((c.policy, c.subject), c.day)
    yield "daily_changes", _daily_changes({cell: len(subjects) for cell, subjects in days.items()})
    yield "first_contacts", _bands(host.state, contacts, entries)
    yield "hits_and_misses", _hits_and_misses(host.state)
    yield "forecast", _forecast(host)


def _first_contacts(host: Host) -> dict[tuple[str, int], date]:
    """The day of the first outcome of each candidate of a policy, as far back as the log goes."""
    state, days = host.state, dict[tuple[str, int], date]()
    reports = [(report.policy, report.subject, report.on) for report in host.outcome_history().reports]
    for policy, subject, on in [*reports, *((f.policy, f.subject, f.on) for f in state.outcomes)]:
        if policy in state.registry.versions:
            kind = next(iter(state.registry.versions[policy].values())).policy.subject
            key = policy, state.identities.root(kind, subject)
            days[key] = min(on, days.get(key, on))
    return days


def _daily_changes(cells: Mapping[tuple[str, date, str, str], int]) -> pl.DataFrame:
    in_month: Counter[tuple[str, date, str, str]] = Counter()
    for (policy, day, change, cause), subjects in cells.items():
        in_month[policy, day.replace(day=1), change, cause] += subjects
    rows = [
        (policy, day, change, cause, subjects)
        for (policy, day, change, cause), subjects in sorted(cells.items())
        if subjects >= FEWEST and (cause in PUBLIC_DAYS or in_month[policy, day.replace(day=1), change, cause] - subjects >= FEWEST)
    ]
    return _frame(rows, "policy day:d change cause subjects:i")


def _bands(state: State, contacts: Mapping[tuple[str, int], date], entries: Mapping[tuple[str, int], date]) -> pl.DataFrame:
    """Candidates by the days to their first outcome: from the first publication of the policy, and from their own first entry."""
    published = {name: min(version.published for version in versions.values()) for name, versions in state.registry.versions.items()}
    counts: Counter[tuple[str, str, int, int | None]] = Counter()
    for (policy, subject), day in contacts.items():
        starts = {"publication": published[policy], "entry": entries.get((policy, subject))}
        for name, start in starts.items():
            if start is not None and start <= day:
                counts[policy, name, *_band((day - start).days)] += 1
    rows = [(*cell, subjects) for cell, subjects in counts.items() if subjects >= FEWEST]
    return _frame(sorted(rows, key=lambda row: row[:3]), "policy counted_from days_from:i days_to:i subjects:i")


def _band(days: int) -> tuple[int, int | None]:
    return next(band for band in BANDS if band[1] is None or days <= band[1])


def _hits_and_misses(state: State) -> pl.DataFrame:
    """How often outcomes say that the list was right or wrong: of a policy, of its criteria, and of the units whose records they rest on.

    The first two can be counted from the outcomes as well; a unit with fewer than ten is left out.
    """
    rows: list[tuple[Any, ...]] = []
    for name in sorted({finding.policy for finding in state.outcomes}):
        tally = policy_tally(state, name)
        rows.append((name, "policy", None, None, tally.right, tally.wrong))
        rows += [(name, "criterion", hits.criterion, None, hits.right, hits.wrong) for hits in tally.criteria]
        rows += [(name, "unit", None, hits.unit, hits.right, hits.wrong) for hits in tally.units if hits.wrong >= FEWEST]
    return _frame(rows, "policy basis criterion unit hits:i misses:i")


def _forecast(host: Host) -> pl.DataFrame:
    """Who moves in the coming weeks if no record arrives: the ticks of those days, on a copy of the state."""
    from matchers.kernel.changes import STATUSES
    from streams.steps.state import State

    state = State.restore(host.parts, host.state.meta(), host.state.arrays())
    start, moved = state.day, defaultdict[tuple[str, int, str], set[int]](set)
    for day in days_between(start, start + timedelta(days=WEEKS * WEEK)):
        lines = step(state, Tick(day), state.offset)
        week = (day - start - timedelta(days=1)).days // WEEK
        columns = (column.tolist() for column in (lines.head, lines.subject, lines.before, lines.after))
        for head, subject, before, after in zip(*columns, strict=True):
            change = "entered" if STATUSES[before] is None else "left" if STATUSES[after] is None else "changed"
            moved[lines.heads[head][0], week, change].add(subject)
    rows = [
        (policy, start + timedelta(days=week * WEEK + 1), start + timedelta(days=(week + 1) * WEEK), change, len(subjects))
        for (policy, week, change), subjects in sorted(moved.items())
        if len(subjects) >= FEWEST
    ]
    return _frame(rows, "policy first_day:d last_day:d change subjects:i")


def _frame(rows: Iterable[tuple[Any, ...]], columns: str) -> pl.DataFrame:
    """A table of rows; a column is text, or what is behind its colon: a whole number or a date."""
    import polars as pl

    types = {"": pl.String, "i": pl.Int64, "d": pl.Date}
    parts = [column.partition(":") for column in columns.split()]
    return pl.DataFrame(list(rows), schema={name: types[letter] for name, _, letter in parts}, orient="row")
