"""The same messages in another order.

Everything that may come in any order does: files, their batches (cut at other places), publications, statements and answers. These rules
stay: a catalogue and a first day come first; a delivery starts before its rows and before later deliveries of its source, and is completed
behind its rows; a statement comes before its withdrawal (and, with a wrong count of rows, before its delivery is complete); a policy is
published before its checks are answered.
"""

from __future__ import annotations

import numpy as np

from matchers.kernel.batch import RecordBatch
from streams.language.messages import (
    CatalogueSet,
    CheckAnswered,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    Input,
    PolicyPublished,
    Tick,
)

WHOLE = 4000
"""Most rows of a piece in which a batch is dealt out."""
MIXED, LATE = 10, 0.98
"""In one order of ten policies are published at any time; in the others among the last fiftieth of the messages, which is far quicker: until
then nobody is judged."""


def another_order(messages: list[Input], seed: int) -> list[Input]:
    """An order of the same inputs; batches are cut at other places, their rows turned round, and some pieces come twice."""
    rng = np.random.default_rng(seed)
    ticks = [m for m in messages if isinstance(m, Tick)]
    first: list[Input] = [*(m for m in messages if isinstance(m, CatalogueSet)), *ticks[:1]]
    rest = _rest(messages, first)
    pieces = [piece for message in rest for piece in _pieces(message, rng)]
    rank = {id(piece): draw for piece, draw in zip(pieces, rng.random(len(pieces)).tolist(), strict=True)}
    if seed % MIXED:
        rank |= {id(p): LATE + (1 - LATE) * rank[id(p)] for p in pieces if isinstance(p, PolicyPublished)}
    _apply_bounds(pieces, rank)
    return [*first, *sorted(pieces, key=lambda piece: rank[id(piece)])]


def _rest(messages: list[Input], first: list[Input]) -> list[Input]:
    first_ids = {id(m) for m in first}
    return [m for m in messages if id(m) not in first_ids]


def _pieces(message: Input, rng: np.random.Generator) -> list[Input]:
    if not isinstance(message, RecordBatch):
        return [message]
    size = int(rng.integers(WHOLE // 2, WHOLE))
    pieces = [message.slice(start, min(start + size, len(message))) for start in range(0, len(message), size)]
    again = [piece.slice(0, min(50, len(piece))) for piece in pieces[:1]] if rng.random() < 0.2 else []
    return [*pieces, *again]


def _apply_bounds(pieces: list[Input], rank: dict[int, float]) -> None:
    """Moves each message behind what it needs, or before what it may not follow."""
    rows: dict[tuple[str, int, int], list[float]] = {}
    for piece in pieces:
        if isinstance(piece, RecordBatch):
            rows.setdefault((piece.feed, piece.source, piece.delivery), []).append(rank[id(piece)])
    start_ranks = _start_ranks(rows)
    publication_ranks = {p.policy: rank[id(p)] for p in pieces if isinstance(p, PolicyPublished)}
    whole: dict[tuple[str, int, str | None], DeliveryCompleted] = {}
    for piece in pieces:
        own = rank[id(piece)]
        match piece:
            case DeliveryStarted():
                rank[id(piece)] = start_ranks[piece.feed, piece.source, piece.delivery]
            case DeliveryCompleted():
                whole[piece.feed, piece.source, piece.id] = piece
                rank[id(piece)] = max(own, max(rows[piece.feed, piece.source, piece.delivery]) + 1e-9)
            case CheckAnswered():
                rank[id(piece)] = max(own, publication_ranks[piece.policy] + 1e-9)
            case _:
                pass
    _rank_statements(pieces, rank, whole)


def _rank_statements(pieces: list[Input], rank: dict[int, float], whole: dict[tuple[str, int, str | None], DeliveryCompleted]) -> None:
    """A statement that names another number of rows comes before its delivery is complete (behind that it is refused); a withdrawal
    behind its statement."""
    statement_ranks: dict[str, float] = {}
    for piece in pieces:
        if isinstance(piece, CoverageStated):
            delivery = whole.get((piece.feed, piece.source, piece.delivery))
            if delivery is not None and piece.rows is not None and piece.rows != delivery.rows:
                rank[id(piece)] = min(rank[id(piece)], rank[id(delivery)] - 1e-9)
            statement_ranks[piece.statement] = rank[id(piece)]
    for piece in pieces:
        if isinstance(piece, CoverageWithdrawn):
            rank[id(piece)] = max(rank[id(piece)], statement_ranks[piece.statement] + 1e-9)


def _start_ranks(rows: dict[tuple[str, int, int], list[float]]) -> dict[tuple[str, int, int], float]:
    """When each delivery starts: before its first row, and with the next of its source at the latest (of equals the lower number is first)."""
    out: dict[tuple[str, int, int], float] = {}
    latest: dict[tuple[str, int], float] = {}
    for feed, source, delivery in sorted(rows, reverse=True):
        own = min(rows[feed, source, delivery]) - 1e-9
        latest[feed, source] = out[feed, source, delivery] = min(own, latest.get((feed, source), own))
    return out
