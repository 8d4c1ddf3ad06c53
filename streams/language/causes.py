"""Why a list changed: one dataclass for each cause, written as two words, its kind and its detail.

Lines, topics and checkpoints hold the two words; ``cause_of`` reads them back. A cause holds no data of a person.

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
"""The separator of several ids in one text."""


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
class CauseBase:
    """The part that all causes share: ``detail``, the second word. It is made once, because many lines share a cause."""

    detail: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", _detail(self))  # type: ignore[arg-type]  # only the causes below are worded


@dataclass(frozen=True, slots=True)
class RecordCause(CauseBase):
    """Rows of a delivery; if ``full``, records that a full replacement no longer holds."""

    kind: ClassVar[str] = "record"
    delivery: DeliveryName
    full: bool = False


@dataclass(frozen=True, slots=True)
class CoverageCause(CauseBase):
    """Coverage statements that took effect or were withdrawn, by their ids."""

    kind: ClassVar[str] = "coverage"
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicationCause(CauseBase):
    """A version is matched, and no version of its policy was matched before."""

    kind: ClassVar[str] = "publication"
    version: VersionName


@dataclass(frozen=True, slots=True)
class WithdrawalCause(CauseBase):
    """A policy is no longer matched: it was withdrawn, or is past its last day."""

    kind: ClassVar[str] = "withdrawal"
    policy: str


@dataclass(frozen=True, slots=True)
class AmendmentCause(CauseBase):
    """A version is matched in place of another version of its policy."""

    kind: ClassVar[str] = "amendment"
    version: VersionName


@dataclass(frozen=True, slots=True)
class DayCause(CauseBase):
    """The date moved on to this day."""

    kind: ClassVar[str] = "day"
    day: date


@dataclass(frozen=True, slots=True)
class AnswerCause(CauseBase):
    """The answer to a check."""

    kind: ClassVar[str] = "answer"
    check: str


@dataclass(frozen=True, slots=True)
class AgreementCause(CauseBase):
    """The agreement on a feed ended. ``feed`` is ``catalogue`` if a new catalogue renewed agreements."""

    kind: ClassVar[str] = "agreement"
    feed: str


@dataclass(frozen=True, slots=True)
class IdentityCause(CauseBase):
    """A correction of identity (``merge`` or ``split``) of one kind of subject."""

    kind: ClassVar[str] = "identity"
    subject: str
    correction: str


@dataclass(frozen=True, slots=True)
class OutcomeCause(CauseBase):
    """An outcome was reported by an agency, or its time is over."""

    kind: ClassVar[str] = "outcome"
    outcome: str


@dataclass(frozen=True, slots=True)
class EvidenceCause(CauseBase):
    """The evidence changed about a subject that this outcome kept off the list."""

    kind: ClassVar[str] = "evidence"
    outcome: str


@dataclass(frozen=True, slots=True)
class ReleaseCause(CauseBase):
    """Two people released a hold."""

    kind: ClassVar[str] = "release"
    hold: str


@dataclass(frozen=True, slots=True)
class ErasureCause(CauseBase):
    """A person was erased; the cause does not say who."""

    kind: ClassVar[str] = "erasure"


@dataclass(frozen=True, slots=True)
class ContractCause(CauseBase):
    """The contracts of these feeds have grown."""

    kind: ClassVar[str] = "contract"
    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EngineCause(CauseBase):
    """Everybody is judged again by a later version of the semantics."""

    kind: ClassVar[str] = "engine"
    semantics: int


Cause: TypeAlias = (
    RecordCause | CoverageCause | PublicationCause | WithdrawalCause | AmendmentCause | DayCause | AnswerCause | AgreementCause
    | IdentityCause | OutcomeCause | EvidenceCause | ReleaseCause | ErasureCause | ContractCause | EngineCause
)  # fmt: skip


def cause_of(kind: str, detail: str) -> Cause:
    """The cause with this kind and detail.

    Raises:
        Unreadable: there is no such cause.
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
