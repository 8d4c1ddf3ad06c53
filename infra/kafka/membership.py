"""The key of a network: made, read, and compared with the key with which the network began.

Whoever has the key is a member, and what a member sends counts. So the key lies in a file that only its owner can read, on every machine
with a worker or a workspace; people carry it from one machine to another. With another key no message would be believed, and all would go
to the dead letters. So a process first asks whether another key was used here. Members note the check value of their key
(``infra.keys.check_of``, which tells nothing about the key) beside their own state, and on the topic of progress for later members.

    HUIMIN_NETWORK_KEY=FILE    the key
    HUIMIN_NETWORK_OPEN=1      no key; only where all brokers are on this machine's own loopback

The errors are the operator's (``BadSetting``; 2), or ``OtherKey`` (5).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.kafka.broker import ProgressTopic
from infra.keys import KEY_BYTES, OpenToOthers, check_of, secret_in
from infra.settings import NETWORK_KEY, NETWORK_OPEN, BadSetting
from policies.problems.problems import Conflict
from policies.values import Text
from streams.disk.effects import note_file
from streams.disk.files import Unfit, text_at, write_whole
from streams.wire.seal import OPEN, Seal

if TYPE_CHECKING:
    from infra.kafka.connection import Connection

CHECK = "network.check"
OPEN_CHECK = "open"
_CHECK = re.compile(rf"[0-9a-f]{{32}}|{OPEN_CHECK}")


class OtherKey(Conflict):
    """This network, or this folder of it, began with another key (operator: get that key from a member; 5)."""


class OldTopics(Conflict):
    """Huimin 0.1, which made no seals, wrote the topics (operator: begin a new network; 5)."""


def write_network_key(path: Path) -> None:
    """Writes a new key into a new file that only its owner can read.

    Raises:
        BadSetting: there is something at the path, or it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        zh = f"{path} 已经存在，没有改动。若它就是本网络的密钥，直接使用；否则请换一个文件名。"
        raise BadSetting(
            Text(zh, f"{path} is there already and was left as it is. If it is the key of the network, use it; else name another file.")
        ) from None
    except OSError as error:
        raise BadSetting(Text(f"{path} 写不了（{error.strerror}）。", f"{path} cannot be written ({error.strerror}).")) from None
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink()  # half a key is none, and would stand in the way
        raise
    note_file(path)


def own_key(folder: Path) -> Path:
    """The file of the key of a Kafka on this machine (``infra.kafka.cluster``); makes it where there is none.

    Raises:
        BadSetting: as for ``write_network_key``.
    """
    path = folder / "network.key"
    if not path.exists():
        write_network_key(path)
    return path


def read_network_key(path: Path) -> bytes:
    """The key in a file.

    Raises:
        BadSetting: there is no key, it is damaged, or others can read it.
    """
    try:
        key = secret_in(path)
    except OpenToOthers as error:
        raise BadSetting(Text(f"{NETWORK_KEY}：{error.text.zh}", f"{NETWORK_KEY}: {error.text.en}")) from None
    if key is None:
        zh = f"{NETWORK_KEY}：{path} 不存在、无权读取，或不是网络密钥。请从网络的其他成员处取得密钥文件；新建网络用 huimin kafka key 文件。"
        en = (
            f"{NETWORK_KEY}: {path} is not there, may not be read, or holds no key of a network. Get the file from another member; for a "
            "new network make one: huimin kafka key FILE."
        )
        raise BadSetting(Text(zh, en))
    return key


