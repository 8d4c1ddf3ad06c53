"""The state at a moment of the past, for known-at questions.

It is made from the newest checkpoint at or before the moment and the inputs behind it, over a connection of its own; the open host is not
touched. A moment is an offset, or a day: the last message before the clock first went beyond that day. If the clock is set back later, a
message of the earlier day does not count as known on that day. While an erasure is half done there is no answer, because the files may
still hold the person.
Source: docs/en/semantics.md section 13; ``streams.store.retention`` says how much of the past stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

from policies.values import Text
from streams.language.errors import UNFINISHED, DamagedStore, NotKept, Unreadable
from streams.language.messages import Tick
from streams.steps.state import NO_DAY
from streams.store import checkpoints
from streams.store.log import Log
from streams.store.recovery import Recipe, Recoverable, replay, state_of_checkpoint
from streams.store.retention import CheckpointMark, mark
from streams.wire import wire

ATTEMPTS = 8
"""How often it may happen that a checkpoint is removed while it is read."""

K = TypeVar("K", bound=Recoverable)


def known_at(folder: Path, how: Recipe[K], moment: int | date, key: bytes = b"") -> K:
    """The state behind the message at an offset, or at the end of a day.

    Args:
        folder: of the store.
        key: of its log's chain.

    Raises:
        NotKept: before the beginning, beyond the end, or older than the retention; the message names the earliest moment.
        NewerFormat, Damaged, Busy: as for a store.
    """
    log = Log(folder, readonly=True, key=key)
    try:
        for _ in range(ATTEMPTS):
            with log.reading() as last:
                if log.first_unfinished_erasure() is not None:
                    raise NotKept(UNFINISHED)
                start = _start(log, folder / "snapshots")
                offset = moment if isinstance(moment, int) else _end_of(log, start, moment, last)
                _within(start, offset, last)
                state = _snapshot(folder / "snapshots", offset, how, key)
                if replay(log, state, how, offset) is not None and state.offset == offset:
                    return state
    finally:
        log.close()
    raise NotKept(_older(start))


def _start(log: Log, folder: Path) -> CheckpointMark:
    """Where the known past begins: at the oldest checkpoint with all inputs behind it, or at the first message."""
    first = log.first()
    if first == 0 or log.last() < 0:
        return CheckpointMark(-1, NO_DAY, NO_DAY, 0)
    for offset in reversed(checkpoints.offsets(folder)):
        oldest = mark(checkpoints.place(folder, offset), offset, log.key)
        if oldest is not None and (first is None or offset >= first - 1):
            return oldest
    return CheckpointMark(log.last(), NO_DAY, date.max, 0)


def _end_of(log: Log, start: CheckpointMark, day: date, last: int) -> int:
    """The last message before the clock first went beyond a day."""
    if start.furthest > day:
        raise NotKept(_older(start))
    furthest = start.furthest
    for offset, to in _ticks(log, start.offset):
        if to > day:
            if furthest == NO_DAY:
                zh = f"{day} 时还什么都不知道：时钟从 {to} 开始。请用那天或之后的日期。"
                raise NotKept(Text(zh, f"Nothing was known on {day}: the clock begins on {to}. Ask for that day or a later one."))
            return offset - 1
        furthest = max(furthest, to)
    if furthest < day:
        if furthest == NO_DAY:
            raise NotKept(
                Text("还没有任何一天：请先推进日期（huimin tick）。", "There is no day yet: move the date on first (huimin tick).")
            )
        zh = f"{day} 还没有到：状态的时钟最远到过 {furthest}。要看那天会怎样，用 --as-of。"
        en = f"{day} is yet to come: the furthest the state's clock has been is {furthest}. To see what that day would bring, use --as-of."
        raise NotKept(Text(zh, en))
    return last


def _ticks(log: Log, after: int) -> Iterator[tuple[int, date]]:
    """Every move of the clock behind an offset."""
    for offset, body in log.inputs_with(after, *wire.kind_bytes(Tick)):
        try:
            message = wire.decode(body)
        except Unreadable:  # from a topic; the fold ignores it as well
            continue
        if isinstance(message, Tick):
            yield offset, message.day


def _within(start: CheckpointMark, offset: int, last: int) -> None:
    if offset < 0:
        raise NotKept(Text("消息的编号从 #0 开始。", "Messages are numbered from #0."))
    if offset > last:
        raise NotKept(Text(f"还没有第 #{offset} 条消息：最后一条是 #{last}。", f"There is no message #{offset} yet: the last is #{last}."))
    if offset < start.offset:
        raise NotKept(_older(start))


def _snapshot(folder: Path, offset: int, how: Recipe[K], key: bytes) -> K:
    """The state of the newest readable checkpoint at or before an offset, or the empty state. The writer sets damaged ones aside."""
    for checkpoint_offset in checkpoints.offsets(folder):
        if checkpoint_offset <= offset:
            try:
                return state_of_checkpoint(how, checkpoints.place(folder, checkpoint_offset), key)
            except (FileNotFoundError, DamagedStore):
                continue
    return how.make(None)


def _older(start: CheckpointMark) -> Text:
    if start.furthest == date.max:
        return Text("过去已不可读：快照都不完整。", "The past cannot be read: no snapshot is whole.")
    zh = f"那时的记录已超出保留期：最早可查 {start.furthest}，或第 #{start.offset} 条消息。各期名单的证据文件不受此限。"
    en = (
        f"That is older than what is kept: the earliest that can be asked is {start.furthest}, or message #{start.offset}. "
        "What an edition rested on is in its evidence file, where one was written."
    )
    return Text(zh, en)
