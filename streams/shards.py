"""The partitions one worker holds: a state for each, and the place up to which it has read.

The one idea: the committed offset of a broker is only a hint; a message below the state's own offset has been applied already and is passed
over, one above it means that something was lost, and stops the line. Source: ARCHITECTURE.md, "Streams on Kafka".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from policies.problems import Invalid
from policies.values import Text
from streams import wire
from streams.errors import Damaged, Refused
from streams.lines import Lines, lines
from streams.ports import Parts
from streams.state import State
from streams.steps import step


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was not admitted; like any other it takes its place in the order, and changes nothing."""

    partition: int
    offset: int
    error: Refused | Invalid


class Shards:
    """The states of the partitions assigned to this worker.

    Args:
        parts: the ports each state is made with.
        refused: is told of every message that was not admitted.
    """

    def __init__(self, parts: Parts, refused: Callable[[Refusal], None]) -> None:
        self.parts, self.refused = parts, refused
        self.states: dict[int, State] = {}

    def state(self, partition: int) -> State:
        """The state of a partition; empty before its first message."""
        if partition not in self.states:
            self.states[partition] = State(self.parts)
        return self.states[partition]

    def take(self, partition: int, offset: int, body: bytes) -> Lines:
        """Applies the message at an offset of a partition; nothing where it was applied before.

        Raises:
            Damaged: messages between the last one and this are missing.
            Unreadable, NewerFormat: it is no message this program reads.
        """
        state = self.state(partition)
        if offset <= state.offset:
            return lines((), offset)
        if offset != state.offset + 1:
            raise Damaged(_gap(partition, state.offset, offset))
        message = wire.decode(body)
        try:
            return step(state, message, offset)
        except (Refused, Invalid) as error:
            state.offset = offset
            self.refused(Refusal(partition, offset, error))
            return lines((), offset)

    def release(self, partition: int) -> None:
        """Forgets a partition that another worker holds now."""
        self.states.pop(partition, None)


def _gap(partition: int, last: int, offset: int) -> Text:
    zh = f"分区 {partition} 在 {last} 之后直接到 {offset}，中间的消息缺失；请检查主题的保留期，再从快照恢复。"
    en = (
        f"Partition {partition} goes on at {offset} after {last}: messages are missing. Check the topic's retention, "
        f"then restore a snapshot."
    )
    return Text(zh, en)
