"""Recovery: the state as it was at the last commit, from a snapshot and the inputs behind it.

The one idea: all is read in one transaction, begun before the snapshots are looked at, so that a reader sees a state that was once true
even while a writer commits, snapshots and prunes. A damaged snapshot is passed over for the one before it, or for the whole log.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matchers.batch import RecordBatch
from policies.problems import HuiminError, Invalid
from policies.values import Text
from streams import snapshots, wire
from streams.errors import Damaged, Refused, Unreadable
from streams.ports import Parts
from streams.state import State
from streams.steps import step
from streams.storage import Log

_ATTEMPTS = 8
"""How often a reader may find that a snapshot went away under it."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """The state, how much had to be replayed, and what was damaged on the way."""

    state: State
    rows: int
    bytes: int
    problem: HuiminError | None


def recovered(log: Log, folder: Path, parts: Parts, readonly: bool) -> Recovered:
    """The state at the last commit.

    Raises:
        Damaged: neither a snapshot nor the log leads there.
        NewerFormat: written by a newer version.
    """
    for _ in range(_ATTEMPTS if readonly else 1):
        with log.reading() as last:
            state, problem = _newest(folder, last, parts, readonly)
            size = replay(log, state)
            if size is not None and state.offset == last:
                return Recovered(state, *size, problem)
    zh = f"{log.path} 与快照对不上：第 {state.offset + 1} 条起的输入缺失。请从副本恢复。"
    raise Damaged(Text(zh, f"{log.path} and its snapshots do not meet: inputs from {state.offset + 1} on are missing. Restore a copy."))


def replay(log: Log, state: State) -> tuple[int, int] | None:
    """Applies the inputs behind the state's offset; gives their rows and bytes, None where the next ones are no longer there.

    A reader that stayed behind while the log was pruned is told so by None, and starts again from a snapshot.
    """
    rows = size = 0
    for offset, body in log.inputs(state.offset):
        if offset != state.offset + 1:
            return None
        try:
            message = wire.decode(body)
            step(state, message, offset)
        except (Unreadable, Refused, Invalid) as error:
            raise _again(log.path, offset, error) from error
        rows += len(message) if isinstance(message, RecordBatch) else 100
        size += len(body)
    return rows, size


def _newest(folder: Path, last: int, parts: Parts, readonly: bool) -> tuple[State, HuiminError | None]:
    """The state of the newest snapshot that reads back, or the empty state; and what was wrong with a newer one."""
    problem: HuiminError | None = None
    for offset in snapshots.offsets(folder):
        path = snapshots.place(folder, offset)
        if offset > last:
            if not readonly:  # a reader may meet a snapshot made since its transaction began
                raise _ahead(path, last)
            continue
        try:
            return State.restored(parts, *snapshots.read(path)), problem
        except FileNotFoundError:
            continue
        except Damaged as error:
            problem = error
            if not readonly:
                snapshots.set_aside(path)
    return State(parts), problem


def _again(path: Path, offset: int, error: HuiminError) -> Damaged:
    zh = f"{path} 中第 {offset} 条输入无法重新执行，请从副本恢复：{error.text.zh}"
    return Damaged(Text(zh, f"Input {offset} of {path} cannot be applied again; restore a copy: {error.text.en}"))


def _ahead(path: Path, last: int) -> Damaged:
    zh = f"快照 {path.name} 比日志新（日志止于 {last}）：日志不完整。请从同一时间的副本恢复全部文件。"
    en = f"Snapshot {path.name} is ahead of the log, which ends at {last}: the log was cut. Restore all files of one copy."
    return Damaged(Text(zh, en))
