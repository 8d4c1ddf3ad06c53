"""Questions to a loaded district: a policy published, records changed, coverage stated, days passed; each beside its yardstick.

A change is worked out from what it touches, so each figure stands beside judging everybody anew. The lists of both are the same.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks import rules, world, yardsticks
from benchmarks.measure import Table, median, spread
from matchers.core import Matcher
from matchers.kernel.changes import STATUSES
from matchers.lists.evaluation import scan
from policies.language.tree import Policy
from policies.yaml.document import digest_of, load
from services.state.as_of import materialized_list
from streams.embedded.host import EmbeddedHost
from streams.host import Receipt
from streams.language.messages import CandidateChange, CoverageStated, DeliveryStarted, PolicyPublished, Tick

Lists: TypeAlias = dict[tuple[str, int], str | None]
"""Status by policy and subject."""


def publishing(table: Table, host: EmbeddedHost, district: world.District) -> None:
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # the real one
    policy = rules.relocation(host.state.catalogue)
    con = yardsticks.database(district)
    by_hand, by_sql = yardsticks.by_hand(district), yardsticks.by_sql(con)
    tokens = np.sort(scan(matcher, policy, world.DAY).subject)
    expected = np.sort(district.tokens["household"][by_hand])
    assert np.array_equal(by_hand, by_sql), "the yardsticks agree"
    assert np.array_equal(tokens, expected), "the core and the yardsticks agree"
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
        f"publish the relocation rule, {len(tokens)} of {len(district.dwelling_of):,} households", spread(times["core"]), "≤ 2× by hand",
        is_met=core <= 2 * hand, against=f"numpy by hand {spread(times['hand'])}: {core / hand:.2f}×",
    )  # fmt: skip
    table.add(
        "the same",
        spread(times["core"]),
        "≥ 10× faster than SQL",
        is_met=sql >= 10 * core,
        against=f"DuckDB, 1 thread, {spread(times['sql'])}: {sql / core:.1f}×",
    )
    table.add("the same, with the list and its open questions told", spread(times["list"]))


def anew(matcher: Matcher, policies: Sequence[Policy]) -> tuple[Lists, float]:
    """The lists of policies with everybody judged anew by all policies there are, and the seconds it took."""
    start = time.perf_counter()
    lists = {candidates.entry.policy.name: candidates for candidates in matcher.lists()}
    took = time.perf_counter() - start
    return {
        (policy.name, token): STATUSES[status]
        for policy in policies
        for token, status in zip(lists[policy.name].subject.tolist(), lists[policy.name].status.tolist(), strict=True)
    }, took


def lists_after(lists: Lists, policies: Sequence[Policy], lines: Iterable[CandidateChange]) -> Lists:
    """The lists of these policies after these lines."""
    now, of = dict(lists), {policy.name for policy in policies}
    for line in lines:
        if line.status is None:
            now.pop((line.policy, line.subject), None)
        elif line.policy in of:
            now[line.policy, line.subject] = line.status
    return now


def changing(table: Table, host: EmbeddedHost, district: world.District, count: int, target: int) -> None:
    """Durable changes: each batch one transaction, lines of the lists included."""
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # as above
    former_policies = dict(matcher.policies)
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
    first = 1 + max(delivery.number for feed in world.FEEDS for delivery in host.state.deliveries.of(feed, 0))
    for number, seed in enumerate(seeds[:8]):  # every feed once, for its program
        _submit(host, world.changes(host.state.catalogue, district, 10_000, first + number, seed))
    rows = 0
    batches = [world.changes(host.state.catalogue, district, 10_000, first + 8 + number, seed) for number, seed in enumerate(seeds[8:])]
    for batch in batches:
        _start(host, batch)
    sample = list(matcher.policies.values())[:: count // 50]
    before, _ = anew(matcher, sample)
    rates, receipts = list[float](), list[Receipt]()
    for begin in range(0, len(batches), 8):  # every feed in each
        part, submit_start = batches[begin : begin + 8], time.perf_counter()
        receipts += host.submit_each(part)
        rates.append(sum(map(len, part)) / (time.perf_counter() - submit_start))
        rows += sum(map(len, part))
    rate, lines = median(rates), sum(len(receipt.changes) for receipt in receipts)
    after, judged = anew(matcher, sample)
    assert lists_after(before, sample, (line for receipt in receipts for line in receipt.changes)) == after, (
        "the lines and everyone judged anew agree"
    )
    table.add(
        f"durable changes, {count:,} policies over {leaves} distinct conditions, batches of 10,000",
        f"{rate:,.0f}/s ({min(rates):,.0f}–{max(rates):,.0f})", f"≥ {target:,}/s", is_met=rate >= target,
        against=f"everyone judged anew: {judged:.1f} s, the same lists of {len(sample)} policies; {lines / rows:.2f} lines a change; compiled in {compiled:.1f} s",
    )  # fmt: skip
    singles = []
    for number in range(400):
        batch = world.changes(host.state.catalogue, district, 1, first + 56 + number, random.randrange(1_000_000))
        _start(host, batch)
        submit_start = time.perf_counter()
        host.submit(batch)
        singles.append(time.perf_counter() - submit_start)
    singles.sort()
    disk = syncs(host.folder)
    p99 = singles[int(0.99 * len(singles))]
    table.add(
        f"one durable change, {count:,} policies",
        f"p50 {1e3 * median(singles):.2f} ms, p99 {1e3 * p99:.2f} ms",
        "p99 ≤ 1 ms",
        is_met=p99 <= 1e-3,
        against=f"fdatasync of 500 bytes alone, same disk: p50 {1e3 * median(disk):.2f} ms, p99 {1e3 * disk[-4]:.2f} ms",
    )
    matcher.policies.clear()
    matcher.policies.update(former_policies)
    matcher._programs.clear()


def syncs(folder: Path) -> list[float]:
    """Seconds of writing a little and making it durable, ascending: no durable change can be faster."""
    out = []
    with open(folder / "sync", "wb") as file:
        for _ in range(300):
            start = time.perf_counter()
            file.write(bytes(500))
            file.flush()
            os.fdatasync(file.fileno())
            out.append(time.perf_counter() - start)
    return sorted(out)


def _start(host: EmbeddedHost, batch: object) -> None:
    host.submit(DeliveryStarted(batch.feed, 0, batch.delivery, f"{batch.feed}-{batch.delivery}"))  # type: ignore[attr-defined]  # a RecordBatch


def _submit(host: EmbeddedHost, batch: object) -> None:
    _start(host, batch)
    host.submit(batch)  # type: ignore[arg-type]  # as above


def turning(table: Table, host: EmbeddedHost) -> None:
    """Coverage and days, with three policies of the library in force."""
    for name in ("elderly-uninsured", "group-rental", "relocation-hardship"):
        file = world.library() / "policies" / f"{name}.yaml"
        document = load(file.read_text("utf-8"), file.name)
        host.submit(PolicyPublished(name, 1, file.read_text("utf-8"), digest_of(document.data), "wang", "li"))
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # as above
    lists, _ = anew(matcher, list(matcher.policies.values()))
    month = [world.DAY + timedelta(days=number) for number in range(2, 32)]
    street = CoverageStated("last-street", "medical_insurance", 0, world.STREETS[-1], (), date(2026, 10, 14))
    everywhere = CoverageStated("everywhere", "medical_insurance", 0, "310107", (), month[-1])
    for what, messages in (
        ("a coverage statement, one feed and street", [street]),
        ("a day's tick", [Tick(world.DAY + timedelta(days=1))]),
        ("a month's ticks, 30 days one by one; coverage goes stale on the way", [Tick(day) for day in month]),
        ("a coverage statement, one feed everywhere", [everywhere]),
    ):
        lists, steps = _time_messages(host, lists, messages)
        total, slowest = sum(step.took for step in steps), max(steps, key=lambda step: step.took / step.anew)
        each = "" if len(steps) == 1 else f"; the slowest {1e3 * slowest.took:,.0f} ms"
        table.add(
            what, f"{1e3 * total:,.0f} ms{each}", "none above 1.5 times everyone judged anew", is_met=slowest.took <= 1.5 * slowest.anew,
            against=f"everyone judged anew once: {1e3 * slowest.anew:.0f} ms, the same lists; "
            f"{slowest.due:,} re-evaluated{' that day' if each else ''}, {sum(step.lines for step in steps):,} lines",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """One message.

    Args:
        took: seconds of the message.
        anew: seconds of judging everybody anew, before or after it, whichever is longer.
        due: subjects re-evaluated.
        lines: lines of the lists.
    """

    took: float
    anew: float
    due: int
    lines: int


def _time_messages(host: EmbeddedHost, lists: Lists, messages: Sequence[CoverageStated | Tick]) -> tuple[Lists, list[Turn]]:
    """Submit messages one by one; after each the lists are checked against everybody judged anew."""
    matcher: Matcher = host.state.matcher  # type: ignore[assignment]  # as above
    policies, out = list(matcher.policies.values()), list[Turn]()
    _, before = anew(matcher, policies)
    for message in messages:
        start = time.perf_counter()
        receipt = host.submit(message)
        took, due = time.perf_counter() - start, matcher.due
        judged, behind = anew(matcher, policies)
        lists = lists_after(lists, policies, receipt.changes)
        now = {
            (policy.name, candidate.subject): candidate.status
            for policy in policies
            for candidate in materialized_list(host.state, policy.name)
        }
        assert lists == now, "the lines and the lists as they are told agree"
        assert judged == now or host.state.book.overlays, "and everyone judged anew, where nobody is held back"
        out.append(Turn(took, max(before, behind), due, len(receipt.changes)))
        before = behind
    return lists, out
