"""Checking a policy document against the feed catalogue: all its problems at once, or the checked tree.

A policy is either understood as a whole or refused. Structure, names, types, units, ranges, evidence, agreements and contradictions have a
module each; this one calls them in order. Source: docs/en/semantics.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from policies.checking.agreements import check_agreements, check_evidence, disclosed_fields, reading_places
from policies.checking.cautions import check_cautions
from policies.checking.comparands import Comparands
from policies.checking.contradictions import check_contradictions
from policies.checking.cost import check_cost
from policies.checking.leaves import Leaves
from policies.checking.nodes import Nodes, Spot
from policies.language.catalogue import Catalogue
from policies.language.models import PolicyModel
from policies.language.names import NameScope
from policies.language.parameters import Parameters
from policies.language.tree import Bounds, PeopleField, Policy
from policies.problems.problems import Problem, Word, suggestion, value_text
from policies.problems.sentences_values import POLICY
from policies.values import Kind, Period, Text, is_division
from policies.yaml.document import Document, digest_of
from policies.yaml.report import Reporter
from policies.yaml.structure import validate_part

_UNIT_ID = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)+")
_STANDINS: dict[str, Any] = {
    "format": 1, "policy": "x", "version": 1, "direction": "benefit", "subject": "person", "scope": {"division": "31"},
    "apply_by": None, "papers": [],
    "title": {"zh": "x", "en": "x"}, "source": {"document": "x", "issuer": "x"}, "agency": "x", "purpose": "x",
    "effective": {"from": date.min, "to": None}, "evidence": {}, "bounds": {}, "params": {}, "definitions": {}, "discloses": [],
    "criteria": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check gives: the policy, or None where any problem is an error."""

    policy: Policy | None
    problems: tuple[Problem, ...]


def check(document: Document, catalogue: Catalogue) -> CheckResult:
    """Check a policy document.

    Args:
        document: as loaded.
        catalogue: the units, feeds and agreements it is checked against.

    Returns:
        The checked policy and its warnings; or no policy, and every problem found.
    """
    reporter = Reporter(document, POLICY)
    head = validate_part(PolicyModel, document.data, (), reporter)
    whole = head is not None
    if head is None:
        head = _head_with_stand_ins(document.data)
    policy = None if head is None else _check_policy(document, head, whole, catalogue, reporter)
    return CheckResult(None if reporter.has_errors else policy, reporter.problems)


def _check_policy(document: Document, head: PolicyModel, whole: bool, catalogue: Catalogue, reporter: Reporter) -> Policy | None:
    if whole:
        _check_head(head, catalogue, reporter)
    parameters = Parameters(
        reporter, head.effective.from_ if whole else None, unreadable=_names_in(document.data, "params") - set(head.params)
    )
    parameters.read(head.params)
    subject_known = whole or document.data.get("subject") == head.subject
    if not subject_known or not isinstance(document.data, dict) or "criteria" not in document.data:
        return None
    nodes = Nodes(document, head.definitions, Leaves(Comparands(catalogue, parameters, reporter)), reporter)
    tree = nodes.check_node(head.criteria, Spot(("criteria",), "criteria", NameScope(Kind(head.subject))))
    shown_fields = disclosed_fields(head, catalogue, reporter)
    if not whole:
        return None
    read = reading_places(tree, shown_fields, nodes.places, catalogue)
    check_agreements(head, read, catalogue, reporter)
    check_evidence(head, tree, nodes.places, catalogue, reporter)
    if not nodes.full:
        check_cost(tree, nodes.places, catalogue.feeds, reporter)
    params = parameters.as_tree()
    check_contradictions(head, tree, params, nodes.places, catalogue, reporter)
    if reporter.has_errors:  # what failed may be what would have used the rest
        return None
    _report_unused(head, nodes, parameters, reporter)
    check_cautions(head, tree, nodes.places, catalogue, reporter)
    return Policy(
        name=head.policy, version=head.version, direction=head.direction, subject=Kind(head.subject), scope=head.scope.division,
        title=Text(head.title.zh, head.title.en), source=document.data["source"], agency=head.agency, purpose=head.purpose,
        effective_from=head.effective.from_, effective_to=head.effective.to,
        evidence={name: evidence.max_age for name, evidence in head.evidence.items()}, params=params,
        discloses=tuple(disclosed.ref for disclosed in shown_fields if not disclosed.path),
        criteria=tree, feeds=tuple(sorted(read)), digest=digest_of(document.data),
        bounds=Bounds(head.bounds.moves, head.bounds.amendment, head.bounds.at_least), apply_by=_last_application_day(head),
        papers=tuple(Text(paper.zh, paper.en) for paper in head.papers),
        people=tuple(PeopleField(disclosed.path, disclosed.ref) for disclosed in shown_fields if disclosed.path),
    )  # fmt: skip


