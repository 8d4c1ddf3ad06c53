"""Where snapshots of stages are kept for whoever holds a partition next: a folder, or a bucket of an object store.

The one idea: a snapshot is there whole or not at all. In a folder it is written aside and renamed; an object store shows an object once
all of it has arrived. Keepers know nothing of each other: whoever comes late with an older snapshot has nothing to do, and what a dead
one left aside goes with the next that is kept. So what is older than the newest never comes back: who was erased stays out
(``only``). A bucket that keeps versions of its objects keeps those, too: it must not.

    <url>/<stage>/<offset, 20 digits>.snapshot
    <url>/<stage>/<offset, 20 digits>.<keeper>.writing

The tree of errors, below ``DepotError`` (the operator's: address, rights, room; trying again may help; 1): ``NoDriver`` (a package is not
installed, or nobody knows the kind of address; 2). Source: fsspec 2026.9; POSIX ``rename``; Amazon S3, "Data consistency model".
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from policies.problems import HuiminError
from policies.values import Text

KEPT = 2
OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az"})
"""Kinds of address whose ``put`` is atomic, and whose renaming is a copy."""
PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}
_DIGITS = 20
_WHOLE, _ASIDE = ".snapshot", ".writing"


class DepotError(HuiminError):
    """The depot cannot be used as it is."""


class NoDriver(DepotError):
    """Nobody here knows how to reach such a depot."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 2)


