"""Whether a Kafka can be reached, and if not, why: in a plain sentence, where the client libraries only say that they gave up.

A connection has three steps, and each fails in its own way: somebody answers at the port, the certificate is believed, the password is
accepted. A bare socket tries the first two, for its errors say why. One connection of aiokafka tries the third, for its error is the
broker's answer. (The clients of both libraries take a refusal for silence, and knock again until their time is over.)

The tree of errors: ``Unreachable`` (operator: address, certificate or network; trying again may help; 4), ``Refused`` (operator: user,
password or mechanism; trying again does not help; 4).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from infra.kafka.connection import CA, MECHANISM, PASSWORD, PROTOCOL, USER, Connection
from infra.kafka.processes import wait_for
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

TRIED_SECONDS = 10.0
KNOCK_SECONDS = 3.0
Answer = TypeVar("Answer")


class Unreachable(HuiminError):
    """Nobody answers, or the answer is not that of a Kafka."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 4)


class BadCredentials(HuiminError):
    """A Kafka answers and refuses the user, the password or the mechanism."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 4)


def check_access(connection: Connection, seconds: float = TRIED_SECONDS) -> None:
    """Passes where Kafka can be reached; for use before or after a client of any library, whose errors say less.

    Raises:
        Unreachable: no server answers, or its certificate is not believed. Refused: user or password. BadSetting: a file.
    """
    with admin(connection, seconds):
        pass


@contextmanager
def admin(connection: Connection, seconds: float = TRIED_SECONDS) -> Iterator[KafkaAdminClient]:
    """The administration client of kafka-python.

    Raises:
        Unreachable: no server answers, or its certificate is not believed. Refused: user or password. BadSetting: a file.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    words = connection.client()
    server = _first_server(connection)
    if connection.sasl:
        _let_in(connection, server, words)
    try:
        client = KafkaAdminClient(**words, bootstrap_timeout_ms=int(seconds * 1000))
    except KafkaError as error:
        raise Unreachable(_silent(connection, error)) from None
    try:
        yield client
    finally:
        client.close()


def ask(question: Callable[[], Answer], seconds: float = TRIED_SECONDS) -> Answer:
    """The answer to a question to a client; asks again where a broker goes away meanwhile.

    Raises:
        Unreachable: no answer in this time.
    """
    from kafka.errors import KafkaError

    answers: list[Answer] = []
    errors: list[KafkaError] = []

    def has_answer() -> bool:
        try:
            answers.append(question())
        except KafkaError as error:
            errors.append(error)
        return bool(answers)

    if not wait_for(has_answer, seconds):
        why = type(errors[-1]).__name__
        raise Unreachable(Text(f"Kafka 在 {seconds:.0f} 秒内没有回答（{why}）。", f"Kafka gave no answer in {seconds:.0f} s ({why})."))
    return answers[0]


def _first_server(connection: Connection) -> tuple[str, int]:
    """The first server that answers and whose certificate is believed."""
    context = connection.ssl_context() if connection.tls else None
    failures: list[tuple[str, OSError]] = []
    for server in connection.servers:
        host, _, port = server.rpartition(":")
        host = host.strip("[]")
        try:
            with socket.create_connection((host, int(port)), KNOCK_SECONDS) as bare:
                if context is not None:
                    context.wrap_socket(bare, server_hostname=host).close()
            return host, int(port)
        except OSError as error:
            failures.append((server, error))
    raise Unreachable(_nobody(connection, failures))


def _let_in(connection: Connection, server: tuple[str, int], words: Mapping[str, Any]) -> None:
    """Passes where this server accepts us. Runs in a thread of its own: the caller may be within an event loop."""
    from aiokafka.conn import create_conn
    from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError

    async def log_in() -> None:
        settings = {name: value for name, value in words.items() if name != "bootstrap_servers"}
        (await create_conn(*server, **settings, request_timeout_ms=int(KNOCK_SECONDS * 1000))).close()

    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(asyncio.run, log_in()).result()
        except (SaslAuthenticationFailed, UnsupportedSaslMechanismError):
            raise BadCredentials(_bad_credentials(connection)) from None
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unreachable(_silent(connection, error)) from None


def _nobody(connection: Connection, failures: list[tuple[str, OSError]]) -> Text:
    why = "; ".join(f"{server}: {_why(error)}" for server, error in failures)
    if any(isinstance(error, ssl.SSLCertVerificationError) for _, error in failures):
        zh, en = (str(connection.ca_file),) * 2 if connection.ca_file else ("系统证书", "the system's")
        return Text(
            f"Kafka 的证书不被信任（{why}）。请检查 {CA}（现为 {zh}）是否签发者的证书，以及证书里有没有这个地址。",
            f"The certificate of Kafka is not believed ({why}). See that {CA} (now {en}) is its issuer's, and that the certificate names "
            "this address.",
        )
    if any(isinstance(error, ssl.SSLError) for _, error in failures):
        return Text(
            f"Kafka 有回应，但不是 TLS（{why}）。请检查 {PROTOCOL}（现为 {connection.protocol}）和端口。",
            f"Kafka answers, but not in TLS ({why}). Look at {PROTOCOL} (now {connection.protocol}) and the port.",
        )
    return Text(
        f"连不上 Kafka（{why}）。请检查 KAFKA_BOOTSTRAP 和网络；本机的 Kafka 用 huimin kafka up 启动。",
        f"Kafka cannot be reached ({why}). Look at KAFKA_BOOTSTRAP and the network; one on this machine is started by huimin kafka up.",
    )


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return getattr(error, "reason", None) or error.strerror or type(error).__name__


def _bad_credentials(connection: Connection) -> Text:
    return Text(
        f"Kafka（{connection.bootstrap}）不接受用户 {connection.user}（{connection.mechanism}）。请检查 {USER}、{MECHANISM} 和 {PASSWORD}"
        f"（{connection.password_file}）的内容。",
        f"Kafka ({connection.bootstrap}) does not let user {connection.user} in ({connection.mechanism}). Look at {USER}, {MECHANISM} and "
        f"what is in {PASSWORD} ({connection.password_file}).",
    )


def _silent(connection: Connection, error: Exception) -> Text:
    why = type(error).__name__
    return Text(
        f"{connection.bootstrap} 有人应答，但不像 {connection.protocol} 的 Kafka（{why}）。请检查 {PROTOCOL} 和端口，或稍后再试。",
        f"Somebody answers at {connection.bootstrap}, but not as a Kafka with {connection.protocol} ({why}). Look at {PROTOCOL} and the "
        "port, or try again later.",
    )
