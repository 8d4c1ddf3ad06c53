"""A mistake of the user gives one sentence and an exit code, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.cli.main import command
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
    """The doctor prints the command that mends it."""
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


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (["polic"], "没有命令 polic。是否指 policy？用法见 huimin --help。", "There is no command polic. Did you mean policy? See huimin --help."),
        (["policy", "chekc"], "没有命令 chekc。是否指 check？用法见 huimin policy --help。", "There is no command chekc. Did you mean check? See huimin policy --help."),
        (["--frob"], "没有选项 --frob。用法见 huimin --help。", "There is no option --frob. See huimin --help."),
        (["tick", "--too", "x"], "没有选项 --too。是否指 --to？用法见 huimin tick --help。", "There is no option --too. Did you mean --to? See huimin tick --help."),
        (["tick", "--to"], "--to 后面要写值。", "--to needs a value."),
        (["init", "--example=3"], "--example 后面不能写值。", "--example takes no value."),
        (["tick", "--days", "0"], "--days 应为 1 到 36600 的整数。用法见 huimin tick --help。", "--days must be a whole number from 1 to 36600. See huimin tick --help."),
        (["tick", "--days", "x"], "--days 应为 1 到 36600 的整数。用法见 huimin tick --help。", "--days must be a whole number from 1 to 36600. See huimin tick --help."),
        (["feed", "quarantine", "--limit", "0"], "--limit 应为不小于 1 的整数。用法见 huimin feed quarantine --help。", "--limit must be a whole number, 1 or more. See huimin feed quarantine --help."),
        (["demo", "--seed", "x"], "--seed 应为整数。用法见 huimin demo --help。", "--seed must be a whole number. See huimin demo --help."),
        (["explain", "dibao"], "缺少 SUBJECT（对象化名（16 位十六进制）或号码，户和住房也可写其中一人的号码；- 从标准输入读）。", "SUBJECT is missing (the subject's token (16 hex digits) or number, of a household or dwelling also of a person in it; - reads it from stdin)."),
        (["policy", "publish", __file__, "--by", "王芳"], "缺少 --approved-by（批准人，须为另一人）。", "--approved-by is missing (who approves: another person)."),
        (["ingest", "hukou", "/no/such.csv"], "没有 /no/such.csv。", "There is no /no/such.csv."),
        (["ingest", "hukou", "/"], "/ 是目录，这里要写文件。", "/ is a folder; a file was expected."),
        (["feed", "list", "more"], "多写了参数，这个命令不需要。", "There are words too many: this command takes none."),
    ],
)  # fmt: skip
def test_usage_errors_are_told_in_the_language_of_the_reader(run: Run, words: list[str], zh: str, en: str) -> None:
    """One sentence on stderr and exit code 2, in Chinese or English, and never the library's own words."""
    results = run(*words), run("--lang", "en", *words)

    assert [result.exit_code for result in results] == [2, 2]
    assert [result.stdout for result in results] == ["", ""]
    assert all(result.stderr.startswith(text) for result, text in zip(results, (zh, en), strict=True)), [
        result.stderr for result in results
    ]
    assert not any(word in result.stderr for result in results for word in ("Usage", "Error", "No such", "Missing", "Invalid"))


