"""The accounts of a workspace, opened: the stores that the use cases of accounts share.

``services.access.accounts``, ``signing_in`` and ``actor`` take it. A service that runs on opens it once; threads may share it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.accounts import account_database, has_accounts
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from connectors.accounts.attempts import Attempts
    from connectors.accounts.database import AccountDatabase
    from connectors.accounts.records import Account
    from connectors.accounts.store import AccountStore
    from connectors.accounts.tickets import Tickets
    from services.access.deciding import Actor


@dataclass(frozen=True, slots=True)
class AccountBook:
    """The stores of one file of accounts."""

    database: AccountDatabase
    store: AccountStore
    tickets: Tickets
    attempts: Attempts


def account_book(root: Path, create: bool = False) -> AccountBook | None:
    """The accounts of the workspace in a folder; None where there are none. Whoever opens it closes its database.

    Raises:
        As for ``infra.workspace.accounts.account_database``.
    """
    from connectors.accounts.attempts import Attempts
    from connectors.accounts.store import AccountStore
    from connectors.accounts.tickets import Tickets

    database = account_database(root, create)
    return None if database is None else AccountBook(database, AccountStore(database), Tickets(database), Attempts(database))


def require_accounts(root: Path) -> None:
    """Passes a workspace that has accounts.

    Raises:
        HuiminError: it has none; says how to make the first.
    """
    if not has_accounts(root):
        zh = "这个工作区还没有账号。建第一个：huimin account add 账号 --grant operator:区划。"
        en = "This workspace has no accounts yet. Make the first: huimin account add ACCOUNT --grant operator:DIVISION."
        raise HuiminError(Text(zh, en), 2)


@contextmanager
def opened_book(root: Path) -> Iterator[AccountBook]:
    """The accounts of a workspace, which are made where there are none, for one use."""
    book = account_book(root, create=True)
    assert book is not None  # it was made
    try:
        yield book
    finally:
        book.database.close()


def actor_of(account: Account) -> Actor:
    """Whoever is signed in to an account."""
    from services.access.deciding import Actor

    return Actor(account.name, account.grants, account.title)
