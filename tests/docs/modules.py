"""The header and the length of every module, and the list of modules that are still to be mended.

``python -m tests.docs.modules`` takes mended modules off ``to_mend.txt``; no module is ever added.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
USUAL, LONGEST = 250, 350
"""The most lines of a module, and the most lines of a module on the list until it is divided."""
LONGER = {
    "connectors/parsing/cells.py": "kernels that call each other stand in one file, or numba's cache misses a change",
}
"""Modules of any length, each with the reason."""
FORMULA = "The one idea"
TO_MEND = Path(__file__).with_name("to_mend.txt")
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_TWO_SENTENCES = re.compile(r"[.?!] +\S")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def flaws(path: Path) -> Iterator[str]:
    """The flaws of a module: ``sentence`` (the first line is not one sentence), ``formula``, ``arguments`` (a docstring names one that is not
    there), ``long``."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    header = ast.get_docstring(tree) or ""
    first, _, rest = header.partition("\n")
    if not first.endswith(".") or _TWO_SENTENCES.search(first) or (rest and not rest.startswith("\n")):
        yield "sentence"
    if FORMULA.casefold() in header.casefold():
        yield "formula"
    definitions = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef))
    if not all(documented_arguments(node) <= arguments(node) for node in definitions):
        yield "arguments"
    if len(text.splitlines()) > USUAL and name(path) not in LONGER:
        yield "long"


def documented_arguments(node: Definition) -> set[str]:
    """The names that the section ``Args:`` of a docstring explains."""
    section = re.search(r"^Args:\n((?: .*\n?|\n)+)", ast.get_docstring(node) or "", re.MULTILINE)
    heads = re.findall(r"^    ([\w, *]+):", section[1], re.MULTILINE) if section else []
    return {name.strip(" *") for head in heads for name in head.split(",")}


def arguments(node: Definition) -> set[str]:
    """The parameters of a function, or the fields of a class and the parameters of its ``__init__``."""
    if not isinstance(node, ast.ClassDef):
        return {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
    fields = {child.target.id for child in node.body if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name)}
    return fields.union(*(arguments(child) for child in node.body if isinstance(child, ast.FunctionDef) and child.name == "__init__"))


def all_flaws() -> set[str]:
    """The flaws of every module, one ``flaw path`` each."""
    return {f"{flaw} {name(path)}" for path in MODULES for flaw in flaws(path)}


def to_mend() -> set[str]:
    """The known flaws that are not mended yet."""
    return set(TO_MEND.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    TO_MEND.write_text("".join(f"{line}\n" for line in sorted(to_mend() & all_flaws())), encoding="utf-8")
