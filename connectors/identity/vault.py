"""The vault: the person behind each token.

Identity is kept only here, apart from everything that matches. Each delivery leaves segments: token, check, identifier, identity fields and
record version. A resumed delivery writes the same segments again. A list shows the greatest (order, delivery, row). Segments are sealed
Parquet files (``connectors.identity.segments``). A thread writes them, because to pack and sync one takes as long as to match its rows.

Two identifiers with one 64-bit token would mix up two people. The check, a second digest, tells them apart: such a delivery is refused
before its rows are applied. Among 10^7 people the chance is one in 400,000.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.contracts.faults import DamagedVault, TokenCollision
from connectors.identity.known_tokens import KnownTokens
from connectors.identity.segments import MANIFEST, Segments, file_of
from connectors.identity.tokens import RESIDENT_ID
from connectors.parsing.cells import SPACES
from policies.language.catalogue import Feed
from policies.values import Kind, Text

UInt64 = npt.NDArray[np.uint64]
_ROWS = 200_000
_OWN = {"token": pl.UInt64, "check": pl.UInt64, "id": pl.String, "order": pl.Int64, "row": pl.Int32}


class Vault:
    """Identity segments under a folder, by name ``<kind>/<feed>/<source>.<delivery>.<part>``, readable by their owner only.

    Args:
        key: of 32 bytes (``infra.keys.derived_key``).
        must_exist: identities were kept here before, so that there must be a manifest.

    Raises, from every method that reads:
        DamagedVault: a segment cannot be read or trusted; then nothing is returned.
    """

    def __init__(self, folder: Path, key: bytes, must_exist: bool = False) -> None:
        self.store = Segments(folder, key, must_exist)
        self._known_tokens: dict[Kind, KnownTokens] = {}

    def writer(self, feed: Feed, source: int, delivery: int, admits: bool = True) -> Writer:
        """The writer of one delivery's identities, for a ``with`` block; ``admits`` is False where its tokens are known already."""
        return Writer(self, feed, source, delivery, admits)

    def who(self, kind: Kind, tokens: Sequence[int] | UInt64) -> pl.DataFrame:
        """The identifiers of tokens, from any feed.

        Returns:
            token (uint64) and id (text), one row for each known token, in the order of tokens.
        """
        return self._matching(_all(kind), tokens, ["token", "id"]).select("token", "id").unique("token", keep="any").sort("token")

    def look_up(self, feed: Feed, tokens: Sequence[int] | UInt64, fields: Sequence[str]) -> pl.DataFrame:
        """The newest identities of tokens in a feed.

        Returns:
            token, id and these identity fields (text, "" where empty), one row for each known token, in the order of tokens.
        """
        rows = self._matching(_below(feed), tokens, ["token", "id", *fields])
        return rows.sort(_VERSION).unique("token", keep="last", maintain_order=True).select("token", "id", *fields).sort("token")

    def segments(self, feed: Feed) -> list[str]:
        """The names of a feed's segments."""
        return self.store.names(_below(feed))

    def frame(self, name: str) -> pl.DataFrame:
        """The identities of one segment."""
        return _parquet(self.store.content(name))

    def lacks(self, feed: Feed, source: int, delivery: int) -> bool:
        """Whether a delivery has no segment, or one that is not as it was written."""
        parts = [part for _, part in self.store.each(f"{_below(feed)}{source}.{delivery}.")]
        return not parts or any(isinstance(part, DamagedVault) for part in parts)

    def identifiers(self, kind: Kind, token: int) -> list[str]:
        """Every identifier that was delivered for a token, as far as segments can be read."""
        identifiers: set[str] = set()
        for _, part in self.store.each(_all(kind)):
            if not isinstance(part, DamagedVault):
                identifiers.update(_parquet(part, ["token", "id"]).filter(pl.col("token") == token)["id"].to_list())
        return sorted(identifiers - {""})

    def tokens(self, kind: Kind) -> UInt64:
        """Every token whose identity is kept, as often as it was delivered."""
        columns = self.store.read(_all(kind), lambda _, part: _parquet(part, ["token"])["token"].to_numpy())
        return np.concatenate([np.empty(0, np.uint64), *columns])

    def erase(self, kind: Kind, token: int) -> tuple[int, list[str]]:
        """Takes a token out of every segment. May be done again. Partly written files are left to ``infra.workspace.leftovers``.

        Returns:
            How many rows were removed; and the files that could not be read or written, which may still hold the person.
        """
        removed, unreadable = 0, list[str]()
        for name, part in self.store.each(_all(kind)):
            if isinstance(part, DamagedVault):
                unreadable.append(part.file)
                continue
            frame = _parquet(part)
            rest = frame.filter(pl.col("token") != token)
            try:
                if len(rest) < len(frame):
                    self.store.write(name, segment_bytes(rest))
                removed += len(frame) - len(rest)
            except OSError:
                unreadable.append(file_of(name))
        try:
            self.store.settle()  # until then an older file that is put back would count too
        except (DamagedVault, OSError):
            unreadable.append(file_of(MANIFEST))
        self._known_tokens.pop(kind, None)
        return removed, list(dict.fromkeys(unreadable))

    def admit(self, kind: Kind, tokens: UInt64, checks: UInt64, feed: str) -> None:
        """Remember tokens with their checks.

        Raises:
            TokenCollision: a token is known with another check.
        """
        known_tokens = self._known_tokens.get(kind)
        if known_tokens is None:
            known_tokens = KnownTokens()
            for frame in self.store.read(_all(kind), lambda _, part: _parquet(part, ["token", "check"])):
                known_tokens.add(frame["token"].to_numpy(), frame["check"].to_numpy())
            self._known_tokens[kind] = known_tokens
        if not known_tokens.add(tokens, checks):
            zh = f"数据源 {feed} 中有两个不同的标识得到同一个代号，本次交付已拒收；请联系系统管理员更换密钥"
            raise TokenCollision(
                Text(zh, f"Feed {feed} has two identifiers with one token; the delivery is refused. Ask for a new token key.")
            )

    def _matching(self, prefix: str, tokens: Sequence[int] | UInt64, columns: Sequence[str]) -> pl.DataFrame:
        """The rows of these tokens in all segments, with their version."""
        token_frame = pl.DataFrame({"token": np.asarray(tokens, np.uint64)}).unique()
        names = list(dict.fromkeys([*columns, "order", "row"]))
        empty = pl.DataFrame(schema={**{c: _OWN.get(c, pl.String) for c in names}, "source": pl.Int64, "delivery": pl.Int64})

        def rows(name: str, part: bytes) -> pl.DataFrame:
            source, delivery, _ = map(int, name.rpartition("/")[2].split("."))
            present = pl.read_parquet_schema(io.BytesIO(part))
            absent = [column for column in names if column not in present]  # fields the contract did not have then
            mine = _parquet(part, [column for column in names if column in present]).join(token_frame, on="token", how="semi")
            mine = mine.with_columns(pl.lit("").alias(column) for column in absent).select(names)
            return mine.with_columns(pl.lit(source, pl.Int64).alias("source"), pl.lit(delivery, pl.Int64).alias("delivery"))

        return pl.concat([empty, *self.store.read(prefix, rows)], how="vertical")


