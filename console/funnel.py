"""The preview of a policy: a funnel by criterion, and who would be listed, street by street.

The one idea: each line of the funnel is the same policy with fewer criteria, asked of the same records; so the last line is what
publishing would do, and a line that loses everybody shows which clause does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from console.diff import alike, compared
from console.diff import as_data as diff_data
from console.diff import show as show_difference
from console.session import Session
from console.words import STATUSES, number, street
from policies.tree import All, Check, Meta, Node, NoneOf, Unless
from policies.values import Text

if TYPE_CHECKING:
    from policies.catalogue import Catalogue
    from policies.tree import Policy
    from streams.state import State

BAR = 30


@dataclass(frozen=True, slots=True)
class Stage:
    """One more criterion: how many satisfy everything so far, surely or perhaps."""

    id: str
    label: Text
    cite: str | None
    yes: int
    unknown: int


def criteria_in_order(node: Node) -> Iterator[tuple[Node, bool]]:
    """The criteria a subject must pass one after the other; True for one that must not hold."""
    match node:
        case All():
            for child in node.children:
                yield from criteria_in_order(child)
        case Unless():
            yield from criteria_in_order(node.rule)
            yield node.unless, True
        case _:
            yield node, False


def stages(policy: Policy, matcher: Any, catalogue: Catalogue) -> list[Stage]:
    """The funnel of a policy; criteria only a person can answer are left out, for they keep nobody off."""
    from console.rules import tested_below

    passed: list[Node] = []
    found = []
    for position, (node, negated) in enumerate(criteria_in_order(policy.criteria)):
        if isinstance(node, Check):
            continue
        meta = Meta(f"funnel{position}", node.meta.path)
        passed.append(NoneOf(meta, (node,)) if negated else node)
        counts = matcher.counts(replace(policy, criteria=All(Meta("funnel", ""), tuple(passed))))
        without = Text("除外：", "unless: ") if negated else Text("", "")
        label = node.meta.label or Text(tested_below(node, catalogue, "zh"), tested_below(node, catalogue, "en"))
        found.append(Stage(node.meta.id, Text(without.zh + label.zh, without.en + label.en), node.meta.cite, counts.yes, counts.unknown))
    return found


def show_preview(session: Session, state: State, policy: Policy) -> None:
    """The funnel, the streets, and what is different from the version in force."""
    from infra.evaluate import core

    matcher = core(state)
    with session.progress(Text("判断全体对象", "Judging everybody")):
        everybody = matcher.counts(replace(policy, criteria=All(Meta("funnel", ""), ())))
        found = stages(policy, matcher, state.catalogue)
        listed = matcher.preview(policy)
    in_force = state.matched(policy.name)
    beside = None if in_force is None else compared(session, state, in_force, policy, state.day)
    if session.data(
        _as_data(policy, everybody, found, listed, None if beside is None else diff_data(beside, state.catalogue, session.language))
    ):
        return
    _draw_funnel(session, policy, everybody.yes + everybody.unknown + everybody.no, found)
    _show_streets(session, listed)
    if beside is not None and alike(beside):
        session.say(Text("与现行版本相比：0 进入，0 离开。", "Against the version in force: 0 would enter, 0 would leave."), "bold")
    elif beside is not None:
        show_difference(session, beside, state.catalogue)
    if policy.direction == "burden":
        session.say(Text("这是一项检查：待定的对象不上名单。", "This is an inspection: those unknown are not listed."), "dim")


def _draw_funnel(session: Session, policy: Policy, everybody: int, found: list[Stage]) -> None:
    from rich.table import Table
    from rich.text import Text as Cell

    table = Table(title=policy.title[session.language], box=None, title_justify="left", title_style="bold", pad_edge=False, padding=(0, 1))
    for heading, justify in (
        (Text("条件", "criterion"), "left"),
        (Text("条文", "article"), "left"),
        (Text("符合", "pass"), "right"),
        (Text("待定", "unknown"), "right"),
        (Text("", ""), "left"),
    ):
        table.add_column(heading[session.language], justify=justify, overflow="fold")  # type: ignore[arg-type]  # a literal of two
    table.add_row(Text("范围内全体", "everybody in scope")[session.language], "", number(everybody), "", _bar(everybody, 0, everybody))
    for stage in found:
        table.add_row(
            Cell(stage.label[session.language]),
            Cell(stage.cite or ""),
            number(stage.yes),
            number(stage.unknown) if stage.unknown else "",
            _bar(stage.yes, stage.unknown, everybody),
        )
    session.console().print(table)


def _bar(yes: int, unknown: int, everybody: int) -> Any:
    """A bar of solid (sure) and light (unknown) blocks; anything at all shows."""
    from rich.text import Text as Cell

    def length(count: int) -> int:
        return 0 if not count else max(1, round(BAR * count / max(everybody, 1)))

    bar = Cell("█" * length(yes), style="green")
    bar.append("░" * length(unknown), style="yellow")
    return bar


def _show_streets(session: Session, listed: list[Any]) -> None:
    by_street = Counter((c.division, c.status) for c in listed)
    places = sorted({c.division for c in listed}, key=str)
    used = [status for status in STATUSES if status and any(c.status == status for c in listed)]
    if not places:
        session.say(Text("没有人会上名单。", "Nobody would be listed."), "yellow")
        return
    rows = [
        [
            street(place, session.language),
            *(number(by_street[place, status]) for status in used),
            number(sum(by_street[place, s] for s in used)),
        ]
        for place in places
    ]
    rows.append(
        [Text("合计", "in all")[session.language], *(number(sum(by_street[p, s] for p in places)) for s in used), number(len(listed))]
    )
    session.table(
        Text("将上名单", "Would be listed"),
        [Text("街镇", "street"), *(STATUSES[s] for s in used), Text("合计", "in all")],
        rows,
        right=range(1, len(used) + 2),
    )


def _as_data(policy: Policy, everybody: Any, found: list[Stage], listed: list[Any], beside: dict[str, Any] | None) -> dict[str, Any]:
    by_street = Counter((c.division, c.status) for c in listed)
    return {
        "policy": policy.name,
        "version": policy.version,
        "in_scope": everybody.yes + everybody.unknown + everybody.no,
        "funnel": [{"criterion": s.id, "cite": s.cite, "yes": s.yes, "unknown": s.unknown} for s in found],
        "streets": [{"division": place, "status": status, "count": count} for (place, status), count in sorted(by_street.items(), key=str)],
        "listed": len(listed),
        "entered": len(listed) if beside is None else beside["entered"],
        "left": 0 if beside is None else beside["left"],
        "difference": beside,
    }
