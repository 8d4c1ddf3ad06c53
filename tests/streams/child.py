"""The process that a test kills: a parent that loads everything once and forks a writer for every line on its standard input.

It writes lines to standard output: ``pid N`` (a writer was forked), ``ready N`` (it recovered up to offset N), ``ack N`` (``submit`` of message
N has returned), ``snap`` and ``snapped`` (before and after a snapshot), ``end`` (all messages are in) and ``dead`` (the writer is gone).
With ``wait``, a writer goes on after each ``ack`` only when it reads a line.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.language.messages import Input
from tests.streams.world import parts, run

RULE = CheckpointRule(rows=1500, closing_rows=1)


def main(folder: str, length: int, real: bool, wait: bool, unsafe: bool) -> None:
    """Forks a writer for every line it reads, and waits for the end of that writer."""
    messages = list(run(length))
    warm(messages, real)
    for _ in sys.stdin if not wait else ["once"]:
        pid = os.fork()
        if not pid:
            write(Path(folder), messages, real, wait, unsafe)
            os._exit(0)
        say(f"pid {pid}")
        os.waitpid(pid, 0)
        say("dead")


def warm(messages: list[Input], real: bool) -> None:
    """Loads what a writer will need, so that it starts in milliseconds."""
    from streams.steps.state import State
    from streams.steps.steps import step
    from streams.wire.wire import decode, encode

    state = State(parts(real))
    for offset, message in enumerate(messages[:60]):
        step(state, decode(encode(message)), offset)


def write(folder: Path, messages: list[Input], real: bool, wait: bool, unsafe: bool) -> None:
    """Continues where the store ends; some messages go three in a transaction, some while the one before is being written."""
    snapshot = EmbeddedHost.write_checkpoint

    def telling(host: EmbeddedHost) -> Path:
        say("snap")
        path = snapshot(host)
        say("snapped")
        return path

    EmbeddedHost.write_checkpoint = telling  # type: ignore[assignment,method-assign]  # so that the test knows when a kill fell into a snapshot
    with EmbeddedHost.open(folder, parts(real), create=True, rule=RULE) as host:
        if unsafe:
            host._log._db.execute("PRAGMA synchronous = OFF")
        say(f"ready {host.state.offset}")
        while (at := host.state.offset + 1) < len(messages):
            if at % 100 >= 60 and not wait:
                for receipt in host.submit_each(messages[at : at + 100 - at % 100]):
                    say(f"ack {receipt.offset}")
                continue
            several = messages[at : at + 3] if at % 10 == 7 else messages[at : at + 1]
            say(f"ack {host.submit_many(several)[-1].offset}")
            if wait:
                sys.stdin.readline()
    say("end")


def say(line: str) -> None:
    os.write(1, (line + "\n").encode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *(flag in sys.argv[3:] for flag in ("real", "wait", "unsafe")))
