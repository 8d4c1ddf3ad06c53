"""How a run ends: its exit code, and the error message on stderr.

``console.cli.main`` calls it.

"Nothing was changed" is printed only where it is true (``streams.disk.effects``). Where messages were stored or files written before the
error, the sentence names them, and says whether only the report is missing (exit code 6) or the work itself broke off.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from console.cli.usage import is_usage_error, usage_error
from infra.logs import traceback_text
from policies.problems.characters import EscapedLines, escaped_text
from policies.problems.problems import HuiminError, comma_list
from policies.values import Text
from streams.disk.effects import Effects, account

UNREPORTED = 6
"""The exit code of a run that did its work and could not report it."""
NAMED = 6
"""The most files that a message names."""
CANCELLED = Text("已取消。", "Cancelled.")
GONE = Text("{zh} 不可写或不可读（{why}）。", "Cannot read or write {en} ({why}).")
FULL = Text("磁盘已满。清出空间后重试。", "The disk is full. Free some space and try again.")
OUTPUT = Text("标准输出写不出去（{why}）。", "Standard output cannot be written ({why}).")
OURS = Text(
    "内部错误（{kind}，{place}）：不是您的操作问题。请把这一行报给维护者；HUIMIN_DEBUG=1 显示细节。",
    "Internal error ({kind} at {place}): not your mistake. Report this line; HUIMIN_DEBUG=1 shows more.",
)
ESCAPED = Text(
    "此终端的编码显示不了中文，已改用代码显示。",
    "The encoding of this output has no Chinese, so codes stand for it. Use --lang en, or set PYTHONIOENCODING=utf-8.",
)
NOTHING = Text("没有任何改动。", "Nothing was changed.")
REPORT = Text("已经做完：{what}。缺的只是报告，请勿重做。", "It is done: {what}. Only the report is missing: do not do it again.")
PARTLY = Text("在此之前已经做了：{what}。后面的没有做。", "Done before that: {what}. What follows it was not done.")
LOOK = Text("请先看清现状，再决定是否重做。", "Look at what is there before you do it again.")
"""Added to ``PARTLY`` where the error itself does not say what to do."""


def run(verb: Callable[[], Any], language: Callable[[], str], workspace: Callable[[], Path | None]) -> Any:
    """Run a verb, and give its value once all its output is written.

    Args:
        language, workspace: of the run; called after the verb has started, when both are known.

    Raises:
        typer.Exit: with the exit code of the run, after the error message.
    """
    with account() as effects:
        value, error = None, None
        try:
            value = verb()
        except (Exception, KeyboardInterrupt, SystemExit) as failure:  # rich raises SystemExit where the reader closed the pipe
            error = failure
    root = workspace()
    files = [path for path in effects.files if root is None or not _of_the_log(path.absolute(), root.absolute())]
    effects_text = _effects_text(effects, files, root) if effects.offsets or files or effects.others else None
    code = error.exit_code if isinstance(error, typer.Exit) else 0
    lost = _output_failure() or (error if isinstance(error, BrokenPipeError) else None)
    if lost is not None and (
        error is None or isinstance(error, typer.Exit | SystemExit) or (isinstance(error, OSError) and error.filename is None)
    ):
        error = lost
        if lost.errno == errno.EPIPE and effects_text is None and not effects.broken_off:
            raise typer.Exit(code)  # the reader closed the pipe: no error for a verb that only shows something
    if error is None:
        return value
    if isinstance(error, typer.Exit | SystemExit):
        raise error
    if is_usage_error(error):
        mistake = usage_error(error)
        raise error if mistake is None else report_on_stderr(mistake.text, mistake.exit_code, language())
    if os.environ.get("HUIMIN_DEBUG") and not isinstance(error, HuiminError | OSError | typer.Abort | KeyboardInterrupt):
        typer.echo(traceback_text(error), err=True)
    raise report_on_stderr(*_error_report(error, error is lost, effects_text, effects.broken_off), language())


def report_on_stderr(text: Text, code: int, language: str) -> typer.Exit:
    """Print a text on stderr, where that can be written; returns the exit with this code, to be raised."""
    with suppress(OSError, ValueError):
        typer.secho(escaped_text(text[language]), err=True, fg="red")
    return typer.Exit(code)


class StandardOutput(io.FileIO):
    """The standard output; it keeps the last error of a write."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.failure = error
            raise


