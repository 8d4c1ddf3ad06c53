"""Names and paths of the naive evaluator: what `household.size` or `members.pension` leads to, by contracts alone.

A written name is resolved once into to-one links and a field, a path into steps. Reading records is left to `naive_reading`.

Source: docs/en/semantics.md §4.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracles.naive_records import Contract
from tests.oracles.naive_values import Field
from tests.oracles.naive_world import World


@dataclass(frozen=True, slots=True)
class Name:
    """Where a written name leads: to-one links (name, defining feed), then a field of a feed; own: of the record."""

    links: tuple[tuple[str, str], ...]
    feed: str
    field: Field
    own: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an `over` path: "link" is to-one; "feed", "members" and "inverse" are to-many."""

    form: str
    feed: str
    link: str


def own_feeds(world: World, kind: str) -> list[Contract]:
    """The cardinality-one feeds about a kind."""
    return [c for c in world.contracts.values() if c.kind == kind and not c.many]


def name_of(world: World, kind: str, name: str, own: str | None = None) -> Name:
    """Resolve a field's name for a kind of subject; `own` is the feed of the record it is first looked up in."""
    parts = name.split(".")
    if own is not None and parts[-1] in world.contracts[own].fields and parts[:-1] in ([], [own]):
        return Name((), own, world.contracts[own].fields[parts[-1]], own=True)
    head, rest = parts[0], parts[1:]
    if not rest:
        having = [c for c in own_feeds(world, kind) if head in c.fields]
        if len(having) != 1:
            raise ValueError(f"{name!r} of a {kind} is in {len(having)} feeds, not in one")
        return Name((), having[0].feed, having[0].fields[head])
    if head in world.contracts and world.contracts[head].kind == kind:
        contract = world.contracts[head]
        if contract.many or len(rest) != 1:
            raise ValueError(f"{name!r} is not a field of a cardinality-one feed")
        return Name((), head, contract.fields[rest[0]])
    defining = world.link_feed[kind, head]
    target = name_of(world, defining.links[head], ".".join(rest))
    return Name(((head, defining.feed), *target.links), target.feed, target.field)


def steps_of(world: World, kind: str, path: str) -> tuple[tuple[Step, ...], str, str | None]:
    """The steps of an `over` path, the kind of its elements' subjects, and the feed of its records (None: members)."""
    steps: list[Step] = []
    own: str | None = None
    for part in path.split("."):
        contract = world.contracts.get(part)
        if contract is not None and contract.kind == kind:
            steps.append(Step("feed", part, ""))
            own = part
        elif (kind, part) in world.link_feed:
            defining = world.link_feed[kind, part]
            steps.append(Step("link", defining.feed, part))
            kind, own = defining.links[part], None
        elif part == "members" and kind == "household":
            steps.append(Step("members", world.register["person"].feed, "household"))
            kind, own = "person", None
        elif contract is not None and contract.many and kind in contract.links.values():
            link = next(name for name, to in contract.links.items() if to == kind)
            steps.append(Step("inverse", part, link))
            kind, own = contract.kind, part
        else:
            raise ValueError(f"{part!r} in {path!r} leads nowhere from a {kind}")
    if steps[-1].form == "link":
        raise ValueError(f"{path!r} ends in a to-one link, which is no set")
    return tuple(steps), kind, own
