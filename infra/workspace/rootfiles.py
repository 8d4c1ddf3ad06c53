"""The small files at the root of a workspace that say what it is: ``version``, ``network``, ``retention``.

``infra.workspace.workspace`` reads them. People and backups reach these files, so each is checked; a damaged file is named, with what
belongs in it. An unreadable ``network`` is an error: without a network the workspace would be another one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.texts import DamagedFile
from policies.values import Text
from streams.disk.files import Unfit, text_at

if TYPE_CHECKING:
    from streams.store.retention import Retention

VERSION, NETWORK, RETENTION = "version", "network", "retention"
_NUMBER, _PREFIX = re.compile(r"[0-9]{1,6}"), re.compile(r"[A-Za-z0-9._-]{1,200}")
_WAYS_OUT = {
    VERSION: Text("请从备份恢复这个文件；其余文件未动。", "Restore this file from a backup; all others are as they were."),
    NETWORK: Text(
        "里面应是主题名的前缀（如 huimin.）。请从备份恢复它，或按网络管理者说的写。",
        "It is to hold the prefix of the topics, such as huimin. (with its dot). Restore it, or write what whoever keeps the network says.",
    ),
    RETENTION: Text(
        "里面应是保留的天数，可再写最多占用多少 GB，如“400 16”。请改正后重试，或删除它（按 400 天）。",
        "It is to hold a number of days, and if you like how many GB at most, such as 400 16. Mend it, or remove it (then it is 400 days).",
    ),
}


def version_of(root: Path) -> int:
    """The format of a workspace.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such file. DamagedFile: it holds no version.
    """
    text = _text(root / VERSION)
    if not _NUMBER.fullmatch(text):
        raise _damaged_file(root / VERSION, Text("里不是版本号", "holds no version"))
    return int(text)


def network_of(root: Path) -> str | None:
    """The prefix of the network's topics; None where the workspace is on its own.

    Raises:
        DamagedFile: the file holds something else.
    """
    try:
        prefix = _text(root / NETWORK)
    except FileNotFoundError:
        return None
    if not _PREFIX.fullmatch(prefix):
        raise _damaged_file(root / NETWORK, Text("里不是主题名的前缀", "holds no prefix of topics"))
    return prefix


def retention_of(root: Path) -> Retention:
    """How much of the past is kept: a number of days, and then a number of GB unless it is 16.

    Raises:
        DamagedFile: the file holds something else.
    """
    from streams.store.retention import USUAL, Retention

    try:
        words = _text(root / RETENTION).split()
    except FileNotFoundError:
        return USUAL
    if len(words) > 2 or not all(_NUMBER.fullmatch(word) for word in words):
        raise _damaged_file(root / RETENTION, Text("里不是一两个整数", "does not hold one or two whole numbers"))
    days, *size = map(int, words)
    return Retention(days, size[0] << 30 if size else USUAL.bytes)


def _text(path: Path) -> str:
    try:
        return text_at(path).strip()
    except Unfit as error:
        raise _damaged_file(path, error.why) from None


def _damaged_file(path: Path, why: Text) -> DamagedFile:
    return DamagedFile(path, why, _WAYS_OUT[path.name], 2 if path.name == RETENTION else 1)
