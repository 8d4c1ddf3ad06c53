"""The findings of ``huimin doctor`` in words, where they are not texts already."""

from __future__ import annotations

from console.text.holds import event_text, lists_text
from console.text.words import with_noun
from policies.values import Text
from services.health.finding import AnyFinding, Finding


def finding_in_words(finding: AnyFinding) -> Finding:
    """A finding as text; for an undecided hold: its event, its lists, and the days since."""
    if isinstance(finding, Finding):
        return finding
    id, why, whom = finding.hold.hold, event_text(finding.hold.event), lists_text(finding.hold.lists)
    zh = f"{id} 已暂缓 {finding.days} 天待决定：{why.zh}，{whom.zh}"
    en = f"{id} is held back and undecided for {with_noun(finding.days, 'day')}: {why.en}: {whom.en}"
    todo = Text(f"huimin holds show {id}，然后放行或驳回。", f"See huimin holds show {id}, then release or reject it.")
    return Finding("warning", "held", Text(zh, en), todo)
