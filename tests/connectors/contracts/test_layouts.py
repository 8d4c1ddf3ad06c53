"""Files as offices make them: what a contract may say of them is read, and a file that is something else is told as what it is."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from connectors.contracts.catalogue import load_contract
from connectors.contracts.faults import UnreadableFile
from connectors.contracts.schema import feed_schema
from matchers.kernel.batch import DELETED, MISSING, NO_ORDER, OPEN_TO, QUARANTINED
from policies.problems.problems import Invalid
from policies.yaml.document import load
from tests.connectors.files import CARDS, COLUMNS, batch_of, cards, csv_text, flaws_of, row, table, whole, workbook
from tests.connectors.samples import write_text_file

DAY = 86_400_000_000
FIRST = (date(2026, 10, 1) - date(1970, 1, 1)).days * DAY


def refusal_of(path: Path, delivery: str = "{format: csv}") -> str:
    with pytest.raises(UnreadableFile) as raised:
        whole(cards(delivery), path)
    assert raised.value.text.zh != raised.value.text.en
    return raised.value.text.en


def problems(delivery: str = "{format: csv}", **parts: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as raised:
        cards(delivery, **parts)
    return [(problem.path, problem.text.en) for problem in raised.value.problems]


# What a contract may say


@pytest.mark.parametrize(
    ("between", "key"),
    [("\t", "tab"), ("\t", "auto"), (";", '";"'), (";", "auto"), ("|", "auto"), ("|", '"|"'), (",", "auto"), (",", '","')],
)
def test_a_contract_says_what_stands_between_cells(tmp_path: Path, between: str, key: str) -> None:
    """Or that it is to be found."""
    path = write_text_file(tmp_path / "a.csv", csv_text(row(1, 备注="一,二"), between=between) if between != "," else csv_text(row(1)))

    (parcel,), notes = whole(cards(f"{{format: csv, delimiter: {key}}}"), path)

    assert not parcel.flaws and parcel.rows == 1 and notes.delimiter == between


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le-marked"])
def test_an_encoding_is_found_where_the_contract_says_auto(tmp_path: Path, encoding: str) -> None:
    """UTF-16 by its mark, UTF-8 where it reads so, else GB 18030; gzip changes nothing."""
    text = csv_text(*(row(i, 备注="镕𠀀") for i in range(1, 2000)))
    data = b"\xff\xfe" + text.encode("utf-16-le") if encoding.endswith("marked") else text.encode(encoding)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(data))

    batch = batch_of(cards("{format: csv, encoding: auto}"), path)

    assert len(batch) == 1999 and batch.dictionaries["note"] == ("镕𠀀",)


@pytest.mark.parametrize("key", ["header: find", "header_row: 3"])
def test_a_header_may_stand_below_a_title(tmp_path: Path, key: str) -> None:
    """In a CSV with lines of any width, and in a workbook."""
    path = write_text_file(tmp_path / "a.csv", f"区民政局助餐卡名单\n制表日期,2026-10-01\n{csv_text(row(1), row(2, 金额='x'))}")

    assert flaws_of(cards(f"{{format: csv, {key}}}"), path) == [("line 5, cell 7", "金额", "NUMBER")]

    book = workbook(tmp_path / "a.xlsx", lambda book, page: table(page, [row(1), row(2, 金额="x")], top=2))
    assert flaws_of(cards(f"{{format: xlsx, {key}}}"), book) == [("G5", "金额", "NUMBER")]


def test_footers_are_passed_over_and_counted(tmp_path: Path) -> None:
    """Of any width, at the end or between; a row that names somebody is none, whatever it opens with."""
    lines = csv_text(row(1), ["合计", "", "", "", "", "", "12.50", ""], row(2, 卡号="合计-2"), ["", "", "", "", "", "", "", ""])
    path = write_text_file(tmp_path / "a.csv", lines + "制表人：王五,审核：赵六\n\n,,合计：2\n")
    feed = cards("{format: csv, footer: [合计, 制表人]}")

    (parcel,), notes = whole(feed, path)

    assert (parcel.rows, parcel.unplaced, notes.passed_over, notes.blank) == (2, 0, 3, 1)
    assert "footer" in refusal_of(write_text_file(tmp_path / "b.csv", csv_text(row(1)) + "制表人：王五\n"))

    book = workbook(tmp_path / "a.xlsx", lambda book, page: table(page, [row(1), ["", "制表人：王五"], ["合计", "", "", "", "", "", 12.5]]))
    (parcel,), notes = whole(cards("{format: xlsx, footer: [合计, 制表人]}"), book)
    assert (parcel.rows, notes.passed_over) == (1, 2)


def test_nulls_read_as_empty_but_where_a_record_depends_on_it(tmp_path: Path) -> None:
    """In fields; never in key, subject, order or validity. A word that is a value of the field stays that value."""
    feed = cards('{format: csv, nulls: [无, "-", 全额]}', order="{column: 更新日期, type: time}")
    path = write_text_file(
        tmp_path / "a.csv", csv_text(row(1, 金额="-", 备注=" 无 "), row(2, 卡号="-", 止="-"), row(3, 更新日期="-"), row(4, 身份证号="-"))
    )

    (parcel,), _ = whole(feed, path)

    batch = parcel.batch
    assert batch.values["amount"].tolist()[0] == MISSING == batch.values["note"].tolist()[0] and batch.values["kind"].tolist()[0] == 0
    assert batch.flags.tolist() == [0, QUARANTINED, QUARANTINED] and parcel.unplaced == 1
    assert [(flaw.row, flaw.column) for flaw in parcel.flaws] == [(2, "止"), (3, "更新日期"), (4, "身份证号")]


def test_words_for_true_and_false(tmp_path: Path) -> None:
    """A deletion in the unit's own words."""
    feed = cards("{format: csv, true: [已注销, Y], false: [正常, N]}")
    cells = [[*row(i), word] for i, word in enumerate(["已注销", "正常", "y", "N", "是", "", "也许"], 1)]

    (parcel,), _ = whole(feed, write_text_file(tmp_path / "a.csv", csv_text(*cells, header=(*COLUMNS, "deleted"))))

    assert parcel.batch.flags.tolist() == [DELETED, 0, DELETED, 0, DELETED, 0, QUARANTINED]


