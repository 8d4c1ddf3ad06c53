"""``huimin candidates ack``: report an agency's outcome for one candidate, or for a whole list.

One candidate is named by token. A list is the exported file with columns added, so that nobody types an identity number.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from console.cli.changes import show_changes
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from policies.problems.problems import HuiminError
from policies.values import Text

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
            "经办单位填好交回的名单（.xlsx、.csv、.jsonl）：反馈、反馈日期、不符合的条件，每个核实项一列（是/否），备注、再联系日期、分派给",
            "the list as it comes back (.xlsx, .csv, .jsonl), filled in: outcome, outcome date, wrong criterion, a column a check, note, "
            "call again on, assigned to",
        ),
    ),
]


def add(app: typer.Typer) -> None:
    app.command(
        "ack",
        help=verb(
            "记下经办单位的反馈：查明了什么。除“已联系”外，此人在期限内不上名单；证据有变则提前恢复。"
            "交回的名单中，备注、再联系日期、分派只记改动过的格。",
            "Note what the agency found. All but `contacted` keep the subject off the list for a time, or until the evidence changes. "
            "Of note, call again on and assigned to in a returned list, changed cells are recorded.",
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

    session = session_of(context)
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
    _of_one(session, policy, subject, outcome, found_on, criterion, by)


def _of_one(session: Session, policy: str, subject: str, outcome: str, on: date | None, criterion: str | None, by: str) -> None:
    from console.text.outcomes import not_new, outcome_text, to_correct
    from services.lists.candidates import parse_token
    from services.lists.outcome_reports import parse_outcome, report_outcome

    word = parse_outcome(outcome)
    reported = report_outcome(session.workspace(), policy, parse_token(subject), word, by, on, criterion)
    if not session.json:
        session.say(outcome_text(reported.outcome) if reported.new else not_new(reported.outcome.on, reported.on))
        if reported.holders:
            asked = reported.outcome
            session.say(to_correct(asked.number, len(asked.records), len(asked.statements), reported.holders))
    show_changes(session, reported)


def _of_file(session: Session, policy: str, file: Path, on: date | None, by: str | None) -> None:
    from console.text.returned_lists import returned_sentence
    from services.lists.returned_lists import report_returned

    with session.progress(Text("记下反馈", "Noting outcomes")) as advance:
        returned = report_returned(session.workspace(), policy, file, on, by, advance)
    if not session.json:
        session.say(returned_sentence(returned), "bold")
    show_changes(session, returned)
