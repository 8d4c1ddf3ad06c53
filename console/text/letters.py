"""The letter to a unit in both languages: the records it is asked for, their coverage, the articles, and the due date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from console.text.needs import street_words
from console.text.words import number
from policies.problems.characters import lines
from policies.values import Period, Text
from services.policies.needs import OPEN_STANDINGS

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue, Unit
    from policies.language.tree import Policy
    from services.policies.needs import PolicyNeeds, UnitNeed

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def letter_day(day: date) -> Text:
    """A day as it is written in a letter.

    Example:
        >>> spoken(date(2026, 10, 1))
        Text(zh='2026年10月1日', en='1 October 2026')
    """
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {MONTHS[day.month - 1]} {day.year}")


def letter_period(period: Period) -> Text:
    """A period as it is written in a letter.

    Example:
        >>> spoken_period(Period(12, 0)), spoken_period(Period(0, 7)).en
        (Text(zh='12个月', en='12 months'), '7 days')
    """
    zh = (f"{period.months}个月" if period.months else "") + (f"{period.days}天" if period.days else "")
    en = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in ((period.months, "month"), (period.days, "day")) if count]
    return Text(zh or "当天", " and ".join(en) or "the same day")


def letter(policy: Policy, catalogue: Catalogue, unit: Unit, needs: Sequence[UnitNeed], due: date) -> Text:
    """The letter to one unit about all its feeds."""
    agency = catalogue.units[policy.agency].title if policy.agency in catalogue.units else Text(policy.agency, policy.agency)
    by, start = letter_day(due), letter_day(policy.effective_from)
    items = [_item(position, need, catalogue) for position, need in enumerate(needs, 1)]
    zh = f"“{policy.title.zh}”自{start.zh}起施行。按双方协议（用途 {policy.purpose}），请于{by.zh}前提供："
    en = f'"{policy.title.en}" takes effect on {start.en}. Under our agreement (purpose: {policy.purpose}), by {by.en} please send:'
    return Text(
        lines([f"{unit.title.zh}：", "", zh, "", *(item.zh for item in items), "", f"执行机构：{agency.zh}"]),
        lines([f"To the {unit.title.en}:", "", en, "", *(item.en for item in items), "", f"For the {agency.en}"]),
    )


def _item(position: int, need: UnitNeed, catalogue: Catalogue) -> Text:
    """The paragraph about one feed: its fields, the articles, the coverage, and the number of undecided subjects."""
    feed = catalogue.feeds[need.feed]
    titles = [feed.fields[name].title for name in need.fields]
    fields = Text("、".join(t.zh for t in titles) or "有无记录即可", ", ".join(t.en for t in titles) or "whether there is a record")
    cites = "、".join(dict.fromkeys(cite for cite in need.cites if cite))
    articles = Text(f"（依据：{cites}）" if cites else "", f" (for: {cites})" if cites else "")
    parts = [_coverage(need, catalogue), _agreement(need, feed.agreement.purposes)]
    return Text(
        f"{position}. {feed.title.zh}：{fields.zh}{articles.zh}。" + "".join(part.zh for part in parts),
        f"{position}. {feed.title.en}: {fields.en}{articles.en}." + "".join(part.en for part in parts),
    )


def _coverage(need: UnitNeed, catalogue: Catalogue) -> Text:
    if need.max_age is None:
        return Text("", "")
    age = letter_period(need.max_age)
    owed = [place for place in need.places if place.standing in OPEN_STANDINGS]
    waiting = sum(place.waiting for place in owed)
    places = street_words(owed, need, catalogue)
    return Text(
        f"并声明截至何日已完整（判断时不得早于{age.zh}前）"
        + (f"；尚缺：{places.zh}" if owed else "")
        + (f"，{number(waiting)} 个对象因此待定" if waiting else "")
        + "。",
        f" Please also state up to which day this is complete (not older than {age.en} when a verdict is made)"
        + (f"; still missing: {places.en}" if owed else "")
        + (f", with {number(waiting)} undecided for want of it" if waiting else "")
        + ".",
    )


def _agreement(need: UnitNeed, purposes: Sequence[str]) -> Text:
    if need.agreed:
        return Text("", "")
    agreed_purposes = ", ".join(purposes)
    return Text(
        f"现有协议（用途 {agreed_purposes}）不含此项，请先补充约定。",
        f" The agreement in force (for {agreed_purposes}) does not cover this: please agree to it first.",
    )


def letters(needs: PolicyNeeds) -> list[Text]:
    """A letter to each unit that owes records."""
    units = needs.catalogue.units
    return [letter(needs.definition, needs.catalogue, units[unit], owed, needs.due) for unit, owed in needs.letters().items()]
