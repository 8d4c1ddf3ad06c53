"""Checks of a policy's editions: against each other, the list, a digest that somebody stored, and a file of evidence.

``edition verify`` calls this. Editions are read from the lines, so they fit each other whoever wrote the lines. A digest from elsewhere
proves that these are the lines that were told. On a network the workers may be behind the replica: then the sum of the editions is compared
with the list at the last message they told of. Source: docs/en/semantics.md section 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from policies.values import Text
from services.lists.editions import with_lists
from services.lists.evidence import check_evidence
from services.lists.reach import enter_published
from services.results import Internal, Sentence
from services.state.as_of import materialized_list
from services.state.log import breaks
from streams.lists.editions import edition_problems, fold

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.language.messages import CandidateChange
    from streams.steps.state import State

BROKEN = {
    "chain": Text("与前一期接不上", "does not follow from the one before"),
    "lines": Text("各行与摘要不符", "its lines do not give their digest"),
    "counts": Text("计数不符", "its counts are not those of its lines"),
}
NOT_THE_LIST = Text("各期之和不是现在的名单", "their sum is not the list now")
NOT_HELD = Text(
    "没有一期是手中的摘要：到那一期为止，有一期被改动、缺失或错位，或摘要属于另一份名单",
    "no edition has the digest you hold: one up to there was changed, is missing or out of turn, or it is of another list",
)


@dataclass(frozen=True, slots=True)
class BrokenLog:
    """The log is not as it was written, so nothing that is read from it proves anything.

    Args:
        problems: every broken place.
    """

    policy: str
    ok: Literal[False]
    problems: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class EditionCheck:
    """Whether the editions of a policy are sound.

    Args:
        editions: their number.
        listed: the number of candidates on the list.
        open: the number of lines since the last edition.
        held: the number of the edition whose digest was given.
        told: the message after which the list was compared, where the workers of a network are behind.
        erased: the number of blank lines of erased persons.
    """

    policy: str
    editions: int
    listed: int
    open: int
    ok: bool
    problems: tuple[Sentence, ...]
    held: int | None
    told: int | None
    erased: int


@dataclass(frozen=True, slots=True)
class EvidenceCheck:
    """A file of evidence that fits an edition.

    Args:
        whole: every reason in it was compared, too, as that past is still kept.
    """

    edition: int
    ok: Literal[True]
    whole: bool
    file: Internal[str]


Content: TypeAlias = tuple[str | None, tuple[str, ...], tuple[tuple[str, str | None], ...]]


def verify_editions(workspace: Workspace, policy: str, digest: str | None = None) -> EditionCheck | BrokenLog:
    """Compares the editions of a policy with each other, and their sum with the list.

    Args:
        digest: a digest, or its beginning, that should be an edition's.

    Raises:
        Refused: the policy was never published.
    """
    if (log := _log_breaks(workspace, policy)) is not None:
        return log
    with workspace.reading() as host:
        enter_published(host.state, policy)
        editions = list(host.editions(policy))
        problems = [Text(f"{at}: {BROKEN[what].zh}", f"{at}: {BROKEN[what].en}") for at, what in edition_problems(editions)]
        last = editions[-1].offset if editions else -1
        behind = [line for line in host.outputs(f"{last}.{1 << 62}") if line.policy == policy and _offset(line) <= host.state.offset]
        summed = fold(behind, fold(line for edition in editions for line in edition.changes))
        same, count, behind_message = _comparison(host, policy, summed, _offset(behind[-1]) if behind else last)
    if not same:
        problems.append(NOT_THE_LIST)
    number = next((edition.number for edition in editions if digest and edition.manifest.digest.startswith(digest.lower())), None)
    if digest is not None and number is None:
        problems.append(NOT_HELD)
    erased = sum(edition.manifest.erased for edition in editions)
    return EditionCheck(policy, len(editions), count, len(behind), not problems, tuple(problems), number, behind_message, erased)


def verify_evidence(workspace: Workspace, policy: str, file: Path) -> EvidenceCheck | BrokenLog:
    """Compares a file of evidence with the edition that it names.

    Raises:
        BadEvidence: the file is no evidence, was changed, or does not fit. Refused: the policy was never published.
    """
    if (log := _log_breaks(workspace, policy)) is not None:
        return log
    with workspace.reading() as host:
        enter_published(host.state, policy)
        edition, whole = check_evidence(file, host, with_lists(host, policy))
    return EvidenceCheck(edition, True, whole, file.name)


def _log_breaks(workspace: Workspace, policy: str) -> BrokenLog | None:
    places = breaks(workspace)[0]
    return BrokenLog(policy, False, tuple(place.text for place in places)) if places else None


def _comparison(host: Host, policy: str, summed: dict[int, CandidateChange], last: int) -> tuple[bool, int, int | None]:
    """Whether the sum of the lines is the list; the length of the list; and its message, if it is not the list of now."""
    from streams.network.network_host import NetworkHost

    ours = {subject: (line.status, line.checklist, line.missing) for subject, line in summed.items()}
    now = _contents(host.state, policy)
    if ours == now or not isinstance(host, NetworkHost):
        return ours == now, len(now), None
    then = _contents(host.at(last), policy) if last >= 0 else {}
    return ours == then, len(then), last


def _contents(state: State, policy: str) -> dict[int, Content]:
    """Status, open checks and missing evidence of every subject on a list."""
    return {candidate.subject: (candidate.status, candidate.checklist, candidate.missing) for candidate in materialized_list(state, policy)}


def _offset(change: CandidateChange) -> int:
    return int(change.id.partition(".")[0])
