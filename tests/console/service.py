"""A running service for tests: ``huimin up`` in a process of its own, on a free port of the loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HUIMIN = [sys.executable, "-m", "console.cli.entry"]
START_SECONDS = 120
STOP_SECONDS = 60
ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class RunningService:
    """A service that is ready.

    Args:
        link: the secret by which the first account is made; None where there are accounts.
    """

    process: subprocess.Popen[str]
    address: str
    link: str | None
    lines: list[str]

    def stop(self) -> int:
        """Stops it as an operator would; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def children(self) -> list[int]:
        """The engine and the reader."""
        pages = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        engine = int(pages[0])
        return [engine, *map(int, Path(f"/proc/{engine}/task/{engine}/children").read_text().split())]


@contextmanager
def service(workspace: Path, *options: str, today: str = "2026-10-15", errors: Path | None = None) -> Iterator[RunningService]:
    """Starts the service of a workspace, and stops it at the end of the block.

    Args:
        errors: the file that gets what it logs.
    """
    environment = {**os.environ, "HUIMIN_TODAY": today, "HUIMIN_LANG": "en", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    with open(errors or os.devnull, "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*HUIMIN, "up", "--workspace", str(workspace), "--port", "0", *options],
            env=environment, stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8",
        )  # fmt: skip
        try:
            yield _ready(process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)
                process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _ready(process: subprocess.Popen[str]) -> RunningService:
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if address := re.search(r"ready at (\S+)", line):
            link = re.search(r"first-account#(\S+)", "".join(lines))
            return RunningService(process, address[1], None if link is None else link[1], lines)
    raise AssertionError(f"the service did not start: {process.wait(STOP_SECONDS)} {lines}")
