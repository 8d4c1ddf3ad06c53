"""Verbs about what agencies reported: candidates outcomes, candidates corrections, candidates answer-request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.changes import show_changes
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.words import number, outcomes
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from console.text.outcomes import CorrectionInWords

Policy = Annotated[str | None, typer.Argument(metavar="[POLICY]", help=both("政策代号；不写则全部", "the policy's name; all without it"))]
Unit = Annotated[str | None, typer.Option("--unit", metavar="UNIT", help=both("只看这个单位掌握的记录", "only records this unit holds"))]
Open = Annotated[bool, typer.Option("--open", help=both("只看还没有更正的", "only those still open"))]
Number = Annotated[int, typer.Argument(metavar="REQUEST", help=both("更正请求的编号", "the number of the correction request"))]
Word = Annotated[
    str, typer.Argument(metavar="ANSWER", help=both("属实 confirmed、不属实 refuted", "confirmed or refuted: is the report right?"))
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help=both("谁代表登记单位答复", "who answers for the register's unit"))]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help=both(
            "写成 CSV；不写 --unit 时每个单位一份（文件名加单位代号）", "write CSV; without --unit one a unit (its id in the file's name)"
        ),
    ),
]


def add(app: typer.Typer) -> None:
    app.command(
        "outcomes",
        help=verb(
            "各政策的反馈：每种多少、名单说中了多少（按条件、按单位）、现有多少因此不在名单上。",
            "What agencies found, by policy: how often, how often the list was right (by criterion and unit), how many are kept off now.",
            "huimin candidates outcomes",
            "huimin candidates outcomes elderly-uninsured --json",
        ),
    )(show_outcomes)
    app.command(
        "corrections",
        help=verb(
            "更正请求：反馈与记录不符时，请掌握该记录的单位，或声明“没有记录”的单位核对。单位更新记录或再作声明即告关闭。",
            "Correction requests to the units whose records or coverage an outcome contradicts; closed when they deliver or state anew.",
            "huimin candidates corrections --open",
            "huimin candidates corrections elderly-uninsured --unit putuo-medical-insurance --out corrections.csv",
        ),
    )(corrections)

    app.command(
        "answer-request",
        help=verb(
            "登记单位答复：经办单位报告“已去世”“已搬走”是否属实。",
            "A register's unit answers a request: a subject was reported deceased or moved, and that is so or not.",
            "huimin candidates answer-request 214 confirmed --by 李强",
            "huimin candidates answer-request 214 不属实 --by 李强",
        ),
    )(answer)


def show_outcomes(context: typer.Context, policy: Policy = None) -> None:
    from console.text.outcomes import HITS, hit_rows, kept_off_now
    from services.lists.outcomes import OutcomeTally, outcome_tallies

    session = session_of(context)
    tallies = outcome_tallies(session.workspace(), policy)
    if session.print_json(tallies, list[OutcomeTally]):
        return
    if not tallies:
        session.say(Text("还没有反馈。", "No outcome was reported yet."))
    for tally in tallies:
        session.say(tally.title, "bold")
        counts = outcomes(tally.outcomes, session.language)
        session.say(Text(counts or "还没有反馈。", counts or "No outcome was reported yet."))
        session.table(None, HITS, hit_rows(tally, session.language), right=(2, 3))
        if tally.kept_off:
            session.say(kept_off_now(tally))


def corrections(context: typer.Context, policy: Policy = None, unit: Unit = None, only: Open = False, out: Out = None) -> None:
    from console.text.outcomes import REQUEST, CorrectionInWords, correction_in_words, correction_row
    from services.lists.correction_requests import correction_requests

    session = session_of(context)
    if out is not None and out.suffix != ".csv":
        raise HuiminError(Text(f"{out.name}：更正请求只写成 .csv。", f"{out.name}: correction requests are written as .csv."), 2)
    requests = [correction_in_words(request) for request in correction_requests(session.workspace(), policy, unit, only)]
    files = [] if out is None else _write(session, out, requests, one_file=unit is not None)
    if session.print_json(requests, list[CorrectionInWords]):
        return
    if not requests:
        session.say(Text("没有更正请求。", "There are no correction requests."))
    elif out is None:
        session.table(None, REQUEST, (correction_row(request, session.language) for request in requests), right=(5, 6))
        is_open = {request.number: request.open for request in requests}
        counts = number(sum(is_open.values())), number(len(is_open))
        session.say(Text(f"{counts[1]} 件，其中 {counts[0]} 件待更正。", f"Requests: {counts[1]}; open: {counts[0]}."), "bold")
    for file in files:
        session.say(Text(f"已写出 {file}", f"Wrote {file}"))


def answer(context: typer.Context, request: Number, word: Word, by: By) -> None:
    from console.text.outcomes import ANSWER_WORDS, answered_text
    from services.lists.correction_requests import answer_request

    session = session_of(context)
    wanted = next((answer for answer, title in ANSWER_WORDS.items() if word.strip().lower() in (answer, title.zh, title.en)), None)
    if wanted is None:
        raise HuiminError(Text("请写 属实 或 不属实（confirmed、refuted）。", "Write confirmed or refuted."), 2)
    answered = answer_request(session.workspace(), request, wanted, by)
    if not session.json:
        session.say(answered_text(answered.number, answered.answer, answered.new))
    show_changes(session, answered)


def _write(session: Session, out: Path, requests: Sequence[CorrectionInWords], one_file: bool) -> list[Path]:
    """Write one file, or one for each unit; the files name no person."""
    from console.text.outcomes import REQUEST, correction_row
    from services.exports.corrections import write_corrections

    header = tuple(column[session.language] for column in REQUEST)
    rows: dict[str, list[tuple[str, ...]]] = {}
    for request in sorted(requests, key=lambda request: request.unit):
        rows.setdefault(request.unit, []).append(tuple(correction_row(request, session.language)))
    return write_corrections(out, header, rows, one_file)