def test_an_enum_has_synonyms(tmp_path: Path) -> None:
    """The first text is the label; no text may mean two values."""
    feed = cards(kinds="{full: [全额, 全, 1], half: 半额}")
    path = write_text_file(
        tmp_path / "a.csv", csv_text(*(row(i, 种类=text) for i, text in enumerate(["全额", "全", "1", "full", "半额", "half"], 1)))
    )

    assert batch_of(feed, path).values["kind"].tolist() == [0, 0, 0, 0, 1, 1]
    assert feed.fields["kind"].values == (("full", "全额"), ("half", "半额"))
    assert problems(kinds="{full: [全额, 半], half: [半额, 半]}") == [("fields.kind.values.half", "'半' stands for two values")]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,200.50", "1200.50"), ("￥1,200", "1200"), ("1,200元", "1200"), ("-￥3", "-3"), ("￥ 0.50", "0.5"), ("１，２００．５０", "1200.5"), ("12.50", "12.5"),
        ("1,20", None), ("12,00", None), ("1,2000", None), (",200", None), ("1,200.555", None), ("1.200,50", None), ("1,200万元", None), ("￥", None),
    ],
)  # fmt: skip
def test_an_amount_is_exact_or_refused(tmp_path: Path, text: str, amount: str | None) -> None:
    """With thousands separators and currency signs, where the contract names them; without, they are refused as before."""
    feed = cards('{format: csv, thousands: ",", currency: ["￥", 元], delimiter: tab}')
    path = write_text_file(tmp_path / "a.csv", csv_text(row(1, 金额=text), between="\t"))

    (parcel,), _ = whole(feed, path)

    assert parcel.batch.values["amount"].tolist() == [MISSING if amount is None else int(Decimal(amount) * 100)]
    assert [flaw.column for flaw in parcel.flaws] == ([] if amount else ["金额"])
    if text != "12.50":
        assert flaws_of(cards("{format: csv, delimiter: tab}"), path)


