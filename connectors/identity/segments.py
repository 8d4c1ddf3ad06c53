"""Sealed files (segments) in a folder, and the sealed manifest that lists them.

``connectors.identity.vault`` keeps identities in segments, encrypted with AES-256-GCM. The tag covers the name too, so no file can take
another's place. Nonce and tag are the *seal*: only with the key can one make a file that opens. The manifest holds the seals of every
segment, so that a missing, added or older file is noticed. A process may be killed at any step: the manifest is written before the segment,
with its old seal ("" where there was no file) and its new one. The next change *settles* it: the seal of the present file remains.
Changes lock each other out; a reader begins again where a file was replaced. Source: NIST SP 800-38D (at most 2^32 random nonces a key).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from connectors.contracts.faults import DamagedVault
from policies.values import Text
from streams.disk.files import make_folder, write_whole

MANIFEST, SUFFIX = "manifest", ".sealed"
_MAGIC = b"HMVAULT1"
_NONCE, _TAG = 12, 16
_BEGIN = len(_MAGIC) + _NONCE
_TIMES = 20
"""How often a reader begins again while another process writes."""
Seals: TypeAlias = dict[str, list[str]]
"""By segment, the seals that it may have; "" where it may be missing."""
T = TypeVar("T")


def seal(key: bytes, name: str, data: bytes) -> bytes:
    """The bytes, encrypted under a key and a name."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    return _MAGIC + nonce + AESGCM(key).encrypt(nonce, data, _MAGIC + name.encode())


def unseal(key: bytes, name: str, sealed: bytes) -> bytes:
    """The bytes that were sealed under a key and a name.

    Raises:
        ValueError: they were sealed under others, or changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not sealed.startswith(_MAGIC) or len(sealed) < _BEGIN + _TAG:
        raise ValueError("not sealed")
    try:
        return AESGCM(key).decrypt(sealed[len(_MAGIC) : _BEGIN], memoryview(sealed)[_BEGIN:], _MAGIC + name.encode())
    except InvalidTag:
        raise ValueError("not by this key, or changed") from None


class Segments:
    """The segments of a folder, ``<kind>/<feed>/<part>`` by name.

    Args:
        must_exist: something was kept here before, so that there must be a manifest.

    Raises, from every method that reads:
        DamagedVault: a file is missing, added, changed or cannot be read; the error says which one, and how to go on.
    """

    def __init__(self, folder: Path, key: bytes, must_exist: bool = False) -> None:
        self.folder, self._key, self._must_exist = folder, key, must_exist

    def begin(self) -> None:
        """Makes the manifest where there is none; if it is gone later, that is an error."""
        with self._changing() as there:
            if not self.place(MANIFEST).exists():
                self._note(there)

    def names(self, prefix: str) -> list[str]:
        """The segments that are there, or should be, whose names begin with a prefix."""
        there = self._manifest()
        return sorted(name for name in there if name.startswith(prefix) and ("" not in there[name] or self.place(name).exists()))

    def read(self, prefix: str, take: Callable[[str, bytes], T]) -> list[T]:
        """What ``take`` gives for the name and content of each segment of a prefix; all of them are sound, or this raises."""
        for _ in range(_TIMES):
            there = self._manifest()
            try:
                contents = ((name, self._read_segment(name, there)) for name in self._all_names(prefix, there))
                return [take(name, data) for name, data in contents if data is not None]
            except DamagedVault:
                if self._manifest() == there:
                    raise
        zh = "身份库正在被频繁写入，请稍后再试。"
        raise DamagedVault(file_of(MANIFEST), Text(zh, "The vault is being written to all the time; try again shortly."))

    def each(self, prefix: str) -> Iterator[tuple[str, bytes | DamagedVault]]:
        """The content of each segment of a prefix, or its error; only for the one process that writes."""
        try:
            there = self._manifest()
        except DamagedVault as error:
            yield MANIFEST, error
            return
        for name in self._all_names(prefix, there):
            try:
                if (data := self._read_segment(name, there)) is not None:
                    yield name, data
            except DamagedVault as error:
                yield name, error

    def content(self, name: str) -> bytes:
        """The content of a segment that is there; only for the one process that writes."""
        data = self._read_segment(name, self._manifest())
        assert data is not None  # as ``names`` said
        return data

    def write(self, name: str, data: bytes, instead_of: Sequence[str] = ()) -> None:
        """Writes a segment in the place of the one of its name, and of others whose content it holds."""
        self._not_linked(name)
        sealed = seal(self._key, name, data)
        with self._changing() as there:
            goes = {other: [*there.get(other, []), ""] for other in instead_of}
            self._note({**there, **goes, name: [*there.get(name, [""]), _seal(sealed)]})
            write_whole(self.place(name), sealed)
            for other in instead_of:
                self.place(other).unlink(missing_ok=True)

    def settle(self) -> None:
        """Notes the segments that are there now; if one is gone later, that is an error."""
        with self._changing() as there:
            if any(len(seals) > 1 for seals in self._manifest().values()):
                self._note(there)

    def place(self, name: str) -> Path:
        return self.folder / (name + SUFFIX)

    def _all_names(self, prefix: str, there: Seals) -> list[str]:
        """The segment names with a prefix, sorted: those in the manifest ``there``, and those of files on disk that it lacks."""
        return sorted(name for name in there.keys() | self._lying() if name.startswith(prefix))

    def _lying(self) -> set[str]:
        """The names that the files in the folders of segments would have, without temporary files."""
        files = (path.relative_to(self.folder) for path in self.folder.glob("*/*/*") if not path.name.startswith("."))
        return {str(path).removesuffix(SUFFIX) for path in files}

    def _read_segment(self, name: str, there: Seals) -> bytes | None:
        """The content of a segment, checked against a manifest; None where it may be missing, and is."""
        if name not in there:
            raise _extra(name, self.place(name).exists())
        self._not_linked(name)
        try:
            sealed = self.place(name).read_bytes()
        except FileNotFoundError:
            if "" in there[name]:
                return None
            raise _damaged_segment(name, Text("不见了", "is missing")) from None
        except OSError as error:
            raise _damaged_segment(name, Text(f"读不出（{error.strerror}）", f"cannot be read ({error.strerror})")) from None
        try:
            if _seal(sealed) in there[name]:
                return unseal(self._key, name, sealed)
        except ValueError:
            pass
        raise _damaged_segment(name, Text("与写入时不同", "is not what was written"))

    def _not_linked(self, name: str) -> None:
        """Refuses a segment that is reached through a link: what lies elsewhere is neither read nor written."""
        path = self.place(name)
        if path.is_symlink() or path.parent.is_symlink() or path.parent.parent.is_symlink():
            raise _damaged_segment(name, Text("经由链接通到别处", "is reached through a link"))

    def _manifest(self) -> Seals:
        try:
            seals: Seals = json.loads(unseal(self._key, MANIFEST, self.place(MANIFEST).read_bytes()))
        except FileNotFoundError:
            if self._must_exist or self._lying():
                raise DamagedVault(file_of(MANIFEST), _NO_MANIFEST) from None
            return {}
        except (OSError, ValueError):
            raise DamagedVault(file_of(MANIFEST), _BAD_MANIFEST) from None
        return seals

    def _note(self, there: Seals) -> None:
        write_whole(self.place(MANIFEST), seal(self._key, MANIFEST, json.dumps(there).encode()))

    @contextmanager
    def _changing(self) -> Iterator[Seals]:
        """The lock for changes, with the settled manifest."""
        make_folder(self.folder)
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield {name: seals for name, some in self._manifest().items() if (seals := self._present_seal(name, some)) != [""]}
        finally:
            os.close(handle)

    def _present_seal(self, name: str, seals: list[str]) -> list[str]:
        """The one of a segment's possible seals that its file has; all of them where it has another, for a reader to report."""
        if len(seals) == 1:
            return seals
        try:
            with self.place(name).open("rb") as file:
                head = file.read(_BEGIN)
                file.seek(-_TAG, os.SEEK_END)
                has = _seal(head + file.read())
        except FileNotFoundError:
            has = ""
        except OSError:
            return seals
        return [has] if has in seals else seals


