"""The problems of one contract, units document or coverage statement, each at its place and in both languages.

``connectors.contracts.catalogue`` and ``connectors.intake.coverage`` collect them with ``Problems``; ``refuse`` raises all of them at once.
The likely right value is suggested as for policies (``policies.yaml.structure``). No message holds a cell of a record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policies.problems.problems import Invalid, Problem, Word, comma_list, sentence, suggestion, value_text
from policies.problems.sentences_yaml import SLIPS
from policies.values import Text
from policies.yaml.document import Document, Path, path_text
from policies.yaml.marks import json_slip
from policies.yaml.slips import independent_problems, problem_or_slip
from policies.yaml.structure import classes_at, keys_of, slip_of_shape, words_of


class Problems:
    """Collects the problems of one document, or of one line where there is no document."""

    def __init__(self, document: Document | None, file: str, line: int = 1) -> None:
        self.document, self.file, self.line, self.errors = document, file, line, list[Problem]()

    def add(self, code: str, path: Path, zh: str, en: str, key: bool = False, column: int = 1) -> None:
        line, column = self.document.position(path, key) if self.document else (self.line, column)
        problem = Problem(code, "error", self.file, line, column, path_text(path), Text(zh, en))
        self.errors.append(problem_or_slip(self.document, problem, path, key) if self.document else problem)

    def add_json(self, line: str, error: json.JSONDecodeError) -> None:
        """Add the reason why a line is no JSON, at its column."""
        slip = json_slip(line, error.pos)
        _, text = sentence(SLIPS, slip.code, slip.words)
        self.add(slip.code, (), text.zh, text.en, column=slip.at + 1)

    def add_form(self, error: ValidationError, form: type[BaseModel]) -> None:
        """Add every problem that pydantic reports, in our words."""
        for detail in error.errors(include_url=False):
            path: Path = tuple(part for part in detail["loc"] if part != "[key]")
            is_key = detail["loc"][-1:] == ("[key]",)
            if not is_key and (slip := _slip(detail, form, self.document, path)) is not None:
                _, text = sentence(SLIPS, *slip)
                self.add(slip[0], path, text.zh, text.en)
                continue
            text = _form_text(detail, path, is_key, form)
            self.add(f"form-{detail['type']}", path, text.zh, text.en, key=is_key or detail["type"] == "extra_forbidden")


def refuse(problems: Iterable[Problem]) -> None:
    """Raise Invalid with every error, in the order of the document, if there is any."""
    errors = sorted(
        {p: None for p in independent_problems(problems) if p.severity == "error"}, key=lambda p: (p.file, p.line, p.column, p.path, p.code)
    )
    if errors:
        raise Invalid(tuple(errors))


# pydantic's type of error -> our sentence; {…} are filled from the error's context and the key's name
_TEXTS: dict[str, Text] = {
    "missing": Text("缺少“{key}”；请补上", "{key!r} is missing; add it"),
    "extra_forbidden": Text("不认识的键“{key}”。{near_zh}", "unknown key {key!r}.{near_en}"),
    "literal_error": Text("应为以下之一：{choices}", "expected one of: {choices}"),
    "string_type": Text("应为文字；数字请加引号", "expected text; put a number in quotes"),
    "string_pattern_mismatch": Text("写法不符：{form_zh}", "not of the expected form: {form_en}"),
    "string_too_short": Text("不能为空", "must not be empty"),
    "too_short": Text("至少要有一项", "needs at least one entry"),
    "int_type": Text("应为整数", "expected a whole number"),
    "greater_than_equal": Text("不得小于 {ge}", "must be at least {ge}"),
    "less_than_equal": Text("不得大于 {le}", "must be at most {le}"),
    "list_type": Text("应为列表", "expected a list"),
    "dict_type": Text("应为映射(键: 值)", "expected a mapping of keys to values"),
    "model_type": Text("应为映射(键: 值)", "expected a mapping of keys to values"),
    "division": Text(
        "不是区划代码；应为 2、4、6、9 或 12 位数字，不以 00 开头",
        "not a division code; expected 2, 4, 6, 9 or 12 digits, not beginning with 00",
    ),
    "division_unquoted": Text('区划代码请加引号，例如 "310107"', 'write the division code in quotes, for example "310107"'),
    "day": Text("不是日期；应写作 2026-10-01", "not a date; write 2026-10-01"),
    "period": Text("不是期间；应写作 P7D、P1M、P1Y", "not a period; write P7D, P1M or P1Y"),
    "duration": Text("不是时长；应写作 PT10S、PT15M、PT1H、P1D", "not a duration; write PT10S, PT15M, PT1H or P1D"),
    "time_of_day": Text('不是钟点；应加引号，写作 "02:30"', 'not a time of day; write it in quotes, such as "02:30"'),
    "number": Text("不是精确的数；应写作 12 或 12.50", "not an exact number; write 12 or 12.50"),
    "word": Text("应为一个词", "expected a word"),
    "delimiter": Text('应为 auto、tab 或一个符号，例如 ";"', 'expected auto, tab, or one character such as ";"'),
    "date_form": Text(
        "不是日期写法；应含 YYYY、M 或 MM、D 或 DD，中间有符号，例如 YYYY.M.D",
        "not a form of a date; it needs YYYY, M or MM, D or DD with something between, for example YYYY.M.D",
    ),
    "share": Text("应为 0 到 1 之间的数，例如 0.001", "expected a number between 0 and 1, for example 0.001"),
}
_OTHERWISE = Text("写法不对", "not of the expected form ({type})")
_PATTERNS: dict[str, Text] = {
    r"^[a-z][a-z0-9_]*$": Text("只用小写字母、数字和下划线，以字母开头", "lower-case letters, digits and underscores, a letter first"),
    r"^[a-z0-9][a-z0-9_-]*$": Text("只用小写字母、数字、连字符和下划线", "lower-case letters, digits, hyphens and underscores"),
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$": Text("只用英文字母、数字、连字符和下划线", "letters, digits, hyphens and underscores"),
    r"^[A-Za-z_][A-Za-z0-9_]*$": Text("环境变量名只用字母、数字和下划线", "the name of a variable: letters, digits and underscores"),
    r"\S": Text("不能只有空格", "not spaces alone"),
    r"^\S(.*\S)?$": Text("只写一行，首尾不留空格", "one line without spaces at its ends"),
}
_PATTERN = Text("请看文档中的写法", "see the documentation")


def _form_text(detail: ErrorDetails, path: Path, is_key: bool, form: type[BaseModel]) -> Text:
    key = str(path[-1]) if path else ""
    near = suggestion(key, _keys_known(form)) if detail["type"] == "extra_forbidden" else Text("", "")
    pattern = _PATTERNS.get(str(detail.get("ctx", {}).get("pattern")), _PATTERN)
    more = {"choices": comma_list(words_of(classes_at(form, path)[1])), "form_zh": pattern.zh, "form_en": pattern.en}
    words = {**more, "key": key, "type": detail["type"], "near_zh": near.zh, "near_en": near.en, **detail.get("ctx", {})}
    text = _TEXTS.get(detail["type"], _OTHERWISE)
    head = Text(f"键“{key}”:", f"key {key!r}: ") if is_key else Text("", "")
    return Text(head.zh + text.zh.format(**words), head.en + text.en.format(**words))


def _slip(detail: ErrorDetails, form: type[BaseModel], document: Document | None, path: Path) -> tuple[str, dict[str, Word]] | None:
    """The code and words of a slip: a value of the wrong form, a list or text in the place of a map, or no value."""
    kind, value = detail["type"], detail["input"]
    classes, info = classes_at(form, path)
    if kind in ("model_type", "dict_type") and isinstance(value, list | str):
        keys = comma_list(keys_of(*classes)) if kind == "model_type" else "…"
        return ("list-unwanted", {"keys": keys}) if isinstance(value, list) else ("map-wanted", {"given": value_text(value), "keys": keys})
    if value is None and kind.endswith("_type"):
        return "value-empty", {}
    return slip_of_shape(kind, value, path, info, document)


def _keys_known(form: type[BaseModel]) -> set[str]:
    """Every key of a form and of the forms in it; for suggestions."""
    schema = form.model_json_schema(by_alias=True)
    return {key for part in (schema, *schema.get("$defs", {}).values()) for key in part.get("properties", {})}
