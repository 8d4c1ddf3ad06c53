"""What goes to stderr besides sentences: log records and tracebacks, each record a line that nobody else can have written.

Called by ``console.cli.main`` and ``infra.worker``. A record quotes topics, paths and what a broker answered: control characters and line
ends in it are escaped, and the lines of a traceback are set in, so that none passes for a record of its own.
"""

from __future__ import annotations

import logging
import traceback

from policies.problems.characters import escaped, lines


class LineFormatter(logging.Formatter):
    """A record on one line, its traceback set in below."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # the library's name
        return escaped(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # the library's name
        return _set_in(super().formatException(ei))  # type: ignore[arg-type]  # what it was given

    def formatStack(self, stack_info: str) -> str:  # the library's name
        return _set_in(stack_info)


def log_plainly() -> None:
    """Warnings and worse go to stderr, a line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def traceback_text(error: BaseException) -> str:
    """The traceback of an error as it may be shown."""
    return _set_in("".join(traceback.format_exception(error)))


def _set_in(text: str) -> str:
    return lines(f"  {line}" for line in text.rstrip("\n").split("\n"))
