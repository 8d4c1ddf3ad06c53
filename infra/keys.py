"""The key of a workspace, which makes the tokens, and the check value by which another key is noticed.

``infra.workspace.workspace`` calls it.

With another key every person would get another token: each new record would be about a stranger, the lists would be wrong, and nothing
would look broken. So a workspace stores the check value of its key (``key.check``, which tells nothing about the key) at its first use, and
every verb refuses another key.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from infra.settings import CREDENTIALS, KEY_FILE
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import Unfit, text_at, write_whole

KEY_BYTES = 32
CREDENTIAL = "huimin.key"
"""The name of the key among a service's credentials."""
KEY, CHECK = "secret.key", "key.check"


class UnusableKey(HuiminError):
    """The key is gone, damaged, readable by others, or another key (operator: restore both files from a backup; 1)."""


class OpenToOthers(HuiminError):
    """A file with a secret that others can read (operator: chmod 600; 1)."""


def key_path(root: Path, environment: Mapping[str, str] | None) -> Path:
    """The file of a workspace's key: in its folder, where ``HUIMIN_KEY_FILE`` says, or among the credentials that systemd gives."""
    variables = environment or {}
    named = variables.get(KEY_FILE)
    if named is None and (credentials := variables.get(CREDENTIALS)) and (Path(credentials) / CREDENTIAL).is_file():
        return Path(credentials) / CREDENTIAL
    return Path(named).expanduser() if named else root / KEY


def write_key(root: Path, environment: Mapping[str, str] | None = None) -> None:
    """Writes the key of a new workspace; a key that exists already, outside its folder, stays.

    Raises:
        UnusableKey: the existing key cannot be used.
    """
    path = key_path(root, environment)
    if path.exists():
        read_key(root, False, environment)
    else:
        write_whole(path, secrets.token_hex(KEY_BYTES) + "\n")


def read_key(root: Path, used: bool, environment: Mapping[str, str] | None = None) -> bytes:
    """The key of a workspace.

    Args:
        used: something was made with it. Before that it may be replaced, by the key of a network for example (``note_key``).

    Raises:
        UnusableKey: it cannot be used.
    """
    path = key_path(root, environment)
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
    """The secret in a file, ``KEY_BYTES`` bytes in hexadecimal digits; None where there is none, or the file cannot be read.

    Raises:
        OpenToOthers: others than its owner may read the file.
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
    """Stores the check value of a workspace's key, before anything is made with the key."""
    write_whole(root / CHECK, check_of(key) + "\n")


def derived_key(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (``vault``, ``log``), from which neither ``key`` nor another derived key can be computed.

    Source: RFC 5869 (HKDF with SHA-256, no salt; the purpose is its ``info``).
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, None, f"huimin {purpose}".encode()).derive(key)


def check_of(key: bytes) -> str:
    """The check value of a key: the same key gives the same value, and the value tells nothing about the key."""
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
