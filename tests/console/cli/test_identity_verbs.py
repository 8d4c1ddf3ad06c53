"""``huimin identity``: merge, split and list, by token or by a file of numbers; messages repeat no number."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.console.cli.test_delivering import STATEMENTS, deliver_feeds, publish
from tests.console.conftest import Run

A, B = "00000000000000aa", "00000000000000bb"
PEOPLE = ("--by", "王芳", "--approved-by", "李强", "--reason", "证件换号")
POLICY = "elderly-uninsured"


class TwoPersons(NamedTuple):
    """The numbers of a person on the list and of an insured person, the enrolment of the second, and both names."""

    listed: str
    insured: str
    enrolment: str
    names: dict[str, str]


@pytest.fixture
def two(run: Run, tmp_path: Path) -> TwoPersons:
    """A small district with a list; merging the two persons takes the first off the list."""
    frames = deliver_feeds(run, tmp_path)
    (tmp_path / "coverage.jsonl").write_text("".join(json.dumps(line) + "\n" for line in STATEMENTS), encoding="utf-8")
    run("feed", "coverage", tmp_path / "coverage.jsonl")
    publish(run, tmp_path)
    persons = {row["id_number"]: row for row in frames["hukou"].to_dicts()}
    listed = export_list(run, tmp_path)[0]["身份号码"]
    enrolled = next(r for r in frames["medical_insurance"].to_dicts() if r["status"] in ("active", "正常") and not r["valid_to"])
    assert enrolled["id_number"] != listed
    names = {number: persons[number]["name"] for number in (listed, enrolled["id_number"])}
    return TwoPersons(listed, enrolled["id_number"], enrolled["enrolment_no"], names)


def write_csv(path: Path, *rows: Sequence[str]) -> Path:
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def export_list(run: Run, tmp_path: Path) -> list[dict[str, str]]:
    """Export the list of the agency; returns its rows."""
    assert run("candidates", "export", POLICY, "--out", tmp_path / "list.csv").exit_code == 0
    return list(csv.DictReader((tmp_path / "list.csv").read_text(encoding="utf-8-sig").splitlines()))


def changes(result: Any) -> list[tuple[str, str, str]]:
    assert result.exit_code == 0, result.output
    return [(line["policy"], line["change"], line["cause"]["kind"]) for line in json.loads(result.stdout)["changes"]]


def json_value(result: Any, name: str) -> Any:
    return json.loads(result.stdout)[name]


def corrections(run: Run) -> list[Any]:
    """The corrections in force."""
    return list(json.loads(run("identity", "list", "--json").stdout))


def message_count(run: Run) -> int:
    """The offset of a new message, as a count of the messages so far."""
    return int(json_value(run("edition", "cut", POLICY, "--json"), "offset"))


def test_merge_and_split_by_number(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """The person on the list gets the insurance of the other and leaves; the same file of numbers undoes the merge."""
    pairs = write_csv(tmp_path / "pairs.csv", ("subject", "into"), (two.insured, two.listed))

    left = changes(run("identity", "merge", "person", "--file", pairs, *PEOPLE, "--json"))
    listed = json.loads(run("identity", "list", "--json").stdout)
    entered = changes(run("identity", "split", "person", "--file", pairs, *PEOPLE, "--json"))

    assert left == [(POLICY, "left", "identity")]
    assert entered == [(POLICY, "entered", "identity")]
    assert [(correction["kind"], correction["record"], correction["by"], correction["approved_by"]) for correction in listed] == [
        ("person", None, "王芳", "李强")
    ]
    assert two.listed not in json.dumps(listed)
    assert json.loads(run("identity", "list", "--json").stdout) == []


def test_export_shows_whom_two_are_merged_into(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """The remaining subject keeps its number and name; the other one is not on the list."""
    other_number = export_list(run, tmp_path)[1]["身份号码"]
    pairs = write_csv(tmp_path / "pairs.csv", ("subject", "into"), (other_number, two.listed))

    moves = changes(run("identity", "merge", "person", "--file", pairs, *PEOPLE, "--json"))

    rows = {row["身份号码"]: row for row in export_list(run, tmp_path)}
    assert (POLICY, "left", "identity") in moves
    assert other_number not in rows
    assert rows[two.listed]["姓名"] == two.names[two.listed]


def test_export_shows_a_name_delivered_under_the_other_number_only(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """Merged into a number that was never delivered, a subject keeps the name of its own rows."""
    never = "11010519491231002X"
    pairs = write_csv(tmp_path / "pairs.csv", ("subject", "into"), (two.listed, never))

    moves = changes(run("identity", "merge", "person", "--file", pairs, *PEOPLE, "--json"))

    rows = {row["身份号码"]: row for row in export_list(run, tmp_path)}
    assert sorted(moves) == [(POLICY, "entered", "identity"), (POLICY, "left", "identity")]
    assert rows[two.listed]["姓名"] == two.names[two.listed]


def test_a_merged_token_says_whom_to_ask_about(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """Its explanation names the token to ask about; that of an unknown token has no such line."""
    pairs = write_csv(tmp_path / "pairs.csv", ("subject", "into"), (two.insured, two.listed))
    changes(run("identity", "merge", "person", "--file", pairs, *PEOPLE, "--json"))
    merged = json.loads(run("identity", "list", "--json").stdout)[0]

    outputs = {language: run("explain", POLICY, merged["subject"], "--lang", language).stdout for language in ("zh", "en")}
    nobody = run("explain", POLICY, A, "--lang", "en").stdout

    assert outputs["zh"].splitlines()[1:] == [f"→ 已并入 {merged['into']}，请查后者。"]
    assert outputs["en"].splitlines()[1:] == [f"→ It counts as {merged['into']}: ask about that one."]
    assert "no verdict" in nobody and len(nobody.splitlines()) == 1


def test_records_are_given_to_another_and_taken_back(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """An enrolment with a wrong number is given to the right person by the unit's key, and can be taken back."""
    pairs = write_csv(tmp_path / "pairs.csv", ("subject", "into"), (two.insured, two.listed))
    alone = write_csv(tmp_path / "alone.csv", ("subject", "into"), (two.insured, ""))
    named = write_csv(tmp_path / "rows.csv", ("feed", "unit", "key"), ("medical_insurance", "putuo-medical-insurance", two.enrolment))

    moves = changes(run("identity", "split", "person", "--file", pairs, "--records", named, *PEOPLE, "--json"))
    result = run("identity", "list", "--lang", "en")
    back = changes(run("identity", "split", "person", "--file", alone, "--records", named, *PEOPLE, "--json"))

    assert (POLICY, "left", "identity") in moves
    assert (POLICY, "entered", "identity") in back
    assert "medical_insurance putuo-medical-insurance: 1 records" in " ".join(result.stdout.split())


