"""Advice about a hold: what to look at before the decision, and what each decision does.

``holds show`` calls ``hold_in_words``. The readers are officials, not engineers: each sentence names a number to compare, a unit to ask, or
a command to type.
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.values import Text, share_words
from services.lists.hold_decisions import (
    HoldAdvice,
    HoldDetails,
    LookAtAmendment,
    LookAtDelivery,
    LookAtLateFeed,
    LookAtStatement,
    UnitToAsk,
)
from services.results import Sentence, facts


@dataclass(frozen=True, slots=True)
class HoldInWords(HoldDetails):
    """A hold with sentences: what to look at, and what to do."""

    look: tuple[Sentence, ...]
    todo: tuple[Sentence, ...]


def hold_in_words(hold: HoldDetails) -> HoldInWords:
    """A hold, with what to look at and what to do."""
    return HoldInWords(**facts(hold), look=tuple(text for advice in hold.advice for text in _look(advice)), todo=tuple(_todo(hold)))


def _look(advice: HoldAdvice) -> list[Text]:
    match advice:
        case LookAtDelivery():
            return _delivery(advice)
        case LookAtStatement():
            return _statement(advice)
        case LookAtAmendment():
            see = f"huimin policy diff {advice.before} {advice.after}"
            zh = f"比较两版，看移出的人卡在哪一条，是否正是修订的本意：{see}"
            return [Text(zh, f"Compare the versions: by which criterion do people leave, and is that what the amendment is for? {see}")]
        case LookAtLateFeed():
            return _late(advice)


def _unit(unit: UnitToAsk) -> Text:
    contact = " · ".join(unit.contact)
    return Text(unit.title.zh + (f"（{contact}）" if contact else ""), unit.title.en + (f" ({contact})" if contact else ""))


def _delivery(advice: LookAtDelivery) -> list[Text]:
    at, texts = advice.number, []
    if advice.full is not None:
        rows, against, least = advice.full
        zh = f"第 {at} 批是全量，只有 {rows:,} 行；"
        en = f"Delivery {at} is a full replacement of {rows:,} rows; "
        if advice.before is None:
            zh += f"此前该来源在册 {against:,} 条记录"
            en += f"its source had {against:,} records before it"
        else:
            zh += f"上一次全量（第 {advice.before} 批）有 {against:,} 行"
            en += f"the one before it (delivery {advice.before}) had {against:,}"
        if rows < least * against:
            zh += f"，不到约定的 {share_words(least)}（bounds.shrinks_to）"
            en += f", of which the contract asks {share_words(least)} at least (bounds.shrinks_to)"
        texts.append(Text(f"{zh}。", f"{en}."))
    elif advice.rows is not None:
        texts.append(Text(f"第 {at} 批到目前有 {advice.rows:,} 行。", f"Delivery {at} has {advice.rows:,} rows so far."))
    asked, see = _unit(advice.unit), f"huimin feed quarantine {advice.feed}"
    texts.append(Text(f"请{asked.zh}确认这一批是否完整、无误。", f"Ask the {asked.en} whether this delivery is whole and right."))
    return [*texts, Text(f"未通过校验的行：{see}", f"Rows that failed: {see}")]


def _statement(advice: LookAtStatement) -> list[Text]:
    asked, id = _unit(advice.unit), advice.statement
    zh = f"请{asked.zh}确认声明 {id}：“{advice.title.zh}”截至 {advice.complete_to} 是否真的齐全，范围有没有写错。"
    en = f"Ask the {asked.en} about statement {id}: is {advice.title.en} really complete to {advice.complete_to}, is its range right?"
    see = f"huimin feed coverage --feed {advice.feed}"
    return [Text(zh, en), Text(f"现有声明：{see}", f"Statements: {see}")]


def _late(advice: LookAtLateFeed) -> list[Text]:
    texts = []
    for unit, last in advice.sources:
        asked = _unit(unit)
        zh = f"“{advice.title.zh}”只声明到 {last}，已迟到：请{asked.zh}补交并声明；齐了以后规则自会重判，新的记录留得住的人不会移出。"
        en = f"{advice.title.en} is stated to {last} only and is late: ask the {asked.en} to deliver and to state its coverage."
        texts.append(Text(zh, f"{en} The rule then judges anew, and whoever the new records keep stays."))
    return texts or [Text(f"“{advice.title.zh}”现在已不迟到。", f"{advice.title.en} is no longer late.")]


def _todo(hold: HoldDetails) -> list[Text]:
    """The possible decisions, and the effect of each."""
    if not hold.people:
        return [Text("已没有人被暂缓，不必做什么。", "Nobody is held back any more: there is nothing to do.")]
    words = "--by {a} --approved-by {b} --reason {c}"
    how = Text(words.format(a="甲", b="乙", c="理由"), words.format(a="A", b="B", c="WHY"))
    texts = [
        Text(
            f"变动属实就放行，照规则告知经办单位：huimin holds release {hold.hold} {how.zh}",
            f"Are the changes right? Release them, and the agencies are told: huimin holds release {hold.hold} {how.en}",
        )
    ]
    if hold.decision is None:
        texts.append(
            Text(
                f"数据有误就驳回，名单维持原样：huimin holds reject {hold.hold} {how.zh}",
                f"Are they wrong? Reject them, and the lists stay as they are: huimin holds reject {hold.hold} {how.en}",
            )
        )
    if hold.kind == "record":
        zh = "单位重送的文件若与收过的某一份一字不差，接收时用 --id 另起一个名，否则不起作用。"
        en = "A file sent again that is, byte for byte, one taken in before changes nothing, unless --id gives it a name of its own."
        texts.append(Text(zh, en))
    zh = "不论怎样决定，正确的数据一到，规则重新这样判的人就不再暂缓。"
    en = "However it is decided: of whom the rule, from right records, says again what was told, nothing is held back any more."
    return [*texts, Text(zh, en)]
