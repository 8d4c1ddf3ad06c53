"""Random messages about the small network, in which people move between streets, households and dwellings.

Some of the messages are not admissible: what one host refuses, every host must refuse.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from matchers.kernel.batch import MISSING, NO_ORDER, OPEN_FROM, QUARANTINED, RecordBatch
from streams.language.messages import (
    CatalogueSet,
    CheckAnswered,
    CorrectionAnswered,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    EditionCut,
    FollowUpRecorded,
    HoldDecided,
    IdentityMerged,
    IdentitySplit,
    Input,
    OutcomeReported,
    PersonErased,
    PolicyPublished,
    PolicyWithdrawn,
    Tick,
)
from streams.ledgers.erasures import erasure_message
from streams.ledgers.follow_ups import SEALED
from streams.ledgers.outcomes import OF_THE_SUBJECT, OUTCOMES
from streams.testing import rows
from streams.wire import wire
from tests.streams.world import DISTRICT, Sending, catalogue, network, number, publication

STREETS = ("310107020", "310107021", "310107022", "310107023", "310107", "310110001")
PERSONS, HOUSEHOLDS, DWELLINGS = range(1, 31), range(101, 112), range(201, 207)
SUBJECTS = (("person", PERSONS), ("household", HOUSEHOLDS), ("dwelling", DWELLINGS))
NAMED = {"hukou": ("household",), "household": ("dwelling",), "occupancy": ("dwelling",)}
"""The kinds of subject that the records of a feed link to."""
POLICIES = ("elderly-uninsured", "relocation-hardship", "group-rental")
ABOUT = {"elderly-uninsured": (*PERSONS, 99), "relocation-hardship": (*HOUSEHOLDS, 999), "group-rental": (*DWELLINGS, 299)}
"""The subjects that an outcome may be about; the last of each is unknown to the state."""
CRITERIA = {
    "elderly-uninsured": ("age70", "uninsured", "no_pension"),
    "relocation-hardship": ("notice", "willing"),
    "group-rental": ("too_many",),
}
BOUNDS = {
    "elderly-uninsured": "{at_least: 1}", "relocation-hardship": "{moves: 0.15, amendment: 0.1, at_least: 1}",
    "group-rental": "{amendment: 0, at_least: 1}",
}  # fmt: skip
"""Bounds so narrow that holds are frequent in a small town; where a policy names no share of moves, the feed's share counts."""
FEED_BOUNDS = {
    "medical_insurance": "{late_after: P2D}", "occupancy": "{late_after: P3D, moves: 0.15}", "relocation": "{late_after: P4D}",
    "hukou": "{shrinks_to: 1, moves: 0.05}", "household": "{shrinks_to: 1}", "pension": "{moves: 0.3}", "dwelling": "{moves: 0.5}",
}  # fmt: skip
START = date(2026, 10, 1)
SALT = "5a" * 16
FEEDS = (
    "hukou",
    "hukou",
    "hukou",
    "household",
    "household",
    "dwelling",
    "relocation",
    "income",
    "medical_insurance",
    "pension",
    "occupancy",
    "occupancy",
)

Kind = Callable[[], Sequence[Input | bytes]]


NOTE = b64encode(SEALED + b"what only the holder of a key can read").decode()
"""What a sealed note looks like to those who have not the key."""


def erasing(person: int, salt: str = SALT) -> PersonErased:
    """The decision to erase a person."""
    return erasure_message(salt, person, "R1", "author", "approver")


