"""``huimin forecast POLICY``: who will enter, leave or change in the next days if no record arrives, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.i18n import both, verb
from console.session import Session, of
from console.words import CHANGES, STATUSES, number, street, token
from policies.values import Text

if TYPE_CHECKING:
    from infra.calendar import Turn
    from infra.forecast import Forecast, Row, Why
    from policies.catalogue import Catalogue
    from policies.tree import Node
    from policies.tree import Policy as Definition

LONGEST = 3660
"""Days one may look ahead: ten years."""


class By(StrEnum):
    """How the days of a table are taken together."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


Policy = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Days = Annotated[int, typer.Option("--days", min=1, max=LONGEST, help=both("往后看多少天", "how many days to look ahead"))]
Period = Annotated[
    By,
    typer.Option(
        "--by", help=both("表中按 day、week 或 month 合计（--json 总是按日）", "rows by day, week or month (--json is always by day)")
    ),
]

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


def add(app: typer.Typer) -> None:
    app.command(
        "forecast",
        help=verb(
            "往后看：若没有新记录，今后若干天谁会进入、离开或变化，因哪一条，分街镇。不改动任何数据。",
            "Look ahead: who will enter, leave or change in the next days if no record arrives; by criterion and street. Changes nothing.",
            "huimin forecast elderly-uninsured --days 30",
            "huimin forecast dibao --days 90 --by week --json",
        ),
    )(forecast)


def forecast(context: typer.Context, policy: Policy, days: Days = 30, by: Period = By.MONTH) -> None:
    from console.lookup import matched
    from infra.evaluate import thrown_away
    from infra.forecast import forecast as ahead

    session = of(context)
    with session.workspace().reading() as host:
        matched(host.state, policy)
        with session.progress(Text("一天一天往后推", "Passing the days")):
            found = ahead(thrown_away(host), policy, days)
        catalogue = host.state.catalogue
    if not session.data(_as_data(found)):
        _show(session, found, catalogue, by)


def _show(session: Session, found: Forecast, catalogue: Catalogue, by: By) -> None:
    language, title = session.language, found.policy.title
    session.say(
        Text(
            f"{title.zh}：{found.start} 之后到 {found.until}，若没有新记录",
            f"{title.en}: after {found.start} up to {found.until}, if no record arrives",
        ),
        "bold",
    )
    for turn in found.turns:
        session.say(turn_words(turn, catalogue), "dim")
    if found.rows:
        session.table(None, COLUMNS, table(found, catalogue, language, by), right=(4,))
    session.say(total(found), "bold")


def total(found: Forecast) -> Text:
    """The sentence that sums it up."""
    entered, left, changed = (number(found.count(change)) for change in ("entered", "left", "changed"))
    before, after = (number(count) for count in found.listed)
    days = (found.until - found.start).days
    return Text(
        f"{days} 天内若没有新记录：{entered} 进入，{left} 离开，{changed} 变化；名单由 {before} 变为 {after}。",
        f"In {days} day{'' if days == 1 else 's'}, if no record arrives: {entered} enter, {left} leave, {changed} change; "
        f"the list goes from {before} to {after}.",
    )


def table(found: Forecast, catalogue: Catalogue, language: str, by: By) -> list[list[str]]:
    """The rows of the table: those alike taken together, by time; where they live, in one cell."""
    nodes = {number: _nodes(policy) for number, policy in found.versions.items()}
    alike: dict[tuple[str, str, str], Counter[str]] = {}
    for row in found.rows:
        key = (period(row.day, by), _change(row, language), why_words(row.why, nodes[row.version], catalogue)[language])
        alike.setdefault(key, Counter())[street(row.division, language)] += len(row.subjects)
    order = sorted(alike.items(), key=lambda item: (item[0][0], -item[1].total(), item[0]))
    return [[*key, _streets(places, language), number(places.total())] for key, places in order]


def _streets(places: Counter[str], language: str) -> str:
    return Text("，", ", ")[language].join(f"{place} {number(count)}" for place, count in places.most_common())


def period(day: date, by: By) -> str:
    """What a day is counted under.

    Example:
        >>> period(date(2026, 11, 19), By.WEEK), period(date(2026, 11, 19), By.MONTH)
        ('2026-11-16…22', '2026-11')
    """
    match by:
        case By.DAY:
            return day.isoformat()
        case By.WEEK:
            monday = day - timedelta(days=day.weekday())
            sunday = monday + timedelta(days=6)
            return f"{monday}…{sunday.day if sunday.month == monday.month else sunday.strftime('%m-%d')}"
        case By.MONTH:
            return day.strftime("%Y-%m")


