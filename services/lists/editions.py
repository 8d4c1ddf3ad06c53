"""The editions of a policy's list: cut one, list them, show one with its lines or with one subject's reasons, write its evidence.

``huimin edition`` calls this; ``services.lists.edition_checks`` verifies editions. The system closes editions; here they are only read,
except for a cut. Source: docs/en/semantics.md section 14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError
from policies.values import Text
from services.lists.changes import Changes, Titles
from services.lists.evidence import state_of, write_evidence
from services.lists.explanations import ErasedSubject, SubjectExplanation, erased_subject, explanation
from services.lists.reach import enter_candidates, enter_published
from services.results import facts
from streams.lists.editions import Edition, fold

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.language.messages import CandidateChange


@dataclass(frozen=True, slots=True)
class EditionSummary:
    """The manifest of an edition.

    Args:
        versions: digests of the policy's versions among its lines, by number.
        first, last: its first and last message.
        listed: the number of candidates on the list after it, by status.
        lines, before, digest: digests of its lines, of the edition before it, and of this manifest.
        erased: the number of its lines that are blank, as their person was erased.
    """

    policy: str
    agency: str
    edition: int
    versions: Mapping[int, str]
    day: date
    first: int
    last: int
    entered: int
    left: int
    changed: int
    listed: Mapping[str, int]
    lines: str
    before: str
    digest: str
    erased: int


@dataclass(frozen=True, slots=True)
class EditionDetails(EditionSummary):
    """An edition with its lines."""

    changes: Changes
    titles: Titles


@dataclass(frozen=True, slots=True)
class EditionList:
    """The editions of a policy, and its title."""

    title: Text
    editions: tuple[EditionSummary, ...]


@dataclass(frozen=True, slots=True)
class EditionReasons:
    """Why a subject was, or was not, on the list when an edition closed."""

    edition: EditionSummary
    title: Text
    explanation: SubjectExplanation | ErasedSubject


@dataclass(frozen=True, slots=True)
class CutEdition:
    """The edition that a cut closed; None where nothing differed, or the shards are not done yet."""

    policy: str
    offset: int
    edition: int | None


@dataclass(frozen=True, slots=True)
class WrittenEvidence:
    """The evidence of an edition, in a file.

    Args:
        manifest: the digest of the edition.
    """

    file: Path
    edition: int
    candidates: int
    manifest: str


def cut_edition(workspace: Workspace, policy: str) -> CutEdition:
    """Closes an edition now.

    Raises:
        Refused: the policy was never published.
    """
    from streams.language.messages import EditionCut

    with workspace.writing(sphere="decisions") as host:
        enter_published(host.state, policy)
        offset = host.submit(EditionCut(policy)).offset
        return CutEdition(policy, offset, next((edition.number for edition in host.editions(policy) if edition.offset == offset), None))


def editions(workspace: Workspace, policy: str) -> EditionList:
    """The editions of a policy's list, from the first.

    Raises:
        Refused: the policy was never published.
    """
    with workspace.reading() as host:
        enter_published(host.state, policy)
        summaries = tuple(_summary(edition) for edition in host.editions(policy))
        return EditionList(host.state.registry.title(policy), summaries)


def edition_details(workspace: Workspace, policy: str, number: int) -> EditionDetails:
    """An edition with its lines.

    Raises:
        Refused: the policy was never published. HuiminError: there is no such edition.
    """
    with workspace.reading() as host:
        edition, _ = _edition_and_list(host, policy, number)
        enter_candidates(host.state, policy, [line.subject for line in edition.changes])
        short, listing = _summary(edition), edition.changes
        titles = {policy: host.state.registry.title(policy)}
        return EditionDetails(**facts(short), changes=listing, titles=titles)


def edition_reasons(workspace: Workspace, policy: str, number: int, subject: int) -> EditionReasons:
    """Why a subject was, or was not, on the list when an edition closed, from what was known then.

    Raises:
        Refused: the policy was never published. HuiminError: there is no such edition. NotKept: that past is not kept.
    """
    with workspace.reading() as host:
        edition, _ = _edition_and_list(host, policy, number)
        reasons = erased_subject(host, subject) or explanation(state_of(host, edition), policy, subject)
        return EditionReasons(_summary(edition), host.state.registry.title(policy), reasons)


def edition_evidence(workspace: Workspace, policy: str, number: int, out: Path | None = None) -> WrittenEvidence:
    """Writes the evidence of an edition; by default into ``exports``, under the policy's name and the edition's number.

    Raises:
        Refused: the policy was never published. HuiminError: there is no such edition. NotKept: that past is not kept. Conflict: something
            else is at the path.
    """
    with workspace.reading() as host:
        edition, listed = _edition_and_list(host, policy, number)
        path = out or workspace.folder("exports") / f"{policy}-{number}.evidence.jsonl"
        enter_candidates(host.state, policy, list(listed))
        return WrittenEvidence(path, number, write_evidence(host, edition, listed, path), edition.manifest.digest)


def with_lists(host: Host, policy: str) -> Iterator[tuple[Edition, dict[int, CandidateChange]]]:
    """Every edition, with the list after it, by subject."""
    listed: dict[int, CandidateChange] = {}
    for edition in host.editions(policy):
        listed = fold(edition.changes, listed)
        yield edition, listed


def _edition_and_list(host: Host, policy: str, number: int) -> tuple[Edition, dict[int, CandidateChange]]:
    enter_published(host.state, policy)
    last = 0
    for edition, listed in with_lists(host, policy):
        last = edition.number
        if last == number:
            return edition, listed
    zh = f"{policy} 没有第 {number} 期：目前共 {last} 期。"
    raise HuiminError(Text(zh, f"{policy} has no edition {number}: there are {last} so far."), 2)


def _summary(edition: Edition) -> EditionSummary:
    m = edition.manifest
    return EditionSummary(
        m.policy, m.agency, m.number, dict(m.versions), m.day, m.first, m.last, m.entered, m.left, m.changed, dict(m.listed), m.lines,
        m.before, m.digest, m.erased,
    )  # fmt: skip
