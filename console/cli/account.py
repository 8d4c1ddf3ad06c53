"""Verbs about accounts: add, list, show, grant, revoke, disable, enable, map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli import account_secrets
from console.cli.account_secrets import Name, book_of
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from policies.values import Text

if TYPE_CHECKING:
    from services.access.account_values import AccountDetails

Title = Annotated[str, typer.Option("--title", metavar="TEXT", help=both("显示的名称：姓名、单位", "shown beside it: name, office"))]
Grants = Annotated[
    list[str] | None,
    typer.Option(
        "--grant",
        metavar="ROLE:DIVISION[:UNIT]",
        help=both("授权，可写多次，如 clerk:310107:单位代号", "a grant, may be repeated, such as clerk:310107:UNIT"),
    ),
]
GrantText = Annotated[
    str, typer.Argument(metavar="ROLE:DIVISION[:UNIT]", help=both("授权，如 officer:310107", "the grant, such as officer:310107"))
]
User = Annotated[str, typer.Argument(metavar="USER", help=both("本机用户名", "a user of this machine"))]
Remove = Annotated[bool, typer.Option("--remove", help=both("取消对应", "undo it"))]


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("账号：谁可以登录，有什么角色。", "Accounts: who may sign in, with which roles."))
    for name, function, text in (
        ("add", add, verb(
            "建一个账号。第一个账号须是运维员，属于运行此命令的本机用户；从此每个命令都要有账号。",
            "Add an account. The first is an operator's and belongs to whoever runs this; from then on every verb needs an account.",
            "huimin account add zhou --title 周平 --grant operator:310107",
            "huimin account add wang.fang --title 王芳 --grant clerk:310107:putuo-civil-affairs",
        )),
        ("list", show_all, verb("列出账号。", "List the accounts.", "huimin account list")),
        ("show", show, verb("看一个账号和它的令牌。", "Show an account and its tokens.", "huimin account show wang.fang")),
        ("grant", grant, verb("给账号一项授权。", "Give an account a grant.", "huimin account grant wang.fang officer:310107")),
        ("revoke", revoke, verb("收回一项授权。", "Take a grant back.", "huimin account revoke wang.fang officer:310107")),
        ("disable", disable, verb(
            "停用一个账号：立即在各处失效。", "Disable an account: it is out at once, everywhere.", "huimin account disable wang.fang"
        )),
        ("enable", enable, verb("重新启用。", "Enable it again.", "huimin account enable wang.fang")),
        ("map", map_user, verb(
            "让本机的一个用户在命令行上以此账号行事。",
            "Let a user of this machine act as the account on the command line.",
            "huimin account map wang.fang wangf",
        )),
    ):  # fmt: skip
        app.command(name, help=text)(function)
    account_secrets.add(app)
    return app


def add(context: typer.Context, name: Name, title: Title = "", grants: Grants = None) -> None:
    from connectors.accounts.grants import grant_of
    from infra.settings import clock, operator
    from services.access.account_values import details
    from services.access.accounts import add_account

    session, wanted = session_of(context), [grant_of(text) for text in grants or ()]
    with book_of(session, create=True) as (book, by):
        first = book.store.is_empty()
        added = details(add_account(book, by, name, title, wanted, clock(), operator()))
    _show_changed(session, added, Text("已建账号", "Added the account"))
    if first:
        zh = f"这是第一个账号：本机用户 {operator()} 从此以它行事，其他用户要有账号才能运行命令。"
        en = f"It is the first: from now on {operator()} acts as it on this machine, and others need an account to run any verb."
        session.warn(Text(zh, en))


def show_all(context: typer.Context) -> None:
    from services.access.account_values import AccountDetails, details
    from services.access.accounts import accounts

    session = session_of(context)
    with book_of(session) as (book, by):
        listed = [details(each) for each in accounts(book, by)]
    if session.print_json(listed, list[AccountDetails]):
        return
    columns = [Text("账号", "account"), Text("名称", "title"), Text("授权", "grants"), Text("本机用户", "users"), Text("状态", "state")]
    rows = [[a.name, a.title, " ".join(a.grants), " ".join(a.os_users), _state(a)[session.language]] for a in listed]
    session.table(None, columns, rows)


def show(context: typer.Context, name: Name) -> None:
    from services.access.account_values import details
    from services.access.accounts import account
    from services.access.machine_tokens import tokens_of

    session = session_of(context)
    with book_of(session) as (book, by):
        listed = details(account(book, by, name), tokens_of(book, by, name))
    if session.print_json(listed):
        return
    session.say(Text(f"{name}　{listed.title}　{_state(listed).zh}", f"{name}  {listed.title}  {_state(listed).en}"), "bold")
    for text in listed.grants:
        session.say(Text(f"授权 {text}", f"grant {text}"))
    for each in listed.tokens:
        zh, en = f"令牌 {each.id}，到 {each.expires:%Y-%m-%d}", f"token {each.id}, until {each.expires:%Y-%m-%d}"
        words = " ".join((*each.actions, *(each.feeds or ())))
        session.say(Text(f"{zh}{'，已作废' if each.revoked else ''}：{words}", f"{en}{', revoked' if each.revoked else ''}: {words}"))


def grant(context: typer.Context, name: Name, text: GrantText) -> None:
    from connectors.accounts.grants import grant_of
    from services.access.account_values import details
    from services.access.accounts import grant_role

    session, wanted = session_of(context), grant_of(text)
    with book_of(session) as (book, by):
        changed = details(grant_role(book, by, name, wanted))
    _show_changed(session, changed, Text("已授权", "Granted"))


def revoke(context: typer.Context, name: Name, text: GrantText) -> None:
    from connectors.accounts.grants import grant_of
    from services.access.account_values import details
    from services.access.accounts import revoke_role

    session, wanted = session_of(context), grant_of(text)
    with book_of(session) as (book, by):
        changed = details(revoke_role(book, by, name, wanted))
    _show_changed(session, changed, Text("已收回", "Revoked"))


def disable(context: typer.Context, name: Name) -> None:
    _set_disabled(session_of(context), name, True, Text("已停用", "Disabled"))


def enable(context: typer.Context, name: Name) -> None:
    _set_disabled(session_of(context), name, False, Text("已启用", "Enabled"))


def _set_disabled(session: Session, name: str, disabled: bool, done_text: Text) -> None:
    from services.access.account_values import details
    from services.access.accounts import set_disabled

    with book_of(session) as (book, by):
        changed = details(set_disabled(book, by, name, disabled))
    _show_changed(session, changed, done_text)


def map_user(context: typer.Context, name: Name, user: User, remove: Remove = False) -> None:
    from services.access.account_values import details
    from services.access.accounts import map_os_user

    session = session_of(context)
    with book_of(session) as (book, by):
        changed = details(map_os_user(book, by, name, user, remove))
    _show_changed(session, changed, Text("已取消对应", "Undone") if remove else Text("已对应", "Mapped"))


def _show_changed(session: Session, changed: AccountDetails, what: Text) -> None:
    if not session.print_json(changed):
        grants = " ".join(changed.grants)
        session.say(Text(f"{what.zh}：{changed.name}　{grants}", f"{what.en}: {changed.name}  {grants}"))


def _state(account: AccountDetails) -> Text:
    return Text("已停用", "disabled") if account.disabled else Text("可用", "in use")
