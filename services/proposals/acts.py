"""What can be proposed, and what happens once it is approved: the service of the act runs, in the name of both people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, assert_never

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from infra.workspace.texts import as_file, text_of
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.deciding import NOTHING, Target
from services.access.sight import newest
from services.access.two_people import Act
from services.access.visible import policy_target
from services.erasure.erasing import erase_person
from services.exports.releases import release_snapshot
from services.identity.corrections import People, merge_subjects, split_subjects
from services.lists.candidates import parse_token
from services.lists.hold_decisions import decide_hold, hold_of
from services.lists.holds import Notify, held_changes
from services.lookup import no_policy
from services.policies.publication import draft_to_publish, publish_draft, withdraw
from services.progress import Progress
from services.results import plain

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace

Reason = Annotated[str, Field(min_length=1, max_length=500)]
Token = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


class _ActForm(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Publish(_ActForm):
    """Publish a policy.

    Args:
        document: its text; or ``draft``, the name of a draft in the folder of policies, whose text of now is proposed.
    """

    act: Literal["publish"]
    document: Annotated[str, Field(max_length=512_000)] = ""
    draft: Annotated[str | None, Field(pattern="^[a-z0-9-]{1,100}$")] = None


class Withdraw(_ActForm):
    """Withdraw a policy."""

    act: Literal["withdraw"]
    policy: Annotated[str, Field(max_length=100)]
    reason: Reason
    since: date | None = None


class DecideHold(_ActForm):
    """Release or reject what a hold keeps back."""

    act: Literal["decide hold"]
    hold: Annotated[str, Field(max_length=100)]
    decision: Literal["release", "reject"]
    reason: Reason


class CorrectIdentity(_ActForm):
    """Merge a subject into another; with no other, undo its merge."""

    act: Literal["correct identity"]
    kind: Literal["person", "household", "dwelling"]
    subject: Token
    into: Token | None = None
    reason: Reason


class Erase(_ActForm):
    """Erase a person."""

    act: Literal["erase"]
    subject: Token
    reason: Reason


class ReleaseResearch(_ActForm):
    """Release a research snapshot."""

    act: Literal["release research"]
    reason: Reason
    format: Literal["duckdb", "parquet"] = "duckdb"


Proposed: TypeAlias = Annotated[Publish | Withdraw | DecideHold | CorrectIdentity | Erase | ReleaseResearch, Field(discriminator="act")]
PROPOSED: TypeAdapter[Any] = TypeAdapter(Proposed)


@dataclass(frozen=True, slots=True)
class TwoPeople:
    """Who proposed, and who approves, by the names of their accounts."""

    by: str
    approved_by: str


def with_document(workspace: Workspace, proposed: Proposed) -> Proposed:
    """A proposal that holds the text of its document: what is approved is what was proposed, whatever becomes of the draft.

    Raises:
        HuiminError: there is no such draft.
    """
    if not isinstance(proposed, Publish) or proposed.draft is None:
        return proposed
    path = workspace.folder("policies") / f"{proposed.draft}.yaml"
    if not path.is_file():
        raise HuiminError(Text("没有这份草案。", "There is no such draft."), 2)
    return Publish(act="publish", document=text_of(path))


def act_of(proposed: Proposed) -> Act:
    """The act that is proposed."""
    return Act(proposed.act)


def target_of(workspace: Workspace, proposed: Proposed) -> tuple[Target, ...]:
    """What a proposal is about, after a check that it can be carried out as things stand.

    Raises:
        HuiminError: there is no such policy or hold. Invalid: the document has errors.
    """
    match proposed:
        case Publish():
            with as_file(proposed.document) as file:
                return (policy_target(draft_to_publish(workspace, file).policy),)
        case Withdraw():
            with workspace.reading() as host:
                policy = newest(host.state, proposed.policy)
                if policy is None:
                    raise no_policy(proposed.policy, host.state.registry.versions)
                return (policy_target(policy),)
        case DecideHold():
            with workspace.reading() as host:
                hold_of(host.state, proposed.hold)
                names = {change.policy for change in held_changes(host.state)[proposed.hold]}
                policies = (newest(host.state, name) for name in sorted(names))
                return tuple(policy_target(policy) for policy in policies if policy is not None) or (NOTHING,)
        case CorrectIdentity() | Erase() | ReleaseResearch():
            return (NOTHING,)
        case _:
            assert_never(proposed)


def carry_out(
    workspace: Workspace, proposed: Proposed, people: TwoPeople, today: date, language: str, notify: Notify, progress: Progress
) -> Any:
    """Does what was proposed; returns the result as plain values of JSON.

    Raises:
        HuiminError: whatever the service of the act refuses.
    """
    match proposed:
        case Publish():
            with as_file(proposed.document) as file:
                publication, _ = publish_draft(
                    workspace, file, people.by, people.approved_by, today, confirm=None, previewed=False, notify=notify, progress=progress
                )
                return plain(publication, language)
        case Withdraw():
            withdrawal, _ = withdraw(
                workspace, proposed.policy, people.by, people.approved_by, proposed.reason, proposed.since,
                confirm=None, notify=notify, progress=progress,
            )  # fmt: skip
            return plain(withdrawal, language)
        case DecideHold():
            decided = decide_hold(
                workspace, proposed.hold, proposed.decision, people.by, people.approved_by, proposed.reason, notify
            )  # fmt: skip
            return plain(decided, language)
        case CorrectIdentity():
            pair = parse_token(proposed.subject), None if proposed.into is None else parse_token(proposed.into)
            who = People(people.by, people.approved_by, proposed.reason)
            correct = split_subjects if proposed.into is None else merge_subjects
            return plain(correct(workspace, proposed.kind, pair, who, notify), language)
        case Erase():
            erasure = erase_person(workspace, parse_token(proposed.subject), people.by, people.approved_by, proposed.reason)
            return plain(erasure, language)
        case ReleaseResearch():
            released = release_snapshot(
                workspace, people.by, people.approved_by, proposed.reason, today, format=proposed.format
            )  # fmt: skip
            return plain(released, language)
        case _:
            assert_never(proposed)
