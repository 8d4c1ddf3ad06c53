"""Reads a list that comes back from its agency: outcomes, answers to checks, and follow-ups.

The file is an exported list (``connectors.lists.lists``) whose columns were filled in, on one sheet or several. The token or number of a
row names its subject; other columns are ignored. All mistakes are reported at once, by row and column, without the content of a cell.

    反馈 outcome    反馈日期 outcome date    不符合的条件 wrong criterion    and a column for each check: its id or its question, yes or no
    备注 note       再联系日期 call again on    分派给 assigned to (``connectors.lists.entered_follow_ups``)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from connectors.identity.tokens import Tokens, arrow_bytes
from connectors.intake.flaws import EXPECTED, value_class
from connectors.lists.entered_follow_ups import EnteredFollowUp, FollowUpReader
from connectors.lists.exports import unescape_formula
from connectors.lists.mistakes import Mistake, wrong_file
from connectors.lists.outcome_form import OutcomeForm
from connectors.lists.returned_sheets import list_layout
from connectors.lists.spreadsheet_rows import SpreadsheetRows
from connectors.parsing.cells import Fault, dates
from connectors.parsing.decoding import encoding_of, unreadable
from connectors.parsing.row_place import RowPlace
from connectors.parsing.tables import Piece, header_of, pieces
from policies.problems.problems import comma_list, suggestion
from policies.values import Text
from streams.ledgers.outcomes import OUTCOMES, outcome_of

FORMATS = {".csv": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl"}
ANSWERS = {"yes": True, "no": False, "是": True, "否": False, "true": True, "false": False}
EPOCH = date(1970, 1, 1)
NOTHING = Text("", "")
_HEX = re.compile(r"[0-9a-f]{16}")
_SAYS_NOTHING = {"number", "token", "note", "call_again", "assigned_to", "as_written"}
"""Columns that name the row's subject, or that only count where they were changed."""


