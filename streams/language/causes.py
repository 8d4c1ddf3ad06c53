"""Why a list changed: one dataclass a cause, and the two words by which lines, topics and checkpoints name it: kind and detail.

A cause holds no person's data. ``cause_of`` reads the two words back.

Example:
    >>> cause = cause_of("record", "hukou putuo-psb 7 full")
    >>> cause
    RecordCause(delivery=DeliveryName(feed='hukou', unit='putuo-psb', number=7), full=True)
    >>> cause.kind, cause.detail
    ('record', 'hukou putuo-psb 7 full')
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Self, TypeAlias, assert_never

from policies.values import Text
from streams.language.errors import decoding

_FULL = " full"
LIST = ", "
"""Stands between several ids in one line of text."""


@dataclass(frozen=True, slots=True, order=True)
class DeliveryName:
    """A delivery of a unit; as text ``hukou putuo-psb 7``."""

    feed: str
    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.feed} {self.unit} {self.number}"

    @classmethod
    def parse(cls, text: str) -> Self:
        feed, unit, number = text.split(" ")
        return cls(feed, unit, int(number))


@dataclass(frozen=True, slots=True, order=True)
class VersionName:
    """A version of a policy; as text ``grant@2``."""

    policy: str
    number: int

    def __str__(self) -> str:
        return f"{self.policy}@{self.number}"

    @classmethod
    def parse(cls, text: str) -> Self:
        policy, _, number = text.rpartition("@")
        return cls(policy, int(number))


@dataclass(frozen=True, slots=True)
class Worded:
    """What every cause has: the second word by which it is written, made once, for every line of a list has one."""

    detail: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", _detail(self))  # type: ignore[arg-type]  # only the causes below are worded


@dataclass(frozen=True, slots=True)
class RecordCause(Worded):
    """Rows of a delivery; where it is ``full``, records that a full replacement no longer holds."""

    kind: ClassVar[str] = "record"
    delivery: DeliveryName
    full: bool = False


@dataclass(frozen=True, slots=True)
class CoverageCause(Worded):
    """Coverage statements that took effect or were withdrawn, by their ids."""

    kind: ClassVar[str] = "coverage"
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicationCause(Worded):
    """A version that is matched where none of its policy was."""

    kind: ClassVar[str] = "publication"
    version: VersionName


@dataclass(frozen=True, slots=True)
class WithdrawalCause(Worded):
    """A policy that is matched no more: it was withdrawn, or is past its last day."""

    kind: ClassVar[str] = "withdrawal"
    policy: str


@dataclass(frozen=True, slots=True)
class AmendmentCause(Worded):
    """A version that is matched in place of another one of its policy."""

    kind: ClassVar[str] = "amendment"
    version: VersionName


@dataclass(frozen=True, slots=True)
class DayCause(Worded):
    """A day that came."""

    kind: ClassVar[str] = "day"
    day: date


@dataclass(frozen=True, slots=True)
class AnswerCause(Worded):
    """The answer to a check."""

    kind: ClassVar[str] = "answer"
    check: str


@dataclass(frozen=True, slots=True)
class AgreementCause(Worded):
    """The agreement on a feed that ended; ``catalogue`` in place of a feed where a new catalogue renewed agreements."""

    kind: ClassVar[str] = "agreement"
    feed: str


@dataclass(frozen=True, slots=True)
class IdentityCause(Worded):
    """A correction of identity: ``merge`` or ``split``, of a kind of subject."""

    kind: ClassVar[str] = "identity"
    subject: str
    correction: str


@dataclass(frozen=True, slots=True)
class OutcomeCause(Worded):
    """An outcome that an agency reported, or whose time is over."""

    kind: ClassVar[str] = "outcome"
    outcome: str


@dataclass(frozen=True, slots=True)
class EvidenceCause(Worded):
    """News in the evidence about somebody whom this outcome kept off the list."""

    kind: ClassVar[str] = "evidence"
    outcome: str


@dataclass(frozen=True, slots=True)
class ReleaseCause(Worded):
    """A hold that two people released."""

    kind: ClassVar[str] = "release"
    hold: str


@dataclass(frozen=True, slots=True)
class ErasureCause(Worded):
    """The erasure of a person; it does not say which."""

    kind: ClassVar[str] = "erasure"


@dataclass(frozen=True, slots=True)
class ContractCause(Worded):
    """Feeds whose contracts have grown."""

    kind: ClassVar[str] = "contract"
    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EngineCause(Worded):
    """A later version of the semantics, by which everybody is judged anew."""

    kind: ClassVar[str] = "engine"
    semantics: int


Cause: TypeAlias = (
    RecordCause | CoverageCause | PublicationCause | WithdrawalCause | AmendmentCause | DayCause | AnswerCause | AgreementCause
    | IdentityCause | OutcomeCause | EvidenceCause | ReleaseCause | ErasureCause | ContractCause | EngineCause
)  # fmt: skip


def cause_of(kind: str, detail: str) -> Cause:
    """The cause that is written with these two words.

    Raises:
        Unreadable: there is none.
    """
    with decoding(Text("变动的原因", "the cause of a change")):
        cause = _read(kind, detail)
        if cause.detail != detail:
            raise ValueError(detail)
    return cause


def _detail(cause: Cause) -> str:
    match cause:
        case RecordCause():
            return f"{cause.delivery}{_FULL if cause.full else ''}"
        case CoverageCause():
            return LIST.join(cause.statements)
        case PublicationCause() | AmendmentCause():
            return str(cause.version)
        case WithdrawalCause():
            return cause.policy
        case DayCause():
            return cause.day.isoformat()
        case AnswerCause():
            return cause.check
        case AgreementCause():
            return cause.feed
        case IdentityCause():
            return f"{cause.subject} {cause.correction}"
        case OutcomeCause() | EvidenceCause():
            return cause.outcome
        case ReleaseCause():
            return cause.hold
        case ErasureCause():
            return "person"
        case ContractCause():
            return LIST.join(cause.feeds)
        case EngineCause():
            return f"semantics {cause.semantics}"
        case _:
            assert_never(cause)


def _read(kind: str, detail: str) -> Cause:
    match kind:
        case RecordCause.kind:
            return RecordCause(DeliveryName.parse(detail.removesuffix(_FULL)), detail.endswith(_FULL))
        case CoverageCause.kind:
            return CoverageCause(tuple(detail.split(LIST)))
        case PublicationCause.kind:
            return PublicationCause(VersionName.parse(detail))
        case WithdrawalCause.kind:
            return WithdrawalCause(detail)
        case AmendmentCause.kind:
            return AmendmentCause(VersionName.parse(detail))
        case DayCause.kind:
            return DayCause(date.fromisoformat(detail))
        case AnswerCause.kind:
            return AnswerCause(detail)
        case AgreementCause.kind:
            return AgreementCause(detail)
        case IdentityCause.kind:
            return IdentityCause(*detail.split(" "))
        case OutcomeCause.kind:
            return OutcomeCause(detail)
        case EvidenceCause.kind:
            return EvidenceCause(detail)
        case ReleaseCause.kind:
            return ReleaseCause(detail)
        case ErasureCause.kind:
            return ErasureCause()
        case ContractCause.kind:
            return ContractCause(tuple(detail.split(LIST)))
        case EngineCause.kind:
            return EngineCause(int(detail.removeprefix("semantics ")))
        case _:
            raise ValueError(kind)
