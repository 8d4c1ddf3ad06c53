"""``feed draft``: shows or writes a contract drafted from a sample file, in the reader's language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.contracts.catalogue import load_contract
from tests.connectors.samples import resident, write_text_file
from tests.console.conftest import Run


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A table with a title above and a total below."""
    lines = [f"{at},{resident(at)},2026年10月{at + 1}日,{['甲类', '乙类'][at % 2]}" for at in range(9)]
    return write_text_file(
        tmp_path / "cards.csv", "\n".join(["助餐卡名单,,,", "卡号,身份证号,更新日期,类别", *lines, "合计,,,"]) + "\n", "gb18030"
    )


@pytest.mark.parametrize(
    ("language", "mark", "ahead"), [("zh", "问：", "按这份草稿，样本读出 9 行"), ("en", "QUESTION: ", "By this draft 9 rows")]
)
def test_a_draft_on_stdout_is_the_contract_alone(run: Run, sample: Path, language: str, mark: str, ahead: str) -> None:
    """So that it can be sent into a file; what is said about it goes to stderr. Without a workspace."""
    result = run("--lang", language, "feed", "draft", sample)

    feed = load_contract(result.stdout, "cards.yaml")
    assert result.exit_code == 0 and (feed.name, feed.key, feed.order, feed.encoding) == ("cards", "卡号", "更新日期", "gb18030")
    assert result.stdout.count(mark) >= 4
    assert ahead in result.stderr and resident(0) not in result.output


def test_a_written_draft_is_tried_and_added_once_its_questions_are_answered(run: Run, sample: Path, tmp_path: Path) -> None:
    """``feed check`` names what is to be filled in; after that the feed takes the very sample in."""
    out = tmp_path / "cards.yaml"
    assert run("init", "--example").exit_code == 0

    facts = json.loads(run("feed", "draft", sample, "--feed", "meal_cards", "--out", out, "--json").stdout)
    refusal = run("--lang", "en", "feed", "add", out)
    out.write_text(
        out.read_text(encoding="utf-8").replace('which-unit, division: "99"', 'putuo-civil-affairs, division: "310107"'), encoding="utf-8"
    )

    assert facts["contract"].startswith("# ") and facts["out"] == str(out) and facts["questions"]
    assert refusal.exit_code == 3 and "there is no unit 'which-unit'" in refusal.output
    assert run("feed", "add", out).exit_code == 0
    assert "9" in run("ingest", "meal_cards", sample).output and run("ingest", "meal_cards", sample, "--json").exit_code == 0


def test_a_title_with_signs_that_nobody_sees_is_escaped(run: Run, tmp_path: Path) -> None:
    """The document has YAML's own escapes; what it reads is the title as it is written."""
    title = "状态\u202e\x1b[2J"
    lines = "".join(f"{resident(at)},正常\n" for at in range(9))
    result = run("feed", "draft", write_text_file(tmp_path / "a.csv", f"身份证号,{title}\n{lines}"))

    assert "\u202e" not in result.output and "\x1b" not in result.output
    assert [field.column for field in load_contract(result.stdout, "a.yaml").fields.values()] == [title]
