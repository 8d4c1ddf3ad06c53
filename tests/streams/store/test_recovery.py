"""Recovery: which errors count as damage of a checkpoint, and which do not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from policies.values import Text
from streams.language.errors import DamagedStore, decoding
from streams.store import checkpoints
from streams.store.log import Log, Row
from streams.store.recovery import Recipe, recover


@pytest.fixture
def store(tmp_path: Path) -> tuple[Log, Path]:
    """A log of one message, and a checkpoint after it."""
    folder = tmp_path / "snapshots"
    folder.mkdir()
    log = Log(tmp_path, readonly=False)
    log.append([Row(0, b"x", None, None)])
    checkpoints.write(folder, 0, {}, {})
    return log, folder


def recipe(by_decoding: bool) -> Recipe[Any]:
    """A recipe that fails on every checkpoint: because of its content (``by_decoding``) or of a mistake in the code."""

    def make(checkpoint: Any) -> Any:
        if checkpoint is None:
            return SimpleNamespace(offset=-1)
        if not by_decoding:
            raise KeyError("mistake")
        with decoding(Text("状态", "a state")):
            return checkpoint[0]["missing"]

    def apply(state: Any, body: bytes, offset: int) -> int:
        state.offset = offset
        return 1

    return Recipe(make, apply)


def test_what_does_not_decode_is_damage(store: tuple[Log, Path]) -> None:
    """The checkpoint is put aside, and the state comes from the log."""
    log, folder = store

    result = recover(log, folder, recipe(by_decoding=True), readonly=False)

    assert (result.state.offset, result.rows) == (0, 1)
    assert isinstance(result.problem, DamagedStore)
    assert checkpoints.offsets(folder) == []


def test_a_mistake_of_ours_is_no_damage(store: tuple[Log, Path]) -> None:
    """The error is raised unchanged, and the checkpoint stays, for it is sound."""
    log, folder = store

    with pytest.raises(KeyError, match="mistake"):
        recover(log, folder, recipe(by_decoding=False), readonly=False)

    assert checkpoints.offsets(folder) == [0]
