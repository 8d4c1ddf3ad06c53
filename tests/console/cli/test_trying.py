"""``feed try``: reports how a file would be read, takes nothing in, and shows no cell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.connectors.files import CARDS, COLUMNS, csv_text, row, table, workbook
from tests.connectors.samples import write_text_file
from tests.console.conftest import Run

PARTS = {"ORDER": "更新日期", "VALIDITY": "{from: 起, to: 止}", "KINDS": "{full: 全额, half: 半额}"}


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """The contract of meal cards, for workbooks with a footer."""
    text = CARDS.replace("DELIVERY", "{format: xlsx, header: find, footer: 合计}")
    for word, part in PARTS.items():
        text = text.replace(word, part)
    return write_text_file(tmp_path / "cards.yaml", text)


def test_a_sample_is_read_to_its_end(run: Run, contract: Path, tmp_path: Path) -> None:
    """The report has sheet, header, columns, counts and the places of the first faults; no value of a cell."""
    rows = [row(1), row(2, 金额="SECRET"), [""] * 8, row(3, 更新日期="20991231"), ["合计", "", "", "", "", "", 12], row(4, 身份证号="777")]
    path = workbook(tmp_path / "a.xlsx", lambda book, page: table(page, rows, top=2, header=[*COLUMNS[:7], " 备注 "]))

    facts = json.loads(run("feed", "try", contract, path, "--json").output)
    results = {language: run("--lang", language, "feed", "try", contract, path) for language in ("zh", "en")}

    assert facts["tables"] == [{"sheet": "名单", "header": 3, "found": [*_column_names()], "missing": [], "unused": []}]
    counts = ("rows", "blank", "footers", "quarantined", "unplaced", "refused")
    assert [facts[count] for count in counts] == [4, 1, 1, 2, 1, None]
    assert [(fault["place"], fault["line"], fault["rule"]) for fault in facts["first"]] == [
        ("G", 5, "number"),
        ("C", 7, "order_late"),
        ("B", 9, "length"),
    ]
    assert all(result.exit_code == 0 and "SECRET" not in result.output and "777" not in result.output for result in results.values())
    assert "G5" in results["zh"].output and "没有接收任何内容" in results["zh"].output and "Nothing was taken in" in results["en"].output


def test_a_file_that_would_be_refused_is_told_with_what_it_lacks(run: Run, contract: Path, tmp_path: Path) -> None:
    """Exit code 3, with the missing and the unused columns."""
    path = workbook(tmp_path / "a.xlsx", lambda book, page: table(page, [row(1)], header=[*COLUMNS[:7], "说明"]))

    result = run("--lang", "en", "feed", "try", contract, path)
    facts = json.loads(run("feed", "try", contract, path, "--json").stdout)

    assert result.exit_code == 3 and "has no column 备注" in result.output
    assert (facts["tables"][0]["missing"], facts["tables"][0]["unused"]) == (["备注"], ["说明"])
    assert facts["refused"] and facts["rows"] == 0


def test_a_feed_of_the_workspace_is_tried_by_its_name(run: Run, town: Path) -> None:
    """No file of the workspace changes."""

    def files() -> dict[Path, bytes]:
        passing = ("log.sqlite-shm", "log.sqlite-wal")  # SQLite's own, beside the log
        return {path: path.read_bytes() for path in (town / "w").rglob("*") if path.is_file() and path.name not in passing}

    before = files()
    facts = json.loads(run("feed", "try", "pension", write_text_file(town / "a.csv", csv_text(row(1)), "gb18030"), "--json").stdout)

    assert facts["tables"][0]["missing"] and facts["refused"]
    assert files() == before


def _column_names() -> tuple[str, ...]:
    return ("身份证号", "卡号", "更新日期", "起", "止", "种类", "金额", "备注")


@pytest.mark.parametrize("delivery", ["{format: csv}", "{format: csv, header: find}", "{format: xlsx}", "{format: csv, delimiter: auto}"])
def test_a_file_without_a_header_tells_no_cell(run: Run, tmp_path: Path, delivery: str) -> None:
    """The first line is a person's row: no output shows its cells."""
    text = CARDS.replace("DELIVERY", delivery)
    for word, part in PARTS.items():
        text = text.replace(word, part)
    rows = [row(1, 备注="欧阳修"), row(2)]
    if "xlsx" in delivery:
        path = workbook(tmp_path / "a.xlsx", lambda book, page: table(page, rows[1:], header=rows[0]))
    else:
        path = write_text_file(tmp_path / "a.csv", csv_text(*rows[1:], header=rows[0]))

    contract = write_text_file(tmp_path / "cards.yaml", text)
    output = "".join(
        run("--lang", language, "feed", "try", contract, path, *more).output for language in ("zh", "en") for more in ((), ("--json",))
    )

    assert "缺少列" in output and "欧阳修" not in output and rows[0][1] not in output, output


def test_a_title_above_the_header_is_the_first_thing_said(run: Run, contract: Path, tmp_path: Path) -> None:
    """The true reason is printed once, before the missing columns."""
    contract.write_text(
        contract.read_text(encoding="utf-8").replace("{format: xlsx, header: find, footer: 合计}", "{format: csv, encoding: utf-8}"),
        encoding="utf-8",
    )
    path = write_text_file(tmp_path / "a.csv", "二〇二六年十月名单\n" + csv_text(row(1)))

    result = run("--lang", "en", "feed", "try", contract, path)

    assert result.exit_code == 3
    assert result.output.count("the header is in line 2, below a title") == 1
    assert result.output.index("the header is in line 2") < result.output.index("Missing columns")


def test_keys_that_some_rows_of_json_lack_are_told(run: Run, contract: Path, tmp_path: Path) -> None:
    """``feed try``, dry run and ``ingest`` name each column with its count, and say that a validity without its end is open. Deletions need no
    other keys."""
    text = (
        contract.read_text(encoding="utf-8")
        .replace("{format: xlsx, header: find, footer: 合计}", "{format: jsonl, encoding: utf-8}")
        .replace("canteen", "putuo-civil-affairs")
    )
    assert run("init", "--example").exit_code == 0
    write_text_file(tmp_path / "w/feeds/cards.yaml", text)
    rows = [dict(zip(COLUMNS, row(serial), strict=True)) for serial in range(5)]
    del rows[1]["止"], rows[2]["止"], rows[3]["金额"]
    rows[4] = {name: rows[4][name] for name in COLUMNS[:2]} | {"更新日期": rows[4]["更新日期"], "deleted": "1"}
    path = write_text_file(tmp_path / "a.jsonl", "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in rows))

    for words in (("feed", "try", "cards", path), ("ingest", "cards", path, "--dry-run"), ("ingest", "cards", path)):
        result = run("--lang", "en", *words)
        assert result.exit_code == 0, result.output
        assert "止 in 2, so without an end, 金额 in 1" in " ".join(result.stderr.split()), result.output

    whole = write_text_file(tmp_path / "b.jsonl", json.dumps(rows[0], ensure_ascii=False) + "\n")
    assert "do not name" not in run("--lang", "en", "ingest", "cards", whole).output
    assert json.loads(run("feed", "try", "cards", path, "--json").stdout)["lacking"] == {"止": 2, "金额": 1}
