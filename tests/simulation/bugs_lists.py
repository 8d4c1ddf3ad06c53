"""Planted bugs in the list stage: suppressions, holds, and the lengths of lists.

The computed lists are right in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from tests.simulation.bugs import Plant


def snapshot_without_overlays(patch: pytest.MonkeyPatch) -> None:
    """A checkpoint leaves out the overlays: after a restore the materialized list is the computed list."""
    from streams.lists.book import Book

    sound = Book.meta
    patch.setattr(Book, "meta", lambda self: {**sound(self), "overlays": []})


def lengths_not_kept(patch: pytest.MonkeyPatch) -> None:
    """The length of a list leaves out the lines that the list stage makes itself."""
    from streams.lists.book import Book

    sound = Book._count
    patch.setattr(Book, "_count", lambda self, computed_list, rows, own=(): sound(self, computed_list, rows))


def over_a_day_late(patch: pytest.MonkeyPatch) -> None:
    """An outcome still suppresses on the day on which its time is over."""
    from streams.ledgers.outcomes import OutcomeLedger

    sound = OutcomeLedger.end
    patch.setattr(OutcomeLedger, "end", lambda self, day: sound(self, date.fromordinal(day.toordinal() - 1)))


def reported_of_nobody(patch: pytest.MonkeyPatch) -> None:
    """An outcome of a merged subject stays with it, instead of going to the subject it counts as."""
    from streams.steps import reports

    sound = reports._outcome_entry

    def admit_unmerged(state: Any, message: Any) -> Any:
        from dataclasses import replace

        return replace(sound(state, message), subject=message.subject)

    patch.setattr(reports, "_outcome_entry", admit_unmerged)


def rejected_for_good(patch: pytest.MonkeyPatch) -> None:
    """A rejected hold can no longer be released."""
    from streams.lists.book import Book

    sound = Book._decide

    def decide(self: Book, decided: Any) -> None:
        if decided.hold in self.holds and self.holds[decided.hold].decision is None:
            sound(self, decided)

    patch.setattr(Book, "_decide", decide)


BUGS: Mapping[str, tuple[str, Plant]] = {
    "snapshot-without-overlays": ("a snapshot leaves out of whom something else is told than found", snapshot_without_overlays),
    "lengths-not-kept": ("the length of a list leaves out what is told otherwise than found", lengths_not_kept),
    "over-a-day-late": ("an outcome keeps off for a day too long", over_a_day_late),
    "reported-of-nobody": ("an outcome of a merged subject is not of the subject it counts as", reported_of_nobody),
    "rejected-for-good": ("what was rejected cannot be released", rejected_for_good),
}
"""By name: what is wrong, in a few words, and the function that plants it."""
