"""Holds on the command line of both hosts: half a feed arrives, and its exits are held back, released or rejected."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from infra.workspace.ports import parts
from infra.workspace.workspace import Workspace
from streams.network.network_host import NetworkHost
from tests.connectors.samples import resident
from tests.console.conftest import RESEARCH, Run
from tests.console.holding import ON_ROLL, PEOPLE, POLICY, HoldWorkspace, place, town
from tests.docs.pages import ROOT
from tests.streams.topics import Bodies, Silent

HALF = [*range(1, 31), 61]
"""Half of the roll, and a new person."""
WHY = (*PEOPLE, "--reason", "单位已确认")


@pytest.fixture(params=["embedded", "network"])
def at(request: pytest.FixtureRequest, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HoldWorkspace:
    """The workspace: once alone, once on a network whose workers send nothing."""
    if request.param == "network":
        topic: Any = Bodies()

        def network_host(self: Workspace, prefix: str) -> NetworkHost:
            return NetworkHost(self.folder("state") / prefix, parts(), topic, cast(Any, Silent()))

        monkeypatch.setattr(Workspace, "network", "n")
        monkeypatch.setattr(Workspace, "_on_network", network_host)
        monkeypatch.setattr("services.network.MATCHING_SECONDS", 0)
    return town(run, tmp_path)


def move_counts(result: Any) -> Counter[tuple[str, str]]:
    """The number of lines, by change and cause."""
    return Counter((line["change"], line["cause"]["kind"]) for line in result["changes"])


def subjects(entries: list[dict[str, Any]]) -> set[str]:
    return {entry["subject"] for entry in entries}


def test_half_a_feed_takes_nobody_off_and_is_rejected(at: HoldWorkspace) -> None:
    """The exits are held back, the entry is told. Rejected, the list stays; the whole feed dissolves the hold without a line."""
    before = subjects(at.candidates())

    moves = move_counts(at.data(*at.roll("half.csv", HALF)))
    (hold,) = at.holds()
    rows = at.candidates()
    rejected = move_counts(at.data("holds", "reject", hold["hold"], *WHY))
    after = at.holds()
    whole = move_counts(at.data(*at.roll("again.csv", [*ON_ROLL, 61])))

    assert moves == {("entered", "record"): 1} and len(before) == 60
    assert (hold["kind"], hold["about"], hold["standing"]) == ("record", "low_income civil 2", "undecided")
    assert hold["lists"] == [{"policy": POLICY, "side": "exits", "count": 30}]
    assert subjects(rows) > before and len(rows) == 61
    assert Counter(row["held"] for row in rows) == {None: 31, hold["hold"]: 30}
    assert rejected == {} and [entry["standing"] for entry in after] == ["rejected"] and after[0]["lists"] == hold["lists"]
    assert whole == {} and at.holds() == []
    (past,) = at.holds("--all")
    assert (past["standing"], past["by"], past["approved_by"], past["reason"], past["lists"]) == (
        "rejected",
        "王芳",
        "李强",
        "单位已确认",
        [],
    )
    assert {row["held"] for row in at.candidates()} == {None} and len(at.candidates()) == 61


def test_what_is_right_is_released(at: HoldWorkspace) -> None:
    """The exits are told with the release as their cause; the decision is final."""
    at.run_ok(*at.roll("half.csv", HALF))
    (hold,) = at.holds()
    whom = subjects(at.data("holds", "show", hold["hold"])["people"])

    release = at.data("holds", "release", hold["hold"], *WHY)
    again = at.run("holds", "reject", hold["hold"], *WHY, "--lang", "en")

    assert move_counts(release) == {("left", "release"): 30} and subjects(release["changes"]) == whom
    assert {line["cause"]["detail"] for line in release["changes"]} == {hold["hold"]}
    assert len(at.candidates()) == 31 and at.holds() == [] and at.holds("--all")[0]["standing"] == "released"
    assert (again.exit_code, "cannot be changed" in again.stderr) == (5, True)


def test_a_whole_feed_dissolves_what_nobody_decided(at: HoldWorkspace) -> None:
    """A dissolved hold needs no decision."""
    at.run_ok(*at.roll("half.csv", HALF))

    whole = move_counts(at.data(*at.roll("again.csv", [*ON_ROLL, 61])))

    assert whole == {} and at.holds() == [] and at.holds("--all")[0]["standing"] == "dissolved"
    assert all(finding["code"] != "held" for finding in at.data("doctor"))
    assert "nothing to do" in at.run_ok("holds", "show", at.holds("--all")[0]["hold"], "--lang", "en").stdout


def test_what_was_rejected_can_be_released_later(at: HoldWorkspace) -> None:
    """It can be released, but not rejected again."""
    at.run_ok(*at.roll("half.csv", HALF))
    id = at.holds()[0]["hold"]
    at.run_ok("holds", "reject", id, *WHY)

    twice = at.run("holds", "reject", id, *WHY)
    moves = move_counts(at.data("holds", "release", id, *WHY))

    assert (twice.exit_code, "仍可放行" in twice.stderr) == (5, True)
    assert moves == {("left", "release"): 30}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_is_told_where_it_happens(run: Run, tmp_path: Path, language: str) -> None:
    """A hold is one sentence on stderr, also with --json; it is the sentence of docs/en/operations.md, and it comes once."""
    at = town(run, tmp_path)
    page = (ROOT / "docs" / language / "operations.md").read_text(encoding="utf-8")
    promised = re.search(r"^```text\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert promised is not None

    half = at.run_ok(*at.roll("half.csv", HALF), "--lang", language, "--json")
    same = at.run_ok("tick", "--days", "1", "--lang", language)

    (sentence,) = [line for line in half.stderr.splitlines() if line.strip()]
    assert sentence == re.sub(r"\bh12\b", at.holds()[0]["hold"], promised[1])
    assert same.stderr == ""


def test_it_is_told_where_the_verb_ends_early(run: Run, tmp_path: Path) -> None:
    """The first of two files opens a hold, the second cannot be read: both are reported."""
    at = town(run, tmp_path)
    (tmp_path / "broken.csv").write_bytes(b"roll_no,id_number\n\xff\xfe\n")

    ended = run(*at.roll("half.csv", HALF), tmp_path / "broken.csv", "--lang", "en")

    assert ended.exit_code == 3 and "Held back (" in ended.stderr and "broken.csv" in ended.stderr


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", {"list": "移出“冬季取暖补助”名单 30 人", "where": "待决定", "rows": "只有 31 行；上一次全量（第 1 批）有 60 行，不到约定的 0.8",
                "ask": "请民政局（021-00000004）确认", "now": "不在名单上", "below": "30 人的移出已暂缓", "mark": "符合条件（暂缓移出）",
                "why": "移出已暂缓", "rule": "按规则不在名单上", "days": "已暂缓 2 天待决定", "none": "没有暂缓的变动。"}),
        ("en", {"list": "30 people off the list Winter heating allowance", "where": "undecided", "rows": "of 31 rows; the one before it (delivery 1) had 60",
                "ask": "Ask the Civil affairs (021-00000004)", "now": "not listed", "below": "Exits of 30 people held back", "mark": "eligible (held back)",
                "why": "The exit is held back", "rule": "not listed by the rule", "days": "undecided for 2 days", "none": "Nothing is held back."}),
    ],
)  # fmt: skip
def test_it_is_said_wherever_somebody_looks(run: Run, tmp_path: Path, language: str, words: dict[str, str]) -> None:
    """The hold is shown in the lists of holds and candidates, in its details, in explanations, and by the doctor until the decision."""
    at = town(run, tmp_path)

    def output(*line: str) -> str:
        return str(at.run_ok(*line, "--lang", language).stdout)

    empty = output("holds", "list")
    at.run_ok(*at.roll("half.csv", HALF))
    at.run_ok("tick", "--days", "2")
    id = at.holds()[0]["hold"]
    who = next(row["subject"] for row in at.candidates() if row["held"])
    show = output("holds", "show", id, "--limit", "3")

    assert words["none"] in empty
    assert all(words[name] in output("holds", "list") for name in ("list", "where"))
    assert all(words[name] in show for name in ("list", "where", "rows", "ask", "now"))
    assert len(re.findall(r"^ [0-9a-f]{16} ", show, re.MULTILINE)) == 3
    assert f"huimin holds release {id}" in show and f"huimin holds reject {id}" in show
    assert words["below"] in output("candidates", "list", POLICY)
    assert output("candidates", "list", POLICY, "--limit", "0").count(words["mark"]) == 30
    assert words["why"] in output("explain", POLICY, who) and words["days"] in output("doctor")
    assert words["rule"] in output("explain", POLICY, who)
    assert at.data("explain", POLICY, who)["held"] == {"hold": id, "told": "eligible"}
    at.run_ok("holds", "reject", id, *WHY)
    assert words["days"] not in output("doctor") and words["why"] in output("explain", POLICY, who)


def test_a_hold_is_shown_as_data(run: Run, tmp_path: Path) -> None:
    """The JSON has all people, whatever the limit of the table, the rows of the delivery, and the advice."""
    at = town(run, tmp_path)
    at.run_ok(*at.roll("half.csv", HALF))

    details = at.data("holds", "show", at.holds()[0]["hold"], "--limit", "1", "--lang", "en")

    assert details["rows"] == {"now": 31, "before": 60} and len(details["people"]) == 30
    assert {(person["policy"], person["side"], person["told"], person["found"], person["division"]) for person in details["people"]} == {
        (POLICY, "exits", "eligible", None, "310107020")
    }
    assert len(details["look"]) == 3 and len(details["todo"]) == 4


def test_an_amendment_that_takes_many_off(at: HoldWorkspace) -> None:
    """People too young for the second version stay on the list until the hold is released; the advice compares the versions."""
    moves = move_counts(at.data("policy", "publish", at.draft(2, 70), *PEOPLE, "--yes"))
    (hold,) = at.holds()
    show = {language: at.run_ok("holds", "show", hold["hold"], "--lang", language).stdout for language in ("zh", "en")}
    released = move_counts(at.data("holds", "release", hold["hold"], *WHY))

    assert moves == {} and (hold["kind"], hold["about"]) == ("amendment", f"{POLICY}@2")
    assert hold["lists"] == [{"policy": POLICY, "side": "exits", "count": 27}]
    assert all(f"huimin policy diff {POLICY}@1 {POLICY}@2" in text for text in show.values())
    assert "修订为第 2 版" in show["zh"] and "amended to version 2" in show["en"]
    assert released == {("left", "release"): 27} and len(at.candidates()) == 33


def test_days_that_pass_while_a_feed_is_late(at: HoldWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the feed is late, people who turn ninety stay on the list; the advice names the unit to ask."""
    monkeypatch.setenv("HUIMIN_TODAY", "2026-10-25")
    late = at.run("tick", "--to", "2026-10-25", "--lang", "en")
    (hold,) = at.holds()
    show = {language: at.run_ok("holds", "show", hold["hold"], "--lang", language).stdout for language in ("zh", "en")}
    at.run_ok(*at.statement("s-new", "2026-10-25"))
    timely = at.run_ok("holds", "show", hold["hold"], "--lang", "en").stdout
    released = move_counts(at.data("holds", "release", hold["hold"], *WHY))

    assert "days that pass while Low income roll is late: 3 people off the list" in late.stderr
    assert (hold["kind"], hold["about"], hold["lists"][0]["count"]) == ("day", "low_income", 3)
    assert "只声明到 2026-10-14，已迟到：请民政局" in show["zh"] and "stated to 2026-10-14 only and is late" in show["en"]
    assert "is no longer late" in timely and released == {("left", "release"): 3}


