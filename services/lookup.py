"""A feed or a policy by its name, or from a file; the error of a wrong name gives similar ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError, Invalid, suggestion
from policies.values import Text
from services.access.run import enter_policy

if TYPE_CHECKING:
    from infra.settings import Settings
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Catalogue, Feed
    from policies.language.lifecycle import Life
    from policies.language.tree import Policy
    from policies.problems.problems import Problem
    from streams.ledgers.registry import Withdrawal
    from streams.steps.state import State


def catalogue_for(settings: Settings, environment: Mapping[str, str], warn: Callable[[Text], None]) -> Catalogue:
    """The workspace's catalogue, or with a warning the library's where there is no workspace."""
    from infra.workspace.library import library_catalogue
    from infra.workspace.refusals import NoWorkspace
    from infra.workspace.workspace import Workspace

    try:
        workspace = Workspace.open(settings.workspace, environment, warn)
        if settings.near and workspace.root != Path():
            warn(Text(f"按工作区 {workspace.root} 检查。", f"Checked against the workspace {workspace.root}."))
        return workspace.catalogue()
    except NoWorkspace:
        if settings.workspace.exists():
            raise
        warn(Text("没有工作区：按示例库的单位和数据源检查。", "No workspace: using the library's units and feeds."))
    return library_catalogue()


def workspace_or_none(workspace: Callable[[], Workspace]) -> Workspace | None:
    """The workspace that a function opens; None where there is none."""
    from infra.workspace.refusals import NoWorkspace

    try:
        return workspace()
    except NoWorkspace:
        return None


def division_names(workspace: Callable[[], Workspace]) -> Mapping[str, Text]:
    """The names of divisions by code, in the workspace that a function opens; none where there is no workspace."""
    there = workspace_or_none(workspace)
    return {} if there is None else there.catalogue().divisions


def is_draft(name: str) -> bool:
    """Whether a name is the file of a draft, and not a published policy."""
    return name.endswith((".yaml", ".yml")) or Path(name).is_file()


def checked_policy(path: Path, catalogue: Catalogue) -> tuple[Policy | None, list[Problem]]:
    """A policy document: the checked policy, None where it has errors, and every problem."""
    from infra.workspace.texts import text_of
    from policies.checking.checker import check
    from policies.yaml.document import load

    try:
        checked = check(load(text_of(path), str(path)), catalogue)
    except Invalid as error:
        return None, list(error.problems)
    return checked.policy, list(checked.problems)


def readable_policy(path: Path, catalogue: Catalogue) -> Policy:
    """A policy document without errors.

    Raises:
        Invalid: with every error.
    """
    policy, problems = checked_policy(path, catalogue)
    if policy is None:
        raise Invalid([problem for problem in problems if problem.severity == "error"])
    return policy


def policy_named(workspace: Callable[[], Workspace], name: str, catalogue: Catalogue) -> tuple[Policy, Life | None]:
    """A policy by file; or by name, with its state: the active version, or the last one where none is active.

    Args:
        workspace: opens the workspace; not called for a file.

    Raises:
        HuiminError: there is neither; names a similar one.
    """
    if is_draft(name):
        return readable_policy(Path(name), catalogue), None
    with workspace().reading() as host:
        registry, day = host.state.registry, host.state.day
        if name not in registry.versions:
            raise no_policy(name, registry.versions)
        version = registry.active(name, day) or registry.versions[name][registry.newest(name)]
        enter_policy(version.policy)
        return version.policy, registry.life(name, version.policy.version, day, host.state.catalogue)


def no_policy(name: str, names: Iterable[str]) -> HuiminError:
    """The error that no policy of this name is published; ``names``: those that are."""
    near = suggestion(name, names)
    return HuiminError(
        Text(
            f"没有已发布的政策“{name}”。{near.zh or '用 huimin policy list 查看。'}",
            f"No policy {name!r} is published.{near.en or ' See huimin policy list.'}",
        ),
        2,
    )


def matched_policy(state: State, name: str) -> Policy:
    """The version of a policy that is matched on the state's day.

    Raises:
        HuiminError: it was never published, is withdrawn, or its agreement has ended; says which of these.
        AccessDenied: the run may not reach it.
    """
    policy = state.matched_policy(name)
    if policy is not None:
        enter_policy(policy)
        return policy
    registry = state.registry
    check_published(state, name)
    if (withdrawal := registry.withdrawal(name)) is not None:
        raise HuiminError(withdrawal_sentence(registry.title(name), withdrawal), 2)
    zh = f"政策 {name} 在 {state.day} 处于暂停：所读数据的协议已到期。用 huimin policy history {name} 查看。"
    en = f"Policy {name} is suspended on {state.day}: an agreement it reads under has ended. See huimin policy history {name}."
    raise HuiminError(Text(zh, en), 2)


def check_published(state: State, name: str) -> None:
    """Passes the name of a policy that was ever published.

    Raises:
        HuiminError: it never was; names a similar one. AccessDenied: the run may not reach it.
    """
    if name not in state.registry.versions:
        raise no_policy(name, state.registry.versions)
    enter_policy(state.registry.versions[name][state.registry.newest(name)].policy)


def withdrawal_sentence(title: Text, withdrawal: Withdrawal) -> Text:
    """The sentence that a policy is withdrawn, since when, and why."""
    zh, en = f"“{title.zh}”已撤销，自 {withdrawal.since} 起", f"{title.en}: withdrawn with effect from {withdrawal.since}"
    return Text(
        f"{zh}：{withdrawal.reason}" if withdrawal.reason else f"{zh}。", f"{en}: {withdrawal.reason}" if withdrawal.reason else f"{en}."
    )


def feed_named(catalogue: Catalogue, name: str) -> Feed:
    """The feed of this name.

    Raises:
        HuiminError: there is none; names a similar one.
    """
    feed = catalogue.feeds.get(name)
    if feed is None:
        near = suggestion(name, catalogue.feeds)
        raise HuiminError(Text(f"没有数据源“{name}”。{near.zh}", f"There is no feed {name!r}.{near.en}"), 2)
    return feed
