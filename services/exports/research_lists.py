"""The tables of a research snapshot about lists: who is on them, what is open, how they changed, what agencies found, what is held.

``services.exports.research_tables`` asks for them. Subjects are tokens of the snapshot; days are months; causes name no delivery, no day
and no outcome. An outcome never says that somebody has died: deceased and moved are one word, ``gone``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never

from policies.values import Kind
from services.exports.analysis import analysable_register
from services.lists.follow_ups import working_states
from services.lists.outcomes import outcome_standing
from services.state.as_of import core, materialized_lists
from streams.language.causes import (
    AgreementCause,
    AmendmentCause,
    AnswerCause,
    Cause,
    ContractCause,
    CoverageCause,
    DayCause,
    EngineCause,
    ErasureCause,
    EvidenceCause,
    IdentityCause,
    OutcomeCause,
    PublicationCause,
    RecordCause,
    ReleaseCause,
    WithdrawalCause,
)

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from connectors.analysts.release_tokens import ReleaseTokens
    from connectors.analysts.snapshot import Aggregate
    from streams.host import Host
    from streams.language.messages import OutcomeReported
    from streams.ledgers.follow_ups import WorkingState
    from streams.steps.state import State

GONE = "gone"
"""The outcome that stands for every one about which a snapshot says no more than that the person is not there any longer."""
MERGED_OUTCOMES = {"deceased": GONE, "moved": GONE}
_VERDICTS = ("yes", "no", "unknown")
_WORK = ("is_contacted", "months_since_contact", "call_again")
"""What candidates have of the work on a list."""


def list_tables(host: Host, tokens: ReleaseTokens) -> Iterator[tuple[str, pl.DataFrame]]:
    """The tables about lists, each made when its turn comes."""
    yield from _candidates(host.state, tokens)
    yield "changes", _changes(host, tokens)
    yield "outcomes", _outcomes(host, tokens)
    yield "holds", _holds(host.state, tokens)


def _candidates(state: State, tokens: ReleaseTokens) -> Iterator[tuple[str, pl.DataFrame]]:
    """Who is on each list as it was told and how far the work on it is, and a row for each open check and each missing evidence."""
    import polars as pl

    from connectors.analysts.coarse import months, streets

    listed: dict[str, list[Any]] = {name: [] for name in ("policy", "subject", "status", "street", *_WORK)}
    items: dict[str, list[Any]] = {"policy": [], "subject": [], "kind": [], "criterion": [], "feed": []}
    places = {kind: analysable_register(state.catalogue, kind, state.day) is not None for kind in Kind}
    for policy, candidates in materialized_lists(state):
        may_place, work = places[state.policies[policy].subject], working_states(state, policy)
        for c in candidates:
            _add(listed, policy, c.subject, c.status, c.division if may_place else None, *_work(state, policy, c.subject, work))
            for check in c.checklist:
                _add(items, policy, c.subject, "check", check, None)
            for criterion, feed in c.missing:
                _add(items, policy, c.subject, "missing", criterion, feed)
    frame = _frame(state, tokens, listed, {"is_contacted": pl.Boolean, "months_since_contact": pl.Int64, "call_again": pl.Date})
    yield "candidates", frame.with_columns(streets(frame["street"]), months(frame["call_again"])).sort("policy", "subject")
    yield "candidate_items", _frame(state, tokens, items, {}).sort(list(items), nulls_last=True)


def _work(state: State, policy: str, subject: int, work: Mapping[int, WorkingState]) -> tuple[bool, int | None, date | None]:
    """Whether an outcome was reported of a candidate, how many calendar months ago, and the day to call again.

    A number of days since would tell the day of the outcome, or with its month nearly so. No note and no name is told.
    """
    outcome, again = state.outcomes.of(policy, subject), work[subject].call_again if subject in work else None
    since = None if outcome is None else 12 * (state.day.year - outcome.on.year) + state.day.month - outcome.on.month
    return outcome is not None, since, None if again is None else again.call_again


def _changes(host: Host, tokens: ReleaseTokens) -> pl.DataFrame:
    """Every change of a list up to the state, its day as a month."""
    import polars as pl

    from connectors.analysts.coarse import months

    rows: dict[str, list[Any]] = {
        name: [] for name in ("policy", "version", "subject", "change", "before", "status", "cause", "detail", "month")
    }
    details: dict[Cause, str | None] = {}
    for c in host.outputs():
        if int(c.id.rpartition(".")[0]) > host.state.offset:
            continue  # a writer has gone on since the state was read
        if c.cause not in details:
            details[c.cause] = cause_detail(c.cause, host.state)
        _add(rows, c.policy, c.version, c.subject, c.change, c.before, c.status, c.cause.kind, details[c.cause], c.day)
    frame = _frame(host.state, tokens, rows, {"version": pl.Int64, "month": pl.Date})
    first = ["policy", "subject", "month"]
    return frame.with_columns(months(frame["month"])).sort([*first, *(name for name in rows if name not in first)], nulls_last=True)


def cause_detail(cause: Cause, state: State) -> str | None:
    """The detail of a cause as a snapshot tells it: feeds, units, versions, checks; no delivery, day, statement, hold or outcome."""
    match cause:
        case RecordCause():
            return f"{cause.delivery.feed} {cause.delivery.unit}"
        case CoverageCause():
            stated = [state.statements.entries[id].stated for id in cause.statements if id in state.statements.entries]
            units = {f"{s.feed} {state.catalogue.feeds[s.feed].sources[s.source].unit}" for s in stated}
            return ", ".join(sorted(units)) or None
        case PublicationCause() | AmendmentCause() | WithdrawalCause() | AnswerCause() | AgreementCause() | ContractCause() | EngineCause():
            return cause.detail
        case DayCause() | IdentityCause() | OutcomeCause() | EvidenceCause() | ReleaseCause() | ErasureCause():
            return None
        case _:
            assert_never(cause)


def _outcomes(host: Host, tokens: ReleaseTokens) -> pl.DataFrame:
    """Every outcome that the log still holds, and those that count; of each, whether it is the one that counts and suppresses now."""
    import polars as pl

    from connectors.analysts.coarse import months

    state = host.state
    counting = {(f.policy, f.subject): f for f in state.outcomes}
    reported: dict[tuple[Any, ...], bool] = {}
    for report in host.outcome_history().reports:
        if report.policy in state.registry.versions:
            reported.setdefault((report.policy, _root(state, report), report.outcome, report.on, report.criterion), False)
    for (policy, subject), f in counting.items():
        reported[policy, subject, f.outcome, f.on, f.criterion] = True
    rows: dict[str, list[Any]] = {name: [] for name in ("policy", "subject", "outcome", "month", "criterion", "kept_off", "is_latest")}
    for (policy, subject, outcome, on, criterion), is_latest in reported.items():
        kept_off = is_latest and outcome_standing(state, counting[policy, subject]) == "kept"
        _add(rows, policy, subject, MERGED_OUTCOMES.get(outcome, outcome), on, criterion, kept_off, is_latest)
    frame = _frame(state, tokens, rows, {"month": pl.Date, "kept_off": pl.Boolean, "is_latest": pl.Boolean})
    return frame.with_columns(months(frame["month"])).sort(list(rows), nulls_last=True)


def _root(state: State, report: OutcomeReported) -> int:
    """The subject of a report, after the merges in force."""
    return state.identities.root(_kind(state, report.policy), report.subject)


def _holds(state: State, tokens: ReleaseTokens) -> pl.DataFrame:
    """The subjects held back, by hold; a hold is numbered, because its name holds a delivery and a day."""
    import polars as pl

    from services.lists.holds import held_changes

    rows: dict[str, list[Any]] = {name: [] for name in ("hold", "kind", "decision", "policy", "subject", "told", "found")}
    for number, (id, people) in enumerate(held_changes(state).items(), 1):
        hold = state.book.holds[id]
        for person in people:
            _add(rows, number, hold.kind, hold.decision, person.policy, person.subject, person.told_status, person.rule_status)
        if not people:
            _add(rows, number, hold.kind, hold.decision, None, 0, None, None)
    return _frame(state, tokens, rows, {"hold": pl.Int64}).sort(list(rows), nulls_last=True)


def _add(columns: Mapping[str, list[Any]], *values: Any) -> None:
    for column, value in zip(columns.values(), values, strict=True):
        column.append(value)


def _frame(state: State, tokens: ReleaseTokens, columns: Mapping[str, Sequence[Any]], types: Mapping[str, Any]) -> pl.DataFrame:
    """A table by columns: texts, but for those in ``types``; ``subject`` becomes a token of the snapshot, null where it is 0."""
    import polars as pl

    schema = {name: types.get(name, pl.UInt64 if name == "subject" else pl.String) for name in columns}
    frame = pl.DataFrame(columns, schema=schema)
    return frame.with_columns(_subject_tokens(state, tokens, frame["policy"], frame["subject"]))


def _subject_tokens(state: State, tokens: ReleaseTokens, policies: pl.Series, subjects: pl.Series) -> pl.Series:
    """The tokens in the snapshot of subjects, each of the kind that its policy is about."""
    import numpy as np

    from connectors.analysts.columns import token_series
    from matchers.matrix.frames import TokenColumn

    values = subjects.to_numpy()
    here = np.zeros(len(values), np.uint64)
    names = [name for name in policies.unique().to_list() if name is not None]
    for kind in Kind:
        own = policies.is_in([name for name in names if _kind(state, name) is kind]).fill_null(False).to_numpy()
        here[own] = tokens.column(kind, values[own])
    return token_series(TokenColumn(here, here != 0)).alias("subject")


def _kind(state: State, policy: str) -> Kind:
    """The kind of subject of a policy, also of a withdrawn one."""
    return next(iter(state.registry.versions[policy].values())).policy.subject


def verdict_counts(host: Host) -> Aggregate:
    """The numbers of yes, no and unknown, by policy and street; the writer leaves out small cells."""
    import polars as pl

    from connectors.analysts.coarse import streets
    from connectors.analysts.snapshot import Aggregate

    state, matcher = host.state, core(host.state)
    names = sorted(state.policies)
    rows: dict[str, list[Any]] = {name: [] for name in ("policy", "street", *_VERDICTS)}
    for name, tally in zip(names, matcher.counts_of([matcher.policies[name] for name in names]), strict=True):
        may_place = analysable_register(state.catalogue, state.policies[name].subject, state.day) is not None
        for division, counts in tally.by_division.items():
            _add(rows, name, division if may_place else None, *counts)
    frame = pl.DataFrame(rows, schema={name: pl.Int64 if name in _VERDICTS else pl.String for name in rows})
    by_street = frame.with_columns(streets(frame["street"])).group_by("policy", "street").sum()
    return Aggregate(by_street.sort("policy", "street", nulls_last=True), _VERDICTS)
