"""Who will move on a policy's list in the next days if nothing comes, and why: the ticks of those days, on a copy of the state.

Nothing is predicted. The steps that will pass those days pass them now. Each of their lines gets what turned on its day: the criteria whose
truth differs from the day before, read as columns; or the version, its force, or an agreement. The verb ``forecast`` calls this. Source:
docs/en/semantics.md section 12.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from matchers.kernel.changes import STATUSES
from matchers.kernel.layout import KINDS
from matchers.kernel.thresholds import days as day_number
from matchers.lists.criteria import CriteriaReader, CriteriaReadings, patterns
from matchers.program.state import in_force
from policies.language.catalogue import Catalogue
from policies.language.tree import Leaf, Policy, feeds_of, params_of
from services.access.run import reachable_divisions
from services.access.visible import Prefixes
from services.lookup import matched_policy
from services.policies.calendar import OrNull, Turn, turns
from services.results import Internal, Key, Token
from services.state.as_of import disposable_state, materialized_list
from streams.language.causes import AgreementCause, AmendmentCause, Cause, OutcomeCause, PublicationCause
from streams.language.messages import Tick
from streams.steps.consequences import days_between
from streams.steps.steps import step

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from matchers.core import Matcher
    from streams.lists.lines import Lines
    from streams.steps.state import State

LETTERS = ("U", "T", "F")
"""Truth values, by their code in columns."""
Codes: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Flip:
    """A criterion, and its truth on the day before and on the day: T, F or U."""

    criterion: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class MoveReason:
    """Why somebody moves on a day.

    Args:
        kind: criterion (its truth turns), evidence (what is missing differs), placed (the register places the subject elsewhere),
            disclosed (a value that is shown), begins or ends (the policy's force), version (another one takes over), agreement,
            outcome (the suppression is over).
        flips: of criterion, what turns; of evidence, the criteria concerned, unknown before and after.
        parameters: those of these criteria that change that day.
        lapsed: feeds whose coverage is too old for them from that day.
        detail: the version as name@2, the feed whose agreement has ended, or the outcome.
    """

    kind: str
    flips: Annotated[tuple[Flip, ...], Key("criteria")] = ()
    parameters: tuple[str, ...] = ()
    lapsed: tuple[str, ...] = ()
    detail: OrNull = ""


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """The subjects that move on one day in one way for one reason in one division.

    Args:
        version: the version whose criteria decide.
        change: entered, left or changed.
        before, after: the status.
        division: None: placed nowhere.
    """

    day: date
    version: int
    change: str
    before: str | None
    after: Annotated[str | None, Key("status")]
    why: MoveReason
    division: str | None
    subjects: tuple[Token, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ListLengths:
    """The length of the list at the start and at the end."""

    start: int
    until: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The days after ``start`` up to and with ``until``, if no record arrives.

    Args:
        entered, left, changed: how often a subject does; one that does so on two days counts twice.
        turns: of the policy in these days, whether or not anybody moves by them.
        rows: who moves, by day.
        versions: those that the rows name, by number.
    """

    policy: str
    version: int
    start: date
    until: date
    listed: ListLengths
    entered: int
    left: int
    changed: int
    turns: tuple[Turn, ...]
    rows: tuple[ForecastRow, ...]
    definition: Internal[Policy]
    versions: Internal[Mapping[int, Policy]]
    catalogue: Internal[Catalogue]


def forecast_policy(workspace: Workspace, name: str, days: int) -> Forecast:
    """Who will move on a policy's list in the next days, if no record arrives; nothing is changed.

    Raises:
        HuiminError: the policy is not matched; says why.
    """
    with workspace.reading() as host:
        matched_policy(host.state, name)
        return forecast(disposable_state(host), name, days)


def forecast(state: State, name: str, days: int) -> Forecast:
    """Who moves on a policy's list in the next days. Moves the state to their end: pass a copy.

    Args:
        name: a policy that is matched on the state's day.
    """
    start, policy, calendar = state.day, state.policies[name], turns(state, name, days)
    matcher, judges = cast("Matcher", state.matcher), dict[int, CriteriaReader]()
    prefixes = reachable_divisions(policy)
    before = _length(state, name, prefixes)
    rows: list[ForecastRow] = []
    for day in days_between(start, start + timedelta(days=days)):
        lines = step(state, Tick(day), state.offset)
        rows += _rows(state, matcher, judges, name, day, lines)
    rows = [row for row in rows if prefixes is None or (row.division or "").startswith(prefixes)]
    lengths = ListLengths(before, _length(state, name, prefixes))
    versions = {row.version: state.registry.versions[name][row.version].policy for row in rows}
    entered, left, changed = (sum(row.count for row in rows if row.change == change) for change in ("entered", "left", "changed"))
    return Forecast(
        name, policy.version, start, state.day, lengths, entered, left, changed, tuple(calendar), tuple(rows), policy, versions,
        state.catalogue,
    )  # fmt: skip


def _length(state: State, name: str, prefixes: Prefixes) -> int:
    """The length of a list, as far as its run reaches."""
    return sum(prefixes is None or (c.division or "").startswith(prefixes) for c in materialized_list(state, name))


def _rows(state: State, matcher: Matcher, judges: dict[int, CriteriaReader], name: str, day: date, lines: Lines) -> list[ForecastRow]:
    """The rows of one day, by change and reason."""
    groups = []
    for number, (policy, version, of_day, cause) in enumerate(lines.heads):
        at = np.flatnonzero(lines.head == number)
        if policy != name or not len(at):
            continue
        assert of_day == day, "a tick of one day gives lines of that day"
        definition = state.registry.versions[name][version].policy
        kind = KINDS.index(definition.subject)
        subject, before, after = lines.subject[at], lines.before[at], lines.after[at]
        rows = matcher.store.entities(kind, subject)
        if (why := _by_cause(cause, definition, day)) is not None:
            whys, group = [why], np.zeros(len(at), np.int32)
        else:
            if version not in judges:
                judges[version] = CriteriaReader(matcher, definition)
            whys, group = _by_criteria(state, judges[version], day, rows)
        places = _places(matcher, kind, day, rows)
        key = ((group.astype(np.int64) * 4 + before) * 4 + after) * (len(matcher.store.divisions.texts) + 1) + places + 1
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.concatenate([[True], key[order][1:] != key[order][:-1]]))
        for part in np.split(order, starts[1:]):
            first = int(part[0])
            place, was, now = int(places[first]), STATUSES[int(before[first])], STATUSES[int(after[first])]
            change = "entered" if was is None else "left" if now is None else "changed"
            division = matcher.store.divisions.texts[place] if place >= 0 else None
            subjects = tuple(subject[part].tolist())
            groups.append(ForecastRow(day, version, change, was, now, whys[int(group[first])], division, subjects, len(subjects)))
    return sorted(groups, key=lambda row: (row.change, str(row.why), row.division or ""))


