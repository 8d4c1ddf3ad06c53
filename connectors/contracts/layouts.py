"""The layout part of a contract becomes a ``policies.language.catalogue.FileLayout``.

Called by ``connectors.contracts.feeds``. A key that only some formats have is refused for the others: ``sheets`` of a CSV would have no
effect.
"""

from __future__ import annotations

from connectors.contracts.forms import DeliveryForm
from connectors.contracts.reporting import Problems
from policies.language.catalogue import FileLayout

FIND = 0
"""In the place of a header's line number: look for the header."""

# key -> the formats that have it
_BELONGS = {
    "sheets": ("xlsx",),
    "delimiter": ("csv",),
    "header_row": ("csv", "xlsx"),
    "header": ("csv", "xlsx"),
    "footer": ("csv", "xlsx"),
    "encoding": ("csv", "jsonl"),
}


def layout_of(form: DeliveryForm, problems: Problems) -> FileLayout:
    """The layout of a contract; its problems are added to ``problems``."""
    for key, formats in _BELONGS.items():
        if key in form.model_fields_set and form.format not in formats and not (key == "encoding" and form.encoding == "utf-8"):
            problems.add("layout", ("delivery", key), f"{form.format} 文件没有 {key}", f"a {form.format} file has no `{key}`", key=True)
    if form.header is not None and form.header_row is not None:
        problems.add("layout", ("delivery", "header"), "header 与 header_row 只能写一个", "write `header` or `header_row`, not both")
    for word in set(form.true_words) & set(form.false_words):
        problems.add("layout", ("delivery", "false"), f"“{word}”既表示是又表示否", f"{word!r} means both true and false")
    orders = {tuple(dict.fromkeys(c for c in text if c in "YMD")) for text in form.dates}
    if {("M", "D", "Y"), ("D", "M", "Y")} <= orders or ("Y", "D", "M") in orders:
        problems.add("layout", ("delivery", "dates"), "日和月的次序会有两种读法", "day and month could be read in both orders")
    return FileLayout(
        sheets=("*",) if form.sheets == ["all"] else () if form.sheets == ["one"] else tuple(form.sheets),
        header=FIND if form.header else form.header_row,
        delimiter={"auto": "", "tab": "\t"}.get(form.delimiter, form.delimiter),
        footer=tuple(form.footer),
        nulls=tuple(form.nulls),
        true=tuple(form.true_words),
        false=tuple(form.false_words),
        thousands=form.thousands or "",
        currency=tuple(form.currency),
        dates=tuple(form.dates),
    )
