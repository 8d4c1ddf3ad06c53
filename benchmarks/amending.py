"""Two versions of the relocation rule compared over a loaded district, beside one SQL query, and beside judging both versions.

All three give the same entries and exits before a time is written down. The comparison says more than the other two: the verdicts before
and after, and for each change which criterion of which version decides.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks import rules, world, yardsticks
from benchmarks.measure import Table, median, spread
from matchers.core import Matcher
from matchers.lists.difference import MOVES, difference
from matchers.lists.evaluation import scan
from streams.embedded.host import EmbeddedHost


def amending(table: Table, host: EmbeddedHost, district: world.District) -> None:
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # the real one
    catalogue = host.state.catalogue
    old, new = rules.relocation(catalogue), rules.relocation(catalogue, *rules.AMENDED)
    con = yardsticks.database(district)
    movers = difference(matcher, old, new, world.DAY)
    was, now = (set(scan(matcher, policy, world.DAY).subject.tolist()) for policy in (old, new))
    expected = dict(zip(("entered", "left"), yardsticks.amended_by_sql(con), strict=True))
    for move, positions in expected.items():
        tokens = np.sort(movers.subject[movers.move == MOVES.index(move)])
        assert np.array_equal(tokens, np.sort(district.tokens["household"][positions])), f"the core and SQL agree on who {move}"
        assert set(tokens.tolist()) == (now - was if move == "entered" else was - now), "the comparison and both lists agree"
        assert len(tokens), f"somebody {move}"
    times: dict[str, list[float]] = {"core": [], "sql": [], "lists": []}
    for _ in range(7):  # in turn, so that the machine's moods fall on all alike
        for name, work in (
            ("core", lambda: difference(matcher, old, new, world.DAY).deciders()),
            ("sql", lambda: yardsticks.amended_by_sql(con)),
            ("lists", lambda: (scan(matcher, old, world.DAY), scan(matcher, new, world.DAY))),
        ):
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    core, sql = median(times["core"]), median(times["sql"])
    entered, left = movers.count("entered"), movers.count("left")
    table.add(
        f"compare two versions of it: {entered} enter, {left} leave; verdicts, criteria and streets", spread(times["core"]), "≤ 2 s",
        is_met=core <= 2,
        against=f"DuckDB, 1 thread, who enters and leaves alone: {spread(times['sql'])} ({core / sql:.1f}×); both lists: {spread(times['lists'])}",
    )  # fmt: skip
