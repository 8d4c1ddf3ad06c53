"""The book of lists: what the agencies are told, where that is not simply what the matcher finds.

The one idea: a fold behind the matcher. Lines pass through it as they are, but for two kinds of people: those an agency has reported on,
who are kept off the list for a time, and those whose exit from a benefit (entry to a burden) is held back until two people have looked at
it. Of these, and of nobody else, it keeps what is found and what is told. Source: docs/semantics.md, "What agencies find", "Holding back".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.changes import Sighting
from matchers.watching import news, other_version
from streams.bounds import Bounds, Rule
from streams.instructions import Instruction
from streams.lines import Head, Lines, Seen
from streams.messages import Cause, Notice
from streams.overlays import Content, Hold, Key, Overlay, Told, content, joined, was


class Book:
    """Everything that is told otherwise than found, and how long the lists are."""

    def __init__(self) -> None:
        self.bounds = Bounds()
        self.sizes: Counter[str] = Counter()
        self.overlays: dict[str, dict[int, Overlay]] = {}
        self.holds: dict[str, Hold] = {}
        self.notices: list[Notice] = []
        """What a person should look at, of the message taken last."""
        self._versions: dict[str, int] = {}
        self._moves: dict[Key, tuple[Content | None, Cause]] = {}

    def take(self, instructions: Sequence[Instruction], found: Lines, seen: Seen = ()) -> Lines:
        """What is told of a message, from what it moved and what the steps say beside it."""
        self.notices = []
        for one in instructions:
            if one.name == "erased":
                found = self.erased(found, *one.facts)
        made = self._taken([one for one in instructions if one.name != "erased" and not self.bounds.heard(one)], found, seen)
        self.bounds.taken()
        return made

    def _taken(self, instructions: Sequence[Instruction], found: Lines, seen: Seen) -> Lines:
        usual = None if instructions else self._beyond(found)
        everybody = np.ones(len(found), np.bool_)
        if usual == {} and not self._concerns(found, seen):
            self._counted(found, everybody)
            return found
        keep, told = everybody, list[Told]()
        days = {day for _, _, day, _ in found.heads} | {one.day for one in instructions} | {day for day, _ in seen}
        for day in sorted(days):
            of_day = {(one.policy, one.subject): one for when, one in seen if when == day}
            fresh = {(one.policy, one.subject) for when, one in seen if when == day and one.fresh}
            for one in instructions:
                if one.day == day and one.name != "ended":
                    self._instructed(one, of_day)
            self._passed(found, day, keep, self._beyond(found, day) if usual is None else usual)
            for key, sighting in sorted(of_day.items()):
                self._sighted(sighting, key in fresh)
            for one in instructions:
                if one.day == day and one.name == "ended":
                    self._ended(*one.facts)
            settled = list(self._settled(day))
            self._counted(found, keep & self._of(found, day), settled)
            told += settled
        return joined(found, keep, told)

    def erased(self, found: Lines, subject: int, instead: int) -> Lines:
        """Nothing is known of a subject any more; of what her going moved, where she is ``instead``, that of others is told."""
        listed = {found.heads[head][0] for head in np.unique(found.head[found.subject == np.uint64(instead)]).tolist()}
        for policy in sorted(listed | self.overlays.keys()):
            overlay = self.overlays.get(policy, {}).pop(subject, None)
            told = policy in listed if overlay is None else overlay.told is not None
            self.sizes[policy] -= told
            if policy in self.overlays and not self.overlays[policy]:
                del self.overlays[policy]
        return found.but(instead)

    def on(self, policy: str) -> Mapping[int, Overlay]:
        """Of whom something else is told than found, on one list."""
        return self.overlays.get(policy, {})

    def held(self, hold: str) -> list[Key]:
        """Who is held back by a hold."""
        return sorted((policy, subject) for policy, of in self.overlays.items() for subject, one in of.items() if one.hold == hold)

    # -- what comes in -------------------------------------------------------------------------------------------------

    def _instructed(self, one: Instruction, seen: Mapping[Key, Sighting]) -> None:
        match one.name, one.facts:
            case "ruled", (policy, version, *facts):
                self._versions[policy] = version
                self.bounds.rules[policy] = Rule.read(*facts)
            case "unruled", (policy, kind, detail):
                self._let_go(policy, self.on(policy), Cause(kind, detail))
                self.bounds.rules.pop(policy, None)
            case "late", (feeds,):
                self.bounds.late = frozenset(feeds)
            case "gone", (subject, kind, detail):
                for policy in list(self.overlays):
                    self._let_go(policy, [subject], Cause(kind, detail))
            case "reported", (policy, subject, outcome, keeps):
                self._reported(policy, subject, outcome, keeps, seen.get((policy, subject)))
            case "decided", (id, decision, by, approved_by, reason):
                self._decided(str(id), decision, by, approved_by, reason)
            case _:
                raise AssertionError(one)

    def _reported(self, policy: str, subject: int, outcome: str, keeps: bool, seen: Sighting | None) -> None:
        overlay = self.on(policy).get(subject)
        if overlay is None:
            if not keeps:
                return
            stands = None if seen is None or not seen.status else (seen.status, seen.open)
            overlay = self._overlay(policy, subject, stands)
        self._about_to(policy, subject, overlay, Cause("outcome", outcome))
        overlay.hold = None if keeps else overlay.hold
        overlay.outcome = outcome if keeps else None
        overlay.mark = str(self._versions[policy]) if policy in self.bounds.rules else None  # the version, that has read nothing yet

    def _sighted(self, seen: Sighting, fresh: bool) -> None:
        overlay = self.on(seen.policy).get(seen.subject)
        if overlay is None or overlay.outcome is None:
            return
        if fresh or other_version(overlay.mark, seen.mark):
            overlay.mark = seen.mark
        elif news(str(overlay.mark), seen.mark):
            self._about_to(seen.policy, seen.subject, overlay, Cause("evidence", overlay.outcome))
            overlay.outcome = None

    def _ended(self, policy: str, subject: int, outcome: str) -> None:
        overlay = self.on(policy).get(subject)
        if overlay is not None and overlay.outcome is not None:
            self._about_to(policy, subject, overlay, Cause("outcome", outcome))
            overlay.outcome = None

    def _decided(self, id: str, decision: str, by: str, approved_by: str, reason: str) -> None:
        hold = self.holds.get(id)
        if hold is None or hold.decision == "release":
            return
        self.holds[id] = replace(hold, decision=decision, by=by, approved_by=approved_by, reason=reason)
        if decision == "release":
            for policy, subject in self.held(id):
                self._let_go(policy, [subject], Cause("release", id))

    def _let_go(self, policy: str, subjects: Any, cause: Cause) -> None:
        """Nothing of these is held back any more."""
        for subject in list(subjects):
            overlay = self.on(policy).get(subject)
            if overlay is not None and overlay.hold is not None:
                self._about_to(policy, subject, overlay, cause)
                overlay.hold = None

    # -- lines ---------------------------------------------------------------------------------------------------------

    def _concerns(self, found: Lines, seen: Seen) -> bool:
        """Is there anybody among these of whom something else is told?"""
        if not self.overlays:
            return False
        return bool(seen) or any(name in self.overlays for name, *_ in found.heads)

    def _beyond(self, found: Lines, day: date | None = None) -> dict[int, str]:
        """The heads whose sided lines are to be held, and what is to be looked at."""
        if not len(found):
            return {}
        counts = np.bincount(found.head[self._free(found)], minlength=len(found.heads)).tolist()
        asked = [at for at, head in enumerate(found.heads) if counts[at] and day in (None, head[2])]
        names = ((at, self.bounds.beyond(found.heads[at], counts[at], self.sizes[found.heads[at][0]])) for at in asked)
        return {at: name for at, name in names if name is not None}

    def _free(self, found: Lines) -> npt.NDArray[np.bool_]:
        """Sided lines of whom nothing else is told so far."""
        sided = self.bounds.sided(found)
        for at, (policy, *_) in enumerate(found.heads):
            if (of := self.on(policy)) and sided.any():
                sided &= ~((found.head == at) & np.isin(found.subject, np.fromiter(of, np.uint64, len(of))))
        return sided

    def _passed(self, found: Lines, day: date, keep: npt.NDArray[np.bool_], beyond: Mapping[int, str]) -> None:
        """The lines of a day: those to be held and those of whom something else is told are taken out."""
        free = self._free(found)
        for at, head in enumerate(found.heads):
            policy, _, when, cause = head
            if when != day:
                continue
            of = self.on(policy)
            if not of and at not in beyond:
                continue
            hold = self._opened(found.offset, head, beyond[at]) if at in beyond else None
            rows = np.isin(found.subject, np.fromiter(of, np.uint64, len(of)))
            if hold is not None:
                rows |= free
            rows &= found.head == at
            keep &= ~rows
            for row in np.flatnonzero(rows).tolist():
                subject, before, after = int(found.subject[row]), int(found.before[row]), int(found.after[row])
                overlay = of.get(subject) or self._overlay(policy, subject, (before, was(found, row)) if before else None)
                self._about_to(policy, subject, overlay, cause)
                overlay.found = (after, found.opens[int(found.open[row])]) if after else None
                if hold is not None and free[row]:
                    overlay.hold = hold

    def _opened(self, offset: int, head: Head, about: str) -> str:
        """The hold that is about this and undecided; a new one where there is none, with a notice."""
        _, _, day, cause = head
        for hold in self.holds.values():
            if (hold.kind, hold.about, hold.decision) == (cause.kind, about, None):
                return hold.id
        id = f"h{offset}"
        while id in self.holds:
            id += "+"
        self.holds[id] = Hold(id, cause.kind, about, day)
        self.notices.append(Notice("held", id, f"{cause.kind} {about}", day))
        return id

    def _overlay(self, policy: str, subject: int, stands: Content | None) -> Overlay:
        """Somebody of whom, until now, what is told is what is found."""
        return self.overlays.setdefault(policy, {}).setdefault(subject, Overlay(stands, stands))

    def _about_to(self, policy: str, subject: int, overlay: Overlay, cause: Cause) -> None:
        """Something about her is going to differ, for a cause; the last one is told."""
        before, _ = self._moves.get((policy, subject), (overlay.told, cause))
        self._moves[policy, subject] = (before, cause)

    def _settled(self, day: date) -> Iterator[Told]:
        """What is told of those who were about to differ, now that the day is over."""
        for (policy, subject), (before, cause) in sorted(self._moves.items()):
            of = self.overlays[policy]
            overlay = of[subject]
            overlay.told = self._telling(policy, overlay)
            if overlay.told != before:
                yield Told((policy, self._versions.get(policy, 0), day, cause), subject, before, overlay.told)
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
            said = (overlay.found is None) == (overlay.told is None)  # an amendment may have turned the policy since
            if (overlay.found is None) != burden and not said:
                return overlay.told  # an exit not told of; or an entry, and nothing is told
            overlay.hold = None
        return overlay.found

    def _counted(self, found: Lines, rows: npt.NDArray[np.bool_], told: Sequence[Told] = ()) -> None:
        """Keeps how long the lists are, once these lines are told."""
        head = found.head[rows]
        if len(head):
            entered, left = (np.bincount(head[of[rows] == 0], minlength=len(found.heads)).tolist() for of in (found.before, found.after))
            for (policy, *_), more, less in zip(found.heads, entered, left, strict=True):
                self.sizes[policy] += more - less
        for one in told:
            self.sizes[one.head[0]] += (one.before is None) - (one.after is None)

    @staticmethod
    def _of(found: Lines, day: date) -> npt.NDArray[np.bool_]:
        """Which lines are of a day."""
        return np.array([when == day for _, _, when, _ in found.heads], np.bool_)[found.head]

    # -- keeping -------------------------------------------------------------------------------------------------------

    def meta(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {
            "bounds": self.bounds.meta(), "sizes": dict(self.sizes), "versions": dict(self._versions),
            "holds": [[h.id, h.kind, h.about, h.day.isoformat(), h.decision, h.by, h.approved_by, h.reason] for h in self.holds.values()],
            "overlays": [
                [policy, subject, one.found, one.told, one.outcome, one.mark, one.hold]
                for policy, of in self.overlays.items() for subject, one in of.items()
            ],
        }  # fmt: skip

    @classmethod
    def restored(cls, meta: Mapping[str, Any]) -> Book:
        """What ``meta`` described."""
        made = cls()
        made.bounds = Bounds.restored(meta["bounds"])
        made.sizes, made._versions = Counter(meta["sizes"]), dict(meta["versions"])
        for id, kind, about, day, *decided in meta["holds"]:
            made.holds[id] = Hold(id, kind, about, date.fromisoformat(day), *decided)
        for policy, subject, found, told, *rest in meta["overlays"]:
            made.overlays.setdefault(policy, {})[subject] = Overlay(content(found), content(told), *rest)
        return made
