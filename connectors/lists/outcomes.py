"""A list that comes back from its agency, with what was found of each: read as findings and answers.

The one idea: the file is the one that was exported (``connectors.lists.lists``) with columns added, so a row is about whoever its token or
its number names, and columns nobody asks for are passed over. Every row is read before anything is told of, and every mistake is said at
once, by row and column, never by what stands there.

    反馈 outcome    日期 on    条件 criterion      and, where checks were asked, a column for each: its id or its question, yes or no
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from connectors.contracts.faults import UnreadableFile
from connectors.identity.tokens import Tokens, arrow_bytes
from connectors.intake.flaws import EXPECTED, value_class
from connectors.lists.exports import unguarded
from connectors.lists.outcome_form import Form
from connectors.parsing.cells import Fault, dates
from connectors.parsing.decoding import encoding_of, unreadable
from connectors.parsing.tables import Piece, header_of, pieces
from policies.problems.characters import lines
from policies.problems.problems import listed, meant
from policies.values import Text
from streams.ledgers.outcomes import OUTCOMES, named

FORMATS = {".csv": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl"}
SHOWN = 100
"""Mistakes told of one file; of the others only how many."""
ANSWERS = {"yes": True, "no": False, "是": True, "否": False, "true": True, "false": False}
EPOCH = date(1970, 1, 1)
_HEX = re.compile(r"[0-9a-f]{16}")


class Returned(NamedTuple):
    """What one row tells of one subject: a finding, answers to checks, or both."""

    row: int
    subject: int
    outcome: str | None
    on: date | None
    criterion: str | None
    answers: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in one cell; never what stands in it."""

    row: int
    column: str
    text: Text

    def render(self, language: str) -> str:
        if language == "en":
            return f"row {self.row}, column {self.column}: {self.text.en}"
        return f"第 {self.row} 行，“{self.column}”列：{self.text.zh}"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the file: whether somebody is there, whom each counts as, today, and the day of rows without one."""

    there: Callable[[int], bool]
    root: Callable[[int], int]
    today: date
    on: date | None = None


def read_returned(path: Path, form: Form, tokens: Tokens, known: Known) -> tuple[list[Returned], int]:
    """What a file tells, in its order, and how many rows tell nothing: the agency has not come to them yet.

    Raises:
        UnreadableFile: it cannot be read, or with every mistake of every row.
    """
    if path.suffix not in FORMATS:
        raise unreadable(path.name, f"应为 {'、'.join(FORMATS)} 文件", f"is to be a {' or '.join(FORMATS)} file")
    format, encoding = FORMATS[path.suffix], encoding_of(path)
    places = form.places(header_of(path, format, encoding), path.name)
    reader = _Reader(form, places, known)
    found, silent = [], 0
    for piece in pieces(path, format, encoding, list(dict.fromkeys(places.values()))):
        for told in reader.rows(piece, tokens):
            if told is None:
                silent += 1
            else:
                found.append(told)
    if reader.mistakes:
        raise _wrong(path.name, reader.mistakes)
    return found, silent


class _Reader:
    """Reads rows, and collects what is wrong with them."""

    def __init__(self, form: Form, places: Mapping[str, str], known: Known) -> None:
        self.form, self.places, self.known = form, places, known
        self.mistakes: list[Mistake] = []
        self._said: dict[tuple[int, Any], tuple[int, Any]] = {}

    def rows(self, piece: Piece, tokens: Tokens) -> Iterator[Returned | None]:
        """Of each row what it tells; None where it tells nothing, or something that is wrong."""
        cells = {what: [_cell(cell) for cell in piece.frame[column]] for what, column in self.places.items()}
        who = self._numbers(piece.frame, tokens)
        days = self._days(piece.frame)
        marks = {what: piece.marks[column] for what, column in self.places.items() if column in piece.marks}
        for at in range(len(piece.frame)):
            row = {what: texts[at] for what, texts in cells.items()}
            before = len(self.mistakes)
            for what, faults in marks.items():
                if faults[at]:  # an error or a rounded number of a workbook is no empty cell
                    self._bad(piece.first + at, what, EXPECTED[Fault(faults[at])], None)
            if len(self.mistakes) > before:
                continue
            if not any(text for what, text in row.items() if what not in ("number", "token")):
                yield None
                continue
            told = self._row(piece.first + at, row, who[at], days[at])
            if len(self.mistakes) == before:
                self._twice(told)
            if len(self.mistakes) == before:
                yield told

    def _row(self, number: int, cells: Mapping[str, str], who: tuple[int, int], day: tuple[int, int]) -> Returned:
        subject = self._subject(number, cells, who)
        answers = tuple((what[1:], self._answer(number, what, text)) for what, text in cells.items() if what.startswith("?") and text)
        outcome, on, criterion = self._finding(number, cells, day, bool(answers))
        return Returned(number, subject, outcome, on, criterion, answers)

    def _subject(self, number: int, cells: Mapping[str, str], who: tuple[int, int]) -> int:
        """Whom the row is about; 0 where that is wrong."""
        text, (token, fault) = cells.get("token", "").lower(), who
        if fault not in (Fault.SOUND, Fault.EMPTY):
            return self._bad(number, "number", EXPECTED[Fault(fault)], cells["number"])
        if text and not _HEX.fullmatch(text):
            zh = "应为 16 位十六进制代号；表格软件可能改写了它，请用导出的 XLSX 填写"
            en = "16 hex digits were expected; a spreadsheet may have rewritten it: fill in the XLSX that was exported"
            return self._bad(number, "token", Text(zh, en), text)
        if not text and not token:
            zh, en = "没有写明是谁；请保留导出时的代号或号码", "it does not say who this is; keep the token or the number that was exported"
            return self._bad(number, "token" if "token" in self.places else "number", Text(zh, en), "")
        subject = self.known.root(int(text, 16) if text else token)
        if text and token and self.known.root(token) != subject:
            zh, en = "与本行的号码不是同一对象；请核对", "not whom the number of this row names; look at both"
            return self._bad(number, "token", Text(zh, en), text)
        if not self.known.there(subject):
            zh, en = "没有这一对象；请核对，或重新导出名单", "nobody is known by it; look again, or export the list anew"
            return self._bad(number, "token" if text else "number", Text(zh, en), text or cells.get("number", ""))
        return subject

    def _finding(
        self, number: int, cells: Mapping[str, str], day: tuple[int, int], answered: bool
    ) -> tuple[str | None, date | None, str | None]:
        """The outcome, its day and the criterion that was wrong."""
        text, criterion = cells.get("outcome", ""), cells.get("criterion", "")
        if not text and not criterion and answered:
            return None, None, None
        outcome = named(text)
        if outcome is None:
            words = Text("应为反馈结果之一，如“已办理”", f"one of {listed(OUTCOMES)} was expected")
            self._bad(number, "outcome", Text(words.zh + meant(text, OUTCOMES).zh, words.en + meant(text, OUTCOMES).en), text)
            return None, None, None
        return outcome, self._day(number, cells, day), self._criterion(number, outcome, criterion)

    def _day(self, number: int, cells: Mapping[str, str], day: tuple[int, int]) -> date | None:
        value, fault = day
        if fault == Fault.SOUND:
            on = EPOCH + timedelta(days=value)
            if on > self.known.today:
                zh, en = f"这一天还没有到；今天是 {self.known.today}", f"that day is still to come; today is {self.known.today}"
                self._bad(number, "on", Text(zh, en), cells["on"])
            return on
        if fault == Fault.EMPTY and self.known.on is not None:
            return self.known.on
        zh, en = "没有写明是哪一天查明的；请补上，或用 --on", "it does not say on which day that was found; add it, or give --on"
        self._bad(number, "on", Text(zh, en) if fault == Fault.EMPTY else EXPECTED[Fault(fault)], cells.get("on", ""))
        return None

    def _criterion(self, number: int, outcome: str, text: str) -> str | None:
        if outcome != "not_eligible":
            if text:
                zh, en = "只有“不符合条件”才写明条件", "a criterion is named only where the outcome is not_eligible"
                self._bad(number, "criterion", Text(zh, en), text)
            return None
        id = self.form.criterion(text)
        if id is None:
            zh, en = "应写明哪一条件有误：它的代号或名称", "the criterion that was wrong was expected, by id or by label"
            near = meant(text, self.form.criteria) if text else Text("", "")
            self._bad(number, "criterion", Text(zh + near.zh, en + near.en), text)
        return id

    def _answer(self, number: int, what: str, text: str) -> bool:
        if text.lower() not in ANSWERS:
            self._bad(number, what, Text("应为是或否", "yes or no was expected"), text)
        return ANSWERS.get(text.lower(), False)

    def _twice(self, told: Returned) -> None:
        """Rows of one subject may differ in the day; of one day they say one thing."""
        said: dict[Any, Any] = {("?", check): answer for check, answer in told.answers}
        if told.outcome is not None:
            said["outcome", told.on] = (told.outcome, told.criterion)
        for key, value in said.items():
            row, before = self._said.setdefault((told.subject, key), (told.row, value))
            if before != value:
                zh, en = f"与第 {row} 行关于同一对象的说法不同", f"row {row} says otherwise of the same subject"
                self._bad(told.row, f"?{key[1]}" if key[0] == "?" else "outcome", Text(zh, en), None)

    def _bad(self, number: int, what: str, expected: Text, text: str | None) -> int:
        column = self.places.get(what) or self.form.columns[what][0]
        found = Text("", "") if text is None else value_class(text)
        both = Text(f"{found.zh}；{expected.zh}", f"{found.en}; {expected.en}") if text is not None else expected
        self.mistakes.append(Mistake(number, column, both))
        return 0

    def _numbers(self, frame: pl.DataFrame, tokens: Tokens) -> list[tuple[int, int]]:
        """Token and fault of each row's number; empty where the file has none."""
        column = self.places.get("number")
        if column is None or self.form.identity is None:
            return [(0, Fault.EMPTY)] * len(frame)
        cells = pl.Series([_cell(cell) for cell in frame[column]], dtype=pl.String)
        made = tokens.column(self.form.kind, self.form.identity, cells)
        return list(zip(made.tokens.tolist(), made.faults.tolist(), strict=True))

    def _days(self, frame: pl.DataFrame) -> list[tuple[int, int]]:
        """Day (since 1970-01-01) and fault of each row."""
        column = self.places.get("on")
        if column is None:
            return [(0, Fault.EMPTY)] * len(frame)
        values, faults = dates(*arrow_bytes(frame[column]))
        return list(zip(values.tolist(), faults.tolist(), strict=True))


def _cell(text: str | None) -> str:
    return unguarded((text or "").strip()).strip()


def _wrong(name: str, mistakes: Sequence[Mistake]) -> UnreadableFile:
    """Every mistake, at its place."""
    more = len(mistakes) - SHOWN
    told = {language: [one.render(language) for one in mistakes[:SHOWN]] for language in ("zh", "en")}
    if more > 0:
        told["zh"].append(f"还有 {more} 处。")
        told["en"].append(f"And {more} more.")
    zh = f"{name} 有 {len(mistakes)} 处要改，尚未记下任何一行；改好后整份重送："
    en = f"{name} has {len(mistakes)} mistakes, and nothing of it was noted yet; mend them and send all of it again:"
    return UnreadableFile(Text(lines([zh, *told["zh"]]), lines([en, *told["en"]])))
