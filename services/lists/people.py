"""Who is on which of one's own lists, asked by name or number.

``huimin candidates find`` and ``huimin explain`` call this. What was typed goes into no message, log or error. A name finds only on
lists that disclose it, and a person who is on none of the lists is not told from one who does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError, suggestion
from policies.values import Kind, Text
from services.lookup import check_published
from services.results import Token
from services.state.as_of import core, materialized_list

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.tree import Policy
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A person's place on one list.

    Args:
        subject: the candidate: the person, or a household or dwelling with the person in it.
        kind: of the candidate.
        status: on the list; None where the candidate is kept off it.
        outcome: by which the candidate is suppressed, or None.
        hold: by which a change of the candidate is held back, or None.
    """

    policy: str
    title: Text
    person: Token
    subject: Token
    kind: str
    status: str | None
    outcome: str | None
    hold: str | None


def list_places(workspace: Workspace, text: str, agency: str | None = None) -> tuple[ListPlace, ...]:
    """The places of everybody with this name, telephone or number on the lists of all policies, or of an agency's.

    Raises:
        HuiminError: there is no such agency.
    """
    words = text.strip()
    with workspace.reading() as host:
        state = host.state
        if agency is not None and agency not in state.catalogue.units:
            near = suggestion(agency, state.catalogue.units)
            raise HuiminError(Text(f"没有单位 {agency}。{near.zh}", f"There is no unit {agency}.{near.en}"), 2)
        policies = [policy for _, policy in sorted(state.policies.items()) if agency in (None, policy.agency)]
        by_number = _subject_by_number(workspace, state, Kind.PERSON, words)
        return tuple(place for policy in policies for place in _places(workspace, state, policy, words, by_number))


def subject_of(workspace: Workspace, policy: str, text: str) -> int:
    """The token of a policy's subject, from the token or from the number of the person, household or dwelling.

    Raises:
        HuiminError: the policy was never published, or the text is neither. The error does not repeat it.
    """
    words = text.strip()
    if len(words) == 16 and set(words.lower()) <= set("0123456789abcdef"):
        return int(words, 16)
    with workspace.reading() as host:
        check_published(host.state, policy)
        kind = next(iter(host.state.registry.versions[policy].values())).policy.subject
        token = _subject_by_number(workspace, host.state, kind, words) if words else None
        if token is None:
            zh = "写号码，或 16 位十六进制化名（见 candidates list）；所写的两者都不是。"
            raise HuiminError(Text(zh, "Give a number, or a token of 16 hex digits (candidates list); this is neither."), 2)
        return host.state.identities.root(kind, token)


def _subject_by_number(workspace: Workspace, state: State, kind: Kind, words: str) -> int | None:
    """The token of a number; None where the text is no number of this kind."""
    register = state.catalogue.register(kind)
    return None if register is None else workspace.tokens().token(kind, register.identify, words)


def _places(workspace: Workspace, state: State, policy: Policy, words: str, by_number: int | None) -> Iterator[ListPlace]:
    """The places on one policy's list. Also where a candidate is suppressed or held."""
    people = _people(workspace, state, policy, words, by_number)
    if not people:
        return
    statuses = {c.subject: c.status for c in materialized_list(state, policy.name)}
    overlays = state.book.overlays_of(policy.name)
    tokens = sorted({*statuses, *overlays})
    if policy.subject is Kind.PERSON:
        persons_of: dict[int, tuple[int, ...]] = {token: (token,) for token in tokens}
    else:
        paths = {people_field.path for people_field in policy.people}
        sets = [core(state).people(policy.name, path, tokens) for path in paths]
        persons_of = {token: tuple(person for people_of in sets for person in people_of[token]) for token in tokens}
    for token in tokens:
        overlay = overlays.get(token)
        for person in sorted(people.intersection(persons_of[token])):
            outcome, hold = (None, None) if overlay is None else (overlay.outcome, overlay.hold)
            yield ListPlace(policy.name, policy.title, person, token, policy.subject.value, statuses.get(token), outcome, hold)


def _people(workspace: Workspace, state: State, policy: Policy, words: str, by_number: int | None) -> set[int]:
    """The persons whom the text names, as far as this policy's list would name them."""
    from connectors.identity.names import tokens_with

    refs = {*policy.discloses, *(people.ref for people in policy.people)}
    named = set[int]()
    for ref in refs:
        feed = state.catalogue.feeds[ref.feed]
        if feed.subject is Kind.PERSON and not ref.links and feed.fields[ref.field].identity and words:
            named |= set(tokens_with(workspace.vault(), feed, ref.field, words))
    if by_number is not None and (policy.subject is Kind.PERSON or policy.people):
        named.add(by_number)
    return {state.identities.root(Kind.PERSON, person) for person in named}