def _places(matcher: Matcher, kind: int, day: date, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The places of subjects on a day, or on the day before where they are not registered any more; -1: nowhere."""
    now, was = (matcher.store.placements(kind, day_number(day) - ago)[rows] for ago in (0, 1))
    return np.maximum(np.where(now == -2, was, now), -1).astype(np.int32)


def _by_cause(cause: Cause, policy: Policy, day: date) -> MoveReason | None:
    """The reason for the whole policy; None where each subject has reasons of its own."""
    version = f"{policy.name}@{policy.version}"
    match cause:
        case PublicationCause():
            return MoveReason("begins", detail=version)
        case AmendmentCause():
            return MoveReason("version", detail=version)
        case AgreementCause(feed):
            return MoveReason("agreement", detail=feed)
        case OutcomeCause(outcome):
            return MoveReason("outcome", detail=outcome)
        case _ if in_force(policy, day) != in_force(policy, day - timedelta(days=1)):
            return MoveReason("begins" if in_force(policy, day) else "ends", detail=version)
        case _:
            return None


def _by_criteria(
    state: State, judge: CriteriaReader, day: date, rows: npt.NDArray[np.int32]
) -> tuple[list[MoveReason], npt.NDArray[np.int32]]:
    """The distinct reasons, and the index of each subject's reason."""
    was, now = judge.read(rows, day - timedelta(days=1)), judge.read(rows, day)
    flipped = was.truth != now.truth
    deciding = flipped & (was.decides | now.decides)
    concerned = np.where(deciding.any(axis=0), deciding, flipped)
    leaf_codes = (concerned * (1 + 3 * was.truth + now.truth)).astype(np.uint8)
    evidence = (_missing(was) != _missing(now)) & ~flipped.any(axis=0)
    kind = KINDS.index(judge.policy.subject)
    store = judge.state.store
    moved = store.placements(kind, day_number(day))[rows] != store.placements(kind, day_number(day) - 1)[rows]
    codes = np.concatenate([leaf_codes, evidence, moved[None] & ~flipped.any(axis=0)[None]]).astype(np.uint8)
    group, first = patterns(codes)
    lapsed = _lapsed_feeds(state, judge.policy, day)
    return [_why(judge, now, codes[:, column], day, lapsed) for column in first], group


def _missing(judged: CriteriaReadings) -> npt.NDArray[np.bool_]:
    """bool[pairs, n]: whether a pair of criterion and feed is missing for a subject."""
    pairs = len(judged.entry.pairs)
    columns = [((judged.missing[:, j >> 6] >> np.uint64(j & 63)) & np.uint64(1)).astype(np.bool_) for j in range(pairs)]
    return np.array(columns, np.bool_).reshape(pairs, len(judged.status))


def _why(judge: CriteriaReader, judged: CriteriaReadings, codes: Codes, day: date, lapsed: frozenset[str]) -> MoveReason:
    """The reason of one pattern of ``_by_criteria``."""
    leaves, pairs = judge.leaves, judged.entry.pairs
    flips = {leaf: Flip(leaf.meta.id, LETTERS[(code - 1) // 3], LETTERS[(code - 1) % 3]) for leaf, code in _coded_leaves(leaves, codes)}
    if flips:
        turned = sorted({param for leaf in flips for param in params_of(leaf) if _starts(judge.policy, param, day)})
        stale_feeds = sorted({feed for leaf, flip in flips.items() if flip.after == "U" for feed in feeds_of(leaf)} & lapsed)
        return MoveReason("criterion", tuple(dict.fromkeys(flips.values())), tuple(turned), tuple(stale_feeds))
    concerned = [pairs[j] for j in np.flatnonzero(codes[len(leaves) : len(leaves) + len(pairs)]).tolist()]
    if concerned:
        names = dict.fromkeys(criterion for criterion, _ in concerned)
        return MoveReason(
            "evidence", tuple(Flip(name, "U", "U") for name in names), (), tuple(sorted({f for _, f in concerned if f} & lapsed))
        )
    return MoveReason("placed" if codes[-1] else "disclosed")


def _coded_leaves(leaves: tuple[Leaf, ...], codes: Codes) -> Iterator[tuple[Leaf, int]]:
    return ((leaf, code) for leaf, code in zip(leaves, codes.tolist(), strict=False) if code)


def _starts(policy: Policy, param: str, day: date) -> bool:
    """Whether an entry of a parameter begins on this day."""
    return any(start == day for start, _ in policy.params[param].entries)


def _lapsed_feeds(state: State, policy: Policy, day: date) -> frozenset[str]:
    """The feeds with a statement that is too old for the policy from this day on."""
    yesterday, ages = day - timedelta(days=1), policy.evidence
    stated = state.statements.in_effect()
    return frozenset(s.feed for s in stated if s.feed in ages and ages[s.feed].after(s.complete_to) == yesterday)
