"""The folder a verb works in: ``init DIR``, and the workspace around the current folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.console.conftest import Run
from tests.policies.library import LIBRARY

DRAFT = (LIBRARY / "policies" / "dibao.yaml").read_text(encoding="utf-8")


@pytest.fixture
def place(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, without HUIMIN_WORKSPACE."""
    monkeypatch.delenv("HUIMIN_WORKSPACE")
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


def test_init_makes_the_folder_it_names(run: Run, place: Path) -> None:
    """It makes a new folder or uses an empty one, and prints how to go on."""
    (place / "empty").mkdir()

    new, used = run("init", "putuo", "--example"), run("init", "empty", "--lang", "en")

    assert new.exit_code == used.exit_code == 0, new.output + used.output
    assert (place / "putuo" / "secret.key").is_file() and (place / "empty" / "secret.key").is_file()
    assert "cd putuo" in new.stdout and "Go into it: cd empty" in used.stdout


def test_init_leaves_a_workspace_as_it_is(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace given by name, or around the current folder, keeps its key."""
    run("init", "putuo")
    key = (place / "putuo" / "secret.key").read_text()
    again = run("init", "putuo")
    monkeypatch.chdir(place / "putuo" / "policies")
    inside = run("init", "--lang", "en")

    assert again.exit_code == inside.exit_code == 5
    assert "已经是工作区" in again.output and "is a workspace already" in inside.output
    assert (place / "putuo" / "secret.key").read_text() == key


def test_init_refuses_two_folders(run: Run, place: Path) -> None:
    """The argument and --workspace must name the same folder."""
    assert run("init", "a", "--workspace", "b").exit_code == 2
    assert not (place / "a").exists() and not (place / "b").exists()
    assert run("init", "a", "--workspace", "a").exit_code == 0


def test_init_says_that_the_environment_names_another_folder(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message prints how to set the environment, for later verbs would work in that folder."""
    monkeypatch.setenv("HUIMIN_WORKSPACE", str(place / "other"))

    result = run("init", "putuo")

    assert result.exit_code == 0
    assert f"export HUIMIN_WORKSPACE={place / 'putuo'}" in result.stdout
    assert not (place / "other").exists()


@pytest.mark.parametrize("below", [".", "policies", "policies/drafts"])
def test_verbs_about_drafts_work_in_the_workspace_around_them(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    """A draft may read a feed of this workspace; the workspace is named where it is not the current folder."""
    run("init", "putuo", "--example")
    root = place / "putuo"
    contract = root / "feeds" / "income.yaml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("feed: income", "feed: wages"), encoding="utf-8")
    contract.rename(root / "feeds" / "wages.yaml")
    (root / below).mkdir(exist_ok=True)
    draft = place / "draft.yaml"
    draft.write_text(re.sub(r"\bincome(?=[.:])", "wages", DRAFT), encoding="utf-8")
    monkeypatch.chdir(root / below)

    checked, needed, doctor = run("policy", "check", draft), run("policy", "needs", draft), run("doctor")

    assert checked.exit_code == needed.exit_code == 0, checked.output + needed.output
    assert "没有工作区" not in checked.output
    assert (str(root) in checked.output) == (below != ".")
    assert "wages" in needed.output or "income" not in needed.output
    assert doctor.exit_code in (0, 1) and "不是惠民工作区" not in doctor.output


def test_outside_every_workspace_the_library_is_used_and_that_is_told(run: Run, place: Path) -> None:
    """A message says that there is no workspace."""
    (place / "draft.yaml").write_text(DRAFT, encoding="utf-8")

    result = run("policy", "check", "draft.yaml")

    assert result.exit_code == 0 and "没有工作区" in result.output


@pytest.mark.parametrize(
    ("data", "zh", "en"),
    [
        ("政策: 某".encode("gb18030"), "GB18030", "GB 18030"),
        ("政策: 某".encode("utf-16"), "UTF-16", "UTF-16"),
        (b"PK\x03\x04\x14\x00\xff\xfe", "Word", "Excel"),
        (b"a: \xff\xff\xff", "不是 UTF-8", "is not UTF-8"),
    ],
)
def test_a_file_that_is_no_utf8_is_named_in_every_verb(run: Run, place: Path, data: bytes, zh: str, en: str) -> None:
    """For policies, cases and contracts the message says what the file looks like, and how to save it."""
    run("init", "w", "--example")
    (place / "bad.yaml").write_bytes(data)
    (place / "draft.yaml").write_text(DRAFT, encoding="utf-8")
    for words in (["policy", "check", "bad.yaml"], ["policy", "test", "draft.yaml", "--cases", "bad.yaml"],
                  ["feed", "check", "bad.yaml"], ["feed", "add", "bad.yaml"]):  # fmt: skip
        results = run(*words, "--workspace", "w"), run(*words, "--workspace", "w", "--lang", "en")

        assert [result.exit_code for result in results] == [3, 3], results[0].output
        assert zh in results[0].output and "UTF-8" in results[0].output
        assert en in results[1].output
