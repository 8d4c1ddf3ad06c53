"""A policy's list for its agency, with names.

This is the only place that joins identities to a list, when the list is written. ``huimin candidates export`` calls ``export_candidates``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.destination import destination, has_columns, is_list
from policies.problems.problems import HuiminError
from policies.values import Text
from services.lookup import matched_policy
from services.state.as_of import core, materialized_list

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host


@dataclass(frozen=True, slots=True)
class ExportedList:
    """A list that was written, and the number of its rows."""

    file: Path
    rows: int


def export_candidates(workspace: Workspace, policy: str, out: Path | None = None, language: str = "zh") -> ExportedList:
    """Writes a policy's list with its identifying column and disclosed fields.

    Args:
        out: a .csv or .xlsx; by default in ``exports``, under the policy's name and the day. There an older list of the policy is replaced
            whatever its columns, as only this function writes it.

    Raises:
        HuiminError: the policy is not matched; an agreement does not, or no longer, allow a field; somebody on the list could not be
            named; or something else is at the path. Nothing was written.
    """
    with workspace.reading() as host:
        matched_policy(host.state, policy)
        path = out or workspace.folder("exports") / f"{policy}-{host.state.day}.csv"
        if path.suffix not in (".csv", ".xlsx"):
            raise HuiminError(Text(f"{path.name}：只能导出 .csv 或 .xlsx。", f"{path.name}: only .csv and .xlsx can be written."), 2)
        return ExportedList(path, write_list(workspace, host, policy, path, language, usual=out is None))


def write_list(workspace: Workspace, host: Host, name: str, path: Path, language: str, usual: bool = False) -> int:
    """Writes a policy's list; returns the number of rows. Args and Raises: as for ``export_candidates``."""
    from connectors.lists.exports import write_csv, write_xlsx
    from connectors.lists.lists import list_sheet
    from services.deliveries.statuses import nameless_deliveries

    for lost in nameless_deliveries(workspace, host.state):
        raise lost
    matcher, policy = core(host.state), host.state.policies[name]
    candidates = materialized_list(host.state, name)
    values = {c.subject: matcher.disclosed_values(name, c.subject) for c in candidates}
    still = {c.subject for c in candidates if c.status == "needs_evidence" and matcher.still_yes(name, c.subject)}
    merged = host.state.identities.merged_subjects(policy.subject)
    catalogue, vault, day = host.state.catalogue, workspace.vault(), host.state.day
    sheet = list_sheet(policy, candidates, values, catalogue, vault, day, language, catalogue.divisions, still, merged)
    all_named(workspace, sum(not row[0] for row in sheet.rows))
    (write_xlsx if path.suffix == ".xlsx" else write_csv)(destination(path, is_list if usual else has_columns(sheet.header)), sheet)
    return len(sheet.rows)


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
