"""Who looked at one resident's records, when, why, and by which agreement; without showing anybody else's business.

``huimin audit person`` calls this. A line that showed many is told as an access to this person: how many others it showed is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.workspace.audit import audit_log
from policies.values import Kind, Text
from services.access.actions import TITLES, Action
from services.audit.listing import lines_with
from services.results import Sentence
from services.state.as_of import core

if TYPE_CHECKING:
    from connectors.audit.lines import AccessLine
    from connectors.audit.log import AuditLog
    from infra.workspace.workspace import Workspace
    from streams.steps.state import State


EVERYBODY = frozenset({Action.PROPOSE_RESEARCH})
"""Actions that concern the records of all residents at once."""


@dataclass(frozen=True, slots=True)
class AccessToPerson:
    """One access to a resident's records.

    Args:
        line: its number in the record.
        who: account, or user of the machine; ``machine``: it was a program with a token of that account.
        what: in words; ``action``: its code.
        identity: names, numbers, telephones or addresses were part of it.
        as_kind: person; household or dwelling, where the list is of those and the person is in one now; or everybody, of a research
            snapshot, which has a row for each resident under a token of its own.
        policy, title, agency, purpose, agreements: of the list that it was about.
    """

    line: int
    time: str
    who: str
    machine: bool
    via: str
    action: str
    what: Sentence
    identity: bool
    as_kind: str
    policy: str | None
    title: Sentence | None
    agency: str | None
    purpose: str | None
    agreements: tuple[str, ...]


def accesses_to(workspace: Workspace, person: int) -> list[AccessToPerson]:
    """Every access to a person's records, by any token that counts as the person, and as a member of a household or dwelling; in order.

    A person who was erased, or was never shown, has none.

    Raises:
        DamagedStore: the record is not as it was written.
    """
    with workspace.reading() as host:
        kinds, is_known = _tokens(host.state, person), _is_known(host.state, person)
        titles = {name: host.state.registry.title(name) for name in host.state.registry.versions}
    digests = _digests(audit_log(workspace), kinds)
    everybodys = EVERYBODY if is_known else frozenset[Action]()
    return [_access(line, digests, matching, titles) for line, matching in lines_with(workspace, frozenset(digests), everybodys)]


def _digests(log: AuditLog, kinds: dict[int, Kind]) -> dict[bytes, Kind]:
    """The salted digest of each token that ever stood in the record, with the kind of its subject."""
    if not log.has_salts():
        return {}
    try:
        salts = log.salts()
        return {digest: kind for token, kind in kinds.items() if (digest := salts.digest(token)) is not None}
    finally:
        log.close()


def _is_known(state: State, person: int) -> bool:
    """Whether any record names a person now."""
    from matchers.kernel.layout import KINDS

    return core(state).store.entity(KINDS.index(Kind.PERSON), state.identities.root(Kind.PERSON, person)) >= 0


def _tokens(state: State, person: int) -> dict[int, Kind]:
    """The tokens by which a person, and the households and dwellings with the person in them, may have been shown; with their kind."""
    root = state.identities.root(Kind.PERSON, person)
    tokens = dict.fromkeys((person, root), Kind.PERSON)
    tokens |= {token: Kind.PERSON for token, into in state.identities.merged_subjects(Kind.PERSON).items() if into == root}
    for policy in state.policies.values():
        if policy.subject is not Kind.PERSON:
            tokens |= dict.fromkeys(core(state).subjects_with(policy, root), policy.subject)
    return tokens


def _access(line: AccessLine, digests: dict[bytes, Kind], matching: frozenset[bytes], titles: dict[str, Text]) -> AccessToPerson:
    kinds = {digests[digest].value for digest in matching} or {"everybody"}
    kind = Kind.PERSON.value if Kind.PERSON in kinds else min(kinds)
    what = TITLES[Action(line.action)] if line.action in set(Action) else Text(line.action, line.action)
    identity = Action.SEE_IDENTITY in (line.also, line.action) or line.action == Action.LOOK_UP_IDENTITY
    return AccessToPerson(
        line.seq, line.time, line.who, line.token is not None, line.via, line.action, what, identity, kind, line.policy,
        titles.get(line.policy or ""), line.agency, line.purpose, line.agreements,
    )  # fmt: skip