def test_dates_in_further_forms(tmp_path: Path) -> None:
    """In validity and order alike; day and month may not be mistaken for each other."""
    feed = cards("{format: csv, dates: [YYYY.M.D, D/M/YYYY]}")
    path = write_text_file(
        tmp_path / "a.csv", csv_text(row(1, 更新日期="2026.10.1", 起="1/2/2026", 止="2026.12.31"), row(2, 止="2026.13.1"))
    )

    (parcel,), _ = whole(feed, path)

    assert parcel.batch.order.tolist() == [FIRST, FIRST]
    assert parcel.batch.valid_from.tolist()[0] == (date(2026, 2, 1) - date(1970, 1, 1)).days
    assert [(flaw.row, flaw.column, flaw.rule.name) for flaw in parcel.flaws] == [(2, "止", "DATE")]
    assert problems("{format: csv, dates: [D/M/YYYY, M/D/YYYY]}") == [("delivery.dates", "day and month could be read in both orders")]


def test_for_ever_is_an_empty_cell_or_a_word_of_the_contract(tmp_path: Path) -> None:
    """A day among the words is meant in every form; in the first column the words mean nothing."""
    feed = cards(validity="{from: 起, to: 止, open: [长期, 9999-12-31]}")
    ends = ["", " 长期 ", "9999-12-31", "99991231", "9999/12/31", "永久", "#N/A"]
    path = write_text_file(tmp_path / "a.csv", csv_text(*(row(i, 止=end) for i, end in enumerate(ends, 1)), row(8, 起="长期")))

    (parcel,), _ = whole(feed, path)

    assert parcel.batch.valid_to.tolist()[:5] == [OPEN_TO] * 5
    assert [(flaw.row, flaw.column, flaw.rule.name) for flaw in parcel.flaws] == [
        (6, "止", "DATE"),
        (7, "止", "ERROR_CELL"),
        (8, "起", "DATE"),
    ]


# Order


@pytest.mark.parametrize("order", ["更新日期", "{column: 更新日期}", "{column: 更新日期, type: date}", "{column: 更新日期, type: time}"])
def test_one_day_is_one_order(tmp_path: Path, order: str) -> None:
    """However it is written, in this file or in another one."""
    days = ["2026-10-01", "20261001", "2026/10/1", "2026年10月1日", "2026-10-01 00:00:00"]

    batch = batch_of(
        cards(order=order), write_text_file(tmp_path / "a.csv", csv_text(*(row(i, 更新日期=day) for i, day in enumerate(days, 1))))
    )

    assert batch.order.tolist() == [FIRST] * 5


@pytest.mark.parametrize(
    ("type", "text", "rule"),
    [
        ("date", "", "REQUIRED"), ("date", "7", "ORDER_DATE"), ("date", "2026-10-01 08:30", "ORDER_DATE"), ("date", "soon", "ORDER_DATE"),
        ("date", "2026-10-17", "ORDER_LATE"), ("date", "20361001", "ORDER_LATE"), ("date", "#REF!", "ERROR_CELL"), ("time", "202610010", "ORDER_TIME"),
        ("time", "2026-10-17 00:00", "ORDER_LATE"), ("time", "2026-13-01", "ORDER_TIME"), ("number", "2026-10-01", "ORDER_NUMBER"), ("number", "1.5", "ORDER_NUMBER"),
        ("number", "", "REQUIRED"),
    ],
)  # fmt: skip
def test_a_row_without_usable_order_is_put_aside(tmp_path: Path, type: str, text: str, rule: str) -> None:
    """With the order that says so, and why; also a deletion. Received on 15 October, the last day is the 16th."""
    feed = cards(order=f"{{column: 更新日期, type: {type}}}")
    sound = "7" if type == "number" else "2026-10-16"
    cells = [[*row(1, 更新日期=sound), ""], [*row(2, 更新日期=text), ""], [*row(3, 更新日期=text), "1"]]
    path = write_text_file(tmp_path / "a.csv", csv_text(*cells, header=(*COLUMNS, "deleted")))

    (parcel,), _ = whole(feed, path)

    assert parcel.batch.order.tolist() == [7 if type == "number" else FIRST + 15 * DAY, NO_ORDER, NO_ORDER]
    assert parcel.batch.flags.tolist() == [0, QUARANTINED, QUARANTINED]
    assert [(flaw.row, flaw.rule.name) for flaw in parcel.flaws] == [(2, rule), (3, rule)]


