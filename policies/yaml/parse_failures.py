"""Why a text is no YAML: the slips of typing that broke it, each at its own place, or the parser's error in our words.

Called by ``document.load`` where the parser gave up. The text is scanned once (``scan``): an odd character counts only where YAML's own
would stand. Where no slip is found, ``_parsers`` has a sentence for the parser's kind of error, or says only where it is. Source: YAML
1.2.2; the messages of ruamel.yaml's scanner and parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from policies.problems.characters import BREAKS, BULLETS, CLOSING, DASHES, OPENING, character_name, has_words, is_hidden, is_space, plain
from policies.values import Text
from policies.yaml.marks import COLON, KEY_HEAD, Slip, key_head, odd, odd_characters, operator
from policies.yaml.scan import KEY_LINE, Scan, Token, line_end, place

CONTROLS = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f{BREAKS}\ud800-\udfff\ufffe\uffff]")
"""Never in a document: line ends that only some programs see, and control characters."""
_LONGEST, _MOST = 2_000, 200
"""So many characters of one scalar are looked at, and so many slips reported: a person reads no more."""
_TOGETHER = 3
"""From so many odd characters on, a line has one sentence for them all."""
_GLUED = re.compile(r"(?P<key>[A-Za-z_][\w.-]*):(?!//)(?=[^\s:])")
_LIST_MARK = re.compile(f"(?P<mark>[{DASHES}]|[{re.escape(BULLETS)}](?!\\w))\\s*(?=\\S)")


def slips_of_failure(text: str, problem: str, at: int, context: int | None) -> list[Slip]:
    """Why the text could not be read, at least one slip.

    Args:
        text: the document.
        problem: what the parser says.
        at: where it gave up, as a position in the text. context: where what it was reading began.
    """
    scan = Scan(text)
    scan.run()
    slips = [slip for slip in _scan_slips(text, scan, 0) if slip.at <= line_end(text, at) or not scan.notes]
    if slips:
        return slips
    notes = [note for note in scan.notes if note.at <= line_end(text, at)]
    return notes[:1] or [_parsers(text, problem, at, at if context is None else context)]


def slips_in_text(text: str, start: int = 0, end: int | None = None) -> list[Slip]:
    """The slips of a text, or of a piece of it, of which the parser made one long scalar."""
    scan = Scan(text[start:end])
    scan.run()
    return _scan_slips(text, scan, start)


def _scan_slips(text: str, scan: Scan, start: int) -> list[Slip]:
    slips = [replace(slip, at=slip.at + start) for token in scan.tokens for slip in reversed(list(_slips(token)))]
    slip_at = {slip.at: slip for slip in slips}
    lines: dict[int, list[Slip]] = {}
    for at in sorted(slip_at)[:_MOST]:
        lines.setdefault(line_end(text, at), []).append(slip_at[at])
    return [slip for slips in lines.values() for slip in _of_line(text, slips)]


def _of_line(text: str, slips: list[Slip]) -> list[Slip]:
    """The slips of one line; many odd characters together, each with its column."""
    odd_ones = [slip for slip in slips if slip.code == "odd-character"]
    if len(odd_ones) < _TOGETHER:
        return slips
    each = [(place(text, slip.at)[1], text[slip.at], plain(text[slip.at])) for slip in odd_ones]
    zh = "；".join(f"第 {column} 列 {character} 换成 {ascii_}" for column, character, ascii_ in each)
    en = "; ".join(f"column {column} {character} becomes {ascii_}" for column, character, ascii_ in each)
    together = Slip(odd_ones[0].at, "odd-several", {"count": len(each), "each": Text(zh, en)})
    return sorted([together, *(slip for slip in slips if slip.code != "odd-character")], key=lambda slip: slip.at)


def _slips(token: Token) -> Iterator[Slip]:
    """What in a plain scalar was meant for YAML, or cannot stand where it stands."""
    token = replace(token, source=token.source[:_LONGEST])
    source, start = token.source, token.start
    if token.first:
        yield from _at_line_start(token)
    if token.of == "op" and not token.key and (sign := re.match(r"[<>=!≥≤≠＞＜＝]+", source)) and (slip := operator(sign[0], start)):
        yield slip
    elif not token.key and not token.glued and source[0] in "%@`>|*&!":
        yield Slip(start, "quotes-needed", {"char": source[0], "typed": source})
    if token.key and (glued := _GLUED.match(source)) and not (token.colon and token.flow):
        yield Slip(start + glued.end("key"), "colon-glued", {"key": glued["key"]})
    yield from key_head(source, start) if token.key or KEY_HEAD.match(source.lstrip("｛［【（")) else ()
    for slip in odd_characters(source, start):
        before, character = source[: slip.at - start], source[slip.at - start]
        if character in "；;" and token.key and re.fullmatch(r"[A-Za-z_][\w.-]*", before):
            yield Slip(slip.at, slip.code, {**slip.words, "instead": COLON})
        elif character in "【（】）" and _structural(token, slip.at - start):
            typed = "{" if character in "【（" else "}"
            yield Slip(slip.at, slip.code, {**slip.words, "instead": Text(f"半角花括号“{typed}”", f'ASCII "{typed}"')})
        elif _structural(token, slip.at - start):
            yield slip


def _at_line_start(token: Token) -> Iterator[Slip]:
    source, start = token.source, token.start
    if (mark := _LIST_MARK.match(source)) is not None and token.key:
        yield odd(mark["mark"], start, first=True) if not mark["mark"].isascii() else Slip(
            start, "quotes-needed", {"char": "*", "typed": source})  # fmt: skip
    elif re.match(r"""-(?:[A-Za-z{\["']|[^\W\d])""", source):
        yield Slip(start, "dash-glued", {})
    elif (mark := re.match(r"//|/\*|<!--|；|--(?!-)", source)) is not None:
        yield Slip(start, "comment-mark", {"mark": mark[0]})


def _structural(token: Token, at: int) -> bool:
    """Does an odd character of the scalar stand where YAML's own would?"""
    source, character = token.source, token.source[at]
    words, before, after = has_words(source), source[:at].rstrip(), source[at + 1 :].lstrip()
    if is_hidden(character):
        return True
    if is_space(character):
        return not words or not before or not after or re.search(r"[:：,，]$", before) is not None
    if not words and not re.search(r"[一-鿿]", source):
        return True
    if token.glued and not before:
        return True
    if character in "，、；":
        key_follows = re.match(r"""["']?[A-Za-z_][\w.-]*["']?\s*(?:[:：]|$)""", after)
        return token.flow and key_follows is not None and ("：" in after or ":" in after or token.colon)
    if character in OPENING and not before:
        return (token.key and token.colon) or not any(quote in after for quote in CLOSING)
    if character in "｛［":
        return not before
    if character in "【（":
        return not before and KEY_HEAD.match(after.replace(":", "：")) is not None
    if character in "｝］】）":
        opening = {"｝": "｛", "］": "［", "】": "【", "）": "（"}[character]
        return token.flow and not after and opening not in source[:at]
    return False


def _parsers(text: str, problem: str, at: int, context: int) -> Slip:
    """The parser's kind of error in our words."""
    line_at = text.rfind("\n", 0, at) + 1
    line = text[line_at : line_end(text, line_at)]
    first = line_at + len(line) - len(line.lstrip(" "))
    if "cannot start any token" in problem or "expected alphabetic" in problem or "chomping" in problem or "%" in text[:1]:
        begin = context if "cannot start" not in problem else at
        source = text[begin : line_end(text, begin)].rstrip()
        return Slip(at, "tab", {}) if text[at : at + 1] == "\t" else Slip(begin, "quotes-needed", {"char": source[:1], "typed": source})
    if "mapping values are not allowed" in problem:
        inside = re.search(r":\s", text[first:at]) is not None
        return (None if inside else _deeper(text, line_at, first)) or Slip(at, "colon-inside", {})
    if "expected <block end>" in problem:
        return _block_end(text, problem, at, line_at, first)
    if "could not find expected ':'" in problem:
        return _without_colon(text, context)
    if "expected ',' or" in problem:
        return Slip(at, "comma-missing", {})
    if "unexpected end of stream" in problem:
        return Slip(context, "quote-open", {})
    if "sequence entries are not allowed" in problem:
        return _deeper(text, line_at, first) or Slip(at, "dash-same-line", {})
    if "escape character" in problem or "escape sequence" in problem:
        return Slip(at - 1, "escape", {})
    if "expected the node content" in problem:
        return Slip(at, "value-missing", {"char": text[at : at + 1]})
    return Slip(at, "yaml-syntax", {})


def _without_colon(text: str, at: int) -> Slip:
    line = text[at : line_end(text, at)].strip()
    entries = [number for number, indent, dash in _levels(text, at) if dash and indent == at - text.rfind("\n", 0, at) - 1]
    if entries and line[:1] in "{[\"'":
        return Slip(at, "dash-missing", {"line": entries[-1]})
    word = re.match(r"[\w.-]+", line)
    return Slip(at + (word.end() if word else 0), "colon-missing", {"key": word[0] if word else line[:20]})


def _block_end(text: str, problem: str, at: int, line_at: int, first: int) -> Slip:
    character = text[at : at + 1]
    if at > first and character in "}]":
        return Slip(at, "bracket-extra", {"bracket": character})
    if at > first and character == ",":
        return Slip(at, "line-end", {"char": character})
    if at > first:
        return Slip(at, "quote-inside", {})
    levels = _levels(text, line_at)
    if first - line_at in [indent for _, indent, _ in levels]:
        dash = next(dash for _, indent, dash in levels if indent == first - line_at)
        if "'-'" in problem and not dash:
            return Slip(first, "list-in-map", {})
        if dash and "'-'" not in problem:
            return Slip(first, "map-in-list", {"line": next(line for line, indent, _ in levels if indent == first - line_at)})
    spaces, dashed = first - line_at, text.startswith("- ", first)
    levels = [level for level in levels if level[2] is dashed] or levels
    line, indent, _ = min(levels, key=lambda level: (abs(level[1] - spaces), -level[1])) if levels else (1, 0, False)
    return Slip(first, "indent-uneven", {"given": spaces, "line": line, "spaces": indent})


def _deeper(text: str, line_at: int, first: int) -> Slip | None:
    """The line is deeper than one above that has a value already."""
    levels = _levels(text, line_at)
    line, indent, _ = levels[-1] if levels else (1, 0, False)
    if first - line_at <= indent or re.search(r":\s*(#.*)?$", text[:line_at].split("\n")[line - 1]):
        return None
    return Slip(first, "indent-deeper", {"line": line, "spaces": indent})


def _levels(text: str, end: int) -> list[tuple[int, int, bool]]:
    """The open levels above a line: of each its last line, its spaces, and whether it is a list."""
    levels: list[tuple[int, int, bool]] = []
    for number, line in enumerate(text[:end].split("\n")[:-1], 1):
        bare = line.lstrip(" ")
        if bare and not bare.startswith("#"):
            indent, dash = len(line) - len(bare), bare.startswith("- ")
            while levels and levels[-1][1] >= indent:
                levels.pop()
            levels.append((number, indent, dash))
            if dash and KEY_LINE.match(bare) and (inner := len(bare) - len(bare.removeprefix("-").lstrip(" "))) < len(bare):
                levels.append((number, indent + inner, False))
    return levels


def control(text: str) -> Slip | None:
    """The first character that no document may hold."""
    match = CONTROLS.search(text)
    return None if match is None else Slip(match.start(), "yaml-character", {"char": character_name(match[0])})