class Happenings:
    """An endless run of messages, as bytes.

    Args:
        holds: gives the names of the holds that are open now, from the state of a host.
    """

    def __init__(self, rng: Random, holds: Callable[[], Sequence[str]] = lambda: ()) -> None:
        self.rng, self.day, self.holds = rng, START, holds
        self.contracts = contracts_with_bounds()
        self.outcomes: list[OutcomeReported] = []
        self.reports: list[int] = []
        """The numbers of messages with a report that a register is asked about."""
        self.sent = 0
        self.numbers: dict[tuple[str, int], int] = {}
        self.versions: dict[str, int] = {}
        self.statements: list[str] = []
        self.corrections: list[IdentityMerged | IdentitySplit] = []
        self.late: list[Input] = []
        """The rest of a delivery that another delivery has overtaken."""
        self.clock = 0

    def run(self) -> Iterator[bytes]:
        stamped = Sending()
        if self.rng.random() < 0.5:
            self.sent = 2
            yield b"somebody else's"
            yield stamped(EditionCut("elderly-uninsured"))
        first: list[Input] = [Tick(START), self.catalogue(), *(self.publish(name) for name in POLICIES)]
        for feed in ("dwelling", "household", "hukou", "hukou", "occupancy", "relocation", "income", "medical_insurance"):
            first += self.delivery(feed)
        first += self.cover()
        self.sent += len(first)
        yield from map(stamped, first)
        kinds: list[Kind] = [self.deliver] * 8 + [self.tick] * 6 + [self.answer] * 2 + [self.cut, self.again] + [self.bad] * 2
        kinds += [self.withdraw] + [self.newer] * 3 + [self.widen] + [self.merge] * 4 + [self.undo] * 2 + [self.give_records] * 2
        kinds += (
            [self.cover] * 4
            + [self.report_outcome] * 5
            + [self.decide_hold] * 3
            + [self.suspend, self.follow_up]
            + [self.answer_correction] * 3
        )
        while True:
            for message in self.rng.choice(kinds)():
                if isinstance(message, OutcomeReported) and message.content:
                    self.reports.append(self.sent)
                self.sent += 1
                yield message if isinstance(message, bytes) else stamped(message)

    # -- kinds of messages ---------------------------------------------------------------------------------------------

    def deliver(self) -> list[Input]:
        return self.delivery(self.rng.choice(FEEDS))

    def tick(self) -> list[Input]:
        self.day += timedelta(self.rng.choice([0, 1, 1, 2, 3, 5, 8, 31, -2]))
        return [Tick(self.day)]

    def answer(self) -> list[Input]:
        return [CheckAnswered("relocation-hardship", self.rng.choice([*HOUSEHOLDS, 999]), "willing", self.rng.random() < 0.5)]

    def cut(self) -> list[Input]:
        return [EditionCut(self.rng.choice(POLICIES))]

    def again(self) -> list[Input]:
        """The withdrawal of a coverage statement, and the same tick once more."""
        return [CoverageWithdrawn(self.rng.choice(self.statements)), Tick(self.day)] if self.statements else []

    def withdraw(self) -> list[Input]:
        name = self.rng.choice(POLICIES)
        since = self.day - timedelta(self.rng.choice([0, 1, 5, 20, -1])) if self.rng.random() < 0.4 else None
        out: list[Input] = [PolicyWithdrawn(name, self.versions.get(name, 1), "author", "approver", "ended", since)]
        return [*out, self.publish(name)] if self.rng.random() < 0.7 else out

    def newer(self) -> list[Input]:
        return [self.publish(self.rng.choice(POLICIES))]

    def widen(self) -> list[Input]:
        """A catalogue with one more feed, which no policy reads."""
        text = network().contracts["pension"].replace("feed: pension", "feed: bonus").replace("pension_no", "bonus_no")
        self.contracts["bonus"] = text
        return [self.catalogue()]

    def cover(self) -> list[Input]:
        """Statements that cover every feed of one policy, up to today or up to a few days ago."""
        out: list[Input] = []
        day = self.day - timedelta(self.rng.choice([0, 0, 0, 2, 5, 12]))
        for feed in self.rng.choice([("medical_insurance", "pension"), ("relocation", "hukou", "income"), ("occupancy",)]):
            for source in range(len(catalogue().feeds[feed].sources)):
                self.clock += 1
                self.statements.append(f"all-{self.clock}")
                out.append(CoverageStated(self.statements[-1], feed, source, DISTRICT, (), day))
        return out

    def suspend(self) -> list[Input]:
        """A catalogue in which an agreement ended yesterday, or, where it had ended already, holds again."""
        name = self.rng.choice(["pension", "income", "occupancy"])
        there = "until: 2027-12-31"
        text = self.contracts[name]
        ended = f"until: {self.day - timedelta(1)}"
        self.contracts[name] = text.replace(there, ended) if there in text else re.sub(r"until: [0-9-]+", there, text)
        if self.rng.random() < 0.5:  # with other bounds
            feed = self.rng.choice(["hukou", "medical_insurance", "occupancy"])
            self.contracts[feed] = re.sub(
                r"bounds: {[^}]*}", f"bounds: {{late_after: P3D, moves: {self.rng.choice([0, 0.1, 0.5])}}}", self.contracts[feed]
            )
        return [self.catalogue(), *([] if there in text and self.rng.random() < 0.5 else self.deliver())]

    def report_outcome(self) -> list[Input]:
        """An outcome of today or of a while ago; sometimes an earlier one again."""
        if self.outcomes and self.rng.random() < 0.15:
            return [self.rng.choice(self.outcomes[-5:])]
        name, outcome = self.rng.choice(POLICIES), self.rng.choice(list(OUTCOMES))
        on = self.day - timedelta(self.rng.choice([0, 0, 0, 1, 5, 25, 100]))
        criterion = self.rng.choice(CRITERIA[name]) if outcome == "not_eligible" else None
        statements = tuple(self.statements[-1:]) if criterion else ()
        content = self.rng.choice(["", "5a", "5a"]) if outcome in OF_THE_SUBJECT else ""
        records = (("hukou", 0, 1, 1),) if content else ()
        about = self.rng.choice(ABOUT[name])
        self.outcomes.append(OutcomeReported(name, about, outcome, on, "the agency", criterion, records, statements, content))
        return [self.outcomes[-1]] * self.rng.choice([1, 1, 1, 2])

    def answer_correction(self) -> list[Input]:
        """A register's word about a report, most often about one of the last; its number is that of the message with the report."""
        number = self.rng.choice([*self.reports[-2:], 7])
        return [CorrectionAnswered(number, self.rng.choice(["confirmed", "refuted", "refuted"]), "the steward")]

    def follow_up(self) -> list[Input]:
        """Notes, days to call again and assignments, about anybody."""
        name = self.rng.choice(POLICIES)
        subject, day = self.rng.choice(ABOUT[name]), self.day + timedelta(self.rng.choice([0, 3]))
        return [
            FollowUpRecorded(name, subject, "note", "clerk", note=NOTE),
            FollowUpRecorded(name, subject, "call_again", "clerk", call_again=self.rng.choice([None, day])),
            FollowUpRecorded(name, subject, "assigned_to", "clerk", assigned_to=self.rng.choice([None, "王芳"])),
        ]

    def decide_hold(self) -> list[Input]:
        """Two people release or reject a hold, most often the last one."""
        holds = [*self.holds()] or ["h1"]
        hold = self.rng.choice([*holds, holds[-1], holds[-1]])
        return [HoldDecided(hold, self.rng.choice(["release", "reject", "reject"]), "looked at", "author", "approver")]

    def merge(self) -> list[Input]:
        """A merge of two persons, households or dwellings; some of them were merged before."""
        kind, among = self.rng.choice(SUBJECTS)
        subject, into = self.rng.sample(among, 2)
        self.corrections.append(IdentityMerged(kind, subject, into, "the same", "author", "approver"))
        return [self.corrections[-1]] * self.rng.choice([1, 1, 1, 2])

    def give_records(self) -> list[Input]:
        """A split that gives records of one subject, or records that link to it, to another subject."""
        kind, among = self.rng.choice(SUBJECTS)
        subject, into = self.rng.sample(among, 2)
        feeds = [name for name in FEEDS if catalogue().feeds[name].subject == kind or kind in NAMED.get(name, ())]
        keys = (subject, *PERSONS, *HOUSEHOLDS)  # subjects, or small numbers
        records = tuple((feed, 0, self.rng.choice(keys)) for feed in self.rng.choices(sorted(set(feeds)), k=self.rng.choice([1, 3, 12])))
        self.corrections.append(IdentitySplit(kind, subject, into, records, "two with one number", "author", "approver"))
        return [self.corrections[-1]]

    def undo(self) -> list[Input]:
        """A correction is taken back, sometimes for the second time."""
        if not self.corrections:
            return []
        correction = self.rng.choice(self.corrections)
        records = correction.records if isinstance(correction, IdentitySplit) else ()
        return [IdentitySplit(correction.kind, correction.subject, correction.subject, records, "not so", "author", "approver")]

    def bad(self) -> list[Input | bytes]:
        good = wire.encode(Tick(self.day))
        text = publication("elderly-uninsured", 1).text.replace("age_of", "aged_of")
        lost = self.batch("hukou", 0, 1, 77)
        bad: list[Input | bytes] = [
            b"", b"\x00" * 40, good[:-3], good[:-1] + b"?", wire.frame(999, b""), wire.frame(2, b"not columns"), lost,
            CheckAnswered("nobody-published-this", 1, "check", True), CheckAnswered("relocation-hardship", 101, "no-such", True),
            CoverageWithdrawn("nobody-stated-this"), PolicyWithdrawn("elderly-uninsured", 1, "author", "author", "alone"),
            PolicyPublished("elderly-uninsured", 99, text, "0", "author", "approver"), EditionCut("nobody"),
            DeliveryCompleted("hukou", 0, 1, "another", 1, 0), DeliveryStarted("nobody", 0, 1, "x"), CatalogueSet("units: []", {}),
            IdentityMerged("person", 1, 1, "itself", "author", "approver"), IdentityMerged("person", 1, 2, "alone", "author", "author"),
            IdentityMerged("street", 1, 2, "no such kind", "author", "approver"), IdentityMerged("person", 0, 2, "0", "author", "approver"),
            IdentitySplit("person", 1, 2, (), "of nothing", "author", "approver"),
            IdentitySplit("person", 1, 2, (("nobody", 0, 1),), "no such feed", "author", "approver"),
            OutcomeReported("nobody", 1, "declined", self.day, "the agency"),
            OutcomeReported("group-rental", 201, "vanished", self.day, "the agency"),
            OutcomeReported("group-rental", 201, "not_eligible", self.day, "the agency"),
            OutcomeReported("group-rental", 201, "not_eligible", self.day, "the agency", "no-such"),
            OutcomeReported("group-rental", 201, "declined", self.day + timedelta(9), "the agency"),
            FollowUpRecorded("nobody", 1, "call_again", "clerk"), FollowUpRecorded("group-rental", 201, "gone", "clerk"),
            FollowUpRecorded("group-rental", 201, "note", "clerk", note="not sealed"), FollowUpRecorded("group-rental", 0, "assigned_to", "clerk"),
            HoldDecided("h1", "release", "alone", "author", "author"), HoldDecided("h1", "release", " ", "author", "approver"),
            HoldDecided("h1", "forget", "no such decision", "author", "approver"),
            CorrectionAnswered(7, "perhaps", "the steward"), CorrectionAnswered(7, "refuted", " "),
            OutcomeReported("group-rental", 201, "not_eligible", self.day, "the agency", "too_many", (), ("nobody-stated-this",)),
            PersonErased("5a" * 16, "0" * 32, 1, "alone", "author", "author"), PersonErased("", "", 1, "none", "author", "approver"),
        ]  # fmt: skip
        return [self.rng.choice(bad)]

    # -- their parts ---------------------------------------------------------------------------------------------------

    def publish(self, name: str) -> PolicyPublished:
        version = self.versions[name] = self.versions.get(name, 0) + 1
        match name:
            case "elderly-uninsured":
                swap = ("value: 70", f"value: {self.rng.choice([65, 68, 70, 72])}")
            case "group-rental":  # now and then coverage alone decides which dwelling has too many
                swap = ("op: gt", f"op: {self.rng.choice(['gt', 'ge', 'le', 'le'])}")
            case _:
                swap = ("1.5", self.rng.choice(["1.5", "1.5", "1.2"]))
        start = self.day + timedelta(self.rng.choice([0, 3, 10])) if self.rng.random() < 0.3 else None
        return publication(name, version, swap, start, BOUNDS[name])

    def catalogue(self) -> CatalogueSet:
        return CatalogueSet(network().units, dict(self.contracts))

    def delivery(self, feed: str) -> list[Input]:
        """One delivery of a few batches and its coverage; some of its messages come twice."""
        source = self.rng.randrange(len(catalogue().feeds[feed].sources))
        delivery = self.numbers[feed, source] = self.numbers.get((feed, source), 0) + 1
        id, sizes = f"{feed}-{source}-{delivery}", [self.rng.choice([1, 3, 12, 25]) for _ in range(self.rng.choice([1, 1, 2]))]
        batches = [self.batch(feed, source, sum(sizes[:place]) + 1, delivery, size) for place, size in enumerate(sizes)]
        count = sum(map(len, batches))
        replaces = self.rng.random() < 0.3
        out: list[Input] = [DeliveryStarted(feed, source, delivery, id, replaces), *batches]
        out.append(DeliveryCompleted(feed, source, delivery, id, count, 0, replaces))
        if self.rng.random() < 0.8:
            name = f"{id}-c"
            division = DISTRICT if self.rng.random() < 0.8 else None
            subjects = () if division else tuple(self.rng.sample(PERSONS, 8))
            self.statements.append(name)
            out.insert(self.rng.choice([0, len(out)]), CoverageStated(name, feed, source, division, subjects, self.day, id, count))
        if self.rng.random() < 0.2:
            out.append(self.rng.choice(out))
        late, self.late = self.late, []
        if self.rng.random() < 0.2:
            cut = self.rng.randint(1, len(out) - 1)
            out, self.late = out[:cut], out[cut:]
        return [*out[:-1], *late, *out[-1:]]

    def batch(self, feed: str, source: int, first: int, delivery: int, size: int = 3) -> RecordBatch:
        rng, self.clock = self.rng, self.clock + 1
        among = {"person": PERSONS, "household": HOUSEHOLDS, "dwelling": DWELLINGS}[catalogue().feeds[feed].subject]
        subjects = [rng.choice(among) for _ in range(size)]
        key = subjects if not catalogue().feeds[feed].many else [rng.randint(1, 60) for _ in subjects]
        flags = [rng.choices([0, 1, int(QUARANTINED)], [85, 10, 5])[0] for _ in subjects]
        back = rng.choice([0, 0, 3, 30])  # now and then the whole batch is older than the records in the state
        without = 0.04 if catalogue().feeds[feed].order else 0.0
        orders = [int(NO_ORDER) if rng.random() < without else max(0, self.clock - back) for _ in subjects]
        columns: dict[str, Any] = {}
        if "division" in catalogue().feeds[feed].fields:
            columns = {
                "division": [rng.choices([*range(len(STREETS)), int(MISSING)], [6, 6, 6, 6, 1, 1, 1])[0] for _ in subjects],
                "dictionaries": {"division": STREETS},
            }
        match feed:
            case "hukou":
                columns |= {
                    "birth_date": [number(date(1952, 1, 1) + timedelta(rng.randint(0, 2500))) for _ in subjects],
                    "hukou_since": [number(date(1980, 1, 1))] * size, "household": [rng.choice([*HOUSEHOLDS, 0]) for _ in subjects],
                }  # fmt: skip
            case "household":
                columns |= {"size": [rng.randint(1, 4) for _ in subjects], "registered_at": [rng.choice([*DWELLINGS, 0]) for _ in subjects]}
            case "dwelling":
                columns |= {"layout": [rng.randint(0, 2) for _ in subjects]}
            case "occupancy":
                columns |= {
                    "relation_to_tenant": [rng.choice([0, 2, 2]) for _ in subjects],
                    "lives_at": [rng.choice(DWELLINGS) for _ in subjects],
                }
            case "relocation":
                columns |= {
                    "line": [0] * size,
                    "dictionaries": {"line": ("L15",)},
                    "notice_date": [number(self.day) - rng.choice([40, 40, 715, 725]) for _ in subjects],
                }
            case "income":
                columns |= {"monthly_income": [rng.choice([0, 100_000, 400_000]) for _ in subjects]}
            case "medical_insurance":
                columns |= {"status": [rng.choice([0, 1, 2, 2, 2]) for _ in subjects], "scheme": [0] * size}
        if feed in ("medical_insurance", "occupancy"):
            columns |= {
                "valid_from": [rng.choice([OPEN_FROM, OPEN_FROM, OPEN_FROM, number(self.day) + rng.randint(1, 7)]) for _ in subjects]
            }
        return rows(
            catalogue(),
            feed,
            delivery,
            first,
            subjects,
            source,
            key=key,
            order=orders,
            flags=[int(QUARANTINED) if order == NO_ORDER else flag for order, flag in zip(orders, flags, strict=True)],
            **columns,
        )


def contracts_with_bounds() -> dict[str, str]:
    """The contracts of the small network, some of them with narrow bounds."""
    texts = dict(network().contracts)
    for feed, bounds in FEED_BOUNDS.items():
        clause = f"bounds: {bounds}"
        text = texts[feed].rstrip()
        texts[feed] = (
            text.replace("delivery: {", f"delivery: {{{clause}, ") if "delivery: {" in text else f"{text}\ndelivery: {{{clause}}}\n"
        )
    return texts
