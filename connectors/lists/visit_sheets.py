"""Visit sheets as a PDF: a page for each candidate, with a cover list where there are several.

``services.exports.visit_sheets`` decides what is on them. typst sets them by the template beside this module; the texts reach it as JSON,
never as source, so that no cell of a record is markup. The only fonts are Noto Sans SC from the package ``pylopdf-fonts-zh-cn`` (SIL Open
Font License 1.1): the same sheets are the same bytes on every machine. The document names its subjects by token, so that an erasure finds
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from policies.values import Text
from streams.disk.files import replacing
from streams.ledgers.outcomes import TITLES

TEMPLATE = Path(__file__).with_name("visit_sheets.typ")
WORDS: Mapping[str, Text] = {
    "source": Text("依据：", "By: "),
    "page": Text("第 {n} 页，共 {all} 页", "page {n} of {all}"),
    "count": Text("共 {n} 份", "{n} sheets"),
    "number": Text("序号", "no."),
    "name": Text("对象", "whom"),
    "street": Text("街镇", "street"),
    "status": Text("事由", "what for"),
    "leaf": Text("页", "page"),
    "done": Text("已访", "visited"),
    "who": Text("对象", "Whom this is about"),
    "why": Text("为什么找到您", "Why we have come to you"),
    "missing": Text("尚不能确定", "Not certain yet"),
    "ask": Text("请当面核实", "Please tell us"),
    "yes": Text("是", "yes"),
    "no": Text("否", "no"),
    "papers": Text("请带材料", "Papers to bring"),
    "result": Text("走访结果", "Result of the visit"),
    "notes": Text("备注", "notes"),
    "resident": Text("本人签名", "resident"),
    "visitor": Text("走访人签名", "visitor"),
    "date": Text("日期", "date"),
    "contact": Text("联系：", "Contact: "),
    "reference": Text("编号", "reference"),
}
"""The template's own words."""
_MARK = b"huimin visit sheets"


@dataclass(frozen=True, slots=True)
class VisitSheet:
    """One candidate's page; every text is in the reader's language.

    Args:
        subject: the token.
        name: how the cover list calls the candidate.
        status: what the visit is for, in a sentence.
        who: titles and values of what the agency may know of the candidate.
        reasons: why the candidate is on the list.
        missing: what is not certain yet.
        questions: what is to be asked, each to be answered yes or no.
        papers: what to bring.
        note: what the visitor must know first; '' as a rule.
        people: the tokens of the people whom the page names beside the subject.
    """

    subject: str
    name: str
    street: str
    status: str
    who: Sequence[tuple[str, str]]
    reasons: Sequence[str]
    missing: Sequence[str]
    questions: Sequence[str]
    papers: Sequence[str]
    note: str = ""
    people: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class VisitSheets:
    """The sheets of one policy for one round of visits.

    Args:
        heading: what the cover list is about: a street, or the whole list.
        agency, contact: who sends the visitor, and how to reach them.
        source: the policy document, its issuer and its day.
        day: of the state the sheets rest on.
        closing: until when applications are taken; '' where nothing is declared.
    """

    language: str
    title: str
    heading: str
    agency: str
    contact: str
    source: str
    day: str
    closing: str
    sheets: Sequence[VisitSheet]


def write_visit_sheets(path: Path, sheets: VisitSheets) -> None:
    """Write the sheets as PDF. Nothing of the clock or of the machine is in the file."""
    pdf = _compile(sheets, "pdf")
    with replacing(path) as part:
        part.write_bytes(pdf[0])


def page_pictures(sheets: VisitSheets, pixels_an_inch: int = 80) -> list[bytes]:
    """The pages as PNG, for people who want to see what they will print."""
    return _compile(sheets, "png", pixels_an_inch)


def is_visit_sheets(path: Path) -> bool:
    """Whether a file holds visit sheets."""
    data = path.read_bytes()
    return data.startswith(b"%PDF-") and _MARK in data


def is_about(path: Path, subject: int) -> bool:
    """Whether one of the visit sheets in a file is about a subject, or names that person."""
    return f"{subject:016x}".encode() in path.read_bytes()


def _compile(sheets: VisitSheets, form: Literal["pdf", "png"], pixels_an_inch: int | None = None) -> list[bytes]:
    import typst
    from pylopdf_fonts_zh_cn import sans_path

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(sans_path().parent)])
    own = {key: {name: text[sheets.language] for name, text in table.items()} for key, table in (("words", WORDS), ("outcomes", TITLES))}
    data = json.dumps({**asdict(sheets), **own, "mark": _MARK.decode()}, ensure_ascii=False)
    pages: Any = typst.compile(  # its types know of one page only
        TEMPLATE.read_bytes(), font_paths=fonts, sys_inputs={"data": data}, format=form, ppi=pixels_an_inch, pdf_tags=False, timestamp=0
    )
    return pages if isinstance(pages, list) else [pages]
