"""The comparison of a criterion in words, without raw periods or codes, and in the short form for scripts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from console.text.clauses import Clauses
from console.text.criterion_comparisons import comparison_words
from infra.workspace.library import library_catalogue
from matchers.reading.comparisons import (
    AgeComparison,
    Comparison,
    CountComparison,
    DateComparison,
    DivisionComparison,
    LiteralBound,
    ParameterBound,
    PeriodComparison,
    SumComparison,
    ValueComparison,
    short_form,
)
from policies.language.tree import FieldRef, ParamValue
from policies.values import Period

CATALOGUE = library_catalogue()
KIND, INCOME, SIZE = FieldRef("hukou", "hukou_kind"), FieldRef("income", "monthly_income"), FieldRef("household", "size")
LINE = ParamValue("dibao", Fraction(3, 2))
LIMIT = ParameterBound(LINE, Decimal("2475.00"))
LONG, RECENT = Period.parse("P30Y"), Period.parse("P1Y6M")
AMONG = LiteralBound(("local_family", "local_collective"))


def first(year: int) -> LiteralBound:
    return LiteralBound((date(year, 1, 1),))


@pytest.mark.parametrize(
    ("comparison", "truth", "form", "zh", "en"),
    [
        (None, True, "", "", ""),
        (PeriodComparison(date(1946, 5, 5), "at_least_ago", LONG), True, "1946-05-05 at_least_ago P30Y",
         "1946-05-05 起满30年", "30 years from 1946-05-05"),
        (PeriodComparison(date(2006, 5, 5), "at_least_ago", LONG), False, "2006-05-05 at_least_ago P30Y",
         "2006-05-05 起未满30年", "not yet 30 years from 2006-05-05"),
        (PeriodComparison(date(2025, 5, 5), "within_last", RECENT), True, "2025-05-05 within_last P1Y6M",
         "2025-05-05 在最近1年6个月内", "2025-05-05 is within the last 1 year 6 months"),
        (PeriodComparison(date(2001, 5, 5), "within_last", RECENT), False, "2001-05-05 within_last P1Y6M",
         "2001-05-05 不在最近1年6个月内", "2001-05-05 is not within the last 1 year 6 months"),
        (DateComparison(date(2019, 5, 5), "before", first(2020)), True, "2019-05-05 before 2020-01-01",
         "2019-05-05 早于 2020-01-01", "2019-05-05 before 2020-01-01"),
        (DateComparison(date(2021, 5, 5), "before", first(2020)), False, "2021-05-05 before 2020-01-01",
         "2021-05-05 不早于 2020-01-01", "2021-05-05 not before 2020-01-01"),
        (DivisionComparison("310107103", LiteralBound(("310107",))), True, "310107103 ∈ 310107", "桃浦镇 属于 普陀区", "Taopu within Putuo District"),
        (DivisionComparison("310107103", LiteralBound(("310104",))), False, "310107103 ∈ 310104", "桃浦镇 不在 310104", "Taopu not within 310104"),
        (DivisionComparison(None, LiteralBound(("310107",))), None, " ∈ 310107", "（空） 属于 普陀区", "(empty) within Putuo District"),
        (ValueComparison(KIND, "nonlocal", "in", AMONG), False, "nonlocal in local_family, local_collective",
         "非本市户籍 不属于 本市家庭户、本市集体户",
             "registered elsewhere is none of local family household, local collective household"),
        (ValueComparison(INCOME, Decimal("1234.56"), "lt", LIMIT), True, "1234.56 < dibao (2475.00)",
         "1234.56 < 2475.00（dibao × 1.5）", "1234.56 < 2475.00 (dibao × 1.5)"),
        (ValueComparison(INCOME, None, "lt", ParameterBound(LINE)), None, "? < dibao", "（空） < dibao × 1.5", "(empty) < dibao × 1.5"),
        (ValueComparison(INCOME, Decimal("3000.00"), "lt", LIMIT), False, "3000.00 < dibao (2475.00)",
         "3000.00 ≥ 2475.00（dibao × 1.5）", "3000.00 ≥ 2475.00 (dibao × 1.5)"),
        (AgeComparison(60, "ge", LiteralBound((70,))), False, "60 ≥ 70", "60 周岁 < 70", "age 60 < 70"),
        (AgeComparison(80, "ge", LiteralBound((70,))), True, "80 ≥ 70", "80 周岁 ≥ 70", "age 80 ≥ 70"),
        (AgeComparison(None, "ge", LiteralBound((70,))), None, "? ≥ 70", "（空） ≥ 70", "(empty) ≥ 70"),
        (CountComparison(0, 0, True, "record"), True, "0", "共 0 条", "0 in all"),
        (CountComparison(0, 2, False, "record"), None, "0–2+", "已知 0 至 2 条，可能还有", "0 to 2 known, there may be more"),
        (CountComparison(5, 5, True, "person", "ge", LiteralBound((3,))), True, "5 ≥ 3", "共 5 人，要求 ≥ 3", "5 in all; asked: ≥ 3"),
        (SumComparison(Decimal("4578.28"), Decimal("4578.28"), "lt", LIMIT, SIZE, 2), True, "4578.28 < dibao (2475.00) × 2",
         "合计 4578.28 ÷ 2 户人数 = 2289.14 < 2475.00（dibao × 1.5）", None),
        (SumComparison(Decimal("100.00"), Decimal("100.00"), "lt", LIMIT, SIZE, 3), True, "100.00 < dibao (2475.00) × 3",
         "合计 100.00 ÷ 3 户人数 ≈ 33.33 < 2475.00（dibao × 1.5）", None),
        (SumComparison(Decimal("50.00"), None, "lt", LIMIT, SIZE), None, "[50.00, ∞] < dibao (2475.00) × ?",
         "合计 至少 50.00 ÷ （空） 户人数 < 2475.00（dibao × 1.5）", None),
        (SumComparison(Decimal("0.05"), Decimal("7.00"), "ge", LIMIT), None, "[0.05, 7.00] ≥ dibao (2475.00)",
         "合计 0.05 至 7.00 ≥ 2475.00（dibao × 1.5）", "sum 0.05 to 7.00 ≥ 2475.00 (dibao × 1.5)"),
        (SumComparison(None, None, "eq", LIMIT), None, "[−∞, ∞] = dibao (2475.00)", "合计 不定 = 2475.00（dibao × 1.5）", None),
    ],
)  # fmt: skip
def test_a_criterion_reads_as_a_sentence(comparison: Comparison | None, truth: bool | None, form: str, zh: str, en: str | None) -> None:
    """In both languages, and in the short form."""
    assert short_form(comparison) == form
    assert comparison_words(comparison, truth, Clauses(CATALOGUE, "zh")) == zh
    assert en is None or comparison_words(comparison, truth, Clauses(CATALOGUE, "en")) == en
