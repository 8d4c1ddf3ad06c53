"""The settings of a connection: what goes together is taken, what does not is refused by name."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from infra.kafka.connection import Connection
from infra.kafka.reach import Unreachable, check_access
from infra.settings import BadSetting

BOOTSTRAP = {"KAFKA_BOOTSTRAP": "a:9092"}
SASL = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "scram-sha-512", "KAFKA_SASL_USER": "huimin"}


@pytest.fixture
def password(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "password"
    path.write_text("p w\n", encoding="utf-8")
    return {"KAFKA_SASL_PASSWORD_FILE": str(path)}


def test_the_least_is_an_address() -> None:
    """Several after commas, each once; empty settings are none."""
    connection = Connection.of({"KAFKA_BOOTSTRAP": " a:9092, [::1]:9093,a:9092 ", "KAFKA_CA_FILE": " ", "PATH": "x"})

    assert connection == Connection(("a:9092", "[::1]:9093"))
    assert connection.client() == {"bootstrap_servers": ["a:9092", "[::1]:9093"], "security_protocol": "PLAINTEXT"}
    assert connection.faust() == {"broker": ["kafka://a:9092", "kafka://[::1]:9093"]}
    assert connection.environment() == {"KAFKA_BOOTSTRAP": "a:9092,[::1]:9093"}


def test_sasl_is_handed_on(password: dict[str, str]) -> None:
    """The password is read when a client is made, spaces within it and all; it is no part of the connection."""
    connection = Connection.of(BOOTSTRAP | SASL | password)

    words = connection.client()
    credentials = connection.faust()["broker_credentials"]

    assert (words["sasl_mechanism"], words["sasl_plain_username"], words["sasl_plain_password"]) == ("SCRAM-SHA-512", "huimin", "p w")
    assert (credentials.protocol.value, credentials.mechanism.value) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")
    assert "p w" not in repr(connection)
    assert Connection.of(connection.environment()) == connection


def test_tls_is_handed_on() -> None:
    """Without a file the system's certificates are believed; names are compared."""
    connection = Connection.of(BOOTSTRAP | {"KAFKA_SECURITY_PROTOCOL": "ssl"})

    context = connection.client()["ssl_context"]

    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED
    assert connection.faust()["broker_credentials"].protocol.value == "SSL"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "KAFKA_BOOTSTRAP is missing"),
        ({"KAFKA_BOOTSTRAP": "a"}, "a is not host:port"),
        ({"KAFKA_BOOTSTRAP": "a:0"}, "a:0 is not host:port"),
        ({"KAFKA_BOOTSTRAP": "kafka://a:9092"}, "kafka://a:9092 is not host:port"),
        (BOOTSTRAP | {"KAFKA_SECURITY_PROTOCOL": "SASL_TLS"}, "Did you mean SASL_SSL"),
        (BOOTSTRAP | {"KAFKA_CA_FILE": "x"}, "KAFKA_CA_FILE is set, but KAFKA_SECURITY_PROTOCOL is PLAINTEXT"),
        (
            BOOTSTRAP | {"KAFKA_SASL_USER": "x", "KAFKA_SECURITY_PROTOCOL": "SSL"},
            "KAFKA_SASL_USER is set, but KAFKA_SECURITY_PROTOCOL is SSL",
        ),
        (BOOTSTRAP | {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "KAFKA_SASL_MECHANISM is missing"),
        (BOOTSTRAP | SASL, "KAFKA_SASL_PASSWORD_FILE is missing"),
        (BOOTSTRAP | SASL | {"KAFKA_SASL_PASSWORD": "secret"}, "A password does not belong in the environment"),
        (BOOTSTRAP | SASL | {"KAFKA_SASL_PASSWORD_FILE": "/none"}, "KAFKA_SASL_PASSWORD_FILE: there is no file /none"),
        (BOOTSTRAP | {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_CERT_FILE": "x"}, "KAFKA_KEY_FILE is missing"),
        (BOOTSTRAP | {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_KEY_FILE": "x"}, "KAFKA_CERT_FILE is missing"),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, str], words: str) -> None:
    """By the name of the setting, in both languages, with exit code 2; never with a password."""
    with pytest.raises(BadSetting, match=words) as refused:
        Connection.of(settings)

    assert refused.value.exit_code == 2
    assert refused.value.text.zh != refused.value.text.en
    assert "secret" not in refused.value.text.zh + refused.value.text.en


def test_an_unknown_mechanism_is_refused(password: dict[str, str]) -> None:
    """With the known ones."""
    with pytest.raises(BadSetting, match="KAFKA_SASL_MECHANISM does not know MD5: one of PLAIN, SCRAM-SHA-256"):
        Connection.of(BOOTSTRAP | SASL | password | {"KAFKA_SASL_MECHANISM": "md5"})


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    """When a client is made."""
    (tmp_path / "password").touch()
    connection = Connection.of(BOOTSTRAP | SASL | {"KAFKA_SASL_PASSWORD_FILE": str(tmp_path / "password")})

    with pytest.raises(BadSetting, match="is empty"):
        connection.client()


@pytest.mark.parametrize("names", [("KAFKA_CA_FILE",), ("KAFKA_CERT_FILE", "KAFKA_KEY_FILE")])
def test_a_file_that_is_no_certificate_is_refused(names: tuple[str, ...], tmp_path: Path) -> None:
    """By the name of the setting."""
    (tmp_path / "x.pem").write_text("not a certificate", encoding="ascii")
    connection = Connection.of(BOOTSTRAP | {"KAFKA_SECURITY_PROTOCOL": "SSL"} | dict.fromkeys(names, str(tmp_path / "x.pem")))

    with pytest.raises(BadSetting, match=f"{names[0]}.*x.pem cannot be used"):
        connection.client()


def test_where_nobody_listens_is_told() -> None:
    """Each address with its reason, and what to do; exit code 4."""
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1: Connection refused.*KAFKA_BOOTSTRAP") as raised:
        check_access(Connection(("127.0.0.1:1",)))

    assert raised.value.exit_code == 4
