"""The generated network for the tests of the matchers: its catalogue, valid policies, and worlds as single rows.

Each engine is asked here, and answers with a plain dictionary by token, so that a test compares dictionaries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import StringIO
from random import Random
from typing import Any

from ruamel.yaml import YAML

from connectors.contracts.catalogue import build_catalogue, load_contract, load_units
from matchers.core import Matcher
from matchers.kernel.changes import STATUSES, members
from matchers.kernel.layout import KINDS
from matchers.lists.compare import rows_with_verdict
from matchers.lists.evaluation import scan
from matchers.lists.verdicts import WORDS
from matchers.worlds import token
from policies.checking.checker import check
from policies.language.catalogue import Catalogue
from policies.language.tree import Check, Policy, leaves
from policies.values import Kind
from policies.yaml.document import Document
from tests.worlds import CONTRACTS, UNITS, random_policy

SECTIONS = {"person": "persons", "household": "households", "dwelling": "dwellings"}
FEEDS = {contract["feed"]: contract for contract in CONTRACTS}
REGISTERS = {contract["registers"]: contract["feed"] for contract in CONTRACTS if "registers" in contract}

WorldData = dict[str, Any]
Pairs = tuple[tuple[str, str | None], ...]
CandidateState = tuple[str | None, tuple[str, ...], Pairs]
"""Status, checklist and missing (criterion, feed) of one subject on one list."""


# ---- the catalogue and policies ----------------------------------------------------------------------------------


@cache
def catalogue() -> Catalogue:
    """The network's catalogue, loaded from texts as real contracts are."""
    yaml = YAML()
    yaml.representer.ignore_aliases = lambda *_: True

    def yaml_text(data: object) -> str:
        out = StringIO()
        yaml.dump(data, out)
        return out.getvalue()

    units = load_units(yaml_text({"format": 1, "units": UNITS}), "units.yaml")
    return build_catalogue(units, [load_contract(yaml_text(contract), f"{contract['feed']}.yaml") for contract in CONTRACTS])


def plain(data: Any) -> Any:
    """Data as the YAML reader gives it: keys are text."""
    match data:
        case dict():
            return {str(key): plain(value) for key, value in data.items()}
        case list():
            return [plain(value) for value in data]
        case _:
            return data


def valid_policy(data: Mapping[str, Any]) -> Policy | None:
    """The policy, or None if the checker refuses it."""
    return check(Document(plain(data), "random.yaml"), catalogue()).policy


def random_valid_policy(rng: Random, size: int = 5, name: str | None = None, **fixed: Any) -> tuple[dict[str, Any], Policy]:
    """A random policy that the checker accepts: as data for the oracles, and compiled for the engine.

    Args:
        size: about how many leaves stand outside ``where``.
        name: the policy's name, instead of the generator's.
        fixed: parts that the policy must have, such as ``subject``; it is drawn again until it has them.
    """
    while True:
        data = random_policy(rng, size)
        if name is not None:
            data["policy"] = name
        if any(data[part] != value for part, value in fixed.items()):
            continue
        policy = valid_policy(data)
        if policy is not None:
            return data, policy


def answers_to_checks(world_data: WorldData, policy: Policy) -> WorldData:
    """The world's answers to the checks of a policy, about subjects of its kind."""
    checks = {leaf.meta.id for leaf in leaves(policy.criteria) if isinstance(leaf, Check)}
    mine = world_data.get(SECTIONS[policy.subject]) or {}
    answers = {
        name: {check: word for check, word in words.items() if check in checks}
        for name, words in (world_data.get("answers") or {}).items()
        if name in mine
    }
    return {"answers": {name: words for name, words in answers.items() if words}}


