"""What a name or a path means: fields and sets, resolved against the catalogue from the subject at hand.

Resolving is a function of (text, scope). It gives the field or the set, or the trouble, and never guesses between two feeds.
Source: docs/en/semantics.md section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from policies.language.catalogue import LINKS, Catalogue, Feed, Field, LinkKind
from policies.language.tree import FieldRef, Step
from policies.problems.problems import Word, comma_list, suggestion
from policies.values import KIND_WORDS, Kind, Text


@dataclass(frozen=True, slots=True)
class NameScope:
    """Where a name is read: the kind of subject at hand, the record of a quantifier's element, and whether this is inside ``where``."""

    kind: Kind
    record: Feed | None = None
    inside: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedField:
    """A field, with the feed that holds it."""

    ref: FieldRef
    feed: Feed
    field: Field


@dataclass(frozen=True, slots=True)
class ResolvedSet:
    """A path to a set, and the scope of its elements."""

    steps: tuple[Step, ...]
    element: NameScope


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a name means nothing here: a code and the words of its sentence."""

    code: str
    words: Mapping[str, Word]


def resolve_field(catalogue: Catalogue, text: str, scope: NameScope) -> ResolvedField | Trouble:
    """The field a name means: inside ``where`` the record's own first, then of the subject, through links where written.

    Args:
        text: ``feed.field``, a bare ``field``, or either after links (``registered_at.area``).
        scope: where the name stands.
    """
    parts = text.split(".")
    own = _own(parts, scope.record)
    if own is not None:
        return own
    return _Reading(catalogue, text, scope).of(parts, scope.kind, ())


def resolve_set(catalogue: Catalogue, text: str, scope: NameScope) -> ResolvedSet | Trouble:
    """The set a path leads to: records of a feed, ``members``, or records that link here, after to-one links or other sets."""
    steps: tuple[Step, ...] = ()
    element = NameScope(scope.kind)
    for part in text.split("."):
        if steps and steps[-1].kind == "records":
            return Trouble("path-after-records", {"feed": steps[-1].name, "part": part})
        step = _step(catalogue, text, part, element.kind)
        if isinstance(step, Trouble):
            return step
        steps, element = (*steps, step[0]), step[1]
    if steps[-1].kind == "link":
        example = next((f"{text}.{feed.name}" for feed in catalogue.about(element.kind) if feed.many), f"{text}.…")
        return Trouble("path-single", {"word": text, "target": KIND_WORDS[element.kind], "example": example})
    return ResolvedSet(steps, replace(element, inside=True))


def inverses(catalogue: Catalogue, kind: Kind) -> dict[str, tuple[Step, NameScope]]:
    """The sets that link to a subject of this kind, by the name that rules write."""
    sets: dict[str, tuple[Step, NameScope]] = {}
    for link in LINKS.values():
        feed = catalogue.defining(link.name)
        if link.target is not kind or link.inverse is None or feed is None:
            continue
        if link.inverse:
            sets[link.inverse] = (Step("members", feed.name), NameScope(link.owner))
        else:
            sets[feed.name] = (Step("inverse", feed.name), NameScope(link.owner, feed))
    return sets


def _own(parts: list[str], record: Feed | None) -> ResolvedField | Trouble | None:
    if record is None:
        return None
    if len(parts) == 2 and parts[0] == record.name and parts[1] not in record.fields:
        return _unknown_field(".".join(parts), record.subject, [f"{record.name}.{name}" for name in record.fields])
    name = parts[0] if len(parts) == 1 else parts[1] if len(parts) == 2 and parts[0] == record.name else ""
    if name not in record.fields:
        return None
    return ResolvedField(FieldRef(record.name, name, own=True), record, record.fields[name])


def _unknown_field(text: str, kind: Kind, choices: list[str]) -> Trouble:
    near = suggestion(text, [*choices, *(choice.rsplit(".", 1)[-1] for choice in choices if "." not in text)])
    return Trouble("field-unknown", {"word": text, "kind": KIND_WORDS[kind], "meant": near, "choices": comma_list(choices)})


def _single(link: LinkKind, feed: Feed) -> bool:
    return not feed.many and link.inverse != ""


def _step(catalogue: Catalogue, text: str, part: str, kind: Kind) -> tuple[Step, NameScope] | Trouble:
    feeds = {feed.name: feed for feed in catalogue.about(kind)}
    sets = inverses(catalogue, kind)
    link = LINKS.get(part)
    if part in feeds:  # the feed wins over a link of the same name
        return Step("records", part), NameScope(kind, feeds[part])
    if part in sets:
        return sets[part]
    if link is not None and link.owner is kind:
        defining = _link(catalogue, link)
        return defining if isinstance(defining, Trouble) else (Step("link", part), NameScope(link.target))
    if part in catalogue.feeds:
        return _other_kind(catalogue, catalogue.feeds[part], kind)
    choices = [*feeds, *sets, *(link.name for link in LINKS.values() if link.owner is kind and link.inverse != "")]
    return Trouble("path-unknown", {"word": text, "part": part or '""', "meant": suggestion(part, choices), "choices": comma_list(choices)})


def _link(catalogue: Catalogue, link: LinkKind) -> Feed | Trouble:
    """The feed that defines a to-one link."""
    feed = catalogue.defining(link.name)
    if feed is None:
        return Trouble("link-undefined", {"link": link.name})
    if not _single(link, feed):
        return Trouble("link-to-many", {"link": link.name, "kind": KIND_WORDS[link.owner], "feed": feed.name})
    return feed


def _other_kind(catalogue: Catalogue, feed: Feed, kind: Kind) -> Trouble:
    path = _path_to(catalogue, kind, feed)
    hint = Text(f"，如 {path}", f", such as {path}") if path else Text("", "")
    return Trouble("feed-other-kind", {"feed": feed.name, "other": KIND_WORDS[feed.subject], "kind": KIND_WORDS[kind], "way": hint})


def _path_to(catalogue: Catalogue, kind: Kind, feed: Feed) -> str | None:
    """A path from one kind of subject to a feed of another, if one to three steps lead there."""
    trails: list[tuple[Kind, str]] = [(kind, "")]
    for _ in range(3):
        for at, trail in trails:
            if at is feed.subject:
                return f"{trail}{feed.name}"
        steps = [(link.target, link.name, link.owner) for link in LINKS.values() if link.inverse != ""]
        steps += [(Kind.PERSON, "members", Kind.HOUSEHOLD)]
        trails = [(target, f"{trail}{name}.") for at, trail in trails for target, name, owner in steps if owner is at]
    return None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One name being read, from left to right."""

    catalogue: Catalogue
    text: str
    scope: NameScope

    def of(self, parts: list[str], kind: Kind, links: tuple[str, ...]) -> ResolvedField | Trouble:
        head, rest = parts[0], parts[1:]
        if not rest:
            return self._bare(head, kind, links)
        feed = self.catalogue.feeds.get(head)
        link = LINKS.get(head)
        if feed is not None and feed.subject is kind:
            return self._of_feed(feed, rest, links)
        if link is not None and link.owner is kind:
            defining = _link(self.catalogue, link)
            return defining if isinstance(defining, Trouble) else self.of(rest, link.target, (*links, head))
        if head in inverses(self.catalogue, kind):
            return Trouble("path-of-set", {"word": self.text, "set": ".".join((*links, head))})
        if feed is not None:
            return _other_kind(self.catalogue, feed, kind)
        return self._unknown(kind)

    def _of_feed(self, feed: Feed, rest: list[str], links: tuple[str, ...]) -> ResolvedField | Trouble:
        if len(rest) != 1 or rest[0] not in feed.fields:
            prefix = ".".join((*links, feed.name))
            return _unknown_field(self.text, feed.subject, [f"{prefix}.{name}" for name in feed.fields])
        if feed.many:
            return Trouble("feed-many", {"feed": feed.name, "kind": KIND_WORDS[feed.subject], "word": self.text})
        return ResolvedField(FieldRef(feed.name, rest[0], links), feed, feed.fields[rest[0]])

    def _bare(self, name: str, kind: Kind, links: tuple[str, ...]) -> ResolvedField | Trouble:
        holders = [feed for feed in self.catalogue.about(kind) if name in feed.fields]
        single = [feed for feed in holders if not feed.many]
        if len(single) == 1:
            return ResolvedField(FieldRef(single[0].name, name, links), single[0], single[0].fields[name])
        if single:
            choices = comma_list(".".join((*links, feed.name, name)) for feed in single)
            return Trouble("name-ambiguous", {"word": self.text, "choices": choices})
        if holders:
            return Trouble("feed-many", {"feed": holders[0].name, "kind": KIND_WORDS[kind], "word": self.text})
        return self._unknown(kind, links)

    def _unknown(self, kind: Kind, links: tuple[str, ...] = ()) -> Trouble:
        prefix = "".join(f"{link}." for link in links)
        record = self.scope.record
        own = [] if record is None or links else list(record.fields)
        fields = [f"{prefix}{feed.name}.{name}" for feed in self.catalogue.about(kind) if not feed.many for name in feed.fields]
        return _unknown_field(self.text, kind, own + fields)
