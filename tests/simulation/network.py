"""The simulated network: feed contracts with changing agreements, the policies published in it, and the ports that read both.

Each text is read once a process, so that a schedule of some hundred messages does not pay for parsing. The policies are examples in the words
of the generated network, and families of random policies.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from connectors.contracts.catalogue import build_catalogue, load_contract, load_units
from policies.checking.checker import check
from policies.language.catalogue import Catalogue, Feed
from policies.language.tree import Check, Policy, children, leaves
from policies.problems.problems import Invalid
from policies.yaml.document import Document
from streams.language.messages import CatalogueSet
from streams.language.ports import Parts
from tests.matchers.network import plain, policy_with_rare_part, random_valid_policy
from tests.oracles.naive_values import read_yaml
from tests.worlds import CONTRACTS as GENERATED
from tests.worlds import UNITS

HERE = Path(__file__).parent
MAX_UNPLACED = Decimal("0.25")
"""The share of a delivery's rows that may name nobody; beyond it the coverage of the delivery is void. The same in every feed."""

CONTRACTS: list[dict[str, Any]] = [{**contract, "delivery": {"max_unplaced": MAX_UNPLACED}} for contract in GENERATED]
FEEDS = {contract["feed"]: contract for contract in CONTRACTS}
NEVER = dt.date(2099, 12, 31)
"""The last day of every agreement, unless a catalogue says otherwise."""

FAMILIES, POOL = 24, 100
"""How many random families a pool has, and how many seeds share a pool."""

# ---- catalogues --------------------------------------------------------------------------------------------------


def yaml_text(data: Any) -> str:
    """Plain data as YAML on one line, with decimals and dates unquoted."""
    match data:
        case Mapping():
            return "{" + ", ".join(f"{key}: {yaml_text(value)}" for key, value in data.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(yaml_text, data)) + "]"
        case str():
            return json.dumps(data, ensure_ascii=False)
        case bool() | None:
            return json.dumps(data)
        case _:
            return str(data)


_UNITS = yaml_text({"format": 1, "units": UNITS})


def catalogue_set(ends: Mapping[str, dt.date], late_after: str | None = None) -> CatalogueSet:
    """The network's documents, with the last days of some agreements, and after how long without a delivery a feed is late."""
    return CatalogueSet(_UNITS, {name: _contract_text(name, ends.get(name, NEVER), late_after) for name in FEEDS})


@cache
def _contract_text(feed: str, until: dt.date, late_after: str | None) -> str:
    contract = FEEDS[feed]
    delivery = contract["delivery"] | ({} if late_after is None else {"bounds": {"late_after": late_after}})
    return yaml_text({**contract, "delivery": delivery, "agreement": {**contract["agreement"], "until": until.isoformat()}})


@cache
def _read_contract(text: str, file: str) -> Feed:
    return load_contract(text, file)


_CATALOGUES: dict[tuple[str, tuple[tuple[str, str], ...]], Catalogue] = {}


def build(units: str, contracts: Mapping[str, str], /) -> Catalogue:
    """The port that builds a catalogue; the same one for the same texts."""
    key = (units, tuple(contracts.items()))
    if key not in _CATALOGUES:
        feeds = [_read_contract(text, f"{name}.yaml") for name, text in contracts.items()]
        _CATALOGUES[key] = build_catalogue(load_units(units, "units.yaml"), feeds)
    return _CATALOGUES[key]


@cache
def plain_catalogue() -> Catalogue:
    """The catalogue in which no agreement ends."""
    documents = catalogue_set({})
    return build(documents.units, documents.contracts)


# ---- policies ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One version of a policy: for the host, and as plain data for the oracle."""

    text: str
    data: Mapping[str, Any]
    policy: Policy

    @property
    def checks(self) -> frozenset[str]:
        """The ids of the checks it asks."""
        return frozenset(leaf.meta.id for leaf in leaves(self.policy.criteria) if isinstance(leaf, Check))


_DOCUMENTS: dict[str, Document] = {}
_POLICIES: dict[tuple[str, int], Policy] = {}


def read(text: str, file: str, catalogue: Catalogue, /) -> Policy:
    """The port that reads a policy; the same one for the same text and catalogue.

    Raises:
        Invalid: with every error found.
    """
    key = (text, id(catalogue))
    if key not in _POLICIES:
        if text not in _DOCUMENTS:
            raise Invalid([])  # a schedule publishes no other text
        result = check(_DOCUMENTS[text], catalogue)
        if result.policy is None:
            raise Invalid(problem for problem in result.problems if problem.severity == "error")
        _POLICIES[key] = result.policy
    return _POLICIES[key]


def parts() -> Parts:
    """The ports of every host of the simulation: the real matcher, and a cache of documents."""
    return Parts(build, read)


def version_of(body: Mapping[str, Any], version: int, start: dt.date | None, end: dt.date | None) -> PublishedVersion:
    """A policy's body as a version with its days in force.

    Args:
        start: the first day in force instead of the body's own, if later.
        end: the last day in force, if not before the first.
    """
    first = max(start or dt.date.min, body["effective"]["from"])
    last = None if end is None or end < first else end
    data = {**body, "version": version, "effective": {"from": first, "to": last}}
    text = yaml_text(data)
    _DOCUMENTS.setdefault(text, Document(plain(data), f"{body['policy']}.yaml"))
    return PublishedVersion(text, data, read(text, body["policy"], plain_catalogue()))


_TURNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "elderly-uninsured": (("value: 70", "value: 65"), ("P2Y", "P1Y")),
    "relocation-hardship": (('times: "1.5"', 'times: "3"'), ("line, op: eq, value: L15", "line, op: ne, value: L3")),
    "elderly-care-voucher": (("value: 60", "value: 18"), ("[light, severe]", "[none, light]")),
    "group-rental": (("one_room: 0, two_room: 1", "one_room: 1, two_room: 0"), ("value: unrelated", "value: kin")),
}
"""By example policy, what each later version replaces in the text."""


@cache
def examples() -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """The example policies as plain data, by name: the first version and its amendments."""
    out = {}
    for name, turns in _TURNS.items():
        texts = [(HERE / "policies" / f"{name}.yaml").read_text(encoding="utf-8")]
        texts += [texts[0].replace(*turn) for turn in turns]
        assert len(set(texts)) == len(texts), f"{name}: an amendment changes nothing"
        out[name] = tuple(read_yaml(text) for text in texts)
    return out


@cache
def family(pool: int, number: int) -> tuple[Mapping[str, Any], ...]:
    """The bodies that follow one another as versions of one random policy."""
    rng = Random(f"family {pool} {number}")
    name = f"random-{pool}-{number}"
    first, policy = policy_with_rare_part(rng, name) if number % 3 == 0 else random_valid_policy(rng, 4, name)
    while number % 3 == 1 and not any(isinstance(node, Check) for node in children(policy.criteria)):
        first, policy = random_valid_policy(rng, 2, name)
    later = [random_valid_policy(rng, 4, name, subject=first["subject"])[0] for _ in range(2)]
    return first, *later
