"""The key of a workspace: who makes the tokens, and by what it is known again.

``infra.workspace.workspace`` calls it.

With another key nobody who is there would be known again: every record that comes would be about a stranger, the lists would be wrong, and
nothing would look broken. So a workspace remembers by which key it began (``key.check``, which says nothing of the key), from the first
use on, and every verb refuses another one.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from infra.settings import KEY_FILE
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import Unfit, text_at, write_whole

KEY_BYTES = 32
KEY, CHECK = "secret.key", "key.check"


class UnusableKey(HuiminError):
    """The key is gone, damaged, readable by others or another one (operator: restore both files from a backup; 1)."""


class OpenToOthers(HuiminError):
    """A file with a secret that others can read (operator: chmod 600; 1)."""


def place_of(root: Path, environment: Mapping[str, str] | None) -> Path:
    """Where the key of a workspace is: in its folder, or where ``HUIMIN_KEY_FILE`` says."""
    named = (environment or {}).get(KEY_FILE)
    return Path(named).expanduser() if named else root / KEY


def write_key(root: Path, environment: Mapping[str, str] | None = None) -> None:
    """A new key, for a new workspace; the one that is there already, where it is kept outside.

    Raises:
        UnusableKey: that one cannot be used.
    """
    path = place_of(root, environment)
    if path.exists():
        read_key(root, False, environment)
    else:
        write_whole(path, secrets.token_hex(KEY_BYTES) + "\n")


def read_key(root: Path, used: bool, environment: Mapping[str, str] | None = None) -> bytes:
    """The key of a workspace.

    Args:
        used: was anything made with it yet? Until then it may still be replaced, by that of a network for one (``note_key``).

    Raises:
        UnusableKey: it cannot be used.
    """
    path = place_of(root, environment)
    try:
        key = secret_in(path)
    except OpenToOthers as error:
        raise UnusableKey(error.text) from None
    if key is None:
        raise UnusableKey(_missing_key(path))
    if used:
        _know_again(path, root / CHECK, key)
    return key


def secret_in(path: Path) -> bytes | None:
    """The secret of ``KEY_BYTES`` bytes that a file holds in hexadecimal digits; None where it holds none, or cannot be read.

    Raises:
        OpenToOthers: not only its owner may read the file.
    """
    try:
        mode, key = path.stat().st_mode & 0o777, bytes.fromhex(text_at(path).strip())
    except (OSError, ValueError):
        return None
    if len(key) != KEY_BYTES:
        return None
    if mode & 0o077:
        zh = f"{path} 可被他人读取（{mode:o}）。请运行 chmod 600 {path}。"
        raise OpenToOthers(Text(zh, f"{path} can be read by others ({mode:o}). Run chmod 600 {path}."))
    return key


def note_key(root: Path, key: bytes) -> None:
    """Notes by what the key of a workspace is known again, before anything is made with it."""
    write_whole(root / CHECK, check_of(key) + "\n")


def derived(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (``vault``, ``log``): who knows it knows neither this key nor that of another purpose.

    Source: RFC 5869 (HKDF with SHA-256, no salt; the purpose is its ``info``).
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, None, f"huimin {purpose}".encode()).derive(key)


def check_of(key: bytes) -> str:
    """By what a key is known again."""
    return blake2b(b"huimin: is it the same key?", digest_size=16, key=key).hexdigest()


def _know_again(place: Path, check: Path, key: bytes) -> None:
    try:
        noted = text_at(check).strip()
    except (OSError, Unfit):
        noted = ""
    if hmac.compare_digest(noted.encode(), check_of(key).encode()):
        return
    zh = (
        f"{place} 不是这个工作区开始时用的密钥，或 {CHECK} 已丢失、损坏。换了密钥会认错人，因此什么都没有做："
        f"请从备份恢复 {place} 和 {check}，或把 {KEY_FILE} 指到原来的密钥。"
    )
    en = (
        f"{place} is not the key with which this workspace began, or {CHECK} is gone or damaged. With another key nobody would be known "
        f"again, so nothing was done: restore {place} and {check} from a backup, or set {KEY_FILE} to the key it was."
    )
    raise UnusableKey(Text(zh, en))


def _missing_key(path: Path) -> Text:
    return Text(
        f"{path} 缺失或损坏。没有它，新数据与已有数据无法对应：请从备份恢复，不要新建。",
        f"{path} is missing or damaged. Without it new records would not meet the old: restore a backup, make no new one.",
    )
