"""Verbs about the workspace as a whole: init, doctor, upgrade; and demo, bench."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from infra.settings import WORKSPACE
from policies.problems.characters import EscapedLines, escaped_text
from policies.problems.problems import HuiminError
from policies.values import Text

Residents = Annotated[int, typer.Option(metavar="N", min=200, max=2_000_000, help=both("居民人数", "how many residents"))]
Seed = Annotated[
    int, typer.Option(help=both("随机种子；同一种子得到同样的数据", "seed of the generator: the same seed, the same district"))
]
Deep = Annotated[bool, typer.Option("--deep", help=both("另外通读日志，逐行核对", "also read all of the log, each row against its digest"))]
Keep = Annotated[Path | None, typer.Option(help=both("把演示的工作区留在这个目录", "keep the demonstration's workspace in this folder"))]
Accounts = Annotated[
    bool, typer.Option("--accounts", help=both("加上各种角色的账号，供试用服务", "with an account of every role, to try the service"))
]
Workers = Annotated[
    int,
    typer.Option(
        "--kafka",
        metavar="N",
        min=0,
        max=8,
        help=both("在真正的 Kafka 上由 N 个工作进程完成（默认 0：单进程）", "on a real Kafka, by N workers (default 0: in this process)"),
    ),
]
Example = Annotated[
    bool, typer.Option("--example", help=both("带上示例的单位、数据源和政策", "with the library's units, feeds and policies"))
]
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[DIR]", help=both("工作区目录；不写则同 --workspace", "folder of the workspace; --workspace if left out")),
]
Quick = Annotated[list[str] | None, typer.Argument(metavar="[BENCHMARK]…", help=both("只跑这几项", "only these benchmarks"))]


def add(app: typer.Typer) -> None:
    app.command("init", help=verb("新建一个工作区。", "Make a new workspace.", "huimin init putuo --example"))(init)
    app.command(
        "demo",
        help=verb(
            "生成一个虚构的普陀区，走一遍从数据到名单的全过程。",
            "Make up a district and go all the way from records to lists.",
            "huimin demo --residents 5000",
            "huimin demo --residents 5000 --keep putuo --accounts",
            "huimin demo --kafka 2",
        ),
    )(demo)
    app.command(
        "doctor",
        help=verb("检查工作区，说明该做什么。", "Check the workspace, and say what to do.", "huimin doctor --workspace putuo"),
    )(doctor)
    app.command(
        "upgrade",
        help=verb(
            "把旧版本写的工作区换成本版本的格式：要么全部，要么不变。",
            "Bring a workspace that an older version wrote to the formats of this one: whole, or not at all.",
            "huimin upgrade --workspace putuo",
        ),
    )(upgrade)
    app.command("bench", help=verb("运行性能测试。", "Run the benchmarks.", "huimin bench publish"))(bench)


def init(context: typer.Context, folder: Folder = None, example: Example = False) -> None:
    from services.workspaces import make_workspace

    session = session_of(context)
    root = session.settings.workspace if folder is None else folder.expanduser()
    if folder is not None and context.find_root().params.get("workspace") and root.absolute() != session.settings.workspace.absolute():
        zh, en = "写了两个不同的目录：参数和 --workspace 请只写一个。", "Two different folders are named: give the argument or --workspace."
        raise HuiminError(Text(zh, en), 2)
    new_workspace = make_workspace(root, session.environment, example)
    if session.print_json(new_workspace):
        return
    session.say(Text(f"已新建工作区 {new_workspace.workspace}", f"Made the workspace {new_workspace.workspace}"), "bold")
    if example:
        feeds, policies = new_workspace.copied["feeds"], new_workspace.copied["policies"]
        session.say(
            Text(
                f"已放入 {feeds} 个数据源约定和 {policies} 份政策（policies/）。",
                f"with {feeds} feed contracts and {policies} policies (policies/).",
            )
        )
    zh = f"{new_workspace.key} 是密钥，化名由它生成，身份库由它封存：请另存一份，丢失后无法恢复。"
    en = f"{new_workspace.key} is the key that makes the tokens and seals the vault: keep a copy elsewhere, it cannot be made again."
    session.say(Text(zh, en))
    if root.absolute() != session.settings.workspace.absolute():
        session.say(_way_in(root, session.environment.get(WORKSPACE)))
    session.say(_next_step(example))


def _way_in(root: Path, named: str | None) -> Text:
    """How later verbs find the workspace."""
    if named:
        zh, en = f"HUIMIN_WORKSPACE 现在指向 {named}；要用新的工作区：", f"HUIMIN_WORKSPACE names {named}; to work in the new one:"
        return Text(f"{zh}export HUIMIN_WORKSPACE={root.absolute()}", f"{en} export HUIMIN_WORKSPACE={root.absolute()}")
    return Text(f"进入工作区：cd {root}（在其中运行的命令都用它）", f"Go into it: cd {root} (what is run there works in it)")


def _next_step(example: bool) -> Text:
    if example:
        return Text(
            "下一步：huimin feed list；huimin ingest hukou 文件.csv；huimin policy needs policies/dibao.yaml",
            "Next: huimin feed list; huimin ingest hukou FILE.csv; huimin policy needs policies/dibao.yaml",
        )
    return Text(
        "下一步：huimin unit add putuo-psb …；huimin feed add 约定.yaml", "Next: huimin unit add putuo-psb …; huimin feed add CONTRACT.yaml"
    )


def demo(
    context: typer.Context, residents: Residents = 50_000, seed: Seed = 310107, keep: Keep = None, kafka: Workers = 0,
    accounts: Accounts = False,
) -> None:  # fmt: skip
    from console.cli.reasons import draw_explanation
    from console.demo.tour import tour

    session = session_of(context)
    if accounts and keep is None:
        raise HuiminError(
            Text("--accounts 要和 --keep 一起用：账号留在工作区里。", "--accounts needs --keep: accounts stay in a workspace."), 2
        )
    tour(session, partial(draw_explanation, session), residents, seed, keep, kafka)
    if accounts and keep is not None:
        from console.demo.office import OFFICE, add_office

        password, names = add_office(keep), "、".join(OFFICE)
        zh, en = f"账号 {names}，密码都是 {password}", f"Accounts {', '.join(OFFICE)}; the password of each is {password}"
        session.say(Text(zh, en), "bold")


def doctor(context: typer.Context, deep: Deep = False) -> None:
    from console.text.health import finding_in_words
    from services.health.examination import examine_workspace as examined
    from services.health.finding import Finding

    session = session_of(context)
    findings = [finding_in_words(f) for f in examined(session.workspace(), session.environment, session.today(), deep)]
    if not session.print_json(findings, list[Finding]):
        marks = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}
        for finding in findings:
            mark, style = marks[finding.level]
            zh, en = (
                EscapedLines(f"{mark} {escaped_text(text)}") for text in (finding.message.zh, finding.message.en)
            )  # may have several lines
            session.say(Text(zh, en), style)
            if finding.todo is not None:
                session.say(Text(f"    → {finding.todo.zh}", f"    → {finding.todo.en}"))
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


def upgrade(context: typer.Context) -> None:
    from services.workspaces import upgrade_workspace

    session = session_of(context)
    formats = upgrade_workspace(session.settings.workspace, session.environment)
    if session.print_json(formats):
        return
    if formats.before == formats.after:
        session.say(
            Text(f"已是最新的格式 {formats.after}，不需要升级。", f"It is of format {formats.after} already, the newest: nothing to do.")
        )
        return
    session.say(
        Text(f"已从格式 {formats.before} 升级到 {formats.after}。", f"Upgraded from format {formats.before} to {formats.after}."), "bold"
    )
    session.say(Text("下一步：huimin doctor", "Next: huimin doctor"))


def bench(context: typer.Context, names: Quick = None) -> None:
    session = session_of(context)
    if not _has_benchmarks():
        raise HuiminError(
            Text(
                "这里没有 benchmarks/：性能测试只在源码仓库里。请进入仓库目录再运行，或用 make bench。",
                "There is no benchmarks/ here: the benchmarks live in the source repository. Run this in its folder, or make bench.",
            )
        )
    line = [sys.executable, "-m", "benchmarks.run", *(names or []), *(["--json"] if session.json else [])]
    raise typer.Exit(subprocess.run(line, env={**os.environ}, check=False).returncode)


def _has_benchmarks() -> bool:
    """Can ``benchmarks.run`` be imported?"""
    try:
        return importlib.util.find_spec("benchmarks.run") is not None
    except ModuleNotFoundError:
        return False
