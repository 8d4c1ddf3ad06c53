"""Verbs about what is held back: holds list, show, release, reject.

The one idea: whoever decides sees first whom it concerns, what was told of them, what the rule says now, and what to ask the unit; the
decision is two people's and asks nothing more. Source: docs/semantics.md, "Holding back".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import held
from console.i18n import both, verb
from console.session import Session, of
from console.words import STATUSES, number, street, token
from policies.problems import Conflict, HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from infra.held import HeldBack
    from streams.overlays import Hold
    from streams.state import State

Id = Annotated[str, typer.Argument(metavar="HOLD", help=both("暂缓的编号，见 holds list", "the hold's id, from holds list"))]
Every = Annotated[bool, typer.Option("--all", help=both("也列出已没有人被暂缓的", "also those that hold nobody back any more"))]
Limit = Annotated[
    int,
    typer.Option(
        min=0, help=both("表中最多几行（0 为全部；--json 总是全部）", "rows in the table at most (0: all; --json always holds all)")
    ),
]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help=both("决定人", "who decides"))]
Approved = Annotated[str, typer.Option("--approved-by", metavar="PERSON", help=both("批准人，须为另一人", "who approves: another person"))]
Reason = Annotated[str, typer.Option("--reason", help=both("理由（不写身份信息）", "the reason (nothing that identifies anybody)"))]


def group() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True,
        help=both("暂缓：超出界限、待两人核实后才告知的变动。", "Holds: changes beyond their bounds, told once two people have looked."),
    )
    people = "--by 王芳 --approved-by 李强 --reason"
    for name, function, text in (
        ("list", show_all, verb("列出暂缓的变动。", "List what is held back.", "huimin holds list", "huimin holds list --all")),
        ("show", show, verb("一次暂缓：涉及谁，该看什么，怎么办。", "One hold: whom it concerns, what to look at, what to do.",
                            "huimin holds show h42", "huimin holds show h42 --limit 0")),
        ("release", release, verb("放行：变动属实，照规则告知。", "Release: the changes are right, and are told.",
                                  f"huimin holds release h42 {people} 单位确认属实")),
        ("reject", reject, verb("驳回：变动不可信，名单维持原样；之后仍可放行。",
                                "Reject: the changes are not believed, the list stays; it can still be released later.",
                                f"huimin holds reject h42 {people} 文件不全")),
    ):  # fmt: skip
        app.command(name, help=text)(function)
    return app


def show_all(context: typer.Context, every: Every = False) -> None:
    from infra.held import held_back

    session = of(context)
    with session.workspace().reading() as host:
        state = host.state
        people = held_back(state)
        found = [hold for hold in state.book.holds.values() if every or people[hold.id]]
        if session.data([_as_data(hold, people[hold.id]) for hold in found]):
            return
        if not found:
            session.say(_nothing(len(people)))
            return
        rows = [_row(state, hold, people[hold.id], session.language) for hold in found]
    columns = [Text("编号", "id"), Text("事由", "about"), Text("自", "since"), Text("暂缓的变动", "held back"), Text("决定", "decision")]
    session.table(None, columns, rows, whole=(2,))


def _nothing(past: int) -> Text:
    if not past:
        return Text("没有暂缓的变动。", "Nothing is held back.")
    zh = f"没有暂缓的变动；以前有过 {past} 次，用 --all 列出。"
    return Text(zh, f"Nothing is held back; there were {past} before, see --all.")


def _row(state: State, hold: Hold, people: Sequence[HeldBack], language: str) -> list[str]:
    from infra.held import standing

    words = held.about(state, hold), held.lists(state, people), held.decided(hold, standing(hold, len(people)))
    why, whom, decision = (text[language] for text in words)
    return [hold.id, why, hold.day.isoformat(), whom or "—", decision]


def _as_data(hold: Hold, people: Sequence[HeldBack]) -> dict[str, Any]:
    from infra.held import standing

    found = Counter((one.policy, one.side) for one in people)
    return {
        "hold": hold.id, "kind": hold.kind, "about": hold.about, "since": hold.day.isoformat(), "standing": standing(hold, len(people)),
        "decision": hold.decision, "by": hold.by, "approved_by": hold.approved_by, "reason": hold.reason,
        "lists": [{"policy": policy, "side": side, "count": many} for (policy, side), many in sorted(found.items())],
    }  # fmt: skip


def show(context: typer.Context, id: Id, limit: Limit = 40) -> None:
    from console.holdadvice import look, todo
    from infra.held import deliveries, held_back, placed, standing

    session = of(context)
    with session.workspace().reading() as host:
        state = host.state
        hold = _known(state, id)
        people = held_back(state)[id]
        places = placed(state, people)
        advice = look(state, hold), todo(hold, len(people))
        if session.json:
            now, before = deliveries(state, hold) if hold.kind == "record" else (None, None)
            rows = None if now is None else {"now": now.applied, "before": before and before.rows}
            whom = [{**_person(one), "division": places[one.policy, one.subject]} for one in people]
            words = [[text[session.language] for text in texts] for texts in advice]
            session.data({**_as_data(hold, people), "rows": rows, "people": whom, "look": words[0], "todo": words[1]})
            return
        why, where = held.about(state, hold), held.decided(hold, standing(hold, len(people)))
        session.say(Text(f"{id}（{hold.day} 起）：{why.zh}", f"{id} (since {hold.day}): {why.en}"), "bold")
        session.say(where)
        if people:
            session.say(held.lists(state, people))
            _people(session, state, people, places, limit)
        for heading, texts in zip((Text("该看什么", "What to look at"), Text("怎么办", "What to do")), advice, strict=True):
            session.say(heading, "bold")
            for text in texts:
                session.say(Text(f"  → {text.zh}", f"  → {text.en}"))


def _person(one: HeldBack) -> dict[str, Any]:
    return {"policy": one.policy, "subject": token(one.subject), "side": one.side, "told": one.told, "found": one.found}


def _people(session: Session, state: State, people: Sequence[HeldBack], places: dict[tuple[str, int], str | None], limit: int) -> None:
    """Who is held back, on which list: what was told of each, and what the rule says now."""
    from console.changes import titled

    language, titles = session.language, titled({one.policy for one in people}, state.registry, session.language)
    off = Text("不在名单上", "not listed")

    def word(status: str | None) -> str:
        return (off if status is None else STATUSES[status])[language]

    rows = (
        [token(one.subject), titles[one.policy], word(one.told), word(one.found), street(places[one.policy, one.subject], language)]
        for one in people[: limit or None]
    )
    columns = [
        Text("对象", "subject"), Text("名单", "list"), Text("已告知", "told"), Text("规则现在", "the rule now"), Text("街镇", "street")
    ]  # fmt: skip
    session.table(None, columns, rows)
    if limit and len(people) > limit:
        zh = f"共 {number(len(people))}，只显示前 {limit} 行；--limit 0 显示全部。"
        session.say(Text(zh, f"{number(len(people))} in all, only the first {limit} are shown; --limit 0 shows all."), "dim")


def release(context: typer.Context, id: Id, by: By, approved_by: Approved, reason: Reason) -> None:
    _decide(of(context), id, "release", by, approved_by, reason)


def reject(context: typer.Context, id: Id, by: By, approved_by: Approved, reason: Reason) -> None:
    _decide(of(context), id, "reject", by, approved_by, reason)


def _decide(session: Session, id: str, decision: str, by: str, approved_by: str, reason: str) -> None:
    """Two people's decision, and the lines it tells.

    Raises:
        HuiminError: no such hold, or no reason. Conflict: one person alone; it was released before, or rejected and is to be again.
    """
    from console.changes import told
    from policies.lifecycle import check_people
    from streams.messages import HoldDecided

    check_people(by, approved_by)
    if not reason.strip():
        raise HuiminError(Text("请写明理由（--reason）。", "Give the reason (--reason)."), 2)
    with held.submitting(session) as host:
        hold = _known(host.state, id)
        if hold.decision == "release":
            done = held.decided(hold, "released")
            raise Conflict(Text(f"{id} {done.zh}，不能再改。", f"{id} is {done.en}; that cannot be changed."))
        if hold.decision == decision:
            done = held.decided(hold, "rejected")
            raise Conflict(Text(f"{id} {done.zh}；仍可放行。", f"{id} is {done.en}; it can still be released."))
        changes = host.submit(HoldDecided(id, decision, reason, by, approved_by)).changes
        registry = host.state.registry
    if not session.json:
        words = Text(f"{id} 已放行。", f"{id} is released."), Text(f"{id} 已驳回，名单维持原样。", f"{id} is rejected; the lists stay.")
        session.say(words[decision == "reject"], "bold")
    told(session, changes, registry, {"hold": id, "decision": decision})


def _known(state: State, id: str) -> Hold:
    """The hold of this id.

    Raises:
        HuiminError: there is none; says which there are.
    """
    found = state.book.holds.get(id)
    if found is None:
        known = held.known(list(state.book.holds))
        raise HuiminError(Text(f"没有这个编号的暂缓。{known.zh}", f"There is no such hold. {known.en}"), 2)
    return found
