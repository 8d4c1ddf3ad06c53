"""``huimin candidates visit``: the sheets of a candidate, a street, a whole list."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from pypdf import PdfReader

from tests.console.conftest import Run
from tests.console.town import ALLOWANCE, POLICY, RESIDENTS, data, resident, tokens


def pages(path: Path) -> list[str]:
    return [page.extract_text().replace(" ", "").replace("\n", "") for page in PdfReader(BytesIO(path.read_bytes())).pages]


def test_a_candidate_has_a_page_in_both_languages(run: Run, town: Path) -> None:
    """Who, why, with the day up to which the insurance centre has no enrolment; what the policy does not disclose is not there."""
    subject = tokens(run)[0]

    result = data(run("candidates", "visit", POLICY, subject, "--out", town / "zh.pdf", "--json"))
    run("candidates", "visit", POLICY, subject, "--out", town / "en.pdf", "--lang", "en")

    assert result == {"file": str(town / "zh.pdf"), "sheets": 1, "day": "2026-10-15", "apply_by": None}
    (zh,), (en,) = pages(town / "zh.pdf"), pages(town / "en.pdf")
    assert "年满70周岁：普陀公安分局人口办登记的出生日期是1950年1月1日，已满76周岁。" in zh
    assert "未参加基本医疗保险：截至2026年10月15日，普陀区医保中心的“基本医疗保险参保记录”中没有您的这类记录。" in zh
    assert "Nopension:thePutuosocialsecuritycentrehasnorecordofyou" in en
    assert "asof15October2026." in en
    assert "在沪户籍满30年：依据普陀公安分局人口办的“人口登记”。" in zh  # its day is not disclosed
    assert "1960" not in zh + en


def test_a_street_has_a_cover_and_a_page_each(run: Run, town: Path) -> None:
    """The street is named by its code or its name; another street has nobody."""
    by_code = run("candidates", "visit", ALLOWANCE, "--street", "310107020", "--out", town / "a.pdf")
    by_name = run("candidates", "visit", ALLOWANCE, "--street", "宜川路", "--out", town / "b.pdf")
    nobody = run("candidates", "visit", ALLOWANCE, "--street", "310107103")

    assert (by_code.exit_code, by_name.exit_code, nobody.exit_code) == (0, 0, 2)
    assert len(pages(town / "a.pdf")) == RESIDENTS + 2
    assert (town / "a.pdf").read_bytes() == (town / "b.pdf").read_bytes()
    assert "310107103" in nobody.output


def test_sheets_never_take_the_place_of_another_file(run: Run, town: Path) -> None:
    """Sheets replace sheets; a file of somebody else stays. Only PDF is written, and a subject and a street are one too many."""
    (town / "mine.pdf").write_bytes(b"%PDF-1.7 mine")

    assert run("candidates", "visit", POLICY, "--out", town / "a.pdf").exit_code == 0
    assert run("candidates", "visit", POLICY, "--out", town / "a.pdf").exit_code == 0
    assert run("candidates", "visit", POLICY, "--out", town / "mine.pdf").exit_code == 5
    assert run("candidates", "visit", POLICY, "--out", town / "a.docx").exit_code == 2
    assert run("candidates", "visit", POLICY, tokens(run)[0], "--street", "310107").exit_code == 2
    assert run("candidates", "visit", POLICY, "00c0ffee00c0ffee").exit_code == 2
    assert (town / "mine.pdf").read_bytes() == b"%PDF-1.7 mine"


def test_lists_say_when_applications_close(run: Run, town: Path) -> None:
    """The terminal, the export and the sheets count the days; once the day is over they say so, and nobody leaves the list by it."""
    draft = (town / f"w/policies/{POLICY}.yaml").read_text(encoding="utf-8")
    draft = draft.replace("version: 1", "version: 2").replace(
        "discloses:", "apply_by: 2026-10-20\npapers: [{zh: 户口簿, en: household register}]\ndiscloses:"
    )
    (town / "draft.yaml").write_text(draft, encoding="utf-8")
    assert run("policy", "publish", town / "draft.yaml", "--by", "王芳", "--approved-by", "李强", "--yes").exit_code == 0

    listed = run("candidates", "list", POLICY, "--lang", "en").output
    exported = run("candidates", "export", POLICY, "--out", town / "list.xlsx").output
    run("candidates", "visit", POLICY, tokens(run)[0], "--out", town / "open.pdf")
    run("tick", "--to", "2026-10-21")
    closed = run("candidates", "list", POLICY).output
    run("candidates", "visit", POLICY, tokens(run)[0], "--out", town / "closed.pdf")

    assert "Applications close on 2026-10-20, 5 days left." in listed
    assert "申请 2026-10-20 截止，还剩 5 天。" in exported
    assert "申请已于 2026-10-20 截止。" in closed and len(tokens(run)) == RESIDENTS
    (before,), (after,) = pages(town / "open.pdf"), pages(town / "closed.pdf")
    assert "还剩5天" in before and "户口簿" in before and "申请已于2026-10-20截止" in after


def test_sheets_are_written_of_those_a_list_would_show(run: Run, town: Path) -> None:
    """The filters of ``candidates list``, several together; a candidate is named by number too, also from standard input."""
    first, second, *_ = tokens(run)
    assert run("candidates", "ack", POLICY, first, "contacted", "--by", "王芳").exit_code == 0
    assert run("candidates", "assign", POLICY, second, "李强", "--by", "王芳").exit_code == 0

    counts = {}
    for name, words in {
        "without": ("--outcome", "none"), "contacted": ("--outcome", "contacted", "--street", "宜川路"), "assigned": ("--assigned", "李强"),
        "both": ("--outcome", "contacted", "--outcome", "none"), "number": (resident(1),),
    }.items():  # fmt: skip
        counts[name] = data(run("candidates", "visit", POLICY, *words, "--out", town / f"{name}.pdf", "--json"))["sheets"]
    nobody = run("candidates", "visit", POLICY, "--assigned", "李强", "--outcome", "contacted", "--lang", "en")
    unknown = run("candidates", "visit", POLICY, "--status", "maybe", "--lang", "en")
    default = data(run("candidates", "visit", POLICY, "--assigned", "李强", "--json"))

    assert counts == {"without": RESIDENTS - 1, "contacted": 1, "assigned": 1, "both": RESIDENTS, "number": 1}
    assert (nobody.exit_code, unknown.exit_code) == (2, 2)
    assert "is as asked for" in nobody.output and "expected eligible" in unknown.output
    assert Path(default["file"]).name == f"{POLICY}-some-2026-10-15-visit.pdf"
    assert "名单中的一部分" in pages(town / "without.pdf")[0]
