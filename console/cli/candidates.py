"""Verbs about lists: candidates list, export, answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli import candidates_changes, candidates_find, candidates_follow_ups, candidates_outcomes, candidates_visit, topics
from console.cli.changes import show_changes
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import both, verb
from console.cli.list_filters import Assigned, NewSince, Outcome, Status, Street, list_filter
from console.cli.moments import AsOf, KnownAt, as_of, known_at
from console.cli.session import Session, session_of, yes_or_no
from policies.problems.problems import HuiminError
from policies.values import Text

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Every = Annotated[bool, typer.Option("--all", help=both("也列出只计数、不上名单的待定对象", "also those unknown who are only counted"))]
Limit = Annotated[
    int,
    typer.Option(
        min=0, help=both("表中最多几行（0 为全部；--json 总是全部）", "rows in the table at most (0: all; --json always holds all)")
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help=both("写到这里；.xlsx 或 .csv（默认 exports/）", "write here, .xlsx or .csv (default: exports/)")
    ),
]
ByStreet = Annotated[bool, typer.Option("--by-street", help=both("每个街镇一张工作表（仅 .xlsx）", "a sheet for each street (.xlsx only)"))]
ChangesSince = Annotated[
    str | None,
    typer.Option(
        "--changes-since",
        metavar="EDITION|DATE",
        help=both(
            "另加一张表：自这一期或这一天之后的变动（仅 .xlsx）", "also a sheet of what changed since an edition or a day (.xlsx only)"
        ),
    ),
]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=both("对象化名（16 位十六进制）", "the subject's token (16 hex digits)"))]
Check = Annotated[str, typer.Argument(metavar="CHECK", help=both("核实项", "the check's id"))]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help=both("谁问到的（默认本机用户）", "who found it out (default: the user of this machine)")),
]
Answer = Annotated[str, typer.Argument(metavar="YES|NO", help=both("是或否（也可写 yes、no）", "yes or no"))]


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("名单：政策所找的人。", "Lists: the people a policy is meant for."))
    app.command(
        "list",
        help=verb(
            "列出一份政策的名单，只用化名。",
            "A policy's list, by token only.",
            "huimin candidates list elderly-uninsured",
            "huimin candidates list dibao --all --json",
            "huimin candidates list dibao --known-at 2026-10-03",
            "huimin candidates list dibao --street 宜川路 --outcome none --assigned 王芳 --new-since 3",
        ),
    )(show)
    app.command(
        "export",
        help=verb(
            "导出名单给执行机构：含身份列和可提供的字段；反馈、备注、再联系日期、分派各列可直接填写（后三列已带上现有内容），"
            "填好后用 ack --file 交回。",
            "Export a list for the agency: with the identifying column, the disclosed fields, and columns for outcomes, note, day to call "
            "again and person assigned (the last three hold what is recorded), to be filled in and given to ack --file.",
            "huimin candidates export elderly-uninsured",
            "huimin candidates export dibao --by-street --out list.xlsx",
            "huimin candidates export dibao --street 宜川路 --assigned 王芳 --changes-since 3",
        ),
    )(export)
    app.command(
        "answer",
        help=verb(
            "记下人工核实的结果。",
            "Note what was found out about a check.",
            "huimin candidates answer dibao 00c0ffee00c0ffee assets yes --by 王芳",
        ),
    )(answer)
    candidates_visit.add(app)
    candidates_changes.add(app)
    candidates_outcomes.add(app)
    candidates_find.add(app)
    candidates_follow_ups.add(app)
    topics.add_candidates(app)
    return app


def show(
    context: typer.Context,
    policy: Name,
    every: Every = False,
    street: Street = None,
    status: Status = None,
    outcome: Outcome = None,
    assigned: Assigned = None,
    new_since: NewSince = None,
    limit: Limit = 40,
    at: AsOf = None,
    moment: KnownAt = None,
) -> None:
    from console.text.candidates import COLUMNS, MARK, WORK, candidate_rows, erased_since, has_work, in_all, kept_off_text
    from console.text.holds import below
    from console.text.words import STILL_YES
    from policies.language.closing import closing_words
    from services.lists.candidates import ListedCandidate, candidate_list

    session = session_of(context)
    most = None if session.json else limit or None
    wanted = list_filter(street, status, outcome, assigned, new_since)
    listing = candidate_list(session.workspace(), policy, every, wanted, most, as_of(at), known_at(moment))
    if listing.erased:
        session.warn(erased_since(listing.erased))
    if session.print_json(listing.candidates, tuple[ListedCandidate, ...]):
        return
    rows = candidate_rows(listing.candidates, listing.policy, listing.catalogue, session.language)
    columns = [*COLUMNS, WORK] if has_work(listing.candidates) else COLUMNS
    session.table(listing.policy.title, columns, rows)
    if any(c.still_yes for c in listing.candidates):
        session.say(Text(f"{MARK}：{STILL_YES.zh}", f"{MARK}: {STILL_YES.en}"))
    for text in below(listing.holds):
        session.say(text, "yellow")
    session.say(in_all(listing), "bold")
    _say_closing(session, closing_words(listing.policy, listing.day))
    if len(listing.candidates) < listing.total:
        session.say(Text(f"只显示前 {limit} 行；--limit 0 显示全部。", f"Only the first {limit} are shown; --limit 0 shows all."), "dim")
    if listing.kept_off:
        session.say(kept_off_text(listing.kept_off))


def export(
    context: typer.Context,
    policy: Name,
    out: Out = None,
    by_street: ByStreet = False,
    street: Street = None,
    status: Status = None,
    outcome: Outcome = None,
    assigned: Assigned = None,
    new_since: NewSince = None,
    since: ChangesSince = None,
) -> None:
    from console.text.changes import counts_in_words
    from services.exports.candidates import export_candidates

    session = session_of(context)
    wanted = list_filter(street, status, outcome, assigned, new_since)
    with session.progress(Text("导出名单", "Exporting the list")):
        exported = export_candidates(session.workspace(), policy, out, session.language, by_street, wanted, since)
    if not session.print_json(exported):
        session.say(
            Text(
                f"已导出 {exported.rows} 行到 {exported.file}。内含身份信息，只交给执行机构。",
                f"Wrote {exported.rows} rows to {exported.file}. They identify people: for the agency only.",
            )
        )
        if exported.filter.zh:
            zh = f"只含：{exported.filter.zh}。文件中写明了这一筛选。"
            session.say(Text(zh, f"Only: {exported.filter.en}. The file says so."))
        if exported.changes is not None:
            counts = counts_in_words(exported.changes)
            session.say(Text(f"另有一张表列出变动：{counts.zh}。", f"A sheet of its own holds the changes: {counts.en}."))
        _say_closing(session, exported.closing)


def _say_closing(session: Session, closing: Text | None) -> None:
    """Say until when applications are taken, where the policy declares it."""
    if closing is not None:
        session.say(Text(f"{closing.zh}。", f"{closing.en[:1].upper()}{closing.en[1:]}."), "yellow")


def answer(context: typer.Context, policy: Name, subject: Subject, check: Check, value: Answer, by: By = None) -> None:
    from services.lists.candidates import answer_check, parse_token

    session = session_of(context)
    yes = yes_or_no(value)
    if yes is None:
        raise HuiminError(Text("请写是或否（也可写 yes、no）。", "Write yes or no."), 2)
    show_changes(session, answer_check(session.workspace(), policy, parse_token(subject), check, yes, by, hold_warner(session)))
