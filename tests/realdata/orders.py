"""The same messages in another order.

The one idea: what may come in any order does: files and the batches of each, cut again and dealt out among each other, publications,
statements, answers. Only what no order may break is kept: a catalogue and a first day come first, a delivery starts before its
rows and before the later ones of its source start, and is completed behind its rows, a statement is made before it is withdrawn
(and before its delivery is complete, where it counts its rows wrongly), a policy is published before its checks are answered.
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


def shuffled(messages: list[Input], seed: int) -> list[Input]:
    """An order of the same inputs; batches are cut at other places, their rows turned round, and some pieces come twice."""
    rng = np.random.default_rng(seed)
    ticks = [m for m in messages if isinstance(m, Tick)]
    first: list[Input] = [*(m for m in messages if isinstance(m, CatalogueSet)), *ticks[:1]]
    rest = _rest(messages, first)
    pieces = [piece for message in rest for piece in _pieces(message, rng)]
    rank = {id(piece): draw for piece, draw in zip(pieces, rng.random(len(pieces)).tolist(), strict=True)}
    if seed % MIXED:
        rank |= {id(p): LATE + (1 - LATE) * rank[id(p)] for p in pieces if isinstance(p, PolicyPublished)}
    _bounded(pieces, rank)
    return [*first, *sorted(pieces, key=lambda piece: rank[id(piece)])]


def _rest(messages: list[Input], first: list[Input]) -> list[Input]:
    taken = {id(m) for m in first}
    return [m for m in messages if id(m) not in taken]


def _pieces(message: Input, rng: np.random.Generator) -> list[Input]:
    if not isinstance(message, RecordBatch):
        return [message]
    size = int(rng.integers(WHOLE // 2, WHOLE))
    made = [message.slice(start, min(start + size, len(message))) for start in range(0, len(message), size)]
    again = [piece.slice(0, min(50, len(piece))) for piece in made[:1]] if rng.random() < 0.2 else []
    return [*made, *again]


def _bounded(pieces: list[Input], rank: dict[int, float]) -> None:
    """Moves each message behind what it needs, or before what it may not follow."""
    rows: dict[tuple[str, int, int], list[float]] = {}
    for piece in pieces:
        if isinstance(piece, RecordBatch):
            rows.setdefault((piece.feed, piece.source, piece.delivery), []).append(rank[id(piece)])
    begun = _begun(rows)
    published = {p.policy: rank[id(p)] for p in pieces if isinstance(p, PolicyPublished)}
    whole: dict[tuple[str, int, str | None], DeliveryCompleted] = {}
    for piece in pieces:
        own = rank[id(piece)]
        match piece:
            case DeliveryStarted():
                rank[id(piece)] = begun[piece.feed, piece.source, piece.delivery]
            case DeliveryCompleted():
                whole[piece.feed, piece.source, piece.id] = piece
                rank[id(piece)] = max(own, max(rows[piece.feed, piece.source, piece.delivery]) + 1e-9)
            case CheckAnswered():
                rank[id(piece)] = max(own, published[piece.policy] + 1e-9)
            case _:
                pass
    _stated(pieces, rank, whole)


def _stated(pieces: list[Input], rank: dict[int, float], whole: dict[tuple[str, int, str | None], DeliveryCompleted]) -> None:
    """A statement that names another number of rows comes before its delivery is complete (behind that it is refused); a withdrawal
    behind its statement."""
    stated: dict[str, float] = {}
    for piece in pieces:
        if isinstance(piece, CoverageStated):
            named = whole.get((piece.feed, piece.source, piece.delivery))
            if named is not None and piece.rows is not None and piece.rows != named.rows:
                rank[id(piece)] = min(rank[id(piece)], rank[id(named)] - 1e-9)
            stated[piece.statement] = rank[id(piece)]
    for piece in pieces:
        if isinstance(piece, CoverageWithdrawn):
            rank[id(piece)] = max(rank[id(piece)], stated[piece.statement] + 1e-9)


def _begun(rows: dict[tuple[str, int, int], list[float]]) -> dict[tuple[str, int, int], float]:
    """When each delivery starts: before its first row, and with the next of its source at the latest (of equals the lower number is first)."""
    out: dict[tuple[str, int, int], float] = {}
    latest: dict[tuple[str, int], float] = {}
    for feed, source, delivery in sorted(rows, reverse=True):
        own = min(rows[feed, source, delivery]) - 1e-9
        latest[feed, source] = out[feed, source, delivery] = min(own, latest.get((feed, source), own))
    return out
