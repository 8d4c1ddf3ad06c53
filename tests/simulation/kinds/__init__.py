"""Everything that can happen, a module for each subject: its kinds of events, and what their messages mean.

``KINDS`` says what a schedule may draw, and ``TELLING`` what each type of message means to the expected side. A new message needs a module
here and its rows in both tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from matchers.kernel.batch import RecordBatch
from streams.language import messages as m
from tests.simulation.events import EventKind, Telling
from tests.simulation.kinds import coverage, crashes, days, groups, identities, outcomes, policies, records, replacements

KINDS: Mapping[str, EventKind] = {
    **records.KINDS,
    **replacements.KINDS,
    **coverage.KINDS,
    **policies.KINDS,
    **identities.KINDS,
    **outcomes.KINDS,
    **days.KINDS,
    **groups.KINDS,
    **crashes.KINDS,
}

TELLING: Mapping[type, Telling] = {
    m.CatalogueSet: policies.CATALOGUE,
    m.DeliveryStarted: records.STARTED,
    RecordBatch: records.ROWS,
    m.DeliveryCompleted: records.COMPLETED,
    m.PolicyPublished: policies.PUBLISHED,
    m.PolicyWithdrawn: policies.WITHDRAWN,
    m.CoverageStated: coverage.STATED,
    m.CoverageWithdrawn: coverage.WITHDRAWN,
    m.CheckAnswered: policies.ANSWERED,
    m.Tick: days.TICKED,
    m.EditionCut: policies.CUT,
    m.IdentityMerged: identities.MERGED,
    m.IdentitySplit: identities.SPLIT,
    m.OutcomeReported: outcomes.REPORTED,
    m.HoldDecided: outcomes.DECIDED,
}

__all__ = ["KINDS", "TELLING"]
