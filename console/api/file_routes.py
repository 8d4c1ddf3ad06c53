"""Routes whose answer is a file: lists for agencies, visit sheets, evidence, snapshots; and what comes back from an agency.

A file with names leaves only to a clerk of the policy's agency, with what policy and agreements disclose; it is written to a folder of its
own, read once, and gone.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from console.api.answers import Answer
from console.api.parameters import Body, Name, Words
from console.api.request_context import RequestContext
from console.api.route import Route
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.actions import Action
from services.access.sight import newest
from services.deliveries.open_cells import Closing, close_rows
from services.erasure.erasure import ErasureEntry, erasures
from services.exports.candidates import export_candidates
from services.exports.snapshots import CheckedSnapshot, SnapshotFile, check_snapshots, create_open_snapshot, snapshots
from services.exports.visit_sheets import write_visits
from services.identity.corrections import CorrectionInForce, corrections_in_force
from services.lists.editions import edition_evidence
from services.lists.filters import ListFilter
from services.lists.people import ListPlace, list_places
from services.lists.returned_lists import ReturnedList, report_returned

KINDS = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".csv": "text/csv; charset=utf-8", ".pdf": "application/pdf",
    ".jsonl": "application/x-ndjson", ".duckdb": "application/octet-stream",
}  # fmt: skip
RETURNED = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream")
SnapshotName = Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,100}$")]
NO_SNAPSHOT = Text("没有这个快照。", "There is no such snapshot.")


class Lookup(Body):
    """A name, telephone or number. It comes in a body, so that it is in no address and no log."""

    text: Annotated[str, Field(min_length=1, max_length=100)]


class ClosedRows(Body):
    """The delivery whose rows of nobody are closed."""

    delivery: Annotated[int, Field(ge=1)]


def as_answer(path: Path, status: int = 200) -> Answer:
    """A file as an answer, under its name."""
    name = f"attachment; filename*=UTF-8''{quote(path.name)}"
    headers = (("Content-Disposition", name), ("Cache-Control", "no-store"))
    return Answer(status, path.read_bytes(), KINDS[path.suffix], headers)


def export(
    context: RequestContext, policy: Name, format: Literal["xlsx", "csv"] = "xlsx", by_street: bool = False, street: Words = None,
    status: Words = None, outcome: Words = None, assigned: Words = None, since: Annotated[str | None, Field(max_length=20)] = None,
) -> Answer:  # fmt: skip
    wanted = ListFilter(tuple(street or ()), tuple(status or ()), tuple(outcome or ()), tuple(assigned or ()))
    with TemporaryDirectory(prefix="huimin-") as folder:
        path = Path(folder) / f"{policy}.{format}"
        export_candidates(context.workspace, policy, path, context.language, by_street, wanted, since)
        return as_answer(path)


def visits(context: RequestContext, policy: Name, street: Words = None, assigned: Words = None) -> Answer:
    wanted = ListFilter(tuple(street or ()), assigned=tuple(assigned or ()))
    with TemporaryDirectory(prefix="huimin-") as folder:
        path = Path(folder) / f"{policy}-visit.pdf"
        write_visits(context.workspace, policy, None, wanted, path, context.language)
        return as_answer(path)


def evidence(context: RequestContext, policy: Name, number: int) -> Answer:
    with TemporaryDirectory(prefix="huimin-") as folder:
        path = Path(folder) / f"{policy}-{number}.evidence.jsonl"
        edition_evidence(context.workspace, policy, number, path)
        return as_answer(path)


def returned_list(context: RequestContext, policy: Name, file: str) -> ReturnedList:
    return report_returned(context.workspace, policy, Path(file), None, context.account)


def lookup(context: RequestContext, body: Lookup) -> tuple[ListPlace, ...]:
    """Where somebody is on the lists of the caller's agencies."""
    with context.workspace.reading() as host:
        policies = [newest(host.state, name) for name in sorted(host.state.policies) if context.sight.policy(host.state, name)]
        agencies = sorted({policy.agency for policy in policies if policy is not None})
    return tuple(place for agency in agencies for place in list_places(context.workspace, body.text, agency))


def snapshot_list(context: RequestContext) -> list[SnapshotFile]:
    return snapshots(context.workspace)


def snapshot_checks(context: RequestContext) -> list[CheckedSnapshot]:
    return check_snapshots(context.workspace)


def open_snapshot(context: RequestContext) -> list[SnapshotFile]:
    created = create_open_snapshot(context.workspace)
    return [file for file in snapshots(context.workspace) if file.file == created.file.name]


def snapshot_file(context: RequestContext, snapshot: SnapshotName) -> Answer:
    """A snapshot of the workspace; one of people leaves only as its release says, so only an open one is given here."""
    listed = {file.file: file for file in snapshots(context.workspace)}
    path = context.workspace.folder("snapshots") / snapshot
    if snapshot not in listed or listed[snapshot].release is not None or not path.is_file():
        raise HuiminError(NO_SNAPSHOT, 2)
    return as_answer(path)


def erasure_list(context: RequestContext) -> list[ErasureEntry]:
    return erasures(context.workspace)


def identity_list(context: RequestContext) -> list[CorrectionInForce]:
    return corrections_in_force(context.workspace)


def close(context: RequestContext, feed: Name, body: ClosedRows, unit: Annotated[str | None, Field(max_length=100)] = None) -> Closing:
    return close_rows(context.workspace, feed, unit, body.delivery, context.account, context.today())


_POLICY = "/policies/{policy}"
ROUTES = (
    Route("lists.export", "GET", f"{_POLICY}/export", Action.EXPORT_LIST, export, Text("导出名单", "Export a list"), "policy", whole=True),
    Route("lists.visits", "GET", f"{_POLICY}/visits", Action.PRINT_VISITS, visits, Text("入户单", "Visit sheets"), "policy", whole=True),
    Route("lists.returned", "POST", f"{_POLICY}/returns", Action.REPORT_OUTCOME, returned_list, Text("交回名单", "Return a list"), "policy", whole=True, body=RETURNED, status=201),
    Route("editions.evidence", "GET", f"{_POLICY}/editions/{{number}}/evidence", Action.READ_EVIDENCE, evidence, Text("一期的依据", "The evidence of an edition"), "policy", whole=True),
    Route("people.find", "POST", "/lookups", Action.LOOK_UP_IDENTITY, lookup, Text("按姓名或号码查人", "Look somebody up"), "any list", dry=True),
    Route("quarantine.close", "POST", "/feeds/{feed}/closings", Action.CLOSE_ROWS, close, Text("关闭认不出对象的行", "Close rows of nobody"), "source", status=201),
    Route("snapshots.list", "GET", "/snapshots", Action.READ_SNAPSHOTS, snapshot_list, Text("快照", "Snapshots")),
    Route("snapshots.checks", "GET", "/snapshots/checks", Action.READ_SNAPSHOTS, snapshot_checks, Text("核对快照", "Verify snapshots")),
    Route("snapshots.make", "POST", "/snapshots", Action.MAKE_OPEN_SNAPSHOT, open_snapshot, Text("做公开快照", "Make an open snapshot"), status=201),
    Route("snapshots.file", "GET", "/snapshots/{snapshot}/file", Action.READ_SNAPSHOTS, snapshot_file, Text("公开快照的文件", "The file of an open snapshot")),
    Route("erasures.list", "GET", "/erasures", Action.READ_ERASURES, erasure_list, Text("删除记录", "Erasures")),
    Route("identity.list", "GET", "/identity", Action.READ_MERGES, identity_list, Text("身份更正", "Corrections of identity")),
)  # fmt: skip
