"""What a list for an agency may show of its candidates, and whether everybody on it has a number.

``services.exports.candidates``, ``list_changes`` and ``visit_sheets`` call this before they join identities to a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError
from policies.values import Kind, Text
from services.lists.marks import mark_words, marks_on
from services.state.as_of import core

if TYPE_CHECKING:
    from connectors.lists.disclosures import Disclosure
    from connectors.lists.lists import ExportedCandidate
    from infra.workspace.workspace import Workspace
    from streams.steps.state import State


def disclosure(state: State, policy: str, candidates: Sequence[ExportedCandidate]) -> Disclosure:
    """What the state says of the candidates of a policy's list: disclosed values, and whose names stand in each row."""
    from connectors.lists.disclosures import Disclosure

    matcher, version = core(state), state.policies[policy]
    tokens = [c.subject for c in candidates]
    linked = [ref for ref in version.discloses if ref.links and matcher.catalogue.feeds[ref.feed].fields[ref.field].identity]
    return Disclosure(
        values={token: matcher.disclosed_values(policy, token) for token in tokens},
        linked={ref: matcher.linked_subjects(policy, ref.links, tokens) for ref in linked},
        people={people: matcher.people(policy, people.path, tokens) for people in version.people},
        merged={kind: state.identities.merged_subjects(kind) for kind in Kind},
        still={c.subject for c in candidates if c.status == "needs_evidence" and matcher.still_yes(policy, c.subject)},
        marks={subject: mark_words(mark) for subject, mark in marks_on(state, policy).items()},
    )


def all_named(workspace: Workspace, nobody: int) -> None:
    """Passes a list on which everybody has a number. On a network others may have taken somebody in: then it warns.

    Raises:
        HuiminError: somebody has no number.
    """
    if nobody and workspace.network is None:
        zh = f"名单上有 {nobody} 个对象在身份库中没有号码，名单未导出。"
        zh += "多半是一批数据只收了一半：huimin doctor 会指出，请把那个文件再接收一次。"
        en = f"Of the list {nobody} have no number in the vault, so nothing was exported. "
        en += "A delivery may have stopped half-way: huimin doctor names it; take that file in again."
        raise HuiminError(Text(zh, en))
    if nobody:
        zh = f"名单上有 {nobody} 个对象由本网络的其他工作区接收，这里没有其号码，只写代号。"
        workspace.say(
            Text(zh, f"Of the list {nobody} were taken in by other workspaces of the network: their token stands without a number.")
        )
