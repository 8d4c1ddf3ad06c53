"""Verbs about feeds and their contracts: add, list, show, check. See also ``console.coverage``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import coverage, units_kafka
from console.i18n import both, verb
from console.lookup import named
from console.session import of
from console.words import place
from policies.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from policies.catalogue import Feed

Contract = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=both("数据源约定（YAML）", "the feed contract (YAML)"))
]
Contracts = Annotated[
    list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help=both("要检查的约定", "contracts to check"))
]
Name = Annotated[str, typer.Argument(metavar="FEED", help=both("数据源名", "the feed's name"))]


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("数据源：记录从哪里来。", "Feeds: where records come from."))
    for name, function, text in (
        ("add", add, verb("加入一个数据源。", "Add a feed by its contract.", "huimin feed add contracts/pension.yaml")),
        ("list", show_all, verb("列出数据源。", "List the feeds.", "huimin feed list --json")),
        (
            "show",
            show,
            verb("看一个数据源的字段、来源和共享协议。", "Show a feed's fields, sources and agreement.", "huimin feed show hukou"),
        ),
        (
            "check",
            check,
            verb("检查约定，列出所有问题。", "Check contracts and list every problem.", "huimin feed check contracts/pension.yaml"),
        ),
    ):
        app.command(name, help=text)(function)
    coverage.add(app)
    units_kafka.add_feed(app)
    return app


def add(context: typer.Context, contract: Contract) -> None:
    from connectors.contracts import load_contract, read_catalogue

    session = of(context)
    workspace = session.workspace()
    units, contracts = workspace.documents()
    text = contract.read_text(encoding="utf-8")
    feed = load_contract(text, str(contract))
    file = f"feeds/{feed.name}.yaml"
    if file in contracts:
        raise HuiminError(Text(f"数据源 {feed.name} 已存在（{file}）。", f"The feed {feed.name} is there already ({file})."), 5)
    read_catalogue(units, {**contracts, str(contract): text})
    (workspace.folder("feeds") / f"{feed.name}.yaml").write_text(text, encoding="utf-8")
    if not session.data({"feed": feed.name, "file": file}):
        session.say(Text(f"已加入数据源 {feed.name}（{feed.title.zh}）", f"Added the feed {feed.name} ({feed.title.en})"))


def show_all(context: typer.Context) -> None:
    session = of(context)
    feeds = list(session.workspace().catalogue().feeds.values())
    if session.data([_as_data(feed, session.language) for feed in feeds]):
        return
    columns = [
        Text("数据源", "feed"),
        Text("名称", "title"),
        Text("对象", "subject"),
        Text("来源单位", "sources"),
        Text("更新", "every"),
        Text("协议至", "agreed until"),
    ]
    session.table(None, columns, (_row(feed, session.language) for feed in feeds))


def _row(feed: Feed, language: str) -> list[str]:
    subject = KINDS[feed.subject][language] + ("*" if feed.many else "")
    return [
        feed.name,
        feed.title[language],
        subject,
        "\n".join(s.unit for s in feed.sources),
        feed.expected_every or "",
        str(feed.agreement.until or ""),
    ]


KINDS: dict[Any, Text] = {"person": Text("个人", "person"), "household": Text("家庭", "household"), "dwelling": Text("住房", "dwelling")}


def _as_data(feed: Feed, language: str) -> dict[str, Any]:
    return {
        "feed": feed.name,
        "title": feed.title[language],
        "subject": str(feed.subject),
        "cardinality": "many" if feed.many else "one",
        "sources": [{"unit": s.unit, "division": s.division} for s in feed.sources],
        "fields": [{"name": f.name, "type": str(f.type), "title": f.title[language], "identity": f.identity} for f in feed.fields.values()],
        "purposes": list(feed.agreement.purposes),
        "discloses": list(feed.agreement.discloses),
        "until": feed.agreement.until,
        "expected_every": feed.expected_every,
        "bounds": {"shrinks_to": feed.bounds.shrinks_to, "late_after": feed.bounds.late_after, "moves": feed.bounds.moves},
    }


def show(context: typer.Context, name: Name) -> None:
    session = of(context)
    catalogue = session.workspace().catalogue()
    feed, language = named(catalogue, name), session.language
    if session.data(_as_data(feed, language)):
        return
    session.say(Text(f"{feed.title.zh}（{feed.name}）", f"{feed.title.en} ({feed.name})"), "bold")
    session.table(
        None,
        [
            Text("字段", "field"),
            Text("名称", "title"),
            Text("类型", "type"),
            Text("单位", "unit"),
            Text("取值", "values"),
            Text("可提供", "disclosed"),
        ],
        (
            [
                f.name,
                f.title[language],
                str(f.type),
                f.unit or "",
                " ".join(zh if language == "zh" else code for code, zh in f.values),
                "✓" if f.name in feed.agreement.discloses else "",
            ]
            for f in feed.fields.values()
        ),
    )
    session.table(
        None,
        [Text("来源单位", "source"), Text("区划", "division"), Text("联系方式", "contact")],
        (
            [catalogue.units[s.unit].title[language], place(s.division, language), " · ".join(catalogue.units[s.unit].contact.values())]
            for s in feed.sources
        ),
    )
    purposes, until = ", ".join(feed.agreement.purposes), feed.agreement.until or "—"
    session.say(Text(f"共享协议：用途 {purposes}；有效至 {until}", f"Agreement: for {purposes}; until {until}"))
    session.say(_bounds_words(feed))


def _bounds_words(feed: Feed) -> Text:
    """Beyond which the feed takes nobody off a list unasked."""
    from console.rules import period_words
    from policies.values import Period

    b, late = feed.bounds, Text("", "")
    if b.late_after is not None:
        age = Period.parse(b.late_after)
        late = Text(f"声明逾 {period_words(age, 'zh')}、", f"a statement older than {period_words(age, 'en')}, ")
    return Text(
        f"界限：{late.zh}全量不足上次的 {b.shrinks_to:.4g}、一次交付移出超过名单的 {b.moves:.4g}",
        f"Bounds: {late.en}a full file under {b.shrinks_to:.4g} of the last, over {b.moves:.4g} of a list off in one delivery",
    )


def check(context: typer.Context, files: Contracts) -> None:
    from connectors.contracts import read_catalogue
    from policies.problems import Invalid

    session = of(context)
    units, contracts = session.workspace().documents()
    given = {str(path): path.read_text(encoding="utf-8") for path in files}
    names = {path.name for path in files}
    others = {file: text for file, text in contracts.items() if Path(file).name not in names}
    try:
        read_catalogue(units, {**others, **given})
    except Invalid as error:
        session.data([problem_data(problem, session.language) for problem in error.problems])
        raise
    if not session.data([]):
        session.say(Text("没有发现问题。", "No problems found."), "green")


def problem_data(problem: Any, language: str) -> dict[str, Any]:
    """A problem as JSON."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.text[language],
    }
