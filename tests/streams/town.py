"""A small town for tests that send one row at a time and look at the lines of each.

The town fills in the dates, streets and delivery numbers that do not matter to a test. At the end ``same`` sends all messages through the
pipeline of several partitions, too, and compares the lines.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any, NamedTuple

from streams.language.messages import CandidateChange, DeliveryCompleted, DeliveryStarted, IdentityMerged, IdentitySplit, Input, Tick
from streams.steps.state import State
from streams.steps.steps import step
from streams.testing import rows
from tests.streams.network import test_pipeline
from tests.streams.pipeline import Embedded, Pipeline
from tests.streams.world import DAY, catalogue, coverage, network, number, parts, publication, stamped_bytes

ELDERLY, RELOCATION, RENTAL = "elderly-uninsured", "relocation-hardship", "group-rental"
PLACES = ("310107020", "310107021", "310110001")
"""Two streets of the district, and one of another district."""
FEEDS = ("hukou", "household", "dwelling", "relocation", "income", "medical_insurance", "pension", "occupancy")
BORN, SINCE = number(date(1950, 1, 1)), number(date(1980, 1, 1))


class Line(NamedTuple):
    """The parts of a line that a test looks at."""

    subject: int
    change: str
    status: str | None
    cause: str
    detail: str


class Town:
    """A state with the real matcher, every policy published and every feed covered."""

    def __init__(self, *policies: str, covered: bool = True) -> None:
        self.state, self.bodies = State(parts(real=True)), list[bytes]()
        self.numbers: Counter[str] = Counter()
        self.do(Tick(DAY), network(), *(publication(name) for name in policies or (ELDERLY, RELOCATION, RENTAL)))
        for feed in FEEDS if covered else ():
            self.do(*(coverage(f"{feed}-{source}", feed, DAY, source=source) for source in range(len(catalogue().feeds[feed].sources))))

    def do(self, *messages: Input) -> list[Line]:
        """Takes messages; gives their lines."""
        lines: list[CandidateChange] = []
        for message in messages:
            lines += step(self.state, message, len(self.bodies))
            self.bodies.append(stamped_bytes(message))
        return [Line(line.subject, line.change, line.status, line.cause.kind, line.cause.detail) for line in lines]

    def row(self, feed: str, subject: int, key: int | None = None, at: int = 0, **columns: Any) -> list[Line]:
        """Takes a delivery of one row; ``at`` is its order."""
        self.numbers[feed] += 1
        delivery = self.numbers[feed]
        cells: dict[str, Any] = {name: [cell] for name, cell in columns.items()}
        dictionaries = {name: PLACES for name in ("division",) if name in columns} | {
            name: ("L15",) for name in ("line",) if name in columns
        }
        batch = rows(
            catalogue(), feed, delivery, 1, [subject], key=[subject if key is None else key], order=[at], dictionaries=dictionaries, **cells
        )
        head = (feed, 0, delivery, f"{feed}-{delivery}")
        return self.do(DeliveryStarted(*head), batch, DeliveryCompleted(*head, 1, 0))

    # -- records ---------------------------------------------------------------------------------------

    def person(self, subject: int, household: int = 0, place: int = 0, birth: int = BORN, **more: Any) -> list[Line]:
        return self.row("hukou", subject, birth_date=birth, hukou_since=SINCE, division=place, household=household, **more)

    def household(self, subject: int, dwelling: int = 0, size: int = 2, **more: Any) -> list[Line]:
        return self.row("household", subject, division=0, size=size, registered_at=dwelling, **more)

    def dwelling(self, subject: int, place: int = 0, **more: Any) -> list[Line]:
        """A dwelling of one room, in which two unrelated occupants may live."""
        return self.row("dwelling", subject, division=place, layout=0, **more)

    def notice(self, dwelling: int) -> list[Line]:
        return self.row("relocation", dwelling, key=dwelling, line=0, notice_date=number(DAY) - 40)

    def income(self, subject: int, yuan: int, **more: Any) -> list[Line]:
        return self.row("income", subject, monthly_income=100 * yuan, **more)

    def insurance(self, subject: int, key: int, status: int = 0, **more: Any) -> list[Line]:
        """Status 0 is active, 2 ended."""
        return self.row("medical_insurance", subject, key=key, status=status, scheme=0, **more)

    def occupant(self, subject: int, dwelling: int, **more: Any) -> list[Line]:
        """A person in a dwelling, not related to the tenant."""
        return self.row("occupancy", subject, lives_at=dwelling, relation_to_tenant=2, **more)

    # -- corrections ---------------------------------------------------------------------------------------------------

    def merge(self, kind: str, subject: int, into: int) -> list[Line]:
        return self.do(IdentityMerged(kind, subject, into, "two numbers", "author", "approver"))

    def split(self, kind: str, subject: int) -> list[Line]:
        return self.do(IdentitySplit(kind, subject, subject, (), "they are two", "author", "approver"))

    def give(self, kind: str, subject: int, into: int, *records: tuple[str, int]) -> list[Line]:
        named = tuple((feed, 0, key) for feed, key in records)
        return self.do(IdentitySplit(kind, subject, into, named, "one number for two", "author", "approver"))

    # -- results ------------------------------------------------------------------------------------------------

    def statuses(self, policy: str) -> dict[int, str | None]:
        return {candidate.subject: candidate.status for candidate in self.state.matcher.candidates(policy)}

    def restart(self) -> None:
        """Restores the state from its own meta and arrays, as another process would."""
        arrays = {name: column.copy() for name, column in self.state.arrays().items()}
        self.state = State.restore(parts(real=True), self.state.meta(), arrays)

    def same(self, partitions: int = 3) -> None:
        """Checks that several partitions give the same lines for all messages so far."""
        pipeline, embedded = Pipeline(partitions), Embedded(partitions)
        for body in self.bodies:
            pipeline.put(body)
            embedded.take(body)
        pipeline.drain()
        test_pipeline.same(pipeline, embedded)
