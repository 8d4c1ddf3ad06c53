"""Verbs about topics of others: ``feed listen`` takes in a unit's, ``candidates send`` fills an agency's."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from console.deliver import COLUMNS, Source, begin
from console.held import submitting
from console.i18n import both, verb
from console.lookup import named
from console.session import of
from policies.values import Text

if TYPE_CHECKING:
    from connectors.delivery import DeliveryReport

Name = Annotated[str, typer.Argument(metavar="FEED", help=both("数据源名", "the feed's name"))]
UnitTopic = Annotated[str, typer.Option("--topic", metavar="TOPIC", help=both("单位的主题，JSON 记录", "the unit's topic of JSON records"))]
AgencyTopic = Annotated[str, typer.Option("--topic", metavar="TOPIC", help=both("经办单位的主题", "the agency's topic"))]
Agency = Annotated[str, typer.Option("--agency", metavar="UNIT", help=both("经办单位的代号", "the agency's id"))]
Once = Annotated[
    bool,
    typer.Option(
        "--once", help=both("处理完现有的就结束（默认一直运行）", "end when what is there now is done (default: go on until stopped)")
    ),
]

NOBODY = Text(
    "{id}：{rows} 条消息中 {unplaced} 条认不出对象，超过约定的比例 {allowed}（max_unplaced）。补齐之前，请单位不要声明覆盖。",
    "{id}: {unplaced} of {rows} messages name nobody, more than the contract's share of {allowed} (max_unplaced). Ask the unit to make no "
    "coverage statement before they are mended.",
)


def add_feed(app: typer.Typer) -> None:
    app.command(
        "listen",
        help=verb(
            "接收一个单位自己的 Kafka 主题，每条消息一条 JSON 记录，按约定校验，直到被停止。再次运行会接着收。",
            "Take in a unit's own Kafka topic, one JSON record a message, checked as the contract says, until stopped. Run again to go on.",
            "huimin feed listen medical_insurance --topic ybzx.enrolments",
            "huimin feed listen occupancy --topic yichuan.occupancy --source yichuan-street --once",
        ),
    )(listen)


def add_candidates(app: typer.Typer) -> None:
    app.command(
        "send",
        help=verb(
            "把一个经办单位各政策的每一期名单发到它的 Kafka 主题（CloudEvents，只用化名），直到被停止。",
            "Send every edition of an agency's lists to its Kafka topic (CloudEvents, by token only), until stopped.",
            "huimin candidates send --agency putuo-civil-affairs --topic civil.lists",
        ),
    )(send)


def listen(context: typer.Context, feed: Name, topic: UnitTopic, source: Source = None, once: Once = False) -> None:
    from infra.delivery import source_of
    from infra.exchange import Until, prefix_of
    from infra.exchange import listen as listened
    from infra.kafka.connection import Connection

    session = of(context)
    connection = Connection.of(session.environment)
    workspace = session.workspace()
    contract = named(workspace.catalogue(), feed)
    position = source_of(contract, source)
    with _until_stopped() as stopped, submitting(session) as host:
        begin(session, host)
        with session.progress(Text(f"接收主题 {topic}", f"Listening to {topic}")):
            reports = listened(workspace, host, connection, feed, position, topic, Until(stopped.is_set, once))
    rows = [
        {
            "id": r.id, "feed": r.feed, "unit": r.unit, "delivery": r.number, "rows": r.rows, "unplaced": r.unplaced,
            "quarantined": r.quarantined, "deleted": r.deleted, "resumed_behind": r.resumed_behind, "changes": r.changes,
        }
        for r in reports
    ]  # fmt: skip
    if session.data({"topic": topic, "deliveries": rows}):
        return
    if not reports:
        session.say(Text(f"主题 {topic} 没有新的消息。", f"Nothing new in {topic}."))
        return
    session.table(
        None, [Text("批次名", "delivery's name"), *COLUMNS[1:]], (_row(report, session.language) for report in reports), right=(1, 2, 3, 4)
    )
    for report in reports:
        if report.unplaced > contract.max_unplaced * report.rows:
            words = {"id": report.id, "unplaced": report.unplaced, "rows": report.rows, "allowed": f"{contract.max_unplaced:.4g}"}
            session.warn(Text(NOBODY.zh.format(**words), NOBODY.en.format(**words)))
    if any(report.quarantined or report.unplaced for report in reports):
        see, letters = f"huimin feed quarantine {feed}", f"{prefix_of(workspace)}dead-letters"
        session.warn(
            Text(
                f"有消息未通过校验：见 {see}；认不出对象的原样在主题 {letters}。请单位改正后再发。",
                f"Some messages failed: see {see}; those of nobody lie in {letters} as they came. Ask the unit to mend them.",
            )
        )


def _row(report: DeliveryReport, language: str) -> list[str]:
    mark = report.resumed_behind
    note = Text(f"从第 {mark + 1} 行接着做", f"resumed at row {mark + 1}") if mark else Text("", "")
    counts = [f"{count:,}" if count else "" for count in (report.rows, report.quarantined, report.unplaced)]
    return [report.id, str(report.number), *counts, note[language]]


def send(context: typer.Context, agency: Agency, topic: AgencyTopic, once: Once = False) -> None:
    from infra.exchange import Until
    from infra.exchange import send as sent
    from infra.kafka.connection import Connection

    session = of(context)
    connection = Connection.of(session.environment)
    with _until_stopped() as stopped, session.progress(Text(f"发往 {topic}", f"Sending to {topic}")):
        report = sent(session.workspace(), connection, agency, topic, Until(stopped.is_set, once))
    if not session.data({"topic": topic, "agency": agency, "editions": report.editions, "lines": report.lines}):
        session.say(
            Text(
                f"已发 {report.editions} 期、{report.lines} 行到 {topic}。只有化名。",
                f"Sent {report.editions} editions, {report.lines} lines, to {topic}. By token only.",
            )
        )


@contextmanager
def _until_stopped() -> Iterator[Event]:
    """An event that SIGINT and SIGTERM set, so that what was begun is ended in order."""
    stopped = Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
