"""Collecting every problem of one document, each at its place.

Checking does not stop at the first mistake. A problem is a code and words: the sentence comes from a table, the place from the document. A
problem that comes up twice (a definition used twice) is reported once. Source: compilers' diagnostics tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.problems.problems import Invalid, Problem, Sentences, Word, sentence
from policies.problems.sentences_yaml import SLIPS
from policies.values import Text
from policies.yaml.document import Document, Path, path_text
from policies.yaml.slips import independent_problems, problem_or_slip


class Reporter:
    """The problems found so far in one document.

    Args:
        document: where the places come from.
        sentences: the table of codes; each layer has its own.
    """

    def __init__(self, document: Document, sentences: Sentences) -> None:
        self.document = document
        self._sentences = sentences
        self._found: dict[tuple[str, int, int, str], Problem] = {}

    def add(self, code: str, path: Path, /, **words: Word) -> None:
        """Note a problem at a node."""
        self._note(code, path, False, words)

    def add_at_key(self, code: str, path: Path, /, **words: Word) -> None:
        """Note a problem at the key that leads to a node."""
        self._note(code, path, True, words)

    def add_slip(self, path: Path) -> bool:
        """Note the slip of typing that the value at a node shows; was there one?"""
        line, column = self.document.position(path)
        plain_problem = Problem("literal-type", "error", self.document.file, line, column, path_text(path), Text("", ""))
        problem = problem_or_slip(self.document, plain_problem, path, False)
        if problem is plain_problem:
            return False
        self._found.setdefault((problem.code, problem.line, problem.column, problem.text.en), problem)
        return True

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything found, in the order of the document."""
        return tuple(sorted(independent_problems(self._found.values()), key=lambda p: (p.line, p.column, p.code)))

    @property
    def count(self) -> int:
        """How many were noted."""
        return len(self._found)

    @property
    def has_errors(self) -> bool:
        """Is any of it an error?"""
        return any(problem.severity == "error" for problem in self._found.values())

    def raise_errors(self) -> None:
        """Raise Invalid with everything found, where any of it is an error."""
        if self.has_errors:
            raise Invalid(self.problems)

    def _note(self, code: str, path: Path, key: bool, words: Mapping[str, Word]) -> None:
        severity, text = sentence(self._sentences if code in self._sentences else SLIPS, code, words)
        place = self.document.position(path, key)
        problem = problem_or_slip(self.document, Problem(code, severity, self.document.file, *place, path_text(path), text), path, key)
        self._found.setdefault((problem.code, problem.line, problem.column, problem.text.en), problem)