def test_statements_that_put_many_onto_a_burden(run: Run, tmp_path: Path) -> None:
    """The first entry is told; the others are held back, and come onto the list with the release."""
    at = place(run, tmp_path)
    text = at.draft(1, 60).read_text(encoding="utf-8")
    burden = text.replace("direction: benefit", "direction: burden\nbounds: {at_least: 10}").replace("quantifier: some", "quantifier: none")
    (tmp_path / "burden.yaml").write_text(burden, encoding="utf-8")
    at.run_ok("policy", "publish", tmp_path / "burden.yaml", *PEOPLE, "--yes")

    (tmp_path / "asked.csv").write_text(f"id_number\n{resident(61)}\n", encoding="utf-8")
    asked = {"format": 1, "statement": "s-61", "feed": "low_income", "unit": "civil", "subjects": "asked.csv", "complete_to": "2026-10-14"}
    (tmp_path / "s-61.jsonl").write_text(json.dumps(asked) + "\n", encoding="utf-8")
    at.run_ok("feed", "coverage", tmp_path / "s-61.jsonl")

    stated = at.run_ok(*at.statement("s-roll", "2026-10-14"), "--lang", "en")
    (hold,) = at.holds()
    person = at.data("holds", "show", hold["hold"])["people"][0]
    show = at.run_ok("holds", "show", hold["hold"]).stdout
    below = {language: at.run_ok("candidates", "list", POLICY, "--lang", language).stdout for language in ("zh", "en")}
    beside = {language: at.run_ok("explain", POLICY, person["subject"], "--lang", language).stdout for language in ("zh", "en")}
    before, released = at.candidates(), move_counts(at.data("holds", "release", hold["hold"], *WHY))

    assert "statement s-roll on Low income roll: 19 people onto the list" in stated.stderr
    assert (hold["kind"], hold["lists"]) == ("coverage", [{"policy": POLICY, "side": "entries", "count": 19}])
    assert (person["told"], person["found"]) == (None, "eligible")
    assert "请民政局（021-00000004）确认声明 s-roll" in show
    assert "19 人的列入已暂缓" in below["zh"] and "Entries of 19 people held back" in below["en"]
    assert "列入已暂缓" in beside["zh"] and "The entry is held back" in beside["en"]
    assert "按规则应列为“符合条件”" in beside["zh"] and "eligible by the rule" in beside["en"]
    assert len(before) == 1 and released == {("entered", "release"): 19}


