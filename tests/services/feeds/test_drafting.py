"""A contract drafted from a sample file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.contracts.catalogue import load_contract
from infra.workspace.refusals import NoWorkspace
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from services.feeds.drafting import FeedDraft, feed_draft
from services.feeds.file_trial import file_trial
from tests.connectors.files import table, workbook
from tests.connectors.samples import UNITS, resident, write_text_file

DAY = date(2026, 10, 15)
HEADER = ("编号", "身份证号", "姓名", "更新日期", "金额")


def rows(n: int = 12) -> list[list[str]]:
    return [[f"N-{i}", resident(i), f"居民{i}", "2026-10-01", f"{100 + i}.5"] for i in range(n)]


def csv(folder: Path, lines: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    return write_text_file(folder / "cards.csv", "".join(",".join(line) + "\n" for line in (header, *lines)))


def no_workspace() -> Workspace:
    raise NoWorkspace(Path("nowhere"))


def draft_of(file: Path, **options: Any) -> FeedDraft:
    return feed_draft(no_workspace, file, DAY, "en", **options)


def test_a_draft_is_a_contract_that_reads_its_sample(tmp_path: Path) -> None:
    """Written to a file, it is what ``feed try`` takes, and every row is read."""
    file, out = csv(tmp_path, rows()), tmp_path / "cards.yaml"

    draft = draft_of(file, out=out)
    trial = file_trial(no_workspace, str(out), file, DAY)

    assert (draft.feed, draft.rows, draft.quarantined, draft.unplaced, draft.refused) == ("cards", 12, 0, 0, None)
    assert (trial.rows, trial.quarantined, trial.unplaced, trial.refused) == (12, 0, 0, None)
    assert out.read_text(encoding="utf-8") == draft.contract and oct(out.stat().st_mode)[-3:] == "600"
    uses = {column.column: (column.use, column.type) for column in draft.columns}
    assert (
        uses["编号"] == (("key",), "text") and uses["身份证号"] == (("subject",), "resident") and uses["更新日期"] == (("order",), "date")
    )
    assert uses["金额"] == (("field",), "decimal")


def test_the_units_and_numberings_of_the_workspace_are_named(tmp_path: Path) -> None:
    """The only unit delivers; a household has the numbering of the register. Of several units the steward names one."""
    unit_lines = UNITS.splitlines()
    workspace = Workspace.create(tmp_path / "w", "\n".join(unit_lines[:-1]) + "\n")
    file = csv(tmp_path, rows())

    text = feed_draft(lambda: workspace, file, DAY, "zh").contract
    (tmp_path / "w/units.yaml").write_text(UNITS, encoding="utf-8")
    several = feed_draft(lambda: workspace, file, DAY, "zh").contract

    assert 'sources: [{unit: psb, division: "310107"}]' in text
    assert 'sources: [{unit: which-unit, division: "99"}]   # 问：' in several


def test_the_example_registers_give_the_numbering_of_households(example: Workspace, tmp_path: Path) -> None:
    """A table of households is identified in the register's space."""
    file = csv(tmp_path, [[f"H{i}", f"{i % 5 + 1}"] for i in range(9)], ("户号", "家庭人口"))

    feed = load_contract(feed_draft(lambda: example, file, DAY, "en").contract, "f.yaml")

    assert feed.subject == "household" and feed.identify.space == "putuo-psb/household"


