"""The pages are right: the tours run as written, links lead somewhere, every verb is described, and both languages have the same parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import PAGES, PAIRS, ROOT, WHOLE, Folder, agrees, blocks, is_as_promised, typed_lines, write_block

RUN = [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """A page without its blocks."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page."""
    headings = (re.sub(r"[^\w\- ]", "", heading.strip().lower()) for _, heading in _HEADING.findall(prose(page)))
    return {heading.replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """The links of a page within the project: as written, the file, the heading."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            path, _, anchor = target.partition("#")
            yield target, (page.parent / path).resolve() if path else page, anchor


def dead_links(page: Path) -> list[str]:
    """The links of a page within the project that lead nowhere."""
    return [target for target, file, anchor in links(page) if not file.exists() or (anchor and anchor not in anchors(file))]


def verbs(tree: Any, title: str) -> list[str]:
    """The full names of every verb of the command line."""
    below = getattr(tree, "commands", None)
    return [title] if below is None else [verb for word, command in below.items() for verb in verbs(command, f"{title} {word}")]


@pytest.mark.parametrize("page", RUN, ids=name)
def test_a_page_runs_as_written(page: Path, tmp_path: Path) -> None:
    """Every line of a console block prints what the page says, in the order of the page."""
    folder, wrong = Folder(tmp_path), []

    for block in blocks(page.read_text(encoding="utf-8")):
        if block.file:
            write_block(tmp_path, block)
        for line, promise in typed_lines(block.text) if block.language == "console" else ():
            output = folder.run(line)
            if not is_as_promised(page.name, promise, output):
                wrong.append(f"$ {line}\n--- the page says\n{promise}--- it is\n{output}")

    assert not wrong, "\n".join(wrong)


def test_the_readme_and_the_guides_are_run() -> None:
    """The README, the guides, the story and the day run in both languages."""
    assert {
        page for pair in PAIRS for page in pair if page.name in {"README.md", "README.zh.md", "rules.md", "feeds.md", "clerk.md"} | WHOLE
    } == set(RUN)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name.startswith("README")], ids=name)
def test_a_readme_is_read_in_one_sitting(page: Path) -> None:
    """It has fewer than 150 lines."""
    assert len(page.read_text(encoding="utf-8").splitlines()) < 150


def test_a_whole_page_is_held_to_the_letter() -> None:
    """An ellipsis or another width is right on other pages, and wrong on a page that leaves nothing out."""
    for promise, output in (("a ...\n", "a b\n"), ("a  b\n", "a b\n"), ("──\n", "───\n")):
        assert agrees(promise, output)
        assert is_as_promised("README.md", promise, output)
        assert not is_as_promised("story.md", promise, output)
    assert is_as_promised("story.md", "a  b\n", "a  b\n")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file or heading of the project has its target."""
    assert dead_links(page) == []


def test_every_page_is_there_in_both_languages() -> None:
    """docs/en and docs/zh hold the same pages."""
    assert {page.name for page in (ROOT / "docs" / "en").iterdir()} == {page.name for page in (ROOT / "docs" / "zh").iterdir()}
    assert all(page.exists() for pair in PAIRS for page in pair)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: name(pair[0]))
def test_both_languages_have_the_same_parts(pair: tuple[Path, Path]) -> None:
    """They have the same levels of headings, blocks (language, file, typed lines), cells of each row, list items, and link targets."""
    english, chinese = (parts(page) for page in pair)

    for part in english:
        assert english[part] == chinese[part], part


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: name(pair[0]))
def test_a_page_speaks_one_language(pair: tuple[Path, Path]) -> None:
    """It has no sentence of the other language outside code, except in the examples of rules, which are read in both."""
    english, chinese = (
        [line for line in re.sub(r"`[^`]*`", "`", prose(page)).splitlines() if not line.startswith("| ` |")] for page in pair
    )

    assert [line for line in english if re.search(r"[一-鿿，。、]{6,}", line)] == []
    assert [line for line in chinese if re.search(r"(?:\b[a-z]+[ ,;:]+){4,}", line)] == []


