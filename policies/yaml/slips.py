"""Slips of typing in a value or key that does not fit: a full-width character, ``>=``, ``2,000``, ``2026/10/1``.

Called where a problem of a document is noted (``policies.yaml.report``, ``connectors.contracts.reporting``). Where the scalar shows a
slip, the slip is reported instead, at the character itself. Only scalars that failed are looked at, so Chinese punctuation in titles is
never blamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from policies.problems.characters import character_name, has_words, is_odd, plain
from policies.problems.problems import Problem, sentence
from policies.problems.sentences_yaml import SLIPS
from policies.values import Text
from policies.yaml.document import Document, Path, path_text
from policies.yaml.marks import Slip, key_head, odd_characters, operator
from policies.yaml.parse_failures import slips_in_text
from policies.yaml.scan import place

_PERIODS = ("max_age", "within_last", "at_least_ago", "expected_every", "late_after")
_UNITS = {"年": "Y", "个月": "M", "月": "M", "周": "W", "星期": "W", "天": "D", "日": "D",
          "years": "Y", "year": "Y", "months": "M", "month": "M",
          "weeks": "W", "week": "W", "days": "D", "day": "D",
          "y": "Y", "m": "M", "w": "W", "d": "D", "": "D"}  # fmt: skip
_EVERY = {"年": "1Y", "季": "3M", "季度": "3M", "月": "1M", "周": "1W", "天": "1D", "日": "1D"}
_PERIOD = re.compile(r"[Pp]?(\d{1,5})\s*([\w]*?)")
_DAY = re.compile(r"((?:19|20)\d\d)(?:\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?|(\d\d)(\d\d))")
_NUMBER = re.compile(
    r"(?P<sign>[-+]?)\s*(?P<mark>[¥￥$]?)\s*(?P<digits>\d{1,3}(?:[,' _]\d{3})+|\d+,\d+|\d+)(?P<part>\.\d+)?\s*(?P<times>[万亿千百]?)\s*"
    r"(?P<unit>%|[一-鿿㎡/]{1,6}|m2|CNY|yuan|RMB)?(?:以上|以下|及以上|及以下)?"
)
_TIMES = {"": 1, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_GLUED = re.compile(r"\s*(?P<key>[A-Za-z_][\w.-]*):(?!//)(?=[^\s:])")
_DIVISION = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\d{3}){0,2})?)?")
_LONGEST = 2_000
_SHAPES = ("list-brackets", "map-wanted", "word-form", "text-quotes")
"""Slips of the whole value; one of its characters says more."""
_NO_VALUE = re.compile(r"\s*:[ \t]+(?P<mark>#)\S")
_GAP = re.compile(r"(?P<first>[A-Za-z_][\w.]*) [A-Za-z_][\w. ]*")
_DAYS = ("from", "to", "published", "as_of", "complete_to", "until", "before", "after")
_COMMENT = re.compile(r"(?:^|\s)(?P<mark>//|/\*|<!--|--(?=\s)|；)")


def problem_or_slip(document: Document, problem: Problem, path: Path, key: bool) -> Problem:
    """The problem, or the slip of typing that its key or value shows.

    Args:
        path: of the node the problem is about.
        key: the problem stands at the key, not at the value.
    """
    span = document.spans.get((problem.line, problem.column))
    if problem.severity == "warning" or span is None or (problem.code in SLIPS and problem.code not in _SHAPES):
        return problem
    name = str(path[-1]) if path and not key else ""
    named = name or next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    slip = _cut(document, path) if not key else None
    slip = slip or _slip(document.text, span, key, named, problem)
    if slip is None:
        return problem
    severity, text = sentence(SLIPS, slip.code, slip.words)
    at = path_text(path[:-1]) if key else problem.path
    return Problem(slip.code, severity, problem.file, *place(document.text, slip.at), at, text)


def independent_problems(problems: Iterable[Problem]) -> list[Problem]:
    """The problems without those that follow from a slip: a key that is only missing because another one was mistyped."""
    every = list(problems)
    places = {(problem.file, problem.path) for problem in every if problem.code in SLIPS}
    return [p for p in every if not (p.code == "key-missing" and (p.file, p.path) in places)
            and not (p.code == "form-missing" and (p.file, p.path.rpartition(".")[0]) in places)]  # fmt: skip


def _slip(text: str, span: tuple[int, int], key: bool, name: str, problem: Problem) -> Slip | None:
    start, end = span
    source = text[start : min(end, start + _LONGEST)].rstrip(" \t\n")
    quoted = source[:1] in ('"', "'")
    inner = source[1:-1] if quoted else source
    if not source:
        return None
    if key and (split := _split_number(text, start, source) or _round(text, start, source)):
        return split
    if name == "op" and not key:
        return _operator(inner, start)
    if not key and (form := _form(inner, start + quoted, name, problem)):
        return form
    wants_map = not key and ("map" in problem.code or problem.code in ("form-model_type", "form-dict_type"))
    listed = text[max(0, start - 80) : start].rstrip()[-1:] in ("[", ",")
    if listed and not quoted and problem.code in ("field-unknown", "enum-unknown") and (gap := _GAP.fullmatch(source)):
        return Slip(start + gap.end("first") + 1, "comma-missing", {})
    if not quoted and (key or wants_map):
        if (glued := _GLUED.match(source)) is not None:
            return Slip(start + glued.end("key"), "colon-glued", {"key": glued["key"]})
        if next(key_head(source, start), None) is not None and (typed_so := slips_in_text(text, start, end)):
            return typed_so[0]
        if re.match(r"-[^\s-]", source):
            return Slip(start, "dash-glued", {})
    return _character_slip(source, start, quoted)


def _character_slip(source: str, start: int, quoted: bool) -> Slip | None:
    """Comment marks, characters that are not what they look like, and punctuation at the end."""
    last, bare = start + len(source) - 1, source.rstrip("，,；;、。")
    if not quoted and bare != source and not any(is_odd(character) for character in bare) and not has_words(bare):
        return Slip(last, "line-end", {"char": source[-1]})
    if not quoted and source[-1] in "]}" and not {"[", "{"} & set(source):
        return Slip(start, "bracket-before", {"bracket": source[-1], "other": {"]": "[", "}": "{"}[source[-1]]})
    comment = None if quoted else _COMMENT.search(source)
    if comment is not None:
        return Slip(start + comment.start("mark"), "comment-mark", {"mark": comment["mark"]})
    words = has_words(source)
    for slip in odd_characters(source, start):
        edge = slip.at in (start, last)
        if not words or slip.code == "hidden-character" or (slip.code == "odd-space" and edge):
            return slip
    return None


def _cut(document: Document, path: Path) -> Slip | None:
    """An empty value because a ``#`` began a comment."""
    span = document.spans.get(document.keys.get(path, (0, 0)))
    if span is None or document.value(path) is not None or (match := _NO_VALUE.match(document.text, span[1])) is None:
        return None
    return Slip(match.start("mark"), "comment-cuts", {})


