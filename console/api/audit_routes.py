"""Routes about the record of access: its lines, whether it is as it was written, proofs, and who looked at a resident."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from console.api.parameters import Body
from console.api.request_context import RequestContext
from console.api.route import Route
from policies.values import Text
from services.access.actions import Action
from services.access.run import show
from services.audit.listing import AccessFilter, RecordedAccess, line_numbered, recorded_accesses
from services.audit.persons import AccessToPerson, accesses_to
from services.audit.verification import AuditCheck, Proof, SignedCheckpoint, consistency, inclusion, signed_now, verify
from services.erasure.erasing import token_of

Word = Annotated[str | None, Field(max_length=100)]
Line = Annotated[int, Field(ge=0)]


class Resident(Body):
    """A resident's number or token. It comes in a body, so that it is in no address and no log."""

    who: Annotated[str, Field(min_length=1, max_length=40)]


class EarlierCheckpoint(Body):
    """An earlier checkpoint, as an auditor kept it."""

    checkpoint: Annotated[str | None, Field(max_length=4000)] = None


def accesses(
    context: RequestContext, who: Word = None, policy: Word = None, action: Word = None,
    since: Annotated[str | None, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = None, denied: bool = False,
    limit: Annotated[int, Field(ge=1, le=10_000)] = 200,
) -> list[RecordedAccess]:  # fmt: skip
    return recorded_accesses(context.workspace, AccessFilter(who, policy, action, since, denied), limit)


def access(context: RequestContext, line: Line) -> RecordedAccess:
    return line_numbered(context.workspace, line)


def verification(context: RequestContext, body: EarlierCheckpoint) -> AuditCheck:
    return verify(context.workspace, body.checkpoint)


def checkpoint(context: RequestContext) -> SignedCheckpoint:
    return signed_now(context.workspace)


def proof(context: RequestContext, line: Line) -> Proof:
    return inclusion(context.workspace, line)


def growth(context: RequestContext, size: Annotated[int, Field(ge=1)]) -> Proof:
    return consistency(context.workspace, size)


def person(context: RequestContext, body: Resident) -> list[AccessToPerson]:
    token = token_of(context.workspace, body.who)
    of_resident = accesses_to(context.workspace, token)
    show(None, [token] if of_resident else ())  # one who was erased gets no salt again
    return of_resident


ROUTES = (
    Route("audit.list", "GET", "/audit", Action.READ_AUDIT, accesses, Text("访问记录", "The record of access")),
    Route("audit.show", "GET", "/audit/lines/{line}", Action.READ_AUDIT, access, Text("一行访问记录", "One line of the record")),
    Route("audit.proof", "GET", "/audit/lines/{line}/proof", Action.VERIFY_AUDIT, proof, Text("一行在记录中的证明", "A proof that a line is in the record")),
    Route("audit.growth", "GET", "/audit/growth/{size}", Action.VERIFY_AUDIT, growth, Text("记录前若干行未变的证明", "A proof that the first lines are as they were")),
    Route("audit.checkpoint", "GET", "/audit/checkpoint", Action.VERIFY_AUDIT, checkpoint, Text("签名的检查点", "A signed checkpoint")),
    Route("audit.verify", "POST", "/audit/verification", Action.VERIFY_AUDIT, verification, Text("核对访问记录", "Verify the record"), dry=True),
    Route("audit.person", "POST", "/audit/person", Action.AUDIT_PERSON, person, Text("谁看过某人", "Who looked at a person"), dry=True),
)  # fmt: skip
