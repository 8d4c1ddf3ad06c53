"""Routes about accounts: people and machines, what they may do, and how they get in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from connectors.accounts.grants import grant_of
from connectors.accounts.records import Account
from console.api.parameters import Body
from console.api.request_context import RequestContext
from console.api.route import Route
from infra.settings import clock
from policies.values import Text
from services.access import accounts
from services.access.account_book import opened_book
from services.access.actions import Action
from services.access.machine_tokens import issue_token, revoke_token, tokens_of
from services.access.signing_in import make_reset_link

AccountName = Annotated[str, Field(min_length=1, max_length=100)]
GrantText = Annotated[str, Field(min_length=1, max_length=200, description="角色:区划[:单位] / role:division[:unit]")]


class NewAccount(Body):
    """A new account."""

    name: AccountName
    title: Annotated[str, Field(min_length=1, max_length=100)]
    grants: tuple[GrantText, ...] = ()


class GrantedRole(Body):
    """A role within a division, and where it has one, of an agency or unit."""

    grant: GrantText


class Standing(Body):
    """Whether an account is disabled."""

    disabled: bool


class NewToken(Body):
    """What a token is for, and how long."""

    title: Annotated[str, Field(min_length=1, max_length=100)]
    actions: tuple[Annotated[str, Field(max_length=60)], ...]
    feeds: tuple[Annotated[str, Field(max_length=100)], ...] | None = None
    days: Annotated[int, Field(ge=1, le=400)] = 90


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account; nothing by which somebody could sign in."""

    name: str
    title: str
    grants: tuple[str, ...]
    os_users: tuple[str, ...]
    subject: str | None
    disabled: bool
    has_password: bool


@dataclass(frozen=True, slots=True)
class ListedToken:
    """A token, without its secret."""

    id: str
    account: str
    title: str
    actions: tuple[str, ...]
    feeds: tuple[str, ...] | None
    expires: datetime
    revoked: bool


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """A secret that is shown this once: of a token, or of a link to choose a password by."""

    id: str
    secret: str
    expires: datetime


def _account_row(account: Account) -> ListedAccount:
    return ListedAccount(
        account.name,
        account.title,
        tuple(map(str, account.grants)),
        account.os_users,
        account.subject,
        account.disabled,
        account.has_password,
    )


def account_list(context: RequestContext) -> list[ListedAccount]:
    with opened_book(context.workspace.root) as book:
        return [_account_row(account) for account in accounts.accounts(book, context.actor)]


def add(context: RequestContext, body: NewAccount) -> ListedAccount:
    with opened_book(context.workspace.root) as book:
        grants = [grant_of(text) for text in body.grants]
        return _account_row(accounts.add_account(book, context.actor, body.name, body.title, grants, clock()))


def grant(context: RequestContext, account: AccountName, body: GrantedRole) -> ListedAccount:
    with opened_book(context.workspace.root) as book:
        return _account_row(accounts.grant_role(book, context.actor, account, grant_of(body.grant)))


def revoke(context: RequestContext, account: AccountName, body: GrantedRole) -> ListedAccount:
    with opened_book(context.workspace.root) as book:
        return _account_row(accounts.revoke_role(book, context.actor, account, grant_of(body.grant)))


def standing(context: RequestContext, account: AccountName, body: Standing) -> ListedAccount:
    with opened_book(context.workspace.root) as book:
        return _account_row(accounts.set_disabled(book, context.actor, account, body.disabled))


def reset_link(context: RequestContext, account: AccountName) -> ShownOnce:
    with opened_book(context.workspace.root) as book:
        secret, link = make_reset_link(book, context.actor, account, clock())
        return ShownOnce(account, secret, link.expires)


def token_list(context: RequestContext) -> list[ListedToken]:
    with opened_book(context.workspace.root) as book:
        return [
            ListedToken(t.id, t.account, t.title, tuple(sorted(t.actions)), None if t.feeds is None else tuple(sorted(t.feeds)), t.expires, t.revoked)
            for t in tokens_of(book, context.actor, context.account)
        ]  # fmt: skip


def token(context: RequestContext, body: NewToken) -> ShownOnce:
    with opened_book(context.workspace.root) as book, context.workspace.reading() as host:
        feeds = set(host.state.catalogue.feeds) if host.state.has_catalogue else set[str]()
        issued = issue_token(
            book, context.actor, context.account, body.title, body.actions, body.feeds, body.days, clock(), feeds
        )  # fmt: skip
        return ShownOnce(issued.token.id, issued.secret, issued.token.expires)


def end_token(context: RequestContext, token: Annotated[str, Field(max_length=100)]) -> list[ListedToken]:
    with opened_book(context.workspace.root) as book:
        revoke_token(book, context.actor, token)
    return token_list(context)


_ACCOUNT = "/accounts/{account}"
ROUTES = (
    Route("accounts.list", "GET", "/accounts", Action.READ_ACCOUNTS, account_list, Text("账号", "Accounts")),
    Route("accounts.add", "POST", "/accounts", Action.WRITE_ACCOUNTS, add, Text("增加账号", "Add an account"), status=201),
    Route("accounts.grant", "POST", f"{_ACCOUNT}/grants", Action.WRITE_ACCOUNTS, grant, Text("授予角色", "Grant a role"), status=201),
    Route("accounts.revoke", "POST", f"{_ACCOUNT}/revocations", Action.WRITE_ACCOUNTS, revoke, Text("收回角色", "Revoke a role"), status=201),
    Route("accounts.standing", "PUT", f"{_ACCOUNT}/standing", Action.WRITE_ACCOUNTS, standing, Text("停用或启用", "Disable or enable an account")),
    Route("accounts.reset", "POST", f"{_ACCOUNT}/links", Action.WRITE_ACCOUNTS, reset_link, Text("发设密码的链接", "Make a link to choose a password"), status=201),
    Route("tokens.list", "GET", "/tokens", Action.USE_OWN_ACCOUNT, token_list, Text("自己的令牌", "One's own tokens")),
    Route("tokens.issue", "POST", "/tokens", Action.ISSUE_TOKENS, token, Text("发令牌", "Issue a token"), "own", status=201),
    Route("tokens.revoke", "DELETE", "/tokens/{token}", Action.ISSUE_TOKENS, end_token, Text("收回令牌", "Revoke a token"), "own"),
)  # fmt: skip
