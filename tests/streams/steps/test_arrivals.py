"""Records as they really come: late, twice, in any order, corrected, backdated; and people, households and dwellings that move.

Each test is one case, with its lines and their causes; ``town`` then runs it on several partitions. Random orders of rows are tested in
``tests/matchers``.
"""

from __future__ import annotations

from itertools import permutations

from streams.language.messages import Tick
from tests.streams.town import ELDERLY, RELOCATION, RENTAL, Town
from tests.streams.world import DAY, number

TODAY, YOUNG = number(DAY), number(DAY.replace(year=1990))
P, Q, H, OTHER, D, ELSEWHERE = 1, 2, 101, 102, 201, 202


def test_late_record_that_is_older_changes_nothing(town: Town) -> None:
    """The order of a version counts, not its time of arrival."""
    town.person(P)
    town.insurance(P, key=7, status=2, at=20)

    late = town.insurance(P, key=7, status=0, at=10)

    assert late == []
    assert town.statuses(ELDERLY) == {P: "eligible"}


def test_late_record_about_before_the_list_takes_off(town: Town) -> None:
    """A record that was missing when the person entered takes the person off when it comes."""
    town.person(P)

    late = town.insurance(P, key=7, at=-1_000)

    assert late == [(P, "left", None, "record", "medical_insurance putuo-medical-insurance 1")]


def test_versions_in_any_order_end_alike() -> None:
    """Active, suspended, ended: whichever comes first, the person is on the list in the end."""
    for order in permutations(range(3)):
        town = Town(ELDERLY)
        town.person(P)

        for status in order:
            town.insurance(P, key=7, status=status, at=status)

        assert town.statuses(ELDERLY) == {P: "eligible"}, order


def test_row_delivered_twice_changes_nothing_the_second_time(town: Town) -> None:
    """Here it comes with a delivery of its own."""
    town.person(P)
    town.insurance(P, key=7)

    again = town.insurance(P, key=7)

    assert again == []
    assert town.statuses(ELDERLY) == {}


def test_corrected_record_takes_back_what_it_did(town: Town) -> None:
    """The cause of the line is the delivery with the correction."""
    town.person(P)
    left = town.insurance(P, key=7)

    back = town.insurance(P, key=7, status=2, at=1)

    assert left == [(P, "left", None, "record", "medical_insurance putuo-medical-insurance 1")]
    assert back == [(P, "entered", "eligible", "record", "medical_insurance putuo-medical-insurance 2")]


def test_record_corrected_to_be_another_persons(town: Town) -> None:
    """The unit corrects the number: one person comes back and the other leaves, by one delivery."""
    town.person(P)
    town.person(Q)
    town.insurance(P, key=7)

    moved = town.insurance(Q, key=7, at=1)

    cause = ("record", "medical_insurance putuo-medical-insurance 2")
    assert moved == [(P, "entered", "eligible", *cause), (Q, "left", None, *cause)]


def test_deletion_takes_back_what_the_record_did(town: Town) -> None:
    """An older version that comes after the deletion changes nothing."""
    town.person(P)
    town.insurance(P, key=7)

    back = town.insurance(P, key=7, at=5, flags=1)
    late = town.insurance(P, key=7, at=3)

    assert back == [(P, "entered", "eligible", "record", "medical_insurance putuo-medical-insurance 2")]
    assert late == []


def test_validity_that_ended_in_the_past_counts_from_today(town: Town) -> None:
    """By a correction the insurance ended last week: the person enters now, not then."""
    town.person(P)
    town.insurance(P, key=7, valid_from=TODAY - 400)

    ended = town.insurance(P, key=7, at=1, valid_from=TODAY - 400, valid_to=TODAY - 7)

    assert ended == [(P, "entered", "eligible", "record", "medical_insurance putuo-medical-insurance 2")]


def test_validity_that_began_in_the_past_counts_from_today(town: Town) -> None:
    """The insurance turns out to have begun last year: the person leaves on the day the record comes."""
    town.person(P)

    left = town.insurance(P, key=7, valid_from=TODAY - 400, valid_to=TODAY + 2)
    waiting = town.do(Tick(DAY.replace(day=DAY.day + 2)))
    after = town.do(Tick(DAY.replace(day=DAY.day + 3)))

    assert left == [(P, "left", None, "record", "medical_insurance putuo-medical-insurance 1")]
    assert waiting == []
    assert after == [(P, "entered", "eligible", "day", "2026-10-18")]


