"""The preview of a policy on the terminal: a funnel of its criteria, and how many would be listed in each street."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.cli.policy_diff import show_comparison
from console.cli.session import Session
from console.cli.terminal import EscapedText
from console.text.previews import listed_table, preview_in_words, sparse_words, stage_words, undelivered_words
from console.text.words import number
from policies.values import Text

if TYPE_CHECKING:
    from services.policies.preview import PolicyPreview

BAR = 30


def show_preview(session: Session, preview: PolicyPreview) -> None:
    """Print the funnel, the streets, and the differences from the version in force."""
    for note in undelivered_words(preview):
        session.warn(note)
    if session.json:
        session.print_json(preview_in_words(preview, session.language))
        return
    _draw_funnel(session, preview)
    if preview.streets:
        columns, rows = listed_table(preview, session.language)
        session.table(Text("将上名单", "Would be listed"), columns, rows, right=range(1, len(columns)))
    else:
        session.say(Text("没有人会上名单。", "Nobody would be listed."), "yellow")
    for note in sparse_words(preview):
        session.say(note, "yellow")
    if preview.difference is not None and preview.difference.alike:
        session.say(Text("与现行版本相比：0 进入，0 离开。", "Against the version in force: 0 would enter, 0 would leave."), "bold")
    elif preview.difference is not None:
        show_comparison(session, preview.difference)
    if preview.definition.direction == "burden":
        session.say(Text("这是一项检查：待定的对象不上名单。", "This is an inspection: those unknown are not listed."), "dim")


def _draw_funnel(session: Session, preview: PolicyPreview) -> None:
    from rich.table import Table

    language, everybody = session.language, preview.in_scope
    title = preview.definition.title[language]
    table = Table(title=title, box=None, title_justify="left", title_style="bold", pad_edge=False, padding=(0, 1))
    for heading, justify in (
        (Text("条件", "criterion"), "left"),
        (Text("条文", "article"), "left"),
        (Text("符合", "pass"), "right"),
        (Text("待定", "unknown"), "right"),
        (Text("", ""), "left"),
    ):
        table.add_column(heading[language], justify=justify, overflow="fold")  # type: ignore[arg-type]  # a literal of two
    table.add_row(Text("范围内全体", "everybody in scope")[language], "", number(everybody), "", _bar(everybody, 0, everybody))
    for stage, (label, clause) in zip(preview.funnel, stage_words(preview), strict=True):
        name = EscapedText(label[language])
        table.add_row(
            name.below(f"  {clause[language]}", style="dim") if clause[language] else name,
            EscapedText(stage.cite or ""),
            number(stage.yes),
            number(stage.unknown) if stage.unknown else "",
            _bar(stage.yes, stage.unknown, everybody),
        )
    session.console().print(table)


def _bar(yes: int, unknown: int, everybody: int) -> EscapedText:
    """A bar of solid (yes) and light (unknown) blocks; a count above zero has at least one block."""

    def length(count: int) -> int:
        return 0 if not count else max(1, round(BAR * count / max(everybody, 1)))

    bar = EscapedText("█" * length(yes), style="green")
    bar.append("░" * length(unknown), style="yellow")
    return bar
