"""Acts of two people: one proposes, another approves, and each needs the right to do their part.

Publishing, withdrawing, deciding a hold, correcting an identity, erasing and releasing a research snapshot are such acts. The services
behind them check names once more (``policies.language.people``); this decides about accounts.
"""

from __future__ import annotations

from enum import StrEnum

from policies.language.people import are_two_people
from policies.values import Text
from services.access.actions import Action
from services.access.deciding import NOTHING, Actor, Decision, Target, decide


class Act(StrEnum):
    """An act that takes two people."""

    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    DECIDE_HOLD = "decide hold"
    CORRECT_IDENTITY = "correct identity"
    ERASE = "erase"
    RELEASE_RESEARCH = "release research"


ACTIONS = {
    Act.PUBLISH: (Action.PROPOSE_POLICY, Action.APPROVE_POLICY),
    Act.WITHDRAW: (Action.PROPOSE_WITHDRAWAL, Action.APPROVE_WITHDRAWAL),
    Act.DECIDE_HOLD: (Action.PROPOSE_HOLD, Action.APPROVE_HOLD),
    Act.CORRECT_IDENTITY: (Action.PROPOSE_MERGE, Action.APPROVE_MERGE),
    Act.ERASE: (Action.PROPOSE_ERASURE, Action.APPROVE_ERASURE),
    Act.RELEASE_RESEARCH: (Action.PROPOSE_RESEARCH, Action.APPROVE_RESEARCH),
}
"""What the first person needs, and what the second."""
_SAME = Decision(
    False, Text("不能批准自己提请的事项，须由另一人批准。", "You cannot approve what you proposed: another person must approve it.")
)


def decide_approval(act: Act, proposer: Actor, approver: Actor, target: Target = NOTHING) -> Decision:
    """Whether an approver may approve what a proposer proposed; the proposer needs their right still."""
    if not are_two_people(proposer.name, approver.name):
        return _SAME
    propose, approve = ACTIONS[act]
    first = decide(proposer, propose, target)
    return decide(approver, approve, target) if first.allowed else first
