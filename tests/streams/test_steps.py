"""Steps: what each message does, what is refused, and that refusing changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.problems import HuiminError, Invalid
from streams.errors import Refused
from streams.messages import (
    CandidateChange,
    CatalogueSet,
    CheckAnswered,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    EditionCut,
    Input,
    PolicyPublished,
    PolicyWithdrawn,
    Tick,
)
from streams.state import State
from streams.steps import STEPS, step
from streams.testing import rows
from streams.wire import KINDS, decode, encode
from tests.streams.world import (
    DAY,
    catalogue,
    coverage,
    delivered,
    network,
    parts,
    people,
    published,
    run,
)

BORN = date(1950, 1, 1)
ELDERLY = "elderly-uninsured"


class Bench:
    """A state, and messages put to it in order."""

    def __init__(self, *messages: Input) -> None:
        self.state = State(parts())
        self.do(Tick(DAY), network(), *messages)

    def do(self, *messages: Input) -> list[CandidateChange]:
        """The lines of the last message."""
        lines: list[CandidateChange] = []
        for message in messages:
            lines = step(self.state, message, self.state.offset + 1)
        return lines

    def listed(self, policy: str = ELDERLY) -> list[int]:
        return [subject for subject, _ in self.state.matcher.candidates(policy)]

    def life(self, version: int, policy: str = ELDERLY) -> str:
        return self.state.registry.life(policy, version, self.state.day, self.state.catalogue)

    def refuses(self, message: Input, words: str = "") -> HuiminError:
        """The refusal of a message, after checking that nothing has changed."""
        before = self.state.meta()
        with pytest.raises((Refused, Invalid), match=words or None) as caught:
            self.do(message)
        assert self.state.meta() == before
        assert caught.value.text.zh
        return caught.value


def register(*subjects: int, number: int = 1, unplaced: int = 0, replaces: bool = False) -> list[Input]:
    """A delivery of the register with these persons."""
    return delivered(people(number, 1, list(subjects), [BORN] * len(subjects)), f"d-{number}", unplaced, replaces)


def brief(lines: list[CandidateChange]) -> list[tuple[str, int, str, str]]:
    return [(line.id, line.subject, line.change, line.cause.kind) for line in lines]


def test_every_kind_of_message_has_a_step() -> None:
    """The table and the wire know the same messages."""
    assert set(STEPS) == set(KINDS)


def test_records_of_a_published_policy_make_lines_in_order() -> None:
    """Ids are the offset and the place; lines come by policy and subject; the cause names feed, unit and delivery, never a person."""
    bench = Bench(published(ELDERLY), DeliveryStarted("hukou", 0, 1, "d-1"))

    lines = bench.do(people(1, 1, [9, 3, 5], [BORN] * 3))

    assert brief(lines) == [("4.0", 3, "entered", "record"), ("4.1", 5, "entered", "record"), ("4.2", 9, "entered", "record")]
    assert lines[0].cause.detail == "hukou putuo-psb 1"
    assert {line.day for line in lines} == {DAY}


def test_messages_before_the_catalogue_are_refused() -> None:
    """Without feeds nothing can be understood; a tick can."""
    state = State(parts())
    step(state, Tick(DAY), 0)

    for message in (DeliveryStarted("hukou", 0, 1, "d"), published(ELDERLY), coverage("c", "hukou", DAY)):
        with pytest.raises(Refused, match="no feed catalogue yet"):
            step(state, message, 1)

    assert state.offset == 0


def test_started_delivery_keeps_its_number() -> None:
    """Started again it changes nothing; another id cannot take its number, nor it another number."""
    bench = Bench(DeliveryStarted("hukou", 0, 1, "a"))

    bench.do(DeliveryStarted("hukou", 0, 1, "a"))

    assert bench.state.delivery_number("hukou", 0, "a") == (1, 0, False)
    assert bench.state.delivery_number("hukou", 0, "b") == (2, 0, False)
    bench.refuses(DeliveryStarted("hukou", 0, 1, "b"), "should be 2")
    bench.refuses(DeliveryStarted("hukou", 0, 2, "a"), "should be 1")
    bench.refuses(DeliveryStarted("hukou", 1, 1, "a"), "has 1 sources")
    bench.refuses(DeliveryStarted("cadastre", 0, 1, "a"), "no feed cadastre")


def test_interrupted_delivery_resumes_behind_the_highest_row() -> None:
    """What was applied is counted once, in whatever order and however often it came."""
    bench = Bench(DeliveryStarted("hukou", 0, 1, "a"))
    first, second = people(1, 1, [1, 2, 3], [BORN] * 3), people(1, 4, [4, 5], [BORN] * 2)

    bench.do(second, second, first, first)

    assert bench.state.delivery_number("hukou", 0, "a") == (1, 5, False)
    bench.refuses(DeliveryCompleted("hukou", 0, 1, "a", 7, 1), "claims 7 rows, 1 of them unreadable, and 5 were applied")
    bench.do(DeliveryCompleted("hukou", 0, 1, "a", 6, 1), DeliveryCompleted("hukou", 0, 1, "a", 6, 1))
    assert bench.state.delivery_number("hukou", 0, "a") == (1, 5, True)
    bench.refuses(DeliveryCompleted("hukou", 0, 1, "a", 6, 0), "differs from what is on record")


def test_batch_must_fit_its_contract() -> None:
    """Unknown delivery, wrong columns, types, codes or tokens are refused whole."""
    bench = Bench(DeliveryStarted("hukou", 0, 1, "a"))
    good = people(1, 1, [1, 2], [BORN] * 2)

    bench.refuses(people(2, 1, [1], [BORN]), "has not been started")
    bench.refuses(replace(good, feed="cadastre"), "no feed cadastre")
    bench.refuses(replace(good, source=4), "has 1 sources")
    bench.refuses(replace(good, links={}), "links should be household")
    bench.refuses(replace(good, values={**good.values, "shoe_size": good.values["sex"]}), "found .*shoe_size")
    bench.refuses(replace(good, subject=np.array([1, 0], np.uint64)), "subject")
    bench.refuses(replace(good, order=good.order.astype(np.int32)), "int64")
    bench.refuses(replace(good, flags=good.flags[:1]), "flags")
    bench.refuses(replace(good, row=np.array([0, 1], np.int32)), "row")
    for name, code in (("sex", 2), ("sex", -1), ("division", 2)):
        bench.refuses(replace(good, values={**good.values, name: np.array([0, code])}), f"{name} should be 0..1, found {code}")


def test_full_replacement_withdraws_what_is_older() -> None:
    """Only when the delivery is whole; as one set of lines."""
    bench = Bench(published(ELDERLY), *register(1, 2, 3))

    lines = bench.do(*register(2, 4, number=2, replaces=True))

    assert [(line.subject, line.change, line.cause.kind) for line in lines] == [(1, "left", "record"), (3, "left", "record")]
    assert bench.listed() == [2, 4]


def test_coverage_waits_for_its_delivery() -> None:
    """A statement that names a delivery proves nothing before that is whole with the rows it names."""
    bench = Bench(published(ELDERLY), DeliveryStarted("hukou", 0, 1, "d-1"), people(1, 1, [1, 2], [BORN] * 2))
    bench.do(coverage("c1", "hukou", DAY, "d-1", 2))
    assert bench.state.statements.entries["c1"].standing == "pending"

    lines = bench.do(DeliveryCompleted("hukou", 0, 1, "d-1", 2, 0))

    assert [(line.subject, line.change, line.status, line.cause.detail) for line in lines] == [
        (1, "changed", "eligible", "c1"),
        (2, "changed", "eligible", "c1"),
    ]
    assert bench.do(coverage("c1", "hukou", DAY, "d-1", 2)) == []
    bench.refuses(coverage("c1", "hukou", DAY, "d-1", 3), "exists with another content")


def test_coverage_with_other_rows_proves_nothing() -> None:
    """Statement and delivery disagree: it stays without effect, with a notice, whichever came first."""
    bench = Bench(published(ELDERLY), coverage("before", "hukou", DAY, "d-1", 9), *register(1, 2))

    bench.do(coverage("after", "hukou", DAY, "d-1", 9))

    assert [(n.kind, n.about) for n in bench.state.notices] == [("coverage_rows", "before"), ("coverage_rows", "after")]
    assert bench.state.statements.in_effect() == []


def test_coverage_is_voided_by_unreadable_rows() -> None:
    """More rows that name nobody than the contract allows: the delivery may lack the very person asked about."""
    bench = Bench(published(ELDERLY), coverage("c1", "hukou", DAY, "d-1"), *register(1, 2, unplaced=1))

    assert bench.state.statements.entries["c1"].standing == "voided"
    assert [(n.kind, n.about) for n in bench.state.notices] == [("coverage_voided", "c1")]


def test_coverage_withdrawn_takes_its_effect_back() -> None:
    """Once; a statement nobody made is refused."""
    bench = Bench(published(ELDERLY), *register(1), coverage("c1", "hukou", DAY))

    lines = bench.do(CoverageWithdrawn("c1"))

    assert [(line.status, line.before, line.cause.kind) for line in lines] == [("needs_evidence", "eligible", "coverage")]
    assert bench.do(CoverageWithdrawn("c1")) == []
    bench.refuses(CoverageWithdrawn("c2"), "no coverage statement c2")


def test_coverage_names_a_division_or_subjects() -> None:
    """One of the two, and a division by its code."""
    bench = Bench()
    good = coverage("c1", "hukou", DAY)

    for bad in (replace(good, division=None), replace(good, subjects=(1,)), replace(good, division="Putuo")):
        bench.refuses(bad, "division code or a list")


def test_publication_puts_people_on_a_list_and_withdrawal_takes_them_off() -> None:
    """Both are decisions of two different people."""
    bench = Bench(*register(1, 2))

    entered = bench.do(published(ELDERLY))
    left = bench.do(PolicyWithdrawn(ELDERLY, "author", "approver", "superseded by law"))

    assert [(line.subject, line.change, line.cause.kind) for line in entered] == [(1, "entered", "publication"), (2, "entered", "publication")]
    assert [(line.subject, line.change, line.cause.kind) for line in left] == [(1, "left", "withdrawal"), (2, "left", "withdrawal")]
    assert bench.life(1) == "withdrawn"
    assert bench.do(published(ELDERLY)) == []
    bench.refuses(replace(published("group-rental"), approved_by="author"), "Two different people")
    bench.refuses(PolicyWithdrawn(ELDERLY, "author", "author", ""), "Two different people")
    bench.refuses(PolicyWithdrawn("nothing", "author", "approver", ""), "no policy nothing")


def test_published_version_never_changes() -> None:
    """The same again is nothing; another text under its number, a number out of turn and a false digest are refused."""
    first = published(ELDERLY)
    bench = Bench(first)

    assert bench.do(first) == []
    bench.refuses(published(ELDERLY, 1, ("value: 70", "value: 60")), "next number is 2")
    bench.refuses(published(ELDERLY, 3), "next number is 2")
    bench.refuses(replace(published(ELDERLY, 2), digest="0" * 64), "disagree")
    bench.refuses(replace(published(ELDERLY, 2), policy="other", version=2), "disagree")
    bench.refuses(PolicyPublished("new", 1, "criteria: [", "d", "a", "b"))
    bench.refuses(PolicyPublished("new", 1, first.text.replace("hukou.birth_date", "hukou.shoe"), "d", "a", "b"), "shoe")


def test_first_version_waits_for_its_first_day() -> None:
    """Scheduled, then in force on its first day by publication."""
    bench = Bench(*register(1), published(ELDERLY, start=DAY + timedelta(2)))
    assert (bench.life(1), bench.listed()) == ("scheduled", [])

    lines = bench.do(Tick(DAY + timedelta(3)))

    assert [(line.subject, line.cause.kind, line.day) for line in lines] == [(1, "publication", DAY + timedelta(2))]
    assert bench.life(1) == "in_force"


def test_next_version_waits_while_the_older_stays() -> None:
    """On its first day it takes over, by amendment, net; a clock put back gives the list of that day again."""
    bench = Bench(*register(1), published(ELDERLY), published(ELDERLY, 2, start=DAY + timedelta(2)))
    assert (bench.life(1), bench.life(2), bench.state.in_matcher) == ("in_force", "scheduled", {ELDERLY: 1})

    amended = bench.do(Tick(DAY + timedelta(2)))
    assert (bench.life(1), bench.life(2), bench.state.in_matcher) == ("superseded", "in_force", {ELDERLY: 2})
    assert amended == []
    bench.do(Tick(DAY))

    assert bench.state.in_matcher == {ELDERLY: 1}


def test_amendment_is_net() -> None:
    """Whoever stays on the list has no line; who leaves by the new version has the cause amendment."""
    bench = Bench(*register(1), *delivered(rows(catalogue(), "medical_insurance", 1, 1, [2]), "m"), published(ELDERLY))

    lines = bench.do(published(ELDERLY, 2))

    assert lines == []
    assert bench.state.in_matcher == {ELDERLY: 2}


def test_last_day_is_in_force_the_next_is_not() -> None:
    """`effective.to` is the last day."""
    bench = Bench(*register(1), published(ELDERLY, swap=("to: null", f"to: {DAY}")))
    assert bench.listed() == [1]

    lines = bench.do(Tick(DAY + timedelta(1)))

    assert [(line.change, line.cause.kind) for line in lines] == [("left", "day")]
    assert bench.life(1) == "expired"


def test_ended_agreement_takes_dependent_candidates_off() -> None:
    """On the day after an agreement's last, with the cause and a notice; renewed by a wider catalogue they come back."""
    until = date(2027, 12, 31)
    bench = Bench(*register(1), published(ELDERLY), Tick(until))

    lines = bench.do(Tick(until + timedelta(1)))

    assert [(line.change, line.cause.kind, line.cause.detail) for line in lines] == [("left", "agreement", "hukou")]
    assert bench.life(1) == "suspended"
    assert [n.kind for n in bench.state.notices] == ["suspended"]
    renewed = {name: text.replace("2027-12-31", "2029-12-31") for name, text in network().contracts.items()}
    lines = bench.do(CatalogueSet(network().units, renewed))
    assert [(line.change, line.cause.kind) for line in lines] == [("entered", "agreement")]