def _operator(source: str, start: int) -> Slip | None:
    sign = re.match(r"[<>=!≥≤≠＞＜＝！]+", source)
    return operator(sign[0] if sign else source, start) or _character_slip(source, start, False)


def _form(source: str, start: int, name: str, problem: Problem) -> Slip | None:
    """A date, a period or a number that is written otherwise."""
    text = plain(source).strip()
    if "division" in name or "division" in problem.code or "区划" in problem.text.zh:
        codes = ("value-invalid", "literal-type", "record-value", "form-division_unquoted")
        unquoted = problem.code in codes and _DIVISION.fullmatch(source) and not source.startswith("00")
        return Slip(start, "code-quotes", {"typed": source}) if unquoted else None
    if name in _PERIODS:
        return _period(source, text, start)
    if name == "apply_by":
        return _day(source, text, start, True) or _period(source, text, start)
    return (
        _day(source, text, start, name in _DAYS or "日期" in problem.text.zh) or _sign_before(source, start) or _number(source, text, start)
    )


def _day(source: str, text: str, start: int, wanted: bool) -> Slip | None:
    day = _DAY.fullmatch(text)
    if day is None or (day[4] is not None and not wanted):
        return None
    try:
        typed = date(int(day[1]), int(day[2] or day[4]), int(day[3] or day[5])).isoformat()
    except ValueError:
        return None
    if source == typed:
        return None
    at = next((i for i, c in enumerate(source) if c not in "0123456789-"), None)
    if at is not None:
        return Slip(start + at, "date-form", {"char": _character_words(source[at]), "typed": typed})
    return Slip(start + next(i for i, c in enumerate(source) if c != typed[i]), "date-short", {"typed": typed})


