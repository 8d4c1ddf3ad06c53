"""Verbs that start and look after a workspace: init, demo, doctor, bench."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from console.i18n import both, verb
from console.session import of
from policies.problems import HuiminError
from policies.values import Text

Residents = Annotated[int, typer.Option(metavar="N", min=200, max=2_000_000, help=both("居民人数", "how many residents"))]
Seed = Annotated[
    int, typer.Option(help=both("随机种子；同一种子得到同样的数据", "seed of the generator: the same seed, the same district"))
]
Keep = Annotated[Path | None, typer.Option(help=both("把演示的工作区留在这个目录", "keep the demonstration's workspace in this folder"))]
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
Quick = Annotated[list[str] | None, typer.Argument(metavar="[BENCHMARK]…", help=both("只跑这几项", "only these benchmarks"))]


def add(app: typer.Typer) -> None:
    app.command("init", help=verb("新建一个工作区。", "Make a new workspace.", "huimin init --example --workspace putuo"))(init)
    app.command(
        "demo",
        help=verb(
            "生成一个虚构的普陀区，走一遍从数据到名单的全过程。",
            "Make up a district and go all the way from records to lists.",
            "huimin demo --residents 5000",
            "huimin demo --kafka 2",
        ),
    )(demo)
    app.command(
        "doctor",
        help=verb("检查工作区，说明该做什么。", "Check the workspace, and say what to do.", "huimin doctor --workspace putuo"),
    )(doctor)
    app.command("bench", help=verb("运行性能测试。", "Run the benchmarks.", "huimin bench publish"))(bench)


def init(context: typer.Context, example: Example = False) -> None:
    from infra.library import EMPTY_UNITS, copy_library, example_units
    from infra.workspace import Workspace

    session = of(context)
    made = Workspace.create(session.settings.workspace, example_units() if example else EMPTY_UNITS)
    copied = dict(copy_library(made)) if example else {}
    if session.data({"workspace": str(made.root), "copied": copied}):
        return
    session.say(Text(f"已新建工作区 {made.root}", f"Made the workspace {made.root}"), "bold")
    if example:
        session.say(
            Text(
                f"已放入 {copied['feeds']} 个数据源约定和 {copied['policies']} 份政策（policies/）。",
                f"with {copied['feeds']} feed contracts and {copied['policies']} policies (policies/).",
            )
        )
    session.say(
        Text(
            "secret.key 是生成化名的密钥：请另存一份，丢失后无法恢复。",
            "secret.key makes the tokens: keep a copy elsewhere, it cannot be made again.",
        )
    )
    session.say(_next_step(example))


def _next_step(example: bool) -> Text:
    if example:
        return Text(
            "下一步：huimin feed list；huimin ingest hukou 文件.csv；huimin policy needs policies/dibao.yaml",
            "Next: huimin feed list; huimin ingest hukou FILE.csv; huimin policy needs policies/dibao.yaml",
        )
    return Text(
        "下一步：huimin unit add putuo-psb …；huimin feed add 约定.yaml", "Next: huimin unit add putuo-psb …; huimin feed add CONTRACT.yaml"
    )


def demo(context: typer.Context, residents: Residents = 50_000, seed: Seed = 310107, keep: Keep = None, kafka: Workers = 0) -> None:
    from console.demo.tour import tour

    tour(of(context), residents, seed, keep, kafka)


def doctor(context: typer.Context) -> None:
    from console.health import examined

    session = of(context)
    findings = examined(session)
    if not session.data([finding.as_data(session.language) for finding in findings]):
        marks = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}
        for finding in findings:
            mark, style = marks[finding.level]
            session.say(Text(f"{mark} {finding.text.zh}", f"{mark} {finding.text.en}"), style)
            if finding.todo is not None:
                session.say(Text(f"    → {finding.todo.zh}", f"    → {finding.todo.en}"))
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


def bench(context: typer.Context, names: Quick = None) -> None:
    session = of(context)
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
    """Is ``benchmarks.run`` there, here or where Huimin was installed from?"""
    try:
        return importlib.util.find_spec("benchmarks.run") is not None
    except ModuleNotFoundError:
        return False
