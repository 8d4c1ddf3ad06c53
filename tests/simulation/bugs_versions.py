"""Planted bugs in the choice of the version that counts: full files, rows without usable order, and the versions that lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

Plant = Callable[[pytest.MonkeyPatch], None]


def losers_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    """Versions that lose are dropped even while a full file is open."""
    from matchers.matrix.versions import Versions

    patch.setattr(Versions, "keep", lambda self, place, key, rows: None)


def open_files_are_not_known(patch: pytest.MonkeyPatch) -> None:
    """A full file that has begun is not noted as open, so nothing is kept for it."""
    from matchers.matrix.versions import Versions

    patch.setattr(Versions, "open_delivery", lambda self, place, delivery: None)


def only_the_greatest_open_file_is_kept_for(patch: pytest.MonkeyPatch) -> None:
    """Of several open full files only the last counts as open."""
    from matchers.matrix.versions import Versions

    sound = Versions.open_deliveries
    patch.setattr(Versions, "open_deliveries", lambda self, place: sorted(sound(self, place))[-1:])


def no_order_hides_for_good(patch: pytest.MonkeyPatch) -> None:
    """A row without usable order still hides its record after a later sound row."""
    _plant_decision(patch, lambda rivals, winner: max((i for i, rival in enumerate(rivals) if not rival.usable), default=winner))


def no_order_hides_nothing(patch: pytest.MonkeyPatch) -> None:
    """A row without usable order never hides another version."""
    _plant_decision(
        patch,
        lambda rivals, winner: max((i for i, rival in enumerate(rivals) if rival.usable), key=lambda i: rivals[i][:3], default=winner),
    )


def _plant_decision(patch: pytest.MonkeyPatch, otherwise: Callable[[Sequence[Any], int], int]) -> None:
    from matchers.matrix import staging, versions

    def decide_otherwise(rivals: Sequence[Any], floor: int, open: Iterable[int] = ()) -> tuple[int, set[int]]:
        winner, needed = versions.winner_and_needed(rivals, floor, open)
        other = otherwise(rivals, winner)
        if other < 0 or rivals[other].delivery < floor:
            return winner, needed
        return other, (needed | {winner}) - {other, -1}

    patch.setattr(staging, "winner_and_needed", decide_otherwise)


def unsound_file_replaces(patch: pytest.MonkeyPatch) -> None:
    """A full file replaces older rows however many of its rows name nobody."""
    from streams.language.causes import DeliveryName, RecordCause
    from streams.language.messages import DeliveryCompleted
    from streams.lists.lines import Move
    from streams.steps import steps

    sound = steps.complete_delivery

    def complete(state: Any, message: Any) -> Any:
        moves = sound(state, message)
        delivery = state.deliveries.by_number(message.feed, message.source, message.delivery)
        if message.replaces and not delivery.sound:
            unit = state.catalogue.feeds[message.feed].sources[message.source].unit
            changes = state.matcher.replace(message.feed, message.source, message.delivery)
            cause = RecordCause(DeliveryName(message.feed, unit, delivery.number), full=True)
            moves = [*moves, Move(state.day, cause, changes.columns())]
        return moves

    patch.setitem(steps.STEPS, DeliveryCompleted, complete)


def kept_versions_are_not_written(patch: pytest.MonkeyPatch) -> None:
    """A checkpoint leaves out the versions that lost."""
    from matchers.matrix.versions import Versions

    patch.setattr(Versions, "arrays", lambda self, names: {})


def late_row_below_a_full_file_counts(patch: pytest.MonkeyPatch) -> None:
    """A late row of a delivery before a complete full file counts."""
    from matchers.matrix.store import Store

    sound = Store.older

    def older(self: Store, feed: int, source: int, delivery: int, *, dry: bool) -> Any:
        out = sound(self, feed, source, delivery, dry=dry)
        self.floors.pop((feed, source), None)
        return out

    patch.setattr(Store, "older", older)


BUGS: dict[str, tuple[str, Plant]] = {
    "losers-not-kept": ("what loses to an older delivery is forgotten while a full file is open", losers_are_not_kept),
    "open-files-not-known": ("nothing is kept for a full file that has begun", open_files_are_not_known),
    "last-open-file-only": ("of several open full files only the last one's rows are kept", only_the_greatest_open_file_is_kept_for),
    "no-order-for-good": ("a row without usable order hides its record for good", no_order_hides_for_good),
    "no-order-hides-nothing": ("a row without usable order is passed over", no_order_hides_nothing),
    "unsound-file-replaces": ("a full file most of which is unreadable replaces", unsound_file_replaces),
    "snapshot-without-versions": ("a snapshot leaves out the versions that are kept", kept_versions_are_not_written),
    "late-row-below-counts": ("a late row below a full file counts", late_row_below_a_full_file_counts),
}
