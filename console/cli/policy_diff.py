"""``huimin policy diff OLD NEW``: who would enter or leave the list under another version, by which criterion, and how the rules differ."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.moments import AsOf, as_of
from console.cli.session import Session, session_of
from policies.values import Text

if TYPE_CHECKING:
    from services.policies.comparison import PolicyComparison

VERSION = both("已发布的版本 NAME@3、NAME（施行中的），或草案文件", "a published version NAME@3, NAME (the one in force), or a draft file")
Old = Annotated[str, typer.Argument(metavar="OLD", help=VERSION)]
New = Annotated[str, typer.Argument(metavar="NEW", help=VERSION)]
People = Annotated[bool, typer.Option("--people", help=both("也逐个列出有变化的对象（化名）", "also list everybody who moves, by token"))]
Limit = Annotated[
    int,
    typer.Option(min=0, help=both("逐个列出时最多几行（0 为全部）", "rows of that list at most (0: all; --json always holds all)")),
]


def add(app: typer.Typer) -> None:
    app.command(
        "diff",
        help=verb(
            "比较一份政策的两个版本：谁进入、谁离开、卡在哪一条，规则改了什么。不改动任何数据。",
            "Compare two versions of a policy: who enters and leaves, by which criterion, and how the rules differ. Changes nothing.",
            "huimin policy diff dibao@1 dibao@2",
            "huimin policy diff dibao policies/dibao.yaml --people",
        ),
    )(diff)


def diff(context: typer.Context, old: Old, new: New, people: People = False, limit: Limit = 40, at: AsOf = None) -> None:
    from console.text.comparisons import comparison_in_words
    from services.policies.comparison import compare_policies

    session = session_of(context)
    day = as_of(at)
    workspace = session.workspace()
    with session.progress(Text("判断全体对象", "Judging everybody")):
        comparison = compare_policies(workspace, old, new, day, session.today())
    if session.json:
        session.print_json(comparison_in_words(comparison, session.language))
        return
    show_comparison(session, comparison)
    if people:
        _show_people(session, comparison, limit)


def show_comparison(session: Session, comparison: PolicyComparison) -> None:
    """Print the differences of the rules, the totals, and the verdicts before and after, by criterion and by street."""
    from console.text.comparisons import (
        CRITERION_COLUMNS,
        MOVES,
        VERDICT_WORDS,
        criterion_rows,
        division_rows,
        headline,
        not_in_force,
        total,
        verdict_rows,
    )  # fmt: skip
    from console.text.rule_differences import lines

    language = session.language
    session.say(headline(comparison), "bold")
    for note in not_in_force(comparison):
        session.say(note, "dim")
    for line, style in lines(comparison.differences, comparison.catalogue, language):
        session.console().print(line, style=style, soft_wrap=True)
    session.say(total(comparison), "bold")
    columns = [Text("旧 ＼ 新", "old \\ new"), *VERDICT_WORDS.values()]
    title = Text("判定：旧（行）→ 新（列）", "Verdicts: old (rows) → new (columns)")
    session.table(title, columns, verdict_rows(comparison, language), right=(1, 2, 3, 4))
    if comparison.criteria:
        session.table(Text("逐条", "By criterion"), CRITERION_COLUMNS, criterion_rows(comparison, language), right=(4, 5))
        columns = [Text("街镇", "street"), *MOVES.values()]
        session.table(Text("分街镇", "By street"), columns, division_rows(comparison, language), right=(1, 2, 3, 4))


def _show_people(session: Session, comparison: PolicyComparison, limit: int) -> None:
    from console.text.comparisons import SUBJECT_COLUMNS, subject_rows
    from services.policies.comparison import moved_subjects

    rows = subject_rows(islice(moved_subjects(comparison.people), limit or None), comparison.catalogue.divisions, session.language)
    session.table(None, SUBJECT_COLUMNS, rows)
    if limit and len(comparison.people.subject) > limit:
        session.say(Text(f"只显示前 {limit} 行；--limit 0 显示全部。", f"Only the first {limit} are shown; --limit 0 shows all."), "dim")
