"""Policies in words: rows of the list, rows of a history, and one version criterion by criterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.text.rule_differences import terms
from policies.language.lifecycle import WORDS, Event, Life
from policies.language.tree import nodes
from policies.problems.characters import lines
from policies.values import Text
from services.results import Sentence

if TYPE_CHECKING:
    from console.text.clauses import Clauses
    from policies.language.tree import Policy
    from services.policies.versions import ListedPolicy, PolicyEvent

LIST_COLUMNS = [
    Text("政策", "policy"),
    Text("版本", "version"),
    Text("状态", "state"),
    Text("名称", "title"),
    Text("施行", "in force"),
    Text("发布/批准", "by / approved"),
]
HISTORY_COLUMNS = [
    Text("版本", "version"),
    Text("日期", "day"),
    Text("缘由", "what happened"),
    Text("此后状态", "state from then on"),
    Text("经办/批准", "by / approved"),
    Text("说明", "notes"),
]


def list_row(policy: ListedPolicy, language: str) -> list[str]:
    """A policy or draft as a row of the list; a draft without a title has its file name."""
    title = policy.title[language] if policy.title else policy.file or ""
    people = f"{policy.by}/{policy.approved_by}" if policy.by else ""
    return [policy.policy, str(policy.version or ""), WORDS[policy.state][language], title, _span(policy)[language], people]


def _span(policy: ListedPolicy) -> Text:
    """The days in force; a line end stands between them, so that no date is broken."""
    first, last = policy.start, policy.end
    if first is None:
        return Text("", "")
    return Text(lines([f"{first} 至", str(last)]), lines([f"{first} to", str(last)])) if last else Text(f"{first} 起", f"from {first}")


def history_row(event: PolicyEvent, language: str) -> list[str]:
    """An event in the history of a policy as a row."""
    people = f"{event.by}/{event.approved_by}" if event.by else ""
    notes = Text("；", "; ")[language].join(note[language] for note in _notes(event))
    return [str(event.version), event.day.isoformat(), WORDS[event.event][language], WORDS[event.state][language], people, notes]


def _notes(event: PolicyEvent) -> list[Text]:
    notes = []
    match event.event:
        case Event.PUBLISH if event.until is not None:
            notes = [Text(f"{event.until} 起施行", f"in force from {event.until}")]
        case Event.SUPERSEDE if event.detail:
            notes = [Text(f"由第 {event.detail} 版接替", f"by version {event.detail}")]
        case Event.WITHDRAW:
            since = [Text(f"自 {event.since} 起", f"with effect from {event.since}")] if event.since is not None else []
            notes = [*since, *([Text(event.detail, event.detail)] if event.detail else [])]
        case _ if event.feed is not None:
            notes = [Text(f"数据源“{event.feed.zh}”", f"feed {event.feed.en}")]
    return [*notes, *([Text("尚未到来", "still to come")] if event.to_come else [])]


@dataclass(frozen=True, slots=True)
class CriterionInWords:
    """A criterion of a version.

    Args:
        cite: its article.
        tests: what it tests, in words.
    """

    id: str
    cite: str | None
    label: Sentence | None
    tests: str


@dataclass(frozen=True, slots=True)
class PolicyInWords:
    """A version of a policy in words.

    Args:
        state: None for a draft.
        terms: what it says beside its criteria and its title.
        criteria: in the order of the document; a group stands before its parts.
    """

    policy: str
    version: int
    state: Life | None
    title: Sentence
    digest: str
    terms: list[str]
    criteria: list[CriterionInWords]


def policy_in_words(policy: Policy, state: Life | None, clauses: Clauses) -> PolicyInWords:
    """A version in words.

    Args:
        clauses: made with the parameters of this version; their language is that of the words.
    """
    criteria = [
        CriterionInWords(node.meta.id, node.meta.cite, node.meta.label, clauses.line(node)) for node in nodes(policy.criteria, sets=False)
    ]
    return PolicyInWords(policy.name, policy.version, state, policy.title, policy.digest, terms(policy, clauses), criteria)
