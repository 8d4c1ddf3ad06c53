"""Erasure as a step and in the files of a store, over random messages: the state is that in which the person's rows never came."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from matchers.kernel.batch import DELETED, MISSING, NO_ORDER, OPEN_FROM, OPEN_TO, RecordBatch
from matchers.matrix.erasure import Trace
from policies.problems.problems import HuiminError
from policies.values import Kind
from streams.embedded.host import EmbeddedHost
from streams.erasure.scrub import _Target, without_person
from streams.language.errors import NotKept, Refusal
from streams.language.messages import Blank, CheckAnswered, CoverageStated, IdentityMerged, IdentitySplit, Input, Tick
from streams.ledgers.erasures import Erasures, RecordedErasure, digest, erased_token, erasure_message, sieves
from streams.network.replica import Replica
from streams.network.sequencer import Sequencer
from streams.steps.erasure import is_entangled
from streams.steps.state import State
from streams.steps.steps import step
from streams.testing import rows
from streams.wire import wire
from tests.matchers.counting import AddCounts, chunks, need
from tests.streams.happenings import DWELLINGS, HOUSEHOLDS, PERSONS, SALT, START, Happenings, erasing
from tests.streams.world import catalogue, delivery_messages, network, number, parts, publication, stamped_bytes

NOBODY = 7_000_000
"""Tokens and keys from here on are nobody's."""


class Oracle:
    """The fold of the same messages, where each row about the erased person deletes a record that never existed."""

    def __init__(self, person: int, traces: Sequence[Trace]) -> None:
        self.person, self.state = person, State(parts(real=True))
        self.latest: dict[tuple[str, int, int], list[tuple[int, int, int]]] = {}  # versions about the person, by record
        for trace in traces:
            self.latest.setdefault(trace[:3], []).append(trace[3:])
        self.count = NOBODY

    def take(self, message: Input) -> None:
        step(self.state, self.other(message), self.state.offset + 1)

    def other(self, message: Input) -> Input:
        match message:
            case RecordBatch():
                return self.without(message) if _about_persons(self.state, message.feed) else message
            case CoverageStated():
                return replace(message, subjects=tuple(NOBODY if s == self.person else s for s in message.subjects))
            case IdentityMerged() | IdentitySplit() if message.kind == "person":
                swap = {self.person: NOBODY}
                return replace(message, subject=swap.get(message.subject, message.subject), into=swap.get(message.into, message.into))
            case _:
                return message

    def without(self, batch: RecordBatch) -> RecordBatch:
        columns: dict[str, Any] = {
            name: getattr(batch, name).copy() for name in ("key", "subject", "order", "flags", "valid_from", "valid_to")
        }
        links = {name: column.copy() for name, column in batch.links.items()}
        values = {name: column.copy() for name, column in batch.values.items()}
        for i in range(len(batch)):
            version = (int(batch.order[i]), batch.delivery, int(batch.row[i]))
            erased_versions = self.latest.get((batch.feed, batch.source, int(batch.key[i])), [])
            before = any(
                version[1:] <= erased_version[1:] if erased_version[0] == NO_ORDER else version <= erased_version
                for erased_version in erased_versions
            )
            if batch.subject[i] == self.person or before:
                columns["order"][i] = 0
                self.count += 1
                columns["key"][i] = columns["subject"][i] = self.count
                columns["flags"][i], columns["valid_from"][i], columns["valid_to"][i] = DELETED, OPEN_FROM, OPEN_TO
                for link in links.values():
                    link[i] = 0
                for value in values.values():
                    value[i] = MISSING
        return replace(batch, **columns, links=links, values=values)


def _about_persons(state: State, feed: str) -> bool:
    return state.catalogue.feeds[feed].subject is Kind.PERSON


