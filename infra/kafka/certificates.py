"""Certificates of the secured listener of brokers on this machine: an authority of our own, and one certificate for all brokers.

``keytool``, which comes with Java, makes them. The passwords are random, lie in files that only their owner can read, and never stand on a
command line. The listener is there to try out connections to a guarded Kafka. It guards nothing: the plain listener stays open on this
machine.

    secrets/  ca.pem  brokers.p12  store-password  password  (0700)

Source: RFC 5280; keytool of JDK 17 (``-signer``).
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from pathlib import Path

from infra.kafka.plan import HOST, USER
from infra.kafka.processes import UTF_8
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import PRIVATE_UMASK, Unfit, make_folder, replacing, text_at, write_whole

KEYTOOL_SECONDS = 60.0
VALID_DAYS = "3650"
_SECRET = re.compile(r"[0-9a-f]{32}")


class NoCertificates(HuiminError):
    """keytool failed: the JDK is not complete, or the disk is full."""


def ca_file(folder: Path) -> Path:
    return folder / "secrets" / "ca.pem"


def password_file(folder: Path) -> Path:
    return folder / "secrets" / "password"


def password(folder: Path) -> str:
    """The password of the user of the secured listener.

    Raises:
        NoCertificates: it cannot be read.
    """
    return _secret(password_file(folder))


def listener(folder: Path, keytool: str) -> dict[str, str]:
    """The settings of the secured listener; makes its certificates where there are none yet.

    Raises:
        NoCertificates: they cannot be made.
    """
    if not ca_file(folder).exists():
        _make_secrets(folder, keytool)
    name = "listener.name.secure"
    plain, scram = (f"org.apache.kafka.common.security.{word}LoginModule required" for word in ("plain.Plain", "scram.Scram"))
    return {
        f"{name}.ssl.keystore.type": "PKCS12",
        f"{name}.ssl.keystore.location": str(folder / "secrets" / "brokers.p12"),
        f"{name}.ssl.keystore.password": _secret(folder / "secrets" / "store-password"),
        f"{name}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        f"{name}.plain.sasl.jaas.config": f'{plain} user_{USER}="{password(folder)}";',
        f"{name}.scram-sha-512.sasl.jaas.config": f"{scram};",
    }


def _secret(path: Path) -> str:
    try:
        text = text_at(path).strip()
    except FileNotFoundError:
        raise NoCertificates(_spoilt(path, Text("不见了", "is gone"))) from None
    except Unfit as error:
        raise NoCertificates(_spoilt(path, error.why)) from None
    if not _SECRET.fullmatch(text):
        raise NoCertificates(_spoilt(path, Text("已损坏", "is damaged")))
    return text


def _spoilt(path: Path, why: Text) -> Text:
    folder = path.parent.parent
    zh = f"{path} {why.zh}。请从备份恢复它；这套 Kafka 不要了，就删除 {folder}，再运行 kafka up。"
    en = f"{path} {why.en}. Restore it from a backup; where nothing of this Kafka is needed any more, remove {folder} and run kafka up."
    return Text(zh, en)


def _make_secrets(folder: Path, keytool: str) -> None:
    """Makes the folder of secrets, ``ca.pem`` last."""
    place = folder / "secrets"
    shutil.rmtree(place, ignore_errors=True)
    make_folder(place)
    for name in ("store-password", "password"):
        write_whole(place / name, secrets.token_hex(16) + "\n")
    both, brokers, word = str(place / "both.p12"), str(place / "brokers.p12"), str(place / "store-password")
    store = ["-keystore", both, "-storetype", "PKCS12", "-storepass:file", word]
    pair = ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", VALID_DAYS, *store]
    extensions = ["-ext", f"san=ip:{HOST},dns:localhost", "-ext", "ku:critical=digitalSignature", "-ext", "eku=serverAuth"]
    source = ["-srckeystore", both, "-srcalias", "brokers", "-srcstoretype", "PKCS12", "-srcstorepass:file", word]
    commands = [
        [*pair, "-alias", "ca", "-dname", "CN=Huimin local authority", "-ext", "bc:critical=ca:true", "-ext", "ku:critical=keyCertSign"],
        [*pair, "-alias", "brokers", "-dname", "CN=Huimin local brokers", "-signer", "ca", *extensions],
        ["-importkeystore", *source, "-destkeystore", brokers, "-deststoretype", "PKCS12", "-deststorepass:file", word],
    ]
    for words in commands:
        _run(place, [keytool, *words])
    with replacing(place / "ca.pem") as part:
        _run(place, [keytool, "-exportcert", "-rfc", "-alias", "ca", "-file", str(part), *store])
        Path(both).unlink()


def _run(place: Path, words: list[str]) -> None:
    line = [*UTF_8, *words]
    result = subprocess.run(line, capture_output=True, text=True, timeout=KEYTOOL_SECONDS, check=False, umask=PRIVATE_UMASK)
    if result.returncode:
        why = " ".join((result.stdout + result.stderr).split())[:300]
        raise NoCertificates(
            Text(
                f"{place} 里的证书没有做成：{words[0]} 说“{why}”。请检查 JDK 和磁盘，再运行一次。",
                f"The certificates in {place} were not made: {words[0]} says {why!r}. Look at the JDK and the disk, and run this again.",
            )
        )
