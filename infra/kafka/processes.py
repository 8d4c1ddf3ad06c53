"""Processes that outlive their caller: launched, found again by a file, ended.

A number in a file proves nothing. A process is ours if its command line names the file it was started from. A process of another program
that has the number now is left alone.

The tree of errors: ``Occupied`` (operator: another run holds the folder; wait; 5).
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from policies.problems.problems import Conflict
from policies.values import Text
from streams.disk.files import PRIVATE_UMASK, private, text_at, write_whole

PAUSE_SECONDS = 0.1
BECOMING_READS = 200
"""How often an empty command line of a living process is read again: the process is just becoming another program."""
UTF_8 = ("/usr/bin/env", "LC_ALL=C.UTF-8")
"""Before a command of Java, which otherwise reads file names as ASCII where no language is set."""
_DETACHED = 'log=$1; shift; "$@" </dev/null >"$log" 2>&1 & echo $!'


class LockTimeout(Conflict):
    def __init__(self, lock: Path) -> None:
        super().__init__(
            Text(
                f"{lock} 一直被另一个进程占用。请等它结束再试。",
                f"{lock} has been held by another process all the while. Wait for it to end, and try again.",
            )
        )


@contextmanager
def exclusive_lock(lock: Path, seconds: float) -> Iterator[None]:
    """Holds a lock for the body of a ``with``; waits for its holder.

    Raises:
        Occupied: another process held it for longer than ``seconds``.
    """
    with open(lock, "a+b", opener=private) as file:
        if not wait_for(lambda: _try_lock(file.fileno()), seconds):
            raise LockTimeout(lock)
        yield


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition becomes true in this time; asks at once, and then ten times a second."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def start_detached(command: Sequence[str], output: Path, pid_file: Path) -> None:
    """Start a process in the background, with neither our process as parent nor our terminal."""
    words = ["/bin/sh", "-c", _DETACHED, "sh", str(output), *command]
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    result = subprocess.run(words, stdin=null, stdout=pipe, text=True, check=True, start_new_session=True, umask=PRIVATE_UMASK)
    write_whole(pid_file, result.stdout)


def running(pid_file: Path, mark: str) -> int | None:
    """The number of the process in this file; None where it has ended.

    Args:
        mark: a word of its command line that no other process has.
    """
    try:
        pid = int(text_at(pid_file))
    except (FileNotFoundError, ValueError):  # a number that cannot be read is nobody's
        return None
    return pid if pid > 0 and _names(pid, mark) else None


def _names(pid: int, mark: str) -> bool:
    """Whether the command line of a running process has this word; False once it has ended, also as a zombie."""
    if not Path("/proc/self/cmdline").exists():
        result = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return mark in result.stdout
    for _ in range(BECOMING_READS):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if words or state in b"ZX":
            return mark.encode() in words.split(b"\0")
        time.sleep(PAUSE_SECONDS / 10)
    return False


def end_processes(processes: Sequence[tuple[Path, str]], seconds: float) -> None:
    """End processes, each by file and mark: all are asked, and those that remain after this time are killed."""
    for pid_file, mark in processes:
        send_signal(pid_file, mark, signal.SIGTERM)
    if not wait_for(lambda: all(running(*process) is None for process in processes), seconds):
        for pid_file, mark in processes:
            send_signal(pid_file, mark, signal.SIGKILL)
        wait_for(lambda: all(running(*process) is None for process in processes), seconds)
    for pid_file, mark in processes:
        if running(pid_file, mark) is None:
            pid_file.unlink(missing_ok=True)


def send_signal(pid_file: Path, mark: str, number: signal.Signals) -> None:
    """Send a signal to the process of this file, if it is still running."""
    pid = running(pid_file, mark)
    if pid is not None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
