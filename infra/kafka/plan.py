"""The layout of the brokers of one folder: their ports, their files, their settings.

What is chosen once (number of brokers, ports, the cluster's id) is written before the first start and never changes, so that a broker comes
back where it was. Ports lie below those that the system gives to clients. Otherwise a client that knocks at the port of a stopped broker
could be given that very port, and the broker could not come back.

    plan.json  lock  broker-1/ (server.properties, data/, logs/, pid, formatted)  secrets/

Source: Apache Kafka 4.4, "Broker Configs" and "KRaft".
"""

from __future__ import annotations

import json
import random
import re
import socket
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from streams.disk.files import Unfit, text_at, write_whole

HOST = "127.0.0.1"
PORTS = range(15_000, 30_000)
COUNTS = (1, 3)
HEAP_MEGABYTES = {1: 384, 3: 320}
LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
USER = "huimin"
"""The user of the secured listener."""


class OtherCluster(Conflict):
    def __init__(self, folder: Path, plan: Plan, brokers: int, secured: bool) -> None:
        there, asked = (_kind(len(plan.brokers), plan.secured), _kind(brokers, secured))
        super().__init__(
            Text(
                f"{folder} 里已有一套 Kafka（{there.zh}），要的是另一套（{asked.zh}）；未作改动。请换一个目录。",
                f"{folder} holds a Kafka already ({there.en}), and another was asked for ({asked.en}); nothing was changed. Choose another "
                "folder.",
            )
        )


def _kind(brokers: int, secured: bool) -> Text:
    return Text(f"broker 数 {brokers}{'，带加密监听' if secured else ''}", f"brokers: {brokers}{', secured listener' if secured else ''}")


class NoCluster(HuiminError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            Text(
                f"{folder} 里没有 Kafka。用 huimin kafka up --folder {folder} 新建，或用 --folder 指到已有的。",
                f"There is no Kafka in {folder}. Make one: huimin kafka up --folder {folder}; or point --folder at another.",
            ),
            2,
        )


class DamagedPlan(HuiminError):
    """The plan cannot be read back (operator: restore it, or begin anew; 1)."""

    def __init__(self, path: Path, why: Text) -> None:
        super().__init__(
            Text(
                f"{path} {why.zh}。它记着 broker 的端口和编号。请从备份恢复它；这套 Kafka 不要了，就删除 {path.parent}，再运行 kafka up。",
                f"{path} {why.en}. It holds the ports and numbers of the brokers. Restore it from a backup; where nothing of this Kafka is "
                f"needed any more, remove {path.parent} and run kafka up.",
            )
        )


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker's number and ports."""

    number: int
    port: int
    controller_port: int
    secure_port: int

    @property
    def ports(self) -> tuple[int, int, int]:
        return self.port, self.controller_port, self.secure_port


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices of the first start."""

    id: str
    brokers: tuple[Broker, ...]
    secured: bool

    @classmethod
    def new(cls, brokers: int, secured: bool) -> Plan:
        """A new plan on ports that nobody listens on."""
        free = _free_ports()
        chosen_brokers = tuple(Broker(number, next(free), next(free), next(free)) for number in range(1, brokers + 1))
        return cls(urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="), chosen_brokers, secured)

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """The plan of this folder.

        Raises:
            NoCluster: there is no plan. DamagedPlan: it cannot be read back.
        """
        path = folder / "plan.json"
        try:
            facts = json.loads(text_at(path))
            plan = cls(facts["id"], tuple(Broker(**broker) for broker in facts["brokers"]), facts["secured"])
            ports = [port for broker in plan.brokers for port in broker.ports]
            if len(plan.brokers) not in COUNTS or not _ID.fullmatch(plan.id) or not all(0 < port < 65536 for port in ports):
                raise ValueError("plan")
        except (FileNotFoundError, NotADirectoryError):
            raise NoCluster(folder) from None
        except Unfit as error:
            raise DamagedPlan(path, error.why) from None
        except (ValueError, LookupError, TypeError, RecursionError):
            raise DamagedPlan(path, Text("已损坏", "is damaged")) from None
        return plan

    def write(self, folder: Path) -> None:
        write_whole(folder / "plan.json", json.dumps(asdict(self), indent=1) + "\n")


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a broker."""

    root: Path

    @classmethod
    def of(cls, folder: Path, broker: Broker) -> Files:
        return cls(folder / f"broker-{broker.number}")

    @property
    def properties(self) -> Path:
        return self.root / "server.properties"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def pid(self) -> Path:
        return self.root / "pid"

    @property
    def format_mark(self) -> Path:
        """The file that exists once the data folder is formatted."""
        return self.root / "formatted"


