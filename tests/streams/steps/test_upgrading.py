"""A message of its own moves a state from an earlier version of the semantics to the current one.

A checkpoint names its version of the semantics. That version counts until the message comes, so a replay gives the same lines as before.
Source: docs/en/semantics.md section 6, streams/steps/steps.py ``upgrade``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matchers import SEMANTICS
from policies.checking.checker import check
from policies.yaml.document import load
from streams.embedded.host import EmbeddedHost
from streams.language.errors import NewerFormat
from streams.language.messages import CatalogueSet, EngineUpgraded, Input, PolicyPublished, Tick
from streams.steps.state import State
from streams.steps.steps import step
from streams.testing import rows
from tests.streams.bench import BORN
from tests.streams.network.test_pipeline import same
from tests.streams.pipeline import Embedded, Pipeline
from tests.streams.world import DAY, catalogue, delivery_messages, network, parts, people, stamped_bytes

TEXT = """format: 1
policy: small-income
version: 1
direction: benefit
subject: person
scope: {division: "310107"}
title: {zh: 低收入, en: Small income}
source: {document: 示例, issuer: 示例}
agency: putuo-civil-affairs
purpose: assistance
effective: {from: 2026-01-01, to: 2027-12-31}
evidence: {income: {max_age: P30D}}
criteria: {id: small, sum_of: income.monthly_income, over: income, op: le, value: 1000.00}
"""


def small_income() -> PolicyPublished:
    policy = check(load(TEXT, "small-income"), catalogue()).policy
    assert policy is not None
    return PolicyPublished("small-income", 1, TEXT, policy.digest, "author", "approver")


def beginning() -> list[Input]:
    """Two persons in the register, one with a record of income; no coverage."""
    incomes = rows(catalogue(), "income", 1, 1, [1], monthly_income=[50_000], order=[1])
    register = delivery_messages(people(1, 1, [1, 2], [BORN] * 2), "d-1")
    return [Tick(DAY), network(), small_income(), *register, *delivery_messages(incomes, "i-1")]


def earlier(state: State) -> State:
    """The state as an earlier program stored it."""
    arrays, meta = {name: array.copy() for name, array in state.arrays().items()}, state.meta()
    del meta["matcher"]["store"]["semantics"]
    return State.restore(parts(True), meta, arrays)


def test_lines_of_an_upgrade_have_their_own_cause() -> None:
    """The existing record settles the sum from the message on, and not before; a second message changes nothing."""
    state = State(parts(True))
    for offset, message in enumerate(beginning()):
        step(state, message, offset)
    assert {candidate.subject: candidate.status for candidate in state.matcher.candidates("small-income")} == {
        1: "eligible",
        2: "needs_evidence",
    }

    old = earlier(state)
    assert {candidate.subject: candidate.status for candidate in old.matcher.candidates("small-income")} == {
        1: "needs_evidence",
        2: "needs_evidence",
    }
    lines = list(step(old, EngineUpgraded(SEMANTICS), old.offset + 1))

    assert [(line.subject, line.before, line.status, line.cause.kind) for line in lines] == [(1, "needs_evidence", "eligible", "engine")]
    assert list(step(old, EngineUpgraded(SEMANTICS), old.offset + 1)) == []
    restored = State.restore(parts(True), old.meta(), {name: array.copy() for name, array in old.arrays().items()})
    assert restored.matcher.semantics == SEMANTICS


def test_later_semantics_are_not_guessed() -> None:
    """The message of a newer program stops an older program."""
    state = State(parts(False))
    for offset, message in enumerate(beginning()[:2]):
        step(state, message, offset)

    with pytest.raises(NewerFormat):
        step(state, EngineUpgraded(SEMANTICS + 1), 2)


def test_host_says_it_before_the_first_message_that_it_adds(tmp_path: Path) -> None:
    """It does so once; a host that only reads adds nothing."""
    with EmbeddedHost.open(tmp_path, parts(True), create=True) as host:
        for message in beginning():
            host.submit(message)
        host.write_checkpoint()
    _as_before(tmp_path)
    with EmbeddedHost.open(tmp_path, parts(True), readonly=True) as host:
        assert host.state.matcher.semantics == 1 and len(list(host.outputs())) == 3

    with EmbeddedHost.open(tmp_path, parts(True)) as host:
        host.submit(Tick(DAY))
        assert host.state.matcher.semantics == SEMANTICS
        assert [line.cause.kind for line in host.outputs()][3:] == ["engine"]
    with EmbeddedHost.open(tmp_path, parts(True)) as host:
        host.submit(Tick(DAY))
        assert len(list(host.outputs())) == 4


def test_a_log_without_a_snapshot_is_replayed_as_it_was_told(tmp_path: Path) -> None:
    """The log of an earlier program has a first catalogue without a version of the semantics; the lines of the upgrade come later."""
    with EmbeddedHost.open(tmp_path, parts(True), create=True) as host:
        for message in beginning():
            host.submit(replace(message, semantics=1) if isinstance(message, CatalogueSet) else message)
    with EmbeddedHost.open(tmp_path, parts(True), readonly=True) as host:
        assert host.state.matcher.semantics == 1 and len(list(host.outputs())) == 2

    with EmbeddedHost.open(tmp_path, parts(True)) as host:
        host.submit(Tick(DAY))
        assert [line.cause.kind for line in host.outputs()][2:] == ["engine"]


def test_a_network_begun_by_earlier_semantics_is_judged_by_them() -> None:
    """So are locator and partitions that replay it, until the message comes."""
    pipeline, embedded = Pipeline(2), Embedded(2)
    for message in [*beginning(), EngineUpgraded(SEMANTICS)]:
        if isinstance(message, EngineUpgraded):
            assert {matcher.store.layout.semantics for matcher in _matchers(pipeline, embedded)} == {1}
        body = stamped_bytes(replace(message, semantics=1) if isinstance(message, CatalogueSet) else message)
        embedded.take(body)
        pipeline.put(body)
        pipeline.drain()

    same(pipeline, embedded)
    assert {matcher.store.layout.semantics for matcher in _matchers(pipeline, embedded)} == {SEMANTICS}


def _as_before(folder: Path) -> None:
    """The newest snapshot as an earlier program wrote it."""
    from streams.store import checkpoints

    offset = checkpoints.offsets(folder / "snapshots")[0]
    meta, arrays = checkpoints.read(checkpoints.place(folder / "snapshots", offset))
    del meta["matcher"]["store"]["semantics"]
    checkpoints.write(folder / "snapshots", offset, meta, arrays)


def test_partitions_are_judged_anew_together() -> None:
    """On a distributed host the lines are those of one embedded host."""
    pipeline, embedded = Pipeline(2), Embedded(2)
    bodies = [stamped_bytes(message) for message in beginning()]
    for body in bodies:
        embedded.take(body)
        pipeline.put(body)
    pipeline.drain()
    for matcher in _matchers(pipeline, embedded):
        matcher.store.layout = _with(matcher.store.layout, 1)

    body = stamped_bytes(EngineUpgraded(SEMANTICS))
    embedded.take(body)
    pipeline.put(body)
    pipeline.drain()

    same(pipeline, embedded)


def _matchers(pipeline: Any, embedded: Any) -> list[Any]:
    matchers = [partition.fold.matcher for partition in pipeline.partitions]
    return [embedded.state.matcher, embedded._sequencer.router.locator, pipeline.sequencer.fold.router.locator, *matchers]


def _with(layout: Any, semantics: int) -> Any:
    return replace(layout, semantics=semantics)