def network_key(environment: Mapping[str, str], connection: Connection, file: Path | None = None) -> bytes:
    """The key of the network, or ``OPEN``.

    Args:
        file: of the key, by an option; None: the environment names it.

    Raises:
        BadSetting: there is no key and the network is not open; or the network is open and a broker is not on loopback.
    """
    named, open = file or environment.get(NETWORK_KEY), environment.get(NETWORK_OPEN)
    if named:
        return read_network_key(Path(named).expanduser())
    if open != "1":
        zh = f"缺少 {NETWORK_KEY}：写明网络密钥文件。从网络的其他成员处取得，新建网络用 huimin kafka key 文件。"
        en = (
            f"{NETWORK_KEY} is missing: name the file of the network's key. Get it from another member; for a new network make one: huimin "
            "kafka key FILE."
        )
        raise BadSetting(Text(zh, en))
    if far := [server for server in connection.servers if not _loopback(server)]:
        zh = f"{NETWORK_OPEN} 只能用于本机回环地址上的 Kafka，而 {far[0]} 不是：任何能连上的人都能冒充成员。请改用 {NETWORK_KEY}。"
        en = (
            f"{NETWORK_OPEN} is for a Kafka on this machine's loopback, and {far[0]} is not: whoever reaches it could pass for a member. "
            f"Use {NETWORK_KEY}."
        )
        raise BadSetting(Text(zh, en))
    return OPEN


def seal_of(
    environment: Mapping[str, str], connection: Connection, prefix: str, network: str, folder: Path | None = None, file: Path | None = None
) -> Seal:
    """The object that makes and checks the seals of a network.

    Args:
        network: the id of its topics (``infra.kafka.topics.network_id``).
        folder: of a worker's or replica's state, where the check value is noted; None for a caller that only reads.

    Raises:
        BadSetting: as for ``network_key``. OtherKey: the key is not the network's. OldTopics: of 0.1. NoAnswer: the broker.
    """
    key = network_key(environment, connection, file)
    check, seal = OPEN_CHECK if key == OPEN else check_of(key), Seal(key, network)
    noted = None if folder is None else _check_in(folder / CHECK)
    if noted not in (None, check):
        raise OtherKey(_other(f"{folder}"))
    if noted is None:
        _in_network(ProgressTopic(connection.client(), prefix, seal), prefix, check, announced=folder is not None)
    if noted is None and folder is not None:
        write_whole(folder / CHECK, check + "\n")
    return seal


def _in_network(progress: ProgressTopic, prefix: str, check: str, announced: bool) -> None:
    """Passes the key of a member of the network, or the first key there is.

    Args:
        announced: tell later members of this key.

    What members announce has no seal, or another key could not be noticed. So anybody can write it, and a message sealed with this key
    counts for more.
    """
    checks = progress.members()
    if check in checks:
        return
    if not progress.has_ours():
        if checks:
            raise OtherKey(_other(f"{prefix}*"))
        if progress.of_old():
            raise OldTopics(_old(prefix))
    if announced:
        progress.announce(check)


def _check_in(path: Path) -> str | None:
    """The check value of the key with which a state began; None where the file holds none, and then the topic decides."""
    try:
        check = text_at(path).strip()
    except (OSError, Unfit):
        return None
    return check if _CHECK.fullmatch(check) else None


def _other(what: str) -> Text:
    return Text(
        f"{what} 是用另一把网络密钥开始的。用错密钥，一切消息都会被当作伪造而不读，因此什么都没有做："
        f"请从网络的其他成员处取得密钥文件，用 {NETWORK_KEY} 指到它。",
        f"{what} began with another key of the network. With a wrong one every message would be taken for a forged one, so nothing was "
        f"done: get the file from another member, and name it in {NETWORK_KEY}.",
    )


def _old(prefix: str) -> Text:
    return Text(
        f"主题 {prefix}* 由惠民 0.1 写成，消息没有封签，本版本不读。请换一个 --prefix 新建网络，由各单位重新交付、政策重新发布；"
        "旧主题没有改动。",
        f"The topics {prefix}* were written by Huimin 0.1, whose messages have no seals; this version does not read them. Make a new "
        "network with another --prefix: units deliver again, and policies are published again. The old topics were left as they are.",
    )


def _loopback(server: str) -> bool:
    host = server.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
