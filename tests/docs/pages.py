"""The pages as programs: the files they show, the lines they type, the outputs they promise.

A page is run in the order in which it is read, in an empty folder. A block with a name (```` ```yaml FILE ````) is a file. In a ``console``
block a line that begins with ``$`` is typed, and its output follows; ``...`` stands for any text. A page in ``WHOLE`` leaves nothing
out: its outputs are compared word for word. A line that is one plain verb is run in this process, because a process of its own takes a second
to start; a shell runs every other line, and its ``huimin`` is a forked process (``tests.docs.forked_shell``). ``python -m tests.docs.pages PAGE`` prints a page with the outputs of today.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

from streams.disk.files import PRIVATE_UMASK
from tests.console.command import run_command
from tests.docs.forked_shell import folder_of_program

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PAIRS = [(ROOT / "README.md", ROOT / "README.zh.md")] + [
    (page, ROOT / "docs" / "zh" / page.name) for page in sorted((ROOT / "docs" / "en").glob("*.md"))
]
"""Each page in English, with the same page in Chinese."""
TODAY = "2026-10-15"
"""The current day on the pages."""
WHOLE = frozenset({"story.md"})
"""The pages that leave nothing out: they show the whole screen."""

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r"export (.+)")
_VERB = re.compile(r"huimin (?!.*--help)[^|&;<>()$`*?~#!\\]*")
"""One verb, without anything that only a shell understands."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, the name of its file (or none), and its text."""

    language: str
    file: str | None
    text: str


@dataclass(slots=True)
class Folder:
    """An empty folder in which a page is run, and the variables that were exported."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, line: str) -> str:
        """What a line prints on both outputs, and its exit code if that is not 0."""
        setting = _SETTING.fullmatch(line)
        if setting:
            for name, _, value in (word.partition("=") for word in setting[1].split()):
                self.environment[name] = value
            return ""
        here = {"HUIMIN_TODAY": TODAY, "COLUMNS": "118", "NO_COLOR": "1", **self.environment}
        code, output = self._verb(line, here) if _VERB.fullmatch(line) else self._shell(line, here)
        return tidy(output + (f"(exit code {code})\n" if code else ""))

    def _verb(self, line: str, environment: dict[str, str]) -> tuple[int, str]:
        words = shlex.split(line)[1:]
        absent = dict.fromkeys(name for name in os.environ if name.startswith("HUIMIN_"))
        umask = os.umask(PRIVATE_UMASK)
        try:
            with chdir(self.path):
                result = run_command(*words, env={**absent, **environment})
        finally:
            os.umask(umask)
        return result.exit_code, result.output

    def _shell(self, line: str, environment: dict[str, str]) -> tuple[int, str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("HUIMIN_")}
        path = os.pathsep.join([str(folder_of_program()), str(Path(sys.executable).parent), os.environ["PATH"]])
        process = subprocess.run(
            line, shell=True, cwd=self.path, env={**outside, "PATH": path, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
        )  # fmt: skip
        return process.returncode, process.stdout.decode()


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    return (Block(*match.groups()) for match in _BLOCK.finditer(page))


def typed_lines(text: str) -> Iterator[tuple[str, str]]:
    """The typed lines of a console block, each with the output that the page promises.

    Example:
        >>> list(typed_lines("$ echo a\\na\\n$ true\\n"))
        [('echo a', 'a\\n'), ('true', '')]
    """
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        yield line.strip(), tidy(output)


def tidy(text: str) -> str:
    """A text without spaces at the ends of its lines and empty lines around it."""
    lines = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    return lines.strip("\n") + "\n" if lines.strip() else ""


def is_as_promised(page: str, promise: str, output: str) -> bool:
    """Whether an output is what this page says: to the letter if the page leaves nothing out, else as ``agrees`` compares.

    Example:
        >>> is_as_promised("README.md", "a ...\\n", "a b\\n"), is_as_promised("story.md", "a ...\\n", "a b\\n")
        (True, False)
    """
    return promise == output if page in WHOLE else agrees(promise, output)


def agrees(promise: str, output: str) -> bool:
    """Whether the output is as promised: ``...`` stands for anything, and the widths of columns do not matter.

    Example:
        >>> agrees("a ... d\\n", "a b\\nc d\\n"), agrees("a\\n", "b\\n")
        (True, False)
    """
    pattern = ".*?".join(re.escape(part) for part in _narrow(promise).split("..."))
    return re.fullmatch(pattern, _narrow(output), re.DOTALL) is not None


def _narrow(text: str) -> str:
    return re.sub("─+", "─", re.sub(" +", " ", text))


def write_block(folder: Path, block: Block) -> None:
    """Writes the file of a block."""
    path = folder / str(block.file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def with_outputs_of_today(page: str) -> str:
    """The page with the outputs of a run today."""
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name))

        def again(match: re.Match[str]) -> str:
            block = Block(*match.groups())
            if block.file:
                write_block(folder.path, block)
            if block.language != "console":
                return match[0]
            return "```console\n" + "".join(f"$ {line}\n{folder.run(line)}" for line, _ in typed_lines(block.text)) + "```"

        return _BLOCK.sub(again, page)


if __name__ == "__main__":
    sys.stdout.write(with_outputs_of_today(Path(sys.argv[1]).read_text(encoding="utf-8")))
