"""Where snapshots lie, in which format, and what writes each format.

``services.exports.snapshots`` calls it. A DuckDB snapshot is one file, a Parquet snapshot a folder of files; the name's suffix says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from infra.workspace.destination import destination, is_snapshot
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    import polars as pl

    from connectors.analysts.manifest import Aggregate, TableComment

SnapshotFormat: TypeAlias = Literal["duckdb", "parquet"]
SUFFIXES: Mapping[SnapshotFormat, str] = {"duckdb": ".duckdb", "parquet": ".parquet"}


def snapshot_destination(usual: Path, out: Path | None, format: SnapshotFormat) -> Path:
    """The path to write a snapshot to: ``out``, or the usual one with the suffix of the format.

    Raises:
        HuiminError: the suffix of ``out`` is not that of the format.
        Conflict: something that is no snapshot is at the path.
    """
    suffix = SUFFIXES[format]
    path = out or usual.with_name(f"{usual.name}{suffix}")
    if path.suffix.lower() != suffix:
        raise HuiminError(_unfit(path, format), 2)
    return destination(path, is_snapshot, folder=format == "parquet")


def write_file(
    path: Path,
    tables: Iterable[tuple[str, pl.DataFrame]],
    aggregates: Mapping[str, Aggregate],
    about: Mapping[str, str],
    comments: Mapping[str, TableComment] | None = None,
    has_views: bool = False,
) -> dict[str, int]:
    """Writes a snapshot in the format of its suffix, verifies it, and returns the number of rows by table. Args: as ``write_snapshot``."""
    from connectors.analysts.parquet import write_folder
    from connectors.analysts.snapshot import verify_snapshot, write_snapshot

    write = write_folder if path.suffix.lower() == SUFFIXES["parquet"] else write_snapshot
    write(path, tables, aggregates, about, comments, has_views)
    return verify_snapshot(path)


def snapshot_paths(folder: Path) -> list[Path]:
    """The snapshots in a folder, of both formats."""
    return sorted(path for suffix in SUFFIXES.values() for path in folder.glob(f"[!.]*{suffix}"))


def size(path: Path) -> int:
    """The bytes of a snapshot."""
    return sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size


def _unfit(path: Path, format: SnapshotFormat) -> Text:
    other = next((name for name, suffix in SUFFIXES.items() if suffix == path.suffix.lower()), None)
    zh, en = f"请改名为 {path.stem}{SUFFIXES[format]}", f"Name it {path.stem}{SUFFIXES[format]}"
    if other:
        zh, en = f"{zh}，或加上 --format {other}", f"{en}, or add --format {other}"
    return Text(f"{path.name} 不是 {format} 快照的名字。{zh}。", f"{path.name} is no name for a {format} snapshot. {en}.")
