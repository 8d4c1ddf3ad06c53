"""How one catalogue follows another: what a contract may become once records are stored under it.

A stored record is never read in another way. What adds or widens is an ordinary step. A step that would give a stored number, token or
key another meaning is refused, with the way out. ``succeeding`` puts what is new behind what there was, so every number once given (of a
feed, a source, a field, an enum's value) stays. Called by ``streams.steps.catalogues`` (nothing else gets into the log),
``connectors.contracts.in_effect`` and ``streams.steps.state``. Source: docs/en/semantics.md section 1.8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from policies.contracts.growthsteps import GrowthStep, bounds, narrower
from policies.language.catalogue import Catalogue, Feed, Field
from policies.values import Text

Extremes: TypeAlias = Callable[[str, str], tuple[int, int] | None]
"""The least and the greatest value that a field's records hold, encoded, by feed and field; None where there is none."""


def succeeding(old: Catalogue | None, new: Catalogue) -> Catalogue:
    """The new catalogue in the order of the old one; new feeds, fields and enum values come last."""
    if old is None:
        return new
    names = [*(name for name in old.feeds if name in new.feeds), *(name for name in new.feeds if name not in old.feeds)]
    feeds = {name: _feed_after(old.feeds[name], new.feeds[name]) if name in old.feeds else new.feeds[name] for name in names}
    return replace(new, feeds=feeds)


def _feed_after(old: Feed, new: Feed) -> Feed:
    names = [*(name for name in old.fields if name in new.fields), *(name for name in new.fields if name not in old.fields)]
    fields = {name: _field_after(old.fields[name], new.fields[name]) if name in old.fields else new.fields[name] for name in names}
    return replace(new, fields=fields, links={name: new.links[name] for name in (*old.links, *new.links) if name in new.links})


def _field_after(old: Field, new: Field) -> Field:
    labels = dict(new.values)
    values = {code: labels[code] for code in (*old.codes, *new.codes) if code in labels}
    absent = new.no_record
    if absent is not None and new.values:
        absent = list(values).index(new.codes[absent])
    return replace(new, values=tuple(values.items()), no_record=absent, roomy=old.roomy or narrower(old, new))


def refused_steps(steps: list[GrowthStep], old: Catalogue, new: Catalogue, extremes: Extremes) -> list[GrowthStep]:
    """The steps that the stored records do not allow."""
    out = []
    for step in steps:
        if step.kind == "rereads":
            out.append(step)
        elif step.kind == "narrows":
            field = new.feeds[step.feed].fields[str(step.place[1])]
            stored = extremes(step.feed, field.name)
            if stored is not None and not _holds(field, stored):
                out.append(replace(step, kind="rereads", instead=_WITHIN))
    return out


def feeds_with_new_verdicts(old: Catalogue, new: Catalogue) -> frozenset[str]:
    """The feeds whose verdicts may change although no record does: a field has other bounds, or the number of sources differs."""
    return frozenset(
        name
        for name, feed in old.feeds.items()
        if name in new.feeds
        and (
            len(new.feeds[name].sources) != len(feed.sources)
            or any(bounds(field) != bounds(new.feeds[name].fields[at]) for at, field in feed.fields.items())
        )
    )


def bounded_as(old: Catalogue, new: Catalogue) -> Catalogue:
    """An earlier catalogue with the bounds of a later one: a text published then still means the same names."""

    def with_later_bounds(feed: Feed) -> Feed:
        later = new.feeds[feed.name].fields
        fields = {name: replace(field, min=later[name].min, max=later[name].max) for name, field in feed.fields.items()}
        return replace(feed, fields=fields)

    return replace(old, feeds={name: with_later_bounds(feed) for name, feed in old.feeds.items()})


def _holds(field: Field, stored: tuple[int, int]) -> bool:
    return (field.min is None or field.min <= stored[0]) and (field.max is None or stored[1] <= field.max)


_WITHIN = Text(
    "已存的值在新界限之外；请把界限放宽到能容下它们。", "Values that are held lie beyond them: make the bounds wide enough for those."
)
