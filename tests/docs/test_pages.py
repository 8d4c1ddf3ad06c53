"""What the pages say is so: the tours run as written, links lead somewhere, and every verb is described."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import PAGES, ROOT, WHOLE, Folder, agrees, blocks, kept, typed, written

RUN = [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(page: str) -> set[str]:
    """The names under which headings of a page can be linked to."""
    headings = (re.sub(r"[^\w\- ]", "", heading.strip().lower()) for heading in _HEADING.findall(page))
    return {heading.replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """The links of a page within the project that lead nowhere."""
    dead = []
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            dead.append(target)
    return dead


def verbs(tree: Any, name: str) -> list[str]:
    """The full names of every verb of the command line."""
    below = getattr(tree, "commands", None)
    return [name] if below is None else [verb for word, one in below.items() for verb in verbs(one, f"{name} {word}")]


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_runs_as_written(page: Path, tmp_path: Path) -> None:
    """Every line of a console block prints what the page says, in the order of the page."""
    folder, wrong = Folder(tmp_path), []

    for block in blocks(page.read_text(encoding="utf-8")):
        if block.file:
            written(tmp_path, block)
        for line, expected in typed(block.text) if block.language == "console" else ():
            found = folder.run(line)
            if not kept(page.name, expected, found):
                wrong.append(f"$ {line}\n--- the page says\n{expected}--- it is\n{found}")

    assert not wrong, "\n".join(wrong)


def test_the_readme_and_the_guides_are_run() -> None:
    """The pages that promise to be run are."""
    assert {"README.md", "rules.md", "feeds.md"} | WHOLE <= {page.name for page in RUN}


def test_a_whole_page_is_held_to_the_letter() -> None:
    """What other pages may leave out or set otherwise is wrong on a page that leaves nothing out."""
    for expected, found in (("a ...\n", "a b\n"), ("a  b\n", "a b\n"), ("──\n", "───\n")):
        assert agrees(expected, found)
        assert kept("README.md", expected, found)
        assert not kept("story.md", expected, found)
    assert kept("story.md", "a  b\n", "a  b\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file or heading of the project finds it."""
    assert dead_links(page) == []


def test_every_verb_is_described() -> None:
    """docs/cli.md has a section, with an example, for each verb there is."""
    from console.cli import command

    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0]: part for part in reference.split("\n## ")[1:]}

    for verb in verbs(command("en"), "huimin"):
        assert verb in sections, f"{verb} is not in docs/cli.md: python -m console.reference"
        assert f"```sh\n{verb}" in sections[verb], f"{verb} has no example"


def test_the_reference_is_the_one_drawn_from_the_program() -> None:
    """docs/cli.md is what ``python -m console.reference`` writes."""
    from console.reference import reference

    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference()


def test_every_word_of_the_glossary_is_in_both_languages() -> None:
    """Each row of GLOSSARY.md has four cells, and none is empty."""
    rows = [line for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]

    assert len(rows) > 20
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4 and all(cells), row


def test_modules_named_in_the_architecture_exist() -> None:
    """Each path in the table of features, and each file named beside it in one cell, is there."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = page.split("## Where each feature lives")[1].split("\n## ")[0]
    missing = []

    for row in table.splitlines():
        folder = ""
        for path in re.findall(r"`([\w/]+(?:\.py|/))`", row):
            folder = path.rsplit("/", 1)[0] if "/" in path else folder
            full = path if "/" in path else f"{folder}/{path}"
            missing += [] if (ROOT / full).exists() else [full]

    assert missing == []
