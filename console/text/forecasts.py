"""A forecast in words: the sentences above and below its table, and the rows by day, week or month."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from console.text.words import CHANGES, OUTCOMES, STATUSES, number, street
from policies.values import Text

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy
    from services.policies.calendar import Turn
    from services.policies.forecast import Forecast, ForecastRow, MoveReason


class DayGrouping(StrEnum):
    """The span of time that one row of a table covers."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


COLUMNS = [
    Text("时间", "when"),
    Text("变动", "change"),
    Text("原因", "why"),
    Text("街镇", "street"),
    Text("人（户、套）数", "how many"),
]
TRUTHS = {
    "T": Text("成立", "holds"),
    "F": Text("不成立", "does not hold"),
    "U": Text("待定", "unknown"),
}
KINDS = {
    "placed": Text("登记所在的区划变了", "is registered elsewhere, or no more"),
    "disclosed": Text("所披露的内容变了", "a disclosed value differs"),
    "begins": Text("{what} 开始施行", "{what} comes into force"),
    "ends": Text("{what} 末日已过", "{what} is over"),
    "version": Text("由 {what} 接替", "{what} takes over"),
    "outcome": Text("反馈“{what}”的期限已满", "the time of the outcome {what} is over"),
    "agreement": Text("数据源“{what}”的协议到期", "the agreement on {what} has ended"),
    "parameter": Text("参数 {what} 改变", "parameter {what} changes"),
    "coverage": Text("“{what}”的覆盖声明过期（{unit}）", "coverage of {what} is too old ({unit})"),
}
LAPSED = Text("“{what}”的覆盖声明过期", "coverage of {what} is too old")
EVIDENCE = Text("“{what}”所缺的证据不同", "other evidence is missing for {what}")


def headline(of: Forecast) -> Text:
    """The policy and the days of a forecast."""
    title = of.definition.title
    return Text(
        f"{title.zh}：{of.start} 之后到 {of.until}，若没有新记录", f"{title.en}: after {of.start} up to {of.until}, if no record arrives"
    )


def total(of: Forecast) -> Text:
    """The sentence with the totals."""
    entered, left, changed, before, after = map(number, (of.entered, of.left, of.changed, of.listed.start, of.listed.until))
    days = (of.until - of.start).days
    return Text(
        f"{days} 天内若没有新记录：{entered} 进入，{left} 离开，{changed} 变化；名单由 {before} 变为 {after}。",
        f"In {days} day{'' if days == 1 else 's'}, if no record arrives: {entered} enter, {left} leave, {changed} change; "
        f"the list goes from {before} to {after}.",
    )


def rows(of: Forecast, language: str, by: DayGrouping) -> list[list[str]]:
    """The rows of the table in the order of time; moves of the same time, change and reason are one row, with their streets in one cell."""
    alike: dict[tuple[str, str, str], Counter[str]] = {}
    for row in of.rows:
        key = (period(row.day, by), _change(row, language), why_words(row.why, of.versions[row.version], of.catalogue)[language])
        alike.setdefault(key, Counter())[street(row.division, of.catalogue.divisions, language)] += row.count
    order = sorted(alike.items(), key=lambda item: (item[0][0], -item[1].total(), item[0]))
    return [[*key, _streets(places, language), number(places.total())] for key, places in order]


def _streets(places: Counter[str], language: str) -> str:
    return Text("，", ", ")[language].join(f"{place} {number(count)}" for place, count in places.most_common())


def period(day: date, by: DayGrouping) -> str:
    """The day, week or month under which a day is counted.

    Example:
        >>> period(date(2026, 11, 19), By.WEEK), period(date(2026, 11, 19), By.MONTH)
        ('2026-11-16…22', '2026-11')
    """
    match by:
        case DayGrouping.DAY:
            return day.isoformat()
        case DayGrouping.WEEK:
            monday = day - timedelta(days=day.weekday())
            sunday = monday + timedelta(days=6)
            return f"{monday}…{sunday.day if sunday.month == monday.month else sunday.strftime('%m-%d')}"
        case DayGrouping.MONTH:
            return day.strftime("%Y-%m")


def _change(row: ForecastRow, language: str) -> str:
    word = CHANGES[row.change][language]
    if row.change != "changed" or row.before == row.after:
        return word
    return f"{word}{Text('：', ': ')[language]}{STATUSES[row.before][language]} → {STATUSES[row.after][language]}"


def why_words(why: MoveReason, policy: Policy, catalogue: Catalogue) -> Text:
    """The reason of a move in words: the criteria that change, and the parameter or feed behind it."""
    parts = _flips(why, policy, catalogue)
    if not why.flips:
        form = KINDS[why.kind]
        what = _feed(why.detail, catalogue) if why.kind == "agreement" else OUTCOMES.get(why.detail, Text(why.detail, why.detail))
        parts.append(Text(form.zh.format(what=what.zh), form.en.format(what=what.en)))
    for name in why.parameters:
        label = policy.params[name].label if name in policy.params else None
        what = Text(name, name) if label is None else label
        parts.append(Text(KINDS["parameter"].zh.format(what=what.zh), KINDS["parameter"].en.format(what=what.en)))
    for name in why.lapsed:
        what = _feed(name, catalogue)
        parts.append(Text(LAPSED.zh.format(what=what.zh), LAPSED.en.format(what=what.en)))
    return Text("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))


def _flips(why: MoveReason, policy: Policy, catalogue: Catalogue) -> list[Text]:
    """The criteria that change; those of the same label and change stand together, with their articles."""
    from console.text.criteria import criterion_name
    from policies.language.tree import walk

    nodes = {site.node.meta.id: site.node for site in walk(policy.criteria, sets=False)}
    alike: dict[tuple[Text, str, str], list[str]] = {}
    for flip in why.flips:
        node = nodes.get(flip.criterion)
        label = Text(flip.criterion, flip.criterion) if node is None else criterion_name(node, policy, catalogue)
        cites = alike.setdefault((label, flip.before, flip.after), [])
        if node is not None and node.meta.cite and node.meta.cite not in cites:
            cites.append(node.meta.cite)
    texts = []
    for (label, before, after), cites in alike.items():
        cite = f" {'、'.join(cites)}" if cites else ""
        if why.kind == "evidence":
            texts.append(Text(EVIDENCE.zh.format(what=label.zh + cite), EVIDENCE.en.format(what=label.en + cite)))
        else:
            was, now = TRUTHS[before], TRUTHS[after]
            texts.append(Text(f"“{label.zh}{cite}”由{was.zh}变为{now.zh}", f"“{label.en}{cite}” {was.en} → {now.en}"))
    return texts


def _feed(name: str, catalogue: Catalogue) -> Text:
    return catalogue.feeds[name].title if name in catalogue.feeds else Text(name, name)


def turn_words(turn: Turn, catalogue: Catalogue) -> Text:
    """An entry of the calendar, with its day."""
    form = KINDS[turn.kind]
    what = _feed(turn.what, catalogue) if turn.kind in ("agreement", "coverage") else Text(turn.what, turn.what)
    unit = catalogue.units[turn.unit].title if turn.unit else Text("", "")
    return Text(
        f"{turn.day}：{form.zh.format(what=what.zh, unit=unit.zh)}",
        f"{turn.day}: {form.en.format(what=what.en, unit=unit.en)}",
    )
