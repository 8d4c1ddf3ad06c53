"""The four tables of an open snapshot: figures about groups of people, and no row about anybody.

``services.exports.snapshots`` writes them. What is published, and as what figure, ``connectors.analysts.disclosure`` decides from the true
counts and the ledger of what was published before; docs/en/analysts.md says how to read the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connectors.analysts.disclosure import WITHHELD, Cell, SecretOrder, next_figures
from services.exports.open_counts import BY_AGE_AND_SEX, BY_MONTH, BY_STREET, BY_UNIT, change_counts, list_counts

if TYPE_CHECKING:
    import polars as pl

    from infra.workspace.open_figures import OpenFigures
    from streams.host import Host
    from streams.steps.state import State

CLOSED_MONTH = "closed_month"
"""In the ledger, in place of a table: a month whose changes were counted, once and for ever."""


def open_tables(host: Host, ledger: OpenFigures, key: bytes) -> Iterator[tuple[str, pl.DataFrame]]:
    """The four tables; their figures are in the ledger when this returns.

    Args:
        key: of the secret order; it stays in the workspace.
    """
    order = SecretOrder(key)
    months = frozenset(cell[1] for cell in ledger.figures if cell[0] == CLOSED_MONTH)
    changes = change_counts(host, months, order)
    additions: dict[Cell, int] = {(CLOSED_MONTH, cell[-1]): 1 for cell in changes.counts}
    for table in (*list_counts(host.state, order), changes):
        additions |= next_figures(table, ledger.figures, order)
    ledger.add(additions)
    return iter(_tables(host.state, ledger.figures).items())


def _tables(state: State, figures: Mapping[Cell, int]) -> dict[str, pl.DataFrame]:
    """The published figures of the policies that are matched now, of all months that are over, and every source."""
    import polars as pl

    text, whole, day = pl.String, pl.Int64, pl.Date
    streets = [
        (policy, street, status, figure) for (policy, status, street), figure in _figures_of(figures, BY_STREET) if policy in state.policies
    ]
    people = [(*cell, figure) for cell, figure in _figures_of(figures, BY_AGE_AND_SEX) if cell[0] in state.policies]
    changes = [(*cell, figure) for cell, figure in _figures_of(figures, BY_MONTH)]
    return {
        BY_STREET: _frame(streets, {"policy": text, "street": text, "status": text, "candidates": whole}),
        BY_AGE_AND_SEX: _frame(people, {"policy": text, "age_band": text, "sex": text, "candidates": whole}),
        BY_MONTH: _frame(changes, {"policy": text, "cause": text, "month": text, "changes": whole}),
        BY_UNIT: _frame(
            list(_sources(state, dict(_figures_of(figures, BY_UNIT)))),
            {"feed": text, "unit": text, "declared": pl.Boolean, "complete_to": day, "divisions": whole, "waiting": whole},
        ),
    }


def _figures_of(figures: Mapping[Cell, int], table: str) -> list[tuple[Cell, int]]:
    """The figures of a table in order, each with the parts of its cell behind the table."""
    return [(cell[1:], figure) for cell, figure in sorted(figures.items()) if cell[0] == table and figure != WITHHELD]


def _sources(state: State, waiting: Mapping[Cell, int]) -> Iterator[tuple[Any, ...]]:
    """Each source of each feed: whether it ever declared its records complete, how far, for how many divisions, and who waits for it."""
    statements = state.statements.in_effect()
    for feed in state.catalogue.feeds.values():
        for position, source in enumerate(feed.sources):
            of_source = [s for s in statements if (s.feed, s.source) == (feed.name, position) and s.division is not None]
            last = max((s.complete_to for s in of_source), default=None)
            divisions = len({s.division for s in of_source})
            yield feed.name, source.unit, bool(of_source), last, divisions, waiting.get((feed.name, source.unit))


def _frame(rows: list[Any], schema: dict[str, Any]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(rows, schema=schema, orient="row")
