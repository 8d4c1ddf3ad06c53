"""The status of every delivery: the counts of the state, its file, and its rows that are still in quarantine.

The state knows the number and id of a delivery, the workspace its file; ``feed deliveries`` and ``doctor`` read both here. Nothing is
written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from connectors.contracts.faults import DamagedVault
from infra.workspace.known_files import KnownFile, known_files
from policies.values import Text
from services.access.deciding import Target
from services.access.run import passes
from services.access.sight import EVERYTHING, Sight
from services.deliveries.open_cells import still_open
from services.deliveries.quarantine import broken_cells, rows_by_delivery
from services.lookup import feed_named
from streams.ledgers.deliveries import TOPIC_SCHEME

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed
    from streams.ledgers.deliveries import Delivery
    from streams.steps.state import State

DeliveryStage: TypeAlias = Literal["open", "topic", "complete", "void"]


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """One delivery of one source.

    Args:
        file, received: "" where another workspace took it in.
        rows: of an open delivery, the rows applied so far.
        broken, mended: rows in quarantine that name somebody: still to be mended, and closed by later rows.
        nobody_open: rows that name nobody, and are not closed yet.
        same, older: rows that repeat stored records; that are older than the stored records.
        full: a full replacement.
        stage: open: it stopped half-way; topic: a unit's topic, which never ends; void: complete, but too many rows name nobody.
    """

    feed: str
    unit: str
    number: int
    id: str
    file: str
    received: str
    rows: int
    unplaced: int
    broken: int
    mended: int
    nobody_open: int
    same: int
    older: int
    full: bool
    stage: DeliveryStage


def deliveries_of(workspace: Workspace, feed: str | None = None, sight: Sight = EVERYTHING) -> list[DeliveryStatus]:
    """Every delivery, of all feeds or of one, by feed, source and number; of the units that are in sight.

    Raises:
        HuiminError: there is no feed of this name. DamagedFile: a file beside the state cannot be read back.
    """
    if feed is not None:
        feed_named(workspace.catalogue(), feed)
    with workspace.reading() as host:
        state = host.state
        if not state.has_catalogue:
            return []
        files = known_files(workspace)
        broken_by_delivery = rows_by_delivery(broken_cells(workspace, feed))
        open_by_delivery = rows_by_delivery(still_open(workspace, state, feed))
    deliveries = []
    for contract in state.catalogue.feeds.values():
        for position, source in enumerate(contract.sources):
            is_asked = feed in (None, contract.name) and sight.unit(source.unit)
            for delivery in state.deliveries.of(contract.name, position) if is_asked else ():
                file = files.get((contract.name, position, delivery.id), KnownFile(contract.name, position, delivery.id, ""))
                broken_rows = broken_by_delivery.get((contract.name, source.unit, delivery.number), {})
                open_rows = open_by_delivery.get((contract.name, source.unit, delivery.number), {})
                open_broken = sum(not nobody for nobody in open_rows.values())
                deliveries.append(
                    DeliveryStatus(
                        contract.name, source.unit, delivery.number, delivery.id, file.file, file.received,
                        delivery.rows if delivery.completed else delivery.applied_rows, delivery.unplaced,
                        open_broken, sum(not nobody for nobody in broken_rows.values()) - open_broken, sum(open_rows.values()),
                        delivery.same, delivery.older, delivery.replaces, delivery_stage(delivery),
                    )
                )  # fmt: skip
    return [each for each in deliveries if passes(Target(unit=each.unit, feed=each.feed))]


def delivery_stage(delivery: Delivery) -> DeliveryStage:
    """How far a delivery has come."""
    if delivery.id.startswith(TOPIC_SCHEME):
        return "topic"
    if not delivery.completed:
        return "open"
    return "complete" if delivery.sound else "void"


def unfinished_deliveries(workspace: Workspace, state: State) -> Iterator[tuple[Feed, str, Delivery, str]]:
    """Deliveries that stopped half-way: feed, unit, delivery, and the name of the file if it is known here."""
    files = known_files(workspace)
    for feed in state.catalogue.feeds.values() if state.has_catalogue else ():
        for position, source in enumerate(feed.sources):
            for delivery in state.deliveries.of(feed.name, position):
                if delivery_stage(delivery) == "open":
                    file = files.get((feed.name, position, delivery.id))
                    yield feed, source.unit, delivery, "" if file is None else file.file


def nameless_deliveries(workspace: Workspace, state: State) -> Iterator[DamagedVault]:
    """Deliveries of registers that were taken in here, but are missing in the vault: it is empty, or an older one was put back."""
    files = known_files(workspace)
    vault_names = {name.rpartition(".")[0] for name in workspace.vault().store.names("")} if files else set()
    for feed in state.catalogue.feeds.values() if state.has_catalogue else ():
        for position, _ in enumerate(feed.sources) if feed.registers is not None else ():
            for delivery in state.deliveries.of(feed.name, position):
                file = files.get((feed.name, position, delivery.id))
                name = f"{feed.subject.value}/{feed.name}/{position}.{delivery.number}"
                if file is not None and delivery.completed and delivery.rows and name not in vault_names:
                    yield _nameless(feed.name, delivery.number, file.file, name)


def _nameless(feed: str, number: int, file: str, name: str) -> DamagedVault:
    zh = f"身份库中没有 {feed} 第 {number} 批（{file}）的身份：可能放回了较早的 identity/，因此没有给出任何姓名和号码。"
    zh += f"请从最近的备份恢复整个 identity/；或再运行 huimin ingest {feed} {file}，其中的身份会重新写入。"
    en = f"The vault keeps nobody of delivery {number} of {feed} ({file}): an older identity/ may have been put back, so no name or number "
    en += f"was given. Restore all of identity/ from the newest backup, or run huimin ingest {feed} {file} again: it writes them again."
    return DamagedVault(f"identity/{name}", Text(zh, en))