def test_catalogue_may_only_add() -> None:
    """Feeds and units are added behind what there is; what is read of a record does not change."""
    bench = Bench()
    contracts = dict(network().contracts)
    fewer = {name: text for name, text in contracts.items() if name != "occupancy"}
    other = {**contracts, "hukou": contracts["hukou"].replace("male: 男, female: 女", "female: 女, male: 男")}

    bench.refuses(CatalogueSet(network().units, fewer), "occupancy .removed")
    bench.refuses(CatalogueSet(network().units, other), "hukou .changed: fields")
    added = {"aid": contracts["pension"].replace("feed: pension", "feed: aid"), **contracts}
    bench.do(CatalogueSet(network().units, added))

    assert list(bench.state.catalogue.feeds) == [*catalogue().feeds, "aid"]


def test_answers_outlive_versions_and_suspensions() -> None:
    """An answer given while a policy is not matched counts once it is; a check nobody asks is refused."""
    household = delivered(rows(catalogue(), "hukou", 1, 1, [7]), "h")
    bench = Bench(*household, published("relocation-hardship"))
    bench.refuses(CheckAnswered("relocation-hardship", 7, "wiling", True), "has no check wiling")
    bench.refuses(CheckAnswered("nothing", 7, "willing", True), "no policy nothing")
    listed = bench.listed("relocation-hardship")

    lines = bench.do(CheckAnswered("relocation-hardship", 7, "willing", False))
    bench.do(PolicyWithdrawn("relocation-hardship", "author", "approver", ""), CheckAnswered("relocation-hardship", 7, "willing", True))
    bench.do(published("relocation-hardship", 2))

    assert [line.cause.kind for line in lines] == ["answer"] * len(listed)
    assert bench.listed("relocation-hardship") == listed
    assert not bench.state.unsaid


