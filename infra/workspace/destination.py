"""Where a verb may write the file that a person asked for: never over somebody else's file.

Every verb that writes such a file (lists, snapshots, evidence, schemas, correction requests, broken rows) asks here first. A path is free
where nothing is, or where a file of the same kind is, which the verb can make again. Anything else stays: another file, a link, a folder, a
device. No option changes that; a person who wants the place moves the file away.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from policies.problems.problems import Conflict, HuiminError
from policies.values import Text


def destination(path: Path, own: Callable[[Path], bool] = lambda path: False, folder: bool = False) -> Path:
    """The path, if it may be written to.

    Args:
        own: whether a file is of the kind that is to be written. By default every file stays.
        folder: a folder is to be written; ``own`` is asked about one.

    Raises:
        Conflict: something else is there.
    """
    if path.is_symlink():
        raise _occupied_path(path, "那里是一个链接", "a link is there")
    if path.is_dir() and not (folder and _is(own, path)):
        raise _occupied_path(path, "那里是一个目录", "a folder is there")
    if path.is_dir():
        return path
    if path.exists() and (folder or not path.is_file()):
        raise _occupied_path(path, "那里是一个设备或管道", "a device or a pipe is there")
    if path.exists() and not _is(own, path):
        raise _occupied_path(
            path, "那里已有一个文件，不是本命令写的这种，或有人改过", "a file is there that this verb did not write so, or that was changed"
        )
    return path


def is_snapshot(path: Path) -> bool:
    """Whether a file is a whole snapshot for analysts."""
    from connectors.analysts.snapshot import verify_snapshot

    verify_snapshot(path)
    return True


def is_schema(body: Mapping[str, Any]) -> Callable[[Path], bool]:
    """A test whether a file is the JSON Schema of the same thing."""

    def own(path: Path) -> bool:
        there = json.loads(path.read_text(encoding="utf-8"))
        return all(there.get(name) == body.get(name) for name in ("$schema", "title", "description"))

    return own


def has_columns(header: Sequence[str]) -> Callable[[Path], bool]:
    """A test whether a file is a list with exactly these columns."""

    def own(path: Path) -> bool:
        from connectors.lists.exports import escape_formulas

        return _header_of(path) == (list(header) if path.suffix.lower() == ".xlsx" else escape_formulas(header))

    return own


def is_untouched_list(header: Sequence[str] | None) -> Callable[[Path], bool]:
    """A test whether a file is an exported list of candidates that nobody has filled in, with exactly these columns; None: with any."""

    def own(path: Path) -> bool:
        from connectors.lists.existing_lists import is_untouched

        return is_untouched(path, header)

    return own


def _header_of(path: Path) -> list[str]:
    from connectors.parsing.tables import header_of

    if path.suffix.lower() == ".xlsx":
        return header_of(path, "xlsx", "utf-8")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def _is(own: Callable[[Path], bool], path: Path) -> bool:
    with suppress(HuiminError, OSError, ValueError, AttributeError, RecursionError, csv.Error):  # unreadable: not of this kind
        return own(path)
    return False


def _occupied_path(path: Path, zh: str, en: str) -> Conflict:
    return Conflict(
        Text(f"没有写 {path}：{zh}。请换一个路径，或先移走它。", f"{path} was not written: {en}. Name another path, or move it away first.")
    )
