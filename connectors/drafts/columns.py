"""What a column of a sample holds: its type, as the readers of deliveries read it, with the reason.

Called by ``connectors.drafts.proposal``. Cells are encoded by the kernels of intake with a field of each type in turn; the first that reads
them is the type. Names, numbers and addresses of people are told by their titles and by how their cells look, and never quoted.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from decimal import Decimal

import numpy as np
import polars as pl

from connectors.drafts.categories import category, yes_no
from connectors.drafts.day_columns import day_column
from connectors.drafts.guess import ENOUGH, ColumnGuess, Type, without_words
from connectors.drafts.table import SampleColumn
from connectors.drafts.titles import Part, part_of
from connectors.drafts.words import may_be_name
from connectors.identity.tokens import RESIDENT_ID, Tokens
from connectors.intake.encoding import encoded_cells
from connectors.parsing.cells import ERROR, MISSING, Fault
from policies.language.catalogue import Field, FieldType, FileLayout, Identity
from policies.values import Kind, Text

_KEY = bytes(32)
_SIGNS = ("￥", "¥", "元", "RMB")
_TELEPHONE = re.compile(r"(\+?86[- ]?)?1[3-9]\d{9}|0\d{2,3}[- ]?\d{7,8}|[2-9]\d{7}")


def column_guess(column: SampleColumn) -> ColumnGuess:
    """What a column holds."""
    cells, part = column.cells, part_of(column.title)
    empty = int((cells == "").sum())
    plain = ColumnGuess(column, "text", Text("", ""), part, empty, empty == 0 and cells.n_unique() == len(cells) > 0)
    full = cells.filter((cells != "") & ~cells.str.contains(f"^(?:{ERROR.pattern})$"))
    if not len(full):
        why = Text("样本里全是空格", "no cell of the sample holds anything")
        return replace(plain, why=why, personal=True, question=Text("这一列是什么？", "what is this column?"))
    for guess in (_resident, _telephone, day_column, _division, _flag, _personal, _category, _number):
        if (result := guess(plain, full)) is not None:
            return result
    return _text(plain, full)


def _resident(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    faults = Tokens(_KEY).column(Kind.PERSON, Identity("", RESIDENT_ID, RESIDENT_ID), cells).faults
    sound = int((faults == Fault.SOUND).sum())
    if 2 * sound < len(cells) or (plain.part is not Part.RESIDENT and sound < ENOUGH * len(cells)):
        return None
    wrong = len(cells) - sound
    why = Text("居民身份号码：校验位相符", "resident numbers: the check characters agree")
    return replace(plain, type="resident", why=why, wrong=wrong, personal=True)


def _telephone(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    texts = [unicodedata.normalize("NFKC", text) for text in cells.unique().to_list()]
    if plain.part not in (None, Part.PERSONAL) or sum(map(bool, map(_TELEPHONE.fullmatch, texts))) < ENOUGH * len(texts):
        return None
    return replace(plain, why=Text("像电话号码", "looks like telephone numbers"), personal=True)


def _division(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    column = encoded_cells(Field("f", FieldType.DIVISION, Text("", ""), ""), cells)
    rest, nulls = without_words(cells, pl.Series(column.faults == Fault.SOUND))
    sound = int((column.faults == Fault.SOUND).sum())
    if not len(rest) or sound < ENOUGH * len(rest):
        return None
    texts = rest.unique().to_list()
    like_codes = all(len(text) in (9, 12) for text in texts) and len({text[:2] for text in texts}) == 1 and len(texts) * 3 <= len(rest)
    if plain.part is not Part.DIVISION and not (plain.part is None and like_codes):
        return None
    why = Text("都是区划代码", "all are division codes")
    return replace(plain, type="division", why=why, nulls=nulls, wrong=len(rest) - sound)


def _flag(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    values = yes_no(cells.unique().to_list(), digits=plain.part is Part.FLAG)
    if not values or plain.part in (Part.PERSONAL, Part.RESIDENT):
        return None
    return replace(plain, type="enum", why=Text("只有是与否", "yes and no alone"), values=values)


def _personal(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    if plain.part in (Part.PERSONAL, Part.HOUSEHOLD, Part.DWELLING, Part.RECORD, Part.RELATIVE, Part.RESIDENT):
        why = Text("按列名：能认出是谁、是哪一家", "by its title it tells who this is, or which household")
        if plain.column.title in ("备注", "说明", "note"):
            why = Text("自由文字，可能写有姓名", "free text, which may hold names")
        return replace(plain, why=why, personal=True)
    names = cells.unique().to_list()
    if 2 * sum(map(may_be_name, names)) > len(names):
        return replace(plain, why=Text("看来是姓名", "looks like names"), personal=True)
    return None


def _category(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    values = category(cells, plain.part in (Part.CATEGORY, Part.QUASI))
    if not values:
        return None
    why = Text(f"只有 {len(values)} 种取值，每种都有多行", f"{len(values)} values alone, each in several rows")
    question = None
    if any(code.startswith("value_") for code, _, _ in values):
        question = Text("给 `value_…` 起有意义的代码和英文名", "give the codes `value_…` a meaning, and English titles")
    return replace(plain, type="enum", why=why, values=values, question=question)


def _number(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    texts = [unicodedata.normalize("NFKC", text) for text in cells.unique().to_list()]
    money = plain.part is Part.AMOUNT
    signs = tuple(sign for sign in _SIGNS if any(unicodedata.normalize("NFKC", sign) in text for text in texts))
    thousands = any(re.search(r"\d,\d{3}", text) for text in texts)
    layout = FileLayout(thousands="," if thousands else "", currency=signs)
    places = [len(match[1]) for text in texts if (match := re.search(r"\.(\d+)\D*$", text))]
    scale = min(9, max([*places, 2 if money else 0]))
    if not money and plain.part is not Part.COUNT and any(re.match(r"0\d", text) for text in texts):
        return None  # codes: their zeros mean something
    field = Field("f", FieldType.DECIMAL if scale else FieldType.INT, Text("", ""), "", scale=scale)
    column = encoded_cells(field, cells, layout)
    rest, nulls = without_words(cells, pl.Series(column.faults == Fault.SOUND))
    sound = column.values[column.values != MISSING]
    if not len(rest) or len(sound) < ENOUGH * len(rest):
        return None
    if not scale and not money and max(map(len, texts)) > 9 and rest.n_unique() * 2 > len(rest):
        return replace(plain, why=Text("都是长号码", "all are long numbers"), personal=True, question=_who())
    low, high = _bounds(sound, scale)
    why = (
        Text(f"都是数，小数 {scale} 位", f"all are numbers, with {scale} digits after the point")
        if scale
        else Text("都是整数", "all are whole numbers")
    )
    kind: Type = "decimal" if scale else "int"
    return replace(
        plain, type=kind, why=why, scale=scale, low=low, high=high, nulls=nulls, thousands=thousands, currency=signs,
        wrong=len(rest) - len(sound),
    )  # fmt: skip


def _bounds(values: np.typing.NDArray[np.int64], scale: int) -> tuple[Decimal | None, Decimal | None]:
    """Bounds that no value reaches and that no value can be told from: 0, and all nines, with a digit to spare; none for the greatest."""
    digits = max(len(str(max(abs(int(values.min())), abs(int(values.max()))))), scale + 1) + 1
    if digits > 18:
        return None, None
    nines = Decimal(10**digits - 1).scaleb(-scale)
    return (Decimal(0) if values.min() >= 0 else -nines), nines


def _text(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess:
    return replace(plain, why=Text("文字", "text"), personal=True, question=_who())


def _who() -> Text:
    return Text(
        "能看出是谁吗？看不出的，删去 `sensitivity`，规则才能用它；是代码的，再写 `codes: true`",
        "can it tell who somebody is? If not, delete `sensitivity`, so that rules can use it; where it holds codes, add `codes: true`",
    )
