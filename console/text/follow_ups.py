"""Follow-ups in words: what counts of a candidate in a cell of a table, and the rows of a history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from console.text.words import OUTCOMES
from policies.values import Text
from streams.ledgers.follow_ups import ITEMS

if TYPE_CHECKING:
    from services.lists.follow_ups import CandidateHistory, HistoryEvent

COLUMNS = [Text("日期", "day"), Text("由谁", "by"), Text("什么", "what"), Text("内容", "content")]
NOT_KNOWN = Text("（未记）", "(not noted)")
SEALED = Text("（本工作区的密钥打不开）", "(the key of this workspace does not open it)")
NONE = {"call_again": Text("不再联系", "not to be called again"), "assigned_to": Text("不再分派", "assigned to nobody")}
_ANSWERS = {"yes": Text("是", "yes"), "no": Text("否", "no")}


def history_rows(history: CandidateHistory, language: str) -> Iterator[list[str]]:
    """The rows of a history's table."""
    for event in history.events:
        day = NOT_KNOWN[language] if event.day is None else event.day.isoformat()
        yield [day, event.by or NOT_KNOWN[language], _what(event, history, language), event_content(event, language)]


def _what(event: HistoryEvent, history: CandidateHistory, language: str) -> str:
    if event.item == "answer":
        assert event.criterion is not None  # of an answer it is the check
        label = history.labels.get(event.criterion)
        return Text("核实：", "check: ")[language] + (event.criterion if label is None else label[language])
    return Text("反馈", "outcome")[language] if event.item == "outcome" else ITEMS[event.item][language]


def event_content(event: HistoryEvent, language: str) -> str:
    """What an event says."""
    match event.item:
        case "note":
            return SEALED[language] if event.value is None else event.value
        case "outcome":
            assert event.value is not None  # it has a word
            on = f" {event.on}" if event.on != event.day and event.on is not None else ""
            return OUTCOMES[event.value][language] + on + (f" ({event.criterion})" if event.criterion else "")
        case "answer":
            return _ANSWERS[event.value or ""][language]
        case "call_again" | "assigned_to":
            return NONE[event.item][language] if event.value is None else event.value


def recorded_sentence(event: HistoryEvent) -> Text:
    """The sentence that a follow-up was recorded, without the text of a note."""
    match event.item:
        case "note":
            return Text("备注已记下（封存）。", "The note is recorded, sealed.")
        case "call_again" if event.value is not None:
            return Text(f"已记下：{event.value} 再联系。", f"Recorded: call again on {event.value}.")
        case "assigned_to" if event.value is not None:
            return Text(f"已分派给{event.value}。", f"Assigned to {event.value}.")
        case _:
            return Text(f"已记下：{NONE[event.item].zh}。", f"Recorded: {NONE[event.item].en}.")