def lists_and_verdicts(state: State, but: int) -> dict[str, Any]:
    """The lists, and the verdicts of all subjects but one person."""
    out: dict[str, Any] = {"day": state.day, "offset": state.offset}
    if not state.has_catalogue:
        return out
    matcher: Any = state.matcher
    for name, policy in state.policies.items():
        among = {Kind.PERSON: PERSONS, Kind.HOUSEHOLD: HOUSEHOLDS, Kind.DWELLING: DWELLINGS}[policy.subject]
        whom = [subject for subject in among if subject != but or policy.subject is not Kind.PERSON]
        out[name] = [matcher.candidates(name, every=True), [matcher.verdict(name, subject) for subject in whom]]
    return out


TITLE = "erasures of a person from a made-up world"
RUN = chunks(10, (0, 4))
need(TITLE, RUN, 10, {"rows of theirs": 30, "moments": 30, "snapshots written anew": 10})


@pytest.mark.parametrize("seed", RUN)
def test_the_state_is_that_in_which_the_persons_rows_never_came(tmp_path: Path, seed: int, add_counts: AddCounts) -> None:
    """This holds now, at past moments, after a restart from snapshots or from the first message, and for later messages."""
    rng = Random(seed)
    happenings = Happenings(rng).run()
    messages: list[Input] = []
    with EmbeddedHost.open(tmp_path, parts(real=True), create=True) as host:
        for body in islice(happenings, 90):
            _submit_if_admissible(host, body, messages)
            if rng.random() < 0.06:
                host.write_checkpoint()
        free = [p for p in rng.sample(PERSONS, len(PERSONS)) if not is_entangled(host.state, p)]
        person = max(free[: rng.choice([1, len(free)])], key=lambda p: len(host.traces(p)))
        traces, before = host.traces(person), [c for c in host.outputs() if c.subject != person]
        host.submit(erasing(person))
        others = [c for c in host.outputs() if c.subject != person][len(before) :]
        with pytest.raises(NotKept):
            host.at(len(messages) - 1)
        with pytest.raises(Refusal):
            host.submit(messages[0])
        report = host.scrub(person, traces)
        assert {c.cause.kind for c in others} <= {"erasure"}
        assert list(host.outputs()) == [*before, *others]

        moments = {m: lists_and_verdicts(host.at(m), person) for m in sorted(rng.sample(range(len(messages)), 6))}
        oracle = Oracle(person, traces)
        for offset, message in enumerate(messages):
            oracle.take(message)
            if offset in moments:
                assert moments[offset] == lists_and_verdicts(oracle.state, person), f"at #{offset}"
        oracle.state.offset += 1
        assert lists_and_verdicts(host.state, person) == lists_and_verdicts(oracle.state, person)
        assert person not in {*host.state.matcher.persons().tolist()}

        facts = {"rows of theirs": len(set(traces)), "lines of others": len(others), "moments": len(moments)}
        add_counts(TITLE, {**facts, "snapshots written anew": report.snapshots, "snapshots removed": report.removed})

        oracle.latest = {}
        later: list[Input] = []
        for body in islice(happenings, 25):
            _submit_if_admissible(host, body, later)
        for message in later:
            oracle.take(message)
        expected = lists_and_verdicts(oracle.state, person)
        assert lists_and_verdicts(host.state, person) == expected

    with EmbeddedHost.open(tmp_path, parts(real=True), readonly=True) as host:
        assert lists_and_verdicts(host.state, person) == expected
    shutil.rmtree(tmp_path / "snapshots")
    (tmp_path / "snapshots").mkdir()
    with EmbeddedHost.open(tmp_path, parts(real=True), readonly=True) as host:
        assert lists_and_verdicts(host.state, person) == expected


def _submit_if_admissible(host: EmbeddedHost, body: bytes, messages: list[Input]) -> None:
    try:
        message = wire.decode(body)
        host.submit(message)
        messages.append(message)
    except HuiminError:
        pass  # some happenings are not admissible


