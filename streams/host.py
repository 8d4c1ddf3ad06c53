"""The host: what the layers above ask of the engine, whether it is one process or a network.

Two classes implement it: ``EmbeddedHost`` in ``streams.embedded.host`` over a log on disk, ``NetworkHost`` in
``streams.network.network_host`` over topics. What both do alike stands below as functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from matchers.matrix.erasure import Trace
from policies.problems.problems import HuiminError
from streams.erasure.scrub import Scrubbed
from streams.language.messages import CandidateChange, Input, Notice
from streams.language.ports import Parts
from streams.lists.editions import Edition
from streams.lists.lines import Lines
from streams.lists.manifests import Versions
from streams.steps.admission import known_policy
from streams.steps.state import State
from streams.steps.steps import step


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a message did: its offset, the lines that came out, and what a person should look at."""

    offset: int
    changes: Lines
    notices: list[Notice]


class Host(Protocol):
    """A state, and the log it is the fold of."""

    @property
    def parts(self) -> Parts: ...
    @property
    def folder(self) -> Path: ...
    @property
    def readonly(self) -> bool: ...
    @property
    def problem(self) -> HuiminError | None:
        """Why the last checkpoint could not be written or read; the log is whole all the same."""

    @property
    def state(self) -> State:
        """The state at the last message known here. Only to be read."""

    def submit(self, message: Input) -> Receipt:
        """Applies a message; when this returns it is durable.

        Raises:
            Refused, Invalid: it was not admitted; nothing has changed. Refused, too, while an erasure is half done.
        """

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:
        """Applies several messages. Raises as ``submit``."""

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        """Applies messages one by one, and gives each receipt once it is durable.

        Raises:
            As ``submit``, once the receipts of all that came before are given.
        """

    def outputs(self, after: str | None = None) -> Iterator[CandidateChange]:
        """Every line that came out behind an id, in order."""

    def editions(self, policy: str) -> Iterator[Edition]:
        """The closed editions of a policy's list as far as ``state`` has come, from the first.

        Raises:
            Refused: the policy was never published.
        """

    def at(self, moment: int | date) -> State:
        """The state behind the message at an offset, or at the end of a day of its clock: a copy.

        Raises:
            NotKept: before the beginning, beyond the end, or older than what is kept; the message says from where on it can be asked.
        """

    @property
    def erasing(self) -> bool:
        """Is the erasure of a person half done? Then nothing is taken in, and nothing of the past is told."""

    def half_erased(self) -> int | None:
        """The token of a person whose erasure is half done, where it can still be found (0 where not); None where no erasure is."""

    def traces(self, person: int) -> list[Trace]:
        """Where every row about a person came from, as far as state and log know."""

    def scrub(self, person: int, traces: Sequence[Trace]) -> Scrubbed:
        """Takes a person who was erased out of all files (``streams.erasure.scrub``); may be done again.

        Raises:
            Busy, NoRoom: not all is out yet; what is left goes when it is done again.
        """

    def ahead(self, message: Input) -> None:
        """From now on ``state`` is what it would be behind this message; nothing of it is kept.

        Raises:
            Refused, Invalid: the message would not be admitted.
        """

    def refresh(self) -> State:
        """The state at the last message there is, now."""

    def snapshot(self) -> Path:
        """Writes a checkpoint now."""

    def close(self) -> None:
        """Ends the use of it."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def apply(state: State, message: Input) -> Receipt:
    """Applies the next message to a state in memory, and gives what it did.

    Raises:
        As for ``streams.steps.steps.step``.
    """
    notices, offset = len(state.notices), state.offset + 1
    return Receipt(offset, step(state, message, offset), state.notices[notices:])


def published(state: State, policy: str) -> Versions:
    """Agency and digest of every version of a policy.

    Raises:
        Refused: there is none.
    """
    known_policy(state, policy)
    return state.registry.told(policy)


def place_of(id: str | None) -> tuple[int, int]:
    """Offset and position of a line by its id; None: before the first line."""
    offset, _, position = (id or "-1.-1").rpartition(".")
    return int(offset), int(position)


def lines_behind(after: str | None, outputs: Iterable[Lines]) -> Iterator[CandidateChange]:
    """The lines of some messages that come behind an id."""
    place = place_of(after)
    for lines in outputs:
        if lines.offset >= place[0]:
            yield from (line for line in lines if place_of(line.id) > place)
