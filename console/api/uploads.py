"""Files on their way in: bytes of a delivery that arrive over HTTP, in one request or in several.

An upload is a folder with a note and a file. It belongs to one account and one feed; bytes are appended at its end only, so a client whose
connection broke asks how far it came and goes on there. A delivery is made of it once it is whole (``console.api.intake_routes``), and then
the folder goes. Whatever lies there a week is thrown away.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex

from console.api.problems import ApiProblem
from infra.workspace.serving import SERVICE
from policies.values import Text
from streams.disk.files import make_folder, private, sync, write_whole

FOLDER = "incoming"
ROOM = 1 << 30
"""So many bytes stay free on the disk."""
LONGEST = 64 << 30
MOST = 8
"""The most deliveries that are taken in or wait for it at one time; more are asked to come again."""
DAYS = 7
AGAIN_SECONDS = 5
_NO_UPLOAD = Text("没有这个上传，或已交付。", "There is no such upload, or it was delivered.")
_OTHER_OFFSET = Text(
    "从这里接着传：Upload-Offset 与已收到的字节数不符。", "Go on where it stopped: Upload-Offset is not the number of bytes here."
)
_FULL = Text("磁盘空间不足，请稍后再传。", "The disk has no room for it; send it later.")
_BUSY = Text("正在接收的文件太多，请稍后再传。", "Too many files are being taken in; send it a little later.")
_TOO_LONG = Text("文件太大。", "The file is too large.")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in.

    Args:
        options: of the delivery, as the query named them.
    """

    id: str
    account: str
    feed: str
    name: str
    options: Mapping[str, str]


class Uploads:
    """The files on their way into a workspace."""

    def __init__(self, root: Path) -> None:
        self._folder = root / SERVICE / FOLDER
        self._slots = 0

    def begin(self, account: str, feed: str, name: str, options: Mapping[str, str], key: str | None) -> Upload:
        """A new upload; the same one again for the same account, feed and key."""
        id = token_hex(16) if key is None else hashlib.sha256(repr((account, feed, key)).encode()).hexdigest()[:32]
        upload = Upload(id, account, feed, safe_name(name), dict(options))
        make_folder(folder := self._folder / id)
        write_whole(folder / "upload.json", json.dumps(asdict(upload), ensure_ascii=False))
        os.close(private(folder / "body", os.O_WRONLY | os.O_CREAT))
        return upload

    def of(self, account: str, id: str) -> Upload:
        """An upload of this account.

        Raises:
            ApiProblem: there is none.
        """
        try:
            upload = Upload(**json.loads((self._folder / token_of_path(id) / "upload.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise ApiProblem(404, "no-upload", _NO_UPLOAD) from None
        if upload.account != account:
            raise ApiProblem(404, "no-upload", _NO_UPLOAD)
        return upload

    def offset(self, upload: Upload) -> int:
        """How many bytes are here."""
        return (self._folder / upload.id / "body").stat().st_size

    async def append(self, upload: Upload, offset: int, chunks: AsyncIterator[bytes]) -> int:
        """Appends bytes; returns how many are here now, durably, also if the connection breaks on the way.

        Raises:
            ApiProblem: they do not begin where the file ends; the disk is full.
        """
        path = self._folder / upload.id / "body"
        if offset != self.offset(upload):
            raise ApiProblem(409, "upload-offset", _OTHER_OFFSET, extra=(("offset", self.offset(upload)),))
        with path.open("ab") as file:
            try:
                async for chunk in chunks:
                    if shutil.disk_usage(self._folder).free < ROOM:
                        raise ApiProblem(507, "no-room", _FULL, after=60)
                    if file.tell() + len(chunk) > LONGEST:
                        raise ApiProblem(413, "too-large", _TOO_LONG)
                    await asyncio.to_thread(file.write, chunk)
            finally:
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
        return self.offset(upload)

    def whole_file(self, upload: Upload) -> Path:
        """The file of an upload that is whole, under its name."""
        folder = self._folder / upload.id
        make_folder(whole := folder / "whole")
        if not (path := whole / upload.name).exists():
            os.link(folder / "body", path)
            sync(path)
        return path

    def forget(self, upload: Upload) -> None:
        """Throws an upload away; nobody needs it any more."""
        shutil.rmtree(self._folder / upload.id, ignore_errors=True)

    def forget_old(self, now: float | None = None) -> None:
        """Throws away what has lain here for ``DAYS``."""
        before = (time.time() if now is None else now) - DAYS * 86_400
        for folder in self._folder.glob("*"):
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Uploads:
        """A place among the deliveries that are taken in.

        Raises:
            ApiProblem: there are too many.
        """
        if self._slots >= MOST:
            raise ApiProblem(429, "busy", _BUSY, after=AGAIN_SECONDS)
        self._slots += 1
        return self

    def __exit__(self, *error: object) -> None:
        self._slots -= 1


def safe_name(name: str) -> str:
    """The name of a file without folders and control characters.

    Example:
        >>> safe_name("../参保 2026.csv")
        '参保 2026.csv'
    """
    plain = "".join(character for character in name.replace("\\", "/").rpartition("/")[2] if character.isprintable()).strip()
    return plain.lstrip(".")[:120] or "delivery"


def token_of_path(id: str) -> str:
    """An id that is one, and no path; "-" for anything else."""
    return id if len(id) == 32 and set(id) <= set("0123456789abcdef") else "-"
