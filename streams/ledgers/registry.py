"""The registry of policies: every published version, immutable, and which of them is active on a day.

The state of a version is computed from dates and never stored: a version waits for its first day, and the version before it stays active
until then. A withdrawal ends every version published so far. States and events: ``policies.language.lifecycle``. Source: GLOSSARY.md,
"policy version", "version state".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from policies.language.catalogue import Catalogue
from policies.language.lifecycle import Life
from policies.language.tree import Check, Node, Policy, children
from policies.values import Text
from streams.lists.manifests import Versions


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The withdrawal of a version: the day of the decision, the day since which it counts, the reason and the people who decided.

    ``newest`` was the highest version then: a version with a higher number, published on the same day, came later.
    """

    day: date
    since: date
    reason: str
    by: str
    approved_by: str
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """A published version: the checked policy, its text as published, and the people who decided.

    ``catalogue`` is the number of the catalogue against which it was checked: a later feed must not change the meaning of an old text.
    """

    policy: Policy
    text: str
    digest: str
    by: str
    approved_by: str
    catalogue: int
    published: date
    withdrawn: Withdrawal | None = None


class Registry:
    """Every version, by policy and number."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[int, Version]] = {}

    def add(self, version: Version) -> None:
        self.versions.setdefault(version.policy.name, {})[version.policy.version] = version

    def newest(self, name: str) -> int:
        """The highest version number of a policy; 0 if there is none."""
        return max(self.versions.get(name, {}), default=0)

    def manifest_versions(self, name: str) -> Versions:
        """Agency and digest of every version of a policy, as its manifests hold them."""
        return {number: (version.policy.agency, version.digest) for number, version in self.versions[name].items()}

    def title(self, name: str) -> Text:
        """The title of a policy: that of its newest version."""
        return self.versions[name][self.newest(name)].policy.title

    def withdraw(self, name: str, withdrawal: Withdrawal) -> None:
        """Ends every version published so far."""
        versions, full_withdrawal = self.versions[name], replace(withdrawal, newest=self.newest(name))
        for number, version in versions.items():
            if version.withdrawn is None:
                versions[number] = replace(version, withdrawn=full_withdrawal)

    def withdrawal(self, name: str) -> Withdrawal | None:
        """The last withdrawal of a policy without a standing version; None if a version stands, or none was published."""
        versions = self.versions.get(name, {})
        return versions[max(versions)].withdrawn if versions and not self.standing_versions(name) else None

    def without_later_withdrawals(self, day: date) -> Registry:
        """The registry for a look back at a day: without the withdrawals that count only since a later day."""
        registry = Registry()
        for versions in self.versions.values():
            for version in versions.values():
                later = version.withdrawn is not None and version.withdrawn.since > day
                registry.add(replace(version, withdrawn=None) if later else version)
        return registry

    def standing_versions(self, name: str) -> list[Version]:
        """The versions of a policy that were not withdrawn, by number."""
        versions = self.versions.get(name, {})
        return [versions[number] for number in sorted(versions) if versions[number].withdrawn is None]

    def active(self, name: str, day: date) -> Version | None:
        """The version that decides on a day: the newest that has begun or, if none has begun, the one that begins first."""
        standing = self.standing_versions(name)
        effective_versions = [v for v in standing if v.policy.effective_from <= day]
        if effective_versions:
            return effective_versions[-1]
        return min(standing, key=lambda v: (v.policy.effective_from, -v.policy.version), default=None)

    def life(self, name: str, number: int, day: date, catalogue: Catalogue) -> Life:
        """The state of a version on a day. It may be superseded before its first day, if a later version begins earlier."""
        version = self.versions[name][number]
        first, last = version.policy.effective_from, version.policy.effective_to
        if version.withdrawn is not None:
            return Life.WITHDRAWN
        if any(later.policy.version > number and later.policy.effective_from <= max(day, first) for later in self.standing_versions(name)):
            return Life.SUPERSEDED
        if day < first:
            return Life.SCHEDULED
        if last is not None and day > last:
            return Life.EXPIRED
        return Life.IN_FORCE if ended_agreement(version.policy, catalogue, day) is None else Life.SUSPENDED

    def turning_days(self, catalogue: Catalogue) -> frozenset[date]:
        """The days on which the active version or an agreement of some policy may change."""
        return frozenset(self._turning_days(catalogue))

    def _turning_days(self, catalogue: Catalogue) -> Iterator[date]:
        for name in self.versions:
            for version in self.standing_versions(name):
                yield version.policy.effective_from
        for feed in catalogue.feeds.values():
            if feed.agreement.until is not None and feed.agreement.until < date.max:
                yield feed.agreement.until + timedelta(days=1)


def ended_agreement(policy: Policy, catalogue: Catalogue, day: date) -> str | None:
    """The first feed of a policy whose agreement has ended on a day, or no longer names its purpose; None if all agreements hold."""
    for name in policy.feeds:
        if not catalogue.feeds[name].agreement.permits(policy.purpose, day):
            return name
    return None


def checks(policy: Policy) -> Iterator[str]:
    """The ids of the checks of a policy."""
    return _checks(policy.criteria)


def _checks(node: Node) -> Iterator[str]:
    if isinstance(node, Check):
        yield node.meta.id
    for child in children(node):
        yield from _checks(child)
