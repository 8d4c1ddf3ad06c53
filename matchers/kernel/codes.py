"""Dictionaries of texts and divisions: each text has one code for as long as it is kept.

A code is a place in the list of texts. So a text that is taken out (``matchers.matrix.erasure``) leaves its place empty, and the others
keep their codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Codes:
    """A dictionary that only grows."""

    texts: list[str] = field(default_factory=list)
    of: dict[str, int] = field(default_factory=dict)

    def code(self, text: str) -> int:
        code = self.of.get(text)
        if code is None:
            code = self.of[text] = len(self.texts)
            self.texts.append(text)
        return code

    def empty(self, code: int) -> None:
        """Takes a text out; its code has no meaning any more and is never used again."""
        text, self.texts[code] = self.texts[code], ""
        if self.of.get(text) == code:
            del self.of[text]

    @classmethod
    def restore(cls, texts: Sequence[str]) -> Codes:
        """The dictionary that has these texts in their order."""
        return cls(list(texts), {text: code for code, text in enumerate(texts) if text})
