"""The replica: the whole state of a network in a client, folded from the topic of inputs.

It admits exactly the messages that the sequencer admits, so a client can preview, explain and refuse before it sends.
``streams.network.network_host`` keeps one on disk.
"""

from __future__ import annotations

from typing import Any

from policies.problems.problems import HuiminError, Invalid
from streams.language.errors import InvalidSeal, Refusal, Unreadable
from streams.language.folds import Outgoing
from streams.language.messages import Input
from streams.language.ports import Arrays, Parts
from streams.ledgers.decisions import require_stamp
from streams.lists.lines import Lines, lines
from streams.steps.erasure import message_without_erased
from streams.steps.state import State
from streams.steps.steps import skip_message, step
from streams.wire import wire


class Replica:
    """The fold of the inputs topic into the state of an embedded host.

    ``last_result`` is the result of the last message: lines or an error.
    """

    def __init__(self, parts: Parts, checkpoint: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.state = State(parts) if checkpoint is None else State.restore(parts, *checkpoint)
        self.last_result: Lines | HuiminError = lines((), -1)

    @property
    def offset(self) -> int:
        return self.state.offset

    @property
    def erasure_count(self) -> int:
        return len(self.state.erasures)

    def take(self, body: bytes, offset: int, seal_error: InvalidSeal | None = None) -> list[Outgoing]:
        message: Input | None = None
        try:
            if seal_error is not None:
                raise seal_error
            message = wire.decode(body)
            require_stamp(message)
            self.last_result = step(self.state, message_without_erased(self.state, message), offset)
        except (Unreadable, Refusal, Invalid) as error:
            skip_message(self.state, message, offset)
            self.last_result = error
        return []

    def announcements(self) -> tuple[Outgoing, ...]:
        return ()

    def counters(self) -> dict[str, int]:
        return {}

    def gauges(self) -> dict[tuple[str, ...], float]:
        return {}

    def meta(self) -> dict[str, Any]:
        return self.state.meta()

    def arrays(self) -> Arrays:
        return self.state.arrays()
