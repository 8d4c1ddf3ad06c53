"""Two versions of a policy compared: who moves on the list, by which criterion, and how the rules differ.

All subjects are judged by both versions, published or drafts, on one day, as if each were in force; nothing is changed. The verb
``policy diff`` calls this, and a preview has one where a version is in force (``services.policies.preview``). Source:
docs/en/semantics.md section 12.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import PlainSerializer

from matchers.kernel.batch import Int64
from matchers.kernel.changes import STATUSES
from matchers.lists.difference import Difference, OtherKind, difference
from matchers.lists.verdicts import WORDS
from policies.language.catalogue import Catalogue
from policies.language.differences import Differences, differences
from policies.language.tree import Policy
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.run import enter_policy
from services.lookup import is_draft, no_policy, readable_policy
from services.results import Internal, Opaque, Token
from services.state.as_of import core
from streams.steps.state import NO_DAY

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.steps.state import State

SIDES = ("old", "new")


@dataclass(frozen=True, slots=True)
class ComparedVersion:
    """One of the two versions."""

    policy: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Transition:
    """The number of subjects with one verdict, or status, under the old version and one under the new version; None: none."""

    before: str | None
    after: str | None
    count: int


@dataclass(frozen=True, slots=True)
class DecidingCriterion:
    """A criterion that decides about some who move.

    Args:
        change: entered, left, changed, or unknown: on neither list, from a known verdict to an unknown one.
        version: old or new: whose criterion it is.
        criterion: None: the place of the subject decides.
        people: how many move because of it; alone: of these, those for whom no other criterion decides.
    """

    change: str
    version: str
    criterion: str | None
    people: int
    alone: int


@dataclass(frozen=True, slots=True)
class DivisionMoves:
    """How many move in a division; None: those placed nowhere."""

    division: str | None
    entered: int
    left: int
    changed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class MovedSubject:
    """A subject that moves.

    Args:
        before, after: its status under the old and under the new version.
        version: old or new: the version that decides, by ``criteria``; None among them: by the place of the subject.
    """

    subject: Token
    change: str
    before: str | None
    after: str | None
    verdict_before: str | None
    verdict_after: str | None
    division: str | None
    version: str
    criteria: tuple[str | None, ...]


def moved_subjects(of: Difference) -> Iterator[MovedSubject]:
    """Every subject that moves, by token."""
    for m in of.movers():
        sides = m.before, m.after, m.verdict_before, m.verdict_after
        yield MovedSubject(m.subject, m.move, *sides, m.division, SIDES[m.version], m.criteria)


def _all_moved(of: Difference) -> list[MovedSubject]:
    return list(moved_subjects(of))


MovedSubjects: TypeAlias = Annotated[Difference, Opaque(), PlainSerializer(_all_moved, return_type=list[MovedSubject])]
"""The subjects that move. There may be a million, so they stay columns until they are printed."""


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """The difference that a version makes for all subjects, compared with another one.

    Args:
        turned_unknown: how many had a known verdict and have an unknown one; on a list or not.
        verdicts, statuses: subjects by verdict, and by status, before and after.
        criteria: the criteria that decide, by change; first those that move most subjects.
        people: everybody who moves, by token only.
        differences: of the two rules.
    """

    old: ComparedVersion
    new: ComparedVersion
    day: date
    entered: int
    left: int
    changed: int
    turned_unknown: int
    verdicts: list[Transition]
    statuses: list[Transition]
    criteria: list[DecidingCriterion]
    streets: list[DivisionMoves]
    people: MovedSubjects
    differences: Internal[Differences]
    catalogue: Internal[Catalogue]

    @property
    def alike(self) -> bool:
        """Whether the rules are the same and nobody moves."""
        return not len(self.people.subject) and not self.differences


def compare_policies(workspace: Workspace, old: str, new: str, day: date | None, today: date) -> PolicyComparison:
    """Compare two versions, each named as ``policy@version``, by its policy (the version in force), or by the file of a draft.

    Args:
        day: of the judgement; None: the state's day, or ``today`` where nothing was ever submitted.

    Raises:
        HuiminError: there is no such version; or the two are about different kinds of subject.
        Invalid: a file is no policy; with every error.
    """
    with workspace.trying() as host:
        state = host.state
        day = day or (today if state.day == NO_DAY else state.day)
        versions = version_named(state, old), version_named(state, new)
        for version in versions:
            enter_policy(version)
        return comparison(state, *versions, day)


def version_named(state: State, name: str) -> Policy:
    """The version of a policy by name or file; names and errors as for ``compare_policies``."""
    if is_draft(name):
        if not Path(name).is_file():
            raise HuiminError(Text(f"没有文件 {name}。", f"There is no file {name}."), 2)
        return readable_policy(Path(name), state.catalogue)
    policy, at, number = name.partition("@")
    registry = state.registry
    if policy not in registry.versions:
        raise no_policy(policy, registry.versions)
    versions = registry.versions[policy]
    names = ", ".join(f"{policy}@{version}" for version in sorted(versions))
    if at:
        if not number.isdigit() or int(number) not in versions:
            raise HuiminError(Text(f"没有版本 {name}；已发布的有 {names}。", f"There is no version {name}; published are {names}."), 2)
        return versions[int(number)].policy
    active = registry.active(policy, state.day)
    if active is None:
        zh, en = f"{policy} 已撤销，没有施行中的版本；可写 {names}。", f"{policy} is withdrawn: no version is in force. Name one: {names}."
        raise HuiminError(Text(zh, en), 2)
    return active.policy


def comparison(state: State, old: Policy, new: Policy, day: date) -> PolicyComparison:
    """Compare two versions over the records of a state.

    Raises:
        HuiminError: the two are about different kinds of subject.
    """
    try:
        of = difference(core(state), old, new, day)
    except OtherKind as error:
        zh = f"两个版本的对象不同（{error.old} 与 {error.new}），无法比较。"
        raise HuiminError(Text(zh, f"The two are about different kinds of subject ({error.old} and {error.new})."), 3) from None
    return PolicyComparison(
        ComparedVersion(old.name, old.version, old.digest), ComparedVersion(new.name, new.version, new.digest), day,
        of.count("entered"), of.count("left"), of.count("changed"), of.turned_unknown,
        _transitions(of.verdicts, WORDS), _transitions(of.statuses, STATUSES),
        [DecidingCriterion(d.move, SIDES[d.version], d.criterion, d.people, d.alone) for d in of.deciders()],
        [DivisionMoves(division, **moves) for division, moves in of.streets().items()],
        of, differences(old, new), state.catalogue,
    )  # fmt: skip


def _transitions(counts: Int64, words: tuple[str | None, ...]) -> list[Transition]:
    return [Transition(words[a], words[b], int(counts[a, b])) for a in range(4) for b in range(4) if counts[a, b]]