def _report_unused(head: PolicyModel, nodes: Nodes, parameters: Parameters, reporter: Reporter) -> None:
    for name in head.definitions:
        if name not in nodes.used:
            reporter.add_at_key("definition-unused", ("definitions", name), word=name)
    for name, parameter in parameters.by_name.items():
        if not parameter.used:
            reporter.add_at_key("param-unused", ("params", name), word=name)


def _check_head(head: PolicyModel, catalogue: Catalogue, reporter: Reporter) -> None:
    """Units, division and days of the head."""
    for path, unit in ((("agency",), head.agency), (("source", "issuer"), head.source.issuer)):
        named = path == ("agency",) or _UNIT_ID.fullmatch(unit)  # an issuer may be a name in full
        if named and unit not in catalogue.units:
            reporter.add("unit-unknown", path, word=unit, meant=suggestion(unit, catalogue.units))
    if not is_division(head.scope.division):
        reporter.add("division-invalid", ("scope", "division"), given=value_text(head.scope.division))
    start, end = head.effective.from_, head.effective.to
    if end is not None and end < start:
        reporter.add("effective-order", ("effective", "to"), to=str(end), start=str(start))
        return
    closing = _last_application_day(head)
    if closing is not None and not start <= closing <= (end or date.max):
        words: dict[str, Word] = {"day": str(closing), "start": str(start), "end": Text("（未定）", "no end") if end is None else str(end)}
        reporter.add("apply-by-outside", ("apply_by",), **words)


def _last_application_day(head: PolicyModel) -> date | None:
    """The last day for applications; a period counts from the first day in force."""
    return head.apply_by.after(head.effective.from_) if isinstance(head.apply_by, Period) else head.apply_by


def _head_with_stand_ins(data: object) -> PolicyModel | None:
    """The head with stand-ins for its invalid parts, so that the rest can be checked too; None where the data are no map."""
    if not isinstance(data, dict):
        return None
    parts = {key: _sound_part(key, data[key]) if key in data else _STANDINS[key] for key in _STANDINS}
    return PolicyModel.model_validate(parts)


def _sound_part(key: str, value: Any) -> Any:
    """A part of the head if it is valid; else its valid entries where it has several, or its stand-in."""
    if _is_valid(key, value):
        return value
    if key in ("params", "evidence", "definitions") and isinstance(value, dict):
        return {name: entry for name, entry in value.items() if _is_valid(key, {name: entry})}
    if key == "discloses" and isinstance(value, list):
        return [entry for entry in value if _is_valid(key, [entry])]
    return _STANDINS[key]


def _is_valid(key: str, value: Any) -> bool:
    try:
        PolicyModel.model_validate({**_STANDINS, key: value})
    except (ValueError, RecursionError, OverflowError):
        return False
    return True


def _names_in(data: Any, key: str) -> set[str]:
    part = data.get(key) if isinstance(data, dict) else None
    return set(part) if isinstance(part, dict) else set()
