"""The vault: who a token is. The only place where identity is kept, apart from everything that matches.

The one idea: each delivery leaves segments, never changed afterwards: token, check, identifying text, identity fields, and the version they
came with. Rewriting a segment (a resumed delivery) writes the same file. The greatest (order, delivery, row) is what a list shows.
Segments are written by a thread of their own, since packing and syncing one takes as long as matching its rows.

Two identifiers with one 64-bit token would mix up two people. The check, a second digest, tells them apart; a delivery in which it
happens is refused before its rows are applied. Among 10^7 people the chance is one in 400,000.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.cells import SPACES
from connectors.faults import TokenCollision
from connectors.files import PRIVATE_FOLDER, replaced
from connectors.tokens import RESIDENT_ID
from policies.catalogue import Feed
from policies.values import Kind, Text

UInt64 = npt.NDArray[np.uint64]
_ROWS = 200_000
_NAME = re.compile(r"(?P<source>\d+)\.(?P<delivery>\d+)\.(?P<part>\d+)\.parquet")
_OWN = {"token": pl.UInt64, "check": pl.UInt64, "id": pl.String, "order": pl.Int64, "row": pl.Int32}


class Vault:
    """Identity segments under a folder, ``<kind>/<feed>/<source>.<delivery>.<part>.parquet``, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Kind, _Known] = {}

    def writer(self, feed: Feed, source: int, delivery: int) -> Writer:
        """What one delivery writes through; use it in a ``with`` block."""
        return Writer(self, feed, source, delivery)

    def who(self, kind: Kind, tokens: Sequence[int] | UInt64) -> pl.DataFrame:
        """The identifiers of tokens, from any feed.

        Returns:
            token (uint64) and id (text), one row a token that is known, by token.
        """
        paths = sorted((self.folder / kind.value).glob("*/*.parquet"))
        return _matching(paths, tokens, ["token", "id"]).select("token", "id").unique("token", keep="any").sort("token")

    def look_up(self, feed: Feed, tokens: Sequence[int] | UInt64, fields: Sequence[str]) -> pl.DataFrame:
        """What a feed last said of tokens.

        Returns:
            token, id and the identity fields asked for (text, "" where empty), one row a token that is known, by token.
        """
        found = _matching(self.segments(feed), tokens, ["token", "id", *fields])
        return found.sort(_VERSION).unique("token", keep="last", maintain_order=True).select("token", "id", *fields).sort("token")

    def segments(self, feed: Feed) -> list[Path]:
        """The segments of a feed."""
        return sorted((self.folder / feed.subject.value / feed.name).glob("*.parquet"))

    def identifiers(self, kind: Kind, token: int) -> list[str]:
        """Every identifier that was delivered of a token."""
        return sorted({id for id in self.who(kind, [token])["id"].to_list() if id})

    def tokens(self, kind: Kind) -> UInt64:
        """Every token that somebody's identity is kept of, as often as it was delivered."""
        paths = sorted((self.folder / kind.value).glob("*/*.parquet"))
        return np.concatenate([np.empty(0, np.uint64), *(pl.read_parquet(path, columns=["token"])["token"].to_numpy() for path in paths)])

    def erase(self, kind: Kind, token: int) -> int:
        """Takes everything about a token out of every segment; returns how many rows. May be done again.

        What a stopped writer left beside the segments goes, too: only one process writes here.
        """
        gone = 0
        for path in sorted((self.folder / kind.value).glob("*/*.parquet")):
            frame = pl.read_parquet(path)
            rest = frame.filter(pl.col("token") != token)
            if len(rest) < len(frame):
                gone += len(frame) - len(rest)
                with replaced(path) as part:
                    part.touch(mode=0o600)
                    rest.write_parquet(part, compression_level=1)
        for left in (self.folder / kind.value).glob("*/.*.part"):
            left.unlink()
        self._known.pop(kind, None)
        return gone

    def admit(self, kind: Kind, tokens: UInt64, checks: UInt64, feed: str) -> None:
        """Note tokens with their checks.

        Raises:
            TokenCollision: one is known with another check.
        """
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = _Known()
            for path in sorted((self.folder / kind.value).glob("*/*.parquet")):
                frame = pl.read_parquet(path, columns=["token", "check"])
                known.add(frame["token"].to_numpy(), frame["check"].to_numpy())
        if not known.add(tokens, checks):
            zh = f"数据源 {feed} 中有两个不同的标识得到同一个代号，本次交付已拒收；请联系系统管理员更换密钥"
            raise TokenCollision(
                Text(zh, f"Feed {feed} has two identifiers with one token; the delivery is refused. Ask for a new token key.")
            )


