"""Signing in and out: by password, by a link that is good once, by an OpenID Connect subject; and who a session or token is.

The API calls these with the time and the source's address as arguments. An unknown name, a wrong password and a disabled account get one
and the same answer after the same work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from connectors.accounts.grants import Grant, Role
from connectors.accounts.passwords import is_password, needs_new_digest, password_digest
from connectors.accounts.records import Account, AccountSession, NoAccount, OneTimeLink
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.access.account_book import AccountBook, actor_of
from services.access.accounts import add_account, store_password
from services.access.actions import Action
from services.access.deciding import Actor, owner, require


class NotSignedIn(HuiminError):
    """Who it is was not proved: a wrong name or password, a link or token that is over (whoever signs in; 5)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(Text(zh, en), 5)


WRONG = ("账号或密码不对，或账号已停用。", "The account or password is wrong, or the account is disabled.")
OVER = ("这个链接已用过或已过期。请向运维员要一个新的。", "This link was used or is over. Ask an operator for a new one.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who has just signed in.

    Args:
        secret: goes into the cookie, and nowhere else.
    """

    actor: Actor
    session: AccountSession
    secret: str


def sign_in(book: AccountBook, name: str, password: str, source: str | None, now: datetime) -> SignedIn:
    """Signs somebody in by password.

    Raises:
        NotSignedIn: name or password are wrong. TooManyAttempts: it was not looked at.
    """
    return _begin(book, verified_account(book, name, password, source, now), now)


def verified_account(book: AccountBook, name: str, password: str, source: str | None, now: datetime) -> Account:
    """The account of a name and its password; without a session, for a signature on the command line. Args, Raises: as for ``sign_in``."""
    book.attempts.begin(name, source, now)
    holder = book.store.of_person(name)
    digest = None if holder is None else book.store.digest(holder.name)
    if not is_password(digest, password) or holder is None or digest is None or holder.disabled:
        raise NotSignedIn(*WRONG)
    book.attempts.take_back(name, source, now)
    if needs_new_digest(digest):
        book.store.replace_digest(holder.name, digest, password_digest(password))
    return holder


def sign_in_subject(book: AccountBook, subject: str, now: datetime) -> SignedIn:
    """Signs in whoever an OpenID Connect provider has named: ``issuer subject``, after its token was verified.

    Raises:
        NotSignedIn: no account in use has this subject.
    """
    holder = book.store.of_subject(subject)
    if holder is None or holder.disabled:
        zh = "没有账号与这个 OpenID Connect 身份对应，或账号已停用。请联系运维员。"
        raise NotSignedIn(zh, "No account has this OpenID Connect identity, or it is disabled. Ask an operator.")
    return _begin(book, holder, now)


def change_own_password(book: AccountBook, name: str, old: str, new: str, source: str | None, now: datetime) -> SignedIn:
    """Changes a password by the old one; all sessions of the account end, and a new one begins.

    Raises:
        NotSignedIn: the old one is wrong. UnfitPassword: the new one breaks a rule. TooManyAttempts: it was not looked at.
    """
    holder = verified_account(book, name, old, source, now)
    store_password(book, holder, new)
    return _begin(book, holder, now)


def sign_out(book: AccountBook, secret: str) -> None:
    """Ends a session."""
    book.tickets.end_session(secret)


def actor_of_session(book: AccountBook, secret: str, now: datetime) -> tuple[Actor, AccountSession] | None:
    """Who a session is, with the grants of now; None where it is over, or its account is disabled."""
    session = book.tickets.session(secret, now)
    holder = None if session is None else _in_use(book, session.account)
    return None if session is None or holder is None else (actor_of(holder), session)


def actor_of_token(book: AccountBook, secret: str, now: datetime) -> Actor | None:
    """Who a machine is: its account with the grants of now, limited to the token's actions and feeds; None where the token is over."""
    token = book.tickets.token(secret, now)
    holder = None if token is None else _in_use(book, token.account)
    if token is None or holder is None:
        return None
    actions = frozenset(Action(code) for code in token.actions if code in set(Action))
    return replace(actor_of(holder), actions=actions, feeds=token.feeds, token=token.id)


def make_first_link(book: AccountBook, now: datetime) -> tuple[str, OneTimeLink]:
    """A link by which the first account is made.

    Raises:
        Conflict: there are accounts.
    """
    if not book.store.is_empty():
        raise Conflict(Text("已经有账号了。", "There are accounts already."))
    return book.tickets.make_link("", "first", now)


def make_reset_link(book: AccountBook, by: Actor, name: str, now: datetime) -> tuple[str, OneTimeLink]:
    """A link by which the holder of an account chooses a new password.

    Raises:
        NoAccount: there is none. AccessDenied: they may not.
    """
    require(by, Action.WRITE_ACCOUNTS)
    book.attempts.forget(book.store.account(name).name)
    return book.tickets.make_link(name, "reset", now)


def use_first_link(
    book: AccountBook, secret: str, name: str, title: str, password: str, division: str, now: datetime, os_user: str | None = None
) -> SignedIn:
    """Makes the first account, an operator's, and signs it in; the link stays good where name or password are unfit.

    Args:
        os_user: who runs the service: they act as this account on the command line.

    Raises:
        NotSignedIn: the link is over. Conflict: there are accounts. UnfitPassword, HuiminError: password, name or division are unfit.
    """
    from connectors.accounts.grants import checked_grant

    with book.database.change():
        if (link := book.tickets.use_link(secret, now)) is None or link.purpose != "first":
            raise NotSignedIn(*OVER)
        if not book.store.is_empty():
            raise Conflict(Text("已经有账号了。", "There are accounts already."))
        grant = checked_grant(Grant(Role.OPERATOR, division))
        holder = add_account(book, owner(name), name, title, [grant], now, os_user)
        store_password(book, holder, password)
        return _begin(book, holder, now)


def use_reset_link(book: AccountBook, secret: str, password: str, now: datetime) -> SignedIn:
    """Sets the password that the holder of an account chooses by a link, and signs them in; the link stays good where it is unfit.

    Raises:
        NotSignedIn: the link is over. UnfitPassword: the password breaks a rule.
    """
    with book.database.change():
        link = book.tickets.use_link(secret, now)
        holder = None if link is None or link.purpose != "reset" else _in_use(book, link.account)
        if holder is None:
            raise NotSignedIn(*OVER)
        store_password(book, holder, password)
        return _begin(book, holder, now)


def _begin(book: AccountBook, holder: Account, now: datetime) -> SignedIn:
    secret, session = book.tickets.begin_session(holder.name, now)
    return SignedIn(actor_of(holder), session, secret)


def _in_use(book: AccountBook, name: str) -> Account | None:
    try:
        holder = book.store.account(name)
    except NoAccount:
        return None
    return None if holder.disabled else holder