def open_outputs() -> None:
    """Open both outputs so that no text makes a run fail: a character that the encoding lacks is written as its code.

    A closed standard output fails only when it is written to; no file that is opened later gets its number."""
    while (number := os.open(os.devnull, os.O_RDONLY)) <= 2:
        pass
    os.close(number)
    encoding, plain = getattr(sys.stdout, "encoding", "utf-8"), io.BufferedWriter(StandardOutput(1, "w", closefd=False))
    sys.stdout = io.TextIOWrapper(plain, encoding, "backslashreplace", line_buffering=plain.isatty())
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # it is open to the end
    elif isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")


def warn_of_encoding(language: str) -> None:
    """Warn where the encoding of the standard output lacks the characters of this language."""
    try:
        Text("惠民", "Huimin")[language].encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        report_on_stderr(ESCAPED, 0, "en")


def _output_failure() -> OSError | None:
    """Why the standard output could not be written, or None; after a failure it leads to /dev/null, so that the flush at exit succeeds."""
    failure = None
    try:
        sys.stdout.flush()
    except OSError as error:
        failure = error
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    failure = (raw.failure if isinstance(raw, StandardOutput) else None) or failure
    if failure is not None:
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
    return failure


def _error_report(error: BaseException, unreported: bool, effects_text: Text | None, broken_off: bool) -> tuple[Text, int]:
    """The message about an error, and the exit code."""
    match error:
        case HuiminError():
            text, code, ours = error.text, error.exit_code, False
        case typer.Abort() | KeyboardInterrupt():
            text, code, ours = CANCELLED, 1, False
        case OSError():
            text, code, ours = _os_error_text(error, unreported), 1, True
        case _:
            text, code, ours = _internal_error_text(error), 1, True
    if effects_text is None:
        return (_both_texts(text, NOTHING) if ours else text), code
    rest = REPORT if ours and not broken_off and (unreported or not isinstance(error, OSError)) else PARTLY
    text = _both_texts(text, Text(rest.zh.format(what=effects_text.zh), rest.en.format(what=effects_text.en)))
    if rest is REPORT:
        return text, UNREPORTED
    return (text if isinstance(error, HuiminError) else _both_texts(text, LOOK)), code


def _os_error_text(error: OSError, unreported: bool) -> Text:
    why = error.strerror or type(error).__name__
    words = {"why": why, "zh": error.filename or "有一个文件", "en": error.filename or "a file"}
    if unreported:
        return Text(OUTPUT.zh.format(**words), OUTPUT.en.format(**words))
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return FULL
    return Text(GONE.zh.format(**words), GONE.en.format(**words))


def _internal_error_text(error: BaseException) -> Text:
    """Where an unexpected error came from; its own message is left out, for it may quote a record."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    words = {"kind": type(error).__name__, "place": f"{os.path.basename(last.filename)}:{last.lineno}"}
    return Text(OURS.zh.format(**words), OURS.en.format(**words))


def _of_the_log(path: Path, root: Path) -> bool:
    """Is a file a part of the log: a checkpoint, or the chain head?"""
    from infra.workspace.workspace import HEAD

    return path.is_relative_to(root / "state") or path == root / HEAD


def _effects_text(effects: Effects, files: Sequence[Path], root: Path | None) -> Text:
    """What was done: messages by their numbers, files by their paths; files of the vault are only mentioned, not named."""
    zh, en, offsets = [effect.zh for effect in effects.others], [effect.en for effect in effects.others], effects.offsets
    if offsets:
        first, last, count = min(offsets), max(offsets), len(offsets)
        zh.append(f"日志中的消息 #{first}" + (f" 至 #{last}（{count} 条）" if count > 1 else ""))
        en.append(f"message #{first}" if count == 1 else f"messages #{first} to #{last} ({count})")
    identity_folder = None if root is None else root.absolute() / "identity"
    file_paths = dict.fromkeys(
        str(path) for path in files if identity_folder is None or not path.absolute().is_relative_to(identity_folder)
    )
    if file_paths:
        names = comma_list(file_paths, NAMED)
        zh.append(f"文件 {names}")
        en.append(f"written {names}")
    elif files and not offsets:
        zh.append("工作区 identity 中的文件")
        en.append("files in identity of the workspace")
    return Text("，".join(zh), ", ".join(en))


def _both_texts(first: Text, second: Text) -> Text:
    """Two texts, one behind the other; line ends in the first are kept."""
    return Text(
        EscapedLines(escaped_text(first.zh) + escaped_text(second.zh)), EscapedLines(f"{escaped_text(first.en)} {escaped_text(second.en)}")
    )
