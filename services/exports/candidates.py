"""A policy's list for its agency, with names.

This is the only place that joins identities to a list, when the list is written. ``huimin candidates export`` calls ``export_candidates``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.destination import destination, is_untouched_list
from policies.language.closing import closing_words
from policies.problems.problems import HuiminError
from policies.values import Kind, Text
from services.lists.marks import mark_words, marks_on
from services.lookup import matched_policy
from services.results import Internal
from services.state.as_of import core, materialized_list

if TYPE_CHECKING:
    from connectors.lists.disclosures import Disclosure
    from connectors.lists.lists import ExportedCandidate
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class ExportedList:
    """A list that was written, and the number of its rows.

    Args:
        closes: the last day for applications; None where the policy declares none.
    """

    file: Path
    rows: int
    closes: date | None
    closing: Internal[Text | None]


def export_candidates(
    workspace: Workspace, policy: str, out: Path | None = None, language: str = "zh", by_street: bool = False
) -> ExportedList:  # fmt: skip
    """Writes a policy's list with its identifying column and disclosed fields, and the columns that the agency fills in.

    Args:
        out: a .xlsx or .csv; by default a workbook in ``exports``, under the policy's name and the day. There an older list of the policy
            is replaced whatever its columns, as only this function writes it, but never one that somebody has filled in.
        by_street: a workbook gets a sheet for each street.

    Raises:
        HuiminError: the policy is not matched; an agreement does not, or no longer, allow a field; somebody on the list could not be
            named; or something else is at the path. Nothing was written.
    """
    with workspace.reading() as host:
        rule = matched_policy(host.state, policy)
        path = out or workspace.folder("exports") / f"{policy}-{host.state.day}.xlsx"
        if path.suffix not in (".csv", ".xlsx"):
            raise HuiminError(Text(f"{path.name}：只能导出 .xlsx 或 .csv。", f"{path.name}: only .xlsx and .csv can be written."), 2)
        if by_street and path.suffix == ".csv":
            zh = "CSV 没有工作表，不能一街镇一张；请用 .xlsx，或去掉 --by-street。"
            raise HuiminError(Text(zh, "A CSV has no sheets for the streets. Write .xlsx, or leave out --by-street."), 2)
        rows = write_list(workspace, host, policy, path, language, out is None, by_street)
        return ExportedList(path, rows, rule.apply_by, closing_words(rule, host.state.day))


def write_list(
    workspace: Workspace, host: Host, name: str, path: Path, language: str, usual: bool = False, by_street: bool = False
) -> int:  # fmt: skip
    """Writes a policy's list; returns the number of rows. Args and Raises: as for ``export_candidates``."""
    from connectors.lists.exports import write_csv
    from connectors.lists.feedback import feedback_columns
    from connectors.lists.lists import list_sheet
    from connectors.lists.workbooks import write_xlsx
    from services.deliveries.statuses import nameless_deliveries
    from services.lists.outcome_reports import outcome_form

    state = host.state
    for lost in nameless_deliveries(workspace, state):
        raise lost
    candidates = materialized_list(state, name)
    entries = feedback_columns(outcome_form(state, name), language)
    sheet = list_sheet(
        state.policies[name], candidates, disclosure(state, name, candidates), state.catalogue, workspace.vault(), state.day, language,
        entries, by_street,
    )  # fmt: skip
    all_named(workspace, sum(not row[0] for row in sheet.rows))
    if (closing := closing_words(state.policies[name], state.day)) is not None:
        sheet = replace(sheet, title=f"{sheet.title} · {closing[language]}")  # above every printed page
    own = is_untouched_list(None if usual else sheet.header)
    (write_xlsx if path.suffix == ".xlsx" else write_csv)(destination(path, own), sheet)
    return len(sheet.rows)


def disclosure(state: State, policy: str, candidates: Sequence[ExportedCandidate]) -> Disclosure:
    """What the state says of the candidates of a policy's list: disclosed values, and whose names stand in each row."""
    from connectors.lists.disclosures import Disclosure

    matcher, version = core(state), state.policies[policy]
    tokens = [c.subject for c in candidates]
    linked = [ref for ref in version.discloses if ref.links and matcher.catalogue.feeds[ref.feed].fields[ref.field].identity]
    return Disclosure(
        values={token: matcher.disclosed_values(policy, token) for token in tokens},
        linked={ref: matcher.linked_subjects(policy, ref.links, tokens) for ref in linked},
        people={people: matcher.people(policy, people.path, tokens) for people in version.people},
        merged={kind: state.identities.merged_subjects(kind) for kind in Kind},
        still={c.subject for c in candidates if c.status == "needs_evidence" and matcher.still_yes(policy, c.subject)},
        marks={subject: mark_words(mark) for subject, mark in marks_on(state, policy).items()},
    )


def all_named(workspace: Workspace, nobody: int) -> None:
    """Passes a list on which everybody has a number. On a network others may have taken somebody in: then it warns.

    Raises:
        HuiminError: somebody has no number.
    """
    if nobody and workspace.network is None:
        zh = f"名单上有 {nobody} 个对象在身份库中没有号码，名单未导出。"
        zh += "多半是一批数据只收了一半：huimin doctor 会指出，请把那个文件再接收一次。"
        en = f"Of the list {nobody} have no number in the vault, so nothing was exported. "
        en += "A delivery may have stopped half-way: huimin doctor names it; take that file in again."
        raise HuiminError(Text(zh, en))
    if nobody:
        zh = f"名单上有 {nobody} 个对象由本网络的其他工作区接收，这里没有其号码，只写代号。"
        workspace.say(
            Text(zh, f"Of the list {nobody} were taken in by other workspaces of the network: their token stands without a number.")
        )
