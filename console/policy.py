"""Verbs about drafts: check, needs, test; and how a policy is read from a file or found by name. See also ``console.published``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import published
from console.feed import problem_data
from console.i18n import both, verb
from console.session import Session, as_of, of
from console.warnings import told_once
from policies.problems import HuiminError, Invalid, meant
from policies.values import Text

if TYPE_CHECKING:
    from policies.catalogue import Catalogue
    from policies.tree import Policy

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
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help=both("按这一天判断", "judge as of this day"))]


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
    return app


def catalogue_for(session: Session) -> Catalogue:
    """The workspace's catalogue; the library's where there is no workspace."""
    from infra.library import library_catalogue
    from infra.workspace import NoWorkspace

    try:
        return session.workspace().catalogue()
    except NoWorkspace:
        if session.settings.workspace.exists():
            raise
        session.warn(Text("没有工作区：按示例库的单位和数据源检查。", "No workspace: using the library's units and feeds."))
    return library_catalogue()


def read(path: Path, catalogue: Catalogue) -> tuple[Policy | None, list[Any]]:
    """A policy document: the checked policy, None where it has errors, and every problem."""
    from policies.checker import check as checked_against
    from policies.document import load

    try:
        checked = checked_against(load(_text(path), str(path)), catalogue)
    except Invalid as error:
        return None, list(error.problems)
    return checked.policy, list(checked.problems)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise HuiminError(Text(f"{path} 不是 UTF-8 文本，请另存为 UTF-8。", f"{path} is not UTF-8 text: save it as UTF-8."), 3) from None


def readable(path: Path, catalogue: Catalogue) -> Policy:
    """A policy without errors.

    Raises:
        Invalid: with every error.
    """
    policy, problems = read(path, catalogue)
    if policy is None:
        raise Invalid([p for p in problems if p.severity == "error"])
    return policy


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


def policy_named(session: Session, name: str, catalogue: Catalogue) -> Policy:
    """A policy by file, or the published one of this name.

    Raises:
        HuiminError: neither; says which is near.
    """
    if name.endswith((".yaml", ".yml")) or Path(name).is_file():
        return readable(Path(name), catalogue)
    with session.workspace().reading() as host:
        known = host.state.policies
        if name in known:
            found: Policy = known[name]
            return found
        raise no_policy(name, known)


def no_policy(name: str, known: Any) -> HuiminError:
    near = meant(name, known)
    return HuiminError(
        Text(
            f"没有已发布的政策“{name}”。{near.zh or '用 huimin policy list 查看。'}",
            f"No policy {name!r} is published.{near.en or ' See huimin policy list.'}",
        ),
        2,
    )
