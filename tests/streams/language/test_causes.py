"""Causes: the two words that name each cause in lines and logs since 0.2.0, and back."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest
from hypothesis import given

from streams.language.causes import (
    AgreementCause,
    AmendmentCause,
    AnswerCause,
    Cause,
    ContractCause,
    CoverageCause,
    DayCause,
    DeliveryName,
    EngineCause,
    ErasureCause,
    EvidenceCause,
    IdentityCause,
    OutcomeCause,
    PublicationCause,
    RecordCause,
    ReleaseCause,
    VersionName,
    WithdrawalCause,
    cause_of,
)
from streams.language.errors import Unreadable
from tests.streams.strategies import ANY_CAUSE, CAUSES

WORDS: dict[tuple[str, str], Cause] = {
    ("record", "hukou putuo-psb 7"): RecordCause(DeliveryName("hukou", "putuo-psb", 7)),
    ("record", "hukou putuo-psb 7 full"): RecordCause(DeliveryName("hukou", "putuo-psb", 7), full=True),
    ("coverage", "c1, c2"): CoverageCause(("c1", "c2")),
    ("publication", "grant@2"): PublicationCause(VersionName("grant", 2)),
    ("withdrawal", "grant"): WithdrawalCause("grant"),
    ("amendment", "grant@3"): AmendmentCause(VersionName("grant", 3)),
    ("day", "2026-10-01"): DayCause(date(2026, 10, 1)),
    ("answer", "home"): AnswerCause("home"),
    ("agreement", "hukou"): AgreementCause("hukou"),
    ("identity", "person merge"): IdentityCause("person", "merge"),
    ("outcome", "declined"): OutcomeCause("declined"),
    ("evidence", "declined"): EvidenceCause("declined"),
    ("release", "h7+"): ReleaseCause("h7+"),
    ("erasure", "person"): ErasureCause(),
    ("contract", "hukou, pension"): ContractCause(("hukou", "pension")),
    ("engine", "semantics 2"): EngineCause(2),
}


@pytest.mark.parametrize("words", WORDS)
def test_a_cause_is_written_as_ever(words: tuple[str, str]) -> None:
    """Digests of editions cover these words, so they must never change."""
    cause = WORDS[words]

    assert (cause.kind, cause.detail) == words
    assert cause_of(*words) == cause


def test_every_cause_is_tested() -> None:
    """Each has an example here and a strategy."""
    assert {type(cause) for cause in WORDS.values()} == CAUSES.keys() == set(get_args(Cause))


@given(ANY_CAUSE)
def test_every_cause_comes_back_equal(cause: Cause) -> None:
    """It comes back from its two words."""
    assert cause_of(cause.kind, cause.detail) == cause


@pytest.mark.parametrize(
    "words",
    [("record", "hukou"), ("record", "hukou putuo-psb 07"), ("day", "20261001"), ("engine", "2"), ("erasure", ""), ("because", "so")],
)
def test_other_words_name_no_cause(words: tuple[str, str]) -> None:
    """They raise ``Unreadable``, also where they are close to a cause."""
    with pytest.raises(Unreadable):
        cause_of(*words)