class Writer:
    """Collects the identities of one delivery in segments. All are on the disk when its ``with`` block ends."""

    def __init__(self, vault: Vault, feed: Feed, source: int, delivery: int, admits: bool = True) -> None:
        self._vault, self._feed, self._admits = vault, feed, admits
        self._stem = f"{_below(feed)}{source}.{delivery}."
        self._texts = texts_of(feed)
        self._waiting: list[pl.DataFrame] = []
        self._part = 0
        self._blank = feed.registers is not None
        """Whether an empty segment is still to be written: a register's delivery has one at least, so that its loss is noticed."""
        self._thread = ThreadPoolExecutor(1, "vault")
        self._writing: Future[None] | None = None

    def add(self, identities: pl.DataFrame) -> None:
        """Add the identities of one parcel.

        Raises:
            TokenCollision: before anything is written.
            OSError: a segment could not be written.
        """
        if self._admits and len(identities):
            self._vault.admit(self._feed.subject, identities["token"].to_numpy(), identities["check"].to_numpy(), self._feed.name)
        if len(identities) or self._blank:
            self._waiting.append(identities)
            self._blank = False
        if sum(map(len, self._waiting)) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        """Begin to write the waiting identities once the last segment is written: memory holds two at most."""
        self._wait_for_segment()
        if self._waiting:
            self._writing = self._thread.submit(write_segment, self._vault.store, f"{self._stem}{self._part}", self._waiting, self._texts)
            self._waiting, self._part = [], self._part + 1

    def _wait_for_segment(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """After a crash the resumed delivery writes the rest: it reads the file from its start."""
        with self._thread:
            self._flush()  # also after an error: the rows before it are applied
            self._wait_for_segment()
            self._vault.store.settle()


def texts_of(feed: Feed) -> list[str]:
    """The columns of a feed's identities whose cells are as they were delivered."""
    return [f.name for f in feed.fields.values() if f.identity] + ([] if feed.identify.scheme == RESIDENT_ID else ["id"])


def write_segment(store: Segments, name: str, parcels: Sequence[pl.DataFrame], texts: Sequence[str]) -> None:
    """Writes one segment."""
    store.write(name, segment_bytes(combined_identities(parcels, texts)))


def combined_identities(parcels: Sequence[pl.DataFrame], texts: Sequence[str]) -> pl.DataFrame:
    """The identities of several parcels; ``texts`` are their columns of delivered cells, some of which may be absent from early parcels."""
    frame = pl.concat(parcels, how="diagonal")
    return frame.with_columns(pl.col(name).fill_null("").str.strip_chars(SPACES) for name in texts if name in frame.columns)


def segment_bytes(frame: pl.DataFrame) -> bytes:
    """The content of a segment."""
    file = io.BytesIO()
    frame.write_parquet(file, compression_level=1)
    return file.getvalue()


_VERSION = ["token", "order", "delivery", "row", "source"]


def _all(kind: Kind) -> str:
    return f"{kind.value}/"


def _below(feed: Feed) -> str:
    return f"{feed.subject.value}/{feed.name}/"


def _parquet(part: bytes, columns: list[str] | None = None) -> pl.DataFrame:
    return pl.read_parquet(part, columns=columns)
