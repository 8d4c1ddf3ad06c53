"""Case files say what they do not understand; mutants change one thing each."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import policies
from policies.cases.file import load_cases
from policies.cases.mutants import mutants
from policies.problems.problems import Invalid
from policies.problems.sentences import STRUCTURE
from policies.problems.sentences_cases import CASES
from policies.yaml.document import load
from tests.policies.network import network

HEAD = "format: 1\npolicy: test\ncases:\n  - case: a case\n    as_of: 2026-10-15\n"
EXPECT = "\n    expect: {a: {verdict: yes}}"
BAD_CASES = [
    ("subject-unknown", "    given: {persons: {a: {}}}\n    expect: {¶b: {verdict: yes}}"),
    ("subject-unknown", "    given: {persons: {a: {}}, answers: {¶z: {willing: yes}}}" + EXPECT),
    ("subject-unknown", "    given: {persons: {a: {}}, coverage: [{feed: hukou, subjects: [¶z], complete_to: 2026-10-10}]}" + EXPECT),
    ("subject-twice", "    given: {persons: {a: {}}, households: {¶a: {}}}" + EXPECT),
    ("record-form", "    given: {persons: {a: {hukou: ¶3}}}" + EXPECT),
    ("record-word", "    given: {persons: {a: {hukou: {¶sx: male}}}}" + EXPECT),
    ("record-value", "    given: {persons: {a: {hukou: {sex: ¶boy}}}}" + EXPECT),
    ("record-value", "    given: {persons: {a: {hukou: {deleted: ¶2}}}}" + EXPECT),
    ("record-range", "    given: {persons: {a: {disability: {grade: ¶5}}}}" + EXPECT),
    ("record-range", "    given: {persons: {a: {income: {monthly_income: ¶-0.01}}}}" + EXPECT),
    ("record-range", "    given: {persons: {a: {pension: [{amount: 1}, {amount: ¶10000000.00}]}}}" + EXPECT),
    ("feed-unknown", "    given: {persons: {a: {¶hukuo: {sex: male}}}}" + EXPECT),
    ("unit-unknown", "    given: {persons: {a: {hukou: {source: ¶nobody}}}}" + EXPECT),
    ("coverage-extent", "    given: {persons: {a: {}}, coverage: [¶{feed: hukou, complete_to: 2026-10-10}]}" + EXPECT),
    ("division-invalid", '    given: {persons: {a: {}}, coverage: [{feed: hukou, division: ¶"3", complete_to: 2026-10-10}]}' + EXPECT),
    ("link-misplaced", "    given: {persons: {a: {household: ¶3}}}" + EXPECT),
    ("key-unknown", "    given: {persons: {a: {}}, ¶person: {}}" + EXPECT),
    ("word-unknown", "    given: {persons: {a: {}}}\n    expect: {a: {verdict: ¶maybe}}"),
    ("key-missing", "    given: {persons: {a: {}}}\n    expect: {a: {missing: [¶{feed: hukou}]}}"),
]


@pytest.mark.parametrize(("code", "text"), BAD_CASES)
def test_a_word_or_subject_not_understood_is_told_at_its_place(code: str, text: str) -> None:
    """One problem, at the mark."""
    marked = HEAD + text
    line = next(number for number, line_text in enumerate(marked.split("\n"), 1) if "¶" in line_text)
    column = marked.split("\n")[line - 1].index("¶") + 1

    with pytest.raises(Invalid) as invalid:
        load_cases(marked.replace("¶", ""), "cases.yaml", network())

    assert [(p.code, p.line, p.column) for p in invalid.value.problems] == [(code, line, column)]


def test_every_code_of_cases_has_a_case() -> None:
    """Those shared with policies have theirs in bad_policies.yaml."""
    assert set(CASES) - set(STRUCTURE) == {code for code, _ in BAD_CASES} - set(STRUCTURE)


def test_a_row_in_quarantine_may_lie_outside_its_bounds() -> None:
    """That is how such a row counts in a delivery."""
    load_cases(f"{HEAD}    given: {{persons: {{a: {{disability: {{grade: 5, quarantined: true}}}}}}}}{EXPECT}", "cases.yaml", network())


def test_a_case_keeps_what_is_expected_apart_from_what_is_not_said() -> None:
    """``verdict: null`` is an expectation; leaving it out is none."""
    cases = load_cases(
        HEAD + "    given: {persons: {a: {}, b: {}}}\n    expect: {a: {verdict: null}, b: {failed: [x]}}", "cases.yaml", network()
    )

    a, b = cases.cases[0].expect["a"], cases.cases[0].expect["b"]
    assert (a.verdict, a.model_fields_set) == (None, {"verdict"})
    assert b.model_fields_set == {"failed"}


MUTANTS = [
    ("{field: a, op: lt, value: 3}", ["op: lt becomes le", "value: 3 becomes 2", "value: 3 becomes 4"]),
    ("{field: a, op: ge, value: 7.00}", ["op: ge becomes gt", "value: 7.00 becomes 6.99", "value: 7.00 becomes 7.01"]),
    ("{field: a, op: in, value: [x, y]}", ["op: in becomes not_in", "value x dropped", "value y dropped"]),
    ("{field: a, op: eq, value: {param: p, times: '1.5'}}", ["op: eq becomes ne", "times: 1.5 becomes 1.4", "times: 1.5 becomes 1.6"]),
    (
        "{date_of: d, within_last: P24M}",
        ["within_last: P24M becomes P23M", "within_last: P24M becomes P25M", "within_last: P24M becomes P24M1D"],
    ),
    ("{date_of: d, before: 2026-01-01}", ["before: 2026-01-01 becomes 2025-12-31", "before: 2026-01-01 becomes 2026-01-02"]),
    ("{all: [{id: x, check: 1}, {id: y, check: 2}]}", ["criterion x dropped", "criterion y dropped"]),
    ("{all: [{id: x, any: [{id: y, check: 1}]}, {id: z, check: 2}]}", ["criterion x dropped", "criterion z dropped"]),
    ("{rule: {check: 1}, unless: {check: 2}}", ["the exception (unless) dropped"]),
    ("{quantifier: some, over: p, where: {check: 1}}", ["where dropped"]),
    ("{quantifier: some, over: p, where: {none: [{check: 1}]}}", ["where dropped"]),
    ("{quantifier: all, over: p, where: {check: 1}}", []),
]


@pytest.mark.parametrize(("criteria", "expected"), MUTANTS)
def test_each_mutant_changes_one_thing(criteria: str, expected: list[str]) -> None:
    """Every change the list names, each once, and the original is left alone."""
    data = load(f"criteria: {criteria}", "x").data
    before = repr(data)

    texts = [text.en.removeprefix("criteria.").removeprefix("value.") for text, _, _ in mutants(data)]

    assert texts == expected
    assert repr(data) == before


def test_mutants_reach_the_head_the_parameters_and_the_definitions() -> None:
    """Days in force, the age of evidence, dated values and tables."""
    data = load("effective: {from: 2026-01-01, to: null}\nevidence: {p: {max_age: P30D}}\nparams: {p: {values: [{from: 2026-01-01, table: {1: 5}}]}}\n"
                "definitions: {d: {field: a, op: lt, value: x}}", "x").data  # fmt: skip

    assert [path for _, path, _ in mutants(data)] == [
        "effective.from", "effective.from", "evidence.p.max_age", "evidence.p.max_age", "params.p.values[0].from", "params.p.values[0].from",
        "params.p.values[0].table.1", "params.p.values[0].table.1", "definitions.d.op",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(policies.__path__)])
def test_the_examples_in_docstrings_run(name: str) -> None:
    """An example that lies is worse than none."""
    assert doctest.testmod(importlib.import_module(f"policies.{name}")).failed == 0