def properties(plan: Plan, broker: Broker, files: Files, secured: Mapping[str, str]) -> str:
    """The text of a broker's settings.

    Args:
        secured: the settings of the secured listener.
    """
    values = dict(_common(len(plan.brokers)))
    listeners = {"PLAIN": broker.port, "CONTROLLER": broker.controller_port} | ({"SECURE": broker.secure_port} if plan.secured else {})
    where = {name: f"{name}://{HOST}:{port}" for name, port in listeners.items()}
    values |= {
        "node.id": str(broker.number),
        "controller.quorum.voters": ",".join(f"{other.number}@{HOST}:{other.controller_port}" for other in plan.brokers),
        "listeners": ",".join(where.values()),
        "advertised.listeners": ",".join(place for name, place in where.items() if name != "CONTROLLER"),
        "log.dirs": str(files.data),
        **secured,
    }
    return "".join(f"{name}={_property_value(value)}\n" for name, value in values.items())


def _property_value(value: str) -> str:
    """A value in the syntax of Java properties: every character but printable ASCII, and the backslash, is escaped."""
    units = value.encode("utf-16-be")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 and code != 92 else f"\\u{code:04x}" for code in codes)


def _common(brokers: int) -> Iterator[tuple[str, str]]:
    """The settings that all brokers share; those of memory and threads suit a machine with other work."""
    least = "2" if brokers == 3 else "1"
    yield from (
        ("process.roles", "broker,controller"),
        ("controller.listener.names", "CONTROLLER"),
        ("inter.broker.listener.name", "PLAIN"),
        ("listener.security.protocol.map", "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL"),
        ("auto.create.topics.enable", "false"),
        ("unclean.leader.election.enable", "false"),
        ("group.initial.rebalance.delay.ms", "0"),
        ("log.retention.check.interval.ms", "30000"),  # what an erasure deleted leaves the disk within a minute
        ("log.segment.delete.delay.ms", "5000"),
        ("message.max.bytes", str(LARGEST_MESSAGE_BYTES)),
        ("replica.fetch.max.bytes", str(LARGEST_MESSAGE_BYTES)),
        ("default.replication.factor", str(brokers)),
        ("min.insync.replicas", least),
        ("broker.session.timeout.ms", "6000"),
        ("broker.heartbeat.interval.ms", "1000"),
        ("num.network.threads", "2"),
        ("num.io.threads", "4"),
        ("log.cleaner.dedupe.buffer.size", "8388608"),
    )
    for internal, least_named in (("offsets", ""), ("transaction.state.log", "min.isr"), ("share.coordinator.state", "min.isr")):
        stem = internal if internal == "transaction.state.log" else f"{internal}.topic"
        yield f"{stem}.replication.factor", str(brokers)
        yield f"{stem}.num.partitions", "8"
        if least_named:
            yield f"{stem}.{least_named}", least


def _free_ports() -> Iterator[int]:
    """Ports on which nobody listens, in random order, each once."""
    for port in random.sample(PORTS, len(PORTS)):
        if free(port):
            yield port


def free(port: int) -> bool:
    """Whether nobody listens on this port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
