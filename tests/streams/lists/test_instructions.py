"""Instructions to the list stage: their form as JSON, which notes and checkpoints hold, and back."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.language.causes import DeliveryName, RecordCause, WithdrawalCause
from streams.language.errors import Unreadable
from streams.lists.instructions import (
    CloseDelivery,
    HoldAllExits,
    Instruction,
    LiftBounds,
    RecordOutcome,
    SetBounds,
    SetLateFeeds,
    instructions_plain,
    instructions_read,
)
from tests.streams.strategies import ANY_INSTRUCTION, INSTRUCTIONS

DAY = date(2026, 10, 1)
PLAIN: list[tuple[Instruction, list[Any]]] = [
    (
        SetBounds(DAY, "grant", 2, "benefit", 20, Fraction(1, 5), {"hukou": 0.1, "pension": Fraction(1, 4)}, ("hukou",)),
        ["2026-10-01", "ruled", "grant", 2, "benefit", 20, "1/5", {"hukou": "0.1", "pension": "1/4"}, ["hukou"]],
    ),
    (LiftBounds(DAY, "grant", WithdrawalCause("grant")), ["2026-10-01", "unruled", "grant", "withdrawal", "grant"]),
    (RecordOutcome(DAY, "grant", 7, "declined", True), ["2026-10-01", "reported", "grant", 7, "declined", True]),
    (SetLateFeeds(DAY, ("hukou", "pension")), ["2026-10-01", "late", ["hukou", "pension"]]),
    (HoldAllExits(DAY, RecordCause(DeliveryName("hukou", "psb", 3), full=True)), ["2026-10-01", "shrunk", "hukou psb 3 full"]),
    (CloseDelivery(DAY, DeliveryName("hukou", "psb", 3)), ["2026-10-01", "delivered", "hukou psb 3"]),
]


@pytest.mark.parametrize(("instruction", "plain"), PLAIN)
def test_an_instruction_is_written_as_ever(instruction: Instruction, plain: list[Any]) -> None:
    """A worker of an older version reads it."""
    assert instructions_plain([instruction]) == [plain]
    assert instructions_read([plain]) == (instruction,)


@given(st.lists(ANY_INSTRUCTION, max_size=4))
def test_every_instruction_comes_back_equal(instructions: list[Instruction]) -> None:
    """Through JSON, and written again as it was."""
    plain = json.loads(json.dumps(instructions_plain(instructions)))

    assert instructions_read(plain) == tuple(instructions)
    assert instructions_plain(instructions_read(plain)) == plain


def test_every_instruction_is_drawn() -> None:
    """A new instruction needs a strategy."""
    assert INSTRUCTIONS.keys() == set(get_args(Instruction))


@pytest.mark.parametrize("plain", [[["2026-10-01", "sent", 1]], [["2026-10-01", "late"]], [["day", "late", []]], [7], 7])
def test_anything_else_is_unreadable(plain: Any) -> None:
    """An unknown word, missing facts, a day that is no date."""
    with pytest.raises(Unreadable):
        instructions_read(plain)
