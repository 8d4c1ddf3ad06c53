"""The comparison of two versions of a policy in words: sentences, rows of tables, and data for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.text.criteria import criterion_name
from console.text.rule_differences import RuleChanges, rule_changes
from console.text.words import STATUSES, VERDICTS, number, street, token
from policies.language.tree import walk
from policies.values import Text
from services.policies.comparison import MovedSubject, PolicyComparison
from services.results import facts

if TYPE_CHECKING:
    from datetime import date

    from policies.language.tree import Policy

MOVES = {
    "entered": Text("进入", "enter"),
    "left": Text("离开", "leave"),
    "changed": Text("状态改变", "change status"),
    "unknown": Text("变为待定（不在名单上）", "turn unknown, unlisted"),
}
VERDICT_WORDS: dict[str | None, Text] = {None: Text("不作判定", "no verdict")} | VERDICTS
PLACE = Text("所在区划（或未登记）", "where it is placed (or not registered)")
SIDES = {"old": Text("旧", "old"), "new": Text("新", "new")}
CRITERION_COLUMNS = [
    Text("变动", "change"),
    Text("版本", "version"),
    Text("起决定作用的条件", "criterion that decides"),
    Text("条文", "article"),
    Text("人（户、套）数", "how many"),
    Text("只因此条", "by it alone"),
]
SUBJECT_COLUMNS = [
    Text("对象", "subject"),
    Text("变动", "change"),
    Text("状态", "status"),
    Text("判定", "verdict"),
    Text("街镇", "street"),
    Text("条件", "criteria"),
]


@dataclass(frozen=True, slots=True)
class ComparisonInWords(PolicyComparison):
    """What a version makes of everybody, beside another one; with how the rules differ, in words."""

    rules: RuleChanges


def comparison_in_words(of: PolicyComparison, language: str) -> ComparisonInWords:
    """A comparison with the words of its rules."""
    return ComparisonInWords(**facts(of), rules=rule_changes(of.differences, of.catalogue, language))


def headline(of: PolicyComparison) -> Text:
    """The versions, and the day of the comparison."""
    old, new = (f"{version.policy}@{version.version}" for version in (of.old, of.new))
    return Text(f"{old} → {new}（{of.day}）", f"{old} → {new} (on {of.day})")


def not_in_force(of: PolicyComparison) -> list[Text]:
    """A note for each version that is not in force on the day."""
    return [_not_in_force(policy, of.day) for policy in (of.differences.old, of.differences.new) if not _in_force(policy, of.day)]


def _in_force(policy: Policy, day: date) -> bool:
    return policy.effective_from <= day and (policy.effective_to is None or day <= policy.effective_to)


def _not_in_force(policy: Policy, day: date) -> Text:
    name = f"{policy.name}@{policy.version}"
    return Text(f"{name} 在 {day} 不在施行期内，按施行来比较。", f"{name} is not in force on {day}; compared as if it were.")


def total(of: PolicyComparison) -> Text:
    """The sentence with the totals."""
    entered, left, changed, turned = (number(count) for count in (of.entered, of.left, of.changed, of.turned_unknown))
    unknown = number(sum(street.unknown for street in of.streets))
    return Text(
        f"与 {of.old.policy}@{of.old.version} 相比：{entered} 进入，{left} 离开，{changed} 状态改变；"
        f"{turned} 由已知变为待定（其中 {unknown} 前后都不在名单上）。",
        f"Against {of.old.policy}@{of.old.version}: {entered} would enter, {left} would leave, {changed} would change status; "
        f"{turned} turn from known to unknown ({unknown} of them on neither list).",
    )


def verdict_rows(of: PolicyComparison, language: str) -> list[list[str]]:
    """A row for each verdict under the old version, with the counts of verdicts under the new one."""
    counts = {(pair.before, pair.after): pair.count for pair in of.verdicts}
    return [
        [words[language], *(number(counts.get((before, after), 0)) for after in VERDICT_WORDS)]
        for before, words in VERDICT_WORDS.items()
        if any(pair.before == before for pair in of.verdicts)
    ]


def criterion_rows(of: PolicyComparison, language: str) -> list[list[str]]:
    """A row for each deciding criterion, with its article."""
    policies = {"old": of.differences.old, "new": of.differences.new}
    nodes = {side: {site.node.meta.id: site.node for site in walk(policy.criteria, sets=False)} for side, policy in policies.items()}
    rows = []
    for decider in of.criteria:
        node = None if decider.criterion is None else nodes[decider.version].get(decider.criterion)
        name = decider.criterion or PLACE[language]
        cite = "" if node is None else node.meta.cite or ""
        if node is not None:
            name = criterion_name(node, policies[decider.version], of.catalogue)[language]
        counts = number(decider.people), number(decider.alone)
        rows.append([MOVES[decider.change][language], SIDES[decider.version][language], name, cite, *counts])
    return rows


def division_rows(of: PolicyComparison, language: str) -> list[list[str]]:
    """A row for each street, with the counts of moves."""
    places = of.catalogue.divisions
    return [[street(s.division, places, language), *map(number, (s.entered, s.left, s.changed, s.unknown))] for s in of.streets]


def subject_rows(subjects: Iterable[MovedSubject], places: Mapping[str, Text], language: str) -> Iterable[list[str]]:
    """A row for each subject that moves."""
    for s in subjects:
        yield [
            token(s.subject),
            MOVES[s.change][language],
            f"{STATUSES[s.before][language]} → {STATUSES[s.after][language]}",
            f"{VERDICT_WORDS[s.verdict_before][language]} → {VERDICT_WORDS[s.verdict_after][language]}",
            street(s.division, places, language),
            ", ".join(criterion or PLACE[language] for criterion in s.criteria),
        ]
