"""Verbs about a Kafka cluster on this machine: up, down, status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli import kafka_network as network
from console.cli.i18n import both, verb
from console.cli.kafka_network import Shards
from console.cli.session import Session, session_of
from policies.values import Text

if TYPE_CHECKING:
    from services.cluster import ClusterBroker, ClusterStatus, TopicDrift

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
    from services.cluster import start_cluster

    session = session_of(context)
    cluster = start_cluster(session.environment, folder, brokers, shards, session.progress)
    if session.print_json(cluster):
        return
    session.say(Text(f"Kafka 已就绪：{cluster.bootstrap}", f"Kafka is ready: {cluster.bootstrap}"), "bold")
    created = len(cluster.created)
    session.say(Text(f"目录 {cluster.folder}，新建主题 {created} 个。", f"Folder {cluster.folder}; topics made: {created}."))
    _say_drift(session, cluster.drift)
    for name, value in cluster.environment.items():
        session.say(Text(f"export {name}={value}", f"export {name}={value}"))


def down(context: typer.Context, folder: Folder = None) -> None:
    from services.cluster import stop_cluster

    session = session_of(context)
    cluster = stop_cluster(session.environment, folder, session.progress)
    if not session.print_json(cluster):
        count = cluster.stopped
        session.say(Text(f"已停止 {count} 个 broker，数据保留。", f"Brokers stopped: {count}; their data stay."))


def status(context: typer.Context, folder: Folder = None) -> None:
    from services.cluster import cluster_status

    session = session_of(context)
    cluster = cluster_status(session.environment, folder)
    if not session.print_json(cluster):
        _show_brokers(session, cluster.brokers)
        _show_topics(session, cluster)
    if not cluster.ready:
        raise typer.Exit(UNREACHABLE)


def _show_brokers(session: Session, brokers: Sequence[ClusterBroker]) -> None:
    columns = [Text("broker", "broker"), Text("端口", "port"), Text("进程", "process"), Text("状态", "state")]
    rows = ([str(b.broker), str(b.port), str(b.pid or ""), _state(b)[session.language]] for b in brokers)
    session.table(None, columns, rows, right=(1, 2))


def _state(broker: ClusterBroker) -> Text:
    if broker.ready:
        return Text("就绪", "ready")
    return Text("未就绪", "not ready") if broker.pid else Text("未运行", "not running")


def _show_topics(session: Session, cluster: ClusterStatus) -> None:
    if not cluster.topics and not cluster.drift:
        return
    columns = [Text("主题", "topic"), Text("分区", "partitions"), Text("内容", "what it holds")]
    rows = ([topic.topic, str(topic.partitions), topic.about[session.language]] for topic in cluster.topics)
    session.table(None, columns, rows, right=(1,))
    _say_drift(session, cluster.drift)


def _say_drift(session: Session, drift: Sequence[TopicDrift]) -> None:
    for difference in drift:
        session.say(Text(f"! {difference.text.zh}", f"! {difference.text.en}"), "yellow")
