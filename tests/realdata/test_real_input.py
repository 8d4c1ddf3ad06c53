"""Real people and households, split into feeds, delivered badly: every verdict equals one query over the joined table, in any order.

The people are real, not invented. The engine reads deliveries; the query reads the original files and the fates of their records. Both were
written from docs/en/semantics.md. Source: the README beside the data.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import perf_counter
from typing import cast

import polars as pl
import pytest

from matchers.core import Matcher
from services.state.as_of import materialized_list
from streams.language.ports import Parts
from streams.steps.state import State
from streams.steps.steps import step
from tests.matchers.counting import chunks
from tests.realdata import delivered_world
from tests.realdata.conftest import absent
from tests.realdata.delivered_world import World, counts, policies_of, statuses, summed_lists
from tests.realdata.orders import another_order
from tests.realdata.plan import AS_OF, FOLDERS

ORDERS = 20
RUN = chunks(ORDERS, range(4))
"""The orders of this run; in each tenth, the first among them, policies are published at any time (``tests.realdata.orders``)."""
BOTH = [pytest.param(folder, marks=pytest.mark.xdist_group(folder)) for folder in FOLDERS]
"""With ``-n 2 --dist loadgroup`` each folder is delivered once, by a worker of its own."""
CASES = [pytest.param(folder, policy, marks=pytest.mark.xdist_group(folder)) for folder in FOLDERS for policy in policies_of(folder)]
Note = Callable[[str, object], None]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """Delivers a folder, once; skips where it is absent."""

    @cache
    def deliver_once(folder: str) -> World:
        return delivered_world.world(folder, tmp_path_factory.mktemp(folder))

    def world_or_skip(folder: str) -> World:
        if reason := absent(folder):
            pytest.skip(reason)
        return deliver_once(folder)

    return world_or_skip


@pytest.mark.parametrize("folder", BOTH)
def test_the_deliveries_are_as_bad_as_promised(folder: str, worlds: Callable[[str], World], record_property: Note) -> None:
    """At least 5% of keys have conflicting versions in different files; deletions come before what they delete; a feed is cut off."""
    world = worlds(folder)

    for part in world.deliveries.parts:
        assert world.reports[part.name].number == part.number, "the unit's files are numbered as they were sent"
        assert (world.reports[part.name].rows, world.reports[part.name].unplaced) == (part.rows, 0)
    for source, facts in world.deliveries.facts.items():
        assert facts["in conflict"] >= 0.05 * facts["keys"], source
        assert facts["deletions before"] or facts["withdrawn by a replacement"] or facts["keys"] < 200, source
    assert sum(facts["without order, sent again since"] for facts in world.deliveries.facts.values())
    fates = pl.concat(world.deliveries.fates)["fate"].value_counts()
    totals = dict(fates.iter_rows())
    assert min(totals[word] for word in ("gone", "blank", "broken", "lost")) > 0
    quarantined = sum(report.quarantined for report in world.reports.values())
    assert quarantined >= totals["broken"]
    ((unsure,),) = world.con.execute("SELECT count(*) FROM member WHERE NOT sure").fetchall()
    assert unsure, "quarantined rows of the register name households"
    rows = sum(part.rows for part in world.deliveries.parts)
    fate = ", ".join(f"{word} {totals[word]:,}" for word in sorted(totals))
    record_property(
        "real-fact",
        f"{folder}: {len(world.deliveries.parts)} files, {rows:,} rows for {sum(totals.values()):,} keys ({fate}), "
        f"{quarantined:,} rows quarantined, {unsure:,} of them members of unknown presence; {len(world.deliveries.statements) + 1} lines of coverage; delivered in {world.seconds:.1f} s",
    )


@pytest.mark.parametrize(("folder", "policy"), CASES)
def test_every_verdict_equals_one_query(folder: str, policy: str, worlds: Callable[[str], World], record_property: Note) -> None:
    """The verdict of every person or household, and who is listed as what, are those of one query over the joined table."""
    world = worlds(folder)
    expected = world.query_verdicts(policy)

    with world.workspace.reading() as host:
        matcher = cast("Matcher", host.state.matcher)
        verdicts, listing = world.engine_verdicts(matcher, policy), world.engine_list(matcher, policy)

    wrong = {id: (expected.get(id), verdicts.get(id)) for id in expected.keys() | verdicts.keys() if expected.get(id) != verdicts.get(id)}
    assert not wrong, f"{len(wrong)} differ (query, engine): {dict(sorted(wrong.items())[:10])}"
    assert {id: status for id, status, *_ in listing} == statuses(world, policy, expected)
    yes, no, unknown = counts(verdicts)
    kind = world.policies[policy].subject
    record_property("real-counts", f"{folder:8} {policy:28} {kind:9} {yes:7,} {no:7,} {unknown:7,} {len(listing):7,}")
    assert yes and no and unknown, "each policy has at least one of each"


@pytest.mark.parametrize("folder", BOTH)
def test_the_lines_of_all_editions_add_up_to_the_lists(folder: str, worlds: Callable[[str], World]) -> None:
    """Who entered, left and changed, from the first line on, gives each list as it stands."""
    world = worlds(folder)
    lists = summed_lists(world.outputs)

    with world.workspace.reading() as host:
        for policy in world.policies:
            now = {c.subject: (c.status, c.checklist, c.missing) for c in materialized_list(host.state, policy)}
            assert lists.get(policy, {}) == now, policy


@pytest.mark.seeds
@pytest.mark.parametrize("folder", BOTH)
def test_any_order_of_delivery_gives_the_same(folder: str, worlds: Callable[[str], World], record_property: Note) -> None:
    """Other orders of the same files, batches, publications, statements and answers give the same verdicts and lists."""
    world = worlds(folder)
    with world.workspace.reading() as host:
        parts = _read_once(host.state)
        matcher = cast("Matcher", host.state.matcher)
        wanted = {name: world.signature(matcher, name) for name in world.policies}
    start = perf_counter()

    for seed in RUN:
        state = State(parts)
        for offset, message in enumerate(another_order(world.messages, seed)):
            step(state, message, offset)
        again = cast("Matcher", state.matcher)

        assert state.day == AS_OF
        for name in world.policies:
            signature = world.signature(again, name)
            assert [what for what in signature if signature[what] != wanted[name][what]] == [], f"order {seed}, {name}"
    record_property("real-fact", f"{folder}: {len(RUN)} orders of {len(world.messages)} messages in {perf_counter() - start:.1f} s")


def _read_once(state: State) -> Parts:
    """Ports that give the catalogue and policies read before: reading the same YAML again for each order proves nothing here."""
    policies = {version.text: version.policy for versions in state.registry.versions.values() for version in versions.values()}
    return Parts(lambda units, contracts: state.catalogue, lambda text, file, catalogue: policies[text])


def test_the_policies_exercise_the_language() -> None:
    """At least twelve policies a folder over persons and households, with every main construct among them."""
    texts = {folder: [path.read_text(encoding="utf-8") for path in delivered_world.documents(folder, "policies")] for folder in FOLDERS}
    words = (
        "all:", "any:", "none:", "rule:", "unless:", "use:", "check:", "age_of:", "as_of:", "within_last:", "at_least_ago:", "before:",
        "quantifier: some", "quantifier: none", "quantifier: all", "quantifier: count", "sum_of:", "per:", "times:", "by:", "absence: closed",
        "absence: open", "op: within", "op: in,", "op: not_in", "direction: burden", "subject: person", "subject: household",
    )  # fmt: skip

    for folder, policy_texts in texts.items():
        assert len(policy_texts) >= 12
        assert not [word for word in words if not any(word in text for text in policy_texts)], folder
