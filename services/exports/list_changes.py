"""What changed on a policy's list since an edition or a day: who entered, left or changed, by name, and why.

``huimin candidates changes`` calls this; ``services.exports.changes_sheet`` writes it into a file. Several lines about one subject
count as one, against the list as it was told then. Leavers are named too: the agency was told of them. What a policy does not disclose
stays out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.language.tree import Policy, shown_refs
from policies.problems.problems import HuiminError
from policies.values import Kind, Text
from services.access.actions import Action
from services.access.run import passes_policy, show
from services.exports.list_disclosure import all_named, disclosure
from services.lists.changes import ChangeCause
from services.lists.filters import EVERYBODY, ListFilter, filter_test
from services.lists.reach import reachable_subjects
from services.lookup import check_published
from services.results import Internal, Sentence, Token
from services.state.as_of import core
from streams.lists.editions import fold, net

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.language.messages import CandidateChange
    from streams.steps.state import State

KINDS = {"entered": Text("进入", "entered"), "left": Text("离开", "left"), "changed": Text("变化", "changed")}


@dataclass(frozen=True, slots=True)
class ChangedCandidate:
    """A subject whose place on the list is another than it was.

    Args:
        number, name: as the list for the agency shows them; '' where they are not known here.
        change: entered, left or changed.
        before, status: the status then and now; None: not listed.
        reason: what it means for the subject, in words.
        day: of the last line about the subject.
        event: the event behind that line, in words.
    """

    subject: Token
    number: str
    name: str
    street: Sentence
    change: str
    before: str | None
    status: str | None
    reason: Sentence
    day: date
    cause: ChangeCause
    event: Sentence
    division: Internal[str | None]
    """The code of the street."""
    people: Internal[str]
    """The tokens of the people whom the name names, a line each; '' where it is the subject's own."""


@dataclass(frozen=True, slots=True)
class ChangesSince:
    """The net changes of a list.

    Args:
        since: the edition's number, or the day, that was asked for.
        day: of the state now.
        counts: by kind of change.
    """

    policy: str
    title: Internal[Text]
    since: str
    day: date
    counts: Mapping[str, int]
    changes: tuple[ChangedCandidate, ...]


def changes_since(workspace: Workspace, policy: str, since: str) -> ChangesSince:
    """What changed on a policy's list since the end of an edition (its number) or of a day (``2026-10-15``).

    Raises:
        HuiminError: the policy was never published; there is no such edition or day; an agreement does not, or no longer, allow a name.
    """
    with workspace.reading() as host:
        return changes_of(workspace, host, policy, since)


def changes_of(workspace: Workspace, host: Host, name: str, since: str, wanted: ListFilter = EVERYBODY) -> ChangesSince:
    """The same, of an open host; of a filter the streets (of today) and the persons count. The others would leave out who left."""
    state = host.state
    check_published(state, name)
    policy = state.policies.get(name) or state.registry.versions[name][state.registry.newest(name)].policy
    before, behind = _lists(host, name, since)
    lines = net(behind, before)
    reached = reachable_subjects(state, policy, (line.subject for line in lines))
    lines = [line for line in lines if line.subject in reached]
    names = passes_policy(policy, Action.SEE_IDENTITY)
    show(policy, (line.subject for line in lines), Action.SEE_IDENTITY if names else None)
    who = _names(workspace, state, policy, lines) if names else {}
    changes = [_candidate_change(state, policy, line, *who.get(line.subject, ("", "", ""))) for line in lines]
    whose = ListFilter(streets=wanted.streets, assigned=wanted.assigned)
    if whose != EVERYBODY:
        is_wanted = filter_test(host, state, name, whose)
        changes = [change for change in changes if is_wanted(_Subject(change.subject, division=change.division))]
    order = {kind: place for place, kind in enumerate(KINDS)}
    changes.sort(key=lambda change: (order[change.change], change.street.zh, change.number, change.subject))
    counts = Counter(change.change for change in changes)
    return ChangesSince(name, policy.title, since, state.day, {kind: counts[kind] for kind in KINDS}, tuple(changes))


