"""Which action each verb is: what somebody needs to run it where a workspace has accounts.

``console.cli.guard`` enforces it; a test holds the table against the tree of verbs. Services decide about the policy, feed or subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from services.access.actions import Action

Recording: TypeAlias = Literal["none", "service", "verb"]
"""Who records an access: nobody, as the verb shows nobody; the service, with the subjects; the verb itself, before it begins."""


@dataclass(frozen=True, slots=True)
class VerbRight:
    """What a verb is.

    Args:
        action: None: anybody may run it, for the reason beside it.
        approval: of an act of two people, what the second one needs.
        names: the verb takes ``--by``, the name of whoever does it.
    """

    action: Action | None
    recording: Recording = "none"
    approval: Action | None = None
    names: bool = False


def _two(action: Action, approval: Action, recording: Recording) -> VerbRight:
    return VerbRight(action, recording, approval, names=True)


PUBLIC = VerbRight(None)
VERBS: Mapping[str, VerbRight] = {
    "init": PUBLIC,  # there is no workspace yet
    "demo": PUBLIC,  # in a workspace of its own
    "bench": PUBLIC,  # in none
    "up": PUBLIC,  # it serves each in their own right; whoever starts it can read the key
    "policy schema": PUBLIC,  # part of the program
    "access table": PUBLIC,  # likewise
    "doctor": VerbRight(Action.READ_HEALTH),
    "upgrade": VerbRight(Action.UPGRADE_WORKSPACE),
    "ingest": VerbRight(Action.TAKE_IN),
    "tick": VerbRight(Action.MOVE_DAY, names=True),
    "explain": VerbRight(Action.EXPLAIN, "service"),
    "forecast": VerbRight(Action.READ_FORECAST),
    "worker": VerbRight(Action.RUN_NETWORK),
    "unit add": VerbRight(Action.WRITE_UNITS),
    "unit list": VerbRight(Action.READ_UNITS),
    "feed add": VerbRight(Action.WRITE_FEEDS),
    "feed list": VerbRight(Action.READ_FEEDS),
    "feed show": VerbRight(Action.READ_FEEDS),
    "feed check": VerbRight(Action.READ_FEEDS),
    "feed history": VerbRight(Action.READ_FEEDS),
    "feed draft": VerbRight(Action.TRY_FILE),
    "feed try": VerbRight(Action.TRY_FILE),
    "feed coverage": VerbRight(Action.READ_COVERAGE),  # with a file: STATE_COVERAGE (``action_of``)
    "feed deliveries": VerbRight(Action.READ_DELIVERIES),
    "feed quarantine": VerbRight(Action.READ_QUARANTINE, names=True),  # to copy out or close: MEND_ROWS, CLOSE_ROWS
    "feed pickup": VerbRight(Action.TAKE_IN),
    "feed pull": VerbRight(Action.TAKE_IN),
    "feed listen": VerbRight(Action.TAKE_IN),
    "policy check": VerbRight(Action.WRITE_DRAFTS),
    "policy needs": VerbRight(Action.WRITE_DRAFTS),
    "policy test": VerbRight(Action.WRITE_DRAFTS),
    "policy list": VerbRight(Action.READ_POLICIES),
    "policy show": VerbRight(Action.READ_POLICIES),
    "policy diff": VerbRight(Action.PREVIEW_POLICY),
    "policy history": VerbRight(Action.READ_POLICIES),
    "policy preview": VerbRight(Action.PREVIEW_POLICY),
    "policy publish": _two(Action.PROPOSE_POLICY, Action.APPROVE_POLICY, "service"),
    "policy withdraw": _two(Action.PROPOSE_WITHDRAWAL, Action.APPROVE_WITHDRAWAL, "service"),
    "candidates list": VerbRight(Action.READ_LIST, "service"),
    "candidates export": VerbRight(Action.EXPORT_LIST, "service"),
    "candidates answer": VerbRight(Action.RECORD_ANSWER, "service", names=True),
    "candidates visit": VerbRight(Action.PRINT_VISITS, "service"),
    "candidates changes": VerbRight(Action.READ_LIST, "service"),
    "candidates outcomes": VerbRight(Action.COUNT_LIST),
    "candidates corrections": VerbRight(Action.READ_REQUESTS, "service"),
    "candidates answer-request": VerbRight(Action.ANSWER_REQUEST, "service", names=True),
    "candidates find": VerbRight(Action.LOOK_UP_IDENTITY, "service"),
    "candidates note": VerbRight(Action.WRITE_FOLLOW_UP, "service", names=True),
    "candidates call-again": VerbRight(Action.WRITE_FOLLOW_UP, "service", names=True),
    "candidates assign": VerbRight(Action.WRITE_FOLLOW_UP, "service", names=True),
    "candidates history": VerbRight(Action.READ_HISTORY, "service"),
    "candidates send": VerbRight(Action.SEND_EDITIONS, "service"),
    "candidates ack": VerbRight(Action.REPORT_OUTCOME, "service", names=True),
    "holds list": VerbRight(Action.READ_HOLDS),
    "holds show": VerbRight(Action.READ_HOLDS, "service"),
    "holds release": _two(Action.PROPOSE_HOLD, Action.APPROVE_HOLD, "service"),
    "holds reject": _two(Action.PROPOSE_HOLD, Action.APPROVE_HOLD, "service"),
    "edition cut": VerbRight(Action.CUT_EDITION),
    "edition list": VerbRight(Action.READ_EDITIONS),
    "edition show": VerbRight(Action.READ_EDITIONS, "service"),
    "edition verify": VerbRight(Action.READ_EDITIONS),
    "edition evidence": VerbRight(Action.READ_EVIDENCE, "service"),
    "identity merge": _two(Action.PROPOSE_MERGE, Action.APPROVE_MERGE, "service"),
    "identity split": _two(Action.PROPOSE_MERGE, Action.APPROVE_MERGE, "service"),
    "identity list": VerbRight(Action.READ_MERGES, "service"),
    "snapshot create": _two(Action.PROPOSE_RESEARCH, Action.APPROVE_RESEARCH, "service"),  # of grade open: MAKE_OPEN_SNAPSHOT
    "snapshot list": VerbRight(Action.READ_SNAPSHOTS),
    "snapshot verify": VerbRight(Action.READ_SNAPSHOTS),
    "snapshot diff": VerbRight(Action.READ_SNAPSHOTS),
    "erase person": _two(Action.PROPOSE_ERASURE, Action.APPROVE_ERASURE, "service"),
    "erase finish": VerbRight(Action.FINISH_ERASURE),
    "erase list": VerbRight(Action.READ_ERASURES),
    "kafka up": VerbRight(Action.RUN_NETWORK),
    "kafka down": VerbRight(Action.RUN_NETWORK),
    "kafka status": VerbRight(Action.READ_NETWORK),
    "kafka key": VerbRight(Action.RUN_NETWORK),
    "kafka join": VerbRight(Action.RUN_NETWORK),
    "kafka shards": VerbRight(Action.READ_NETWORK),
    "kafka dead-letters": VerbRight(Action.READ_NETWORK),
    "kafka describe": VerbRight(Action.READ_NETWORK),
    "account add": VerbRight(Action.WRITE_ACCOUNTS, "verb"),
    "account list": VerbRight(Action.READ_ACCOUNTS),
    "account show": VerbRight(Action.USE_OWN_ACCOUNT),  # of somebody else: decided by the service
    "account grant": VerbRight(Action.WRITE_ACCOUNTS, "verb"),
    "account revoke": VerbRight(Action.WRITE_ACCOUNTS, "verb"),
    "account disable": VerbRight(Action.WRITE_ACCOUNTS, "verb"),
    "account enable": VerbRight(Action.WRITE_ACCOUNTS, "verb"),
    "account password": VerbRight(Action.USE_OWN_ACCOUNT, "verb"),  # likewise
    "account map": VerbRight(Action.WRITE_ACCOUNTS, "verb"),
    "account token": VerbRight(Action.USE_OWN_ACCOUNT, "verb"),  # likewise
    "audit list": VerbRight(Action.READ_AUDIT, "verb"),
    "audit show": VerbRight(Action.READ_AUDIT, "verb"),
    "audit verify": VerbRight(Action.VERIFY_AUDIT),
    "audit checkpoint": VerbRight(Action.VERIFY_AUDIT),
    "audit proof": VerbRight(Action.VERIFY_AUDIT),
    "audit person": VerbRight(Action.AUDIT_PERSON, "service"),
}


def action_of(verb: str, values: Mapping[str, object]) -> VerbRight:
    """What a verb is with these options: some do one thing or another.

    Args:
        values: the parameters of the verb by name, as given.
    """
    right = VERBS[verb]
    match verb:
        case "feed coverage" if values.get("file") is not None:
            return VerbRight(Action.STATE_COVERAGE)
        case "feed quarantine" if values.get("out") is not None or values.get("original") is not None:
            return VerbRight(Action.MEND_ROWS, "service")
        case "feed quarantine" if values.get("close") is not None:
            return VerbRight(Action.CLOSE_ROWS, names=True)
        case "feed quarantine":
            return VerbRight(Action.READ_QUARANTINE)
        case "snapshot create" if values.get("grade") == "open":
            return VerbRight(Action.MAKE_OPEN_SNAPSHOT, "service")
    return right
