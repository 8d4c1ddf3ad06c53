"""The outcomes that agencies reported, read from the messages of a log: all of them, not only the ones that count now.

The ledger (``streams.ledgers.outcomes``) holds the one outcome that counts of each subject; the messages hold every report, as far back as
the retention keeps them (``streams.store.retention``). Both hosts call it.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.language.errors import Unreadable
from streams.language.messages import OutcomeReported
from streams.store.log import Log
from streams.wire import wire


@dataclass(frozen=True, slots=True)
class OutcomeHistory:
    """The reports in a log, in the order in which they came.

    Args:
        first: the offset of the oldest message that the log holds; 0 where it holds all, None where it holds none.
    """

    first: int | None
    reports: tuple[OutcomeReported, ...]


def outcome_history(log: Log, upto: int) -> OutcomeHistory:
    """The reports of a log up to an offset. On a network some of them may not have been admitted."""
    reports = []
    with log.reading():
        first = log.first()
        for offset, body in log.inputs_with(-1, *wire.kind_bytes(OutcomeReported)):
            if offset > upto:
                break
            try:
                message = wire.decode(body)
            except Unreadable:  # from a topic; the fold ignores it as well
                continue
            if isinstance(message, OutcomeReported):
                reports.append(message)
    return OutcomeHistory(first, tuple(reports))
