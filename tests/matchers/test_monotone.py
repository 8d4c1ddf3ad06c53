"""More knowledge never changes a yes or a no.

The test evaluates a world, and the same world with some unknowns filled in: empty cells, quarantined rows, coverage. A quarantined row keeps
the links it named. A link that could not be read gets a new name, because the set of an existing subject would not have been unknown
(semantics, "Known limits").
"""

from __future__ import annotations

import copy
import datetime as dt
from collections import Counter
from random import Random
from typing import Any

import pytest

from matchers import worlds
from policies.values import Kind
from tests.matchers.counting import AddCounts, chunks
from tests.matchers.network import FEEDS, REGISTERS, SECTIONS, WorldData, answers_to_checks, catalogue, random_valid_policy, verdicts
from tests.worlds import random_world
from tests.worlds_feeds import DIVISIONS, NUMBERS, decimals, texts

CHUNKS, WORLDS, POLICIES = 8, 8, 6
RUN = chunks(CHUNKS, range(2))


def cell(rng: Random, feed: str, name: str, day: dt.date) -> Any:
    """A random value that the field allows."""
    spec = FEEDS[feed]["fields"][name]
    match spec["type"]:
        case "date":
            return day - dt.timedelta(rng.choice([0, 30, 365, 730, 6570, 25567]))
        case "enum":
            return rng.choice(list(spec["values"]))
        case "division":
            return rng.choice(DIVISIONS)
        case "text":
            return rng.choice(texts(name))
        case "int":
            return rng.randint(*NUMBERS[name])
        case _:
            return rng.choice(decimals(feed, name))


def with_unknowns_filled(rng: Random, world_data: WorldData, day: dt.date) -> tuple[WorldData, set[str], Counter[str]]:
    """The world with some unknowns filled in, the names of those whose register record changed, and counts of the changes."""
    more = copy.deepcopy(world_data)
    moved_names: set[str] = set()
    counts: Counter[str] = Counter()
    new = 0
    for section in SECTIONS.values():
        for name, feeds in more[section].items():
            for feed in [feed for feed, records in feeds.items() if isinstance(records, dict | list)]:
                for record in feeds[feed] if isinstance(feeds[feed], list) else [feeds[feed]]:
                    if record.get("deleted") or rng.random() < 0.4:
                        continue
                    if record.pop("quarantined", False):
                        counts["quarantined rows mended"] += 1
                        if "validity" in FEEDS[feed] and rng.random() < 0.3:
                            record["from"] = day - dt.timedelta(rng.choice([-1, 0, 1]))
                        for link in FEEDS[feed].get("links", {}):
                            if record.get(link, feeds.get(link)) is None:
                                new += 1
                                record[link] = f"new{new}"
                            else:
                                counts["quarantined links kept"] += 1
                        moved_names |= {name} if feed in REGISTERS.values() else set()
                    for field in FEEDS[feed]["fields"]:
                        if record.get(field) in (None, "") and rng.random() < 0.7:
                            record[field] = cell(rng, feed, field, day)
                            counts["cells filled"] += 1
                            moved_names |= {name} if field == FEEDS[feed].get("division") and feed in REGISTERS.values() else set()
    for feed in FEEDS:
        if rng.random() < 0.5:
            more["coverage"].append(
                {"feed": feed, "division": rng.choice(["31", "310107020"]), "complete_to": day - dt.timedelta(rng.choice([0, 7]))}
            )
            counts["statements added"] += 1
    return more, moved_names, counts


def compare(seed: int) -> Counter[str]:
    """Compares the verdicts in one world with those after some unknowns are filled in."""
    rng = Random(f"monotone {seed}")
    world_data, day = random_world(rng, rng.choice([6, 30]))
    more, moved_names, counts = with_unknowns_filled(rng, world_data, day)
    before, after = worlds.load(catalogue(), world_data, day), worlds.load(catalogue(), more, day)
    for number in range(POLICIES):
        _, policy = random_valid_policy(rng, 5, f"random-{number}")
        for matcher in (before, after):
            matcher.publish(policy)
            worlds.answer(matcher, policy.name, policy.subject, answers_to_checks(world_data, policy))
        was, now = verdicts(before, policy, day), verdicts(after, policy, day)
        names = {worlds.token(Kind(policy.subject), name): name for name in worlds.subjects(world_data)[policy.subject]}
        for token, word in was.items():
            counts[f"{word} → {now.get(token)}"] += 1
            if word != "unknown":
                allowed_words = {word, None} if names.get(token) in moved_names else {word}
                assert now.get(token) in allowed_words, (seed, number, names.get(token), word, now.get(token))
    return counts


@pytest.mark.parametrize("chunk", RUN)
def test_knowing_more_never_flips_a_settled_verdict(chunk: int, add_counts: AddCounts) -> None:
    """A yes stays yes and a no stays no whatever is filled in, unless the subject is now placed outside the scope."""
    for seed in range(chunk * WORLDS, (chunk + 1) * WORLDS):
        add_counts("monotone", compare(seed))
