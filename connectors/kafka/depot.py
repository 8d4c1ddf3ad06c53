"""The depot: checkpoints of stages for the next holder of a partition, in a folder or a bucket of an object store.

Workers use it by the port ``streams.store.checkpoints.Depot``. A checkpoint is there whole or not at all: in a folder it is written aside
and renamed; an object store shows an object when it is complete. Keepers do not know each other. One that comes late with an older
checkpoint does nothing, so that an erased person never comes back (``only``); the next keeper removes what a dead one left aside. A bucket
must not keep versions of its objects. A name holds the content's digest and a seal (``streams.wire.seal``): a checkpoint that no member
kept is ignored, and a changed one is refused.

    <url>/<stage>/<offset, 20 digits>.<SHA-256>.<seal>.snapshot
    <url>/<stage>/<offset, 20 digits>.<keeper>.writing

The tree of errors, below ``DepotError`` (the operator's: address, rights, room; trying again may help; 1): ``NoDriver`` (a package is not
installed, or nobody knows the kind of address; 2). Source: fsspec 2026.9; POSIX ``rename``; Amazon S3, "Data consistency model".
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from urllib.parse import urlsplit

from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import make_folder, private, sync
from streams.wire.seal import Seal

KEPT = 2
OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az"})
"""Kinds of address whose ``put`` is atomic, and whose renaming is a copy."""
PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}
_DIGITS = 20
_WHOLE, _ASIDE = ".snapshot", ".writing"


class DepotError(HuiminError):
    """The depot cannot be used."""


class NoDriver(DepotError):
    """No package here can reach such a depot."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 2)


