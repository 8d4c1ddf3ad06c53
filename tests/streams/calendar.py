"""A small world in which, within two months, every kind of change comes that the calendar alone brings.

These are birthdays, a 29 February, ends of validity, coverage that grows too old, a parameter, a second version and the end of an agreement.
The days stand in tables worked out by hand (``BORN``, ``INSURED_UNTIL``, …), so a test can say what must happen on which day.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from policies.values import birthday
from streams.language.messages import CandidateChange, CatalogueSet, Input, PolicyPublished, Tick
from streams.steps.state import State
from streams.steps.steps import step
from streams.testing import rows
from tests.streams.world import catalogue, coverage, delivery_messages, network, number, parts, publication

START = date(2026, 2, 10)
DAYS = 60
ELDERLY, HARDSHIP = "elderly-uninsured", "relocation-hardship"
BORN = {
    **{subject: birthday(START + timedelta(subject - 6), -70) for subject in range(1, 41)},
    41: date(1956, 2, 28),
    42: date(1956, 2, 29),
    43: date(1956, 3, 1),
    **{subject: date(1940, 1, 1) for subject in range(44, 52)},
}
"""Birth dates by person: 1 to 40 turn 70 on successive days from five days before the start; those from 44 on have long been 70."""
INSURED_UNTIL = {44: START + timedelta(3), 45: START + timedelta(4), 46: START + timedelta(20), 47: None}
"""The last day of each insurance; None where it has no end."""
COMPLETE_TO = {"medical_insurance": START + timedelta(5), "pension": START, "hukou": START, "income": START, "relocation": START}
"""The day up to which each feed is complete."""
FIRST_STALE_DAY = {"medical_insurance": START + timedelta(13), "pension": START + timedelta(36), "hukou": START + timedelta(31)}
"""The first day on which that coverage is too old: one day after 7, 35 and 30 days."""
ALLOWANCE_RISE = START + timedelta(16)
"""The allowance rises: household 101, at 2,500 a head, is below 1.5 times 3,000 from then on."""
SECOND_VERSION_START = START + timedelta(25)
"""The second version of the first policy, from 68 years on, begins."""
AGREEMENT_END = START + timedelta(50)
"""The last day of the agreement about insurance."""
YOUNGER = {61: date(1957, 6, 1), 62: date(1957, 12, 31)}
"""68 already when the second version begins."""


def _network() -> CatalogueSet:
    contracts = {name: text.replace("2027-12-31", "2035-12-31") for name, text in network().contracts.items()}
    contracts["medical_insurance"] = contracts["medical_insurance"].replace("2035-12-31", AGREEMENT_END.isoformat())
    return CatalogueSet(network().units, contracts)


def _hardship() -> PolicyPublished:
    return publication(HARDSHIP, 1, ("{from: 2026-07-01, value: 1650}", f"{{from: {ALLOWANCE_RISE}, value: 3000}}"), start=date(2026, 1, 1))


def messages(hardship: bool = True) -> list[Input]:
    """All messages up to the start: the network, records, coverage and policies; with ``hardship``, the policy about households, too."""
    small_catalogue = catalogue()
    persons = {**BORN, **YOUNGER, 71: date(1990, 1, 1)}
    place: dict[str, Any] = {"division": [0] * len(persons), "dictionaries": {"division": ("310107020",)}}
    homes = [101 if subject == 71 else 0 for subject in persons]
    one_place: dict[str, Any] = {"division": [0], "dictionaries": {"division": ("310107020",)}}
    people = rows(
        small_catalogue, "hukou", 1, 1, list(persons), birth_date=[number(birth) for birth in persons.values()],
        hukou_since=[number(date(1980, 1, 1))] * len(persons), household=homes, **place,
    )  # fmt: skip
    insured = rows(
        small_catalogue, "medical_insurance", 1, 1, list(INSURED_UNTIL), status=[0] * 4, scheme=[0] * 4,
        valid_from=[number(date(2020, 1, 1))] * 4, valid_to=[number(day) if day else 2**31 - 1 for day in INSURED_UNTIL.values()],
    )  # fmt: skip
    notice: dict[str, Any] = {"line": [0], "dictionaries": {"line": ("L15",)}, "notice_date": [number(date(2025, 6, 1))]}
    batches = [
        people, insured, rows(small_catalogue, "household", 1, 1, [101], size=[1], registered_at=[201], **one_place), rows(small_catalogue, "dwelling", 1, 1, [201], layout=[0], **one_place),
        rows(small_catalogue, "relocation", 1, 1, [201], **notice), rows(small_catalogue, "income", 1, 1, [71], monthly_income=[250_000]),
    ]  # fmt: skip
    out: list[Input] = [Tick(START), _network()]
    for batch in batches:
        out += delivery_messages(batch, batch.feed)
    out += [coverage(f"{feed}-c", feed, day) for feed, day in COMPLETE_TO.items()]
    out.append(publication(ELDERLY, start=date(2026, 1, 1)))
    out.append(publication(ELDERLY, 2, ("value: 70", "value: 68"), start=SECOND_VERSION_START))
    return [*out, _hardship()] if hardship else out


def world(hardship: bool = True) -> State:
    """The state at the start."""
    state = State(parts(real=True))
    for offset, message in enumerate(messages(hardship)):
        step(state, message, offset)
    return state


def state_copy(state: State) -> State:
    """An independent state with the same content."""
    return State.restore(state.parts, state.meta(), state.arrays())


def tick(state: State, day: date) -> list[CandidateChange]:
    """The lines of a tick, without their ids."""
    return [line._replace(id="") for line in step(state, Tick(day), state.offset + 1)]
