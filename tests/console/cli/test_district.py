"""The verbs on a district after the demonstration."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from console.demo.district import district as make_district
from tests.console.conftest import RESEARCH, Run


def data(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def at(run: Run, district: Path) -> Run:
    """``huimin`` in the district's workspace."""
    return lambda *words: run(*words, "--workspace", district)


def test_the_same_seed_makes_the_same_district() -> None:
    """All tables are equal; with another seed they differ."""
    first, same, other = make_district(300, 7), make_district(300, 7), make_district(300, 8)

    assert all(first[name].equals(same[name]) for name in first)
    assert not first["hukou"].equals(other["hukou"])


def test_identity_numbers_are_valid_and_distinct() -> None:
    """python-stdnum accepts all of them, and none is repeated."""
    from stdnum.cn import ric

    numbers = make_district(2000, 3)["hukou"]["id_number"].to_list()

    assert len(set(numbers)) == 2000
    assert all(ric.is_valid(number) for number in numbers)


def test_a_list_holds_tokens_and_reasons_and_no_identity(at: Run, district: Path) -> None:
    """Subjects are tokens of 16 hex digits, missing evidence is named, and no identity number is printed."""
    rows = data(at("candidates", "list", "elderly-allowance", "--json"))

    assert rows
    assert all(len(row["subject"]) == 16 and int(row["subject"], 16) for row in rows)
    assert all(row["missing"] for row in rows if row["status"] == "needs_evidence")
    numbers = make_district(1500, 310107)["hukou"]["id_number"].to_list()
    assert not any(number in json.dumps(rows) for number in numbers)


def test_all_adds_those_only_counted(at: Run) -> None:
    """A burden lists no subject with an unknown verdict; --all shows them, too."""
    listed, every = (data(at("candidates", "list", "group-rental", "--json", *extra)) for extra in ([], ["--all"]))

    assert {row["status"] for row in listed} <= {"eligible"}
    assert len(every) > len(listed)
    assert {row["status"] for row in every} == {"eligible", None}


def test_an_explanation_names_article_record_and_holder(at: Run) -> None:
    """The JSON has the truth and records of each criterion; the screen has its label and the delivery."""
    rows = data(at("candidates", "list", "elderly-allowance", "--json"))

    explanation = data(at("explain", "elderly-allowance", rows[0]["subject"], "--json"))

    assert explanation["criteria"]["truth"] in {"T", "U"}
    assert any(child["records"] for child in explanation["criteria"]["criteria"])
    result = at("explain", "elderly-allowance", rows[0]["subject"])
    assert "发放对象" in result.output and "第 1 批" in result.output


def test_as_of_shows_another_day_and_changes_nothing(at: Run) -> None:
    """On a day when coverage is stale, everybody needs evidence; the list of today stays the same."""
    before = data(at("candidates", "list", "elderly-uninsured", "--json"))

    later = data(at("candidates", "list", "elderly-uninsured", "--json", "--as-of", "2027-02-01"))

    assert {row["status"] for row in later} == {"needs_evidence"}
    assert data(at("candidates", "list", "elderly-uninsured", "--json")) == before


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_an_export_names_people_and_only_its_owner_can_read_it(at: Run, tmp_path: Path, suffix: str) -> None:
    """It has one row for each candidate, and mode 0600."""
    out = tmp_path / f"list.{suffix}"

    export = data(at("candidates", "export", "elderly-allowance", "--out", out, "--json"))

    assert export["rows"] == len(data(at("candidates", "list", "elderly-allowance", "--json")))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    if suffix == "csv":
        numbers = set(make_district(1500, 310107)["hukou"]["id_number"].to_list())
        with out.open(encoding="utf-8-sig", newline="") as file:
            _, *rows = csv.reader(file)
        assert all(row[0].strip("'") in numbers for row in rows)


def test_needs_say_who_owes_what_and_how_many_wait(at: Run, district: Path) -> None:
    """Disability certificates were never delivered, so the coverage of every street is missing."""
    needs = data(at("policy", "needs", district / "policies/disability-care-subsidy.yaml", "--json"))

    owed = next(need for need in needs["needs"] if need["feed"] == "disability")
    assert owed["standing"] == "missing"
    assert len(owed["places"]) == 10
    assert owed["waiting"] > 0
    letter = at("policy", "needs", district / "policies/disability-care-subsidy.yaml", "--letters").output
    assert "前提供" in letter and "please send" in letter


def test_a_preview_ends_where_publishing_would(at: Run, district: Path) -> None:
    """The count of yes never grows from stage to stage, and the list has the size that publishing gives."""
    preview = data(at("policy", "preview", district / "policies/relocation-hardship.yaml", "--json"))

    sure = [stage["yes"] for stage in preview["funnel"]]
    assert sure == sorted(sure, reverse=True)
    assert preview["listed"] == len(data(at("candidates", "list", "relocation-hardship", "--json")))
    assert (preview["entered"], preview["left"]) == (0, 0)
    assert "█" in at("policy", "preview", district / "policies/relocation-hardship.yaml").output


def test_the_quarantine_tells_row_and_rule_and_no_value(at: Run) -> None:
    """The wrong date of the made-up rows is not printed."""
    rows = data(at("feed", "quarantine", "hukou", "--json", "--limit", "500"))

    assert rows
    assert {"row", "column", "rule"} <= rows[0].keys()
    assert "1948-02-30" not in json.dumps(rows)


def test_json_stands_alone_on_stdout(at: Run) -> None:
    """Every reading verb prints one JSON value and nothing else."""
    for words in (
        ["feed", "list"],
        ["unit", "list"],
        ["feed", "show", "hukou"],
        ["feed", "coverage"],
        ["policy", "list"],
        ["snapshot", "list"],
        ["doctor"],
    ):
        json.loads(at(*words, "--json").stdout)