def test_missed_days_are_passed_one_by_one() -> None:
    """A tick over many days gives every day's lines, in order, under that day."""
    start = DAY + timedelta(2)
    bench = Bench(*register(1), published(ELDERLY, swap=("from: 2026-10-01, to: null", f"from: {start}, to: {start}")))

    lines = bench.do(Tick(DAY + timedelta(400)))

    assert [(line.change, line.day, line.cause.kind) for line in lines] == [
        ("entered", start, "publication"),
        ("left", start + timedelta(1), "day"),
    ]
    assert bench.do(Tick(DAY + timedelta(400))) == []


def test_edition_cut_needs_a_policy() -> None:
    """It changes no list."""
    bench = Bench(published(ELDERLY))

    assert bench.do(EditionCut(ELDERLY)) == []
    bench.refuses(EditionCut("nothing"), "no policy nothing")


def test_same_messages_give_the_same_lines_and_state() -> None:
    """Also when they went through bytes."""
    one, two = State(parts()), State(parts())

    for offset, message in enumerate(run(150)):
        assert step(one, message, offset) == step(two, decode(encode(message)), offset)

    assert one.meta() == two.meta()


@given(st.integers(0, 149), st.integers(0, 2**16))
@settings(max_examples=15, deadline=None)
def test_state_restored_from_meta_and_arrays_goes_on_alike(cut: int, seed: int) -> None:
    """Written out anywhere and read back, the state gives the same lines for what follows."""
    whole, messages = State(parts()), list(run(150, seed))
    for offset, message in enumerate(messages[:cut]):
        step(whole, message, offset)

    restored = State.restored(parts(), whole.meta(), whole.arrays())

    assert restored.meta() == whole.meta()
    for offset, message in enumerate(messages[cut:], cut):
        assert step(restored, message, offset) == step(whole, message, offset)
    assert restored.meta() == whole.meta()
