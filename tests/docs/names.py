"""Banned names, counted module by module: ``python -m tests.docs.names``, which ``make check`` runs.

Banned are names of functions, classes, modules and variables that are one past participle, the words in ``VAGUE``, and the prose in ``PROSE``.
What is left stands in names.txt beside this module, one module and its count a line. A count may only fall; ``--write`` writes the file anew.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT

LEFT = Path(__file__).with_name("names.txt")
VAGUE = frozenset({"found", "one", "told", "said", "it", "them", "way"})
"""These words say nothing about a value."""
IRREGULAR = re.compile(
    "told|found|kept|said|taken|joined|made|given|known|held|written|sent|shown|begun|built|done|drawn|driven|fallen|felt|gone|grown|hidden|laid|led|"
    "meant|met|paid|seen|sold|spent|spoken|stood|struck|thought|thrown|torn|understood|won|worn|wound|chosen|broken|born|brought|bought|caught"
)
NOUNS = {
    "feed": "a unit's stream of records",
    "need": "what a policy needs",
    "seed": "of random numbers",
    "speed": "rows a second",
    "bed": "a place of care",
    "embedded": "the embedded host, a term of the glossary",
}
"""Words that only look like participles, each with its meaning here."""
_REGULAR = re.compile(r"[a-z]+ed")
_CAMEL_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+")
PROSE = re.compile(r"\b[Ss]he\b|\b[Hh]er(?:s|self)?\b")
"""People are *they*, things are *it*."""


def is_participle(name: str) -> bool:
    """Whether a name is one word, and that a past participle.

    Of a class in CamelCase, the last word decides: ``DescribedFeed`` is a feed. A participle behind another word is the usual name of an event
    or a state (``DeliveryStarted``, ``NotUpgraded``), so only a class of one word is banned for it (``Told``).

    Example:
        >>> [name for name in ("Told", "_Checked", "kept", "DescribedFeed", "DeliveryStarted", "sorted_rows") if is_participle(name)]
        ['Told', '_Checked', 'kept']
    """
    *before, last = _CAMEL_WORD.findall(name.strip("_")) or [""]
    word = last.lower()
    return not before and word not in NOUNS and any(pattern.fullmatch(word) for pattern in (IRREGULAR, _REGULAR))


def is_banned(variable: str) -> bool:
    """Whether a variable or parameter has a banned name: ``sorted_rows`` and ``closed: bool`` are plain enough."""
    word = variable.strip("_")
    return word in VAGUE or IRREGULAR.fullmatch(word) is not None


def banned_names(text: str) -> Iterator[tuple[int, str]]:
    """The banned names and the banned prose of a module, each with its line."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if is_participle(node.name) or node.name.strip("_").lower() in VAGUE:
                yield node.lineno, node.name
        elif isinstance(node, ast.arg) and is_banned(node.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and is_banned(node.id):
            yield node.lineno, node.id
    for number, line in enumerate(text.split("\n"), 1):
        yield from ((number, match[0]) for match in PROSE.finditer(line))


def counts() -> Counter[str]:
    """The number of banned names in each module of the tree, including the name of the module itself."""
    paths = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    in_modules = {
        path: sum(1 for _ in banned_names((ROOT / path).read_text(encoding="utf-8"))) + is_participle(Path(path).stem) for path in paths
    }
    return Counter({path: count for path, count in in_modules.items() if count})


def allowed_counts() -> Counter[str]:
    """The counts in names.txt."""
    lines = LEFT.read_text(encoding="utf-8").split("\n") if LEFT.exists() else []
    return Counter({path: int(count) for path, _, count in (line.rpartition(" ") for line in lines if line)})


def main(arguments: list[str]) -> int:
    """Prints where a count differs from names.txt; exit code 1 if any does."""
    now, before = counts(), allowed_counts()
    if "--write" in arguments:
        LEFT.write_text("".join(f"{path} {count}\n" for path, count in sorted(now.items())), encoding="utf-8")
        print(f"{sum(now.values())} banned names in {len(now)} modules")
        return 0
    for path in sorted(now | before):
        if now[path] > before[path]:
            print(f"{path}: {now[path]} banned names, {before[path]} allowed:")
            print(*(f"  {line}: {name}" for line, name in sorted(banned_names((ROOT / path).read_text(encoding="utf-8")))), sep="\n")
        elif now[path] < before[path]:
            print(f"{path}: {now[path]} banned names, and {before[path]} allowed: python -m tests.docs.names --write")
    return int(now != before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
