"""Verbs about editions: cut, list, show, verify, evidence.

The one idea: an edition is closed by the system and only read here, except for a cut; what it rested on is asked of the state as it was
when it closed. Source: docs/semantics.md section 14.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.i18n import both, verb
from console.session import of
from console.verifying import Name, verify, with_lists
from console.words import CHANGES, STATUSES, number, token
from policies.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from streams.editions import Edition
    from streams.host import Host
    from streams.messages import CandidateChange

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
    from streams.messages import EditionCut

    session = of(context)
    with session.workspace().writing() as host:
        offset = host.submit(EditionCut(policy)).offset
        made = next((one.number for one in host.editions(policy) if one.offset == offset), None)
    if session.data({"policy": policy, "offset": offset, "edition": made}):
        return
    if made is None:
        session.say(
            Text(
                "此刻没有新的一期：自上一期以来没有净变动，或各分片还没有做完。",
                "No edition: nothing differs, or the shards are not done yet.",
            )
        )
    else:
        session.say(Text(f"第 {made} 期已结束。", f"Edition {made} is closed."))


def show_all(context: typer.Context, policy: Name) -> None:
    session = of(context)
    with session.workspace().reading() as host:
        found = [one.manifest for one in host.editions(policy)]
        title = host.state.registry.title(policy)
    if session.data([_manifest(one) for one in found]):
        return
    columns = [
        Text("期", "edition"), Text("日期", "day"), Text("消息", "messages"), Text("进入", "entered"), Text("离开", "left"),
        Text("变化", "changed"), Text("之后在名单上", "listed after it"), Text("摘要", "digest"),
    ]  # fmt: skip
    rows = (
        [
            str(m.number), str(m.day), f"#{m.first}–#{m.last}", number(m.entered), number(m.left), number(m.changed),
            number(sum(count for _, count in m.listed)), m.digest[:16],
        ]
        for m in found
    )  # fmt: skip
    session.table(title, columns, rows, right=(0, 3, 4, 5, 6))


def show(context: typer.Context, policy: Name, which: Number, subject: Subject = None) -> None:
    from console.candidates import subject_of
    from console.changes import COLUMNS, as_data, counted
    from console.erase import said_erased
    from console.lookup import matched
    from console.reasons import explanation_data, show_explanation
    from infra.evidence import state_of

    session = of(context)
    with session.workspace().reading() as host:
        edition, _ = _edition(host, policy, which)
        if subject is None:
            if not session.data({**_manifest(edition.manifest), "changes": [as_data(one) for one in edition.changes]}):
                session.say(_title(edition), "bold")
                session.table(None, COLUMNS, counted(edition.changes, host.state.registry, session.language), right=(5,))
                rows = (
                    [token(one.subject), CHANGES[one.change][session.language], STATUSES[one.status][session.language]]
                    for one in edition.changes
                )
                session.table(None, [Text("对象", "subject"), Text("变动", "change"), Text("现状态", "now")], rows)
            return
        who = subject_of(subject)
        if said_erased(session, host.state, who):
            return
        state = state_of(host, edition)
        definition = matched(state, policy)
        if not session.data(explanation_data(state, definition, who, session.language)):
            session.say(_title(edition), "bold")
            show_explanation(session, state, definition, who)


def evidence(context: typer.Context, policy: Name, which: Number, out: Out = None) -> None:
    from infra.evidence import write_evidence

    session = of(context)
    workspace = session.workspace()
    with workspace.reading() as host:
        edition, listed = _edition(host, policy, which)
        path = out or workspace.folder("exports") / f"{policy}-{which}.evidence.jsonl"
        with session.progress(Text("写下依据", "Writing the evidence")):
            count = write_evidence(host, edition, listed, path)
    if not session.data({"file": str(path), "edition": which, "candidates": count, "manifest": edition.manifest.digest}):
        session.say(
            Text(f"已写入 {path}：第 {which} 期，{number(count)} 个对象", f"Wrote {path}: edition {which}, {number(count)} candidates")
        )


def _edition(host: Host, policy: str, which: int) -> tuple[Edition, dict[int, CandidateChange]]:
    last = 0
    for edition, listed in with_lists(host, policy):
        last = edition.number
        if last == which:
            return edition, listed
    raise HuiminError(
        Text(f"{policy} 没有第 {which} 期：目前共 {last} 期。", f"{policy} has no edition {which}: there are {last} so far."), 2
    )


def _title(edition: Edition) -> Text:
    m = edition.manifest
    return Text(
        f"{m.policy} 第 {m.number} 期（{m.day}，消息 #{m.first}–#{m.last}，摘要 {m.digest[:16]}）",
        f"{m.policy}, edition {m.number} ({m.day}, messages #{m.first} to #{m.last}, digest {m.digest[:16]})",
    )


def _manifest(manifest: Any) -> dict[str, Any]:
    m = manifest
    return {
        "policy": m.policy, "agency": m.agency, "edition": m.number, "versions": dict(m.versions), "day": m.day,
        "first": m.first, "last": m.last, "entered": m.entered, "left": m.left, "changed": m.changed, "listed": dict(m.listed),
        "lines": m.lines, "before": m.before, "digest": m.digest, "erased": m.erased,
    }  # fmt: skip
