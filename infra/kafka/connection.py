"""How a Kafka is connected to: read from the environment once, given to each client library in its own words.

Settings that contradict each other, or that are incomplete, are refused before anything is tried. A password lies in a file, is read when
a client is made, and never stands in a message.

    KAFKA_BOOTSTRAP             host:port, more of them after commas
    KAFKA_SECURITY_PROTOCOL     PLAINTEXT (the default), SSL, SASL_PLAINTEXT, SASL_SSL
    KAFKA_CA_FILE               the authority whose certificates are believed (PEM); by default those of the system
    KAFKA_CERT_FILE, _KEY_FILE  who we are (PEM), where brokers ask for a certificate
    KAFKA_SASL_MECHANISM        PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
    KAFKA_SASL_USER, KAFKA_SASL_PASSWORD_FILE

Source: kafka-python 3.0, aiokafka 0.14 and faust-streaming 0.15, as installed.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.settings import BadSetting
from policies.problems.problems import suggestion, value_text
from policies.values import Text

BOOTSTRAP, PROTOCOL = "KAFKA_BOOTSTRAP", "KAFKA_SECURITY_PROTOCOL"
CA, CERT, KEY = "KAFKA_CA_FILE", "KAFKA_CERT_FILE", "KAFKA_KEY_FILE"
MECHANISM, USER, PASSWORD = "KAFKA_SASL_MECHANISM", "KAFKA_SASL_USER", "KAFKA_SASL_PASSWORD_FILE"
BARE_PASSWORD = "KAFKA_SASL_PASSWORD"

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
SSL_SETTINGS, SASL_SETTINGS = (CA, CERT, KEY), (MECHANISM, USER, PASSWORD)


@dataclass(frozen=True, slots=True)
class Connection:
    """The address of a Kafka, and our identity there."""

    servers: tuple[str, ...]
    protocol: str = "PLAINTEXT"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    mechanism: str | None = None
    user: str | None = None
    password_file: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Connection:
        """The connection that these variables describe.

        Raises:
            BadSetting: a variable is missing, cannot be read, or contradicts another.

        Example:
            >>> Connection.of({"KAFKA_BOOTSTRAP": "a:9092,b:9092"}).servers
            ('a:9092', 'b:9092')
        """
        variables = {name: value.strip() for name, value in environment.items() if name.startswith("KAFKA_") and value.strip()}
        servers = _servers(variables.get(BOOTSTRAP, ""))
        protocol = _one_of(PROTOCOL, variables.get(PROTOCOL, "PLAINTEXT").upper(), PROTOCOLS)
        _agree(variables, protocol)
        mechanism = _one_of(MECHANISM, variables[MECHANISM].upper(), MECHANISMS) if MECHANISM in variables else None
        ca_file, cert, key, password = (_file(variables, name) for name in (CA, CERT, KEY, PASSWORD))
        return cls(servers, protocol, ca_file, cert, key, mechanism, variables.get(USER), password)

    @property
    def bootstrap(self) -> str:
        return ",".join(self.servers)

    @property
    def tls(self) -> bool:
        return self.protocol.endswith("SSL")

    @property
    def sasl(self) -> bool:
        return self.protocol.startswith("SASL")

    def environment(self) -> dict[str, str]:
        """The variables that describe this connection."""
        values = (self.bootstrap, self.protocol, self.ca_file, self.cert_file, self.key_file, self.mechanism, self.user, self.password_file)
        names = (BOOTSTRAP, PROTOCOL, CA, CERT, KEY, MECHANISM, USER, PASSWORD)
        variables = {name: str(value) for name, value in zip(names, values, strict=True) if value is not None}
        return {name: value for name, value in variables.items() if (name, value) != (PROTOCOL, "PLAINTEXT")}

    def client(self) -> dict[str, Any]:
        """The arguments of every client of kafka-python and of aiokafka.

        Raises:
            BadSetting: a file cannot be used.
        """
        words: dict[str, Any] = {"bootstrap_servers": list(self.servers), "security_protocol": self.protocol}
        if self.tls:
            words["ssl_context"] = self.ssl_context()
        if self.sasl:
            words |= {"sasl_mechanism": self.mechanism, "sasl_plain_username": self.user, "sasl_plain_password": self.password()}
        return words

    def faust(self) -> dict[str, Any]:
        """The arguments of a Faust application.

        Raises:
            BadSetting: a file cannot be used.
        """
        from faust import SASLCredentials, SSLCredentials

        words: dict[str, Any] = {"broker": [f"kafka://{server}" for server in self.servers]}
        context = self.ssl_context() if self.tls else None
        if self.sasl:
            words["broker_credentials"] = SASLCredentials(
                username=self.user, password=self.password(), ssl_context=context, mechanism=self.mechanism
            )
        elif context is not None:
            words["broker_credentials"] = SSLCredentials(context)
        return words

    def ssl_context(self) -> ssl.SSLContext:
        """The certificates that we believe, and our own; the name of the server is compared.

        Raises:
            BadSetting: a file is no certificate, or the key does not fit the certificate.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (ssl.SSLError, OSError) as error:
            raise _unusable(CA, self.ca_file, error) from None
        if self.cert_file is not None:
            try:
                context.load_cert_chain(self.cert_file, self.key_file, password="")
            except (ssl.SSLError, OSError) as error:
                raise _unusable(f"{CERT}, {KEY}", self.cert_file, error) from None
        return context

    def password(self) -> str:
        """The text of the password file without its last line end.

        Raises:
            BadSetting: it cannot be read or is empty.
        """
        assert self.password_file is not None  # _agree saw to it
        try:
            text = self.password_file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(PASSWORD, self.password_file, error) from None
        if not text:
            raise BadSetting(Text(f"{PASSWORD}：{self.password_file} 是空的。", f"{PASSWORD}: {self.password_file} is empty."))
        return text


