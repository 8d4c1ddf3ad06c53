"""What ``huimin doctor`` looks at: each finding says what was found and what to do.

The one idea: a doctor reads everything and changes nothing, and goes on after the first thing it finds.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal

from console.session import Session
from policies.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from infra.workspace import Workspace
    from streams.host import Host

LEAST_FREE_BYTES = 1_000_000_000
PACKAGES = ("numpy", "numba", "polars", "duckdb", "pydantic", "typer", "rich")


@dataclass(frozen=True, slots=True)
class Finding:
    level: Literal["ok", "warning", "error"]
    code: str
    text: Text
    todo: Text | None = None

    def as_data(self, language: str) -> dict[str, Any]:
        return {"level": self.level, "code": self.code, "message": self.text[language], "todo": self.todo and self.todo[language]}


def examined(session: Session) -> list[Finding]:
    """Every finding about a workspace, in the order in which they should be mended."""
    workspace = session.workspace()
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("versions", _versions),
        ("key", lambda: _key(workspace)),
        ("catalogue", lambda: _catalogue(workspace)),
        ("state", lambda: _state(session, workspace)),
        ("quarantine", lambda: _quarantine(workspace)),
        ("disk", lambda: _disk(workspace)),
        ("kafka", lambda: _kafka(session)),
    ]
    return [finding for code, look in looks for finding in _guarded(code, look)]


def _guarded(code: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a look; a failure is a finding too."""
    try:
        yield from look()
    except HuiminError as error:
        yield Finding("error", code, error.text)
    except OSError as error:
        yield Finding("error", code, Text(f"无法读取：{error.strerror}", f"Cannot be read: {error.strerror}"))


def _versions() -> Iterator[Finding]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Finding(
                "error", "versions", Text(f"缺少 {package}", f"{package} is missing"), Text("重新安装 huimin。", "Install huimin again.")
            )
    listed = ", ".join(found)
    yield Finding("ok", "versions", Text(f"Python {platform.python_version()}，{listed}", f"Python {platform.python_version()}, {listed}"))


def _key(workspace: Workspace) -> Iterator[Finding]:
    workspace.key()
    yield Finding("ok", "key", Text("化名密钥完好，只有所有者可读", "the tokens' key is there, and only its owner can read it"))


def _catalogue(workspace: Workspace) -> Iterator[Finding]:
    catalogue = workspace.catalogue()
    units, feeds = len(catalogue.units), len(catalogue.feeds)
    yield Finding(
        "ok", "catalogue", Text(f"{units} 个单位，{feeds} 个数据源，约定无误", f"{units} units and {feeds} feeds, their contracts in order")
    )


def _state(session: Session, workspace: Workspace) -> Iterator[Finding]:
    from infra.erasing import unfinished
    from streams.errors import UNFINISHED

    if workspace.empty:
        todo = Text("用 huimin ingest 接收第一批数据。", "Take in the first records with huimin ingest.")
        yield Finding("warning", "state", Text("还没有任何数据", "nothing has been taken in yet"), todo)
        return
    with workspace.reading() as host:
        state = host.state
        known = len(state.policies)
        yield Finding("ok", "state", Text(f"状态可读：{state.day}，{known} 份政策", f"the state reads well: {state.day}, {known} policies"))
        if host.erasing or unfinished(workspace):
            yield Finding("error", "erasing", UNFINISHED, Text("运行 huimin erase finish。", "Run huimin erase finish."))
        yield from _day(session, host)
        yield from _late(host)
        yield from _held(host)


def _day(session: Session, host: Host) -> Iterator[Finding]:
    behind = (session.today() - host.state.day).days
    if behind > 0:
        todo = Text("运行 huimin tick。", "Run huimin tick.")
        yield Finding("warning", "day", Text(f"日期落后 {behind} 天", f"the day is {behind} days behind"), todo)


