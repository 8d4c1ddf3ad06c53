"""Hypothesis strategies for every kind of cause, of instruction to the list stage and of call to a partition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from matchers.matrix.coverage import Statement
from matchers.matrix.erasure import Trace
from matchers.matrix.identity import IdentityCorrection
from policies.values import Kind
from streams.language import causes as c
from streams.lists import instructions as i
from streams.network import calls as p

WORD = st.text("abz-_09年", min_size=1, max_size=8)
WORDS = st.lists(WORD, min_size=1, max_size=3).map(tuple)
NUMBER = st.integers(0, 2**31 - 1)
TOKEN = st.integers(1, 2**64 - 1)
DAY = st.dates()
DELIVERY = st.builds(c.DeliveryName, WORD, WORD, NUMBER)
VERSION = st.builds(c.VersionName, WORD, NUMBER)
RECORD = st.builds(c.RecordCause, DELIVERY, st.booleans())

CAUSES: Mapping[type[Any], st.SearchStrategy[c.Cause]] = {
    c.RecordCause: RECORD,
    c.CoverageCause: st.builds(c.CoverageCause, WORDS),
    c.PublicationCause: st.builds(c.PublicationCause, VERSION),
    c.WithdrawalCause: st.builds(c.WithdrawalCause, WORD),
    c.AmendmentCause: st.builds(c.AmendmentCause, VERSION),
    c.DayCause: st.builds(c.DayCause, DAY),
    c.AnswerCause: st.builds(c.AnswerCause, WORD),
    c.AgreementCause: st.builds(c.AgreementCause, WORD),
    c.IdentityCause: st.builds(c.IdentityCause, st.sampled_from(Kind), st.sampled_from(["merge", "split"])),
    c.OutcomeCause: st.builds(c.OutcomeCause, WORD),
    c.EvidenceCause: st.builds(c.EvidenceCause, WORD),
    c.ReleaseCause: st.builds(c.ReleaseCause, WORD),
    c.ErasureCause: st.builds(c.ErasureCause),
    c.ContractCause: st.builds(c.ContractCause, WORDS),
    c.EngineCause: st.builds(c.EngineCause, NUMBER),
}
ANY_CAUSE = st.one_of(*CAUSES.values())

SHARES = st.dictionaries(WORD, st.fractions(0, 1) | st.floats(0, 1), max_size=3)
INSTRUCTIONS: Mapping[type[Any], st.SearchStrategy[i.Instruction]] = {
    i.SetBounds: st.builds(i.SetBounds, DAY, WORD, NUMBER, WORD, NUMBER, st.fractions(0, 1), SHARES, WORDS),
    i.LiftBounds: st.builds(i.LiftBounds, DAY, WORD, ANY_CAUSE),
    i.RecordOutcome: st.builds(i.RecordOutcome, DAY, WORD, TOKEN, WORD, st.booleans()),
    i.EndOutcome: st.builds(i.EndOutcome, DAY, WORD, TOKEN, WORD),
    i.SetLateFeeds: st.builds(i.SetLateFeeds, DAY, WORDS),
    i.HoldAllExits: st.builds(i.HoldAllExits, DAY, RECORD),
    i.NameCoveredFeed: st.builds(i.NameCoveredFeed, DAY, WORD),
    i.CloseDelivery: st.builds(i.CloseDelivery, DAY, DELIVERY),
    i.EraseSubject: st.builds(i.EraseSubject, DAY, TOKEN, TOKEN),
    i.FreeSubject: st.builds(i.FreeSubject, DAY, TOKEN, ANY_CAUSE),
    i.DecideHold: st.builds(i.DecideHold, DAY, WORD, WORD, WORD, WORD, WORD),
}
ANY_INSTRUCTION = st.one_of(*INSTRUCTIONS.values())

STATEMENTS = st.lists(
    st.builds(Statement, WORD, st.integers(0, 9), st.none() | WORD, st.lists(TOKEN, max_size=3).map(tuple), DAY), max_size=3
).map(tuple)
RECORDS = st.lists(st.tuples(WORD, NUMBER, TOKEN), max_size=2).map(tuple)
CORRECTION = st.builds(IdentityCorrection, st.sampled_from(Kind), TOKEN, TOKEN, RECORDS)
CALLS: Mapping[type[Any], st.SearchStrategy[p.PartitionCall]] = {
    p.CatalogueCall: st.builds(p.CatalogueCall, WORD, st.dictionaries(WORD, WORD, max_size=3), DAY, st.none() | WORDS),
    p.RowsCall: st.builds(p.RowsCall),
    p.ReplaceCall: st.builds(p.ReplaceCall, WORD, NUMBER, NUMBER),
    p.PublishCall: st.builds(p.PublishCall, WORD, NUMBER, WORD, NUMBER),
    p.UpgradeCall: st.builds(p.UpgradeCall, NUMBER),
    p.WithdrawCall: st.builds(p.WithdrawCall, WORD),
    p.CoverCall: st.builds(p.CoverCall, STATEMENTS),
    p.AnswerCall: st.builds(p.AnswerCall, WORD, TOKEN, WORD, st.booleans()),
    p.CorrectCall: st.builds(
        p.CorrectCall, CORRECTION, st.lists(st.tuples(WORD, TOKEN, WORD, st.none() | st.booleans()), max_size=2).map(tuple)
    ),
    p.EraseCall: st.builds(p.EraseCall, TOKEN, TOKEN, STATEMENTS, st.lists(st.tuples(WORD, TOKEN, WORD), max_size=2).map(tuple)),
    p.ForgetCall: st.builds(p.ForgetCall, TOKEN, st.lists(st.builds(Trace, WORD, *[NUMBER] * 5), max_size=2).map(tuple)),
    p.WatchCall: st.builds(p.WatchCall, WORD, TOKEN, st.booleans()),
    p.TickCall: st.builds(p.TickCall, DAY),
}
ANY_CALL = st.one_of(*CALLS.values())
