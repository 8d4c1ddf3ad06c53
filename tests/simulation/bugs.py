"""Planted bugs in the log, record versions, coverage, days, policies and editions: mistakes that such an engine can make.

Each bug is the smallest change that makes one mistake (an offset off by one, a ledger missing from a checkpoint, a boundary day, a lost
link). It is put in from outside, so that the engine has no trace of it. A person who did not write the simulator chose the bugs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

Plant = Callable[[pytest.MonkeyPatch], None]


# ---- what is durable, and where reading goes on ------------------------------------------------------------------


def acknowledged_before_it_is_durable(patch: pytest.MonkeyPatch) -> None:
    """A message is answered at once and written with the next one."""
    from streams.store.log import Log, Row

    sound, waiting = Log.append, dict[Any, list[Row]]()

    def append(self: Log, rows: Sequence[Row], forget: int = -1) -> None:
        behind = [*waiting.pop(self, []), *rows]
        waiting[self] = behind[-1:]
        sound(self, behind[:-1], forget)

    patch.setattr(Log, "append", append)


def reads_on_one_too_far(patch: pytest.MonkeyPatch) -> None:
    """A state restored from a checkpoint treats the message behind it as applied."""
    from streams.steps.state import State

    sound = State.restore.__func__  # type: ignore[attr-defined]  # a class method

    def restore_one_too_far(cls: Any, *args: Any) -> State:
        state: State = sound(cls, *args)
        state.offset += 1
        return state

    patch.setattr(State, "restore", classmethod(restore_one_too_far))


def snapshot_without(part: str, empty: Any) -> Plant:
    """A checkpoint leaves out one of the ledgers."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from streams.steps.state import State

        sound = State.meta
        patch.setattr(State, "meta", lambda self: {**sound(self), part: empty})

    return plant


# ---- versions of a record ----------------------------------------------------------------------------------------


def _rows(change: Callable[[Any, Any, Any], None]) -> Plant:
    """Changes the arena rows that the store makes from a batch."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from matchers.matrix.store import Store

        sound = Store.rows

        def rows(self: Store, batch: Any) -> Any:
            arena_rows = sound(self, batch)
            change(self, batch, arena_rows)
            return arena_rows

        patch.setattr(Store, "rows", rows)

    return plant


def _by_arrival(store: Any, batch: Any, arena_rows: Any) -> None:
    from matchers.kernel.kernels.records import ORDER

    came = store.__dict__.setdefault("came", [0])
    numbers = np.arange(came[0] + 1, came[0] + 1 + len(batch), dtype=np.int64)
    came[0] += len(batch)
    arena_rows[:, ORDER : ORDER + 2] = numbers.view(np.int32).reshape(len(batch), 2)


def _not_deleted(store: Any, batch: Any, arena_rows: Any) -> None:
    from matchers.kernel.kernels.records import FLAGS

    arena_rows[:, FLAGS] &= ~1


def _quarantined_is_deleted(store: Any, batch: Any, arena_rows: Any) -> None:
    from matchers.kernel.kernels.records import FLAGS

    put_aside = arena_rows[:, FLAGS] & 2 != 0
    arena_rows[put_aside, FLAGS] = (arena_rows[put_aside, FLAGS] & ~2) | 1


def _quarantined_links_dropped(store: Any, batch: Any, arena_rows: Any) -> None:
    from matchers.kernel.kernels.records import FLAGS

    put_aside = arena_rows[:, FLAGS] & 2 != 0
    for lane in store.layout.feeds[batch.feed].links.values():
        arena_rows[put_aside, lane] = -1


def _last_day_left_out(store: Any, batch: Any, arena_rows: Any) -> None:
    lay = store.layout.feeds[batch.feed]
    if lay.valid >= 0:
        ends = arena_rows[:, lay.valid + 1]
        arena_rows[:, lay.valid + 1] = np.where(ends == 2**31 - 1, ends, ends - 1)


def replacement_withdraws_its_own(patch: pytest.MonkeyPatch) -> None:
    """A full replacement withdraws its own records too."""
    from matchers.core import Matcher

    sound = Matcher.replace
    patch.setattr(Matcher, "replace", lambda self, feed, source, delivery: sound(self, feed, source, delivery + 1))


def those_left_behind_are_not_judged(patch: pytest.MonkeyPatch) -> None:
    """When a record moves to another subject, only the new subject is judged again."""
    from matchers.matrix.store import Store

    sound = Store.with_seeds

    def seeds(self: Store, staged: Any) -> Any:
        from matchers.kernel.kernels.records import SUBJECT

        staging = sound(self, staged)
        lay = staging.lay
        here = {(lay.position, subject) for subject in staging.rows[staging.picked[: staging.count], SUBJECT].tolist()}
        keep = [
            i for i in range(staging.seeds) if int(staging.sites[i]) != lay.position or (lay.position, int(staging.entities[i])) in here
        ]
        staging.sites[: len(keep)], staging.entities[: len(keep)] = staging.sites[keep], staging.entities[keep]
        staging.seeds = len(keep)
        return staging

    patch.setattr(Store, "with_seeds", seeds)


# ---- coverage ----------------------------------------------------------------------------------------------------


def _cover(change: Callable[[Any, Sequence[Any]], Sequence[Any]]) -> Plant:
    """Changes the statements given to a matcher, also when it is restored from a checkpoint."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from matchers.core import Matcher

        sound, back = Matcher.cover, Matcher.restore.__func__  # type: ignore[attr-defined]  # a class method

        def restore(cls: Any, catalogue: Any, arrays: Any, meta: Any, policies: Any, statements: Sequence[Any] = ()) -> Any:
            matcher = back(cls, catalogue, arrays, meta, policies, ())
            matcher.statements = tuple(change(matcher, statements))
            return matcher

        patch.setattr(Matcher, "cover", lambda self, statements: sound(self, change(self, statements)))
        patch.setattr(Matcher, "restore", classmethod(restore))

    return plant


