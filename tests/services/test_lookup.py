"""Feeds and drafts by name or file."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import settings
from infra.workspace.library import library, library_catalogue
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError, Invalid
from policies.values import Text
from services.lookup import catalogue_for, feed_named, no_policy, readable_policy

DRAFT = library() / "policies" / "dibao.yaml"


def test_a_slip_names_what_is_near() -> None:
    """Of a feed and of a policy, in both languages."""
    with pytest.raises(HuiminError) as raised:
        feed_named(library_catalogue(), "hokou")

    assert raised.value.exit_code == 2 and "hukou" in raised.value.text.zh and "hukou" in raised.value.text.en
    assert "dibao" in no_policy("dibo", ["dibao"]).text.en


def test_a_draft_with_errors_is_refused_with_all_of_them(tmp_path: Path) -> None:
    """One that is sound is read."""
    wrong = tmp_path / "draft.yaml"
    wrong.write_text(DRAFT.read_text(encoding="utf-8").replace("hukou.", "hokou."), encoding="utf-8")

    assert readable_policy(DRAFT, library_catalogue()).name == "dibao"
    with pytest.raises(Invalid) as raised:
        readable_policy(wrong, library_catalogue())
    assert all(problem.severity == "error" for problem in raised.value.problems)


def test_without_a_workspace_the_library_is_read(example: Workspace, tmp_path: Path) -> None:
    """And that is said; a workspace that is named is not."""
    messages: list[Text] = []
    here, nowhere = (settings(str(root), None, {}, None) for root in (example.root, tmp_path / "nowhere"))

    assert catalogue_for(here, {}, messages.append).feeds.keys() == library_catalogue().feeds.keys() and messages == []
    assert catalogue_for(nowhere, {}, messages.append) == library_catalogue()
    assert [text.en for text in messages] == ["No workspace: using the library's units and feeds."]
