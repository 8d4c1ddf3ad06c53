"""Corrections of identity through the steps: the lines of a merge, a split and their undoing, and refusals.

Each test is one case, with its lines and their causes; ``town`` runs it on several partitions, too. Random orders of rows and decisions are
tested in ``tests/matchers/matrix/test_identity.py``.
"""

from __future__ import annotations

import pytest

from streams.language.messages import CheckAnswered, CoverageStated, IdentityMerged, IdentitySplit, Input, PolicyWithdrawn
from streams.steps.state import State
from tests.streams.bench import Bench
from tests.streams.town import ELDERLY, RELOCATION, RENTAL, Town
from tests.streams.world import DAY, coverage, number, parts, publication

A, B, C, H, OTHER, D, SAME = 1, 2, 3, 101, 102, 201, 202
YOUNG = number(DAY.replace(year=1990))
MERGE, SPLIT = ("identity", "person merge"), ("identity", "person split")


def test_two_persons_who_are_one_are_listed_once(town: Town) -> None:
    """The merged person leaves, the other stays and has the records of both from now on."""
    town.person(A)
    town.person(B)

    merged = town.merge("person", A, B)
    insured = town.insurance(A, key=7)

    assert merged == [(A, "left", None, *MERGE)]
    assert insured == [(B, "left", None, "record", "medical_insurance putuo-medical-insurance 1")]
    assert town.statuses(ELDERLY) == {}


def test_merge_brings_what_speaks_against(town: Town) -> None:
    """The person was insured all the time, under the other number."""
    town.person(B)
    town.insurance(A, key=7)

    merged = town.merge("person", A, B)

    assert merged == [(B, "left", None, *MERGE)]


def test_merge_brings_somebody_onto_a_list(town: Town) -> None:
    """B has no registration; that of A makes B a candidate."""
    town.person(A)

    merged = town.merge("person", A, B)

    assert merged == [(A, "left", None, *MERGE), (B, "entered", "eligible", *MERGE)]


def test_undone_merge_gives_back_all_records_also_later_ones(town: Town) -> None:
    """Records delivered as A belong to A again, also new rows and versions; those delivered as B stay with B."""
    town.person(A)
    town.person(B)
    town.merge("person", A, B)
    town.insurance(A, key=7)
    town.person(A, at=1, place=1)

    undone = town.split("person", A)

    assert undone == [(B, "entered", "eligible", *SPLIT)]
    assert town.statuses(ELDERLY) == {B: "eligible"}
    assert town.insurance(A, key=7, status=2, at=1) == [(A, "entered", "eligible", "record", "medical_insurance putuo-medical-insurance 2")]


def test_record_redelivered_under_the_right_number_stays_there(town: Town) -> None:
    """The unit has corrected the number meanwhile: the undoing takes nothing from B that was delivered as B."""
    town.person(B)
    town.merge("person", A, B)
    town.insurance(A, key=7)
    town.insurance(B, key=7, at=1)

    undone = town.split("person", A)

    assert undone == []
    assert town.statuses(ELDERLY) == {}


def test_decision_may_come_before_any_row(town: Town) -> None:
    """Neither number is known yet; later rows go to the right subject."""
    assert town.merge("person", A, B) == []

    entered = town.person(A)

    assert entered == [(B, "entered", "eligible", "record", "hukou putuo-psb 1")]


def test_merged_away_is_followed_to_the_end_and_undone_one_by_one(town: Town) -> None:
    """C counts as A, A as B; when A is split off again, C still counts as A."""
    town.merge("person", C, A)
    town.merge("person", A, B)
    town.person(C)

    undone = town.split("person", A)

    assert undone == [(A, "entered", "eligible", *SPLIT), (B, "left", None, *SPLIT)]
    assert town.split("person", C) == [(A, "left", None, *SPLIT), (C, "entered", "eligible", *SPLIT)]


def test_two_households_that_are_one(town: Town) -> None:
    """Members and their income move along: together their income is too high."""
    town.dwelling(D)
    town.notice(D)
    for household, subject in ((H, A), (OTHER, B)):
        town.household(household, D)
        town.person(subject, household, birth=YOUNG)
        town.income(subject, 3_000)
    assert town.statuses(RELOCATION) == {H: "to_check", OTHER: "to_check"}

    merged = town.merge("household", H, OTHER)
    undone = town.split("household", H)

    assert merged == [(line, "left", None, "identity", "household merge") for line in (H, OTHER)]
    assert undone == [(line, "entered", "to_check", "identity", "household split") for line in (H, OTHER)]


def test_two_dwellings_that_are_one(town: Town) -> None:
    """One room has two numbers: together it has too many occupants."""
    town.dwelling(D)
    town.dwelling(SAME)
    for subject, dwelling in ((A, D), (B, D), (C, SAME)):
        town.occupant(subject, dwelling)

    merged = town.merge("dwelling", SAME, D)
    undone = town.split("dwelling", SAME)

    assert merged == [(D, "entered", "eligible", "identity", "dwelling merge")]
    assert undone == [(D, "left", None, "identity", "dwelling split")]
    assert town.statuses(RENTAL) == {}


