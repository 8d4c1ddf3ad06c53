"""``huimin policy needs``: what a draft needs from each unit, or a letter to each unit that owes records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.cli.session import Session
from console.text.letters import letters
from console.text.needs import COVERAGE_COLUMNS, NEED_COLUMNS, coverage_rows, need_row
from policies.problems.characters import lines
from policies.values import Text

if TYPE_CHECKING:
    from services.policies.needs import PolicyNeeds


def show_needs(session: Session, needs: PolicyNeeds) -> None:
    """Print the needs as tables."""
    title, language = needs.definition.title, session.language
    session.say(Text(f"{title.zh} 需要的记录（{needs.due} 前）", f"{title.en}: the records it needs (by {needs.due})"), "bold")
    session.table(None, NEED_COLUMNS, (need_row(need, needs.catalogue, language) for need in needs.needs), right=(6,))
    if rows := coverage_rows(needs, language):
        session.table(Text("还缺的覆盖声明", "Coverage still missing"), COVERAGE_COLUMNS, rows, right=(5,))
    for question in needs.checks:
        text = question.text
        session.say(Text(f"没有记录能回答、须人工核实：{text.zh}", f"No record answers this, a person must ask: {text.en}"))


def show_letters(session: Session, needs: PolicyNeeds) -> None:
    """Print a letter to each unit that owes records, in both languages."""
    texts = letters(needs)
    if not texts:
        session.say(Text("各单位的记录都已具备，无须去函。", "Everything is there: no letters are needed."), "green")
    for text in texts:
        session.console().print(lines([text.zh, "", text.en, ""]), soft_wrap=True)
        session.console().rule(style="dim")
