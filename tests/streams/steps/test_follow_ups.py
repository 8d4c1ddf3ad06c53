"""Follow-ups through the steps: what they say counts, changes no list, follows merges, and goes with an erased person."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from streams.language.messages import FollowUpRecorded, IdentityMerged, IdentitySplit, Tick
from streams.ledgers.follow_ups import SEALED, FollowUpLedger, WorkingState
from streams.steps.state import State
from tests.streams.bench import ELDERLY, Bench, register
from tests.streams.happenings import NOTE, erasing
from tests.streams.world import DAY, parts, publication

CLERK = "王芳"
FOLLOW_UP = FollowUpRecorded(ELDERLY, 1, "assigned_to", CLERK, assigned_to="李娟")
PERSONS = (1, 2, 3, 4)


def working_states(bench: Bench) -> dict[int, WorkingState]:
    """What counts of each subject of the list of the uninsured."""
    return bench.state.follow_ups.working_states(ELDERLY, lambda token: bench.state.identities.root("person", token))


def test_the_last_word_counts_and_no_list_changes() -> None:
    """Notes add up; a day and a person take the place of those before, or are taken back; each is of its day, with its author."""
    bench = Bench(*register(1, 2), publication(ELDERLY))
    before = bench.listed_subjects()

    lines = [
        bench.do(FollowUpRecorded(ELDERLY, 1, "note", CLERK, note=NOTE)),
        bench.do(FollowUpRecorded(ELDERLY, 1, "call_again", CLERK, call_again=DAY)),
        bench.do(FollowUpRecorded(ELDERLY, 1, "call_again", CLERK, call_again=DAY + timedelta(3))),
        bench.do(FOLLOW_UP, replace(FOLLOW_UP, assigned_to=None, by="李娟")),
        bench.do(FollowUpRecorded(ELDERLY, 1, "note", "李娟", note=NOTE), replace(FOLLOW_UP, subject=9)),
    ]

    work = working_states(bench)
    assert lines == [[]] * 5 and bench.listed_subjects() == before
    assert [(note.by, note.day) for note in work[1].notes] == [(CLERK, DAY), ("李娟", DAY)]
    assert work[1].call_again is not None and work[1].call_again.call_again == DAY + timedelta(3) and work[1].assigned_to is None
    assert [(entry.item, entry.by) for entry in bench.state.follow_ups.history(ELDERLY, lambda token: token, 1)][-2:] == [
        ("assigned_to", "李娟"), ("note", "李娟"),
    ]  # fmt: skip
    assert work[9].assigned_to is not None


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (replace(FOLLOW_UP, policy="nothing"), "no policy nothing"),
        (replace(FOLLOW_UP, item="forgotten"), "no follow-up forgotten"),
        (replace(FOLLOW_UP, by=" "), "needs the name"),
        (replace(FOLLOW_UP, assigned_to=" "), "needs the name"),
        (replace(FOLLOW_UP, assigned_to="x" * 201), "up to 200"),
        (replace(FOLLOW_UP, call_again=DAY), "says one thing"),
        (replace(FOLLOW_UP, item="note"), "says one thing"),
        (FollowUpRecorded(ELDERLY, 1, "note", CLERK), "says one thing"),
        (FollowUpRecorded(ELDERLY, 1, "note", CLERK, note="the daughter is at home"), "must be sealed"),
        (FollowUpRecorded(ELDERLY, 1, "note", CLERK, note=b64encode(b"the daughter").decode()), "must be sealed"),
        (FollowUpRecorded(ELDERLY, 1, "note", CLERK, note=b64encode(SEALED + b"x" * 20_000).decode()), "must be sealed"),
        (FollowUpRecorded(ELDERLY, 1, "call_again", CLERK, call_again=DAY - timedelta(1)), "is over"),
        (replace(FOLLOW_UP, subject=0), "out of range"),
        (replace(FOLLOW_UP, subject=1 << 64), "out of range"),
    ],
)
def test_what_is_not_sound_is_refused(message: FollowUpRecorded, words: str) -> None:
    """It changes nothing, and the error does not repeat a note."""
    bench = Bench(*register(1), publication(ELDERLY))

    error = bench.refuses(message, words)

    assert "daughter" not in error.text.en


def test_it_is_carried_out_once() -> None:
    """The same decision under its stamp is refused; said anew it is one more event."""
    from streams.ledgers.decisions import with_stamp

    bench = Bench(*register(1), publication(ELDERLY))
    stamped = with_stamp(FOLLOW_UP, bench.state.offset)
    bench.do(stamped)

    bench.refuses(stamped, "came before")
    bench.do(FOLLOW_UP)

    assert len(bench.state.follow_ups) == 2


def test_an_erased_person_takes_them_along() -> None:
    """Those of others stay; a later one about the person is refused."""
    bench = Bench(*register(1, 2), publication(ELDERLY), FOLLOW_UP, replace(FOLLOW_UP, subject=2))

    bench.do(erasing(1))

    assert [entry.subject for entry in bench.state.follow_ups] == [2]
    bench.refuses(FOLLOW_UP, "was erased")


def test_a_checkpoint_of_before_has_none() -> None:
    """A state that was written before there were follow-ups, or authors of answers, is read as without."""
    bench = Bench(*register(1), publication(ELDERLY))
    meta = bench.state.meta()
    del meta["follow_ups"]
    meta["answers"] = [[ELDERLY, 1, "claims", True]]

    state = State.restore(parts(), meta, bench.state.arrays())

    assert len(state.follow_ups) == 0
    assert [(key, entry.answer, entry.by, entry.day) for key, entry in state.answers.items()] == [
        ((ELDERLY, 1, "claims"), True, None, None)
    ]


class Telling:
    """The expected side: follow-ups as they were told, and a table of merges."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, FollowUpRecorded]] = []
        self.merges: dict[int, int] = {}

    def counts_as(self, token: int) -> int:
        while token in self.merges:
            token = self.merges[token]
        return token

    def working_states(self) -> dict[int, tuple[int, date | None, str | None]]:
        """Of each subject of whom anything was told: how many notes, the day, the person."""
        out: dict[int, tuple[int, date | None, str | None]] = {}
        for token, message in self.messages:
            notes, day, name = out.get(self.counts_as(token), (0, None, None))
            match message.item:
                case "note":
                    notes += 1
                case "call_again":
                    day = message.call_again
                case _:
                    name = message.assigned_to
            out[self.counts_as(token)] = (notes, day, name)
        return out


