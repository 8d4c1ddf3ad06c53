"""The verb edition verify: checks the editions of a list, a digest that the reader kept, or an evidence file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both
from console.cli.session import Session, session_of
from console.text.words import number
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.edition_checks import BrokenLog, EditionCheck, EvidenceCheck

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Evidence = Annotated[
    Path | None,
    typer.Option(
        "--evidence", metavar="FILE", exists=True, dir_okay=False, help=both("核对这份证据文件", "hold this evidence file against it")
    ),
]
HeldDigest = Annotated[
    str | None,
    typer.Option("--digest", metavar="DIGEST", help=both("手中的摘要：应是某一期的", "a digest that you hold: it should be an edition's")),
]


def verify(context: typer.Context, policy: Name, file: Evidence = None, digest: HeldDigest = None) -> None:
    from services.lists.edition_checks import BrokenLog, EditionCheck, EvidenceCheck, verify_editions, verify_evidence

    session = session_of(context)
    if digest is not None and (file is not None or not re.fullmatch("[0-9a-fA-F]{16,64}", digest)):
        zh = "--digest 应为一期的摘要（16 至 64 位十六进制，见 huimin edition list），且不与 --evidence 同用。"
        en = "--digest is that of an edition (16 to 64 hex digits, see huimin edition list), and goes without --evidence."
        raise HuiminError(Text(zh, en), 2)
    workspace = session.workspace()
    check = verify_editions(workspace, policy, digest) if file is None else verify_evidence(workspace, policy, file)
    if not session.print_json(check):
        match check:
            case BrokenLog():
                _say_broken(session, check)
            case EditionCheck():
                _say_editions(session, check)
            case EvidenceCheck():
                _say_evidence(session, check)
    if not check.ok:
        raise typer.Exit(3)


def _say_broken(session: Session, log: BrokenLog) -> None:
    for problem in log.problems:
        session.say(Text(f"✗ 日志：{problem.zh}", f"✗ the log: {problem.en}"), "red")


def _say_editions(session: Session, check: EditionCheck) -> None:
    for problem in check.problems:
        session.say(Text(f"✗ {problem.zh}", f"✗ {problem.en}"), "red")
    if check.ok:
        session.say(_sound(check), "green")
    if check.held is not None:
        zh = f"✓ 手中的摘要是第 {check.held} 期的：到此为止没有缺失或改动"
        session.say(Text(zh, f"✓ edition {check.held} has the digest you hold: up to there, none is missing or changed"), "green")
    if check.erased:
        zh = f"其中 {number(check.erased)} 行的人已被删除：这些行空白，所在各期的行摘要不能再核对，清单仍是当时的。"
        en = f"{number(check.erased)} of their lines are blank, their persons erased: those editions' manifests are as they were closed, "
        session.say(Text(zh, en + "and the digests of their lines cannot be checked any more."))


def _sound(check: EditionCheck) -> Text:
    message, listed = check.told, number(check.listed)
    zh, en = ("现在的名单", "the list now") if message is None else (f"消息 #{message} 之后的名单", f"the list behind #{message}")
    more = Text("", "") if message is None else Text("；分片还在匹配后来的消息", "; the shards are still matching what came later")
    return Text(
        f"✓ {check.editions} 期相连，与之后的 {check.open} 行合起来就是{zh}（{listed}）{more.zh}",
        f"✓ {check.editions} editions in one chain; with the {check.open} lines since, they are {en} ({listed}){more.en}",
    )


def _say_evidence(session: Session, check: EvidenceCheck) -> None:
    file, edition = check.file, check.edition
    if check.whole:
        session.say(Text(f"✓ {file} 与第 {edition} 期逐字相符", f"✓ {file} fits edition {edition}, word for word"), "green")
    else:
        zh = f"✓ {file} 中的名单与第 {edition} 期相符；当时的数据已过保留期，理由只有文件自身的摘要为证"
        en = f"✓ The list in {file} fits edition {edition}; the past is not kept any more: reasons rest on the file's own digest alone"
        session.say(Text(zh, en), "green")