def test_a_file_refused_half_way_is_sent_again_whole(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """Rows in force are passed over and named by number, the others are merged; a third run sends no message."""
    others = [row["身份号码"] for row in export_list(run, tmp_path)[1:3]]
    header, *good = ("subject", "into"), (others[0], two.listed), (others[1], two.listed)
    path = tmp_path / "pairs.csv"
    words = ("identity", "merge", "person", "--file", path, *PEOPLE)

    write_csv(path, header, good[0], (two.listed, others[0]), good[1])
    refused = run("--lang", "en", *words)
    assert refused.exit_code == 5
    assert "row 3: A subject cannot be merged into itself" in refused.stderr
    assert "what is in force already is passed over" in refused.stderr
    assert len(corrections(run)) == 1

    write_csv(path, header, *good)
    again = run(*words, "--json")
    assert changes(again) == [(POLICY, "left", "identity")]
    assert (json_value(again, "decisions"), json_value(again, "already")) == (1, [2])
    at = message_count(run)
    third = run("--lang", "en", *words)
    assert third.exit_code == 0
    assert "Rows that were as asked already, and passed over: 2 (2, 3)." in " ".join(third.stdout.split())
    assert (message_count(run), len(corrections(run))) == (at + 1, 2)


def test_undoing_a_file_passes_over_who_is_merged_into_nobody(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """Rows undone before, or repeated in the file, are named by number; without any row to undo the file is refused."""
    others = [row["身份号码"] for row in export_list(run, tmp_path)[1:3]]
    pairs = write_csv(tmp_path / "pairs.csv", ("subject", "into"), *((number, two.listed) for number in others))
    single = write_csv(tmp_path / "one.csv", ("subject", "into"), (others[1], ""))
    twice = write_csv(tmp_path / "twice.csv", ("subject", "into"), *((number, "") for number in (*others, others[0])))
    changes(run("identity", "merge", "person", "--file", pairs, *PEOPLE, "--json"))
    changes(run("identity", "split", "person", "--file", single, *PEOPLE, "--json"))

    undone = run("identity", "split", "person", "--file", twice, *PEOPLE, "--json")
    nothing = run("--lang", "en", "identity", "split", "person", "--file", twice, *PEOPLE)

    assert (POLICY, "entered", "identity") in changes(undone)
    assert (json_value(undone, "decisions"), json_value(undone, "already"), corrections(run)) == (1, [3, 4], [])
    assert nothing.exit_code == 5
    assert "twice.csv, row 2: There is nothing to take back" in nothing.stderr
    assert "before it" not in nothing.stderr


@pytest.mark.parametrize(
    ("words", "code", "en"),
    [
        (["merge", "person", A, A, *PEOPLE], 5, "A subject cannot be merged into itself"),
        (["merge", "person", A, *PEOPLE], 2, "Name the subject it is merged into, too."),
        (["merge", "person", *PEOPLE], 2, "one of the two"),
        (["merge", "310107194001011234", A, B, *PEOPLE], 2, "The kind of subject is one of person, household, dwelling."),
        (["merge", "person", "310107194001011234", B, *PEOPLE], 2, "16 hex digits"),
        (["merge", "person", A, B, "--by", "王芳", "--approved-by", " 王芳", "--reason", "x"], 5, "Two different people"),
        (["merge", "person", A, B, "--by", "王芳", "--approved-by", "李强", "--reason", " "], 2, "Give the reason"),
        (["split", "person", A, *PEOPLE], 5, "There is nothing to take back"),
        (["split", "person", A, B, *PEOPLE], 2, "--records"),
    ],
)  # fmt: skip
def test_mistakes_are_a_sentence_and_change_nothing(run: Run, words: list[str], code: int, en: str) -> None:
    """An exit code, no traceback, and not the number that was typed."""
    run("init", "--example")

    result = run("--lang", "en", "identity", *words)

    assert (result.exit_code, result.stdout) == (code, "")
    assert en in result.stderr
    assert "310107194001011234" not in result.stderr and "Traceback" not in result.stderr
    assert json.loads(run("identity", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("rows", "en"),
    [
        ([("subject", "into"), ("310107194001011234", "11010519491231002X")], "no readable number in rows 2"),
        ([("subject",), ("11010519491231002X",)], "into"),
        ([("subject", "into")], "has no row"),
        ([("subject", "into"), ("11010519491231002X", "")], "rows 2 name no `into`"),
        ([("subject", "into"), ("11010519491231002X", "11010519491231002x")], "row 2: A subject cannot be merged into itself"),
    ],
)
def test_mistakes_in_a_file_of_pairs_name_the_row(run: Run, tmp_path: Path, rows: list[tuple[str, ...]], en: str) -> None:
    """The message names the row by its number and repeats none of its values; nothing is merged."""
    run("init", "--example")

    result = run("--lang", "en", "identity", "merge", "person", "--file", write_csv(tmp_path / "pairs.csv", *rows), *PEOPLE)

    assert result.exit_code in (3, 5)
    assert en in result.stderr
    assert "310107194001011234" not in result.stderr and "11010519491231002X" not in result.stderr
    assert json.loads(run("identity", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("row", "en"),
    [
        (("hukuo", "putuo-psb", "1"), "row 2: there is no such feed. Did you mean hukou?"),
        (("hukou", "nobody", "1"), "row 2: the unit is no source of feed hukou"),
        (("hukou", "putuo-psb", "310107194001011234"), "row 2: the key is not readable"),
        (("dwelling", "putuo-housing", "D-1"), "Records of feed dwelling name no person"),
    ],
)
def test_mistakes_in_a_file_of_records_name_the_row(run: Run, tmp_path: Path, row: tuple[str, ...], en: str) -> None:
    """The message names the row and what was expected; no record is moved."""
    run("init", "--example")
    file = write_csv(tmp_path / "rows.csv", ("feed", "unit", "key"), row)

    result = run("--lang", "en", "identity", "split", "person", A, B, "--records", file, *PEOPLE)

    assert result.exit_code == 3
    assert en in result.stderr, result.stderr
    assert "310107194001011234" not in result.stderr
    assert json.loads(run("identity", "list", "--json").stdout) == []
