"""Verbs about the Kafka of one machine: up, down, status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import network
from console.i18n import both, verb
from console.network import Shards
from console.session import Session, of
from infra.settings import BadSetting, cache
from policies.values import Text

if TYPE_CHECKING:
    from infra.kafka.cluster import BrokerStatus, Cluster
    from infra.kafka.topics import Drift, Topic

FOLDER = "kafka-local"
UNREACHABLE = 4
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        metavar="DIR",
        help=both("Kafka 的目录（默认 ~/.cache/huimin/kafka-local）", "its folder (default: ~/.cache/huimin/kafka-local)"),
    ),
]
Brokers = Annotated[
    int | None,
    typer.Option(
        "--brokers", metavar="1|3", help=both("几个 broker（默认 1；3 个中可坏一个）", "how many (default 1; of 3, one may fail)")
    ),
]


def group() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True,
        help=both("本机的 Kafka：真正的 Apache Kafka，供试验和单机使用。", "A real Apache Kafka on this machine, to try or to use."),
    )
    app.command(
        "up",
        help=verb(
            "启动本机的 Kafka，建立主题；第一次先下载（约 45 MB，要 Java 17 和 Maven）。",
            "Start Kafka on this machine and make the topics; fetched the first time (about 45 MB; needs Java 17 and Maven).",
            "huimin kafka up",
            "huimin kafka up --brokers 3 --shards 4 --folder kafka",
        ),
    )(up)
    app.command("down", help=verb("停止本机的 Kafka，数据保留。", "Stop the Kafka of this machine; its data stay.", "huimin kafka down"))(
        down
    )
    app.command(
        "status",
        help=verb(
            "看 broker、端口和主题；都就绪则退出码 0，否则 4。",
            "Show brokers, ports and topics; exit code 0 if all are ready, else 4.",
            "huimin kafka status",
        ),
    )(status)
    network.add(app)
    return app


def up(context: typer.Context, brokers: Brokers = None, folder: Folder = None, shards: Shards = 1) -> None:
    from infra.kafka.topics import create, drift, topics

    session = of(context)
    if brokers not in (None, 1, 3):
        raise BadSetting(Text("--brokers 应为 1 或 3。", "--brokers must be 1 or 3."))
    cluster = _cluster(session, folder, brokers)
    with session.progress(Text("下载 Kafka（只此一次）", "Fetching Kafka, this once")):
        cluster.runtime.jars()
    with session.progress(Text("启动 Kafka", "Starting Kafka")):
        connection = cluster.up()
        wanted = topics(shards, len(connection.servers))
        made, drifted = create(connection, wanted), drift(connection, wanted)
    facts = {"folder": str(cluster.folder), "environment": connection.environment(), "created": made, "drift": _drift_data(drifted)}
    if session.data(facts):
        return
    session.say(Text(f"Kafka 已就绪：{connection.bootstrap}", f"Kafka is ready: {connection.bootstrap}"), "bold")
    session.say(Text(f"目录 {cluster.folder}，新建主题 {len(made)} 个。", f"Folder {cluster.folder}; topics made: {len(made)}."))
    _say_drift(session, drifted)
    for name, value in connection.environment().items():
        session.say(Text(f"export {name}={value}", f"export {name}={value}"))


def down(context: typer.Context, folder: Folder = None) -> None:
    session = of(context)
    cluster = _cluster(session, folder, None)
    with session.progress(Text("停止 Kafka", "Stopping Kafka")):
        ended = cluster.down()
    if not session.data({"folder": str(cluster.folder), "stopped": ended}):
        session.say(Text(f"已停止 {ended} 个 broker，数据保留。", f"Brokers stopped: {ended}; their data stay."))


def status(context: typer.Context, folder: Folder = None) -> None:
    from infra.kafka.topics import declared, drift

    session = of(context)
    cluster = _cluster(session, folder, None)
    brokers = cluster.status()
    topics: tuple[Topic, ...] = ()
    drifted: list[Drift] = []
    if any(broker.ready for broker in brokers):
        topics = declared(cluster.connection())
        drifted = drift(cluster.connection(), topics)
    if not session.data(_facts(cluster, brokers, topics, drifted)):
        _show_brokers(session, brokers)
        _show_topics(session, topics, drifted)
    if not all(broker.ready for broker in brokers):
        raise typer.Exit(UNREACHABLE)


def _cluster(session: Session, folder: Path | None, brokers: int | None) -> Cluster:
    from infra.kafka.cluster import Cluster
    from infra.kafka.jars import Runtime

    return Cluster(folder or cache(session.environment) / FOLDER, Runtime.of(session.environment), brokers)


def _facts(cluster: Cluster, brokers: tuple[BrokerStatus, ...], topics: tuple[Topic, ...], drifted: list[Drift]) -> dict[str, Any]:
    missing = {one.topic for one in drifted if one.kind == "missing"}
    return {
        "folder": str(cluster.folder),
        "bootstrap": cluster.connection().bootstrap,
        "brokers": [{"broker": one.number, "port": one.port, "pid": one.pid, "ready": one.ready} for one in brokers],
        "topics": [{"topic": one.name, "partitions": one.partitions} for one in topics if one.name not in missing],
        "drift": _drift_data(drifted),
    }


def _drift_data(drifted: list[Drift]) -> list[dict[str, str]]:
    return [{"topic": one.topic, "kind": one.kind, "what": one.what, "expected": one.expected, "found": one.found} for one in drifted]


def _show_brokers(session: Session, brokers: tuple[BrokerStatus, ...]) -> None:
    columns = [Text("broker", "broker"), Text("端口", "port"), Text("进程", "process"), Text("状态", "state")]
    rows = ([str(one.number), str(one.port), str(one.pid or ""), _state(one)[session.language]] for one in brokers)
    session.table(None, columns, rows, right=(1, 2))


def _state(broker: BrokerStatus) -> Text:
    if broker.ready:
        return Text("就绪", "ready")
    return Text("未就绪", "not ready") if broker.pid else Text("未运行", "not running")


def _show_topics(session: Session, topics: tuple[Topic, ...], drifted: list[Drift]) -> None:
    if not topics:
        return
    missing = {one.topic for one in drifted if one.kind == "missing"}
    columns = [Text("主题", "topic"), Text("分区", "partitions"), Text("内容", "what it holds")]
    rows = ([one.name, str(one.partitions), one.about[session.language]] for one in topics if one.name not in missing)
    session.table(None, columns, rows, right=(1,))
    _say_drift(session, drifted)


def _say_drift(session: Session, drifted: list[Drift]) -> None:
    for one in drifted:
        session.say(Text(f"! {one.text.zh}", f"! {one.text.en}"), "yellow")
