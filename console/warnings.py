"""The problems of a policy as a person reads them: errors one by one, warnings marked as such, what comes many times in one line.

The one idea: nearly every agreement ends before a policy without an end does, so that warning comes once a policy, with every feed it is
about; ``--json`` has each by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from policies.values import Text

if TYPE_CHECKING:
    from policies.catalogue import Catalogue
    from policies.problems import Problem

ENDS = "agreement-ends"


def told_once(problems: Sequence[Problem], catalogue: Catalogue) -> list[Problem]:
    """The problems of one file, marked, the agreements that end before the policy folded into one."""
    ending = [problem for problem in problems if problem.code == ENDS]
    rest = [problem for problem in problems if problem.code != ENDS]
    folded = [_folded(ending, catalogue)] if len(ending) > 1 else ending
    return [_marked(problem) for problem in (*rest, *folded)]


def _marked(problem: Problem) -> Problem:
    if problem.severity == "error":
        return problem
    return replace(problem, text=Text(f"提醒：{problem.text.zh}", f"Warning: {problem.text.en}"))


def _folded(ending: Sequence[Problem], catalogue: Catalogue) -> Problem:
    zh, en = [], []
    for until, feeds in sorted(_by_day(ending, catalogue).items()):
        zh.append(f"{'、'.join(feeds)} 到 {until}")
        en.append(f"{', '.join(feeds)} on {until}")
    return replace(
        ending[0],
        path="",
        text=Text(
            f"这些数据源的协议在政策之前到期：{'；'.join(zh)}。届时名单上依赖它们的对象会移出，请安排续签。",
            f"The agreements of these feeds end before the policy does: {'; '.join(en)}. Whoever depends on them then leaves the list: "
            "plan their renewal.",
        ),
    )


def _by_day(ending: Sequence[Problem], catalogue: Catalogue) -> dict[str, list[str]]:
    """Names of feeds by the last day of their agreement."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for problem in ending for name in _feeds(problem, catalogue)):
        found.setdefault(str(catalogue.feeds[name].agreement.until), []).append(name)
    return found


def _feeds(problem: Problem, catalogue: Catalogue) -> Iterator[str]:
    return (word for word in re.findall(r"\w+", problem.text.en, re.ASCII) if word in catalogue.feeds)