def _late(host: Host) -> Iterator[Finding]:
    from infra.reading import overdue, stale

    units = host.state.catalogue.units
    for late in overdue(host, host.state.day):
        name = units[late.unit].title
        todo = Text(f"请 {name.zh} 交付新数据并声明。", f"Ask {name.en} to deliver and to state its coverage.")
        yield Finding(
            "warning",
            "overdue",
            Text(f"{late.feed}：上次声明到 {late.last}，已逾期", f"{late.feed}: last complete to {late.last}, overdue"),
            todo,
        )
    for old in stale(host, host.state.day):
        name = units[old.unit].title
        said = Text(f"只到 {old.last}，已失效", f"reaches {old.last} and is stale") if old.last else Text("从未声明", "was never stated")
        text = Text(
            f"{old.feed} 的覆盖（{name.zh}）{said.zh}，相关判定为待定",
            f"{old.feed}: the coverage of {name.en} {said.en}; verdicts that need it are unknown",
        )
        yield Finding("warning", "stale", text, Text(f"请 {name.zh} 声明覆盖。", f"Ask {name.en} for a coverage statement."))


def _held(host: Host) -> Iterator[Finding]:
    """What is held back and not decided, and for how long."""
    from console.held import about, lists
    from infra.held import held_back, standing

    state, people = host.state, held_back(host.state)
    for hold in state.book.holds.values():
        if standing(hold, len(people[hold.id])) == "undecided":
            why, whom, days = about(state, hold), lists(state, people[hold.id]), (state.day - hold.day).days
            zh = f"{hold.id} 已暂缓 {days} 天待决定：{why.zh}，{whom.zh}"
            en = f"{hold.id} is held back and undecided for {days} {'day' if days == 1 else 'days'}: {why.en}: {whom.en}"
            todo = Text(f"huimin holds show {hold.id}，然后放行或驳回。", f"See huimin holds show {hold.id}, then release or reject it.")
            yield Finding("warning", "held", Text(zh, en), todo)


def _quarantine(workspace: Workspace) -> Iterator[Finding]:
    from infra.delivery import quarantined

    count = sum(1 for _ in quarantined(workspace, None))
    if count:
        todo = Text("huimin feed quarantine 查看，请单位改正后再交付。", "See huimin feed quarantine, and ask the units to mend them.")
        yield Finding("warning", "quarantine", Text(f"{count} 行在隔离中", f"{count} rows are in quarantine"), todo)
    else:
        yield Finding("ok", "quarantine", Text("没有隔离的行", "no rows in quarantine"))


def _disk(workspace: Workspace) -> Iterator[Finding]:
    free = shutil.disk_usage(workspace.root).free
    text = Text(f"磁盘剩余 {free / 1e9:.1f} GB", f"{free / 1e9:.1f} GB of disk are free")
    if free < LEAST_FREE_BYTES:
        yield Finding(
            "error", "disk", text, Text("清出空间：写满时新数据会被拒绝。", "Free some: when it is full, new records are refused.")
        )
    else:
        yield Finding("ok", "disk", text)


def _kafka(session: Session) -> Iterator[Finding]:
    """Nothing where no Kafka is named."""
    from infra.kafka.connection import BOOTSTRAP, Connection
    from infra.kafka.topics import declared, drift

    if not session.environment.get(BOOTSTRAP):
        return
    connection = Connection.of(session.environment)
    topics = declared(connection)
    yield Finding("ok", "kafka", Text(f"Kafka 可以连接：{connection.bootstrap}", f"Kafka can be reached: {connection.bootstrap}"))
    found = drift(connection, topics)
    for one in found:
        todo = Text(
            "请管 Kafka 的人照此建立或改正；惠民不改已有的主题。", "Ask whoever keeps this Kafka to make it so; Huimin changes no topic."
        )
        yield Finding("error" if one.kind == "missing" else "warning", "topics", one.text, todo)
    if not found:
        yield Finding("ok", "topics", Text(f"{len(topics)} 个主题与约定一致", f"{len(topics)} topics are as declared"))
