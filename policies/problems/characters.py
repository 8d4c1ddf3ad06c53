"""Characters that look like YAML's own and are others: what each is called, and what to type in its place.

Full-width forms come from a Chinese input method, long dashes and curly quotes from a word processor, spaces that no one sees from a web
page. Called by ``slips`` and ``unparsed``, which say where such a character is a mistake; in titles, labels and citations it is none.
``escaped`` is what a terminal or a log gets of any text: nothing in it moves the cursor, ends a line or turns the reading direction.
Source: Unicode 15, blocks *General Punctuation*, *CJK Symbols and Punctuation*, *Halfwidth and Fullwidth Forms*; UAX 9 (bidirectional
controls); ECMA-48 (escape sequences).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable

from policies.values import Text

OPENING, CLOSING = "“‘「『«＂＇", "”’」』»＂＇"
"""Quotes that YAML does not know."""
DASHES = "—–－―−‐‑‒"
BULLETS = "•●○▪■◆·・*＊"
COMMAS = "，、；﹐"
BRACKETS = {
    "｛": "{", "｝": "}", "［": "[", "］": "]", "【": "[", "】": "]", "〔": "[", "〕": "]",
    "（": "(", "）": ")", "〈": "<", "〉": ">", "《": "<", "》": ">",
}  # fmt: skip
BREAKS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""Line ends to some programs and not to others."""

_NAMES: dict[str, tuple[str, str]] = {
    "：": ("全角冒号", "a full-width colon"), "，": ("全角逗号", "a full-width comma"), "；": ("全角分号", "a full-width semicolon"),
    "、": ("顿号", "an enumeration comma"), "。": ("句号", "an ideographic full stop"), "．": ("全角句点", "a full-width full stop"),
    "“": ("中文左双引号", "a curly opening quote"), "”": ("中文右双引号", "a curly closing quote"),
    "‘": ("中文左单引号", "a curly opening single quote"), "’": ("中文右单引号", "a curly closing single quote"),
    "「": ("直角左引号", "an opening corner bracket"), "」": ("直角右引号", "a closing corner bracket"),
    "『": ("双直角左引号", "an opening white corner bracket"), "』": ("双直角右引号", "a closing white corner bracket"),
    "（": ("全角左圆括号", "a full-width opening parenthesis"), "）": ("全角右圆括号", "a full-width closing parenthesis"),
    "［": ("全角左方括号", "a full-width opening square bracket"), "］": ("全角右方括号", "a full-width closing square bracket"),
    "｛": ("全角左花括号", "a full-width opening brace"), "｝": ("全角右花括号", "a full-width closing brace"),
    "【": ("实心左方括号", "an opening lenticular bracket"), "】": ("实心右方括号", "a closing lenticular bracket"),
    "〔": ("六角左括号", "an opening tortoise shell bracket"), "〕": ("六角右括号", "a closing tortoise shell bracket"),
    "—": ("破折号", "an em dash"), "–": ("短破折号", "an en dash"), "－": ("全角连字符", "a full-width hyphen"),
    "―": ("横线", "a horizontal bar"),
    "−": ("数学减号", "a minus sign"), "‐": ("排版连字符", "a typographic hyphen"), "‑": ("不换行连字符", "a no-break hyphen"),
    "‒": ("数字线", "a figure dash"), "•": ("项目符号", "a bullet"), "·": ("间隔号", "a middle dot"), "…": ("省略号", "an ellipsis"),
    "\u00a0": ("不换行空格(U+00A0)", "a no-break space (U+00A0)"), "\u3000": ("全角空格(U+3000)", "a full-width space (U+3000)"),
    "\u200b": ("零宽空格(U+200B)", "a zero-width space (U+200B)"), "\u200c": ("零宽不连字(U+200C)", "a zero-width non-joiner (U+200C)"),
    "\u200d": ("零宽连字(U+200D)", "a zero-width joiner (U+200D)"), "\u2060": ("零宽连接符(U+2060)", "a word joiner (U+2060)"),
    "\ufeff": ("字节顺序标记(U+FEFF)", "a byte order mark (U+FEFF)"), "\u2028": ("行分隔符(U+2028)", "a line separator (U+2028)"),
    "\u2029": ("段分隔符(U+2029)", "a paragraph separator (U+2029)"), "\x0b": ("垂直制表符(U+000B)", "a vertical tab (U+000B)"),
    "\x0c": ("换页符(U+000C)", "a form feed (U+000C)"), "\x85": ("下一行符(U+0085)", "a next-line character (U+0085)"),
}  # fmt: skip
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""Controls, format characters, line ends, surrogates and fillers; not the selectors of a glyph's variant, which names have."""


