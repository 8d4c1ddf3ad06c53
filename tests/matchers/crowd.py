"""One household with very many members, evaluated in every way by a process whose memory and time are measured.

``python -m tests.matchers.crowd MEMBERS SHAPE`` prints one line of JSON: for each way its result and its processor seconds, and the peak
memory of the process in megabytes. ``tests/matchers/program/test_crowds.py`` calls it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from matchers import worlds
from matchers.core import Matcher
from matchers.kernel.batch import MISSING, OPEN_FROM, OPEN_TO, RecordBatch
from matchers.kernel.layout import KINDS
from matchers.kernel.thresholds import days
from matchers.lists.criteria import CriteriaReader
from matchers.reading import explain
from policies.language.catalogue import FieldType
from policies.values import Kind
from tests.matchers import presence

WOMAN = {"id": "w", "field": "sex", "op": "eq", "value": "female"}
NESTED = {"id": "n", "quantifier": "some", "over": "household.members", "where": WOMAN}
SHAPES: dict[str, dict[str, Any]] = {
    "some": {"id": "c", "quantifier": "some", "over": "household.members", "where": WOMAN},
    "nested": {"id": "c", "quantifier": "all", "over": "household.members", "where": NESTED},
    "records": {"id": "c", "quantifier": "count", "over": "household.members.pension", "where": NESTED, "op": "ge", "value": 1},
    "sum": {"id": "c", "sum_of": "income.monthly_income", "over": "household.members", "op": "lt", "value": "100", "per": "household.size"},
}
MALE, FEMALE = 0, 1


def batch(matcher: Matcher, feed: str, names: np.ndarray[Any, Any], delivery: int, **values: Any) -> RecordBatch:
    """Rows of a feed about subjects named by numbers. ``values`` are columns or one cell for all rows; the cell of a link is a number, too."""
    contract, n = matcher.catalogue.feeds[feed], len(names)
    dictionaries = {field.name: (presence.STREET,) for field in contract.matrix_fields() if field.type is FieldType.DIVISION}
    return RecordBatch(
        feed, 0, delivery, names.astype(np.uint64) + np.uint64(1), _tokens(names), np.full(n, delivery), np.arange(1, n + 1, dtype=np.int32),
        np.zeros(n, np.uint8), np.full(n, OPEN_FROM, np.int32), np.full(n, OPEN_TO, np.int32),
        {link: _tokens(np.full(n, values[link])) for link in contract.links},
        {
            field.name: np.full(n, values.get(field.name, 0 if field.name in dictionaries else MISSING)).astype(np.int64)
            for field in contract.matrix_fields()
        },
        dictionaries, np.zeros(n, np.uint64),
    )  # fmt: skip


def _tokens(names: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    return (names.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1)


def main(members: int, shape: str) -> dict[str, Any]:
    figures: dict[str, Any] = {}

    def measure(what: str, work: Callable[[], Any]) -> None:
        start = time.process_time()
        figures[what] = [work(), round(time.process_time() - start, 2)]

    matcher, policy = Matcher(presence.catalogue(), presence.DAY), presence.policy(SHAPES[shape], "person")
    matcher.publish(policy)
    matcher.apply(batch(matcher, "household", np.array([7]), 1, registered_at=7, size=4))
    persons = np.arange(members)

    def deliver_persons() -> int:
        every = batch(matcher, "hukou", persons, 1, household=7, sex=MALE, birth_date=days(presence.DAY) - 20_000)
        return sum(len(matcher.apply(every.slice(start, start + 10_000))) for start in range(0, members, 10_000))

    measure("delivered", deliver_persons)
    measure("pensions", lambda: len(matcher.apply(batch(matcher, "pension", persons[:1000], 1, amount=100_000))))
    woman = batch(matcher, "hukou", persons[:1], 2, household=7, sex=FEMALE, birth_date=days(presence.DAY) - 20_000)
    measure("changed", lambda: len(matcher.apply(woman)))
    measure("covered", lambda: len(matcher.cover(worlds.statements(matcher.catalogue, {"coverage": presence.COVERED}))))
    measure("lists", lambda: len(matcher.lists()[0].row))
    measure("preview", lambda: len(matcher.preview(policy)))
    rows = np.arange(members, dtype=np.int32)
    measure("read leaf by leaf", lambda: int(CriteriaReader(matcher, policy).read(rows, matcher.day).truth.sum()))
    first_token = int(_tokens(persons[1:2])[0])
    measure("explained", lambda: explain.explain(matcher, policy, first_token, matcher.day).verdict.verdict)
    measure("whatever is missing", lambda: matcher.still_yes(policy.name, first_token))
    measure("days", lambda: sum(len(matcher.tick(presence.DAY + timedelta(days=day))) for day in (1, 40)))
    measure("published again", lambda: len(matcher.publish(policy)))
    assert matcher.store.sizes[KINDS.index(Kind.PERSON)] == members
    return figures | {"peak": _peak_mb()}


def _peak_mb() -> int:
    """The peak memory of this process alone: ``getrusage`` would begin with the peak of its parent."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), sys.argv[2])))
