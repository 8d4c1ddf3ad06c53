"""What to look at before a hold is decided, and what each decision does.

The one idea: whoever decides is no engineer. Each sentence names a number to compare, a unit to ask, or a line to type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.values import Period, Text

if TYPE_CHECKING:
    from policies.catalogue import Unit
    from streams.overlays import Hold
    from streams.state import State


def look(state: State, hold: Hold) -> list[Text]:
    """What to look at, by what the hold is about."""
    match hold.kind:
        case "record":
            return _delivery(state, hold)
        case "coverage":
            return _statements(state, hold)
        case "amendment":
            return [_amendment(state, hold)]
        case _:
            return [text for feed in hold.about.split(", ") for text in _late(state, feed)]


def _delivery(state: State, hold: Hold) -> list[Text]:
    from infra.held import deliveries, delivery_of

    feed, unit, at = delivery_of(hold)
    now, before = deliveries(state, hold)
    texts = []
    if now is not None and now.replaces and before is not None:
        least = state.catalogue.feeds[feed].bounds.shrinks_to
        short = now.rows < least * before.rows
        zh = f"第 {at} 批是全量，只有 {now.rows:,} 行；上一次全量（第 {before.number} 批）有 {before.rows:,} 行"
        en = f"Delivery {at} is a full replacement of {now.rows:,} rows; the one before it (delivery {before.number}) had {before.rows:,}"
        zh += f"，不到约定的 {least:.4g}（bounds.shrinks_to）" if short else ""
        en += f", of which the contract asks {least:.4g} at least (bounds.shrinks_to)" if short else ""
        texts.append(Text(f"{zh}。", f"{en}."))
    elif now is not None:
        texts.append(Text(f"第 {at} 批到目前有 {now.applied:,} 行。", f"Delivery {at} has {now.applied:,} rows so far."))
    asked = _asked(state.catalogue.units[unit])
    texts.append(Text(f"请{asked.zh}确认这一批是否完整、无误。", f"Ask the {asked.en} whether this delivery is whole and right."))
    see = f"huimin feed quarantine {feed}"
    return [*texts, Text(f"未通过校验的行：{see}", f"Rows that failed: {see}")]


def _asked(unit: Unit) -> Text:
    contact = " · ".join(unit.contact.values())
    return Text(unit.title.zh + (f"（{contact}）" if contact else ""), unit.title.en + (f" ({contact})" if contact else ""))


def _statements(state: State, hold: Hold) -> list[Text]:
    texts = []
    for id in hold.about.split(", "):
        entry = state.statements.entries.get(id)
        if entry is not None:
            said = entry.stated
            feed = state.catalogue.feeds[said.feed]
            asked = _asked(state.catalogue.units[feed.sources[said.source].unit])
            zh = f"请{asked.zh}确认声明 {id}：“{feed.title.zh}”截至 {said.complete_to} 是否真的齐全，范围有没有写错。"
            en = f"Ask the {asked.en} about statement {id}: is {feed.title.en} really complete to {said.complete_to}, is its range right?"
            texts += [
                Text(zh, en),
                Text(f"现有声明：huimin feed coverage --feed {feed.name}", f"Statements: huimin feed coverage --feed {feed.name}"),
            ]
    return texts


def _amendment(state: State, hold: Hold) -> Text:
    policy, _, number = hold.about.rpartition("@")
    before = max((one for one in state.registry.versions[policy] if one < int(number)), default=int(number))
    see = f"huimin policy diff {policy}@{before} {hold.about}"
    zh = f"比较两版，看移出的人卡在哪一条，是否正是修订的本意：{see}"
    return Text(zh, f"Compare the versions: by which criterion do people leave, and is that what the amendment is for? {see}")


def _late(state: State, name: str) -> list[Text]:
    from infra.held import last_said

    feed, texts = state.catalogue.feeds[name], []
    limit = None if feed.bounds.late_after is None else Period.parse(feed.bounds.late_after)
    for unit, last in last_said(state, name).items():
        if last is not None and limit is not None and limit.after(last) < state.day:
            asked = _asked(state.catalogue.units[unit])
            zh = f"“{feed.title.zh}”只声明到 {last}，已迟到：请{asked.zh}补交并声明；齐了以后规则自会重判，新的记录留得住的人不会移出。"
            en = f"{feed.title.en} is stated to {last} only and is late: ask the {asked.en} to deliver and to state its coverage."
            texts.append(Text(zh, f"{en} The rule then judges anew, and whoever the new records keep stays."))
    return texts or [Text(f"“{feed.title.zh}”现在已不迟到。", f"{feed.title.en} is no longer late.")]


def todo(hold: Hold, people: int) -> list[Text]:
    """What can be done, and what each does."""
    if not people:
        return [Text("已没有人被暂缓，不必做什么。", "Nobody is held back any more: there is nothing to do.")]
    words = "--by {a} --approved-by {b} --reason {c}"
    how = Text(words.format(a="甲", b="乙", c="理由"), words.format(a="A", b="B", c="WHY"))
    texts = [
        Text(
            f"变动属实就放行，照规则告知经办单位：huimin holds release {hold.id} {how.zh}",
            f"Are the changes right? Release them, and the agencies are told: huimin holds release {hold.id} {how.en}",
        )
    ]
    if hold.decision is None:
        texts.append(
            Text(
                f"数据有误就驳回，名单维持原样：huimin holds reject {hold.id} {how.zh}",
                f"Are they wrong? Reject them, and the lists stay as they are: huimin holds reject {hold.id} {how.en}",
            )
        )
    if hold.kind == "record":
        zh = "单位重送的文件若与收过的某一份一字不差，接收时用 --id 另起一个名，否则不起作用。"
        en = "A file sent again that is, byte for byte, one taken in before changes nothing, unless --id gives it a name of its own."
        texts.append(Text(zh, en))
    zh = "不论怎样决定，正确的数据一到，规则重新这样判的人就不再暂缓。"
    en = "However it is decided: of whom the rule, from right records, says again what was told, nothing is held back any more."
    return [*texts, Text(zh, en)]