def test_answers_move_and_the_one_given_last_counts(town: Town) -> None:
    """The time of an answer counts, not its subject; each household has its own answer again when the merge is undone."""
    town.dwelling(D)
    town.notice(D)
    for household in (H, OTHER):
        town.household(household, D)
    answers = [CheckAnswered(RELOCATION, H, "willing", True), CheckAnswered(RELOCATION, OTHER, "willing", False)]
    town.do(*answers)
    assert town.statuses(RELOCATION) == {H: "eligible"}
    town.do(answers[0])  # once more, later than that of the other household

    merged = town.merge("household", H, OTHER)
    refused = town.do(CheckAnswered(RELOCATION, H, "willing", False))
    undone = town.split("household", H)

    assert merged == [(H, "left", None, "identity", "household merge"), (OTHER, "entered", "eligible", "identity", "household merge")]
    assert refused == [(OTHER, "left", None, "answer", "willing")]
    assert undone == []
    assert town.do(CheckAnswered(RELOCATION, OTHER, "willing", True)) == [(OTHER, "entered", "eligible", "answer", "willing")]
    assert town.statuses(RELOCATION) == {OTHER: "eligible"}


def test_answer_counts_for_the_other_household_while_they_are_merged(town: Town) -> None:
    """When the merge is undone, the check is open again."""
    town.dwelling(D)
    town.notice(D)
    town.household(OTHER, D)
    town.do(CheckAnswered(RELOCATION, H, "willing", True))

    merged = town.merge("household", H, OTHER)
    undone = town.split("household", H)

    assert merged == [(OTHER, "changed", "eligible", "identity", "household merge")]
    assert undone == [(OTHER, "changed", "to_check", "identity", "household split")]


def test_answers_given_while_the_policy_was_withdrawn_count_in_their_order(town: Town) -> None:
    """The last answer counts when the policy is published again, whatever the tokens are."""
    town.dwelling(D)
    town.notice(D)
    town.household(OTHER, D)
    town.do(PolicyWithdrawn(RELOCATION, 1, "author", "approver", "pause"))
    town.do(CheckAnswered(RELOCATION, OTHER, "willing", False), CheckAnswered(RELOCATION, H, "willing", True))
    town.merge("household", H, OTHER)

    again = town.do(publication(RELOCATION, 2))

    assert again == [(OTHER, "entered", "eligible", "publication", "relocation-hardship@2")]


def test_lists_of_coverage_move() -> None:
    """A list that names A proves absence for B: the merge settles the missing evidence, and the undoing unsettles it."""
    town = Town(ELDERLY, covered=False)
    town.do(coverage("pension", "pension", DAY), CoverageStated("list", "medical_insurance", 0, None, (A,), DAY))
    town.person(B)
    assert town.statuses(ELDERLY) == {B: "needs_evidence"}

    merged = town.merge("person", A, B)
    undone = town.split("person", A)

    assert merged == [(B, "changed", "eligible", *MERGE)]
    assert undone == [(B, "changed", "needs_evidence", *SPLIT)]
    town.same()


def test_records_given_to_another_and_taken_back(town: Town) -> None:
    """Two persons had one number: record 7 goes to B, record 8 stays with A."""
    town.person(A)
    town.person(B)
    town.insurance(A, key=7)
    town.insurance(A, key=8, status=2)

    moved = town.give("person", A, B, ("medical_insurance", 7))
    back = town.give("person", A, A, ("medical_insurance", 7))

    assert moved == [(A, "entered", "eligible", *SPLIT), (B, "left", None, *SPLIT)]
    assert back == [(A, "left", None, *SPLIT), (B, "entered", "eligible", *SPLIT)]


def test_later_deliveries_of_a_given_record(town: Town) -> None:
    """Later versions go to B as long as they name A; under another number they count as delivered. Other records stay with A."""
    town.person(A)
    town.person(B)
    town.person(C)
    town.give("person", A, B, ("medical_insurance", 7))

    first = town.insurance(A, key=7)
    other = town.insurance(A, key=8)
    mended = town.insurance(C, key=7, at=1)
    again = town.insurance(A, key=7, at=2)

    cause = ("record", "medical_insurance putuo-medical-insurance")
    assert first == [(B, "left", None, cause[0], f"{cause[1]} 1")]
    assert other == [(A, "left", None, cause[0], f"{cause[1]} 2")]
    assert mended == [(B, "entered", "eligible", cause[0], f"{cause[1]} 3"), (C, "left", None, cause[0], f"{cause[1]} 3")]
    assert again == [(B, "left", None, cause[0], f"{cause[1]} 4"), (C, "entered", "eligible", cause[0], f"{cause[1]} 4")]


