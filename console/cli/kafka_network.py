"""Verbs about a network on Kafka: key, join, shards, dead-letters, describe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import as_json, session_of
from console.text.words import number, street
from policies.values import Text

Prefix = Annotated[str, typer.Option("--prefix", metavar="TEXT", help=both("主题名的前缀", "prefix of the topics' names"))]
Last = Annotated[int, typer.Option("--last", metavar="N", min=1, help=both("最近几条", "how many, counted from the newest"))]
Shards = Annotated[
    int, typer.Option("--shards", metavar="N", min=1, max=64, help=both("几个分片分区", "how many partitions for the shards"))
]
KeyFile = Annotated[Path, typer.Argument(metavar="FILE", help=both("新的密钥文件", "the new file"))]
UNPLACED = Text("未落位", "placed nowhere")


def add(app: typer.Typer) -> None:
    app.command(
        "key",
        help=verb(
            "为新的网络生成密钥文件。凭它辨认成员：只有所有者可读，由您带到每台有工作进程或工作区的机器，用 HUIMIN_NETWORK_KEY 指到它。",
            "Make the key of a new network, by which its members are known: readable by its owner only. Take it to every machine with a "
            "worker or a workspace, and name it there in HUIMIN_NETWORK_KEY.",
            "huimin kafka key network.key",
        ),
    )(key)
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


def key(context: typer.Context, file: KeyFile) -> None:
    from services.network import write_key

    session = session_of(context)
    key_file = write_key(file)
    if not session.print_json(key_file):
        session.say(Text(f"export HUIMIN_NETWORK_KEY={key_file.file}", f"export HUIMIN_NETWORK_KEY={key_file.file}"))


def join(context: typer.Context, prefix: Prefix = "huimin.") -> None:
    from services.network import join_network as join_network

    session = session_of(context)
    member = join_network(session.workspace(), session.environment, prefix)
    if not session.print_json(member):
        root, bootstrap = member.workspace, member.bootstrap
        session.say(Text(f"{root} 已加入 {bootstrap}", f"{root} is part of {bootstrap} now"), "bold")


def shards(context: typer.Context, prefix: Prefix = "huimin.") -> None:
    from services.lookup import division_names
    from services.network import PlacedShard
    from services.network import placed_shards as placed_shards

    session = session_of(context)
    places = placed_shards(session.environment, prefix)
    if session.print_json(places, list[PlacedShard]):
        return
    if not places:
        session.say(Text("还没有人落位。", "Nobody is placed yet."))
        return
    columns = [
        Text("街镇", "street"),
        Text("分区", "partition"),
        Text("个人", "persons"),
        Text("家庭", "households"),
        Text("住房", "dwellings"),
    ]
    names = division_names(session.workspace)
    rows = (
        [
            street(place.shard, names, session.language) if place.shard else UNPLACED[session.language],
            *map(number, (place.partition, place.persons, place.households, place.dwellings)),
        ]
        for place in places
    )
    session.table(None, columns, rows, right=(1, 2, 3, 4))


def dead_letters(context: typer.Context, last: Last = 50, prefix: Prefix = "huimin.") -> None:
    from services.network import RefusedMessage, refused_messages

    session = session_of(context)
    messages = refused_messages(session.environment, prefix, last)
    if session.print_json(messages, list[RefusedMessage]):
        return
    if not messages:
        session.say(Text("没有未被接受的消息。", "Nothing was refused."))
        return
    columns = [Text("时间", "time"), Text("位置", "place"), Text("字节", "bytes"), Text("原因", "reason")]
    rows = ([message.time, message.place, str(message.bytes), message.reason[session.language]] for message in messages)
    session.table(None, columns, rows, right=(2,), whole=(1,))


def describe(context: typer.Context, shards: Shards = 1, prefix: Prefix = "huimin.") -> None:
    from infra.kafka.asyncapi import asyncapi_document

    sys.stdout.write(as_json(asyncapi_document(shards, prefix)) + "\n")
