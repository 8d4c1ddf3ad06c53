"""Values written in a policy, as the tree encodes them.

A value takes the type and the codes of the field it is compared with. A Chinese label is as good as the code it names; anything else is
refused, with what was expected. Source: docs/en/semantics.md section 5.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction

from policies.language.catalogue import Field, FieldType
from policies.language.measures import Measure
from policies.language.names import Trouble
from policies.language.tree import Scalar
from policies.problems.problems import comma_list, suggestion, value_text
from policies.values import Text, is_division

EXPECTED = {
    FieldType.TEXT: Text("文字", "text"), FieldType.ENUM: Text("一个代码", "a code"), FieldType.INT: Text("整数", "a whole number"),
    FieldType.DECIMAL: Text("数值", "a number"), FieldType.DATE: Text("日期，如 2026-10-01", "a date such as 2026-10-01"),
    FieldType.DIVISION: Text("加引号的区划代码，如 \"310107\"", 'a division code in quotes, such as "310107"'),
}  # fmt: skip
_NOTHING = Text("", "")
_UNQUOTE = Text("：去掉引号", " by taking the quotes off")
_QUOTE = Text("：加上引号", " by putting it in quotes")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_FACTOR = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,12})|/([0-9]{1,12}))?")


def scalar(value: object, measure: Measure) -> Scalar | Trouble:
    """A written value as the tree holds it: int, Fraction, code, text, division or date.

    Args:
        value: as in the document.
        measure: what it is compared with.
    """
    literal = _literal(value, measure)
    return _type_trouble(value, measure) if literal is None else literal


def plain_number(value: object) -> int | Fraction | None:
    """A written number, exactly; None where it is none."""
    if isinstance(value, bool):
        return None
    return value if isinstance(value, int) else Fraction(value) if isinstance(value, Decimal) else None


def decimal_text(value: object) -> Fraction | None:
    """A decimal written as text, exactly; None where it is none.

    Example:
        >>> decimal_text("1595.50"), decimal_text("1e3")
        (Fraction(3191, 2), None)
    """
    return Fraction(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def factor(times: object) -> Fraction | None:
    """``times`` as an exact rational above zero, or None.

    Example:
        >>> factor("1.5"), factor("1/3"), factor("0")
        (Fraction(3, 2), Fraction(1, 3), None)
    """
    text = times if isinstance(times, str) else str(times) if plain_number(times) is not None else ""
    form = _FACTOR.fullmatch(text)
    if form is None or (form[3] is not None and int(form[3]) == 0):
        return None
    value = Fraction(text)
    return value if value > 0 else None


def code_of(code_or_label: object, field: Field) -> str | Trouble:
    """The code of an enum field that a code or a Chinese label names."""
    text = str(code_or_label)
    for code, label in field.values:
        if text in (code, label):
            return code
    choices = [f"{code}({label})" for code, label in field.values]
    near = suggestion(text, [word for value in field.values for word in value])
    return Trouble("enum-unknown", {"field": field.name, "word": value_text(text), "meant": near, "choices": comma_list(choices)})


def _literal(value: object, measure: Measure) -> Scalar | Trouble | None:
    number = plain_number(value)
    match measure.type:
        case FieldType.INT:
            return number if isinstance(number, int) else None
        case FieldType.DECIMAL:  # in quotes too: exact either way
            text = decimal_text(value)
            return text if number is None else Fraction(number)
        case FieldType.DATE:
            return value if isinstance(value, date) else _iso(value)
        case FieldType.ENUM:
            assert measure.field is not None  # only fields are enums
            return code_of(value, measure.field) if isinstance(value, str | int | date) and not isinstance(value, bool) else None
        case FieldType.DIVISION:
            return value if isinstance(value, str) and is_division(value) else None
        case FieldType.TEXT:
            return value if isinstance(value, str) and value else None


def _iso(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _type_trouble(value: object, measure: Measure) -> Trouble:
    mend = _NOTHING
    if isinstance(value, str) and measure.type is FieldType.INT and _DECIMAL.fullmatch(value):
        mend = _UNQUOTE
    elif not isinstance(value, str) and measure.type in (FieldType.TEXT, FieldType.DIVISION):
        mend = _QUOTE
    return Trouble("literal-type", {"given": value_text(value), "field": measure.name, "expected": EXPECTED[measure.type], "mend": mend})
