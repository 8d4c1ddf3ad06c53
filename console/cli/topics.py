"""Verbs about topics outside the network: ``feed listen`` reads a unit's topic, ``candidates send`` writes to an agency's."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Annotated

import typer

from console.cli.clock import Yes, trust
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import both, verb
from console.cli.ingest import Source
from console.cli.session import session_of
from console.text.deliveries import COLUMNS, rows_without_effect, topic_row
from policies.values import Text, share_words

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


def listen(context: typer.Context, feed: Name, topic: UnitTopic, source: Source = None, once: Once = False, yes: Yes = False) -> None:
    from services.deliveries.exchange import Until, take_in_topic

    session = session_of(context)
    with _until_stopped() as stopped:
        intake = take_in_topic(
            session.workspace(), feed, topic, Until(stopped.is_set, once), session.today, source=source, trust=trust(session, yes),
            notify=hold_warner(session), progress=session.progress,
        )  # fmt: skip
    if session.print_json(intake):
        return
    if not intake.deliveries:
        session.say(Text(f"主题 {topic} 没有新的消息。", f"Nothing new in {topic}."))
        return
    columns = [Text("批次名", "delivery's name"), *COLUMNS[1:]]
    session.table(None, columns, (topic_row(delivery, session.language) for delivery in intake.deliveries), right=(1, 2, 3, 4))
    for delivery in intake.deliveries:
        if delivery.older or delivery.same:
            session.say(rows_without_effect(delivery.id, delivery))
        if delivery.void:
            words = {"id": delivery.id, "unplaced": delivery.unplaced, "rows": delivery.rows, "allowed": share_words(intake.max_unplaced)}
            session.warn(Text(NOBODY.zh.format(**words), NOBODY.en.format(**words)))
    if any(delivery.quarantined or delivery.unplaced for delivery in intake.deliveries):
        see, letters = f"huimin feed quarantine {feed}", intake.dead_letters
        session.warn(
            Text(
                f"有消息未通过校验：见 {see}；认不出对象的原样在主题 {letters}。请单位改正后再发。",
                f"Some messages failed: see {see}; those of nobody lie in {letters} as they came. Ask the unit to mend them.",
            )
        )


def send(context: typer.Context, agency: Agency, topic: AgencyTopic, once: Once = False) -> None:
    from services.deliveries.exchange import Until
    from services.deliveries.exchange import send_editions as send_editions

    session = session_of(context)
    with _until_stopped() as stopped, session.progress(Text(f"发往 {topic}", f"Sending to {topic}")):
        totals = send_editions(session.workspace(), agency, topic, Until(stopped.is_set, once))
    if not session.print_json(totals):
        session.say(
            Text(
                f"已发 {totals.editions} 期、{totals.lines} 行到 {topic}。只有化名。",
                f"Sent {totals.editions} editions, {totals.lines} lines, to {topic}. By token only.",
            )
        )
    if totals.unproved:
        session.warn(
            Text(
                f"有 {totals.unproved} 条消息没有本网络成员的封签，没有发送：有别的程序在写各期名单的主题，请查明。",
                f"{totals.unproved} messages have no seal of a member and were not sent: somebody else writes to the topic of editions; "
                "see who.",
            )
        )


@contextmanager
def _until_stopped() -> Iterator[Event]:
    """An event that SIGINT and SIGTERM set, so that work in progress ends in order."""
    stopped = Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
