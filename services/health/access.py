"""The examination of accounts and of the record of access."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connectors.accounts.grants import Role
from infra.workspace.accounts import ACCOUNTS
from infra.workspace.audit import audit_log
from policies.values import Text
from services.access.account_book import account_book
from services.audit.verification import verify
from services.health.finding import Finding, with_noun

if TYPE_CHECKING:
    from connectors.accounts.records import Account
    from infra.workspace.workspace import Workspace


def account_findings(workspace: Workspace) -> Iterator[Finding]:
    """The findings about accounts; none where there are none."""
    book = account_book(workspace.root)
    if book is None:
        return
    try:
        book.database.check()
        accounts = book.store.accounts()
    finally:
        book.database.close()
    if not accounts:
        return
    if (workspace.root / ACCOUNTS).stat().st_mode & 0o077:
        text = Text(f"{ACCOUNTS} 别人也能读", f"others can read {ACCOUNTS}")
        yield Finding("error", "accounts", text, Text(f"chmod 600 {ACCOUNTS}", f"chmod 600 {ACCOUNTS}"))
    operators = [a for a in accounts if not a.disabled and Role.OPERATOR in {grant.role for grant in a.grants}]
    if not any(a.os_users or a.has_password or a.subject for a in operators):
        text = Text("没有一个运维员能登录", "no operator can sign in")
        todo = Text(f"由文件的所有者移走 {ACCOUNTS}，重建第一个账号。", f"Whoever owns the files moves {ACCOUNTS} away, and begins anew.")
        yield Finding("error", "accounts", text, todo)
    yield from _unknown_units(workspace, accounts)
    text = Text(
        f"{len(accounts)} 个账号，{len(operators)} 个运维员", f"{with_noun(len(accounts), 'account')}, of operators {len(operators)}"
    )
    yield Finding("ok", "accounts", text)


def _unknown_units(workspace: Workspace, accounts: list[Account]) -> Iterator[Finding]:
    """Grants for a unit that is not in the directory open nothing."""
    units = workspace.catalogue().units
    for account in accounts:
        for grant in account.grants:
            if grant.unit is not None and grant.unit not in units:
                text = Text(
                    f"账号“{account.name}”的授权 {grant}：没有这个单位", f"the grant {grant} of {account.name!r}: there is no such unit"
                )
                yield Finding("warning", "accounts", text)


def audit_findings(workspace: Workspace, deep: bool) -> Iterator[Finding]:
    """The findings about the record of access: its end and its salts; ``deep``: all of it."""
    log = audit_log(workspace)
    if not log.exists:
        return
    lines, left_over = log.standing()
    if left_over:
        zh = f"访问记录末尾有中断的半行（{left_over} 字节），下一次访问时切去"
        yield Finding(
            "warning", "audit", Text(zh, f"half a line ({left_over} bytes) at the end of the record of access; the next access cuts it off")
        )
    if not deep:
        yield Finding("ok", "audit", Text(f"访问记录有 {lines:,} 行", f"the record of access has {with_noun(lines, 'line')}"))
        return
    check = verify(workspace)
    todo = Text("请从备份恢复整个 audit/，并查明是谁改的。", "Restore all of audit/ from a backup, and find out who changed it.")
    for problem in check.problems:
        yield Finding("error", "audit", Text(f"访问记录：{problem.zh}", f"the record of access: {problem.en}"), todo)
    if check.ok:
        zh, en = (
            f"访问记录的 {lines:,} 行都如写下时一样",
            f"the {with_noun(lines, 'line')} of the record of access are as they were written",
        )
        yield Finding("ok", "audit", Text(zh, en))
