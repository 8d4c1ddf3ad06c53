"""``huimin policy diff OLD NEW``: whom another version of a policy lists, who moves, by which criterion, and how the rules differ.

The one idea: the two versions may be published or drafts; both are judged of everybody on one day, and nothing is changed. The preview of a
draft whose policy is in force shows the same summary.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import rulediff
from console.i18n import both, verb
from console.lookup import no_policy, readable
from console.moments import AsOf, as_of
from console.session import Session, of
from console.words import STATUSES, VERDICTS, number, street, token
from policies.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from datetime import date

    from matchers.difference import Difference
    from policies.catalogue import Catalogue
    from policies.tree import Node, Policy
    from streams.state import State

VERSION = both("已发布的版本 NAME@3、NAME（施行中的），或草案文件", "a published version NAME@3, NAME (the one in force), or a draft file")
Old = Annotated[str, typer.Argument(metavar="OLD", help=VERSION)]
New = Annotated[str, typer.Argument(metavar="NEW", help=VERSION)]
People = Annotated[bool, typer.Option("--people", help=both("也逐个列出有变化的对象（化名）", "also list everybody who moves, by token"))]
Limit = Annotated[
    int, typer.Option(min=0, help=both("逐个列出时最多几行（0 为全部）", "rows of that list at most (0: all; --json always holds all)"))
]

MOVES = {
    "entered": Text("进入", "enter"),
    "left": Text("离开", "leave"),
    "changed": Text("状态改变", "change status"),
    "unknown": Text("变为待定（不在名单上）", "turn unknown, unlisted"),
}
NO_VERDICT = Text("不作判定", "no verdict")
PLACE = Text("所在区划（或未登记）", "where she is placed (or not registered)")
SIDES = (Text("旧", "old"), Text("新", "new"))


def add(app: typer.Typer) -> None:
    app.command(
        "diff",
        help=verb(
            "比较一份政策的两个版本：谁进入、谁离开、卡在哪一条，规则改了什么。不改动任何数据。",
            "Compare two versions of a policy: who enters and leaves, by which criterion, and how the rules differ. Changes nothing.",
            "huimin policy diff dibao@1 dibao@2",
            "huimin policy diff dibao policies/dibao.yaml --people",
        ),
    )(diff)


def diff(context: typer.Context, old: Old, new: New, people: People = False, limit: Limit = 40, at: AsOf = None) -> None:
    session = of(context)
    day = as_of(at)
    workspace = session.workspace()
    with workspace.reading() as host:
        state = host.state
        one, other = (_version(state, name) for name in (old, new))
        found = compared(session, state, one, other, day or state.day)
        if session.data(as_data(found, state.catalogue, session.language)):
            return
        show(session, found, state.catalogue)
        if people:
            _show_people(session, found, limit)


def _version(state: State, said: str) -> Policy:
    """The version somebody named.

    Raises:
        HuiminError: there is no such file, policy or version; says which there are.
        Invalid: the file is no policy, with every error.
    """
    if said.endswith((".yaml", ".yml")) or Path(said).is_file():
        if not Path(said).is_file():
            raise HuiminError(Text(f"没有文件 {said}。", f"There is no file {said}."), 2)
        return readable(Path(said), state.catalogue)
    name, _, number_said = said.partition("@")
    registry = state.registry
    if name not in registry.versions:
        raise no_policy(name, registry.versions)
    if "@" in said:
        if not number_said.isdigit() or int(number_said) not in registry.versions[name]:
            known = ", ".join(f"{name}@{n}" for n in sorted(registry.versions[name]))
            raise HuiminError(Text(f"没有版本 {said}；已发布的有 {known}。", f"There is no version {said}; published are {known}."), 2)
        return registry.versions[name][int(number_said)].policy
    active = registry.active(name, state.day)
    if active is None:
        known = ", ".join(f"{name}@{n}" for n in sorted(registry.versions[name]))
        zh, en = f"{name} 已撤销，没有施行中的版本；可写 {known}。", f"{name} is withdrawn: no version is in force. Name one: {known}."
        raise HuiminError(Text(zh, en), 2)
    return active.policy


def compared(session: Session, state: State, old: Policy, new: Policy, day: date) -> Difference:
    """What the new version makes of everybody.

    Raises:
        HuiminError: the two are about different kinds of subject.
    """
    from infra.evaluate import core
    from matchers.difference import OtherKind, difference

    with session.progress(Text("判断全体对象", "Judging everybody")):
        try:
            return difference(core(state), old, new, day)
        except OtherKind as error:
            zh = f"两个版本的对象不同（{error.old} 与 {error.new}），无法比较。"
            raise HuiminError(Text(zh, f"The two are about different kinds of subject ({error.old} and {error.new})."), 3) from None


def alike(found: Difference) -> bool:
    """Is it one rule, and does nobody move?"""
    from policies.differences import differences

    return not len(found.subject) and not differences(found.old, found.new)


def show(session: Session, found: Difference, catalogue: Catalogue) -> None:
    """The rules, the totals, verdicts before and after, by criterion and by street."""
    from policies.differences import differences

    language = session.language
    session.say(_headline(found), "bold")
    for policy in (found.old, found.new):
        if note := _not_in_force(policy, found.day):
            session.say(note, "dim")
    for line, style in rulediff.lines(differences(found.old, found.new), catalogue, language):
        session.console().print(line, style=style, markup=False, soft_wrap=True)
    session.say(total(found), "bold")
    _show_verdicts(session, found)
    if len(found.subject):
        _show_criteria(session, found)
        _show_streets(session, found)


def _headline(found: Difference) -> Text:
    old, new = (f"{policy.name}@{policy.version}" for policy in (found.old, found.new))
    return Text(f"{old} → {new}（{found.day}）", f"{old} → {new} (on {found.day})")


def _not_in_force(policy: Policy, day: date) -> Text | None:
    if policy.effective_from <= day and (policy.effective_to is None or day <= policy.effective_to):
        return None
    name = f"{policy.name}@{policy.version}"
    return Text(f"{name} 在 {day} 不在施行期内，按施行来比较。", f"{name} is not in force on {day}; compared as if it were.")


def total(found: Difference) -> Text:
    """The sentence that sums it up."""
    entered, left, changed, unknown = (number(found.count(move)) for move in ("entered", "left", "changed", "unknown"))
    turned = number(found.turned_unknown)
    return Text(
        f"与 {found.old.name}@{found.old.version} 相比：{entered} 进入，{left} 离开，{changed} 状态改变；"
        f"{turned} 由已知变为待定（其中 {unknown} 前后都不在名单上）。",
        f"Against {found.old.name}@{found.old.version}: {entered} would enter, {left} would leave, {changed} would change status; "
        f"{turned} turn from known to unknown ({unknown} of them on neither list).",
    )


def _show_verdicts(session: Session, found: Difference) -> None:
    language = session.language
    words = [NO_VERDICT, *VERDICTS.values()]
    rows = [
        [words[before][language], *(number(int(found.verdicts[before, after])) for after in range(4))]
        for before in range(4)
        if found.verdicts[before].any()
    ]
    heading = Text("判定：旧（行）→ 新（列）", "Verdicts: old (rows) → new (columns)")
    session.table(heading, [Text("旧 ＼ 新", "old \\ new"), *words], rows, right=(1, 2, 3, 4))


def _show_criteria(session: Session, found: Difference) -> None:
    from console.rules import walk

    language = session.language
    nodes = [{node.meta.id: node for node in walk(policy.criteria)} for policy in (found.old, found.new)]
    rows = []
    for one in found.deciders():
        node = None if one.criterion is None else nodes[one.version].get(one.criterion)
        cite = "" if node is None else node.meta.cite or ""
        name = PLACE[language] if one.criterion is None else _named(node, one.criterion, language)
        rows.append([MOVES[one.move][language], SIDES[one.version][language], name, cite, number(one.people), number(one.alone)])
    columns = [
        Text("变动", "change"),
        Text("版本", "version"),
        Text("起决定作用的条件", "criterion that decides"),
        Text("条文", "article"),
        Text("人（户、套）数", "how many"),
        Text("只因此条", "by it alone"),
    ]
    session.table(Text("逐条", "By criterion"), columns, rows, right=(4, 5))


def _named(node: Node | None, id: str, language: str) -> str:
    return id if node is None or node.meta.label is None else node.meta.label[language]


def _show_streets(session: Session, found: Difference) -> None:
    language = session.language
    rows = [[street(place, language), *(number(counts[move]) for move in MOVES)] for place, counts in found.streets().items()]
    session.table(Text("分街镇", "By street"), [Text("街镇", "street"), *MOVES.values()], rows, right=(1, 2, 3, 4))


def _show_people(session: Session, found: Difference, limit: int) -> None:
    from itertools import islice

    language = session.language
    rows = (
        [
            token(one.subject),
            MOVES[one.move][language],
            f"{STATUSES[one.before][language]} → {STATUSES[one.after][language]}",
            f"{_verdict(one.verdict_before, language)} → {_verdict(one.verdict_after, language)}",
            street(one.division, language),
            ", ".join(criterion or PLACE[language] for criterion in one.criteria),
        ]
        for one in islice(found.movers(), limit or None)
    )
    columns = [
        Text("对象", "subject"),
        Text("变动", "change"),
        Text("状态", "status"),
        Text("判定", "verdict"),
        Text("街镇", "street"),
        Text("条件", "criteria"),
    ]
    session.table(None, columns, rows)
    if limit and len(found.subject) > limit:
        session.say(Text(f"只显示前 {limit} 行；--limit 0 显示全部。", f"Only the first {limit} are shown; --limit 0 shows all."), "dim")


def _verdict(word: str | None, language: str) -> str:
    return (NO_VERDICT if word is None else VERDICTS[word])[language]


def as_data(found: Difference, catalogue: Catalogue, language: str) -> dict[str, Any]:
    """The comparison as JSON; people by token only."""
    from matchers.changes import STATUSES as PLACES
    from matchers.verdicts import WORDS
    from policies.differences import differences

    return {
        "old": {"policy": found.old.name, "version": found.old.version, "digest": found.old.digest},
        "new": {"policy": found.new.name, "version": found.new.version, "digest": found.new.digest},
        "day": found.day,
        **{move: found.count(move) for move in ("entered", "left", "changed")},
        "turned_unknown": found.turned_unknown,
        "verdicts": [
            {"before": WORDS[a], "after": WORDS[b], "count": int(found.verdicts[a, b])}
            for a in range(4)
            for b in range(4)
            if found.verdicts[a, b]
        ],
        "statuses": [
            {"before": PLACES[a], "after": PLACES[b], "count": int(found.statuses[a, b])}
            for a in range(4)
            for b in range(4)
            if found.statuses[a, b]
        ],
        "criteria": [
            {"change": d.move, "version": ("old", "new")[d.version], "criterion": d.criterion, "people": d.people, "alone": d.alone}
            for d in found.deciders()
        ],
        "streets": [{"division": place, **counts} for place, counts in found.streets().items()],
        "rules": rulediff.as_data(differences(found.old, found.new), catalogue, language),
        "people": [
            {
                "subject": token(one.subject),
                "change": one.move,
                "before": one.before,
                "after": one.after,
                "verdict_before": one.verdict_before,
                "verdict_after": one.verdict_after,
                "division": one.division,
                "version": ("old", "new")[one.version],
                "criteria": list(one.criteria),
            }
            for one in found.movers()
        ],
    }
