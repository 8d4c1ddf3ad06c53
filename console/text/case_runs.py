"""The results of cases in words: a line for each unmet expectation, a row for each policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from console.text.words import STATUSES, VERDICTS
from policies.values import Text

if TYPE_CHECKING:
    from services.policies.cases import CaseMiss, CaseRun, ExpectationSide

SUBJECTS = {
    "verdict": Text("判定", "verdict"),
    "status": Text("名单状态", "status"),
    "until": Text("何时再判", "until"),
    "checklist": Text("核对清单", "checklist"),
    "failed": Text("不符合的条件", "failed"),
    "missing": Text("缺的证据", "missing"),
}
"""The titles of what a case expects."""
NOTHING = Text("没有", "none")
ABSENT = {"verdict": Text("不作判定", "no verdict"), "status": Text("不在名单上", "not listed")}
"""The words for an absent value; for everything else it is ``NOTHING``."""
TITLES: Mapping[str, Mapping[str, Text]] = {"verdict": VERDICTS, "status": {status: text for status, text in STATUSES.items() if status}}
COLUMNS = [Text("政策", "policy"), Text("用例", "cases"), Text("不符的用例", "failed")]
MUTANT_COLUMNS = [Text("改动", "mutants"), Text("未察觉", "unnoticed")]


def miss_words(miss: CaseMiss, file: str, language: str) -> str:
    """An unmet expectation as one line."""
    sides = (_side(miss.what, side, language) for side in (miss.expected, miss.found))
    words = Text("应为{0}，实为{1}", "expected {0}, found {1}")[language].format(*sides)
    return f"{file}: {miss.case} [{miss.subject}] {SUBJECTS[miss.what][language]}{Text('：', ': ')[language]}{words}"


def _side(what: str, value: ExpectationSide, language: str) -> str:
    """The expected or the actual value, by its title."""
    if value is None or value == []:
        words = ABSENT.get(what, NOTHING)
    elif isinstance(value, list):
        return Text("、", ", ")[language].join(value)
    elif (title := TITLES.get(what, {}).get(str(value))) is None:
        return str(value)
    else:
        words = title
    return f"“{words.zh}”" if language == "zh" else words.en


def unnoticed_words(change: Text, file: str, language: str) -> str:
    """A mutant that no case notices, as one line."""
    return f"{file}: {Text('没有用例察觉这个改动：', 'no case notices this change: ')[language]}{change[language]}"


def run_row(run: CaseRun, mutants: bool) -> list[str]:
    """The counts of a policy."""
    counts = [run.cases, run.failed_cases, *((run.mutants, len(run.unnoticed)) if mutants else ())]
    return [run.policy, *(str(count) for count in counts)]
