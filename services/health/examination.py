"""The examination of a workspace, part by part; a part that fails is a finding, too.

``doctor`` calls ``findings``. It changes one thing only: it removes the leftovers of stopped writers.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError
from policies.values import Text
from services.health.access import account_findings, audit_findings
from services.health.finding import AnyFinding, Finding, with_noun
from services.health.state import state_findings

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace

LEAST_FREE_BYTES = 1_000_000_000
PACKAGES = ("numpy", "numba", "polars", "duckdb", "pydantic", "typer", "rich")


def examine_workspace(workspace: Workspace, environment: Mapping[str, str], today: date, deep: bool = False) -> list[AnyFinding]:
    """Every finding about a workspace, each once, in the order in which they should be mended.

    Args:
        today: by this machine's clock.
        deep: also read the whole log.
    """
    looks: list[tuple[str, Callable[[], Iterator[AnyFinding]]]] = [
        ("versions", _versions),
        ("key", lambda: _key(workspace)),
        ("catalogue", lambda: _catalogue(workspace)),
        ("state", lambda: state_findings(workspace, today)),
        ("retention", lambda: _retention(workspace)),
        ("vault", lambda: _vault(workspace)),
        ("accounts", lambda: account_findings(workspace)),
        ("audit", lambda: audit_findings(workspace, deep)),
        ("leftovers", lambda: _leftovers(workspace)),
        *([("log", lambda: _log(workspace))] if deep else []),
        ("disk", lambda: _disk(workspace)),
        ("kafka", lambda: _kafka(environment)),
    ]
    every = (finding for code, look in looks for finding in _with_failures(code, look))
    return list({(f.level, f.message) if isinstance(f, Finding) else f.hold.hold: f for f in every}.values())


def _retention(workspace: Workspace) -> Iterator[Finding]:
    workspace.retention()
    yield from ()


def _with_failures(code: str, look: Callable[[], Iterator[AnyFinding]]) -> Iterator[AnyFinding]:
    """The findings of one part; a failure is a finding too."""
    try:
        yield from look()
    except HuiminError as error:
        yield Finding("error", code, error.text)
    except OSError as error:
        place = error.filename or "?"
        yield Finding("error", code, Text(f"无法读取 {place}：{error.strerror}", f"{place} cannot be read: {error.strerror}"))


def _versions() -> Iterator[Finding]:
    installed = []
    for package in PACKAGES:
        try:
            installed.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Finding(
                "error", "versions", Text(f"缺少 {package}", f"{package} is missing"), Text("重新安装 huimin。", "Install huimin again.")
            )
    listed = ", ".join(installed)
    yield Finding("ok", "versions", Text(f"Python {platform.python_version()}，{listed}", f"Python {platform.python_version()}, {listed}"))


def _key(workspace: Workspace) -> Iterator[Finding]:
    workspace.key()
    yield Finding("ok", "key", Text("化名密钥完好，只有所有者可读", "the tokens' key is there, and only its owner can read it"))


def _catalogue(workspace: Workspace) -> Iterator[Finding]:
    from infra.workspace.contracts import in_effect

    documents = in_effect(workspace)
    for document in documents.ineffective:
        for problem in document.why.problems:
            stays = Text("；上次生效的仍在用", "; the one that held last stays in effect") if document.stays else Text("", "")
            place, why = f"{problem.file}:{problem.line}", Text(problem.text.zh.rstrip("。"), problem.text.en.rstrip("."))
            text = Text(f"{place} 没有生效：{why.zh}{stays.zh}", f"{place} is not in effect: {why.en}{stays.en}")
            yield Finding("error", "contract", text, Text(f"huimin feed check {problem.file}", f"huimin feed check {problem.file}"))
    if documents.ineffective:
        return
    catalogue = documents.catalogue
    units, feeds = len(catalogue.units), len(catalogue.feeds)
    yield Finding(
        "ok", "catalogue", Text(f"{units} 个单位，{feeds} 个数据源，约定无误", f"{units} units and {feeds} feeds, their contracts in order")
    )


def _vault(workspace: Workspace) -> Iterator[Finding]:
    """Opens every file of the vault."""
    from connectors.contracts.faults import DamagedVault

    parts = [part for _, part in workspace.vault().store.each("")]
    wrong = [Finding("error", "vault", part.text) for part in parts if isinstance(part, DamagedVault)]
    ok = Finding("ok", "vault", Text(f"身份库的 {len(parts)} 个文件完好", f"the vault's {len(parts)} files are whole"))
    yield from wrong or [ok]


def _leftovers(workspace: Workspace) -> Iterator[Finding]:
    """Removes what stopped writers left: nobody reads it, and people may be in it."""
    from infra.workspace.leftovers import leftovers, remove_leftovers
    from streams.disk.effects import note_other

    count = len(list(leftovers(workspace.root, of_the_living=False)))
    left = remove_leftovers(workspace.root, of_the_living=False)
    if removed := count - len(left):
        text = Text(f"已清除中断的写入留下的 {removed} 个文件", f"what stopped writers had left is removed: {with_noun(removed, 'file')}")
        note_other(text)
        yield Finding("warning", "leftovers", text)
    for file in left:
        text = Text(f"{file} 是中断的写入留下的，清除不了", f"{file} was left by a stopped writer and cannot be removed")
        yield Finding("error", "leftovers", text, Text("请删除它：其中可能有人的资料。", "Remove it: people may be in it."))


def _disk(workspace: Workspace) -> Iterator[Finding]:
    free = shutil.disk_usage(workspace.root).free
    text = Text(f"磁盘剩余 {free / 1e9:.1f} GB", f"{free / 1e9:.1f} GB of disk are free")
    if free < LEAST_FREE_BYTES:
        yield Finding(
            "error", "disk", text, Text("清出空间：写满时新数据会被拒绝。", "Free some: when it is full, new records are refused.")
        )
    else:
        yield Finding("ok", "disk", text)


def _log(workspace: Workspace) -> Iterator[Finding]:
    """Each place where the log is not as it was written, as opening checks only its last rows."""
    from services.state.log import breaks

    places, rewritten = breaks(workspace)
    for place in places:
        todo = Text("请从同一份备份恢复全部文件。", "Restore all files of one backup.")
        yield Finding("error", "log", Text(f"日志：{place.text.zh}", f"the log: {place.text.en}"), todo)
    if not places:
        zh, en = "日志从头到尾如写下时一样", "the log is as it was written, from end to end"
        if rewritten:
            zh, en = (
                f"{zh}；删除个人时改写过 {rewritten} 次",
                f"{en}; written anew by erasures: {with_noun(rewritten, 'time')}",
            )
        yield Finding("ok", "log", Text(zh, en))


def _kafka(environment: Mapping[str, str]) -> Iterator[Finding]:
    """The Kafka that the environment names, and its topics; nothing where it names none."""
    from infra.kafka.connection import BOOTSTRAP, Connection
    from infra.kafka.topics import declared_topics, drift

    if not environment.get(BOOTSTRAP):
        return
    connection = Connection.of(environment)
    topics = declared_topics(connection)
    yield Finding("ok", "kafka", Text(f"Kafka 可以连接：{connection.bootstrap}", f"Kafka can be reached: {connection.bootstrap}"))
    drifts = drift(connection, topics)
    for difference in drifts:
        todo = Text(
            "请管 Kafka 的人照此建立或改正；惠民不改已有的主题。", "Ask whoever keeps this Kafka to make it so; Huimin changes no topic."
        )
        yield Finding("error" if difference.kind == "missing" else "warning", "topics", difference.text, todo)
    if not drifts:
        yield Finding("ok", "topics", Text(f"{len(topics)} 个主题与约定一致", f"{len(topics)} topics are as declared"))
