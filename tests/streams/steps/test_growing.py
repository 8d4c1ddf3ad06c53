"""Contracts that grow while records come: lists and explanations are those of a host that had the last contracts from the beginning."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from policies.checking.checker import check
from policies.yaml.document import load
from services.state.as_of import core, materialized_list
from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.language.errors import Refusal
from streams.language.messages import CandidateChange, CatalogueSet, Input, PolicyPublished, Tick
from streams.lists.editions import fold
from streams.network.sequencer import Sequencer
from streams.steps.state import State
from streams.steps.steps import step
from streams.wire import wire
from tests.matchers.counting import chunks
from tests.streams.growing import DAY, GROWTHS, Contracts, Rows, Run, apart, policy_text, run
from tests.streams.network.test_pipeline import same
from tests.streams.pipeline import Embedded, Pipeline
from tests.streams.world import build, parts, stamped_bytes

SEEDS = chunks(40, range(10))
"""Those of the normal run have every kind of growth, too."""
OTHERS = chunks(20, range(5))
STOPPING = chunks(6, range(2))
NETWORKS = chunks(12, range(3))
"""As many partitions as there are seeds."""


def state_after(messages: Sequence[Input]) -> State:
    state = State(parts(real=True))
    for offset, message in enumerate(messages):
        step(state, wire.decode(wire.encode(message)), offset)
    return state


def lists_and_explanations(state: State) -> dict[str, Any]:
    """Every list, and the explanation of every subject under every policy."""
    matcher, out = core(state), dict[str, Any]()
    for name, policy in state.policies.items():
        kind = ("person", "household", "dwelling").index(policy.subject)
        subjects = sorted(matcher.store.tokens[kind][: matcher.store.sizes[kind]].tolist())
        out[name] = (materialized_list(state, name), [matcher.explain(name, subject) for subject in subjects])
    return out


def from_checkpoint(state: State) -> State:
    """The state, restored from a checkpoint of itself."""
    arrays = {name: np.array(array) for name, array in state.arrays().items()}
    return State.restore(parts(real=True), json.loads(json.dumps(state.meta())), arrays)


@pytest.mark.seeds
@pytest.mark.parametrize("seed", SEEDS)
def test_what_grew_reads_as_if_it_had_always_been_so(seed: int) -> None:
    """There are checkpoints in between; the lines add up to the lists."""
    reads_alike(run(seed), Random(seed))


@pytest.mark.seeds
@pytest.mark.parametrize("seed", OTHERS)
def test_what_grew_while_deliveries_were_open_reads_as_if_it_had_always_been_so(seed: int) -> None:
    """Full replacements, too: versions that wait for their delivery get the new columns."""
    rng = Random(seed)
    reads_alike(apart(run(seed, 60), rng), rng)


def reads_alike(happens: Run, rng: Random) -> None:
    lists: dict[str, dict[int, CandidateChange]] = {}
    state = State(parts(real=True))

    for offset, message in enumerate(happens.growing_messages()):
        for line in step(state, wire.decode(wire.encode(message)), offset):
            lists[line.policy] = fold([line], lists.get(line.policy))
        if rng.random() < 0.1:
            state = from_checkpoint(state)

    final = state_after(happens.final_messages())
    assert lists_and_explanations(state) == lists_and_explanations(final)
    line_content = {
        name: {(line.subject, line.status, line.checklist, line.missing) for line in of.values()} for name, of in lists.items() if of
    }
    assert line_content == {
        name: {(candidate.subject, candidate.status, candidate.checklist, candidate.missing) for candidate in some}
        for name in state.policies
        if (some := materialized_list(state, name))
    }


@pytest.mark.seeds
@pytest.mark.parametrize("seed", STOPPING)
def test_a_host_that_stops_between_comes_back_to_the_same(seed: int, tmp_path: Path) -> None:
    """It replays the log, and snapshots from an earlier catalogue."""
    happens, rng = run(1000 + seed), Random(seed)
    host = EmbeddedHost.open(tmp_path, parts(real=True), create=True, rule=CheckpointRule(closing_rows=1))

    for message in happens.growing_messages():
        host.submit(message)
        if rng.random() < 0.1:
            host.write_checkpoint()
        if rng.random() < 0.15:
            host._release()  # as if the process were killed: it writes nothing at its end
            host._log.close()
            host = EmbeddedHost.open(tmp_path, parts(real=True), create=True)

    assert lists_and_explanations(host.state) == lists_and_explanations(state_after(happens.final_messages()))
    host.close()
    with EmbeddedHost.open(tmp_path, parts(real=True), readonly=True) as again:
        assert lists_and_explanations(again.state) == lists_and_explanations(state_after(happens.final_messages()))


@pytest.mark.seeds
@pytest.mark.parametrize("seed", NETWORKS)
def test_a_network_grows_as_one_process_does(seed: int, tmp_path: Path) -> None:
    """The lines are equal, with stages that are slow, stop and repeat themselves; so is the content at the end."""
    rng, partitions = Random(seed), 1 + seed % 3
    happens = apart(run(2000 + seed), rng) if seed % 2 else run(2000 + seed)
    pipeline, embedded = Pipeline(partitions), Embedded(partitions)

    for message in happens.growing_messages():
        body = stamped_bytes(message)
        pipeline.put(body)
        embedded.take(body)
        for _ in range(rng.choice([1, 20])):
            pipeline.some(rng, [1] * len(pipeline.workers), tmp_path, Counter())
    pipeline.drain()

    same(pipeline, embedded)
    assert lists_and_explanations(embedded.state) == lists_and_explanations(state_after(happens.final_messages()))


def test_runs_grow_in_every_way() -> None:
    """The seeds above have every kind of growth."""
    growths = {name for seed in SEEDS for name in run(seed).happens if isinstance(name, str)}

    assert growths == set(GROWTHS)


def catalogue_with_bounds(low: int, high: int) -> CatalogueSet:
    """The contracts of ``tests.streams.growing``, with other bounds of an amount."""
    message = Contracts().message()
    text = message.contracts["feeds/benefit.yaml"].replace("min: 0, max: 999.99", f"min: {low}, max: {high}")
    return CatalogueSet(message.units, {**message.contracts, "feeds/benefit.yaml": text})


@pytest.mark.parametrize("partitions", [0, 2])
def test_a_bound_is_narrowed_only_above_what_is_held(partitions: int) -> None:
    """This holds on a host and in a sequencer; the record stays, whatever its new bounds would allow."""
    rows = Rows("benefit", 0, 1, False, ((1, 0, 1, {"no": "a", "kind": "basic", "amount": 5_000_000_000}),), 0)
    first = catalogue_with_bounds(0, 99_999_999_999)
    messages = [
        first,
        Tick(DAY),
        *rows.messages(build(first.units, first.contracts)),
        catalogue_with_bounds(0, 4_999_999_999),
        catalogue_with_bounds(0, 5_000_000_000),
    ]
    state = State(parts(real=True)) if not partitions else Sequencer(parts(real=True), partitions).state

    for offset, message in enumerate(messages[:-2]):
        step(state, message, offset)
    with pytest.raises(Refusal, match="bounds of the field amount are narrower"):
        step(state, messages[-2], len(messages))
    assert len(state.built_catalogues) == 1
    step(state, messages[-1], len(messages))

    field = state.catalogue.feeds["benefit"].fields["amount"]
    assert (field.max, field.roomy) == (500_000_000_000, True)
    assert state.matcher.extremes("benefit", "amount") == (500_000_000_000, 500_000_000_000)


@pytest.mark.parametrize("partitions", [0, 2])
def test_a_bound_holds_what_may_count_yet(partitions: int) -> None:
    """A row that waits for its full replacement to complete keeps its value, too."""
    first = catalogue_with_bounds(0, 99_999_999_999)
    catalogue = build(first.units, first.contracts)
    old, new = (
        Rows("benefit", 0, number, number == 2, ((1, 0, order, {"no": "a", "kind": "basic", "amount": amount}),), 0)
        for number, order, amount in ((1, 9, 5), (2, 1, 5_000_000_000))
    )
    started, rows, complete = new.messages(catalogue)
    state = State(parts(real=True)) if not partitions else Sequencer(parts(real=True), partitions).state
    for offset, message in enumerate([first, Tick(DAY), *old.messages(catalogue), started, rows]):
        step(state, message, offset)

    with pytest.raises(Refusal, match="bounds of the field amount are narrower"):
        step(state, catalogue_with_bounds(0, 999), 7)
    step(state, complete, 7)
    assert state.matcher.extremes("benefit", "amount") == (500_000_000_000, 500_000_000_000)


def test_a_name_added_later_makes_no_old_text_ambiguous() -> None:
    """``level`` in a published policy means the only feed that had it then, also after another feed has such a field."""
    contracts = Contracts()
    contracts.grow("level")
    first = contracts.message()
    text = policy_text("levelled").replace("income.level", "level")
    policy = check(load(text, "levelled"), build(first.units, first.contracts)).policy
    assert policy is not None
    contracts.fields["hukou"]["level"] = "type: int, min: 0, max: 9"
    state = state_after([first, Tick(DAY), PolicyPublished("levelled", 1, text, policy.digest, "a", "b"), contracts.message()])

    again = from_checkpoint(state)

    assert again.policies == state.policies == {"levelled": policy}
    assert lists_and_explanations(again) == lists_and_explanations(state)
