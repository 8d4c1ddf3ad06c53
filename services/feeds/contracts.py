"""The feeds of a workspace, as their contracts describe them: list, show, add.

The verbs ``feed list``, ``show`` and ``add`` call this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from policies.problems.problems import Conflict
from policies.values import Kind, Text
from services.access.run import enter_source
from services.lookup import feed_named
from services.results import Hidden, PlainPeriod, PlainShare, Sentence

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Catalogue, Feed


@dataclass(frozen=True, slots=True)
class DescribedSource:
    """A unit that delivers records of a feed.

    Args:
        division: in which the subjects of its records are placed.
        title, contact: of the unit.
    """

    unit: str
    division: str
    title: Sentence
    contact: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DescribedField:
    """A field of a feed.

    Args:
        identity: the field identifies a person, and is never a criterion.
        unit: of its values: CNY/month, say.
        values: of an enum, the codes and their Chinese names; ``titles_en``: the English titles of those that have one.
    """

    name: str
    type: str
    title: Sentence
    identity: bool
    unit: str | None
    values: Mapping[str, str]
    titles_en: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DescribedBounds:
    """The bounds of a feed (``policies.language.catalogue.FeedBounds``)."""

    shrinks_to: PlainShare
    late_after: PlainPeriod | None
    moves: PlainShare


@dataclass(frozen=True, slots=True)
class DescribedFeed:
    """A feed, as its contract describes it.

    Args:
        cardinality: how many records a subject may have.
        purposes, discloses, until: of the agreement: what its records may be used for, which fields may be shown, its last day.
        expected_every: the longest time between two deliveries.
        bounds: beyond which the feed takes nobody off a list without a decision.
    """

    feed: str
    title: Sentence
    subject: Kind
    cardinality: Literal["one", "many"]
    sources: tuple[DescribedSource, ...]
    fields: tuple[DescribedField, ...]
    purposes: tuple[str, ...]
    discloses: tuple[str, ...]
    until: date | None
    expected_every: PlainPeriod | None
    bounds: DescribedBounds


@dataclass(frozen=True, slots=True)
class AddedFeed:
    """A feed that was added, and its file in the workspace."""

    feed: str
    file: str
    title: Annotated[Text, Hidden]


def described_feeds(workspace: Workspace) -> list[DescribedFeed]:
    """Every feed, in the order of the catalogue."""
    catalogue = workspace.catalogue()
    return [_describe(feed, catalogue) for feed in catalogue.feeds.values()]


def described_feed(workspace: Workspace, name: str) -> DescribedFeed:
    """One feed.

    Raises:
        HuiminError: there is no feed of this name.
    """
    catalogue = workspace.catalogue()
    return _describe(feed_named(catalogue, name), catalogue)


def _describe(feed: Feed, catalogue: Catalogue) -> DescribedFeed:
    units = catalogue.units
    return DescribedFeed(
        feed.name,
        feed.title,
        feed.subject,
        "many" if feed.many else "one",
        tuple(DescribedSource(s.unit, s.division, units[s.unit].title, tuple(units[s.unit].contact.values())) for s in feed.sources),
        tuple(
            DescribedField(f.name, str(f.type), f.title, f.identity, f.unit, dict(f.values), dict(f.titles_en))
            for f in feed.fields.values()
        ),
        feed.agreement.purposes,
        feed.agreement.discloses,
        feed.agreement.until,
        feed.expected_every,
        DescribedBounds(feed.bounds.shrinks_to, feed.bounds.late_after, feed.bounds.moves),
    )


def add_feed(workspace: Workspace, contract: Path, may_add: Callable[[str], None] = lambda unit: None) -> AddedFeed:
    """Copy a contract into the workspace.

    Args:
        may_add: called with each unit that delivers; raises where somebody may not add a feed of it.

    Raises:
        Invalid: it has problems. Conflict: there is a feed of this name already. Nothing has changed.
    """
    from connectors.contracts.catalogue import load_contract
    from infra.workspace.contracts import in_effect_with
    from infra.workspace.texts import text_of
    from streams.disk.files import write_whole

    text = text_of(contract)
    added = load_contract(text, str(contract))
    for source in added.sources:
        enter_source(added.name, source.unit)
        may_add(source.unit)
    file = f"feeds/{added.name}.yaml"
    with workspace.editing():
        _, others = workspace.documents()
        if file in others:
            raise Conflict(Text(f"数据源 {added.name} 已存在（{file}）。", f"The feed {added.name} is there already ({file})."))
        workspace.say_not_in_effect(in_effect_with(workspace, {**others, str(contract): text}))
        write_whole(workspace.folder("feeds") / f"{added.name}.yaml", text)
    return AddedFeed(added.name, file, added.title)
