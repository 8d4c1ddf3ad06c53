"""Files on a server, listed and fetched over SFTP; the server's key must be one that the workspace knows.

Called by ``services.deliveries.sftp_pulls``. Each call is a connection of its own. Settings and keys of the machine's user are not read:
what ``ways_in.yaml`` does not name is not used. Sources: RFC 4251 to 4254; draft-ietf-secsh-filexfer-02 (SFTP 3).
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import asyncssh

from connectors.pickup.drop_folder import is_unfinished
from connectors.pickup.forms import SftpForm
from connectors.pickup.sql import Unreachable
from policies.problems.characters import escaped_text
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import replacing

T = TypeVar("T")
MARKER = ".done"
"""Behind the name of a file that is finished, where the document says ``finished: marker``."""
_SECONDS = 30


class ChangingFile(HuiminError):
    """A file that changed while it was fetched; it waits for the next run."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the server, with its size in bytes and the second at which it was last written."""

    name: str
    size: int
    time: int


@dataclass(frozen=True, slots=True)
class FileServer:
    """A server, and what opens it.

    Args:
        known_hosts: the file of the keys that the server may have.
        key, passphrase, password: secrets; None where the document names none.
    """

    form: SftpForm
    known_hosts: Path
    key: str | None = None
    passphrase: str | None = None
    password: str | None = None

    def listing(self, quiet: float = 0, before: Iterable[RemoteFile] = ()) -> tuple[list[RemoteFile], list[RemoteFile]]:
        """The files of the folder that the document means, the oldest first: those that are finished, and the others.

        Args:
            quiet: so many seconds after the first listing there is a second one, unless all files are as they were ``before``.
        """
        return self._run(self._listing(quiet, frozenset(before)))

    def fetch(self, file: RemoteFile, path: Path) -> None:
        """Writes a file of the server to a path.

        Raises:
            ChangingFile: it is not the file that was listed, or changed meanwhile.
        """
        self._run(self._fetch(file, path))

    def put_away(self, names: Sequence[str]) -> None:
        """Moves files into the folder for what was taken in, with their markers; what is there keeps its place."""
        self._run(self._put_away(names))

    async def _listing(self, quiet: float, before: frozenset[RemoteFile]) -> tuple[list[RemoteFile], list[RemoteFile]]:
        async with self._session() as sftp:
            files, markers = await self._look(sftp)
            if self.form.finished == "marker":
                finished = [file for file in files if file.name + MARKER in markers]
            elif before.issuperset(files):
                finished = files
            else:
                await asyncio.sleep(quiet)
                later = (await self._look(sftp))[0]
                finished = [file for file in later if file in files or file in before]
                files = later
        return finished, [file for file in files if file not in finished]

    async def _look(self, sftp: asyncssh.SFTPClient) -> tuple[list[RemoteFile], set[str]]:
        """The regular files, and the names of all markers."""
        files, markers = list[RemoteFile](), set[str]()
        async for entry in sftp.scandir(self.form.folder):
            name, attributes = str(entry.filename), entry.attrs
            if name.endswith(MARKER):
                markers.add(name)
            elif self._is_meant(name) and stat.S_ISREG(attributes.permissions or 0):
                files.append(RemoteFile(name, attributes.size or 0, attributes.mtime or 0))
        return sorted(files, key=lambda file: (file.time, file.name)), markers

    def _is_meant(self, name: str) -> bool:
        is_plain = "/" not in name and name == escaped_text(name)
        return is_plain and not is_unfinished(name) and any(fnmatchcase(name, pattern) for pattern in self.form.files)

    async def _fetch(self, file: RemoteFile, path: Path) -> None:
        async with self._session() as sftp:
            remote = str(PurePosixPath(self.form.folder) / file.name)
            with replacing(path) as part:
                await sftp.get(remote, str(part))
                attributes, size = await sftp.stat(remote), part.stat().st_size
                if (attributes.size, attributes.mtime, size) != (file.size, file.time, file.size):
                    raise ChangingFile(Text(f"{file.name} 还在变化", f"{file.name} is still changing"))

    async def _put_away(self, names: Sequence[str]) -> None:
        async with self._session() as sftp:
            source = PurePosixPath(self.form.folder)
            target = source / (self.form.move_to or "")
            await sftp.makedirs(str(target), exist_ok=True)
            for name in names:
                place, number = target / name, 1
                while await sftp.exists(str(place)):
                    number += 1
                    place = target / f"{PurePosixPath(name).stem}.{number}{PurePosixPath(name).suffix}"
                await sftp.rename(str(source / name), str(place))
                if await sftp.exists(str(source / (name + MARKER))):
                    await sftp.remove(str(source / (name + MARKER)))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        f = self.form
        where = f"{f.user}@{f.host}:{f.port}"
        try:
            return asyncio.run(work)
        except asyncssh.HostKeyNotVerifiable:
            zh = f"{where} 的主机密钥不在 {self.known_hosts} 里；没有连接。请向对方核对密钥后写进去。"
            en = f"The host key of {where} is not in {self.known_hosts}; nothing was done. Check it with those who run the server; add it."
            raise Unreachable(Text(zh, en)) from None
        except asyncssh.PermissionDenied:
            zh = f"{where} 不让登录；请核对用户和密钥或密码。"
            raise Unreachable(Text(zh, f"{where} lets nobody in: check the user, and the key or password.")) from None
        except asyncssh.SFTPError as error:
            why = escaped_text(error.reason)
            raise Unreachable(Text(f"{where} 的 {f.folder}：{why}", f"{where}, {f.folder}: {why}")) from None
        except (asyncssh.Error, OSError) as error:
            why = escaped_text(str(error) or type(error).__name__)
            raise Unreachable(Text(f"连不上 {where}：{why}", f"{where} cannot be reached: {why}")) from None

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncssh.SFTPClient]:
        f = self.form
        try:
            keys = [] if self.key is None else [asyncssh.import_private_key(self.key + "\n", self.passphrase)]
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            zh = "ways_in.yaml 的 key 不是能用的私钥，或 passphrase 不对。"
            raise HuiminError(Text(zh, "The `key` of ways_in.yaml is no usable private key, or its `passphrase` is wrong."), 2) from None
        try:
            known_hosts = asyncssh.read_known_hosts(str(self.known_hosts))
        except (OSError, ValueError):
            zh = f"{self.known_hosts} 读不出来；ways_in.yaml 的 known_hosts 指明它。"
            raise HuiminError(Text(zh, f"{self.known_hosts} cannot be read; ways_in.yaml names it as `known_hosts`."), 2) from None
        connection = asyncssh.connect(
            f.host, f.port, username=f.user, known_hosts=known_hosts, client_keys=keys or None, password=self.password, config=None,
            agent_path=None, login_timeout=_SECONDS, connect_timeout=_SECONDS,
            preferred_auth="publickey" if keys else "password,keyboard-interactive",
        )  # fmt: skip
        async with connection as opened, opened.start_sftp_client() as sftp:
            yield sftp
