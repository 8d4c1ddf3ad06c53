"""Steps on policies and days: versions, agreements, answers, the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from policies.limits import CRITERIA
from streams.language.messages import CatalogueSet, CheckAnswered, EditionCut, PolicyPublished, PolicyWithdrawn, Tick
from streams.ledgers.registry import Withdrawal
from streams.steps.state import State
from streams.testing import rows
from tests.streams.bench import ELDERLY, Bench, register
from tests.streams.world import DAY, catalogue, delivery_messages, network, publication


def test_publication_puts_people_on_a_list_and_withdrawal_takes_them_off() -> None:
    """Both need two different people."""
    bench = Bench(*register(1, 2))

    entered = bench.do(publication(ELDERLY))
    left = bench.do(PolicyWithdrawn(ELDERLY, 1, "author", "approver", "superseded by law"))

    assert [(line.subject, line.change, line.cause.kind) for line in entered] == [
        (1, "entered", "publication"),
        (2, "entered", "publication"),
    ]
    assert [(line.subject, line.change, line.cause.kind) for line in left] == [(1, "left", "withdrawal"), (2, "left", "withdrawal")]
    assert bench.life(1) == "withdrawn"
    assert bench.do(publication(ELDERLY)) == []
    bench.refuses(replace(publication("group-rental"), approved_by="author"), "Two different people")
    bench.refuses(PolicyWithdrawn(ELDERLY, 1, "author", "author", ""), "Two different people")
    bench.refuses(PolicyWithdrawn(ELDERLY, 1, "Wang Fang", "wang\u3000fang", ""), "Two different people")
    bench.refuses(PolicyWithdrawn("nothing", 1, "author", "approver", ""), "no policy nothing")


def test_a_policy_that_is_too_large_is_not_published() -> None:
    """It is refused, nothing changes, and the error names the version."""
    bench = Bench(*register(1, 2), publication(ELDERLY))
    message = publication(ELDERLY, 2)
    age = "{age_of: hukou.birth_date, op: ge, value: 70}"
    large = message.text.split("\ncriteria:")[0] + f"\ncriteria: {{any: [{', '.join([age] * CRITERIA)}]}}\n"
    deep = message.text.split("\ncriteria:")[0] + f"\ncriteria: {'{none: [' * 100}{age}{']}' * 100}\n"

    for text in (large, deep, large.replace("{any: [", "{any: [" + f"{age}, " * 900)):
        refused = bench.refuses(replace(message, text=text))
        assert f"{ELDERLY}@2:" in refused.text.zh

    assert bench.listed_subjects() == [1, 2] and bench.life(1) == "in_force"


def test_a_withdrawal_may_reach_back() -> None:
    """The list is empty now, by lines of today; the version is withdrawn since the earlier day, with the reason and the people."""
    since = DAY - timedelta(5)
    bench = Bench(*register(1, 2), publication(ELDERLY))

    left = bench.do(PolicyWithdrawn(ELDERLY, 1, "author", "approver", "annulled", since))
    again = bench.do(PolicyWithdrawn(ELDERLY, 1, "author", "approver", "annulled", since))

    assert [(line.subject, line.change, line.cause.kind, line.day) for line in left] == [
        (1, "left", "withdrawal", DAY),
        (2, "left", "withdrawal", DAY),
    ]
    assert again == []
    assert bench.state.registry.withdrawal(ELDERLY) == Withdrawal(DAY, since, "annulled", "author", "approver", newest=1)
    assert bench.life(1) == "withdrawn"
    restored = State.restore(bench.state.parts, bench.state.meta(), bench.state.arrays())
    assert restored.registry.withdrawal(ELDERLY) == bench.state.registry.withdrawal(ELDERLY)
    assert restored.meta() == bench.state.meta()


def test_a_withdrawal_that_reaches_back_is_looked_at() -> None:
    """The day must not be later than today or before the first day in force; it needs a reason, and cannot change afterwards."""
    first = date(2026, 10, 1)
    bench = Bench(*register(1), publication(ELDERLY), publication("relocation-hardship", start=DAY + timedelta(9)))

    def back(day: date, reason: str = "annulled", policy: str = ELDERLY) -> PolicyWithdrawn:
        return PolicyWithdrawn(policy, 1, "author", "approver", reason, day)

    bench.refuses(back(DAY + timedelta(1)), "today is 2026-10-15")
    bench.refuses(back(first - timedelta(1)), "in force from 2026-10-01 only")
    bench.refuses(back(first, "  "), "needs its reason")
    bench.refuses(back(DAY, policy="relocation-hardship"), "name no day")
    bench.refuses(back(DAY, policy="nothing"), "no policy nothing")
    assert bench.listed_subjects() == [1]
    bench.do(back(first))
    bench.refuses(back(first + timedelta(1)), "withdrawn since 2026-10-01 already")


def test_a_clock_put_back_takes_no_decision_back() -> None:
    """A withdrawn policy stays withdrawn on any day a tick goes to; a version published afterwards is matched."""
    bench = Bench(*register(1), publication(ELDERLY), PolicyWithdrawn(ELDERLY, 1, "author", "approver", ""))

    for day in (DAY - timedelta(3), DAY + timedelta(3)):
        assert bench.do(Tick(day)) == []
        assert (bench.life(1), bench.state.in_matcher) == ("withdrawn", {})
    bench.do(publication(ELDERLY, 2))

    assert bench.listed_subjects() == [1]
    bench.refuses(PolicyWithdrawn(ELDERLY, 2, "author", "approver", "", date(2026, 9, 30)), "needs its reason")


def test_a_snapshot_from_before_withdrawals_reached_back_is_read() -> None:
    """It does not name the people; the withdrawal counts from the day of the decision."""
    bench = Bench(publication(ELDERLY), PolicyWithdrawn(ELDERLY, 1, "author", "approver", "ended"))
    meta = bench.state.meta()
    for version in meta["versions"]:
        del version["withdrawal"]

    restored = State.restore(bench.state.parts, meta, bench.state.arrays())

    assert restored.registry.withdrawal(ELDERLY) == Withdrawal(DAY, DAY, "ended", "", "")


def test_published_version_never_changes() -> None:
    """The same message again changes nothing; another text under its number, a number out of turn and a false digest are refused."""
    first = publication(ELDERLY)
    bench = Bench(first)

    assert bench.do(first) == []
    bench.refuses(publication(ELDERLY, 1, ("value: 70", "value: 60")), "next number is 2")
    bench.refuses(publication(ELDERLY, 3), "next number is 2")
    bench.refuses(replace(publication(ELDERLY, 2), digest="0" * 64), "disagree")
    bench.refuses(replace(publication(ELDERLY, 2), policy="other", version=2), "disagree")
    bench.refuses(PolicyPublished("new", 1, "criteria: [", "d", "a", "b"))
    bench.refuses(PolicyPublished("new", 1, first.text.replace("hukou.birth_date", "hukou.shoe"), "d", "a", "b"), "shoe")


def test_first_version_waits_for_its_first_day() -> None:
    """It is scheduled, then in force on its first day; the cause is the publication."""
    bench = Bench(*register(1), publication(ELDERLY, start=DAY + timedelta(2)))
    assert (bench.life(1), bench.listed_subjects()) == ("scheduled", [])

    lines = bench.do(Tick(DAY + timedelta(3)))

    assert [(line.subject, line.cause.kind, line.day) for line in lines] == [(1, "publication", DAY + timedelta(2))]
    assert bench.life(1) == "in_force"


def test_next_version_waits_while_the_older_stays() -> None:
    """On its first day it takes over; a clock put back brings the older version back."""
    bench = Bench(*register(1), publication(ELDERLY), publication(ELDERLY, 2, start=DAY + timedelta(2)))
    assert (bench.life(1), bench.life(2), bench.state.in_matcher) == ("in_force", "scheduled", {ELDERLY: 1})

    amended = bench.do(Tick(DAY + timedelta(2)))
    assert (bench.life(1), bench.life(2), bench.state.in_matcher) == ("superseded", "in_force", {ELDERLY: 2})
    assert amended == []
    bench.do(Tick(DAY))

    assert bench.state.in_matcher == {ELDERLY: 1}


def test_amendment_is_net() -> None:
    """Whoever stays on the list has no line."""
    bench = Bench(*register(1), *delivery_messages(rows(catalogue(), "medical_insurance", 1, 1, [2]), "m"), publication(ELDERLY))

    lines = bench.do(publication(ELDERLY, 2))

    assert lines == []
    assert bench.state.in_matcher == {ELDERLY: 2}


def test_last_day_is_in_force_the_next_is_not() -> None:
    """`effective.to` is the last day in force."""
    bench = Bench(*register(1), publication(ELDERLY, swap=("to: null", f"to: {DAY}")))
    assert bench.listed_subjects() == [1]

    lines = bench.do(Tick(DAY + timedelta(1)))

    assert [(line.change, line.cause.kind) for line in lines] == [("left", "day")]
    assert bench.life(1) == "expired"


def test_whoever_leaves_on_the_day_an_agreement_ends_leaves_for_that() -> None:
    """The last day of the version is the same day."""
    until = date(2027, 12, 31)
    bench = Bench(*register(1), publication(ELDERLY, swap=("to: null", f"to: {until}")), Tick(until))
    assert bench.listed_subjects() == [1]

    lines = bench.do(Tick(until + timedelta(1)))

    assert [(line.change, line.cause.kind, line.cause.detail) for line in lines] == [("left", "agreement", "hukou")]


def test_ended_agreement_takes_dependent_candidates_off() -> None:
    """They leave on the day after the agreement's last, with its cause and a notice; a catalogue with a renewed agreement brings them back."""
    until = date(2027, 12, 31)
    bench = Bench(*register(1), publication(ELDERLY), Tick(until))

    lines = bench.do(Tick(until + timedelta(1)))

    assert [(line.change, line.cause.kind, line.cause.detail) for line in lines] == [("left", "agreement", "hukou")]
    assert bench.life(1) == "suspended"
    assert [n.kind for n in bench.state.notices] == ["suspended"]
    renewed = {name: text.replace("2027-12-31", "2029-12-31") for name, text in network().contracts.items()}
    lines = bench.do(CatalogueSet(network().units, renewed))
    assert [(line.change, line.cause.kind) for line in lines] == [("entered", "agreement")]


