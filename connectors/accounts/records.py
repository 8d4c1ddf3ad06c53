"""What the store of accounts holds: accounts, tokens of machines, one-time links and sessions.

A secret (of a token, link or session) is 256 random bits, shown once and stored as a digest: so many bits need no salt and no slow digest.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from connectors.accounts.grants import Grant
from policies.problems.problems import HuiminError
from policies.values import Text

SECRET_BYTES = 32
TOKEN_PREFIX = "huimin_"
"""A token of a machine begins so, so that people and scanners know one when they see it."""


class NoAccount(HuiminError):
    """There is no account of this name (whoever typed it; 2)."""

    def __init__(self, name: str) -> None:
        zh = f"没有账号“{name}”。用 huimin account list 查看。"
        super().__init__(Text(zh, f"There is no account {name!r}. See huimin account list."), 2)


class AccountExists(HuiminError):
    """The name, the system's user or the OpenID Connect subject belongs to an account already (5)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(Text(zh, en), 5)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a person or a machine.

    Args:
        name: what is typed to sign in, and stands in decisions and the record of access.
        title: shown beside the name: "王芳，民政局".
        os_users: users of this machine who act as this account on the command line.
        subject: who they are at an OpenID Connect provider: ``issuer subject``.
        has_password: they can sign in with a password.
    """

    name: str
    title: str
    created: datetime
    grants: tuple[Grant, ...] = ()
    os_users: tuple[str, ...] = ()
    subject: str | None = None
    disabled: bool = False
    has_password: bool = False


@dataclass(frozen=True, slots=True)
class MachineToken:
    """A token of an account's machine: what it is for and until when; never its secret.

    Args:
        id: shown in lists; names the token and is no part of its secret.
        actions: codes of actions; the token may do no other.
        feeds: names of feeds; None: not limited to feeds.
    """

    id: str
    account: str
    title: str
    actions: frozenset[str]
    feeds: frozenset[str] | None
    created: datetime
    expires: datetime
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link that is good once: to make the first account ("" until then), or to choose a password."""

    account: str
    purpose: Literal["first", "reset"]
    expires: datetime


@dataclass(frozen=True, slots=True)
class AccountSession:
    """Somebody who is signed in.

    Args:
        csrf: what forms and scripts of this session must send back with every change.
    """

    account: str
    created: datetime
    expires: datetime
    csrf: str


@dataclass(frozen=True, slots=True)
class FailedAttempts:
    """How often signing in has failed, and until when it is refused; by account, and by digest of the source's address."""

    failures: int
    last: datetime
    until: datetime | None = None


def new_secret() -> str:
    """A new secret that fits into a header, a cookie or an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def secret_digest(secret: str) -> bytes:
    """The digest under which a secret is stored."""
    return sha256(b"huimin secret " + secret.encode()).digest()


def csrf_of(secret: str) -> str:
    """What a session's forms carry: made from its secret, which it does not tell."""
    return sha256(b"huimin csrf " + secret.encode()).hexdigest()
