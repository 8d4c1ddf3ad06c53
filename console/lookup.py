"""How a feed or a policy is found: by its name, or read from a file; with what is near where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.problems import HuiminError, Invalid, meant
from policies.values import Text

if TYPE_CHECKING:
    from console.session import Session
    from policies.catalogue import Catalogue, Feed
    from policies.lifecycle import Life
    from policies.tree import Policy
    from streams.registry import Withdrawal
    from streams.state import State


def catalogue_for(session: Session) -> Catalogue:
    """The workspace's catalogue; the library's where there is no workspace."""
    from infra.library import library_catalogue
    from infra.workspace import NoWorkspace

    try:
        return session.workspace().catalogue()
    except NoWorkspace:
        if session.settings.workspace.exists():
            raise
        session.warn(Text("没有工作区：按示例库的单位和数据源检查。", "No workspace: using the library's units and feeds."))
    return library_catalogue()


def read(path: Path, catalogue: Catalogue) -> tuple[Policy | None, list[Any]]:
    """A policy document: the checked policy, None where it has errors, and every problem."""
    from policies.checker import check as checked_against
    from policies.document import load

    try:
        checked = checked_against(load(_text(path), str(path)), catalogue)
    except Invalid as error:
        return None, list(error.problems)
    return checked.policy, list(checked.problems)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise HuiminError(Text(f"{path} 不是 UTF-8 文本，请另存为 UTF-8。", f"{path} is not UTF-8 text: save it as UTF-8."), 3) from None


def readable(path: Path, catalogue: Catalogue) -> Policy:
    """A policy without errors.

    Raises:
        Invalid: with every error.
    """
    policy, problems = read(path, catalogue)
    if policy is None:
        raise Invalid([p for p in problems if p.severity == "error"])
    return policy


def policy_named(session: Session, name: str, catalogue: Catalogue) -> tuple[Policy, Life | None]:
    """A policy by file; or by name, with its state: the active version, or the last one where none is.

    Raises:
        HuiminError: neither; says which is near.
    """
    if name.endswith((".yaml", ".yml")) or Path(name).is_file():
        return readable(Path(name), catalogue), None
    with session.workspace().reading() as host:
        registry, day = host.state.registry, host.state.day
        if name not in registry.versions:
            raise no_policy(name, registry.versions)
        version = registry.active(name, day) or registry.versions[name][registry.newest(name)]
        return version.policy, registry.life(name, version.policy.version, day, host.state.catalogue)


def no_policy(name: str, known: Any) -> HuiminError:
    near = meant(name, known)
    return HuiminError(
        Text(
            f"没有已发布的政策“{name}”。{near.zh or '用 huimin policy list 查看。'}",
            f"No policy {name!r} is published.{near.en or ' See huimin policy list.'}",
        ),
        2,
    )


def matched(state: State, name: str) -> Policy:
    """The version of a policy that is matched on the state's day.

    Raises:
        HuiminError: it was never published, is withdrawn, or its agreement has ended; says which.
    """
    found = state.matched(name)
    if found is not None:
        return found
    if name not in state.registry.versions:
        raise no_policy(name, state.registry.versions)
    if (ended := state.registry.withdrawal(name)) is not None:
        raise HuiminError(withdrawn(state.registry.title(name), ended), 2)
    zh = f"政策 {name} 在 {state.day} 处于暂停：所读数据的协议已到期。用 huimin policy history {name} 查看。"
    en = f"Policy {name} is suspended on {state.day}: an agreement it reads under has ended. See huimin policy history {name}."
    raise HuiminError(Text(zh, en), 2)


def withdrawn(title: Text, ended: Withdrawal) -> Text:
    """That a policy is withdrawn, since when, and why."""
    zh, en = f"“{title.zh}”已撤销，自 {ended.since} 起", f"{title.en}: withdrawn with effect from {ended.since}"
    return Text(f"{zh}：{ended.reason}" if ended.reason else f"{zh}。", f"{en}: {ended.reason}" if ended.reason else f"{en}.")


def named(catalogue: Catalogue, name: str) -> Feed:
    """The feed of this name.

    Raises:
        HuiminError: there is none; says which is near.
    """
    feed = catalogue.feeds.get(name)
    if feed is None:
        near = meant(name, catalogue.feeds)
        raise HuiminError(Text(f"没有数据源“{name}”。{near.zh}", f"There is no feed {name!r}.{near.en}"), 2)
    return feed
