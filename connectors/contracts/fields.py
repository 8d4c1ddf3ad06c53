"""One field of a contract, with its bounds and ``no_record`` as the integers of the matrix.

Called by ``connectors.contracts.feeds``. Dates become days, decimals scaled integers, enum codes their position. A value that has no exact
integer is a problem of the contract, and is never rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from connectors.contracts.forms import FieldForm
from connectors.contracts.reporting import Problems
from policies.language.catalogue import Field, FieldType
from policies.problems.problems import suggestion
from policies.values import Text
from policies.yaml.document import Path

_EPOCH = date(1970, 1, 1)
_LARGEST = 2**62
_ORDERED = {"int", "decimal", "date"}


def field_of(name: str, form: FieldForm, cardinality: str, problems: Problems) -> Field:
    """The field of a contract. Its problems are added to ``problems``; the field is usable only where there are none."""
    path: Path = ("fields", name)
    scale = form.scale or 0
    if form.type == "decimal" and form.scale is None:
        problems.add("scale", path, "decimal 须写明 scale(小数位数)", "a decimal needs its `scale`, the digits after the point")
    if form.type != "decimal" and form.scale is not None:
        problems.add("scale", (*path, "scale"), "只有 decimal 才有 scale", "only a decimal has a `scale`")
    if (form.type == "enum") != (form.values is not None):
        problems.add("values", path, "enum 须有 values,其他类型不得有", "an enum needs `values`, and no other type has them")
    value_forms = form.values or {}
    values = tuple((code, value.zh[0]) for code, value in value_forms.items())
    synonyms = tuple((text, code) for code, value in value_forms.items() for text in value.zh[1:])
    titles_en = tuple((code, value.en) for code, value in value_forms.items() if value.en is not None)
    _check_values([*values, *((code, text) for text, code in synonyms)], path, problems)
    _check_titles(titles_en, path, problems)
    if form.codes and form.type != "text":
        problems.add("codes", (*path, "codes"), "只有 text 才写 codes", "only a text says `codes`")
    if form.type not in _ORDERED and (form.min is not None or form.max is not None):
        problems.add("bounds", path, "只有 int、decimal、date 才有 min、max", "only int, decimal and date have `min` and `max`")
    low, high = (_exact_integer(bound, form.type, scale, (*path, word), problems) for bound, word in ((form.min, "min"), (form.max, "max")))
    if low is not None and high is not None and low > high:
        problems.add("bounds", (*path, "min"), "min 大于 max", "`min` is above `max`")
    absent = _no_record(form, values, scale, cardinality, path, problems)
    if absent is not None and ((low is not None and absent < low) or (high is not None and absent > high)):
        problems.add("no_record", (*path, "no_record"), "no_record 不在 min 与 max 之间", "`no_record` is outside `min` and `max`")
    return Field(
        name, FieldType(form.type), Text(form.title.zh, form.title.en), form.column or name, form.unit, scale,
        low, high, values, absent, form.sensitivity == "identity", synonyms,
        quasi=form.sensitivity == "quasi", coded=form.codes is True, titles_en=titles_en,
    )  # fmt: skip


def _check_values(values: Sequence[tuple[str, str]], path: Path, problems: Problems) -> None:
    """No text may mean two values, since a cell may hold the code or the label."""
    meaning: dict[str, str] = {}
    for code, label in values:
        for text in {code, label}:
            if meaning.setdefault(text, code) != code:
                problems.add("values", (*path, "values", code), f"“{text}”指两个值", f"{text!r} stands for two values")


def _check_titles(titles: Sequence[tuple[str, str]], path: Path, problems: Problems) -> None:
    """No two values may have one English title, for readers could not tell them apart."""
    code_of: dict[str, str] = {}
    for code, title in titles:
        first = code_of.setdefault(title.casefold(), code)
        if first != code:
            zh = f"英文名称“{title}”已是 {first} 的；请换一个"
            problems.add("values", (*path, "values", code, "en"), zh, f"{title!r} is the English title of {first} already; use another")


def _no_record(
    form: FieldForm, values: tuple[tuple[str, str], ...], scale: int, cardinality: str, path: Path, problems: Problems
) -> int | None:
    if form.no_record is None:
        return None
    where = (*path, "no_record")
    if cardinality == "many":
        problems.add(
            "no_record", where, "只有 cardinality: one 的数据源可用 no_record", "`no_record` belongs to a feed of `cardinality: one`"
        )
    if form.sensitivity == "identity" or form.type in ("text", "division"):
        problems.add("no_record", where, "文字、区划和身份字段没有 no_record", "text, divisions and identity fields have no `no_record`")
        return None
    if form.type == "enum":
        position = next((i for i, both in enumerate(values) if str(form.no_record) in both), None)
        if position is None:
            near = suggestion(str(form.no_record), [code for code, _ in values])
            problems.add("no_record", where, f"不是 values 中的值。{near.zh}", f"not one of `values`.{near.en}")
        return position
    return _exact_integer(form.no_record, form.type, scale, where, problems)


def _exact_integer(value: Decimal | date | str | None, kind: str, scale: int, path: Path, problems: Problems) -> int | None:
    """A number or date as the integer of the matrix; None where there is no value, or no exact integer."""
    if value is None or kind not in _ORDERED:
        return None
    if kind == "date":
        if isinstance(value, date):
            return (value - _EPOCH).days
        problems.add("bounds", path, "应为日期，例如 2026-10-01", "expected a date such as 2026-10-01")
        return None
    if not isinstance(value, Decimal):
        problems.add("bounds", path, "应为数，例如 12.50", "expected a number such as 12.50")
        return None
    scaled = value.scaleb(scale if kind == "decimal" else 0)
    if scaled != int(scaled):
        problems.add("bounds", path, f"小数位数超过 {scale}", f"more than {scale} digits after the point")
        return None
    if abs(scaled) >= _LARGEST:
        problems.add("bounds", path, "数太大", "too large a number")
        return None
    return int(scaled)
