"""Publish a policy, and withdraw one: decisions of two people.

The verbs ``policy publish`` and ``policy withdraw`` call this. A withdrawal names the newest version at the time of the question
(``newest_version``): it does not cover a version that is published while somebody thinks about the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from infra.workspace.texts import text_of
from policies.language.people import check_people
from policies.problems.problems import Conflict
from policies.values import Text
from services.access.run import enter_policy, show
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import Notify, announce_holds
from services.lists.reach import enter_published
from services.lookup import no_policy, readable_policy, withdrawal_sentence
from services.network import MatchedStreets, matched_streets
from services.policies.preview import JUDGING, PolicyPreview, preview_on
from services.progress import Progress, silent
from services.results import Hidden
from services.state.as_of import begin_first_day
from streams.language.messages import PolicyPublished, PolicyWithdrawn

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.tree import Policy
    from streams.host import Host


@dataclass(frozen=True, slots=True)
class Publication:
    """A version that was published, and the changes of lists that this caused.

    Args:
        digest: of its document.
        offset: of the message.
    """

    policy: str
    version: int
    digest: str
    changes: Changes
    titles: Titles
    title: Annotated[Text, Hidden]
    offset: Annotated[int, Hidden]


@dataclass(frozen=True, slots=True)
class PolicyWithdrawal:
    """A policy that was withdrawn, and the changes of lists that this caused.

    Args:
        withdrawn: always true.
        since: the day from which it counts as withdrawn.
        sentence: that it is withdrawn, since when, and why.
        offset: of the message.
    """

    policy: str
    withdrawn: bool
    since: date
    changes: Changes
    titles: Titles
    sentence: Annotated[Text, Hidden]
    offset: Annotated[int, Hidden]


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy and the text of its document."""

    policy: Policy
    text: str


@dataclass(frozen=True, slots=True)
class PublicationQuestion:
    """A publication that somebody has to confirm, with a preview.

    Args:
        preview: None where nobody asked for it.
    """

    policy: Policy
    preview: PolicyPreview | None


def publish_draft(
    workspace: Workspace, file: Path, by: str, approved_by: str, today: date, *, confirm: Callable[[PublicationQuestion], bool] | None,
    previewed: bool, notify: Notify, progress: Progress = silent,
) -> tuple[Publication, MatchedStreets | None]:  # fmt: skip
    """Publish a draft, after a preview; one person publishes, another approves. On a network, waits until its streets have matched it.

    Args:
        confirm: answers the question; None: the answer is yes.
        previewed: with a preview in the question.

    Raises:
        Invalid: the file is no policy. Conflict: it is not confirmed.
        Refused: the two are one person, or it cannot follow what is published.
    """
    check_people(by, approved_by)
    draft = draft_to_publish(workspace, file)
    policy = draft.policy
    enter_policy(policy)
    with workspace.writing(sphere="decisions") as host, announce_holds(host, notify):
        show(policy, ())
        begin_first_day(host, today)
        if confirm is not None:
            result = None
            if previewed:
                with progress(JUDGING, None):
                    result = preview_on(host, policy)
            if not confirm(PublicationQuestion(policy, result)):
                raise Conflict(Text("未发布。看过预览后可加 --yes 发布。", "Not published. Add --yes once the preview has been seen."))
        with progress(Text("发布并判断全体对象", "Publishing, and judging everybody"), None):
            publication = publish_policy(host, draft, by, approved_by)
        return publication, matched_streets(host, f"{policy.name}@{policy.version}", publication.offset, progress)


def withdraw(
    workspace: Workspace, name: str, by: str, approved_by: str, reason: str, since: date | None, *, confirm: Callable[[], bool] | None,
    notify: Notify, progress: Progress = silent,
) -> tuple[PolicyWithdrawal, MatchedStreets | None]:  # fmt: skip
    """Withdraw a policy; one person withdraws, another approves. On a network, waits as ``publish_draft`` does.

    Args:
        since: the day from which it counts as withdrawn; None: today.
        confirm: answers the question; None: the answer is yes.

    Raises:
        HuiminError: there is no such policy. Conflict: it is not confirmed. Refused: as for ``withdraw_policy``.
    """
    check_people(by, approved_by)
    with workspace.writing(sphere="decisions") as host, announce_holds(host, notify):
        newest = newest_version(host, name)
        enter_published(host.state, name)
        show(host.state.registry.versions[name][newest].policy, ())
        if confirm is not None and not confirm():
            raise Conflict(Text("未撤销。加 --yes 可不再询问。", "Not withdrawn. Add --yes not to be asked."))
        withdrawal = withdraw_policy(host, name, newest, by, approved_by, reason, since)
        return withdrawal, matched_streets(host, name, withdrawal.offset, progress)


def draft_to_publish(workspace: Workspace, file: Path) -> Draft:
    """A draft, read by the catalogue of the next write.

    Raises:
        Invalid: the file is no policy; with every error.
    """
    return Draft(readable_policy(file, workspace.catalogue()), text_of(file))


def publish_policy(host: Host, draft: Draft, by: str, approved_by: str) -> Publication:
    """Publish a draft; one person publishes, another approves.

    Raises:
        Refused, Invalid: the two are one person, or it cannot follow what is published.
    """
    policy = draft.policy
    receipt = host.submit(PolicyPublished(policy.name, policy.version, draft.text, policy.digest, by, approved_by))
    changes = list_changes(receipt.changes, host.state.registry)
    return Publication(policy.name, policy.version, policy.digest, changes.changes, changes.titles, policy.title, receipt.offset)


def newest_version(host: Host, name: str) -> int:
    """The newest version of a published policy.

    Raises:
        HuiminError: there is no such policy; names a similar one.
    """
    registry = host.state.registry
    if name not in registry.versions:
        raise no_policy(name, registry.versions)
    return registry.newest(name)


def withdraw_policy(host: Host, name: str, newest: int, by: str, approved_by: str, reason: str, since: date | None) -> PolicyWithdrawal:
    """Withdraw a policy; one person withdraws, another approves.

    Args:
        newest: the newest version that the two people know.
        since: the day from which it counts as withdrawn; None: today.

    Raises:
        Refused: the two are one person, there is a newer version, or the policy cannot count as withdrawn since that day.
    """
    receipt = host.submit(PolicyWithdrawn(name, newest, by, approved_by, reason, since))
    registry = host.state.registry
    changes, withdrawal = list_changes(receipt.changes, registry), registry.withdrawal(name)
    assert withdrawal is not None  # it was just applied
    sentence = withdrawal_sentence(registry.title(name), withdrawal)
    return PolicyWithdrawal(name, True, withdrawal.since, changes.changes, changes.titles, sentence, receipt.offset)
