"""Materialized lists: the list stage against a fold by hand, over random histories.

After every message both must agree on the materialized lists, the causes of their lines, suppressions and holds.
Source: docs/en/semantics.md, sections 17 and 18.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from itertools import islice
from random import Random
from typing import Any

import pytest

from matchers.lists.verdicts import Candidate
from policies.problems.problems import Invalid
from services.state.as_of import materialized_list, materialized_lists
from streams.language.errors import Refusal, Unreadable
from streams.language.messages import HoldDecided, Input, Tick
from streams.steps.state import State
from streams.steps.steps import step
from streams.wire import wire
from tests.matchers.counting import AddCounts, chunks, need
from tests.oracles.listing import NOBODY, Content, Hold, Key, Line
from tests.streams.happenings import POLICIES, Happenings
from tests.streams.rule_oracle import ListOracle
from tests.streams.world import parts

CHUNKS, LENGTH = 30, 200
RUN = chunks(CHUNKS, (0, 1, 2, 11, 13, 20, 25, 27))
"""The histories, one for each seed."""


def content(candidates: list[Candidate]) -> dict[int, Content]:
    """What an agency reads of each candidate."""
    return {candidate.subject: (candidate.status, candidate.checklist, candidate.missing) for candidate in candidates}


class ComparedLists:
    """A state with its list stage, and the fold by hand (``oracle``)."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.state, self.oracle = State(parts(real=True)), ListOracle()
        self.told_lists: dict[str, dict[int, Content]] = {}
        self.names: dict[str, Hold] = {}
        self.counts: Counter[str] = Counter()

    def run(self, length: int) -> None:
        bodies = Happenings(self.rng, lambda: [*self.state.book.holds]).run()
        for offset, body in enumerate(islice(bodies, length)):
            try:
                message = wire.decode(body)
                lines = list(step(self.state, message, offset))
            except (Unreadable, Refusal, Invalid):
                self.state.offset = offset
                self.counts["refused"] += 1
                continue
            try:
                self.same(message, offset, lines)
            except AssertionError as error:
                raise AssertionError(f"message {offset}, {type(message).__name__}: {error}") from error
            if self.rng.random() < 0.05:
                self.restart()

    def restart(self) -> None:
        """Restores the state from its own meta and arrays, as another process would."""
        self.counts["restarts"] += 1
        self.counts["restarts with somebody held or kept off"] += any(self.state.book.overlays.values())
        arrays = {name: column.copy() for name, column in self.state.arrays().items()}
        self.state = State.restore(parts(real=True), json.loads(json.dumps(self.state.meta())), arrays)

    def same(self, message: Input, offset: int, lines: list[Any]) -> None:
        decided = self.names.get(message.hold) if isinstance(message, HoldDecided) else None
        expected = self.oracle.take(message, offset, decided)
        for name, hold in self.state.book.holds.items():
            if name not in self.names:
                self.names[name] = self.hold_by_hand((hold.kind, hold.about), offset)
        self.versions(message, lines)
        assert self.lines_by_day(lines) == [(day, some) for day, some in expected if some]
        fold = self.oracle.listing
        assert {name: some for name, some in self.told_lists.items() if some} == {
            name: some for name, some in fold.materialized.items() if some
        }
        if self.state.has_catalogue:
            now = dict(materialized_lists(self.state))
            assert now.keys() == self.state.policies.keys()
            for name, candidates in now.items():
                assert content(candidates) == fold.materialized.get(name, {}), name
            alone = POLICIES[offset % len(POLICIES)]
            assert alone not in now or materialized_list(self.state, alone) == now[alone], alone
        overlays = {(name, subject): overlay for name, of in self.state.book.overlays.items() for subject, overlay in of.items()}
        assert {key for key, overlay in overlays.items() if overlay.outcome is not None} == set(fold.suppressions)
        assert {key: self.names[overlay.hold] for key, overlay in overlays.items() if overlay.hold is not None} == fold.hold_of
        for name, by_hand in self.names.items():
            assert self.state.book.holds[name].decision == by_hand.decided
        self.counts["messages"] += 1

    def versions(self, message: Input, lines: list[Any]) -> None:
        """A line that the list stage makes by itself names the matched version."""
        for line in lines:
            if line.cause.kind in ("outcome", "evidence", "release") and not isinstance(message, Tick):
                assert line.version == self.state.in_matcher.get(line.policy, line.version), line
                self.counts["versions of its own lines"] += 1

    def hold_by_hand(self, reason: tuple[str, str], offset: int) -> Hold:
        """The fold's hold that is the same as one of the list stage."""
        matching = [h for h in self.oracle.listing.holds if h.opened == offset and h.reason == (reason[0], reason[1].replace(",", ""))]
        assert len(matching) == 1, (reason, [h for h in self.oracle.listing.holds if h.opened == offset])
        return matching[0]

    def lines_by_day(self, lines: list[Any]) -> list[tuple[date, dict[Key, Line]]]:
        """Adds lines to the materialized lists; gives those that change a candidate, by day."""
        days: dict[date, dict[Key, Line]] = {}
        for line in lines:
            some = self.told_lists.setdefault(line.policy, {})
            before = some.get(line.subject, NOBODY)
            after = NOBODY if line.change == "left" else (line.status, line.checklist, line.missing)
            assert line.before == before[0], "a line says what was before"
            assert line.change == ("entered" if before == NOBODY else "left" if after == NOBODY else "changed")
            if after == NOBODY:
                del some[line.subject]
            else:
                some[line.subject] = after
            if before != after:
                days.setdefault(line.day, {})[line.policy, line.subject] = Line(before, after, line.cause.kind)
        return list(days.items())


need(
    "listing", RUN, CHUNKS,
    {
        "messages": 3_000, "restarts with somebody held or kept off": 60, "kept off": 60, "evidence differs": 20, "time over": 2,
        "read anew by another version": 20, "held back": 60, "held back no more": 40, "hold: record": 15, "hold: amendment": 2,
        "hold: coverage": 2, "hold: late day": 2, "hold: shrunk replacement": 1, "decided: release": 3, "decided: reject": 4,
        "decided: release reject": 1, "line: outcome": 8, "refuted by the register": 2, "line: evidence": 6, "line: release": 6,
    },
)  # fmt: skip


@pytest.mark.parametrize("chunk", RUN)
def test_lists_are_told_as_folded_by_hand(chunk: int, add_counts: AddCounts) -> None:
    """Compared are lines, causes, lists, suppressions and holds; the state restarts now and then."""
    compared = ComparedLists(Random(chunk))

    try:
        compared.run(LENGTH)
    except AssertionError as error:
        raise AssertionError(f"seed {chunk}, {error}") from error
    add_counts("listing", compared.counts + compared.oracle.listing.counts)
