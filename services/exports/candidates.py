"""A policy's list for its agency, with names.

This is the only place that joins identities to a list, when the list is written. ``huimin candidates export`` calls ``export_candidates``.
The list carries what is recorded of the work on each candidate (``services.exports.list_entries``), and says with which filter it was made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.destination import destination, is_untouched_list
from policies.language.closing import closing_words, days_left
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.actions import Action
from services.access.run import show
from services.exports.changes_sheet import changes_sheet
from services.exports.list_changes import ChangesSince, changes_of
from services.exports.list_disclosure import all_named, disclosure
from services.exports.list_entries import list_entries
from services.lists.filters import EVERYBODY, ListFilter, filter_codes, filter_values, filter_words, wanted_candidates
from services.lookup import matched_policy
from services.results import Internal, Sentence
from services.state.as_of import materialized_list

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.steps.state import State

_NOT_IN_NAMES = re.compile(r"[^\w-]")


@dataclass(frozen=True, slots=True)
class ExportedList:
    """A list that was written, and the number of its rows.

    Args:
        apply_by: the last day for applications; None where the policy declares none.
        days_left: until then; negative once it is over.
        filter: with which it was made, in words; '' for the whole list.
        changes: on the sheet of changes, by kind; None where the workbook has none.
    """

    file: Path
    rows: int
    apply_by: date | None
    days_left: int | None
    filter: Sentence
    changes: Mapping[str, int] | None
    closing: Internal[Text | None]


def export_candidates(
    workspace: Workspace, policy: str, out: Path | None = None, language: str = "zh", by_street: bool = False,
    wanted: ListFilter = EVERYBODY, changes_since: str | None = None,
) -> ExportedList:  # fmt: skip
    """Writes a policy's list with its identifying column and disclosed fields, and the columns that the agency fills in.

    Args:
        out: a .xlsx or .csv; by default a workbook in ``exports``, under the policy's name, the day and the filter. There an older list of
            the policy is replaced whatever its columns, as only this function writes it, but never one that somebody has filled in.
        by_street: a workbook gets a sheet for each street.
        wanted: only these candidates; of the changes those of its streets and persons (``changes_of``).
        changes_since: an edition or a day; the workbook gets a sheet of what changed since then.

    Raises:
        HuiminError: the policy is not matched; a filter, edition or day is none that there could be; an agreement does not, or no longer,
            allow a field; somebody on the list could not be named; or something else is at the path. Nothing was written.
    """
    with workspace.reading() as host:
        rule = matched_policy(host.state, policy)
        values = filter_values(host.state, wanted)
        path = out or workspace.folder("exports") / f"{_usual_name(host.state, policy, wanted)}.xlsx"
        if path.suffix not in (".csv", ".xlsx"):
            raise HuiminError(Text(f"{path.name}：只能导出 .xlsx 或 .csv。", f"{path.name}: only .xlsx and .csv can be written."), 2)
        if by_street and path.suffix == ".csv":
            zh = "CSV 没有工作表，不能一街镇一张；请用 .xlsx，或去掉 --by-street。"
            raise HuiminError(Text(zh, "A CSV has no sheets for the streets. Write .xlsx, or leave out --by-street."), 2)
        if changes_since is not None and path.suffix == ".csv":
            zh = "CSV 没有第二张表放变动；请用 .xlsx，或另用 huimin candidates changes --out。"
            en = "A CSV has no second sheet for the changes. Write .xlsx, or use huimin candidates changes --out."
            raise HuiminError(Text(zh, en), 2)
        changes = None if changes_since is None else changes_of(workspace, host, policy, changes_since, wanted)
        rows = write_list(workspace, host, policy, path, language, out is None, by_street, wanted, changes)
        return ExportedList(
            path, rows, rule.apply_by, days_left(rule, host.state.day), filter_words(values), None if changes is None else changes.counts,
            closing_words(rule, host.state.day),
        )  # fmt: skip


def write_list(
    workspace: Workspace, host: Host, name: str, path: Path, language: str, usual: bool = False, by_street: bool = False,
    wanted: ListFilter = EVERYBODY, changes: ChangesSince | None = None,
) -> int:  # fmt: skip
    """Writes a policy's list; returns the number of rows. Args and Raises: as for ``export_candidates``."""
    from connectors.lists.about_list import about_sheet, filter_column
    from connectors.lists.exports import write_csv
    from connectors.lists.lists import list_sheet
    from connectors.lists.workbooks import write_xlsx
    from services.deliveries.statuses import nameless_deliveries

    state = host.state
    for lost in nameless_deliveries(workspace, state):
        raise lost
    candidates = wanted_candidates(host, state, name, wanted, materialized_list(state, name))
    show(state.policies[name], (c.subject for c in candidates), Action.SEE_IDENTITY)
    entries = list_entries(workspace, state, name, [c.subject for c in candidates], language)
    values = filter_values(state, wanted)
    facts = replace(disclosure(state, name, candidates), entries=entries.cells)
    tail = [entries.marks, *([(filter_column(filter_words(values), language), {})] if values else [])]
    sheet = list_sheet(
        state.policies[name], candidates, facts, state.catalogue, workspace.vault(), state.day, language, entries.columns, by_street, tail
    )
    all_named(workspace, sum(not row[0] for row in sheet.rows))
    about = about_sheet(sheet.title, state.day, len(sheet.rows), values, language)
    closing = closing_words(state.policies[name], state.day)
    above = [sheet.title, *([] if closing is None else [closing[language]]), *([filter_words(values)[language]] if values else [])]
    sheet = replace(sheet, title=" · ".join(above))  # above every printed page
    own = is_untouched_list(None if usual else sheet.header)
    if path.suffix == ".csv":
        write_csv(destination(path, own), sheet)
    else:
        others = [*([] if changes is None else [changes_sheet(changes, language)]), *([about] if values else [])]
        write_xlsx(destination(path, own), sheet, others)
    return len(sheet.rows)


def _usual_name(state: State, policy: str, wanted: ListFilter) -> str:
    """The usual name of a list. The filter is in it, so that no filtered list takes the place of another one."""
    codes = (_NOT_IN_NAMES.sub("", code)[:20] for code in filter_codes(state, wanted))
    return "-".join([policy, str(state.day), *filter(None, codes)])
