"""What came back with a list, in one sentence: outcomes, answers, follow-ups, and what was passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.text.words import number, outcomes
from policies.values import Text
from streams.ledgers.follow_ups import ITEMS

if TYPE_CHECKING:
    from services.lists.returned_lists import ReturnedList

_REPLACED = Text("取代了导出后另行记下的", "in place of what was recorded since the export")


def returned_sentence(returned: ReturnedList) -> Text:
    """The counts of a returned list; of what there is none, only rows and outcomes are said."""
    counts = (
        (Text("行", "Rows"), returned.rows),
        (Text("新记反馈", "new outcomes"), returned.new),
        (Text("核实结果", "answers to checks"), returned.answers),
        *((ITEMS[item], count) for item, count in returned.follow_ups.items()),
        (_REPLACED, returned.replaced),
        (Text("先前已记下", "noted before"), returned.known_before),
        (Text("已有更晚的反馈", "older than what counts"), returned.older),
        (Text("无新内容", "with nothing new"), returned.without_outcome),
    )
    entries = [(title, count) for at, (title, count) in enumerate(counts) if count or at < 2]
    kinds = Text("", "")
    if returned.outcomes:
        kinds = Text(f"（{outcomes(returned.outcomes, 'zh')}）", f" ({outcomes(returned.outcomes, 'en')})")
    zh = "，".join(f"{title.zh} {number(count)}" + (kinds.zh if at == 1 else "") for at, (title, count) in enumerate(entries))
    en = ", ".join(f"{title.en} {number(count)}" + (kinds.en if at == 1 else "") for at, (title, count) in enumerate(entries))
    return Text(zh + "。", en + ".")
