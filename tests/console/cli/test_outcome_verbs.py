"""The verbs about outcomes: who is kept off a list, until when, and correction requests.

Rules: docs/en/semantics.md, section 17.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.console.conftest import RESEARCH, Run
from tests.console.town import (
    ALLOWANCE,
    HUKOU,
    POLICY,
    RESIDENTS,
    data,
    export_list,
    ingest_text,
    register_row,
    resident,
    tokens,
    write_returned_list,
)

BY = ("--by", "王芳")


def report_outcome(run: Run, *words: str) -> Any:
    return data(run("candidates", "ack", POLICY, *words, *BY, "--json"))


def moves(result: Any) -> list[tuple[str, str, str]]:
    return [(line["policy"], line["change"], line["cause"]["kind"]) for line in result["changes"]]


def test_who_declined_is_kept_off_and_every_verb_says_so(run: Run, town: Path) -> None:
    """The candidate leaves because of the outcome; list, export and explanation agree; other policies do not change."""
    who = export_list(run, town)[0]["代号"]

    report = report_outcome(run, who, "declined", "--on", "2026-10-10")

    assert moves(report) == [(POLICY, "left", "outcome")] and report["new"] is True
    assert report["outcome"]["until"] == "2027-10-10" and report["outcome"]["standing"] == "kept"
    assert who not in tokens(run) and who not in {row["代号"] for row in export_list(run, town)}
    assert who in tokens(run, ALLOWANCE)
    assert "5 in all (5 eligible)" in run("candidates", "list", POLICY, "--lang", "en").stdout
    assert "Kept off by outcomes: 1 (declined 1)." in run("candidates", "list", POLICY, "--lang", "en").stdout
    assert "另有 1 个因反馈不在名单上：不愿办理 1。" in run("candidates", "list", POLICY, "--lang", "zh").stdout
    explanation = run("explain", POLICY, who, "--lang", "zh").stdout
    assert "2026-10-10 查明“不愿办理”，由 王芳 报告。在 2027-10-10 之前不上名单；证据有变则提前恢复。" in explanation
    assert "符合，按规则应列为“符合条件”" in explanation and "名单状态" not in explanation
    assert data(run("explain", POLICY, who, "--json"))["outcome"]["by"] == "王芳"


def test_the_same_again_and_an_earlier_one_change_nothing(run: Run, town: Path) -> None:
    """The message says whether the outcome was known or is an earlier one."""
    who = tokens(run)[0]
    report_outcome(run, who, "declined", "--on", "2026-10-10")

    again = report_outcome(run, who, "不愿办理", "--on", "2026-10-10")
    earlier = run("candidates", "ack", POLICY, who, "contacted", "--on", "2026-10-09", *BY, "--lang", "en")

    assert (again["new"], again["changes"]) == (False, [])
    assert "An outcome of 2026-10-10 counts; this earlier one changes nothing." in earlier.stdout
    assert data(run("explain", POLICY, who, "--json"))["outcome"]["outcome"] == "declined"


def test_contacted_keeps_nobody_off(run: Run, town: Path) -> None:
    """The outcome is noted and the list stays; a later outcome replaces it."""
    who = tokens(run)[0]

    first = report_outcome(run, who, "contacted", "--on", "2026-10-14")
    later = report_outcome(run, who, "enrolled", "--on", "2026-10-15")
    back = report_outcome(run, who, "contacted", "--on", "2026-10-15")

    assert first["changes"] == [] and first["outcome"]["standing"] == "never"
    assert [moves(report) for report in (later, back)] == [[(POLICY, "left", "outcome")], [(POLICY, "entered", "outcome")]]


def test_who_was_unreachable_comes_back_after_a_month(run: Run, town: Path) -> None:
    """The candidate comes back on the first day after the month, without any record."""
    who = tokens(run)[0]
    report_outcome(run, who, "unreachable", "--on", "2026-10-15")

    before = data(run("tick", "--days", "30", "--json"))
    after = data(run("tick", "--days", "1", "--json"))

    assert before["changes"] == []
    assert [(line["subject"], line["change"], line["cause"]) for line in after["changes"]] == [
        (who, "entered", {"kind": "outcome", "detail": "unreachable"})
    ]
    assert who in tokens(run)
    assert "It is over since 2026-11-15 and keeps nobody off." in run("explain", POLICY, who, "--lang", "en").stdout


def test_who_declined_comes_back_when_the_evidence_changes(run: Run, town: Path) -> None:
    """Another date of birth changes the evidence; the same row delivered again does not."""
    who = export_list(run, town)[0]["代号"]
    report_outcome(run, who, "declined")

    same = ingest_text(run, town, "hukou", HUKOU + register_row(0, "2026-10-01"))
    other = ingest_text(run, town, "hukou", HUKOU + register_row(0, "2026-10-02").replace("1950-01-01", "1949-05-05"))

    assert same["changes"] == []
    assert [(line["subject"], line["change"], line["cause"]["kind"]) for line in other["changes"] if line["policy"] == POLICY] == [
        (who, "entered", "evidence")
    ]
    explanation = run("explain", POLICY, who, "--lang", "zh").stdout
    assert "此后证据有变，不再影响名单。" in explanation and "名单状态“符合条件”" in explanation
    assert data(run("explain", POLICY, who, "--json"))["outcome"]["standing"] == "evidence"


def test_a_refuted_criterion_is_a_request_until_its_unit_delivers_anew(run: Run, town: Path) -> None:
    """The request names the row of the file, header counted, and no person; a new version of that record closes it, other records do not."""
    row = export_list(run, town)[2]
    number = resident(2)
    report = report_outcome(run, row["代号"], "not_eligible", "--criterion", "在沪户籍满30年", "--on", "2026-10-14")

    asked = data(run("candidates", "corrections", "--json"))
    ingest_text(run, town, "hukou", HUKOU + register_row(3, "2026-10-05"))
    still = data(run("candidates", "corrections", POLICY, "--unit", "putuo-psb", "--open", "--json"))
    ingest_text(run, town, "hukou", HUKOU + register_row(2, "2026-10-05"))
    closed = data(run("candidates", "corrections", "--json"))

    assert report["outcome"]["criterion"] == "resident30"
    assert report["outcome"]["records"] == [{"feed": "hukou", "unit": "putuo-psb", "delivery": 1, "row": 3}]
    assert [(request["number"], request["policy"], request["criterion"], request["unit"], request["feed"], request["delivery"], request["row"], request["line"], request["open"])
            for request in asked] == [(report["outcome"]["number"], POLICY, "resident30", "putuo-psb", "hukou", 1, 3, 4, True)]  # fmt: skip
    assert still == asked
    assert [(request["open"], request["in_force"]) for request in closed] == [(False, False)]
    assert data(run("candidates", "corrections", "--open", "--json")) == []
    for words in ((), ("--lang", "en"), ("--json",)):
        output = run("candidates", "corrections", *words).stdout
        assert output and not any(secret in output for secret in (number, row["代号"], row["姓名"]))


def test_a_full_replacement_without_the_record_closes_the_request(run: Run, town: Path) -> None:
    """A record that is withdrawn needs no correction."""
    who = export_list(run, town)[5]["代号"]
    report_outcome(run, who, "not_eligible", "--criterion", "age70")
    rows = town / "all.csv"
    rows.write_bytes((HUKOU + "".join(register_row(serial) for serial in range(5))).encode("gb18030"))

    assert run("ingest", "hukou", rows, "--replace").exit_code == 0

    assert [request["open"] for request in data(run("candidates", "corrections", "--json"))] == [False]


def test_requests_go_into_a_file_for_each_unit(run: Run, town: Path) -> None:
    """The columns are in the reader's language, and no person is named. With --unit there is one file, under the given name."""
    rows = export_list(run, town)
    for row in rows[:2]:
        report_outcome(run, row["代号"], "not_eligible", "--criterion", "local")

    several = run("candidates", "corrections", "--out", town / "c.csv", "--lang", "en")
    single = run("candidates", "corrections", "--unit", "putuo-psb", "--out", town / "psb.csv", "--lang", "zh")
    none = run("candidates", "corrections", "--unit", "putuo-social-security", "--out", town / "none.csv")

    assert (several.exit_code, single.exit_code, none.exit_code) == (0, 0, 0)
    english = (town / "c-putuo-psb.csv").read_text(encoding="utf-8-sig")
    chinese = list(csv.DictReader((town / "psb.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert english.splitlines()[0] == "number,policy,criterion,unit,feed,delivery,row,coverage statement,since,state"
    assert [(row["数据源"], row["批次"], row["行"], row["状态"]) for row in chinese] == [
        ("人口登记", "1", "2", "待更正"), ("人口登记", "1", "3", "待更正"),
    ]  # fmt: skip
    assert not any(row[cell] in english for row in rows for cell in ("身份号码", "姓名", "代号"))
    assert not (town / "none.csv").exists() and "没有更正请求" in none.stdout


def test_how_often_the_list_was_right(run: Run, town: Path) -> None:
    """Hit rates by policy, criterion and unit; contacted and unreachable do not count."""
    people = tokens(run)
    for who, words in zip(
        people,
        (
            ("enrolled",),
            ("already_receiving",),
            ("not_eligible", "--criterion", "local"),
            ("wrong_person",),
            ("contacted",),
            ("unreachable",),
        ),
        strict=True,
    ):
        report_outcome(run, who, *words)

    (tally,) = data(run("candidates", "outcomes", "--json"))
    output = run("candidates", "outcomes", POLICY, "--lang", "en").stdout

    assert (tally["policy"], tally["right"], tally["wrong"], tally["hit_rate"]) == (POLICY, 2, 2, 0.5)
    assert tally["criteria"] == [{"criterion": "local", "right": 2, "wrong": 1, "hit_rate": 0.6667}]
    assert tally["units"] == [{"unit": "putuo-psb", "right": 2, "wrong": 1, "hit_rate": 0.6667}]
    assert (tally["kept_off"], tally["next_back"]) == (5, "2026-11-15")
    assert tally["outcomes"]["unreachable"] == 1 and sum(tally["outcomes"].values()) == RESIDENTS
    assert "█████░░░░░ 50%" in output and "███████░░░ 67%" in output and "Kept off now: 5;" in output
    assert data(run("candidates", "outcomes", ALLOWANCE, "--json"))[0]["hit_rate"] is None


def test_a_snapshot_has_the_outcomes(run: Run, town: Path) -> None:
    """They have the token, the outcome, and whether it keeps the subject off the list."""
    first, second, *_ = tokens(run)
    report_outcome(run, first, "not_eligible", "--criterion", "local", "--on", "2026-10-14")
    report_outcome(run, second, "contacted")

    assert run(*RESEARCH, "--out", town / "s.duckdb").exit_code == 0

    with duckdb.connect(str(town / "s.duckdb"), read_only=True) as con:
        rows = con.sql("SELECT policy, outcome, month::VARCHAR, criterion, kept_off, is_latest FROM outcomes ORDER BY 2").fetchall()
        released_tokens = {token for (token,) in con.sql("SELECT subject FROM outcomes").fetchall()}
    assert rows == [
        (POLICY, "contacted", "2026-10-01", None, False, True), (POLICY, "not_eligible", "2026-10-01", "local", True, True),
    ]  # fmt: skip
    assert len(released_tokens) == 2 and not released_tokens & {first, second}


FILLED_ZH = ("已办理", "不愿办理", "不符合条件", "", "已联系", "联系不上")
FILLED_EN = ("enrolled", "Declined", "not_eligible", "", "contacted", "Unreachable")


def came_back(run: Run, town: Path, format: str) -> Path:
    """Write the list that the agency sends back, with five outcomes for six rows; JSON lines are in English and have numbers only."""
    rows = export_list(run, town)
    words = FILLED_EN if format == "jsonl" else FILLED_ZH
    answers = [
        {"反馈": outcome, "反馈日期": "2026/10/14" if outcome else "", "不符合的条件": "未参加基本医疗保险" if at == 2 else ""}
        for at, outcome in enumerate(words)
    ]
    path = town / f"back.{format}"
    if format == "csv":
        return write_returned_list(path, [row | answer for row, answer in zip(rows, answers, strict=True)])
    if format == "xlsx":
        short_rows = [{"代号": row["代号"], **answer} for row, answer in zip(rows, answers, strict=True)]
        pl.DataFrame(short_rows).write_excel(path)
        return path
    lines = [
        {"Resident number": row["身份号码"], "outcome": answer["反馈"], "on": answer["反馈日期"].replace("/", "-"), "criterion": answer["不符合的条件"] and "uninsured"}
        for row, answer in zip(rows, answers, strict=True)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl"])
def test_a_list_that_comes_back_is_noted_whole(run: Run, town: Path, format: str) -> None:
    """In both languages, by token or by number; the same file again changes nothing."""
    file = came_back(run, town, format)
    people = [row["代号"] for row in export_list(run, town)]

    first = data(run("candidates", "ack", POLICY, "--file", file, "--json"))
    again = data(run("candidates", "ack", POLICY, "--file", file, "--json"))
    output = run("candidates", "ack", POLICY, "--file", file, "--lang", "en").stdout

    assert (first["rows"], first["new"], first["without_outcome"], first["known_before"]) == (6, 5, 1, 0)
    assert Counter(moves(first)) == Counter({(POLICY, "left", "outcome"): 4})
    assert tokens(run) == sorted([people[3], people[4]])
    assert data(run("explain", POLICY, people[2], "--json"))["outcome"] | {"number": 0, "records": [], "statements": []} == {
        "number": 0, "subject": people[2], "outcome": "not_eligible", "on": "2026-10-14", "by": "putuo-medical-insurance",
        "criterion": "uninsured", "day": "2026-10-15", "until": "2027-04-14", "standing": "kept", "records": [], "statements": [],
    }  # fmt: skip
    assert (again["new"], again["known_before"], again["changes"]) == (0, 5, [])
    assert "Rows 6, new outcomes 0, noted before 5, with nothing new 1." in output


def test_a_file_with_mistakes_lists_them_all_and_notes_nothing(run: Run, town: Path) -> None:
    """Mistakes are named by row and column, in both languages; no number, name or token is repeated."""
    rows = export_list(run, town)
    bad = [row | {"反馈": "已办理", "反馈日期": "2026-10-14", "不符合的条件": ""} for row in rows]
    bad[0] |= {"反馈": "好了", "反馈日期": "昨天"}
    bad[1] |= {"代号": rows[2]["代号"]}
    bad[2] |= {"反馈日期": "2026-12-01"}
    bad[3] |= {"身份号码": "310107195001010030"}
    bad[4] |= {"身份号码": "", "代号": "1.23E+15"}
    bad[5] |= {"反馈": "不符合条件"}
    file = write_returned_list(town / "bad.csv", bad)

    english, chinese = (run("candidates", "ack", POLICY, "--file", file, "--lang", language) for language in ("en", "zh"))

    assert (english.exit_code, english.stdout) == (3, "")
    places = [
        "row 2, column 反馈",
        "row 3, column 代号",
        "row 4, column 反馈日期",
        "row 5, column 身份号码",
        "row 6, column 代号",
        "row 7, column 不符合的条件",
    ]
    assert [line.partition(": ")[0] for line in english.stderr.splitlines() if line.startswith("row ")] == places
    assert "有 6 处要改，尚未记下任何一行" in chinese.stderr and "第 7 行，“不符合的条件”列：" in chinese.stderr
    for output in (english.stderr, chinese.stderr):
        assert not any(row[cell] in output for row in rows for cell in ("身份号码", "姓名", "代号"))
        assert "310107195001010030" not in output and "昨天" not in output
    assert data(run("candidates", "outcomes", "--json")) == [] and len(tokens(run)) == RESIDENTS


def test_answers_to_checks_come_with_the_outcome(run: Run, town: Path) -> None:
    """A column is named by the question or its id; the answer does not count as changed evidence."""
    rows = export_list(run, town, policy=ALLOWANCE)
    question = rows[0]["待核实事项"]
    people = [row["代号"] for row in rows]
    answers = [("是", "已办理"), ("否", ""), ("是", ""), *[("", "")] * (len(rows) - 3)]
    file = write_returned_list(
        town / "back.csv",
        [row | {question: answer, "反馈": outcome, "反馈日期": "2026-10-15" if outcome else ""} for row, (answer, outcome) in zip(rows, answers, strict=True)],
    )  # fmt: skip

    first = data(run("candidates", "ack", ALLOWANCE, "--file", file, "--json"))
    again = data(run("candidates", "ack", ALLOWANCE, "--file", file, "--json"))

    assert (first["new"], first["answers"]) == (1, 3)
    listed = {row["subject"]: row["status"] for row in data(run("candidates", "list", ALLOWANCE, "--json"))}
    assert people[0] not in listed and people[1] not in listed and listed[people[2]] == "eligible" and listed[people[3]] == "to_check"
    assert (again["new"], again["answers"], again["known_before"], again["changes"]) == (0, 0, 4, [])


WHO = "00000000000000aa"


@pytest.mark.parametrize(
    ("words", "code", "en"),
    [
        (["ack", POLICY], 2, "one of the two"),
        (["ack", POLICY, WHO, *BY], 2, "Say an OUTCOME, too."),
        (["ack", POLICY, WHO, "declined"], 2, "Say who reports it (--by), too."),
        (["ack", POLICY, WHO, "declined", "--by", " "], 2, "Nobody is known by this token"),
        (["ack", POLICY, resident(1), "declined", *BY], 2, "16 hex digits"),
        (["ack", POLICY, WHO, "declind", *BY], 2, "Did you mean declined?"),
        (["ack", "elderly-uninsure", WHO, "declined", *BY], 2, "Did you mean elderly-uninsured or"),
        (["ack", POLICY, "TOKEN", "not_eligible", *BY], 3, "Name the criterion that was wrong"),
        (["ack", POLICY, "TOKEN", "declined", "--criterion", "local", *BY], 3, "and only there"),
        (["ack", POLICY, "TOKEN", "not_eligible", "--criterion", "locl", *BY], 3, "Did you mean local?"),
        (["ack", POLICY, "TOKEN", "declined", "--on", "2026-10-16", *BY], 3, "which is still to come"),
        (["ack", POLICY, "TOKEN", "declined", "--by", " "], 3, "needs the name of who reports it"),
        (["outcomes", "elderly-uninsure"], 2, "Did you mean elderly-uninsured or"),
        (["corrections", "--unit", "putuo"], 2, "There is no such unit"),
        (["corrections", "--out", "c.xlsx"], 2, "written as .csv"),
    ],
)  # fmt: skip
def test_mistakes_are_a_sentence_and_change_nothing(run: Run, town: Path, words: list[str], code: int, en: str) -> None:
    """An exit code, no traceback, and not the number that was typed."""
    token = tokens(run)[0]

    result = run("--lang", "en", "candidates", *(token if word == "TOKEN" else word for word in words))

    assert (result.exit_code, result.stdout) == (code, "")
    assert en in result.stderr and resident(1) not in result.stderr and "Traceback" not in result.stderr
    assert data(run("candidates", "outcomes", "--json")) == []
