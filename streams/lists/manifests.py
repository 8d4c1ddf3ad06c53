"""Manifests: what an edition says of itself, so that its agency can tell that it is whole and that none is missing.

The one idea: a manifest names the digest of its lines and of the manifest before it, so the last one vouches for them all. The digest of
a manifest is the SHA-256 of its fields as JSON, in the order below; of lines, of each line as JSON (``plain_change``) and a line
end. Made from the lines alone and the versions they name: both hosts come to the same bytes. Source: FIPS 180-4, semantics section 14.
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

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: ``json.dumps`` would make it for every line
Versions: TypeAlias = Mapping[int, tuple[str, str]]
"""Agency and digest of every version of a policy that was published."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one edition says of itself.

    Args:
        agency: of the newest version among its lines.
        versions: number and digest of every version among its lines.
        day: the day of the last line told of the policy; from there to the end of the edition nobody moved.
        first, last: the messages it spans; ``last`` closed it.
        listed: how many are on the list after it, by status.
        lines, before: digests of its lines, and of the manifest before it; empty for the first.
        erased: of its lines, how many are blank now because their person was erased; in no digest: the manifest says what it said.
        unlisted: of those listed after it, how many were erased since; likewise.
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
        m.policy, m.agency, m.number, [list(version) for version in m.versions], m.day.isoformat(), m.first, m.last, m.entered, m.left, m.changed,
        [list(count) for count in m.listed], m.lines, m.before,
    ]  # fmt: skip


def whole_manifest(plain: Sequence[Any]) -> Manifest:
    """What ``plain_manifest`` was given."""
    policy, agency, number, versions, day, first, last, entered, left, changed, listed, lines, before = plain
    digests, counts = tuple((version, digest) for version, digest in versions), tuple((status, count) for status, count in listed)
    return Manifest(policy, agency, number, digests, date.fromisoformat(day), first, last, entered, left, changed, counts, lines, before)


def kept(bodies: Mapping[int, str]) -> dict[int, Manifest]:
    """Manifests as they were closed, by their last message, from how a store keeps them (``stored``)."""
    plain_manifests = {offset: json.loads(body) for offset, body in bodies.items()}
    return {offset: replace(whole_manifest(plain), erased=erased, unlisted=unlisted) for offset, (plain, erased, unlisted) in plain_manifests.items()}


def stored(manifest: Manifest) -> str:
    """A manifest with how much of it is blank, as a store keeps it.

    Example:
        >>> from streams.testing import edition
        >>> one = replace(edition("grant", 1, 7, date(2026, 10, 1), []).manifest, erased=2)
        >>> kept({7: stored(one)})[7] == one
        True
    """
    return _ENCODER.encode([plain_manifest(manifest), manifest.erased, manifest.unlisted])


def plain_change(change: CandidateChange) -> list[Any]:
    """One line as JSON."""
    return [*change[:9], change.cause.kind, change.cause.detail, change.day.isoformat()]


def whole_change(plain: Sequence[Any]) -> CandidateChange:
    """What ``plain_change`` was given."""
    id, policy, version, subject, change, status, before, checklist, missing, kind, detail, day = plain
    lacking = tuple((criterion, feed) for criterion, feed in missing)
    cause = cause_of(kind, detail)
    return CandidateChange(id, policy, version, subject, change, status, before, tuple(checklist), lacking, cause, date.fromisoformat(day))


def _json(value: Any) -> bytes:
    return _ENCODER.encode(value).encode()
