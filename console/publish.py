"""Verbs that decide about a policy: preview, publish, withdraw.

The one idea: publishing is a decision of two people who have seen who it concerns; so ``publish`` shows the preview and asks, unless
``--yes`` says that this has been done.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.held import submitting
from console.i18n import both, verb
from console.lookup import no_policy, readable, withdrawn
from console.moments import AsOf, as_of
from console.session import Session, of
from policies.problems import Conflict
from policies.values import Text

if TYPE_CHECKING:
    from policies.tree import Policy

File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=both("政策文件（YAML）", "a policy file (YAML)"))]
Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help=both("发布人", "who publishes"))]
Approved = Annotated[str, typer.Option("--approved-by", metavar="PERSON", help=both("批准人，须为另一人", "who approves: another person"))]
Yes = Annotated[bool, typer.Option("--yes", help=both("已看过预览，不再询问", "the preview has been seen: do not ask"))]
Reason = Annotated[str, typer.Option("--reason", help=both("原因", "the reason"))]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="DATE",
        help=both("追溯：视为自这一天起已撤销（不晚于今天）", "as if withdrawn since this day (not later than today)"),
    ),
]


def add(app: typer.Typer) -> None:
    app.command(
        "preview",
        help=verb(
            "发布前先看：谁会进入名单，卡在哪一条，分街道。",
            "Before publishing: who would enter, by criterion and street.",
            "huimin policy preview policies/dibao.yaml",
        ),
    )(preview)
    app.command(
        "publish",
        help=verb(
            "发布一份政策：一人发布，另一人批准。",
            "Publish a policy: one person publishes, another approves.",
            "huimin policy publish policies/dibao.yaml --by 王芳 --approved-by 李强",
        ),
    )(publish)
    app.command(
        "withdraw",
        help=verb(
            "撤销一份政策，名单随之清空。",
            "Withdraw a policy; its list is emptied.",
            "huimin policy withdraw dibao --by 王芳 --approved-by 李强 --reason 停止执行",
            "huimin policy withdraw dibao --since 2026-09-01 --by 王芳 --approved-by 李强 --reason 上位文件废止",
        ),
    )(withdraw)


def preview(context: typer.Context, file: File, at: AsOf = None) -> None:
    from console.funnel import show_preview
    from infra.evaluate import as_of as state_on

    session = of(context)
    workspace = session.workspace()
    policy = readable(file, workspace.catalogue())
    with workspace.reading() as host:
        show_preview(session, state_on(host, as_of(at)), policy)


def publish(context: typer.Context, file: File, by: By, approved_by: Approved, yes: Yes = False) -> None:
    from console.changes import told
    from console.deliver import begin
    from console.funnel import show_preview
    from console.matched import awaited
    from policies.lifecycle import check_people
    from streams.messages import PolicyPublished

    session = of(context)
    check_people(by, approved_by)
    workspace = session.workspace()
    policy = readable(file, workspace.catalogue())
    with submitting(session) as host:
        begin(session, host)
        if not yes:
            if not session.json:
                show_preview(session, host.state, policy)
            _asked(session, policy)
        with session.progress(Text("发布并判断全体对象", "Publishing, and judging everybody")):
            receipt = host.submit(
                PolicyPublished(policy.name, policy.version, file.read_text(encoding="utf-8"), policy.digest, by, approved_by)
            )
        changes = receipt.changes
        awaited(session, host, f"{policy.name}@{policy.version}", receipt.offset)
        registry = host.state.registry
    if not session.json:
        session.say(
            Text(
                f"已发布 {policy.title.zh}（{policy.name} 第 {policy.version} 版）。",
                f"Published {policy.title.en} ({policy.name} version {policy.version}).",
            ),
            "bold",
        )
    told(session, changes, registry, {"policy": policy.name, "version": policy.version, "digest": policy.digest})


def _asked(session: Session, policy: Policy) -> None:
    question = Text(f"发布 {policy.name} 第 {policy.version} 版？", f"Publish {policy.name} version {policy.version}?")
    if not session.confirm(question):
        raise Conflict(Text("未发布。看过预览后可加 --yes 发布。", "Not published. Add --yes once the preview has been seen."))


def withdraw(
    context: typer.Context, name: Name, by: By, approved_by: Approved, reason: Reason = "", since: Since = None, yes: Yes = False
) -> None:
    from console.changes import told
    from console.matched import awaited
    from policies.lifecycle import check_people
    from streams.messages import PolicyWithdrawn

    session, since_day = of(context), as_of(since)
    check_people(by, approved_by)
    with submitting(session) as host:
        if name not in host.state.registry.versions:
            raise no_policy(name, host.state.registry.versions)
        if not yes and not session.confirm(Text(f"撤销 {name}，名单将清空？", f"Withdraw {name} and empty its list?")):
            raise Conflict(Text("未撤销。加 --yes 可不再询问。", "Not withdrawn. Add --yes not to be asked."))
        receipt = host.submit(PolicyWithdrawn(name, by, approved_by, reason, since_day))
        changes = receipt.changes
        awaited(session, host, name, receipt.offset)
        registry = host.state.registry
    ended = registry.withdrawal(name)
    if ended is not None and not session.json:
        session.say(withdrawn(registry.title(name), ended), "bold")
    told(session, changes, registry, {"policy": name, "withdrawn": True, "since": ended and ended.since.isoformat()})
