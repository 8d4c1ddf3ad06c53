"""Whether a column of a sample holds days, and in which form.

Called by ``connectors.drafts.columns``. The usual forms are always read; of the others a contract has to say that they occur.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl

from connectors.drafts.guess import ENOUGH, ColumnGuess, without_words
from connectors.drafts.titles import Part
from connectors.intake.encoding import days
from connectors.parsing.cells import Fault
from policies.language.catalogue import FileLayout
from policies.values import Text

_DAY = date(1970, 1, 1).toordinal()
_YEARS = range(1880, 2150)
_FORMS = ("YYYY.M.D", "YYYY年M月D", "D/M/YYYY", "M/D/YYYY", "D.M.YYYY", "D-M-YYYY")


def day_column(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    """The guess that a column holds days; None where it does not."""
    if plain.part in (Part.PERSONAL, Part.AMOUNT, Part.RECORD, Part.COUNT, Part.SERIAL):
        return None
    for forms in ((), *((form,) for form in _FORMS)):
        values, faults = days(cells, FileLayout(dates=forms))
        rest, nulls = without_words(cells, pl.Series(faults == Fault.SOUND))
        sound = faults == Fault.SOUND
        if not len(rest) or sound.sum() < ENOUGH * len(rest):
            continue
        years = [date.fromordinal(_DAY + day).year for day in (int(values[sound].min()), int(np.quantile(values[sound], 0.95)))]
        if not all(year in _YEARS for year in years) and plain.part not in (Part.LAST, Part.FIRST):
            return None
        return _date_guess(replace(plain, nulls=nulls, wrong=int(len(rest) - sound.sum())), forms, cells)
    return _serial_days(plain, cells)


def _date_guess(plain: ColumnGuess, forms: tuple[str, ...], cells: pl.Series) -> ColumnGuess:
    question, both = None, {"D/M/YYYY": "M/D/YYYY"}
    if forms and forms[0] in both:
        other = days(cells, FileLayout(dates=(both[forms[0]],)))[1]
        if (other == Fault.SOUND).sum() >= ENOUGH * len(cells):
            question = Text("日在前还是月在前？样本两种读法都通", "day first, or month first? The sample can be read both ways")
    form = f"，写作 {forms[0]}" if forms else ""
    why = Text(f"都是日期{form}", "all are dates" + (f", written {forms[0]}" if forms else ""))
    low = None if plain.part in (Part.FIRST, Part.LAST) else date(1900, 1, 1)
    if low is not None:
        values, faults = days(cells, FileLayout(dates=forms))
        if (values[faults == Fault.SOUND] < low.toordinal() - _DAY).any():
            low = None
    return replace(plain, type="date", why=why, dates=forms, low=low, question=question)


def _serial_days(plain: ColumnGuess, cells: pl.Series) -> ColumnGuess | None:
    """A column of days whose cells are the numbers by which spreadsheets count days: no contract reads these."""
    if plain.part not in (Part.DAY, Part.BIRTH, Part.ORDER, Part.FIRST, Part.LAST) and not plain.column.title.endswith(
        ("日期", "时间", "日")
    ):
        return None
    numbers = cells.cast(pl.Float64, strict=False)
    if numbers.null_count() or not numbers.is_between(1_000, 73_050).all():
        return None
    question = Text(
        "格里是表格软件的日期序号，不是日期：请把该列设为日期格式，重新导出，再起草一次",
        "the cells hold a spreadsheet's day numbers, not dates: format the column as dates, export it anew, and draft again",
    )
    why = Text("暂按整数读", "read as whole numbers for now")
    return replace(plain, type="int", why=why, question=question, low=Decimal(0), high=Decimal(99_999))
