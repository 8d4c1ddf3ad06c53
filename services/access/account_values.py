"""Accounts and tokens as values to print: no digest, and a secret only where it is shown once.

The verbs of ``account`` and the API render these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.accounts.records import Account, MachineToken
from services.access.machine_tokens import IssuedToken


@dataclass(frozen=True, slots=True)
class TokenDetails:
    """A token, without its secret.

    Args:
        actions: codes of what it is for.
        feeds: it is good for these alone; None: not limited to feeds.
    """

    id: str
    title: str
    actions: tuple[str, ...]
    feeds: tuple[str, ...] | None
    created: datetime
    expires: datetime
    revoked: bool


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """An account.

    Args:
        grants: each as it is typed: role:division[:unit].
        os_users: users of this machine who act as it.
        subject: at an OpenID Connect provider: issuer and subject.
        tokens: of its machines, where they were asked for.
    """

    name: str
    title: str
    created: datetime
    grants: tuple[str, ...]
    os_users: tuple[str, ...]
    subject: str | None
    disabled: bool
    has_password: bool
    tokens: tuple[TokenDetails, ...] = ()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was issued, with its secret, which is shown this once."""

    id: str
    account: str
    title: str
    actions: tuple[str, ...]
    feeds: tuple[str, ...] | None
    expires: datetime
    secret: str


@dataclass(frozen=True, slots=True)
class RevokedToken:
    """The id of a token that was revoked."""

    token: str


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """An account whose password was set; or a code, good once, by which its holder sets one.

    Args:
        until: the code expires then.
    """

    account: str
    code: str | None
    until: datetime | None


def details(account: Account, tokens: Iterable[MachineToken] = ()) -> AccountDetails:
    """An account, with tokens."""
    return AccountDetails(
        account.name, account.title, account.created, tuple(map(str, account.grants)), account.os_users, account.subject, account.disabled,
        account.has_password, tuple(map(_token, tokens)),
    )  # fmt: skip


def new_token(token: IssuedToken) -> NewToken:
    """A token that was just issued."""
    facts = _token(token.token)
    return NewToken(facts.id, token.token.account, facts.title, facts.actions, facts.feeds, facts.expires, token.secret)


def _token(token: MachineToken) -> TokenDetails:
    feeds = None if token.feeds is None else tuple(sorted(token.feeds))
    return TokenDetails(token.id, token.title, tuple(sorted(token.actions)), feeds, token.created, token.expires, token.revoked)
