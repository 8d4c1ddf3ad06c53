"""A loaded district is asked: a policy published, records changed, coverage stated, days passed; each beside its yardstick.

The one idea: lists are kept by what moved them, so each figure stands beside judging everyone anew, and the lists of both are the same.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks import rules, world, yardsticks
from benchmarks.measure import Table, median, spread
from infra.evaluate import listed
from matchers.changes import STATUSES
from matchers.compare import scan
from matchers.core import Matcher
from policies.document import digest_of, load
from policies.tree import Policy
from streams.host import Host, Receipt
from streams.messages import CandidateChange, CoverageStated, DeliveryStarted, PolicyPublished, Tick

Lists: TypeAlias = dict[tuple[str, int], str | None]
"""Status by policy and subject."""


def publishing(table: Table, host: Host, district: world.District) -> None:
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # the real one
    policy = rules.relocation(host.state.catalogue)
    con = yardsticks.database(district)
    by_hand, by_sql = yardsticks.by_hand(district), yardsticks.by_sql(con)
    found = np.sort(scan(matcher, policy, world.DAY).subject)
    expected = np.sort(district.tokens["household"][by_hand])
    assert np.array_equal(by_hand, by_sql), "the yardsticks agree"
    assert np.array_equal(found, expected), "the core and the yardsticks agree"
    times: dict[str, list[float]] = {"core": [], "hand": [], "sql": [], "list": []}
    for _ in range(7):  # in turn, so that the machine's moods fall on all alike
        for name, work in (
            ("core", lambda: scan(matcher, policy, world.DAY)),
            ("hand", lambda: yardsticks.by_hand(district)),
            ("sql", lambda: yardsticks.by_sql(con)),
            ("list", lambda: matcher.preview(policy)),
        ):
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    core, hand, sql = (median(times[name]) for name in ("core", "hand", "sql"))
    table.add(
        f"publish the relocation rule, {len(found)} of {len(district.dwelling_of):,} households", spread(times["core"]), "≤ 2× by hand",
        met=core <= 2 * hand, against=f"numpy by hand {spread(times['hand'])}: {core / hand:.2f}×",
    )  # fmt: skip
    table.add(
        "the same",
        spread(times["core"]),
        "≥ 10× faster than SQL",
        met=sql >= 10 * core,
        against=f"DuckDB, 1 thread, {spread(times['sql'])}: {sql / core:.1f}×",
    )
    table.add("the same, with the list and its open questions told", spread(times["list"]))


def anew(matcher: Matcher, policies: Sequence[Policy]) -> tuple[Lists, float]:
    """The lists of policies with everyone judged anew, and the seconds it took: what a change of them is held against."""
    start = time.perf_counter()
    found = [(policy.name, scan(matcher, policy, matcher.day)) for policy in policies]
    took = time.perf_counter() - start
    return {
        (name, token): STATUSES[status] for name, c in found for token, status in zip(c.subject.tolist(), c.status.tolist(), strict=True)
    }, took


def moved(lists: Lists, policies: Sequence[Policy], lines: Iterable[CandidateChange]) -> Lists:
    """The lists of these policies after these lines."""
    now, of = dict(lists), {policy.name for policy in policies}
    for line in lines:
        if line.status is None:
            now.pop((line.policy, line.subject), None)
        elif line.policy in of:
            now[line.policy, line.subject] = line.status
    return now


def changing(table: Table, host: Host, district: world.District, count: int, target: int) -> None:
    """Durable changes: each batch one transaction, lines of the lists included."""
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # as above
    kept = dict(matcher.policies)
    matcher.policies.clear()
    matcher.policies.update({policy.name: policy for policy in rules.many(count)})
    matcher._programs.clear()
    start = time.perf_counter()
    leaves = sum(
        len({slot for entry in runner.program.entries for slot, *_ in entry.nodes if slot >= 0}) for runner in matcher.runners().values()
    )
    compiled = time.perf_counter() - start
    random.seed()
    seeds = [random.randrange(1_000_000) * 8 + number % 8 for number in range(56)]
    for number, seed in enumerate(seeds[:8]):  # every feed once, for its program
        _submit(host, world.changes(host.state.catalogue, district, 10_000, 2 + number, seed))
    rows = 0
    batches = [world.changes(host.state.catalogue, district, 10_000, 10 + number + count, seed) for number, seed in enumerate(seeds[8:])]
    for batch in batches:
        _start(host, batch)
    sample = list(matcher.policies.values())[:: count // 50]
    before, _ = anew(matcher, sample)
    rates, receipts = list[float](), list[Receipt]()
    for first in range(0, len(batches), 8):  # every feed in each
        part, begun = batches[first : first + 8], time.perf_counter()
        receipts += host.submit_each(part)
        rates.append(sum(map(len, part)) / (time.perf_counter() - begun))
        rows += sum(map(len, part))
    rate, lines = median(rates), sum(len(receipt.changes) for receipt in receipts)
    after, judged = anew(matcher, sample)
    assert moved(before, sample, (line for receipt in receipts for line in receipt.changes)) == after, (
        "the lines and everyone judged anew agree"
    )
    judged *= count / len(sample)
    table.add(
        f"durable changes, {count:,} policies over {leaves} distinct conditions, batches of 10,000",
        f"{rate:,.0f}/s ({min(rates):,.0f}–{max(rates):,.0f})", f"≥ {target:,}/s", met=rate >= target,
        against=f"everyone judged anew: {judged:.0f} s (from {len(sample)} policies), the same lists; {lines / rows:.2f} lines a change; compiled in {compiled:.1f} s",
    )  # fmt: skip
    singles = []
    for number in range(400):
        batch = world.changes(host.state.catalogue, district, 1, 50_000 + number + count, random.randrange(1_000_000))
        _start(host, batch)
        begun = time.perf_counter()
        host.submit(batch)
        singles.append(time.perf_counter() - begun)
    singles.sort()
    disk = syncs(host.folder)
    p99 = singles[int(0.99 * len(singles))]
    table.add(
        f"one durable change, {count:,} policies",
        f"p50 {1e3 * median(singles):.2f} ms, p99 {1e3 * p99:.2f} ms",
        "p99 ≤ 1 ms",
        met=p99 <= 1e-3,
        against=f"fdatasync of 500 bytes alone, same disk: p50 {1e3 * median(disk):.2f} ms, p99 {1e3 * disk[-4]:.2f} ms",
    )
    matcher.policies.clear()
    matcher.policies.update(kept)
    matcher._programs.clear()


def syncs(folder: Path) -> list[float]:
    """Seconds of writing a little and making it durable, ascending: below this no durable change can go."""
    out = []
    with open(folder / "sync", "wb") as file:
        for _ in range(300):
            begun = time.perf_counter()
            file.write(bytes(500))
            file.flush()
            os.fdatasync(file.fileno())
            out.append(time.perf_counter() - begun)
    return sorted(out)


def _start(host: Host, batch: object) -> None:
    host.submit(DeliveryStarted(batch.feed, 0, batch.delivery, f"{batch.feed}-{batch.delivery}"))  # type: ignore[attr-defined]  # a RecordBatch


def _submit(host: Host, batch: object) -> None:
    _start(host, batch)
    host.submit(batch)  # type: ignore[arg-type]  # as above


def turning(table: Table, host: Host) -> None:
    """Coverage and days, with three policies of the library in force."""
    for name in ("elderly-uninsured", "group-rental", "relocation-hardship"):
        file = world.library() / "policies" / f"{name}.yaml"
        document = load(file.read_text("utf-8"), file.name)
        host.submit(PolicyPublished(name, 1, file.read_text("utf-8"), digest_of(document.data), "wang", "li"))
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # as above
    policies = list(matcher.policies.values())
    lists, _ = anew(matcher, policies)
    for what, message in (
        (
            "a coverage statement, one feed and street",
            CoverageStated("last-street", "medical_insurance", 0, world.STREETS[-1], (), date(2026, 10, 14)),
        ),
        ("a day's tick", Tick(world.DAY + timedelta(days=1))),
        ("a month's ticks, 30 days one by one; coverage goes stale on the way", Tick(world.DAY + timedelta(days=31))),
    ):
        start = time.perf_counter()
        receipt = host.submit(message)
        took, due = time.perf_counter() - start, matcher.due
        _, judged = anew(matcher, policies)
        lists = moved(lists, policies, receipt.changes)
        now = {(policy.name, one.subject): one.status for policy in policies for one in listed(host.state, policy.name)}
        assert lists == now, "the lines and everyone judged anew agree"
        reached = "" if what.startswith("a month") else f"{due:,} re-evaluated, "
        table.add(
            what, f"{1e3 * took:,.0f} ms",
            against=f"everyone judged anew once: {1e3 * judged:.0f} ms, the same lists; {reached}{len(receipt.changes):,} lines",
        )  # fmt: skip
