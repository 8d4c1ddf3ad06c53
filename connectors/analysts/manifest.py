"""What every format of a snapshot shares: names, comments, digests, counts without small ones, and the lines of the manifest.

``connectors.analysts.snapshot`` (DuckDB) and ``connectors.analysts.parquet`` call it. The manifest has a line for each table: its name, the
number of rows, and a digest of its types, comments and values; and a line for each view: its name, no number, and a digest of its text and
comments.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from connectors.analysts.views import VIEWS, View
from connectors.contracts.faults import DamagedSnapshot
from policies.values import Text

SMALLEST = 5
"""Counts of one to four people are null."""
NAME = re.compile(r"[a-z][a-z0-9_]*")
"""A name of a table or view."""
OWN = ("manifest", "about")
SLICE = 100_000
MANIFEST = {"name": pl.String, "rows": pl.Int64, "digest": pl.String}


@dataclass(frozen=True, slots=True)
class TableComment:
    """What a table is, and what its columns are, for people who open the file.

    Args:
        text: empty where there is no comment.
        columns: by name of column.
    """

    text: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.text or self.columns)


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One table, or one view (``rows`` is None), as the manifest has it."""

    name: str
    rows: int | None
    digest: str


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A table of counts: its frame, and the columns that count people."""

    frame: pl.DataFrame
    counts: tuple[str, ...]


NO_COMMENT = TableComment()
MANIFEST_COMMENT = TableComment(
    "清单：各表的行数与摘要，各视图的摘要 · manifest: rows and digest of each table, digest of each view",
    {"name": "表或视图 · table or view", "rows": "行数；视图为空 · rows; null: a view", "digest": "摘要 · digest"},
)
"""Older snapshots have none on their manifest."""


def both_languages(text: Text) -> str:
    """A comment: Chinese first, then English.

    Example:
        >>> both_languages(Text("街镇", "street"))
        '街镇 · street'
    """
    return f"{text.zh} · {text.en}" if text.zh != text.en else text.zh


def view_comment(view: View) -> TableComment:
    """The comments of a view of this version."""
    return TableComment(both_languages(view.comment), {name: both_languages(title) for name, title in view.columns.items()})


def view_line(view: View) -> ManifestLine:
    """The manifest's line of a view of this version."""
    comment = view_comment(view)
    text = json.dumps([view.sql, comment.text, dict(comment.columns)], ensure_ascii=False, sort_keys=True)
    return ManifestLine(view.name, None, hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


KNOWN_VIEWS = {(line.name, line.digest): view for view in VIEWS for line in (view_line(view),)}
"""The views that a snapshot may hold, by name and digest. A name may have several texts, one for each set of tables."""


def fitting_views(tables: Mapping[str, Iterable[str]]) -> list[View]:
    """The views whose tables and columns a snapshot has, each name once.

    Args:
        tables: the names of the columns of each table.
    """
    columns = {f"{table}.{column}" for table, names in tables.items() for column in names}
    fitting: dict[str, View] = {}
    for view in VIEWS:
        if view.name not in fitting and set(view.needs) <= columns | tables.keys() | fitting.keys():
            fitting[view.name] = view
    return list(fitting.values())


def comment_of(comments: Mapping[str, TableComment], name: str, columns: Iterable[str]) -> TableComment:
    """The comments of a table and of the columns it has."""
    comment = comments.get(name, NO_COMMENT)
    return TableComment(comment.text, {column: comment.columns[column] for column in columns if column in comment.columns})


def checked_name(name: str, earlier: Iterable[str]) -> str:
    """The name of a table of a snapshot.

    Raises:
        ValueError: it is not of small letters, digits and _, or there twice.
    """
    if not NAME.fullmatch(name) or name in OWN or name in earlier:
        raise ValueError(f"not a name for a table of a snapshot: {name!r}")
    return name


def about_frame(about: Mapping[str, str]) -> pl.DataFrame:
    """The table ``about``."""
    return pl.DataFrame({"key": list(about), "value": list(about.values())}, schema={"key": pl.String, "value": pl.String})


def manifest_frame(lines: Iterable[ManifestLine]) -> pl.DataFrame:
    """The table ``manifest``."""
    return pl.DataFrame([(line.name, line.rows, line.digest) for line in lines], schema=MANIFEST, orient="row")


def table_line(name: str, frame: pl.DataFrame, comment: TableComment) -> ManifestLine:
    """The manifest's line of a table."""
    return ManifestLine(
        name, len(frame), digest(frame.schema, (frame.slice(start, SLICE) for start in range(0, len(frame), SLICE)), comment)
    )


def counted_line(name: str, batches: Iterable[Any], empty: Any, comment: TableComment) -> ManifestLine:
    """The line of a table that is read in slices, because a small file can hold very many rows.

    Args:
        batches: Arrow batches; the reader decides how many rows each has.
        empty: an Arrow table of the same columns without rows.
    """
    left, rows = pl.DataFrame(pl.from_arrow(empty)), 0
    schema = left.schema

    def slices() -> Iterator[pl.DataFrame]:
        nonlocal rows, left
        for batch in batches:
            left = pl.concat([left, pl.DataFrame(pl.from_arrow(batch))])
            while len(left) >= SLICE:
                rows += SLICE
                yield left.slice(0, SLICE)
                left = left.slice(SLICE)
        rows += len(left)
        if len(left):
            yield left

    text = digest(schema, slices(), comment)
    return ManifestLine(name, rows, text)


def digest(schema: pl.Schema, slices: Iterable[pl.DataFrame], comment: TableComment) -> str:
    """BLAKE2b of a table as CSV, in its order, each slice with a header; before it the types and, where there are any, the comments."""
    value = hashlib.blake2b(str(schema).encode(), digest_size=16)
    if comment:
        value.update(json.dumps([comment.text, dict(comment.columns)], ensure_ascii=False, sort_keys=True).encode())
    for frame in slices:
        text = io.BytesIO()
        frame.write_csv(text, null_value="\x00")
        value.update(text.getbuffer())
    return value.hexdigest()


def without_small_counts(aggregate: Aggregate) -> pl.DataFrame:
    """The counts, null where they are of one to four people; zero stays, because it is about nobody.

    Example:
        >>> without_small_counts(Aggregate(pl.DataFrame({"n": [0, 4, 5]}), ("n",)))["n"].to_list()
        [0, None, 5]
    """
    small = [pl.when(pl.col(c).is_between(1, SMALLEST - 1)).then(None).otherwise(pl.col(c)).alias(c) for c in aggregate.counts]
    return aggregate.frame.with_columns(small)


def of_others(frame: pl.DataFrame, token: str) -> pl.DataFrame:
    """The rows in which no text is this token."""
    texts = [name for name, type_ in frame.schema.items() if type_ == pl.String]
    return frame.filter(~pl.any_horizontal(pl.col(texts) == token).fill_null(False)) if texts else frame


def facts(about: Mapping[str, str], lines: Iterable[tuple[str, int | None, str]]) -> dict[str, str]:
    """What a snapshot says of itself, and the digest of its manifest (the lines by name)."""
    return {**about, "digest": hashlib.blake2b(repr(list(lines)).encode(), digest_size=16).hexdigest()}


def damaged_snapshot(path: Path, zh: str, en: str) -> DamagedSnapshot:
    """A snapshot that is not as it was written; the words follow its name."""
    return DamagedSnapshot(Text(f"快照 {path.name} {zh}；请重新生成。", f"The snapshot {path.name} {en}; make a new one."))
