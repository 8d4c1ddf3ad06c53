"""Whether an unknown verdict is yes for every value of the missing fields: compared with brute force over small domains."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from functools import cache
from io import StringIO
from itertools import product
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML

from connectors.contracts.catalogue import build_catalogue, load_contract, load_units
from matchers import worlds
from matchers.reading.worstcase import still_yes
from matchers.worlds import token
from policies.checking.checker import check
from policies.language.catalogue import Catalogue
from policies.values import Kind
from policies.yaml.document import Document
from tests.matchers.counting import AddCounts, chunks, need
from tests.oracles import naive
from tests.worlds import CONTRACTS, UNITS

CHUNKS, SEEDS = 6, 50
RUN = chunks(CHUNKS, (2, 5))
DAY = date(2026, 10, 15)

need(
    "worst case",
    RUN,
    CHUNKS,
    {f"{fields} {answer}": 20 for fields in ("1 field", "2 fields") for answer in ("yes all the same", "not always yes")},
)

_SMALL: dict[str, dict[str, Any]] = {
    "hukou": {"dependants": {"type": "int", "unit": "person", "min": 0, "max": 6}},
    "household": {"size": {"type": "int", "unit": "person", "min": 1, "max": 6}},
    "income": {"monthly_income": {"type": "int", "unit": "CNY/month", "min": 0, "max": 6, "no_record": 0}},
}


def _small() -> list[dict[str, Any]]:
    """The contracts of the generated network, with few values a field."""
    contracts = copy.deepcopy(CONTRACTS)
    for contract in contracts:
        for name, field in _SMALL.get(contract["feed"], {}).items():
            contract["fields"][name] = {"title": contract["fields"][name]["title"], **field}
    return contracts


SMALL = _small()


@cache
def catalogue() -> Catalogue:
    yaml = YAML()
    yaml.representer.ignore_aliases = lambda *_: True

    def yaml_text(data: object) -> str:
        out = StringIO()
        yaml.dump(data, out)
        return out.getvalue()

    units = load_units(yaml_text({"format": 1, "units": UNITS}), "units.yaml")
    return build_catalogue(units, [load_contract(yaml_text(contract), f"{contract['feed']}.yaml") for contract in SMALL])


def _leaf(rng: Random) -> dict[str, Any]:
    """A leaf about a person that reads one cell or two."""
    op, number = rng.choice(["lt", "le", "gt", "ge", "eq", "ne"]), rng.randint(0, 6)
    near = DAY - timedelta(rng.randint(0, 5))
    income: dict[str, Any] = {"sum_of": "income.monthly_income", "over": "household.members", "op": op}
    match rng.randint(0, 9):
        case 0:
            return {"field": "dependants", "op": op, "value": number}
        case 1:
            return {"field": "dependants", "op": "in", "value": rng.sample(range(7), 3)}
        case 2:
            return {"field": "monthly_income", "op": op, "value": {"param": "line", "by": "household.size"}}
        case 3:
            return {"field": "hukou.sex", "op": rng.choice(["eq", "ne"]), "value": rng.choice(["male", "female"])}
        case 4:
            return {"date_of": "since", rng.choice(["before", "after"]): near}
        case 5:
            return {"age_of": "since", "op": rng.choice(["lt", "ge"]), "value": rng.choice([0, 1])}
        case 6:
            return income | {"value": rng.randint(2, 12)}
        case 7:
            return income | {"per": "household.size", "value": {"param": "each"}}
        case 8:
            where = {"field": "monthly_income", "op": op, "value": number}
            return {"quantifier": rng.choice(["some", "none", "all"]), "over": "household.members", "where": where}
        case _:
            return income | {"where": {"field": "dependants", "op": op, "value": number}, "value": rng.randint(2, 12)}


def _tree(rng: Random, size: int) -> dict[str, Any]:
    if size <= 1:
        return _leaf(rng)
    first, second = _tree(rng, size // 2), _tree(rng, size - size // 2)
    match rng.choice(["any", "any", "any", "all", "none", "unless"]):
        case "none":
            return {"none": [first, second]}
        case "unless":
            return {"rule": first, "unless": second}
        case form:
            return {form: [first, second]}


def _criteria(rng: Random) -> dict[str, Any]:
    """A tree, or a leaf beside the negation of a similar leaf, which is yes for every value or for nearly every value."""
    if rng.random() < 0.6:
        return _tree(rng, rng.randint(2, 5))
    leaf = _leaf(rng)
    other = copy.deepcopy(leaf)
    if isinstance(other.get("value"), int) and rng.random() < 0.7:
        other["value"] = max(0, other["value"] + rng.choice([-1, 1, 2]))
    return {"any": [leaf, {"none": [other]}]}


def _policy(rng: Random) -> dict[str, Any]:
    lines = {1: rng.randint(0, 3), 2: rng.randint(2, 4), "3..6": rng.randint(2, 6)}
    start = {"from": date(2025, 1, 1)}
    return {
        "format": 1,
        "policy": "worst",
        "version": 1,
        "direction": "benefit",
        "subject": "person",
        "scope": {"division": "310107"},
        "title": {"zh": "样例", "en": "sample"},
        "source": {"document": "示例", "issuer": "示例", "published": date(2025, 1, 1)},
        "agency": "putuo-civil",
        "purpose": "assistance",
        "discloses": [],
        "effective": {"from": date(2026, 1, 1)},
        "params": {
            "line": {"unit": "CNY/month", "cite": "附件1", "values": [{**start, "table": lines}]},
            "each": {"unit": "CNY/person/month", "cite": "附件1", "values": [{**start, "value": rng.randint(1, 4)}]},
        },
        "evidence": {feed: {"max_age": "P30D"} for feed in ("hukou", "income")},
        "criteria": _criteria(rng),
    }


def _without_unused(data: dict[str, Any]) -> dict[str, Any]:
    """The policy without parameters and evidence that the criteria do not read: the checker refuses them."""
    text = str(data["criteria"])
    data["params"] = {name: value for name, value in data["params"].items() if f"'{name}'" in text}
    if not data["params"]:
        del data["params"]
    feeds = {"hukou": "members" in text, "income": "monthly_income" in text}
    data["evidence"] = {feed: evidence for feed, evidence in data["evidence"].items() if feeds[feed]}
    if not data["evidence"]:
        del data["evidence"]
    return data


def _household_of_two(rng: Random) -> dict[str, Any]:
    """A household of two persons, with every cell filled and full coverage."""
    place = {"division": "310107020"}

    def person() -> dict[str, Any]:
        hukou = {"sex": rng.choice(["male", "female"]), "since": DAY - timedelta(rng.randint(0, 10)), "dependants": rng.randint(0, 6)}
        return {"household": "h", "hukou": {**place, **hukou}, "income": {"monthly_income": rng.randint(0, 6)}}

    return {
        "persons": {"a": person(), "b": person()},
        "households": {"h": {"household": {**place, "size": rng.randint(1, 6)}}},
        "coverage": [{"feed": ["hukou", "household", "income"], "division": "31", "complete_to": DAY}],
    }


CELLS: dict[tuple[str, str, str, str], list[Any]] = {
    **{("persons", who, "income", "monthly_income"): list(range(7)) for who in ("a", "b")},
    **{("persons", who, "hukou", "dependants"): list(range(7)) for who in ("a", "b")},
    ("persons", "a", "hukou", "sex"): ["male", "female"],
    # every day on which a leaf can turn, and one on each side
    ("persons", "a", "hukou", "since"): [
        *(DAY + timedelta(n) for n in range(-7, 3)),
        *(date(2025, 10, 15) + timedelta(n) for n in (-1, 0, 1)),
    ],
    ("households", "h", "household", "size"): list(range(1, 7)),
}


def _empty_cells(rng: Random, world_data: dict[str, Any], number: int) -> list[tuple[str, str, str, str]]:
    """Empties ``number`` cells of the world. Sometimes the record of an income is removed instead, with the coverage of its feed."""
    cells = rng.sample(list(CELLS), number)
    for section, name, feed, field in cells:
        del world_data[section][name][feed][field]
    missing = [cell for cell in cells if cell[2] == "income"]
    if missing and rng.random() < 0.5:
        world_data["coverage"][0]["feed"].remove("income")
        for section, name, feed, _ in missing:
            del world_data[section][name][feed]
    return cells


def _is_always_yes(data: dict[str, Any], world_data: dict[str, Any], cells: list[tuple[str, str, str, str]]) -> bool:
    """Whether the verdict is yes for every value of the cells, by brute force."""
    for values in product(*(CELLS[cell] for cell in cells)):
        full = copy.deepcopy(world_data)
        for (section, name, feed, field), value in zip(cells, values, strict=True):
            full[section][name].setdefault(feed, {})[field] = value
        if naive.evaluate(data, naive.World(SMALL, full), DAY)["a"].verdict != "yes":
            return False
    return True


@pytest.mark.parametrize("chunk", RUN)
def test_the_worst_case_is_brute_force(chunk: int, add_counts: AddCounts) -> None:
    """``still_yes`` is true exactly when every value of one or two missing fields gives yes; if nothing else is missing, it always answers."""
    for seed in range(chunk * SEEDS, (chunk + 1) * SEEDS):
        rng = Random(seed)
        while True:
            data, world_data = _without_unused(_policy(rng)), _household_of_two(rng)
            cells = _empty_cells(rng, world_data, rng.choice([1, 2]))
            result = check(Document(_plain(data), "worst.yaml"), catalogue())
            if result.policy is not None and naive.evaluate(data, naive.World(SMALL, world_data), DAY)["a"].verdict == "unknown":
                break
        matcher = worlds.load(catalogue(), world_data, DAY)
        matcher.publish(result.policy)
        still_yes_said = still_yes(matcher, result.policy, token(Kind.PERSON, "a"), DAY)
        assert still_yes_said == _is_always_yes(data, world_data, cells), (seed, still_yes_said, data["criteria"], cells)
        fields = f"{len(cells)} field{'s' if len(cells) > 1 else ''}"
        add_counts("worst case", {f"{fields} {'yes all the same' if still_yes_said else 'not always yes'}": 1})


def _plain(data: Any) -> Any:
    match data:
        case dict():
            return {str(key): _plain(value) for key, value in data.items()}
        case list():
            return [_plain(value) for value in data]
        case _:
            return data
