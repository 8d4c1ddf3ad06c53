"""Replays one seed, goes through many, or plants a bug: ``python -m tests.simulation --help``.

A failing seed fails in the same way on any machine. It is printed as the shortest schedule found that still fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.simulation.events import ScheduleEvent
from tests.simulation.planted_bugs import MOST, PLANTED, catching_run
from tests.simulation.running import Failure, run
from tests.simulation.schedule import schedule
from tests.simulation.shrinking import failure, short_schedule

NIGHTLY = 1_000_000


def command(seed: int) -> str:
    """The command that replays a seed."""
    return f"python -m tests.simulation --seed {seed}"


def failure_report(seed: int) -> str:
    """A failing seed in words: the shortest schedule found that fails, and what does not hold in it."""
    events = short_schedule(schedule(seed).events, seed)
    problem = failure(events, seed)
    return "\n".join([f"seed {seed}; replay it with: {command(seed)}", *map(_line, events), f"==> {problem}"])


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 1 if something does not hold or a planted bug is not caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Schedules of messages and crashes, replayed.")
    parser.add_argument("--seed", type=int, help="replay this one, and shorten it where it fails")
    parser.add_argument("--upto", type=int, metavar="K", help="only its events before number K, then a quiet point")
    parser.add_argument("--events", action="store_true", help="print every event of the seed before it is run")
    parser.add_argument("--first", type=int, default=0, help="the first of many seeds")
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds to go through")
    parser.add_argument("--nightly", action="store_const", const=NIGHTLY, dest="seeds", help=f"{NIGHTLY:,} seeds")
    parser.add_argument("--planted", choices=sorted(PLANTED), help="plant this bug and say after how many schedules it is caught")
    options = parser.parse_args(words)
    if options.planted:
        return _plant(options.planted)
    return _run_many(options.first, options.seeds) if options.seed is None else _run_one(options.seed, options.upto, options.events)


def _run_one(seed: int, upto: int | None, printed: bool) -> int:
    events = list(schedule(seed).events)
    if upto is not None:
        events = [*(event for event in events if event.number < upto), events[-1]]
    if printed:
        print("\n".join(map(_line, events)))
    try:
        counts = run(events, seed)
    except Failure as error:
        print(f"seed {seed}: {error}\nshortening ...")
        short = short_schedule(events, seed)
        print("\n".join([*map(_line, short), f"==> {failure(short, seed)}"]))
        return 1
    print("\n".join(f"{count:>9,}  {name}" for name, count in sorted(counts.items())))
    return 0


def _run_many(first: int, seeds: int) -> int:
    counts: Counter[str] = Counter()
    began, failures = time.process_time(), 0
    for number, seed in enumerate(range(first, first + seeds), 1):
        try:
            counts += run(schedule(seed).events, seed)
        except Failure:
            failures += 1
            print(failure_report(seed), flush=True)
        if number % 1_000 == 0 or number == seeds:
            print(
                f"{number:,} of {seeds:,} schedules, {1000 * (time.process_time() - began) / number:.0f} ms each, {failures} failed",
                flush=True,
            )
    print("\n".join(f"{count:>9,}  {name}" for name, count in sorted(counts.items())))
    return int(failures > 0)


def _plant(name: str) -> int:
    bug = PLANTED[name]
    catch = catching_run(bug)
    if catch is None:
        print(f"{name} ({bug.description}): not caught by {MOST} schedules; {bug.equivalent or 'and it should have been'}")
        return int(bug.equivalent is None)
    print(f"{name} ({bug.description}): caught by schedule {catch.seed + 1}\n{catch.failure}")
    return int(bug.equivalent is not None)


def _line(event: ScheduleEvent) -> str:
    return f"{event.number:>4} {event.kind:<12} {event.description}"


if __name__ == "__main__":
    sys.exit(main())
