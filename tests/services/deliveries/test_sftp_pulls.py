"""Files pulled from a real sshd: only finished ones, each once, from the server whose key is known and no other."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.deliveries.pulls import FeedPull, pull
from services.deliveries.statuses import deliveries_of
from tests.console.town import PENSION, resident
from tests.servers import FilesOnServer, sshd

pytestmark = pytest.mark.xdist_group("sshd")  # one server for all of them
DAY, NOW = date(2026, 10, 15), datetime(2026, 10, 15, 2, 30, tzinfo=UTC)
OLD = 1_790_000_000


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Remote:
    """A folder on the server, and the workspace that pulls from it."""

    workspace: Workspace
    server: FilesOnServer
    name: str

    def say(self, more: str = "", **values: str) -> None:
        facts = {
            "host": "127.0.0.1", "port": str(self.server.port), "user": self.server.user, "known_hosts": "known_hosts",
            "folder": str(self.folder), "quiet": "PT1S", "key": "{environment: SFTP_KEY}", "files": '["*.csv"]',
        } | values  # fmt: skip
        sftp = ", ".join(f"{key}: {value}" for key, value in facts.items() if value)
        (self.workspace.root / "ways_in.yaml").write_text(f"format: 1\npull:\n  pension: {{{more}sftp: {{{sftp}}}}}\n", encoding="utf-8")

    @property
    def folder(self) -> Path:
        return self.server.folder / self.name

    def put(self, name: str, *serials: int, amount: str = "900", time: int = OLD) -> None:
        rows = "".join(f"P{serial},{resident(serial)},2020-01-01,,{amount}\n" for serial in serials)
        path = self.server.put(f"{self.name}/{name}", (PENSION + rows).encode("gb18030"))
        os.utime(path, (time, time))

    def pull(self) -> FeedPull:
        return pull(self.workspace, "pension", DAY, NOW, trust=lambda today, day: False, notify=lambda hold: None)

    def deliveries(self) -> list[tuple[int, int, str]]:
        return [(d.number, d.rows, d.file) for d in deliveries_of(self.workspace)]


@pytest.fixture(scope="module")
def server() -> Iterator[FilesOnServer]:
    with sshd() as running:
        yield running


@pytest.fixture
def remote(server: FilesOnServer, example: Workspace, request: pytest.FixtureRequest) -> Remote:
    (example.root / "known_hosts").write_text(server.known_hosts, encoding="ascii")
    name = f"case-{abs(hash(request.node.nodeid))}"
    server.put(f"{name}/readme.txt", b"no records")
    remote = Remote(replace(example, environment={"SFTP_KEY": server.key}), server, name)
    remote.say()
    return remote


def test_files_are_taken_in_once_the_oldest_first(remote: Remote) -> None:
    """With number and receipt; what was taken in is not fetched again, what changed since is."""
    remote.put("b.csv", 2, time=OLD)
    remote.put("a.csv", 1, 9, amount="x", time=OLD + 60)

    first = remote.pull()
    again = remote.pull()
    remote.put("b.csv", 2, 3, time=OLD + 120)
    changed = remote.pull()

    assert [(file.file, file.outcome, file.delivery, file.rows, file.quarantined) for file in first.files] == [
        ("b.csv", "taken_in", 1, 1, 0), ("a.csv", "taken_in", 2, 2, 2),
    ]  # fmt: skip
    assert again.files == () and [(file.file, file.delivery, file.rows, file.same) for file in changed.files] == [("b.csv", 3, 2, 1)]
    assert [json.loads(Path(file.receipt).read_text(encoding="utf-8"))["number"] for file in first.files] == [1, 2]
    folder = remote.workspace.root / "pulls/pension"
    assert list((folder / "files").iterdir()) == [] and sorted(path.name for path in folder.iterdir()) == [
        "files",
        "receipts",
        "state.json",
    ]


def test_the_same_content_under_another_name_changes_nothing(remote: Remote) -> None:
    """A delivery is known by its content."""
    remote.put("a.csv", 1)
    remote.pull()
    remote.put("copy.csv", 1)

    assert [(file.file, file.outcome, file.delivery) for file in remote.pull().files] == [("copy.csv", "repeated", 1)]


def test_what_is_not_meant_stays(remote: Remote) -> None:
    """Other names, folders, links, and names by which programs mark what they are writing."""
    for name in ("a.csv.part", ".b.csv", "c.txt", "d.csv~"):
        remote.put(name, 1)
    (remote.folder / "sub.csv").mkdir()
    (remote.folder / "link.csv").symlink_to("/etc/passwd")

    assert remote.pull().files == ()


def test_a_file_that_grows_between_two_listings_waits(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken in by the next run, which finds it as it was."""
    import asyncio

    remote.put("a.csv", 1)
    real = asyncio.sleep

    async def grow(seconds: float) -> None:
        remote.put("a.csv", 1, 2, time=OLD + 1)
        await real(0)

    with monkeypatch.context() as patch:
        patch.setattr("connectors.pickup.sftp.asyncio.sleep", grow)
        first = remote.pull()
    second = remote.pull()

    assert first.files == () and first.waiting == ("a.csv",)
    assert [(file.file, file.rows) for file in second.files] == [("a.csv", 2)]


