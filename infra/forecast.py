"""Who will move on a policy's list in the next days if nothing comes, and why: the ticks of those days, on a state that is thrown away.

The one idea: nothing is predicted. The very steps that will pass those days pass them now, and each line they give is told with what turned
on its day: the criteria whose truth differs from the day before, read as columns; or the version, its force, or an agreement. Source:
docs/semantics.md section 12.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from infra.calendar import Turn, turns
from infra.evaluate import listed
from matchers.changes import STATUSES
from matchers.criteria import Judge, Judged, patterns
from matchers.layout import KINDS
from matchers.shard import in_force
from matchers.thresholds import days as encoded
from policies.tree import Leaf, Policy, feeds_of, params_of
from streams.messages import Tick
from streams.settling import days_between
from streams.steps import step

if TYPE_CHECKING:
    from matchers.core import Matcher
    from streams.lines import Lines
    from streams.messages import Cause
    from streams.state import State

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
class Why:
    """Why somebody moves on a day.

    Args:
        kind: ``criterion`` (its truth turns), ``evidence`` (what is missing differs), ``placed`` (where she is registered),
            ``disclosed`` (a value that is shown), ``begins`` or ``ends`` (the policy's force), ``version`` (another one takes
            over), ``agreement``, ``outcome`` (its time off the list is over).
        flips: of ``criterion``, what turns; of ``evidence``, the criteria concerned, unknown before and after.
        parameters, lapsed: parameters of those criteria that change that day, and feeds whose coverage is too old for them from that day.
        detail: the version (``name@2``), the feed whose agreement has ended, or the outcome.
    """

    kind: str
    flips: tuple[Flip, ...] = ()
    parameters: tuple[str, ...] = ()
    lapsed: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Those who move on one day in one way for one reason in one division (None: unplaced), by token; by which version's criteria."""

    day: date
    version: int
    change: str  # entered | left | changed
    before: str | None
    after: str | None
    why: Why
    division: str | None
    subjects: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """The days after ``start`` up to and with ``until``.

    Args:
        versions: those whose criteria the rows name, by number.
        rows: who moves, by day.
        turns: what the calendar holds for the policy in these days, whether or not anybody moves by it.
        listed: how many are on the list at the start and at the end.
    """

    policy: Policy
    versions: Mapping[int, Policy]
    start: date
    until: date
    rows: tuple[Row, ...]
    turns: tuple[Turn, ...]
    listed: tuple[int, int]

    def count(self, change: str) -> int:
        """How often somebody enters, leaves or changes; one who does so on two days counts twice."""
        return sum(len(row.subjects) for row in self.rows if row.change == change)


def forecast(state: State, name: str, days: int) -> Forecast:
    """Who moves on a policy's list in so many days. The state is at their end afterwards: it is to be thrown away.

    Args:
        name: a policy that is matched on the state's day.
    """
    start, policy, held = state.day, state.policies[name], turns(state, name, days)
    matcher, judges = cast("Matcher", state.matcher), dict[int, Judge]()
    before = len(listed(state, name))
    rows: list[Row] = []
    for day in days_between(start, start + timedelta(days=days)):
        lines = step(state, Tick(day), state.offset)
        rows += _rows(state, matcher, judges, name, day, lines)
    after = len(listed(state, name))
    versions = {row.version: state.registry.versions[name][row.version].policy for row in rows}
    return Forecast(policy, versions, start, state.day, tuple(rows), tuple(held), (before, after))


def _rows(state: State, matcher: Matcher, judges: dict[int, Judge], name: str, day: date, lines: Lines) -> list[Row]:
    """The rows of one day, by change and reason."""
    found = []
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
                judges[version] = Judge(matcher, definition)
            whys, group = _by_criteria(state, judges[version], day, rows)
        places = _places(matcher, kind, day, rows)
        key = ((group.astype(np.int64) * 4 + before) * 4 + after) * (len(matcher.store.divisions.texts) + 1) + places + 1
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.concatenate([[True], key[order][1:] != key[order][:-1]]))
        for part in np.split(order, starts[1:]):
            one = int(part[0])
            place, was, now = int(places[one]), STATUSES[int(before[one])], STATUSES[int(after[one])]
            change = "entered" if was is None else "left" if now is None else "changed"
            division = matcher.store.divisions.texts[place] if place >= 0 else None
            found.append(Row(day, version, change, was, now, whys[int(group[one])], division, tuple(subject[part].tolist())))
    return sorted(found, key=lambda row: (row.change, str(row.why), row.division or ""))


