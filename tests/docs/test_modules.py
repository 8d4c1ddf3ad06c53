"""The shape of the code: every module says what it is, stays short, and ships."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.docs.modules import LONGER, LONGEST, MODULES, PACKAGES, PROJECT, all_flaws, flaws, name, to_mend
from tests.docs.pages import ROOT


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_what_it_is_and_is_short(path: Path) -> None:
    """Its first line is one sentence with a full stop, its header has no formula, and it has at most 250 lines; or it is still to be mended."""
    assert {f"{flaw} {name(path)}" for flaw in flaws(path)} <= to_mend()


def test_the_list_of_modules_to_mend_only_shrinks() -> None:
    """Mended modules are taken off: ``python -m tests.docs.modules``."""
    assert to_mend() - all_flaws() == set()


def test_no_module_is_longer_than_350_lines() -> None:
    """Except for those with a reason; prints the longest modules."""
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    longest = sorted(lines.items(), key=lambda item: -item[1])[:10]
    print(f"{len(lines)} modules, {sum(lines.values())} lines; longest: {', '.join(f'{n} {count}' for n, count in longest)}")

    assert {n: count for n, count in lines.items() if count > LONGEST and n not in LONGER} == {}
    assert all(n in lines for n in LONGER), "a module that may be longer is gone"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('"""Who is told what."""\n', []),
        ('"""Who is told what.\n\nCalled by ``main``.\n"""\n', []),
        ("", ["sentence"]),
        ('"""Who is told what"""\n', ["sentence"]),
        ('"""Who is told what. Called by main."""\n', ["sentence"]),
        ('"""Who is told what, and of\nwhom."""\n', ["sentence"]),
        ('"""Who is told what.\n\nThe one idea: nobody twice.\n"""\n', ["formula"]),
        ('"""Who is told what."""\n' + "\n" * 250, ["long"]),
        ('"""Who is told what."""\ndef tell(who, *what):\n    """Tells.\n\n    Args:\n        who, what: both.\n    """\n', []),
        ('"""Who is told what."""\ndef tell(who):\n    """Tells.\n\n    Args:\n        whom: a person.\n    """\n', ["arguments"]),
        ('"""Who is told what."""\nclass Line:\n    """One.\n\n    Args:\n        told: a day.\n    """\n    day: int\n', ["arguments"]),
    ],
)
def test_a_flaw_is_noticed(text: str, wrong: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each flaw is noticed, and nothing else."""
    monkeypatch.setattr("tests.docs.modules.ROOT", tmp_path)
    (tmp_path / "module.py").write_text(text, encoding="utf-8")

    assert list(flaws(tmp_path / "module.py")) == wrong


def imports_of(path: Path) -> Iterator[str]:
    """What a module imports at run time, at its head or late; without imports for annotations only."""
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
    """There is no circle, not even by a late import."""
    by_name = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}

    try:
        tuple(
            TopologicalSorter(
                {module: by_name.keys() & set(imports_of(path)) - {module} for module, path in by_name.items()}
            ).static_order()
        )
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def test_every_package_ships_and_has_its_layer() -> None:
    """The packages of the wheel, the layers of the import contracts and the type-checked packages are the same."""
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]

    assert sorted(PACKAGES) == sorted(layers) == sorted(PROJECT["tool"]["importlinter"]["root_packages"])
    assert set(PACKAGES) <= set(PROJECT["tool"]["mypy"]["files"])
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


@pytest.mark.parametrize("setting", ["HUIMIN_WORKSPACE", "HUIMIN_LANG", "HUIMIN_TODAY", "HUIMIN_DEBUG", "NUMBA_CACHE_DIR"])
def test_a_setting_is_described(setting: str) -> None:
    """The pages on running it describe every environment variable the program reads."""
    assert all(f"`{setting}`" in (ROOT / "docs" / language / "operations.md").read_text(encoding="utf-8") for language in ("zh", "en"))


def test_no_other_setting_is_read() -> None:
    """Every name in the packages that begins with HUIMIN_ is described."""
    page = (ROOT / "docs" / "en" / "operations.md").read_text(encoding="utf-8")
    read = {name for path in MODULES for name in re.findall(r"HUIMIN_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))}

    assert {name for name in read if f"`{name}`" not in page} == set()
