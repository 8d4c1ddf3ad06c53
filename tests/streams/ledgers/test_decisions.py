"""A message that comes twice changes nothing: stamps guard decisions; deliveries and versions guard records."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest

from matchers.kernel.batch import RecordBatch
from policies.problems.problems import HuiminError
from streams.embedded.host import EmbeddedHost
from streams.language.errors import Refusal, RepeatedDecision
from streams.language.messages import (
    CheckAnswered,
    CoverageWithdrawn,
    DecisionMessage,
    EditionCut,
    Input,
    PolicyWithdrawn,
    Stamp,
    Tick,
)
from streams.ledgers import decisions
from streams.ledgers.decisions import WINDOW, RecentStamps, decides, require_stamp, stamp_of, with_stamp
from streams.lists.lines import Lines
from streams.network.replica import Replica
from streams.network.sequencer import Sequencer
from streams.steps.state import State
from streams.wire import wire
from tests.streams.bench import ELDERLY, Bench, register
from tests.streams.happenings import Happenings
from tests.streams.world import DAY, network, parts, publication, stamped_bytes

LENGTH = 160


def apart(state: State) -> dict[str, Any]:
    """The meta of a state, without its offset and the stamps it knows."""
    return {name: value for name, value in state.meta().items() if name not in ("offset", "known")}


@pytest.mark.parametrize("seed", range(3))
def test_a_topic_sent_a_second_time_moves_nobody(seed: int) -> None:
    """A replica and a sequencer take every message of a run again, in another order: no line, no order, the same state."""
    bodies = list(islice(Happenings(Random(seed)).run(), LENGTH))
    replica, sequencer = Replica(parts(real=True)), Sequencer(parts(real=True), 2)
    for offset, body in enumerate(bodies):
        replica.take(body, offset)
        sequencer.take(body, offset)
    before, counted, counts = apart(replica.state), sequencer.counts["replayed"], {"decisions": 0, "batches": 0}
    again = Random(seed).sample(bodies, len(bodies))

    for offset, body in enumerate(again, len(bodies)):
        replica.take(body, offset)
        out = sequencer.take(body, offset)

        message = readable(body)
        if message is not None and decides(message):
            assert isinstance(replica.last_result, RepeatedDecision)
            assert [outgoing.topic for outgoing in out] == ["dead-letters", "lines"]
            counts["decisions"] += 1
        elif isinstance(replica.last_result, Lines):
            assert len(replica.last_result) == 0, message
            counts["batches"] += isinstance(message, RecordBatch)

    assert apart(replica.state) == before
    assert sequencer.state.offset == len(bodies) * 2 - 1
    assert sequencer.counts["replayed"] - counted == counts["decisions"] > 50
    assert counts["batches"] > 20


def readable(body: bytes) -> Input | None:
    try:
        return wire.decode(body)
    except HuiminError:
        return None


def test_every_decision_has_room_for_a_stamp_and_nothing_else_has() -> None:
    """Each new kind of message must be a decision or not."""
    assert {kind for kind in wire.KINDS if hasattr(kind, "stamp")} == set(get_args(DecisionMessage))


def test_an_old_withdrawal_does_not_end_the_next_version() -> None:
    """Neither the same message again nor a similar one: a withdrawal names its version, which must be the newest."""
    bench = Bench(*register(1), publication(ELDERLY))
    old = with_stamp(PolicyWithdrawn(ELDERLY, 1, "author", "approver", "ended"), bench.state.offset)
    bench.do(old)
    bench.do(publication(ELDERLY, 2))

    bench.refuses(old, "came before")
    bench.refuses(
        PolicyWithdrawn(ELDERLY, 1, "author", "approver", "ended"), "names version 1 of policy elderly-uninsured, and the newest is 2"
    )
    bench.refuses(PolicyWithdrawn(ELDERLY, 3, "author", "approver", "ended"), "the newest is 2")

    assert bench.listed_subjects() == [1]
    assert len(bench.do(PolicyWithdrawn(ELDERLY, 2, "author", "approver", "ended"))) == 1


def test_an_embedded_host_admits_a_decision_once(tmp_path: Path) -> None:
    """Each decision gets a stamp, which the log stores; a decision with a known stamp is refused, also after a restart."""
    answer = CheckAnswered("relocation-hardship", 7, "willing", True)
    with EmbeddedHost.open(tmp_path, parts(), create=True) as host:
        for message in (Tick(DAY), network(), publication("relocation-hardship"), answer, answer):
            host.submit(message)
        stamps = [stamp_of(wire.decode(body)) for _, body in host._log.inputs(-1)]
    with EmbeddedHost.open(tmp_path, parts()) as host:
        before = host.state.meta()
        with pytest.raises(RepeatedDecision, match="came before"):
            host.submit(with_stamp(answer, *stamps[3] or ()))

        assert host.state.meta() == before
        assert stamps == [Stamp(offset - 1, "") for offset in range(5)]


def test_what_was_refused_does_not_come_true_later() -> None:
    """A decision that comes too early is refused for good; the same decision with a new stamp counts later."""
    early = stamped_bytes(EditionCut(ELDERLY))
    for fold in (Replica(parts(real=True)), Sequencer(parts(real=True), 2)):
        for offset, body in enumerate(
            [
                stamped_bytes(Tick(DAY)),
                stamped_bytes(network()),
                early,
                stamped_bytes(publication(ELDERLY)),
                early,
                stamped_bytes(EditionCut(ELDERLY)),
            ]
        ):
            fold.take(body, offset)
            if isinstance(fold, Replica):
                assert isinstance(fold.last_result, RepeatedDecision if offset == 4 else Refusal if offset == 2 else Lines), offset
        if isinstance(fold, Sequencer):
            assert (fold.counts["refused"], fold.counts["replayed"]) == (1, 1)


def test_a_network_takes_no_decision_without_a_stamp() -> None:
    """Without a stamp it could be repeated."""
    replica = Replica(parts())
    replica.take(wire.encode(Tick(DAY)), 0)

    assert (
        isinstance(replica.last_result, Refusal)
        and "has no number" in replica.last_result.text.en
        and "没有编号" in replica.last_result.text.zh
    )
    require_stamp(register(1)[0])
    with pytest.raises(Refusal):
        require_stamp(CoverageWithdrawn("c"))


def test_a_decision_is_of_the_present() -> None:
    """A stamp may name neither a future state nor one before the window of remembered stamps."""
    ledger, tick = RecentStamps(), Tick(DAY)

    ledger.refuse_known(with_stamp(tick, 4), 5)
    ledger.refuse_known(with_stamp(tick, 0), WINDOW)
    for at, offset, kind, why in ((5, 5, Refusal, "still to come"), (0, WINDOW + 1, RepeatedDecision, "more than 65536 messages ago")):
        with pytest.raises(kind, match=why):
            ledger.refuse_known(with_stamp(tick, at), offset)


def test_no_more_is_remembered_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stamp that is forgotten is refused for its age; the ledger comes back equal from its meta."""
    monkeypatch.setattr(decisions, "WINDOW", 20)
    rng, ledger, past = Random(1), RecentStamps(), list[Input]()
    for offset in range(600):
        message = with_stamp(Tick(DAY + timedelta(offset)), max(-1, offset - 1 - rng.choice([0, 0, 1, 5, 19])), f"{offset}")
        ledger.refuse_known(message, offset)
        ledger.add(message, offset)
        past.append(message)

        assert len(ledger) <= 22
        for old in rng.sample(past, min(3, len(past))):
            with pytest.raises(RepeatedDecision):
                ledger.refuse_known(old, offset + 1)
    assert RecentStamps.restore(ledger.meta()).meta() == ledger.meta()
