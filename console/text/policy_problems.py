"""The problems of a policy for the screen: errors, marked warnings, and the sentence with their counts.

Nearly every agreement ends before a policy without a last day. So that warning is shown once for each policy, with all its feeds;
``--json`` has one for each feed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from console.text.words import with_noun
from policies.values import Text

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue
    from policies.problems.problems import Problem

ENDS = "agreement-ends"


def problems_to_show(problems: Sequence[Problem], catalogue: Catalogue) -> list[Problem]:
    """The problems of one file: warnings are marked, and those about agreements that end are put into one."""
    ending = [problem for problem in problems if problem.code == ENDS]
    rest = [problem for problem in problems if problem.code != ENDS]
    ends = [_endings_as_one(ending, catalogue)] if len(ending) > 1 else ending
    return [_with_mark(problem) for problem in (*rest, *ends)]


def problems_summary(errors: int, warnings: int) -> Text:
    """The sentence with the counts below a list of problems."""
    if errors:
        return Text(
            f"{errors} 处错误，{warnings} 处提醒。改正后再检查。",
            f"{with_noun(errors, 'error')}, {with_noun(warnings, 'warning')}. Mend them and check again.",
        )
    return Text(f"没有错误，{warnings} 处提醒。", f"No errors, {with_noun(warnings, 'warning')}.")


def _with_mark(problem: Problem) -> Problem:
    if problem.severity == "error":
        return problem
    return replace(problem, text=Text(f"提醒：{problem.text.zh}", f"Warning: {problem.text.en}"))


def _endings_as_one(ending: Sequence[Problem], catalogue: Catalogue) -> Problem:
    zh, en = [], []
    for until, feeds in sorted(_by_day(ending, catalogue).items()):
        zh.append(f"{'、'.join(feed.zh for feed in feeds)}，到 {until}")
        en.append(f"{', '.join(feed.en for feed in feeds)} on {until}")
    return replace(
        ending[0],
        path="",
        text=Text(
            f"这些数据源的协议在政策之前到期：{'；'.join(zh)}。届时名单上依赖它们的对象会移出，请安排续签。",
            f"The agreements of these feeds end before the policy does: {'; '.join(en)}. Whoever depends on them then leaves the list: "
            "plan their renewal.",
        ),
    )


def _by_day(ending: Sequence[Problem], catalogue: Catalogue) -> dict[str, list[Text]]:
    """The titles of feeds, by the last day of their agreement."""
    titles: dict[str, list[Text]] = {}
    for name in dict.fromkeys(name for problem in ending for name in _feeds(problem, catalogue)):
        titles.setdefault(str(catalogue.feeds[name].agreement.until), []).append(catalogue.feeds[name].title)
    return titles


def _feeds(problem: Problem, catalogue: Catalogue) -> Iterator[str]:
    return (word for word in re.findall(r"\w+", problem.text.en, re.ASCII) if word in catalogue.feeds)
