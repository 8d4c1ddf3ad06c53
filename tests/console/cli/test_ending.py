"""How a run ends: "nothing was changed" is printed only where it is true, and finished work is never reported as failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.cli import changes
from infra.workspace.workspace import Workspace
from tests.console.cli.test_edition_network import on_network, workers
from tests.console.conftest import RESEARCH, Run
from tests.console.forking import fork_huimin
from tests.console.town import HUKOU, POLICY, register_row

__all__ = ["on_network", "workers"]

NOTHING = "Nothing was changed."


@contextmanager
def output(kind: str) -> Iterator[int]:
    """A standard output that cannot be written: a full disk, or a closed pipe."""
    if kind == "full":
        number = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, number = os.pipe()
        os.close(reading)
    yield number
    os.close(number)


def _environment(folder: Path, **more: str) -> dict[str, str]:
    base_environment = {name: value for name, value in os.environ.items() if not name.startswith("HUIMIN_")}
    return base_environment | {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_TODAY": "2026-10-15", "HUIMIN_LANG": "en", **more}


def huimin(folder: Path, *words: str, out: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a new process, in English."""
    line = [str(Path(sys.executable).parent / "huimin"), *words]
    return subprocess.run(
        line, env=_environment(folder, **environment), stdout=subprocess.PIPE if out is None else out, stderr=subprocess.PIPE, encoding="utf-8", timeout=120, check=False
    )  # fmt: skip


def messages(folder: Path) -> int:
    with Workspace.open(folder / "w").reading() as host:
        return host.state.offset


