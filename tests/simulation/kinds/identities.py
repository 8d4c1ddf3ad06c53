"""Corrections of identity: merges, records given to another subject, both taken back, and decisions that must be refused.

A decision names tokens, so it may come before any row of the subject, twice, or after one that contradicts it. The decisions in force say
whether it is admitted, and the rows as delivered what it changes. Source: docs/en/semantics.md §15.
"""

from __future__ import annotations

from collections.abc import Sequence

from matchers.worlds import key
from streams.language.messages import IdentityMerged, IdentitySplit
from tests.matchers.network import REGISTERS, SECTIONS, WorldRow
from tests.oracles.naive_records import LINK_KINDS
from tests.simulation.drawing import Drawing, source_of
from tests.simulation.events import EventKind, ScheduleEvent, Telling
from tests.simulation.facts import Facts, token
from tests.simulation.naming import IdentityDecision, Record, naming
from tests.simulation.network import FEEDS

PEOPLE = ("author", "approver")
OFTEN = {"person": 4, "household": 3, "dwelling": 3}

# ---- drawing -----------------------------------------------------------------------------------------------------


def merge(d: Drawing) -> list[ScheduleEvent]:
    """A subject is merged into another, or once more into the same one."""
    kind = _kind(d)
    into = _other_name(d, kind)
    subject = d.rng.choice(_likely_names(d, kind))
    if (kind, subject) in d.merges and d.chance(0.8):
        into = d.merges[kind, subject]  # the same once more
    elif subject == into:
        into = f"{kind[0]}9999"  # a subject that no record names
    d.merges.setdefault((kind, subject), into)
    return [_merge(IdentityDecision(kind, subject, into), d.late())]


def inadmissible_merge(d: Drawing) -> list[ScheduleEvent]:
    """A second merge of a subject, a circle, a merge decided by one person, one into the subject itself, or one of an unknown kind."""
    kind = _kind(d)
    subject, into = d.rng.choice(d.names[kind]), d.rng.choice(d.names[kind])
    merges = [(of, name) for of, name in d.merges if of == kind]
    which = d.rng.randrange(6)
    if merges and which < 4:
        kind, subject = d.rng.choice(merges)
        if which < 3:
            return [_merge(IdentityDecision(kind, subject, _other_name(d, kind)), d.late())]
        end = d.merges[kind, subject]
        while (kind, end) in d.merges and d.chance(0.7):
            end = d.merges[kind, end]
        return [_merge(IdentityDecision(kind, end, subject), d.late())]
    if which == 4:
        return [_merge(IdentityDecision(kind, subject, into), d.late(), by=PEOPLE[:1] * 2)]
    return [_merge(IdentityDecision("street", subject, into) if d.chance(0.3) else IdentityDecision(kind, subject, subject), d.late())]


def merge_undo(d: Drawing) -> list[ScheduleEvent]:
    """A merge is undone; seldom one that was never made."""
    if not d.merges:
        return merge(d)
    kind, subject = d.rng.choice(list(d.merges))
    if d.chance(0.05):
        subject = d.rng.choice(d.names[kind])
    d.merges.pop((kind, subject), None)
    into = subject if d.chance(0.97) else _other_name(d, kind)
    return [_split(IdentityDecision(kind, subject, into), d.late())]


def handover(d: Drawing) -> list[ScheduleEvent]:
    """Some records of a subject are given to another one, or to a new one."""
    rows = d.sent_rows if d.sent_rows and d.chance(0.8) else d.unsent_rows or d.sent_rows
    if not rows:
        return []
    kind, subject = d.rng.choice(list(naming(d.rng.choice(rows))))
    records = d.some(_records_naming(d, kind, subject), 3)
    if d.chance(0.3):
        into = f"{kind[0]}{len(d.names[kind])}"
        d.names[kind].append(into)
    else:
        into = _other_name(d, kind)
    if into == subject:
        return handover_undo(d)
    if d.chance(0.05):
        other = next(feed for feed in FEEDS if kind not in _kinds_of(feed))
        records.append((other, FEEDS[other]["sources"][0]["unit"], "k1"))
    else:
        d.handed_records[kind, subject] = sorted({*d.handed_records.get((kind, subject), ()), *records})
    return [_split(IdentityDecision(kind, subject, into, tuple(records)), d.late())]


def handover_undo(d: Drawing) -> list[ScheduleEvent]:
    """Some given records are taken back; seldom one that was never given."""
    if not d.handed_records:
        return []
    kind, subject = d.rng.choice(list(d.handed_records))
    records = d.some(d.handed_records[kind, subject], 3)
    d.handed_records[kind, subject] = [record for record in d.handed_records[kind, subject] if record not in records]
    if not d.handed_records[kind, subject]:
        del d.handed_records[kind, subject]
    if d.chance(0.1):
        records.append(("hukou", FEEDS["hukou"]["sources"][0]["unit"], "never-given"))
    return [_split(IdentityDecision(kind, subject, subject, tuple(records)), d.late())]


def _kind(d: Drawing) -> str:
    return d.rng.choices(list(OFTEN), list(OFTEN.values()))[0]


