"""Writes the identities of a delivery without an end: those of a partition of a unit's topic.

``connectors.kafka.unit_topics`` adds the identities of each pack before it submits the rows, because a topic is never read again from its
start. A pack becomes a segment, named by its first row; the earlier segments that are no larger are merged into it. So few segments remain
even of small packs, and each row is rewritten about log2(n) times. A pack that is read again after a crash writes the same identities
again; the vault shows the greatest version of each.
"""

from __future__ import annotations

import polars as pl

from connectors.identity.vault import Vault, combined_identities, segment_bytes, texts_of
from policies.language.catalogue import Feed

FULL_ROWS = 200_000
"""Rows of a segment that is merged with no other."""


class RunningWriter:
    """The writer of identities of one delivery without an end."""

    def __init__(self, vault: Vault, feed: Feed, source: int, delivery: int) -> None:
        self._vault, self._feed = vault, feed
        self._stem = f"{feed.subject.value}/{feed.name}/{source}.{delivery}."
        there = [name for name in vault.segments(feed) if name.startswith(self._stem)]
        self._segments = [(name, len(vault.frame(name))) for name in sorted(there, key=lambda name: int(name.rpartition(".")[2]))]
        """Each segment and its rows, by their first row."""

    def add(self, identities: pl.DataFrame, row: int) -> None:
        """Write the identities of a pack that begins with a row; they are on the disk when this returns.

        Raises:
            TokenCollision: before anything is written.
            OSError: they could not be written.
        """
        if not len(identities):
            return
        self._vault.admit(self._feed.subject, identities["token"].to_numpy(), identities["check"].to_numpy(), self._feed.name)
        first, parcels, rows, replaced = f"{self._stem}{row}", [identities], len(identities), list[str]()
        before = [segment for segment in self._segments if segment[0] != first]
        while before and before[-1][1] <= rows and before[-1][1] + rows <= FULL_ROWS:
            replaced.append(first)
            first, count = before.pop()
            parcels.insert(0, self._vault.frame(first))
            rows += count
        self._vault.store.write(first, segment_bytes(combined_identities(parcels, texts_of(self._feed))), instead_of=replaced)
        self._segments = [*before, (first, rows)]
