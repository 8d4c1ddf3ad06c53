"""The examination of a workspace's state: its day, late feeds, holds, deliveries that stopped half-way, the quarantine, the vault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from policies.values import Kind, Text
from services.health.finding import AnyFinding, Finding, WaitingHold, with_noun
from services.health.late_feeds import late_feeds

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.steps.state import State


def state_findings(workspace: Workspace, today: date) -> Iterator[AnyFinding]:
    """The findings about the state; a state that cannot be read is an error."""
    from infra.workspace.erasing_note import has_unfinished_erasure
    from streams.language.errors import UNFINISHED

    if workspace.empty:
        todo = Text("用 huimin ingest 接收第一批数据。", "Take in the first records with huimin ingest.")
        yield Finding("warning", "state", Text("还没有任何数据", "nothing has been taken in yet"), todo)
        return
    with workspace.reading() as host:
        state = host.state
        count = len(state.policies)
        yield Finding("ok", "state", Text(f"状态可读：{state.day}，{count} 份政策", f"the state reads well: {state.day}, {count} policies"))
        if host.erasing or has_unfinished_erasure(workspace):
            yield Finding("error", "erasing", UNFINISHED, Text("运行 huimin erase finish。", "Run huimin erase finish."))
        yield from _checkpoint(host)
        yield from _day(host, today)
        yield from late_feeds(state)
        yield from _holds(state)
        yield from _half_done(workspace, state)
        yield from _quarantine(workspace, state)
        yield from _identities(workspace, state)


def _checkpoint(host: Host) -> Iterator[Finding]:
    """A checkpoint that could not be read; the log holds all of its contents."""
    if host.problem is not None:
        zh, en = "记录和名单不受影响，下一次写入后重写检查点。", "Records and lists are as they were; it is put aside at the next write."
        yield Finding("warning", "checkpoint", host.problem.text, Text(zh, en))


def _day(host: Host, today: date) -> Iterator[Finding]:
    from services.deliveries.clock import FAR

    behind = (today - host.state.day).days
    if behind < -FAR:
        text = Text(
            f"本机时钟是 {today}，比状态的日期早 {-behind} 天",
            f"the clock says {today}, {-behind} days before the state's day",
        )
        yield Finding("warning", "clock", text, Text("请核对本机时钟。", "Look at this machine's clock."))
    moved = [notice for notice in host.state.notices if notice.kind == "moved"]
    if moved:
        who, (start, day) = moved[-1].about, moved[-1].detail.split("/")
        text = Text(f"{who} 确认过把日期由 {start} 改为 {day}", f"{who} confirmed a move of the day from {start} to {day}")
        yield Finding("ok", "moved", text)
    if behind > 0:
        todo = Text("运行 huimin tick。", "Run huimin tick.")
        yield Finding("warning", "day", Text(f"日期落后 {behind} 天", f"the day is {with_noun(behind, 'day')} behind"), todo)


def _holds(state: State) -> Iterator[WaitingHold]:
    from services.lists.holds import undecided_holds

    for hold in undecided_holds(state):
        yield WaitingHold(hold, (state.day - hold.since).days)


def _quarantine(workspace: Workspace, state: State) -> Iterator[Finding]:
    from services.deliveries.open_cells import still_open

    count = len({cell.row_id for cell in still_open(workspace, state, None)})
    if count:
        todo = Text("huimin feed quarantine 查看，请单位改正后再交付。", "See huimin feed quarantine, and ask the units to mend them.")
        yield Finding("warning", "quarantine", Text(f"{count} 行在隔离中", f"in quarantine: {with_noun(count, 'row')}"), todo)
    else:
        yield Finding("ok", "quarantine", Text("没有隔离的行", "no rows in quarantine"))


def _half_done(workspace: Workspace, state: State) -> Iterator[Finding]:
    """Deliveries that stopped half-way: only a crash leaves one."""
    from services.deliveries.statuses import unfinished_deliveries

    for feed, unit, delivery, file in unfinished_deliveries(workspace, state):
        name, full = file or delivery.id, " --replace" if delivery.replaces else ""
        text = Text(
            f"{feed.name}：{unit} 的第 {delivery.number} 批（{name}）只收了 {delivery.applied_rows:,} 行就中断了",
            f"{feed.name}: delivery {delivery.number} of {unit} ({name}) stopped after {delivery.applied_rows:,} rows",
        )
        verb = f"huimin ingest {feed.name} {file or 'FILE'}{full}"
        todo = Text(f"再运行一次同样的命令（{verb}），会接着收完。", f"Run the same command again ({verb}): it goes on where it stopped.")
        yield Finding("warning", "half-done", text, todo)


def _identities(workspace: Workspace, state: State) -> Iterator[Finding]:
    """Deliveries that are missing in the vault, and erased persons who are in it again."""
    from services.deliveries.statuses import nameless_deliveries

    yield from (Finding("error", "vault", lost.text) for lost in nameless_deliveries(workspace, state))
    if state.erasures and state.erasures.are_erased(workspace.vault().tokens(Kind.PERSON)).any():
        text = Text("身份库中又有已删除的人：放回了较早的备份", "the vault holds somebody who was erased: an older backup was put back")
        yield Finding(
            "error", "vault", text, Text("对此人再运行一次 huimin erase person。", "Run huimin erase person again for the person.")
        )
