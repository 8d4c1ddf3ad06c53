"""Verbs that show what agencies reported: candidates outcomes, candidates corrections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
            "更正请求：反馈说某条件有误时，它所依据的记录请掌握的单位核对。那些记录都不再有效即告关闭。",
            "Correction requests: the records a refuted criterion rested on, for the units that hold them. Closed when none is in force.",
            "huimin candidates corrections --open",
            "huimin candidates corrections elderly-uninsured --unit putuo-medical-insurance --out corrections.csv",
        ),
    )(corrections)


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


def _write(session: Session, out: Path, requests: Sequence[CorrectionInWords], one_file: bool) -> list[Path]:
    """Write one file, or one for each unit; the files name no person."""
    from console.text.outcomes import REQUEST, correction_row
    from services.exports.corrections import write_corrections

    header = tuple(column[session.language] for column in REQUEST)
    rows: dict[str, list[tuple[str, ...]]] = {}
    for request in sorted(requests, key=lambda request: request.unit):
        rows.setdefault(request.unit, []).append(tuple(correction_row(request, session.language)))
    return write_corrections(out, header, rows, one_file)
