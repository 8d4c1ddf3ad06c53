"""Changes of coverage settle and unsettle unknowns: lines, causes, the missing feed and the unit to ask, with the real matcher."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from matchers.reading.explain import Verdict, explain
from streams.language.messages import (
    CandidateChange,
    CatalogueSet,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    Input,
    PolicyPublished,
    Tick,
)
from streams.steps.state import State
from streams.steps.steps import step
from tests.streams.bench import ELDERLY, register
from tests.streams.world import DAY, coverage, network, parts, publication

MEDICAL, PENSION = "medical_insurance", "pension"
NO_MEDICAL = ("uninsured", MEDICAL, "putuo-medical-insurance")


class Real:
    """A state over the real matcher with one elderly person registered, and the pensions stated."""

    def __init__(self, *more: Input, feeds: CatalogueSet | None = None, policy: PolicyPublished | None = None) -> None:
        self.state = State(parts(real=True))
        self.do(Tick(DAY), feeds or network(), policy or publication(ELDERLY), *register(1, 2), coverage("p", PENSION, DAY), *more)

    def do(self, *messages: Input) -> list[CandidateChange]:
        """Takes messages; gives the lines of the last one."""
        lines: list[CandidateChange] = []
        for message in messages:
            lines = list(step(self.state, message, self.state.offset + 1))
        return lines

    def missing(self, subject: int = 1) -> tuple[tuple[str, str | None, str | None], ...]:
        """The missing fields of a person, with the unit to ask, from the explanation."""
        return self.verdict(subject).missing

    def verdict(self, subject: int = 1) -> Verdict:
        matcher = self.state.matcher
        return explain(matcher, matcher.policies[ELDERLY], subject, self.state.day).verdict  # type: ignore[arg-type, attr-defined]  # the real one


def brief(lines: list[CandidateChange]) -> list[tuple[int, str | None, str | None, str, str, tuple[tuple[str, str | None], ...]]]:
    return [(line.subject, line.before, line.status, line.cause.kind, line.cause.detail, line.missing) for line in lines]


def settling_lines(cause: str, *subjects: int) -> list[tuple[int, str | None, str | None, str, str, tuple[tuple[str, str | None], ...]]]:
    return [(subject, "needs_evidence", "eligible", "coverage", cause, ()) for subject in subjects]


def unsettling_lines(
    kind: str, cause: str, *subjects: int
) -> list[tuple[int, str | None, str | None, str, str, tuple[tuple[str, str | None], ...]]]:
    return [(subject, "eligible", "needs_evidence", kind, cause, (("uninsured", MEDICAL),)) for subject in subjects]


def test_a_statement_settles_and_its_withdrawal_unsettles() -> None:
    """Before the statement the insurance centre is the unit to ask, with it no unit, after its withdrawal the centre again."""
    real = Real()
    assert real.missing() == (NO_MEDICAL,)

    assert brief(real.do(coverage("m", MEDICAL, DAY))) == settling_lines("m", 1, 2)
    assert real.missing() == ()

    assert brief(real.do(CoverageWithdrawn("m"))) == unsettling_lines("coverage", "m", 1, 2)
    assert real.missing() == (NO_MEDICAL,)


def test_a_statement_proves_until_its_last_day_and_not_on_the_next() -> None:
    """max_age P7D: complete to the 15th is enough on the 22nd, not on the 23rd; a new statement settles it again."""
    real = Real(coverage("m", MEDICAL, DAY))

    assert real.do(Tick(DAY + timedelta(7))) == []
    assert real.missing() == ()

    after = DAY + timedelta(8)
    assert brief(real.do(Tick(after))) == unsettling_lines("day", after.isoformat(), 1, 2)
    assert real.missing() == (NO_MEDICAL,)
    assert real.do(coverage("old", MEDICAL, DAY)) == []
    assert brief(real.do(coverage("new", MEDICAL, DAY + timedelta(1)))) == settling_lines("new", 1, 2)


def test_a_list_settles_those_it_names() -> None:
    """A statement by list covers only the named persons."""
    real = Real()

    assert brief(real.do(CoverageStated("m", MEDICAL, 0, None, (2,), DAY))) == settling_lines("m", 2)

    assert (real.missing(1), real.missing(2)) == ((NO_MEDICAL,), ())


def test_a_statement_that_waits_settles_with_its_late_delivery() -> None:
    """While it is pending it proves nothing; the end of the delivery settles, and the cause is the statement."""
    real = Real()
    assert real.do(coverage("m", MEDICAL, DAY, "m-1", 0)) == []
    assert real.missing() == (NO_MEDICAL,)

    lines = real.do(DeliveryStarted(MEDICAL, 0, 1, "m-1"), DeliveryCompleted(MEDICAL, 0, 1, "m-1", 0, 0))

    assert brief(lines) == settling_lines("m", 1, 2)
    assert real.missing() == ()


def test_rows_that_name_nobody_void_a_waiting_statement() -> None:
    """It was never in effect, so there is no line, and the unit to ask stays."""
    real = Real(coverage("m", MEDICAL, DAY, "m-1", 1))

    lines = real.do(DeliveryStarted(MEDICAL, 0, 1, "m-1"), DeliveryCompleted(MEDICAL, 0, 1, "m-1", 1, 1))

    assert lines == []
    assert real.state.statements.entries["m"].standing == "voided"
    assert real.missing() == (NO_MEDICAL,)


def test_a_statement_in_effect_is_not_voided_afterwards() -> None:
    """A later bad delivery voids only statements that name it."""
    real = Real(DeliveryStarted(MEDICAL, 0, 1, "m-1"), DeliveryCompleted(MEDICAL, 0, 1, "m-1", 0, 0), coverage("m", MEDICAL, DAY, "m-1", 0))

    lines = real.do(DeliveryStarted(MEDICAL, 0, 2, "m-2"), DeliveryCompleted(MEDICAL, 0, 2, "m-2", 3, 3))

    assert lines == []
    assert real.state.statements.entries["m"].standing == "in_effect"
    assert real.missing() == ()


def test_of_two_responsible_sources_the_silent_one_is_asked() -> None:
    """Both must state coverage; the silent one is named, and that changes with a withdrawal."""
    text = network().contracts[MEDICAL]
    one_source = 'sources: [{unit: putuo-medical-insurance, division: "310107"}]'
    assert one_source in text
    two_sources = one_source.replace("}]", '}, {unit: yichuan-street, division: "310107020"}]')
    real = Real(feeds=CatalogueSet(network().units, {**network().contracts, MEDICAL: text.replace(one_source, two_sources)}))
    street = ("uninsured", MEDICAL, "yichuan-street")
    assert set(real.missing()) == {NO_MEDICAL, street}

    assert real.do(coverage("m", MEDICAL, DAY)) == []
    assert real.missing() == (street,)

    other = replace(coverage("s", MEDICAL, DAY, source=1), division="310107020")
    assert brief(real.do(other)) == settling_lines("s", 1, 2)

    assert brief(real.do(CoverageWithdrawn("m"))) == unsettling_lines("coverage", "m", 1, 2)
    assert real.missing() == (NO_MEDICAL,)


@pytest.mark.parametrize(
    ("complete_to", "max_age", "last"),
    [
        (date(2026, 11, 15), "P1M", date(2026, 12, 15)),
        (date(2026, 12, 31), "P1M", date(2027, 1, 31)),
        (date(2027, 1, 28), "P1M", date(2027, 2, 28)),
        (date(2027, 1, 31), "P1M", date(2027, 2, 28)),
        (date(2027, 2, 28), "P1M", date(2027, 3, 28)),
        (date(2027, 3, 31), "P1M", date(2027, 4, 30)),
        (date(2026, 11, 30), "P3M", date(2027, 2, 28)),
        (date(2027, 11, 30), "P3M", date(2028, 2, 29)),
        (date(2028, 1, 29), "P1M", date(2028, 2, 29)),
        (date(2028, 1, 31), "P1M", date(2028, 2, 29)),
        (date(2028, 2, 29), "P1M", date(2028, 3, 29)),
        (date(2028, 2, 29), "P1Y", date(2029, 2, 28)),
        (date(2027, 2, 28), "P1Y", date(2028, 2, 28)),
        (date(2027, 1, 31), "P1M1D", date(2027, 3, 1)),
    ],
)
def test_coverage_of_months_ages_behind_its_last_day(complete_to: date, max_age: str, last: date) -> None:
    """It proves up to the day that is so many months later, clamped to the month's end; ``until`` of the verdict says so from the start."""
    lasting = {name: text.replace("until: 2027-12-31", "until: 2040-12-31") for name, text in network().contracts.items()}
    form = "medical_insurance: {{max_age: {}}}\n  pension: {{max_age: {}}}"
    policy = publication(ELDERLY, swap=(form.format("P7D", "P35D"), form.format(max_age, "P50Y")))
    real = Real(feeds=CatalogueSet(network().units, lasting), policy=policy)

    assert brief(real.do(Tick(complete_to), coverage("m", MEDICAL, complete_to))) == settling_lines("m", 1, 2)
    assert real.verdict().until == last + timedelta(1)
    assert real.do(Tick(last)) == []
    assert real.missing() == ()
    after = last + timedelta(1)
    assert brief(real.do(Tick(after))) == unsettling_lines("day", after.isoformat(), 1, 2)
    assert real.missing() == (NO_MEDICAL,)
