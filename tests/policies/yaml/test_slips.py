"""A slip of typing is told at its own character, in both languages, and what the sentence says to type works."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.contracts.catalogue import load_contract, load_units
from connectors.contracts.reporting import Problems
from policies.cases.file import load_cases
from policies.checking.checker import check
from policies.problems.problems import Invalid, Problem
from policies.problems.sentences import DOCUMENT
from policies.problems.sentences_yaml import SLIPS
from policies.yaml.document import load
from tests.docs.pages import ROOT
from tests.policies.library import LIBRARY, catalogue

HERE = Path(__file__).parent
MARK = "¶"
SOUND = (HERE / "slips_policy.yaml").read_text(encoding="utf-8")
ENGLISH = re.compile(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}")
"""Three English words in a row."""


def table(name: str) -> list[dict[str, Any]]:
    data = load((HERE / name).read_text(encoding="utf-8"), name).data
    assert isinstance(data, list)
    return data


def check_slip(case: Mapping[str, Any], sound: str, problems: Callable[[str], tuple[Problem, ...]]) -> None:
    """The slip of a case is told at its mark, alone, in words that hold; followed, they lead to a sound document."""
    old, new = case["edit"]
    assert old in sound
    marked = sound.replace(old, new, 1)
    places: set[tuple[int, ...]] = {*_marks(marked)} or {tuple(int(part) for part in case["at"].split(":"))}

    errors = [p for p in problems(marked.replace(MARK, "")) if p.severity == "error"]

    assert {(p.code, p.line, p.column) for p in errors} == {(case["code"], *place) for place in places}, [p.render("en") for p in errors]
    first = errors[0]
    assert case["zh"] in first.text.zh and case["en"] in first.text.en, first
    assert not ENGLISH.search(first.text.zh), first.text.zh
    assert [p.render("en") for p in problems(_mended_text(case, sound)) if p.severity == "error"] == []


def _mended_text(case: Mapping[str, Any], sound: str) -> str:
    """The spoilt document after what the sentence says: in what was typed, else anywhere."""
    old, typed = case["edit"][0], case["edit"][1].replace(MARK, "")
    elsewhere = [pair for pair in case["mend"] if pair[0] not in typed]
    for wrong, right in case["mend"]:
        typed = typed.replace(wrong, right, 1)
    text = sound.replace(old, typed, 1)
    for wrong, right in elsewhere:
        assert wrong in text
        text = text.replace(wrong, right, 1)
    return text


def _marks(text: str) -> list[tuple[int, int]]:
    return [(number, at - line[:at].count(MARK) + 1) for number, line in enumerate(text.split("\n"), 1)
            for at, character in enumerate(line) if character == MARK]  # fmt: skip


def _problems(text: str) -> tuple[Problem, ...]:
    try:
        return check(load(text, "winter.yaml"), catalogue()).problems
    except Invalid as invalid:
        return tuple(invalid.problems)


def _name(case: Mapping[str, Any]) -> str:
    return f"{case['code']}-{case['edit'][1].strip()[:30]!r}"


@pytest.mark.parametrize("case", table("slips.yaml"), ids=_name)
def test_a_slip_in_a_policy_is_told_where_it_is_and_the_advice_works(case: dict[str, Any]) -> None:
    """At the character, with its name and what to type; doing so gives a sound policy."""
    check_slip(case, SOUND, _problems)


READERS: dict[str, Callable[[str], object]] = {
    "contract": lambda text: load_contract(text, "contract.yaml"),
    "units": lambda text: load_units(text, "units.yaml"),
    "cases": lambda text: load_cases(text, "cases.yaml", catalogue()),
}


def _read(kind: str, text: str) -> tuple[Problem, ...]:
    try:
        READERS[kind](text)
    except Invalid as invalid:
        return tuple(invalid.problems)
    return ()


@pytest.mark.parametrize("case", table("slips_documents.yaml"), ids=lambda case: f"{case['of']}-{_name(case)}")
def test_a_slip_in_another_document_is_told_where_it_is_and_the_advice_works(case: dict[str, Any]) -> None:
    """Contracts, units and cases are read by the same reader, and answer alike."""
    sound = (HERE / f"slips_{case['of']}.yaml").read_text(encoding="utf-8")

    check_slip(case, sound, lambda text: _read(case["of"], text))


@pytest.mark.parametrize("code", sorted(SLIPS))
def test_every_slip_has_a_case(code: str) -> None:
    """A new kind of slip cannot be added without one."""
    assert code.startswith("json-") or any(case["code"] == code for name in ("slips.yaml", "slips_documents.yaml") for case in table(name))


@pytest.mark.parametrize("code", sorted(SLIPS))
def test_every_slip_is_told_in_both_languages(code: str) -> None:
    """With the same places to fill."""
    severity, zh, en = SLIPS[code]

    assert severity == "error" and en.isascii() and re.search("[一-鿿]", zh)
    assert {part.split("}")[0] for part in zh.split("{")[1:]} == {part.split("}")[0] for part in en.split("{")[1:]}


def _documents() -> list[Path]:
    return sorted([*LIBRARY.rglob("*.yaml"), *(ROOT / "tests").rglob("*.yaml"), *(ROOT / "tests").rglob("*.yml")])


def test_documents_that_are_sound_show_no_slip() -> None:
    """Every YAML file of the library and the tests, and every block of the pages, is read."""
    blocks = [
        block
        for page in [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
        for block in re.findall(r"```ya?ml[^\n]*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    texts = [path.read_text(encoding="utf-8") for path in _documents()] + blocks

    assert len(texts) > 60
    assert all(load(text, "sound.yaml", 10_000_000).data is not None for text in texts)


@pytest.mark.parametrize("seed", range(4))
def test_chinese_punctuation_is_never_blamed_for_another_mistake(seed: int) -> None:
    """A sound document that loses one ASCII sign: no character of a title or citation is told, and nearly always the right line is."""
    rng, near, told_at_all = Random(seed), 0, 0
    texts = [text for path in LIBRARY.rglob("*.yaml") if len(text := path.read_text(encoding="utf-8")) < 9000]
    for _ in range(100):
        text = rng.choice(texts)
        at = rng.choice([m.start() for m in re.finditer(r'[:{}\[\],"]|- ', text)])
        problems = _problems(text[:at] + text[at + 1 :])
        first = next((p for p in problems if p.severity == "error" and p.code in {**SLIPS, **DOCUMENT}), None)
        if first is not None:
            told_at_all += 1
            near += abs(first.line - text.count("\n", 0, at) - 1) <= 1

        assert not {p.code for p in problems} & {"odd-character", "odd-space", "hidden-character", "comment-mark"}

    assert near >= 0.97 * told_at_all > 30


@pytest.mark.parametrize(
    "text",
    ["a: {b: 1", "a: [", "a: 'b", 'a: "', "a:\n\tb: 1", "a: 1\n  b: 2\n c: 3", "[a: {b: c]}", "- a\nb", "a: *", "：", "a：", "、", "-"],
)
def test_a_fragment_gives_a_sentence(text: str) -> None:
    """However little there is to go by."""
    assert all(not ENGLISH.search(p.text.zh) and p.line >= 1 and p.column >= 1 for p in _problems(text))


@pytest.mark.parametrize(
    ("line", "column", "zh", "en", "mended"),
    [
        ('{"format"：1, "statement": "s，1"}', 10, "全角冒号“：”", "a full-width colon", '{"format": 1, "statement": "s，1"}'),
        ('{"format": 1，"statement": "s"}', 13, "全角逗号“，”", "a full-width comma", '{"format": 1, "statement": "s"}'),
        ('{“format": 1}', 2, "中文左双引号", "a curly opening quote", '{"format": 1}'),
        ("{'format': 1}", 2, "双引号", "double quotes", '{"format": 1}'),
        ('{"format": 1,}', 13, "多了逗号", "a comma too many", '{"format": 1}'),
        ('{"format": 1\u00a0}', 13, "不换行空格", "a no-break space", '{"format": 1}'),
        ('{"format": １}', 12, "全角数字", "full-width digit", '{"format": 1}'),
        ('{"format": 1', 12, "不是 JSON", "is no JSON", '{"format": 1}'),
    ],
)
def test_a_line_of_json_tells_its_slip_at_its_column(line: str, column: int, zh: str, en: str, mended: str) -> None:
    """Coverage statements are typed by hand, too."""
    problems = Problems(None, "said.jsonl", 3)
    with pytest.raises(json.JSONDecodeError) as error:
        json.loads(line)

    problems.add_json(line, error.value)

    (only,) = problems.errors
    assert (only.line, only.column) == (3, column)
    assert zh in only.text.zh and en in only.text.en
    assert json.loads(mended)["format"] == 1
