"""The host: the interface of the engine for the layers above, for one process or a network.

Two classes implement it: ``EmbeddedHost`` in ``streams.embedded.host`` over a log on disk, ``NetworkHost`` in
``streams.network.network_host`` over topics. The functions below are shared by both.
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
from streams.erasure.scrub import ScrubReport
from streams.language.messages import CandidateChange, Input, Notice
from streams.language.ports import Parts
from streams.lists.editions import Edition
from streams.lists.lines import Lines
from streams.lists.manifests import Versions
from streams.steps.admission import require_policy
from streams.steps.state import State
from streams.steps.steps import step
from streams.store.outcome_history import OutcomeHistory


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of a message: its offset, its lines, and what a person should look at."""

    offset: int
    changes: Lines
    notices: list[Notice]


class Host(Protocol):
    """A state, and the log of which it is the fold."""

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
        """The state at the last message known here. Do not change it."""

    def submit(self, message: Input) -> Receipt:
        """Applies a message; it is durable on return.

        Raises:
            Refused, Invalid: it was not admitted; nothing has changed. Refused also while an erasure is half done.
        """

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:
        """Applies several messages. Raises as ``submit``."""

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        """Applies messages one by one, and gives each receipt once its message is durable.

        Raises:
            As ``submit``, after the receipts of all messages before.
        """

    def outputs(self, after: str | None = None) -> Iterator[CandidateChange]:
        """Every line behind an id, in order."""

    def editions(self, policy: str) -> Iterator[Edition]:
        """The closed editions of a policy's list up to ``state``, from the first.

        Raises:
            Refused: the policy was never published.
        """

    def outcome_history(self) -> OutcomeHistory:
        """Every report of an outcome up to ``state``, as far back as the log goes."""

    def at(self, moment: int | date) -> State:
        """A copy of the state behind the message at an offset, or at the end of a day of its clock.

        Raises:
            NotKept: before the beginning, beyond the end, or older than the retention; the message names the earliest moment.
        """

    @property
    def erasing(self) -> bool:
        """Is the erasure of a person half done? Then no message is admitted, and no question about the past is answered."""

    def half_erased(self) -> int | None:
        """The token of the person whose erasure is half done: 0 if it cannot be found any more, None if no erasure is half done."""

    def traces(self, person: int) -> list[Trace]:
        """Where the rows about a person came from, as far as state and log know."""

    def scrub(self, person: int, traces: Sequence[Trace]) -> ScrubReport:
        """Removes an erased person from all files (``streams.erasure.scrub``); may be done again.

        Raises:
            Busy, NoRoom: the scrub is not finished; call it again.
        """

    def ahead(self, message: Input) -> None:
        """Shows in ``state`` what this message would do; nothing is stored.

        Raises:
            Refused, Invalid: the message would not be admitted.
        """

    def refresh(self) -> State:
        """The state at the message that is the last one now."""

    def write_checkpoint(self) -> Path:
        """Writes a checkpoint now."""

    def close(self) -> None:
        """Closes the host."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def apply(state: State, message: Input) -> Receipt:
    """Applies the next message to a state in memory.

    Raises:
        As for ``streams.steps.steps.step``.
    """
    notices, offset = len(state.notices), state.offset + 1
    return Receipt(offset, step(state, message, offset), state.notices[notices:])


def published_versions(state: State, policy: str) -> Versions:
    """Agency and digest of every version of a policy.

    Raises:
        Refused: there is none.
    """
    require_policy(state, policy)
    return state.registry.manifest_versions(policy)


def place_of(id: str | None) -> tuple[int, int]:
    """Offset and position in the id of a line; (-1, -1) for None, before the first line."""
    offset, _, position = (id or "-1.-1").rpartition(".")
    return int(offset), int(position)


def lines_behind(after: str | None, outputs: Iterable[Lines]) -> Iterator[CandidateChange]:
    """Those lines of some messages that come behind an id."""
    place = place_of(after)
    for lines in outputs:
        if lines.offset >= place[0]:
            yield from (line for line in lines if place_of(line.id) > place)
