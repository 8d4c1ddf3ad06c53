"""The evidence of an edition: the reasons of every candidate on the list when the edition closed, in a file that outlives the log.

``edition evidence`` and ``edition verify --evidence`` call this. The reasons come from the state at the edition's last message, on the
edition's day. The file names the digest of the edition's manifest and ends with its own, so it can always be compared with the editions.
Records are cited by feed, unit, delivery and row, an absence by the coverage statement that proves it; a value stands in it only where a
list for the agency would hold it too (``discloses``, and the agreement on that day).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.workspace.destination import destination
from policies.problems.problems import HuiminError
from policies.values import Text
from services.lists.cited_coverage import CitedStatement, StatementsInEffect
from services.results import facts
from services.state.as_of import core, state_known_at
from streams.language.errors import NotKept

if TYPE_CHECKING:
    from matchers.reading.explain import Criterion, Explanation, Fact
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy
    from streams.host import Host
    from streams.language.messages import CandidateChange
    from streams.lists.editions import Edition
    from streams.steps.state import State

FORMAT = 2
"""Of the files that are written; those of format 1, which cite no coverage statements, are compared as well."""
_OF_EACH = frozenset({"subject", "status", "checklist", "open"})


class BadEvidence(HuiminError):
    """The file is no evidence, was changed, or is not of this list (its holder: fetch the original; 3). Trying again does not help."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 3)


def state_of(host: Host, edition: Edition) -> State:
    """The state on which an edition closed: on its day, from what was known at its last message.

    Raises:
        NotKept: that past is not kept.
    """
    return state_known_at(host, edition.day, edition.offset)


def write_evidence(host: Host, edition: Edition, listed: Mapping[int, CandidateChange], path: Path) -> int:
    """Writes the evidence of an edition, as JSON lines; returns the number of candidates.

    Args:
        listed: the list after the edition, by subject.

    Raises:
        NotKept: that past is not kept. Conflict: something else is at the path.
    """
    from streams.disk.files import replacing

    digest, state = sha256(), state_of(host, edition)
    with replacing(destination(path, lambda there: bool(_read(there)))) as part, part.open("wb") as file:
        statements = StatementsInEffect(state)
        for value in (_head(edition, len(listed)), *(_candidate(state, statements, listed[subject]) for subject in sorted(listed))):
            line = _line(value)
            digest.update(line)
            file.write(line)
        file.write(_line({"sha256": digest.hexdigest()}))
    return len(listed)


def check_evidence(path: Path, host: Host, editions: Iterable[tuple[Edition, Mapping[int, CandidateChange]]]) -> tuple[int, bool]:
    """Compares a file with the editions of its policy, each with the list after it.

    Returns:
        The number of its edition, and whether every reason in it was compared, too: not where that past is not kept.

    Raises:
        BadEvidence: the file is no evidence, was changed, or does not fit.
    """
    head, *candidates = _read(path)
    of = {edition.number: (edition, listed) for edition, listed in editions}
    if head.get("edition") not in of:
        raise BadEvidence(Text(f"{path.name} 所属的一期不在这份名单里。", f"{path.name} is of an edition that this list does not have."))
    edition, listed = of[head["edition"]]
    if head != _head(edition, len(listed), head["format"]):
        zh = f"{path.name} 与第 {edition.number} 期的摘要不符：不是由这一期写成的。"
        raise BadEvidence(Text(zh, f"{path.name} does not name the digest of edition {edition.number}: it was not made of it."))
    theirs = [(candidate["subject"], candidate["status"], candidate["checklist"], candidate["open"]) for candidate in candidates]
    ours = [_content(listed[subject]) for subject in sorted(listed)]
    if theirs != ours:
        zh = f"{path.name} 中的人与第 {edition.number} 期之后的名单不同。"
        raise BadEvidence(Text(zh, f"Those in {path.name} are not those on the list after edition {edition.number}."))
    try:
        state = state_of(host, edition)
    except NotKept:
        return edition.number, False
    statements = StatementsInEffect(state) if head["format"] > 1 else None
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True)[1:-1], 2):
        if line != _line(_candidate(state, statements, listed[int(candidates[number - 2]["subject"], 16)])):
            zh = f"{path.name} 第 {number} 行的理由与第 {edition.number} 期的不同：内容被改动过。请取回原件。"
            en = f"{path.name}, line {number}: the reasons are not those of edition {edition.number}, it was changed. Fetch the original."
            raise BadEvidence(Text(zh, en))
    return edition.number, True