def _likely_names(d: Drawing, kind: str) -> list[str]:
    """Names of one sort: registered, with an answer or outcome or on a coverage list, merged into, or not registered yet."""
    there = sorted({row.name for row in d.sent_rows if row.feed == REGISTERS[kind]})
    answered_or_listed = sorted({name for of, name in d.looked_at_subjects if of == kind})
    merged_into = sorted({into for (of, _), into in d.merges.items() if of == kind})
    missing = [name for name in d.names[kind] if name not in there]
    return d.rng.choice([some for some in (there, there, there, answered_or_listed, answered_or_listed, merged_into, missing) if some])


def _other_name(d: Drawing, kind: str) -> str:
    """The subject to merge into: any name; often one that is merged or has an answer, seldom one that never comes."""
    for likely in ([name for of, name in d.merges if of == kind], [name for of, name in d.looked_at_subjects if of == kind]):
        if likely and d.chance(0.25):
            return d.rng.choice(likely)
    return f"{kind[0]}999" if d.chance(0.04) else d.rng.choice(d.names[kind])


def _records_naming(d: Drawing, kind: str, name: str) -> list[Record]:
    """The records, sent or not, whose cells name a subject."""
    rows: Sequence[WorldRow] = (*d.sent_rows, *d.unsent_rows)
    return sorted({(row.feed, row.source, str(row.record["key"])) for row in rows if (kind, name) in naming(row)})


def _merge(decision: IdentityDecision, delay: int, by: Sequence[str] = PEOPLE) -> ScheduleEvent:
    kind, subject, into = decision.kind, decision.name, decision.into
    message = IdentityMerged(kind, token(*_with_known_kind(kind, subject)), token(*_with_known_kind(kind, into)), "the same", *by)
    alone = "" if by == PEOPLE else ", says one alone"
    return ScheduleEvent("merged", f"{kind} {subject} is merged into {into}{alone}", message, decision, delay)


def _split(decision: IdentityDecision, delay: int) -> ScheduleEvent:
    kind, subject, into = decision.kind, decision.name, decision.into
    records = tuple((feed, source_of(feed, unit), key(text)) for feed, unit, text in decision.records)
    message = IdentitySplit(kind, token(kind, subject), token(kind, into), records, "two", *PEOPLE)
    which = ", ".join("/".join(record) for record in decision.records)
    back = into == subject
    if which:
        description = f"{kind} {subject}: {which} {'are its own again' if back else f'are given to {into}'}"
        return ScheduleEvent("given back" if back else "given", description, message, decision, delay)
    description = f"{kind} {subject} stands by itself again" + ("" if back else f", and {into} is named")
    return ScheduleEvent("undone", description, message, decision, delay)


def _with_known_kind(kind: str, name: str) -> tuple[str, str]:
    return (kind if kind in SECTIONS else "person"), name


# ---- telling -----------------------------------------------------------------------------------------------------


def _may_merge(facts: Facts, event: ScheduleEvent) -> bool:
    """Whether a merge is admitted: one at a time for a subject, never into one that counts as it; the same one again is admitted."""
    message, decision = event.message, event.payload
    assert isinstance(message, IdentityMerged) and isinstance(decision, IdentityDecision)
    if not _is_admissible(facts, message):
        return False
    current_into = facts.naming.merges.get((decision.kind, decision.name))
    if current_into is not None:
        return current_into == decision.into
    return facts.naming.counts_as(decision.kind, decision.into) != decision.name


def _may_split(facts: Facts, event: ScheduleEvent) -> bool | None:
    """Whether a split is admitted: any record may be given, but only a decision in force is taken back. None where only some are in force."""
    message, decision = event.message, event.payload
    assert isinstance(message, IdentitySplit) and isinstance(decision, IdentityDecision)
    names_its_kind = all(decision.kind in _kinds_of(feed) for feed, _, _ in decision.records)
    if not _is_admissible(facts, message) or not names_its_kind:
        return False
    if decision.into != decision.name:
        return bool(decision.records)
    count = facts.naming.in_force(decision)
    return False if count == 0 else True if count == max(1, len(decision.records)) else None


def _is_admissible(facts: Facts, message: IdentityMerged | IdentitySplit) -> bool:
    return facts.ends is not None and message.kind in SECTIONS and message.by != message.approved_by


def _kinds_of(feed: str) -> set[str]:
    """The kinds of the subjects that records of a feed name."""
    return {FEEDS[feed]["subject"], *(LINK_KINDS[link] for link in FEEDS[feed].get("links", {}))}


def _put_decision(facts: Facts, event: ScheduleEvent) -> None:
    assert isinstance(event.payload, IdentityDecision)
    facts.naming.put(event.payload)
    facts.world_changed = True


MERGED = Telling(_may_merge, _put_decision, frozenset({"identity", "evidence"}))
SPLIT = Telling(_may_split, _put_decision, frozenset({"identity", "evidence"}))

KINDS = {
    "merged": EventKind(7, merge),
    "refused merge": EventKind(2, inadmissible_merge),
    "undone": EventKind(5, merge_undo),
    "given": EventKind(5, handover),
    "given back": EventKind(3, handover_undo),
}
