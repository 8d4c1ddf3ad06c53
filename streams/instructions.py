"""What the steps say to the list stage (``streams.book``) beside what the matcher moved; on a network the sequencer's notes carry it.

The one idea: steps know policies, feeds, days and decisions, but not who is listed; the list stage knows who is listed and nothing else. So
what the one decides goes to the other as plain facts with a name, in the order in which it was decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from policies.catalogue import Catalogue
from policies.tree import Policy


class Instruction(NamedTuple):
    """One thing to do on ``day``. Names and their facts:

    - ruled (policy, version, direction, at_least, amendment, {feed: moves} of every feed, feeds it reads), shares as text of fractions;
      unruled (policy, cause kind, detail)
    - reported (policy, subject, outcome, keeps her off the list or not); ended (policy, subject, outcome)
    - late (feeds that are late now); shrunk (the detail of the cause whose exits are to be looked at); covered (the feed whose coverage
      differs); delivered (feed, unit and number, as one word of the cause's detail: the delivery is whole)
    - erased (token, the token that stands in its place in what moved): nothing is known or told of her from now on
    - gone (subject, cause kind, detail); decided (hold, decision, by, approved by, reason)
    """

    day: date
    name: str
    facts: tuple[Any, ...]


def ruled(policy: Policy, catalogue: Catalogue, day: date) -> Instruction:
    """The bounds of a policy that is matched from now on."""
    bounds = policy.bounds
    moves = {name: str(feed.bounds.moves if bounds.moves is None else bounds.moves) for name, feed in catalogue.feeds.items()}
    facts = (policy.name, policy.version, policy.direction, bounds.at_least, str(bounds.amendment), moves, list(policy.feeds))
    return Instruction(day, "ruled", facts)


def instructions_plain(instructions: Sequence[Instruction]) -> list[list[Any]]:
    """As JSON."""
    return [[one.day.isoformat(), one.name, *one.facts] for one in instructions]


def instructions_read(plain: Sequence[Sequence[Any]]) -> tuple[Instruction, ...]:
    """What ``instructions_plain`` was given."""
    return tuple(Instruction(date.fromisoformat(day), str(name), tuple(facts)) for day, name, *facts in plain)
