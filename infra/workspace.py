"""A workspace: the folder of one network, and the one place that joins its documents, key, state and identities.

The one idea: what people write (units, contracts, drafts) is plain files they may edit and keep under version control; what the
machine keeps (state, identities) is opened only here, with the key only its owner can read.

    units.yaml  feeds/*.yaml        who takes part, what each delivers
    policies/                       drafts
    state/  identity/               the log with its snapshots; names, encrypted nowhere but never outside this folder
    quarantine/  exports/  snapshots/
    secret.key (0600)  version
    retention                       how many days of the past can be asked, where that is not 400; and how many GB they may take
    network                         of a workspace that is part of a network on Kafka: the prefix of its topics

The tree of errors: ``NoWorkspace`` (operator: wrong folder; 2), ``WorkspaceExists`` (operator; 5), ``NewerWorkspace`` (operator: older
program than data; 5), ``BrokenWorkspace`` (operator: something was removed or its permissions changed; 1). Trying again helps in none.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from infra.settings import DEPOT
from policies.problems import Conflict, HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.tokens import Tokens
    from connectors.vault import Vault
    from policies.catalogue import Catalogue
    from streams.host import Host
    from streams.ports import Parts
    from streams.retention import Retention
    from streams.stages import Depot

VERSION = 1
FOLDERS = ("feeds", "policies", "state", "identity", "quarantine", "exports", "snapshots")
KEY_BYTES = 32
CLOSING_ROWS = 5_000
"""Rows behind the last snapshot from which closing writes a new one, so that the next verb starts at once."""


class NoWorkspace(HuiminError):
    def __init__(self, root: Path) -> None:
        super().__init__(
            Text(
                f"{root} 不是惠民工作区。用 huimin init --workspace {root} 新建，或用 --workspace / HUIMIN_WORKSPACE 指到已有的工作区。",
                f"{root} is not a workspace. Make one: huimin init --workspace {root}; or set --workspace or HUIMIN_WORKSPACE.",
            ),
            2,
        )


class WorkspaceExists(HuiminError):
    def __init__(self, root: Path) -> None:
        super().__init__(
            Text(f"{root} 里已有内容，未作改动。请换一个空目录。", f"{root} is not empty and was left as it is. Choose an empty folder."), 5
        )


class NewerWorkspace(HuiminError):
    def __init__(self, root: Path, found: str) -> None:
        super().__init__(
            Text(
                f"{root} 由更新的版本（格式 {found}）写成，本程序只懂格式 {VERSION}。请升级 huimin；数据未动。",
                f"{root} was written by a newer huimin (format {found}; this one knows {VERSION}). Upgrade huimin; nothing was touched.",
            ),
            5,
        )


class BrokenWorkspace(HuiminError):
    """Something the workspace needs is missing or open to others."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """An existing workspace. Nothing is read until it is asked for.

    Args:
        environment: where a network's Kafka is told (``infra.kafka.connection``).
    """

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, root: Path, units: str) -> Workspace:
        """A new workspace with this units document.

        Raises:
            WorkspaceExists: the folder holds something already.
        """
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise WorkspaceExists(root)
        for name in FOLDERS:
            (root / name).mkdir(parents=True, exist_ok=True)
        for name in ("state", "identity", "quarantine", "exports"):
            (root / name).chmod(0o700)
        made = cls(root)
        made._write_key()
        (root / "units.yaml").write_text(units, encoding="utf-8")
        (root / "version").write_text(f"{VERSION}\n", encoding="ascii")  # last: a folder without it is not a workspace
        return made

    @classmethod
    def open(cls, root: Path, environment: Mapping[str, str] | None = None) -> Workspace:
        """The workspace in this folder.

        Raises:
            NoWorkspace: there is none. NewerWorkspace: a newer program wrote it.
        """
        try:
            found = (root / "version").read_text(encoding="ascii").strip()
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            raise NoWorkspace(root) from None
        if not found.isdigit() or int(found) > VERSION:
            raise NewerWorkspace(root, found[:20])
        return cls(root, environment or {})

    def folder(self, name: str) -> Path:
        """One of the workspace's folders, made again if someone removed it empty."""
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    def documents(self) -> tuple[str, dict[str, str]]:
        """The text of units.yaml, and of every contract by file name.

        Raises:
            BrokenWorkspace: units.yaml is gone.
        """
        try:
            units = (self.root / "units.yaml").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise BrokenWorkspace(Text(f"{self.root} 缺少 units.yaml。", f"{self.root} has no units.yaml.")) from None
        return units, {f"feeds/{path.name}": path.read_text(encoding="utf-8") for path in sorted(self.folder("feeds").glob("*.yaml"))}

    def catalogue(self) -> Catalogue:
        """The catalogue of the documents as they are now.

        Raises:
            Invalid: with every problem of every document.
        """
        from connectors.contracts import read_catalogue

        return read_catalogue(*self.documents())

    def key(self) -> bytes:
        """The secret of the tokens.

        Raises:
            BrokenWorkspace: gone, damaged, or readable by others.
        """
        path = self.root / "secret.key"
        try:
            mode, key = path.stat().st_mode & 0o777, bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (FileNotFoundError, ValueError):
            raise BrokenWorkspace(_key_gone(path)) from None
        if len(key) != KEY_BYTES:
            raise BrokenWorkspace(_key_gone(path))
        if mode & 0o077:
            raise BrokenWorkspace(
                Text(
                    f"{path} 可被他人读取（{mode:o}）。请运行 chmod 600 {path}。",
                    f"{path} can be read by others ({mode:o}). Run chmod 600 {path}.",
                )
            )
        return key

    def tokens(self) -> Tokens:
        from connectors.tokens import Tokens

        return Tokens(self.key())

    def vault(self) -> Vault:
        from connectors.vault import Vault

        return Vault(self.folder("identity"))

    @property
    def network(self) -> str | None:
        """The prefix of the network's topics, where this workspace is part of one."""
        try:
            return (self.root / "network").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None

    def retention(self) -> Retention:
        """How much of the past is kept: the file ``retention`` holds days, and behind them GB where those are not 16.

        Raises:
            BrokenWorkspace: it holds something else.
        """
        from streams.retention import USUAL, Retention

        try:
            words = (self.root / "retention").read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return USUAL
        if not 1 <= len(words) <= 2 or not all(word.isascii() and word.isdigit() and len(word) <= 6 for word in words):
            zh = f"{self.root / 'retention'} 应写保留的天数，可再写最多占用多少 GB，如“400 16”。请改正后重试。"
            en = f"{self.root / 'retention'} is to hold a number of days, and if you like how many GB at most, such as 400 16. Mend it."
            raise BrokenWorkspace(Text(zh, en), 2)
        days, *size = map(int, words)
        return Retention(days, size[0] << 30 if size else USUAL.bytes)

    def join(self, prefix: str) -> None:
        """From now on what is submitted here goes to the network of these topics.

        Raises:
            Conflict: something was submitted here before, on its own.
        """
        if self.network is None and not self.empty:
            zh = f"{self.root} 已有自己的数据，不能再加入 Kafka 网络；请新建一个工作区来加入。"
            raise Conflict(Text(zh, f"{self.root} has a state of its own and cannot join a network; make a new workspace for that."))
        (self.root / "network").write_text(prefix + "\n", encoding="ascii")

    @property
    def empty(self) -> bool:
        """Has nothing ever been submitted?"""
        from streams.storage import exists

        return self.network is None and not exists(self.folder("state"))

    @contextmanager
    def reading(self) -> Iterator[Host]:
        """The state, to look at; a writer may be at work."""
        from streams.host import Host

        if (prefix := self.network) is not None:
            with self._on_network(prefix) as host:
                yield host
            return
        if self.empty:
            with self.writing():
                pass
        with Host.open(self.folder("state"), parts(), readonly=True) as host:
            yield host

    @contextmanager
    def writing(self) -> Iterator[Host]:
        """The state, to change; its catalogue brought up to the documents first."""
        from streams.host import Host, SnapshotRule
        from streams.messages import CatalogueSet

        units, contracts = self.documents()
        self.catalogue()  # every problem of a document is told before anything is changed
        prefix, rule = self.network, SnapshotRule(closing_rows=CLOSING_ROWS, retention=self.retention())
        with Host.open(self.folder("state"), parts(), create=True, rule=rule) if prefix is None else self._on_network(prefix) as host:
            wanted = CatalogueSet(units, contracts)
            if not host.state.begun or host.state.catalogues[-1] != wanted:
                host.submit(wanted)
            yield host

    def _on_network(self, prefix: str) -> Host:
        from connectors.broker import ChangesTopic, InputsTopic
        from infra.kafka.connection import Connection
        from infra.kafka.topics import identity
        from streams.network_host import NetworkHost

        connection = Connection.of(self.environment)
        known = identity(connection, prefix)
        client, folder, url = connection.client(), self.folder("state") / known, self.environment.get(DEPOT)
        depot = depot_of(url, known) if url else None
        return NetworkHost(folder, parts(), InputsTopic(client, prefix), ChangesTopic(client, prefix), self.retention(), depot)

    def _write_key(self) -> None:
        handle = os.open(self.root / "secret.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")


def depot_of(url: str, network: str) -> Depot:
    """Where the snapshots of a network's workers and workspaces are kept.

    Args:
        network: what its topics are known by (``infra.kafka.topics.identity``).

    Raises:
        HuiminError: the URL cannot be used.
    """
    from connectors.depot import FsspecDepot

    return FsspecDepot(f"{url.rstrip('/')}/{network}")


def parts() -> Parts:
    """The ports of the streams layer, joined to the connectors."""
    from connectors.contracts import read_catalogue
    from streams.ports import Parts

    return Parts(lambda units, contracts: read_catalogue(units, contracts))


def _key_gone(path: Path) -> Text:
    return Text(
        f"{path} 缺失或损坏。没有它，新数据与已有数据无法对应：请从备份恢复，不要新建。",
        f"{path} is missing or damaged. Without it new records would not meet the old: restore a backup, make no new one.",
    )
