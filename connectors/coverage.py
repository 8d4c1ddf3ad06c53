"""Coverage statements as units send them (JSON lines) become messages.

The one idea: a statement is a promise that absence means something, so it is taken only if every word of it is understood: the feed, the
unit that is one of its sources, a division that this source answers for, or a list of subjects each of whom can be read.

Source: docs/semantics.md section 3; the form is ``connectors.forms.StatementForm``.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TypeAlias

import numpy as np
from pydantic import ValidationError

from connectors.cells import Fault
from connectors.decoding import encoding_of, unreadable
from connectors.faults import Problems, UnreadableFile, refuse
from connectors.forms import StatementForm
from connectors.tables import pieces
from connectors.tokens import Tokens
from policies.catalogue import Catalogue, Feed
from policies.problems import Problem, listed, meant
from policies.values import within
from streams.messages import CoverageStated, CoverageWithdrawn

CoverageMessage: TypeAlias = CoverageStated | CoverageWithdrawn
_LONGEST = 8 << 20
_ONLY_STATED = ("feed", "unit", "division", "subjects", "complete_to", "delivery")


def read_statements(path: Path, catalogue: Catalogue, tokens: Tokens) -> list[CoverageMessage]:
    """The statements of a file; lists of subjects lie beside it.

    Raises:
        UnreadableFile: no such file, or not UTF-8.
        Invalid: with every problem of every line.
    """
    try:
        text = path.read_bytes()[: _LONGEST + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise unreadable(path.name, "不是 UTF-8 编码", "is not UTF-8") from None
    except OSError as error:
        raise unreadable(path.name, f"读取失败({error.strerror})", f"cannot be read ({error.strerror})") from None
    if len(text) > _LONGEST:
        raise unreadable(path.name, "超过 8 MB,不像覆盖声明", "is larger than 8 MB and can hardly be coverage statements")
    return statements(text, path.name, path.parent, catalogue, tokens)


def statements(text: str, file: str, folder: Path, catalogue: Catalogue, tokens: Tokens) -> list[CoverageMessage]:
    """The statements of a text, in its order.

    Args:
        file: how to call the text in messages.
        folder: where the lists of subjects lie.

    Raises:
        Invalid: with every problem of every line.
    """
    found: list[CoverageMessage] = []
    problems: list[Problem] = []
    seen: dict[str, CoverageStated] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        of_line = Problems(None, file, number)
        message = _message(line, folder, catalogue, tokens, of_line)
        if isinstance(message, CoverageStated) and seen.setdefault(message.statement, message) != message:
            of_line.add(
                "duplicate", ("statement",), "编号已用于前面另一份声明；请换编号", "this id is of another statement above; use a new one"
            )
        problems += of_line.found
        if message is not None:
            found.append(message)
    refuse(problems)
    return found


def _message(line: str, folder: Path, catalogue: Catalogue, tokens: Tokens, problems: Problems) -> CoverageMessage | None:
    try:
        form = StatementForm.model_validate(json.loads(line, object_pairs_hook=_once))
    except ValidationError as error:
        problems.add_form(error, StatementForm)
        return None
    except (ValueError, RecursionError):
        problems.add("json", (), "不是 JSON 对象，或有重复的键", "no JSON object, or a key is there twice")
        return None
    return _withdrawal(form, problems) if form.withdrawn else _statement(form, folder, catalogue, tokens, problems)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _withdrawal(form: StatementForm, problems: Problems) -> CoverageWithdrawn:
    for name in _ONLY_STATED:
        if getattr(form, name) is not None:
            problems.add("withdrawn", (name,), "撤回声明时只写编号", "a withdrawal names the statement and nothing else")
    return CoverageWithdrawn(form.statement)


def _statement(form: StatementForm, folder: Path, catalogue: Catalogue, tokens: Tokens, problems: Problems) -> CoverageStated | None:
    for name in ("feed", "unit", "complete_to"):
        if getattr(form, name) is None:
            problems.add("missing", (), f"缺少“{name}”；请补上", f"{name!r} is missing; add it")
    if (form.division is None) == (form.subjects is None):
        problems.add("about", (), "须写明 division 或 subjects(二者之一)", "must name either `division` or `subjects`")
    feed = _feed(form.feed, catalogue, problems)
    source = _source(form, feed, problems) if feed else None
    subjects = _subjects(form.subjects, folder, feed, tokens, problems) if feed and form.subjects else ()
    if problems.found or feed is None or source is None:
        return None
    delivery = form.delivery
    return CoverageStated(
        form.statement, feed.name, source, form.division, subjects, form.complete_to or date.min,
        delivery.id if delivery else None, delivery.rows if delivery else None,
    )  # fmt: skip


def _feed(name: str | None, catalogue: Catalogue, problems: Problems) -> Feed | None:
    feed = catalogue.feeds.get(name or "")
    if name and feed is None:
        near = meant(name, catalogue.feeds)
        problems.add("feed", ("feed",), f"没有数据源“{name}”。{near.zh}", f"there is no feed {name!r}.{near.en}")
    return feed


def _source(form: StatementForm, feed: Feed, problems: Problems) -> int | None:
    position = feed.source_position(form.unit or "")
    if form.unit and position is None:
        units = [source.unit for source in feed.sources]
        zh, en = f"“{form.unit}”不是来源单位；应为 {listed(units)}", f"{form.unit!r} is no source of this feed; expected {listed(units)}"
        problems.add("unit", ("unit",), zh, en)
    if position is not None and form.division and within(form.division, feed.sources[position].division) is False:
        own = feed.sources[position].division
        problems.add("division", ("division",), f"不在该单位负责的区划 {own} 内", f"is not within {own}, for which this unit answers")
    return position


def _subjects(name: str, folder: Path, feed: Feed, tokens: Tokens, problems: Problems) -> tuple[int, ...]:
    """The tokens of a list of subjects: a CSV file beside the statements with the identifying column of the feed."""
    if Path(name).name != name or name.startswith("."):
        problems.add("subjects", ("subjects",), "应为同一文件夹中的文件名", "expected the name of a file in the same folder")
        return ()
    column = feed.identify.column
    found: set[int] = set()
    try:
        for piece in pieces(folder / name, "csv", encoding_of(folder / name), [column]):
            tokened = tokens.column(feed.subject, feed.identify, piece.frame[column])
            found.update(tokened.tokens[tokened.faults == Fault.SOUND].tolist())
            rows = (np.flatnonzero(tokened.faults != Fault.SOUND) + piece.first).tolist()
            if rows:
                zh, en = f"{name} 第 {listed(rows)} 行的“{column}”无法识别", f"{name} has no readable {column!r} in rows {listed(rows)}"
                problems.add("subjects", ("subjects",), zh, en)
    except UnreadableFile as error:
        problems.add("subjects", ("subjects",), error.text.zh, error.text.en)
        return ()
    if not found and not problems.found:
        problems.add("subjects", ("subjects",), f"{name} 中没有对象", f"{name} lists nobody")
    return tuple(sorted(found))
