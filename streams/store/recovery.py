"""Recovery: the state at the last commit, from a checkpoint and the inputs behind it.

Hosts and stages call it. One read transaction begins before the checkpoints are listed. So a reader gets a consistent state even while a
writer commits, writes checkpoints and prunes. If a checkpoint is damaged, the one before it is used, or the whole log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from matchers.kernel.batch import RecordBatch
from policies.problems.problems import HuiminError, Invalid
from policies.values import Text
from streams.language.errors import DamagedStore, Refusal, Unreadable
from streams.language.messages import Input, Tick
from streams.language.ports import Arrays, Parts
from streams.steps.state import State
from streams.steps.steps import step
from streams.store import checkpoints
from streams.store.log import LAST, Log
from streams.wire import wire

_ATTEMPTS = 8
"""How often it may happen that a checkpoint is removed while it is read."""


class Recoverable(Protocol):
    """Anything that can be recovered: it knows the offset of its last message."""

    @property
    def offset(self) -> int: ...


K = TypeVar("K", bound=Recoverable)


@dataclass(frozen=True, slots=True)
class Recipe(Generic[K]):
    """How to make a state, empty or from a checkpoint's meta and arrays, and how to apply an input (gives its rows)."""

    make: Callable[[tuple[dict[str, Any], Arrays] | None], K]
    apply: Callable[[K, bytes, int], int]


def recipe(parts: Parts) -> Recipe[State]:
    """The recipe for the state of an embedded host."""
    return Recipe(lambda checkpoint: State(parts) if checkpoint is None else State.restore(parts, *checkpoint), _apply)


def _apply(state: State, body: bytes, offset: int) -> int:
    message = wire.decode(body)
    step(state, message, offset)
    return weight(message)


def weight(message: Input) -> int:
    """The cost of applying a message again, in rows of a batch; checks of documents are counted apart (``streams.ledgers.documents``)."""
    match message:
        case RecordBatch():
            return len(message)
        case Tick():
            return 500
        case _:
            return 100


@dataclass(frozen=True, slots=True)
class Recovery(Generic[K]):
    """The state, the rows and bytes that were replayed, and the error of a damaged checkpoint."""

    state: K
    rows: int
    bytes: int
    problem: HuiminError | None


def recover(log: Log, folder: Path, how: Recipe[K], readonly: bool) -> Recovery[K]:
    """The state at the last commit.

    Raises:
        Damaged: neither a checkpoint nor the log leads there.
        NewerFormat: written by a newer version.
    """
    for _ in range(_ATTEMPTS if readonly else 1):
        with log.reading() as last:
            state, problem = _newest(folder, last, how, readonly, log.key)
            size = replay(log, state, how)
            if size is not None and state.offset == last:
                return Recovery(state, *size, problem)
    zh = f"{log.path} 与快照对不上：第 {state.offset + 1} 条起的输入缺失。请从副本恢复。"
    raise DamagedStore(
        Text(zh, f"{log.path} and its snapshots do not meet: inputs from {state.offset + 1} on are missing. Restore a copy.")
    )


def replay(log: Log, state: K, how: Recipe[K], upto: int = LAST) -> tuple[int, int] | None:
    """Applies the inputs behind the state's offset, up to another; gives their rows and bytes, or None if an input is missing.

    That happens to a reader that stayed behind while the log was pruned; it starts again from a checkpoint.
    """
    rows = size = 0
    for offset, body in log.inputs(state.offset, upto):
        if offset != state.offset + 1:
            return None
        try:
            rows += how.apply(state, body, offset)
        except (Unreadable, Refusal, Invalid) as error:
            raise _replay_error(log.path, offset, error) from error
        size += len(body)
    return rows, size


def _newest(folder: Path, last: int, how: Recipe[K], readonly: bool, key: bytes) -> tuple[K, HuiminError | None]:
    """The state of the newest checkpoint that reads back, or the empty state; and the error of a newer one."""
    problem: HuiminError | None = None
    for offset in checkpoints.offsets(folder):
        path = checkpoints.place(folder, offset)
        if offset > last:
            if not readonly:  # a reader may see a checkpoint from after its transaction began
                raise _ahead(path, last)
            continue
        try:
            return state_of_checkpoint(how, path, key), problem
        except FileNotFoundError:
            continue
        except DamagedStore as error:
            problem = error
            if not readonly:
                checkpoints.set_aside(path)
    return how.make(None), problem


def state_of_checkpoint(how: Recipe[K], path: Path, key: bytes) -> K:
    """The state of a checkpoint.

    Raises:
        Damaged, NewerFormat: as for ``checkpoints.read``; Damaged also if the content is no state (``errors.decoding``).
    """
    checkpoint = checkpoints.read(path, key)
    try:
        return how.make(checkpoint)
    except Unreadable as error:
        raise checkpoints.damaged_checkpoint(path) from error


def _replay_error(path: Path, offset: int, error: HuiminError) -> DamagedStore:
    zh = f"{path} 中第 {offset} 条输入无法重新执行，请从副本恢复：{error.text.zh}"
    return DamagedStore(Text(zh, f"Input {offset} of {path} cannot be applied again; restore a copy: {error.text.en}"))


def _ahead(path: Path, last: int) -> DamagedStore:
    zh = f"快照 {path.name} 比日志新（日志止于 {last}）：日志不完整。请从同一时间的副本恢复全部文件。"
    en = f"Snapshot {path.name} is ahead of the log, which ends at {last}: the log was cut. Restore all files of one copy."
    return DamagedStore(Text(zh, en))
