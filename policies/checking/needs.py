"""What a policy will need, read from its rule before anybody is matched.

The rule tells which records are needed, from whom, how fresh, and for which article. So requests can go to the units while the policy is
still a draft. Source: docs/en/semantics.md section 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.language.catalogue import Catalogue
from policies.language.reads import absences, feeds_read, fields_read
from policies.language.tree import Check, FieldRef, Leaf, Meta, Policy, Quantifier, Step, Sum, leaves, nodes, shown_refs
from policies.values import Period, Text


@dataclass(frozen=True, slots=True)
class Reason:
    """The criterion that needs something: a leaf outside ``where``."""

    criterion: str
    cite: str | None
    label: Text | None


@dataclass(frozen=True, slots=True)
class FeedRequirement:
    """What is needed of one feed.

    Args:
        units: the units of its sources, in the contract's order.
        fields: read by criteria, sorted; ``discloses``: shown on the list.
        links: the kinds of link of this feed that are followed.
        max_age: how old its coverage may be; None where no absence is proof.
        why: the criteria that read it, in document order; empty where it is only disclosed.
        coverage_why: those for which its absence is proof.
    """

    feed: str
    title: Text
    units: tuple[str, ...]
    fields: tuple[str, ...]
    links: tuple[str, ...]
    discloses: tuple[str, ...]
    max_age: Period | None
    why: tuple[Reason, ...]
    coverage_why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Requirements:
    """Everything a policy needs: feeds, sorted by name, and what only a person can answer."""

    policy: str
    version: int
    purpose: str
    feeds: tuple[FeedRequirement, ...]
    checks: tuple[Reason, ...]


def requirements(policy: Policy, catalogue: Catalogue) -> Requirements:
    """The static needs of a checked policy.

    Args:
        policy: as checked against this catalogue.
        catalogue: for titles, units and the feeds that define links.
    """
    needs = tuple(_feed_need(name, policy, catalogue) for name in policy.feeds)
    checks = _unique(_reason(leaf.meta) for leaf in leaves(policy.criteria) if isinstance(leaf, Check))
    return Requirements(policy.name, policy.version, policy.purpose, needs, checks)


def _feed_need(name: str, policy: Policy, catalogue: Catalogue) -> FeedRequirement:
    feed = catalogue.feeds[name]
    policy_leaves = list(leaves(policy.criteria))
    readers = _unique(_reason(leaf.meta) for leaf in policy_leaves if any(read == name for read, _ in feeds_read(leaf, catalogue)))
    proofs = _unique(_reason(leaf.meta) for leaf in policy_leaves if any(proof.feed == name for proof in absences(leaf, catalogue)))
    fields = {read.ref.field for read in fields_read(policy.criteria) if read.ref.feed == name}
    shown_fields = tuple(ref.field for ref in shown_refs(policy) if ref.feed == name)
    links = {link for link in _links(policy, policy_leaves) if link in feed.links}
    units = tuple(dict.fromkeys(source.unit for source in feed.sources))
    max_age = policy.evidence.get(name) if proofs else None
    return FeedRequirement(name, feed.title, units, tuple(sorted(fields)), tuple(sorted(links)), shown_fields, max_age, readers, proofs)


def _links(policy: Policy, policy_leaves: list[Leaf]) -> set[str]:
    """Every kind of link followed, forwards or backwards."""
    refs: list[FieldRef] = [*policy.discloses, *(read.ref for read in fields_read(policy.criteria))]
    names = {link for ref in refs for link in ref.links} | {link for people in policy.people for link in _links_of(people.path)}
    for leaf in policy_leaves:
        for node in nodes(leaf):
            if isinstance(node, Quantifier | Sum):
                names |= _links_of(node.path)
    return names


def _links_of(path: tuple[Step, ...]) -> set[str]:
    inverse = {"members": "household", "inverse": "lives_at"}
    return {step.name if step.kind == "link" else inverse[step.kind] for step in path if step.kind != "records"}


def _reason(meta: Meta) -> Reason:
    return Reason(meta.id, meta.cite, meta.label)


def _unique(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reasons))
