"""The policies of a workspace: the list of published versions and drafts, and the history of one policy.

``policy list`` and ``policy history`` call this.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from policies.language.lifecycle import Event, Life
from policies.values import Text
from services.access.run import passes_policy
from services.lookup import check_published
from services.results import Hidden, Key

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Catalogue
    from streams.ledgers.history import HistoryStep


@dataclass(frozen=True, slots=True)
class ListedPolicy:
    """A published version, or a draft of a policy without one.

    Args:
        version, title, start, by, approved_by, published, digest: of a published version.
        end: its last day in force, where it has one.
        file: of a draft: its file in the workspace.
    """

    policy: str
    version: int | None
    state: Life
    title: Text | None
    start: Annotated[date | None, Key("from")] = None
    end: Annotated[date | None, Key("to")] = None
    by: str | None = None
    approved_by: str | None = None
    published: date | None = None
    digest: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyEvent:
    """One step in the life of a version.

    Args:
        state: of the version from that day on.
        to_come: the day has not come yet.
        until: of a scheduled version, its first day.
        since: of a withdrawal, the day from which the policy counts as withdrawn.
        by, approved_by: the two people of a decision.
        detail: the reason of a withdrawal, the feed whose agreement ended, the number of the version that took over.
        feed: the title of that feed.
    """

    version: int
    event: Event
    day: date
    state: Life
    to_come: bool
    until: date | None
    since: date | None
    by: str | None
    approved_by: str | None
    detail: str | None
    feed: Annotated[Text | None, Hidden]


@dataclass(frozen=True, slots=True)
class PolicyHistory:
    """The life of every version of a policy, by version and day."""

    title: Text
    events: list[PolicyEvent]


def listed_policies(workspace: Workspace) -> list[ListedPolicy]:
    """Every version ever published, and the drafts in the folder of policies that have no published version."""
    versions = _published_versions(workspace)
    names = {version.policy for version in versions}
    drafts = (path for path in sorted(workspace.folder("policies").glob("*.yaml")) if path.stem not in names)
    return [*versions, *(ListedPolicy(path.stem, None, Life.DRAFT, None, file=f"policies/{path.name}") for path in drafts)]


def _published_versions(workspace: Workspace) -> list[ListedPolicy]:
    if workspace.empty:
        return []
    with workspace.reading() as host:
        state = host.state
        if not state.has_catalogue:
            return []
        return [
            ListedPolicy(
                name, number, state.registry.life(name, number, state.day, state.catalogue), version.policy.title,
                version.policy.effective_from, version.policy.effective_to,
                version.by, version.approved_by, version.published, version.digest,
            )
            for name in sorted(state.registry.versions)
            for number, version in sorted(state.registry.versions[name].items())
            if passes_policy(version.policy)
        ]  # fmt: skip


def policy_history(workspace: Workspace, name: str) -> PolicyHistory:
    """The life of every version of a policy, with the steps still to come.

    Raises:
        HuiminError: there is no such policy; names a similar one.
    """
    from streams.ledgers.history import history

    with workspace.reading() as host:
        state = host.state
        check_published(state, name)
        steps = history(state.registry, name, state.catalogue)
        return PolicyHistory(state.registry.title(name), [_event(step, state.catalogue, state.day) for step in steps])


def _event(step: HistoryStep, catalogue: Catalogue, today: date) -> PolicyEvent:
    suspended = step.state is Life.SUSPENDED and step.detail
    return PolicyEvent(
        step.version, step.event, step.day, step.state, step.day > today, step.until, step.since,
        step.by or None, step.approved_by or None, step.detail or None, catalogue.feeds[step.detail].title if suspended else None,
    )  # fmt: skip
