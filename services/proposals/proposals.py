"""Proposals: made, looked at, approved, sent back, taken back.

Each is a file of the workspace, so it survives the service. An approval is noted before its act runs, and decisions of the act carry a
stamp of the proposal: whoever approves again after a crash finishes what was begun, and nothing happens twice
(``streams.ledgers.decisions``).
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.access.deciding import Actor, decide
from services.access.two_people import ACTIONS, Act, decide_approval
from services.lists.holds import Notify
from services.progress import Progress
from services.proposals.acts import PROPOSED, Proposed, TwoPeople, act_of, carry_out, target_of, with_document
from streams.disk.files import private, write_whole
from streams.ledgers.decisions import stamping

if TYPE_CHECKING:
    from pathlib import Path

    from infra.workspace.workspace import Workspace

FOLDER = "proposals"
ProposalState: TypeAlias = Literal["open", "approving", "approved", "sent_back", "taken_back"]
Find: TypeAlias = Callable[[str], Actor]
"""The actor of an account's name, with the grants of now."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act that somebody proposes.

    Args:
        proposed: what is proposed; of an erasure that was carried out, without the person.
        state: open; approving: approved, and not finished yet; approved; sent_back: with a remark; taken_back by its proposer.
        decided_by: who approved or sent back.
        result: what came of it, without the changes of lists.
    """

    id: str
    act: str
    proposed: dict[str, Any]
    by: str
    at: str
    state: ProposalState
    decided_by: str | None = None
    decided_at: str | None = None
    remark: str | None = None
    offset: int | None = None
    result: Any = None


def propose(workspace: Workspace, actor: Actor, proposed: Proposed, now: datetime) -> Proposal:
    """Proposes an act.

    Raises:
        AccessDenied: the actor may not. HuiminError: it could not be carried out as things stand.
    """
    act, proposed = act_of(proposed), with_document(workspace, proposed)
    for target in target_of(workspace, proposed):
        decide(actor, ACTIONS[act][0], target).require()
    with _locked_folder(workspace) as folder:
        id = f"P{1 + max((int(path.stem[1:]) for path in folder.glob('P*.json')), default=0)}"
        proposal = Proposal(id, str(act), proposed.model_dump(mode="json"), actor.name, now.isoformat(), "open")
        _write(folder, proposal)
    return proposal


def proposals(workspace: Workspace, actor: Actor, every: bool = False) -> list[Proposal]:
    """The proposals that the actor made, or may approve; ``every``: also the decided ones."""
    listed = []
    for path in sorted(workspace.make_folder(FOLDER).glob("P*.json"), key=lambda path: int(path.stem[1:])):
        proposal = _read(path)
        if (every or proposal.state in ("open", "approving")) and may_see(workspace, actor, proposal):
            listed.append(proposal)
    return listed


def may_see(workspace: Workspace, actor: Actor, proposal: Proposal) -> bool:
    """Whether an actor made a proposal, or has a part in its kind of act."""
    if proposal.by == actor.name or actor.is_owner:
        return True
    propose_action, approve_action = ACTIONS[Act(proposal.act)]
    if approve_action not in actor.parts and propose_action not in actor.parts:
        return False
    if proposal.state not in ("open", "approving"):
        return approve_action in actor.parts
    try:
        targets = target_of(workspace, PROPOSED.validate_python(proposal.proposed))
    except HuiminError:  # things have changed: an approver sees it, and finds out why it cannot be carried out
        return approve_action in actor.parts
    return all(decide(actor, approve_action, target).allowed or decide(actor, propose_action, target).allowed for target in targets)


def proposal_of(workspace: Workspace, actor: Actor, id: str) -> Proposal:
    """A proposal that the actor may see.

    Raises:
        HuiminError: there is none.
    """
    path = workspace.make_folder(FOLDER) / f"{id}.json"
    if id[:1] == "P" and id[1:].isdecimal() and path.exists():
        proposal = _read(path)
        if may_see(workspace, actor, proposal):
            return proposal
    raise HuiminError(Text("没有这项提请。", "There is no such proposal."), 2)


def approve(
    workspace: Workspace, actor: Actor, id: str, now: datetime, today: date, language: str, find: Find, notify: Notify, progress: Progress
) -> Proposal:
    """Approves a proposal and carries it out. Whoever approved it finishes it by approving again, if the service stopped in the middle.

    Raises:
        AccessDenied: the actor may not, or proposed it; or the proposer may not any more. Conflict: it was decided.
        HuiminError: the act was refused; the proposal is open as before.
    """
    proposal = proposal_of(workspace, actor, id)
    with _locked_folder(workspace) as folder:
        proposal = _read(folder / f"{id}.json")
        is_begun = proposal.state == "approving" and proposal.decided_by == actor.name
        if proposal.state != "open" and not is_begun:
            raise Conflict(_decided_text(proposal))
        proposed = PROPOSED.validate_python(proposal.proposed)
        if not is_begun:
            for target in target_of(workspace, proposed):
                decide_approval(act_of(proposed), find(proposal.by), actor, target).require()
            with workspace.reading() as host:
                offset = host.state.offset
            proposal = replace(proposal, state="approving", decided_by=actor.name, decided_at=now.isoformat(), offset=offset)
            _write(folder, proposal)
        people = TwoPeople(proposal.by, actor.name)
        assert proposal.offset is not None  # noted before
        try:
            with stamping(proposal.offset, f"proposal {id}"):
                result = carry_out(workspace, proposed, people, today, language, notify, progress)
        except HuiminError:
            _write(folder, replace(proposal, state="open", decided_by=None, decided_at=None, offset=None))
            raise
        approved = replace(
            proposal,
            state="approved",
            result={key: value for key, value in result.items() if key != "changes"},
            proposed=_without_person(proposal.proposed),
        )
        _write(folder, approved)
    return approved


def send_back(workspace: Workspace, actor: Actor, id: str, remark: str, now: datetime) -> Proposal:
    """Sends a proposal back, with a remark; its own proposer takes it back.

    Raises:
        AccessDenied: the actor may not approve it. Conflict: it was decided.
    """
    proposal = proposal_of(workspace, actor, id)
    with _locked_folder(workspace) as folder:
        proposal = _read(folder / f"{id}.json")
        if proposal.state != "open":
            raise Conflict(_decided_text(proposal))
        own = proposal.by == actor.name
        if not own:
            for target in _targets_or_nothing(workspace, proposal):
                decide(actor, ACTIONS[Act(proposal.act)][1], target).require()
        ended = replace(
            proposal, state="taken_back" if own else "sent_back", decided_by=actor.name, decided_at=now.isoformat(), remark=remark,
            proposed=_without_person(proposal.proposed),
        )  # fmt: skip
        _write(folder, ended)
    return ended


def _targets_or_nothing(workspace: Workspace, proposal: Proposal) -> tuple[Any, ...]:
    try:
        return target_of(workspace, PROPOSED.validate_python(proposal.proposed))
    except HuiminError:  # it cannot be carried out any more, and may be sent back by whoever may approve anything of its kind
        return ()


def _without_person(proposed: dict[str, Any]) -> dict[str, Any]:
    """A proposal that is over names nobody."""
    return {**proposed, **dict.fromkeys({"subject", "into"} & proposed.keys(), None)}


def _decided_text(proposal: Proposal) -> Text:
    words = {
        "approving": Text("正在办理", "is being carried out"), "approved": Text("已批准", "was approved"),
        "sent_back": Text("已退回", "was sent back"), "taken_back": Text("已撤回", "was taken back"), "open": Text("待批准", "is open"),
    }  # fmt: skip
    word = words[proposal.state]
    return Text(f"这项提请{word.zh}。", f"This proposal {word.en}.")


@contextmanager
def _locked_folder(workspace: Workspace) -> Iterator[Path]:
    """The folder of proposals, to change; whoever else changes one waits."""
    folder = workspace.make_folder(FOLDER)
    with open(folder / "lock", "ab", opener=private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _write(folder: Path, proposal: Proposal) -> None:
    write_whole(folder / f"{proposal.id}.json", json.dumps(asdict(proposal), ensure_ascii=False, default=str))


def _read(path: Path) -> Proposal:
    return Proposal(**json.loads(path.read_text(encoding="utf-8")))
