"""What a client asks of the engine, and what it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from matchers.matrix.erasure import Trace
from policies.problems.problems import HuiminError
from streams.erasure.scrub import ScrubReport
from streams.language.messages import Notice


@dataclass(frozen=True, slots=True)
class Submission:
    """Messages to apply in one transaction, as bytes of ``streams.wire.wire``.

    Args:
        series: submissions of one series stop behind the first that is refused.
    """

    bodies: tuple[bytes, ...]
    series: int


@dataclass(frozen=True, slots=True)
class Scrub:
    """Take an erased person out of all files (``Host.scrub``)."""

    person: int
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class CheckpointRequest:
    """Write a checkpoint now."""


@dataclass(frozen=True, slots=True)
class CommitReceipt:
    """The receipt of one message.

    Args:
        outputs: its lines, as bytes of ``streams.wire.wire``; None where there are none.
    """

    offset: int
    outputs: bytes | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """How the engine is.

    Args:
        messages, refused: since it began.
        problem: why the last checkpoint could not be written.
    """

    offset: int
    messages: int
    refused: int
    problem: HuiminError | None


@dataclass(frozen=True, slots=True)
class AskStatus:
    """Ask how the engine is."""


Request: TypeAlias = Submission | Scrub | CheckpointRequest | AskStatus
Reply: TypeAlias = list[CommitReceipt] | ScrubReport | EngineStatus | HuiminError | None
