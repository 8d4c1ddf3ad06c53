"""Holds: changes of lists beyond their bounds, kept back until two people decide.

``huimin holds list`` calls ``holds``; every service that submits messages announces the holds that it opens (``announce_holds``). One hold
in detail, and its decision: ``services.lists.hold_decisions``. The book of lists says who is held back. A hold without subjects that nobody
decided has dissolved by itself. Source: docs/en/semantics.md, "Holding back".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, assert_never

from matchers.kernel.changes import STATUSES
from policies.values import Text
from services.access.actions import Action
from services.access.run import passes_policy
from services.access.sight import EVERYTHING, Sight
from services.lists.changes import distinct_titles
from services.lists.reach import newest_policy
from services.results import Internal
from services.state.as_of import divisions
from streams.language.causes import AmendmentCause, CoverageCause, DeliveryName, RecordCause
from streams.lists.overlays import LateFeeds

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.ledgers.deliveries import Delivery
    from streams.lists.overlays import Hold, Overlay
    from streams.steps.state import State

HoldSide: TypeAlias = Literal["exits", "entries"]
HoldStanding: TypeAlias = Literal["undecided", "rejected", "released", "dissolved"]


@dataclass(frozen=True, slots=True)
class HeldDelivery:
    """A hold is about the rows of a delivery.

    Args:
        shorter: of a full replacement with fewer rows than before: its rows, and the rows before.
        replaced: the rows before came in one full replacement, too.
    """

    feed: Text
    unit: Text
    number: str
    shorter: tuple[int, int] | None
    replaced: bool


@dataclass(frozen=True, slots=True)
class HeldStatements:
    """A hold is about coverage statements on some feeds."""

    feeds: tuple[Text, ...]
    statements: str


@dataclass(frozen=True, slots=True)
class HeldAmendment:
    """A hold is about a new version of a policy."""

    policy: Text
    version: str


@dataclass(frozen=True, slots=True)
class HeldDays:
    """A hold is about days that pass while feeds are late."""

    feeds: tuple[Text, ...]


HoldEvent: TypeAlias = HeldDelivery | HeldStatements | HeldAmendment | HeldDays


@dataclass(frozen=True, slots=True)
class HeldList:
    """The changes of one list that are held back.

    Args:
        title: of the policy.
        subject: what the list holds: ``person``, ``household`` or ``dwelling``.
    """

    policy: str
    side: HoldSide
    count: int
    title: Internal[Text]
    subject: Internal[str]


@dataclass(frozen=True, slots=True)
class HoldSummary:
    """A hold, and how many changes of which lists it keeps back.

    Args:
        about: its delivery, statements, version or feeds; ``event`` is the same with titles.
    """

    hold: str
    kind: str
    about: str
    since: date
    standing: HoldStanding
    decision: str | None
    by: str
    approved_by: str
    reason: str
    lists: tuple[HeldList, ...]
    event: Internal[HoldEvent]


@dataclass(frozen=True, slots=True)
class HoldList:
    """The holds of a workspace.

    Args:
        past: the number of all holds there ever were.
    """

    holds: tuple[HoldSummary, ...]
    past: int


class HeldChange(NamedTuple):
    """A change of one subject on one list that is held back: the status on the materialized list, and by the rule. None: not listed."""

    policy: str
    subject: int
    told_status: str | None
    rule_status: str | None

    @property
    def side(self) -> HoldSide:
        """The side that is held back: an entry where the subject is not on the materialized list, else an exit."""
        return "entries" if self.told_status is None else "exits"


class WithState(Protocol):
    """Any object with a state, such as a host."""

    @property
    def state(self) -> State: ...


Notify: TypeAlias = Callable[[HoldSummary], None]
"""Called with every hold that opens while messages are submitted."""


def holds(workspace: Workspace, every: bool = False, sight: Sight = EVERYTHING) -> HoldList:
    """The holds that keep subjects back, with their changes of the lists that are in sight.

    Args:
        every: also those that keep nobody back any more, for whoever sees all lists.
    """
    with workspace.reading() as host:
        state, people = host.state, held_changes(host.state, sight)
        every = every and sight is EVERYTHING
        some = [hold for hold in state.book.holds.values() if (every or people[hold.id]) and reaches(state, people[hold.id])]
        return HoldList(tuple(hold_summary(state, hold, people[hold.id]) for hold in some), len(people))


def reaches(state: State, people: Iterable[HeldChange]) -> bool:
    """Whether a query may give a hold: all lists that it keeps back are reached."""
    return all(passes_policy(newest_policy(state, name)) for name in {change.policy for change in people})


def undecided_holds(state: State) -> list[HoldSummary]:
    """The holds that keep subjects back and wait for a decision."""
    people = held_changes(state)
    some = [hold for hold in state.book.holds.values() if hold_standing(hold, len(people[hold.id])) == "undecided"]
    return [hold_summary(state, hold, people[hold.id]) for hold in some]


@contextmanager
def announce_holds(host: WithState, notify: Notify) -> Iterator[None]:
    """Announces every hold that opens in the body of a ``with``, to whoever may look at it: at its end, also after an error."""
    before = len(host.state.notices)
    try:
        yield
    finally:
        for hold in opened_holds(host.state, before):
            if all(passes_policy(newest_policy(host.state, part.policy), Action.READ_HOLDS) for part in hold.lists):
                notify(hold)


def opened_holds(state: State, before: int) -> list[HoldSummary]:
    """The holds that opened after the first ``before`` notices and keep subjects back."""
    opened = [state.book.holds[notice.about] for notice in state.notices[before:] if notice.kind == "held"]
    if not opened:
        return []
    people = held_changes(state)
    return [hold_summary(state, hold, people[hold.id]) for hold in opened if people[hold.id]]


def held_changes(state: State, sight: Sight = EVERYTHING) -> dict[str, list[HeldChange]]:
    """The held changes of the lists that are in sight, by hold; of every hold, in the order in which they opened."""
    people: dict[str, list[HeldChange]] = {hold: [] for hold in state.book.holds}
    for policy, of in sorted(state.book.overlays.items()):
        for subject, overlay in sorted(of.items()) if sight.policy(state, policy) else ():
            if overlay.hold is not None:
                people[overlay.hold].append(_held_back(policy, subject, overlay))
    return people


def held_changes_on(state: State, policy: str) -> dict[int, tuple[Hold, HeldChange]]:
    """The held changes of one list with their hold, by subject."""
    of = sorted(state.book.overlays_of(policy).items())
    return {
        subject: (state.book.holds[overlay.hold], _held_back(policy, subject, overlay))
        for subject, overlay in of
        if overlay.hold is not None
    }


def holds_on(state: State, policy: str) -> list[HoldSummary]:
    """The holds of one list, each with its held changes of that list alone; exits before entries."""
    groups: dict[tuple[str, HoldSide], list[HeldChange]] = {}
    for hold, subject in held_changes_on(state, policy).values():
        groups.setdefault((hold.id, subject.side), []).append(subject)
    return [hold_summary(state, state.book.holds[id], people) for (id, _), people in sorted(groups.items())]


def _held_back(policy: str, subject: int, overlay: Overlay) -> HeldChange:
    statuses = (STATUSES[0 if content is None else content[0]] for content in (overlay.materialized, overlay.computed))
    return HeldChange(policy, subject, *statuses)


def hold_summary(state: State, hold: Hold, people: Sequence[HeldChange]) -> HoldSummary:
    """A hold with the number of held changes, by list and side."""
    counts = sorted(Counter((person.policy, person.side) for person in people).items())
    titles = distinct_titles({policy for (policy, _), _ in counts}, state.registry)
    lists = tuple(HeldList(policy, side, count, titles[policy], _subject(state, policy)) for (policy, side), count in counts)
    facts = hold.decision, hold.by, hold.approved_by, hold.reason
    return HoldSummary(hold.id, hold.kind, hold.about, hold.day, hold_standing(hold, len(people)), *facts, lists, hold_event(state, hold))


def _subject(state: State, policy: str) -> str:
    return str(state.registry.versions[policy][state.registry.newest(policy)].policy.subject)


def hold_standing(hold: Hold, people: int) -> HoldStanding:
    """The standing of a hold with this number of held changes."""
    if hold.decision == "release":
        return "released"
    if hold.decision == "reject":
        return "rejected"
    return "undecided" if people else "dissolved"


def hold_event(state: State, hold: Hold) -> HoldEvent:
    feeds, units = state.catalogue.feeds, state.catalogue.units
    match hold.trigger:
        case RecordCause(delivery):
            now, before = deliveries(state, delivery)
            short = now is not None and now.replaces and now.sound and now.readable < now.against
            shorter = (now.readable, now.against) if now is not None and short else None
            return HeldDelivery(feeds[delivery.feed].title, units[delivery.unit].title, str(delivery.number), shorter, before is not None)
        case CoverageCause(statements):
            entries = (state.statements.entries.get(id) for id in statements)
            names = sorted({entry.stated.feed for entry in entries if entry is not None})
            return HeldStatements(tuple(feeds[name].title for name in names), hold.about)
        case AmendmentCause(version):
            return HeldAmendment(state.registry.title(version.policy), str(version.number))
        case LateFeeds(names):
            return HeldDays(tuple(feeds[name].title for name in names))
        case _:
            assert_never(hold.trigger)


def placements(state: State, people: Sequence[HeldChange]) -> dict[tuple[str, int], str | None]:
    """The divisions in which subjects are placed, by policy and subject; None where unplaced."""
    of = {policy: [person.subject for person in people if person.policy == policy] for policy in {person.policy for person in people}}
    return {(policy, subject): at for policy, some in of.items() for subject, at in divisions(state, policy, some).items()}


def deliveries(state: State, name: DeliveryName) -> tuple[Delivery | None, Delivery | None]:
    """The delivery of a hold, and the sound full replacement before it; None where there is none."""
    position = state.catalogue.feeds[name.feed].source_position(name.unit)
    assert position is not None
    before = [
        delivery
        for delivery in state.deliveries.of(name.feed, position)
        if delivery.number < name.number and delivery.sound and delivery.replaces
    ]
    return state.deliveries.by_number(name.feed, position, name.number), before[-1] if before else None
