"""The verb edition verify: a list held against itself, against a digest that somebody kept, and against the evidence of an edition.

The one idea: editions are read off the lines, so they fit each other whoever wrote the lines; that these are the lines that were told, a
digest from elsewhere shows. On a network the workers may be behind the replica: the sum is then the list behind the last message told.
Source: docs/semantics.md section 14.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.i18n import both
from console.session import Session, of
from console.words import number
from policies.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from streams.editions import Edition
    from streams.host import Host
    from streams.messages import CandidateChange
    from streams.state import State

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Evidence = Annotated[
    Path | None,
    typer.Option(
        "--evidence", metavar="FILE", exists=True, dir_okay=False, help=both("核对这份证据文件", "hold this evidence file against it")
    ),
]
Held = Annotated[
    str | None,
    typer.Option("--digest", metavar="DIGEST", help=both("手中的摘要：应是某一期的", "a digest that you hold: it should be an edition's")),
]
BROKEN = {
    "chain": Text("与前一期接不上", "does not follow from the one before"),
    "lines": Text("各行与摘要不符", "its lines do not give their digest"),
    "counts": Text("计数不符", "its counts are not those of its lines"),
}


def verify(context: typer.Context, policy: Name, file: Evidence = None, digest: Held = None) -> None:
    from streams.editions import fold, unsound
    from streams.network_host import NetworkHost

    session = of(context)
    if digest is not None and (file is not None or not re.fullmatch("[0-9a-fA-F]{16,64}", digest)):
        zh = "--digest 应为一期的摘要（16 至 64 位十六进制，见 huimin edition list），且不与 --evidence 同用。"
        en = "--digest is that of an edition (16 to 64 hex digits, see huimin edition list), and goes without --evidence."
        raise HuiminError(Text(zh, en), 2)
    with session.workspace().reading() as host:
        if file is not None:
            _evidence(session, host, policy, file)
            return
        found = list(host.editions(policy))
        problems = [f"{which}: {BROKEN[what][session.language]}" for which, what in unsound(found)]
        last, summed = (found[-1].offset if found else -1), fold(one for edition in found for one in edition.changes)
        behind = [one for one in host.outputs(f"{last}.{1 << 62}") if one.policy == policy and _offset(one) <= host.state.offset]
        summed = fold(behind, summed)
        ours = {subject: (one.status, one.checklist, one.missing) for subject, one in summed.items()}
        listed, told = _listed(host.state, policy), None
        if ours != listed and isinstance(host, NetworkHost):
            told = _offset(behind[-1]) if behind else last
            listed = _listed(host.at(told), policy) if told >= 0 else {}
    if ours != listed:
        problems.append(Text("各期之和不是现在的名单", "their sum is not the list now")[session.language])
    held = next((one.number for one in found if digest and one.manifest.digest.startswith(digest.lower())), None)
    if digest is not None and held is None:
        zh = "没有一期是手中的摘要：到那一期为止，有一期被改动、缺失或错位，或摘要属于另一份名单"
        en = "no edition has the digest you hold: one up to there was changed, is missing or out of turn, or it is of another list"
        problems.append(Text(zh, en)[session.language])
    erased = sum(one.manifest.erased for one in found)
    facts = {"policy": policy, "editions": len(found), "listed": len(listed), "open": len(behind), "ok": not problems, "problems": problems}
    if not session.data({**facts, "held": held, "told": told, "erased": erased}):
        for sentence in (Text(f"✗ {one}", f"✗ {one}") for one in problems):
            session.say(sentence, "red")
        if not problems:
            session.say(_sound(len(found), len(behind), len(listed), told), "green")
        if held is not None:
            zh = f"✓ 手中的摘要是第 {held} 期的：到此为止没有缺失或改动"
            session.say(Text(zh, f"✓ edition {held} has the digest you hold: up to there, none is missing or changed"), "green")
        if erased:
            zh = f"其中 {number(erased)} 行的人已被删除：这些行空白，所在各期的行摘要不能再核对，清单仍是当时的。"
            en = f"{number(erased)} of their lines are blank, their persons erased: those editions' manifests are as they were closed, "
            session.say(Text(zh, en + "and the digests of their lines cannot be checked any more."))
    if problems:
        raise typer.Exit(3)


def _sound(editions: int, behind: int, listed: int, told: int | None) -> Text:
    zh, en = ("现在的名单", "the list now") if told is None else (f"消息 #{told} 之后的名单", f"the list behind #{told}")
    more = Text("", "") if told is None else Text("；分片还在匹配后来的消息", "; the shards are still matching what came later")
    return Text(
        f"✓ {editions} 期相连，与之后的 {behind} 行合起来就是{zh}（{number(listed)}）{more.zh}",
        f"✓ {editions} editions in one chain; with the {behind} lines since, they are {en} ({number(listed)}){more.en}",
    )


def _evidence(session: Session, host: Host, policy: str, file: Path) -> None:
    from infra.evidence import check_evidence

    which, whole = check_evidence(file, host, with_lists(host, policy))
    if session.data({"edition": which, "ok": True, "whole": whole}):
        return
    if whole:
        session.say(Text(f"✓ {file.name} 与第 {which} 期逐字相符", f"✓ {file.name} fits edition {which}, word for word"), "green")
    else:
        zh = f"✓ {file.name} 中的名单与第 {which} 期相符；当时的数据已过保留期，理由只有文件自身的摘要为证"
        en = f"✓ The list in {file.name} fits edition {which}; the past is not kept any more: reasons rest on the file's own digest alone"
        session.say(Text(zh, en), "green")


def with_lists(host: Host, policy: str) -> Iterator[tuple[Edition, dict[int, CandidateChange]]]:
    """Every edition, with who is on the list after it."""
    from streams.editions import fold

    listed: dict[int, CandidateChange] = {}
    for edition in host.editions(policy):
        listed = fold(edition.changes, listed)
        yield edition, listed


def _listed(state: State, policy: str) -> dict[int, tuple[Any, ...]]:
    """Status, open checks and evidence of everybody on a list."""
    from infra.evaluate import listed

    return {one.subject: (one.status, one.checklist, one.missing) for one in listed(state, policy)}


def _offset(change: CandidateChange) -> int:
    return int(change.id.partition(".")[0])
