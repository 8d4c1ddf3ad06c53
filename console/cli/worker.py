"""The verb ``worker``: one process of a network on Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.kafka_network import Prefix
from console.cli.session import session_of
from policies.values import Text

State = Annotated[Path, typer.Option("--state", metavar="DIR", help=both("本进程的状态目录，每个进程一个", "its own folder of states"))]
Shards = Annotated[
    int | None,
    typer.Option(
        "--shards",
        metavar="N",
        min=1,
        max=64,
        help=both("主题不存在时按几个分片建立（默认不建立）", "make missing topics, with so many shards (default: do not)"),
    ),
]
DepotUrl = Annotated[
    str | None,
    typer.Option(
        "--depot",
        metavar="URL",
        help=both("快照存放处：目录或 s3://…（默认 HUIMIN_DEPOT）", "where snapshots are kept: a folder or s3://… (default: HUIMIN_DEPOT)"),
    ),
]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help=both("网络密钥文件（默认 HUIMIN_NETWORK_KEY）", "the key of the network (default: HUIMIN_NETWORK_KEY)"),
    ),
]
WebPort = Annotated[
    int | None,
    typer.Option(
        "--web-port", metavar="PORT", help=both("健康、就绪、指标的端口（默认没有）", "port of health and metrics (default: none)")
    ),
]
Bind = Annotated[
    str, typer.Option("--bind", metavar="ADDRESS", help=both("该端口的地址（默认只限本机）", "its address (default: this machine only)"))
]


def add(app: typer.Typer) -> None:
    app.command(
        "worker",
        help=verb(
            "作为 Kafka 网络的一个工作进程运行，直到被停止。退出码非零即出错，由守护程序重启。",
            "Run as one worker of a network on Kafka until stopped. Not zero means an error; a supervisor starts it again.",
            "huimin worker --state worker-1 --shards 4 --web-port 6066",
        ),
    )(worker)


def worker(
    context: typer.Context,
    state: State,
    shards: Shards = None,
    depot: DepotUrl = None,
    web_port: WebPort = None,
    bind: Bind = "127.0.0.1",
    prefix: Prefix = "huimin.",
    key: Key = None,
) -> None:
    from services.network import run_worker, worker_settings

    session = session_of(context)
    settings = worker_settings(
        session.environment, state, shards=shards, depot=depot, web_port=web_port, bind=bind, prefix=prefix, key=key
    )  # fmt: skip
    bootstrap, count = settings.connection.bootstrap, settings.shards
    session.warn(Text(f"工作进程启动：{bootstrap}，{count} 个分片", f"Worker starts: {bootstrap}, {count} shards"))
    raise typer.Exit(run_worker(settings))