def test_a_list_that_depended_on_the_person_has_a_line(tmp_path: Path) -> None:
    """A dwelling has too many occupants no more and leaves its list, with the cause `erasure`; no line is about the person."""
    street: dict[str, Any] = {"division": [0], "dictionaries": {"division": ("310107020",)}}
    flat = rows(catalogue(), "dwelling", 1, 1, [201], layout=[0], **street)
    occupied = rows(catalogue(), "occupancy", 1, 1, [1, 2, 3], lives_at=[201] * 3, relation_to_tenant=[2] * 3)
    old = [number(date(1940, 1, 1))]
    register = rows(catalogue(), "hukou", 1, 1, [3], birth_date=old, hukou_since=old, **street)
    with EmbeddedHost.open(tmp_path, parts(real=True), create=True) as host:
        for message in (Tick(START), network(), publication("group-rental"), publication("elderly-uninsured")):
            host.submit(message)
        for batch in (flat, occupied, register):
            for part in delivery_messages(batch, batch.feed):
                host.submit(part)
        assert {c.subject for c in host.outputs()} == {3, 201}
        traces = host.traces(3)

        told_of = list(host.submit(erasing(3)).changes)
        host.scrub(3, traces)

        assert [(c.policy, c.subject, c.change, c.cause.kind) for c in told_of] == [("group-rental", 201, "left", "erasure")]
        assert {c.subject for c in host.outputs()} == {201}
        assert list(host.outputs())[-1] == told_of[0]
        assert len(traces) == 4, "an occupancy and a register record, as the state and as the log know them"


def test_a_ledger_knows_whom_it_cannot_name() -> None:
    """It recognises exactly the erased tokens among many, comes back equal from its meta, and holds no token."""
    tokens = np.random.default_rng(1).integers(1, 1 << 63, 50_000).astype(np.uint64)
    ledger = Erasures()
    state = State(parts())
    for token in tokens[:20].tolist():
        message = erasure_message(SALT, token, "R1", "A", "B")
        ledger.add(RecordedErasure(message.digest, message.sieve, "R1", "A", "B", state.day, 1), SALT)
        assert erased_token(SALT, message, tokens) == token
        assert erased_token(SALT, message, tokens[20:]) == 0

    assert np.flatnonzero(ledger.are_erased(tokens)).tolist() == list(range(20))
    again = Erasures.restore(ledger.meta())
    assert list(again) == list(ledger) and again.salt == SALT
    assert not any(str(token) in repr(ledger.meta()) or f"{token:016x}" in repr(ledger.meta()) for token in tokens[:20].tolist())
    assert len(np.unique(sieves(SALT, tokens))) > 40_000
    assert digest(SALT, 1) != digest("00" * 16, 1)


