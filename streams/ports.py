"""What the streams layer asks of others: the ports, as protocols, and the set of them a host is given.

The one idea: steps know no file, clock or broker. A catalogue is built by ``connectors``, a policy is read by ``policies``, matching
is done by ``matchers``; tests pass in fakes from ``streams.testing``. ``infra`` is the only place that wires them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matchers.batch import RecordBatch
from matchers.changes import Columns
from matchers.coverage import Statement
from matchers.erasing import Trace
from matchers.identity import Answer, Correction
from policies.catalogue import Catalogue
from policies.tree import Policy

Arrays = dict[str, npt.NDArray[Any]]


class ChangesLike(Protocol):
    """What one call on the matcher moved on the lists (``matchers.changes.Changes``)."""

    def __len__(self) -> int: ...
    def columns(self) -> Columns: ...


class MatcherPort(Protocol):
    """What a step calls on the matcher (``matchers.core.Matcher``)."""

    day: date

    def extend(self, catalogue: Catalogue) -> None: ...
    def apply(self, batch: RecordBatch) -> ChangesLike: ...
    def replace(self, feed: str, source: int, delivery: int) -> ChangesLike: ...
    def publish(self, policy: Policy) -> ChangesLike: ...
    def withdraw(self, name: str) -> ChangesLike: ...
    def cover(self, statements: Sequence[Statement]) -> ChangesLike: ...
    def answer(self, policy: str, subject: int, check: str, answer: bool) -> ChangesLike: ...
    def correct(self, correction: Correction, answers: Sequence[Answer]) -> ChangesLike: ...
    def persons(self) -> npt.NDArray[np.uint64]: ...
    def traces(self, person: int) -> list[Trace]: ...
    def erase(self, person: int, instead: int, statements: Sequence[Statement], answers: Sequence[Answer]) -> ChangesLike: ...
    def forget(self, person: int, traces: Sequence[Trace]) -> None: ...
    def tick(self, day: date) -> ChangesLike: ...
    def watch(self, policy: str, subject: int, on: bool) -> ChangesLike: ...
    def candidates(self, policy: str) -> Sequence[Any]: ...
    def arrays(self) -> Arrays: ...
    def meta(self) -> dict[str, Any]: ...


class BuildCatalogue(Protocol):
    """Makes a catalogue from the texts of a ``CatalogueSet``; raises ``Invalid`` with every problem."""

    def __call__(self, units: str, contracts: Mapping[str, str], /) -> Catalogue: ...


class ReadPolicy(Protocol):
    """Makes a checked policy from its text; raises ``Invalid`` with every problem."""

    def __call__(self, text: str, file: str, catalogue: Catalogue, /) -> Policy: ...


class MakeMatcher(Protocol):
    """Makes an empty matcher."""

    def __call__(self, catalogue: Catalogue, day: date, /) -> MatcherPort: ...


class RestoreMatcher(Protocol):
    """Makes a matcher from what ``arrays()`` and ``meta()`` gave, with the policies active in it and the statements in effect."""

    def __call__(
        self,
        catalogue: Catalogue,
        arrays: Mapping[str, npt.NDArray[np.generic]],
        meta: Mapping[str, Any],
        policies: Mapping[str, Policy],
        statements: Sequence[Statement],
        /,
    ) -> MatcherPort: ...


def read_policy(text: str, file: str, catalogue: Catalogue) -> Policy:
    """The checked policy of a document.

    Raises:
        Invalid: with every error found.
    """
    from policies.checker import check
    from policies.document import load
    from policies.problems import Invalid

    checked = check(load(text, file), catalogue)
    if checked.policy is None:
        raise Invalid(problem for problem in checked.problems if problem.severity == "error")
    return checked.policy


def make_matcher(catalogue: Catalogue, day: date) -> MatcherPort:
    """An empty matcher of the real core; imported late, for its kernels take a while to load."""
    from matchers.core import Matcher

    return Matcher(catalogue, day)


def restore_matcher(
    catalogue: Catalogue,
    arrays: Mapping[str, npt.NDArray[np.generic]],
    meta: Mapping[str, Any],
    policies: Mapping[str, Policy],
    statements: Sequence[Statement],
) -> MatcherPort:
    """The real core, from a snapshot."""
    from matchers.core import Matcher

    return Matcher.restore(catalogue, arrays, meta, policies, statements)


@dataclass(frozen=True, slots=True)
class Parts:
    """The ports a state is made with."""

    build_catalogue: BuildCatalogue
    read_policy: ReadPolicy = read_policy
    make_matcher: MakeMatcher = make_matcher
    restore_matcher: RestoreMatcher = restore_matcher
