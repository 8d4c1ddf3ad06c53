"""The instructions of the steps to the list stage (``streams.lists.book``), beside the lines: one dataclass for each.

Steps know policies, feeds, days and decisions, but not who is listed; the list stage knows only who is listed. On a network the notes of
the sequencer carry the instructions in their order, as JSON: ``[day, word, …]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias, assert_never

from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.values import Text
from streams.language.causes import Cause, DeliveryName, RecordCause, cause_of
from streams.language.errors import decoding

Share: TypeAlias = Fraction | float
"""The share of a policy is exact, that of a feed a decimal as in its contract; each keeps its own notation."""


@dataclass(frozen=True, slots=True)
class SetBounds:
    """From now on a policy is matched, in this version and with these bounds.

    Args:
        direction: benefit or burden.
        at_least: fewer people are never held.
        amendment: the share of the list that a new version may take off.
        moves: by feed, the share of the list that one delivery may take off.
        reads: the feeds that the policy reads.
    """

    word: ClassVar[str] = "ruled"
    day: date
    policy: str
    version: int
    direction: str
    at_least: int
    amendment: Fraction
    moves: Mapping[str, Share]
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiftBounds:
    """A policy is no longer matched; its holds end."""

    word: ClassVar[str] = "unruled"
    day: date
    policy: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """An agency has reported an outcome of a candidate.

    Args:
        keeps_off: the outcome suppresses the candidate for a time.
    """

    word: ClassVar[str] = "reported"
    day: date
    policy: str
    subject: int
    outcome: str
    keeps_off: bool


@dataclass(frozen=True, slots=True)
class EndOutcome:
    """The time of an outcome is over."""

    word: ClassVar[str] = "ended"
    day: date
    policy: str
    subject: int
    outcome: str


@dataclass(frozen=True, slots=True)
class SetLateFeeds:
    """These feeds are late now, and no others."""

    word: ClassVar[str] = "late"
    day: date
    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoldAllExits:
    """Every exit in this message for this cause is held: a full replacement has lost too many rows."""

    word: ClassVar[str] = "shrunk"
    day: date
    cause: RecordCause


@dataclass(frozen=True, slots=True)
class NameCoveredFeed:
    """This message changes the coverage of this feed."""

    word: ClassVar[str] = "covered"
    day: date
    feed: str


@dataclass(frozen=True, slots=True)
class CloseDelivery:
    """This message completes a delivery."""

    word: ClassVar[str] = "delivered"
    day: date
    delivery: DeliveryName


@dataclass(frozen=True, slots=True)
class EraseSubject:
    """A subject is erased; in the lines of this message the token ``instead`` stands in its place."""

    word: ClassVar[str] = "erased"
    day: date
    subject: int
    instead: int


@dataclass(frozen=True, slots=True)
class FreeSubject:
    """A subject is merged into another: its holds end."""

    word: ClassVar[str] = "gone"
    day: date
    subject: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class DecideHold:
    """Two people have decided about a hold: release or reject."""

    word: ClassVar[str] = "decided"
    day: date
    hold: str
    decision: str
    by: str
    approved_by: str
    reason: str


Instruction: TypeAlias = (
    SetBounds | LiftBounds | RecordOutcome | EndOutcome | SetLateFeeds | HoldAllExits | NameCoveredFeed | CloseDelivery | EraseSubject
    | FreeSubject | DecideHold
)  # fmt: skip


def bounds_of(policy: Policy, catalogue: Catalogue, day: date) -> SetBounds:
    """The bounds of a policy that is matched from now on; if it names no share of moves, that of each feed counts."""
    bounds = policy.bounds
    of_feeds = {name: float(feed.bounds.moves) for name, feed in catalogue.feeds.items()}
    moves: Mapping[str, Share] = of_feeds if bounds.moves is None else dict.fromkeys(of_feeds, bounds.moves)
    return SetBounds(day, policy.name, policy.version, policy.direction, bounds.at_least, bounds.amendment, moves, tuple(policy.feeds))


def instructions_plain(instructions: Iterable[Instruction]) -> list[list[Any]]:
    """As JSON."""
    return [[instruction.day.isoformat(), instruction.word, *_facts(instruction)] for instruction in instructions]


def instructions_read(plain: Sequence[Sequence[Any]]) -> tuple[Instruction, ...]:
    """The instructions from ``instructions_plain``.

    Raises:
        Unreadable: these are no instructions.
    """
    with decoding(Text("给名单阶段的指令", "an instruction to the list stage")):
        return tuple(_read(date.fromisoformat(day), word, *facts) for day, word, *facts in plain)


def _facts(instruction: Instruction) -> list[Any]:
    match instruction:
        case SetBounds(_, policy, version, direction, at_least, amendment, moves, reads):
            shares = {feed: str(share) for feed, share in moves.items()}
            return [policy, version, direction, at_least, str(amendment), shares, list(reads)]
        case LiftBounds(_, policy, cause):
            return [policy, cause.kind, cause.detail]
        case RecordOutcome(_, policy, subject, outcome, keeps_off):
            return [policy, subject, outcome, keeps_off]
        case EndOutcome(_, policy, subject, outcome):
            return [policy, subject, outcome]
        case SetLateFeeds(_, feeds):
            return [list(feeds)]
        case HoldAllExits(_, cause):
            return [cause.detail]
        case NameCoveredFeed(_, feed):
            return [feed]
        case CloseDelivery(_, delivery):
            return [str(delivery)]
        case EraseSubject(_, subject, instead):
            return [subject, instead]
        case FreeSubject(_, subject, cause):
            return [subject, cause.kind, cause.detail]
        case DecideHold(_, hold, decision, by, approved_by, reason):
            return [hold, decision, by, approved_by, reason]
        case _:
            assert_never(instruction)


def _read(day: date, word: str, *facts: Any) -> Instruction:
    match word, facts:
        case SetBounds.word, (policy, version, direction, at_least, amendment, moves, reads):
            shares = {feed: _share(share) for feed, share in moves.items()}
            return SetBounds(day, policy, version, direction, at_least, Fraction(amendment), shares, tuple(reads))
        case LiftBounds.word, (policy, kind, detail):
            return LiftBounds(day, policy, cause_of(kind, detail))
        case RecordOutcome.word, (policy, subject, outcome, keeps_off):
            return RecordOutcome(day, policy, subject, outcome, keeps_off)
        case EndOutcome.word, (policy, subject, outcome):
            return EndOutcome(day, policy, subject, outcome)
        case SetLateFeeds.word, (feeds,):
            return SetLateFeeds(day, tuple(feeds))
        case HoldAllExits.word, (detail,):
            cause = cause_of(RecordCause.kind, detail)
            assert isinstance(cause, RecordCause)
            return HoldAllExits(day, cause)
        case NameCoveredFeed.word, (feed,):
            return NameCoveredFeed(day, feed)
        case CloseDelivery.word, (delivery,):
            return CloseDelivery(day, DeliveryName.parse(delivery))
        case EraseSubject.word, (subject, instead):
            return EraseSubject(day, subject, instead)
        case FreeSubject.word, (subject, kind, detail):
            return FreeSubject(day, subject, cause_of(kind, detail))
        case DecideHold.word, (hold, decision, by, approved_by, reason):
            return DecideHold(day, hold, decision, by, approved_by, reason)
        case _:
            raise ValueError(word)


def _share(text: str) -> Share:
    """A share as it was written: "1/5" or "1" is exact, "0.2" is a feed's."""
    return Fraction(text) if text.replace("/", "").isdigit() else float(text)
