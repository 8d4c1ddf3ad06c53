"""The store of accounts: who there is, with which grants, and by which system user or OpenID Connect subject they are known.

``services.access.accounts`` and ``services.access.actor`` call it. Sessions, links and tokens: ``connectors.accounts.tickets``; failed
attempts: ``connectors.accounts.attempts``. All share one ``AccountDatabase``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from connectors.accounts.database import AccountDatabase, NotUnique, moment_of, seconds
from connectors.accounts.grants import Grant, Role
from connectors.accounts.records import Account, AccountExists, NoAccount
from policies.language.people import person


class AccountStore:
    """The accounts of a database."""

    def __init__(self, database: AccountDatabase) -> None:
        self._db = database

    def accounts(self) -> list[Account]:
        """Every account, in the order of names."""
        return [self._account(row) for row in self._db.rows("SELECT * FROM known_accounts ORDER BY name")]

    def is_empty(self) -> bool:
        """Whether there is no account at all, disabled ones included."""
        return not self._db.rows("SELECT 1 FROM accounts LIMIT 1")

    def account(self, name: str) -> Account:
        """The account of a name.

        Raises:
            NoAccount: there is none.
        """
        account = self._single("SELECT * FROM known_accounts WHERE name = ?", name)
        if account is None:
            raise NoAccount(name)
        return account

    def of_person(self, name: str) -> Account | None:
        """The account whose name stands for the same person (``policies.language.people.person``): case, width and spaces do not matter."""
        return self._single("SELECT * FROM known_accounts WHERE person = ?", person(name))

    def of_os_user(self, user: str) -> Account | None:
        """The account as which a user of this machine acts."""
        return self._single("SELECT * FROM of_users WHERE user = ?", user)

    def of_subject(self, subject: str) -> Account | None:
        """The account of a subject of an OpenID Connect provider: ``issuer subject``."""
        return self._single("SELECT * FROM known_accounts WHERE subject = ?", subject)

    def digest(self, name: str) -> str | None:
        """The digest of an account's password; None where it has none, or there is no such account."""
        rows = self._db.rows("SELECT digest FROM accounts WHERE name = ?", name)
        return rows[0][0] if rows else None

    def add(self, name: str, title: str, grants: Iterable[Grant], now: datetime) -> None:
        """Adds an account.

        Raises:
            AccountExists: the name stands for a person who has one.
        """
        with self._db.change():
            try:
                self._db.write(
                    "INSERT INTO accounts (name, person, title, created) VALUES (?, ?, ?, ?)", name, person(name), title, seconds(now)
                )
            except NotUnique:
                zh = f"已有账号“{name}”（大小写、全半角和空格不算不同）。请换一个名字。"
                raise AccountExists(zh, f"There is an account {name!r} already (case, width and spaces make no other name).") from None
            for grant in grants:
                self.grant(name, grant)

    def grant(self, name: str, grant: Grant) -> None:
        """Gives an account a grant; one that it has already changes nothing."""
        self._db.write("INSERT INTO grants VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", name, grant.role, grant.division, grant.unit or "")

    def revoke(self, name: str, grant: Grant) -> bool:
        """Takes a grant from an account; whether it had it."""
        return bool(
            self._db.write(
                "DELETE FROM grants WHERE account = ? AND role = ? AND division = ? AND unit = ?",
                name, grant.role, grant.division, grant.unit or "",
            )
        )  # fmt: skip

    def set_digest(self, name: str, digest: str) -> None:
        """Stores the digest of a new password."""
        self._db.write("UPDATE accounts SET digest = ? WHERE name = ?", digest, name)

    def replace_digest(self, name: str, before: str, digest: str) -> None:
        """Stores another digest of the same password, unless the password was changed meanwhile."""
        self._db.write("UPDATE accounts SET digest = ? WHERE name = ? AND digest = ?", digest, name, before)

    def set_disabled(self, name: str, disabled: bool) -> None:
        """Disables or enables an account."""
        self._db.write("UPDATE accounts SET disabled = ? WHERE name = ?", int(disabled), name)

    def map_os_user(self, name: str, user: str) -> None:
        """Lets a user of this machine act as an account.

        Raises:
            AccountExists: the user acts as another one.
        """
        with self._db.change():
            other = self.of_os_user(user)
            if other is not None and other.name != name:
                zh = f"本机用户 {user} 已对应账号“{other.name}”。请先取消：huimin account map {other.name} --remove {user}。"
                en = f"The user {user} of this machine acts as {other.name!r}. Undo that: huimin account map {other.name} --remove {user}."
                raise AccountExists(zh, en)
            self._db.write("INSERT INTO os_users VALUES (?, ?) ON CONFLICT DO NOTHING", user, name)

    def unmap_os_user(self, name: str, user: str) -> bool:
        """Ends that; whether it was so."""
        return bool(self._db.write("DELETE FROM os_users WHERE user = ? AND account = ?", user, name))

    def set_subject(self, name: str, subject: str | None) -> None:
        """Says who the account is at an OpenID Connect provider.

        Raises:
            AccountExists: the subject belongs to another account.
        """
        try:
            self._db.write("UPDATE accounts SET subject = ? WHERE name = ?", subject, name)
        except NotUnique:
            raise AccountExists(
                "这个 OpenID Connect 身份已属于另一个账号。", "This OpenID Connect subject belongs to another account."
            ) from None

    def _single(self, query: str, value: str) -> Account | None:
        rows = self._db.rows(query, value)
        return self._account(rows[0]) if rows else None

    def _account(self, row: tuple[Any, ...]) -> Account:
        name, title, created, subject, disabled, has_password, *_ = row
        grants = self._db.rows("SELECT role, division, unit FROM grants WHERE account = ? ORDER BY role, division, unit", name)
        users = self._db.rows("SELECT user FROM os_users WHERE account = ? ORDER BY user", name)
        return Account(
            name, title, moment_of(created), tuple(Grant(Role(role), division, unit or None) for role, division, unit in grants),
            tuple(user for (user,) in users), subject, bool(disabled), bool(has_password),
        )  # fmt: skip
