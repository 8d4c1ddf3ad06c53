"""The security pages name a threat, its answer and a test, and every test they name exists."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import ROOT

PAGES = {language: (ROOT / "docs" / language / "security.md").read_text(encoding="utf-8") for language in ("zh", "en")}
ROWS = {language: [line.strip("| \n").split(" | ") for line in page.splitlines() if "`tests/" in line] for language, page in PAGES.items()}
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGES["en"])))


@cache
def functions_of(path: str) -> frozenset[str]:
    """The tests of a file, those of its classes included."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_named_test_is_there(path: str, name: str) -> None:
    assert name in functions_of(path)


def test_every_threat_has_an_answer_and_a_test() -> None:
    """Each row has three cells, and the last names the same tests in both languages."""
    assert len(ROWS["zh"]) == len(ROWS["en"]) >= 14
    for chinese, english in zip(ROWS["zh"], ROWS["en"], strict=True):
        assert len(chinese) == len(english) == 3, english
        assert all(re.search(r"[一-鿿]", cell) for cell in chinese[:2]), chinese
        assert not any(re.search(r"[一-鿿]", cell) for cell in english[:2]), english
        assert re.fullmatch(r"(`tests/[\w/]+\.py::test_\w+`(, )?)+", english[2]) and english[2] == chinese[2], english[2]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_path_is_in_full(language: str) -> None:
    """Every test is named with its path, so that the other tests see it."""
    page = PAGES[language]
    assert len(re.findall(r"`tests/", page)) == len(re.findall(r"`tests/[\w/]+\.py::\w+`", page))
