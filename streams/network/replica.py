"""The replica: the whole state of a network in a client, folded from the topic of inputs.

It admits exactly the messages that the sequencer admits, so a client can preview, explain and refuse before it sends.
``streams.network.network_host`` keeps one on disk.
"""

from __future__ import annotations

from typing import Any

from policies.problems.problems import HuiminError, Invalid
from streams.language.errors import Refused, Unproved, Unreadable
from streams.language.folds import Outgoing
from streams.language.messages import Input
from streams.language.ports import Arrays, Parts
from streams.ledgers.decisions import has_stamp
from streams.lists.lines import Lines, lines
from streams.steps.erasure import cleared
from streams.steps.state import State
from streams.steps.steps import passed_over, step
from streams.wire import wire


class Replica:
    """The fold of the inputs topic into the state of an embedded host. ``said`` is the result of the last message: lines or an error."""

    def __init__(self, parts: Parts, checkpoint: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.state = State(parts) if checkpoint is None else State.restored(parts, *checkpoint)
        self.said: Lines | HuiminError = lines((), -1)

    @property
    def offset(self) -> int:
        return self.state.offset

    @property
    def erased(self) -> int:
        return len(self.state.erasures)

    def take(self, body: bytes, offset: int, unproved: Unproved | None = None) -> list[Outgoing]:
        message: Input | None = None
        try:
            if unproved is not None:
                raise unproved
            message = wire.decode(body)
            has_stamp(message)
            self.said = step(self.state, cleared(self.state, message), offset)
        except (Unreadable, Refused, Invalid) as error:
            passed_over(self.state, message, offset)
            self.said = error
        return []

    def passing(self) -> tuple[Outgoing, ...]:
        return ()

    def counted(self) -> dict[str, int]:
        return {}

    def gauged(self) -> dict[tuple[str, ...], float]:
        return {}

    def meta(self) -> dict[str, Any]:
        return self.state.meta()

    def arrays(self) -> Arrays:
        return self.state.arrays()