def test_a_bare_column_is_of_the_type_of_its_field() -> None:
    """A field of days makes the order days, one of whole numbers numbers; a contract that says otherwise is refused."""
    days = CARDS.replace("VALIDITY", "{from: 起, to: 止}").replace("KINDS", "{a: 一}").replace("DELIVERY", "{}")
    both = days.replace(
        "fields:\n", "fields:\n  day: {type: date, title: {zh: 日, en: day}}\n  turn: {type: int, title: {zh: 次, en: turn}}\n"
    )

    def type_of(order: str) -> str:
        return load_contract(both.replace("ORDER", order), "a.yaml").order_type

    assert [type_of(order) for order in ("day", "turn", "其他", "delivery", "{column: 其他, type: number}")] == [
        "date",
        "number",
        "time",
        "time",
        "number",
    ]
    for order in ("{column: day, type: number}", "{column: turn, type: time}"):
        with pytest.raises(Invalid):
            type_of(order)


# What a refused file is


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (csv_text(row(1), between="\t"), "looks tab-separated; write `delimiter: tab`"),
        (csv_text(row(1), between=";"), 'looks semicolon-separated; write `delimiter: ";"`'),
        (csv_text(row(1), header=[*COLUMNS[:-1], "说明"], between="\t"), "has no column 备注; it looks tab-separated"),
        ("助餐卡名单\n" + csv_text(row(1)), "the header is in line 2, below a title; write `header: find` or `header_row: 2`"),
        ("助餐卡名单,,,,,,,\n,,,,,,,\n" + csv_text(row(1)), "the header is in line 3"),
        (csv_text(row(1), header=[*COLUMNS[:-1], "备  注"]), "has no column 备注. Did you mean 备  注?"),
        ('{"卡号": 1}\n{"卡号": 2}\n', "is JSON; write `format: jsonl`"),
        ('[{"卡号": 1}]', "is JSON"),
        ("<html><table><tr><td>卡号</td></tr></table></html>", "is a web page (HTML)"),
        ("<?xml version='1.0'?><Workbook/>", "is XML"),
        ("%PDF-1.7\n", "is a PDF"),
        (csv_text(row(1)) + "C-2,3101,2026-10-01\n", "has 3 cells in line 3, where the header has 8"),
        (csv_text(row(1), ['"C-2', *row(2)[1:]], ['C-3"', *row(3)[1:]], row(4)), "has a quote in line 3 that swallows the lines behind it"),
        (csv_text(row(1), row(2, 种类='"全额'), row(3), row(4)), "has a quote in line 3 that is never closed"),
        (csv_text(row(1), row(2, 种类='"全额'), row(3, 备注='"半额"'), row(4)), "has a misplaced quote in line 3"),
    ],
)  # fmt: skip
def test_a_refused_file_says_what_it_is(tmp_path: Path, text: str, words: str) -> None:
    """Each with the way out."""
    assert words in refusal_of(write_text_file(tmp_path / "a.csv", text))


@pytest.mark.parametrize(("encoding", "words"), [("utf-8", "is not utf-8 in line 1502"), ("gb18030", "is not gb18030 in line 1502")])
def test_a_wrong_encoding_has_its_line(tmp_path: Path, encoding: str, words: str) -> None:
    """The first line that shows it, and the key of the contract."""
    path = tmp_path / "a.csv"
    path.write_bytes(
        csv_text(*(row(i) for i in range(1, 1501))).encode(encoding) + b"C-1,\xff\xff,,,,,,\n" + csv_text(row(1)).encode(encoding)
    )

    assert words in (message := refusal_of(path, f"{{format: csv, encoding: {encoding}}}")) and "encoding: auto" in message