def test_person_who_moves_out_of_the_district_leaves_and_comes_back(town: Town) -> None:
    """Within the district the person stays on the list, which shows the new street."""
    town.person(P)

    within = town.person(P, place=1, at=1)
    out = town.person(P, place=2, at=2)
    back = town.person(P, place=0, at=3)

    assert within == [(P, "changed", "eligible", "record", "hukou putuo-psb 2")]
    assert out == [(P, "left", None, "record", "hukou putuo-psb 3")]
    assert back == [(P, "entered", "eligible", "record", "hukou putuo-psb 4")]


def test_person_who_moves_to_another_household_takes_the_income_along(town: Town) -> None:
    """The old household is below the limit now, the new one above it."""
    for household in (H, OTHER):
        town.household(household, D)
    town.dwelling(D)
    town.notice(D)
    town.income(P, 6_000)

    first = town.person(P, H, birth=YOUNG)
    moved = town.person(P, OTHER, birth=YOUNG, at=1)

    assert first == [(H, "left", None, "record", "hukou putuo-psb 1")]
    assert moved == [
        (H, "entered", "to_check", "record", "hukou putuo-psb 2"),
        (OTHER, "left", None, "record", "hukou putuo-psb 2"),
    ]


def test_household_that_moves_to_another_dwelling(town: Town) -> None:
    """It leaves the list when it moves to a dwelling without notice, and enters when it moves back."""
    town.dwelling(D)
    town.dwelling(ELSEWHERE)
    town.notice(D)
    town.household(H, D)

    away = town.household(H, ELSEWHERE, at=1)
    back = town.household(H, D, at=2)

    assert away == [(H, "left", None, "record", "household putuo-psb 2")]
    assert back == [(H, "entered", "to_check", "record", "household putuo-psb 3")]


def test_dwelling_that_turns_out_to_be_in_another_district(town: Town) -> None:
    """Its division is corrected and lies outside the scope; its occupants stay where they are registered."""
    town.dwelling(D)
    for subject in (P, Q, 3):
        town.occupant(subject, D)

    away = town.dwelling(D, place=2, at=1)

    assert away == [(D, "left", None, "record", "dwelling putuo-housing 2")]
    assert town.statuses(RENTAL) == {}


def test_household_that_splits_into_two(town: Town) -> None:
    """One of its two members is registered in the other household; each household is judged by its own income."""
    town.dwelling(D)
    town.notice(D)
    town.household(H, D)
    for subject, yuan in ((P, 3_000), (Q, 3_000)):
        town.person(subject, H, birth=YOUNG)
        town.income(subject, yuan)
    assert town.statuses(RELOCATION) == {}

    founded = town.household(OTHER, D, size=1)
    moved = town.person(Q, OTHER, birth=YOUNG, at=1)

    assert founded == [(OTHER, "entered", "to_check", "record", "household putuo-psb 2")]
    assert moved == [
        (H, "entered", "to_check", "record", "hukou putuo-psb 3"),
        (OTHER, "left", None, "record", "hukou putuo-psb 3"),
    ]


def test_link_that_comes_before_what_it_points_to(town: Town) -> None:
    """A person links to a household that is not registered yet, at a dwelling that is not: each is judged once it is registered."""
    assert town.person(P, H) == [(P, "entered", "eligible", "record", "hukou putuo-psb 1")]
    assert town.income(P, 2_000) == []
    assert town.notice(D) == []

    registered = town.household(H, D)
    housed = town.dwelling(D)

    assert registered == [(H, "entered", "to_check", "record", "household putuo-psb 1")]
    assert housed == []


def test_links_and_what_they_point_to_come_in_any_order() -> None:
    """Person, household, dwelling, notice: in every order the household is on the list in the end."""
    for order in permutations(range(4)):
        town = Town(RELOCATION)
        acts = (lambda t: t.person(P, H), lambda t: t.household(H, D), lambda t: t.dwelling(D), lambda t: t.notice(D))

        for place in order:
            acts[place](town)

        assert town.statuses(RELOCATION) == {H: "to_check"}, order


def test_occupants_who_come_before_their_dwelling(town: Town) -> None:
    """They count when the dwelling is registered."""
    for subject in (P, Q, 3):
        assert town.occupant(subject, D) == []

    registered = town.dwelling(D)

    assert registered == [(D, "entered", "eligible", "record", "dwelling putuo-housing 1")]
