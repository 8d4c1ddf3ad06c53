"""Identities of a delivery that has no end: a unit's topic is read on, never from its start, so what was not written is lost.

A pack's identities are on the disk before its rows are submitted, in a segment named by its first row, together with those of the segments
before it that are no larger. So few are left however small the packs were (each row is written again some log2(n) times). A pack read once
more after a crash writes what is there already; the vault takes the greatest version of each.
"""

from __future__ import annotations

import polars as pl

from connectors.identity.vault import Vault, joined, packed, texts_of
from policies.language.catalogue import Feed

FULL_ROWS = 200_000
"""A segment that is not joined to any other."""


class RunningWriter:
    """What one open-ended delivery writes its identities through."""

    def __init__(self, vault: Vault, feed: Feed, source: int, delivery: int) -> None:
        self._vault, self._feed = vault, feed
        self._stem = f"{feed.subject.value}/{feed.name}/{source}.{delivery}."
        there = [name for name in vault.segments(feed) if name.startswith(self._stem)]
        self._segments = [(name, len(vault.frame(name))) for name in sorted(there, key=lambda name: int(name.rpartition(".")[2]))]
        """Each segment and its rows, by their first row."""

    def add(self, identities: pl.DataFrame, row: int) -> None:
        """Write the identities of a pack that begins with a row; when this returns they are on the disk.

        Raises:
            TokenCollision: before anything of them is written.
            OSError: they could not be written.
        """
        if not len(identities):
            return
        self._vault.admit(self._feed.subject, identities["token"].to_numpy(), identities["check"].to_numpy(), self._feed.name)
        first, parcels, rows, gone = f"{self._stem}{row}", [identities], len(identities), list[str]()
        before = [one for one in self._segments if one[0] != first]
        while before and before[-1][1] <= rows and before[-1][1] + rows <= FULL_ROWS:
            gone.append(first)
            first, count = before.pop()
            parcels.insert(0, self._vault.frame(first))
            rows += count
        self._vault.store.write(first, packed(joined(parcels, texts_of(self._feed))), instead_of=gone)
        self._segments = [*before, (first, rows)]
