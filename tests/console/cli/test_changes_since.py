"""``huimin candidates changes``: the net of the lines behind an edition or a day, by name and with the reason."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.console.conftest import Run
from tests.console.town import HUKOU as REGISTER
from tests.console.town import MEDICAL, POLICY, RESIDENTS, data, ingest_text, register_row, resident, tokens


def test_leavers_are_named_with_the_criterion_the_outcome_and_the_event(run: Run, town: Path) -> None:
    """One is enrolled, one declines, one moves in: three net changes since the first edition, and none since the last day."""
    subjects = tokens(run)
    enrolled = ingest_text(run, town, "medical_insurance", MEDICAL + f"E9,{resident(0)},2026-10-15,2026-10-15,,正常,居民\n")
    left = enrolled["changes"][0]["subject"]
    declined = next(subject for subject in subjects if subject != left)
    run("candidates", "ack", POLICY, declined, "declined", "--by", "王芳")
    ingest_text(run, town, "hukou", REGISTER + register_row(RESIDENTS + 1, changed="2026-10-15"))

    result = data(run("candidates", "changes", POLICY, "--since", "1", "--json"))
    by_subject = {change["subject"]: change for change in result["changes"]}

    assert result["counts"] == {"entered": 1, "left": 2, "changed": 0}
    assert (by_subject[left]["name"], by_subject[left]["number"]) == ("居民0", resident(0))
    assert by_subject[left]["reason"] == "不再符合：未参加基本医疗保险"
    assert by_subject[left]["event"] == "普陀区医保中心“基本医疗保险参保记录”第 2 批"
    assert by_subject[declined]["reason"] == "反馈“不愿办理”"
    entered = next(change for change in result["changes"] if change["change"] == "entered")
    assert (entered["name"], entered["reason"], entered["street"]) == (f"居民{RESIDENTS + 1}", "符合全部条件", "宜川路")
    assert data(run("candidates", "changes", POLICY, "--since", "2026-10-15", "--json"))["changes"] == []
    assert data(run("candidates", "changes", POLICY, "--since", "2026-10-14", "--json"))["counts"]["entered"] == RESIDENTS - 1


def test_who_left_and_came_back_is_no_change(run: Run, town: Path) -> None:
    """Two lines, no difference to the list as it was told."""
    for day, status in (("2026-10-14", "正常"), ("2026-10-15", "终止")):
        ingest_text(run, town, "medical_insurance", MEDICAL + f"E9,{resident(0)},{day},2026-10-01,,{status},居民\n")

    assert data(run("candidates", "changes", POLICY, "--since", "1", "--json"))["changes"] == []


def test_a_withdrawn_policy_tells_who_was_on_it(run: Run, town: Path) -> None:
    """All have left, because the policy is no longer in force."""
    run("policy", "withdraw", POLICY, "--by", "王芳", "--approved-by", "李强", "--reason", "误发", "--yes")

    result = data(run("candidates", "changes", POLICY, "--since", "1", "--json"))

    assert result["counts"] == {"entered": 0, "left": RESIDENTS, "changed": 0}
    assert {change["reason"] for change in result["changes"]} == {"政策已不再施行"}
    assert all(change["name"] for change in result["changes"])


def test_changes_are_written_as_a_sheet(run: Run, town: Path) -> None:
    """In the reader's language; an unknown edition, a day to come and a word are refused with what was meant."""
    ingest_text(run, town, "medical_insurance", MEDICAL + f"E9,{resident(0)},2026-10-15,2026-10-15,,正常,居民\n")

    file = data(run("candidates", "changes", POLICY, "--since", "1", "--out", town / "c.csv", "--lang", "en", "--json"))
    (row,) = csv.DictReader((town / "c.csv").read_text(encoding="utf-8-sig").splitlines())

    assert file["counts"] == {"entered": 0, "left": 1, "changed": 0}
    assert (row["Change"], row["Name"], row["Why"]) == ("left", "居民0", "no longer met: no active medical insurance")
    for since in ("9", "2027-01-01", "yesterday"):
        assert run("candidates", "changes", POLICY, "--since", since).exit_code == 2
    assert "共 1 期" in run("candidates", "changes", POLICY, "--since", "9").output