def _places(matcher: Matcher, kind: int, day: date, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Where subjects are placed on a day, or were the day before where they are registered no more; -1 nowhere."""
    now, was = (matcher.store.placements(kind, encoded(day) - ago)[rows] for ago in (0, 1))
    return np.maximum(np.where(now == -2, was, now), -1).astype(np.int32)


def _by_cause(cause: Cause, policy: Policy, day: date) -> Why | None:
    """What turned for the whole policy; None where each subject has reasons of her own."""
    version = f"{policy.name}@{policy.version}"
    match cause.kind:
        case "publication":
            return Why("begins", detail=version)
        case "amendment":
            return Why("version", detail=version)
        case "agreement":
            return Why("agreement", detail=cause.detail)
        case "outcome":
            return Why("outcome", detail=cause.detail)
        case _ if in_force(policy, day) != in_force(policy, day - timedelta(days=1)):
            return Why("begins" if in_force(policy, day) else "ends", detail=version)
        case _:
            return None


def _by_criteria(state: State, judge: Judge, day: date, rows: npt.NDArray[np.int32]) -> tuple[list[Why], npt.NDArray[np.int32]]:
    """Each distinct reason once, and which of them each subject has."""
    was, now = judge.read(rows, day - timedelta(days=1)), judge.read(rows, day)
    flipped = was.truth != now.truth
    deciding = flipped & (was.decides | now.decides)
    told = np.where(deciding.any(axis=0), deciding, flipped)
    leaf_codes = (told * (1 + 3 * was.truth + now.truth)).astype(np.uint8)
    evidence = (_missing(was) != _missing(now)) & ~flipped.any(axis=0)
    kind = KINDS.index(judge.policy.subject)
    store = judge.shard.store
    moved = store.placements(kind, encoded(day))[rows] != store.placements(kind, encoded(day) - 1)[rows]
    codes = np.concatenate([leaf_codes, evidence, moved[None] & ~flipped.any(axis=0)[None]]).astype(np.uint8)
    group, first = patterns(codes)
    lapsed = _lapsed(state, judge.policy, day)
    return [_why(judge, now, codes[:, column], day, lapsed) for column in first], group


def _missing(judged: Judged) -> npt.NDArray[np.bool_]:
    """bool[pairs, n]: is this pair of criterion and feed missing for a subject?"""
    pairs = len(judged.entry.pairs)
    found = [((judged.missing[:, j >> 6] >> np.uint64(j & 63)) & np.uint64(1)).astype(np.bool_) for j in range(pairs)]
    return np.array(found, np.bool_).reshape(pairs, len(judged.status))


def _why(judge: Judge, judged: Judged, codes: Codes, day: date, lapsed: frozenset[str]) -> Why:
    """One pattern of ``_by_criteria`` in words."""
    leaves, pairs = judge.leaves, judged.entry.pairs
    flips = {leaf: Flip(leaf.meta.id, LETTERS[(code - 1) // 3], LETTERS[(code - 1) % 3]) for leaf, code in _marked(leaves, codes)}
    if flips:
        turned = sorted({param for leaf in flips for param in params_of(leaf) if _starts(judge.policy, param, day)})
        gone = sorted({feed for leaf, flip in flips.items() if flip.after == "U" for feed in feeds_of(leaf)} & lapsed)
        return Why("criterion", tuple(dict.fromkeys(flips.values())), tuple(turned), tuple(gone))
    concerned = [pairs[j] for j in np.flatnonzero(codes[len(leaves) : len(leaves) + len(pairs)]).tolist()]
    if concerned:
        names = dict.fromkeys(criterion for criterion, _ in concerned)
        return Why("evidence", tuple(Flip(one, "U", "U") for one in names), (), tuple(sorted({f for _, f in concerned if f} & lapsed)))
    return Why("placed" if codes[-1] else "disclosed")


def _marked(leaves: tuple[Leaf, ...], codes: Codes) -> Iterator[tuple[Leaf, int]]:
    return ((leaf, code) for leaf, code in zip(leaves, codes.tolist(), strict=False) if code)


def _starts(policy: Policy, param: str, day: date) -> bool:
    """Has a parameter an entry from this day?"""
    return any(start == day for start, _ in policy.params[param].entries)


def _lapsed(state: State, policy: Policy, day: date) -> frozenset[str]:
    """Feeds of which some statement is too old for the policy from this day on."""
    yesterday, ages = day - timedelta(days=1), policy.evidence
    stated = state.statements.in_effect()
    return frozenset(one.feed for one in stated if one.feed in ages and ages[one.feed].after(one.complete_to) == yesterday)
