"""Verbs about drafts: check, needs, test. See also ``console.published``, ``diff`` and ``history``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console import diff, history, published
from console.feed import problem_data
from console.i18n import both, verb
from console.lookup import catalogue_for, read, readable
from console.moments import AsOf, as_of
from console.session import of
from console.warnings import told_once
from policies.problems import HuiminError
from policies.values import Text

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help=both("政策文件（YAML）", "policy files (YAML)"))
]
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=both("政策文件（YAML）", "a policy file (YAML)"))]
Tested = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILE]…", exists=True, help=both("政策文件；不给则测试整个示例库", "policy files; without one, the whole library")
    ),
]
Cases = Annotated[list[Path] | None, typer.Option("--cases", metavar="FILE", exists=True, help=both("用例文件", "a file of cases"))]
Mutants = Annotated[
    bool,
    typer.Option(
        "--mutants",
        help=both(
            "再逐一改动条件和界限，每个改动都应有用例不通过", "also change each criterion and threshold: each change must fail a case"
        ),
    ),
]
Letters = Annotated[bool, typer.Option("--letters", help=both("写给每个单位的函", "as a letter to each unit"))]


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("政策：规则定义。", "Policies: rule definitions."))
    for name, function, text in (
        (
            "check",
            check,
            verb(
                "检查政策，一次列出所有问题。", "Check policies and list every problem at once.", "huimin policy check policies/dibao.yaml"
            ),
        ),
        (
            "needs",
            needs,
            verb(
                "只凭草案说明需要哪些记录，各单位还缺什么。",
                "From the draft alone: which records it needs, and what each unit still lacks.",
                "huimin policy needs policies/dibao.yaml --letters",
            ),
        ),
        (
            "test",
            trial_of,
            verb(
                "用用例检验政策；不带参数则检验整个示例库。",
                "Try policies on their cases; without arguments, the whole library.",
                "huimin policy test my.yaml --cases my-cases.yaml",
            ),
        ),
    ):
        app.command(name, help=text)(function)
    published.add(app)
    diff.add(app)
    history.add(app)
    return app


def check(context: typer.Context, files: Files) -> None:
    session = of(context)
    catalogue = catalogue_for(session)
    by_file = [read(path, catalogue)[1] for path in files]
    problems = [problem for found in by_file for problem in found]
    errors = [p for p in problems if p.severity == "error"]
    if not session.data([problem_data(p, session.language) for p in problems]):
        out, problems = session.console(), [problem for found in by_file for problem in told_once(found, catalogue)]
        for problem in problems:
            style = "red" if problem.severity == "error" else "yellow"
            out.print(problem.render(session.language), style=style, markup=False, soft_wrap=True)
        session.say(_verdict(len(errors), len(problems) - len(errors)), "red" if errors else "green")
    if errors:
        raise typer.Exit(3)


def _verdict(errors: int, warnings: int) -> Text:
    if errors:
        return Text(
            f"{errors} 处错误，{warnings} 处提醒。改正后再检查。",
            f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}. Mend them and check again.",
        )
    return Text(f"没有错误，{warnings} 处提醒。", f"No errors, {_counted(warnings, 'warning')}.")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def needs(context: typer.Context, file: File, letters: Letters = False, at: AsOf = None) -> None:
    from console.needs import show_needs

    session = of(context)
    catalogue = catalogue_for(session)
    show_needs(session, readable(file, catalogue), catalogue, letters, as_of(at))


def trial_of(context: typer.Context, files: Tested = None, cases: Cases = None, mutants: Mutants = False) -> None:
    from console.casework import trial

    session = of(context)
    if bool(files) != bool(cases):
        raise HuiminError(Text("政策文件和 --cases 要一起给。", "Give the policy file and --cases together."), 2)
    if trial(session, catalogue_for(session) if files else None, files or [], cases or [], mutants):
        raise typer.Exit(3)
