"""A workspace: the folder of one network, and the one place that joins its documents, key, state and identities.

What people write (units, contracts, drafts) is plain files that they may edit and keep under version control. What the machine writes
(state, identities) is opened only here, with the key that only its owner can read.

    units.yaml  feeds/*.yaml        who takes part, what each delivers
    policies/                       drafts
    state/  identity/               the log with its checkpoints; names, encrypted (``connectors.identity.vault``)
    quarantine/  exports/  snapshots/
    secret.key (0600)  key.check    the key, and its check value (``infra.keys``)
    log.head                        how far the log has come (``streams.store.log_heads``)
    accounts.sqlite                 who may sign in (``infra.workspace.accounts``)
    version
    retention                       how many days of the past can be asked, if not 400; and how many GB they may take
    service/                        sockets and locks of a running service (``infra.service``)
    network                         of a workspace that is part of a network on Kafka: the prefix of its topics

Reading creates nothing: where there is no state yet, a verb that only reads gets an empty one in memory; where a state was lost, it is
refused. The refusals: ``infra.workspace.refusals``.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from infra.keys import derived_key, note_key, read_key, write_key
from infra.links import PROGRAM_FOLDERS, refuse_links
from infra.settings import DEPOT, operator
from infra.workspace.lost_state import KNOWN_FILES, lost_state
from infra.workspace.ports import depot_of, parts
from infra.workspace.refusals import BrokenWorkspace, OlderWorkspace, WorkspaceExists
from infra.workspace.rootfiles import network_of, retention_of
from infra.workspace.serving import Sphere, served_workspace, writing_served
from infra.workspace.texts import NO_TEXT, text_at_all, text_of
from infra.workspace.versions import VERSION, stored_version
from policies.problems.problems import Conflict
from policies.values import Text
from streams.disk.files import PRIVATE_FOLDER, make_folder, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.contracts.in_effect import EffectiveDocuments
    from connectors.identity.tokens import Tokens
    from connectors.identity.vault import Vault
    from policies.language.catalogue import Catalogue
    from streams.host import Host
    from streams.store.retention import Retention

HEAD = "log.head"
FOLDERS = ("feeds", "policies", "state", "identity", "quarantine", "exports", "snapshots")
CLOSING_ROWS = 5_000
"""Rows since the last checkpoint from which closing writes a new one, so that the next verb starts at once."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """An existing workspace. Nothing is read before it is needed.

    Args:
        environment: names a network's Kafka (``infra.kafka.connection``).
        author: in whose name messages are stored where none is given; None: the user of this machine.
        say: gets the warnings: of each document on disk that is not in effect, perhaps several times, and of a checkpoint that could not
            be written or read.
    """

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[Text], None] = lambda text: None
    author: str | None = None

    @classmethod
    def create(cls, root: Path, units: str, environment: Mapping[str, str] | None = None) -> Workspace:
        """A new workspace with this units document.

        Raises:
            WorkspaceExists: the folder holds something already.
        """
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise WorkspaceExists(root)
        write_key(root, environment)  # first: if it fails, nothing was made
        for name in FOLDERS:
            make_folder(root / name)
        root.chmod(PRIVATE_FOLDER)
        write_whole(root / "units.yaml", units)
        write_whole(root / "version", f"{VERSION}\n")  # last: a folder without it is not a workspace
        return cls(root, environment or {})

    @classmethod
    def open(
        cls, root: Path, environment: Mapping[str, str] | None = None, say: Callable[[Text], None] = lambda text: None,
        author: str | None = None,
    ) -> Workspace:  # fmt: skip
        """The workspace in this folder.

        Raises:
            NoWorkspace: there is no workspace. NewerWorkspace, OlderWorkspace: another version wrote it.
        """
        if (stored := stored_version(root)) < VERSION:
            raise OlderWorkspace(root, stored, VERSION)
        return cls(root, environment or {}, say, author)

    def folder(self, name: str) -> Path:
        """One of the workspace's folders, to read; ``ForbiddenLink`` where it is a link, or holds one where only the program writes."""
        refuse_links(self.root / name, below=name in PROGRAM_FOLDERS)
        return self.root / name

    def make_folder(self, name: str) -> Path:
        """One of the workspace's folders, to write into; makes it again if it was removed."""
        make_folder(path := self.folder(name))
        return path

    def documents(self) -> tuple[str, dict[str, str]]:
        """The text of units.yaml, and of every contract by file name.

        Raises:
            BrokenWorkspace: units.yaml is gone, and nothing was submitted yet.
        """
        text = text_of if self.empty else text_at_all  # later an unreadable one stops no other (``infra.workspace.contracts``)
        try:
            units = text(self.root / "units.yaml")
        except FileNotFoundError:
            if self.empty:
                zh = f"{self.root} 缺少 units.yaml。请从备份或版本库恢复它。"
                raise BrokenWorkspace(Text(zh, f"{self.root} has no units.yaml. Restore it from a backup or version control.")) from None
            units = NO_TEXT
        return units, {f"feeds/{path.name}": text(path) for path in sorted(self.folder("feeds").glob("*.yaml"))}

    @contextmanager
    def editing(self) -> Iterator[None]:
        """The documents, to change: whoever else changes them with a verb waits."""
        root = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(root, fcntl.LOCK_EX)
            yield
        finally:
            os.close(root)

    def catalogue(self) -> Catalogue:
        """The catalogue from the next write on, of the documents that are in effect now.

        Raises:
            Invalid: before the first write, with every problem of every document.
        """
        from infra.workspace.contracts import in_effect

        documents = in_effect(self)
        self.say_not_in_effect(documents)
        return documents.catalogue

    def say_not_in_effect(self, documents: EffectiveDocuments) -> None:
        """Says which documents are not in effect."""
        for document in documents.ineffective:
            self.say(document.notice)

    def key(self) -> bytes:
        """The secret of the tokens.

        Raises:
            UnusableKey: it is gone, damaged, readable by others, or not the key with which this workspace began.
        """
        return read_key(self.root, self._key_in_use, self.environment)

    @property
    def _key_in_use(self) -> bool:
        """Whether anything was made with the key yet."""
        return any(next(self.folder(name).glob("*"), None) for name in ("state", "identity"))

    def _begin(self) -> None:
        """Stores the check value of the key before the first thing is made with it."""
        key = self.key()
        if not self._key_in_use:
            note_key(self.root, key)

    @property
    def head(self) -> Path:
        """The file that says how far the log has come."""
        return self.root / HEAD

    def log_key(self) -> bytes:
        """The key of the log's chain."""
        return derived_key(self.key(), "log")

    def notes_key(self) -> bytes:
        """The key of the notes about candidates (``connectors.identity.notes``)."""
        return derived_key(self.key(), "notes")

    def tokens(self) -> Tokens:
        from connectors.identity.tokens import Tokens

        return Tokens(self.key())

    def vault(self) -> Vault:
        from connectors.identity.vault import Vault

        return Vault(self.folder("identity"), derived_key(self.key(), "vault"), must_exist=(self.root / KNOWN_FILES).exists())

    @property
    def network(self) -> str | None:
        """The prefix of the network's topics, where this workspace is part of one."""
        return network_of(self.root)

    @property
    def is_served(self) -> bool:
        """Whether this process belongs to a service of this workspace."""
        return served_workspace(self.root) is not None

    def retention(self) -> Retention:
        """How much of the past is kept."""
        return retention_of(self.root)

    def join(self, prefix: str) -> None:
        """Makes this workspace part of the network of these topics.

        Raises:
            Conflict: it has a state of its own.
        """
        if self.network is None and not self.empty:
            zh = f"{self.root} 已有自己的数据，不能再加入 Kafka 网络；请新建一个工作区来加入。"
            raise Conflict(Text(zh, f"{self.root} has a state of its own and cannot join a network; make a new workspace for that."))
        write_whole(self.root / "network", prefix + "\n")

    @property
    def empty(self) -> bool:
        """Whether nothing was ever submitted.

        Raises:
            LostState: something was submitted, and the log is gone.
        """
        from streams.store.log import exists

        if self.network is not None or exists(self.folder("state")):
            return False
        if (lost := lost_state(self.root, HEAD)) is not None:
            raise lost
        return True

    @contextmanager
    def reading(self) -> Iterator[Host]:
        """The state, to read; a writer may be at work. Where there is none yet: a new one with the documents, in memory."""
        if (service := served_workspace(self.root)) is not None:
            yield service.to_read()
            return
        if (prefix := self.network) is not None:
            self._begin()
            with self._on_network(prefix) as host:
                yield host
            return
        if self.empty:
            yield self._beginning()
            return
        with self.store(readonly=True) as host:
            yield host

    @contextmanager
    def writing(self, documents: bool = True, sphere: Sphere = "records") -> Iterator[Host]:
        """The state, to change; with ``documents``, its catalogue is updated to them first, as far as they may follow it.

        Args:
            sphere: what is changed. Without a service there is one writer at a time; in a service one for each sphere.

        At the end a warning says if a checkpoint, or how far the log has come, could not be written.
        """
        from infra.workspace.contracts import catalogue_update
        from streams.disk.effects import work

        prefix = self.network
        if (service := served_workspace(self.root)) is not None:
            with writing_served(self, service, documents, sphere) as host:
                yield host
            return
        if self.empty:
            self.catalogue()  # raises every problem of the documents before anything is made
        self._begin()
        with self.store(create=True) if prefix is None else self._on_network(prefix) as host:
            if documents and (wanted := catalogue_update(self, host.state)) is not None:
                host.submit(wanted)
            with work():
                yield host
        if host.problem is not None:
            zh, en, why = "已提交的都已存好，但检查点没有写成或读出", "What was submitted is stored; but a checkpoint", host.problem.text
            self.say(Text(f"{zh}：{why.zh}", f"{en} could not be written or read: {why.en}"))

    def store(self, readonly: bool = False, create: bool = False) -> Host:
        """The log and state of this workspace, without its documents.

        Raises:
            LostState: the log is empty, and was not. Busy: another process has been writing for a minute. As for
            ``streams.embedded.host.EmbeddedHost.open``.
        """
        from streams.embedded.host import CheckpointRule, EmbeddedHost
        from streams.store.writer import wait_for_lock

        rule = None if readonly else CheckpointRule(closing_rows=CLOSING_ROWS, retention=self.retention())
        folder, key, lock = self.folder("state"), self.log_key(), partial(wait_for_lock, say=self.say)
        host = EmbeddedHost.open(
            folder, parts(), readonly=readonly, create=create, rule=rule, key=key, head=self.head, lock=lock,
            author=self.author or operator(),
        )  # fmt: skip
        if not host.state.has_catalogue and (lost := lost_state(self.root, HEAD)) is not None:
            host.close()
            raise lost
        return host

    def _beginning(self) -> Host:
        from infra.workspace.contracts import catalogue_update
        from streams.embedded.host import EmbeddedHost
        from streams.steps.steps import step
        from streams.store.log import MEMORY

        host = EmbeddedHost(MEMORY, parts(), readonly=True)
        if (wanted := catalogue_update(self, host.state)) is not None:
            step(host.state, wanted, 0)
        return host

    @contextmanager
    def trying(self) -> Iterator[Host]:
        """The state as the next write will see it, to read: with the additions of the documents to its catalogue, in memory only."""
        from infra.workspace.contracts import catalogue_update

        with self.reading() as host:
            if (wanted := catalogue_update(self, host.state)) is not None:
                host.ahead(wanted)
            yield host

    def _on_network(self, prefix: str) -> Host:
        from connectors.kafka.broker import ChangesTopic, InputsTopic
        from infra.kafka.connection import Connection
        from infra.kafka.membership import seal_of
        from infra.kafka.topics import network_id
        from streams.network.network_host import NetworkHost

        connection = Connection.of(self.environment)
        network = network_id(connection, prefix)
        client, folder, url = connection.client(), self.folder("state") / network, self.environment.get(DEPOT)
        seal = seal_of(self.environment, connection, prefix, network, folder)
        depot = depot_of(url, network, seal) if url else None
        return NetworkHost(
            folder, parts(), InputsTopic(client, prefix, seal), ChangesTopic(client, prefix, seal), self.retention(), depot, self.say
        )
