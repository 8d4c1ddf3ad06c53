"""A guarded Kafka is entered with the right password and the right certificate, and says plainly what was wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.kafka import certificates
from infra.kafka.cluster import Cluster
from infra.kafka.connection import Connection
from infra.kafka.reach import BadCredentials, Unreachable, check_access
from tests.kafka.clients import a_topic, read, round_trip, send_records

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]
MECHANISMS = ["PLAIN", "SCRAM-SHA-512"]


@pytest.fixture
def wrong_password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("not-the-one\n", encoding="ascii")
    return path


@pytest.fixture(scope="module")
def other_ca(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority that signed nothing here."""
    folder = tmp_path_factory.mktemp("other")
    certificates.listener(folder, cluster.runtime.program("keytool"))
    return certificates.ca_file(folder)


def faust_words(connection: Connection) -> dict[str, Any]:
    """What Faust hands to aiokafka, made from the arguments of its application."""
    import faust
    from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list

    app = faust.App("connecting", **connection.faust())
    return {"bootstrap_servers": server_list(app.conf.broker, 9092), **credentials_to_aiokafka_auth(app.conf.broker_credentials)}


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_client_gets_in(cluster: Cluster, mechanism: str) -> None:
    """kafka-python, aiokafka, and aiokafka with what Faust gives it; the settings went through the environment."""
    connection = Connection.of(cluster.secure_connection(mechanism).environment())
    first, second, third = (a_topic(cluster.connection()) for _ in range(3))

    check_access(connection)
    send_records(connection, first, [b"kafka-python"])

    assert read(connection, first, 1) == [b"kafka-python"]
    assert round_trip(connection.client(), second, b"aiokafka") == b"aiokafka"
    assert round_trip(faust_words(connection), third, b"faust") == b"faust"


def test_faust_gets_in_by_the_plain_listener(cluster: Cluster) -> None:
    """Without credentials."""
    assert round_trip(faust_words(cluster.connection()), a_topic(cluster.connection()), b"faust") == b"faust"


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_password_is_told(cluster: Cluster, mechanism: str, wrong_password: Path) -> None:
    """By the names of the settings and the file, without what is in it; aiokafka itself only gives up."""
    connection = replace(cluster.secure_connection(mechanism), password_file=wrong_password)

    with pytest.raises(BadCredentials, match=r"does not let user huimin in .*KAFKA_SASL_PASSWORD_FILE") as raised:
        check_access(connection)
    with pytest.raises(Exception, match=r"bootstrap|[Aa]uthentication"):
        round_trip(connection.client(), "none", b"")

    assert str(wrong_password) in raised.value.text.zh
    assert "not-the-one" not in raised.value.text.zh + raised.value.text.en
    assert raised.value.exit_code == 4


def test_a_mechanism_the_broker_has_not_is_told(cluster: Cluster) -> None:
    """SCRAM-SHA-256 is not switched on."""
    with pytest.raises(BadCredentials, match="KAFKA_SASL_MECHANISM"):
        check_access(cluster.secure_connection("SCRAM-SHA-256"))


def test_a_certificate_of_another_authority_is_told(cluster: Cluster, other_ca: Path) -> None:
    """By the name of the setting and the file; aiokafka itself only gives up."""
    connection = replace(cluster.secure_connection(), ca_file=other_ca)

    with pytest.raises(Unreachable, match=r"certificate of Kafka is not believed .*KAFKA_CA_FILE") as raised:
        check_access(connection)
    with pytest.raises(Exception, match=r"bootstrap|certificate"):
        round_trip(connection.client(), "none", b"")

    assert str(other_ca) in raised.value.text.zh


def test_an_address_of_the_certificate_is_believed(cluster: Cluster) -> None:
    """It names localhost too; where nobody listens, the address is told."""
    guarded = cluster.secure_connection()
    by_name = replace(guarded, servers=tuple(server.replace("127.0.0.1", "localhost") for server in guarded.servers))

    check_access(by_name)

    with pytest.raises(Unreachable, match=r"127\.0\.0\.2"):
        check_access(replace(guarded, servers=tuple(server.replace("127.0.0.1", "127.0.0.2") for server in guarded.servers)))


def test_the_wrong_protocol_is_told(cluster: Cluster) -> None:
    """Plain to the secured port, and TLS to the plain one."""
    plain, guarded = cluster.connection(), cluster.secure_connection()

    with pytest.raises(Unreachable, match=r"not as a Kafka with PLAINTEXT .*KAFKA_SECURITY_PROTOCOL"):
        check_access(Connection(guarded.servers), seconds=2)
    with pytest.raises(Unreachable, match=r"KAFKA_SECURITY_PROTOCOL|not in TLS"):
        check_access(replace(guarded, servers=plain.servers), seconds=2)


def test_secrets_are_their_owners(cluster: Cluster) -> None:
    """No file with a password can be read by others, and no process has one in its command line."""
    (broker,) = cluster.status()
    words = Path(f"/proc/{broker.pid}/cmdline").read_text(encoding="utf-8")

    assert [path for path in cluster.folder.rglob("*") if path.lstat().st_mode & 0o077] == []  # the broker's own files, too
    assert certificates.password_file(cluster.folder).read_text(encoding="ascii").strip() not in words
