"""Texts of tables and advice: titles, streets, bounds, and a void delivery."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from console.text.needs import owed_places, street_words
from infra.workspace.library import library_catalogue
from policies.values import Text
from services.lists.changes import distinct_titles
from services.policies.needs import CoverageStanding, PlaceCoverage, UnitNeed
from streams.ledgers.registry import Registry
from tests.console.cli.test_delivering import deliver_feeds, publish
from tests.console.conftest import Run

STREETS = ("310107005", "310107014", "310107020")
LATEST = date(2026, 9, 1)


def unit_need(*standings: tuple[CoverageStanding, date | None]) -> UnitNeed:
    """A need with a standing for each of some streets."""
    places = tuple(PlaceCoverage(code, standing, day, 2) for code, (standing, day) in zip(STREETS, standings, strict=False))
    return UnitNeed("hukou", "putuo-psb", (), (), (), None, (), (), True, None, "unknown", 0, places)


def standing_texts(need: UnitNeed) -> list[tuple[str, str, str]]:
    """The standing and the street names of each line."""
    owed = [(places[0].standing, street_words(places, need, library_catalogue())) for places in owed_places(need)]
    return [(standing, words.zh, words.en) for standing, words in owed]


def test_only_streets_that_owe_are_named() -> None:
    """Covered streets are left out, equal standings are one line, and all streets are "all"."""
    some = unit_need(("covered", LATEST), ("stale", LATEST), ("stale", LATEST))
    mixed = unit_need(("missing", None), ("stale", LATEST), ("missing", None))
    every = unit_need(("stale", LATEST), ("stale", LATEST), ("stale", LATEST))

    assert standing_texts(some) == [("stale", "长风新村、宜川路", "Changfeng, Yichuan Road")]
    assert standing_texts(mixed) == [("missing", "曹杨新村、宜川路", "Caoyang, Yichuan Road"), ("stale", "长风新村", "Changfeng")]
    assert standing_texts(every) == [("stale", "全部 3 个街镇", "all 3 streets")]
    assert standing_texts(unit_need(("stale", LATEST))) == [("stale", "曹杨新村", "Caoyang")]
    assert standing_texts(unit_need(("covered", LATEST), ("not_needed", None))) == []


def test_needs_and_letters_say_all_streets(run: Run, district: Path) -> None:
    """Certificates were never delivered; after a year all statements are stale."""
    draft = district / "policies/disability-care-subsidy.yaml"
    words = ("policy", "needs", draft, "--workspace", district)

    table = run(*words, "--lang", "en").output
    letters = run(*words, "--letters").output
    uninsured = district / "policies/elderly-uninsured.yaml"
    later = run("policy", "needs", uninsured, "--workspace", district, "--as-of", "2027-11-15").output

    assert "all 10 streets" in table and "Changfeng" not in table
    assert "尚缺：全部 10 个街镇" in letters and "still missing: all 10 streets" in letters
    assert "已过期" in later and "全部 10 个街镇" in later and "长风新村" not in later


def registry(**titles: str) -> Registry:
    """A registry of policies with these titles."""
    return cast(Registry, SimpleNamespace(title=lambda name: Text(titles[name], titles[name].title())))


def test_two_policies_of_one_title_keep_their_names() -> None:
    """Their names tell them apart."""
    assert distinct_titles("ab", registry(a="补贴", b="津贴")) == {"a": Text("补贴", "补贴"), "b": Text("津贴", "津贴")}
    assert distinct_titles("ab", registry(a="grant", b="grant")) == {
        "a": Text("grant (a)", "Grant (a)"),
        "b": Text("grant (b)", "Grant (b)"),
    }


def test_changes_are_told_by_title(run: Run, tmp_path: Path) -> None:
    """Titles are in the reader's language, also for a policy that was just withdrawn."""
    deliver_feeds(run, tmp_path)
    publish(run, tmp_path)
    withdraw = ("policy", "withdraw", "elderly-uninsured", "--by", "王", "--approved-by", "李", "--yes")

    output = run(*withdraw, "--lang", "en").output

    assert "Enrolment of uninsured elderly residents" in output and "elderly-uninsured" not in output


def test_exports_name_streets(run: Run, district: Path, tmp_path: Path) -> None:
    """By name, not by code."""
    run("candidates", "export", "elderly-allowance", "--out", tmp_path / "a.csv", "--workspace", district)

    rows = list(csv.DictReader((tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()))

    assert {row["登记所在街镇"] for row in rows} >= {"长风新村", "宜川路"} and "区划" not in rows[0]


HEADER = "id_number,monthly_income,changed_at\n"


@pytest.mark.parametrize(("bad", "void"), [(0, False), (1, True)])
def test_a_delivery_that_proves_nothing_says_so(run: Run, tmp_path: Path, bad: int, void: bool) -> None:
    """Too many rows without a readable id: the file is taken in with exit code 0, and a warning says that it proves no absence."""
    run("init", "--example")
    rows = "310107195001011234,7.00,2026-09-01\n" + "nobody,7.00,2026-09-01\n" * bad
    (tmp_path / "a.csv").write_text(HEADER + rows)

    first, again = run("ingest", "income", tmp_path / "a.csv"), run("ingest", "income", tmp_path / "a.csv", "--json")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert ("2 行中 1 行认不出对象，超过约定的比例 0.001" in first.stderr) is void
    assert ("覆盖声明不生效" in first.stderr) is void
    assert json.loads(again.stdout)["deliveries"][0]["repeated"] is True


def test_codes_have_names_where_they_are_known(run: Run, district: Path) -> None:
    """Tables show the code of a division with its name, or the code alone where it has none."""
    outputs = [
        run(*words, "--workspace", district).output for words in (("unit", "list"), ("feed", "show", "occupancy"), ("feed", "coverage"))
    ]

    assert all("310107020 宜川路" in output or "310107014 长风新村" in output for output in outputs)
    assert all("310107 " in output for output in outputs[:2])


def test_a_feeds_bounds_are_shown(run: Run, tmp_path: Path) -> None:
    """In both languages and as JSON, with the time after which the feed is late, if there is one."""
    run("init", "--example")

    bounds = {language: run("feed", "show", "pension", "--lang", language).output.splitlines()[-1] for language in ("zh", "en")}
    contract = tmp_path / "w/feeds/pension.yaml"
    contract.write_text(contract.read_text("utf-8").replace("expected_every: P1M, ", ""), encoding="utf-8")

    assert bounds["zh"] == "界限：声明逾 2个月、全量不足上次的 0.95、一次交付移出超过名单的 0.1"
    assert (
        bounds["en"]
        == "Bounds: a statement older than 2 months, a full file under 0.95 of the last, over 0.1 of a list off in one delivery"
    )
    assert json.loads(run("feed", "show", "pension", "--json").stdout)["bounds"] == {"shrinks_to": 0.95, "late_after": None, "moves": 0.1}
    assert "older than" not in run("feed", "show", "pension", "--lang", "en").output
