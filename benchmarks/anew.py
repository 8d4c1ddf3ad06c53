"""Everybody judged anew by a hundred and by five thousand policies in one pass, beside DuckDB's queries and beside policy after policy.

The core and SQL give the same lists of the hundred policies, with the same statuses, before a time is written down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from benchmarks import rules, sql, world
from benchmarks.measure import Table, median, spread
from matchers.core import Matcher
from matchers.kernel.changes import STATUSES
from matchers.lists.evaluation import scan
from policies.language.tree import Policy
from streams.embedded.host import EmbeddedHost

T = TypeVar("T")


def judging(table: Table, host: EmbeddedHost, district: world.District, few: int = 100, many: int = 5_000) -> None:
    """Measure on a district as it was loaded, with few policies and with many."""
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # the real one
    former_policies = dict(matcher.policies)
    con = sql.database(district)
    policies = _holds(matcher, few)
    queries = {policy.name: sql.query(policy) for policy in policies}
    for candidates in matcher.lists():
        policy = candidates.entry.policy
        positions, wanting = sql.list_by_query(con, queries[policy.name])
        order = np.argsort(candidates.subject)
        tokens = district.tokens[str(policy.subject)][positions]
        assert np.array_equal(candidates.subject[order], np.sort(tokens)), f"the core and SQL list the same: {policy.name}"
        assert np.array_equal(candidates.status[order] == STATUSES.index("needs_evidence"), wanting[np.argsort(tokens)]), policy.name
    times: dict[str, list[float]] = {"core": [], "sql": [], "one": []}
    for turn in range(5):  # in turn, so that the machine's moods fall on all alike
        times["core"].append(_took(lambda: matcher.lists())[0])
        if turn < 3:
            times["sql"].append(_took(lambda: [sql.list_by_query(con, text) for text in queries.values()])[0])
            times["one"].append(_took(lambda: [scan(matcher, policy, matcher.day) for policy in policies])[0])
    core, by_sql = median(times["core"]), median(times["sql"])
    table.add(
        f"the lists of {few} policies anew, {district.persons:,} residents, one pass", spread(times["core"]), "≤ 600 ms", is_met=core <= 0.6,
        against=f"DuckDB, 1 thread, a query a policy, the same lists: {spread(times['sql'])} ({by_sql / core:.1f}×); "
        f"policy after policy: {spread(times['one'])}",
    )  # fmt: skip
    con.close()
    policies = _holds(matcher, many)
    sample = policies[:: max(1, many // 50)]
    compiled, _ = _took(lambda: [matcher.sweep(kind) for kind in matcher.runners()])
    runs = [_took(lambda: sum(len(candidates.row) for candidates in matcher.lists())) for _ in range(3)]
    separately = _took(lambda: [scan(matcher, policy, matcher.day) for policy in sample])[0] * len(policies) / len(sample)
    each = 1e9 * median([took for took, _ in runs]) / district.persons / len(policies)
    table.add(
        f"the lists of {many:,} policies anew, {runs[0][1]:,} entries, one pass", f"{median([took for took, _ in runs]):.2f} s: {each:.2f} ns a person and policy",
        "≤ 0.5 ns", is_met=each <= 0.5, against=f"policy after policy: {separately:.0f} s (from {len(sample)}); compiled in {compiled:.1f} s",
    )  # fmt: skip
    matcher.policies.clear()
    matcher.policies.update(former_policies)
    matcher._programs.clear()


def _holds(matcher: Matcher, count: int) -> list[Policy]:
    """Give the matcher so many policies, and no others."""
    policies = rules.many(count)
    matcher.policies.clear()
    matcher.policies.update({policy.name: policy for policy in policies})
    matcher._programs.clear()
    return policies


def _took(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    value = work()
    return time.perf_counter() - start, value
