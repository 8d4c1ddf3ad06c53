"""Changes of lists as data, with the titles of their policies: part of the result of every service that submits a message.

A service puts ``Changes`` and ``Titles`` into its result; JSON then has every line, and the screen counts them (``console.text.changes``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias

from pydantic import PlainSerializer

from policies.values import Text
from services.access.run import current_run, reads_whole_list, show
from services.results import Internal, Token
from streams.language.messages import CandidateChange

if TYPE_CHECKING:
    from streams.ledgers.registry import Registry


@dataclass(frozen=True, slots=True)
class OpenCriterion:
    """A criterion without evidence, and the feed that could hold it.

    Args:
        feed: None where a parameter of the policy has no value on the day.
    """

    criterion: str
    feed: str | None


@dataclass(frozen=True, slots=True)
class ChangeCause:
    """Why a list changed: the kind of event, and the event itself."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line of an edition: a subject entered, left or changed on a policy's list."""

    id: str
    policy: str
    version: int
    subject: Token
    change: str
    status: str | None
    before: str | None
    checklist: tuple[str, ...]
    missing: tuple[OpenCriterion, ...]
    cause: ChangeCause
    day: date


def change_lines(changes: Iterable[CandidateChange]) -> Iterator[ChangeLine]:
    """Changes as lines."""
    for c in changes:
        missing = tuple(OpenCriterion(criterion, feed) for criterion, feed in c.missing)
        cause = ChangeCause(c.cause.kind, c.cause.detail)
        yield ChangeLine(c.id, c.policy, c.version, c.subject, c.change, c.status, c.before, c.checklist, missing, cause, c.day)


def _lines(changes: Sequence[CandidateChange]) -> list[ChangeLine]:
    return list(change_lines(changes))


Changes: TypeAlias = Annotated[Sequence[CandidateChange], PlainSerializer(_lines, return_type=list[ChangeLine])]
"""The changes of a result. There may be a million, so the lines are made only when JSON is printed."""
Titles: TypeAlias = Internal[Mapping[str, Text]]
"""The titles of policies, by name."""


class WithChanges(Protocol):
    """A result that holds changes."""

    @property
    def changes(self) -> Sequence[CandidateChange]: ...
    @property
    def titles(self) -> Mapping[str, Text]: ...


@dataclass(frozen=True, slots=True)
class ListChanges:
    """The changes of lists that a message caused."""

    changes: Changes
    titles: Titles


def list_changes(changes: Iterable[CandidateChange], registry: Registry) -> ListChanges:
    """Changes with the titles of their policies; of the lists that the run's actor may read, for a delivery changes those of every agency.

    Raises:
        UnrecordedAccess: the run shows the subjects, and that could not be recorded. What was done is done.
    """
    lines, run = tuple(changes), current_run()
    if run is not None and lines:
        policies = {name: registry.versions[name][registry.newest(name)].policy for name in {line.policy for line in lines}}
        seen_names = {name for name, policy in policies.items() if reads_whole_list(policy)}
        lines = lines if len(seen_names) == len(policies) else tuple(line for line in lines if line.policy in seen_names)
        for name in sorted(seen_names) if run.shows_changes else ():
            show(policies[name], (line.subject for line in lines if line.policy == name))
    return ListChanges(lines, distinct_titles({line.policy for line in lines}, registry))


def distinct_titles(names: Iterable[str], registry: Registry) -> dict[str, Text]:
    """The title of each policy's newest version, by name, also of withdrawn ones; with the name added where two share a title."""
    titles = {name: registry.title(name) for name in names}
    often = {language: Counter(title[language] for title in titles.values()) for language in ("zh", "en")}

    def distinct(name: str, language: str) -> str:
        title = titles[name][language]
        return title if often[language][title] == 1 else f"{title} ({name})"

    return {name: Text(distinct(name, "zh"), distinct(name, "en")) for name in titles}