def test_household_of_one_number_that_is_two(town: Town) -> None:
    """The register record of one of its two members is given to the other household; the member stays the same person."""
    town.dwelling(D)
    town.notice(D)
    town.household(H, D)
    for subject in (A, B):
        town.person(subject, H, birth=YOUNG)
        town.income(subject, 3_000)
    assert town.statuses(RELOCATION) == {}

    moved = town.give("household", H, OTHER, ("hukou", B))

    assert moved == [(H, "entered", "to_check", "identity", "household split")]
    assert town.person(B, H, birth=YOUNG, at=1) == []
    assert town.person(B, H, birth=YOUNG, at=2, flags=1) == []


def test_given_record_of_one_who_is_merged_later(town: Town) -> None:
    """A record is given away by the token of its delivery, to the subject that its new owner counts as."""
    town.person(B)
    town.person(C)
    town.insurance(A, key=7)
    town.give("person", A, B, ("medical_insurance", 7))
    assert town.statuses(ELDERLY) == {C: "eligible"}

    merged = town.merge("person", B, C)
    merged_again = town.merge("person", A, SAME)
    undone = town.split("person", B)

    assert merged == [(C, "left", None, *MERGE)]
    assert merged_again == []
    assert undone == [(C, "entered", "eligible", *SPLIT)]


def test_undoing_after_a_restart(town: Town) -> None:
    """The state stores under which token each record was delivered."""
    town.person(A)
    town.merge("person", A, B)
    town.give("person", A, C, ("medical_insurance", 7))
    town.insurance(A, key=7)
    town.restart()

    undone = town.split("person", A)
    town.restart()

    assert undone == [(A, "entered", "eligible", *SPLIT), (B, "left", None, *SPLIT)]
    assert town.give("person", A, A, ("medical_insurance", 7)) == [(A, "left", None, *SPLIT)]
    assert [(correction.kind, correction.subject) for correction in town.state.identities] == []


def test_state_of_before_there_were_corrections_is_read() -> None:
    """A snapshot from before corrections existed holds none."""
    town = Town(ELDERLY)
    town.person(A)
    meta = town.state.meta()
    del meta["identities"], meta["matcher"]["store"]["identities"]

    restored = State.restore(parts(real=True), meta, town.state.arrays())

    assert list(restored.identities) == []
    assert [candidate.subject for candidate in restored.matcher.candidates(ELDERLY)] == [A]


def test_the_same_again_changes_nothing(town: Town) -> None:
    """A merge or a split that is in force already; the first decision stays on record."""
    town.person(A)
    town.merge("person", A, B)
    town.give("person", A, C, ("pension", 1))

    assert town.do(IdentityMerged("person", A, B, "again", "another", "two")) == []
    assert town.give("person", A, C, ("pension", 1)) == []
    assert [correction.by for correction in town.state.identities] == ["author", "author"]


WHO = ("because", "author", "approver")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (IdentityMerged("person", A, A, *WHO), "into itself"),
        (IdentityMerged("person", 21, 11, *WHO), "into one that is merged into it"),
        (IdentityMerged("person", 11, C, *WHO), "split it first"),
        (IdentityMerged("street", A, B, *WHO), "one of person, household, dwelling"),
        (IdentityMerged("person", A, B, "because", "author", " Author"), "Two different people"),
        (IdentityMerged("person", A, B, "because", "author", ""), "Two different people"),
        (IdentityMerged("person", 0, B, *WHO), "out of range"),
        (IdentityMerged("person", A, 2**64, *WHO), "out of range"),
        (IdentitySplit("person", A, A, (), *WHO), "nothing to take back"),
        (IdentitySplit("household", 11, 11, (), *WHO), "nothing to take back"),
        (IdentitySplit("person", 11, 21, (), *WHO), "Name the records"),
        (IdentitySplit("person", A, A, (("pension", 0, 1),), *WHO), "nothing to take back"),
        (IdentitySplit("person", A, B, (("nobody", 0, 1),), *WHO), "no feed nobody"),
        (IdentitySplit("person", A, B, (("pension", 9, 1),), *WHO), "none at 9"),
        (IdentitySplit("person", A, B, (("dwelling", 0, 1),), *WHO), "name no person"),
        (IdentitySplit("dwelling", A, B, (("hukou", 0, 1),), *WHO), "name no dwelling"),
        (IdentitySplit("person", A, B, (("pension", 0, -1),), *WHO), "out of range"),
        (IdentitySplit("person", A, B, (("pension", 0, 1),), "because", "author", "author"), "Two different people"),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(message: Input, words: str) -> None:
    """The error says what to do instead; 11 is merged into 12, and 12 into 21."""
    bench = Bench(publication(ELDERLY), IdentityMerged("person", 11, 12, *WHO), IdentityMerged("person", 12, 21, *WHO))

    bench.refuses(message, words)


def test_messages_before_the_catalogue_are_refused() -> None:
    """There is no subject to correct yet."""
    town = Town(ELDERLY)
    town.state = State(parts(real=True))

    for message in (IdentityMerged("person", A, B, *WHO), IdentitySplit("person", A, B, (("pension", 0, 1),), *WHO)):
        with pytest.raises(Exception, match="no feed catalogue yet"):
            town.do(message)

    assert list(town.state.identities) == []
