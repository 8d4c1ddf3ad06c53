"""Verbs about what proves who somebody is: account password, token."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from services.access.account_book import AccountBook
    from services.access.deciding import Actor

Name = Annotated[str, typer.Argument(metavar="ACCOUNT", help=both("账号名，如 wang.fang", "the account's name, such as wang.fang"))]
Link = Annotated[
    bool,
    typer.Option("--link", help=both("改为给出一次性的代码，由本人自己设密码", "give a code instead, good once, to choose one oneself")),
]
For = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="ACTION",
        help=both("用于什么操作，可写多次，如 delivery.take_in", "what it is for, may be repeated, such as delivery.take_in"),
    ),
]
Feeds = Annotated[
    list[str] | None,
    typer.Option("--feed", metavar="FEED", help=both("只限这个数据源，可写多次", "for this feed alone, may be repeated")),
]
Days = Annotated[int, typer.Option("--days", metavar="N", min=1, help=both("有效天数（最多 400）", "good for so many days (at most 400)"))]
Called = Annotated[str, typer.Option("--title", metavar="TEXT", help=both("令牌的用途，供人看", "what the token is for, for people"))]
Revoke = Annotated[str | None, typer.Option("--revoke", metavar="ID", help=both("作废这个令牌", "revoke this token"))]


def add(app: typer.Typer) -> None:
    for name, function, text in (
        ("password", password, verb(
            "设密码：在终端键入两次，或从标准输入读一行。",
            "Set a password: typed twice at the terminal, or a line of standard input.",
            "huimin account password wang.fang",
            "huimin account password wang.fang --link",
        )),
        ("token", token, verb(
            "给机器发一个令牌：只显示一次；或作废一个。",
            "Issue a token for a machine, shown once; or revoke one.",
            "huimin account token he.min --for delivery.take_in --feed hukou --days 90",
            "huimin account token he.min --revoke 1a2b3c4d",
        )),
    ):  # fmt: skip
        app.command(name, help=text)(function)


@contextmanager
def book_of(session: Session, create: bool = False) -> Iterator[tuple[AccountBook, Actor]]:
    """The accounts of the workspace, and who runs the verb."""
    from infra.settings import operator
    from services.access.account_book import opened_book, require_accounts
    from services.access.deciding import owner
    from services.access.run import current_run

    root, run = session.workspace().root, current_run()
    if not create:
        require_accounts(root)
    with opened_book(root) as book:
        yield book, owner(operator()) if run is None else run.actor


def password(context: typer.Context, name: Name, link: Link = False) -> None:
    from infra.settings import clock
    from services.access.account_values import PasswordChange
    from services.access.accounts import set_password
    from services.access.signing_in import make_reset_link

    session = session_of(context)
    with book_of(session) as (book, by):
        code, until = None, None
        if link:
            code, reset = make_reset_link(book, by, name, clock())
            until = reset.expires
        else:
            set_password(book, by, name, _typed_twice(session))
        changed = PasswordChange(name, code, until)
    if session.print_json(changed):
        return
    if changed.code is None:
        session.say(Text(f"已设“{name}”的密码；其会话都已终止。", f"The password of {name} is set; its sessions have ended."))
    else:
        session.say(Text(f"一次性代码（24 小时内有效，只显示这一次）：{code}", f"A code, good once, for 24 hours, shown now only: {code}"))


def token(
    context: typer.Context, name: Name, actions: For = None, feeds: Feeds = None, days: Days = 90, title: Called = "",
    revoke_id: Revoke = None,
) -> None:  # fmt: skip
    from infra.settings import clock
    from services.access.account_values import RevokedToken, new_token
    from services.access.machine_tokens import issue_token, revoke_token

    session = session_of(context)
    with book_of(session) as (book, by):
        if revoke_id is not None:
            revoke_token(book, by, revoke_id)
            if not session.print_json(RevokedToken(revoke_id)):
                session.say(Text(f"已作废令牌 {revoke_id}。", f"The token {revoke_id} is revoked."))
            return
        known_feeds = session.workspace().catalogue().feeds if feeds else None
        fresh = new_token(issue_token(book, by, name, title, actions or (), feeds, days, clock(), known_feeds))
    if not session.print_json(fresh):
        until = f"{fresh.expires:%Y-%m-%d}"
        session.say(Text(f"令牌 {fresh.id}，到 {until}。只显示这一次：", f"Token {fresh.id}, until {until}. Shown this once:"))
        session.say(Text(fresh.secret, fresh.secret), "bold")


def _typed_twice(session: Session) -> str:
    from console.cli.guard import secret_line

    first = secret_line(session, Text("新密码：", "New password: "))
    if sys.stdin.isatty() and secret_line(session, Text("再输入一次：", "Again: ")) != first:
        raise HuiminError(Text("两次输入的密码不同。", "The two passwords differ."), 2)
    return first
