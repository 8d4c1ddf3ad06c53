"""Feeds as their contracts describe them, and contracts that are added or changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.workspace.library import library
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError, Invalid
from policies.values import Kind
from services.feeds.contracts import add_feed, described_feed, described_feeds
from services.feeds.growth import contract_additions, contract_history
from services.results import plain
from streams.language.messages import Tick

PENSION = (library() / "feeds" / "pension.yaml").read_text(encoding="utf-8")


def test_a_feed_is_described_by_its_contract(example: Workspace) -> None:
    """As one of the list: sources with their units, fields with what they hold, the agreement and the bounds."""
    pension = described_feed(example, "pension")

    assert pension in described_feeds(example) and (pension.subject, pension.cardinality) == (Kind.PERSON, "many")
    assert [(source.unit, bool(source.contact)) for source in pension.sources] == [("putuo-social-security", True)]
    assert [(field.name, field.type, field.unit) for field in pension.fields] == [("amount", "decimal", "CNY/month")]
    assert plain(pension, "en")["bounds"] == {"shrinks_to": 0.95, "late_after": "P2M", "moves": 0.1}
    with pytest.raises(HuiminError, match="pension"):
        described_feed(example, "pensions")


def test_a_feed_is_added_once(example: Workspace, tmp_path: Path) -> None:
    """Under its own name, wherever the file lay."""
    contract = tmp_path / "draft.yaml"
    contract.write_text(PENSION.replace("feed: pension", "feed: pension_again"), encoding="utf-8")

    added = add_feed(example, contract)

    assert (added.file, described_feed(example, "pension_again").feed) == ("feeds/pension_again.yaml", "pension_again")
    with pytest.raises(Conflict):
        add_feed(example, contract)
    contract.write_text(PENSION.replace("subject: person", "subject: parson").replace("feed: pension", "feed: third"), encoding="utf-8")
    with pytest.raises(Invalid):
        add_feed(example, contract)
    assert not (example.root / "feeds" / "third.yaml").exists()


def test_a_contract_that_grows_says_what_it_adds(example: Workspace, tmp_path: Path) -> None:
    """Beforehand, and behind the next write by the day; before that write the workspace has not changed."""
    with example.writing() as host:
        host.submit(Tick(date(2026, 10, 15)))
    changed = tmp_path / "pension.yaml"
    changed.write_text(PENSION.replace("fields:\n", "fields:\n  band: {type: int, min: 0, max: 9, title: {zh: 档, en: band}}\n"), "utf-8")

    additions = contract_additions(example, [changed])

    assert [(addition.feed, addition.path, addition.readers) for addition in additions] == [("pension", "fields.band", 0)]
    assert [change.message.en for change in contract_history(example, "pension").changes] == ["came into effect"]
    changed.replace(example.root / "feeds" / "pension.yaml")
    with example.writing() as host:
        host.submit(Tick(date(2026, 10, 16)))
    first, second = contract_history(example, "pension").changes
    assert (first.day, second.day) == (None, date(2026, 10, 15)) and "band" in second.message.en
