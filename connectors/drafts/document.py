"""Writes a proposed contract as YAML, with the reason for each guess and a question for each thing that only the steward knows.

Called by ``connectors.drafts.proposal``. Comments are in the reader's language and hold no cell; a line with a question has ``QUESTION``
(问) in it, so that the steward finds all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.contracts.layouts import FIND
from connectors.drafts import questions
from connectors.drafts.guess import ColumnGuess
from connectors.drafts.parts import Choice, Parts, household_column
from connectors.drafts.table import SampleSheet
from connectors.drafts.titles import Part, field_name, known_title
from policies.language.catalogue import FileLayout
from policies.problems.characters import escaped_json
from policies.values import Kind, Text

QUESTION = Text("问：", "QUESTION: ")
NO_UNIT = "which-unit"
"""In the place of a unit that nobody named: no unit of a network may be called so, hence the contract cannot take effect."""
_PLAIN = re.compile(r"[A-Za-z\u3400-\u9fff][\w\u3400-\u9fff.*-]*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


@dataclass(frozen=True, slots=True)
class Places:
    """What the workspace says that no file does.

    Args:
        unit, division: who delivers, and for which division; None where there are several or none.
        spaces: the numbering of each kind of subject that a register in the workspace has.
    """

    unit: str | None = None
    division: str | None = None
    spaces: Mapping[Kind, str] | None = None


class _Lines:
    """Lines of the document with their comments, and the questions among them."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.lines: list[str] = []
        self.questions: list[str] = []

    def add(self, line: str, why: Text | None = None, question: Text | None = None) -> None:
        comment = [] if why is None else [why[self.language]]
        if question is not None:
            self.questions.append(question[self.language])
            comment.append(QUESTION[self.language] + question[self.language])
        between = Text("。", ". ")[self.language]
        self.lines.append(f"{line}{'   # ' if line else '# '}{between.join(comment)}" if comment else line)


def contract_document(
    feed: str, title: str, sheet: SampleSheet, guesses: Sequence[ColumnGuess], parts: Parts, layout: FileLayout, places: Places,
    language: str,
) -> tuple[str, tuple[str, ...]]:  # fmt: skip
    """The YAML of a contract, and its questions in the reader's language."""
    out = _Lines(language)
    out.add("", questions.HEAD)
    out.add("format: 1")
    out.add(f"feed: {feed}")
    out.add(f"title: {{zh: {yaml_text(title)}, en: {yaml_text(feed.replace('_', ' '))}}}", None, questions.TITLE)
    _source(out, places)
    _identity(out, parts, places)
    _ordering(out, parts)
    out.add("fields:")
    _fields(out, guesses, parts)
    _household_link(out, guesses, parts, places)
    _columns_left_out(out, sheet)
    out.add("agreement: {purposes: [], discloses: []}", None, questions.AGREEMENT)
    out.add(f"delivery: {_delivery(sheet, layout)}", _delivery_why(sheet, layout), questions.RHYTHM)
    return "\n".join(out.lines) + "\n", tuple(out.questions)


def yaml_text(text: object) -> str:
    """A text as YAML: plain where it cannot be read as anything else."""
    plain = str(text)
    return plain if _PLAIN.fullmatch(plain) and plain.lower() not in _WORDS else escaped_json(json.dumps(plain, ensure_ascii=False))


def _source(out: _Lines, places: Places) -> None:
    unit, division = places.unit or NO_UNIT, places.division or "99"
    question = None if places.unit and places.division else questions.SOURCE
    why = Text("工作区里唯一的单位", "the only unit of the workspace") if question is None else None
    out.add(f'sources: [{{unit: {unit}, division: "{division}"}}]', why, question)


def _identity(out: _Lines, parts: Parts, places: Places) -> None:
    out.add(f"subject: {parts.kind}", parts.subject.why)
    if parts.many:
        out.add("cardinality: many", Text("样本中有对象不止一行", "some subjects have several rows in the sample"))
    else:
        out.add("cardinality: one", Text("样本中每个对象至多一行", "each subject has at most one row in the sample"))
    out.add(f"key: {yaml_text(parts.key.title)}", parts.key.why, parts.key.question)
    if parts.order.column is None:
        out.add("order: delivery", parts.order.why, parts.order.question)
    else:
        out.add(f"order: {{column: {yaml_text(parts.order.title)}, type: {parts.order_type}}}", parts.order.why, parts.order.question)
    space, question = "", parts.subject.question
    if parts.scheme == "opaque":
        own = (places.spaces or {}).get(parts.kind)
        space = f", space: {own or f'{places.unit or NO_UNIT}/{parts.kind}'}"
        if own is None and question is None:
            question = questions.SPACE
    out.add(f"identify: {{{parts.kind}: {{column: {yaml_text(parts.subject.title)}, scheme: {parts.scheme}{space}}}}}", None, question)


def _ordering(out: _Lines, parts: Parts) -> None:
    if parts.first is None or parts.last is None:
        return
    opens = f", open: [{', '.join(map(yaml_text, parts.open_words))}]" if parts.open_words else ""
    out.add(f"validity: {{from: {yaml_text(parts.first.title)}, to: {yaml_text(parts.last.title)}{opens}}}", parts.first.why)


