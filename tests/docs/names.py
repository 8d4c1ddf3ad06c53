"""Finds banned names in all modules: ``python -m tests.docs.names``, which ``make check`` runs.

Banned are names of functions, classes, modules and variables that are one past participle, the words in ``VAGUE``, and the prose in ``PROSE``.
names.txt beside this module holds the exceptions, one name of one module a line, each with its reason.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT

ALLOWED = Path(__file__).with_name("names.txt")
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
    or a state (``DeliveryStarted``, ``ListChanged``), so only a class of one word is banned for it (``Told``).

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


def bound_names() -> set[tuple[str, str]]:
    """Every banned name or word of the tree with its module; a module with a banned name counts as its own."""
    paths = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    names = {(path, name) for path in paths for _, name in banned_names((ROOT / path).read_text(encoding="utf-8"))}
    return names | {(path, Path(path).stem) for path in paths if is_participle(Path(path).stem)}


def allowed_names() -> dict[tuple[str, str], str]:
    """What names.txt allows, each name with its module and the reason: ``path name: reason`` a line."""
    lines = [line.partition(": ") for line in ALLOWED.read_text(encoding="utf-8").splitlines()]
    return {tuple(where.split(" ")): reason for where, _, reason in lines}  # type: ignore[misc]  # a path and a name


def main() -> int:
    """Prints banned names that are not allowed, and what is allowed without need or without a reason; 1 where there are any."""
    names, allowed = bound_names(), allowed_names()
    problems = [f"{path}: {name} is banned; see tests/docs/names.py" for path, name in sorted(names - allowed.keys())]
    problems += [f"{path}: {name} is gone; take its line off {ALLOWED.name}" for path, name in sorted(allowed.keys() - names)]
    problems += [f"{path}: {name} is allowed without a reason" for (path, name), reason in sorted(allowed.items()) if not reason]
    print("\n".join(problems) or f"names: {len(allowed)} exceptions, each with its reason")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