def _servers(text: str) -> tuple[str, ...]:
    servers = tuple(dict.fromkeys(server for part in text.split(",") if (server := part.strip())))
    if not servers:
        raise BadSetting(
            Text(f"缺少 {BOOTSTRAP}：写成 主机:端口，多个用逗号分开。", f"{BOOTSTRAP} is missing: host:port, more of them after commas.")
        )
    for server in servers:
        host, _, port = server.rpartition(":")
        if not host or "/" in server or not port.isdecimal() or not 0 < int(port) < 65536:
            raise BadSetting(
                Text(
                    f"{BOOTSTRAP} 里的 {value_text(server)} 不是 主机:端口，应如 kafka-1:9092。",
                    f"{BOOTSTRAP}: {value_text(server)} is not host:port, such as kafka-1:9092.",
                )
            )
    return servers


def _one_of(name: str, word: str, choices: tuple[str, ...]) -> str:
    if word not in choices:
        near, expected = suggestion(word, choices), ", ".join(choices)
        raise BadSetting(
            Text(
                f"{name} 不认识 {value_text(word)}，应为 {expected} 之一。{near.zh}",
                f"{name} does not know {value_text(word)}: one of {expected} was expected.{near.en}",
            )
        )
    return word


def _agree(variables: Mapping[str, str], protocol: str) -> None:
    """Refuse settings that contradict each other, or are incomplete."""
    if BARE_PASSWORD in variables:
        raise BadSetting(
            Text(
                f"密码不能放在环境变量 {BARE_PASSWORD} 里：写进只有所有者可读的文件，用 {PASSWORD} 指过去。",
                f"A password does not belong in the environment ({BARE_PASSWORD}): put it in a file only its owner can read, and name that "
                f"in {PASSWORD}.",
            )
        )
    for names, has, wanted in ((SSL_SETTINGS, protocol.endswith("SSL"), "SSL / SASL_SSL"), (SASL_SETTINGS, "SASL" in protocol, "SASL_…")):
        idle = [name for name in names if name in variables and not has]
        if idle:
            raise BadSetting(
                Text(
                    f"{idle[0]} 已设置，而 {PROTOCOL} 是 {protocol}，用不到它：改成 {wanted}，或去掉 {idle[0]}。",
                    f"{idle[0]} is set, but {PROTOCOL} is {protocol}, which has no use for it: make it {wanted}, or unset {idle[0]}.",
                )
            )
    needed = SASL_SETTINGS if "SASL" in protocol else ()
    pair = (CERT, KEY) if CERT in variables or KEY in variables else ()
    for name in (*needed, *pair):
        if name not in variables:
            with_it = PROTOCOL if name in needed else next(other for other in pair if other in variables)
            raise BadSetting(Text(f"缺少 {name}：设了 {with_it} 就也要设它。", f"{name} is missing: it is needed beside {with_it}."))


def _file(variables: Mapping[str, str], name: str) -> Path | None:
    if name not in variables:
        return None
    path = Path(variables[name]).expanduser()
    if not path.is_file():
        raise BadSetting(Text(f"{name}：没有文件 {path}。", f"{name}: there is no file {path}."))
    if not os.access(path, os.R_OK):
        raise BadSetting(Text(f"{name}：{path} 无权读取。", f"{name}: {path} may not be read."))
    return path


def _unusable(name: str, path: Path | None, error: Exception) -> BadSetting:
    why = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    return BadSetting(
        Text(f"{name}：{path or '系统证书'} 不能用（{why}）。", f"{name}: {path or 'the system store'} cannot be used ({why}).")
    )
