"""Identities of a delivery that has no end: a unit's topic is read on, never from its start, so what was not written is lost.

The one idea: a pack's identities are on the disk before its rows are submitted, in a segment named by its first row; small segments are
joined with the one before them as soon as it is no larger, so that few are left however small the packs were (each row is written again
some log2(n) times). A pack read once more after a crash writes what is there already; the vault takes the greatest version of each.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from connectors.files import replaced
from connectors.vault import Vault, Writer
from policies.catalogue import Feed

FULL_ROWS = 200_000
"""A segment that is not joined to any other."""


class RunningWriter:
    """What one open-ended delivery writes its identities through."""

    def __init__(self, vault: Vault, feed: Feed, source: int, delivery: int) -> None:
        self._vault, self._feed, self._place = vault, feed, (source, delivery)
        self._segments: list[tuple[Path, int]] = []
        """Each segment and its rows, by their first row."""
        stem = f"{source}.{delivery}."
        there = [path for path in vault.segments(feed) if path.name.startswith(stem)]
        for path in sorted(there, key=lambda path: int(path.name.split(".")[2])):
            self._segments.append((path, _rows(path)))
        self._needless: list[Path] = []

    def add(self, identities: pl.DataFrame, row: int) -> None:
        """Write the identities of a pack that begins with a row; when this returns they are on the disk.

        Raises:
            TokenCollision: before anything of them is written.
            OSError: they could not be written.
        """
        if not len(identities):
            return
        with _Segment(self._vault, self._feed, *self._place, row) as segment:
            segment.add(identities)
        self._tidy()
        path = self._vault.folder / self._feed.subject.value / self._feed.name / f"{self._place[0]}.{self._place[1]}.{row}.parquet"
        self._segments = [*(one for one in self._segments if one[0] != path), (path, len(identities))]
        while len(self._segments) > 1 and self._segments[-2][1] <= self._segments[-1][1] and self._joined_rows() <= FULL_ROWS:
            self._join()

    def _joined_rows(self) -> int:
        return self._segments[-2][1] + self._segments[-1][1]

    def _join(self) -> None:
        """Makes one of the last two; the second of them goes with the next pack, for somebody may be reading it."""
        (first, _), (second, _) = self._segments[-2:]
        frame = pl.concat([pl.read_parquet(first), pl.read_parquet(second)])
        with replaced(first) as part:
            part.touch(mode=0o600)
            frame.write_parquet(part, compression_level=1)
        self._needless.append(second)
        self._segments[-2:] = [(first, len(frame))]

    def _tidy(self) -> None:
        kept = {path for path, _ in self._segments}
        for path in self._needless:
            if path not in kept:
                path.unlink(missing_ok=True)
        self._needless = []


class _Segment(Writer):
    """The segment that begins with a row."""

    def __init__(self, vault: Vault, feed: Feed, source: int, delivery: int, row: int) -> None:
        super().__init__(vault, feed, source, delivery)
        self._part = row


def _rows(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())
