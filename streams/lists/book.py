"""The list stage: a fold behind the matcher that overrides the computed list for some subjects.

``streams.steps.steps`` and the merger hand it the lines of each message. Lines of two kinds of subjects are overridden: subjects that an
outcome suppresses for a time, and subjects whose exit from a benefit (entry to a burden) is held back until two people decide. For these
alone the book keeps their place on the computed and on the materialized list. All other lines pass unchanged.
Source: docs/en/semantics.md, "What agencies find", "Holding back".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from matchers.kernel.changes import Sighting
from matchers.watching import has_news, is_other_version
from streams.language.causes import Cause, EvidenceCause, OutcomeCause, ReleaseCause
from streams.language.messages import Notice
from streams.lists.bounds import ListBounds, PolicyBounds
from streams.lists.instructions import (
    CloseDelivery,
    DecideHold,
    EndOutcome,
    EraseSubject,
    FreeSubject,
    HoldAllExits,
    Instruction,
    LiftBounds,
    NameCoveredFeed,
    RecordOutcome,
    SetBounds,
    SetLateFeeds,
)
from streams.lists.lines import Lines, Sightings
from streams.lists.overlays import BookLine, Content, Hold, HoldTrigger, Key, Overlay, content, merged_lines, open_before


class Book:
    """Every override of the computed lists, and how long the lists are."""

    def __init__(self) -> None:
        self.bounds = ListBounds()
        self.sizes: Counter[str] = Counter()
        self.overlays: dict[str, dict[int, Overlay]] = {}
        self.holds: dict[str, Hold] = {}
        self.notices: list[Notice] = []
        """The notices of the last message."""
        self._versions: dict[str, int] = {}
        self._moves: dict[Key, tuple[Content | None, Cause]] = {}

    def take(self, instructions: Sequence[Instruction], lines: Lines, sightings: Sightings = ()) -> Lines:
        """The lines of the materialized lists that come out of a message.

        Args:
            instructions: of the steps.
            lines: of the computed lists.
            sightings: the evidence about watched subjects.
        """
        self.notices = []
        day_instructions = list[Instruction]()
        for instruction in instructions:
            if isinstance(instruction, EraseSubject):
                lines = self.erase(lines, instruction.subject, instruction.instead)
            elif not self.bounds.take(instruction):
                day_instructions.append(instruction)
        materialized_lines = self._pass(day_instructions, lines, sightings)
        self.bounds.end_message()
        return materialized_lines

    def _pass(self, instructions: Sequence[Instruction], lines: Lines, sightings: Sightings) -> Lines:
        usual = None if instructions else self._beyond(lines)
        everybody = np.ones(len(lines), np.bool_)
        if usual == {} and not self._concerns(lines, sightings):
            self._count(lines, everybody)
            return lines
        keep, own = everybody, list[BookLine]()
        days = {day for _, _, day, _ in lines.heads} | {instruction.day for instruction in instructions} | {day for day, _ in sightings}
        for day in sorted(days):
            of_day = {(sighting.policy, sighting.subject): sighting for when, sighting in sightings if when == day}
            fresh = {(sighting.policy, sighting.subject) for when, sighting in sightings if when == day and sighting.fresh}
            for instruction in instructions:
                if instruction.day == day:
                    self._begin_day(instruction, of_day)
            self._hold_back(lines, day, keep, self._beyond(lines, day) if usual is None else usual)
            for key, sighting in sorted(of_day.items()):
                self._compare_evidence(sighting, key in fresh)
            for instruction in instructions:
                if instruction.day == day and isinstance(instruction, EndOutcome):
                    self._end_outcome(instruction)
            of_the_day = list(self._end_day(day))
            self._count(lines, keep & self._of(lines, day) if len(lines) else keep, of_the_day)
            own += of_the_day
        return merged_lines(lines, keep, own)

    def erase(self, lines: Lines, subject: int, instead: int) -> Lines:
        """Forgets a subject. Of the lines that its erasure caused, where it is named ``instead``, gives those of other subjects."""
        changed_policies = {lines.heads[head][0] for head in np.unique(lines.head[lines.subject == np.uint64(instead)]).tolist()}
        for policy in sorted(changed_policies | self.overlays.keys()):
            overlay = self.overlays.get(policy, {}).pop(subject, None)
            was_listed = policy in changed_policies if overlay is None else overlay.materialized is not None
            self.sizes[policy] -= was_listed
            if policy in self.overlays and not self.overlays[policy]:
                del self.overlays[policy]
        return lines.without(instead)

    def overlays_of(self, policy: str) -> Mapping[int, Overlay]:
        """The overlays of one list, by subject."""
        return self.overlays.get(policy, {})

    def held_subjects(self, hold: str) -> list[Key]:
        """The policies and subjects in a hold."""
        return sorted((policy, subject) for policy, of in self.overlays.items() for subject, overlay in of.items() if overlay.hold == hold)

    # -- what comes in -------------------------------------------------------------------------------------------------

    def _begin_day(self, instruction: Instruction, sightings: Mapping[Key, Sighting]) -> None:
        match instruction:
            case SetBounds(_, policy, version):
                self._versions[policy] = version
                self.bounds.rules[policy] = PolicyBounds.of(instruction)
            case LiftBounds(_, policy, cause):
                self._let_go(policy, self.overlays_of(policy), cause)
                self.bounds.rules.pop(policy, None)
            case SetLateFeeds(_, feeds):
                self.bounds.late = frozenset(feeds)
            case FreeSubject(_, subject, cause):
                for policy in list(self.overlays):
                    self._let_go(policy, [subject], cause)
            case RecordOutcome():
                self._record_outcome(instruction, sightings.get((instruction.policy, instruction.subject)))
            case DecideHold():
                self._decide(instruction)
            case EndOutcome() | EraseSubject() | HoldAllExits() | NameCoveredFeed() | CloseDelivery():
                pass  # EndOutcome is taken at the end of the day, the others before the first day
            case _:
                assert_never(instruction)

    def _record_outcome(self, instruction: RecordOutcome, sighting: Sighting | None) -> None:
        policy, subject = instruction.policy, instruction.subject
        overlay = self.overlays_of(policy).get(subject)
        if overlay is None:
            if not instruction.keeps_off:
                return
            stands = None if sighting is None or not sighting.status else (sighting.status, sighting.open)
            overlay = self._overlay(policy, subject, stands)
        self._about_to(policy, subject, overlay, OutcomeCause(instruction.outcome))
        overlay.hold = None if instruction.keeps_off else overlay.hold
        overlay.outcome = instruction.outcome if instruction.keeps_off else None
        overlay.mark = str(self._versions[policy]) if policy in self.bounds.rules else None  # the version alone: no evidence is read yet

    def _compare_evidence(self, sighting: Sighting, fresh: bool) -> None:
        overlay = self.overlays_of(sighting.policy).get(sighting.subject)
        if overlay is None or overlay.outcome is None:
            return
        if fresh or is_other_version(overlay.mark, sighting.mark):
            overlay.mark = sighting.mark
        elif has_news(str(overlay.mark), sighting.mark):
            self._about_to(sighting.policy, sighting.subject, overlay, EvidenceCause(overlay.outcome))
            overlay.outcome = None

    def _end_outcome(self, instruction: EndOutcome) -> None:
        overlay = self.overlays_of(instruction.policy).get(instruction.subject)
        if overlay is not None and overlay.outcome is not None:
            self._about_to(instruction.policy, instruction.subject, overlay, OutcomeCause(instruction.outcome))
            overlay.outcome = None

    def _decide(self, instruction: DecideHold) -> None:
        hold = self.holds.get(instruction.hold)
        if hold is None or hold.decision == "release":
            return
        by, approved_by = instruction.by, instruction.approved_by
        self.holds[hold.id] = replace(hold, decision=instruction.decision, by=by, approved_by=approved_by, reason=instruction.reason)
        if instruction.decision == "release":
            for policy, subject in self.held_subjects(hold.id):
                self._let_go(policy, [subject], ReleaseCause(hold.id))

    def _let_go(self, policy: str, subjects: Any, cause: Cause) -> None:
        """Ends the holds of these subjects on one list."""
        for subject in list(subjects):
            overlay = self.overlays_of(policy).get(subject)
            if overlay is not None and overlay.hold is not None:
                self._about_to(policy, subject, overlay, cause)
                overlay.hold = None

    # -- lines ---------------------------------------------------------------------------------------------------------

    def _concerns(self, lines: Lines, sightings: Sightings) -> bool:
        """May some of these lines or sightings be about a subject with an overlay?"""
        if not self.overlays:
            return False
        return bool(sightings) or any(name in self.overlays for name, *_ in lines.heads)

    def _beyond(self, lines: Lines, day: date | None = None) -> dict[int, HoldTrigger]:
        """The heads whose lines must be held, each with its trigger."""
        if not len(lines):
            return {}
        counts = np.bincount(lines.head[self._free(lines)], minlength=len(lines.heads)).tolist()
        places = [at for at, head in enumerate(lines.heads) if counts[at] and day in (None, head[2])]
        triggers = ((at, self.bounds.hold_trigger(lines.heads[at], counts[at], self.sizes[lines.heads[at][0]])) for at in places)
        return {at: trigger for at, trigger in triggers if trigger is not None}

    def _free(self, lines: Lines) -> npt.NDArray[np.bool_]:
        """A mask of the lines that may be held and whose subject has no overlay yet."""
        free = self.bounds.holdable(lines)
        for at, (policy, *_) in enumerate(lines.heads):
            if (of := self.overlays_of(policy)) and free.any():
                free &= ~((lines.head == at) & np.isin(lines.subject, np.fromiter(of, np.uint64, len(of))))
        return free

    def _hold_back(self, lines: Lines, day: date, keep: npt.NDArray[np.bool_], beyond: Mapping[int, HoldTrigger]) -> None:
        """Takes out of ``keep`` the lines of a day that are held, or whose subject has an overlay; updates the overlays."""
        if not len(lines):
            return
        free = self._free(lines)
        for at, head in enumerate(lines.heads):
            policy, _, when, cause = head
            if when != day:
                continue
            of = self.overlays_of(policy)
            if not of and at not in beyond:
                continue
            hold = self._open_hold(lines.offset, day, beyond[at]) if at in beyond else None
            rows = np.isin(lines.subject, np.fromiter(of, np.uint64, len(of)))
            if hold is not None:
                rows |= free
            rows &= lines.head == at
            keep &= ~rows
            for row in np.flatnonzero(rows).tolist():
                subject, before, after = int(lines.subject[row]), int(lines.before[row]), int(lines.after[row])
                overlay = of.get(subject) or self._overlay(policy, subject, (before, open_before(lines, row)) if before else None)
                self._about_to(policy, subject, overlay, cause)
                overlay.computed = (after, lines.opens[int(lines.open[row])]) if after else None
                if hold is not None and free[row]:
                    overlay.hold = hold

    def _open_hold(self, offset: int, day: date, trigger: HoldTrigger) -> str:
        """The undecided hold with this trigger; if there is none, a new one, with a notice."""
        for hold in self.holds.values():
            if (hold.kind, hold.about, hold.decision) == (trigger.kind, trigger.detail, None):
                return hold.id
        id = f"h{offset}"
        while id in self.holds:
            id += "+"
        self.holds[id] = Hold(id, trigger, day)
        self.notices.append(Notice("held", id, f"{trigger.kind} {trigger.detail}", day))
        return id

    def _overlay(self, policy: str, subject: int, stands: Content | None) -> Overlay:
        """The overlay of a subject; a new one begins with the same place on both lists."""
        return self.overlays.setdefault(policy, {}).setdefault(subject, Overlay(stands, stands))

    def _about_to(self, policy: str, subject: int, overlay: Overlay, cause: Cause) -> None:
        """Notes that the place of a subject on the materialized list may change; of several causes the last one counts."""
        before, _ = self._moves.get((policy, subject), (overlay.materialized, cause))
        self._moves[policy, subject] = (before, cause)

    def _end_day(self, day: date) -> Iterator[BookLine]:
        """The lines of the subjects whose place on the materialized list changed on this day."""
        for (policy, subject), (before, cause) in sorted(self._moves.items()):
            of = self.overlays[policy]
            overlay = of[subject]
            overlay.materialized = self._telling(policy, overlay)
            if overlay.materialized != before:
                yield BookLine((policy, self._versions.get(policy, 0), day, cause), subject, before, overlay.materialized)
            if overlay.outcome is None and overlay.hold is None:
                del of[subject]
                if not of:
                    del self.overlays[policy]
        self._moves = {}

    def _telling(self, policy: str, overlay: Overlay) -> Content | None:
        if overlay.outcome is not None:
            return None
        if overlay.hold is not None:
            burden = policy in self.bounds.rules and self.bounds.rules[policy].direction == "burden"
            already_told = (overlay.computed is None) == (overlay.materialized is None)  # an amendment may have changed the direction
            if (overlay.computed is None) != burden and not already_told:
                return overlay.materialized  # the exit or entry is still held
            overlay.hold = None
        return overlay.computed

    def _count(self, lines: Lines, rows: npt.NDArray[np.bool_], own: Sequence[BookLine] = ()) -> None:
        """Updates the lengths of the lists by these lines."""
        head = lines.head[rows]
        if len(head):
            entered, left = (np.bincount(head[of[rows] == 0], minlength=len(lines.heads)).tolist() for of in (lines.before, lines.after))
            for (policy, *_), more, less in zip(lines.heads, entered, left, strict=True):
                self.sizes[policy] += more - less
        for line in own:
            self.sizes[line.head[0]] += (line.before is None) - (line.after is None)

    @staticmethod
    def _of(lines: Lines, day: date) -> npt.NDArray[np.bool_]:
        """A mask of the lines of a day."""
        return np.array([when == day for _, _, when, _ in lines.heads], np.bool_)[lines.head]

    # -- keeping -------------------------------------------------------------------------------------------------------

    def meta(self) -> dict[str, Any]:
        """The book as JSON."""
        return {
            "bounds": self.bounds.meta(), "sizes": dict(self.sizes), "versions": dict(self._versions),
            "holds": [hold.plain() for hold in self.holds.values()],
            "overlays": [
                [policy, subject, overlay.computed, overlay.materialized, overlay.outcome, overlay.mark, overlay.hold]
                for policy, of in self.overlays.items() for subject, overlay in of.items()
            ],
        }  # fmt: skip

    @classmethod
    def restore(cls, meta: Mapping[str, Any]) -> Book:
        """The book from ``meta``."""
        book = cls()
        book.bounds = ListBounds.restore(meta["bounds"])
        book.sizes, book._versions = Counter(meta["sizes"]), dict(meta["versions"])
        book.holds = {id: Hold.read(id, *facts) for id, *facts in meta["holds"]}
        for policy, subject, computed, materialized, *rest in meta["overlays"]:
            book.overlays.setdefault(policy, {})[subject] = Overlay(content(computed), content(materialized), *rest)
        return book