def test_a_file_that_changes_while_it_is_fetched_waits(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was fetched is thrown away."""
    import asyncssh

    remote.put("a.csv", 1)
    real = asyncssh.SFTPClient.get

    async def get(self: Any, *words: Any, **more: Any) -> None:
        await real(self, *words, **more)
        remote.put("a.csv", 1, 2, time=OLD + 5)

    with monkeypatch.context() as patch:
        patch.setattr(asyncssh.SFTPClient, "get", get)
        first = remote.pull()

    assert first.files == () and first.waiting == ("a.csv",) and remote.deliveries() == []
    assert [(file.file, file.rows) for file in remote.pull().files] == [("a.csv", 2)]


def test_with_markers_a_file_is_finished_once_its_marker_is_there(remote: Remote) -> None:
    """However long it lies there without one."""
    remote.say(finished="marker")
    remote.put("a.csv", 1)
    remote.put("b.csv", 2)
    remote.server.put(f"{remote.name}/b.csv.done", b"")

    first = remote.pull()
    remote.server.put(f"{remote.name}/a.csv.done", b"")

    assert ([file.file for file in first.files], first.waiting) == (["b.csv"], ("a.csv",))
    assert [file.file for file in remote.pull().files] == ["a.csv"]


def test_what_was_taken_in_is_moved_where_the_document_says(remote: Remote) -> None:
    """With its marker gone; nothing there is written over."""
    remote.say(finished="marker", move_to="taken")
    for serial in (1, 2):
        remote.put("a.csv", serial)
        remote.server.put(f"{remote.name}/a.csv.done", b"")
        remote.pull()

    assert sorted(path.name for path in (remote.folder / "taken").iterdir()) == ["a.2.csv", "a.csv"]
    assert [path.name for path in remote.folder.iterdir() if path.is_file()] == ["readme.txt"] and len(remote.deliveries()) == 2


def test_a_refused_file_is_not_fetched_again_until_it_changes(remote: Remote) -> None:
    """Its receipt says why; the mended one is taken in."""
    path = remote.server.put(f"{remote.name}/a.csv", b"x,y\n1,2\n")
    os.utime(path, (OLD, OLD))

    first, second = remote.pull(), remote.pull()
    remote.put("a.csv", 1, time=OLD + 60)

    assert [(file.outcome, file.reason is not None and "has no column" in file.reason.en) for file in first.files] == [("refused", True)]
    assert second.files == () and [(file.outcome, file.delivery) for file in remote.pull().files] == [("taken_in", 1)]


@pytest.mark.parametrize(
    "step",
    ["connectors.pickup.sftp.FileServer.fetch", "services.deliveries.sftp_pulls.take_in", "services.deliveries.pull_tasks.deliver",
     "services.deliveries.pull_tasks.write_receipt", "services.deliveries.pull_notes.PullNotes.finish",
     "services.deliveries.pull_notes.PullNotes._drop", "connectors.pickup.sftp.FileServer.put_away"],
)  # fmt: skip
def test_a_stop_at_any_step_repeats_or_continues_and_never_doubles(remote: Remote, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """After the next run both files are taken in once and moved."""
    remote.say(move_to="taken")
    remote.put("a.csv", 1)
    remote.put("b.csv", 2)

    def crash(*words: Any, **more: Any) -> Any:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(step, crash)
        with pytest.raises(Crash):
            remote.pull()
    remote.pull()

    assert sorted(remote.deliveries()) == [(1, 1, "a.csv"), (2, 1, "b.csv")]
    assert sorted(path.name for path in (remote.folder / "taken").iterdir()) == ["a.csv", "b.csv"]
    assert list((remote.workspace.root / "pulls/pension/files").iterdir()) == []


@pytest.mark.parametrize(
    "line", ["", "[127.0.0.1]:{port} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMKDhiAbi2ZqvTpHXUzcnJ0qcnkIL/3jZpnyQtaaNGgv\n"]
)
def test_a_server_whose_key_is_not_known_is_told_nothing(remote: Remote, line: str) -> None:
    """Neither an unknown key nor another key than that which is pinned is accepted."""
    remote.put("a.csv", 1)
    (remote.workspace.root / "known_hosts").write_text(line.format(port=remote.server.port) or "# none\n", encoding="ascii")

    with pytest.raises(HuiminError, match="The host key of") as error:
        remote.pull()

    assert error.value.exit_code == 4 and remote.deliveries() == []


def test_another_key_of_ours_is_refused_and_says_no_secret(remote: Remote, tmp_path: Path) -> None:
    """And so is what is no key, a folder that is not there, and a server that does not answer."""
    import asyncssh

    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    cases = [
        (other, {}, "lets nobody in", 4), ("no key", {}, "no usable private key", 2), (remote.server.key, {"folder": "/nowhere"}, "/nowhere", 4),
        (remote.server.key, {"port": "1"}, "cannot be reached", 4), (remote.server.key, {"known_hosts": "none"}, "cannot be read", 2),
    ]  # fmt: skip
    for key, values, why, code in cases:
        remote.say(**values)
        with pytest.raises(HuiminError, match=why) as error:
            replace(remote, workspace=replace(remote.workspace, environment={"SFTP_KEY": key})).pull()
        assert error.value.exit_code == code and "PRIVATE" not in error.value.text.en


def test_a_password_opens_a_server_too(remote: Remote, tmp_path: Path) -> None:
    """Read from a private file. A normal user's sshd cannot check passwords, so this server is asyncssh's own."""
    import asyncio
    import threading

    import asyncssh

    (remote.workspace.root / "password").write_text("geheim\n", encoding="ascii")
    (remote.workspace.root / "password").chmod(0o600)
    host_key, ready, stop = asyncssh.generate_private_key("ssh-ed25519"), threading.Event(), asyncio.Event()
    port = [0]

    class Guard(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("unit", "geheim")

    async def serve() -> None:
        server = await asyncssh.create_server(Guard, "127.0.0.1", 0, server_host_keys=[host_key], sftp_factory=True)
        port[0] = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    public = host_key.export_public_key().decode().strip()
    (remote.workspace.root / "known_hosts").write_text(f"[127.0.0.1]:{port[0]} {public}\n", encoding="ascii")
    remote.put("a.csv", 1)
    try:
        remote.say(port=str(port[0]), user="unit", key="", password="{file: password}")
        assert [file.file for file in remote.pull().files] == ["a.csv"]
        remote.say(port=str(port[0]), user="other", key="", password="{file: password}")
        with pytest.raises(HuiminError, match="lets nobody in"):
            remote.pull()
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