class Writer:
    """Gathers the identities of one delivery into segments. When its ``with`` block ends they are all on disk."""

    def __init__(self, vault: Vault, feed: Feed, source: int, delivery: int) -> None:
        self._vault, self._feed = vault, feed
        self._folder = vault.folder / feed.subject.value / feed.name
        self._stem = f"{source}.{delivery}"
        self._texts = [f.name for f in feed.fields.values() if f.identity] + ([] if feed.identify.scheme == RESIDENT_ID else ["id"])
        self._waiting: list[pl.DataFrame] = []
        self._part = 0
        self._thread = ThreadPoolExecutor(1, "vault")
        self._writing: Future[None] | None = None

    def add(self, identities: pl.DataFrame) -> None:
        """Take the identities of one parcel.

        Raises:
            TokenCollision: before anything of them is written.
            OSError: a segment could not be written.
        """
        if len(identities):
            self._vault.admit(self._feed.subject, identities["token"].to_numpy(), identities["check"].to_numpy(), self._feed.name)
            self._waiting.append(identities)
            if sum(map(len, self._waiting)) >= _ROWS:
                self._flush()

    def _flush(self) -> None:
        """Begin to write what waits, once the segment before is written: memory holds two at most."""
        self._written()
        if self._waiting:
            path = self._folder / f"{self._stem}.{self._part}.parquet"
            self._writing = self._thread.submit(_write, self._vault.folder, path, self._waiting, self._texts)
            self._waiting, self._part = [], self._part + 1

    def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """What a crash leaves unwritten is written when the delivery is resumed, which reads the file from its start."""
        with self._thread:
            self._flush()  # also after an error: the rows before it are applied
            self._written()


def _write(root: Path, path: Path, parcels: Sequence[pl.DataFrame], texts: Sequence[str]) -> None:
    """One segment; ``texts`` are cells as they were delivered."""
    frame = pl.concat(parcels).with_columns(pl.col(texts).fill_null("").str.strip_chars(SPACES))
    for folder in (root, path.parent.parent, path.parent):
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    with replaced(path) as part:
        part.touch(mode=0o600)
        frame.write_parquet(part, compression_level=1)


class _Known:
    """Every token met, with its check: an open-addressing table that doubles at half full."""

    def __init__(self) -> None:
        self._slots, self._checks, self._count = np.zeros(1 << 16, np.uint64), np.zeros(1 << 16, np.uint64), 0

    def add(self, tokens: UInt64, checks: UInt64) -> bool:
        """False where a token is there with another check."""
        from connectors.hashing import same_checks

        tokens, checks = np.ascontiguousarray(tokens, np.uint64), np.ascontiguousarray(checks, np.uint64)
        while 2 * (self._count + len(tokens)) > len(self._slots):
            self._double()
        sound = same_checks(self._slots, self._checks, tokens, checks) < 0
        self._count += len(tokens)
        return sound

    def _double(self) -> None:
        from connectors.hashing import same_checks

        old, old_checks = self._slots, self._checks
        used = old != 0
        self._count = int(used.sum())  # until now rows were counted, not tokens
        self._slots, self._checks = np.zeros(2 * len(old), np.uint64), np.zeros(2 * len(old), np.uint64)
        same_checks(self._slots, self._checks, old[used], old_checks[used])


_VERSION = ["token", "order", "delivery", "row", "source"]


def _matching(paths: Sequence[Path], tokens: Sequence[int] | UInt64, columns: Sequence[str]) -> pl.DataFrame:
    """The rows of segments whose token is asked for, with their version."""
    asked = pl.DataFrame({"token": np.asarray(tokens, np.uint64)}).unique()
    wanted = list(dict.fromkeys([*columns, "order", "row"]))
    empty = pl.DataFrame(schema={**{c: _OWN.get(c, pl.String) for c in wanted}, "source": pl.Int64, "delivery": pl.Int64})
    found = [empty]
    for path in paths:
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        rows = pl.read_parquet(path, columns=wanted).join(asked, on="token", how="semi")
        source, delivery = int(name["source"]), int(name["delivery"])
        found.append(rows.with_columns(pl.lit(source, pl.Int64).alias("source"), pl.lit(delivery, pl.Int64).alias("delivery")))
    return pl.concat(found, how="vertical")
