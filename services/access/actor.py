"""Who runs a verb: the account of this machine's user, or the owner of a workspace without accounts.

``console.cli.session`` asks once a run. From the first account on, a user without one may do nothing.
"""

from __future__ import annotations

from pathlib import Path

from infra.workspace.accounts import has_accounts
from policies.values import Text
from services.access.account_book import account_book, actor_of
from services.access.deciding import AccessDenied, Actor, owner


def actor_of_os_user(root: Path, user: str) -> Actor:
    """Whoever acts in the workspace of this folder as a user of this machine.

    Raises:
        AccessDenied: there are accounts, and none in use is the user's. DamagedStore and others: the accounts cannot be read.
    """
    if not has_accounts(root):
        return owner(user)
    book = account_book(root)
    assert book is not None  # the file is there
    try:
        if book.store.is_empty():
            return owner(user)
        account = book.store.of_os_user(user)
    finally:
        book.database.close()
    if account is None or account.disabled:
        zh = f"这个工作区有账号，而本机用户 {user} 没有对应的账号，或账号已停用。请运维员运行 huimin account map 账号 {user}。"
        en = f"This workspace has accounts, and the user {user} of this machine acts as none in use. Ask an operator: "
        raise AccessDenied(Text(zh, f"{en}huimin account map ACCOUNT {user}."))
    return actor_of(account)
