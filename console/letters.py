"""The letter to a unit: which records, of whom, until when, for which article; in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from console.owed import where
from console.words import number
from policies.values import Period, Text

if TYPE_CHECKING:
    from console.owed import UnitNeed
    from console.session import Session
    from policies.catalogue import Catalogue, Unit
    from policies.tree import Policy

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def spoken(day: date) -> Text:
    """A day as a letter says it.

    Example:
        >>> spoken(date(2026, 10, 1))
        Text(zh='2026年10月1日', en='1 October 2026')
    """
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {MONTHS[day.month - 1]} {day.year}")


def spoken_period(period: Period) -> Text:
    """A period as a letter says it.

    Example:
        >>> spoken_period(Period(12, 0)), spoken_period(Period(0, 7)).en
        (Text(zh='12个月', en='12 months'), '7 days')
    """
    zh = (f"{period.months}个月" if period.months else "") + (f"{period.days}天" if period.days else "")
    en = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in ((period.months, "month"), (period.days, "day")) if count]
    return Text(zh or "当天", " and ".join(en) or "the same day")


def letter(policy: Policy, catalogue: Catalogue, unit: Unit, needs: Sequence[UnitNeed], due: date) -> Text:
    """The letter to one unit about everything it is asked for."""
    agency = catalogue.units[policy.agency].title if policy.agency in catalogue.units else Text(policy.agency, policy.agency)
    by, start = spoken(due), spoken(policy.effective_from)
    items = [_item(number_, one, catalogue) for number_, one in enumerate(needs, 1)]
    return Text(
        f"{unit.title.zh}：\n\n"
        f"“{policy.title.zh}”自{start.zh}起施行。按双方协议（用途 {policy.purpose}），请于{by.zh}前提供：\n\n"
        + "\n".join(item.zh for item in items)
        + f"\n\n执行机构：{agency.zh}",
        f"To the {unit.title.en}:\n\n"
        f'"{policy.title.en}" takes effect on {start.en}. Under our agreement (purpose: {policy.purpose}), by {by.en} please send:\n\n'
        + "\n".join(item.en for item in items)
        + f"\n\nFor the {agency.en}",
    )


def _item(position: int, one: UnitNeed, catalogue: Catalogue) -> Text:
    """One feed: its fields, the articles, the coverage and who waits for it."""
    feed, need = catalogue.feeds[one.need.feed], one.need
    titles = [feed.fields[name].title for name in need.fields]
    fields = Text("、".join(t.zh for t in titles) or "有无记录即可", ", ".join(t.en for t in titles) or "whether there is a record")
    cites = "、".join(dict.fromkeys(reason.cite for reason in need.why if reason.cite))
    articles = Text(f"（依据：{cites}）" if cites else "", f" (for: {cites})" if cites else "")
    parts = [_coverage(one), _agreement(one, feed.agreement.purposes)]
    return Text(
        f"{position}. {feed.title.zh}：{fields.zh}{articles.zh}。" + "".join(part.zh for part in parts),
        f"{position}. {feed.title.en}: {fields.en}{articles.en}." + "".join(part.en for part in parts),
    )


def _coverage(one: UnitNeed) -> Text:
    if one.need.max_age is None:
        return Text("", "")
    age = spoken_period(one.need.max_age)
    owed = [place for place in one.places if place.standing in ("missing", "stale")]
    waiting = sum(place.waiting for place in owed)
    places = where(owed, one)
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


def _agreement(one: UnitNeed, purposes: Sequence[str]) -> Text:
    if one.agreed:
        return Text("", "")
    known = ", ".join(purposes)
    return Text(
        f"现有协议（用途 {known}）不含此项，请先补充约定。",
        f" The agreement in force (for {known}) does not cover this: please agree to it first.",
    )


def write_letters(session: Session, policy: Policy, catalogue: Catalogue, found: list[UnitNeed], due: date) -> None:
    """A letter to each unit that still owes something."""
    by_unit: dict[str, list[UnitNeed]] = {}
    for one in found:
        if one.open:
            by_unit.setdefault(one.unit, []).append(one)
    if not by_unit:
        session.say(Text("各单位的记录都已具备，无须去函。", "Everything is there: no letters are needed."), "green")
    for unit, needs in by_unit.items():
        text = letter(policy, catalogue, catalogue.units[unit], needs, due)
        session.console().print(f"{text.zh}\n\n{text.en}\n", markup=False, soft_wrap=True)
        session.console().rule(style="dim")
