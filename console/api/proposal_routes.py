"""Routes about acts of two people: propose, approve, send back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from console.api.parameters import Body, Remark
from console.api.request_context import RequestContext
from console.api.route import Route
from infra.settings import clock
from policies.values import Text
from services.access.account_book import actor_of, opened_book
from services.access.actions import Action
from services.access.deciding import Actor
from services.proposals.acts import Proposed
from services.proposals.proposals import Proposal, approve, proposal_of, proposals, propose, send_back

Id = Annotated[str, Field(max_length=20)]


class SentBack(Body):
    """Why a proposal is sent back, or taken back."""

    remark: Remark


def proposal_list(context: RequestContext, every: bool = False) -> list[Proposal]:
    return proposals(context.workspace, context.actor, every)


def proposal(context: RequestContext, proposal: Id) -> Proposal:
    return proposal_of(context.workspace, context.actor, proposal)


def new(context: RequestContext, body: Proposed) -> Proposal:
    return propose(context.workspace, context.actor, body, clock())


def approval(context: RequestContext, proposal: Id) -> Proposal:
    def find(name: str) -> Actor:
        with opened_book(context.workspace.root) as book:
            return actor_of(book.store.account(name))

    about = clock(), context.today(), context.language
    return approve(context.workspace, context.actor, proposal, *about, find, context.notify, context.progress)


def sent_back(context: RequestContext, proposal: Id, body: SentBack) -> Proposal:
    return send_back(context.workspace, context.actor, proposal, body.remark, clock())


_PROPOSAL = "/proposals/{proposal}"
ROUTES = (
    Route("proposals.list", "GET", "/proposals", Action.USE_OWN_ACCOUNT, proposal_list, Text("提请", "Proposals"), "own"),
    Route("proposals.show", "GET", _PROPOSAL, Action.USE_OWN_ACCOUNT, proposal, Text("一项提请", "One proposal"), "own"),
    Route("proposals.make", "POST", "/proposals", Action.USE_OWN_ACCOUNT, new, Text("提请", "Propose an act"), "own", status=201),
    Route("proposals.approve", "POST", f"{_PROPOSAL}/approval", Action.USE_OWN_ACCOUNT, approval, Text("批准", "Approve a proposal"), "own"),
    Route("proposals.send_back", "POST", f"{_PROPOSAL}/return", Action.USE_OWN_ACCOUNT, sent_back, Text("退回或撤回", "Send a proposal back, or take it back"), "own"),
)  # fmt: skip
