"""What proves who somebody is without a password: sessions, tokens of machines, and links that are good once.

``services.access.accounts`` calls it. Sessions are rows here, not signed cookies: signing out, a new password and a disabled account end
them at once in every process, and no further key has to be kept. A request costs one lookup by digest.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from connectors.accounts.database import AccountDatabase, moment_of, seconds
from connectors.accounts.records import TOKEN_PREFIX, AccountSession, MachineToken, OneTimeLink, csrf_of, new_secret, secret_digest

SESSION, IDLE = timedelta(hours=12), timedelta(hours=2)
"""How long a session lasts at most, and without any request."""
LINK = timedelta(hours=24)
LONGEST_TOKEN = timedelta(days=400)
_NOTED = timedelta(minutes=1)
"""So often a session's last request is noted, and not at each."""


class Tickets:
    """Sessions, tokens and links of a database of accounts."""

    def __init__(self, database: AccountDatabase) -> None:
        self._db = database

    def begin_session(self, account: str, now: datetime) -> tuple[str, AccountSession]:
        """A new session and its secret, which goes into a cookie and nowhere else. Sessions that are over are removed."""
        secret, ends = new_secret(), now + SESSION
        with self._db.change():
            self._db.write("DELETE FROM sessions WHERE expires <= ? OR seen <= ?", seconds(now), seconds(now - IDLE))
            self._db.write(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
                secret_digest(secret), account, csrf_of(secret), seconds(now), seconds(now), seconds(ends),
            )  # fmt: skip
        return secret, AccountSession(account, now, ends, csrf_of(secret))

    def session(self, secret: str, now: datetime) -> AccountSession | None:
        """The session of a secret; None where there is none, or it is over."""
        digest, time = secret_digest(secret), seconds(now)
        rows = self._db.rows("SELECT account, csrf, created, seen, expires FROM sessions WHERE digest = ?", digest)
        if not rows:
            return None
        account, csrf, created, last_seen, expires = rows[0]
        if expires <= time or last_seen <= seconds(now - IDLE):
            return None
        if last_seen <= seconds(now - _NOTED):
            self._db.write("UPDATE sessions SET seen = ? WHERE digest = ?", time, digest)
        return AccountSession(account, moment_of(created), moment_of(expires), csrf)

    def end_session(self, secret: str) -> None:
        """Ends a session."""
        self._db.write("DELETE FROM sessions WHERE digest = ?", secret_digest(secret))

    def end_all(self, account: str) -> None:
        """Ends every session and link of an account."""
        with self._db.change():
            self._db.write("DELETE FROM sessions WHERE account = ?", account)
            self._db.write("DELETE FROM links WHERE account = ?", account)

    def make_link(self, account: str, purpose: Literal["first", "reset"], now: datetime) -> tuple[str, OneTimeLink]:
        """A link that is good once, and its secret; earlier links of the account are void."""
        secret, ends = new_secret(), now + LINK
        with self._db.change():
            self._db.write("DELETE FROM links WHERE account = ? OR expires <= ?", account, seconds(now))
            self._db.write("INSERT INTO links VALUES (?, ?, ?, ?)", secret_digest(secret), account, purpose, seconds(ends))
        return secret, OneTimeLink(account, purpose, ends)

    def link(self, secret: str, now: datetime) -> OneTimeLink | None:
        """The link of a secret, still unused; None where it was used, is over, or never was."""
        rows = self._db.rows("SELECT account, purpose, expires FROM links WHERE digest = ?", secret_digest(secret))
        return OneTimeLink(rows[0][0], rows[0][1], moment_of(rows[0][2])) if rows and rows[0][2] > seconds(now) else None

    def use_link(self, secret: str, now: datetime) -> OneTimeLink | None:
        """Uses a link up; None where somebody else has, or it is over."""
        with self._db.change():
            link = self.link(secret, now)
            return link if link is not None and self._db.write("DELETE FROM links WHERE digest = ?", secret_digest(secret)) else None

    def issue_token(
        self, account: str, title: str, actions: Iterable[str], feeds: Iterable[str] | None, now: datetime, expires: datetime
    ) -> tuple[str, MachineToken]:
        """A new token and its secret, which is shown once."""
        secret, name = TOKEN_PREFIX + new_secret(), secrets.token_hex(4)
        limited = None if feeds is None else frozenset(feeds)
        token = MachineToken(name, account, title, frozenset(actions), limited, moment_of(seconds(now)), moment_of(seconds(expires)))
        listed = None if token.feeds is None else " ".join(sorted(token.feeds))
        self._db.write(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            name, account, title, secret_digest(secret), " ".join(sorted(token.actions)), listed, seconds(now), seconds(expires),
        )  # fmt: skip
        return secret, token

    def token(self, secret: str, now: datetime) -> MachineToken | None:
        """The token of a secret; None where there is none, or it is over or revoked."""
        rows = self._db.rows("SELECT * FROM tokens WHERE digest = ? AND revoked = 0 AND expires > ?", secret_digest(secret), seconds(now))
        return _token(*rows[0]) if rows else None

    def tokens(self, account: str | None = None) -> list[MachineToken]:
        """The tokens of an account, or of all."""
        rows = self._db.rows("SELECT * FROM tokens WHERE account = coalesce(?, account) ORDER BY created, id", account)
        return [_token(*row) for row in rows]

    def revoke_token(self, name: str) -> bool:
        """Revokes a token by its id; whether there was one that was good."""
        return bool(self._db.write("UPDATE tokens SET revoked = 1 WHERE id = ? AND revoked = 0", name))

    def revoke_all(self, account: str) -> None:
        """Revokes every token of an account."""
        self._db.write("UPDATE tokens SET revoked = 1 WHERE account = ?", account)


def _token(
    name: str, account: str, title: str, digest: bytes, actions: str, feeds: str | None, created: int, expires: int, revoked: int
) -> MachineToken:
    limited = None if feeds is None else frozenset(feeds.split())
    return MachineToken(
        name, account, title, frozenset(actions.split()), limited, moment_of(created), moment_of(expires), bool(revoked)
    )  # fmt: skip