def _a_day_longer(matcher: Any, statements: Sequence[Any]) -> Sequence[Any]:
    return [replace(statement, complete_to=statement.complete_to + timedelta(days=1)) for statement in statements]


def _no_lists(matcher: Any, statements: Sequence[Any]) -> Sequence[Any]:
    return [statement for statement in statements if statement.division is not None]


def _one_speaks_for_all(matcher: Any, statements: Sequence[Any]) -> Sequence[Any]:
    feeds = matcher.catalogue.feeds
    return [replace(statement, source=source) for statement in statements for source in range(len(feeds[statement.feed].sources))]


def _standing(was: str) -> Plant:
    """A statement with this standing counts as in effect."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from streams.ledgers import statements
        from streams.steps import consequences

        sound = statements.standing

        def standing(*args: Any) -> Any:
            result = sound(*args)
            return "in_effect" if result == was else result

        patch.setattr(consequences, "standing", standing)

    return plant


def withdrawn_statement_is_not_taken_back(patch: pytest.MonkeyPatch) -> None:
    """A statement is withdrawn in the ledger, but not in the matcher."""
    from streams.language.messages import CoverageWithdrawn
    from streams.steps import steps

    sound = steps.withdraw_coverage

    def withdraw(state: Any, message: Any) -> Any:
        sound_cover, state.matcher.__dict__["cover"] = state.matcher.cover, lambda statements: _nothing()
        try:
            sound(state, message)
        finally:
            del state.matcher.__dict__["cover"]
            assert sound_cover is not None
        return ()

    patch.setitem(steps.STEPS, CoverageWithdrawn, withdraw)


def _nothing() -> Any:
    from matchers.kernel.changes import Changes

    return Changes()


# ---- days --------------------------------------------------------------------------------------------------------


def flips_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody is due on any day."""
    from matchers import reevaluation as turning
    from matchers.program.closure import ReachedSubjects

    patch.setattr(turning, "flips", lambda rules, store, *args: ReachedSubjects(store.sizes))


def clock_put_back_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    """A tick to an earlier day does nothing."""
    from streams.language.messages import Tick
    from streams.steps import steps

    sound = steps.tick
    patch.setitem(steps.STEPS, Tick, lambda state, message: () if message.day < state.day else sound(state, message))


def begins_a_day_late(patch: pytest.MonkeyPatch) -> None:
    """A scheduled version takes over one day late."""
    from streams.ledgers.registry import Registry

    sound = Registry.active
    patch.setattr(Registry, "active", lambda self, name, day: sound(self, name, day - timedelta(days=1)))


def last_day_of_a_policy_left_out(patch: pytest.MonkeyPatch) -> None:
    """The list of a policy is emptied on its last day instead of the day after."""
    from matchers import reevaluation as turning
    from matchers.lists import evaluation as anew
    from matchers.program import state as shard

    def in_force(policy: Any, day: date) -> bool:
        return bool(policy.effective_from <= day and (policy.effective_to is None or day < policy.effective_to))

    for module in (shard, anew, turning):
        patch.setattr(module, "in_force", in_force)


# ---- policies, agreements, answers -------------------------------------------------------------------------------


def agreements_never_end(patch: pytest.MonkeyPatch) -> None:
    """Lists stay after the agreement they rest on has ended."""
    from streams.steps import consequences

    patch.setattr(consequences, "ended_agreement", lambda *args: None)


