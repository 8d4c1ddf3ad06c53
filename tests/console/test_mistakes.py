"""A person's mistake is one sentence and an exit code, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.console.conftest import Run


def test_no_workspace_is_a_usage_error_that_says_how_to_make_one(run: Run) -> None:
    """The message names the folder and the command."""
    result = run("feed", "list")

    assert result.exit_code == 2
    assert "huimin init" in result.output


def test_init_leaves_a_folder_with_something_in_it_alone(run: Run, tmp_path: Path) -> None:
    """Exit code 5, and the file is still there."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "mine").write_text("x")

    result = run("init")

    assert result.exit_code == 5
    assert [path.name for path in (tmp_path / "w").iterdir()] == ["mine"]


def test_a_newer_workspace_is_refused(run: Run, tmp_path: Path) -> None:
    """A folder of a later format is not touched."""
    run("init", "--example")
    (tmp_path / "w" / "version").write_text("99\n")

    result = run("feed", "list", "--lang", "en")

    assert result.exit_code == 5
    assert "Upgrade" in result.output


def test_a_key_others_can_read_is_refused(run: Run, tmp_path: Path) -> None:
    """The doctor says what to run."""
    run("init", "--example")
    (tmp_path / "w" / "secret.key").chmod(0o644)

    result = run("doctor")

    assert result.exit_code == 1
    assert "chmod 600" in result.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nope"], 2), (["tick", "--days", "0"], 2), (["tick", "--to", "soon"], 2), (["tick", "--to", "2026-10-20", "--days", "2"], 2),
        (["feed", "show", "hukuo"], 2), (["explain", "dibao", "310107194001011234"], 2), (["candidates", "list", "dibao"], 2),
        (["feed", "list", "--lang", "fr"], 2), (["policy", "schema", "polcy"], 2),
    ],
)  # fmt: skip
def test_usage_errors(run: Run, words: list[str], code: int) -> None:
    """Exit code 2, no traceback."""
    run("init", "--example")

    result = run(*words)

    assert result.exit_code == code
    assert "Traceback" not in result.output


def test_what_was_typed_for_a_subject_is_not_repeated(run: Run) -> None:
    """It may be somebody's identity number."""
    run("init", "--example")

    assert "310107194001011234" not in run("explain", "dibao", "310107194001011234").output


def test_a_policy_with_three_mistakes_lists_all_three(run: Run, tmp_path: Path) -> None:
    """Exit code 3; each has file, line and column."""
    run("init", "--example")
    text = (tmp_path / "w" / "policies" / "elderly-uninsured.yaml").read_text(encoding="utf-8")
    bad = text.replace("hukou.hukou_since", "hukou.hukou_sinse").replace("value: active", "value: activ").replace("op: ge", "op: gte")
    (tmp_path / "bad.yaml").write_text(bad, encoding="utf-8")

    result = run("policy", "check", tmp_path / "bad.yaml")

    assert result.exit_code == 3
    assert sum("bad.yaml:" in line for line in result.output.splitlines()) >= 3


def test_one_person_cannot_publish_alone(run: Run, tmp_path: Path) -> None:
    """Not even under a name with spaces."""
    run("init", "--example")

    result = run("policy", "publish", tmp_path / "w/policies/dibao.yaml", "--by", "王芳", "--approved-by", " 王芳", "--yes")

    assert result.exit_code == 5


def test_a_bad_unit_changes_nothing(run: Run, tmp_path: Path) -> None:
    """units.yaml is as before, byte by byte."""
    run("init", "--example")
    before = (tmp_path / "w" / "units.yaml").read_bytes()

    result = run("unit", "add", "new-unit", "--zh", "新单位", "--en", "New", "--division", "31010")

    assert result.exit_code == 3
    assert (tmp_path / "w" / "units.yaml").read_bytes() == before


def test_an_unexpected_file_is_one_sentence(run: Run, tmp_path: Path) -> None:
    """A spreadsheet renamed to CSV: exit code 3, the state without a delivery."""
    run("init", "--example")
    (tmp_path / "x.csv").write_bytes(b"PK\x03\x04\xff\xfe\x00nonsense")

    result = run("ingest", "hukou", tmp_path / "x.csv")

    assert result.exit_code == 3
    assert "Traceback" not in result.output


def test_benchmarks_live_in_the_repository(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere there is one sentence that says so."""
    monkeypatch.setattr("console.start._has_benchmarks", lambda: False)

    result = run("bench", "--lang", "en")

    assert result.exit_code == 1
    assert "source repository" in result.output


def test_agreements_that_end_are_told_once_a_policy(run: Run, tmp_path: Path) -> None:
    """Six feeds, one line, with every feed and its day; ``--json`` has each by itself; a warning says that it is one."""
    run("init", "--example")
    draft = tmp_path / "w" / "policies" / "disability-living-subsidy.yaml"

    shown, data = run("policy", "check", draft), run("policy", "check", draft, "--json")

    lines = [line for line in shown.output.splitlines() if "2027-12-31" in line]
    assert shown.exit_code == 0 and len(lines) == 1 and "提醒：" in lines[0] and lines[0].startswith(f"{draft}:")
    assert all(feed in lines[0] for feed in ("disability", "employment", "hukou", "social_assistance", "tekun_roll", "injury_care"))
    assert len(json.loads(data.stdout)) == 6
    assert "没有错误，1 处提醒" in shown.output


INCOME = "id_number,monthly_income,changed_at\n"


def test_rows_broken_alike_are_one_line(run: Run, tmp_path: Path) -> None:
    """Nine wrong numbers are told once, the first five by row; a file of a header only says so; a row counts once."""
    run("init", "--example")
    wrong, empty = tmp_path / "wrong.csv", tmp_path / "empty.csv"
    rows = [f"31010719500101000{i},{'many' if i == 3 else '7.00'},2026-09-01\n" for i in range(10)]
    wrong.write_text(INCOME + "".join(rows))
    empty.write_text(INCOME)

    taken = [run("ingest", "income", path) for path in (wrong, empty)]
    told, data = run("feed", "quarantine", "income"), run("feed", "quarantine", "income", "--json")

    assert [result.exit_code for result in taken] == [0, 0] and "没有一行数据" in taken[1].output
    broken = json.loads(data.stdout)
    assert len(broken) > 5 and "1, 2, 3, 4, 6 … 共 9 行" in told.output and told.output.count("校验位") == 1
    assert f"共 {len({cell['row'] for cell in broken})} 行待修正" in told.output


def test_days_of_policies_are_whole_at_eighty_columns(run: Run, district: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A date broken in two can be misread."""
    monkeypatch.setenv("COLUMNS", "80")

    shown = run("policy", "list", "--workspace", district).output

    assert "2026-10-01 起" in shown and all(len(line) <= 80 for line in shown.splitlines())
