"""Servers that tests start on loopback, as a normal user and in a folder of their own: PostgreSQL, and OpenSSH's sshd.

``tests/servers.sh`` installs what they need. Root may run neither: then they run as the user of least rights that there is.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}


def normal_user(*names: str) -> str | None:
    """The user to run a server as: nobody else where the tests have no rights; else the first of these names that there is."""
    if os.getuid():
        return None
    names_there = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in (*names, "nobody") if name in names_there)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def server_folder(user: str | None) -> Iterator[Path]:
    """A folder that the user of a server owns, and can reach."""
    folder = Path(tempfile.mkdtemp(prefix="huimin-server-"))
    try:
        folder.chmod(0o755)
        if user is not None:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def program(name: str, *places: str) -> Path:
    """The path of a program; the test is skipped where there is none."""
    candidates = [path for place in places for path in sorted(Path("/").glob(place.lstrip("/")), reverse=True)]
    in_path = shutil.which(name)
    path = next((path for path in candidates if os.access(path, os.X_OK)), Path(in_path) if in_path else None)
    if path is None:
        pytest.skip(f"no {name}: run tests/servers.sh as root, or install it")
    return path


def run_as(user: str | None, *words: Any) -> None:
    """Runs a program to its end as a user."""
    subprocess.run([str(word) for word in words], user=user, env=ENVIRONMENT, cwd="/", check=True, capture_output=True)


@contextmanager
def running(user: str | None, folder: Path, is_ready: Callable[[], bool], *words: Any) -> Iterator[None]:
    """Runs a server until the end of the block; fails with its log where it does not answer."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(word) for word in words], user=user, env=ENVIRONMENT, cwd="/", stdout=log, stderr=log)
    try:
        while not is_ready():
            if process.poll() is not None:
                pytest.fail(f"{words[0]} ended: {(folder / 'log').read_text(encoding='utf-8', errors='replace')}")
        yield
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL with one user."""

    uri: str

    def execute(self, *statements: str) -> None:
        from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]  # it ships no types

        with dbapi.connect(self.uri) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of its own, ended with the block; every file of it is removed."""
    bin = program("initdb", "/usr/lib/postgresql/*/bin/initdb").resolve().parent
    user = normal_user("postgres")
    with server_folder(user) as folder:
        (folder / "password").write_text("geheim\n", encoding="ascii")
        (folder / "password").chmod(0o644)
        options = ("-U", "huimin", "-A", "scram-sha-256", "--pwfile", folder / "password", "-E", "UTF8", "--locale", "C", "--no-sync")
        run_as(user, bin / "initdb", "-D", folder / "data", *options)
        port = free_port()
        server = Postgres(f"postgresql://huimin:geheim@127.0.0.1:{port}/postgres")
        words = (bin / "postgres", "-D", folder / "data", "-p", port, "-h", "127.0.0.1", "-k", "", "-F")
        with running(user, folder, lambda: _answers(server), *words):
            yield server


def _answers(server: Postgres) -> bool:
    from adbc_driver_manager import Error

    try:
        server.execute("SELECT 1")
    except Error:
        return False
    return True


@dataclass(frozen=True)
class FilesOnServer:
    """A running sshd that serves files to one user by key, and the folder it serves them from.

    Args:
        known_hosts: the line of its own key.
        key: the private key that opens it.
    """

    port: int
    user: str
    known_hosts: str
    key: str
    folder: Path

    def put(self, name: str, data: bytes) -> Path:
        """Writes a file as the user of the server."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        if os.getuid() == 0:
            for place in (path.parent, path):
                shutil.chown(place, self.user)
        return path


@contextmanager
def sshd() -> Iterator[FilesOnServer]:
    """An sshd of its own with a new host key, run as a normal user; it serves files and nothing else."""
    server, keygen = program("sshd", "/usr/sbin/sshd", "/usr/lib/openssh/sshd"), program("ssh-keygen")
    user = normal_user()
    with server_folder(user) as folder:
        for name in ("host", "client"):
            run_as(user, keygen, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder / name)
        run_as(user, "mkdir", "-m", "755", folder / "out")
        port = free_port()
        (folder / "config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/client.pub\nPidFile none\n"
            "StrictModes no\nUsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\n"
            "ForceCommand internal-sftp\nLogLevel VERBOSE\n", encoding="ascii",
        )  # fmt: skip
        (folder / "config").chmod(0o644)
        host, key = (folder / "host.pub").read_text("ascii").split()[:2], (folder / "client").read_text("ascii")
        name = user or pwd.getpwuid(os.getuid()).pw_name
        served = FilesOnServer(port, name, f"[127.0.0.1]:{port} {' '.join(host)}\n", key, folder / "out")
        with running(user, folder, lambda: _greets(port), server, "-D", "-e", "-f", folder / "config"):
            yield served


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)) as client:
            return client.recv(4) == b"SSH-"
    except OSError:
        return False
