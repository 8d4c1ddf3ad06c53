"""Files file at random: the draft of their contract reads every row, gives each column its type, and shows nobody."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contracts.catalogue import load_contract
from connectors.drafts.document import Places
from connectors.drafts.proposal import propose
from connectors.intake.sample import sample_of
from tests.connectors.drafts.office_files import draw_file

RECEIVED = date(2026, 12, 1)


@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl"])
@given(seed=st.integers(0, 10**9), language=st.sampled_from(["zh", "en"]))
def test_the_draft_of_a_file_reads_all_of_it(tmp_path_factory: pytest.TempPathFactory, format: str, seed: int, language: str) -> None:
    """Every row is read, none is quarantined or of nobody; types and parts are those of the columns file; no secret cell is shown."""
    file = draw_file(Random(seed), tmp_path_factory.mktemp("drawn"), format)

    proposal = propose(file.path, "cards", (), Places(), RECEIVED, language)
    sample = sample_of(load_contract(proposal.text, "cards.yaml"), file.path, RECEIVED)

    assert sample.refusal is None, proposal.text
    assert (sample.rows, sample.quarantined, sample.unplaced) == (file.rows, 0, 0), (proposal.text, sample.by_rule)
    assert (sample.blank, sample.passed_over) == (file.blank, file.footers)
    types = {guess.column.title: guess.type for guess in proposal.guesses}
    ends = {"结束日期"} if file.validity else set()
    assert {column.title: types[column.title] for column in file.columns if column.title not in ends} == {
        column.title: column.type for column in file.columns if column.title not in ends
    }
    subject = next(column.title for column in file.columns if column.type == "resident")
    feed = proposal.feed
    assert feed.identify.column == subject and feed.identify.scheme == "cn-resident-id"
    assert feed.many is file.many
    assert feed.key == (file.key or subject)
    assert feed.order == file.order
    assert feed.validity == (("开始日期", "结束日期") if file.validity else None)
    assert [cell for cell in file.secrets if cell in proposal.text] == []
    secret = {column.title for column in file.columns if column.secret}
    assert {field.column for field in feed.fields.values() if field.column in secret and not field.identity} == set()


@given(seed=st.integers(0, 10**9))
def test_a_draft_waits_for_what_only_people_know(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Whoever drafts is asked for source, agreement and rhythm; nothing may be read or shown before they answer."""
    file = draw_file(Random(seed), tmp_path_factory.mktemp("drawn"), "csv")

    proposal = propose(file.path, None, (), Places(), RECEIVED, "en")

    assert proposal.text.count("QUESTION: ") == len(proposal.questions) >= 4
    assert proposal.feed.agreement.purposes == proposal.feed.agreement.discloses == ()
    assert [source.unit for source in proposal.feed.sources] == ["which-unit"]
    assert Path(file.path).name == "sample.csv" and proposal.feed.name == "sample"