def _fields(out: _Lines, guesses: Sequence[ColumnGuess], parts: Parts) -> None:
    names: set[str] = set()
    with_part, before = parts.titles(), len(out.lines)
    for guess in guesses:
        title = guess.column.title
        if title in with_part or title == "deleted" or (guess.part is Part.SERIAL and guess.type == "int"):
            continue
        name = base = field_name(title, guess.column.position)
        while name in names:
            name = f"{base}_{guess.column.position}" if name == base else name + "x"
        names.add(name)
        out.add(f"  {name}: {{{', '.join(_field(name, guess))}}}", _field_why(guess), guess.question)
    if len(out.lines) == before:
        out.lines[-1] = "fields: {}"


def _household_link(out: _Lines, guesses: Sequence[ColumnGuess], parts: Parts, places: Places) -> None:
    """The link to the household, as a comment: only the register of persons may give it."""
    column = household_column(guesses, parts)
    if column is None:
        return
    space = (places.spaces or {}).get(Kind.HOUSEHOLD) or f"{places.unit or NO_UNIT}/household"
    link = f"links: {{household: {{column: {yaml_text(column.column.title)}, scheme: opaque, space: {space}}}}}"
    out.add("", None, questions.register(link))


def _field(name: str, guess: ColumnGuess) -> Iterable[str]:
    usual = known_title(guess.column.title)
    yield f"type: {'text' if guess.type == 'resident' else guess.type}"
    if guess.values:
        yield f"values: {{{', '.join(_value(*value) for value in guess.values)}}}"
    if guess.type == "decimal":
        yield f"scale: {guess.scale}"
    if guess.part is Part.AMOUNT and guess.type in ("int", "decimal"):
        yield f"unit: {'m2' if name.startswith('area') else 'CNY'}"
    for word, bound in (("min", guess.low), ("max", guess.high)):
        if bound is not None:
            yield f"{word}: {bound if isinstance(bound, date) else _plain_number(bound)}"
    if guess.personal:
        yield "sensitivity: identity"
    elif guess.part in (Part.QUASI, Part.BIRTH):
        yield "sensitivity: quasi"
    en = usual.en if usual is not None else name.replace("_", " ")
    yield f"title: {{zh: {yaml_text(guess.column.title)}, en: {yaml_text(en)}}}"
    if guess.column.title != name:
        yield f"column: {yaml_text(guess.column.title)}"


def _plain_number(number: Decimal) -> str:
    return f"{number:f}"


def _value(code: str, en: str | None, labels: tuple[str, ...]) -> str:
    zh = yaml_text(labels[0]) if len(labels) == 1 else f"[{', '.join(map(yaml_text, labels))}]"
    return f"{yaml_text(code)}: {f'{{zh: {zh}, en: {yaml_text(en)}}}' if en else zh}"


def _field_why(guess: ColumnGuess) -> Text:
    zh, en = guess.why.zh, guess.why.en
    if guess.personal and guess.type != "text":
        zh, en = f"{zh}；能认出人，不作规则", f"{en}; it tells who somebody is, so no rule reads it"
    zh += f"；有空格 {guess.empty:,} 处" if guess.empty else "；样本中无空格"
    en += f"; {guess.empty:,} cells are empty" if guess.empty else "; no cell is empty"
    if guess.wrong:
        zh, en = f"{zh}；{guess.wrong:,} 格读不出，会隔离", f"{en}; {guess.wrong:,} cells cannot be read so, and would be quarantined"
    return Text(zh, en)


def _columns_left_out(out: _Lines, sheet: SampleSheet) -> None:
    if sheet.untitled:
        out.add("", None, questions.columns_without_title(", ".join(map(str, sheet.untitled))))
    if sheet.twice:
        out.add("", None, questions.same_title(", ".join(map(yaml_text, sheet.twice))))


def _delivery(sheet: SampleSheet, layout: FileLayout) -> str:
    parts, tab = [f"format: {sheet.format}"], "\t"
    if sheet.encoding:
        parts.append(f"encoding: {sheet.encoding}")
    if layout.sheets:
        parts.append(f"sheets: {_words(layout.sheets)}")
    if layout.header == FIND:
        parts.append("header: find")
    if sheet.format == "csv" and layout.delimiter != ",":
        parts.append(f"delimiter: {'tab' if layout.delimiter == tab else yaml_text(layout.delimiter)}")
    for key, words in (("footer", layout.footer), ("nulls", layout.nulls), ("currency", layout.currency), ("dates", layout.dates)):
        if words:
            parts.append(f"{key}: {_words(words)}")
    if layout.thousands:
        parts.append('thousands: ","')
    return f"{{{', '.join(parts)}}}"


def _words(words: Sequence[str]) -> str:
    return f"[{', '.join(map(yaml_text, words))}]"


def _delivery_why(sheet: SampleSheet, layout: FileLayout) -> Text | None:
    zh, en = list[str](), list[str]()
    if layout.header == FIND:
        zh.append(f"表头在第 {sheet.header_line} 行，上面是标题")
        en.append(f"the header is in line {sheet.header_line}, below a title")
    if layout.footer:
        zh.append("数据下面有合计之类的表尾")
        en.append("rows such as totals stand below the data")
    if layout.nulls:
        zh.append("这些词在数、日期的列里表示没有")
        en.append("these words stand for nothing in columns of numbers and days")
    return Text("；".join(zh), "; ".join(en)) if zh else None


def choices_of(parts: Parts) -> dict[str, Choice | None]:
    """The parts by their key in a contract."""
    return {"subject": parts.subject, "key": parts.key, "order": parts.order, "from": parts.first, "to": parts.last}
