"""The steps for corrections of identity: which are admitted, and what follows from one.

The matcher moves the records. The answers that count are computed anew from all answers as they were given: of several subjects that are
one, the latest answer counts. So after a merge is undone each subject has its own answers again. Source: docs/en/semantics.md section 15.
"""

from __future__ import annotations

from matchers.matrix.identity import Answer, IdentityCorrection
from policies.language.catalogue import LINKS
from policies.values import Kind, Text
from streams.language.causes import IdentityCause
from streams.language.errors import Refusal
from streams.language.messages import IdentityMerged, IdentitySplit
from streams.ledgers.identities import IdentityEntry
from streams.lists.instructions import FreeSubject
from streams.lists.lines import Move, Moves
from streams.steps.admission import require_source, require_two_people
from streams.steps.state import State


def merge_identity(state: State, message: IdentityMerged) -> Moves:
    """Two subjects are one from now on; the same merge again changes nothing.

    Raises:
        Refused: one person decided alone; there is no such kind; the subject is merged into itself, or into a subject that counts as it;
            it is merged already.
    """
    _require_admissible(state, message)
    kind, subject, into = message.kind, message.subject, message.into
    existing = state.identities.of(kind, subject)
    if existing is not None and existing.into == into:
        return ()
    if existing is not None:
        zh = "该对象已并入另一对象；请先用 huimin identity split 撤销，再并入别处。"
        raise Refusal(Text(zh, "This subject is merged into another already: split it first, then merge it elsewhere."))
    if subject == into or state.identities.root(kind, into) == subject:
        zh = "对象不能并入自己，也不能并入已并入它的对象；请核对谁并入谁。"
        raise Refusal(
            Text(zh, "A subject cannot be merged into itself, nor into one that is merged into it; look at which goes into which.")
        )
    subjects = {subject, state.identities.root(kind, into)}
    state.identities.put(IdentityEntry(kind, subject, into, None, message.reason, message.by, message.approved_by, state.day))
    return _correct(state, IdentityCorrection(Kind(kind), subject, into), subjects)


def split_identity(state: State, message: IdentitySplit) -> Moves:
    """A merge is undone, or some records of a subject become those of another; the same split again changes nothing.

    Raises:
        Refused: as for ``merge_identity``; or there is nothing to take back, or the records cannot name a subject of this kind.
    """
    _require_admissible(state, message)
    return _give_records(state, message) if message.records else _undo_merge(state, message)


def _undo_merge(state: State, message: IdentitySplit) -> Moves:
    kind, subject = message.kind, message.subject
    if message.into != subject:
        zh = "拆分须写明把哪些记录归给另一对象；只撤销合并时，不写另一对象。"
        raise Refusal(Text(zh, "Name the records that are the other subject's; to undo a merge, name no other subject."), 3)
    if state.identities.of(kind, subject) is None:
        raise _nothing_to_undo()
    subjects = {subject, state.identities.root(kind, subject)}
    state.identities.take_back((kind, subject, None))
    return _correct(state, IdentityCorrection(Kind(kind), subject, subject), subjects)


def _give_records(state: State, message: IdentitySplit) -> Moves:
    kind, subject, into = message.kind, message.subject, message.into
    for feed, source, _ in message.records:
        contract = require_source(state, feed, source)
        if kind not in {contract.subject, *(LINKS[link].target for link in contract.links)}:
            zh = f"数据源 {feed} 的记录不涉及 {kind} 一类的对象；请核对数据源或种类。"
            raise Refusal(Text(zh, f"Records of feed {feed} name no {kind}; look at the feed, or at the kind."), 3)
    decisions = {record: state.identities.of(kind, subject, record) for record in message.records}
    if into == subject:
        records = [record for record, decision in decisions.items() if decision is not None]
        if not records:
            raise _nothing_to_undo()
        for record in records:
            state.identities.take_back((kind, subject, record))
    else:
        records = [record for record, decision in decisions.items() if decision is None or decision.into != into]
        for record in records:
            state.identities.put(IdentityEntry(kind, subject, into, record, message.reason, message.by, message.approved_by, state.day))
    return _correct(state, IdentityCorrection(Kind(kind), subject, into, tuple(records)), set()) if records else ()


def _require_admissible(state: State, message: IdentityMerged | IdentitySplit) -> None:
    _ = state.catalogue  # raises if there is none
    require_two_people(message.by, message.approved_by)
    if message.kind not in tuple(Kind):
        kinds = ", ".join(Kind)
        raise Refusal(Text(f"对象的种类应为 {kinds} 之一。", f"The kind of subject is one of {kinds}."), 3)


def _nothing_to_undo() -> Refusal:
    zh = "没有可撤销的更正：该对象没有并入他人，所列记录也没有归给他人。用 huimin identity list 查看。"
    en = "There is nothing to take back: this subject is merged into none, and these records are given to none. See huimin identity list."
    return Refusal(Text(zh, en))


def _correct(state: State, correction: IdentityCorrection, subjects: set[int]) -> Moves:
    """Gives the matcher a correction that is in the ledger, with the answers that now count for the subjects concerned."""
    changes = state.matcher.correct(correction, _answers(state, correction.kind, subjects))
    what = "merge" if not correction.records and correction.into != correction.subject else "split"
    cause = IdentityCause(correction.kind, what)
    instructions = [FreeSubject(state.day, correction.subject, cause)] if what == "merge" else []
    return (*instructions, Move(state.day, cause, changes.columns()))


def _answers(state: State, kind: Kind, subjects: set[int]) -> list[Answer]:
    """The answers that count for some subjects from now on. Answers that wait for their policy reach the matcher later, in their order."""
    latest: dict[tuple[str, int, str], bool] = {}
    for key, entry in state.answers.items():
        policy, subject, check = key
        if subjects and key not in state.waiting_answers and _subject_of(state, policy) is kind:
            latest[policy, state.identities.root(kind, subject), check] = entry.answer
    open_checks = sorted({(policy, check) for policy, subject, check in latest if subject in subjects})
    return [(policy, subject, check, latest.get((policy, subject, check))) for policy, check in open_checks for subject in sorted(subjects)]


def _subject_of(state: State, policy: str) -> Kind:
    """The kind of subject of a policy."""
    versions = state.registry.versions[policy]
    return versions[state.in_matcher.get(policy, state.registry.newest(policy))].policy.subject
