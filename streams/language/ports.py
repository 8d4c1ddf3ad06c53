"""The ports of the streams layer: protocols for what it needs from other layers, and the set of them a host is given.

Steps know no file, clock or broker. ``connectors`` build a catalogue, ``policies`` read a policy, ``matchers`` match; tests pass in fakes
from ``streams.testing``. Only ``infra`` wires them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import RecordBatch
from matchers.kernel.changes import Columns
from matchers.matrix.coverage import Statement
from matchers.matrix.erasure import Trace
from matchers.matrix.identity import Answer, IdentityCorrection
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.values import Text
from streams.language.errors import decoding

Arrays = dict[str, npt.NDArray[Any]]


class ChangesLike(Protocol):
    """The changes of the lists by one call on the matcher (``matchers.kernel.changes.Changes``)."""

    def __len__(self) -> int: ...
    def columns(self) -> Columns: ...


class MatcherPort(Protocol):
    """The matcher as the steps see it (``matchers.core.Matcher``)."""

    day: date

    @property
    def effects(self) -> npt.NDArray[np.uint8]:
        """The effect of each row of the last batch (``matchers.kernel.batch``: NEWS, SAME, OLDER)."""

    @property
    def comeback(self) -> Mapping[int, tuple[int, int]]:
        """By delivery: how many of its older rows the last full replacement brought back, and how many of these changed nothing."""

    @property
    def semantics(self) -> int:
        """The version of docs/en/semantics.md by which everybody is judged."""

    def upgrade(self, semantics: int) -> ChangesLike: ...
    def open(self, feed: str, source: int, delivery: int) -> None: ...
    def abandon(self, feed: str, source: int, delivery: int) -> None: ...
    def record_count(self, feed: str, source: int) -> int: ...
    def extend(self, catalogue: Catalogue, moving: frozenset[str]) -> ChangesLike: ...
    def extremes(self, feed: str, field: str) -> tuple[int, int] | None: ...
    def apply(self, batch: RecordBatch) -> ChangesLike: ...
    def replace(self, feed: str, source: int, delivery: int) -> ChangesLike: ...
    def publish_all(self, policies: Sequence[Policy]) -> Sequence[ChangesLike]: ...
    def withdraw(self, name: str) -> ChangesLike: ...
    def cover(self, statements: Sequence[Statement]) -> ChangesLike: ...
    def answer(self, policy: str, subject: int, check: str, answer: bool) -> ChangesLike: ...
    def correct(self, correction: IdentityCorrection, answers: Sequence[Answer]) -> ChangesLike: ...
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
    """Builds a catalogue from the texts of a ``CatalogueSet``; raises ``Invalid`` with every problem."""

    def __call__(self, units: str, contracts: Mapping[str, str], /) -> Catalogue: ...


class ReadPolicy(Protocol):
    """Reads and checks a policy; raises ``Invalid`` with every problem."""

    def __call__(self, text: str, file: str, catalogue: Catalogue, /) -> Policy: ...


class MakeMatcher(Protocol):
    """Makes an empty matcher."""

    def __call__(self, catalogue: Catalogue, day: date, /) -> MatcherPort: ...


class RestoreMatcher(Protocol):
    """Makes a matcher from its ``arrays()`` and ``meta()``, the policies that are active in it and the statements in effect."""

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
    from policies.checking.checker import check
    from policies.problems.problems import Invalid
    from policies.yaml.document import load

    result = check(load(text, file), catalogue)
    if result.policy is None:
        raise Invalid(problem for problem in result.problems if problem.severity == "error")
    return result.policy


def make_matcher(catalogue: Catalogue, day: date) -> MatcherPort:
    """An empty matcher of the real core; imported late, because its kernels take a while to load."""
    from matchers.core import Matcher

    return Matcher(catalogue, day)


def restore_matcher(
    catalogue: Catalogue,
    arrays: Mapping[str, npt.NDArray[np.generic]],
    meta: Mapping[str, Any],
    policies: Mapping[str, Policy],
    statements: Sequence[Statement],
) -> MatcherPort:
    """The real core, from a checkpoint.

    Raises:
        Unreadable: these are no matcher's arrays and meta.
    """
    from matchers.core import Matcher

    with decoding(Text("匹配器的状态", "the state of a matcher")):
        return Matcher.restore(catalogue, arrays, meta, policies, statements)


@dataclass(frozen=True, slots=True)
class Parts:
    """The ports that a state uses.

    ``reader`` names the program behind ``build_catalogue`` and ``read_policy``. A checkpoint keeps what they made of a text, and a program
    of the same name reads it back. Without a name nothing is kept.
    """

    build_catalogue: BuildCatalogue
    read_policy: ReadPolicy = read_policy
    make_matcher: MakeMatcher = make_matcher
    restore_matcher: RestoreMatcher = restore_matcher
    reader: str = ""