@pytest.mark.parametrize(
    ("id", "people", "code", "words"),
    [
        ("h0", WHY, 2, "There is no such hold. There are: h"),
        (None, ("--by", "王芳", "--approved-by", "王 芳", "--reason", "x"), 5, "same person"),
        (None, ("--by", "王芳", "--approved-by", " ", "--reason", "x"), 5, "Add them"),
        (None, (*PEOPLE, "--reason", " "), 2, "--reason"),
        (None, PEOPLE, 2, "--reason"),
    ],
)  # fmt: skip
def test_decisions_that_are_none(run: Run, tmp_path: Path, id: str | None, people: tuple[str, ...], code: int, words: str) -> None:
    """An unknown hold, one person alone, or no reason: refused in a sentence, and nothing changes."""
    at = town(run, tmp_path)
    at.run_ok(*at.roll("half.csv", HALF))
    before = at.holds()

    for verb in ("release", "reject"):
        refused = run("holds", verb, id or before[0]["hold"], *people, "--lang", "en")
        assert (refused.exit_code, words in refused.stderr) == (code, True), refused.output

    assert at.holds() == before


def test_where_nothing_was_ever_held(run: Run, tmp_path: Path) -> None:
    """The message says that there are no holds at all."""
    place(run, tmp_path)

    assert "没有任何暂缓" in run("holds", "show", "h1").stderr


def test_analysts_see_who_is_held_back(run: Run, tmp_path: Path) -> None:
    """The snapshot has a row for each person held back, and one row without a subject for a dissolved hold; its lists are those told."""
    at = town(run, tmp_path)
    at.run_ok(*at.roll("half.csv", HALF))

    def read(name: str) -> list[tuple[Any, ...]]:
        at.run_ok(*RESEARCH, "--out", tmp_path / name)
        with duckdb.connect(str(tmp_path / name), read_only=True) as con:
            query = "SELECT h.*, c.status FROM holds AS h LEFT JOIN candidates AS c USING (policy, subject)"
            return con.sql(query).fetchall()

    half = read("half.duckdb")
    at.run_ok(*at.roll("again.csv", ON_ROLL), "--id", "again")
    whole = read("whole.duckdb")

    assert len(half) == 30 and {(*row[:4], *row[5:]) for row in half} == {(1, "record", None, POLICY, "eligible", None, "eligible")}
    assert [(row[0], *row[3:]) for row in whole] == [(1, None, None, None, None, None)]
