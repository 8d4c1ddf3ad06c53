"""Flaws: what is wrong with the cells of a row, described without their content.

A quarantine report goes to the unit that keeps the record, and strangers may see it. Row, column, rule and the class of the value ("text of
7 characters", where a date was expected) are enough to find the cell, and tell nothing about a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.parsing.cells import ERROR, SCIENTIFIC, Fault
from policies.values import Text

# rule -> what was expected
EXPECTED: dict[Fault, Text] = {
    Fault.DATE: Text(
        "应为日期(2026-10-01、20261001、2026/10/1 或 2026年10月1日)", "a date was expected (2026-10-01, 20261001, 2026/10/1, 2026年10月1日)"
    ),
    Fault.NUMBER: Text("应为数(12 或 12.50,不用 1e3 或千分位)", "a number was expected (12 or 12.50, no 1e3, no thousands separator)"),
    Fault.BELOW: Text("小于约定的下限(min)", "the contract's min is larger"),
    Fault.ABOVE: Text("大于约定的上限(max)", "the contract's max is smaller"),
    Fault.PLACES: Text("小数位数多于约定的(scale)", "the contract's scale has fewer digits after the point"),
    Fault.VALUE: Text("应为约定所列的值(values 中的代码或中文)", "a code or label of the contract's values was expected"),
    Fault.DIVISION: Text(
        "应为 2、4、6、9 或 12 位区划代码，不收名称", "a division code of 2, 4, 6, 9 or 12 digits was expected, not a name"
    ),
    Fault.LENGTH: Text("长度不对(居民身份号码为 15 或 18 位)", "of the wrong length (a resident number has 15 or 18 characters)"),
    Fault.CHARACTERS: Text("居民身份号码中有不该有的字符", "a resident number holds only digits, and X at its end"),
    Fault.CHECK_DIGIT: Text("居民身份号码的校验位不符", "the check character of a resident number does not agree"),
    Fault.BORN: Text("居民身份号码中的出生日期不存在", "the birth date in a resident number does not exist"),
    Fault.ORDER_NUMBER: Text("次序应为整数", "a whole number was expected as the order"),
    Fault.ORDER_DATE: Text(
        "次序应为日期(2026-10-01 等),不带时刻", "a date was expected as the order (2026-10-01 …), without a time of day"
    ),
    Fault.ORDER_TIME: Text("次序应为日期或时间(2026-10-01 08:30 等)", "a date or a time was expected as the order (2026-10-01 08:30 …)"),
    Fault.ORDER_LATE: Text("次序晚于收到之日的次日", "the order lies after the day of receipt plus one"),
    Fault.VALIDITY: Text("早于起始日", "the interval ends before it begins"),
    Fault.FLAG: Text("应为 1、0、true、false、是或否", "1, 0, true, false, 是 or 否 was expected"),
    Fault.REQUIRED: Text("不能为空", "may not be empty"),
    Fault.ERROR_CELL: Text(
        "错误值不是空格子;请改正公式,确无内容的请清空", "an error is no empty cell; mend the formula, or clear the cell"
    ),
    Fault.FORMULA: Text("请用表格软件打开、重新计算后保存", "open the file in the office program, let it compute, and save it"),
    Fault.MERGED: Text(
        "合并单元格只有左上角有值;请取消合并并逐格填写",
        "only the upper left of a merged cell has its value; unmerge it and fill every cell",
    ),
    Fault.ROUNDED: Text(
        "Excel 只留 15 位数字;请把该列设为文本格式后重新导出", "Excel keeps 15 digits only; format the column as text and export it anew"
    ),
}
# rule -> what the cell is, where its text does not say it
_FOUND: dict[Fault, Text] = {
    Fault.ERROR_CELL: Text("错误值(如 #N/A)", "an error such as #N/A"),
    Fault.FORMULA: Text("没有存下结果的公式", "a formula without a stored value"),
    Fault.MERGED: Text("合并单元格的一部分", "a part of a merged cell"),
    Fault.ROUNDED: Text("超过 15 位、已被取整的数", "a number of more than 15 digits, rounded"),
}
_READ_AS_TEXT = {Fault.DATE, Fault.NUMBER, Fault.LENGTH, Fault.CHARACTERS, Fault.ORDER_NUMBER, Fault.ORDER_DATE, Fault.ORDER_TIME}
_NUMBER = re.compile(r"[+-]?\d+(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One cell that broke a rule.

    Args:
        row: the data row of the delivery, from 1.
        value_class: the class of the value.
        line: the line of the file, in a workbook the row of the sheet; 0 where there is no file.
        place: the column in the file: in a workbook its letters, behind the sheet's name where several are read; in a CSV its
            position; "" in JSON lines.
        nobody: the subject or key of the row cannot be read.
        key: the number of the record, where it tells nothing about the person (``record_name``).
    """

    row: int
    column: str
    rule: Fault
    value_class: Text
    line: int = 0
    place: str = ""
    nobody: bool = False
    key: str | None = None

    @property
    def cell(self) -> Text:
        """The place of the cell in the words of people: G5, or line 5, cell 7."""
        if not self.line:
            return Text(f"第 {self.row} 行", f"row {self.row}")
        if not self.place:
            return Text(f"第 {self.line} 行", f"line {self.line}")
        if self.place.isdigit():
            return Text(f"第 {self.line} 行第 {self.place} 格", f"line {self.line}, cell {self.place}")
        return Text(f"{self.place}{self.line}", f"{self.place}{self.line}")

    def render(self, language: str = "zh") -> str:
        """One line for people.

        Example:
            >>> Flaw(12, "born", Fault.VALIDITY, value_class("2026-10"), 14, "G").render("en")
            'G14, column born: text of 7 characters; the interval ends before it begins'
        """
        expected = EXPECTED[self.rule][language]
        if language == "en":
            return f"{self.cell.en}, column {self.column}: {self.value_class.en}; {expected}"
        return f"{self.cell.zh}，“{self.column}”列：{self.value_class.zh};{expected}"