def test_a_snapshot_is_made_and_verified(at: Run, tmp_path: Path) -> None:
    """A snapshot has its tables, and a truncated copy is refused."""
    path = tmp_path / "s.duckdb"

    made_tables = data(at(*RESEARCH, "--out", path, "--json"))["tables"]

    assert made_tables["candidates"] > 0
    assert data(at("snapshot", "verify", path, "--json"))[0]["ok"]
    path.write_bytes(path.read_bytes()[:5000])
    assert at("snapshot", "verify", path).exit_code == 3


def test_the_doctor_names_the_unit_that_never_declares(at: Run) -> None:
    """The doctor names the office of Yichuan Road."""
    assert "宜川路街道办事处" in at("doctor").output


def exported_rows(at: Run, folder: Path, policy: str, language: str = "en") -> list[dict[str, str]]:
    """The rows of a policy's list as its agency gets it."""
    path = folder / f"{policy}-{language}.csv"
    assert at("candidates", "export", policy, "--out", path, "--lang", language).exit_code == 0
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True)))


def test_lists_say_where_and_whom_to_visit(at: Run, tmp_path: Path) -> None:
    """As the register has them: whoever is to be enrolled or helped can be called; an inspection finds the occupants, not their telephones."""
    tables = make_district(1500, 310107)
    names, telephones = (set(tables["hukou"][column].to_list()) for column in ("name", "telephone"))
    residents = {row["id_number"]: row for row in tables["hukou"].rows(named=True)}
    addresses = dict(tables["household"].select("household_no", "address").rows())
    dwellings = dict(tables["dwelling"].select("property_no", "address").rows())

    elderly, poor, let = (exported_rows(at, tmp_path, policy) for policy in ("elderly-uninsured", "dibao", "group-rental"))
    chinese = exported_rows(at, tmp_path, "group-rental", "zh")

    assert elderly and poor and let
    for row in elderly:
        resident = residents[row["Resident number"]]
        assert (row["telephone"], row["registered address"]) == (resident["telephone"], addresses[resident["household_no"]])
    for row in poor:
        assert row["registered address"] == addresses[row["Household number"]]
        assert set(row["members: telephone"].split("\n")) <= telephones | {"—"}
        assert len(row["members: name"].split("\n")) == len(row["members: telephone"].split("\n"))
    for row in let:
        assert row["address"] == dwellings[row["Property number"]]
        assert set(row["occupants: name"].split("\n")) <= names | {"—"}
        assert not any(telephone in value for telephone in telephones for value in row.values())
    assert [(row["房屋坐落"], row["居住人姓名"]) for row in chinese] == [(row["address"], row["occupants: name"]) for row in let]


def test_a_dwelling_is_called_by_its_address_and_found_by_who_lives_there(at: Run, tmp_path: Path) -> None:
    """The cover list has addresses; a visit sheet is written for the number of an occupant, and names the others."""
    from pypdf import PdfReader

    tables = make_district(1500, 310107)
    first = exported_rows(at, tmp_path, "group-rental")[0]
    occupancy = tables["occupancy"].filter((tables["occupancy"]["property_no"] == first["Property number"]).to_list())
    numbers = set(occupancy["id_number"].to_list())
    elsewhere = tables["occupancy"].filter(~tables["occupancy"]["property_no"].eq(first["Property number"]))["id_number"].to_list()

    assert at("candidates", "visit", "group-rental", "--out", tmp_path / "all.pdf").exit_code == 0
    cover = PdfReader(tmp_path / "all.pdf").pages[0].extract_text().replace(" ", "").replace("\n", "")
    asked = at("explain", "group-rental", sorted(numbers & set(elsewhere))[0], "--lang", "en")

    assert first["address"] in cover
    assert asked.exit_code == 2 and "several dwellings" in asked.output and first["Token"] in asked.output


def test_telephones_and_addresses_are_made_up_and_each_is_one() -> None:
    """No telephone of Shanghai begins with 0 behind its area code; a household has the address of its dwelling."""
    tables = make_district(3000, 5)
    telephones, addresses = tables["hukou"]["telephone"], tables["dwelling"]["address"]

    assert telephones.n_unique() == 3000 and telephones.str.contains(r"^021-0\d{7}$").all()
    assert addresses.n_unique() == len(addresses) and addresses.str.contains("示例路").all()
    own = tables["household"].drop_nulls("property_no").join(tables["dwelling"], on="property_no", suffix="_of_dwelling")
    assert len(own) and own["address"].equals(own["address_of_dwelling"])


def test_values_have_titles_in_both_languages(at: Run, tmp_path: Path) -> None:
    """On the list, on the sheets, in explanations and in the description of a feed."""
    first = exported_rows(at, tmp_path, "group-rental")[0]
    chinese = exported_rows(at, tmp_path, "group-rental", "zh")[0]
    titles = {"one room": "一室", "two rooms": "二室", "three rooms": "三室"}
    person = exported_rows(at, tmp_path, "elderly-allowance")[0]["Token"]

    english, zh = (at("explain", "elderly-allowance", person, "--lang", language).output for language in ("en", "zh"))
    feeds = [at("feed", "show", "hukou", "--lang", language).output for language in ("en", "zh")]

    assert titles[first["layout"]] == chinese["户型"]
    assert "local family household" in english and "local_family" not in english and "本市家庭户" in zh
    assert "local family household" in " ".join(feeds[0].split()) and "本市家庭户" in feeds[1]
    assert data(at("feed", "show", "dwelling", "--json"))["fields"][2]["titles_en"]["one_room"] == "one room"
