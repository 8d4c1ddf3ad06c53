"""Log records and tracebacks on stderr, in a form that quoted text cannot fake.

Called by ``console.cli.main`` and ``infra.worker``. A record quotes topics, paths and a broker's answers. So control characters and line
ends in it are escaped, and the lines of a traceback are indented: none of them can pass for a record.
"""

from __future__ import annotations

import logging
import traceback

from policies.problems.characters import escaped_text, lines


class LineFormatter(logging.Formatter):
    """A record on one line, its traceback indented below."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # the library's name
        return escaped_text(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # the library's name
        return _set_in(super().formatException(ei))  # type: ignore[arg-type]  # what it was given

    def formatStack(self, stack_info: str) -> str:  # the library's name
        return _set_in(stack_info)


def log_plainly() -> None:
    """Sends warnings and worse to stderr, a line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def traceback_text(error: BaseException) -> str:
    """The traceback of an error, indented and escaped."""
    return _set_in("".join(traceback.format_exception(error)))


def _set_in(text: str) -> str:
    return lines(f"  {line}" for line in text.rstrip("\n").split("\n"))