@pytest.mark.parametrize(
    ("lines", "header", "question"),
    [
        ([["a", "1"], ["a", "2"], ["b", "1"], ["b", "2"]], ("处", "次"), "no column alone names a record"),
        ([["a", "x1"], ["b", "x2"], ["c", "x3"]], ("处", "次"), "whom are the records about"),
        ([[str(46_000 + i), resident(i)] for i in range(9)], ("申请日期", "身份证号"), "hold a spreadsheet's day numbers"),
        ([[resident(i), resident(i + 50)] for i in range(9)], ("身份证号", "配偶身份证号"), "several columns hold resident numbers"),
        ([[resident(i), "H1"] for i in range(9)], ("身份证号", "户号"), "is this the register of persons"),
        ([[resident(i), "03/04/2026"] for i in range(9)], ("身份证号", "申请日期"), "day first, or month first"),
        ([[resident(i), "x", "y"] for i in range(9)], ("身份证号", "类", "类"), "several columns have one title"),
        ([[resident(i), "x"] for i in range(9)], ("身份证号", ""), "columns 2 have no title"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_a_question(tmp_path: Path, lines: list[list[str]], header: tuple[str, ...], question: str) -> None:
    """The contract is sound all the same, and has the question in it."""
    draft = draft_of(csv(tmp_path, lines, header))

    assert any(question in text for text in draft.questions), draft.questions
    assert question in draft.contract and draft.refused is None
    load_contract(draft.contract, "f.yaml")


def test_days_and_amounts_of_a_workbook_are_read(tmp_path: Path) -> None:
    """Real dates of a workbook, numbers, a title above and a total below."""

    def fill(book: Any, page: Any) -> None:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page.write(0, 0, "2026年10月发放表")
        page.write_row(1, 0, ["身份证号", "发放日期", "实发金额"])
        for at in range(10):
            page.write_row(2 + at, 0, [resident(at)])
            page.write_datetime(2 + at, 1, date(2026, 10, 1 + at), day)
            page.write_number(2 + at, 2, 100 + at / 4)
        page.write_row(12, 0, ["合计", "", 1022.5])

    draft = draft_of(workbook(tmp_path / "发放表.xlsx", fill))

    assert (draft.rows, draft.footers, draft.quarantined, draft.feed) == (10, 1, 0, "new_feed")
    assert "paid_on: {type: date" in draft.contract and "amount: {type: decimal, scale: 2" in draft.contract
    assert "title: {zh: 发放表" in draft.contract and "header: find, footer: [合计]" in draft.contract


def test_several_sheets_are_chosen_by_name(tmp_path: Path) -> None:
    """Without a choice the file is refused with the names; with one the contract has it."""

    def fill(book: Any, page: Any) -> None:
        table(page, rows(), header=HEADER)
        table(book.add_worksheet("说明"), [["x", "y"]], header=("甲", "乙"))

    file = workbook(tmp_path / "a.xlsx", fill)

    with pytest.raises(HuiminError, match="several visible sheets"):
        draft_of(file)
    assert "sheets: [名单]" in draft_of(file, sheets=["名单"]).contract


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.csv", f"{resident(1)},王芳,2026-10-01\n{resident(2)},李强,2026-10-01\n".encode(), "no header that can be told"),
        ("a.csv", b"", "is empty"),
        ("a.csv", "身份证号,金额\n".encode(), "no rows below its header"),
        ("a.parquet", b"PAR1\x15\x04", "is a Parquet file; export it as CSV or XLSX"),
        ("a.pdf", b"%PDF-1.7", "is a PDF"),
    ],
)
def test_what_is_no_table_is_refused_and_shows_nobody(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    """One sentence, in which no cell stands."""
    file = tmp_path / name
    file.write_bytes(data)

    with pytest.raises(HuiminError, match=why) as refusal:
        draft_of(file, out=tmp_path / "out.yaml")

    assert resident(1) not in refusal.value.text.en and "王芳" not in refusal.value.text.zh
    assert not (tmp_path / "out.yaml").exists()


def test_no_file_is_written_over_and_no_name_is_taken_that_is_none(tmp_path: Path) -> None:
    """Both are said before anything is read."""
    file = csv(tmp_path, rows())

    with pytest.raises(Conflict, match=r"cards.csv was not written"):
        draft_of(file, out=file)
    with pytest.raises(HuiminError, match="no name for a feed"):
        draft_of(file, name="Meal-Cards")


def test_cells_that_a_type_does_not_read_are_counted(tmp_path: Path) -> None:
    """Two amounts in fifty are none: the column is one of amounts, and the draft says how many rows it would quarantine."""
    lines = rows(50)
    lines[3][4] = lines[7][4] = "1e3"

    draft = draft_of(csv(tmp_path, lines))

    assert (draft.rows, draft.quarantined) == (50, 2)
    assert "2 cells cannot be read so, and would be quarantined" in draft.contract and "1e3" not in draft.contract