def _seal(sealed: bytes) -> str:
    return (sealed[len(_MAGIC) : _BEGIN] + sealed[-_TAG:]).hex()


def file_of(name: str) -> str:
    """The path of a segment, relative to the workspace."""
    return f"identity/{name}{SUFFIX}"


def _damaged_segment(name: str, what: Text) -> DamagedVault:
    """The error for a segment that cannot be used, with both ways to go on."""
    _, feed, part = name.split("/")
    delivery = part.split(".")[1]
    zh = f"身份库的文件 {file_of(name)} {what.zh}，因此没有给出任何姓名和号码。请从同一份备份恢复整个 identity/；"
    zh += f"或再接收一次 {feed} 的第 {delivery} 批（huimin ingest {feed} 原文件），其中的身份会重新写入。"
    en = f"The file {file_of(name)} of the vault {what.en}, so no name or number was given. Restore all of identity/ from one backup; or "
    en += f"take in delivery {delivery} of {feed} once more (huimin ingest {feed} THE-SAME-FILE), which writes its names again."
    return DamagedVault(file_of(name), Text(zh, en))


def _extra(name: str, sealed: bool) -> DamagedVault:
    file = file_of(name) if sealed else f"identity/{name}"
    zh = f"{file} 不是身份库写下的（清单里没有），因此没有给出任何姓名和号码。请把它移出 identity/。"
    en = f"{file} was not written by the vault (its manifest has no such), so no name or number was given. Move it out of identity/."
    return DamagedVault(file, Text(zh, en))


_NO_MANIFEST = Text(
    f"身份库的清单 identity/{MANIFEST}{SUFFIX} 不见了，因此没有给出任何姓名和号码。请从同一份备份恢复整个 identity/。",
    f"The manifest of the vault, identity/{MANIFEST}{SUFFIX}, is missing, so no name or number was given. Restore all of identity/ from "
    "one backup.",
)
_BAD_MANIFEST = Text(
    f"身份库的清单 identity/{MANIFEST}{SUFFIX} 读不出、已损坏，或由另一个密钥写成，因此没有给出任何姓名和号码。"
    "请从同一份备份恢复整个 identity/。",
    f"The manifest of the vault, identity/{MANIFEST}{SUFFIX}, cannot be read, is damaged, or was written with another key, so no name "
    "or number was given. Restore all of identity/ from one backup.",
)
