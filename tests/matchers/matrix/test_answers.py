"""Answers are added one by one and can be looked up, however many there are."""

from __future__ import annotations

import numpy as np

from matchers.kernel.kernels.indexes import find_key, subject_key
from matchers.program.binding import Answers


def test_answers_told_one_by_one_are_those_told_at_once() -> None:
    """Each check has its last answer, before and after the tables grow."""
    rng = np.random.default_rng(1)
    answers = Answers.of(np.array([], np.uint64), np.array([], np.uint8))
    expected: dict[int, bool] = {}

    for row, yes in zip(rng.integers(0, 300, 1000).tolist(), rng.integers(0, 2, 1000).tolist(), strict=True):
        answers = answers.with_answer(np.uint64(subject_key(1, 0, row)), bool(yes))
        expected[row] = bool(yes)

    assert answers.count == len(expected)
    for row in range(300):
        at = int(find_key(answers.slots, len(answers.slots) - 1, np.uint64(subject_key(1, 0, row)), answers.keys))
        assert (answers.values[at] == 1 if at >= 0 else None) == expected.get(row)
