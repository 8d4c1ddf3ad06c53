"""The preview of a policy: a funnel by criterion, the list by division, and the difference from the version in force.

Each stage of the funnel is the policy with its first criteria, judged on the same records. So the last stage is what publishing would do,
and a stage that loses everybody shows the clause at fault. The verbs ``policy preview`` and ``policy publish`` call this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from matchers.lists.verdicts import Candidate, Counts
from policies.checking.cautions import optional_reads
from policies.language.catalogue import Catalogue
from policies.language.tree import All, Check, Meta, Node, NoneOf, Policy, Unless
from policies.values import Text
from services.access.run import enter_policy
from services.lookup import readable_policy
from services.policies.comparison import PolicyComparison, comparison
from services.results import Internal
from services.state.as_of import core, state_on

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.steps.state import State

JUDGING = Text("判断全体对象", "Judging everybody")


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """One more criterion of a funnel.

    Args:
        cite: its article.
        yes, unknown: how many meet it and every criterion before it: surely, perhaps.
        excluded: the criterion must not hold.
    """

    criterion: str
    cite: str | None
    yes: int
    unknown: int
    node: Internal[Node]
    excluded: Internal[bool]


@dataclass(frozen=True, slots=True)
class ListedCount:
    """How many would be listed in a division (None: placed nowhere) with a status."""

    division: str | None
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class SparseFeed:
    """A feed without a record of most candidates, which leaves them without evidence.

    Args:
        field: a field of the feed that a criterion reads.
        without: how many candidates have no record of it.
    """

    feed: str
    field: str
    without: int


@dataclass(frozen=True, slots=True)
class PolicyPreview:
    """What publishing a policy would do.

    Args:
        in_scope: the number of subjects with a verdict.
        listed, entered, left: how many would be listed, and move, compared with the version in force if there is one.
        difference: from the version in force.
        undelivered: feeds that it reads and that have no delivery yet.
        sparse: feeds that leave most of the list without evidence.
    """

    policy: str
    version: int
    in_scope: int
    funnel: list[FunnelStage]
    streets: list[ListedCount]
    listed: int
    entered: int
    left: int
    difference: PolicyComparison | None
    undelivered: list[str]
    sparse: list[SparseFeed]
    definition: Internal[Policy]
    catalogue: Internal[Catalogue]


def preview_file(workspace: Workspace, file: Path, day: date | None) -> PolicyPreview:
    """The preview of a draft on a day; None: the state's day.

    Raises:
        Invalid: the file is no policy; with every error.
    """
    with workspace.trying() as host:
        policy = readable_policy(file, host.state.catalogue)
        enter_policy(policy)
        return preview(state_on(host, day), policy)


def preview_on(host: Host, policy: Policy) -> PolicyPreview:
    """The preview of a policy over the records of a host."""
    return preview(host.state, policy)


def preview(state: State, policy: Policy) -> PolicyPreview:
    """The preview of a policy over the records of a state."""
    matcher = core(state)
    everybody = matcher.counts(replace(policy, criteria=All(Meta("funnel", ""), ())))
    stages, candidates, in_force = funnel(policy, matcher), matcher.preview(policy), state.matched_policy(policy.name)
    beside = None if in_force is None else comparison(state, in_force, policy, state.day)
    by_street = Counter((c.division, str(c.status)) for c in candidates)
    return PolicyPreview(
        policy.name, policy.version, everybody.yes + everybody.unknown + everybody.no, stages,
        [ListedCount(division, status, count) for (division, status), count in sorted(by_street.items(), key=str)],
        len(candidates),
        len(candidates) if beside is None else beside.entered,
        0 if beside is None else beside.left,
        beside,
        [name for name in policy.feeds if not _has_deliveries(state, name)],
        _sparse_feeds(policy, candidates, state.catalogue),
        policy,
        state.catalogue,
    )  # fmt: skip


class Counting(Protocol):
    """The part of a matcher that a funnel needs."""

    def counts_of(self, policies: list[Policy]) -> list[Counts]: ...


def funnel(policy: Policy, matcher: Counting) -> list[FunnelStage]:
    """The funnel of a policy, without the criteria that only a person can answer, as they keep nobody off."""
    passed: Node = All(Meta("funnel", ""), ())
    asked: list[Policy] = []
    criteria = [(node, excluded) for node, excluded in criteria_in_order(policy.criteria) if not isinstance(node, Check)]
    for position, (node, excluded) in enumerate(criteria):
        meta = Meta(f"funnel{position}", node.meta.path)
        passed = All(Meta("funnel", ""), (passed, NoneOf(meta, (node,)) if excluded else node))
        asked.append(replace(policy, criteria=passed))
    return [
        FunnelStage(node.meta.id, node.meta.cite, counts.yes, counts.unknown, node, excluded)
        for (node, excluded), counts in zip(criteria, matcher.counts_of(asked), strict=True)
    ]


def criteria_in_order(node: Node) -> Iterator[tuple[Node, bool]]:
    """The criteria that a subject must pass, in order; each with True if it must not hold."""
    match node:
        case All():
            for child in node.children:
                yield from criteria_in_order(child)
        case Unless():
            yield from criteria_in_order(node.rule)
            yield node.unless, True
        case _:
            yield node, False


def _has_deliveries(state: State, feed: str) -> bool:
    return any(state.deliveries.of(feed, source) for source in range(len(state.catalogue.feeds[feed].sources)))


def _sparse_feeds(policy: Policy, candidates: Sequence[Candidate], catalogue: Catalogue) -> list[SparseFeed]:
    if policy.direction != "benefit":
        return []
    without = Counter(feed for c in candidates if c.status == "needs_evidence" for feed in {feed for _, feed in c.missing})
    reads = optional_reads(policy.criteria, catalogue).items()
    return [SparseFeed(feed, ref.field, without[feed]) for feed, (ref, _) in reads if 2 * without[feed] > len(candidates)]