def test_utf_16_and_bytes_of_another_kind(tmp_path: Path) -> None:
    """A workbook under the name of a CSV, a CSV under that of a workbook, old and locked ones, archives."""
    csv, book = (
        write_text_file(tmp_path / "a.xlsx", csv_text(row(1))),
        workbook(tmp_path / "b.csv", lambda book, page: table(page, [row(1)])),
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("名单.csv", csv_text(row(1)))
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)

    def write_file(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    xlsx = "{format: xlsx}"
    assert "is UTF-16" in refusal_of(write_text_file(tmp_path / "c.csv", csv_text(row(1)), "utf-16"))
    assert "is a workbook (XLSX); write `format: xlsx`" in refusal_of(book)
    assert "is text, no XLSX workbook; write `format: csv`" in refusal_of(csv, xlsx)
    assert "is a ZIP archive" in refusal_of(write_file("d.csv", archive.getvalue()))
    assert "is a ZIP archive" in refusal_of(write_file("d.xlsx", archive.getvalue()), xlsx)
    assert "is an old workbook (.xls)" in refusal_of(write_file("e.csv", old))
    assert "is an old workbook (.xls)" in refusal_of(write_file("e.xlsx", old), xlsx)
    assert "is a password-protected workbook" in refusal_of(write_file("f.xlsx", old + "EncryptedPackage".encode("utf-16-le")), xlsx)
    assert "is a PDF" in refusal_of(write_file("g.xlsx", b"%PDF-1.7\n"), xlsx)
    assert "is a JSON array" in refusal_of(write_text_file(tmp_path / "h.jsonl", '[{"a": 1}]'), "{format: jsonl}")
    assert "is CSV" in refusal_of(write_text_file(tmp_path / "i.jsonl", csv_text(row(1))), "{format: jsonl}")


def test_line_ends_of_old_programs_are_read(tmp_path: Path) -> None:
    """CR alone, as CRLF and LF; lines keep their numbers."""
    text = csv_text(row(1), row(2, 金额="x"))

    for between in ("\r", "\r\n", "\n"):
        path = tmp_path / "a.csv"
        path.write_bytes(text.replace("\n", between).encode())
        assert flaws_of(cards(), path) == [("line 3, cell 7", "金额", "NUMBER")]


def test_a_cell_with_line_ends_is_no_swallowed_row(tmp_path: Path) -> None:
    """An address on three lines, with commas in it; rows behind it keep the lines of the file."""
    path = write_text_file(tmp_path / "a.csv", csv_text(row(1, 备注='"一,二\n三\n四,五"'), row(2, 金额="x")))

    assert flaws_of(cards(), path) == [("line 5, cell 7", "金额", "NUMBER")]


def test_blank_rows_are_blank_rows(tmp_path: Path) -> None:
    """Also those made of delimiters and spaces; other rows keep the lines of the file."""
    path = write_text_file(
        tmp_path / "a.csv", "\n\n" + csv_text(row(1), [""] * 8, [" ", "　", *[""] * 6], row(2, 金额="x")) + "\n,,,,,,,\n"
    )

    (parcel,), notes = whole(cards(), path)

    assert (parcel.rows, parcel.unplaced, notes.blank) == (2, 0, 3)
    assert [(flaw.row, flaw.cell.en) for flaw in parcel.flaws] == [(2, "line 7, cell 7")]


def test_a_key_that_no_object_names_is_a_missing_column(tmp_path: Path) -> None:
    """At the end of the file, with the name that was perhaps meant; a file of deletions needs no more than key and subject."""

    def lines(*names: str, **more: Any) -> str:
        sound = dict(zip(COLUMNS, row(1), strict=True))
        return "".join(
            f"{{{', '.join(f'{_json(n)}: {_json(sound[n])}' for n in names)}}}\n".replace(
                "}", "".join(f", {_json(k)}: true" for k in more) + "}"
            )
            for _ in range(2)
        )

    jsonl = "{format: jsonl}"
    names = [name for name in COLUMNS if name != "止"]
    assert "has no column 止" in refusal_of(write_text_file(tmp_path / "a.jsonl", lines(*names)), jsonl)
    (parcel,), _ = whole(cards(jsonl), write_text_file(tmp_path / "b.jsonl", lines("卡号", "身份证号", "更新日期", deleted=True)))
    assert parcel.batch.flags.tolist() == [DELETED, DELETED]
    assert "has no column 卡号" in refusal_of(write_text_file(tmp_path / "c.jsonl", lines("身份证号", "更新日期", deleted=True)), jsonl)


def _json(text: str) -> str:
    return f'"{text}"'


@pytest.mark.parametrize("number", ["{n}", "3.10107E+17"])
def test_numbers_that_went_through_excel_refuse_the_file(tmp_path: Path, number: str) -> None:
    """One in eleven has a sound check digit; a file where most have lost their last digits is not read by chance."""
    rows = [row(i, 身份证号=number.format(n=f"3101071950{i % 12 + 1:02d}01{i % 9}000")) for i in range(1, 40)]

    assert "rounded (" in refusal_of(write_text_file(tmp_path / "a.csv", csv_text(*rows)))


def test_an_identifier_in_exponents_names_nobody(tmp_path: Path) -> None:
    """Also where any text is an identifier: all that Excel cut short would be one."""
    path = write_text_file(tmp_path / "a.csv", csv_text(row(1), row(2, 卡号="6.22202E+15"), row(3, 卡号="#NAME?"), row(4), row(5), row(6)))

    assert flaws_of(cards(), path) == [("line 3, cell 1", "卡号", "ROUNDED"), ("line 4, cell 1", "卡号", "ERROR_CELL")]


# The contract's form


@pytest.mark.parametrize(
    ("delivery", "path"),
    [
        ("{format: csv, sheets: all}", "delivery.sheets"), ("{format: xlsx, delimiter: tab}", "delivery.delimiter"),
        ("{format: jsonl, header: find}", "delivery.header"), ("{format: csv, header: find, header_row: 2}", "delivery.header"),
        ("{format: csv, delimiter: ab}", "delivery.delimiter"), ("{format: csv, header_row: 0}", "delivery.header_row"),
        ("{format: csv, dates: [YY.M.D]}", "delivery.dates[0]"), ("{format: csv, dates: [YYYY.M]}", "delivery.dates[0]"), ("{format: csv, nulls: []}", "delivery.nulls"),
        ("{format: csv, true: [Y], false: [Y]}", "delivery.false"), ("{format: csv, thousands: x}", "delivery.thousands"), ("{format: csv, encoding: latin-1}", "delivery.encoding"),
    ],
)  # fmt: skip
def test_a_layout_that_cannot_be_meant_is_refused(delivery: str, path: str) -> None:
    """With its place."""
    assert [place for place, _ in problems(delivery)] == [path]


def test_the_schema_knows_every_key() -> None:
    """A contract that uses all of it is valid for editors, too."""
    text = CARDS.replace("ORDER", "{column: 更新日期, type: date}").replace("VALIDITY", "{from: 起, to: 止, open: [长期, 9999-12-31]}")
    text = text.replace("KINDS", "{full: [全额, 全, 1], half: 半额}").replace(
        "DELIVERY",
        '{format: xlsx, sheets: "*月", header_row: 3, footer: 合计, nulls: ["-"], true: [Y, 1], false: [N, 0], thousands: ",", currency: ["￥"], dates: [YYYY.M.D]}',
    )

    load_contract(text, "a.yaml")
    data = load(text, "a.yaml").data
    data["validity"]["open"][1] = "9999-12-31"
    data["agreement"]["until"] = "2027-12-31"
    jsonschema.validate(data, feed_schema())
