"""Bounds: when a change of a list is so large that people look at it before it is told.

``streams.lists.book`` asks. Counted are the sure candidates (not those with missing evidence) that a message takes off the list of a
benefit or puts on the list of a burden. All messages of one delivery are counted together. Decisions of people (withdrawals, agreements,
corrections of identity, answers) have no bounds. Source: docs/en/semantics.md, "Holding back".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.language.causes import AmendmentCause, CoverageCause, DayCause, DeliveryName, RecordCause
from streams.lists.instructions import CloseDelivery, HoldAllExits, Instruction, NameCoveredFeed, SetBounds
from streams.lists.lines import LineHead, Lines
from streams.lists.overlays import HoldTrigger, LateFeeds

SURE = 2
"""The last place in ``STATUSES`` of a candidate for whom the rule is sure; 0 is not listed."""


@dataclass(frozen=True, slots=True)
class PolicyBounds:
    """The bounds of one policy: its direction, a share for each feed (the register moves people even if it is not read), and the feeds
    that it reads."""

    direction: str
    at_least: int
    amendment: Fraction
    moves: Mapping[str, Fraction]
    reads: tuple[str, ...]

    def plain(self) -> list[Any]:
        moves = {feed: str(share) for feed, share in self.moves.items()}
        return [self.direction, self.at_least, str(self.amendment), moves, list(self.reads)]

    @classmethod
    def of(cls, bounds: SetBounds) -> PolicyBounds:
        moves = {feed: Fraction(str(share)) for feed, share in bounds.moves.items()}
        return cls(bounds.direction, bounds.at_least, bounds.amendment, moves, bounds.reads)

    @classmethod
    def read(cls, direction: str, at_least: int, amendment: str, moves: Mapping[str, str], reads: Sequence[str]) -> PolicyBounds:
        return cls(direction, at_least, Fraction(amendment), {feed: Fraction(share) for feed, share in moves.items()}, tuple(reads))


@dataclass(slots=True)
class ListBounds:
    """The bounds of all policies, the late feeds, and the counts of the deliveries under way."""

    rules: dict[str, PolicyBounds] = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    shrunk: RecordCause | None = None
    """The cause in this message whose exits are all held: a full replacement that has lost too many rows."""
    covered: str = ""
    """The feed whose coverage this message changes."""
    delivered: DeliveryName | None = None
    """The delivery that this message completes."""
    _losses: dict[DeliveryName, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """By delivery under way and policy: how many candidates the list lost, and its length before."""

    def take(self, instruction: Instruction) -> bool:
        """Takes an instruction that is about the bounds of this message; False for any other."""
        match instruction:
            case HoldAllExits(_, cause):
                self.shrunk = cause
            case NameCoveredFeed(_, feed):
                self.covered = feed
            case CloseDelivery(_, delivery):
                self.delivered = delivery
            case _:
                return False
        return True

    def end_message(self) -> None:
        """Forgets what was about this message alone."""
        if self.delivered is not None:
            self._losses.pop(self.delivered, None)
        self.shrunk, self.covered, self.delivered = None, "", None

    def holdable(self, lines: Lines) -> npt.NDArray[np.bool_]:
        """A mask of the lines that may be held: exits from a benefit and entries to a burden of sure candidates."""
        burden = np.array([name in self.rules and self.rules[name].direction == "burden" for name, *_ in lines.heads], np.bool_)
        before, after = lines.before, lines.after
        leaves = (after == 0) & (before != 0) & (before <= SURE)
        enters = (before == 0) & (after != 0) & (after <= SURE)
        mask: npt.NDArray[np.bool_] = np.where(burden[lines.head], enters, leaves) if len(lines) else leaves
        return mask

    def hold_trigger(self, head: LineHead, count: int, size: int) -> HoldTrigger | None:
        """The trigger of a hold, if so many lines of one head are beyond the bounds; None if they are not. Adds them to the counts.

        Args:
            count: of the lines that may be held in this message.
            size: of the list.
        """
        policy, _, _, cause = head
        rule = self.rules.get(policy)
        if rule is None or not count:
            return None
        match cause:
            case RecordCause(delivery):
                losses = self._losses.setdefault(delivery, {})
                so_far, whole = losses.get(policy, (0, size))
                losses[policy] = (so_far + count, whole)
                large = _large(so_far + count, whole, rule.moves[delivery.feed], rule.at_least)
                return RecordCause(delivery) if large or cause == self.shrunk else None
            case CoverageCause():
                return cause if _large(count, size, rule.moves[self.covered], rule.at_least) else None
            case AmendmentCause():
                return cause if _large(count, size, rule.amendment, rule.at_least) else None
            case DayCause():
                late = sorted(self.late & set(rule.reads))
                return LateFeeds(tuple(late)) if late else None
            case _:  # decisions of people have no bounds
                return None

    def meta(self) -> dict[str, Any]:
        rules = {policy: rule.plain() for policy, rule in self.rules.items()}
        return {"rules": rules, "late": sorted(self.late), "moved": {str(delivery): dict(of) for delivery, of in self._losses.items()}}

    @classmethod
    def restore(cls, meta: Mapping[str, Any]) -> ListBounds:
        rules = {policy: PolicyBounds.read(*plain) for policy, plain in meta["rules"].items()}
        losses = {
            DeliveryName.parse(delivery): {name: (count, whole) for name, (count, whole) in of.items()}
            for delivery, of in meta["moved"].items()
        }
        return cls(rules, frozenset(meta["late"]), _losses=losses)


def _large(count: int, size: int, share: Fraction, at_least: int) -> bool:
    """Is it beyond the bounds? An empty list has no share, so its first candidates are never too many."""
    return count >= at_least and size > 0 and count > share * size
