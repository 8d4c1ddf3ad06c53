"""``huimin candidates ack``: what an agency found of one candidate, or of all it was given, in the list it sends back.

The one idea: one is told by token; many by the file that was exported, with columns added, so that no number is ever typed. A file is noted
whole or not at all, and the same one again changes nothing.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.i18n import both, verb
from console.outcomes import finding_data, finding_text, outcome_named
from console.session import Session, of
from console.words import number, outcomes
from policies.problems import HuiminError, meant
from policies.values import Text

if TYPE_CHECKING:
    from infra.outcomes import Plan
    from streams.host import Host
    from streams.messages import CandidateChange
    from streams.state import State

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Subject = Annotated[
    str | None, typer.Argument(metavar="[SUBJECT]", help=both("对象化名（16 位十六进制）", "the subject's token (16 hex digits)"))
]
Outcome = Annotated[
    str | None,
    typer.Argument(
        metavar="[OUTCOME]",
        help=both(
            "contacted 已联系、enrolled 已办理、declined 不愿办理、already_receiving 已在享受、not_eligible 不符合条件、"
            "wrong_person 找错了人、moved 已搬走、deceased 已去世、unreachable 联系不上",
            "contacted, enrolled, declined, already_receiving, not_eligible, wrong_person, moved, deceased or unreachable",
        ),
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="DATE",
        help=both("哪一天查明的（默认今天；文件中须逐行写明，或用此项）", "the day it was found (today; of a file, of rows without one)"),
    ),
]
Criterion = Annotated[
    str | None,
    typer.Option(
        "--criterion", metavar="ID", help=both("not_eligible 时：哪一条件有误", "where not_eligible: the criterion that was wrong")
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="NAME", help=both("谁报告的（文件默认为经办单位）", "who reports it (of a file: the agency, if not told)")
    ),
]
File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help=both(
            "经办单位交回的名单（.csv、.xlsx、.jsonl）：导出时的列，加上 反馈、日期、条件 各列，和每个核实项一列（是/否）",
            "the list as it comes back (.csv, .xlsx, .jsonl): as exported, with columns outcome, on, criterion, and one a check (yes/no)",
        ),
    ),
]


def add(app: typer.Typer) -> None:
    app.command(
        "ack",
        help=verb(
            "记下经办单位的反馈：查明了什么。除“已联系”外，此人在期限内不上名单；证据有变则提前恢复。",
            "Note what the agency found. All but `contacted` keep the subject off the list for a time, or until the evidence changes.",
            "huimin candidates ack elderly-uninsured 00c0ffee00c0ffee declined --by 王芳",
            "huimin candidates ack elderly-uninsured 00c0ffee00c0ffee not_eligible --criterion uninsured --on 2026-10-12 --by 王芳",
            "huimin candidates ack elderly-uninsured --file list-back.xlsx --by 区医保中心",
        ),
    )(ack)


def ack(
    context: typer.Context, policy: Name, subject: Subject = None, outcome: Outcome = None, on: On = None, criterion: Criterion = None,
    by: By = None, file: File = None,
) -> None:  # fmt: skip
    from infra.settings import day

    session = of(context)
    found_on = None if on is None else day(on)
    if (subject is None) == (file is None):
        zh, en = (
            "请写对象和反馈，或用 --file 给出交回的名单（二者之一）。",
            "Give a subject and an outcome, or a list with --file: one of the two.",
        )
        raise HuiminError(Text(zh, en), 2)
    if file is not None:
        if criterion is not None:
            raise HuiminError(Text("用 --file 时，条件写在文件里。", "With --file the criterion stands in the file."), 2)
        _of_file(session, policy, file, found_on, by)
        return
    if outcome is None or by is None:
        missing = Text("反馈（OUTCOME）", "an OUTCOME") if outcome is None else Text("报告人（--by）", "who reports it (--by)")
        raise HuiminError(Text(f"还要写{missing.zh}。", f"Say {missing.en}, too."), 2)
    assert subject is not None
    _of_one(session, policy, subject, outcome_named(outcome), found_on, criterion, by)


def _of_one(session: Session, policy: str, subject: str, outcome: str, on: date | None, criterion: str | None, by: str) -> None:
    from console.candidates import subject_of
    from console.changes import told
    from infra.outcomes import form, known, reported

    who = subject_of(subject)
    with session.workspace().writing() as host:
        state = host.state
        _published(state, policy)
        whom = known(state, policy)
        if not whom.there(whom.root(who)):
            raise HuiminError(Text("没有这一对象；请核对化名。", "Nobody is known by this token; look at it again."), 2)
        if criterion is not None:
            words = form(state, policy)
            if words.criterion(criterion) is None:
                near = meant(criterion, words.criteria)
                zh = f"政策 {policy} 没有这一条件。{near.zh or f'用 huimin policy show {policy} 查看。'}"
                raise HuiminError(Text(zh, f"Policy {policy} has no such criterion.{near.en or f' See huimin policy show {policy}.'}"), 3)
            criterion = words.criterion(criterion)
        receipt = host.submit(reported(state, policy, who, outcome, on or state.day, by, criterion))
        state, finding = host.state, host.state.findings.of(policy, whom.root(who))
        changes = list(receipt.changes)
        assert finding is not None  # it is there, or a later one is
        new = finding.offset == receipt.offset
        if not session.json:
            session.say(finding_text(state, finding) if new else _not_new(finding.on, on or state.day))
            _say_records(session, state, finding.records if new else ())
        told(session, changes, state.registry, {"outcome": finding_data(state, finding), "new": new})


def _not_new(counts: date, on: date) -> Text:
    if on < counts:
        zh = f"已有 {counts} 的反馈，较早的这一条不起作用。"
        return Text(zh, f"An outcome of {counts} counts; this earlier one changes nothing.")
    return Text("与已记下的相同，没有改变什么。", "This was noted before; it changes nothing.")


def _say_records(session: Session, state: State, records: tuple[tuple[str, int, int, int], ...]) -> None:
    """To whom the correction request goes."""
    feeds, units = state.catalogue.feeds, state.catalogue.units
    holders = dict.fromkeys(feeds[feed].sources[source].unit for feed, source, *_ in records)
    if holders:
        zh, en = "、".join(units[one].title.zh for one in holders), ", ".join(units[one].title.en for one in holders)
        count = len(records)
        session.say(Text(f"更正请求：{count} 条记录，由{zh}核对。", f"Correction request: records: {count}, held by the {en}."))


def _of_file(session: Session, policy: str, file: Path, on: date | None, by: str | None) -> None:
    from connectors.outcomes import read_returned
    from console.changes import told
    from infra.outcomes import form, known, planned

    workspace = session.workspace()
    with workspace.writing() as host:
        state = host.state
        _published(state, policy)
        with session.progress(Text("读取交回的名单", "Reading the list")):
            returned, silent = read_returned(file, form(state, policy), workspace.tokens(), known(state, policy, on))
            plan = planned(state, policy, returned, by or _agency(state, policy))
        changes = _submitted(session, host, file, plan)
        registry = host.state.registry
    facts = {
        "rows": len(returned) + silent, "without_outcome": silent, "new": plan.outcomes.total(), "outcomes": dict(plan.outcomes),
        "answers": plan.answers, "known_before": plan.known, "older": plan.older,
    }  # fmt: skip
    if not session.json:
        _say_plan(session, plan, len(returned) + silent, silent)
    told(session, changes, registry, facts)


def _submitted(session: Session, host: Host, file: Path, plan: Plan) -> list[CandidateChange]:
    """The changes of all messages of a file.

    Raises:
        Refused: with the row, where the state has moved on since it was read; the rows before it are in force.
    """
    from streams.errors import Refused

    changes: list[Any] = []
    done = 0
    with session.progress(Text("记下反馈", "Noting outcomes"), len(plan.messages)) as advance:
        try:
            for receipt in host.submit_each(message for _, message in plan.messages):
                changes += receipt.changes
                done += 1
                advance(1)
        except Refused as error:
            row = plan.messages[done][0]
            zh = f"{file.name} 第 {row} 行：{error.text.zh}之前各行已记下，改正后整份重送即可。"
            en = f"{file.name}, row {row}: {error.text.en} The rows before it are noted; mend the file and send all of it again."
            raise Refused(Text(zh, en), error.exit_code) from None
    return changes


def _say_plan(session: Session, plan: Plan, rows: int, silent: int) -> None:
    counts = (
        (Text("行", "Rows"), rows), (Text("新记反馈", "new outcomes"), plan.outcomes.total()),
        (Text("核实结果", "answers to checks"), plan.answers), (Text("先前已记下", "noted before"), plan.known),
        (Text("已有更晚的反馈", "older than what counts"), plan.older), (Text("未填写", "not filled in"), silent),
    )  # fmt: skip
    shown = [(title, count) for at, (title, count) in enumerate(counts) if count or at < 2]
    kinds = Text(f"（{outcomes(plan.outcomes, 'zh')}）", f" ({outcomes(plan.outcomes, 'en')})") if plan.outcomes else Text("", "")
    zh = "，".join(f"{title.zh} {number(count)}" + (kinds.zh if at == 1 else "") for at, (title, count) in enumerate(shown))
    en = ", ".join(f"{title.en} {number(count)}" + (kinds.en if at == 1 else "") for at, (title, count) in enumerate(shown))
    session.say(Text(zh + "。", en + "."), "bold")


def _agency(state: State, policy: str) -> str:
    registry = state.registry
    return registry.versions[policy][registry.newest(policy)].policy.agency


def _published(state: State, policy: str) -> None:
    from console.lookup import no_policy

    if policy not in state.registry.versions:
        raise no_policy(policy, state.registry.versions)
