"""Problems of documents and files, with the place where each stands and how to mend it, in both languages.

The one idea: every fault names its owner. All are ``policies.problems.HuiminError``:

    Invalid             the author of a document (units, contract, coverage): every problem at once, exit code 3
    UnreadableFile      the unit that delivered a file, or who saved it in another form: mend the file, deliver again, exit code 3
    TokenCollision      nobody: two subjects with one 64-bit token; the delivery is refused, trying again does not help, exit code 5
    DamagedSnapshot     the operator: a snapshot that is not what its manifest says, exit code 3

No message holds a cell of a record: row, column and class of value only.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policies.document import Document, Path, path_text
from policies.problems import HuiminError, Invalid, Problem, meant
from policies.values import Text


class UnreadableFile(HuiminError):
    """A file that cannot be read as what its contract says it is."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 3)


class TokenCollision(HuiminError):
    """Two different identifiers with one token."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


class DamagedSnapshot(HuiminError):
    """A snapshot whose tables are not those of its manifest."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 3)


class Problems:
    """Collects the problems of one document, each with its place; of one line, where there is no document."""

    def __init__(self, document: Document | None, file: str, line: int = 1) -> None:
        self.document, self.file, self.line, self.found = document, file, line, list[Problem]()

    def add(self, code: str, path: Path, zh: str, en: str, key: bool = False) -> None:
        line, column = self.document.position(path, key) if self.document else (self.line, 1)
        self.found.append(Problem(code, "error", self.file, line, column, path_text(path), Text(zh, en)))

    def add_form(self, error: ValidationError, form: type[object]) -> None:
        """Add every problem pydantic found, in our words."""
        for detail in error.errors(include_url=False):
            path: Path = tuple(part for part in detail["loc"] if part != "[key]")
            is_key = detail["loc"][-1:] == ("[key]",)
            text = _form_text(detail, is_key, form)
            self.add(f"form-{detail['type']}", path, text.zh, text.en, key=is_key or detail["type"] == "extra_forbidden")


def refuse(problems: Iterable[Problem]) -> None:
    """Raise Invalid with every error, in the order of the document; nothing where there is none."""
    errors = sorted({p: None for p in problems if p.severity == "error"}, key=lambda p: (p.file, p.line, p.column, p.path, p.code))
    if errors:
        raise Invalid(tuple(errors))


# pydantic's type of error -> our sentence; {…} are filled from the error's context and the key's name
_TEXTS: dict[str, Text] = {
    "missing": Text("缺少“{key}”；请补上", "{key!r} is missing; add it"),
    "extra_forbidden": Text("不认识的键“{key}”。{near_zh}", "unknown key {key!r}.{near_en}"),
    "literal_error": Text("应为以下之一：{expected}", "expected one of: {expected}"),
    "string_type": Text("应为文字；数字请加引号", "expected text; put a number in quotes"),
    "string_pattern_mismatch": Text("写法不符：应符合 {pattern}", "not of the expected form {pattern}"),
    "string_too_short": Text("不能为空", "must not be empty"),
    "too_short": Text("至少要有一项", "needs at least one entry"),
    "int_type": Text("应为整数", "expected a whole number"),
    "greater_than_equal": Text("不得小于 {ge}", "must be at least {ge}"),
    "less_than_equal": Text("不得大于 {le}", "must be at most {le}"),
    "list_type": Text("应为列表", "expected a list"),
    "dict_type": Text("应为映射(键: 值)", "expected a mapping of keys to values"),
    "model_type": Text("应为映射(键: 值)", "expected a mapping of keys to values"),
    "division": Text("不是区划代码；应为 2、4、6、9 或 12 位数字", "not a division code; expected 2, 4, 6, 9 or 12 digits"),
    "division_unquoted": Text('区划代码请加引号，例如 "310107"', 'write the division code in quotes, for example "310107"'),
    "day": Text("不是日期；应写作 2026-10-01", "not a date; write 2026-10-01"),
    "period": Text("不是期间；应写作 P7D、P1M、P1Y", "not a period; write P7D, P1M or P1Y"),
    "number": Text("不是精确的数；应写作 12 或 12.50", "not an exact number; write 12 or 12.50"),
    "share": Text("应为 0 到 1 之间的数，例如 0.001", "expected a number between 0 and 1, for example 0.001"),
}
_OTHERWISE = Text("写法不对({type})", "not of the expected form ({type})")


def _form_text(detail: ErrorDetails, is_key: bool, form: type[object]) -> Text:
    key = str(next((part for part in reversed(detail["loc"]) if part != "[key]"), ""))
    near = meant(key, _keys_known(form)) if detail["type"] == "extra_forbidden" else Text("", "")
    words = {"key": key, "type": detail["type"], "near_zh": near.zh, "near_en": near.en, **detail.get("ctx", {})}
    text = _TEXTS.get(detail["type"], _OTHERWISE)
    head = Text(f"键“{key}”:", f"key {key!r}: ") if is_key else Text("", "")
    return Text(head.zh + text.zh.format(**words), head.en + text.en.format(**words))


def _keys_known(form: type[object]) -> set[str]:
    """Every key any model under a form knows: enough for a suggestion."""
    if not issubclass(form, BaseModel):
        return set()
    schema = form.model_json_schema(by_alias=True)
    return {key for part in (schema, *schema.get("$defs", {}).values()) for key in part.get("properties", {})}
