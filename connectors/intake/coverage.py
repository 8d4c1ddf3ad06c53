"""Coverage statements as units send them (JSON lines) become messages.

A statement makes absence mean something, so it is accepted only where every part of it is understood: the feed, the unit as one of its
sources, and a division of this source or a list of readable subjects. No statement reaches beyond the day of its receipt, because later
records are not known yet.

Source: docs/en/semantics.md section 3; the form is ``connectors.contracts.forms.StatementForm``.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TypeAlias

import numpy as np
from pydantic import ValidationError

from connectors.contracts.faults import UnreadableFile
from connectors.contracts.forms import StatementForm
from connectors.contracts.reporting import Problems, refuse
from connectors.identity.tokens import Tokens
from connectors.limits import LARGEST_STATEMENTS
from connectors.parsing.cells import Fault
from connectors.parsing.decoding import encoding_of, refuse_special, unreadable
from connectors.parsing.row_place import rows_words
from connectors.parsing.tables import pieces
from policies.language.catalogue import Catalogue, Feed
from policies.problems.problems import Problem, comma_list, suggestion
from policies.values import within
from streams.language.messages import CoverageStated, CoverageWithdrawn
from streams.ledgers.deliveries import TOPIC_SCHEME

CoverageMessage: TypeAlias = CoverageStated | CoverageWithdrawn
_ONLY_STATED = ("feed", "unit", "division", "subjects", "complete_to", "delivery")


def read_statements(path: Path, catalogue: Catalogue, tokens: Tokens, received: date) -> list[CoverageMessage]:
    """The statements of a file; the lists of subjects that it names lie in the same folder.

    Args:
        received: the day of receipt.

    Raises:
        UnreadableFile: there is no such file, or it is not UTF-8.
        Invalid: with every problem of every line.
    """
    refuse_special(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_STATEMENTS + 1)
        if len(data) > LARGEST_STATEMENTS:
            zh, en = "超过 8 MB（上限），不像覆盖声明；请核对文件", "is larger than 8 MB, the most there may be: hardly coverage statements"
            raise unreadable(path.name, zh, en)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise unreadable(path.name, "不是 UTF-8 编码", "is not UTF-8") from None
    except OSError as error:
        raise unreadable(path.name, f"读取失败({error.strerror})", f"cannot be read ({error.strerror})") from None
    return statements(text, path.name, path.parent, catalogue, tokens, received)


def statements(
    text: str, file: str, folder: Path, catalogue: Catalogue, tokens: Tokens, received: date
) -> list[CoverageMessage]:  # fmt: skip
    """The statements of a text, in their order.

    Args:
        file: the name of the text in messages.
        folder: where the lists of subjects lie.
        received: the day of receipt.

    Raises:
        Invalid: with every problem of every line.
    """
    messages: list[CoverageMessage] = []
    problems: list[Problem] = []
    first_of_id: dict[str, CoverageStated] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        of_line = Problems(None, file, number)
        message = _message(line, folder, catalogue, tokens, received, of_line)
        if isinstance(message, CoverageStated) and first_of_id.setdefault(message.statement, message) != message:
            of_line.add(
                "duplicate", ("statement",), "编号已用于前面另一份声明；请换编号", "this id is of another statement above; use a new one"
            )
        problems += of_line.errors
        if message is not None:
            messages.append(message)
    refuse(problems)
    return messages


def _message(
    line: str, folder: Path, catalogue: Catalogue, tokens: Tokens, received: date, problems: Problems
) -> CoverageMessage | None:  # fmt: skip
    try:
        form = StatementForm.model_validate(json.loads(line, object_pairs_hook=_once))
    except ValidationError as error:
        problems.add_form(error, StatementForm)
        return None
    except json.JSONDecodeError as error:
        problems.add_json(line, error)
        return None
    except (ValueError, RecursionError):
        problems.add("json", (), "不是 JSON 对象，或有重复的键", "no JSON object, or a key is there twice")
        return None
    return _withdrawal(form, problems) if form.withdrawn else _statement(form, folder, catalogue, tokens, received, problems)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _withdrawal(form: StatementForm, problems: Problems) -> CoverageWithdrawn:
    for name in _ONLY_STATED:
        if getattr(form, name) is not None:
            problems.add("withdrawn", (name,), "撤回声明时只写编号", "a withdrawal names the statement and nothing else")
    return CoverageWithdrawn(form.statement)


def _statement(
    form: StatementForm, folder: Path, catalogue: Catalogue, tokens: Tokens, received: date, problems: Problems
) -> CoverageStated | None:  # fmt: skip
    for name in ("feed", "unit", "complete_to"):
        if getattr(form, name) is None:
            problems.add("missing", (), f"缺少“{name}”；请补上", f"{name!r} is missing; add it")
    if form.complete_to is not None and form.complete_to > received:
        zh = f"{form.complete_to} 晚于收到声明的 {received}；声明只能说到收到之日，请改正日期"
        en = f"{form.complete_to} is later than {received}, the day of receipt; a statement cannot reach beyond that, mend the date"
        problems.add("complete_to", ("complete_to",), zh, en)
    if form.delivery and form.delivery.id.startswith(TOPIC_SCHEME):
        zh = "主题的交付不会收齐，声明会一直等待；请不写 delivery"
        problems.add("delivery", ("delivery",), zh, "a topic's delivery is never whole, and this would wait for ever; leave `delivery` out")
    if (form.division is None) == (form.subjects is None):
        problems.add("about", (), "须写明 division 或 subjects(二者之一)", "must name either `division` or `subjects`")
    feed = _feed(form.feed, catalogue, problems)
    source = _source(form, feed, problems) if feed else None
    subjects = _subjects(form.subjects, folder, feed, tokens, problems) if feed and form.subjects else ()
    if problems.errors or feed is None or source is None:
        return None
    delivery = form.delivery
    return CoverageStated(
        form.statement, feed.name, source, form.division, subjects, form.complete_to or date.min,
        delivery.id if delivery else None, delivery.rows if delivery else None, received,
    )  # fmt: skip


def _feed(name: str | None, catalogue: Catalogue, problems: Problems) -> Feed | None:
    feed = catalogue.feeds.get(name or "")
    if name and feed is None:
        near = suggestion(name, catalogue.feeds)
        problems.add("feed", ("feed",), f"没有数据源“{name}”。{near.zh}", f"there is no feed {name!r}.{near.en}")
    return feed


def _source(form: StatementForm, feed: Feed, problems: Problems) -> int | None:
    position = feed.source_position(form.unit or "")
    if form.unit and position is None:
        units = [source.unit for source in feed.sources]
        zh, en = (
            f"“{form.unit}”不是来源单位；应为 {comma_list(units)}",
            f"{form.unit!r} is no source of this feed; expected {comma_list(units)}",
        )
        problems.add("unit", ("unit",), zh, en)
    if position is not None and form.division and within(form.division, feed.sources[position].division) is False:
        own = feed.sources[position].division
        problems.add("division", ("division",), f"不在该单位负责的区划 {own} 内", f"is not within {own}, for which this unit answers")
    return position


def _subjects(name: str, folder: Path, feed: Feed, tokens: Tokens, problems: Problems) -> tuple[int, ...]:
    """The tokens of a list of subjects: a CSV file beside the statements, with the feed's identifying column."""
    if Path(name).name != name or name.startswith("."):
        problems.add("subjects", ("subjects",), "应为同一文件夹中的文件名", "expected the name of a file in the same folder")
        return ()
    column = feed.identify.column
    subjects: set[int] = set()
    try:
        for piece in pieces(folder / name, "csv", encoding_of(folder / name), [column]):
            cells = tokens.column(feed.subject, feed.identify, piece.frame[column])
            subjects.update(cells.tokens[cells.faults == Fault.SOUND].tolist())
            wrong = [piece.place(at) for at in np.flatnonzero(cells.faults != Fault.SOUND).tolist()]
            if wrong:
                rows = rows_words(wrong)
                zh, en = (
                    f"{name} {rows.zh}的“{column}”无法识别",
                    f"{name} has no readable {column!r} in {rows.en}",
                )
                problems.add("subjects", ("subjects",), zh, en)
    except UnreadableFile as error:
        problems.add("subjects", ("subjects",), error.text.zh, error.text.en)
        return ()
    if not subjects and not problems.errors:
        problems.add("subjects", ("subjects",), f"{name} 中没有对象", f"{name} lists nobody")
    return tuple(sorted(subjects))