@pytest.mark.parametrize("seed", range(30))
def test_they_are_those_of_the_tokens_that_count_as_the_subject(seed: int) -> None:
    """Through merges, undoing, erasures, days and restored checkpoints, what counts is what the page says of all that was told."""
    rng, telling = Random(seed), Telling()
    bench = Bench(*register(*PERSONS), publication(ELDERLY))
    erased = set[int]()
    for _ in range(60):
        token, other, day = rng.choice(PERSONS), rng.choice(PERSONS), bench.state.day
        match rng.choice(["note", "call_again", "assigned_to", "merge", "undo", "erase", "day", "restore"]):
            case "merge":
                free = not erased & {token, other} and token not in telling.merges and telling.counts_as(other) != token
                if free and len(telling.merges) < 2:
                    bench.do(IdentityMerged("person", token, other, "same", "A", "B"))
                    telling.merges[token] = other
            case "undo":
                if token in telling.merges:
                    bench.do(IdentitySplit("person", token, token, (), "not so", "A", "B"))
                    del telling.merges[token]
            case "erase":
                if rng.random() < 0.2 and token not in {*telling.merges, *telling.merges.values(), *erased}:
                    bench.do(erasing(token))
                    erased.add(token)
                    telling.messages = [(of, message) for of, message in telling.messages if of != token]
            case "day":
                bench.do(Tick(day + timedelta(1)))
            case "restore":
                bench.state = State.restore(parts(), bench.state.meta(), bench.state.arrays())
            case item:
                value = {
                    "note": {"note": NOTE}, "call_again": {"call_again": rng.choice([None, day, day + timedelta(9)])},
                    "assigned_to": {"assigned_to": rng.choice([None, "李娟", CLERK])},
                }[item]  # fmt: skip
                message = FollowUpRecorded(ELDERLY, token, item, CLERK, **value)  # type: ignore[arg-type]  # each value is of its field
                if token in erased:
                    bench.refuses(message, "was erased")
                else:
                    bench.do(message)
                    telling.messages.append((token, message))
        assert {
            subject: (
                len(work.notes), work.call_again.call_again if work.call_again else None,
                work.assigned_to.assigned_to if work.assigned_to else None,
            )
            for subject, work in working_states(bench).items()
        } == telling.working_states()  # fmt: skip
    assert FollowUpLedger.restore(bench.state.follow_ups.meta()).meta() == bench.state.follow_ups.meta()
