"""A problem of a document as a result: its place, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.problems.problems import Problem, Severity
from services.results import Sentence


@dataclass(frozen=True, slots=True)
class ReportedProblem:
    """A problem in a document, at its place.

    Args:
        code: the kind of problem, such as field-unknown.
        path: the node in the document, such as criteria.all[2].op.
        message: what happened, what was expected, how to mend it.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    path: str
    message: Sentence


def reported_problems(problems: Iterable[Problem]) -> list[ReportedProblem]:
    """Problems as results."""
    return [ReportedProblem(p.code, p.severity, p.file, p.line, p.column, p.path, p.text) for p in problems]
