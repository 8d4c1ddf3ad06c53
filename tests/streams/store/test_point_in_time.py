"""Known-at: the state of every past moment is the state that was live then, across snapshots, restarts and pruning.

While a run of random messages is applied, the content of each state is noted. Later the host restores moments, which must have that content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from policies.problems.problems import Invalid
from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.host import Host
from streams.language.errors import NotKept, Refusal, Unreadable
from streams.language.messages import EditionCut, Tick
from streams.network.network_host import NetworkHost
from streams.steps.state import NO_DAY, State
from streams.store import checkpoints
from streams.store.point_in_time import known_at
from streams.store.retention import BETWEEN, SHORT, CheckpointMark, Retention, past
from streams.wire import wire
from tests.streams.bench import host_after_run
from tests.streams.happenings import START, Happenings
from tests.streams.topics import Bodies, Silent
from tests.streams.world import parts, run

LENGTH = 90
KEEP = CheckpointRule(closing_rows=10**9, retention=Retention(60))


def state_content(state: State) -> dict[str, Any]:
    """What people can see of a state: its day, lists with reasons, two explanations of each list, notices."""
    matcher: Any = state.matcher if state.has_catalogue else None
    listed = {name: matcher.candidates(name) for name in state.policies} if state.has_catalogue else {}
    why = {name: [repr(matcher.explain(name, candidate.subject)) for candidate in candidates[:2]] for name, candidates in listed.items()}
    return {"day": state.day, "lists": repr(listed), "why": why, "notices": list(state.notices), "offset": state.offset}


@dataclass
class Live:
    """The content of the state after each message."""

    after: list[dict[str, Any]] = field(default_factory=list)

    def end_of(self, day: date) -> int | None:
        """The last message before the clock first passed a day; None where the clock never was on that day."""
        days = [NO_DAY, *(content["day"] for content in self.after)]
        crossed = next((place - 1 for place in range(1, len(days)) if days[place] > day), len(self.after))
        return crossed - 1 if day >= START and crossed >= 0 and day <= max(days) else None


def embedded(folder: Path, rng: Random, rule: CheckpointRule) -> tuple[EmbeddedHost, Live]:
    """An embedded host after a run of messages, with snapshots and restarts at random."""
    host, live = EmbeddedHost.open(folder, parts(real=True), create=True, rule=rule), Live()
    for body in islice(Happenings(rng).run(), LENGTH):
        try:
            host.submit(wire.decode(body))
        except (Unreadable, Refusal, Invalid):
            continue
        live.after.append(state_content(host.state))
        if rng.random() < 0.3:
            host.write_checkpoint()
        if rng.random() < 0.05:
            host.close()
            host = EmbeddedHost.open(folder, parts(real=True), rule=rule)
    return host, live


def replica(folder: Path, rng: Random, retention: Retention) -> tuple[NetworkHost, Live]:
    """The same for a distributed host, whose topic also has messages that are not admitted."""
    topic, live = Bodies(), Live()
    make: Any = partial(NetworkHost, folder, parts(real=True), topic, Silent(), retention)
    host = make()
    for body in islice(Happenings(rng).run(), LENGTH):
        topic.append(body)
        live.after.append(state_content(host.refresh()))
        if rng.random() < 0.3:
            host.write_checkpoint()
        if rng.random() < 0.05:
            host.close()
            host = make()
    return host, live


def check(host: Host, live: Live, rng: Random, start: int) -> int:
    """Compares moments of a host with the noted content; gives the number of moments compared."""
    now = state_content(host.state)
    answered = 0
    end = len(live.after)
    for offset in [*rng.sample(range(end), 8), *rng.choices(range(max(start, 0), end), k=8), end - 1]:
        if offset < start:
            with pytest.raises(NotKept, match="older than what is kept"):
                host.at(offset)
        else:
            assert state_content(host.at(offset)) == live.after[offset], offset
            answered += 1
    for days in range(-1, 120, 11):
        day = START + timedelta(days)
        want = live.end_of(day)
        if want is None or want < start:
            with pytest.raises(NotKept):
                host.at(day)
        else:
            assert state_content(host.at(day)) == live.after[want], day
            answered += 1
    assert state_content(host.state) == now, "the host was disturbed"
    return answered


@pytest.mark.parametrize(
    ("days", "seed"), [(400, 0), (5, 12), pytest.param(400, 10, marks=pytest.mark.prove), pytest.param(5, 0, marks=pytest.mark.prove)]
)
def test_every_moment_of_a_host_is_what_was_live_then(tmp_path: Path, days: int, seed: int) -> None:
    """Moments are given by offset and by day, with the whole past and with a pruned one."""
    rule = CheckpointRule(closing_rows=10**9, retention=Retention(days))
    for attempt in range(10):  # not every run is long enough after a snapshot for its past to be pruned
        rng = Random(seed + attempt)
        host, live = embedded(tmp_path / str(attempt), rng, rule)
        if days == 400 or host._log.first():
            break
        host.close()

    with host:
        first = host._log.first() or 0
        start = -1 if first == 0 else first - 1
        assert (start == -1) == (days == 400)
        assert check(host, live, rng, start) > 8
        host.submit(Tick(host.state.day))


@pytest.mark.parametrize(
    ("days", "seed"), [(400, 0), (5, 1), pytest.param(400, 1, marks=pytest.mark.prove), pytest.param(5, 0, marks=pytest.mark.prove)]
)
def test_every_moment_of_a_replica_is_what_was_live_then(tmp_path: Path, days: int, seed: int) -> None:
    """Refused messages have an offset, too."""
    rng = Random(seed)

    host, live = replica(tmp_path, rng, Retention(days))

    with host:
        first = host._stage.log.first() or 0
        assert check(host, live, rng, -1 if first == 0 else first - 1) > 8


def test_a_reader_asks_while_a_writer_prunes(tmp_path: Path) -> None:
    """A reader that was opened long before can still restore moments within the retention."""
    with host_after_run(tmp_path, 20) as host, EmbeddedHost.open(tmp_path, parts(), readonly=True) as reader:
        host.rule = KEEP
        for message in list(run(60))[20:]:
            host.submit(message)
            host.write_checkpoint()

            assert reader.at(host.state.offset - 1).offset == host.state.offset - 1
        assert reader.state.offset == 19


def test_moments_that_cannot_be_asked_are_told(tmp_path: Path) -> None:
    """Before the beginning, after the end, on a day that the clock never had, in an empty store."""
    with EmbeddedHost.open(tmp_path / "empty", parts(), create=True) as host:
        with pytest.raises(NotKept, match="no day yet"):
            host.at(START)
        with pytest.raises(NotKept, match="no message #0 yet"):
            host.at(0)
    with host_after_run(tmp_path / "full", 30) as host:
        for moment, words in (
            (-1, "numbered from #0"), (30, "the last is #29"), (date(2026, 9, 30), "the clock begins on 2026-10-01"),
            (date(2027, 1, 1), "yet to come: the furthest the state's clock has been is"),
        ):  # fmt: skip
            with pytest.raises(NotKept, match=words) as error:
                host.at(moment)
            assert error.value.text.zh
            assert error.value.exit_code == 2


def test_a_clock_set_back_does_not_confuse_a_day(tmp_path: Path) -> None:
    """A day ends when the clock first passes it; messages after that do not belong to it, even if the clock is set back."""
    day = date(2026, 10, 15)
    with EmbeddedHost.open(tmp_path, parts(), create=True) as host:
        for message in run(3):
            host.submit(message)
        for to in (day, day + timedelta(5), day, day + timedelta(1)):
            host.submit(Tick(to))
        host.submit(EditionCut("elderly-uninsured"))

        assert host.at(day).offset == 3
        assert host.at(day + timedelta(3)).offset == 3
        assert host.at(day + timedelta(5)).offset == host.state.offset
        host.submit(Tick(day + timedelta(9)))
        assert host.at(day + timedelta(5)).offset == host.state.offset - 1


def test_a_damaged_snapshot_of_the_past_is_passed_over(tmp_path: Path) -> None:
    """The snapshot before it and the later inputs give the same state; the damaged file stays in its place."""
    with host_after_run(tmp_path, 30, KEEP) as host:
        path = host.write_checkpoint()
        for message in list(run(50))[30:]:
            host.submit(message)
        want = host.at(40).meta()
        path.write_bytes(path.read_bytes()[:-70])

        assert host.at(40).meta() == want
        assert path.exists()


def test_short_retention_keeps_what_it_always_kept(tmp_path: Path) -> None:
    """With no days of retention, two snapshots stay and the inputs after the older."""
    with host_after_run(tmp_path, 30) as host:
        assert host.rule.retention == SHORT
        for message in list(run(50))[30:]:
            host.submit(message)
            host.write_checkpoint()

        assert checkpoints.offsets(tmp_path / "snapshots") == [49, 48]
        assert [offset for offset, _ in host._log.inputs(-1)] == [49]
        assert host.at(48).offset == 48
        with pytest.raises(NotKept, match="message #48"):
            host.at(47)


def marks(count: int) -> list[CheckpointMark]:
    """A snapshot each day."""
    return [CheckpointMark(10 * place, START + timedelta(place), START + timedelta(place), 100) for place in range(count)]


def test_snapshots_are_thinned_and_the_past_is_bounded() -> None:
    """The oldest is the newest one from before the retention; a fixed number stays in between, about evenly, within the limit of bytes."""
    older, start = past(marks(100), 0, Retention(50), lambda after: 980 - after)
    assert start == 480, "the newest snapshot from before the first day of the retention"
    assert len(older) == BETWEEN + 1
    assert min(older) == start

    assert past(marks(5), 0, Retention(50), lambda after: 30 - after) == ([0, 10, 20], None), "young: all of it"
    assert past(marks(5), 7, Retention(50), lambda after: 30 - after) == ([0, 10, 20], 0), "pruned before"
    older, start = past(marks(100), 0, Retention(50, bytes=700), lambda after: 980 - after)
    assert start is not None
    assert start > 480
    assert 980 - start + 100 * len(older) <= 700
    assert past(marks(100), 0, Retention(50, bytes=0), lambda after: 980 - after) == ([], 980), "the short rule at least"


def test_thinning_message_by_message_keeps_a_replay_short() -> None:
    """Over a long run, no gap between two snapshots is more than a few times the mean."""
    stored: list[CheckpointMark] = []
    for newest in marks(400):
        stored.append(newest)
        if len(stored) > 2:
            older, _ = past(stored, 0, Retention(200), lambda after: 0)
            stored = [mark for mark in stored if mark.offset in older or mark in stored[-2:]]
        gaps = [b.offset - a.offset for a, b in pairwise(stored)]
        assert len(stored) <= BETWEEN + 3
    assert max(gaps[:-1]) <= 4 * sum(gaps) / len(gaps)


def test_known_at_reads_only_what_it_must(tmp_path: Path) -> None:
    """It reads the inputs after the newest snapshot at or before the moment."""
    with host_after_run(tmp_path, 30, KEEP) as host:
        host.write_checkpoint()
        for message in list(run(50))[30:]:
            host.submit(message)
        offsets: list[int] = []
        how: Any = host
        from streams.store.recovery import Recipe, recipe

        usual = recipe(parts())

        def apply(state: State, body: bytes, offset: int) -> int:
            offsets.append(offset)
            return usual.apply(state, body, offset)

        known_at(how.folder, Recipe(usual.make, apply), 35)

        assert offsets == [30, 31, 32, 33, 34, 35]