def _lists(host: Host, policy: str, since: str) -> tuple[dict[int, CandidateChange], list[CandidateChange]]:
    """The list as it was told then, and the lines of the policy behind it.

    Raises:
        HuiminError: there is no such edition or day.
    """
    if re.fullmatch(r"\d{1,9}", since):
        number, last = int(since), 0
        for edition in host.editions(policy):
            last = edition.number
            if last == number:
                break
        if last != number:
            zh = f"{policy} 没有第 {number} 期：目前共 {last} 期。"
            raise HuiminError(Text(zh, f"{policy} has no edition {number}: there are {last} so far."), 2)
        lines = [line for line in host.outputs() if line.policy == policy]
        place = next((at for at, line in enumerate(lines) if _offset(line) > edition.offset), len(lines))
    else:
        day = _day(since, host.state.day)
        lines = [line for line in host.outputs() if line.policy == policy]
        place = next((at for at, line in enumerate(lines) if line.day > day), len(lines))
    lines = [line for line in lines if _offset(line) <= host.state.offset]  # a writer may have gone on since the state was read
    return fold(lines[:place]), lines[place:]


def _offset(line: CandidateChange) -> int:
    return int(line.id.rpartition(".")[0])


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        zh = f"要写期号或日期，如 3、2026-10-15；“{text}”两样都不是。"
        raise HuiminError(Text(zh, f"Give an edition or a day, such as 3 or 2026-10-15; {text!r} is neither."), 2) from None
    if day > today:
        raise HuiminError(Text(f"{day} 还没有到：今天是 {today}。", f"{day} is still to come: today is {today}."), 2)
    return day


@dataclass(frozen=True, slots=True)
class _Subject:
    """A changed subject in the form of a candidate."""

    subject: int
    status: str | None = None
    division: str | None = None
    checklist: tuple[str, ...] = ()
    missing: tuple[tuple[str, str | None], ...] = ()


def _names(workspace: Workspace, state: State, policy: Policy, lines: Sequence[CandidateChange]) -> dict[int, tuple[str, str, str]]:
    """By token, number, name and the tokens of the people in it. The name is the first field of identity that the policy discloses of
    people in a household or dwelling, else of the subject itself; telephones and addresses stand in the list.
    """
    from connectors.lists.disclosures import Disclosure
    from connectors.lists.exports import cell_text
    from connectors.lists.lists import list_sheet
    from connectors.lists.titles import PERSON_TOKENS, TOKEN
    from services.deliveries.statuses import nameless_deliveries

    for lost in nameless_deliveries(workspace, state):
        raise lost
    subjects = [_Subject(line.subject) for line in lines]
    merged = {kind: state.identities.merged_subjects(kind) for kind in Kind}
    facts = disclosure(state, policy.name, subjects) if policy.name in state.policies else Disclosure(merged=merged)
    sheet = list_sheet(policy, subjects, facts, state.catalogue, workspace.vault(), state.day)
    all_named(workspace, sum(not row[0] for row in sheet.rows))
    refs, token = shown_refs(policy), sheet.header.index(TOKEN.zh)
    identity = [at for at, ref in enumerate(refs, 1) if state.catalogue.feeds[ref.feed].fields[ref.field].identity]
    name = ([at for at in identity if at > len(policy.discloses)] or identity)[:1]
    texts = [list(map(cell_text, row)) for row in sheet.rows]
    people = sheet.header.index(PERSON_TOKENS.zh) if PERSON_TOKENS.zh in sheet.header else None
    return {
        int(row[token], 16): (
            row[0], "".join(row[at].replace("\n", "、") for at in name), "" if people is None else row[people]
        )
        for row in texts
    }  # fmt: skip


def _candidate_change(state: State, policy: Policy, line: CandidateChange, number: str, name: str, people: str) -> ChangedCandidate:
    from connectors.lists.change_words import cause_words, leaver_words, standing_words

    matched, catalogue = policy.name in core(state).policies, state.catalogue
    explained = core(state).explain(policy.name, line.subject) if matched else None
    if line.status is None:
        reason = leaver_words(line.cause, None if explained is None else explained.verdict, policy, catalogue)
    else:
        reason = standing_words(line.checklist, line.missing, policy, catalogue)
    code = None if explained is None else explained.division
    street = Text("", "") if code is None else catalogue.divisions.get(code, Text(code, code))
    cause, event = ChangeCause(line.cause.kind, line.cause.detail), cause_words(line.cause, policy, catalogue)
    return ChangedCandidate(
        line.subject, number, name, street, line.change, line.before, line.status, reason, line.day, cause, event, code, people
    )  # fmt: skip
