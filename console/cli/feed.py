"""Verbs about feeds: add, list, show.

See also ``console.cli.feed_contracts``, ``console.cli.feed_draft``, ``console.cli.feed_coverage`` and ``console.cli.feed_quarantine``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli import (
    feed_contracts as contracts,
)
from console.cli import (
    feed_coverage as coverage,
)
from console.cli import (
    feed_draft as drafting,
)
from console.cli import (
    feed_pickup as picking_up,
)
from console.cli import (
    feed_pull as pulling,
)
from console.cli import (
    feed_quarantine as quarantine,
)
from console.cli import (
    feed_try as trying,
)
from console.cli import (
    topics as units_kafka,
)
from console.cli.i18n import both, verb
from console.cli.session import session_of
from console.text.words import place
from policies.problems.characters import lines
from policies.values import KIND_WORDS, Text, share_words

if TYPE_CHECKING:
    from services.feeds.contracts import DescribedBounds, DescribedFeed, DescribedField

Contract = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=both("数据源约定（YAML）", "the feed contract (YAML)"))
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
    ):
        app.command(name, help=text)(function)
    contracts.add(app)
    drafting.add(app)
    trying.add(app)
    picking_up.add(app)
    pulling.add(app)
    coverage.add(app)
    quarantine.add(app)
    units_kafka.add_feed(app)
    return app


def add(context: typer.Context, contract: Contract) -> None:
    from services.feeds.contracts import add_feed

    session = session_of(context)
    added = add_feed(session.workspace(), contract)
    if not session.print_json(added):
        session.say(Text(f"已加入数据源 {added.feed}（{added.title.zh}）", f"Added the feed {added.feed} ({added.title.en})"))


def show_all(context: typer.Context) -> None:
    from services.feeds.contracts import DescribedFeed, described_feeds

    session = session_of(context)
    described = described_feeds(session.workspace())
    if session.print_json(described, list[DescribedFeed]):
        return
    columns = [
        Text("数据源", "feed"),
        Text("名称", "title"),
        Text("对象", "subject"),
        Text("来源单位", "sources"),
        Text("更新", "every"),
        Text("协议至", "agreed until"),
    ]
    session.table(None, columns, (_row(feed, session.language) for feed in described))


def _row(feed: DescribedFeed, language: str) -> list[str]:
    from console.text.values import period_words

    return [
        feed.feed,
        feed.title[language],
        KIND_WORDS[feed.subject][language] + ("*" if feed.cardinality == "many" else ""),
        lines(source.title[language] for source in feed.sources),
        "" if feed.expected_every is None else period_words(feed.expected_every, language),
        str(feed.until or ""),
    ]


def show(context: typer.Context, name: Name) -> None:
    from services.feeds.contracts import described_feed as described
    from services.lookup import division_names

    session = session_of(context)
    feed, language = described(session.workspace(), name), session.language
    places = division_names(session.workspace)
    if session.print_json(feed):
        return
    session.say(Text(f"{feed.title.zh}（{feed.feed}）", f"{feed.title.en} ({feed.feed})"), "bold")
    columns = [
        Text("字段", "field"),
        Text("名称", "title"),
        Text("类型", "type"),
        Text("单位", "unit"),
        Text("取值", "values"),
        Text("可提供", "disclosed"),
    ]
    session.table(None, columns, (_field_row(field, feed, language) for field in feed.fields))
    session.table(
        None,
        [Text("来源单位", "source"), Text("区划", "division"), Text("联系方式", "contact")],
        ([source.title[language], place(source.division, places, language), " · ".join(source.contact)] for source in feed.sources),
    )
    purposes, until = ", ".join(feed.purposes), feed.until or "—"
    session.say(Text(f"共享协议：用途 {purposes}；有效至 {until}", f"Agreement: for {purposes}; until {until}"))
    session.say(_bounds_words(feed.bounds))


def _field_row(field: DescribedField, feed: DescribedFeed, language: str) -> list[str]:
    from console.text.values import unit_words
    from policies.language.catalogue import FieldType
    from policies.language.measures import TYPE_WORDS

    return [
        field.name,
        field.title[language],
        TYPE_WORDS[FieldType(field.type)][language],
        unit_words(field.unit, language).strip() or (field.unit or ""),
        " ".join(field.values.values()) if language == "zh" else ", ".join(field.titles_en.get(code, code) for code in field.values),
        "✓" if field.name in feed.discloses else "",
    ]


def _bounds_words(bounds: DescribedBounds) -> Text:
    """The bounds of a feed: changes beyond them are held back."""
    from console.text.values import period_words

    late = Text("", "")
    if bounds.late_after is not None:
        age = bounds.late_after
        late = Text(f"声明逾 {period_words(age, 'zh')}、", f"a statement older than {period_words(age, 'en')}, ")
    least, most = share_words(bounds.shrinks_to), share_words(bounds.moves)
    return Text(
        f"界限：{late.zh}全量不足上次的 {least}、一次交付移出超过名单的 {most}",
        f"Bounds: {late.en}a full file under {least} of the last, over {most} of a list off in one delivery",
    )
