"""Verbs that correct identities: identity merge, split, list.

The subjects are given by token, or by identity number from a file, so that nobody types a number on the command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.changes import show_changes
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.words import number, token
from policies.problems.problems import HuiminError, comma_list
from policies.values import KIND_WORDS, Text
from policies.values import Kind as SubjectKind

if TYPE_CHECKING:
    from services.identity.corrections import Correction, CorrectionInForce

Kind = Annotated[
    str, typer.Argument(metavar="KIND", help=both("person 个人、household 家庭、dwelling 住房", "person, household or dwelling"))
]
Subject = Annotated[
    str | None, typer.Argument(metavar="[TOKEN]", help=both("对象化名（16 位十六进制）", "the subject's token (16 hex digits)"))
]
Into = Annotated[str | None, typer.Argument(metavar="[INTO]", help=both("另一对象的化名", "the other subject's token"))]
Pairs = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help=both("不写化名，改从 CSV 读号码：列 subject、into", "numbers from a CSV instead of tokens: columns subject, into"),
    ),
]
Records = Annotated[
    Path | None,
    typer.Option(
        "--records",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help=both("归给另一对象的记录，CSV：列 feed、unit、key", "the records that are the other subject's, CSV: columns feed, unit, key"),
    ),
]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help=both("决定人", "who decides"))]
Approved = Annotated[str, typer.Option("--approved-by", metavar="PERSON", help=both("批准人，须为另一人", "who approves: another person"))]
Reason = Annotated[str, typer.Option("--reason", help=both("原因（不写身份信息）", "the reason (nothing that identifies anybody)"))]


def group() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True,
        help=both("身份更正：两个对象其实是一个，或一个其实是两个。", "Corrections: two who are one, or one who is two."),
    )
    app.command(
        "merge",
        help=verb(
            "并入：第一个对象的记录、清单和答复此后都算第二个的。",
            "Merge: what is recorded, listed or answered of the first counts as the second's.",
            "huimin identity merge person 00c0ffee00c0ffee 0123456789abcdef --by 王芳 --approved-by 李强 --reason 证件换号",
            "huimin identity merge person --file pairs.csv --by 王芳 --approved-by 李强 --reason 证件换号",
        ),
    )(merge)
    app.command(
        "split",
        help=verb(
            "拆分：撤销一次并入；或用 --records 把一个对象的某些记录归给另一个（不写另一个则收回）。",
            "Split: undo a merge; or, with --records, give some records of one subject to another (naming no other takes them back).",
            "huimin identity split person 00c0ffee00c0ffee --by 王芳 --approved-by 李强 --reason 并错了",
            "huimin identity split person --file pairs.csv --records rows.csv --by 王芳 --approved-by 李强 --reason 一号两人",
        ),
    )(split)
    app.command("list", help=verb("列出生效中的更正。", "List the corrections in force.", "huimin identity list --json"))(show)
    return app


def merge(
    context: typer.Context, kind: Kind, by: By, approved_by: Approved, reason: Reason,
    subject: Subject = None, into: Into = None, file: Pairs = None,
) -> None:  # fmt: skip
    from services.identity.corrections import People
    from services.identity.corrections import merge_subjects as merged

    session = session_of(context)
    people = People(by, approved_by, reason)
    _show(session, merged(session.workspace(), kind, _whom(subject, into, file), people, hold_warner(session)))


def split(
    context: typer.Context, kind: Kind, by: By, approved_by: Approved, reason: Reason,
    subject: Subject = None, into: Into = None, file: Pairs = None, records: Records = None,
) -> None:  # fmt: skip
    from services.identity.corrections import People
    from services.identity.corrections import split_subjects as separated

    session = session_of(context)
    people = People(by, approved_by, reason)
    _show(session, separated(session.workspace(), kind, _whom(subject, into, file), people, hold_warner(session), records))


def _whom(subject: str | None, into: str | None, file: Path | None) -> tuple[int, int | None] | Path:
    """The subjects of a correction: one and the other, or the file of such pairs.

    Raises:
        HuiminError: no subject, a subject and a file at once, or a token that cannot be read.
    """
    from services.lists.candidates import parse_token

    if file is not None and subject is None:
        return file
    if subject is None or file is not None:
        zh, en = "请写化名，或用 --file 给出号码文件（二者之一）。", "Give tokens, or a file of numbers with --file: one of the two."
        raise HuiminError(Text(zh, en), 2)
    return parse_token(subject), None if into is None else parse_token(into)


def _show(session: Session, correction: Correction) -> None:
    """Print the rows that were passed over, and the changes."""
    already = correction.already
    if already:
        zh = f"原已如此而跳过的行：{number(len(already))}（{comma_list(already)}）。"
        session.say(Text(zh, f"Rows that were as asked already, and passed over: {number(len(already))} ({comma_list(already)})."))
    show_changes(session, correction)


def show(context: typer.Context) -> None:
    from services.identity.corrections import CorrectionInForce, corrections_in_force

    session = session_of(context)
    corrections = corrections_in_force(session.workspace())
    if session.print_json(corrections, list[CorrectionInForce]):
        return
    if not corrections:
        session.say(Text("没有生效中的更正。", "No correction is in force."))
        return
    columns = [
        Text("对象", "subject"), Text("种类", "kind"), Text("算作", "counts as"), Text("范围", "where"), Text("自", "since"),
        Text("决定/批准", "by / approved"), Text("原因", "reason"),
    ]  # fmt: skip
    session.table(None, columns, _rows(corrections, session.language), whole=(2,))


def _rows(corrections: Sequence[CorrectionInForce], language: str) -> list[list[str]]:
    """Table rows: corrections of the same kind about records of one source are one row."""
    alike = Counter(
        (
            token(correction.subject), KIND_WORDS[SubjectKind(correction.kind)][language], token(correction.into),
            None if correction.record is None else f"{correction.record.feed} {correction.record.unit or '?'}",
            correction.since, f"{correction.by} / {correction.approved_by}", correction.reason,
        )
        for correction in corrections
    )  # fmt: skip
    rows = []
    for (subject, kind, into, source, day, people, reason), count in alike.items():
        where = Text("全部", "everywhere")
        if source is not None:
            where = Text(f"{source}：{number(count)} 条记录", f"{source}: {number(count)} records")
        rows.append([subject, kind, into, where[language], day.isoformat(), people, reason])
    return rows
