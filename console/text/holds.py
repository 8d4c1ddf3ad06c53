"""Holds in words: what a hold is about, how many changes of which lists it keeps back, and where it stands.

Used by ``holds``, below lists and explanations, by ``doctor``, and wherever something that is submitted opens a hold. What to look at
before a decision: ``console.text.hold_advice``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.text.words import STATUSES, number
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.holds import HeldList, HoldEvent, HoldSummary

COUNTED = {
    "person": (Text("人", "person"), Text("人", "people")),
    "household": (Text("户", "household"), Text("户", "households")),
    "dwelling": (Text("套", "dwelling"), Text("套", "dwellings")),
}
"""What is how_many, one and many."""
SIDES = {"exits": Text("移出", "exits"), "entries": Text("列入", "entries")}
STANDINGS = {
    "undecided": Text("待决定", "undecided"),
    "rejected": Text("已驳回", "rejected"),
    "released": Text("已放行", "released"),
    "dissolved": Text("已自行消解", "dissolved by itself"),
}


def notice(hold: HoldSummary) -> Text:
    """What is held back, how many changes of which lists, and what to do; said where the hold opens."""
    why, whom, short = event_text(hold.event), lists_text(hold.lists), _shorter(hold.event)
    zh = f"已暂缓（{hold.hold}）：{why.zh}{short.zh}，{whom.zh}，均未告知。查看 huimin holds show {hold.hold}；"
    en = f"Held back ({hold.hold}): {why.en}{short.en}: {whom.en}; none of it is told. See huimin holds show {hold.hold}, then "
    verbs = f"huimin holds release {hold.hold}", f"huimin holds reject {hold.hold}"
    return Text(f"{zh}由两人放行 {verbs[0]} 或驳回 {verbs[1]}。", f"{en}{verbs[0]} or {verbs[1]}, by two people.")


def event_text(event: HoldEvent) -> Text:
    """What a hold is about: a delivery, coverage statements, a version, or feeds that are late."""
    from services.lists.holds import HeldAmendment, HeldDays, HeldDelivery, HeldStatements

    match event:
        case HeldDelivery():
            zh = f"{event.unit.zh}“{event.feed.zh}”第 {event.number} 批"
            return Text(zh, f"delivery {event.number} of {event.feed.en} from the {event.unit.en}")
        case HeldStatements():
            feeds = _titles(event.feeds)
            return Text(f"“{feeds.zh}”覆盖声明 {event.statements}", f"statement {event.statements} on {feeds.en}")
        case HeldAmendment():
            return Text(f"“{event.policy.zh}”修订为第 {event.version} 版", f"{event.policy.en}, amended to version {event.version}")
        case HeldDays():
            feeds = _titles(event.feeds)
            return Text(f"“{feeds.zh}”迟到期间日期推进", f"days that pass while {feeds.en} is late")


def _titles(titles: Sequence[Text]) -> Text:
    return Text("、".join(title.zh for title in titles), ", ".join(title.en for title in titles))


def _shorter(event: HoldEvent) -> Text:
    """How many rows a full replacement has, and how many there were before, where it is the shorter."""
    from services.lists.holds import HeldDelivery

    if not isinstance(event, HeldDelivery) or event.shorter is None:
        return Text("", "")
    now, before = (number(rows) for rows in event.shorter)
    if event.replaced:
        return Text(f"（全量 {now} 行，上一次 {before} 行）", f" ({now} rows in full, {before} the time before)")
    return Text(f"（全量 {now} 行，此前在册 {before} 条）", f" ({now} rows in full, {before} records before)")


def lists_text(lists: Sequence[HeldList]) -> Text:
    """How many changes are held back, of which lists."""
    zh = (f"{SIDES[part.side].zh}“{part.title.zh}”名单 {how_many(part).zh}" for part in lists)
    en = (f"{how_many(part).en} {'off' if part.side == 'exits' else 'onto'} the list {part.title.en}" for part in lists)
    return Text("，".join(zh), ", ".join(en))


def how_many(part: HeldList) -> Text:
    """So many people, households or dwellings, as the policy counts them."""
    singular, plural = COUNTED[part.subject]
    return Text(f"{number(part.count)} {singular.zh}", f"{number(part.count)} {(singular if part.count == 1 else plural).en}")


def below(holds: Sequence[HoldSummary]) -> list[Text]:
    """What stands below a list: how many of its changes are held back, and by what."""
    texts = []
    for hold in holds:
        why, word = event_text(hold.event), STANDINGS[hold.standing]
        for part in hold.lists:
            side, whom = SIDES[part.side], how_many(part)
            zh = f"{whom.zh}的{side.zh}已暂缓（{hold.hold}，{word.zh}）：{why.zh}。见 huimin holds show {hold.hold}。"
            en = f"{side.en.capitalize()} of {whom.en} held back ({hold.hold}, {word.en}): {why.en}. See huimin holds show {hold.hold}."
            texts.append(Text(zh, en))
    return texts


def beside(hold: str, event: HoldEvent, listed_status: str | None) -> Text:
    """What stands beside an explanation: that the list says something else than the rule, and why.

    Args:
        listed_status: on the list as the agency was told; None: the subject is not listed.
    """
    why = event_text(event)
    if listed_status is None:
        zh, en = f"列入已暂缓（{hold}）：{why.zh}；名单上仍没有", f"The entry is held back ({hold}): {why.en}; still not on the list"
    else:
        status = STATUSES[listed_status]
        zh, en = (
            f"移出已暂缓（{hold}）：{why.zh}；名单上仍是“{status.zh}”",
            f"The exit is held back ({hold}): {why.en}; still {status.en} on the list",
        )
    return Text(f"{zh}。见 huimin holds show {hold}。", f"{en}. See huimin holds show {hold}.")


def standing_text(hold: HoldSummary) -> Text:
    """Where a hold stands; who decided it, and why."""
    word = STANDINGS[hold.standing]
    if hold.decision is None:
        return word
    by = f"{hold.by} / {hold.approved_by}"
    return Text(f"{word.zh}（{by}）：{hold.reason}", f"{word.en} ({by}): {hold.reason}")
