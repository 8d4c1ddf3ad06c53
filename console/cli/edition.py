"""Verbs about editions: cut, list, show, verify, evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.edition_verify import Name, verify
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.words import CHANGES, STATUSES, number, token
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.editions import EditionSummary

Number = Annotated[int, typer.Argument(metavar="N", min=1, help=both("第几期", "the edition's number"))]
Subject = Annotated[
    str | None,
    typer.Option("--subject", metavar="TOKEN", help=both("说明这一对象当时为什么在（不在）名单上", "explain this subject as it was then")),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help=both("写到这里，JSON 行（默认 exports/）", "write here, JSON lines (default: exports/)")),
]


def group() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True, help=both("各期名单：每期是净变动，编号相连。", "Editions: a list in numbered parts, each a net change.")
    )
    for name, function, zh, en, example in (
        ("cut", cut, "现在就结束一期。", "Close an edition now.", "dibao"),
        ("list", show_all, "列出各期和它们的计数。", "The editions, with their counts.", "dibao"),
        (
            "show",
            show,
            "一期的各行；或当时为什么。",
            "Its lines; or why, as it was known then.",
            "dibao 3 --subject 00c0ffee00c0ffee",
        ),
        ("verify", verify, "核对各期相连、摘要相符、合起来就是名单。", "Check chain, digests, and that the sum is the list.", "dibao"),
        (
            "evidence",
            evidence,
            "写下一期的依据，日志过期后仍可查。",
            "What it rested on, to outlive the log.",
            "dibao 3 --out e.jsonl",
        ),
    ):
        app.command(name, help=verb(zh, en, f"huimin edition {name} {example}"))(function)
    return app


def cut(context: typer.Context, policy: Name) -> None:
    from services.lists.editions import cut_edition

    session = session_of(context)
    result = cut_edition(session.workspace(), policy)
    if session.print_json(result):
        return
    if result.edition is None:
        zh = "此刻没有新的一期：自上一期以来没有净变动，或各分片还没有做完。"
        session.say(Text(zh, "No edition: nothing differs, or the shards are not done yet."))
    else:
        session.say(Text(f"第 {result.edition} 期已结束。", f"Edition {result.edition} is closed."))


def show_all(context: typer.Context, policy: Name) -> None:
    from services.lists.editions import EditionSummary, editions

    session = session_of(context)
    listing = editions(session.workspace(), policy)
    if session.print_json(listing.editions, tuple[EditionSummary, ...]):
        return
    columns = [
        Text("期", "edition"), Text("日期", "day"), Text("消息", "messages"), Text("进入", "entered"), Text("离开", "left"),
        Text("变化", "changed"), Text("之后在名单上", "listed after it"), Text("摘要", "digest"),
    ]  # fmt: skip
    rows = (
        [
            str(e.edition), str(e.day), f"#{e.first}–#{e.last}", number(e.entered), number(e.left), number(e.changed),
            number(sum(e.listed.values())), e.digest[:16],
        ]
        for e in listing.editions
    )  # fmt: skip
    session.table(listing.title, columns, rows, right=(0, 3, 4, 5, 6))


def show(context: typer.Context, policy: Name, which: Number, subject: Subject = None) -> None:
    from services.lists.candidates import parse_token

    session = session_of(context)
    if subject is None:
        _show_lines(session, policy, which)
        return
    from console.cli.reasons import show_explanation
    from services.lists.editions import edition_reasons

    reasons = edition_reasons(session.workspace(), policy, which, parse_token(subject))
    show_explanation(session, reasons.explanation, _heading(reasons.edition, reasons.title))


def _show_lines(session: Session, policy: str, which: int) -> None:
    from console.text.changes import COLUMNS, change_rows
    from services.lists.editions import edition_details

    edition = edition_details(session.workspace(), policy, which)
    if session.print_json(edition):
        return
    session.say(_heading(edition, edition.titles[policy]), "bold")
    session.table(None, COLUMNS, change_rows(edition.changes, edition.titles, session.language), right=(5,))
    rows = (
        [token(line.subject), CHANGES[line.change][session.language], STATUSES[line.status][session.language]] for line in edition.changes
    )
    session.table(None, [Text("对象", "subject"), Text("变动", "change"), Text("现状态", "now")], rows)


def evidence(context: typer.Context, policy: Name, which: Number, out: Out = None) -> None:
    from services.lists.editions import edition_evidence

    session = session_of(context)
    with session.progress(Text("写下依据", "Writing the evidence")):
        file = edition_evidence(session.workspace(), policy, which, out)
    if not session.print_json(file):
        zh = f"已写入 {file.file}：第 {which} 期，{number(file.candidates)} 个对象"
        session.say(Text(zh, f"Wrote {file.file}: edition {which}, {number(file.candidates)} candidates"))


def _heading(e: EditionSummary, title: Text) -> Text:
    return Text(
        f"{title.zh} 第 {e.edition} 期（{e.day}，消息 #{e.first}–#{e.last}，摘要 {e.digest[:16]}）",
        f"{title.en}, edition {e.edition} ({e.day}, messages #{e.first} to #{e.last}, digest {e.digest[:16]})",
    )