def _nodes(part: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a policy's criteria and definitions."""
    if isinstance(part, dict):
        yield part
    for below in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _nodes(below)


def _to_one_record(node: dict[str, Any]) -> bool:
    """Whether a node asks about a set of a feed with one record a subject."""
    last = node.get("over", "").split(".")[-1]
    return last in FEEDS and FEEDS[last]["cardinality"] == "one"


_RARE: list[Callable[[dict[str, Any]], object]] = [
    lambda node: node.get("quantifier") == "count" and isinstance(node["value"], dict) and node["value"].get("times") == "1.5",
    lambda node: node.get("quantifier") == "count" and isinstance(node["value"], dict) and node["value"].get("times") == "1/3",
    lambda node: node.get("quantifier") == "count" and isinstance(node["value"], dict) and node["value"].get("times") in ("1.5", "1/3"),
    lambda node: str(node.get("sum_of", "")).startswith("assets."),
    lambda node: str(node.get("sum_of", "")).startswith("assets.") and "where" not in node,
    lambda node: str(node.get("sum_of", "")).startswith("assets.") and "members" in node["over"],
    lambda node: str(node.get("sum_of", "")) == "assets.total",
    lambda node: str(node.get("sum_of", "")) == "assets.total" and node["over"] == "assets",
    lambda node: str(node.get("sum_of", "")) == "assets.total" and node["over"] == "assets" and "where" not in node,
    lambda node: str(node.get("sum_of", "")) == "insurance.amount",
    lambda node: "sum_of" in node and "per" in node,
    lambda node: node.get("op") == "within",
    lambda node: node.get("op") == "within" and len(str(node["value"])) == 9,
    lambda node: node.get("op") == "within" and len(str(node["value"])) == 9 and "origin" in node["field"],
    lambda node: node.get("scope") == {"division": "31"} and {"insurance", "grants", "survey", "disability"} & node["evidence"].keys(),
    lambda node: isinstance(node.get("value"), str) and node["value"].endswith("000000"),
    lambda node: node.get("within_last") in ("P2Y", "P24M"),
    lambda node: node.get("within_last") in ("P2Y", "P24M", "P3Y"),
    lambda node: node.get("at_least_ago") in ("P2Y", "P24M"),
    lambda node: node.get("at_least_ago") in ("P2Y", "P24M", "P1Y", "P3Y"),
    lambda node: "M" in str(node.get("within_last", "")) + str(node.get("at_least_ago", "")),
    lambda node: node.get("within_last") in ("P2Y", "P24M", "P1Y"),
    lambda node: "by" in node,
    lambda node: "by" in node,
    lambda node: "by" in node,
    lambda node: node.get("scope") == {"division": "31"} and {"insurance", "grants", "survey"} & node["evidence"].keys(),
    lambda node: node.get("scope") == {"division": "31"} and {"disability", "grants", "survey"} & node["evidence"].keys(),
    lambda node: node.get("scope") == {"division": "31"} and {"disability", "insurance", "survey"} & node["evidence"].keys(),
    lambda node: any(evidence["max_age"] in ("P1M", "P2M") for evidence in node.get("evidence", {}).values()),
    lambda node: node.get("evidence") and all(evidence["max_age"] in ("P1M", "P2M") for evidence in node["evidence"].values()),
    lambda node: "check" in node,
    lambda node: (
        any("check" in below for below in _nodes(node.get("none", []))) or any("check" in below for below in _nodes(node.get("unless", {})))
    ),
    lambda node: node.get("absence") == "open",
    lambda node: "quantifier" in node and "members" not in node["over"],
    lambda node: "occupancy." in node.get("over", ""),
    lambda node: "occupancy." in node.get("over", ""),
    lambda node: "occupancy." in node.get("over", "") and "where" not in node,
    lambda node: "members." in node.get("over", "") and node.get("absence") == "closed",
    lambda node: _to_one_record(node),
    lambda node: _to_one_record(node) and node.get("absence") == "open",
    lambda node: _to_one_record(node) and node.get("absence") == "open",
    lambda node: _to_one_record(node) and "." in node["over"],
    lambda node: node.get("over", "").split(".")[-1] == "members",
    lambda node: _to_one_record(node) and "sum_of" in node,
]
"""Parts of rules that seldom decide in random rules."""


def policy_with_rare_part(rng: Random, name: str) -> tuple[dict[str, Any], Policy]:
    """A small policy with one of the rare parts, so that this part decides often."""
    rare = rng.choice(_RARE)
    while True:
        data, policy = random_valid_policy(rng, rng.choice([1, 1, 2]), name)
        if any(rare(node) for node in _nodes(data)):
            return data, policy


# ---- what the engine says ----------------------------------------------------------------------------------------


def computed_list(matcher: Matcher, policy: Policy, day: date) -> dict[int, CandidateState]:
    """A policy's list, evaluated afresh."""
    result = scan(matcher, policy, day)
    rows = zip(result.subject.tolist(), result.status.tolist(), result.checklist, result.missing, strict=True)
    return {
        subject: (
            STATUSES[status],
            tuple(sorted(result.entry.checks[i] for i in members(checks))),
            pairs(result.entry.pairs[i] for i in members(missing)),
        )
        for subject, status, checks, missing in rows
    }


def pairs(criteria_and_feeds: Iterable[tuple[str, str | None]]) -> Pairs:
    """Missing (criterion, feed) pairs, each once, sorted."""
    return tuple(sorted(set(criteria_and_feeds), key=lambda pair: (pair[0], pair[1] or "")))


def verdicts(matcher: Matcher, policy: Policy, day: date) -> dict[int, str | None]:
    """The verdicts of a policy, by token."""
    rows, words = rows_with_verdict(matcher, policy, day)
    tokens = matcher.store.tokens[KINDS.index(policy.subject)]
    return {int(tokens[row]): WORDS[word] for row, word in zip(rows.tolist(), words.tolist(), strict=True)}


# ---- worlds as rows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorldRow:
    """One delivered row with the defaults of the case format filled in."""

    kind: str
    name: str
    feed: str
    record: Mapping[str, Any]

    @property
    def source(self) -> str:
        return str(self.record["source"])

    @property
    def version(self) -> tuple[str, str, int, int]:
        """The place of the row: feed, unit, delivery, row number."""
        return self.feed, self.source, self.record["delivery"], self.record["row"]


def rows_of(world_data: WorldData, renumber: bool = False) -> list[WorldRow]:
    """The rows of a world, with keys, sources, deliveries, row numbers and links filled in.

    Args:
        renumber: whether every row of a delivery gets its own number, as in a real file.
    """
    rows: list[WorldRow] = []
    last_numbers: dict[tuple[str, str, int], int] = {}
    for kind, section in SECTIONS.items():
        for name, feeds in (world_data.get(section) or {}).items():
            links = {link: target for link, target in feeds.items() if not isinstance(target, dict | list)}
            for feed in feeds.keys() - links.keys() if not renumber else sorted(feeds.keys() - links.keys()):
                records = feeds[feed] if isinstance(feeds[feed], list) else [feeds[feed]]
                for position, record in enumerate(records):
                    full = {
                        "key": f"{name}/{feed}/{position:06}", "source": FEEDS[feed]["sources"][0]["unit"], "delivery": 1, "row": position + 1,
                        **(links if feed in REGISTERS.values() else {}), **record,
                    }  # fmt: skip
                    if renumber:
                        at = (feed, full["source"], full["delivery"])
                        last_numbers[at] = full["row"] = last_numbers.get(at, 0) + 1
                    rows.append(WorldRow(kind, name, feed, full))
    return sorted(rows, key=lambda row: (row.kind, row.name, row.feed))


def world_of(rows: Iterable[WorldRow], **more: Any) -> WorldData:
    """The world of these rows; ``more`` is coverage, replacements and answers."""
    world_data: WorldData = {section: {} for section in SECTIONS.values()} | more
    for row in rows:
        world_data[SECTIONS[row.kind]].setdefault(row.name, {}).setdefault(row.feed, []).append(dict(row.record))
    return world_data


def names_of(rows: Iterable[WorldRow], world_data: WorldData) -> dict[str, dict[int, str]]:
    """By kind, the name of each token."""
    out: dict[str, dict[int, str]] = {kind: {} for kind in SECTIONS}
    for kind, section in SECTIONS.items():
        out[kind] |= {token(Kind(kind), name): name for name in world_data.get(section) or {}}
    for row in rows:
        out[row.kind][token(Kind(row.kind), row.name)] = row.name
    return out


__all__ = [
    "FEEDS",
    "REGISTERS",
    "SECTIONS",
    "CandidateState",
    "WorldData",
    "WorldRow",
    "answers_to_checks",
    "catalogue",
    "computed_list",
    "names_of",
    "pairs",
    "policy_with_rare_part",
    "random_valid_policy",
    "rows_of",
    "valid_policy",
    "verdicts",
    "world_of",
]