def old_version_goes_on(patch: pytest.MonkeyPatch) -> None:
    """Changes after an amendment are judged by the program compiled before it."""
    from matchers.core import Matcher

    sound = Matcher.publish_all

    def publish(self: Matcher, policies: Any) -> Any:
        programs = dict(self._programs) if any(policy.name in self.policies for policy in policies) else {}
        changes = sound(self, policies)
        self._programs.update(programs)
        return changes

    patch.setattr(Matcher, "publish_all", publish)


def answers_lost_at_an_amendment(patch: pytest.MonkeyPatch) -> None:
    """A new version loses the answers to its checks."""
    from matchers.core import Matcher

    sound = Matcher.publish_all

    def publish(self: Matcher, policies: Any) -> Any:
        if amended_names := {policy.name for policy in policies} & self.policies.keys():
            lost = {number for (name, _), number in self.check_numbers.items() if name in amended_names}
            self.answers = {key: answer for key, answer in self.answers.items() if key[0] not in lost}
            self._answers = None
        return sound(self, policies)

    patch.setattr(Matcher, "publish_all", publish)


# ---- what is told ------------------------------------------------------------------------------------------------


def edition_not_net(patch: pytest.MonkeyPatch) -> None:
    """An edition holds every line since the last edition, also lines that cancel out."""
    from streams.lists import editions

    patch.setattr(editions, "net", lambda changes, listed: list(changes))


def lines_of_a_day_lost(patch: pytest.MonkeyPatch) -> None:
    """Of several days passed at once only the lines of the last are told."""
    from streams.language.messages import Tick
    from streams.steps import steps

    sound = steps.tick

    def tick(state: Any, message: Any) -> Any:
        moves: Iterator[Any] = iter(list(sound(state, message)))
        return [moved for moved in moves if moved.day == state.day]

    patch.setitem(steps.STEPS, Tick, tick)


BUGS: Mapping[str, tuple[str, Plant]] = {
    "acknowledged-early": ("a message is acknowledged before it is durable", acknowledged_before_it_is_durable),
    "offset-off-by-one": ("what comes behind a snapshot begins one message too late", reads_on_one_too_far),
    "snapshot-without-statements": ("a snapshot leaves out the coverage ledger", snapshot_without("statements", [])),
    "snapshot-without-deliveries": ("a snapshot leaves out the deliveries ledger", snapshot_without("deliveries", [])),
    "snapshot-without-stamps": ("a snapshot leaves out which decisions came before", snapshot_without("known", [])),
    "snapshot-without-waiting-answers": ("a snapshot leaves out answers no policy asks for now", snapshot_without("unsaid", [])),
    "version-by-arrival": ("the version that came last wins", _rows(_by_arrival)),
    "tombstones-ignored": ("a deletion deletes nothing", _rows(_not_deleted)),
    "quarantined-is-absent": ("a row put aside is as good as none", _rows(_quarantined_is_deleted)),
    "quarantined-link-dropped": ("the link of a row put aside is forgotten", _rows(_quarantined_links_dropped)),
    "validity-without-its-last-day": ("a record ends a day early", _rows(_last_day_left_out)),
    "replacement-withdraws-its-own": ("a full replacement withdraws its own records too", replacement_withdraws_its_own),
    "left-behind": ("whom a corrected record was about is not judged again", those_left_behind_are_not_judged),
    "stale-a-day-late": ("coverage goes stale a day late", _cover(_a_day_longer)),
    "lists-prove-nothing": ("coverage of a list of subjects is ignored", _cover(_no_lists)),
    "one-source-speaks-for-all": ("one responsible source covers for the others", _cover(_one_speaks_for_all)),
    "covered-before-delivered": ("a statement counts before its delivery is whole", _standing("pending")),
    "voided-counts": ("a statement counts though too many rows name nobody", _standing("voided")),
    "withdrawn-statement-stays": ("a withdrawn statement still counts", withdrawn_statement_is_not_taken_back),
    "flips-forgotten": ("nobody is due on any day", flips_forgotten),
    "clock-put-back": ("a tick to an earlier day does nothing", clock_put_back_is_passed_over),
    "begins-a-day-late": ("a scheduled version begins a day late", begins_a_day_late),
    "ends-a-day-early": ("a policy's last day is left out", last_day_of_a_policy_left_out),
    "agreements-never-end": ("the end of an agreement is passed over", agreements_never_end),
    "old-version-goes-on": ("changes are judged by the version before", old_version_goes_on),
    "answers-lost": ("an amendment forgets what was answered", answers_lost_at_an_amendment),
    "edition-not-net": ("an edition holds who came and went", edition_not_net),
    "days-lost": ("of several days passed at once only the last is told", lines_of_a_day_lost),
}
"""By name: what is wrong, in a few words, and the function that plants it."""
