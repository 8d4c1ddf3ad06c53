"""One pass over the text of a document: its plain scalars, and the brackets, quotes, tabs and comments that do not fit.

Called by ``unparsed`` for a text that the parser gave up on, so it forgives: a line is read by itself where the one above was broken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from policies.problems.problems import Word
from policies.yaml.marks import Slip

_OTHER = {"{": "}", "[": "]", "}": "{", "]": "["}
KEY_LINE = re.compile(r"""(?:- +)*["']?[\w.-]+["']?\s*[:：](?=\s|$)""")
_BLOCK = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])[ \t]*(?:#.*)?$", re.MULTILINE)
_IN_BLOCK = re.compile(r"(?:(?!:(?:\s|$)|[ \t]#|\n).)+", re.DOTALL)
_IN_FLOW = re.compile(r"(?:(?!:(?:[\s,\[\]{}]|$)|[ \t]#|[,\[\]{}\n]).)+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A plain scalar: where it stands.

    Args:
        first: it begins its line, or the entry of a list. key: a key may stand here.
        flow: inside brackets. colon: a colon follows.
        glued: it follows a quote or bracket without a separator. of: the key whose value it is.
    """

    start: int
    source: str
    first: bool
    key: bool
    flow: bool
    colon: bool
    glued: bool
    of: str


@dataclass(slots=True)
class Scan:
    """One pass over the text: its plain scalars, and where brackets, quotes and tabs do not fit."""

    text: str
    tokens: list[Token] = field(default_factory=list)
    notes: list[Slip] = field(default_factory=list)
    opens: list[tuple[int, str, int]] = field(default_factory=list)
    block: int | None = None
    of: str = ""

    def run(self) -> None:
        """Scan line by line; a quoted scalar may take several."""
        at = 0
        while at < len(self.text):
            at = self._line(at)
        for start, bracket, _ in self.opens:
            self.notes.append(Slip(start, "bracket-open", {"bracket": bracket, "other": _OTHER[bracket]}))
        self.notes.sort(key=lambda note: note.at)

    def _line(self, at: int) -> int:
        end = line_end(self.text, at)
        line = self.text[at:end]
        indent = len(line) - len(line.lstrip(" "))
        if self.block is not None and (not line.strip() or indent > self.block):
            return end + 1
        self.block = None
        lead = len(line) - len(line.lstrip(" \t"))
        if "\t" in line[:lead] and line.strip() and not line.lstrip().startswith("#"):
            self.notes.append(Slip(at + line.index("\t"), "tab", {}))
        if self.opens and indent <= self.opens[-1][2] and KEY_LINE.match(line[lead:]):
            start, bracket, _ = self.opens[-1]
            self.notes.append(Slip(start, "bracket-open", {"bracket": bracket, "other": _OTHER[bracket]}))
            self.opens.clear()
        return self._content(at + lead, at, indent)

    def _content(self, at: int, line: int, indent: int) -> int:
        """From the first character of a line to the start of the next."""
        first, key, glued = True, True, False
        while at < len(self.text) and self.text[at] != "\n":
            c, following = self.text[at], self.text[at + 1 : at + 2]
            if c in " \t":
                at += 1
            elif c == "#" and (at == line or self.text[at - 1] in " \t"):
                self._comment(at)
                return line_end(self.text, at) + 1
            elif first and not self.opens and c == "-" and following in ("", " ", "\n"):
                at += 1
            elif c in "\"'" and not glued:
                at = self._quoted_scalar(at)
                first, glued = False, True
            elif c in "{[" and (self.opens or not glued):
                self.opens.append((at, c, indent))
                at, first, key, glued = at + 1, False, True, False
            elif c in "}]":
                self._close(at, c)
                at, first, key, glued = at + 1, False, False, True
            elif c == "," and self.opens:
                at, first, key, glued = at + 1, False, True, False
            elif c == ":" and (following in ("", " ", "\t", "\n") or self.opens):
                at, first, key, glued = at + 1, False, False, False
            elif c in "|>" and not self.opens and not key and _BLOCK.match(self.text, at) and self.of != "op":
                self.block = indent
                return line_end(self.text, at) + 1
            else:
                at = self._plain(at, first, key, glued)
                first, glued = False, False
        return at + 1

    def _plain(self, at: int, first: bool, key: bool, glued: bool) -> int:
        match = (_IN_FLOW if self.opens else _IN_BLOCK).match(self.text, at)
        end = at + 1 if match is None else match.end()
        source = self.text[at:end].rstrip(" \t")
        colon = self.text[end : end + 1] == ":"
        self.tokens.append(Token(at, source, first, key, bool(self.opens), colon, glued, self.of))
        if colon or key:
            self.of = source if colon else ""
        return end

    def _comment(self, at: int) -> None:
        rest = self.text[at : line_end(self.text, at)]
        if self.opens and re.search(r"[}\]]", rest) and re.match(r"#\S", rest):
            self.notes.append(Slip(at, "comment-cuts", {}))
            self.opens.clear()

    def _quoted_scalar(self, at: int) -> int:
        quote = self.text[at]
        pattern = r'(?:[^"\\]|\\.)*"' if quote == '"' else r"(?:[^']|'')*'"
        match = re.compile(pattern, re.DOTALL).match(self.text, at + 1)
        if match is None or _swallows(self.text[at : match.end()]):
            self.notes.append(Slip(at, "quote-open", {}))
            self.opens.clear()
            return line_end(self.text, at)
        return match.end()

    def _close(self, at: int, bracket: str) -> None:
        if not self.opens:
            self.notes.append(Slip(at, "bracket-extra", {"bracket": bracket}))
            return
        start, opening, _ = self.opens.pop()
        if opening != _OTHER[bracket]:
            line, column = place(self.text, start)
            words: dict[str, Word] = {"bracket": bracket, "line": line, "column": column, "first": opening, "other": _OTHER[opening]}
            self.notes.append(Slip(at, "bracket-other", words))


def _swallows(source: str) -> bool:
    """Does a quoted text run over lines that look like keys?"""
    return any(KEY_LINE.match(line.strip()) for line in source.split("\n")[1:])


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column of a position, from 1."""
    before = text[:at]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
