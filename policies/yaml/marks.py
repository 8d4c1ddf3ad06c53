"""Slips of typing that a piece of text shows by itself: odd characters, keys with a full-width colon, signs for operators.

Called by ``unparsed`` for a text that is no YAML, and by ``slips`` for a scalar that does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policies.problems.characters import (
    BRACKETS,
    BULLETS,
    CLOSING,
    COMMAS,
    DASHES,
    OPENING,
    character_name,
    is_hidden,
    is_odd,
    is_space,
    plain,
)
from policies.problems.problems import Word
from policies.values import Text

_SIGNS = {
    "ge": Text("不低于，含本数", "at least"), "le": Text("不高于，含本数", "at most"), "gt": Text("超过，不含本数", "more than"),
    "lt": Text("低于，不含本数", "less than"), "eq": Text("等于", "is"), "ne": Text("不等于", "is not"),
    "in": Text("属于列表之一", "is one of"), "not_in": Text("不属于列表", "is none of"), "within": Text("位于区划内", "lies in"),
}  # fmt: skip
_OPERATORS = {word: op for op, words in {
    "ge": ">= => ≥ >== gte geq 大于等于 大于或等于 不低于 不小于 不少于 至少 以上 及以上",
    "le": "<= =< ≤ lte leq 小于等于 小于或等于 不高于 不大于 不超过 不多于 至多 以下 及以下", "gt": "> >> 大于 超过 高于 多于 晚于",
    "lt": "< << 小于 低于 少于 不满 不足 未满 早于", "eq": "= == === is 等于 是 为", "ne": "!= <> ≠ =/= neq 不等于 不是",
    "in": "属于 包含于 one_of",
    "not_in": "不属于 notin not-in none_of", "within": "位于 在",
}.items() for word in words.split()}  # fmt: skip
"""How people write a comparison."""
_WORDS = {
    "个人": "person", "居民": "person", "家庭": "household", "户": "household", "住房": "dwelling", "房屋": "dwelling", "惠及": "benefit",
    "负担": "burden", "有": "some", "没有": "none", "无": "none", "全部": "all", "个数": "count", "是": "yes", "否": "no", "y": "yes",
    "n": "no",     "true": "yes", "false": "no", "待定": "unknown", "未知": "unknown", "符合": "eligible", "待核实": "to_check",
    "缺证据": "needs_evidence",
    "协作单位": "cooperating", "成员单位": "member", "一条": "one", "多条": "many", "gbk": "gb18030", "gb2312": "gb18030",
    "ansi": "gb18030",
    "utf8": "utf-8", "excel": "xlsx", "文字": "text", "文本": "text", "代码": "enum", "枚举": "enum", "整数": "int", "小数": "decimal",
    "金额": "decimal", "日期": "date", "区划": "division",
}  # fmt: skip
"""Words people write for the one a form knows."""
COLON = Text("半角冒号“:”，后面空一格", 'an ASCII colon ":" with a space behind it')
KEY_HEAD = re.compile(r"""[—–－-]?[｛［【（]?["']?[A-Za-z_][\w.-]*["']?\s*(?P<colon>：)""")
_TYPED_SO = re.compile(
    r"""[｛｝［］]|(?<=[A-Za-z0-9_])：|[，、；](?=\s*["']?[A-Za-z_][\w.-]*["']?\s*[:：])|(?<=[A-Za-z0-9_"”］])[，、](?=\s*[A-Za-z0-9_"“])"""
    r"""|[“‘「](?=[!-~]+[”’」])|(?<=[!-~])[”’」]"""
)


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip of typing: where it stands in the text, and the code and words of its sentence."""

    at: int
    code: str
    words: Mapping[str, Word]


def odd_characters(source: str, start: int) -> Iterator[Slip]:
    """Every run of characters in a scalar that are not what they look like."""
    at = 0
    while at < len(source):
        end = at + 1
        if is_odd(source[at]):
            while end < len(source) and is_odd(source[end]) and _alike(source[at], source[end]):
                end += 1
            yield odd(source[at:end], start + at, first=not source[:at].strip())
        at = end


def _alike(first: str, second: str) -> bool:
    """Are both letters or digits, or both such as nobody sees?"""
    unseen = [is_space(character) or is_hidden(character) for character in (first, second)]
    return all(unseen) or (not any(unseen) and first.isalnum() and second.isalnum())


def odd(run: str, at: int, first: bool = False) -> Slip:
    """The slip of one such character, or of several letters or digits.

    Args:
        first: it begins its scalar, so a dash may be meant for that of a list.
    """
    character = run[0]
    if is_space(character):
        return Slip(at, "odd-space", {"char": character_name(character)})
    if is_hidden(character):
        return Slip(at, "hidden-character", {"char": character_name(character)})
    name = character_name(character)
    if len(run) > 1:
        name = Text(name.zh.replace(character, run), name.en.replace(character, run))
    return Slip(at, "odd-character", {"char": name, "instead": _instead(run, first)})


def _instead(run: str, first: bool) -> Text:
    character = run[0]
    if character == "：":
        return COLON
    if character in COMMAS:
        return Text("半角逗号“,”，后面空一格", 'an ASCII comma "," with a space behind it')
    if character in OPENING + CLOSING:
        return Text('英文双引号 "，前后成对换掉', 'a straight quote ", at both ends')
    if character in DASHES + BULLETS and first:
        return Text("半角连字符“-”，后面空一格", 'an ASCII hyphen "-" with a space behind it')
    typed = plain(run)
    if character in BRACKETS:
        return Text(
            f"半角括号“{typed}”，另一半如果也是全角，一并换掉", f'ASCII "{typed}", and the other one of the pair if it is full-width, too'
        )
    if typed == run:
        return Text("半角的字符", "the ASCII character")
    return Text(f"半角{'连字符' if character in DASHES else '的'}“{typed}”", f'ASCII "{typed}"')


def key_head(source: str, start: int) -> Iterator[Slip]:
    """Full-width colons behind a key, and whatever else of that line was typed so: ``title：｛zh：名称，en：title｝``."""
    for line in re.finditer(r"[^\n]+", source):
        lead = len(line[0]) - len(line[0].lstrip())
        head = KEY_HEAD.match(line[0], lead)
        if head is not None:
            yield odd("：", start + line.start() + head.start("colon"))
            for match in _TYPED_SO.finditer(line[0], head.end()):
                yield odd(match[0], start + line.start() + match.start())


def json_slip(line: str, at: int) -> Slip:
    """Why a line is no JSON: its first odd character outside strings, or what stands where the parser gave up.

    Args:
        at: where it gave up, as a position in the line.
    """
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', lambda string: " " * len(string[0]), line)
    slip = next(iter(odd_characters(outside, 0)), None)
    if slip is not None:
        return slip
    character, before = line[at : at + 1], line[:at].rstrip()
    if character == "'":
        return Slip(at, "json-quotes", {})
    if character in "}]" and before.endswith(","):
        return Slip(len(before) - 1, "json-comma", {})
    return Slip(min(at, max(len(line) - 1, 0)), "json-syntax", {})


def word_for(value: object, choices: Iterable[str]) -> str | None:
    """The word of a form that another one stands for, in Chinese or in other letters; None where it stands for none.

    Example:
        >>> word_for("个人", ["person", "household"]), word_for("CSV", ["csv"]), word_for(True, ["yes", "no"])
        ('person', 'csv', 'yes')
    """
    word = str(value).lower()
    return next((choice for choice in choices if choice in (word, _WORDS.get(word)) and choice != value), None)


def operator(sign: str, at: int) -> Slip | None:
    """The slip of a sign such as ``>=`` or 不低于 in the place of an operator; None where it means none.

    Example:
        >>> operator("≥", 7).words["typed"]
        'ge'
    """
    typed = _OPERATORS.get(sign) or _OPERATORS.get(plain(sign).strip().lower())
    return None if typed is None else Slip(at, "operator-form", {"given": sign, "typed": typed, "meaning": _SIGNS[typed]})
