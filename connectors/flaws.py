"""What is wrong with a row, said without saying what is in it.

The one idea: a quarantine report goes to the unit that keeps the record and may be read over a shoulder; row, column, rule and the class of
the value ("text of 7 characters where a date was expected") are enough to find the cell, and tell nothing about a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.cells import Fault
from policies.values import Text

# rule -> what was expected
EXPECTED: dict[Fault, Text] = {
    Fault.DATE: Text(
        "应为日期(2026-10-01、20261001、2026/10/1 或 2026年10月1日)", "a date was expected (2026-10-01, 20261001, 2026/10/1, 2026年10月1日)"
    ),
    Fault.NUMBER: Text("应为数(12 或 12.50,不用 1e3 或千分位)", "a number was expected (12 or 12.50, no 1e3, no thousands separator)"),
    Fault.BELOW: Text("小于合同的 min", "the contract's min is larger"),
    Fault.ABOVE: Text("大于合同的 max", "the contract's max is smaller"),
    Fault.PLACES: Text("小数位数多于合同的 scale", "the contract's scale has fewer digits after the point"),
    Fault.VALUE: Text("应为合同 values 中的代码或中文", "a code or label of the contract's values was expected"),
    Fault.DIVISION: Text(
        "应为 2、4、6、9 或 12 位区划代码，不收名称", "a division code of 2, 4, 6, 9 or 12 digits was expected, not a name"
    ),
    Fault.LENGTH: Text("长度不对(居民身份号码为 15 或 18 位)", "of the wrong length (a resident number has 15 or 18 characters)"),
    Fault.CHARACTERS: Text("居民身份号码中有不该有的字符", "a resident number holds only digits, and X at its end"),
    Fault.CHECK_DIGIT: Text("居民身份号码的校验位不符", "the check character of a resident number does not agree"),
    Fault.BORN: Text("居民身份号码中的出生日期不存在", "the birth date in a resident number does not exist"),
    Fault.ORDER: Text("应为整数、日期或时间", "a whole number, a date or a time was expected"),
    Fault.ORDER_FORM: Text("与本次交付先前各行形式不同(整数或时间)", "of another form (number or time) than the rows before"),
    Fault.VALIDITY: Text("早于起始日", "the interval ends before it begins"),
    Fault.FLAG: Text("应为 1、0、true、false、是或否", "1, 0, true, false, 是 or 否 was expected"),
    Fault.REQUIRED: Text("不能为空", "may not be empty"),
}
_NUMBER = re.compile(r"[+-]?\d+(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One cell that broke a rule.

    Args:
        row: from 1, as in the file.
        found: the class of the value.
    """

    row: int
    column: str
    rule: Fault
    found: Text

    def render(self, language: str = "zh") -> str:
        """One line for a person.

        Example:
            >>> Flaw(12, "born", Fault.VALIDITY, value_class("2026-10")).render("en")
            'row 12, column born: text of 7 characters; the interval ends before it begins'
        """
        expected = EXPECTED[self.rule][language]
        if language == "en":
            return f"row {self.row}, column {self.column}: {self.found.en}; {expected}"
        return f"第 {self.row} 行，“{self.column}”列：{self.found.zh};{expected}"


def value_class(text: str | None) -> Text:
    """What kind of thing a cell holds, never what it holds.

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
