"""A second fold beside a host: in some schedules both take every message, and everything must be the same.

A second state takes what was acknowledged and gives the computed lists only. Materialized lists, suppressions and holds are folded from them
as the page says (``tests.oracles.listing``). The host dies and comes back; the fold never does.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping

from streams.embedded.host import EmbeddedHost
from streams.language.messages import CandidateChange, HoldDecided, Input, Tick
from streams.lists.overlays import Hold as Held
from streams.steps.state import NO_DAY
from tests.oracles.listing import NOBODY, Content, Hold, Key, Line
from tests.simulation.facts import Facts
from tests.simulation.network import parts
from tests.streams.rule_oracle import ListOracle


class HandFold:
    """The fold, and the lists that the host's lines add up to."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.fold = ListOracle(parts(), self.kinds)
        self.lists: dict[Key, Content] = {}

    def take(self, message: Input, offset: int, lines: Iterable[CandidateChange], facts: Facts, holds: Mapping[str, Held]) -> None:
        """Folds an acknowledged message and compares its lines with the host's.

        Args:
            holds: the holds of the host, by id.

        Raises:
            AssertionError: where anything differs, in words.
        """
        self.kinds |= {name: str(versions[-1].published.policy.subject) for name, versions in facts.policies.items()}
        hold = self._hold_by_hand(message.hold, holds[message.hold]) if isinstance(message, HoldDecided) and message.hold in holds else None
        expected = {day: some for day, some in self.fold.take(message, offset, hold) if some}
        host_lines = self._by_day(lines)
        assert host_lines == expected, (
            f"lines folded: told {_first_differences(host_lines, expected)}, expected {_first_differences(expected, host_lines)}"
        )

    def passes(self, message: Input | None) -> int:
        """How many days a message lets pass."""
        has_day = self.fold.state.day != NO_DAY
        return (message.day - self.fold.state.day).days if isinstance(message, Tick) and has_day else 0

    def same(self, host: EmbeddedHost) -> None:
        """Compares suppressions, holds and decisions at a quiet point."""
        book, fold = host.state.book, self.fold.listing
        overlays = {(name, subject): overlay for name, of in book.overlays.items() for subject, overlay in of.items()}
        off = {key for key, overlay in overlays.items() if overlay.outcome is not None}
        assert off == set(fold.suppressions), (
            f"folded: kept off {sorted(off - set(fold.suppressions))} wrongly, and not {sorted(set(fold.suppressions) - off)}"
        )
        by_hand = {id: self._hold_by_hand(id, hold) for id, hold in book.holds.items()}
        hold = {key: by_hand[overlay.hold] for key, overlay in overlays.items() if overlay.hold is not None}
        differing = [key for key in hold.keys() | fold.hold_of.keys() if hold.get(key) is not fold.hold_of.get(key)]
        assert not differing, f"folded: held back are not the same: {sorted(differing)[:5]}"
        assert len(by_hand) == len(fold.holds), f"folded: {len(fold.holds)} holds, and there are {len(by_hand)}"

    def _hold_by_hand(self, id: str, hold: Held) -> Hold:
        """The fold's hold for a hold of the host: opened by the same message, for the same reason (one message may open several)."""
        match = re.fullmatch(r"h(\d+)\+*", id)
        there = [] if match is None else [candidate for candidate in self.fold.listing.holds if candidate.opened == int(match[1])]
        there = [
            candidate
            for candidate in there
            if (candidate.reason[0], candidate.reason[1].replace(",", "")) == (hold.kind, hold.about.replace(",", ""))
        ]
        assert len(there) == 1, f"folded: hold {id} ({hold.kind} {hold.about}) is not there"
        return there[0]

    def _by_day(self, lines: Iterable[CandidateChange]) -> dict[dt.date, dict[Key, Line]]:
        """The lines by day and by policy and subject; adds them to the lists."""
        days: dict[dt.date, dict[Key, Line]] = {}
        for line in lines:
            key = (line.policy, line.subject)
            before = self.lists.get(key, NOBODY)
            after = NOBODY if line.status is None else (line.status, line.checklist, line.missing)
            self.lists[key] = after
            assert key not in days.get(line.day, {}), f"lines folded: {key} is told twice of one day"
            days.setdefault(line.day, {})[key] = Line(before, after, line.cause.kind)
        return days


Days = dict[dt.date, dict[Key, Line]]


def _first_differences(days: Days, other_days: Days) -> list[tuple[str, Key, Line]]:
    """The first few lines that differ in the other."""
    return [(str(day), key, line) for day, some in days.items() for key, line in some.items() if other_days.get(day, {}).get(key) != line][
        :3
    ]