class FsspecDepot:
    """The depot at an address: a path, ``file://…``, ``s3://bucket/folder``, or whatever else fsspec reaches.

    Args:
        url: what it needs to be let in (a key, an endpoint) stands in the environment of its own package, never here.

    Raises:
        NoDriver: a package is missing, or the kind of address is not known.
    """

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # ships no types

        kind = urlsplit(url).scheme if "://" in url else "file"
        self.shown = _without_secrets(url)
        try:
            self._files, root = url_to_fs(url)
        except ImportError:
            raise NoDriver(_package_missing(self.shown, PACKAGES.get(kind, kind))) from None
        except ValueError:
            raise NoDriver(_unknown(self.shown, kind)) from None
        self._root = root.rstrip("/")
        self._renames = kind not in OBJECT_STORES
        self._local = kind in ("file", "local")

    def newest(self, stage: str) -> int | None:
        """The offset of the newest snapshot of a stage; None where there is none.

        Raises:
            DepotError: the depot cannot be read.
        """
        with self._told():
            return max(self._offsets(self._names(stage)), default=None)

    def fetch(self, stage: str, offset: int, target: Path) -> None:
        """Copy a snapshot to ``target``, which then has every byte of it; that they are the right ones is for its own digests to say.

        Raises:
            DepotError: it is not there (any more), or did not arrive whole; ``target`` is not left behind.
        """
        place = self._place(stage, offset)
        try:
            with self._told():
                size = int(self._files.info(place)["size"])
                self._files.get_file(place, str(target))
                if target.stat().st_size != size:
                    raise DepotError(_cut(self.shown, stage, offset, target.stat().st_size, size))
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            raise DepotError(_gone(self.shown, stage, offset)) from None
        except DepotError:
            target.unlink(missing_ok=True)
            raise

    def keep(self, stage: str, offset: int, source: Path) -> None:
        """Keep a snapshot; of those of its stage the newest two stay. One that is older than the newest is not taken.

        Raises:
            DepotError: it could not be kept; those that were there are as they were.
        """
        with self._told():
            known = self._offsets(self._names(stage))
            if offset not in known and offset > max(known, default=-1):
                self._put(stage, offset, source)
                if offset < max(self._offsets(self._names(stage)), default=-1):
                    self._removed(self._place(stage, offset))  # a newer one was kept meanwhile, and perhaps nothing older is to be there
            self._tidy(stage)

    def only(self, stage: str, offset: int) -> None:
        """Leave nothing of a stage from before a snapshot, whole or aside. Newer ones stay: all that this one had taken, they had.

        Raises:
            DepotError: neither it nor a newer one is there, and nothing was removed; or not all is removed.
        """
        with self._told():
            names = self._names(stage)
            if not any(known >= offset for known in self._offsets(names)):
                raise DepotError(_gone(self.shown, stage, offset))
            for name in names:
                if name.endswith((_WHOLE, _ASIDE)) and name[:_DIGITS].isdigit() and len(name) > _DIGITS and int(name[:_DIGITS]) < offset:
                    self._removed(f"{self._folder(stage)}/{name}")
            if self._local:
                self._flushed(self._folder(stage))

    def _put(self, stage: str, offset: int, source: Path) -> None:
        place = self._place(stage, offset)
        aside = f"{place.removesuffix(_WHOLE)}.{uuid.uuid4().hex}{_ASIDE}" if self._renames else place
        if self._renames:
            self._files.makedirs(self._folder(stage), exist_ok=True)
        try:
            self._files.put_file(str(source), aside)
            self._files.invalidate_cache()
            found, size = int(self._files.info(aside)["size"]), source.stat().st_size
            if found != size:
                self._removed(aside)
                raise DepotError(_cut(self.shown, stage, offset, found, size))
            if self._renames:
                self._flushed(aside)
                self._files.mv(aside, place)
                self._flushed(self._folder(stage))
        except FileNotFoundError as error:
            if not source.exists():
                raise  # our own mistake
            if (self.newest(stage) or -1) < offset:
                raise DepotError(_unusable(self.shown, error)) from None
            # else a newer snapshot was kept meanwhile, and its keeper cleared this one away
        except OSError:
            if self._renames:
                self._removed(aside)
            raise

    def _tidy(self, stage: str) -> None:
        """Only the newest two stay, and nothing aside that is not newer than they are."""
        names = self._names(stage)
        offsets = sorted(self._offsets(names), reverse=True)
        needless = [self._place(stage, offset) for offset in offsets[KEPT:]]
        aside = [name for name in names if name.endswith(_ASIDE) and name[:_DIGITS].isdigit()]
        needless += [f"{self._folder(stage)}/{name}" for name in aside if offsets and int(name[:_DIGITS]) < offsets[0]]
        for place in needless:
            self._removed(place)

    def _names(self, stage: str) -> list[str]:
        """What lies in the folder of a stage."""
        self._files.invalidate_cache()
        try:
            return [place.rstrip("/").rpartition("/")[2] for place in self._files.ls(self._folder(stage), detail=False)]
        except FileNotFoundError:
            return []

    def _offsets(self, names: list[str]) -> list[int]:
        digits = (name.removesuffix(_WHOLE) for name in names if name.endswith(_WHOLE))
        return [int(word) for word in digits if len(word) == _DIGITS and word.isdigit()]

    def _folder(self, stage: str) -> str:
        return f"{self._root}/{stage}"

    def _place(self, stage: str, offset: int) -> str:
        return f"{self._folder(stage)}/{offset:0{_DIGITS}d}{_WHOLE}"

    def _removed(self, place: str) -> None:
        with suppress(FileNotFoundError):  # another keeper was first
            self._files.rm_file(place)

    def _flushed(self, place: str) -> None:
        """In a folder of this machine: what was written is on the disk."""
        if self._local:
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever the depot says becomes a sentence; what is missing is for the caller to tell."""
        try:
            yield
        except (HuiminError, FileNotFoundError):
            raise
        except Exception as error:  # each package behind fsspec raises errors of its own
            raise DepotError(_unusable(self.shown, error)) from None


def _without_secrets(url: str) -> str:
    """The address without a user and password, which do not belong there.

    Example:
        >>> _without_secrets("s3://key:secret@bucket/folder")
        's3://bucket/folder'
    """
    kind, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{kind}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else url


def _package_missing(url: str, package: str) -> Text:
    return Text(
        f"快照存放处 {url} 需要 {package} 包，现在没有安装。请运行 uv pip install {package}，再试一次。",
        f"The depot {url} needs the package {package}, which is not installed. Run uv pip install {package}, then try again.",
    )


def _unknown(url: str, kind: str) -> Text:
    return Text(
        f"快照存放处 {url}：不认识 {kind}://，请写一个目录或 s3://桶/目录。",
        f"The depot {url}: {kind}:// is not known. Give a folder, or s3://bucket/folder.",
    )


def _unusable(url: str, error: Exception) -> Text:
    why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return Text(
        f"快照存放处 {url} 不能用（{why}）。请检查地址、权限和空间，再试一次。",
        f"The depot {url} cannot be used ({why}). Look at its address, rights and room, then try again.",
    )


def _gone(url: str, stage: str, offset: int) -> Text:
    return Text(
        f"快照存放处 {url} 里没有 {stage} 的快照 {offset}：可能刚被更新的替换。请再试一次。",
        f"The depot {url} has no snapshot {offset} of {stage}: a newer one may have taken its place. Try again.",
    )


def _cut(url: str, stage: str, offset: int, found: int, expected: int) -> Text:
    return Text(
        f"快照存放处 {url}：{stage} 的快照 {offset} 只传了 {found} 字节，应有 {expected}。请检查网络和空间，再试一次。",
        f"The depot {url}: {found} bytes of snapshot {offset} of {stage} arrived, of {expected}. Look at the network and room; try again.",
    )
