"""Lines of a message, against a plain definition of them."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.language.causes import Cause, DayCause, DeliveryName, RecordCause
from streams.lists.lines import Move, lines
from streams.testing import FakeChange, FakeChanges

DAY = date(2026, 10, 1)
STATUS = st.sampled_from([None, "eligible", "to_check", "needs_evidence"])
OPEN = [((), ()), (("home",), ()), ((), (("age", "hukou"), ("pay", None)))]
CHANGES = st.builds(
    FakeChange, was=st.sampled_from([None, *OPEN]), policy=st.sampled_from(["b", "a", "贫"]), version=st.integers(1, 2), subject=st.sampled_from([1, 2, 2**63, 2**64 - 1]),
    before=STATUS, after=STATUS, checklist=st.sampled_from([(), ("home",)]), missing=st.sampled_from([(), (("age", "hukou"), ("pay", None))]),
)  # fmt: skip
MOVES = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["record", "day"]), st.lists(CHANGES, max_size=8).map(FakeChanges)), max_size=5
)
DECIDED: Counter[str] = Counter()


@given(MOVES)
@settings(max_examples=400)
def test_one_line_a_day_policy_and_subject(sample: list[tuple[int, str, FakeChanges]]) -> None:
    """The status before comes from the first change, the rest from the last; no line where nothing differs in the end; order: day, policy,
    subject."""
    sample = sorted(sample, key=lambda move: move[0])
    expected = []
    for days in range(3):
        by: dict[tuple[str, int], list[tuple[str, FakeChange]]] = {}
        for _, kind, changes in (move for move in sample if move[0] == days):
            for change in changes:
                by.setdefault((change.policy, change.subject), []).append((kind, change))
        for key in sorted(by):
            before, (kind, last) = by[key][0][1].before, by[key][-1]
            is_known = len(by[key]) > 1 and all(change.was is not None for _, change in by[key])
            if is_known and before == last.after is not None and by[key][0][1].was == (last.checklist, last.missing):
                DECIDED["as it was"] += 1
            elif before is not None or last.after is not None:
                word = "entered" if before is None else "left" if last.after is None else "changed"
                expected.append((*key, last.version, word, before, last.after, last.checklist, last.missing, kind, DAY + timedelta(days)))
                DECIDED[word] += len(by[key]) > 1
            else:
                DECIDED["came and went"] += 1

    causes: dict[str, Cause] = {"record": RecordCause(DeliveryName("hukou", "psb", 1)), "day": DayCause(DAY)}
    moves = [Move(DAY + timedelta(days), causes[kind], changes.columns()) for days, kind, changes in sample]
    actual = lines(moves, 7)

    assert [line.id for line in actual] == [f"7.{i}" for i in range(len(expected))]
    assert [
        (c.policy, c.subject, c.version, c.change, c.before, c.status, c.checklist, c.missing, c.cause.kind, c.day) for c in actual
    ] == expected
    assert len(actual) == len(expected)


def test_every_kind_of_line_was_met() -> None:
    """The test above met each kind; it runs here if it has not yet run in this process."""
    if not DECIDED:
        test_one_line_a_day_policy_and_subject()
    assert all(DECIDED[kind] >= 5 for kind in ("entered", "left", "changed", "came and went", "as it was")), DECIDED