@pytest.mark.parametrize(
    "changed",
    [{"by": "approver"}, {"reason": " "}, {"digest": "x"}, {"salt": "5a"}, {"sieve": 1 << 20}, {"sieve": -1}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_decision_that_does_not_say_all_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    """One person alone, no reason, a false digest, salt or sieve: refused, and the state stays as it was."""
    with EmbeddedHost.open(tmp_path, parts(), create=True) as host:
        for body in islice(Happenings(Random(3)).run(), 12):
            _submit_if_admissible(host, body, [])
        before = host.state.meta()

        with pytest.raises(Refusal):
            host.submit(replace(erasing(1), **changed))

        assert host.state.meta() == before
        host.submit(erasing(1))
        assert host.state.erasures.of(1) is not None


def test_another_salt_is_refused_and_the_same_again_changes_nothing(tmp_path: Path) -> None:
    """All erasures share one salt; a second decision about the same person moves nobody and adds nothing."""
    with EmbeddedHost.open(tmp_path, parts(), create=True) as host:
        for body in islice(Happenings(Random(3)).run(), 12):
            _submit_if_admissible(host, body, [])
        traces = host.traces(1)
        host.submit(erasing(1))
        with pytest.raises(Refusal, match="finished"):
            host.submit(erasing(2))
        host.scrub(1, traces)

        again = host.submit(erasing(1))
        assert not host.erasing
        with pytest.raises(Refusal, match="salt"):
            host.submit(erasing(2, "00" * 16))

        assert list(again.changes) == []
        assert len(host.state.erasures) == 1


def test_nobody_in_a_correction_of_identity_is_erased(tmp_path: Path) -> None:
    """Neither side of a merge or of a split can be erased; once the correction is taken back, the person can."""
    people = ("author", "approver")
    with EmbeddedHost.open(tmp_path, parts(real=True), create=True) as host:
        for body in islice(Happenings(Random(3)).run(), 12):
            _submit_if_admissible(host, body, [])
        host.submit(IdentityMerged("person", 1, 2, "same", *people))
        host.submit(IdentitySplit("person", 3, 4, (("hukou", 0, 3),), "two", *people))
        for person in (1, 2, 3, 4):
            with pytest.raises(Refusal, match="correction of identity"):
                host.submit(erasing(person))

        host.submit(IdentitySplit("person", 1, 1, (), "not so", *people))
        host.submit(erasing(1))

        assert host.state.erasures.of(1) is not None


def test_what_a_network_does_not_admit_about_somebody_erased_is_not_shown() -> None:
    """Their dead letter has the reason and no content; that of another person has the message. Every fold counts the erasure."""
    bodies = [stamped_bytes(message) for message in map(wire.decode, islice(_admissible(), 6))]
    sequencer, replica = Sequencer(parts(real=True), 2), Replica(parts(real=True))
    answers = [stamped_bytes(CheckAnswered("elderly-uninsured", subject, "no such check", True)) for subject in (1, 2)]
    out = []
    for offset, body in enumerate([*bodies, stamped_bytes(erasing(1)), *answers]):
        out += sequencer.take(body, offset)
        replica.take(body, offset)

    dead = [outgoing.body for outgoing in out if outgoing.topic == "dead-letters"]

    assert dead[-2:] == [b"", answers[1]]
    late = rows(catalogue(), "hukou", 9, 1, [1, 2], household=[0, 0])
    (letter, *_) = sequencer.take(wire.encode(late), sequencer.offset + 1)
    visible_batch = wire.decode(letter.body)
    assert letter.topic == "dead-letters" and isinstance(visible_batch, RecordBatch)
    assert visible_batch.subject.tolist() == [0, 2], "a delivery that has not begun"
    assert isinstance(replica.last_result, Refusal)
    assert sequencer.erasure_count == replica.erasure_count == 1


def _admissible() -> Any:
    return (body for body in Happenings(Random(5)).run() if body.startswith(b"HMIN"))


def test_a_blank_row_says_nothing(tmp_path: Path) -> None:
    """A row without subject but with content is refused; a blank row counts as a row of its delivery."""
    happenings = Happenings(Random(3))
    with EmbeddedHost.open(tmp_path, parts(real=True), create=True) as host:
        for body in islice(happenings.run(), 5):
            _submit_if_admissible(host, body, [])
        start, batch, *_ = (m for m in happenings.delivery("hukou") if not isinstance(m, CoverageStated))
        assert isinstance(batch, RecordBatch)
        host.submit(start)
        everyone = np.ones(len(batch), np.bool_)

        with pytest.raises(Refusal):
            host.submit(replace(batch, subject=np.zeros(len(batch), np.uint64)))
        receipt = host.submit(batch.with_blanks(everyone))

        assert list(receipt.changes) == []
        delivery = host.state.deliveries.by_number("hukou", 0, batch.delivery)
        assert delivery is not None and delivery.applied_rows == len(batch)


def test_an_answer_about_an_erased_person_is_blank_in_the_log() -> None:
    """It keeps its place, and its message does nothing."""
    whom = _Target(7, 9, {}, frozenset({"hukou"}))

    assert without_person(CheckAnswered("grant", 7, "willing", True), whom) == Blank()
    assert without_person(CheckAnswered("grant", 8, "willing", True), whom) == CheckAnswered("grant", 8, "willing", True)
    assert wire.decode(wire.encode(Blank())) == Blank()
