"""An explanation on the terminal: the criteria as a tree, in the order of the document, the deciding ones in bold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from console.cli.session import Session
from console.text.explanations import (
    ExplanationInWords,
    answer_lines,
    coverage_text,
    erased_text,
    explanation_in_words,
    headline,
    merged_text,
    open_points,
    record_text,
    until_text,
)
from console.text.holds import beside
from console.text.outcomes import mark_text, outcome_text
from console.text.words import MARKS, STILL_YES, STYLES
from policies.values import Text
from services.lists.explanations import ErasedSubject, SubjectExplanation

if TYPE_CHECKING:
    from console.text.explanations import CriterionInWords


def show_explanation(session: Session, result: SubjectExplanation | ErasedSubject, heading: Text | None = None) -> None:
    """Print an explanation: the verdict, its criteria, what is missing, and until when it holds; or as JSON.

    Args:
        heading: a sentence to print first.
    """
    if isinstance(result, ErasedSubject):
        if not session.print_json(result):
            session.say(erased_text(result))
        return
    explanation = explanation_in_words(result)
    if session.print_json(explanation):
        return
    if heading is not None:
        session.say(heading, "bold")
    draw_explanation(session, explanation)


def draw_explanation(session: Session, explanation: ExplanationInWords) -> None:
    """Draw an explanation on the terminal."""
    session.say(headline(explanation), "bold")
    if (status := explanation.held) is not None:
        session.say(beside(status.hold, status.event, status.told), "yellow")
    if explanation.outcome is not None:
        session.say(outcome_text(explanation.outcome), "yellow")
    if explanation.reported is not None:
        session.say(mark_text(explanation.reported), "yellow")
    if explanation.criteria is None:
        if explanation.merged_into is not None:
            session.say(merged_text(explanation.merged_into), "yellow")
        return
    session.console(stderr=session.json).print(_tree(explanation, explanation.criteria, session.language))
    for line in answer_lines(explanation):
        session.say(line, "dim")
    for line in open_points(explanation):
        session.say(line, "yellow")
    if explanation.still_yes:
        session.say(STILL_YES, "green")
    session.say(until_text(explanation.until))


def _tree(explanation: ExplanationInWords, criteria: CriterionInWords, language: str) -> Any:
    """The criteria as a tree for the terminal."""
    from rich.tree import Tree

    from console.cli.terminal import EscapedText

    root = Tree(_line(criteria, language), guide_style="dim")

    def grow(of: CriterionInWords, under: Any) -> None:
        for record in of.records:
            under.add(EscapedText(record_text(record, explanation.catalogue)[language], style="dim"))
        for statement in of.coverage:
            under.add(EscapedText(coverage_text(statement, explanation.catalogue)[language], style="dim"))
        for child in of.criteria:
            grow(child, under.add(_line(child, language)))

    grow(criteria, root)
    return root


def _line(criterion: CriterionInWords, language: str) -> Any:
    """A criterion as a line: its label, article and comparison; below its label, what it tests."""
    from console.cli.terminal import EscapedText

    letter = criterion.truth
    line = EscapedText(f"{MARKS[letter]} {letter} ", style=STYLES[letter])
    label, tests, words = criterion.label and criterion.label[language], criterion.tests[language], criterion.words[language]
    line.append(label or tests, style="bold" if criterion.matters else "dim")
    line.append(f"  {criterion.cite}" if criterion.cite else "", style="magenta")
    line.append(f"  {words}" if words else "", style="cyan")
    if criterion.negated:
        line.append(Text("  （此条成立则不符合）", "  (counts against)")[language], style="dim")
    return line.below(tests, style="dim") if label else line
