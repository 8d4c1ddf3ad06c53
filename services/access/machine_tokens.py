"""Tokens of machines: limited to actions and feeds, with an end, shown once.

``huimin account token`` and the API call these. A token never does more than its account, whose grants are looked up each time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.accounts.records import MachineToken
from connectors.accounts.tickets import LONGEST_TOKEN
from policies.problems.problems import Conflict, HuiminError, suggestion
from policies.values import Text
from services.access.account_book import AccountBook, actor_of
from services.access.actions import Action
from services.access.deciding import Actor, require

BY_PEOPLE = frozenset(
    {
        Action.APPROVE_POLICY, Action.APPROVE_WITHDRAWAL, Action.APPROVE_HOLD, Action.APPROVE_MERGE, Action.APPROVE_ERASURE,
        Action.APPROVE_RESEARCH, Action.WRITE_ACCOUNTS, Action.ISSUE_TOKENS, Action.USE_OWN_ACCOUNT,
    }
)  # fmt: skip
"""Actions that no machine may do: a person decides, and keeps accounts."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was issued; its secret is shown now, and never again."""

    token: MachineToken
    secret: str


def issue_token(
    book: AccountBook, by: Actor, name: str, title: str, actions: Sequence[str], feeds: Sequence[str] | None, days: int, now: datetime,
    known_feeds: Collection[str] | None = None,
) -> IssuedToken:  # fmt: skip
    """Issues a token for an account: one's own, or as an operator any.

    Args:
        actions: codes, such as delivery.take_in.
        feeds: the token is good for these alone; None: not limited to feeds.
        days: until it expires.
        known_feeds: the feeds there are, to notice a wrong name.

    Raises:
        NoAccount: there is none. HuiminError: an action or feed is none, or the account may not do it, or it lasts too long.
        AccessDenied: they may not.
    """
    _require(by, name)
    holder = book.store.account(name)
    if holder.disabled:
        raise Conflict(Text(f"账号“{name}”已停用。", f"The account {name!r} is disabled."))
    if not 0 < days <= LONGEST_TOKEN.days:
        most = LONGEST_TOKEN.days
        raise HuiminError(Text(f"令牌的有效期为 1 到 {most} 天。", f"A token is good for 1 to {most} days."), 2)
    allowed = actor_of(holder).parts.keys() - BY_PEOPLE
    for code in actions:
        _check_action(code, allowed, name)
    if not actions:
        raise HuiminError(Text("请写明令牌用于哪些操作，如 delivery.take_in。", "Say what the token is for, such as delivery.take_in."), 2)
    for feed in feeds or ():
        if known_feeds is not None and feed not in known_feeds:
            near = suggestion(feed, known_feeds)
            raise HuiminError(Text(f"没有数据源“{feed}”。{near.zh}", f"There is no feed {feed!r}.{near.en}"), 2)
    secret, token = book.tickets.issue_token(name, title, actions, feeds, now, now + timedelta(days=days))
    return IssuedToken(token, secret)


def revoke_token(book: AccountBook, by: Actor, token: str) -> None:
    """Revokes a token by its id: one's own, or as an operator any.

    Raises:
        HuiminError: there is no such token in use. AccessDenied: they may not.
    """
    listed = next((each for each in book.tickets.tokens() if each.id == token), None)
    if listed is not None:
        _require(by, listed.account)
    if not book.tickets.revoke_token(token):
        zh, en = f"没有在用的令牌 {token}。用 huimin account show 查看。", f"There is no token {token} in use. See huimin account show."
        raise HuiminError(Text(zh, en), 2)


def tokens_of(book: AccountBook, by: Actor, name: str) -> list[MachineToken]:
    """The tokens of an account; everybody may look at their own.

    Raises:
        AccessDenied: they may not.
    """
    if by.name != name:
        require(by, Action.READ_ACCOUNTS)
    return book.tickets.tokens(name)


def _require(by: Actor, name: str) -> None:
    if by.name != name:
        require(by, Action.WRITE_ACCOUNTS)
    elif not by.is_owner and not by.parts.get(Action.ISSUE_TOKENS):
        require(by, Action.ISSUE_TOKENS)


def _check_action(code: str, allowed: Collection[Action], name: str) -> None:
    if code not in set(Action):
        near = suggestion(code, Action)
        zh = f"没有操作“{code}”。{near.zh or '用 huimin access table 查看。'}"
        raise HuiminError(Text(zh, f"There is no action {code!r}.{near.en or ' See huimin access table.'}"), 2)
    if Action(code) in BY_PEOPLE:
        zh, en = f"{code} 只能由人来做，不能给令牌。", f"{code} is done by people alone; no token may have it."
        raise HuiminError(Text(zh, en), 2)
    if code not in allowed:
        zh, en = f"账号“{name}”自己不能做 {code}，令牌也不能。", f"The account {name!r} may not do {code} itself, so no token of it may."
        raise HuiminError(Text(zh, en), 2)