def _change(row: Row, language: str) -> str:
    word = CHANGES[row.change][language]
    if row.change != "changed" or row.before == row.after:
        return word
    return f"{word}{Text('：', ': ')[language]}{STATUSES[row.before][language]} → {STATUSES[row.after][language]}"


def _nodes(policy: Definition) -> dict[str, Node]:
    """The criteria of a version by id."""
    from console.rules import walk

    return {node.meta.id: node for node in walk(policy.criteria)}


def why_words(why: Why, nodes: Mapping[str, Node], catalogue: Catalogue) -> Text:
    """Why, in words: what turns, and because of which parameter or feed."""
    parts = _flips(why, nodes)
    if not why.flips:
        form = KINDS[why.kind]
        what = _feed(why.detail, catalogue) if why.kind == "agreement" else Text(why.detail, why.detail)
        parts.append(Text(form.zh.format(what=what.zh), form.en.format(what=what.en)))
    parts += [Text(KINDS["parameter"].zh.format(what=name), KINDS["parameter"].en.format(what=name)) for name in why.parameters]
    for name in why.lapsed:
        what = _feed(name, catalogue)
        parts.append(Text(LAPSED.zh.format(what=what.zh), LAPSED.en.format(what=what.en)))
    return Text("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))


def _flips(why: Why, nodes: Mapping[str, Node]) -> list[Text]:
    """What turns; criteria of one label that turn alike are told together, with their articles."""
    alike: dict[tuple[Text, str, str], list[str]] = {}
    for flip in why.flips:
        node = nodes.get(flip.criterion)
        label = (node and node.meta.label) or Text(flip.criterion, flip.criterion)
        cites = alike.setdefault((label, flip.before, flip.after), [])
        if node is not None and node.meta.cite and node.meta.cite not in cites:
            cites.append(node.meta.cite)
    told = []
    for (label, before, after), cites in alike.items():
        cite = f" {'、'.join(cites)}" if cites else ""
        if why.kind == "evidence":
            told.append(Text(EVIDENCE.zh.format(what=label.zh + cite), EVIDENCE.en.format(what=label.en + cite)))
        else:
            was, now = TRUTHS[before], TRUTHS[after]
            told.append(Text(f"“{label.zh}{cite}”由{was.zh}变为{now.zh}", f"“{label.en}{cite}” {was.en} → {now.en}"))
    return told


def _feed(name: str, catalogue: Catalogue) -> Text:
    return catalogue.feeds[name].title if name in catalogue.feeds else Text(name, name)


def turn_words(turn: Turn, catalogue: Catalogue) -> Text:
    """Something the calendar holds, with its day."""
    form = KINDS[turn.kind]
    what = _feed(turn.what, catalogue) if turn.kind in ("agreement", "coverage") else Text(turn.what, turn.what)
    unit = catalogue.units[turn.unit].title if turn.unit else Text("", "")
    return Text(
        f"{turn.day}：{form.zh.format(what=what.zh, unit=unit.zh)}",
        f"{turn.day}: {form.en.format(what=what.en, unit=unit.en)}",
    )


def _as_data(found: Forecast) -> dict[str, Any]:
    return {
        "policy": found.policy.name,
        "version": found.policy.version,
        "start": found.start,
        "until": found.until,
        "listed": {"start": found.listed[0], "until": found.listed[1]},
        **{change: found.count(change) for change in ("entered", "left", "changed")},
        "turns": [{"day": t.day, "kind": t.kind, "what": t.what, "unit": t.unit or None} for t in found.turns],
        "rows": [
            {
                "day": row.day,
                "version": row.version,
                "change": row.change,
                "before": row.before,
                "status": row.after,
                "division": row.division,
                "count": len(row.subjects),
                "why": {
                    "kind": row.why.kind,
                    "criteria": [{"criterion": f.criterion, "before": f.before, "after": f.after} for f in row.why.flips],
                    "parameters": list(row.why.parameters),
                    "lapsed": list(row.why.lapsed),
                    "detail": row.why.detail or None,
                },
                "subjects": [token(subject) for subject in row.subjects],
            }
            for row in found.rows
        ],
    }
