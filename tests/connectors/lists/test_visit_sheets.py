"""Visit sheets as PDF: what stands on them, and what can never get onto them."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from connectors.erasure.copies import scrub_copies
from connectors.erasure.scrubbing import ErasedPerson
from connectors.lists.visit_sheets import VisitSheet, VisitSheets, is_about, is_visit_sheets, page_pictures, write_visit_sheets

SHEET = VisitSheet(
    "00c0ffee00c0ffee", "张三", "宜川路", "可能符合条件", (("姓名", "张三"), ("身份号码", "310107195001010004")), ("年满70周岁：已满76周岁。",),
    ("是否另有收入：缺少资料。",), ("冬季在本区居住",), ("身份证",), "",
)  # fmt: skip
SHEETS = VisitSheets("zh", "取暖补助", "宜川路", "区民政局", "021-00000000", "示例，区民政局", "2026年10月15日", "申请今天截止", (SHEET,))


def pages(path: Path) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(path.read_bytes())).pages]


def test_a_sheet_has_all_its_parts(tmp_path: Path) -> None:
    """Whom, why, what is open, what to ask, which papers, by when, results, signatures, contact, source, day and page."""
    write_visit_sheets(tmp_path / "a.pdf", SHEETS)

    (text,) = pages(tmp_path / "a.pdf")

    for words in ("张三", "310107195001010004", "年满70周岁", "缺少资料", "冬季在本区居住", "身份证", "申请今天截止", "已办理", "本人签名", "021-00000000",
                  "示例，区民政局", "2026年10月15日", "第1页，共1页"):  # fmt: skip
        assert words in text.replace(" ", ""), words


def test_several_sheets_have_a_cover_list_with_their_pages(tmp_path: Path) -> None:
    """A long sheet takes two pages, and the list names the page on which each begins."""
    long = replace(SHEET, name="李四", reasons=tuple(f"第{n}条理由" for n in range(60)))
    write_visit_sheets(tmp_path / "a.pdf", replace(SHEETS, sheets=(SHEET, long, replace(SHEET, name="王五"))))

    cover, *rest = pages(tmp_path / "a.pdf")

    assert len(rest) == 4
    lines = [line.split() for line in cover.splitlines()]
    assert [line[-1] for name in ("张三", "李四", "王五") for line in lines if name in line] == ["2", "3", "5"] or all(
        word in cover for word in ("张三", "李四", "王五", "2", "3", "5")
    )


def test_the_same_sheets_are_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the clock or the machine is in the file."""
    for name in ("a.pdf", "b.pdf"):
        write_visit_sheets(tmp_path / name, SHEETS)

    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@pytest.mark.parametrize("text", ["#panic()", '#read("/etc/passwd")', "$x$", "*b* _i_ @label <label>", "\\ ] } ) //", "= heading", "{n}"])
def test_no_text_is_markup(tmp_path: Path, text: str) -> None:
    """A name, a title or a reason that looks like typst stands on the page as it is."""
    sheet = replace(SHEET, who=((text, text),), reasons=(text,), questions=(text,), papers=(text,))
    write_visit_sheets(tmp_path / "a.pdf", replace(SHEETS, title=text, sheets=(sheet,)))

    (page,) = pages(tmp_path / "a.pdf")

    assert page.replace(" ", "").count(text.replace(" ", "")) >= 6


def test_rare_characters_of_names_have_their_glyph() -> None:
    """A page with 㛃, 䶮 and 𬱖 differs from pages with other characters: none of them is an empty box."""

    def picture(name: str) -> bytes:
        return page_pictures(replace(SHEETS, sheets=(replace(SHEET, who=(("姓名", name),)),)))[0]

    assert len({picture(name) for name in ("㛃", "䶮", "𬱖", "\ue000")}) == 4


def test_an_erasure_removes_the_sheets_of_the_person(tmp_path: Path) -> None:
    """Whether the page is about the person or about their household: a PDF cannot lose one page's text; it is written again for the others. Sheets about others, and other PDFs, stay."""
    (tmp_path / "exports").mkdir()
    write_visit_sheets(tmp_path / "exports/a.pdf", SHEETS)
    write_visit_sheets(tmp_path / "exports/b.pdf", replace(SHEETS, sheets=(replace(SHEET, subject="00000000000000ff"),)))
    member = replace(SHEET, subject="00000000000000fe", people=("00c0ffee00c0ffee",))
    write_visit_sheets(tmp_path / "exports/d.pdf", replace(SHEETS, sheets=(member,)))
    (tmp_path / "exports/c.pdf").write_bytes(b"%PDF-1.7\nnothing of ours")

    report = scrub_copies(tmp_path, ErasedPerson(0x00C0FFEE00C0FFEE, ()))

    assert sorted(path.name for path in (tmp_path / "exports").iterdir()) == ["b.pdf", "c.pdf"]
    assert report.files == {".pdf": 2}
    assert report.unerased_files == []
    assert is_visit_sheets(tmp_path / "exports/b.pdf") and not is_visit_sheets(tmp_path / "exports/c.pdf")
    assert is_about(tmp_path / "exports/b.pdf", 0xFF) and not is_about(tmp_path / "exports/b.pdf", 0xC0FFEE00C0FFEE)
