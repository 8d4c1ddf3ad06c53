"""What agreements and evidence of a policy must cover, compared with what its rule reads.

A rule that reads what its purpose does not cover cannot be published. A missing record is proof only where the policy says how old a
coverage statement may be. Source: docs/en/semantics.md sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from policies.language.catalogue import Catalogue
from policies.language.models import PolicyModel
from policies.language.names import NameScope, ResolvedField, ResolvedSet, Trouble, resolve_field, resolve_set
from policies.language.reads import absences, feeds_of_path, feeds_of_ref, feeds_read
from policies.language.tree import FieldRef, Node, Quantifier, Step, Sum
from policies.problems.problems import Word, comma_list, suggestion, value_text
from policies.values import Kind, Text
from policies.yaml.document import Path
from policies.yaml.report import Reporter


@dataclass(frozen=True, slots=True)
class DisclosedField:
    """A field that the list shows, and its place in the document; ``path`` leads to the people whose field it is."""

    position: int
    ref: FieldRef
    path: tuple[Step, ...] = ()


def disclosed_fields(head: PolicyModel, catalogue: Catalogue, reporter: Reporter) -> tuple[DisclosedField, ...]:
    """The fields that the list shows; reports each that the agreement of its feed does not let out."""
    disclosed: list[DisclosedField] = []
    for position, text in enumerate(head.discloses):
        place = ("discloses", position)
        path, field = _disclosed_field(catalogue, text, NameScope(Kind(head.subject)))
        if isinstance(field, Trouble):
            reporter.add(field.code, place, **field.words)
        elif path and not field.field.identity:
            reporter.add("people-only-named", place, field=text)
        elif any((other.ref, other.path) == (field.ref, path) for other in disclosed):
            reporter.add("disclosure-repeated", place, field=text)
        else:
            disclosed.append(DisclosedField(position, field.ref, path))
            allowed = field.feed.agreement.discloses
            if field.field.name not in allowed:
                unit = _holder(field.feed.name, catalogue)
                words: dict[str, Word] = {"feed": field.feed.name, "field": field.field.name, "agreed": _or_nothing(allowed), "unit": unit}
                reporter.add("disclosure-not-agreed", place, **words)
    return tuple(disclosed)


def _disclosed_field(catalogue: Catalogue, text: str, scope: NameScope) -> tuple[tuple[Step, ...], ResolvedField | Trouble]:
    """The field that an entry names, behind the path to people where it begins with one (``members.hukou.name``)."""
    parts = text.split(".")
    for end in range(len(parts) - 1, 0, -1):
        people = resolve_set(catalogue, ".".join(parts[:end]), scope)
        if isinstance(people, ResolvedSet) and people.steps[-1].kind in ("members", "inverse"):
            return people.steps, resolve_field(catalogue, ".".join(parts[end:]), NameScope(people.element.kind))
    return (), resolve_field(catalogue, text, scope)


def reading_places(
    tree: Node, shown_fields: tuple[DisclosedField, ...], places: Mapping[str, Path], catalogue: Catalogue
) -> dict[str, Path]:
    """Every feed that a policy reads, with the first place that reads it."""
    first_places: dict[str, Path] = {}
    for feed, leaf in feeds_read(tree, catalogue):
        first_places.setdefault(feed, places.get(leaf.meta.path, ("criteria",)))
    for disclosed in shown_fields:
        for feed in (*feeds_of_path(disclosed.path, catalogue), *feeds_of_ref(disclosed.ref, catalogue)):
            first_places.setdefault(feed, ("discloses", disclosed.position))
    return first_places


def check_agreements(head: PolicyModel, read: Mapping[str, Path], catalogue: Catalogue, reporter: Reporter) -> None:
    """Check purpose and last day of the agreement of every feed that is read."""
    start, end = head.effective.from_, head.effective.to
    for name, place in read.items():
        agreement = catalogue.feeds[name].agreement
        unit = _holder(name, catalogue)
        if head.purpose not in agreement.purposes:
            words: dict[str, Word] = {"feed": name, "purpose": head.purpose, "agreed": _or_nothing(agreement.purposes), "unit": unit}
            reporter.add("purpose-not-agreed", place, **words)
        if agreement.until is None:
            continue
        if agreement.until < start:
            reporter.add("agreement-over", place, feed=name, until=str(agreement.until), start=str(start), unit=unit)
        elif agreement.until < (end or date.max):
            to = str(end) if end else Text("无终止日", "open")
            reporter.add("agreement-ends", place, feed=name, until=str(agreement.until), to=to, unit=unit)


def check_evidence(head: PolicyModel, tree: Node, places: Mapping[str, Path], catalogue: Catalogue, reporter: Reporter) -> None:
    """Check that ``evidence`` names every feed whose absence is proof, and no other."""
    for name in head.evidence:
        if name not in catalogue.feeds:
            words: dict[str, Word] = {
                "word": value_text(name),
                "meant": suggestion(name, catalogue.feeds),
                "choices": comma_list(catalogue.feeds),
            }
            reporter.add_at_key("feed-unknown", ("evidence", name), **words)
    proof_feeds = set()
    for absence in absences(tree, catalogue):
        proof_feeds.add(absence.feed)
        if absence.feed in head.evidence:
            continue
        place = places.get(absence.leaf.meta.path, ("criteria",))
        over = (*place, "over") if absence.why == "set" and isinstance(absence.leaf, Quantifier | Sum) else place
        alternative = (
            Text("，或在此写 absence: closed 或 open", ", or write absence: closed or open here") if absence.why == "set" else Text("", "")
        )
        reporter.add("evidence-missing", over, feed=absence.feed, way=alternative)
    if not reporter.has_errors:  # a criterion that failed may be the one that needed it
        _report_unused(set(head.evidence) - proof_feeds, reporter)


def _report_unused(names: Iterable[str], reporter: Reporter) -> None:
    for name in sorted(names):
        reporter.add_at_key("evidence-unused", ("evidence", name), feed=name)


def _holder(feed: str, catalogue: Catalogue) -> Text:
    """The unit to settle an agreement with: that of the first source."""
    sources = catalogue.feeds[feed].sources
    if not sources:
        return Text("数据单位", "its unit")
    unit = catalogue.units.get(sources[0].unit)
    return unit.title if unit is not None else Text(sources[0].unit, sources[0].unit)


def _or_nothing(words: tuple[str, ...]) -> str | Text:
    return comma_list(words) if words else Text("(无)", "nothing")
