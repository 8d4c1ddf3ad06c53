"""The warning about a hold that a verb opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.cli.session import Session
from console.text.holds import notice

if TYPE_CHECKING:
    from services.lists.holds import HoldSummary


def hold_warner(session: Session) -> Callable[[HoldSummary], None]:
    """A function that warns of a hold; a service calls it for every hold that it opens."""
    return lambda hold: session.warn(notice(hold))
