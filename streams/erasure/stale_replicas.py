"""Stale replicas: a workspace was away while the topic was emptied, and continues with a replica from the depot.

The old replica does not know who was erased meanwhile, so it may still hold those persons. It is also the only place that tells which of
them this workspace knows in its vault and copies. So it is put aside until these are clean, then removed (``services.erasure.erasing``).
Source: docs/en/semantics.md section 16.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from matchers.matrix.erasure import Trace
from policies.language.catalogue import Catalogue
from streams.disk.files import sync_folder
from streams.erasure.traces import tokens_in, traces_in
from streams.language.errors import DamagedStore
from streams.language.ports import Parts
from streams.ledgers.erasures import Erasures
from streams.store import checkpoints
from streams.store.log import Log
from streams.store.recovery import recipe, state_of_checkpoint


class StaleReplicas:
    """The replicas of a workspace that were put aside, beside the one in ``folder``."""

    def __init__(self, folder: Path, parts: Parts) -> None:
        self._folder, self._parts = folder, parts

    def __bool__(self) -> bool:
        return any(self._folders())

    def put_aside(self, offset: int) -> None:
        """Puts the closed replica aside; ``offset`` is that of its last message."""
        self._folder.rename(self._folder.with_name(f"{self._folder.name}.aside-{offset}"))
        sync_folder(self._folder.parent)

    def erased_tokens(self, erasures: Erasures) -> set[int]:
        """The tokens of erased persons in the stale replicas."""
        erased_tokens = set[int]()
        for folder in self._folders():
            log = Log(folder, readonly=True)
            try:
                for tokens in tokens_in(log, folder / "snapshots"):
                    erased_tokens.update(tokens[erasures.are_erased(tokens)].tolist())
            finally:
                log.close()
        return erased_tokens

    def traces(self, catalogue: Catalogue, person: int) -> Iterator[Trace]:
        """Where the rows about a person in the stale replicas came from."""
        for folder in self._folders():
            log = Log(folder, readonly=True)
            try:
                yield from traces_in(log, catalogue, person)
            finally:
                log.close()
            for offset in checkpoints.offsets(folder / "snapshots"):
                with suppress(DamagedStore):
                    yield from state_of_checkpoint(
                        recipe(self._parts), checkpoints.place(folder / "snapshots", offset), b""
                    ).matcher.traces(person)

    def remove(self) -> None:
        """Removes the stale replicas."""
        for folder in list(self._folders()):
            shutil.rmtree(folder)
            sync_folder(folder.parent)

    def _folders(self) -> Iterator[Path]:
        return self._folder.parent.glob(f"{self._folder.name}.aside-*")
