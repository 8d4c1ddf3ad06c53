"""Records as they really come: late, twice, in any order, corrected, backdated; and people, households and dwellings that move.

The one idea: one story a test, through the steps, with the lines it moves and why; ``town`` then tells it to several partitions. That every
order ends alike is shown at random in ``tests/matchers``; here is what an agency sees on the way.
"""

from __future__ import annotations

from itertools import permutations

from streams.language.messages import Tick
from tests.streams.town import ELDERLY, RELOCATION, RENTAL, Town
from tests.streams.world import DAY, number

TODAY, YOUNG = number(DAY), number(DAY.replace(year=1990))
P, Q, H, OTHER, D, ELSEWHERE = 1, 2, 101, 102, 201, 202


def test_late_record_that_is_older_changes_nothing(town: Town) -> None:
    """What the unit changed last counts, not what came last."""
    town.person(P)
    town.insurance(P, key=7, status=2, at=20)

    late = town.insurance(P, key=7, status=0, at=10)

    assert late == []
    assert town.statuses(ELDERLY) == {P: "eligible"}


def test_late_record_about_before_the_list_takes_off(town: Town) -> None:
    """A record that was missing when she came on the list takes her off when it comes."""
    town.person(P)

    late = town.insurance(P, key=7, at=-1_000)

    assert late == [(P, "left", None, "record", "medical_insurance putuo-medical-insurance 1")]


def test_versions_in_any_order_end_alike() -> None:
    """Enrolled, suspended, ended: whichever comes first, she is on the list in the end."""
    for order in permutations(range(3)):
        town = Town(ELDERLY)
        town.person(P)

        for status in order:
            town.insurance(P, key=7, status=status, at=status)

        assert town.statuses(ELDERLY) == {P: "eligible"}, order


def test_row_delivered_twice_changes_nothing_the_second_time(town: Town) -> None:
    """In a delivery of its own or in the same one."""
    town.person(P)
    town.insurance(P, key=7)

    again = town.insurance(P, key=7)

    assert again == []
    assert town.statuses(ELDERLY) == {}


def test_corrected_record_takes_back_what_it_did(town: Town) -> None:
    """The line's cause is the delivery that corrected it."""
    town.person(P)
    left = town.insurance(P, key=7)

    back = town.insurance(P, key=7, status=2, at=1)

    assert left == [(P, "left", None, "record", "medical_insurance putuo-medical-insurance 1")]
    assert back == [(P, "entered", "eligible", "record", "medical_insurance putuo-medical-insurance 2")]


def test_record_corrected_to_be_another_persons(town: Town) -> None:
    """The unit mends the number: one comes back, the other leaves, by one delivery."""
    town.person(P)
    town.person(Q)
    town.insurance(P, key=7)

    moved = town.insurance(Q, key=7, at=1)

    cause = ("record", "medical_insurance putuo-medical-insurance 2")
    assert moved == [(P, "entered", "eligible", *cause), (Q, "left", None, *cause)]


def test_deletion_takes_back_what_the_record_did(town: Town) -> None:
    """And an older version that comes after it stays deleted."""
    town.person(P)
    town.insurance(P, key=7)

    back = town.insurance(P, key=7, at=5, flags=1)
    late = town.insurance(P, key=7, at=3)

    assert back == [(P, "entered", "eligible", "record", "medical_insurance putuo-medical-insurance 2")]
    assert late == []


def test_validity_that_ended_in_the_past_counts_from_today(town: Town) -> None:
    """A correction that says her insurance ended last week puts her on the list now, not then."""
    town.person(P)
    town.insurance(P, key=7, valid_from=TODAY - 400)

    ended = town.insurance(P, key=7, at=1, valid_from=TODAY - 400, valid_to=TODAY - 7)

    assert ended == [(P, "entered", "eligible", "record", "medical_insurance putuo-medical-insurance 2")]


def test_validity_that_began_in_the_past_counts_from_today(town: Town) -> None:
    """Insured since last year, as it turns out: she leaves on the day it is known."""
    town.person(P)

    left = town.insurance(P, key=7, valid_from=TODAY - 400, valid_to=TODAY + 2)
    waiting = town.do(Tick(DAY.replace(day=DAY.day + 2)))
    after = town.do(Tick(DAY.replace(day=DAY.day + 3)))

    assert left == [(P, "left", None, "record", "medical_insurance putuo-medical-insurance 1")]
    assert waiting == []
    assert after == [(P, "entered", "eligible", "day", "2026-10-18")]


def test_person_who_moves_out_of_the_district_leaves_and_comes_back(town: Town) -> None:
    """Within the district she stays on the list, which shows her street."""
    town.person(P)

    within = town.person(P, place=1, at=1)
    out = town.person(P, place=2, at=2)
    back = town.person(P, place=0, at=3)

    assert within == [(P, "changed", "eligible", "record", "hukou putuo-psb 2")]
    assert out == [(P, "left", None, "record", "hukou putuo-psb 3")]
    assert back == [(P, "entered", "eligible", "record", "hukou putuo-psb 4")]


def test_person_who_moves_to_another_household_takes_her_income_along(town: Town) -> None:
    """The household she leaves can be helped, the one she goes to cannot any more."""
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
    """From the dwelling under notice to one that is not: it leaves the list; back again it enters."""
    town.dwelling(D)
    town.dwelling(ELSEWHERE)
    town.notice(D)
    town.household(H, D)

    away = town.household(H, ELSEWHERE, at=1)
    back = town.household(H, D, at=2)

    assert away == [(H, "left", None, "record", "household putuo-psb 2")]
    assert back == [(H, "entered", "to_check", "record", "household putuo-psb 3")]


def test_dwelling_that_turns_out_to_be_in_another_district(town: Town) -> None:
    """Its placement is corrected: it is none of the agency's dwellings; those who live there stay where they are registered."""
    town.dwelling(D)
    for subject in (P, Q, 3):
        town.occupant(subject, D)

    away = town.dwelling(D, place=2, at=1)

    assert away == [(D, "left", None, "record", "dwelling putuo-housing 2")]
    assert town.statuses(RENTAL) == {}


def test_household_that_splits_into_two(town: Town) -> None:
    """Half of its members are registered elsewhere, row by row; each half is judged by its own income."""
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
    """A person of a household nobody has registered, at a dwelling nobody has registered: each is judged once it is there."""
    assert town.person(P, H) == [(P, "entered", "eligible", "record", "hukou putuo-psb 1")]
    assert town.income(P, 2_000) == []
    assert town.notice(D) == []

    registered = town.household(H, D)
    housed = town.dwelling(D)

    assert registered == [(H, "entered", "to_check", "record", "household putuo-psb 1")]
    assert housed == []


def test_links_and_what_they_point_to_come_in_any_order() -> None:
    """Person, household, dwelling, notice: whichever comes last puts the household on the list, or finds it there."""
    for order in permutations(range(4)):
        town = Town(RELOCATION)
        acts = (lambda t: t.person(P, H), lambda t: t.household(H, D), lambda t: t.dwelling(D), lambda t: t.notice(D))

        for place in order:
            acts[place](town)

        assert town.statuses(RELOCATION) == {H: "to_check"}, order


def test_occupants_who_come_before_their_dwelling(town: Town) -> None:
    """They are counted when it is registered."""
    for subject in (P, Q, 3):
        assert town.occupant(subject, D) == []

    registered = town.dwelling(D)

    assert registered == [(D, "entered", "eligible", "record", "dwelling putuo-housing 1")]
