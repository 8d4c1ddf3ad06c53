"""Where an erased person may still be named: in a log and in the checkpoints beside it.

Hosts and ``streams.erasure.scrub`` ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from matchers.kernel.batch import RecordBatch, UInt64
from matchers.matrix.erasure import TOKENS, Trace
from policies.language.catalogue import Catalogue
from policies.values import Kind
from streams.language.errors import DamagedStore, NewerFormat, Unreadable
from streams.language.messages import CheckAnswered, CoverageStated, FollowUpRecorded, IdentityMerged, IdentitySplit, Input, OutcomeReported
from streams.ledgers.erasures import RecordedErasure, erased_token
from streams.steps.state import State
from streams.store import checkpoints
from streams.store.log import Log
from streams.wire import wire


def half_erased(log: Log, folder: Path, state: State) -> int | None:
    """The token of the person whose erasure is half done: 0 if it cannot be found any more, None if no erasure is half done.

    Args:
        folder: of the checkpoints.
        state: at the log's last message.
    """
    entry, salt = half_done(log, state), state.erasures.salt
    if entry is None:
        return None
    return next((token for tokens in tokens_in(log, folder) if (token := erased_token(salt, entry, tokens))), 0)


def traces_of(log: Log, state: State, person: int) -> list[Trace]:
    """Where the rows about a person came from, as far as state and log know."""
    return [*state.matcher.traces(person), *traces_in(log, state.catalogue, person)]


def half_done(log: Log, state: State, person: int = 0) -> RecordedErasure | None:
    """The first erasure that is decided but whose traces may still be in the files; with ``person``, only an erasure of that person."""
    offsets, wanted_entry = set(log.unfinished_erasures()), state.erasures.of(person) if person else None
    return next((entry for entry in state.erasures if entry.offset in offsets and wanted_entry in (None, entry)), None)


def tokens_in(log: Log, folder: Path) -> Iterator[UInt64]:
    """Every token by which a log, or a checkpoint in a folder, may name a person."""
    for _, body in log.inputs(-1):
        match message := readable(body):
            case RecordBatch():
                yield message.subject
            case CheckAnswered() | OutcomeReported() | FollowUpRecorded():
                yield np.array([message.subject], np.uint64)
            case CoverageStated():
                yield np.array(message.subjects, np.uint64)
            case IdentityMerged() | IdentitySplit():
                yield np.array([message.subject, message.into], np.uint64)
            case _:
                pass
    for offset in checkpoints.offsets(folder):
        with suppress(DamagedStore, NewerFormat, OSError):
            yield checkpoints.read(checkpoints.place(folder, offset), log.key)[1].get(TOKENS, np.empty(0, np.uint64))


def traces_in(log: Log, catalogue: Catalogue, person: int) -> Iterator[Trace]:
    """Where the rows about a person in a log came from."""
    feeds = of_persons(catalogue)
    for _, body in log.inputs(-1):
        message = readable(body)
        if isinstance(message, RecordBatch) and message.feed in feeds:
            mine = np.flatnonzero(message.subject == np.uint64(person))
            columns = (message.key[mine].tolist(), message.order[mine].tolist(), message.row[mine].tolist())
            for key, order, row in zip(*columns, strict=True):
                yield Trace(message.feed, message.source, key, order, message.delivery, row)


def of_persons(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(name for name, feed in catalogue.feeds.items() if feed.subject is Kind.PERSON)


def readable(body: bytes) -> Input | None:
    """The message in these bytes; None if they are unreadable. A network may hold such bytes; they change nothing and are emptied."""
    try:
        return wire.decode(body)
    except Unreadable:
        return None
