"""From an empty workspace to a list, verb by verb."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from console.demo.district import district
from tests.console.conftest import Run

STATEMENTS = [
    {"format": 1, "statement": f"s-{feed}", "feed": feed, "unit": unit, "division": "310107", "complete_to": "2026-10-14"}
    for feed, unit in (("hukou", "putuo-psb"), ("medical_insurance", "putuo-medical-insurance"), ("pension", "putuo-social-security"))
]


def deliver_feeds(run: Run, tmp_path: Path) -> dict[str, Any]:
    """A workspace with three feeds of a small district."""
    frames = district(800, 5)
    run("init", "--example")
    for feed in ("hukou", "medical_insurance", "pension"):
        (tmp_path / f"{feed}.csv").write_bytes(frames[feed].write_csv(None).encode("gb18030"))
        result = run("ingest", feed, tmp_path / f"{feed}.csv")
        assert result.exit_code == 0, result.output
    return frames


def publish(run: Run, tmp_path: Path) -> Any:
    return run(
        "policy", "publish", tmp_path / "w/policies/elderly-uninsured.yaml", "--by", "王芳", "--approved-by", "李强", "--yes", "--json"
    )


def test_from_files_to_a_list(run: Run, tmp_path: Path) -> None:
    """Without coverage every candidate needs evidence; the statements decide."""
    deliver_feeds(run, tmp_path)
    (tmp_path / "coverage.jsonl").write_text("".join(json.dumps(line) + "\n" for line in STATEMENTS), encoding="utf-8")

    entered = json.loads(publish(run, tmp_path).stdout)["changes"]
    settled = json.loads(run("feed", "coverage", tmp_path / "coverage.jsonl", "--json").stdout)["changes"]

    assert {change["status"] for change in entered} == {"needs_evidence"}
    assert {change["cause"]["kind"] for change in settled} == {"coverage"}
    assert "eligible" in {change["status"] for change in settled}
    rows = json.loads(run("candidates", "list", "elderly-uninsured", "--json").stdout)
    assert {row["status"] for row in rows} >= {"eligible"}


def test_the_same_file_twice_changes_nothing(run: Run, tmp_path: Path) -> None:
    """The repeated delivery says so, and changes no list."""
    deliver_feeds(run, tmp_path)
    publish(run, tmp_path)

    again = json.loads(run("ingest", "hukou", tmp_path / "hukou.csv", "--json").stdout)

    assert again["deliveries"][0]["repeated"] is True
    assert again["changes"] == []


def test_a_name_of_a_delivery_belongs_to_one_file(run: Run, tmp_path: Path) -> None:
    """Another file with the same name is refused with exit code 5."""
    frames = deliver_feeds(run, tmp_path)
    for name, rows in (("a", 10), ("b", 20)):
        (tmp_path / f"{name}.csv").write_bytes(frames["pension"].head(rows).write_csv(None).encode("gb18030"))

    first = run("ingest", "pension", tmp_path / "a.csv", "--id", "d-1")
    second = run("ingest", "pension", tmp_path / "b.csv", "--id", "d-1")

    assert (first.exit_code, second.exit_code) == (0, 5)


def test_a_replacement_takes_off_what_it_does_not_hold(run: Run, tmp_path: Path) -> None:
    """A full replacement with one pension makes no list shorter."""
    frames = deliver_feeds(run, tmp_path)
    (tmp_path / "coverage.jsonl").write_text("".join(json.dumps(line) + "\n" for line in STATEMENTS), encoding="utf-8")
    run("feed", "coverage", tmp_path / "coverage.jsonl")
    publish(run, tmp_path)
    before = len(json.loads(run("candidates", "list", "elderly-uninsured", "--json").stdout))
    (tmp_path / "one.csv").write_bytes(frames["pension"].head(1).write_csv(None).encode("gb18030"))

    result = run("ingest", "pension", tmp_path / "one.csv", "--replace")

    assert result.exit_code == 0, result.output
    assert len(json.loads(run("candidates", "list", "elderly-uninsured", "--json").stdout)) >= before


def test_ticks_day_by_day_are_one_tick(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    """Ten days at once, or one at a time: the same list."""
    lists = []
    for name, steps in (("one", [["--days", "10"]]), ("ten", [["--days", "1"]] * 10)):
        monkeypatch.setenv("HUIMIN_WORKSPACE", str(tmp_path / name / "w"))
        (tmp_path / name).mkdir()
        deliver_feeds(run, tmp_path / name)
        publish(run, tmp_path / name)
        for step in steps:
            assert run("tick", *step).exit_code == 0
        rows = json.loads(run("candidates", "list", "elderly-uninsured", "--json").stdout)
        lists.append(sorted((row["status"], row["division"], str(row["missing"])) for row in rows))

    assert lists[0] == lists[1]


def test_withdrawing_empties_the_list(run: Run, tmp_path: Path) -> None:
    """Every candidate leaves because of the withdrawal; the policy is no longer matched."""
    deliver_feeds(run, tmp_path)
    publish(run, tmp_path)

    result = json.loads(run("policy", "withdraw", "elderly-uninsured", "--by", "王", "--approved-by", "李", "--yes", "--json").stdout)

    assert {(change["change"], change["cause"]["kind"]) for change in result["changes"]} == {("left", "withdrawal")}
    assert run("candidates", "list", "elderly-uninsured").exit_code == 2


def test_list_and_show_say_a_state_in_one_word(run: Run, tmp_path: Path) -> None:
    """The word for the state is the same in both verbs and both languages; a file has no state; a withdrawn policy can be shown."""
    run("init", "--example")
    publish(run, tmp_path)
    name, file = "elderly-uninsured", tmp_path / "w/policies/elderly-uninsured.yaml"

    before = {verb: run("policy", *verb, "--lang", "zh").output for verb in (("list",), ("show", name))}
    run("policy", "withdraw", name, "--by", "王", "--approved-by", "李", "--yes")
    after = {verb: run("policy", *verb, "--lang", "en").output for verb in (("list",), ("show", name))}

    assert all("施行中" in output for output in before.values()) and all("withdrawn" in output for output in after.values())
    assert json.loads(run("policy", "show", name, "--json").stdout)["state"] == "withdrawn"
    assert json.loads(run("policy", "show", file, "--json").stdout)["state"] is None


def test_a_network_made_by_hand(run: Run, tmp_path: Path) -> None:
    """Units and contracts are added one by one; a contract without its register is refused."""
    from infra.workspace.library import library

    run("init")

    added = run("unit", "add", "putuo-psb", "--division", "310107", "--zh", '公安 "人口办"', "--en", "Police", "--phone", "021-1")
    contract = run("feed", "add", library() / "feeds" / "household.yaml")

    assert added.exit_code == 0, added.output
    assert contract.exit_code == 3  # there is no register of dwellings yet
    assert json.loads(run("unit", "list", "--json").stdout)[0]["title"] == '公安 "人口办"'


def test_the_library_is_what_its_cases_say(run: Run) -> None:
    """All cases of all policies in the library pass."""
    result = run("policy", "test", "--json")

    tried = json.loads(result.stdout)
    assert result.exit_code == 0, tried
    assert sum(policy["cases"] for policy in tried) >= 331


def test_failed_expectations_are_one_line_each(run: Run, tmp_path: Path) -> None:
    """Exit code 3, and one line with the expected and the actual value."""
    from infra.workspace.library import library

    cases = (library() / "cases" / "elderly-uninsured.yaml").read_text(encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(cases.replace("verdict: unknown", "verdict: no", 1), encoding="utf-8")

    good = run("policy", "test", library() / "policies/elderly-uninsured.yaml", "--cases", library() / "cases/elderly-uninsured.yaml")
    bad = run("policy", "test", library() / "policies/elderly-uninsured.yaml", "--cases", tmp_path / "wrong.yaml")

    assert good.exit_code == 0, good.output
    assert bad.exit_code == 3
    assert sum("wrong.yaml" in line for line in bad.output.splitlines()) == 1
