"""Planted bugs in corrections of identity, in withdrawals that reach back, and in messages sent in groups.

A correction changes records, lists, answers and ledgers, so each of them has a bug of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from tests.simulation.bugs import Plant, snapshot_without

# ---- what a decision moves ---------------------------------------------------------------------------------------


def merge_leaves_answers(patch: pytest.MonkeyPatch) -> None:
    """A merge moves records, but not answers."""
    from matchers.core import Matcher

    sound = Matcher.correct
    patch.setattr(Matcher, "correct", lambda self, correction, answers=(): sound(self, correction))


def first_answer_counts(patch: pytest.MonkeyPatch) -> None:
    """Of several answers about one subject the first counts."""
    from streams.steps import corrections

    sound = corrections._answers

    def answers(state: Any, *args: Any) -> Any:
        in_order, state.answers = state.answers, dict(reversed(state.answers.items()))
        try:
            return sound(state, *args)
        finally:
            state.answers = in_order

    patch.setattr(corrections, "_answers", answers)


def list_names_as_delivered(patch: pytest.MonkeyPatch) -> None:
    """A coverage list that names a merged subject proves nothing about the subject it counts as."""
    from matchers.matrix import coverage
    from matchers.program import state as shard

    sound = coverage.tables

    def tables(catalogue: Any, divisions: Any, statements: Any, rows_of: Any, kind_number: Any) -> Any:
        store = rows_of.__self__.store

        def plain(kind: Any, tokens: Sequence[int]) -> list[int]:
            return list(store.entities(kind_number(kind), np.array(tokens, np.uint64)).tolist())

        return sound(catalogue, divisions, statements, plain, kind_number)

    patch.setattr(shard, "tables", tables)


def moved_record_is_newest(patch: pytest.MonkeyPatch) -> None:
    """A record that a decision moves counts as newer than all others, so it wins as the register record."""
    from matchers.kernel.kernels.records import DELIVERY, ORDER
    from matchers.matrix.store import Store

    sound = Store.stage_records

    def stage_as_newest(self: Store, lay: Any, rows: Any, place: Any) -> Any:
        rows[:, DELIVERY] += 1_000
        rows[:, ORDER] += 1_000
        return sound(self, lay, rows, place)

    patch.setattr(Store, "stage_records", stage_as_newest)


def only_records_are_felt(patch: pytest.MonkeyPatch) -> None:
    """A subject whose answers or coverage list move, but no record, is not judged again."""
    from matchers.matrix import identity_changes

    nobody = np.empty(0, np.int32)
    patch.setattr(identity_changes, "everywhere", lambda store, kind, touched: (nobody, nobody))


# ---- what comes later --------------------------------------------------------------------------------------------


def later_rows_as_delivered(patch: pytest.MonkeyPatch) -> None:
    """A decision does not apply to later rows."""
    from matchers.matrix.store import Store

    patch.setattr(Store, "_subject_rows", lambda self, kind, tokens, batch: self.entities(kind, tokens))


def given_once(patch: pytest.MonkeyPatch) -> None:
    """A later version of a record that was given to another subject goes to the subject it names."""
    from matchers.matrix.identity import IdentityDecisions

    sound = IdentityDecisions.named_tokens

    def all_named(self: IdentityDecisions, *args: Any) -> Any:
        handed, self.assignments = self.assignments, {}
        try:
            return sound(self, *args)
        finally:
            self.assignments = handed

    patch.setattr(IdentityDecisions, "named_tokens", all_named)


def kept_what_came_meanwhile(patch: pytest.MonkeyPatch) -> None:
    """Rows that came during a merge stay where they are when the merge is undone."""
    from matchers.matrix import staging

    patch.setattr(staging, "_otherwise", lambda store, lay, batch, rows, floor: {})


# ---- which decisions there are -----------------------------------------------------------------------------------


def followed_one_step(patch: pytest.MonkeyPatch) -> None:
    """A merge is followed for one step only, not to its end."""
    from matchers.matrix.identity import IdentityDecisions

    patch.setattr(IdentityDecisions, "root", lambda self, kind, token: self.merges[kind].get(token, token))


def undo_takes_back_everything(patch: pytest.MonkeyPatch) -> None:
    """Undoing the merge of a subject also undoes the merges into it."""
    from streams.language.messages import IdentitySplit
    from streams.steps import steps
    from streams.steps.corrections import split_identity as sound

    def split(state: Any, message: IdentitySplit) -> Any:
        moves = [*sound(state, message)]
        if not message.records:
            for decision in [d for d in state.identities if (d.kind, d.into, d.record) == (message.kind, message.subject, None)]:
                moves += split(state, replace(message, subject=decision.subject, into=decision.subject))
        return moves

    patch.setitem(steps.STEPS, IdentitySplit, split)


def second_merge_is_admitted(patch: pytest.MonkeyPatch) -> None:
    """A second merge of a subject replaces the first."""
    from streams.language.messages import IdentityMerged
    from streams.steps import steps
    from streams.steps.corrections import merge_identity as sound

    def merge(state: Any, message: IdentityMerged) -> Any:
        decision = state.identities.of(message.kind, message.subject)
        if decision is not None and decision.into != message.into:
            state.identities.take_back(decision.key)
        return sound(state, message)

    patch.setitem(steps.STEPS, IdentityMerged, merge)


def snapshot_without_names(patch: pytest.MonkeyPatch) -> None:
    """A checkpoint leaves out the identity decisions of the matcher."""
    from matchers.matrix.store import Store

    sound = Store.meta
    patch.setattr(Store, "meta", lambda self: {**sound(self), "identities": None})


# ---- withdrawals that reach back, and groups ---------------------------------------------------------------------


def since_the_decision(patch: pytest.MonkeyPatch) -> None:
    """A withdrawal counts from the day of the decision, whatever day it names."""
    from streams.steps import steps
    from streams.steps.withdrawals import withdrawn_since as sound

    def since(state: Any, message: Any) -> date:
        sound(state, message)
        return date.fromordinal(state.day.toordinal())

    patch.setattr(steps, "withdrawn_since", since)


def since_behind_the_day(patch: pytest.MonkeyPatch) -> None:
    """A policy is still in force on the day since which it is withdrawn."""
    from streams.ledgers.registry import Registry

    sound = Registry.without_later_withdrawals
    patch.setattr(Registry, "without_later_withdrawals", lambda self, day: sound(self, date.fromordinal(day.toordinal() - 1)))


def group_in_parts(patch: pytest.MonkeyPatch) -> None:
    """Messages of one transaction stay although a later one is refused."""
    from streams.embedded.host import EmbeddedHost

    sound = EmbeddedHost.submit_many

    def submit_many(self: EmbeddedHost, messages: Sequence[Any]) -> Any:
        return [receipt for message in messages for receipt in sound(self, (message,))]

    patch.setattr(EmbeddedHost, "submit_many", submit_many)


def streamed_before_it_is_durable(patch: pytest.MonkeyPatch) -> None:
    """A streamed message is acknowledged before it is durable."""
    from streams.store.writer import WriteBehind

    def settle_at_once(self: WriteBehind[Any]) -> list[Any]:
        writing, self._writing = self._writing, None
        return [] if writing is None else [writing[0]]

    patch.setattr(WriteBehind, "wait_durable", settle_at_once)


BUGS: Mapping[str, tuple[str, Plant]] = {
    "merge-leaves-answers": ("a merge does not move answers", merge_leaves_answers),
    "first-answer-counts": ("of the answers of two that are one the first counts", first_answer_counts),
    "list-as-delivered": ("a coverage list names whom it was delivered with", list_names_as_delivered),
    "moved-record-is-newest": ("of two register records the one that was moved last wins", moved_record_is_newest),
    "only-records-are-felt": ("answers and lists that move are not felt", only_records_are_felt),
    "later-rows-as-delivered": ("rows behind a decision do not follow it", later_rows_as_delivered),
    "given-once": ("a later version of a given record is not given", given_once),
    "kept-what-came-meanwhile": ("an undone merge keeps the rows that came meanwhile", kept_what_came_meanwhile),
    "followed-one-step": ("a merge is not followed to its end", followed_one_step),
    "undo-takes-back-everything": ("an undone merge undoes those into it", undo_takes_back_everything),
    "second-merge-admitted": ("a second merge takes the place of the first", second_merge_is_admitted),
    "snapshot-without-decisions": ("a snapshot leaves out the ledger of decisions", snapshot_without("identities", [])),
    "snapshot-without-names": ("a snapshot leaves out whom tokens count as", snapshot_without_names),
    "since-the-decision": ("a withdrawal reaches back to no day", since_the_decision),
    "since-behind-the-day": ("on the day since which it is withdrawn a policy is in force", since_behind_the_day),
    "group-in-parts": ("a refused group is done in part", group_in_parts),
    "streamed-early": ("a streamed message is acknowledged before it is durable", streamed_before_it_is_durable),
}
"""By name: what is wrong, in a few words, and the function that plants it."""
