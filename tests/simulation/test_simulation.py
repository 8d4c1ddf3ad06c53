"""After any schedule of messages and crashes, lists are one recomputation over the facts.

The normal run goes through some of three hundred schedules, the long run through twenty thousand. The runs are counted, and every cause of a line must
come up often enough.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from policies.yaml.document import load
from streams.language.messages import OutcomeReported, Tick
from tests.matchers.counting import FACTOR, AddCounts, chunks, need
from tests.matchers.network import WorldRow
from tests.oracles.listing import MONTHS
from tests.simulation.__main__ import failure_report, main
from tests.simulation.events import ScheduleEvent
from tests.simulation.facts import Facts, VersionFacts, token
from tests.simulation.kinds import KINDS, TELLING
from tests.simulation.kinds.crashes import CRASHES
from tests.simulation.kinds.groups import MessageGroup
from tests.simulation.kinds.outcomes import LISTED, REPORTED
from tests.simulation.naming import IdentityDecision, Naming
from tests.simulation.network import catalogue_set, examples, family, plain_catalogue, version_of
from tests.simulation.planted_bugs import CAUGHT, MOST, PLANTED, catching_run, known_seeds
from tests.simulation.running import Failure, in_groups, run
from tests.simulation.schedule import QUIET, schedule
from tests.simulation.shrinking import short_schedule

CHUNKS, SCHEDULES = 12, 25
RUN = chunks(CHUNKS, (2, 5))
ALL = int(os.environ.get("HUIMIN_SCHEDULES") or 20_000)
"""How many schedules the long run goes through, including those of the normal run."""
LATE = {
    *("snapshot-without-waiting-answers", "left-behind", "given-once"),
    *("first-answer-counts", "only-records-are-felt", "kept-what-came-meanwhile"),
    *("last-open-file-only", "undo-takes-back-everything", "followed-one-step", "rejected-for-good"),
}
"""Planted bugs that may need a hundred schedules and more; only the long run looks for them."""

CAUSES = ("record", "coverage", "publication", "withdrawal", "amendment", "day", "answer", "agreement", "identity")
ALL_CHUNKS = CHUNKS * max(FACTOR, 1)
RUNS = SCHEDULES * ALL_CHUNKS
"""The schedules for which the floors below stand; they grow with them."""

need(
    "simulation",
    RUN,
    ALL_CHUNKS,
    {f"cause: {cause}": RUNS for cause in CAUSES}
    | {"schedules": RUNS, "crashes": 3 * RUNS, "decisions that came again": RUNS}
    | {"killed in a group": RUNS // 2, "looked back": RUNS // 2, "kept off": RUNS, "held back": RUNS // 4, "folded": RUNS // 4}
    | {"cause: outcome": RUNS // 4, "cause: evidence": RUNS // 100, "cause: release": RUNS // 25},
)


def through(seeds: range) -> Counter[str]:
    """Runs every schedule of the seeds; reports a failing one in its short form."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        try:
            counts += run(schedule(seed).events, seed)
        except Failure as failure:
            raise AssertionError(failure_report(seed)) from failure
        counts["schedules"] += 1
    return counts


@pytest.mark.parametrize("chunk", RUN)
def test_lists_are_one_recomputation_over_the_facts(chunk: int, add_counts: AddCounts) -> None:
    """At every quiet point, lists, verdicts, editions and reasons are those of the naive evaluator over the acknowledged facts."""
    add_counts("simulation", through(range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES)))


@pytest.mark.prove
@pytest.mark.parametrize("chunk", range(ALL_CHUNKS, max(ALL_CHUNKS + 1, ALL // SCHEDULES)))
def test_so_are_many_more(chunk: int) -> None:
    """The same for the seeds behind those."""
    through(range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES))


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.prove) if name in LATE else name for name in PLANTED])
def test_a_planted_bug_is_caught(name: str) -> None:
    """One of a thousand schedules catches the bug; the one that caught it last time is tried first."""
    catch = catching_run(PLANTED[name], first_seed=known_seeds().get(name))

    assert (catch is None) == (PLANTED[name].equivalent is not None), PLANTED[name].description


def test_every_bug_can_be_planted() -> None:
    """The parts of the engine that a bug replaces are still there."""
    for bug in PLANTED.values():
        with pytest.MonkeyPatch.context() as patch:
            bug.plant(patch)


def test_caught_json_names_existing_bugs() -> None:
    """It holds no schedule for a bug that is gone, and no schedule beyond those that may be tried."""
    assert known_seeds().keys() <= PLANTED.keys(), f"{CAUGHT.name} names bugs that are gone: python -m tests.simulation.planted_bugs"
    assert all(0 <= seed < MOST for seed in known_seeds().values())


# ---- the simulator itself ----------------------------------------------------------------------------------------


def test_a_seed_is_a_schedule() -> None:
    """It is the same every time, ends at a quiet point, and in the median has at least sixty events and three crashes."""
    schedules = [schedule(seed) for seed in range(60)]
    crashes = sorted(sum(event.kind in CRASHES for event in each.events) for each in schedules)

    assert [event.description for event in schedule(7).events] == [event.description for event in schedules[7].events]
    assert sorted(len(each.events) for each in schedules)[30] >= 60
    assert crashes[30] >= 3
    assert all(each.events[-1].kind == QUIET for each in schedules)


