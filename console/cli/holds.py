"""Verbs about holds: holds list, show, release, reject.

``show`` names the people concerned, their status on the list, their status by the rule now, and what to ask the unit. Two people decide.
Source: docs/en/semantics.md, "Holding back".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from console.cli.changes import show_changes
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.holds import event_text, lists_text, standing_text
from console.text.words import STATUSES, number, street, token
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.hold_decisions import HoldDetails
    from services.lists.holds import HoldSummary

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
    from services.lists.holds import HoldSummary, holds

    session = session_of(context)
    listing = holds(session.workspace(), every)
    if session.print_json(listing.holds, tuple[HoldSummary, ...]):
        return
    if not listing.holds:
        session.say(_nothing(listing.past))
        return
    columns = [Text("编号", "id"), Text("事由", "about"), Text("自", "since"), Text("暂缓的变动", "held back"), Text("决定", "decision")]
    session.table(None, columns, (_row(hold, session.language) for hold in listing.holds), whole=(2,))


def _nothing(past: int) -> Text:
    if not past:
        return Text("没有暂缓的变动。", "Nothing is held back.")
    zh = f"没有暂缓的变动；以前有过 {past} 次，用 --all 列出。"
    return Text(zh, f"Nothing is held back; there were {past} before, see --all.")


def _row(hold: HoldSummary, language: str) -> list[str]:
    words = event_text(hold.event), lists_text(hold.lists), standing_text(hold)
    why, whom, decision = (text[language] for text in words)
    return [hold.hold, why, hold.since.isoformat(), whom or "—", decision]


def show(context: typer.Context, id: Id, limit: Limit = 40) -> None:
    from console.text.hold_advice import hold_in_words
    from services.lists.hold_decisions import hold_details

    session = session_of(context)
    hold = hold_in_words(hold_details(session.workspace(), id))
    if session.print_json(hold):
        return
    why = event_text(hold.event)
    session.say(Text(f"{id}（{hold.since} 起）：{why.zh}", f"{id} (since {hold.since}): {why.en}"), "bold")
    session.say(standing_text(hold))
    if hold.people:
        session.say(lists_text(hold.lists))
        _people(session, hold, limit)
    for heading, texts in ((Text("该看什么", "What to look at"), hold.look), (Text("怎么办", "What to do"), hold.todo)):
        session.say(heading, "bold")
        for text in texts:
            session.say(Text(f"  → {text.zh}", f"  → {text.en}"))


def _people(session: Session, hold: HoldDetails, limit: int) -> None:
    """Print a table of the people held back: list, status as told, and status by the rule now."""
    from services.lookup import division_names

    language, people, places = session.language, hold.people, division_names(session.workspace)
    off = Text("不在名单上", "not listed")

    def word(status: str | None) -> str:
        return (off if status is None else STATUSES[status])[language]

    rows = (
        [
            token(person.subject),
            hold.titles[person.policy][language],
            word(person.told),
            word(person.found),
            street(person.division, places, language),
        ]
        for person in people[: limit or None]
    )
    columns = [
        Text("对象", "subject"), Text("名单", "list"), Text("已告知", "told"), Text("规则现在", "the rule now"), Text("街镇", "street")
    ]  # fmt: skip
    session.table(None, columns, rows)
    if limit and len(people) > limit:
        zh = f"共 {number(len(people))}，只显示前 {limit} 行；--limit 0 显示全部。"
        session.say(Text(zh, f"{number(len(people))} in all, only the first {limit} are shown; --limit 0 shows all."), "dim")


def release(context: typer.Context, id: Id, by: By, approved_by: Approved, reason: Reason) -> None:
    _decide(session_of(context), id, "release", by, approved_by, reason)


def reject(context: typer.Context, id: Id, by: By, approved_by: Approved, reason: Reason) -> None:
    _decide(session_of(context), id, "reject", by, approved_by, reason)


def _decide(session: Session, id: str, decision: Literal["release", "reject"], by: str, approved_by: str, reason: str) -> None:
    """Record the decision of two people, and print the lines that it causes."""
    from services.lists.hold_decisions import decide_hold

    decided = decide_hold(session.workspace(), id, decision, by, approved_by, reason, hold_warner(session))
    if not session.json:
        words = Text(f"{id} 已放行。", f"{id} is released."), Text(f"{id} 已驳回，名单维持原样。", f"{id} is rejected; the lists stay.")
        session.say(words[decision == "reject"], "bold")
    show_changes(session, decided)
