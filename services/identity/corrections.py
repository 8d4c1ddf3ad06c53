"""Corrections of identity: merge two subjects into one, split one into two, list the corrections in force.

``huimin identity`` calls this. A correction is a decision of two people. Its subjects are given by token, or by number in a file of the
steward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from policies.problems.problems import HuiminError, comma_list
from policies.values import Kind, Text
from services.access.deciding import Target
from services.access.run import current_run, passes, show
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import Notify, announce_holds
from services.results import Token
from streams.language.errors import Refusal
from streams.language.messages import IdentityMerged, IdentitySplit

if TYPE_CHECKING:
    from connectors.identity.corrections import Pair
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.language.messages import CandidateChange
    from streams.ledgers.identities import IdentityEntry, IdentityLedger
    from streams.steps.state import State

SubjectKind: TypeAlias = Literal["person", "household", "dwelling"]
KINDS: tuple[SubjectKind, ...] = ("person", "household", "dwelling")


@dataclass(frozen=True, slots=True)
class People:
    """The two people of a correction (one decides, one approves), and the reason."""

    by: str
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    """The decisions of a call, and the changes of lists that they caused.

    Args:
        already: lines of the file, the header counted, that were in force before.
    """

    decisions: int
    already: tuple[int, ...]
    changes: Changes
    titles: Titles


@dataclass(frozen=True, slots=True)
class CorrectedRecord:
    """A record that counts as another subject's.

    Args:
        key: its token.
        unit: None where the source is not known any more.
    """

    feed: str
    unit: str | None
    key: Token


@dataclass(frozen=True, slots=True)
class CorrectionInForce:
    """A subject that counts as another since a day; with ``record``, in this record only."""

    kind: str
    subject: Token
    into: Token
    record: CorrectedRecord | None
    since: date
    by: str
    approved_by: str
    reason: str


def merge_subjects(workspace: Workspace, kind: str, whom: tuple[int, int | None] | Path, people: People, notify: Notify) -> Correction:
    """Merges subjects: all records, lists and answers of the first count as the second's.

    Args:
        whom: a subject and the one it counts as, or a file of such pairs.

    Raises:
        HuiminError: there is no such kind, the reason is missing, or the second subject is. UnreadableFile: the file. Refused: the decision
            is not admitted; names the row.
    """
    pairs, file = _pairs(workspace, kind, people, whom)
    alone = [pair.row for pair in pairs if pair.into is None]
    if alone and file is None:
        raise HuiminError(Text("还要写并入哪一个对象。", "Name the subject it is merged into, too."), 2)
    if alone:
        from connectors.parsing.row_place import rows_words

        rows = rows_words(alone)
        zh, en = f"{file} {rows.zh}没有写 into。", f"{file}: {rows.en} name no `into`."
        raise HuiminError(Text(zh, en), 3)
    messages = [IdentityMerged(kind, pair.subject, pair.into or 0, people.reason, people.by, people.approved_by) for pair in pairs]
    return _decide(workspace, file, pairs, messages, notify)


def split_subjects(
    workspace: Workspace, kind: str, whom: tuple[int, int | None] | Path, people: People, notify: Notify, records: Path | None = None
) -> Correction:
    """Splits subjects: undoes a merge; or, with ``records``, gives those to another subject, or back where no other is named.

    Args and Raises: as for ``merge``.
    """
    from connectors.identity.corrections import records as read_records

    pairs, file = _pairs(workspace, kind, people, whom)
    rows: tuple[tuple[str, int, int], ...] = ()
    if records is not None:
        if len(pairs) > 1:
            raise HuiminError(Text("--records 一次只用于一对对象。", "--records is for one pair of subjects at a time."), 2)
        rows = read_records(records, workspace.catalogue(), workspace.tokens())
    elif file is None and pairs[0].into is not None:
        zh = "请用 --records 写明哪些记录归另一对象；只撤销并入时，不写另一对象。"
        raise HuiminError(Text(zh, "Say which records are the other subject's (--records); to undo a merge, name no other subject."), 2)
    messages = [
        IdentitySplit(
            kind, pair.subject, (pair.into if rows else None) or pair.subject, rows, people.reason, people.by, people.approved_by
        )
        for pair in pairs
    ]  # fmt: skip
    return _decide(workspace, file, pairs, messages, notify)


def _enter(state: State, kind: str, pairs: Sequence[Pair]) -> None:
    """Passes subjects that the run may correct: whoever may in general, or for a unit that keeps their register; and tells the run who.

    Raises:
        AccessDenied: the run may not.
    """
    if (run := current_run()) is None:
        return
    register = state.catalogue.register(Kind(kind)) if state.has_catalogue else None
    units = () if register is None else (source.unit for source in register.sources)
    run.require(Target(unit=next((unit for unit in units if passes(Target(unit=unit))), None)))
    show(None, [token for pair in pairs for token in (pair.subject, pair.into) if token is not None])


def corrections_in_force(workspace: Workspace) -> list[CorrectionInForce]:
    """Every correction in force, in the order of the decisions."""
    with workspace.reading() as host:
        show(None, [token for d in host.state.identities for token in dict.fromkeys((d.subject, d.into))])
        catalogue = host.state.catalogue if host.state.has_catalogue else None
        sources = {} if catalogue is None else {(f.name, at): s.unit for f in catalogue.feeds.values() for at, s in enumerate(f.sources)}
        return [_in_force(decision, sources) for decision in host.state.identities]


def _in_force(decision: IdentityEntry, sources: dict[tuple[str, int], str]) -> CorrectionInForce:
    record = decision.record and CorrectedRecord(decision.record[0], sources.get(decision.record[:2]), decision.record[2])
    return CorrectionInForce(
        decision.kind, decision.subject, decision.into, record, decision.day, decision.by, decision.approved_by, decision.reason
    )


def _pairs(workspace: Workspace, kind: str, people: People, whom: tuple[int, int | None] | Path) -> tuple[list[Pair], Path | None]:
    """The subjects of a correction, and the file that they come from."""
    from connectors.identity.corrections import Pair, pairs
    from connectors.parsing.row_place import RowPlace

    if kind not in KINDS:
        zh = f"对象的种类应为 {comma_list(KINDS)} 之一。"
        raise HuiminError(Text(zh, f"The kind of subject is one of {comma_list(KINDS)}."), 2)
    if not people.reason.strip():
        raise HuiminError(Text("请写明原因（--reason）。", "Give the reason (--reason)."), 2)
    if isinstance(whom, Path):
        return pairs(whom, Kind(kind), workspace.catalogue(), workspace.tokens()), whom
    return [Pair(RowPlace(0), *whom)], None


def _decide(
    workspace: Workspace, file: Path | None, pairs: Sequence[Pair], messages: Sequence[IdentityMerged | IdentitySplit], notify: Notify
) -> Correction:
    """Decides row by row.

    Rows of a file that are in force already are passed over and counted, so a file that was refused half-way can be sent again whole. A
    file of splits in which no row has anything to undo is refused, as a single one would be.
    """
    changes: list[CandidateChange] = []
    already: list[int] = []
    with workspace.writing() as host, announce_holds(host, notify):
        _enter(host.state, messages[0].kind, pairs)
        for pair, message in zip(pairs, messages, strict=True):
            if file is not None and _as_asked(host.state.identities, message):
                already.append(pair.row.line)
            else:
                changes += _submit(host, file, pairs[0], pair, message)
        if len(already) == len(messages) and isinstance(messages[0], IdentitySplit):
            changes += _submit(host, file, pairs[0], pairs[0], messages[0])
        listing = list_changes(changes, host.state.registry)
    return Correction(len(messages) - len(already), tuple(already), listing.changes, listing.titles)


def _as_asked(decisions: IdentityLedger, message: IdentityMerged | IdentitySplit) -> bool:
    """Whether a message would change nothing: its correction is in force, or there is no merge to undo."""
    decision = decisions.of(message.kind, message.subject)
    if isinstance(message, IdentityMerged):
        return decision is not None and decision.into == message.into
    return decision is None and not message.records


def _submit(host: Host, file: Path | None, first: Pair, pair: Pair, message: IdentityMerged | IdentitySplit) -> Sequence[CandidateChange]:
    """Submits one decision; returns its changes of lists. ``first``: the first pair of the file.

    Raises:
        Refused: with the row of the file, if there is one; the rows before it are in force, and are passed over when sent again.
    """
    try:
        return host.submit(message).changes
    except Refusal as error:
        if file is None:
            raise
        row = pair.row.words
        zh, en = f"{file.name} {row.zh}：{error.text.zh}", f"{file.name}, {row.en}: {error.text.en}"
        if pair is not first:
            zh += "之前各行已生效；改正后整份重送即可，已生效的会跳过。"
            en += " The rows before it are in force; mend the file and send all of it again: what is in force already is passed over."
        raise Refusal(Text(zh, en), error.exit_code) from None
