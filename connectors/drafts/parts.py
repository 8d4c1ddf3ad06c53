"""Which columns of a sample play a part in a contract: the subject, the key, the order of two rows, the validity.

Called by ``connectors.drafts.proposal``. A part that no column plays has the nearest column, or none, and a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from connectors.drafts.guess import ColumnGuess
from connectors.drafts.titles import Part
from connectors.drafts.words import OPEN_WORDS
from connectors.identity.tokens import arrow_bytes
from connectors.intake.encoding import days
from connectors.parsing.cells import MISSING, Fault, orders
from policies.language.catalogue import FileLayout
from policies.values import Kind, Text

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Choice:
    """A column with a part, why, and what is to be decided; without a column where none fits."""

    column: ColumnGuess | None
    why: Text
    question: Text | None = None

    @property
    def title(self) -> str:
        return "" if self.column is None else self.column.column.title


@dataclass(frozen=True, slots=True)
class Parts:
    """The columns with a part.

    Args:
        kind: what a row is about.
        scheme: how the subject's column names it.
        many: whether a subject may have several records.
        order_type: of the order's cells, where a column orders.
        first, last: of the validity; both or none.
        open_words: words of the last day that mean "for ever".
    """

    kind: Kind
    scheme: Literal["cn-resident-id", "opaque"]
    subject: Choice
    key: Choice
    order: Choice
    order_type: Literal["date", "time"]
    many: bool
    first: Choice | None
    last: Choice | None
    open_words: tuple[str, ...]

    def titles(self) -> frozenset[str]:
        """The titles of columns with a part; they need no field of their own."""
        choices = (self.subject, self.key, self.order, self.first, self.last)
        return frozenset(choice.title for choice in choices if choice is not None and choice.column is not None)


def parts_of(guesses: Sequence[ColumnGuess], received: date) -> Parts:
    """The parts of the columns of a sample, at least one.

    Args:
        received: the day of receipt; an order later than the next day is none.
    """
    kind, subject = _subject(guesses)
    is_resident = subject.column is not None and subject.column.type == "resident"
    key = _key(guesses, subject)
    order, order_type = _order(guesses, received)
    first, last, words = _validity(guesses, order)
    many = subject.column is None or not subject.column.unique
    return Parts(kind, "cn-resident-id" if is_resident else "opaque", subject, key, order, order_type, many, first, last, words)


def _subject(guesses: Sequence[ColumnGuess]) -> tuple[Kind, Choice]:
    residents = [g for g in guesses if g.type == "resident"]
    own = sorted(residents, key=lambda g: (g.part is not Part.RESIDENT, g.part is Part.RELATIVE, g.empty, g.column.position))
    if own:
        why = Text("居民身份号码，校验位相符", "resident numbers whose check characters agree")
        question = None
        if len(own) > 1:
            question = Text(
                "有几列身份号码；记录是关于这一列的人吗？", "several columns hold resident numbers: are the records about this one?"
            )
        return Kind.PERSON, Choice(own[0], why, question)
    for kind, part, zh, en in (
        (Kind.HOUSEHOLD, Part.HOUSEHOLD, "没有身份号码，有户号", "no resident numbers, but numbers of households"),
        (Kind.DWELLING, Part.DWELLING, "没有身份号码，有房屋编号", "no resident numbers, but numbers of dwellings"),
    ):
        named = next((g for g in guesses if g.part is part), None)
        if named is not None:
            return kind, Choice(named, Text(zh, en))
    question = Text("记录是关于谁的、哪一列写着其号码？", "whom are the records about, and which column holds their number?")
    fallback = next((g for g in guesses if g.part is Part.RESIDENT or g.unique), guesses[0])
    return Kind.PERSON, Choice(fallback, Text("没有一列是居民身份号码", "no column holds resident numbers"), question)


def _key(guesses: Sequence[ColumnGuess], subject: Choice) -> Choice:
    named = [g for g in guesses if g.unique and g.part is Part.RECORD]
    if named:
        return Choice(
            named[0],
            Text("样本中没有空格、没有重复，列名也是编号", "no cell is empty and none is there twice, and its title names a number"),
        )
    if subject.column is not None and subject.column.unique:
        return Choice(subject.column, Text("样本中每个对象只有一行", "each subject has a row of its own in the sample"))
    question = Text("它在每次交付中都指同一条记录吗？", "does it name the same record in every delivery?")
    alike = [g for g in guesses if g.unique and g.type in ("text", "int") and g.part is not Part.SERIAL]
    serial = [g for g in guesses if g.unique and g.part is Part.SERIAL]
    for unique in (*alike, *serial):
        why = Text("样本中没有空格，也没有重复", "no cell is empty, and none is there twice in the sample")
        return Choice(unique, why, question)
    best = max(guesses, key=lambda g: (g.empty == 0, g.column.cells.n_unique(), g is subject.column))
    question = Text(
        "没有一列能单独指明一条记录；同号的行会相互替代。请单位在文件里加一列记录号",
        "no column alone names a record, and rows of one key replace each other: ask the unit to add a column with the record's number",
    )
    return Choice(best, Text("重复最少的一列", "the column with the fewest repetitions"), question)


def _order(guesses: Sequence[ColumnGuess], received: date) -> tuple[Choice, Literal["date", "time"]]:
    end = ((received - _EPOCH).days + 2) * 86_400_000_000
    for guess in guesses:
        if guess.part is not Part.ORDER or guess.empty:
            continue
        data, offsets = arrow_bytes(guess.column.cells)
        for kind, name in ((2, "date"), (3, "time")):
            if not orders(data, offsets, kind, end)[1].any():
                why = Text("列名说的是何时更新，每格都读得出", "its title says when a row was changed, and every cell can be read")
                return Choice(guess, why), "date" if name == "date" else "time"
    why = Text("没有一列写明何时更新：按交付先后", "no column says when a row was changed: by the order of deliveries")
    question = Text("有没有更新日期这样的列可以加进文件？", "could a column such as the day of the last change be added to the files?")
    return Choice(None, why, question), "time"


def _validity(guesses: Sequence[ColumnGuess], order: Choice) -> tuple[Choice | None, Choice | None, tuple[str, ...]]:
    first = next((g for g in guesses if g.part is Part.FIRST and g.type == "date" and g is not order.column), None)
    if first is None:
        return None, None, ()
    for last in guesses:
        if last.part is not Part.LAST:
            continue
        words = tuple(word for word in OPEN_WORDS if (last.column.cells == word).any())
        starts, start_faults = days(first.column.cells, FileLayout(dates=first.dates))
        closed = last.column.cells.is_in(words).to_numpy()
        ends, end_faults = days(last.column.cells, FileLayout(dates=last.dates or first.dates))
        sound = ((end_faults <= Fault.EMPTY) | closed) & (start_faults <= Fault.EMPTY)
        in_order = (ends == MISSING) | (starts == MISSING) | closed | (starts <= ends)
        if np.mean(sound & in_order) > 0.9:
            why = Text("列名是起止，每行起不晚于止", "by their titles a first and a last day, in this order in the rows")
            return Choice(first, why), Choice(last, why), words
    return None, None, ()


def household_column(guesses: Sequence[ColumnGuess], parts: Parts) -> ColumnGuess | None:
    """The column of household numbers in a feed about persons."""
    if parts.kind is not Kind.PERSON:
        return None
    return next((g for g in guesses if g.part is Part.HOUSEHOLD and g is not parts.subject.column), None)
