"""Runs one schedule: sends its messages to a host on a folder, lets the host die and come back, and compares everything at quiet points.

The sender repeats a message that was not acknowledged. A message that was durable without an acknowledgement counts from its repetition, and
makes no second line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from policies.problems.problems import Invalid
from streams.host import Receipt
from streams.language.errors import Refusal, RepeatedDecision
from streams.language.messages import EditionCut, HoldDecided, Input, OutcomeReported, PolicyPublished, PolicyWithdrawn, Tick
from streams.ledgers.decisions import decides
from streams.wire.wire import decode
from tests.simulation.beside import HandFold
from tests.simulation.events import ScheduleEvent
from tests.simulation.expecting import compare_everything
from tests.simulation.facts import Facts, token
from tests.simulation.hosting import DyingHost, ProcessKilled
from tests.simulation.kinds import TELLING
from tests.simulation.kinds.groups import MessageGroup
from tests.simulation.kinds.outcomes import ANY, LISTED, NEWEST
from tests.simulation.ledger import LineLedger
from tests.simulation.schedule import QUIET

MEMORY = Path("/dev/shm")
"""Folders lie in memory where possible: nothing here depends on a disk, and a commit need not wait for one."""
AGAIN = 6
"""How many earlier messages are sent again at a quiet point."""
TRIES = 3
FOLDED = 8
"""One of this many schedules also runs the second fold."""
FAR = 100
"""The second fold goes through every day that passes; it stops when more days than this pass at once."""


class Failure(AssertionError):
    """What did not hold, and at which event; ``sort`` is its first words."""

    def __init__(self, event: ScheduleEvent, what: BaseException) -> None:
        text = str(what) if isinstance(what, AssertionError) else repr(what)
        self.number, self.sort = event.number, re.sub(r"\d+", "", text).split()[:2]
        super().__init__(f"at event {event.number} ({event.description}): {text}")


class ScheduleRun(DyingHost):
    """A host and the facts beside it."""

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__(seed, folder)
        self.facts, self.ledger = Facts(), LineLedger()
        self.refused: list[tuple[ScheduleEvent, int]] = []
        self.dies: str | None = None
        self.beside = HandFold() if seed % FOLDED == 0 else None

    def run(self, events: Sequence[ScheduleEvent]) -> None:
        """Runs the events in order.

        Raises:
            Failure: at the first thing that does not hold.
        """
        for part in in_groups(events):
            try:
                self.do(*part)
            except Exception as error:
                raise Failure(part[-1], error) from error

    def do(self, event: ScheduleEvent, *group: ScheduleEvent) -> None:
        """Runs an event, or a marker with the messages of its group."""
        event, group = self._with_target(event), tuple(map(self._with_target, group))
        for each in (event, *group):
            self.counts[f"event: {each.kind}"] += 1
            self.counts["events"] += 1
        if isinstance(event.payload, MessageGroup):
            self._send_group(event.kind, event.payload, group)
        elif event.kind == QUIET:
            self._quiet(event)
        elif event.message is not None:
            self._send(event, TRIES)
        elif event.kind in ("before commit", "after commit"):
            self.dies = event.kind
        else:
            self.crash(event.kind)

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send(self, event: ScheduleEvent, tries: int = TRIES) -> bool:
        """Sends one message until it is acknowledged or refused; whether it was admitted."""
        assert event.message is not None
        dies, self.dies = self.dies, None
        if dies is not None:
            self.dying(dies == "after commit")
        refusal: Refusal | Invalid | None = None
        try:
            receipt = self.host.submit(event.message)
        except ProcessKilled:
            self._send_again(event, dies == "after commit")
            return True
        except (Refusal, Invalid) as error:
            refusal = error
        if refusal is None:
            self._take(event, receipt)
            return True
        allowed = TELLING[type(event.message)].allowed(self.facts, event)
        assert allowed is not True, f"refused, and should have been admitted: {refusal}"
        self.counts["refused"] += 1
        if tries > 1:
            self.refused.append((event, tries - 1))
        if dies is not None:
            self.crash("killed")
        return False

    def _send_again(self, event: ScheduleEvent, durable: bool) -> None:
        """Sends a message again over which the process died; it changes nothing if it was durable."""
        assert event.message is not None
        if not self.crash("killed", (int(durable),)):
            self._take(event, self.host.submit(event.message))
            return
        self._take_durable([event])
        self._repeat(event)

    def _take_durable(self, events: Sequence[ScheduleEvent]) -> None:
        """Takes messages that were durable but not acknowledged, with their lines from the log."""
        lines = list(self.host.outputs(self.ledger.lines[-1].id if self.ledger.lines else None))
        for event in events:
            offset = self.offset + 1
            mine = [line for line in lines if line.id.startswith(f"{offset}.")]
            self._take(event, Receipt(offset, mine, []))  # type: ignore[arg-type]  # lines are lines

    def _repeat(self, event: ScheduleEvent) -> None:
        """Sends a message again that was durable but not acknowledged; it must change nothing."""
        assert event.message is not None
        try:
            receipt = self.host.submit(event.message)
        except (Refusal, Invalid):
            return  # for example, a withdrawal of a withdrawn statement
        assert not len(receipt.changes), "what was durable is told a second time"
        self.offset = receipt.offset
        self._fold(event, receipt)
        self._close_editions(event)

    def _take(self, event: ScheduleEvent, receipt: Receipt) -> None:
        telling = TELLING[type(event.message)]
        assert telling.allowed(self.facts, event) is not False, f"admitted, and should have been refused: {event.description}"
        before = self.facts.day
        telling.tell(self.facts, event)
        assert receipt.offset == self.offset + 1, f"offset {receipt.offset} follows {self.offset}"
        self.offset = receipt.offset
        self.ledger.take(receipt.offset, receipt.changes, telling.causes, min(before, self.facts.day), self.facts.day)
        self._fold(event, receipt)
        self._close_editions(event)
        self.counts["told"] += 1

    def _fold(self, event: ScheduleEvent, receipt: Receipt) -> None:
        """Gives the message to the second fold, if there is one."""
        if self.beside is not None and self.beside.passes(event.message) > FAR:
            self.beside = None
        if self.beside is not None:
            assert event.message is not None
            self.beside.take(event.message, receipt.offset, receipt.changes, self.facts, self.host.state.book.holds)

    def _with_target(self, event: ScheduleEvent) -> ScheduleEvent:
        """The event with a hold or a candidate looked up now, as people would do; unchanged if there is none."""
        message, rng = event.message, Random(f"{self.seed} named {event.number}")
        if isinstance(message, HoldDecided) and message.hold in (NEWEST, ANY):
            holds = [*self.host.state.book.holds]
            hold = message.hold if not holds else holds[-1] if message.hold == NEWEST else rng.choice(holds)
            return replace(event, message=replace(message, hold=hold))
        if isinstance(message, OutcomeReported) and event.kind == LISTED:
            there = self.ledger.lists.get(message.policy, {})
            kind = str(self.facts.policies[message.policy][-1].published.policy.subject) if there else ""
            names = sorted(name for name in self.facts.names(kind) if token(kind, name) in there) if there else []
            name = rng.choice(names) if names else event.payload
            return replace(event, message=replace(message, subject=token(kind, name) if names else message.subject), payload=name)
        return event

    def _close_editions(self, event: ScheduleEvent) -> None:
        """Closes the editions that a message closes: a tick those of all policies, a decision about a policy its own."""
        match event.message:
            case Tick():
                self.ledger.close(None)
            case PolicyPublished(policy=policy) | PolicyWithdrawn(policy=policy) | EditionCut(policy=policy):
                self.ledger.close(policy)

    # -- in groups -----------------------------------------------------------------------------------------------------

    def _send_group(self, how: str, group: MessageGroup, events: Sequence[ScheduleEvent]) -> None:
        if not events:
            return
        end, self.dies = self.dies or group.end, None
        self.counts[f"group: {how}"] += 1
        self.counts["killed in a group"] += end in ("before commit", "after commit")
        if how == "together":
            self._send_together(events, end)
        else:
            self._send_streamed(events, end, min(group.at, len(events) - 1))

    def _send_together(self, events: Sequence[ScheduleEvent], end: str) -> None:
        """Sends the messages in one transaction; if it is refused, each one alone."""
        if end:
            self.dying(end == "after commit")
        try:
            receipts = self.host.submit_many(_messages(events))
        except ProcessKilled:
            self._take_durable(events[: self.crash("killed", (len(events) if end == "after commit" else 0,))])
        except (Refusal, Invalid):
            self.counts["group refused"] += 1
            if end:
                self.crash("killed")
            self.ahead((0,))
            admissions = [self._send(event) for event in events]
            assert not all(admissions), "a group is refused, and each of its messages alone is not"
            return
        else:
            for event, receipt in zip(events, receipts, strict=True):
                self._take(event, receipt)
            return
        for event in events:  # the sender got no acknowledgement, so it repeats all
            self._send(event)

    def _send_streamed(self, events: Sequence[ScheduleEvent], end: str, at: int) -> None:
        """Sends the messages as a stream. Those before the end are acknowledged; of those behind it at most one is durable."""
        if end in ("before commit", "after commit"):
            self.dying(end == "after commit", at)
        count, refused, ahead = 0, False, 0
        try:
            with closing(self.host.submit_each(_messages(events))) as receipts:  # type: ignore[type-var]  # it is a generator
                for receipt in receipts:
                    self._take(events[count], receipt)
                    count += 1
                    if end == "stopped" and count > at:
                        break
            ahead = self.ahead((0, 1) if count < len(events) else (0,))
        except ProcessKilled:
            assert count == at, f"{count} messages of a group were acknowledged, and {at} were durable"
            ahead = self.crash("killed", (int(end == "after commit"),))
        except (Refusal, Invalid):
            self.counts["group refused"] += 1
            refused = True
            ahead = self.crash("killed", (0, 1)) if end in ("before commit", "after commit") else self.ahead((0, 1))
        self._take_durable(events[count : count + ahead])
        left = events[count + ahead :]
        if ahead and not refused:
            self._repeat(events[count])
        admissions = [self._send(event) for event in left]
        assert not refused or end == "before commit" or not admissions[0], "a message is refused in a group, and alone it is not"

    # -- comparing -----------------------------------------------------------------------------------------------------

    def _quiet(self, event: ScheduleEvent) -> None:
        """Sends refused messages again, then compares everything."""
        waiting, self.refused = self.refused, []
        for event_again, tries in waiting:
            self._send(event_again, tries)
        assert list(self.host.outputs()) == self.ledger.lines, "what the log holds is not what was told"
        self.counts += compare_everything(self.host, self.facts, self.ledger, Random(f"{self.seed} quiet {event.number}"))
        self._come_again(Random(f"{self.seed} again {event.number}"))
        if self.beside is not None:
            self.beside.same(self.host)
            self.counts["folded"] += 1

    def _come_again(self, rng: Random) -> None:
        """Sends copies of earlier messages: no decision is carried out twice."""
        for at in rng.sample(range(self.offset + 1), min(AGAIN, self.offset + 1)):
            for _, body in self.host._log.inputs(at - 1, at):
                message = decode(body)
                if decides(message):
                    with suppress(RepeatedDecision):
                        self.host.submit(message)
                        raise AssertionError(f"a decision that came before, in message {at}, is carried out again")
                    self.counts["decisions that came again"] += 1


def in_groups(events: Sequence[ScheduleEvent]) -> Iterator[list[ScheduleEvent]]:
    """The events one by one, but a marker together with its messages; another event ends a group early."""
    place = 0
    while place < len(events):
        part = [events[place]]
        size = part[0].payload.size if isinstance(part[0].payload, MessageGroup) else 0
        while len(part) <= size and place + len(part) < len(events) and events[place + len(part)].message is not None:
            part.append(events[place + len(part)])
        place += len(part)
        yield part


def _messages(events: Iterable[ScheduleEvent]) -> list[Input]:
    return [event.message for event in events if event.message is not None]


def run(events: Sequence[ScheduleEvent], seed: int) -> Counter[str]:
    """Runs events in a folder of their own; returns counts of what happened and what was compared.

    Raises:
        Failure: at the first thing that does not hold.
    """
    with TemporaryDirectory(prefix="simulation-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        running = ScheduleRun(seed, Path(folder))
        try:
            running.run(events)
        except Failure:
            with suppress(Exception):  # the host may be closed already
                running.close()
            raise
        running.close()
        if running.beside is not None:
            running.counts += Counter({f"fold: {what}": count for what, count in running.beside.fold.listing.counts.items()})
        return running.counts + Counter({f"cause: {cause}": count for cause, count in running.ledger.causes.items()})