class FsspecDepot:
    """The depot at an address: a path, ``file://…``, ``s3://bucket/folder``, or whatever else fsspec reaches.

    Args:
        url: without credentials; keys and endpoints stand in the environment of the package that reaches it.
        seal: of the network.

    Raises:
        NoDriver: a package is missing, or the kind of address is not known.
    """

    def __init__(self, url: str, seal: Seal) -> None:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # ships no types

        kind = urlsplit(url).scheme if "://" in url else "file"
        self.shown, self._seal = _without_secrets(url), seal
        try:
            self._files, root = url_to_fs(url)
        except ImportError:
            raise NoDriver(_package_missing(self.shown, PACKAGES.get(kind, kind))) from None
        except ValueError:
            raise NoDriver(_unknown_address(self.shown, kind)) from None
        self._root = root.rstrip("/")
        self._renames = kind not in OBJECT_STORES
        self._local = kind in ("file", "local")

    def newest(self, stage: str) -> int | None:
        """The offset of the newest checkpoint of a stage; None where there is none.

        Raises:
            DepotError: the depot cannot be read.
        """
        with self._depot_errors():
            return max(self._checkpoints(stage, self._names(stage)), default=None)

    def fetch(self, stage: str, offset: int, target: Path) -> None:
        """Copy a checkpoint to ``target``, byte for byte as it was kept.

        Raises:
            DepotError: it is not there, did not arrive whole, or was changed; then ``target`` does not exist.
        """
        try:
            with self._depot_errors():
                name = self._checkpoints(stage, self._names(stage)).get(offset)
                if name is None:
                    raise FileNotFoundError
                place = f"{self._folder(stage)}/{name}"
                size = int(self._files.info(place)["size"])
                with open(target, "wb", opener=private):
                    self._files.get_file(place, str(target))
                sync(target)
                if target.stat().st_size != size:
                    raise DepotError(_incomplete_copy(self.shown, stage, offset, target.stat().st_size, size))
                if _digest(target) != name.split(".")[1]:
                    raise DepotError(_changed_checkpoint(self.shown, stage, offset))
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            raise DepotError(_missing_checkpoint(self.shown, stage, offset)) from None
        except DepotError:
            target.unlink(missing_ok=True)
            raise

    def keep(self, stage: str, offset: int, source: Path) -> None:
        """Keep a checkpoint; of its stage the newest two stay. One older than the newest is ignored.

        Raises:
            DepotError: it could not be kept; the others are unchanged.
        """
        with self._depot_errors():
            if offset > max(self._checkpoints(stage, self._names(stage)), default=-1):
                place = self._put(stage, offset, source)
                if offset < max(self._checkpoints(stage, self._names(stage)), default=-1):
                    self._remove(place)  # a newer one was kept meanwhile, and older ones may have been removed on purpose
            self._tidy(stage)

    def remove_older(self, stage: str, offset: int) -> None:
        """Remove everything of a stage from before a checkpoint, whole or aside; newer ones stay.

        Raises:
            DepotError: neither it nor a newer one is there, and nothing was removed; or not all is removed.
        """
        with self._depot_errors():
            names = self._names(stage)
            if not any(other >= offset for other in self._checkpoints(stage, names)):
                raise DepotError(_missing_checkpoint(self.shown, stage, offset))
            for name in names:
                if name.endswith((_WHOLE, _ASIDE)) and name[:_DIGITS].isdecimal() and len(name) > _DIGITS and int(name[:_DIGITS]) < offset:
                    self._remove(f"{self._folder(stage)}/{name}")
            if self._local:
                self._sync(self._folder(stage))

    def _put(self, stage: str, offset: int, source: Path) -> str:
        """Write a checkpoint; returns its place."""
        place = f"{self._folder(stage)}/{self._name(stage, offset, _digest(source))}"
        aside = f"{self._folder(stage)}/{offset:0{_DIGITS}d}.{uuid.uuid4().hex}{_ASIDE}" if self._renames else place
        if self._renames:
            self._make_folder(stage)
        try:
            if self._local:
                os.close(private(aside, os.O_WRONLY | os.O_CREAT))
            self._files.put_file(str(source), aside)
            self._files.invalidate_cache()
            actual, size = int(self._files.info(aside)["size"]), source.stat().st_size
            if actual != size:
                self._remove(aside)
                raise DepotError(_incomplete_copy(self.shown, stage, offset, actual, size))
            if self._renames:
                self._sync(aside)
                self._files.mv(aside, place)
                self._sync(self._folder(stage))
        except FileNotFoundError as error:
            if not source.exists():
                raise  # our own mistake
            if (self.newest(stage) or -1) < offset:
                raise DepotError(_unusable_depot(self.shown, error)) from None
            # else a newer checkpoint was kept meanwhile, and its keeper removed this one
        except OSError:
            if self._renames:
                self._remove(aside)
            raise
        return place

    def _tidy(self, stage: str) -> None:
        """Remove all but the newest two, and what stands aside and is older than the newest."""
        names = self._names(stage)
        there = self._checkpoints(stage, names)
        newest = sorted(there)[-KEPT:]
        needless = [name for name in names if name.endswith(_WHOLE) and self._offset(stage, name) not in (None, *newest)]
        aside = [name for name in names if name.endswith(_ASIDE) and name[:_DIGITS].isdecimal()]
        needless += [name for name in aside if newest and int(name[:_DIGITS]) < newest[-1]]
        for name in needless:
            self._remove(f"{self._folder(stage)}/{name}")

    def _names(self, stage: str) -> list[str]:
        """The names in the folder of a stage."""
        self._files.invalidate_cache()
        try:
            return [place.rstrip("/").rpartition("/")[2] for place in self._files.ls(self._folder(stage), detail=False)]
        except FileNotFoundError:
            return []

    def _checkpoints(self, stage: str, names: list[str]) -> dict[int, str]:
        """The names of the checkpoints that members kept, by offset."""
        return {offset: name for name in sorted(names) if (offset := self._offset(stage, name)) is not None}

    def _offset(self, stage: str, name: str) -> int | None:
        """The offset of a checkpoint; None where no member kept it."""
        digits, *rest = name.split(".")
        if len(digits) != _DIGITS or not digits.isdecimal() or len(rest) != 3 or name != self._name(stage, int(digits), rest[0]):
            return None
        return int(digits)

    def _name(self, stage: str, offset: int, digest: str) -> str:
        seal = self._seal.over(b"snapshot", stage.encode(), b"%d" % offset, digest.encode())
        return f"{offset:0{_DIGITS}d}.{digest}.{seal}{_WHOLE}"

    def _folder(self, stage: str) -> str:
        return f"{self._root}/{stage}"

    def _make_folder(self, stage: str) -> None:
        """Make the folder of a stage; on this machine only its owner may use it."""
        if self._local:
            make_folder(Path(self._folder(stage)))
        else:
            self._files.makedirs(self._folder(stage), exist_ok=True)

    def _remove(self, place: str) -> None:
        with suppress(FileNotFoundError):  # another keeper was first
            self._files.rm_file(place)

    def _sync(self, place: str) -> None:
        """Sync a file or folder to the disk, where the depot is on this machine."""
        if self._local:
            sync(Path(place))

    @contextmanager
    def _depot_errors(self) -> Iterator[None]:
        """Errors in its block become ``DepotError``; ``FileNotFoundError`` is for the caller."""
        try:
            yield
        except (HuiminError, FileNotFoundError):
            raise
        except Exception as error:  # each package behind fsspec has its own errors
            raise DepotError(_unusable_depot(self.shown, error)) from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _without_secrets(url: str) -> str:
    """The address without a user and password.

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


def _unknown_address(url: str, kind: str) -> Text:
    return Text(
        f"快照存放处 {url}：不认识 {kind}://，请写一个目录或 s3://桶/目录。",
        f"The depot {url}: {kind}:// is not known. Give a folder, or s3://bucket/folder.",
    )


def _unusable_depot(url: str, error: Exception) -> Text:
    why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return Text(
        f"快照存放处 {url} 不能用（{why}）。请检查地址、权限和空间，再试一次。",
        f"The depot {url} cannot be used ({why}). Look at its address, rights and room, then try again.",
    )


def _missing_checkpoint(url: str, stage: str, offset: int) -> Text:
    return Text(
        f"快照存放处 {url} 里没有 {stage} 的快照 {offset}：可能刚被更新的替换。请再试一次。",
        f"The depot {url} has no snapshot {offset} of {stage}: a newer one may have taken its place. Try again.",
    )


def _incomplete_copy(url: str, stage: str, offset: int, actual: int, expected: int) -> Text:
    return Text(
        f"快照存放处 {url}：{stage} 的快照 {offset} 只传了 {actual} 字节，应有 {expected}。请检查网络和空间，再试一次。",
        f"The depot {url}: {actual} bytes of snapshot {offset} of {stage} arrived, of {expected}. Look at the network and room; try again.",
    )


def _changed_checkpoint(url: str, stage: str, offset: int) -> Text:
    return Text(
        f"快照存放处 {url}：{stage} 的快照 {offset} 被改动过，没有使用。请查明谁能写那里，删去该文件；再旧一个的会被使用。",
        f"The depot {url}: snapshot {offset} of {stage} was changed and is not used. Look at who can write there, then remove that file; "
        "the one before it is used instead.",
    )
