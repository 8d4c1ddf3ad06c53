"""Verbs about a network on Kafka: join, shards, dead-letters, describe."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from console.i18n import both, verb
from console.session import of
from console.words import number, street
from policies.values import Text

Prefix = Annotated[str, typer.Option("--prefix", metavar="TEXT", help=both("主题名的前缀", "prefix of the topics' names"))]
Last = Annotated[int, typer.Option("--last", metavar="N", min=1, help=both("最近几条", "how many, counted from the newest"))]
Shards = Annotated[
    int, typer.Option("--shards", metavar="N", min=1, max=64, help=both("几个分片分区", "how many partitions for the shards"))
]
UNPLACED = Text("未落位", "placed nowhere")


def add(app: typer.Typer) -> None:
    app.command(
        "join",
        help=verb(
            "让这个（新的）工作区成为 Kafka 网络的一部分：此后的操作都送入网络，由各工作进程完成。",
            "Make this (new) workspace part of a network on Kafka: from now on what is done here is done by its workers.",
            "huimin kafka join --workspace putuo",
        ),
    )(join)
    app.command(
        "shards",
        help=verb(
            "各街镇在哪个分区、有多少个人、家庭、住房；未落位的自成一行。",
            "Where each street is judged, and whom it has: persons, households, dwellings. Those placed nowhere are a line of their own.",
            "huimin kafka shards",
        ),
    )(shards)
    app.command(
        "dead-letters",
        help=verb(
            "列出最近未被接受的消息：何时、何处、为什么（不含内容）。",
            "List the last messages that were not admitted: when, where and why, not what they hold.",
            "huimin kafka dead-letters --last 20",
        ),
    )(dead_letters)
    app.command(
        "describe",
        help=verb(
            "输出各主题的 AsyncAPI 3.0 文档（JSON）。",
            "Print the AsyncAPI 3.0 document of the topics (JSON).",
            "huimin kafka describe --shards 4",
        ),
    )(describe)


def join(context: typer.Context, prefix: Prefix = "huimin.") -> None:
    from infra.kafka.connection import Connection
    from infra.kafka.topics import identity

    session = of(context)
    connection = Connection.of(session.environment)
    identity(connection, prefix)
    workspace = session.workspace()
    workspace.join(prefix)
    if not session.data({"workspace": str(workspace.root), "prefix": prefix, "bootstrap": connection.bootstrap}):
        session.say(
            Text(f"{workspace.root} 已加入 {connection.bootstrap}", f"{workspace.root} is part of {connection.bootstrap} now"), "bold"
        )


def shards(context: typer.Context, prefix: Prefix = "huimin.") -> None:
    from connectors.broker import ProgressTopic
    from infra.kafka.connection import Connection

    session = of(context)
    found = ProgressTopic(Connection.of(session.environment).client(), prefix).census()
    facts = [
        {"shard": name or None, "partition": one[0], "persons": one[1], "households": one[2], "dwellings": one[3]}
        for name, one in found.items()
    ]
    if session.data(facts):
        return
    if not found:
        session.say(Text("还没有人落位。", "Nobody is placed yet."))
        return
    columns = [
        Text("街镇", "street"),
        Text("分区", "partition"),
        Text("个人", "persons"),
        Text("家庭", "households"),
        Text("住房", "dwellings"),
    ]
    rows = ([street(name, session.language) if name else UNPLACED[session.language], *map(number, one)] for name, one in found.items())
    session.table(None, columns, rows, right=(1, 2, 3, 4))


def dead_letters(context: typer.Context, last: Last = 50, prefix: Prefix = "huimin.") -> None:
    from connectors.broker import dead_letters
    from infra.kafka.connection import Connection
    from infra.settings import SHANGHAI

    session = of(context)
    found = dead_letters(Connection.of(session.environment).client(), prefix, last)
    places = [(f"{one.time.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}", f"{one.topic} {one.partition}:{one.offset}", one) for one in found]
    if session.data(
        [{"time": when, "place": place, "bytes": one.size, "reason": one.reason[session.language]} for when, place, one in places]
    ):
        return
    if not found:
        session.say(Text("没有未被接受的消息。", "Nothing was refused."))
        return
    columns = [Text("时间", "time"), Text("位置", "place"), Text("字节", "bytes"), Text("原因", "reason")]
    rows = ([when, place, str(one.size), one.reason[session.language]] for when, place, one in places)
    session.table(None, columns, rows, right=(2,), whole=(1,))


def describe(context: typer.Context, shards: Shards = 1, prefix: Prefix = "huimin.") -> None:
    from infra.kafka.asyncapi import document

    sys.stdout.write(json.dumps(document(shards, prefix), ensure_ascii=False, indent=1) + "\n")
