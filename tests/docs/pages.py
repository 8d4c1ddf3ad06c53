"""The pages as programs: the files they show, the lines they type, the outputs they promise.

The one idea: a page is run in the order in which it is read, in an empty folder. A block with a name (```` ```yaml FILE ````) is a file; in a
``console`` block a line that begins with ``$`` is typed, and what follows is what comes out; ``...`` stands for anything. Chinese readers see
the same page. Of a page in ``WHOLE`` nothing stands for anything: its outputs are compared word for word. ``python -m tests.docs.pages README.md`` prints a page with the outputs of today, for whoever writes it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TODAY = "2026-10-15"
"""The day it is on the pages."""
WHOLE = frozenset({"story.md"})
"""The pages that leave nothing out: a reader is to see what she would see."""

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r"export (.+)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, the file it is (or none), and its text."""

    language: str
    file: str | None
    text: str


@dataclass(slots=True)
class Folder:
    """An empty folder in which a page is run; remembers what was exported."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, line: str) -> str:
        """What a line prints, on both outputs, and its exit code where that is not 0."""
        setting = _SETTING.fullmatch(line)
        if setting:
            for name, _, value in (word.partition("=") for word in setting[1].split()):
                self.environment[name] = value
            return ""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUIMIN_")}
        environment = {**kept, "PATH": path, "HUIMIN_TODAY": TODAY, "COLUMNS": "118", "NO_COLOR": "1", **self.environment}
        done = subprocess.run(
            line, shell=True, cwd=self.path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False
        )
        ended = f"(exit code {done.returncode})\n" if done.returncode else ""
        return tidy(done.stdout.decode() + ended)


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    return (Block(*found.groups()) for found in _BLOCK.finditer(page))


def typed(text: str) -> Iterator[tuple[str, str]]:
    """The lines typed in a console block, each with what it is to print.

    Example:
        >>> list(typed("$ echo a\\na\\n$ true\\n"))
        [('echo a', 'a\\n'), ('true', '')]
    """
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        yield line.strip(), tidy(output)


def tidy(text: str) -> str:
    """A text without spaces at the ends of its lines and empty lines around it."""
    lines = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    return lines.strip("\n") + "\n" if lines.strip() else ""


def kept(page: str, expected: str, found: str) -> bool:
    """Is an output what this page says: to the letter where it leaves nothing out, else as ``agrees`` has it?

    Example:
        >>> kept("README.md", "a ...\\n", "a b\\n"), kept("story.md", "a ...\\n", "a b\\n")
        (True, False)
    """
    return expected == found if page in WHOLE else agrees(expected, found)


def agrees(expected: str, found: str) -> bool:
    """Is the output as promised, where ``...`` stands for anything, and the widths of columns do not matter?

    Example:
        >>> agrees("a ... d\\n", "a b\\nc d\\n"), agrees("a\\n", "b\\n")
        (True, False)
    """
    pattern = ".*?".join(re.escape(part) for part in _narrow(expected).split("..."))
    return re.fullmatch(pattern, _narrow(found), re.DOTALL) is not None


def _narrow(text: str) -> str:
    return re.sub("─+", "─", re.sub(" +", " ", text))


def written(folder: Path, block: Block) -> None:
    """Write the file a block is."""
    path = folder / str(block.file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def renewed(page: str) -> str:
    """The page with every output as it is today."""
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name))

        def again(found: re.Match[str]) -> str:
            block = Block(*found.groups())
            if block.file:
                written(folder.path, block)
            if block.language != "console":
                return found[0]
            return "```console\n" + "".join(f"$ {line}\n{folder.run(line)}" for line, _ in typed(block.text)) + "```"

        return _BLOCK.sub(again, page)


if __name__ == "__main__":
    sys.stdout.write(renewed(Path(sys.argv[1]).read_text(encoding="utf-8")))
