"""The state: the fold of every message so far, in one total order.

``streams.steps.steps`` alone changes it. Everything that decides a list is here: the catalogue, the day, the matcher's matrix, the registry
of policies, the ledgers of coverage, deliveries, corrections of identity, outcomes, follow-ups and erasures, the answers to checks, the
book of lists, the stamps of decisions. It is written as JSON plus arrays and read back; it reads no clock and no file.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from policies.contracts.growth import succeeding
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.values import Text
from streams.language.errors import NewerFormat, Refusal, decoding
from streams.language.messages import CatalogueSet, Notice
from streams.language.ports import Arrays, ChangesLike, MatcherPort, Parts
from streams.ledgers.answers import AnswerKey, GivenAnswer, answers_from, answers_meta
from streams.ledgers.decisions import RecentStamps
from streams.ledgers.deliveries import Deliveries
from streams.ledgers.documents import DocumentCache
from streams.ledgers.erasures import Erasures
from streams.ledgers.follow_ups import FollowUpLedger
from streams.ledgers.identities import IdentityLedger
from streams.ledgers.outcomes import OutcomeLedger
from streams.ledgers.registry import Registry, Version, Withdrawal
from streams.ledgers.statements import Statements
from streams.lists.book import Book

FORMAT = 5
"""Version of the format of ``meta``; a newer one is refused."""
NO_DAY = date(1970, 1, 1)
"""The day before the first tick: nothing is in force yet, and the first tick does not pass the days in between."""


class State:
    """The state after the messages so far.

    Args:
        parts: the ports (``streams.language.ports``).

    ``offset`` is that of the last message applied, -1 before the first. ``in_matcher`` has the version of each policy in the matcher.
    ``furthest`` is the greatest day that the clock ever reached.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.documents = DocumentCache(parts)
        self.offset = -1
        self.day = NO_DAY
        self.furthest = NO_DAY
        self.catalogues: list[CatalogueSet] = []
        self.catalogue_days: list[date] = []
        """The day of the clock when each catalogue came."""
        self.registry = Registry()
        self.statements = Statements()
        self.deliveries = Deliveries()
        self.answers: dict[AnswerKey, GivenAnswer] = {}
        self.waiting_answers: set[AnswerKey] = set()  # answers that wait until their policy is in the matcher
        self.identities = IdentityLedger()
        self.outcomes = OutcomeLedger()
        self.follow_ups = FollowUpLedger()
        self.late: frozenset[str] = frozenset()  # feeds that are late now
        self.book = Book()
        self.erasures = Erasures()
        self.stamps = RecentStamps()
        self.remembered: dict[Hashable, Any] = {}
        """What readers have computed from this state; it goes with the next message (``streams.steps.steps``), and is not stored."""
        self.notices: list[Notice] = []
        self.in_matcher: dict[str, int] = {}
        self.turning_days: frozenset[date] = frozenset()
        self.built_catalogues: list[Catalogue] = []
        """The catalogues of the messages in ``catalogues``, each in the order of the one before it (``policies.contracts.growth``)."""
        self._matcher: MatcherPort | None = None

    @property
    def catalogue(self) -> Catalogue:
        """Every unit and feed.

        Raises:
            Refused: no catalogue has been set yet.
        """
        if not self.built_catalogues:
            raise Refusal(_NO_CATALOGUE)
        return self.built_catalogues[-1]

    @property
    def matcher(self) -> MatcherPort:
        """The matching core.

        Raises:
            Refused: no catalogue has been set yet.
        """
        if self._matcher is None:
            raise Refusal(_NO_CATALOGUE)
        return self._matcher

    @property
    def has_catalogue(self) -> bool:
        """Has a catalogue been set?"""
        return self._matcher is not None

    @property
    def policies(self) -> dict[str, Policy]:
        """The version of each policy that is matched now."""
        return {name: self.registry.versions[name][number].policy for name, number in sorted(self.in_matcher.items())}

    def matched_policy(self, name: str) -> Policy | None:
        """The version of one policy that is matched now."""
        number = self.in_matcher.get(name)
        return None if number is None else self.registry.versions[name][number].policy

    def delivery_number(self, feed: str, source: int, id: str) -> tuple[int, int, bool]:
        """(number, rows applied, completed) of a delivery by its id; a new id gets the next number."""
        return self.deliveries.number(feed, source, id)

    def are_erased(self, tokens: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """A mask of the tokens of persons who were erased."""
        return self.erasures.are_erased(tokens)

    def set_catalogue(self, message: CatalogueSet, catalogue: Catalogue, moving: frozenset[str]) -> ChangesLike | None:
        """Takes the first catalogue, or a later one; gives the changes by the feeds ``moving``, or None for the first."""
        self.catalogues.append(message)
        self.catalogue_days.append(self.day)
        self.built_catalogues.append(catalogue)
        if self._matcher is None:
            self._matcher = self.parts.make_matcher(catalogue, self.day)
            if message.semantics != self._matcher.semantics:
                self._matcher.upgrade(message.semantics)  # nobody is judged yet
            return None
        return self._matcher.extend(catalogue, moving)

    def arrays(self) -> Arrays:
        """The matcher's matrix, by name; empty before the first catalogue."""
        return {} if self._matcher is None else self._matcher.arrays()

    def meta(self) -> dict[str, Any]:
        """Everything that is not in ``arrays``, as JSON."""
        return {
            "format": FORMAT,
            "offset": self.offset,
            "day": self.day.isoformat(),
            "furthest": self.furthest.isoformat(),
            "documents": self.documents.meta(),
            "catalogues": [
                [c.units, dict(c.contracts), day.isoformat(), c.by] for c, day in zip(self.catalogues, self.catalogue_days, strict=True)
            ],
            "versions": [_version_plain(v) for name in sorted(self.registry.versions) for v in self.registry.versions[name].values()],
            "statements": self.statements.meta(),
            "deliveries": self.deliveries.meta(),
            "answers": answers_meta(self.answers),
            "unsaid": sorted(self.waiting_answers),
            "identities": self.identities.meta(),
            "findings": self.outcomes.meta(),
            "follow_ups": self.follow_ups.meta(),
            "late": sorted(self.late),
            "book": self.book.meta(),
            "erasures": self.erasures.meta(),
            "known": self.stamps.meta(),
            "notices": [[n.kind, n.about, n.detail, n.day.isoformat()] for n in self.notices],
            "in_matcher": self.in_matcher,
            "matcher": None if self._matcher is None else self._matcher.meta(),
        }

    @classmethod
    def restore(cls, parts: Parts, meta: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[np.generic]]) -> State:
        """The state from ``meta`` and ``arrays``.

        Raises:
            NewerFormat: written by a newer version. Unreadable: they are not of a state.
        """
        with decoding(Text("状态的描述", "the description of a state")):
            if meta["format"] > FORMAT:
                raise NewerFormat(Text("状态", "The state"), meta["format"], FORMAT)
            state = cls(parts)
            state.documents = DocumentCache(parts, meta.get("documents"))
            state.offset, state.day = meta["offset"], date.fromisoformat(meta["day"])
            state.furthest = date.fromisoformat(meta.get("furthest", meta["day"]))  # older checkpoints have none
            catalogues = [(*facts, None, None)[:4] for facts in meta["catalogues"]]  # older have neither day nor author
            state.catalogues = [CatalogueSet(units, contracts, by=by) for units, contracts, _, by in catalogues]
            state.catalogue_days = [NO_DAY if since is None else date.fromisoformat(since) for _, _, since, _ in catalogues]
            state.statements = Statements.restore(meta["statements"])
            state.deliveries = Deliveries.restore(meta["deliveries"])
            state.answers = answers_from(meta["answers"])
            state.waiting_answers = {(policy, subject, check) for policy, subject, check in meta["unsaid"]}
            state.identities = IdentityLedger.restore(meta.get("identities", ()))
            state.outcomes = OutcomeLedger.restore(meta.get("findings", ()))
            state.follow_ups = FollowUpLedger.restore(meta.get("follow_ups", ()))  # older checkpoints have none
            state.late = frozenset(meta.get("late", ()))
            if "book" in meta:
                state.book = Book.restore(meta["book"])
            state.erasures = Erasures.restore(meta.get("erasures"))
            state.stamps = RecentStamps.restore(meta.get("known", ()))
            state.notices = [Notice(kind, about, detail, date.fromisoformat(day)) for kind, about, detail, day in meta["notices"]]
            state.in_matcher = dict(meta["in_matcher"])
        if state.catalogues:
            state._restore_matcher(meta, arrays)
        return state

    def _restore_matcher(self, meta: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        for message in self.catalogues:
            catalogue = self.documents.catalogue(message.units, message.contracts)
            self.built_catalogues.append(succeeding(self.built_catalogues[-1] if self.built_catalogues else None, catalogue))
        with decoding(Text("状态的描述", "the description of a state")):
            for facts in meta["versions"]:
                self.registry.add(_read_version(facts, self.built_catalogues, self.documents))
        in_effect = self.statements.in_effect() if self.statements.entries else ()
        self._matcher = self.parts.restore_matcher(self.catalogue, arrays, meta["matcher"], self.policies, in_effect)
        self.turning_days = self.registry.turning_days(self.catalogue)


_NO_CATALOGUE = Text(
    "还没有数据源目录；请先发送 CatalogueSet（单位和数据源契约）。",
    "There is no feed catalogue yet; send CatalogueSet (units and feed contracts) first.",
)


def _version_plain(version: Version) -> dict[str, Any]:
    return {
        "policy": version.policy.name,
        "version": version.policy.version,
        "text": version.text,
        "digest": version.digest,
        "by": version.by,
        "approved_by": version.approved_by,
        "catalogue": version.catalogue,
        "published": version.published.isoformat(),
        "withdrawn": None if version.withdrawn is None else version.withdrawn.day.isoformat(),
        "reason": "" if version.withdrawn is None else version.withdrawn.reason,
        "withdrawal": None if version.withdrawn is None else _withdrawal_plain(version.withdrawn),
    }


def _withdrawal_plain(withdrawn: Withdrawal) -> list[str | int]:
    return [withdrawn.since.isoformat(), withdrawn.by, withdrawn.approved_by, withdrawn.newest]


def _read_version(facts: Mapping[str, Any], catalogues: list[Catalogue], documents: DocumentCache) -> Version:
    file = f"{facts['policy']}@{facts['version']}"
    return Version(
        documents.policy(facts["text"], file, catalogues[facts["catalogue"]]),
        facts["text"],
        facts["digest"],
        facts["by"],
        facts["approved_by"],
        facts["catalogue"],
        date.fromisoformat(facts["published"]),
        None if facts["withdrawn"] is None else _read_withdrawal(facts),
    )


def _read_withdrawal(facts: Mapping[str, Any]) -> Withdrawal:
    """A withdrawal from its JSON; older checkpoints do not have the people who decided it."""
    since, by, approved_by, *newest = facts.get("withdrawal") or (facts["withdrawn"], "", "")
    day = date.fromisoformat(facts["withdrawn"])
    return Withdrawal(day, date.fromisoformat(since), facts["reason"], by, approved_by, *newest)
