"""Bugs planted on purpose: each changes the running program, and the simulator must catch it within so many schedules.

A simulator that catches no planted bug proves nothing. A bug is a function that gets a ``pytest.MonkeyPatch`` and changes the engine; the bugs
stand in ``bugs``, ``bugs_identity``, ``bugs_lists`` and ``bugs_versions``. ``EQUIVALENT`` names those that nobody can see, with the reason:
these must not be caught.

``python -m tests.simulation.planted_bugs`` looks for a schedule that catches each bug and notes it in ``caught.json``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.simulation import bugs, bugs_identity, bugs_lists, bugs_versions
from tests.simulation.running import Failure, run
from tests.simulation.schedule import schedule

MOST = 1_000
"""The number of schedules within which a planted bug must be caught."""
CAUGHT = Path(__file__).with_name("caught.json")
"""The schedule that caught each bug last time. It is tried first, which saves the schedules before it."""


@dataclass(frozen=True, slots=True)
class PlantedBug:
    """A planted bug.

    Args:
        description: what is wrong, in a few words.
        plant: changes the program, until the patch is undone.
        equivalent: why nobody can see it, if so.
    """

    description: str
    plant: Callable[[pytest.MonkeyPatch], None]
    equivalent: str | None = None


@dataclass(frozen=True, slots=True)
class CatchingRun:
    """The schedule that caught a bug, and its failure."""

    seed: int
    failure: Failure


def catching_run(bug: PlantedBug, most: int = MOST, first_seed: int | None = None) -> CatchingRun | None:
    """A schedule that catches the bug: ``first_seed`` or else the first of ``most``; None if none does."""
    with pytest.MonkeyPatch.context() as patch:
        bug.plant(patch)
        for seed in dict.fromkeys([*(() if first_seed is None else (first_seed,)), *range(most)]):
            try:
                run(schedule(seed).events, seed)
            except Failure as failure:
                return CatchingRun(seed, failure)
    return None


def known_seeds() -> dict[str, int]:
    """By bug, the schedule that caught it last time."""
    return dict(json.loads(CAUGHT.read_text(encoding="utf-8")))


BUGS = {**bugs.BUGS, **bugs_identity.BUGS, **bugs_lists.BUGS, **bugs_versions.BUGS}
EQUIVALENT: Mapping[str, str] = {}
"""The bugs that nobody can see, each with the reason."""
PLANTED: Mapping[str, PlantedBug] = {
    name: PlantedBug(description, plant, EQUIVALENT.get(name)) for name, (description, plant) in BUGS.items()
}


if __name__ == "__main__":
    for name, bug in PLANTED.items():
        if (catch := catching_run(bug, first_seed=known_seeds().get(name))) is not None:
            CAUGHT.write_text(json.dumps({**known_seeds(), name: catch.seed}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            print(f"{name}: schedule {catch.seed}", flush=True)
