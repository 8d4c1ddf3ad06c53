"""The step for a follow-up: what somebody who works a list says of one subject.

It changes no list. ``streams.steps.steps`` calls it. Source: docs/en/semantics.md, "Follow-ups".
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error

from policies.problems.problems import comma_list
from policies.values import Text
from streams.language.errors import Refusal
from streams.language.messages import FollowUpRecorded
from streams.ledgers.follow_ups import ITEMS, SEALED, FollowUp
from streams.lists.lines import Moves
from streams.steps.admission import require_policy
from streams.steps.state import State

NAME_CHARACTERS = 200
"""The longest name of a person."""
NOTE_CHARACTERS = 20_000
"""The longest sealed note; some 3,500 Chinese characters."""


def record_follow_up(state: State, message: FollowUpRecorded) -> Moves:
    """Adds a follow-up to the ledger.

    Raises:
        Refused: there is no such policy or item, nobody says it, it says something else than its item, a note is not sealed, or the day to
            call again is over.
    """
    _require_sound(state, message)
    facts = (message.policy, message.subject, message.item, message.by, state.day, state.offset + 1)
    state.follow_ups.add(FollowUp(*facts, message.note, message.call_again, message.assigned_to))
    return ()


def _require_sound(state: State, message: FollowUpRecorded) -> None:
    require_policy(state, message.policy)
    if message.item not in ITEMS:
        words = comma_list(ITEMS)
        raise Refusal(Text(f"没有跟进事项 {message.item}；可用：{words}。", f"There is no follow-up {message.item}; there are {words}."), 3)
    others = {"note": message.note, "call_again": message.call_again, "assigned_to": message.assigned_to}
    own = others.pop(message.item)
    if any(other is not None for other in others.values()) or (message.item == "note" and own is None):
        zh, en = (
            "一条跟进只说一件事：备注、再联系的日期或分派给谁。",
            "A follow-up says one thing: a note, a day to call again, or a person.",
        )
        raise Refusal(Text(zh, en), 3)
    for name in (message.by, message.assigned_to):
        if name is not None and (not name.strip() or len(name) > NAME_CHARACTERS):
            zh = f"跟进要写明由谁记下；姓名不超过 {NAME_CHARACTERS} 字。"
            raise Refusal(Text(zh, f"A follow-up needs the name of who says it; names have up to {NAME_CHARACTERS} characters."), 3)
    if message.note is not None and not is_sealed(message.note):
        zh = f"备注须封存后提交，且不超过 {NOTE_CHARACTERS} 字符；请用 huimin candidates note。"
        raise Refusal(Text(zh, f"A note must be sealed, and have up to {NOTE_CHARACTERS} characters; use huimin candidates note."), 3)
    if message.call_again is not None and message.call_again < state.day:
        zh = f"再联系的日期 {message.call_again} 已过；今天是 {state.day}。"
        raise Refusal(Text(zh, f"The day to call again, {message.call_again}, is over; today is {state.day}."), 3)


def is_sealed(note: str) -> bool:
    """Does a note look sealed? Only the holder of the key can tell what it says, or that it is damaged."""
    if len(note) > NOTE_CHARACTERS:
        return False
    try:
        return b64decode(note, validate=True).startswith(SEALED)
    except Error:
        return False
