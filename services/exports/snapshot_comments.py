"""The comments of the tables and columns of a snapshot: of its fixed tables in our words, of the tables of feeds as the contracts have it.

``services.exports.releases`` hands them to the writer, which takes those of columns that a table has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.language.catalogue import LINKS, Catalogue, Feed
from policies.values import Kind, Text
from services.exports.research_names import record_table

if TYPE_CHECKING:
    from connectors.analysts.manifest import TableComment

_KINDS = {Kind.PERSON: Text("个人", "person"), Kind.HOUSEHOLD: Text("家庭", "household"), Kind.DWELLING: Text("住房", "dwelling")}


def table_comments(catalogue: Catalogue) -> dict[str, TableComment]:
    """By name of table."""
    from connectors.analysts.manifest import TableComment, both_languages
    from connectors.analysts.titles import COLUMNS, TABLES

    shared = {name: both_languages(title) for name, title in COLUMNS.items()}
    comments = {name: TableComment(both_languages(title), shared) for name, title in TABLES.items()}
    for feed in catalogue.feeds.values():
        columns = {name: both_languages(title) for name, title in _own_columns(feed).items()}
        comments[record_table(feed.name)] = TableComment(both_languages(feed.title), shared | columns)
    return comments


def open_comments() -> dict[str, TableComment]:
    """Of an open snapshot, by name of table."""
    from connectors.analysts.manifest import TableComment, both_languages
    from connectors.analysts.titles import COLUMNS, OPEN_COLUMNS, OPEN_TABLES, TABLES

    columns = {name: both_languages(title) for name, title in (COLUMNS | OPEN_COLUMNS).items()}
    titles = OPEN_TABLES | {"about": TABLES["about"]}
    return {name: TableComment(both_languages(title), columns) for name, title in titles.items()}


def _own_columns(feed: Feed) -> dict[str, Text]:
    """The links and fields of a feed's table; a field names its unit of measure."""
    from connectors.analysts.columns import record_columns

    titles = {}
    for (what, name), column in record_columns(feed).items():
        if what == "link":
            kind = _KINDS[LINKS[name].target]
            titles[column] = Text(f"所指的{kind.zh}，以本快照内的化名", f"the {kind.en} it names, as a token of this snapshot")
        else:
            title, unit = feed.fields[name].title, feed.fields[name].unit
            titles[column] = Text(f"{title.zh}（{unit}）", f"{title.en} ({unit})") if unit else title
    return titles
