"""The shape of the code: every module says what it is, stays short, and ships."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST = 350
LONGER = {
    "matchers/kernels.py": "kernels that call each other stand in one file, or numba's cache misses a change",
    "connectors/cells.py": "likewise",
}
"""Modules that may be longer than the rest, each with its reason."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_what_it_is(path: Path) -> None:
    """Its first line is one sentence."""
    header = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert header, f"{name(path)} has no docstring"
    assert header.split("\n")[0].rstrip().endswith((".", "?", ":", "…")) or "\n" in header


def test_modules_are_short() -> None:
    """At most 350 lines, but for those with a reason; the longest are printed."""
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    longest = sorted(lines.items(), key=lambda item: -item[1])[:10]
    print(f"{len(lines)} modules, {sum(lines.values())} lines; longest: {', '.join(f'{n} {count}' for n, count in longest)}")

    assert {n: count for n, count in lines.items() if count > LONGEST and n not in LONGER} == {}
    assert all(n in lines for n in LONGER), "a module that may be longer is gone"


def imported(path: Path) -> Iterator[str]:
    """What a module imports when it runs, at its head or late; not what it names in annotations only."""
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    for node in nodes:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            nodes += node.orelse
            continue
        nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def test_modules_import_each_other_one_way() -> None:
    """No circle, not even by a late import: what two modules share lies in a third."""
    dotted = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}

    try:
        tuple(TopologicalSorter({module: dotted.keys() & set(imported(path)) - {module} for module, path in dotted.items()}).static_order())
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def test_every_package_ships_and_has_its_layer() -> None:
    """The packages of the wheel, the layers of the import contract and those type-checked are the same."""
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]

    assert sorted(PACKAGES) == sorted(layers) == sorted(PROJECT["tool"]["importlinter"]["root_packages"])
    assert set(PACKAGES) <= set(PROJECT["tool"]["mypy"]["files"])
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


@pytest.mark.parametrize("setting", ["HUIMIN_WORKSPACE", "HUIMIN_LANG", "HUIMIN_TODAY", "HUIMIN_DEBUG", "NUMBA_CACHE_DIR"])
def test_a_setting_is_described(setting: str) -> None:
    """docs/operations.md describes every environment variable the program reads."""
    assert f"`{setting}`" in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_no_other_setting_is_read() -> None:
    """Whatever begins with HUIMIN_ in the packages is described."""
    described = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    read = {name for path in MODULES for name in re.findall(r"HUIMIN_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))}

    assert {name for name in read if f"`{name}`" not in described} == set()