def _head(edition: Edition, candidates: int, format: int = FORMAT) -> dict[str, Any]:
    m = edition.manifest
    return {
        "format": format, "policy": m.policy, "agency": m.agency, "edition": m.number, "manifest": m.digest, "day": m.day.isoformat(),
        "known_at": m.last, "candidates": candidates,
    }  # fmt: skip


def _content(line: CandidateChange) -> tuple[Any, ...]:
    return f"{line.subject:016x}", line.status, list(line.checklist), [list(pair) for pair in line.missing]


def _candidate(state: State, statements: StatementsInEffect | None, line: CandidateChange) -> dict[str, Any]:
    """The reasons of one candidate.

    Args:
        statements: None: as format 1 has it, without coverage statements.
    """
    subject, status, checklist, missing = _content(line)
    explanation = core(state).explain(line.policy, line.subject)
    return {
        "subject": subject, "status": status, "checklist": checklist, "open": missing, "division": explanation.division,
        "registered_by": [_citation(fact) for fact in explanation.register], "criteria": list(_criteria(explanation.criteria, statements)),
        "missing": [{"criterion": criterion, "feed": feed, "unit": unit} for criterion, feed, unit in explanation.verdict.missing],
        "disclosed": _disclosures(state, explanation),
    }  # fmt: skip


def _criteria(criterion: Criterion, statements: StatementsInEffect | None) -> Iterator[dict[str, Any]]:
    """The leaves, in the order of the document, without their comparisons, which quote values."""
    if criterion.children:
        for child in criterion.children:
            yield from _criteria(child, statements)
        return
    truth = {True: "T", False: "F", None: "U"}[criterion.truth]
    records = [_citation(fact) for fact in (*criterion.facts, *criterion.ways)]
    coverage = {} if statements is None else {"coverage": [_coverage(statement) for statement in statements.statements_of(criterion)]}
    yield {
        "id": criterion.meta.id,
        "cite": criterion.meta.cite,
        "truth": truth,
        "matters": criterion.matters,
        "records": records,
        **coverage,
    }


def _coverage(statement: CitedStatement) -> dict[str, Any]:
    return facts(statement) | {"complete_to": statement.complete_to.isoformat()}


def _citation(fact: Fact) -> dict[str, Any]:
    return {"feed": fact.feed, "unit": fact.unit, "delivery": fact.delivery, "row": fact.row}


def _disclosures(state: State, explanation: Explanation) -> dict[str, str]:
    allowed = _allowed_fields(explanation.policy, state.catalogue, explanation.day)
    return {
        name: text for name, text in core(state).disclosed_values(explanation.policy.name, explanation.subject).items() if name in allowed
    }


def _allowed_fields(policy: Policy, catalogue: Catalogue, day: date) -> set[str]:
    """The disclosed fields that their agreement allows on a day."""
    names = set()
    for ref in policy.discloses:
        agreement = catalogue.feeds[ref.feed].agreement
        if ref.field in agreement.discloses and agreement.permits(policy.purpose, day):
            names.add(".".join((*ref.links, ref.feed, ref.field)))
    return names


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _read(path: Path) -> list[dict[str, Any]]:
    """The head and the candidates of a file, its own digest checked."""
    try:
        *lines, seal = path.read_bytes().splitlines(keepends=True)
        if json.loads(seal) != {"sha256": sha256(b"".join(lines)).hexdigest()}:
            raise ValueError("digest")
        read = [json.loads(line) for line in lines]
        if read[0]["format"] not in range(1, FORMAT + 1):
            raise ValueError("format")
        if not all(_OF_EACH <= candidate.keys() for candidate in read[1:]):
            raise ValueError("candidates")
        return read
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, IsADirectoryError):
        zh = f"{path.name} 不是完整的证据文件，或内容被改动过。请取回原件。"
        raise BadEvidence(Text(zh, f"{path.name} is no whole evidence file, or was changed. Fetch the original.")) from None
