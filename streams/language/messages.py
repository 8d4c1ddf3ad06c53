"""The messages that change a Huimin state, and the lines and notices that come out.

The state is the fold of these inputs in one total order; agencies see the outputs. Subjects are 64-bit tokens of their kind
(``matchers.kernel.batch``). The format has a version; ``streams.wire.wire`` writes and reads the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeAlias

from matchers import SEMANTICS
from matchers.kernel.batch import RecordBatch
from streams.language.causes import Cause

VERSION = 3
"""The newest version of the message format that this program reads; a message of a newer one is refused."""
FIRST_VERSION = 2
"""The oldest it reads, in which it also writes whatever that version can say: so the bytes of such messages stay the same."""


class Stamp(NamedTuple):
    """The number of one decision, which tells it from every other (``streams.ledgers.decisions``).

    Args:
        at: offset of the last message known to the person who decided.
        word: tells apart the decisions of several people upon the same state; empty if only one process can decide.
    """

    at: int
    word: str


@dataclass(frozen=True, slots=True)
class CatalogueSet:
    """Units and feed contracts as documents (id -> YAML text); the first input of every log. Later catalogues may only add.

    ``semantics``, the version of docs/en/semantics.md by which everybody is judged, counts in the first catalogue alone. With it a log
    without a checkpoint gives the same lists when it is replayed.
    """

    units: str
    contracts: Mapping[str, str]
    semantics: int = field(default=SEMANTICS, compare=False)
    by: str | None = field(default=None, compare=False, kw_only=True)
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class DeliveryStarted:
    """A delivery gets its number, which its rows carry. To start it again (after an interruption) changes nothing.

    ``replaces``: once the delivery is complete and sound, only rows with its number or a greater one count (docs/en/semantics.md,
    section 1.2).
    """

    feed: str
    source: int
    delivery: int
    id: str
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryCompleted:
    """All rows of a delivery are sent: how many there are, and how many name no readable subject."""

    feed: str
    source: int
    delivery: int
    id: str  # the unit's name for it, or a hash of the content if the unit gave none
    rows: int
    unplaced: int
    replaces: bool = False  # a full replacement: nothing older counts any more


@dataclass(frozen=True, slots=True)
class PolicyPublished:
    """A checked policy document, with the people who published and approved it. ``text`` is the YAML as published."""

    policy: str
    version: int
    text: str
    digest: str
    by: str
    approved_by: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PolicyWithdrawn:
    """Every version published so far ends: today or, if ``since`` is given, as if it had ended on that earlier day.

    ``version`` is the newest version known to the people who decided. If there is a newer one, the withdrawal is refused.
    """

    policy: str
    version: int
    by: str
    approved_by: str
    reason: str
    since: date | None = None
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class CoverageStated:
    """A coverage statement. If it names a ``delivery`` (its id), it takes effect once that is applied with so many ``rows``.

    ``received`` is the day of receipt by the receiver's clock; ``complete_to`` cannot be later.
    """

    statement: str
    feed: str
    source: int
    division: str | None
    subjects: tuple[int, ...]
    complete_to: date
    delivery: str | None = None
    rows: int | None = None
    received: date | None = None
    by: str | None = field(default=None, compare=False, kw_only=True)
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class CoverageWithdrawn:
    statement: str
    by: str | None = field(default=None, compare=False, kw_only=True)
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class CheckAnswered:
    """What a person found out about a check."""

    policy: str
    subject: int
    check: str
    answer: bool
    by: str | None = None
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Tick:
    """The day is now ``day`` (Asia/Shanghai). The days in between pass one by one.

    If the date moves back or far ahead, the first tick names the person who ``confirmed`` it and the day it goes ``to``.
    """

    day: date
    confirmed: str | None = None
    to: date | None = None
    by: str | None = field(default=None, compare=False, kw_only=True)
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class EditionCut:
    """Closes the open edition of a policy now; changes no list."""

    policy: str
    by: str | None = field(default=None, compare=False, kw_only=True)
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class IdentityMerged:
    """Two subjects of a kind (person, household, dwelling) are one: a record that names ``subject`` counts as naming ``into``."""

    kind: str
    subject: int
    into: int
    reason: str
    by: str
    approved_by: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class IdentitySplit:
    """Some records (feed, source, key) that name ``subject`` are about ``into``; without records the merge of ``subject`` is undone.

    If ``into`` is ``subject`` itself, the earlier decision about these records is taken back.
    """

    kind: str
    subject: int
    into: int
    records: tuple[tuple[str, int, int], ...]
    reason: str
    by: str
    approved_by: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class OutcomeReported:
    """An agency's outcome for one candidate on the day ``on`` (words: ``streams.ledgers.outcomes``). The same again changes nothing.

    If the outcome is not_eligible, ``criterion`` is the wrong one, and ``records`` (feed, source, delivery, row) and the coverage
    ``statements`` (ids) are its evidence. If it is deceased or moved, ``records`` has the subject's register record, and ``content`` is a
    digest of it. Messages of older versions have no ``statements`` and no ``content``.
    """

    policy: str
    subject: int
    outcome: str
    on: date
    by: str
    criterion: str | None = None
    records: tuple[tuple[str, int, int, int], ...] = ()
    statements: tuple[str, ...] = ()
    content: str = ""
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class CorrectionAnswered:
    """A unit's word about a register record that an agency says is wrong: the subject is deceased or has moved, or neither.

    Args:
        request: the offset of the message with the outcome.
        answer: confirmed | refuted.
        by: the unit's steward.
    """

    request: int
    answer: str
    by: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class FollowUpRecorded:
    """What somebody who works a list says of one subject; it changes no list (docs/en/semantics.md, section 21).

    Args:
        item: which of the next three it is about (``streams.ledgers.follow_ups``): ``note``, ``call_again`` or ``assigned_to``.
        note: the sealed text (``connectors.identity.notes``).
        call_again, assigned_to: None where there is no such day or person any more.
    """

    policy: str
    subject: int
    item: str
    by: str
    note: str | None = None
    call_again: date | None = None
    assigned_to: str | None = None
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class HoldDecided:
    """Two people decide about a hold (``streams.lists.book``): tell its lines (release), or leave the list as it is (reject)."""

    hold: str
    decision: str  # release | reject
    reason: str
    by: str
    approved_by: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PersonErased:
    """A person is erased: nothing readable of them stays. Only a salted digest of the token names them (``streams.ledgers.erasures``).

    ``sieve`` is a short number that few tokens share, so that few tokens need a digest. ``traces`` say where their rows came from
    (``matchers.matrix.erasure.Trace``); the workers of a network need them, and the scrub removes them from every log.
    """

    salt: str
    digest: str
    sieve: int
    reason: str  # a code; nothing that identifies anybody
    by: str
    approved_by: str
    traces: tuple[tuple[str, int, int, int, int, int], ...] = ()
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Blank:
    """Stands in the log in place of a message about a person who was erased later; changes nothing."""


@dataclass(frozen=True, slots=True)
class EngineUpgraded:
    """From here on everybody is judged by this version of docs/en/semantics.md (``matchers.SEMANTICS``).

    A host sends it before its first message to a state that was judged by an earlier version.
    """

    semantics: int


Input: TypeAlias = (
    CatalogueSet | DeliveryStarted | RecordBatch | DeliveryCompleted | PolicyPublished | PolicyWithdrawn
    | CoverageStated | CoverageWithdrawn | CheckAnswered | Tick | EditionCut | IdentityMerged | IdentitySplit
    | OutcomeReported | HoldDecided | PersonErased | Blank | EngineUpgraded | FollowUpRecorded | CorrectionAnswered
)  # fmt: skip

DecisionMessage: TypeAlias = (
    CatalogueSet | PolicyPublished | PolicyWithdrawn | CoverageStated | CoverageWithdrawn | CheckAnswered | Tick | EditionCut
    | IdentityMerged | IdentitySplit | OutcomeReported | FollowUpRecorded | HoldDecided | PersonErased | CorrectionAnswered
)  # fmt: skip
"""Decisions of people. Each has a ``stamp``, which the host sets, and its author in ``by``: where nobody is named, the host names the user
of its machine (``streams.ledgers.decisions.with_author``). In messages of version 2 some have none. The other messages change nothing
when they come again."""


class CandidateChange(NamedTuple):
    """One line: a subject entered, left or changed on one policy's list. (A named tuple, because there may be many.)"""

    id: str  # offset.position: unique for ever
    policy: str
    version: int
    subject: int
    change: str  # entered | left | changed
    status: str | None  # the new status; None when left
    before: str | None
    checklist: tuple[str, ...]
    missing: tuple[tuple[str, str | None], ...]  # (criterion, feed)
    cause: Cause
    day: date


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should look at. Part of the state; without data of a person.

    ``kind`` is coverage_voided, coverage_rows (statement and delivery disagree), suspended (an agreement has ended), held, or moved (the
    date went back or far ahead: ``about`` is the person who confirmed it, ``detail`` an ISO 8601 interval from the old day to the new).
    """

    kind: str
    about: str  # the statement or policy
    detail: str
    day: date
