"""Keeping accounts: add, list, grant, revoke, disable, set a password, map a user of this machine.

The verbs of ``account`` and the API call these. Whoever keeps accounts can give rights, so nobody changes their own grants, and one
operator always stays. Tokens: ``services.access.machine_tokens``; signing in: ``services.access.signing_in``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from connectors.accounts.grants import Grant, Role
from connectors.accounts.passwords import check_new_password, password_digest
from connectors.accounts.records import Account
from policies.language.people import person
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.access.account_book import AccountBook
from services.access.actions import Action
from services.access.deciding import Actor, require

_NAME = re.compile(r"[^\s:/\\@\"'`<>|*?]{1,40}")
FIRST_IS_OPERATOR = Text(
    "第一个账号须有运维员（operator）角色，否则以后没有人能管理账号。例：--grant operator:310107。",
    "The first account needs the role operator, or nobody could keep accounts afterwards; for example --grant operator:310107.",
)


def add_account(
    book: AccountBook, by: Actor, name: str, title: str, grants: Sequence[Grant], now: datetime, os_user: str | None = None
) -> Account:
    """Adds an account; it cannot sign in before it has a password, a user of this machine, or a subject.

    Args:
        os_user: whoever runs this: the first account is theirs, as from now on they need one.

    Raises:
        AccountExists: of this name. HuiminError: the name or a grant is unfit. AccessDenied: they may not.
    """
    require(by, Action.WRITE_ACCOUNTS)
    if not _NAME.fullmatch(name) or not person(name):
        zh = "账号名须是 1 到 40 个字符，有字母或数字，没有空格和 : / @ 等符号，如 wang.fang。"
        en = "An account's name has 1 to 40 characters, letters or digits among them, no spaces and no signs like : / @, such as wang.fang."
        raise HuiminError(Text(zh, en), 2)
    with book.database.change():
        first = book.store.is_empty()
        if first and Role.OPERATOR not in {grant.role for grant in grants}:
            raise HuiminError(FIRST_IS_OPERATOR, 2)
        book.store.add(name, title, grants, now)
        if first and os_user is not None:
            book.store.map_os_user(name, os_user)
        return book.store.account(name)


def accounts(book: AccountBook, by: Actor) -> list[Account]:
    """Every account.

    Raises:
        AccessDenied: they may not.
    """
    require(by, Action.READ_ACCOUNTS)
    return book.store.accounts()


def account(book: AccountBook, by: Actor, name: str) -> Account:
    """An account; everybody may look at their own.

    Raises:
        NoAccount: there is none. AccessDenied: they may not.
    """
    if by.name != name:
        require(by, Action.READ_ACCOUNTS)
    return book.store.account(name)


def grant_role(book: AccountBook, by: Actor, name: str, grant: Grant) -> Account:
    """Gives an account a grant.

    Raises:
        NoAccount: there is none. Conflict: it is their own. AccessDenied: they may not.
    """
    _require_other(by, name)
    book.store.account(name)
    book.store.grant(name, grant)
    return book.store.account(name)


def revoke_role(book: AccountBook, by: Actor, name: str, grant: Grant) -> Account:
    """Takes a grant from an account.

    Raises:
        NoAccount: there is none. Conflict: it is their own, or the last operator's. HuiminError: it has no such grant.
        AccessDenied: they may not.
    """
    _require_other(by, name)
    with book.database.change():
        if not _revoke(book, name, grant):
            zh = f"账号“{name}”没有授权 {grant}。用 huimin account show {name} 查看。"
            raise HuiminError(Text(zh, f"The account {name!r} has no grant {grant}. See huimin account show {name}."), 2)
        _require_operator(book)
        return book.store.account(name)


def set_disabled(book: AccountBook, by: Actor, name: str, disabled: bool) -> Account:
    """Disables an account, at once and everywhere, or enables it again. Its sessions and links end, its tokens are revoked.

    Raises:
        NoAccount: there is none. Conflict: it is their own, or the last operator's. AccessDenied: they may not.
    """
    _require_other(by, name)
    with book.database.change():
        book.store.account(name)
        book.store.set_disabled(name, disabled)
        if disabled:
            _require_operator(book)
            book.tickets.end_all(name)
            book.tickets.revoke_all(name)
        return book.store.account(name)


def set_password(book: AccountBook, by: Actor, name: str, password: str) -> None:
    """Sets the password of one's own account, or as an operator of any; its sessions and links end.

    Raises:
        NoAccount: there is none. UnfitPassword: it breaks a rule. AccessDenied: they may not.
    """
    require(by, Action.USE_OWN_ACCOUNT if by.name == name else Action.WRITE_ACCOUNTS)
    store_password(book, book.store.account(name), password)


def store_password(book: AccountBook, holder: Account, password: str) -> None:
    """Sets a password that its holder has chosen; sessions and links of the account end.

    Raises:
        UnfitPassword: it breaks a rule.
    """
    check_new_password(password, holder.name, holder.title)
    digest = password_digest(password)
    with book.database.change():
        book.store.set_digest(holder.name, digest)
        book.tickets.end_all(holder.name)
        book.attempts.forget(holder.name)


def map_os_user(book: AccountBook, by: Actor, name: str, user: str, remove: bool = False) -> Account:
    """Lets a user of this machine act as an account on the command line, or ends that.

    Raises:
        NoAccount: there is none. AccountExists: the user acts as another. Conflict: there was nothing to end, or it is the last way in.
        AccessDenied: they may not.
    """
    require(by, Action.WRITE_ACCOUNTS)
    with book.database.change():
        book.store.account(name)
        if not remove:
            book.store.map_os_user(name, user)
        elif not book.store.unmap_os_user(name, user):
            zh, en = f"本机用户 {user} 没有对应账号“{name}”。", f"The user {user} of this machine does not act as {name!r}."
            raise Conflict(Text(zh, en))
        else:
            _require_operator(book)
        return book.store.account(name)


def set_subject(book: AccountBook, by: Actor, name: str, subject: str | None) -> Account:
    """Says who an account is at an OpenID Connect provider: ``issuer subject``; None: nobody.

    Raises:
        NoAccount: there is none. AccountExists: it belongs to another. AccessDenied: they may not.
    """
    require(by, Action.WRITE_ACCOUNTS)
    with book.database.change():
        book.store.account(name)
        book.store.set_subject(name, subject)
        if subject is None:
            _require_operator(book)
        return book.store.account(name)


def _require_other(by: Actor, name: str) -> None:
    require(by, Action.WRITE_ACCOUNTS)
    if by.name == name and not by.is_owner:
        zh = "不能改自己账号的授权或停用自己的账号；请由另一个运维员来做。"
        raise Conflict(Text(zh, "Nobody changes the grants of their own account, or disables it: another operator must do it."))


def _require_operator(book: AccountBook) -> None:
    """One operator who has a way in stays, or nobody could keep accounts."""
    operators = [a for a in book.store.accounts() if not a.disabled and Role.OPERATOR in {grant.role for grant in a.grants}]
    if not any(a.os_users or a.has_password or a.subject for a in operators):
        zh = "这样就没有一个运维员能登录了；先让另一个有运维员角色的账号有密码或对应的本机用户。"
        en = "Then no operator could sign in any more: give another account the role operator first, and a password or a user here."
        raise Conflict(Text(zh, en))


def _revoke(book: AccountBook, name: str, grant: Grant) -> bool:
    book.store.account(name)
    return book.store.revoke(name, grant)
