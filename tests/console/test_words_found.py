"""What a criterion found reads as a sentence: no raw period, no raw code, a sum per head as a sum per head."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from console.found import found_words
from infra.library import library_catalogue
from policies.tree import Age, Compare, DateTest, FieldRef, Literals, Meta, Node, ParamValue, Quantifier, Step, Sum
from policies.values import Period

CATALOGUE = library_catalogue()
META = Meta("x", "criteria")
SINCE, DIVISION, KIND = (FieldRef("hukou", name) for name in ("hukou_since", "division", "hukou_kind"))
LONG = DateTest(META, SINCE, "at_least_ago", Period.parse("P30Y"))
RECENT = DateTest(META, SINCE, "within_last", Period.parse("P1Y6M"))
BEFORE = DateTest(META, SINCE, "before", value=Literals((date(2020, 1, 1),)))
WITHIN = Compare(META, DIVISION, "within", Literals(("310107",)))
AMONG = Compare(META, KIND, "in", Literals(("local_family", "local_collective")))
INCOME = Compare(META, FieldRef("income", "monthly_income"), "lt", ParamValue("dibao", Fraction(3, 2)))
OLD = Age(META, FieldRef("hukou", "birth_date"), "ge", Literals((70,)))
NONE = Quantifier(META, "none", (Step("records", "pension"),), None)
MANY = Quantifier(META, "count", (Step("members", "hukou"),), None, "ge", Literals((3,)))
HEAD = Sum(
    META, FieldRef("income", "monthly_income"), (Step("members", "hukou"),), None, "lt", ParamValue("dibao", Fraction(3, 2)),
    FieldRef("household", "size"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("node", "truth", "found", "zh", "en"),
    [
        (LONG, True, "1946-05-05 at_least_ago P30Y", "1946-05-05 起满30年", "30 years from 1946-05-05"),
        (LONG, False, "2006-05-05 at_least_ago P30Y", "2006-05-05 起未满30年", "not yet 30 years from 2006-05-05"),
        (RECENT, True, "2025-05-05 within_last P18M", "2025-05-05 在最近1年6个月内", "2025-05-05 is within the last 1 year 6 months"),
        (RECENT, False, "2001-05-05 within_last P18M", "2001-05-05 不在最近1年6个月内", "2001-05-05 is not within the last 1 year 6 months"),
        (BEFORE, True, "2019-05-05 before 2020-01-01", "2019-05-05 早于 2020-01-01", "2019-05-05 before 2020-01-01"),
        (BEFORE, False, "2021-05-05 before 2020-01-01", "2021-05-05 不早于 2020-01-01", "2021-05-05 not before 2020-01-01"),
        (WITHIN, True, "310107103 ∈ 310107", "310107103 桃浦镇 属于 310107", "310107103 Taopu within 310107"),
        (WITHIN, None, " ∈ 310107", "（空） 属于 310107", "(empty) within 310107"),
        (AMONG, False, "nonlocal in local_family, local_collective",
         "非本市户籍 不属于 本市家庭户、本市集体户", "nonlocal is none of local_family, local_collective"),
        (INCOME, True, "1234.56 < dibao (2475.00)", "1234.56 < 2475.00（dibao × 1.5）", "1234.56 < 2475.00 (dibao × 1.5)"),
        (INCOME, None, "? < dibao", "（空） < dibao × 1.5", "(empty) < dibao × 1.5"),
        (INCOME, False, "3000.00 < dibao (2475.00)", "3000.00 ≥ 2475.00（dibao × 1.5）", "3000.00 ≥ 2475.00 (dibao × 1.5)"),
        (OLD, False, "60 ≥ 70", "60 周岁 < 70", "age 60 < 70"),
        (OLD, True, "80 ≥ 70", "80 周岁 ≥ 70", "age 80 ≥ 70"),
        (NONE, True, "0", "共 0 条", "0 in all"),
        (NONE, None, "0–2+", "已知 0 至 2 条，可能还有", "0 to 2 known, there may be more"),
        (MANY, True, "5 ≥ 3", "共 5 人，要求 ≥ 3", "5 in all; asked: ≥ 3"),
        (HEAD, True, "4578.28 < dibao (2475.00) × 2", "合计 4578.28 ÷ 2 户人数 = 2289.14 < 2475.00（dibao × 1.5）", None),
        (HEAD, True, "100.00 < dibao (2475.00) × 3", "合计 100.00 ÷ 3 户人数 ≈ 33.33 < 2475.00（dibao × 1.5）", None),
        (HEAD, None, "[50.00, ∞] < dibao (2475.00) × ?", "合计 至少 50.00 ÷ （空） 户人数 < 2475.00（dibao × 1.5）", None),
        (HEAD, None, "something else", "something else", "something else"),
    ],
)  # fmt: skip
def test_a_criterion_reads_as_a_sentence(node: Node, truth: bool | None, found: str, zh: str, en: str | None) -> None:
    """In both languages; a form the console does not know is shown as it is."""
    assert found_words(node, truth, found, CATALOGUE, "zh") == zh
    assert en is None or found_words(node, truth, found, CATALOGUE, "en") == en
