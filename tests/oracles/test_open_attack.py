"""Whoever has every open snapshot, and a solver, learns the size of no small group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from connectors.analysts.disclosure import WITHHELD, Cell, CountTable, SecretOrder, next_figures
from services.exports.open_counts import BY_AGE_AND_SEX, BY_STREET
from tests.oracles.open_attack import Attack, K, Knowledge, box

STREETS, STATUSES, GROUPS = ("s1", "s2"), ("eligible", "to_check"), (("70-74", "female"), ("70-74", "male"), ("85+", "female"))
INSIDE = (("narrow", "wide"),)
Person = tuple[str, str, tuple[str, str]]
"""Where a candidate lives, their status, age band and sex."""
PEOPLE = list(product(STREETS, STATUSES, GROUPS))
List = Counter[Person]


@st.composite
def lists(draw: st.DrawFn) -> List:
    """A list in which many groups are small, or just as large as a threshold or a step."""
    size = st.sampled_from((0, 0, 0, 1, 4, 5, 9, 10, 14, 15, 19, 24, 29))
    return Counter({person: count for person in PEOPLE if (count := draw(size))})


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[List, List]]:
    """One to three moments of a list and of one that contains it; from moment to moment some people come and go."""
    moments = []
    for _ in range(draw(st.integers(1, 3))):
        narrow = draw(lists())
        moments.append((narrow, narrow + (draw(lists()) if draw(st.booleans()) else Counter())))
    return moments


def stock_counts(policies: Mapping[str, List]) -> tuple[CountTable, CountTable]:
    streets, people = Counter[Cell](), Counter[Cell]()
    for policy, on_list in policies.items():
        for (street, status, group), count in on_list.items():
            streets[BY_STREET, policy, status, street] += count
            people[(BY_AGE_AND_SEX, policy, *group)] += count
    return CountTable(BY_STREET, streets, 3), CountTable(BY_AGE_AND_SEX, people, 2)


class World:
    """The ledger and the snapshots of a history, published one after another, with the true counts."""

    def __init__(self, history: list[tuple[List, List]], key: bytes) -> None:
        self.ledger: dict[Cell, int] = {}
        self.snapshots: list[dict[Cell, int]] = []
        self.true: list[dict[Cell, int]] = []
        order = SecretOrder(key)
        for narrow, wide in history:
            tables = stock_counts({"narrow": narrow, "wide": wide})
            for table in tables:
                self.ledger |= next_figures(table, self.ledger, order)
            self.snapshots.append({cell: figure for cell, figure in self.ledger.items() if figure != WITHHELD})
            self.true.append({cell: count for table in tables for cell, count in table.counts.items()})

    def knowledge(self, knows_the_empty: bool = False) -> Knowledge:
        """What the attacker is told; ``knows_the_empty``: also which cells hold nobody."""
        cells = {(BY_STREET, policy, status, street) for policy, status, street in product(("narrow", "wide"), STATUSES, STREETS)}
        cells |= {(BY_AGE_AND_SEX, policy, *group) for policy, group in product(("narrow", "wide"), GROUPS)}
        if knows_the_empty:
            cells &= {cell for counts in self.true for cell, count in counts.items() if count}
        withheld = frozenset(cell for cell, figure in self.ledger.items() if figure == WITHHELD)
        return Knowledge(frozenset(cells), withheld)


@given(histories(), st.binary(min_size=1, max_size=8), st.booleans())
def test_no_small_count_is_narrowed(history: list[tuple[List, List]], key: bytes, knows_the_empty: bool) -> None:
    """Sums, other tables, earlier and later snapshots leave ten counts or more, one of them k or more."""
    world = World(history, key)
    attack = Attack(world.snapshots, world.knowledge(knows_the_empty))

    for number, cell in attack.places:
        count = world.true[number].get(cell, 0)
        low, high = attack.bounds((number, cell)) if count < K else (count, count)
        assert low <= count <= high, "the attack is sound"
        assert count >= K or (high >= K and high - low >= K - 1), (cell, count, low, high)


@given(histories(), st.binary(min_size=1, max_size=8))
def test_lists_inside_one_another_pin_nobody(history: list[tuple[List, List]], key: bytes) -> None:
    """Whoever knows that one list is inside another narrows some counts, but k remains possible for each small one."""
    world = World(history, key)
    attack = Attack(world.snapshots, replace(world.knowledge(), inside=INSIDE))

    for number, cell in attack.places:
        count = world.true[number].get(cell, 0)
        if count < K:
            low, high = attack.bounds((number, cell))
            assert low <= count < K <= high, (cell, count, low, high)


def test_the_attack_pins_what_plain_suppression_shows() -> None:
    """Exact figures with every cell under ten left out, and nothing withheld, are solved: the attack is no straw man."""
    on_list = Counter({("s1", "eligible", GROUPS[0]): 30, ("s2", "eligible", GROUPS[1]): 50, ("s2", "eligible", GROUPS[2]): 4})
    streets, people = stock_counts({"p": on_list})
    exact = {cell: (count, count) for table in (streets, people) for cell, count in table.counts.items() if count >= K}
    target = (0, (BY_AGE_AND_SEX, "p", *GROUPS[2]))

    class Exact(Attack):
        def _box(self, place: tuple[int, Cell], target: tuple[int, Cell]) -> tuple[float, float]:
            return exact.get(place[1], (0, K - 1))

    attack = Exact([{}], Knowledge(frozenset({*streets.counts, *people.counts})))

    assert attack.bounds(target) == (4, 4)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.binary(min_size=1, max_size=8))
def test_a_box_holds_every_count_that_gives_its_figures(counts: list[int], key: bytes) -> None:
    """The attacker's reading of a cell's figures never excludes the truth, and never says that a count is under ten."""
    cell, ledger, figures = ("t", "c"), dict[Cell, int](), list[int | None]()
    for count in counts:
        ledger |= next_figures(CountTable("t", {cell: count}), ledger, SecretOrder(key))
        figures.append(ledger.get(cell))
        low, high = box(figures, False)
        assert low <= count <= high and high >= K
