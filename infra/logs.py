"""Log records and tracebacks on stderr, in a form that quoted text cannot fake.

``console.cli.main`` and ``infra.worker`` call it; a service writes a line of JSON for each record (``log_as_json``). A record quotes
topics, paths and a broker's answers. So control characters and line ends in it are escaped, and the lines of a traceback are indented:
none of them can pass for a record.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime

from policies.problems.characters import escaped_json, escaped_text, lines


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


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, and the facts that were given with it."""

    def format(self, record: logging.LogRecord) -> str:  # the library's name
        facts = {name: value for name, value in vars(record).items() if name not in _USUAL}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage(), **facts}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__  # neither its message nor its lines, which may quote a record
        return escaped_json(json.dumps(line, ensure_ascii=False, default=str))


_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def log_as_json() -> None:
    """Sends what the service does to stderr, a line of JSON each; of libraries, warnings and worse."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    logging.getLogger("huimin").setLevel(logging.INFO)


def traceback_text(error: BaseException) -> str:
    """The traceback of an error, indented and escaped."""
    return _set_in("".join(traceback.format_exception(error)))


def _set_in(text: str) -> str:
    return lines(f"  {line}" for line in text.rstrip("\n").split("\n"))
