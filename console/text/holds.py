"""Holds in words: the event, the number of changes held back on each list, and the standing.

``holds``, ``doctor``, lists, explanations and every verb that opens a hold use these texts. ``console.text.hold_advice`` has the advice
before a decision.
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
"""The noun for each kind of subject, singular and plural."""
SIDES = {"exits": Text("移出", "exits"), "entries": Text("列入", "entries")}
STANDINGS = {
    "undecided": Text("待决定", "undecided"),
    "rejected": Text("已驳回", "rejected"),
    "released": Text("已放行", "released"),
    "dissolved": Text("已自行消解", "dissolved by itself"),
}


def notice(hold: HoldSummary) -> Text:
    """The warning when a hold opens: the event, the number of changes on each list, and what to do."""
    why, whom, short = event_text(hold.event), lists_text(hold.lists), _shorter(hold.event)
    zh = f"已暂缓（{hold.hold}）：{why.zh}{short.zh}，{whom.zh}，均未告知。查看 huimin holds show {hold.hold}；"
    en = f"Held back ({hold.hold}): {why.en}{short.en}: {whom.en}; none of it is told. See huimin holds show {hold.hold}, then "
    verbs = f"huimin holds release {hold.hold}", f"huimin holds reject {hold.hold}"
    return Text(f"{zh}由两人放行 {verbs[0]} 或驳回 {verbs[1]}。", f"{en}{verbs[0]} or {verbs[1]}, by two people.")


def event_text(event: HoldEvent) -> Text:
    """The event of a hold: a delivery, coverage statements, an amendment, or late feeds."""
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
    """The rows of a full replacement beside those before it, where it is shorter; else empty."""
    from services.lists.holds import HeldDelivery

    if not isinstance(event, HeldDelivery) or event.shorter is None:
        return Text("", "")
    now, before = (number(rows) for rows in event.shorter)
    if event.replaced:
        return Text(f"（全量 {now} 行，上一次 {before} 行）", f" ({now} rows in full, {before} the time before)")
    return Text(f"（全量 {now} 行，此前在册 {before} 条）", f" ({now} rows in full, {before} records before)")


def lists_text(lists: Sequence[HeldList]) -> Text:
    """The number of changes held back on each list."""
    zh = (f"{SIDES[part.side].zh}“{part.title.zh}”名单 {how_many(part).zh}" for part in lists)
    en = (f"{how_many(part).en} {'off' if part.side == 'exits' else 'onto'} the list {part.title.en}" for part in lists)
    return Text("，".join(zh), ", ".join(en))


def how_many(part: HeldList) -> Text:
    """The number of people, households or dwellings held back on one list."""
    singular, plural = COUNTED[part.subject]
    return Text(f"{number(part.count)} {singular.zh}", f"{number(part.count)} {(singular if part.count == 1 else plural).en}")


def below(holds: Sequence[HoldSummary]) -> list[Text]:
    """The sentences below a list: how many of its changes are held back, and by which hold."""
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
    """The sentence beside an explanation where a hold makes the list differ from the rule.

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
    """The standing of a hold, with the people who decided it and their reason."""
    word = STANDINGS[hold.standing]
    if hold.decision is None:
        return word
    by = f"{hold.by} / {hold.approved_by}"
    return Text(f"{word.zh}（{by}）：{hold.reason}", f"{word.en} ({by}): {hold.reason}")
