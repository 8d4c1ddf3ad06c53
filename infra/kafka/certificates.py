"""Certificates of the secured listener of brokers on this machine: an authority of our own, and one certificate for all of them.

The one idea: made by ``keytool``, which comes with the Java the brokers run on. The passwords are random, lie in files only their owner
can read, and are never words of a command line. For trying out how a guarded Kafka is connected to; it guards nothing: the plain
listener stays open on this machine.

    secrets/  ca.pem  brokers.p12  store-password  password  (0700)

Source: RFC 5280; keytool of JDK 17 (``-signer``).
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from pathlib import Path

from infra.kafka.plan import HOST, USER
from infra.kafka.processes import UTF_8
from policies.problems import HuiminError
from policies.values import Text

KEYTOOL_SECONDS = 60.0
VALID_DAYS = "3650"


class NoCertificates(HuiminError):
    """keytool failed: a JDK that is not whole, or a disk that is full."""


def ca_file(folder: Path) -> Path:
    return folder / "secrets" / "ca.pem"


def password_file(folder: Path) -> Path:
    return folder / "secrets" / "password"


def listener(folder: Path, keytool: str) -> dict[str, str]:
    """The settings of the secured listener; its certificates are made where they are not there yet.

    Raises:
        NoCertificates: they cannot be made.
    """
    if not ca_file(folder).exists():
        _made(folder, keytool)
    name = "listener.name.secure"
    plain, scram = (f"org.apache.kafka.common.security.{word}LoginModule required" for word in ("plain.Plain", "scram.Scram"))
    password = password_file(folder).read_text(encoding="ascii").strip()
    return {
        f"{name}.ssl.keystore.type": "PKCS12",
        f"{name}.ssl.keystore.location": str(folder / "secrets" / "brokers.p12"),
        f"{name}.ssl.keystore.password": (folder / "secrets" / "store-password").read_text(encoding="ascii").strip(),
        f"{name}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        f"{name}.plain.sasl.jaas.config": f'{plain} user_{USER}="{password}";',
        f"{name}.scram-sha-512.sasl.jaas.config": f"{scram};",
    }


def _made(folder: Path, keytool: str) -> None:
    """The folder of secrets, ``ca.pem`` last."""
    place = folder / "secrets"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    for name in ("store-password", "password"):
        (place / name).write_text(secrets.token_hex(16) + "\n", encoding="ascii")
    both, brokers, word = str(place / "both.p12"), str(place / "brokers.p12"), str(place / "store-password")
    store = ["-keystore", both, "-storetype", "PKCS12", "-storepass:file", word]
    pair = ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", VALID_DAYS, *store]
    stated = ["-ext", f"san=ip:{HOST},dns:localhost", "-ext", "ku:critical=digitalSignature", "-ext", "eku=serverAuth"]
    taken = ["-srckeystore", both, "-srcalias", "brokers", "-srcstoretype", "PKCS12", "-srcstorepass:file", word]
    ran = [
        [*pair, "-alias", "ca", "-dname", "CN=Huimin local authority", "-ext", "bc:critical=ca:true", "-ext", "ku:critical=keyCertSign"],
        [*pair, "-alias", "brokers", "-dname", "CN=Huimin local brokers", "-signer", "ca", *stated],
        ["-importkeystore", *taken, "-destkeystore", brokers, "-deststoretype", "PKCS12", "-deststorepass:file", word],
        ["-exportcert", "-rfc", "-alias", "ca", "-file", str(place / "ca.pem.new"), *store],
    ]
    for words in ran:
        done = subprocess.run([*UTF_8, keytool, *words], capture_output=True, text=True, timeout=KEYTOOL_SECONDS, check=False)
        if done.returncode:
            why = " ".join((done.stdout + done.stderr).split())[:300]
            raise NoCertificates(
                Text(
                    f"{place} 里的证书没有做成：{keytool} 说“{why}”。请检查 JDK 和磁盘，再运行一次。",
                    f"The certificates in {place} were not made: {keytool} says {why!r}. Look at the JDK and the disk, and run this again.",
                )
            )
    Path(both).unlink()
    (place / "ca.pem.new").rename(place / "ca.pem")