class EscapedLines(str):
    """A text whose line ends are meant, made by ``lines``: what each line holds is escaped already."""

    __slots__ = ()


def lines(parts: Iterable[str]) -> EscapedLines:
    """Some texts, one under the other; of those that are lines themselves the line ends stay.

    Example:
        >>> lines(["a", "b\\nc"]).split("\\n")
        ['a', 'b\\\\nc']
    """
    return EscapedLines("\n".join(escaped_text(part) for part in parts))


def escaped_text(text: str) -> str:
    r"""The text as a terminal or a log may get it, on one line: what nobody sees is written as Python writes it.

    Example:
        >>> escaped("a\x1b[2J\nb")
        'a\\x1b[2J\\nb'
    """
    return text if isinstance(text, EscapedLines) else _UNSEEN.sub(_escape, text)


def escaped_json(text: str) -> str:
    """JSON text with what nobody sees as JSON writes it; its own line ends stay.

    Example:
        >>> escaped_json('["\u202e"]')
        '["\\\\u202e"]'
    """
    return _UNSEEN.sub(lambda match: match[0] if match[0] == "\n" else json.dumps(match[0])[1:-1], text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def is_space(character: str) -> bool:
    """A space that YAML takes for text."""
    return character != " " and unicodedata.category(character) == "Zs"


def is_hidden(character: str) -> bool:
    """A character of no width."""
    return unicodedata.category(character) in ("Cf", "Cc") and character not in "\t\n\r"


def is_odd(character: str) -> bool:
    """Would somebody take it for another character, or not see it at all?"""
    return not character.isascii() and (
        is_space(character)
        or is_hidden(character)
        or "\uff01" <= character <= "\uff5e"
        or character in OPENING + CLOSING + DASHES + BULLETS + COMMAS + "。…≥≤≠×÷￥¥"
        or character in BRACKETS
    )


def has_words(text: str) -> bool:
    """Does it hold Chinese words, so that Chinese punctuation may be meant?"""
    return re.search("[\u3400-\u4dbf\u4e00-\u9fff]", text) is not None


def plain(text: str) -> str:
    """The text in ASCII where there is a character for it: full-width forms, dashes, quotes and spaces; hidden characters left out.

    Example:
        >>> plain("“３１０１０７”"), plain("2026－10－01")
        ('"310107"', '2026-10-01')
    """
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if is_hidden(character):
        return ""
    if is_space(character):
        return " "
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    for group, instead in ((OPENING + CLOSING, '"'), (DASHES, "-"), ("，、﹐", ","), ("。", ".")):
        if character in group:
            return instead
    return BRACKETS.get(character, character)


def character_name(character: str) -> Text:
    """A character in plain words, with itself where it can be seen.

    Example:
        >>> called("：")
        Text(zh='全角冒号“：”', en='a full-width colon “：”')
    """
    is_visible = not (is_space(character) or is_hidden(character) or character.isspace())
    zh, en = _NAMES.get(character) or _otherwise(character)
    if character in OPENING + CLOSING:
        return Text(f"{zh} {character}", f"{en} {character}")
    return Text(f"{zh}“{character}”", f"{en} “{character}”") if is_visible else Text(zh, en)


def _otherwise(character: str) -> tuple[str, str]:
    point = f"U+{ord(character):04X}"
    if is_space(character):
        return f"特殊空格({point})", f"a special space ({point})"
    if is_hidden(character) or unicodedata.category(character)[0] == "C":
        return f"看不见的控制字符({point})", f"an invisible character ({point})"
    if "\uff10" <= character <= "\uff19":
        return "全角数字", "a full-width digit"
    if "\uff21" <= character <= "\uff5a" and character.isalpha():
        return "全角字母", "a full-width letter"
    return ("全角符号", "a full-width sign") if "\uff01" <= character <= "\uff5e" else ("中文或特殊符号", "a special sign")
