"""Real Kafka on this machine, in one folder: one broker or three, each a process that outlives its caller.

The folder holds all there is to know. ``up`` starts the brokers that do not run; ``down`` ends those that this folder started, and nothing
else. So anybody may call both at any time, and again. For tests, and for one machine; a Kafka that others run is connected to in the same
way (``connection.py``).

The tree of errors: ``BrokerDown`` (``launch.py``: memory, ports, disk; 1), ``NoCluster`` (2) and ``OtherCluster`` (5; ``plan.py``),
``NoRuntime`` (``jars.py``; 1), ``LockTimeout`` (``processes.py``; 5), each the operator's. Source: Apache Kafka 4.4, "KRaft": combined
nodes.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.kafka import certificates
from infra.kafka.connection import Connection
from infra.kafka.jars import Runtime
from infra.kafka.launch import START_SECONDS, BrokerDown, launch
from infra.kafka.plan import COUNTS, HOST, USER, Broker, Files, NoCluster, OtherCluster, Plan, free
from infra.kafka.processes import end_processes, exclusive_lock, running, send_signal, wait_for
from infra.kafka.reach import Unreachable, admin, ask
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import make_folder

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

STOP_SECONDS = 20.0
ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """The process of one broker, and whether it answers."""

    number: int
    port: int
    pid: int | None
    ready: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """The brokers of one folder.

    Args:
        folder: of all their files.
        runtime: Java and jars; used only when a broker is started.
        brokers: 1 or 3; None: as the folder has them, else 1.
        secured: with a second listener, SASL_SSL, whose user and certificates are made here; None: as the folder has it, else without.
    """

    folder: Path
    runtime: Runtime
    brokers: int | None = None
    secured: bool | None = None

    def up(self) -> Connection:
        """Start every broker that does not run, wait until all answer, and return how to connect.

        Raises:
            NoRuntime: Java or the jars. OtherCluster: the folder holds another cluster. NotStarted: a broker did not come up.
        """
        self.runtime.jars()
        make_folder(self.folder)
        with self._changing():
            plan = self._plan()
            self._run(plan, plan.brokers)
            if plan.secured:
                self._let_in(plan)
        return self.connection()

    def down(self) -> int:
        """End every broker that runs; returns their number.

        Raises:
            NoCluster: there is none.
        """
        plan = Plan.read(self._root)
        with self._changing():
            alive = [process for broker in plan.brokers if running(*(process := self._process(broker))) is not None]
            end_processes(alive, STOP_SECONDS)
        return len(alive)

    def status(self) -> tuple[BrokerStatus, ...]:
        """The status of every broker now.

        Raises:
            NoCluster: there is none.
        """
        plan = Plan.read(self._root)
        pids = {broker: running(*self._process(broker)) for broker in plan.brokers}
        return tuple(
            BrokerStatus(broker.number, broker.port, pid, pid is not None and self._answers(broker)) for broker, pid in pids.items()
        )

    def start(self, number: int) -> None:
        """Start one broker and wait until it answers."""
        with self._changing():
            plan = Plan.read(self._root)
            self._run(plan, [_broker(plan, number)])

    def stop(self, number: int) -> None:
        """Ask one broker to end, and wait for its end."""
        with self._changing():
            end_processes([self._process(_broker(Plan.read(self._root), number))], STOP_SECONDS)

    def kill(self, number: int) -> None:
        """End one broker as a power cut would, without asking it."""
        process = self._process(_broker(Plan.read(self._root), number))
        send_signal(*process, signal.SIGKILL)
        wait_for(lambda: running(*process) is None, STOP_SECONDS)

    def leader(self, topic: str, partition: int = 0) -> int | None:
        """The number of the broker that leads a partition; None while there is no leader."""
        with admin(self.connection()) as client:
            partitions = ask(lambda: client.describe_topics([topic]))[0]["partitions"]
        leader = next((int(row["leader_id"]) for row in partitions if row["partition_index"] == partition), -1)
        return leader if leader > 0 else None

    def connection(self) -> Connection:
        """The connection to the plain listeners."""
        return Connection(tuple(f"{HOST}:{broker.port}" for broker in Plan.read(self._root).brokers))

    def secure_connection(self, mechanism: str = "SCRAM-SHA-512") -> Connection:
        """The connection to the secured listeners, with PLAIN or SCRAM-SHA-512."""
        servers = tuple(f"{HOST}:{broker.secure_port}" for broker in Plan.read(self._root).brokers)
        ca_file, password = certificates.ca_file(self._root), certificates.password_file(self._root)
        return Connection(servers, "SASL_SSL", ca_file, mechanism=mechanism, user=USER, password_file=password)

    @property
    def _root(self) -> Path:
        return self.folder.absolute()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with exclusive_lock(self._root / "lock", START_SECONDS + 2 * STOP_SECONDS):
            yield

    def _process(self, broker: Broker) -> tuple[Path, str]:
        """A broker's process: the file of its number, and a word that only its command line has."""
        files = Files.of(self._root, broker)
        return files.pid, str(files.properties)

    def _plan(self) -> Plan:
        """The plan of the folder, made where there is none."""
        try:
            plan = Plan.read(self._root)
        except NoCluster:
            assert (self.brokers or 1) in COUNTS
            plan = Plan.new(self.brokers or 1, bool(self.secured))
            plan.write(self._root)
        brokers = len(plan.brokers) if self.brokers is None else self.brokers
        secured = plan.secured if self.secured is None else self.secured
        if (brokers, secured) != (len(plan.brokers), plan.secured):
            raise OtherCluster(self.folder, plan, brokers, secured)
        return plan

    def _run(self, plan: Plan, wanted: Sequence[Broker]) -> None:
        """Start the wanted brokers that do not run, and wait for all of them; where one fails, end those that were started here."""
        idle = [broker for broker in wanted if running(*self._process(broker)) is None]
        try:
            launch(self._root, plan, idle, self.runtime)
            self._await(wanted)
        except HuiminError:
            end_processes([self._process(broker) for broker in idle], STOP_SECONDS)
            raise

    def _await(self, wanted: Sequence[Broker]) -> None:
        """Wait until the wanted brokers answer.

        Raises:
            NotStarted: names a broker that ended meanwhile, or that is late.
        """
        late, has_ended = list(wanted), False

        def up() -> bool:
            nonlocal has_ended
            late[:] = [broker for broker in late if not self._answers(broker)]
            ended_again = [broker for broker in late if running(*self._process(broker)) is None]
            if ended_again:
                late[:], has_ended = ended_again, True
            return has_ended or not late

        wait_for(up, START_SECONDS)
        if late:
            raise BrokerDown(_not_started(Files.of(self._root, late[0]), has_ended))

    def _answers(self, broker: Broker) -> bool:
        """Whether this very broker answers and takes part."""
        if free(broker.port):
            return False
        with suppress(Unreachable), admin(Connection((f"{HOST}:{broker.port}",)), ANSWER_SECONDS) as client:
            rows = ask(client.describe_cluster, ANSWER_SECONDS)["brokers"]
            return any(row["broker_id"] == broker.number and not row.get("is_fenced") for row in rows)
        return False

    def _let_in(self, plan: Plan) -> None:
        """Register the user of the secured listener with SCRAM, once."""
        from kafka.admin import UserScramCredentialUpsertion

        def has_user(client: KafkaAdminClient) -> bool:
            return bool(client.describe_user_scram_credentials([USER])[USER]["credential_infos"])

        with admin(self.connection()) as client:
            if not has_user(client):
                password = certificates.password(self._root)
                client.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, "SCRAM-SHA-512", password)])
                wait_for(lambda: has_user(client), START_SECONDS)


def _broker(plan: Plan, number: int) -> Broker:
    return next(broker for broker in plan.brokers if broker.number == number)


def _not_started(files: Files, has_ended: bool) -> Text:
    how = (
        Text("启动后又退出", "ended again")
        if has_ended
        else Text(f"{START_SECONDS:.0f} 秒内没有就绪", f"was not ready in {START_SECONDS:.0f} s")
    )
    return Text(
        f"{files.root.name} {how.zh}。原因见 {files.logs}/broker.log 和 output.log；常见的是内存或磁盘不足。数据未动，可再试。",
        f"{files.root.name} {how.en}. {files.logs}/broker.log and output.log say why; often it is memory or disk. The data were left as "
        "they are: try again.",
    )