def flaw(row: int, column: str, fault: Fault, text: str | None, line: int, place: str) -> Flaw:
    """The flaw of a cell, with the most exact rule for its text."""
    stripped = (text or "").strip()
    if fault in _READ_AS_TEXT and ERROR.fullmatch(stripped):
        fault = Fault.ERROR_CELL
    elif fault in (Fault.LENGTH, Fault.CHARACTERS) and SCIENTIFIC.fullmatch(stripped):
        fault = Fault.ROUNDED
    return Flaw(row, column, fault, _FOUND.get(fault) or value_class(text), line, place)


_NAMES_A_RECORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}")
_RESIDENT = re.compile(r"[1-9]\d{5}(?:\d\d)?\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
"""A resident number of 15 digits, or the first 17 digits of one of 18, anywhere in a text."""


def record_name(key: str | None, subject: str | None) -> str | None:
    """The key of a record as a report may show it: letters, digits and signs, but never a person's number or name.

    Example:
        >>> record_name(" YB-7 ", "310107195001011234"), record_name("31010719500101123-4", "x"), record_name("张三", "x")
        ('YB-7', None, None)
    """
    name = unicodedata.normalize("NFKC", key or "").strip()
    digits = re.sub(r"[ ./_-]", "", name)
    if not _NAMES_A_RECORD.fullmatch(name) or _RESIDENT.search(digits) or name == unicodedata.normalize("NFKC", subject or "").strip():
        return None
    return name


def of_records(
    flaws: Sequence[Flaw], rows: npt.NDArray[np.int32], subjects: pl.Series, keys: pl.Series, placed: npt.NDArray[np.bool_]
) -> tuple[Flaw, ...]:  # fmt: skip
    """The flaws with the keys of their records, where these tell nothing about a person (``record_name``).

    Args:
        rows: the ascending numbers of the rows. ``subjects`` and ``keys`` are their cells; ``placed`` marks rows with readable ones.
    """
    result = []
    for cell, i in zip(flaws, np.searchsorted(rows, [cell.row for cell in flaws]).tolist(), strict=True):
        key = record_name(keys[i], subjects[i]) if placed[i] else None
        result.append(replace(cell, nobody=not placed[i], key=key))
    return tuple(result)


def value_class(text: str | None) -> Text:
    """The class of a cell's value, never the value itself.

    Example:
        >>> value_class("12.345").en, value_class("310107198001011234").en
        ('a number of 2 digits with 3 after the point', 'a number of 18 digits')
    """
    text = (text or "").strip()
    number = _NUMBER.fullmatch(text)
    if not text:
        return Text("空格子", "an empty cell")
    if number is None:
        return Text(f"{len(text)} 个字符的文字", f"text of {len(text)} characters")
    digits = len(text.lstrip("+-").split(".")[0])
    if number[1] is None:
        return Text(f"{digits} 位的数", f"a number of {digits} digits")
    return Text(f"{digits} 位、小数 {len(number[1])} 位的数", f"a number of {digits} digits with {len(number[1])} after the point")
