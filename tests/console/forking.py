"""``huimin`` in a process of its own, forked from one that has loaded its modules already: a tenth of the time of a new interpreter.

For tests of what one run of the process does, many times over. What an interpreter does at its start and end (encodings, names that are no
text) needs a new one.

    python -m tests.console.forking N     the process that forks; N is its end of a socket
"""

from __future__ import annotations

import json
import os
import pkgutil
import resource
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOADED = ("services", "connectors", "console.cli", "matchers", "streams.embedded", "streams.steps", "streams.store")
"""The packages whose modules are loaded before a run."""
LONGEST = 1 << 16
"""Bytes of a request."""


def fork_huimin(
    *words: str, folder: Path, environment: Mapping[str, str], out: int | None = None, may_grow_files: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run ``huimin`` with these words.

    Args:
        out: the descriptor of its standard output; None: it is read.
        may_grow_files: False as on a full disk: no file may become longer.
    """
    reading_out, own_out = os.pipe()
    reading_error, own_error = os.pipe()
    request = {"words": words, "folder": str(folder), "environment": dict(environment), "may_grow_files": may_grow_files}
    connection = _parent()
    socket.send_fds(connection, [json.dumps(request).encode()], [own_out if out is None else out, own_error])
    os.close(own_out)
    os.close(own_error)
    with ThreadPoolExecutor(2) as pool:
        stdout, stderr = pool.map(_read, (reading_out, reading_error))
    return subprocess.CompletedProcess(words, int(connection.recv(16)), stdout, stderr)


def _read(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8") as file:
        return file.read()


@cache
def _parent() -> socket.socket:
    """The connection to the process that forks; that process ends with this one."""
    ours, theirs = socket.socketpair()
    subprocess.Popen([sys.executable, "-m", __name__, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd=ROOT)
    theirs.close()
    return ours


def _serve(connection: socket.socket) -> None:
    """Forks a process for each request, and answers with its exit code."""
    while True:
        body, descriptors, _, _ = socket.recv_fds(connection, LONGEST, 2)
        if not body:
            return
        pid = os.fork()
        if pid == 0:
            connection.close()
            os._exit(run_forked(json.loads(body), *descriptors))
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())


def run_forked(request: dict[str, Any], out: int, error: int) -> int:
    """Runs the verb as a process of these outputs; gives the exit code that an interpreter would end with."""
    from console.cli.main import main

    os.dup2(out, 1)
    os.dup2(error, 2)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if not request["may_grow_files"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    sys.argv = ["huimin", *request["words"]]
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    sys.stderr.flush()
    return int(code)


def load_modules() -> None:
    """Loads the modules, and makes the commands of all verbs."""
    import console.cli.main as program

    program.command = cache(program.command)
    for language in ("zh", "en"):
        program.command(language)
    for name in LOADED:
        package = import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            import_module(module.name)


if __name__ == "__main__":
    load_modules()
    _serve(socket.socket(fileno=int(sys.argv[1])))