@pytest.mark.parametrize("kind", ["full", "closed"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_day_whose_report_cannot_be_written_has_passed(run: Run, tmp_path: Path, kind: str, form: tuple[str, ...]) -> None:
    """Exit code 6, and stderr names the stored message."""
    run("init", "--example")
    run("tick")
    before = messages(tmp_path)

    with output(kind) as number:
        result = huimin(tmp_path, "tick", "--days", "1", *form, out=number)

    assert messages(tmp_path) == before + 1
    assert result.returncode == 6, result.stderr
    assert f"It is done: message #{before + 1}." in result.stderr
    assert NOTHING not in result.stderr


@pytest.mark.parametrize("kind", ["full", "closed"])
@pytest.mark.parametrize(
    "words",
    [
        ("ingest", "hukou", "{0}/more.csv"), ("candidates", "export", POLICY), RESEARCH, ("feed", "coverage", "{0}/later.jsonl"),
        ("policy", "withdraw", POLICY, "--by", "王芳", "--approved-by", "李强", "--yes"), ("edition", "evidence", POLICY, "1"),
        ("unit", "add", "more-unit", "--division", "310107", "--zh", "单位", "--en", "Unit"), ("policy", "schema", "--out", "{0}/schemas"),
        ("edition", "cut", POLICY), ("kafka", "key", "{0}/network.key"),
    ],
    ids=lambda words: "-".join(words[:2]),
)  # fmt: skip
def test_every_verb_that_writes_says_what_it_has_done(run: Run, town: Path, kind: str, words: tuple[str, ...]) -> None:
    """A verb that has written messages or files, and cannot print its report, ends with 6 and names them on stderr."""
    (town / "more.csv").write_bytes((HUKOU + register_row(20)).encode("gb18030"))
    line = {
        "format": 1,
        "statement": "later",
        "feed": "pension",
        "unit": "putuo-social-security",
        "division": "310107",
        "complete_to": "2026-10-01",
    }
    (town / "later.jsonl").write_text(json.dumps(line) + "\n")
    words = tuple(word.format(town) for word in words)

    with output(kind) as number:
        result = fork_huimin(*words, folder=Path.cwd(), environment=_environment(town), out=number)

    assert result.returncode == 6, result.stderr
    assert "It is done: " in result.stderr and NOTHING not in result.stderr


def test_what_only_shows_something_changes_nothing(run: Run, tmp_path: Path) -> None:
    """A closed pipe is no error; a full disk is one, and nothing was changed."""
    run("init", "--example")

    with output("closed") as number:
        enough = huimin(tmp_path, "feed", "list", out=number)
    with output("full") as number:
        full = huimin(tmp_path, "feed", "list", out=number)
    with output("full") as number:
        helped = huimin(tmp_path, "--help", out=number)

    assert (enough.returncode, enough.stderr) == (0, "")
    assert full.returncode == helped.returncode == 1
    assert full.stderr == helped.stderr == f"Standard output cannot be written (No space left on device). {NOTHING}\n"


def test_doctor_says_what_it_removed(run: Run, tmp_path: Path) -> None:
    """Removing leftovers counts as work done where the report cannot be printed."""
    run("init", "--example")
    part = tmp_path / "w" / "exports" / ".list.csv.4000000.part"
    part.write_text("somebody")

    with output("full") as number:
        result = huimin(tmp_path, "doctor", out=number)

    assert not part.exists()
    assert result.returncode == 6 and NOTHING not in result.stderr
    assert "what stopped writers had left is removed: 1 file." in result.stderr


def test_schemas_in_a_folder_are_told_as_data(run: Run, tmp_path: Path) -> None:
    """With --json the verb lists the files that it wrote."""
    files = json.loads(run("policy", "schema", "--out", tmp_path / "s", "--json").stdout)["files"]

    assert sorted(map(Path, files)) == sorted((tmp_path / "s").iterdir())


def test_no_encoding_makes_a_run_fail(run: Run, tmp_path: Path) -> None:
    """Characters that the encoding lacks are printed as codes; JSON stays valid."""
    run("init", "--example")

    listing = huimin(tmp_path, "unit", "list", "--lang", "zh", PYTHONIOENCODING="ascii")
    day = huimin(tmp_path, "tick", "--lang", "zh", PYTHONIOENCODING="latin-1")
    plain = huimin(tmp_path, "unit", "list", "--json", "--lang", "zh", PYTHONIOENCODING="ascii")
    schema = huimin(tmp_path, "policy", "schema", "units", PYTHONIOENCODING="ascii")

    assert [result.returncode for result in (listing, day, plain, schema)] == [0, 0, 0, 0], [listing.stderr, day.stderr]
    assert "\\u" in listing.stdout and "--lang en" in listing.stderr
    assert any("普陀" in unit["title"] for unit in json.loads(plain.stdout))
    assert json.loads(schema.stdout)["type"] == "object"


def test_a_file_whose_name_is_no_utf8_is_taken_in(run: Run, town: Path) -> None:
    """Such a name comes from archives of other systems; screen and JSON show it with codes."""
    path = os.fsencode(town) + "/名单.csv".encode("gb18030")
    Path(os.fsdecode(path)).write_bytes((HUKOU + register_row(21)).encode("gb18030"))

    result = subprocess.run(
        [Path(sys.executable).parent / "huimin", "ingest", "hukou", path, "--json"], capture_output=True, check=False, timeout=120,
        env=os.environ | {"HUIMIN_WORKSPACE": str(town / "w"), "HUIMIN_TODAY": "2026-10-15"},
    )  # fmt: skip

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["deliveries"][0]["file"].endswith(".csv")
    assert run("feed", "deliveries", "hukou").exit_code == 0


def test_a_mistake_in_what_is_said_does_not_undo_what_is_done(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in the code that prints: the day has passed, the message says so and names the place of the error; exit code 6."""
    run("init", "--example")
    run("tick")
    before = messages(tmp_path)

    def raise_error(*_: object) -> None:
        raise KeyError("310107195001010011")

    monkeypatch.setattr(changes, "show_changes", raise_error)
    result = run("tick", "--days", "1", "--lang", "en")

    assert messages(tmp_path) == before + 1
    assert result.exit_code == 6
    assert "Internal error (KeyError at test_ending.py" in result.stderr and f"It is done: message #{before + 1}." in result.stderr
    assert "310107195001010011" not in result.output


def test_a_report_that_fails_on_a_network_does_not_undo_what_is_sent(on_network: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message was sent: exit code 6 with its number. A refused message is not reported as done."""
    with monkeypatch.context() as patched:
        patched.setattr(changes, "show_changes", lambda *_: 1 / 0)
        result = on_network("tick", "--days", "1", "--lang", "en")

    refused = on_network(
        "policy", "withdraw", POLICY, "--by", "王芳", "--approved-by", "李强", "--since", "2030-01-01", "--reason", "x", "--yes"
    )

    assert result.exit_code == 6 and "It is done: message #" in result.stderr
    assert refused.exit_code == 5 and "已经做" not in refused.stderr


def test_what_is_done_outside_of_log_and_files_counts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped broker counts as work done where the report fails."""
    from infra.kafka.cluster import Cluster

    monkeypatch.setattr(Cluster, "down", lambda cluster: 1)
    monkeypatch.setattr("console.cli.session.Session.print_json", lambda session, value: 1 / 0)

    result = run("kafka", "down", "--lang", "en")

    assert result.exit_code == 6 and "It is done: Kafka is stopped." in result.stderr


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_work_that_breaks_off_says_how_far_it_came(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """An internal error or Ctrl-C on the second of three days: the message names what was done before; the exit code is 1, not 6."""
    from streams.embedded.host import EmbeddedHost

    run("init", "--example")
    run("tick")
    before, submit, days = messages(tmp_path), EmbeddedHost.submit, []

    def second_breaks(host: EmbeddedHost, message: object) -> object:
        days.append(message)
        if len(days) == 2:
            raise error
        return submit(host, message)  # type: ignore[arg-type]  # any message

    monkeypatch.setattr(EmbeddedHost, "submit", second_breaks)
    result = run("tick", "--days", "3", "--lang", "en")

    assert messages(tmp_path) == before + 1
    assert result.exit_code == 1
    assert f"Done before that: message #{before + 1}. What follows it was not done. Look at what is there" in result.stderr


def test_of_two_files_the_second_of_which_is_refused_the_first_is_told(run: Run, town: Path) -> None:
    """The error names the second file, and the messages of the first; its own advice is the only one."""
    (town / "good.csv").write_bytes((HUKOU + register_row(21)).encode("gb18030"))
    (town / "bad.csv").write_text("nothing,of,the,kind\n1,2,3,4\n")

    result = run("ingest", "hukou", town / "good.csv", town / "bad.csv", "--lang", "en")

    assert result.exit_code == 3
    assert "bad.csv" in result.stderr and "Done before that: messages #" in result.stderr
    assert "Look at what is there" not in result.stderr


def test_a_refused_file_leaves_its_name_free(run: Run, town: Path) -> None:
    """The name of a delivery belongs to the first accepted file, not to a refused one."""
    (town / "good.csv").write_bytes((HUKOU + register_row(21)).encode("gb18030"))
    (town / "empty.csv").write_bytes(HUKOU.encode("gb18030"))
    (town / "bad.csv").write_text("nothing,of,the,kind\n1,2,3,4\n")

    refused = [
        run("ingest", "hukou", town / name, "--id", "q4", *full)
        for name, *full in (("bad.csv",), ("bad.csv", "--replace"), ("empty.csv", "--replace"))
    ]
    intake = run("ingest", "hukou", town / "good.csv", "--id", "q4")

    assert [result.exit_code for result in refused] == [3, 3, 3], [result.output for result in refused]
    assert intake.exit_code == 0, intake.output


def test_a_name_is_free_after_a_refusal_before_the_first_row(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first batch was refused after the delivery began: the mended file can use the name, and then no other file can."""
    from matchers.kernel.batch import RecordBatch
    from policies.values import Text
    from streams.language.errors import Refusal

    for name, serial in (("one.csv", 21), ("mended.csv", 22), ("other.csv", 23)):
        (town / name).write_bytes((HUKOU + register_row(serial)).encode("gb18030"))

    def refuse(batch: RecordBatch, feed: object) -> None:
        if batch.delivery > 1:  # the first delivery is in the log
            raise Refusal(Text("不收", "refused"))

    with monkeypatch.context() as patched:
        patched.setattr("streams.steps.steps.admit", refuse)
        refused = run("ingest", "hukou", town / "one.csv", "--id", "q4")
    assert refused.exit_code == 5, refused.output

    assert run("ingest", "hukou", town / "mended.csv", "--id", "q4").exit_code == 0
    assert run("ingest", "hukou", town / "other.csv", "--id", "q4").exit_code == 5
    assert run("ingest", "hukou", town / "mended.csv", "--id", "q4").exit_code == 0


def test_a_name_is_not_used_up_by_a_delivery_that_could_not_begin(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full when the delivery begins leaves its name free."""
    from streams.store.log import Log
    from streams.store.sqlite_errors import no_room

    (town / "one.csv").write_bytes((HUKOU + register_row(21)).encode("gb18030"))
    (town / "other.csv").write_bytes((HUKOU + register_row(22)).encode("gb18030"))

    def full(log: Log, *_: object) -> None:
        raise no_room(log.path)

    with monkeypatch.context() as patched:
        patched.setattr(Log, "append", full)
        refused = run("ingest", "hukou", town / "one.csv", "--id", "q4")
    intake = run("ingest", "hukou", town / "other.csv", "--id", "q4")
    again = run("ingest", "hukou", town / "one.csv", "--id", "q4")

    assert refused.exit_code == 1
    assert intake.exit_code == 0, intake.output
    assert again.exit_code == 5
