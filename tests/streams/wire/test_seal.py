"""Seals cover all parts of a message that are read; messages of others, or copied from elsewhere, do not pass."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.language.errors import InvalidSeal, Unreadable
from streams.wire.seal import OPEN, SEAL, Seal

OURS = Seal(b"k" * 32, "here")
HEAD = [("content-type", b"application/json"), ("ce_id", b"1"), ("ce_closes", b"grant")]
Parts = tuple[str, int, bytes, list[tuple[str, bytes]], bytes]
NAMES = st.sampled_from(["ce_id", "ce_type", "ce_closes", "content-type"])
messages = st.tuples(
    st.sampled_from(["inputs", "orders", "lines", "changes"]), st.integers(0, 12), st.binary(max_size=5),
    st.dictionaries(NAMES, st.binary(max_size=4)).map(lambda pairs: list(pairs.items())), st.binary(max_size=40),
)  # fmt: skip


@given(messages, messages)
def test_a_seal_is_of_one_message(message: Parts, other: Parts) -> None:
    """It covers topic, partition, key, headers (in any order) and body together, and fits no other message."""
    topic, partition, key, headers, body = message
    seal = dict(OURS.with_seal(*message))[SEAL]

    assert OURS.problem(topic, partition, key, [(SEAL, seal), *reversed(headers)], body) is None
    same = (*other[:3], sorted(other[3]), other[4]) == (*message[:3], sorted(headers), body)
    assert (OURS.problem(*other[:3], [*other[3], (SEAL, seal)], other[4]) is None) == same


@given(messages, st.data())
def test_any_bit_turned_and_any_cut_is_noticed(message: Parts, data: st.DataObject) -> None:
    """This holds for the body and for the seal."""
    topic, partition, key, headers, body = message
    seal = dict(OURS.with_seal(*message))[SEAL]
    whole = bytearray(body + seal)
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    turned, other = bytes(whole[: len(body)]), bytes(whole[len(body) :])

    assert OURS.problem(topic, partition, key, [*headers, (SEAL, other)], turned) is not None
    for cut in range(len(body)):
        assert OURS.problem(topic, partition, key, [*headers, (SEAL, seal)], body[:cut]) is not None


def test_another_key_or_network_is_another_seal() -> None:
    """So is the seal of an open network, which anybody can make."""
    for other in (Seal(b"j" * 32, "here"), Seal(b"k" * 32, "there"), Seal(OPEN, "here")):
        sealed = other.with_seal("inputs", 0, b"key", HEAD, b"body")

        assert other.problem("inputs", 0, b"key", sealed, b"body") is None
        assert isinstance(OURS.problem("inputs", 0, b"key", sealed, b"body"), InvalidSeal)


def test_what_has_no_seal_is_told_apart() -> None:
    """No headers, no seal, two seals, a deletion: each is unreadable, with its own reason."""
    sealed = OURS.with_seal("inputs", 0, b"key", HEAD, b"body")
    cases: list[tuple[Any, bytes | None, str]] = [
        (None, b"body", "has no seal"), (HEAD, b"body", "has no seal"), (sealed, None, "has no seal"),
        ([*sealed, sealed[-1]], b"body", "does not match"), ([*HEAD, (SEAL, None)], b"body", "does not match"),
    ]  # fmt: skip
    for headers, body, why in cases:
        problem = OURS.problem("inputs", 0, b"key", headers, body)

        assert isinstance(problem, Unreadable) and why in problem.text.en and "封签" in problem.text.zh


def test_headers_that_nobody_reads_come_and_go() -> None:
    """A header that a tracer adds changes nothing; a second header of ours does."""
    sealed = OURS.with_seal("inputs", 0, b"key", HEAD, b"body")

    assert OURS.problem("inputs", 0, b"key", [("traceparent", b"00-1"), *sealed], b"body") is None
    assert OURS.problem("inputs", 0, b"key", [*sealed, ("ce_closes", b"grant")], b"body") is not None


def test_sealed_anew_is_sealed_once() -> None:
    """A changed copy has one seal, which fits its new content."""
    first = OURS.with_seal("changes", 0, b"7", HEAD, b"body")
    again = OURS.with_seal("changes", 0, b"7", [*first, ("ce_rewritten", b"run/8")], b"other")

    assert [name for name, _ in again].count(SEAL) == 1
    assert OURS.problem("changes", 0, b"7", again, b"other") is None


def test_parts_are_not_run_together() -> None:
    """The seal keeps the parts of a message, and those of a snapshot, apart."""
    assert OURS.over(b"ab", b"c") != OURS.over(b"a", b"bc") != OURS.over(b"abc")
    assert OURS.over(b"snapshot").encode() not in dict(OURS.with_seal("snapshot", 0, b"", [], b"")).values()
