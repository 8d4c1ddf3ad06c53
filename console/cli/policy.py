"""Verbs about drafts: check, needs, test.

See also ``console.cli.policy_show``, ``diff`` and ``history``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli import policy_diff as diff
from console.cli import policy_history as history
from console.cli import policy_show as published
from console.cli.i18n import both, verb
from console.cli.moments import AsOf, as_of
from console.cli.session import session_of
from policies.problems.problems import HuiminError
from policies.values import Text

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help=both("政策文件（YAML）", "policy files (YAML)"))
]
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=both("政策文件（YAML）", "a policy file (YAML)"))]
TestedFiles = Annotated[
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
            trial,
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
    from console.text.policy_problems import problems_summary, problems_to_show
    from services.lookup import catalogue_for
    from services.policies.checks import check_drafts
    from services.problems import ReportedProblem, reported_problems

    session = session_of(context)
    catalogue = catalogue_for(session.settings, session.environment, session.warn_once)
    checked = check_drafts(files, catalogue)
    if not session.print_json(reported_problems(checked.problems()), list[ReportedProblem]):
        problems = [problem for of_file in checked.by_file for problem in problems_to_show(of_file, catalogue)]
        for problem in problems:
            style = "red" if problem.severity == "error" else "yellow"
            session.console().print(problem.render(session.language), style=style, soft_wrap=True)
        errors = checked.count("error")
        session.say(problems_summary(errors, len(problems) - errors), "red" if errors else "green")
    if checked.count("error"):
        raise typer.Exit(3)


def needs(context: typer.Context, file: File, letters: Letters = False, at: AsOf = None) -> None:
    from console.cli.policy_needs import show_letters, show_needs
    from services.lookup import catalogue_for, readable_policy, workspace_or_none
    from services.policies.needs import needs_in

    session = session_of(context)
    catalogue = catalogue_for(session.settings, session.environment, session.warn_once)
    policy = readable_policy(file, catalogue)
    workspace = workspace_or_none(session.workspace)
    with session.progress(Text("查看现有数据", "Looking at what is there")):
        needs = needs_in(workspace, policy, catalogue, as_of(at), session.today())
    if session.print_json(needs):
        return
    if letters:
        show_letters(session, needs)
    else:
        show_needs(session, needs)


def trial(context: typer.Context, files: TestedFiles = None, cases: Cases = None, mutants: Mutants = False) -> None:
    from console.cli.policy_cases import show_runs
    from services.lookup import catalogue_for
    from services.policies.cases import CaseRun, case_suites, library_suites, run_cases

    session = session_of(context)
    if files and cases:
        catalogue = catalogue_for(session.settings, session.environment, session.warn_once)
        suites = case_suites(catalogue, files, cases)
    elif files or cases:
        raise HuiminError(Text("政策文件和 --cases 要一起给。", "Give the policy file and --cases together."), 2)
    else:
        catalogue, suites = library_suites()
    total = sum(len(suite.cases) for suite in suites) * (2 if mutants else 1)
    with session.progress(Text("检验用例", "Trying the cases"), total) as advance:
        runs = run_cases(suites, catalogue, mutants, advance)
    if not session.print_json(runs, list[CaseRun]):
        show_runs(session, runs, mutants)
    if any(run.failed or run.unnoticed for run in runs):
        raise typer.Exit(3)