def parts(page: Path) -> dict[str, Sequence[object]]:
    """The parts of a page that are the same in every language."""
    text, page_blocks = prose(page), list(blocks(page.read_text(encoding="utf-8")))
    rows = (line.replace(r"\|", "") for line in text.splitlines() if line.lstrip().startswith("|"))
    return {
        "headings": [len(level) for level, _ in _HEADING.findall(text)],
        "blocks": [(block.language, block.file) for block in page_blocks],
        "lines typed": [len(list(typed_lines(block.text))) for block in page_blocks if block.language == "console"],
        "queries": [block.text for block in page_blocks if block.language == "sql"],
        "rows": [row.count("|") for row in rows],
        "sections named": sorted(re.findall(r"§ ?\d+(?:\.\d+)?", text)),
        "items": re.findall(r"^ *(?:-|\d+\.) ", text, re.MULTILINE),
        "links": sorted(name(file).replace("docs/zh/", "docs/en/").replace("README.zh.md", "README.md") for _, file, _ in links(page)
                        if file not in {ROOT / "README.md", ROOT / "README.zh.md"}),
    }  # fmt: skip


def test_the_readmes_type_the_same_and_have_the_same_figures() -> None:
    """Both type the same lines, and have the same figures in prose and in the outputs."""
    english, chinese = (page.read_text(encoding="utf-8") for page in PAIRS[0])
    typed_text = [
        [line.replace(" HUIMIN_LANG=en", "") for block in blocks(text) for line, _ in typed_lines(block.text)]
        for text in (english, chinese)
    ]
    figures = [Counter(re.findall(r"\d[\d,.]*\d|\d", prose(page))) for page in PAIRS[0]]
    output_figures = [
        [re.findall(r"\d[\d,.]*\d|\d", promise) for block in blocks(text) for _, promise in typed_lines(block.text)]
        for text in (english, chinese)
    ]

    assert typed_text[0] == typed_text[1]
    assert figures[0] == figures[1]
    for line, left, right in zip(typed_text[0], *output_figures, strict=True):
        assert Counter(left) == Counter(right), line


def test_every_page_the_code_names_is_there() -> None:
    """Messages, headers, alerts and settings name pages that exist, with their language if there are two."""
    files = [path for folder in ("policies", "matchers", "streams", "connectors", "services", "infra", "console", "benchmarks", "tests")
             for ending in ("*.py", "*.yaml", "*.json", "*.sql") for path in (ROOT / folder).rglob(ending)]  # fmt: skip
    pages_named = {
        (name(path), page)
        for path in [*files, ROOT / "Makefile"]
        for page in re.findall(r"\bdocs/[\w/-]+\.(?:md|json)", path.read_text(encoding="utf-8"))
    }

    assert len(pages_named) > 50
    assert {(path, page) for path, page in pages_named if not (ROOT / page).exists()} == set()


def test_every_verb_is_described() -> None:
    """docs/cli.md has a section, with an example, for each verb there is."""
    from console.cli.main import command

    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0]: part for part in reference.split("\n## ")[1:]}

    for verb in verbs(command("en"), "huimin"):
        assert verb in sections, f"{verb} is not in docs/cli.md: python -m console.cli.reference"
        assert f"```sh\n{verb}" in sections[verb], f"{verb} has no example"


def test_the_reference_is_the_one_drawn_from_the_program() -> None:
    """docs/cli.md is what ``python -m console.cli.reference`` writes."""
    from console.cli.reference import reference

    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference()


def test_every_word_of_the_glossary_is_in_both_languages_and_once() -> None:
    """Each row has four cells, and none is empty; no word stands in two rows."""
    rows = [line for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

    assert len(rows) > 20
    assert [row for row in cells if len(row) != 4 or not all(row)] == []
    words = Counter(word.strip() for row in cells if row[0] != "word" for word in re.sub(r"\(.*?\)", "", row[0]).split(","))
    assert {word: times for word, times in words.items() if times > 1} == {}
