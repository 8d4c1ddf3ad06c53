"""Manifests of editions: with them an agency can check that an edition is whole and that none is missing.

A manifest holds the digests of its lines and of the manifest before it, so the last one proves them all. The digest of a manifest is the
SHA-256 of its fields as JSON, in the order below; that of lines covers each line as JSON (``plain_change``) and a line end. A manifest
depends only on the lines and the versions they name, so both hosts make the same bytes. Source: FIPS 180-4, semantics section 14.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any, TypeAlias

from streams.language.causes import cause_of
from streams.language.messages import CandidateChange

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once, not for every line
Versions: TypeAlias = Mapping[int, tuple[str, str]]
"""Agency and digest of every published version of a policy."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of one edition.

    Args:
        agency: of the newest version among its lines.
        versions: number and digest of every version among its lines.
        day: of the last line.
        first, last: the offsets it spans; the message at ``last`` closed it.
        listed: the length of the list after it, by status.
        lines, before: digests of its lines, and of the manifest before it; empty for the first.
        erased: how many of its lines are blank now, because their person was erased; in no digest.
        unlisted: how many subjects on the list after it were erased later; in no digest.
    """

    policy: str
    agency: str
    number: int
    versions: tuple[tuple[int, str], ...]
    day: date
    first: int
    last: int
    entered: int
    left: int
    changed: int
    listed: tuple[tuple[str, int], ...]
    lines: str
    before: str
    erased: int = 0
    unlisted: int = 0

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return sha256(_json(plain_manifest(self))).hexdigest()


def digest_of(changes: Iterable[CandidateChange]) -> str:
    """The digest of the lines of an edition."""
    digest = sha256()
    for change in changes:
        digest.update(_json(plain_change(change)) + b"\n")
    return digest.hexdigest()


def plain_manifest(manifest: Manifest) -> list[Any]:
    """A manifest as JSON."""
    m = manifest
    return [
        m.policy, m.agency, m.number, [list(version) for version in m.versions], m.day.isoformat(), m.first, m.last,
        m.entered, m.left, m.changed, [list(count) for count in m.listed], m.lines, m.before,
    ]  # fmt: skip


def whole_manifest(plain: Sequence[Any]) -> Manifest:
    """The manifest from ``plain_manifest``."""
    policy, agency, number, versions, day, first, last, entered, left, changed, listed, lines, before = plain
    digests, counts = tuple((version, digest) for version, digest in versions), tuple((status, count) for status, count in listed)
    return Manifest(policy, agency, number, digests, date.fromisoformat(day), first, last, entered, left, changed, counts, lines, before)


def manifests_from_store(bodies: Mapping[int, str]) -> dict[int, Manifest]:
    """The original manifests, by their last message, from the texts in a store (``stored``)."""
    facts = {offset: json.loads(body) for offset, body in bodies.items()}
    return {offset: replace(whole_manifest(plain), erased=erased, unlisted=unlisted) for offset, (plain, erased, unlisted) in facts.items()}


def manifest_for_store(manifest: Manifest) -> str:
    """The text of a manifest in a store, with its numbers of blank lines.

    Example:
        >>> from streams.testing import edition
        >>> manifest = replace(edition("grant", 1, 7, date(2026, 10, 1), []).manifest, erased=2)
        >>> kept({7: stored(manifest)})[7] == manifest
        True
    """
    return _ENCODER.encode([plain_manifest(manifest), manifest.erased, manifest.unlisted])


def plain_change(change: CandidateChange) -> list[Any]:
    """One line as JSON."""
    return [*change[:9], change.cause.kind, change.cause.detail, change.day.isoformat()]


def whole_change(plain: Sequence[Any]) -> CandidateChange:
    """The line from ``plain_change``."""
    id, policy, version, subject, change, status, before, checklist, missing, kind, detail, day = plain
    lacking = tuple((criterion, feed) for criterion, feed in missing)
    cause = cause_of(kind, detail)
    return CandidateChange(id, policy, version, subject, change, status, before, tuple(checklist), lacking, cause, date.fromisoformat(day))


def _json(value: Any) -> bytes:
    return _ENCODER.encode(value).encode()
