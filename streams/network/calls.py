"""The calls of the sequencer on a partition's matcher: one dataclass for each, and its JSON on the topic of orders.

``streams.network.router`` makes them, ``streams.network.partition`` carries them out.

Example:
    >>> call_plain(TickCall(date(2026, 10, 1)))
    {'day': '2026-10-01'}
    >>> call_read("tick", {"day": "2026-10-01"})
    TickCall(day=datetime.date(2026, 10, 1))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, TypeAlias, assert_never

from matchers.matrix.coverage import Statement
from matchers.matrix.erasure import Trace
from matchers.matrix.identity import Answer, IdentityCorrection, correction_plain, correction_read


@dataclass(frozen=True, slots=True)
class CatalogueCall:
    """Take the first catalogue on this day (``moving`` is None), or a later one, which may change verdicts by the feeds ``moving``."""

    word: ClassVar[str] = "catalogue"
    units: str
    contracts: Mapping[str, str]
    day: date
    moving: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RowsCall:
    """Apply the rows that are routed with the call."""

    word: ClassVar[str] = "rows"


@dataclass(frozen=True, slots=True)
class ReplaceCall:
    """A full replacement is complete: nothing older of its source counts."""

    word: ClassVar[str] = "replace"
    feed: str
    source: int
    delivery: int


@dataclass(frozen=True, slots=True)
class PublishCall:
    """Match a version of a policy; ``catalogue`` is the number of the catalogue against which its text was checked."""

    word: ClassVar[str] = "publish"
    policy: str
    version: int
    text: str
    catalogue: int


@dataclass(frozen=True, slots=True)
class UpgradeCall:
    """Judge by a later version of the semantics."""

    word: ClassVar[str] = "upgrade"
    semantics: int


@dataclass(frozen=True, slots=True)
class WithdrawCall:
    """Stop matching a policy."""

    word: ClassVar[str] = "withdraw"
    policy: str


@dataclass(frozen=True, slots=True)
class CoverCall:
    """These coverage statements are in effect, and no others."""

    word: ClassVar[str] = "cover"
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """A check of a subject is answered."""

    word: ClassVar[str] = "answer"
    policy: str
    subject: int
    check: str
    answer: bool


@dataclass(frozen=True, slots=True)
class CorrectCall:
    """Take a correction of identity, with the answers that count from now on."""

    word: ClassVar[str] = "correct"
    correction: IdentityCorrection
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class EraseCall:
    """Erase a person; in the changes, the token ``instead`` stands in their place. ``unanswered``: policy, subject and check of each
    answer about them."""

    word: ClassVar[str] = "erase"
    person: int
    instead: int
    statements: tuple[Statement, ...]
    unanswered: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class ForgetCall:
    """Forget the erased rows about a person."""

    word: ClassVar[str] = "forget"
    person: int
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class WatchCall:
    """Begin (``on``) or stop watching the evidence about a subject."""

    word: ClassVar[str] = "watch"
    policy: str
    subject: int
    on: bool


@dataclass(frozen=True, slots=True)
class TickCall:
    """Move the date to this day."""

    word: ClassVar[str] = "tick"
    day: date


PartitionCall: TypeAlias = (
    CatalogueCall | RowsCall | ReplaceCall | PublishCall | UpgradeCall | WithdrawCall | CoverCall | AnswerCall | CorrectCall | EraseCall
    | ForgetCall | WatchCall | TickCall
)  # fmt: skip


def call_plain(call: PartitionCall) -> dict[str, Any]:
    """The fields of a call as JSON; its ``word`` is written beside them."""
    match call:
        case CatalogueCall(units, contracts, day, moving):
            facts = {"units": units, "contracts": dict(contracts), "day": day.isoformat()}
            return facts if moving is None else {"moving": list(moving), **facts}
        case RowsCall():
            return {}
        case ReplaceCall(feed, source, delivery):
            return {"feed": feed, "source": source, "delivery": delivery}
        case PublishCall(policy, version, text, catalogue):
            return {"policy": policy, "version": version, "text": text, "catalogue": catalogue}
        case UpgradeCall(semantics):
            return {"semantics": semantics}
        case WithdrawCall(policy):
            return {"name": policy}
        case CoverCall(statements):
            return {"statements": statements_plain(statements)}
        case AnswerCall(policy, subject, check, answer):
            return {"policy": policy, "subject": subject, "check": check, "answer": answer}
        case CorrectCall(correction, answers):
            return correction_plain(correction, answers)
        case EraseCall(person, instead, statements, unanswered):
            answers_gone = [list(answer) for answer in unanswered]
            return {"person": person, "instead": instead, "statements": statements_plain(statements), "answers": answers_gone}
        case ForgetCall(person, traces):
            return {"person": person, "traces": [list(trace) for trace in traces]}
        case WatchCall(policy, subject, on):
            return {"policy": policy, "subject": subject, "on": on}
        case TickCall(day):
            return {"day": day.isoformat()}
        case _:
            assert_never(call)


def call_read(word: str, facts: Mapping[str, Any]) -> PartitionCall:
    """The call from ``call_plain``.

    Raises:
        LookupError, TypeError, ValueError: there is no such call.
    """
    match word:
        case CatalogueCall.word:
            moving = tuple(facts["moving"]) if "moving" in facts else None
            return CatalogueCall(facts["units"], facts["contracts"], date.fromisoformat(facts["day"]), moving)
        case RowsCall.word:
            return RowsCall()
        case ReplaceCall.word:
            return ReplaceCall(facts["feed"], facts["source"], facts["delivery"])
        case PublishCall.word:
            return PublishCall(facts["policy"], facts["version"], facts["text"], facts["catalogue"])
        case UpgradeCall.word:
            return UpgradeCall(facts["semantics"])
        case WithdrawCall.word:
            return WithdrawCall(facts["name"])
        case CoverCall.word:
            return CoverCall(tuple(statements_read(facts["statements"])))
        case AnswerCall.word:
            return AnswerCall(facts["policy"], facts["subject"], facts["check"], facts["answer"])
        case CorrectCall.word:
            correction, answers = correction_read(facts)
            return CorrectCall(correction, tuple(answers))
        case EraseCall.word:
            unanswered = tuple((policy, subject, check) for policy, subject, check in facts["answers"])
            return EraseCall(facts["person"], facts["instead"], tuple(statements_read(facts["statements"])), unanswered)
        case ForgetCall.word:
            return ForgetCall(facts["person"], tuple(Trace(*trace) for trace in facts["traces"]))
        case WatchCall.word:
            return WatchCall(facts["policy"], facts["subject"], facts["on"])
        case TickCall.word:
            return TickCall(date.fromisoformat(facts["day"]))
        case _:
            raise ValueError(word)


def statements_plain(statements: Sequence[Statement]) -> list[list[Any]]:
    """Coverage statements as JSON."""
    return [[s.feed, s.source, s.division, list(s.subjects), s.complete_to.isoformat()] for s in statements]


def statements_read(plain: Sequence[Sequence[Any]]) -> list[Statement]:
    """The statements from ``statements_plain``."""
    return [Statement(feed, source, place, tuple(subjects), date.fromisoformat(day)) for feed, source, place, subjects, day in plain]