def test_every_message_has_its_row() -> None:
    """Every type of message has its row in ``TELLING``, and every kind of event comes up."""
    events = [event for seed in range(40) for event in schedule(seed).events]

    assert {type(event.message) for event in events if event.message is not None} == set(TELLING)
    assert {"crash", "next day", "far", "same day", "published"} <= KINDS.keys()
    assert {"merged", "undone", "given", "given back", "moved", "split", "withdrawn", "together", "streamed"} <= {
        event.kind for event in events
    }
    assert {event.message.outcome for event in events if isinstance(event.message, OutcomeReported)} > set(MONTHS)
    assert {"reported", LISTED, "decided"} <= {event.kind for event in events}


def test_a_group_is_cut_with_its_schedule() -> None:
    """A marker takes its number of messages, or fewer if another event or the end comes first."""
    message = schedule(0).events[0]
    marker, crash = ScheduleEvent("together", "the next 2", payload=MessageGroup(2, "", 0)), ScheduleEvent("killed", "it is killed")

    parts = [len(part) for part in in_groups([message, marker, message, message, message, marker, message, crash, marker])]

    assert parts == [1, 3, 1, 2, 1, 1]


def test_names_are_read_in_order() -> None:
    """A name is read by the given record first, in cells of its kind only, then by merges to their end; undone decisions leave no trace (§15)."""
    naming, record = Naming(), ("hukou", "city-psb", "k1")
    row = WorldRow("person", "p1", "hukou", {"key": "k1", "source": "city-psb", "household": "h1"})
    other = WorldRow("person", "p1", "hukou", {"key": "k2", "source": "city-psb", "household": "h1"})
    for decision in (
        IdentityDecision("person", "p1", "p2", (record,)),
        IdentityDecision("person", "p2", "p3"),
        IdentityDecision("household", "h1", "h2"),
    ):
        naming.put(decision)

    assert (naming.read(row).name, naming.read(row).record["household"]) == ("p3", "h2")
    assert naming.read(other).name == "p1"

    naming.put(IdentityDecision("person", "p1", "p4"))
    naming.put(IdentityDecision("person", "p1", "p1", (record,)))

    assert naming.read(row).name == naming.read(other).name == "p4"
    assert naming.in_force(IdentityDecision("person", "p1", "p1", (record,))) == 0


def test_the_latest_outcome_counts() -> None:
    """The latest day counts, and of equal days the one that came last, for the subject the name counts as; its end is final (§17)."""
    facts, body = Facts(), examples()["elderly-uninsured"][0]
    facts.policies[body["policy"]] = [VersionFacts(1, version_of(body, 1, None, None))]
    facts.day = on = date(2026, 10, 31)

    def tell(name: str, outcome: str, day: date) -> None:
        message = OutcomeReported(body["policy"], token("person", name), outcome, day, "the agency")
        REPORTED.tell(facts, ScheduleEvent("reported", "", message, name))

    for outcome, day in (("unreachable", on), ("declined", on - timedelta(1)), ("enrolled", on), ("unreachable", on)):
        tell("p1", outcome, day)
    facts.naming.put(IdentityDecision("person", "p1", "p2"))
    tell("p1", "declined", on)

    latest = facts.outcomes[body["policy"], token("person", "p1")]
    assert (latest.outcome, latest.until, latest.over) == ("unreachable", date(2026, 11, 30), False)
    assert facts.outcomes[body["policy"], token("person", "p2")].until == date(2027, 10, 31)

    for day in (date(2026, 11, 29), date(2026, 11, 30), on):
        TELLING[Tick].tell(facts, ScheduleEvent("day", "", Tick(day)))
        assert latest.over == (day != date(2026, 11, 29))


def test_policies_are_what_their_texts_say() -> None:
    """The simulator makes documents without parsing; parsed texts give the same policies."""
    versions = [version_of(body, 1, None, None) for bodies in (*examples().values(), family(0, 0), family(0, 1)) for body in bodies]
    assert catalogue_set({}).contracts.keys() == plain_catalogue().feeds.keys()

    for version in versions:
        parsed_version = version_of(load(version.text, "policy.yaml").data, 1, None, None)
        assert (parsed_version.policy.criteria, parsed_version.policy.params) == (version.policy.criteria, version.policy.params)


def test_a_failing_schedule_is_made_short() -> None:
    """Only the events that the failure needs are left, in their order."""
    events = schedule(3).events
    needed_numbers = {events[5].number, events[20].number}

    def failing(some: Sequence[ScheduleEvent], seed: int) -> Failure | None:
        there = [event for event in some if event.number in needed_numbers]
        return Failure(there[-1], AssertionError("both are there")) if len(there) == len(needed_numbers) else None

    assert [event.number for event in short_schedule(events, 3, failing)] == sorted(needed_numbers)


def test_one_command_replays_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    """A seed can be replayed up to an event, and the counts are printed."""
    assert main(["--seed", "1", "--upto", "60"]) == 0

    assert "quiet points" in capsys.readouterr().out
