"""Verbs that correct who is who: identity merge, split, list.

The one idea: a correction is a decision of two people. Whom it concerns is told by token; or by number, from a file of the steward's, so
that no number stands on a line that was typed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.candidates import subject_of
from console.held import submitting
from console.i18n import both, verb
from console.session import Session, of
from console.words import number, token
from policies.problems import HuiminError, listed
from policies.values import Kind as SubjectKind
from policies.values import Text

if TYPE_CHECKING:
    from connectors.identities import Pair
    from streams.host import Host
    from streams.identities import Decision, Decisions
    from streams.messages import IdentityMerged, IdentitySplit

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

KINDS = {
    "person": Text("个人", "person"),
    "household": Text("家庭", "household"),
    "dwelling": Text("住房", "dwelling"),
}


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
    from streams.messages import IdentityMerged

    session = of(context)
    _checked(kind, reason)
    found = _pairs(session, kind, subject, into, file)
    alone = [pair.row for pair in found if pair.into is None]
    if alone and file is None:
        raise HuiminError(Text("还要写并入哪一个对象。", "Name the subject it is merged into, too."), 2)
    if alone:
        zh, en = f"{file} 第 {listed(alone)} 行没有写 into。", f"{file}: rows {listed(alone)} name no `into`."
        raise HuiminError(Text(zh, en), 3)
    messages = [IdentityMerged(kind, pair.subject, pair.into or 0, reason, by, approved_by) for pair in found]
    _submitted(session, file, found, messages)


def split(
    context: typer.Context, kind: Kind, by: By, approved_by: Approved, reason: Reason,
    subject: Subject = None, into: Into = None, file: Pairs = None, records: Records = None,
) -> None:  # fmt: skip
    from connectors.identities import records as read_records
    from streams.messages import IdentitySplit

    session = of(context)
    _checked(kind, reason)
    found = _pairs(session, kind, subject, into, file)
    named: tuple[tuple[str, int, int], ...] = ()
    if records is not None:
        if len(found) > 1:
            raise HuiminError(Text("--records 一次只用于一对对象。", "--records is for one pair of subjects at a time."), 2)
        workspace = session.workspace()
        named = read_records(records, workspace.catalogue(), workspace.tokens())
    elif into is not None:
        zh = "请用 --records 写明哪些记录归另一对象；只撤销并入时，不写另一对象。"
        raise HuiminError(Text(zh, "Say which records are the other subject's (--records); to undo a merge, name no other subject."), 2)
    messages = [
        IdentitySplit(kind, pair.subject, (pair.into if named else None) or pair.subject, named, reason, by, approved_by) for pair in found
    ]
    _submitted(session, file, found, messages)


def show(context: typer.Context) -> None:
    session = of(context)
    with session.workspace().reading() as host:
        catalogue = host.state.catalogue if host.state.begun else None
        found = list(host.state.identities)
        sources = {} if catalogue is None else {(f.name, at): s.unit for f in catalogue.feeds.values() for at, s in enumerate(f.sources)}
    if session.data([_as_data(one, sources) for one in found]):
        return
    if not found:
        session.say(Text("没有生效中的更正。", "No correction is in force."))
        return
    columns = [
        Text("对象", "subject"), Text("种类", "kind"), Text("算作", "counts as"), Text("范围", "where"), Text("自", "since"),
        Text("决定/批准", "by / approved"), Text("原因", "reason"),
    ]  # fmt: skip
    session.table(None, columns, _rows(found, sources, session.language), whole=(2,))


def _rows(found: Sequence[Decision], sources: dict[tuple[str, int], str], language: str) -> list[list[str]]:
    """The decisions; those about records of one source, made alike, as one row."""
    alike = Counter(
        (
            token(d.subject),
            KINDS[d.kind][language],
            token(d.into),
            d.record[:2] if d.record else None,
            d.day,
            f"{d.by} / {d.approved_by}",
            d.reason,
        )
        for d in found
    )
    out = []
    for (subject, kind, into, record, day, people, reason), count in alike.items():
        where = Text("全部", "everywhere")
        if record is not None:
            name = f"{record[0]} {sources.get(record, '?')}"
            where = Text(f"{name}：{number(count)} 条记录", f"{name}: {number(count)} records")
        out.append([subject, kind, into, where[language], day.isoformat(), people, reason])
    return out


def _as_data(one: Decision, sources: dict[tuple[str, int], str]) -> dict[str, Any]:
    record = one.record and {"feed": one.record[0], "unit": sources.get(one.record[:2]), "key": token(one.record[2])}
    return {
        "kind": one.kind, "subject": token(one.subject), "into": token(one.into), "record": record, "since": one.day.isoformat(),
        "by": one.by, "approved_by": one.approved_by, "reason": one.reason,
    }  # fmt: skip


def _checked(kind: str, reason: str) -> None:
    if kind not in KINDS:
        zh = f"对象的种类应为 {listed(KINDS)} 之一。"
        raise HuiminError(Text(zh, f"The kind of subject is one of {listed(KINDS)}."), 2)
    if not reason.strip():
        raise HuiminError(Text("请写明原因（--reason）。", "Give the reason (--reason)."), 2)


def _pairs(session: Session, kind: str, subject: str | None, into: str | None, file: Path | None) -> list[Pair]:
    """Whom the line, or its file, is about.

    Raises:
        HuiminError: nobody, or both ways at once; a token that is none. UnreadableFile: as for ``connectors.identities.pairs``.
    """
    from connectors.identities import Pair, pairs

    if (subject is None) == (file is None):
        zh, en = "请写化名，或用 --file 给出号码文件（二者之一）。", "Give tokens, or a file of numbers with --file: one of the two."
        raise HuiminError(Text(zh, en), 2)
    if subject is not None:
        return [Pair(0, subject_of(subject), None if into is None else subject_of(into))]
    assert file is not None
    workspace = session.workspace()
    return pairs(file, SubjectKind(kind), workspace.catalogue(), workspace.tokens())


def _submitted(session: Session, file: Path | None, found: Sequence[Pair], messages: Sequence[IdentityMerged | IdentitySplit]) -> None:
    """Decides row by row. Rows of a file that are as asked already are passed over and told, so that a file that was refused half-way can
    be sent again whole; a file that undoes, and leaves nothing to undo, is refused as one line would be."""
    from console.changes import told
    from streams.messages import IdentitySplit

    changes, already = [], list[int]()
    with submitting(session) as host:
        for pair, message in zip(found, messages, strict=True):
            if file is not None and _as_asked(host.state.identities, message):
                already.append(pair.row)
            else:
                changes += _one(host, file, pair, message)
        if len(already) == len(messages) and isinstance(messages[0], IdentitySplit):
            changes += _one(host, file, found[0], messages[0])
        registry = host.state.registry
    if already:
        zh = f"原已如此而跳过的行：{number(len(already))}（{listed(already)}）。"
        session.say(Text(zh, f"Rows that were as asked already, and passed over: {number(len(already))} ({listed(already)})."))
    told(session, changes, registry, {"decisions": len(messages) - len(already), "already": already})


def _as_asked(decisions: Decisions, message: IdentityMerged | IdentitySplit) -> bool:
    """Would the message change nothing, as what it asks for is in force (or, undoing a merge, there is none)?"""
    from streams.messages import IdentityMerged

    known = decisions.of(message.kind, message.subject)
    if isinstance(message, IdentityMerged):
        return known is not None and known.into == message.into
    return known is None and not message.records


def _one(host: Host, file: Path | None, pair: Pair, message: IdentityMerged | IdentitySplit) -> list[Any]:
    """The changes of one decision.

    Raises:
        Refused: with the row, where it came from a file; the rows before it are in force, and are passed over when sent again.
    """
    from streams.errors import Refused

    try:
        return list(host.submit(message).changes)
    except Refused as error:
        if file is None:
            raise
        zh, en = f"{file.name} 第 {pair.row} 行：{error.text.zh}", f"{file.name}, row {pair.row}: {error.text.en}"
        if pair.row > 1:
            zh += "之前各行已生效；改正后整份重送即可，已生效的会跳过。"
            en += " The rows before it are in force; mend the file and send all of it again: what is in force already is passed over."
        raise Refused(Text(zh, en), error.exit_code) from None
