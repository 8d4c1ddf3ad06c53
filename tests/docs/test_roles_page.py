"""The pages of roles hold the table by which the program decides."""

from __future__ import annotations

import pytest

from console.text.roles import BEGIN, PAGES, role_columns, whole_page
from services.access.actions import Action
from services.access.page import table_rows
from tests.docs.pages import ROOT


@pytest.mark.parametrize("language", PAGES)
def test_the_table_is_the_one_of_the_program(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/en/roles.md and docs/zh/roles.md are what ``python -m console.text.roles`` writes."""
    monkeypatch.chdir(ROOT)

    assert (ROOT / PAGES[language]).read_text(encoding="utf-8") == whole_page(language)


@pytest.mark.parametrize("language", PAGES)
def test_every_action_has_its_row(language: str) -> None:
    """With its code, and a cell for each role."""
    table = (ROOT / PAGES[language]).read_text(encoding="utf-8").partition(BEGIN)[2]
    rows = [line for line in table.splitlines() if "`" in line]

    assert len(rows) == len(Action) == len(table_rows())
    assert all(f"`{action}`" in table for action in Action)
    assert {row.count("|") for row in rows} == {len(role_columns()) + 1}
