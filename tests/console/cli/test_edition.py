"""Editions and known-at on the command line, on a district after the demonstration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Run

POLICY = "elderly-allowance"


def data(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_editions_are_a_chain_whose_sum_is_the_list(at: Run) -> None:
    """They are numbered from one, each names the digest before it, their messages have no gap, and verify accepts them."""
    editions = data(at("edition", "list", POLICY, "--json"))

    assert editions
    assert [edition["edition"] for edition in editions] == list(range(1, len(editions) + 1))
    assert [edition["before"] for edition in editions] == ["", *(edition["digest"] for edition in editions[:-1])]
    assert [edition["first"] for edition in editions] == [0, *(edition["last"] + 1 for edition in editions[:-1])]
    facts = data(at("edition", "verify", POLICY, "--json"))
    assert facts["ok"]
    assert facts["listed"] == len(data(at("candidates", "list", POLICY, "--json")))
    lines = data(at("edition", "show", POLICY, 1, "--json"))
    assert len(lines["changes"]) == lines["entered"] + lines["left"] + lines["changed"]
    for words in (("list", POLICY), ("show", POLICY, 1), ("verify", POLICY)):
        assert at("edition", *words, "--lang", "en").exit_code == 0


def test_editions_speak_the_readers_language(at: Run) -> None:
    """The title and the words for changes are in the reader's language."""
    zh, en = (
        [at("edition", *words, "--lang", language).stdout for words in (("list", POLICY), ("show", POLICY, 1))] for language in ("zh", "en")
    )

    assert zh[0].startswith("老年综合津贴") and en[0].startswith("Comprehensive allowance for the elderly")
    lines = zh[1].split("现状态")[2].splitlines()[2:]
    assert lines and all(line.split()[1] == "进入" for line in lines if line.strip())
    assert "entered" in en[1] and "entered" not in zh[1]


def test_a_cut_closes_an_edition_where_something_differs(at: Run) -> None:
    """A second cut gives no edition; an unknown policy is refused."""
    numbers = [data(at("edition", "cut", POLICY, "--json"))["edition"] for _ in range(2)]

    assert numbers[1] is None
    assert data(at("edition", "verify", POLICY, "--json"))["open"] == 0
    assert at("edition", "cut", "nobody", "--json").exit_code == 3
    assert at("edition", "list", "nobody").exit_code == 3
    assert at("edition", "show", POLICY, 999).exit_code == 2


def test_evidence_is_what_it_was_whatever_arrives_since(at: Run, tmp_path: Path) -> None:
    """Written again after months, evidence has the same bytes, and it fits its edition."""
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    which = len(data(at("edition", "list", POLICY, "--json")))
    data(at("edition", "evidence", POLICY, which, "--out", files[0], "--json"))

    assert at("tick", "--yes", "--to", "2027-06-01").exit_code == 0
    facts = data(at("edition", "evidence", POLICY, which, "--out", files[1], "--json"))

    assert files[0].read_bytes() == files[1].read_bytes()
    head, *candidates, _ = map(json.loads, files[0].read_text(encoding="utf-8").splitlines())
    assert head["manifest"] == facts["manifest"]
    assert len(candidates) == facts["candidates"] == head["candidates"] > 0
    assert any(record["row"] for candidate in candidates for leaf in candidate["criteria"] for record in leaf["records"])
    assert all(candidate["missing"] for candidate in candidates if candidate["status"] == "needs_evidence")
    assert data(at("edition", "verify", POLICY, "--evidence", files[0], "--json")) == {"edition": which, "ok": True, "whole": True}
    reasons = data(at("edition", "show", POLICY, which, "--subject", candidates[0]["subject"], "--json"))
    assert (str(reasons["day"]), reasons["status"]) == (head["day"], candidates[0]["status"])


def test_values_in_the_evidence_are_those_a_list_would_hold(at: Run, tmp_path: Path) -> None:
    """Evidence holds only fields that the policy discloses."""
    path = tmp_path / "e.jsonl"
    data(at("edition", "evidence", POLICY, 1, "--out", path, "--json"))

    _, *candidates, _ = map(json.loads, path.read_text(encoding="utf-8").splitlines())

    allowed = set(data(at("policy", "show", POLICY, "--json")).get("discloses", []))
    assert {name for candidate in candidates for name in candidate["disclosed"]} <= allowed or not allowed
    assert not any("found" in leaf or "fields" in leaf for candidate in candidates for leaf in candidate["criteria"])


def test_a_list_and_a_reason_as_they_were_known(at: Run) -> None:
    """By day and by message; a later tick does not change the answer; an impossible moment is refused."""
    now = data(at("candidates", "list", POLICY, "--json"))
    last = data(at("edition", "cut", POLICY, "--json"))["offset"]
    day = data(at("explain", POLICY, now[0]["subject"], "--json"))["day"]
    assert at("tick", "--yes", "--to", "2027-06-01").exit_code == 0

    assert data(at("candidates", "list", POLICY, "--known-at", f"#{last}", "--json")) == now
    assert data(at("candidates", "list", POLICY, "--known-at", day, "--json")) == now
    assert data(at("explain", POLICY, now[0]["subject"], "--known-at", day, "--json"))["day"] == day
    forecast = data(at("explain", POLICY, now[0]["subject"], "--known-at", day, "--as-of", "2027-06-01", "--json"))
    assert forecast["day"] == "2027-06-01"
    for moment, words in (("#99999999", "no message"), ("2031-01-01", "yet to come"), ("2001-01-01", "Nothing was known"), ("#x", "#17")):
        result = at("candidates", "list", POLICY, "--known-at", moment, "--lang", "en")
        assert result.exit_code == 2
        assert words in result.output


@pytest.mark.parametrize("text", ["", "many", "-3", "1 2 3", "400 many", "4000000"])
def test_a_retention_that_cannot_be_read_is_told(at: Run, tmp_path: Path, text: str) -> None:
    """Exit code 2, and the message says what is expected."""
    (tmp_path / "copy" / "retention").write_text(text, encoding="utf-8")

    result = at("tick", "--yes", "--to", "2027-06-01", "--lang", "en")

    assert result.exit_code == 2
    assert "number of days" in result.output
