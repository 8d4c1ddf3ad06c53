"""Verbs that decide about a policy: preview, publish, withdraw.

Two people decide to publish, and look at the preview first: ``publish`` shows it and asks, unless ``--yes`` is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.changes import show_changes
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import both, verb
from console.cli.matched_streets import say_matched_streets
from console.cli.moments import AsOf, as_of
from console.cli.session import session_of
from policies.values import Text

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
    from console.cli.policy_preview import show_preview
    from services.policies.preview import JUDGING, preview_file

    session = session_of(context)
    workspace = session.workspace()
    with session.progress(JUDGING):
        beforehand = preview_file(workspace, file, as_of(at))
    show_preview(session, beforehand)


def publish(context: typer.Context, file: File, by: By, approved_by: Approved, yes: Yes = False) -> None:
    from services.policies.publication import PublicationQuestion
    from services.policies.publication import publish_draft as publish_draft

    session = session_of(context)

    def confirm(question: PublicationQuestion) -> bool:
        from console.cli.policy_preview import show_preview

        if question.preview is not None:
            show_preview(session, question.preview)
        name, version = question.policy.name, question.policy.version
        return session.confirm(Text(f"发布 {name} 第 {version} 版？", f"Publish {name} version {version}?"))

    publication, streets = publish_draft(
        session.workspace(), file, by, approved_by, session.today(), confirm=None if yes else confirm, previewed=not session.json,
        notify=hold_warner(session), progress=session.progress,
    )  # fmt: skip
    say_matched_streets(session, streets)
    if not session.json:
        name, version, title = publication.policy, publication.version, publication.title
        zh = f"已发布 {title.zh}（{name} 第 {version} 版）。"
        session.say(Text(zh, f"Published {title.en} ({name} version {version})."), "bold")
    show_changes(session, publication)


def withdraw(
    context: typer.Context, name: Name, by: By, approved_by: Approved, reason: Reason = "", since: Since = None, yes: Yes = False
) -> None:
    from services.policies.publication import withdraw as withdraw_policy

    session = session_of(context)

    def confirm() -> bool:
        return session.confirm(Text(f"撤销 {name}，名单将清空？", f"Withdraw {name} and empty its list?"))

    withdrawal, streets = withdraw_policy(
        session.workspace(), name, by, approved_by, reason, as_of(since), confirm=None if yes else confirm, notify=hold_warner(session),
        progress=session.progress,
    )  # fmt: skip
    say_matched_streets(session, streets)
    if not session.json:
        session.say(withdrawal.sentence, "bold")
    show_changes(session, withdrawal)