def _sign_before(source: str, start: int) -> Slip | None:
    """``≥ 60`` as a value: the sign belongs to ``op``."""
    match = re.fullmatch(r"([<>=!≥≤≠＞＜＝]+|[不低高超过少多大小于等至]+)\s*(-?\d+(?:\.\d+)?)", source)
    slip = operator(match[1], start) if match else None
    return None if slip is None or match is None else Slip(start, "operator-in-value", {**slip.words, "value": match[2]})


def _character_words(character: str) -> Text:
    if not character.isascii() and is_odd(character):
        return character_name(character)
    return Text("空格", "space") if character == " " else Text(f"“{character}”", f"“{character}”")


def _period(source: str, text: str, start: int) -> Slip | None:
    text = _EVERY.get(text.removeprefix("每"), text)
    match = _PERIOD.fullmatch(text)
    unit = None if match is None else _UNITS.get(match[2].lower())
    if match is None or unit is None or (typed := f"P{int(match[1])}{unit}") == source:
        return None
    return Slip(start, "period-form", {"typed": typed})


def _number(source: str, text: str, start: int) -> Slip | None:
    if (spelt := _spelt(source)) is not None:
        return Slip(start, "number-form", {"char": Text("汉字数字", "Chinese numerals"), "typed": spelt})
    match = _NUMBER.fullmatch(text)
    if match is None or re.fullmatch(r"[-+]?\d+(\.\d+)?", source):
        return None
    digits = re.sub(r",(?=\d{1,2}$|\d{4,}$)", ".", match["digits"]) + (match["part"] or "")
    value = Decimal(re.sub(r"[,' _]", "", digits)) * _TIMES[match["times"]]
    value = value / 100 if match["unit"] == "%" else value
    at = next((i for i, c in enumerate(source) if not (c.isascii() and c in "0123456789.-")), 0)
    run = re.compile(r"[０-９]+").match(source, at)
    char = _character_words(source[at]) if run is None else Text(f"全角数字“{run[0]}”", f"full-width digits “{run[0]}”")
    return Slip(start + at, "number-form", {"char": char, "typed": f"{match['sign'].replace('+', '')}{_shortest(value)}"})


def _spelt(source: str) -> str | None:
    """A number below 100,000,000 in Chinese numerals, in digits."""
    if not re.fullmatch("[零〇一二两三四五六七八九十百千万]+", source):
        return None
    whole = part = digit = 0
    for character in source:
        if character == "万":
            whole, part, digit = (part + digit) * 10_000, 0, 0
        elif (times := {"十": 10, "百": 100, "千": 1000}.get(character)) is not None:
            part, digit = part + (digit or 1) * times, 0
        else:
            digit = "零一二三四五六七八九".find(character.replace("〇", "零").replace("两", "二"))
    return str(whole + part + digit)


def _shortest(value: object) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _split_number(text: str, start: int, source: str) -> Slip | None:
    """``2,000`` in brackets, which YAML takes for 2 and a key 000."""
    digits = re.fullmatch(r"(\d{3}(?:\.\d+)?)[一-鿿/]{0,4}", source)
    if digits is None or text[start - 1] != ",":
        return None
    head = re.search(r"\d{1,3}(?:,\d{3})*,$", text[max(0, start - 30) : start])
    if head is None:
        return None
    tail = re.compile(r"(?:,\d{3})*(?:\.\d+)?").match(text, start + len(source))
    typed = (head[0] + digits[1] + (tail[0] if tail else "")).replace(",", "")
    at = max(0, start - 30) + head.start() + head[0].index(",")
    return Slip(at, "number-form", {"char": Text("逗号“,”", "comma"), "typed": typed})


def _round(text: str, start: int, source: str) -> Slip | None:
    """A list in round brackets, which YAML takes for text up to its first comma."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    at = line.rfind("(")
    if not source.endswith(")") or "(" in source or not re.search(r":\s*$", line[:at]):
        return None
    return Slip(start - len(line) + at, "bracket-round", {})
