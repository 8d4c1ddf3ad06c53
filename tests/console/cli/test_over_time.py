"""Verbs about time and amendments: forecast, policy diff, policy history, withdraw --since, and --as-of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from console.demo.district import district as make_district
from console.text.forecasts import DayGrouping, period
from policies.language.lifecycle import WORDS, Event
from tests.console.conftest import Run

POLICY = "elderly-uninsured"
BOTH = ("--by", "王芳", "--approved-by", "李强")


@pytest.fixture
def at(run: Run, district: Path, tmp_path: Path) -> Run:
    """``huimin`` in a copy of the district's workspace, which may be written to."""
    place = tmp_path / "w"
    shutil.copytree(district, place)
    return lambda *words: run(*words, "--workspace", place)


def data(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def tokens_on_list(at: Run, *words: str) -> set[str]:
    return {row["subject"] for row in data(at("candidates", "list", POLICY, "--json", *words))}


def draft(tmp_path: Path, start: str = "2026-10-01", age: int = 65) -> Path:
    """Write a second version with another age and first day."""
    text = (tmp_path / "w/policies" / f"{POLICY}.yaml").read_text(encoding="utf-8")
    text = text.replace("version: 1", "version: 2", 1).replace("value: 70", f"value: {age}").replace("from: 2026-10-01", f"from: {start}")
    path = tmp_path / "second.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def no_identity(value: object) -> bool:
    return not any(number in json.dumps(value, default=str) for number in make_district(1500, 310107)["hukou"]["id_number"].to_list())


def test_a_forecast_is_the_list_of_that_day(at: Run) -> None:
    """Today's list with the entries and exits of the forecast is the list of --as-of; nothing is changed."""
    before = tokens_on_list(at)

    forecast = data(at("forecast", POLICY, "--days", "60", "--json"))
    moved = [(row["change"], subject) for row in forecast["rows"] for subject in row["subjects"]]
    now = set(before)
    for change, subject in moved:
        (now.add if change == "entered" else now.discard if change == "left" else lambda _: None)(subject)

    assert now == tokens_on_list(at, "--as-of", forecast["until"])
    assert forecast["listed"] == {"start": len(before), "until": len(now)}
    assert (forecast["entered"], forecast["left"], forecast["changed"]) == tuple(
        sum(change == word for change, _ in moved) for word in ("entered", "left", "changed")
    )
    assert {turn["kind"] for turn in forecast["turns"]} >= {"coverage"}
    assert all(row["why"]["kind"] == "criterion" and row["division"] for row in forecast["rows"]) and forecast["rows"]
    assert tokens_on_list(at) == before and no_identity(forecast)


@pytest.mark.parametrize("by", list(DayGrouping))
def test_a_forecast_is_told_in_sentences(at: Run, by: DayGrouping) -> None:
    """The table and the totals, in both languages."""
    english = at("forecast", POLICY, "--days", "60", "--by", by.value, "--lang", "en").output
    chinese = at("forecast", POLICY, "--days", "60", "--by", by.value).output

    assert "In 60 days, if no record arrives:" in english and "coverage of" in english and "→ unknown" in english
    assert "60 天内若没有新记录：" in chinese and "由成立变为待定" in chinese


def test_weeks_and_months_are_named() -> None:
    """A week is named by its Monday and Sunday, also across the end of a month."""
    from datetime import date

    assert period(date(2026, 11, 30), DayGrouping.WEEK) == "2026-11-30…12-06"
    assert period(date(2026, 11, 16), DayGrouping.WEEK) == period(date(2026, 11, 22), DayGrouping.WEEK) == "2026-11-16…22"
    assert (period(date(2026, 11, 22), DayGrouping.DAY), period(date(2026, 11, 22), DayGrouping.MONTH)) == ("2026-11-22", "2026-11")


def test_a_comparison_is_what_publishing_brings(at: Run, tmp_path: Path) -> None:
    """The entries and exits of the comparison are those of publishing, by the changed criterion; the preview has the same."""
    path, before = draft(tmp_path), tokens_on_list(at)

    comparison = data(at("policy", "diff", POLICY, path, "--json"))
    preview = data(at("policy", "preview", path, "--json"))
    assert tokens_on_list(at) == before
    changes = data(at("policy", "publish", path, *BOTH, "--yes", "--json"))["changes"]
    again = data(at("policy", "diff", f"{POLICY}@1", f"{POLICY}@2", "--json"))

    entered = {person["subject"] for person in comparison["people"] if person["change"] == "entered"}
    assert entered == {line["subject"] for line in changes if line["change"] == "entered"} and entered
    assert {tuple(person["criteria"]) for person in comparison["people"] if person["change"] == "entered"} == {("age70",)}
    assert comparison["entered"] == len(entered) and comparison["left"] == 0
    assert comparison["criteria"][0] | {"people": 0, "alone": 0} == {
        "change": "entered", "version": "old", "criterion": "age70", "people": 0, "alone": 0,
    }  # fmt: skip
    assert [criterion["criterion"] for criterion in comparison["rules"]["criteria"]] == ["age70"]
    assert preview["difference"] == comparison and (preview["entered"], preview["left"]) == (comparison["entered"], 0)
    assert again["people"] == comparison["people"] and no_identity(comparison)


def test_a_comparison_is_told_in_tables(at: Run, tmp_path: Path) -> None:
    """It prints rules, verdicts, criteria with articles, and streets; people only with --people, up to the limit."""
    path = draft(tmp_path, "2027-01-01")

    english = at("policy", "diff", POLICY, path, "--lang", "en").output
    people = at("policy", "diff", POLICY, path, "--people", "--limit", "1", "--lang", "en").output
    chinese = at("policy", "diff", POLICY, path).output
    preview = at("policy", "preview", draft(tmp_path), "--lang", "en").output

    for words in ("≥ 70 → ", "would enter", "Verdicts: old", "By criterion", "第一条", "By street", "is not in force on"):
        assert words in english
    assert "Only the first 1 are shown" in people and "Only the first" not in english
    assert "逐条" in chinese and "分街镇" in chinese and "不在施行期内" in chinese
    assert "would enter" in preview and "By criterion" in preview


@pytest.mark.parametrize(
    ("old", "new", "words", "code"),
    [
        (POLICY, "nothing", "nothing", 2),
        (f"{POLICY}@7", POLICY, f"{POLICY}@1", 2),
        (f"{POLICY}@one", POLICY, f"{POLICY}@1", 2),
        (POLICY, "nowhere.yaml", "nowhere.yaml", 2),
        (POLICY, "relocation-hardship", "person", 3),
    ],
)
def test_versions_that_cannot_be_compared(run: Run, district: Path, old: str, new: str, words: str, code: int) -> None:
    """An unknown policy, version or file, or another kind of subject: an exit code, and what was expected."""
    result = run("policy", "diff", old, new, "--workspace", district)

    assert (result.exit_code, words in result.stderr) == (code, True)


def test_drafts_are_compared_today_where_there_is_no_data(run: Run, tmp_path: Path) -> None:
    """A workspace without data has no day: the comparison is for today."""
    run("init", "--example")
    draft = tmp_path / "w" / "policies" / "dibao.yaml"
    other = tmp_path / "other.yaml"
    other.write_text(draft.read_text("utf-8").replace("version: 1\n", "version: 2\n"), "utf-8")

    result = run("policy", "diff", draft, other)

    assert result.exit_code == 0
    assert "（2026-10-15）" in result.output and "1970" not in result.output


def test_a_withdrawal_reaches_back(at: Run, tmp_path: Path) -> None:
    """The list is emptied; history, explanations and lists name the day and the reason; days before stay as they were."""
    before, subject = tokens_on_list(at), sorted(tokens_on_list(at))[0]
    data(at("policy", "publish", draft(tmp_path, "2026-11-01"), *BOTH, "--yes", "--json"))
    since = ("--since", "2026-11-10", "--reason", "上位文件废止", "--yes")

    withdrawal = data(at("policy", "withdraw", POLICY, *BOTH, *since, "--json"))
    history = data(at("policy", "history", POLICY, "--json"))

    assert {line["cause"]["kind"] for line in withdrawal["changes"]} == {"withdrawal"} and len(withdrawal["changes"]) >= len(before)
    assert withdrawal["since"] == "2026-11-10"
    ends = [step for step in history if step["event"] == "withdraw"]
    assert [(step["version"], step["day"], step["since"], step["detail"], step["by"]) for step in ends] == [
        (number, "2026-11-15", "2026-11-10", "上位文件废止", "王芳") for number in (1, 2)
    ]
    for words in (("candidates", "list", POLICY), ("explain", POLICY, subject), ("forecast", POLICY)):
        for day in ((), ("--as-of", "2026-11-10")) if words[0] != "forecast" else ((),):
            refused = at(*words, *day, "--lang", "en")
            assert refused.exit_code == 2 and "withdrawn with effect from 2026-11-10: 上位文件废止" in refused.stderr
    assert "自 2026-11-10 起" in at("policy", "history", POLICY).output
    assert data(at("explain", POLICY, subject, "--as-of", "2026-11-09", "--json"))["version"] == 2
    assert data(at("explain", POLICY, subject, "--as-of", "2026-10-31", "--json"))["version"] == 1
    assert tokens_on_list(at, "--as-of", "2026-11-09") >= tokens_on_list(at, "--as-of", "2026-10-31")
    assert {row["state"] for row in data(at("policy", "list", "--json")) if row["policy"] == POLICY} == {"withdrawn"}


@pytest.mark.parametrize(
    ("since", "reason", "code"), [("2026-11-16", "because", 5), ("2026-09-30", "because", 5), ("2026-11-01", "", 3), ("soon", "because", 2)]
)
def test_a_withdrawal_that_cannot_reach_back_changes_nothing(at: Run, since: str, reason: str, code: int) -> None:
    """A day to come, a day before the policy began, no reason, or no date: refused."""
    before = tokens_on_list(at)

    refused = at("policy", "withdraw", POLICY, *BOTH, "--since", since, "--reason", reason, "--yes")

    assert refused.exit_code == code, refused.output
    assert refused.stderr and tokens_on_list(at) == before


def test_a_history_is_told_in_a_table(at: Run, tmp_path: Path) -> None:
    """It has every version with its days and people, and marks events to come."""
    data(at("policy", "publish", draft(tmp_path, "2026-12-01"), *BOTH, "--yes", "--json"))

    table = at("policy", "history", POLICY, "--lang", "en").output
    steps = data(at("policy", "history", POLICY, "--json"))

    assert [(step["version"], step["event"], step["to_come"]) for step in steps if step["day"] < "2027-01-01"] == [
        (1, "publish", False),
        (1, "supersede", True),
        (2, "publish", False),
        (2, "begin", True),
    ]
    assert "in force from 2026-12-01" in table and "by version 2" in table and "still to come" in table and "王芳/李强" in table
    assert WORDS[Event.SUPERSEDE].zh in at("policy", "history", POLICY).output
    assert at("policy", "history", "nothing").exit_code == 2
