"""Everything that can happen to a Huimin state, and everything it says in answer.

Versioned; see ``streams.wire.wire`` for bytes.

The one idea: the state is a fold of these inputs in one total order; outputs are what the agencies see.
Subjects are 64-bit tokens of their kind (see ``matchers.kernel.batch``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeAlias

from matchers import SEMANTICS
from matchers.kernel.batch import RecordBatch
from streams.language.causes import Cause

VERSION = 2
"""Version of the message format; another one is refused."""


class Stamp(NamedTuple):
    """What tells one decision of a person from every other (``streams.ledgers.decisions``).

    Args:
        at: the last message known to whoever decided.
        word: tells apart what several decide upon the same state; empty where only one can.
    """

    at: int
    word: str


@dataclass(frozen=True, slots=True)
class CatalogueSet:
    """Units and feed contracts as documents (id -> YAML text); the first input of every log. Later ones may only add.

    ``semantics`` counts in the first one alone: by which version of docs/en/semantics.md everybody is judged from there on, so that a log
    without a checkpoint is replayed as it was told.
    """

    units: str
    contracts: Mapping[str, str]
    semantics: int = field(default=SEMANTICS, compare=False)
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class DeliveryStarted:
    """A delivery gets its number; the rows that follow carry it. Starting it again (after an interruption) changes nothing.

    ``replaces``: once it is complete and sound, only what has its number or a greater one counts (docs/en/semantics.md, section 1.2).
    """

    feed: str
    source: int
    delivery: int
    id: str
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryCompleted:
    """A delivery is wholly applied: its rows, and how many named no readable subject."""

    feed: str
    source: int
    delivery: int
    id: str  # the unit's name for it; content hash where it gave none
    rows: int
    unplaced: int
    replaces: bool = False  # a full replacement: withdraws what is older than itself


@dataclass(frozen=True, slots=True)
class PolicyPublished:
    """A checked document, who published and who approved. ``text`` is the YAML as published."""

    policy: str
    version: int
    text: str
    digest: str
    by: str
    approved_by: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PolicyWithdrawn:
    """Every version published so far ends: today or, where ``since`` is named, as if it had ended on that earlier day.

    ``version`` is the newest of them; where a newer one was published meanwhile, the withdrawal is refused.
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
    """Takes effect once ``delivery`` (its id), where named, is wholly applied with that many rows.

    ``received`` is the day on which it came in, by the clock of whoever took it; it cannot reach beyond that.
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
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class CoverageWithdrawn:
    statement: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class CheckAnswered:
    policy: str
    subject: int
    check: str
    answer: bool
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Tick:
    """The day is now ``day`` (Asia/Shanghai). Days in between are passed one by one.

    ``confirmed`` and ``to`` stand in the first of those that take the day back or far ahead: who said yes to it, and the day it goes to.
    """

    day: date
    confirmed: str | None = None
    to: date | None = None
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class EditionCut:
    """Closes the open edition of a policy now; changes no list."""

    policy: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class IdentityMerged:
    """Two subjects of a kind (person, household, dwelling) are one: whatever names ``subject`` counts as naming ``into``."""

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

    ``into`` the subject itself takes back: of these records what was decided about them, without records the merge.
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
    """What the agency found of one candidate on the day ``on`` (``streams.ledgers.outcomes`` has the words). The same again changes
    nothing.

    ``criterion`` is the one that was wrong, where the outcome is not_eligible; ``records`` (feed, source, delivery, row) what it rested on.
    """

    policy: str
    subject: int
    outcome: str
    on: date
    by: str
    criterion: str | None = None
    records: tuple[tuple[str, int, int, int], ...] = ()
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class HoldDecided:
    """What is held back (``streams.lists.book``) is told after all (release), or stays as it is (reject); by two people."""

    hold: str
    decision: str  # release | reject
    reason: str
    by: str
    approved_by: str
    stamp: Stamp | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PersonErased:
    """Nothing readable of one person stays. Who it was is told by a salted digest of the token alone, which ``streams.ledgers.erasures``
    makes.

    ``sieve`` is a number that few tokens share, so that not every one of many needs a digest. ``traces`` are where rows of theirs came from
    (``matchers.matrix.erasure.Trace``): for the workers of a network, who remember none; they are wiped from every log with the rest.
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
    """Stands in the log where a message about somebody erased since stood; changes nothing."""


@dataclass(frozen=True, slots=True)
class EngineUpgraded:
    """From here on everybody is judged by this version of docs/en/semantics.md (``matchers.SEMANTICS``).

    A host says it before the first message that it adds to a state judged by an earlier one; to one judged so already it says nothing new.
    """

    semantics: int


Input: TypeAlias = (
    CatalogueSet | DeliveryStarted | RecordBatch | DeliveryCompleted | PolicyPublished | PolicyWithdrawn
    | CoverageStated | CoverageWithdrawn | CheckAnswered | Tick | EditionCut | IdentityMerged | IdentitySplit
    | OutcomeReported | HoldDecided | PersonErased | Blank | EngineUpgraded
)  # fmt: skip

Decided: TypeAlias = (
    CatalogueSet | PolicyPublished | PolicyWithdrawn | CoverageStated | CoverageWithdrawn | CheckAnswered | Tick | EditionCut
    | IdentityMerged | IdentitySplit | OutcomeReported | HoldDecided | PersonErased
)  # fmt: skip
"""What a person decides: each has a ``stamp``, which the host gives it. The others change nothing when they come again."""


class CandidateChange(NamedTuple):
    """One line of an edition: a subject entered, left or changed on one policy's list. (A named tuple: there may be many.)"""

    id: str  # offset.position: unique for ever
    policy: str
    version: int
    subject: int
    change: str  # entered | left | changed
    status: str | None  # the new one; None when left
    before: str | None
    checklist: tuple[str, ...]
    missing: tuple[tuple[str, str | None], ...]  # (criterion, feed)
    cause: Cause
    day: date


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should look at; part of the state, and never a person's data.

    ``kind`` is coverage_voided, coverage_rows (statement and delivery disagree), suspended (an agreement has ended), held, or moved (the
    day was taken back or far ahead: about whoever confirmed it; the detail is an ISO 8601 interval, from the day of before to the new one).
    """

    kind: str
    about: str  # the statement or policy
    detail: str
    day: date
