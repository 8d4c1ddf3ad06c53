"""Changes of contracts: what a changed contract adds at the next write, and the history of a feed's contract.

The verbs ``feed check`` and ``feed history`` call this. ``policies.contracts.growth`` decides which changes a contract may make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from policies.values import Text
from services.lookup import feed_named
from services.results import Sentence

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class ContractAddition:
    """A thing that a changed contract adds at the next write.

    Args:
        path: its place in the contract.
        readers: the number of matched policies that read the feed.
    """

    code: str
    severity: str
    feed: str
    path: str
    message: Sentence
    readers: int


@dataclass(frozen=True, slots=True)
class ContractChange:
    """A change of a contract.

    Args:
        day: None before the first day of the state.
        by: who wrote it; None where that was not noted yet.
    """

    day: date | None
    message: Sentence
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ContractHistory:
    """The history of a feed's contract.

    Args:
        changes: empty where the feed takes effect only at the next write.
    """

    feed: str
    title: Text
    changes: tuple[ContractChange, ...]


def contract_additions(workspace: Workspace, files: Iterable[Path]) -> list[ContractAddition]:
    """What these contracts add when they replace those of the same feed or file name.

    Raises:
        Invalid: with every problem.
    """
    from infra.workspace.contracts import in_effect_with
    from infra.workspace.texts import text_of

    texts = {str(path): text_of(path) for path in files}
    result = in_effect_with(workspace, _in_place(workspace, texts), files=texts)
    workspace.say_not_in_effect(result)
    names = {_feed_of(text, file) for file, text in texts.items()}
    steps = [step for step in result.steps if step.feed in names]
    readers = Counter(feed for feeds in _readers(workspace) for feed in feeds) if steps else Counter[str]()
    return [ContractAddition("contract-adds", "step", s.feed, ".".join(map(str, s.place)), s.text, readers[s.feed]) for s in steps]


def _in_place(workspace: Workspace, texts: Mapping[str, str]) -> dict[str, str]:
    """The workspace's contracts, after these have replaced those of the same file name or the same feed."""
    _, contracts = workspace.documents()
    names, feeds = {Path(file).name for file in texts}, {_feed_of(text, file) for file, text in texts.items()} - {""}
    others = {file: text for file, text in contracts.items() if Path(file).name not in names and _feed_of(text, file) not in feeds}
    return {**others, **texts}


def _feed_of(text: str, file: str) -> str:
    from connectors.contracts.in_effect import feed_of

    return feed_of(text, file)


def _readers(workspace: Workspace) -> list[set[str]]:
    """The feeds that each matched policy reads."""
    if workspace.empty:
        return []
    with workspace.reading() as host:
        return [set(policy.feeds) for policy in host.state.policies.values()]


def contract_history(workspace: Workspace, name: str) -> ContractHistory:
    """The additions to a contract, by day.

    Raises:
        HuiminError: there is no feed of this name.
    """
    from streams.steps.state import NO_DAY

    with workspace.reading() as host:
        state = host.state
        if not state.has_catalogue or name not in state.catalogue.feeds:
            return ContractHistory(name, feed_named(workspace.catalogue(), name).title, ())
        changes = _changes(
            name, state.built_catalogues, [(day, c.by) for day, c in zip(state.catalogue_days, state.catalogues, strict=True)]
        )
        title = state.catalogue.feeds[name].title
        return ContractHistory(name, title, tuple(ContractChange(None if day == NO_DAY else day, text, by) for (day, by), text in changes))


_Since: TypeAlias = tuple[date, str | None]
"""The day of a catalogue, and its author."""


def _changes(name: str, catalogues: Sequence[Catalogue], since: Sequence[_Since]) -> Iterator[tuple[_Since, Text]]:
    from policies.contracts.growthsteps import steps

    first = next(at for at, catalogue in enumerate(catalogues) if name in catalogue.feeds)
    yield since[first], Text("开始生效", "came into effect")
    for at in range(first + 1, len(catalogues)):
        for step in steps(catalogues[at - 1], catalogues[at]):
            if step.feed == name:
                yield since[at], step.text
