"""Whatever a document holds, the answer is problems or a policy, never a traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.cases.mutants import mutants
from policies.checking.checker import check
from policies.checking.needs import requirements
from policies.problems.problems import Invalid
from policies.yaml.document import Document, Path, load
from tests.policies.library import LIBRARY, catalogue, documents

JUNK: list[Any] = [
    None, True, 0, -1, 10**17, Decimal("1.5"), "", "x", "..", "members", "P1D", "P99999999999D", "310107", date.max, date.min, [], {}, [[]],
    {"param": "dibao"}, {"all": []}, {"zh": "a"}, {"use": "low_income"}, "1/3", {"quantifier": "count", "over": "members", "op": "gt"},
]  # fmt: skip
CHARACTERS = [*"{}[]:,-#&*!|>%@`\"'\n \t\\?~", "\x00", "\ud800", '"\\ud800"', "<<: ", "\r", "\u2028"]


def _paths(data: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from _paths(value, (*path, key))


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _damaged_data(rng: Random) -> Any:
    """A policy of the library with nodes deleted, replaced, renamed or swapped for another's."""
    everything = [_at(document.data, path) for document in documents().values() for path in _paths(document.data)]
    keys = sorted({part for document in documents().values() for path in _paths(document.data) for part in path if isinstance(part, str)})
    data = copy.deepcopy(rng.choice(list(documents().values())).data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
        path = rng.choice(list(_paths(data))[1:] or [("policy",)])
        parent: Any = _at(data, path[:-1])
        action = rng.random()
        if isinstance(parent, list) and isinstance(path[-1], int) and path[-1] < len(parent):
            parent[path[-1] : path[-1] + 1] = [] if action < 0.2 else [copy.deepcopy(rng.choice(JUNK + everything))]
        elif isinstance(parent, dict) and path[-1] in parent and action < 0.2:
            del parent[path[-1]]
        elif isinstance(parent, dict) and path[-1] in parent:
            node = parent.pop(path[-1]) if action < 0.4 else copy.deepcopy(rng.choice(JUNK + everything))
            parent[path[-1] if action > 0.7 else rng.choice(keys)] = node
    return data


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9))
def test_a_damaged_policy_gives_problems_or_a_policy(seed: int) -> None:
    """None iff there is an error; every sentence can be written; a policy that passes can be analysed."""
    data = _damaged_data(Random(seed))

    checked = check(Document(data, "damaged"), catalogue())

    assert (checked.policy is None) == any(p.severity == "error" for p in checked.problems)
    assert all(p.render("zh") and p.render("en") for p in checked.problems)
    if checked.policy is not None:
        assert requirements(checked.policy, catalogue()).feeds is not None
        assert all(mutated != data for _, _, mutated in mutants(data))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_damaged_text_gives_problems_or_a_document(seed: int) -> None:
    """Stray brackets, quotes, tabs and control characters included."""
    rng = Random(seed)
    text = rng.choice(sorted((LIBRARY / "policies").glob("*.yaml"))).read_text(encoding="utf-8")
    for _ in range(rng.choice([1, 2, 5, 20])):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(CHARACTERS) + text[at + rng.randrange(3) :]

    try:
        problems = check(load(text, "damaged"), catalogue()).problems
    except Invalid as invalid:
        problems = tuple(invalid.problems)

    assert all(p.render("zh") and p.line >= 1 and p.column >= 1 for p in problems)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "a: " + "x" * 511_990,
        "? " * 50_000,
        "&a [*a, *a]",
        "：" * 400_000,
        "｛a：" * 100_000,
    ],
)
def test_a_bomb_is_refused_quickly(text: str) -> None:
    """Deep, wide or self-referring documents end in a problem, not in a stack or memory error."""

    def read() -> None:
        if check(load(text, "bomb"), catalogue()).policy is None:
            raise Invalid([])

    with pytest.raises(Invalid):
        read()


@pytest.mark.parametrize("levels", [30, 200])
def test_definitions_that_multiply_are_refused(levels: int) -> None:
    """A definition used twice by the next, thirty deep, would be a thousand million criteria."""
    data = copy.deepcopy(documents()["elderly-uninsured"].data)
    data["definitions"] = {f"d{i}": {"all": [{"use": f"d{i + 1}"}, {"use": f"d{i + 1}"}]} for i in range(levels)}
    data["definitions"][f"d{levels}"] = {"field": "hukou.sex", "op": "eq", "value": "male"}
    data["criteria"] = {"use": "d0"}

    checked = check(Document(data, "bomb"), catalogue())

    assert "too-many-nodes" in {p.code for p in checked.problems}
