"""Who is on which of one's own lists, asked by name or number.

``huimin candidates find`` and ``huimin explain`` call this. What was typed goes into no message, log or error. A name finds only on
lists that disclose it, and a person who is on none of the lists is not told from one who does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError, suggestion
from policies.values import Kind, Text
from services.access.run import passes_policy, show
from services.lists.reach import newest_policy, reachable_subjects
from services.lookup import check_published
from services.results import Token
from services.state.as_of import core, materialized_list, state_known_at, subject_divisions

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy
    from streams.steps.state import State

KIND_WORDS = {
    Kind.PERSON: Text("个人", "person"), Kind.HOUSEHOLD: Text("户", "household"), Kind.DWELLING: Text("住房", "dwelling"),
}  # fmt: skip


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
        reached = [policy for policy in policies if passes_policy(policy)]
        places = tuple(place for policy in reached for place in _reached_places(workspace, state, policy, words, by_number))
        _tell(state, places)
        return places


def _reached_places(workspace: Workspace, state: State, policy: Policy, words: str, by_number: int | None) -> list[ListPlace]:
    places = list(_places(workspace, state, policy, words, by_number))
    reached = reachable_subjects(state, policy, {place.subject for place in places})
    return [place for place in places if place.subject in reached]


def _tell(state: State, places: tuple[ListPlace, ...]) -> None:
    """Tells the run whom it has found, by policy; and that it looked somebody up, where it has found nobody."""
    for name in sorted({place.policy for place in places}):
        show(newest_policy(state, name), [token for p in places if p.policy == name for token in dict.fromkeys((p.subject, p.person))])
    if not places:
        show(None, ())


def subject_of(
    workspace: Workspace, policy: str, text: str, day: date | None = None, known_at: int | date | None = None
) -> int:  # fmt: skip
    """The token of a policy's subject, from the token or from the number of the person, household or dwelling.

    The subject of a policy about households or dwellings may be named by the number of a person in it, too: as the records say on a day,
    from what was known at a moment; None: now.

    Raises:
        HuiminError: the policy was never published, or the text is neither; the person is in no such subject, or in several, which are
            named. The error does not repeat the text. NotKept: the moment cannot be asked for.
    """
    words = text.strip()
    if len(words) == 16 and set(words.lower()) <= set("0123456789abcdef"):
        return int(words, 16)
    with workspace.reading() as host:
        check_published(host.state, policy)
        rule = next(iter(host.state.registry.versions[policy].values())).policy
        kind = rule.subject
        token = _subject_by_number(workspace, host.state, kind, words) if words else None
        if kind is not Kind.PERSON and words and not _is_known(host.state, kind, token):
            person = _subject_by_number(workspace, host.state, Kind.PERSON, words)
            if _is_known(host.state, Kind.PERSON, person):
                return _subject_with(state_known_at(host, day, known_at), rule, host.state.identities.root(Kind.PERSON, person or 0))
        if token is None:
            zh = "写号码，或 16 位十六进制化名（见 candidates list）；所写的两者都不是。"
            raise HuiminError(Text(zh, "Give a number, or a token of 16 hex digits (candidates list); this is neither."), 2)
        return host.state.identities.root(kind, token)


def _is_known(state: State, kind: Kind, token: int | None) -> bool:
    """Whether any record names a subject."""
    from matchers.kernel.layout import KINDS

    return token is not None and core(state).store.entity(KINDS.index(kind), state.identities.root(kind, token)) >= 0


def _subject_with(state: State, rule: Policy, person: int) -> int:
    """The one household or dwelling with a person in it.

    Raises:
        HuiminError: there is none, or there are several, which are named by token and street.
    """
    subjects = core(state).subjects_with(rule, person)
    if len(subjects) == 1:
        return subjects[0]
    kind = KIND_WORDS[rule.subject]
    if not subjects:
        zh = f"按记录，此号码的人不属于任何{kind.zh}；请写{kind.zh}的号码或化名。"
        raise HuiminError(Text(zh, f"The records place the person of this number in no {kind.en}; give its number or token."), 2)
    places = subject_divisions(state, rule.subject, subjects)
    streets = {token: _street(at, state.catalogue) for token, at in places.items()}
    zh = "、".join(f"{token:016x}（{streets[token].zh}）" for token in subjects)
    en = ", ".join(f"{token:016x} ({streets[token].en})" for token in subjects)
    raise HuiminError(
        Text(f"按记录，此号码的人属于多个{kind.zh}：{zh}。请写其中一个的化名。",
             f"The records place the person of this number in several {kind.en}s: {en}. Give the token of one."), 2
    )  # fmt: skip


def _street(code: str | None, catalogue: Catalogue) -> Text:
    """The name of a street; its code where it has none."""
    return Text("街镇不明", "street not known") if code is None else catalogue.divisions.get(code) or Text(code, code)


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
