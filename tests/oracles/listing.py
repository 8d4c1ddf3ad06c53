"""The oracle of materialized lists: outcomes that keep subjects off a list, and holds, folded by hand.

After each message (of a tick: after each day) it gets the computed lists, and goes through all subjects one by one, with the page beside it.
Source: docs/en/semantics.md, sections 17 and 18, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import NamedTuple, Protocol, TypeAlias

from policies.language.tree import Policy
from streams.language.causes import Cause, IdentityCause
from streams.language.messages import (
    CorrectionAnswered,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    HoldDecided,
    IdentityMerged,
    Input,
    OutcomeReported,
)

MONTHS = {
    "contacted": 0, "enrolled": 3, "declined": 12, "already_receiving": 12, "not_eligible": 6, "wrong_person": 12, "moved": 3, "deceased": 6,
    "unreachable": 1,
}  # fmt: skip
"""How many months each keeps a subject off (§17.2)."""

Content = tuple[str | None, tuple[str, ...], tuple[tuple[str, str | None], ...]]
"""Status, checklist and missing of a listed subject."""
Evidence: TypeAlias = tuple[tuple[bool | None, ...], tuple[tuple[str, str], ...]]
Key = tuple[str, int]
"""Policy and subject."""
Reason = tuple[str, str]
"""What a hold is about: kind and detail."""
NOBODY: Content = (None, (), ())
SETTLED = ("eligible", "to_check")


def _news(then: Evidence | None, now: Evidence) -> bool:
    """Is the evidence new by section 17.3: a leaf decided otherwise or for the first time, or another disclosed value?"""
    if then is None:
        return True
    turned = any(was != truth and truth is not None for was, truth in zip(then[0], now[0], strict=True))
    return turned or any(was != (name, text) and text != "" for was, (name, text) in zip(then[1], now[1], strict=True))


class Rule(Protocol):
    """What the rule says behind a message, on a day."""

    day: date
    policies: Mapping[str, Policy]
    """Those matched now."""

    def computed_list(self, policy: str) -> Mapping[int, Content]: ...
    def evidence(self, policy: str, subject: int) -> Evidence | None: ...
    def root(self, kind: str, subject: int) -> int:
        """The subject that a subject counts as."""

    def statement_feed(self, statement: str) -> str: ...
    def late(self) -> frozenset[str]:
        """The feeds that are late on this day."""

    def feed_moves(self, feed: str) -> Fraction: ...
    def ended_by(self, policy: str) -> str:
        """Why a policy is matched no more."""


class Line(NamedTuple):
    """What is told of a subject whose place on a list differs."""

    before: Content
    after: Content
    cause: str


class CurrentOutcome(NamedTuple):
    """The outcome that counts."""

    outcome: str
    on: date
    criterion: str | None


@dataclass(slots=True)
class Off:
    """A subject that is kept off: until when, and what was read of it by which version."""

    until: date
    version: int | None
    evidence: Evidence | None
    unread: bool = False
    """Has another version come that has not read the subject yet?"""


@dataclass(slots=True, eq=False)
class Hold:
    """What is held back for one reason, of whatever policies."""

    reason: Reason
    opened: int
    members: set[Key] = field(default_factory=set)
    decided: str | None = None


@dataclass(slots=True)
class Delivery:
    """How much of one list a delivery has moved, and how long that list was."""

    size: int
    moved: int = 0
    beyond: bool = False


class Listing:
    """The fold.

    Args:
        kinds: of each policy the kind of subject it is about; the same in all its versions.
    """

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = kinds
        self.rule: dict[str, dict[int, Content]] = {}
        self.materialized: dict[str, dict[int, Content]] = {}
        self.outcomes: dict[Key, CurrentOutcome] = {}
        self.asked: dict[Key, int] = {}
        """The reports about which a register is asked, each with the number of its message (section 17.7)."""
        self.suppressions: dict[Key, Off] = {}
        self.hold_of: dict[Key, Hold] = {}
        self.holds: list[Hold] = []
        self.deliveries: dict[tuple[str, str], Delivery] = {}
        self.counts: Counter[str] = Counter()

    def take(
        self, message: Input, offset: int, rule: Rule, causes: Mapping[Key, Cause], shrunk: bool = False, decided: Hold | None = None
    ) -> dict[Key, Line]:
        """The lines that a message tells.

        Args:
            causes: the last reason why the rule says something else of a subject.
            shrunk: the message is the end of a sound full replacement with too few readable rows (``tests.oracles.replacements``).
            decided: the hold that is decided by the message, if it is such a one.
        """
        before = {name: dict(some) for name, some in self.materialized.items()}
        now = {name: dict(rule.computed_list(name)) for name in rule.policies}
        back = self._answer(message) if isinstance(message, CorrectionAnswered) else self._outcomes(message, offset, rule)
        back |= self._kept_off_no_more(rule)
        if isinstance(message, IdentityMerged):
            for name, policy in rule.policies.items():
                if policy.subject == message.kind:
                    self._unhold((name, message.subject))
        why: dict[Key, str] = dict(back)
        moving: dict[tuple[str, Reason], list[int]] = {}
        for name in sorted(self.materialized.keys() | now.keys()):
            if name not in now:
                for key in [key for key in self.hold_of if key[0] == name]:
                    self._unhold(key)
            some, were, on_list = now.get(name, {}), self.rule.get(name, {}), before.get(name, {})
            after = self.materialized.setdefault(name, {})
            for subject in sorted(on_list.keys() | some.keys() | were.keys()):
                key = (name, subject)
                wanted, is_told = some.get(subject, NOBODY), on_list.get(subject, NOBODY)
                if key in self.suppressions:
                    self._unhold(key)
                    _put(after, subject, NOBODY)
                    why.setdefault(key, "outcome")
                    continue
                if key in self.hold_of:
                    if wanted == were.get(subject, NOBODY):
                        continue
                    self._unhold(key)
                _put(after, subject, wanted)
                if wanted == is_told or key in back:
                    continue
                if name not in now:
                    why[key] = rule.ended_by(name)
                    continue
                cause = causes.get(key, IdentityCause("", ""))
                why[key] = cause.kind
                if _hurts(rule.policies[name], is_told, wanted):
                    moving.setdefault((name, _reason(cause, rule, name)), []).append(subject)
        for (name, reason), subjects in moving.items():
            if self._beyond(name, reason, len(subjects), len(before.get(name, {})), rule, message, shrunk):
                self._hold(name, reason, offset, subjects, before.get(name, {}))
        if isinstance(message, HoldDecided) and decided is not None:
            why |= self._decide(message, decided, now)
        self.rule = now
        return self._lines(before, why)

    # -- section 17 ----------------------------------------------------------------------------------------------------

    def _answer(self, message: CorrectionAnswered) -> dict[Key, str]:
        """A register's word; the subjects that a refuted report keeps off no more (section 17.8)."""
        keys = [key for key, number in self.asked.items() if number == message.request]
        if not keys or message.answer != "refuted":
            return {}
        (policy, subject), outcome = keys[0], self.outcomes[keys[0]].outcome
        same = [
            key
            for key in self.asked
            if key[1] == subject and self.kinds[key[0]] == self.kinds[policy] and self.outcomes[key].outcome == outcome
        ]
        back = {key: "outcome" for key in same if self.suppressions.pop(key, None) is not None}
        self.counts["refuted by the register"] += len(back)
        return back

    def _outcomes(self, message: Input, offset: int, rule: Rule) -> dict[Key, str]:
        """Take an outcome; the subject that is kept off no more because another outcome took the place of the first."""
        if not isinstance(message, OutcomeReported):
            return {}
        key = (message.policy, rule.root(self.kinds[message.policy], message.subject))
        current, new = self.outcomes.get(key), CurrentOutcome(message.outcome, message.on, message.criterion)
        if current is not None and (current == new or new.on < current.on):
            return {}
        self.outcomes[key] = new
        self.asked.pop(key, None)
        if message.outcome in ("deceased", "moved") and message.content:
            self.asked[key] = offset
        was_off = self.suppressions.pop(key, None) is not None
        until = months_after(message.on, MONTHS[message.outcome])
        if MONTHS[message.outcome] and rule.day < until:
            self.suppressions[key] = Off(until, self._version(rule, message.policy), rule.evidence(*key))
            self.counts["kept off"] += 1
            return {}
        return {key: "outcome"} if was_off else {}

    def _kept_off_no_more(self, rule: Rule) -> dict[Key, str]:
        """The subjects whose time is over or whose evidence is new."""
        back: dict[Key, str] = {}
        for key, off in list(self.suppressions.items()):
            evidence, version = rule.evidence(*key), self._version(rule, key[0])
            if rule.day >= off.until:
                back[key] = "outcome"
                self.counts["time over"] += 1
                continue
            if version is not None and version != off.version:
                off.version, off.unread = version, True
            if evidence is not None and off.unread:
                off.evidence, off.unread = evidence, False
                self.counts["read anew by another version"] += 1
            elif evidence is not None and _news(off.evidence, evidence):
                back[key] = "evidence"
                self.counts["evidence differs"] += 1
        for key in back:
            del self.suppressions[key]
        return back

    @staticmethod
    def _version(rule: Rule, policy: str) -> int | None:
        return rule.policies[policy].version if policy in rule.policies else None

    # -- section 18 ----------------------------------------------------------------------------------------------------

    def _beyond(self, name: str, reason: Reason, count: int, size: int, rule: Rule, message: Input, shrunk: bool) -> bool:
        """Is what is moved for one reason beyond the bounds of a policy?"""
        policy, (kind, detail) = rule.policies[name], reason
        bounds = policy.bounds
        if kind == "record":
            share = bounds.moves if bounds.moves is not None else rule.feed_moves(detail.split()[0])
            delivery = self.deliveries.setdefault((name, detail), Delivery(size))
            delivery.moved += count
            delivery.beyond |= delivery.moved >= bounds.at_least and delivery.size > 0 and delivery.moved > share * delivery.size
            if shrunk:
                self.counts["hold: shrunk replacement"] += 1
            elif delivery.beyond:
                self.counts["hold: record"] += 1
            return delivery.beyond or shrunk
        if kind == "coverage":
            share = bounds.moves if bounds.moves is not None else rule.feed_moves(_covered_feed(message, rule))
        elif kind == "amendment":
            share = bounds.amendment
        else:
            late = kind == "day" and bool(detail)
            self.counts["hold: late day"] += late
            return late
        beyond = count >= bounds.at_least and size > 0 and count > share * size
        self.counts[f"hold: {kind}"] += beyond
        return beyond

    def _hold(self, name: str, reason: Reason, offset: int, subjects: list[int], before: Mapping[int, Content]) -> None:
        """Holds back what is moved for one reason; it joins the undecided hold for the same one."""
        same = [hold for hold in self.holds if (hold.reason, hold.decided) == (reason, None)]
        hold = same[0] if same else Hold(reason, offset)
        if not same:
            self.holds.append(hold)
        for subject in subjects:
            self.hold_of[name, subject] = hold
            hold.members.add((name, subject))
            _put(self.materialized[name], subject, before.get(subject, NOBODY))
            self.counts["held back"] += 1

    def _unhold(self, key: Key) -> None:
        hold = self.hold_of.pop(key, None)
        if hold is not None:
            hold.members.discard(key)
            self.counts["held back no more"] += 1

    def _decide(self, message: HoldDecided, hold: Hold, now: Mapping[str, Mapping[int, Content]]) -> dict[Key, str]:
        if hold.decided == "release":
            return {}
        self.counts[f"decided: {message.decision} {hold.decided or ''}".rstrip()] += bool(hold.members)
        hold.decided = message.decision
        if message.decision == "reject":
            return {}
        keys = dict.fromkeys(hold.members, "release")
        for name, subject in keys:
            self._unhold((name, subject))
            _put(self.materialized[name], subject, now[name].get(subject, NOBODY))
        return keys

    def _lines(self, before: Mapping[str, Mapping[int, Content]], why: Mapping[Key, str]) -> dict[Key, Line]:
        lines: dict[Key, Line] = {}
        for name, contents in self.materialized.items():
            was = before.get(name, {})
            for subject in was.keys() | contents.keys():
                old, new = was.get(subject, NOBODY), contents.get(subject, NOBODY)
                if old != new:
                    lines[name, subject] = Line(old, new, why[name, subject])
                    self.counts[f"line: {why[name, subject]}"] += 1
        return lines


def _put(contents: dict[int, Content], subject: int, content: Content) -> None:
    if content == NOBODY:
        contents.pop(subject, None)
    else:
        contents[subject] = content


def _hurts(policy: Policy, before: Content, after: Content) -> bool:
    """Is it on the side that hurts?"""
    if policy.direction == "benefit":
        return before[0] in SETTLED and after[0] is None
    return before[0] is None and after[0] in SETTLED


def _reason(cause: Cause, rule: Rule, policy: str) -> Reason:
    """What a hold of what moved by a cause is about."""
    if cause.kind == "record":
        return "record", cause.detail.removesuffix(" full")
    if cause.kind == "day":
        return "day", " ".join(sorted(rule.late() & set(rule.policies[policy].feeds)))
    return cause.kind, cause.detail


def _covered_feed(message: Input, rule: Rule) -> str:
    """The feed whose coverage a message changes."""
    match message:
        case CoverageStated() | DeliveryCompleted():
            return message.feed
        case CoverageWithdrawn():
            return rule.statement_feed(message.statement)
        case _:
            raise AssertionError(message)


def months_after(day: date, months: int) -> date:
    """So many months later; the last day of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 0, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError(day)