class OutcomeRow(NamedTuple):
    """What one row tells: an outcome, answers to checks, follow-ups."""

    row: RowPlace
    subject: int
    outcome: str | None
    on: date | None
    criterion: str | None
    answers: tuple[tuple[str, bool], ...]
    follow_ups: tuple[EnteredFollowUp, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownSubjects:
    """What the state knows: whether a subject exists, which subject it counts as, today, and the day for rows without one.

    Args:
        has_recorded: whether something that a cell says of a subject is recorded already.
    """

    exists: Callable[[int], bool]
    root: Callable[[int], int]
    today: date
    on: date | None = None
    has_recorded: Callable[[int, EnteredFollowUp], bool] = lambda subject, entered: False


def read_outcome_rows(path: Path, form: OutcomeForm, tokens: Tokens, subjects: KnownSubjects) -> tuple[list[OutcomeRow], int]:
    """What the rows of a file tell, in its order, and the number of rows that tell nothing new.

    Raises:
        UnreadableFile: it cannot be read, or has mistakes: all of them are in the error.
    """
    if path.suffix not in FORMATS:
        raise unreadable(path.name, f"应为 {'、'.join(FORMATS)} 文件", f"is to be a {' or '.join(FORMATS)} file")
    format, encoding = FORMATS[path.suffix], encoding_of(path)
    layout = list_layout(path)
    places = form.places(header_of(path, format, encoding, layout), path.name)
    reader, numbering = _Reader(form, places, subjects), SpreadsheetRows(path, encoding)
    rows, silent = [], 0
    for piece in pieces(path, format, encoding, list(dict.fromkeys(places.values())), layout=layout):
        for row in reader.rows(piece, tokens, numbering):
            if row is None:
                silent += 1
            else:
                rows.append(row)
    if reader.mistakes:
        raise wrong_file(path.name, reader.mistakes)
    return rows, silent


class _Reader:
    def __init__(self, form: OutcomeForm, places: Mapping[str, str], subjects: KnownSubjects) -> None:
        self.form, self.places, self.subjects = form, places, subjects
        self.mistakes: list[Mistake] = []
        self._follow_ups = FollowUpReader(places, subjects.today)
        self._statements: dict[tuple[int, Any], tuple[RowPlace, Any]] = {}

    def rows(self, piece: Piece, tokens: Tokens, numbering: SpreadsheetRows) -> Iterator[OutcomeRow | None]:
        """The outcome of each row, None where it is not filled in; a row with a mistake gives nothing."""
        cells = {what: [_cell(cell) for cell in piece.frame[column]] for what, column in self.places.items()}
        who = self._numbers(piece.frame, tokens)
        days = self._days(piece.frame)
        marks = {what: piece.marks[column] for what, column in self.places.items() if column in piece.marks}
        for at in range(len(piece.frame)):
            row = {what: texts[at] for what, texts in cells.items()}
            before, place = len(self.mistakes), numbering.of(piece.place(at))
            for what, faults in marks.items():
                if faults[at]:  # a workbook's error or rounded number is no empty cell
                    self._bad(place, what, EXPECTED[Fault(faults[at])], None)
            if (problem := self._follow_ups.mark_problem(row)) is not None:
                self._bad(place, "as_written", problem, None)
            if len(self.mistakes) > before:
                continue
            entered = self._follow_ups.entries(row)
            if not entered and not any(text for what, text in row.items() if what not in _SAYS_NOTHING):
                yield None
                continue
            row_outcome = self._row(place, row, who[at], days[at], entered)
            if len(self.mistakes) == before:
                self._twice(row_outcome)
            if len(self.mistakes) == before:
                yield row_outcome

    def _row(
        self, number: RowPlace, cells: Mapping[str, str], who: tuple[int, int], day: tuple[int, int], entered: Sequence[EnteredFollowUp]
    ) -> OutcomeRow:
        subject = self._subject(number, cells, who)
        answers = tuple((what[1:], self._answer(number, what, text)) for what, text in cells.items() if what.startswith("?") and text)
        is_complete = bool(answers) or (bool(entered) and not cells.get("on"))
        outcome, on, criterion = self._finding(number, cells, day, is_complete)
        follow_ups = tuple(replace(follow_up, is_known=self.subjects.has_recorded(subject, follow_up)) for follow_up in entered)
        for follow_up in follow_ups:
            if (problem := self._follow_ups.problem(follow_up, cells[follow_up.item])) is not None:
                self._bad(number, follow_up.item, problem, cells[follow_up.item])
        return OutcomeRow(number, subject, outcome, on, criterion, answers, follow_ups)

    def _subject(self, number: RowPlace, cells: Mapping[str, str], who: tuple[int, int]) -> int:
        """The subject of a row; 0 after a mistake."""
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
        subject = self.subjects.root(int(text, 16) if text else token)
        if text and token and self.subjects.root(token) != subject:
            zh, en = "与本行的号码不是同一对象；请核对", "not whom the number of this row names; look at both"
            return self._bad(number, "token", Text(zh, en), text)
        if not self.subjects.exists(subject):
            zh, en = "没有这一对象；请核对，或重新导出名单", "nobody is known by it; look again, or export the list anew"
            return self._bad(number, "token" if text else "number", Text(zh, en), text or cells.get("number", ""))
        return subject

    def _finding(
        self, number: RowPlace, cells: Mapping[str, str], day: tuple[int, int], is_complete: bool
    ) -> tuple[str | None, date | None, str | None]:
        """The outcome, its day and the criterion that was wrong; ``is_complete``: the row may have none of them."""
        text, criterion = cells.get("outcome", ""), cells.get("criterion", "")
        if not text and not criterion and is_complete:
            return None, None, None
        outcome = outcome_of(text)
        if outcome is None:
            words = Text("应为反馈结果之一，如“已办理”", f"one of {comma_list(OUTCOMES)} was expected")
            self._bad(number, "outcome", words, text, suggestion(text, OUTCOMES))
            return None, None, None
        return outcome, self._day(number, cells, day), self._criterion(number, outcome, criterion)

    def _day(self, number: RowPlace, cells: Mapping[str, str], day: tuple[int, int]) -> date | None:
        value, fault = day
        if fault == Fault.SOUND:
            on = EPOCH + timedelta(days=value)
            if on > self.subjects.today:
                zh, en = f"这一天还没有到；今天是 {self.subjects.today}", f"that day is still to come; today is {self.subjects.today}"
                self._bad(number, "on", Text(zh, en), cells["on"])
            return on
        if fault == Fault.EMPTY and self.subjects.on is not None:
            return self.subjects.on
        zh, en = "没有写明是哪一天查明的；请补上，或用 --on", "it does not say on which day that was found; add it, or give --on"
        self._bad(number, "on", Text(zh, en) if fault == Fault.EMPTY else EXPECTED[Fault(fault)], cells.get("on", ""))
        return None

    def _criterion(self, number: RowPlace, outcome: str, text: str) -> str | None:
        if outcome != "not_eligible":
            if text:
                zh, en = "只有“不符合条件”才写明条件", "a criterion is named only where the outcome is not_eligible"
                self._bad(number, "criterion", Text(zh, en), text)
            return None
        id = self.form.criterion(text)
        if id is None:
            zh, en = "应写明哪一条件有误：它的代号或名称", "the criterion that was wrong was expected, by id or by label"
            self._bad(number, "criterion", Text(zh, en), text, suggestion(text, self.form.criteria) if text else NOTHING)
        return id

    def _answer(self, number: RowPlace, what: str, text: str) -> bool:
        if text.lower() not in ANSWERS:
            self._bad(number, what, Text("应为是或否", "yes or no was expected"), text)
        return ANSWERS.get(text.lower(), False)

    def _twice(self, row_outcome: OutcomeRow) -> None:
        """Notes a mistake for a row that contradicts an earlier row of its subject: another answer, or another outcome of the same day."""
        statements: dict[Any, Any] = {("?", check): answer for check, answer in row_outcome.answers}
        if row_outcome.outcome is not None:
            statements["outcome", row_outcome.on] = (row_outcome.outcome, row_outcome.criterion)
        statements |= {("follow-up", entered.item): entered.value for entered in row_outcome.follow_ups if entered.item != "note"}
        for key, value in statements.items():
            row, before = self._statements.setdefault((row_outcome.subject, key), (row_outcome.row, value))
            if before != value:
                zh, en = f"与{row.words.zh}关于同一对象的说法不同", f"{row.words.en} says otherwise of the same subject"
                what = f"?{key[1]}" if key[0] == "?" else str(key[1]) if key[0] == "follow-up" else "outcome"
                self._bad(row_outcome.row, what, Text(zh, en), None)

    def _bad(self, number: RowPlace, what: str, expected: Text, text: str | None, near: Text = NOTHING) -> int:
        column = self.places.get(what) or self.form.columns[what][0]
        kind = NOTHING if text is None else value_class(text)
        text_with_kind = Text(f"{kind.zh}；{expected.zh}", f"{kind.en}; {expected.en}") if text is not None else expected
        self.mistakes.append(Mistake(number, column, Text(f"{text_with_kind.zh}。{near.zh}", f"{text_with_kind.en}.{near.en}")))
        return 0

    def _numbers(self, frame: pl.DataFrame, tokens: Tokens) -> list[tuple[int, int]]:
        """The token and fault of each row's number; EMPTY where the file has no such column."""
        column = self.places.get("number")
        if column is None or self.form.identity is None:
            return [(0, Fault.EMPTY)] * len(frame)
        cells = pl.Series([_cell(cell) for cell in frame[column]], dtype=pl.String)
        tokens_of_cells = tokens.column(self.form.kind, self.form.identity, cells)
        return list(zip(tokens_of_cells.tokens.tolist(), tokens_of_cells.faults.tolist(), strict=True))

    def _days(self, frame: pl.DataFrame) -> list[tuple[int, int]]:
        """The day (since 1970-01-01) and fault of each row."""
        column = self.places.get("on")
        if column is None:
            return [(0, Fault.EMPTY)] * len(frame)
        values, faults = dates(*arrow_bytes(frame[column]))
        return list(zip(values.tolist(), faults.tolist(), strict=True))


def _cell(text: str | None) -> str:
    return unescape_formula((text or "").strip()).strip()