def test_a_catalogue_follows_the_one_that_holds() -> None:
    """New feeds, fields and values get the last places, wherever they stand in the text; existing records read the same."""
    bench = Bench()
    contracts = dict(network().contracts)
    fewer = {name: text for name, text in contracts.items() if name != "occupancy"}
    other = {**contracts, "hukou": contracts["hukou"].replace("male: 男, female: 女", "male: 女, female: 男")}
    turned = {**contracts, "hukou": contracts["hukou"].replace("male: 男, female: 女", "unsaid: 未说明, female: 女, male: 男")}

    bench.refuses(CatalogueSet(network().units, fewer), "the feed occupancy is gone")
    bench.refuses(CatalogueSet(network().units, other), "'女' of the field sex meant female and means male")
    bench.do(CatalogueSet(network().units, turned))
    assert bench.state.catalogue.feeds["hukou"].fields["sex"].codes == ("male", "female", "unsaid")
    added = {"aid": contracts["pension"].replace("feed: pension", "feed: aid"), **turned}
    bench.do(CatalogueSet(network().units, added))

    assert list(bench.state.catalogue.feeds) == [*catalogue().feeds, "aid"]


def test_answers_outlive_versions_and_suspensions() -> None:
    """An answer counts also if it came while the policy was not matched; an unknown check is refused."""
    household = delivery_messages(rows(catalogue(), "hukou", 1, 1, [7]), "h")
    bench = Bench(*household, publication("relocation-hardship"))
    bench.refuses(CheckAnswered("relocation-hardship", 7, "wiling", True), "has no check wiling")
    bench.refuses(CheckAnswered("nothing", 7, "willing", True), "no policy nothing")
    listed = bench.listed_subjects("relocation-hardship")

    lines = bench.do(CheckAnswered("relocation-hardship", 7, "willing", False))
    bench.do(PolicyWithdrawn("relocation-hardship", 1, "author", "approver", ""), CheckAnswered("relocation-hardship", 7, "willing", True))
    bench.do(publication("relocation-hardship", 2))

    assert [line.cause.kind for line in lines] == ["answer"] * len(listed)
    assert bench.listed_subjects("relocation-hardship") == listed
    assert not bench.state.waiting_answers


def test_missed_days_are_passed_one_by_one() -> None:
    """A tick over many days gives the lines of each day, in order, with its date."""
    start = DAY + timedelta(2)
    bench = Bench(*register(1), publication(ELDERLY, swap=("from: 2026-10-01, to: null", f"from: {start}, to: {start}")))

    lines = bench.do(Tick(DAY + timedelta(400)))

    assert [(line.change, line.day, line.cause.kind) for line in lines] == [
        ("entered", start, "publication"),
        ("left", start + timedelta(1), "day"),
    ]
    assert bench.do(Tick(DAY + timedelta(400))) == []


def test_edition_cut_needs_a_policy() -> None:
    """It changes no list."""
    bench = Bench(publication(ELDERLY))

    assert bench.do(EditionCut(ELDERLY)) == []
    bench.refuses(EditionCut("nothing"), "no policy nothing")