def test_the_language_may_stand_behind_the_mistake(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The language is read from the whole line, then from the environment."""
    assert run("nope", "--lang", "en").stderr.startswith("There is no command")
    assert run("feed", "show", "hukou", "--lang").stderr == "--lang 后面要写值。\n"

    monkeypatch.setenv("HUIMIN_LANG", "en")

    assert run("nope").stderr.startswith("There is no command")


def test_words_too_many_are_not_repeated(run: Run) -> None:
    """One of them may be an identity number."""
    result = run("explain", "dibao", "00c0ffee00c0ffee", "310107194001011234")

    assert result.exit_code == 2 and result.stderr == "多写了参数，只要 POLICY SUBJECT。用法见 huimin explain --help。\n"


def test_a_group_without_a_verb_shows_its_help(run: Run) -> None:
    """All verbs are listed, without an error."""
    result = run("policy")

    assert "publish" in result.output and "没有" not in result.stderr


def test_what_was_typed_for_a_subject_is_not_repeated(run: Run) -> None:
    """It may be an identity number."""
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
    """The same name with spaces is the same person."""
    run("init", "--example")

    result = run("policy", "publish", tmp_path / "w/policies/dibao.yaml", "--by", "王芳", "--approved-by", " 王芳", "--yes")

    assert result.exit_code == 5


def test_a_bad_unit_changes_nothing(run: Run, tmp_path: Path) -> None:
    """units.yaml stays the same, byte for byte."""
    run("init", "--example")
    before = (tmp_path / "w" / "units.yaml").read_bytes()

    result = run("unit", "add", "new-unit", "--zh", "新单位", "--en", "New", "--division", "31010")

    assert result.exit_code == 3
    assert (tmp_path / "w" / "units.yaml").read_bytes() == before


def test_an_unexpected_file_is_one_sentence(run: Run, tmp_path: Path) -> None:
    """A spreadsheet renamed to CSV gives exit code 3 and no traceback."""
    run("init", "--example")
    (tmp_path / "x.csv").write_bytes(b"PK\x03\x04\xff\xfe\x00nonsense")

    result = run("ingest", "hukou", tmp_path / "x.csv")

    assert result.exit_code == 3
    assert "Traceback" not in result.output


def test_benchmarks_live_in_the_repository(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside the repository the verb ends with a sentence that says so."""
    monkeypatch.setattr("console.cli.start._has_benchmarks", lambda: False)

    result = run("bench", "--lang", "en")

    assert result.exit_code == 1
    assert "source repository" in result.output


def test_agreements_that_end_are_told_once_a_policy(run: Run, tmp_path: Path) -> None:
    """Seven feeds are one line with every feed and its day, marked as a warning; ``--json`` has one entry for each."""
    run("init", "--example")
    draft = tmp_path / "w" / "policies" / "disability-living-subsidy.yaml"

    result, data = run("policy", "check", draft), run("policy", "check", draft, "--json")

    lines = [line for line in result.output.splitlines() if "2027-12-31" in line]
    assert result.exit_code == 0 and len(lines) == 1 and "提醒：" in lines[0] and lines[0].startswith(f"{draft}:")
    assert all(
        feed in lines[0]
        for feed in ("残疾人证", "就业登记", "人口登记", "社会救助享受记录", "特困人员供养名册", "工伤保险生活护理费发放", "：户、")
    )
    assert len(json.loads(data.stdout)) == 7
    assert "没有错误，1 处提醒" in result.output


INCOME = "id_number,monthly_income,changed_at\n"


def test_rows_broken_alike_are_one_line(run: Run, tmp_path: Path) -> None:
    """Nine wrong numbers are one line with the first five places; a file with only a header says so; each row is counted once."""
    run("init", "--example")
    wrong, empty = tmp_path / "wrong.csv", tmp_path / "empty.csv"
    rows = [f"31010719500101000{i},{'many' if i == 3 else '7.00'},2026-09-01\n" for i in range(10)]
    wrong.write_text(INCOME + "".join(rows))
    empty.write_text(INCOME)

    intakes = [run("ingest", "income", path) for path in (wrong, empty)]
    listing, data = run("feed", "quarantine", "income"), run("feed", "quarantine", "income", "--json")

    assert [result.exit_code for result in intakes] == [0, 0] and "没有一行数据" in intakes[1].output
    cells = json.loads(data.stdout)
    assert len(cells) > 5 and "2, 3, 4, 5, 7 …" in listing.output and "共 9 行" in listing.output and listing.output.count("id_number") == 1
    assert f"共 {len({cell['row'] for cell in cells})} 行待修正" in listing.output


def test_days_of_policies_are_whole_at_eighty_columns(run: Run, district: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dates are not wrapped, for a broken date can be misread."""
    monkeypatch.setenv("COLUMNS", "80")

    output = run("policy", "list", "--workspace", district).output

    assert "2026-10-01 起" in output and all(len(line) <= 80 for line in output.splitlines())


def test_help_speaks_one_language(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """So do the headings and the text of --help."""
    monkeypatch.setenv("COLUMNS", "120")
    outputs = {}
    for language in ("zh", "en"):
        with pytest.raises(SystemExit):
            command(language).main(["ingest", "--help"], prog_name="huimin")
        outputs[language] = capsys.readouterr().out

    assert all(word in outputs["zh"] for word in ("参数", "选项", "显示本说明")) and "─ Options" not in outputs["zh"]
    assert all(word in outputs["en"] for word in ("Arguments", "Options", "Show this text")) and "选项" not in outputs["en"]
