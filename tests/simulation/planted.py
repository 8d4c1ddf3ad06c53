"""Bugs planted on purpose, to see that the simulator finds them: each changes the running program, and must be caught within so many seeds.

The one idea: a proof that finds no planted bug proves nothing. A bug is a function that is given a ``pytest.MonkeyPatch`` and changes what it
pleases of the engine; they stand in ``bugs``, ``bugs_identity`` and ``bugs_lists``. One that changes nothing anybody can see is no bug: ``EQUIVALENT`` says why, and
it is expected not to be caught.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests.simulation import bugs, bugs_identity, bugs_lists
from tests.simulation.running import Failure, run
from tests.simulation.schedule import schedule

MOST = 1_000
"""Within how many schedules a planted bug must be caught."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A bug.

    Args:
        said: what is wrong, in a few words.
        plant: changes the program, until the patch is undone.
        equivalent: why nobody can see it, where that is so.
    """

    said: str
    plant: Callable[[pytest.MonkeyPatch], None]
    equivalent: str | None = None


@dataclass(frozen=True, slots=True)
class Caught:
    """The schedule that showed a bug, and how."""

    seed: int
    failure: Failure


def caught(planted: Planted, most: int = MOST, first: int = 0) -> Caught | None:
    """The first schedule that shows the bug; None where none of so many does."""
    with pytest.MonkeyPatch.context() as patch:
        planted.plant(patch)
        for seed in range(first, first + most):
            try:
                run(schedule(seed).events, seed)
            except Failure as failure:
                return Caught(seed, failure)
    return None


BUGS = {**bugs.BUGS, **bugs_identity.BUGS, **bugs_lists.BUGS}
EQUIVALENT: Mapping[str, str] = {}
"""Bugs nobody can see, and why."""
PLANTED: Mapping[str, Planted] = {name: Planted(said, plant, EQUIVALENT.get(name)) for name, (said, plant) in BUGS.items()}
