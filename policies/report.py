"""Collecting every problem of one document, each at its place.

The one idea: nothing stops at the first mistake; a problem is a code and words, the sentence comes from a table, the place from
the document. Whatever is found twice (a definition used twice) is told once. Source: compilers' diagnostics tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.document import Document, Path, path_text
from policies.problems import Invalid, Problem, Sentences, Word, sentence


class Reporter:
    """The problems found so far in one document.

    Args:
        document: where the places come from.
        sentences: the table of codes; each layer has its own.
    """

    def __init__(self, document: Document, sentences: Sentences) -> None:
        self._document = document
        self._sentences = sentences
        self._found: dict[tuple[str, int, int, str], Problem] = {}

    def add(self, code: str, path: Path, /, **words: Word) -> None:
        """Note a problem at a node."""
        self._note(code, path, self._document.position(path), words)

    def add_at_key(self, code: str, path: Path, /, **words: Word) -> None:
        """Note a problem at the key that leads to a node."""
        self._note(code, path, self._document.position(path, key=True), words)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything found, in the order of the document."""
        return tuple(sorted(self._found.values(), key=lambda p: (p.line, p.column, p.code)))

    @property
    def failed(self) -> bool:
        """Is any of it an error?"""
        return any(problem.severity == "error" for problem in self._found.values())

    def raise_errors(self) -> None:
        """Raise Invalid with everything found, where any of it is an error."""
        if self.failed:
            raise Invalid(self.problems)

    def _note(self, code: str, path: Path, place: tuple[int, int], words: Mapping[str, Word]) -> None:
        severity, text = sentence(self._sentences, code, words)
        problem = Problem(code, severity, self._document.file, *place, path_text(path), text)
        self._found.setdefault((code, *place, text.en), problem)
