"""Every verb refuses another key, a lost state or an older log, and creates no replacement; verbs that only look create nothing."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from console.cli.main import command
from console.cli.reference import verbs
from infra.workspace.workspace import Workspace
from tests.console.conftest import RESEARCH, Run
from tests.console.town import HUKOU, POLICY, UNITS, register_row, tokens

BY = ("--by", "王芳", "--approved-by", "李强")
WHY = (*BY, "--reason", "R1")
DRAFT, FILE, LIST = "{w}/policies/elderly-uninsured.yaml", "{folder}/hukou.csv", "{folder}/list.csv"
LOOKING = {
    "doctor": [], "explain": [POLICY, "{token}"], "forecast": [POLICY, "--days", "3"], "unit list": [], "feed list": [],
    "feed show": ["hukou"], "feed check": ["{w}/feeds/hukou.yaml"], "feed history": ["hukou"], "feed try": ["hukou", FILE],
    "feed deliveries": [], "feed quarantine": [], "policy check": [DRAFT], "policy needs": [DRAFT], "policy list": [],
    "policy show": [POLICY], "policy diff": [POLICY, DRAFT], "policy history": [POLICY], "policy preview": [DRAFT],
    "candidates list": [POLICY], "candidates export": [POLICY, "--out", LIST], "candidates outcomes": [], "candidates corrections": [],
    "candidates history": [POLICY, "{token}"], "candidates changes": [POLICY, "--since", "1"], "candidates find": ["王芳"],
    "candidates visit": [POLICY, "{token}", "--out", "{folder}/v.pdf"],
    "holds list": [], "holds show": ["h1"], "edition list": [POLICY], "edition show": [POLICY, "1"], "edition verify": [POLICY],
    "edition evidence": [POLICY, "1", "--out", "{folder}/e.jsonl"], "identity list": [], "erase list": [], "audit person": ["{token}"],
    "snapshot create": ["--grade", "research", "--by", "王芳", "--approved-by", "李强", "--reason", "研究", "--out", "{folder}/s.duckdb"],
}  # fmt: skip
CHANGING = {
    "ingest": ["hukou", FILE], "feed pickup": [], "feed pull": ["pension"], "tick": [],
    "unit add": ["new-unit", "--zh", "新", "--en", "New", "--division", "310107"], "feed add": ["{folder}/new.yaml"],
    "feed coverage": ["{folder}/coverage.jsonl"], "policy publish": [DRAFT, *BY, "--yes"], "policy withdraw": [POLICY, *WHY, "--yes"],
    "candidates answer": [POLICY, "{token}", "claims", "yes"], "candidates ack": [POLICY, "{token}", "contacted", "--by", "王芳"],
    "candidates note": [POLICY, "{token}", "x", "--by", "王芳"], "candidates call-again": [POLICY, "{token}", "never", "--by", "王芳"],
    "candidates assign": [POLICY, "{token}", "王芳", "--by", "王芳"], "candidates answer-request": ["1", "refuted", "--by", "王芳"],
    "holds release": ["h1", *WHY], "holds reject": ["h1", *WHY], "edition cut": [POLICY],
    "identity merge": ["person", "{token}", "{other}", *WHY], "identity split": ["person", "{token}", *WHY],
    "erase person": ["{token}", *WHY, "--yes"], "erase finish": [],
}  # fmt: skip
ELSEWHERE = {
    "init", "demo", "bench", "worker", "up", "upgrade", "feed draft", "feed listen", "candidates send", "policy test", "policy schema", "snapshot list", "snapshot verify", "snapshot diff",
    "access table", "account add", "account list", "account show", "account grant", "account revoke", "account disable", "account enable",
    "account password", "account map", "account token",
    "audit list", "audit show", "audit verify", "audit checkpoint", "audit proof",
    "kafka up", "kafka down", "kafka status", "kafka join", "kafka shards", "kafka dead-letters", "kafka describe", "kafka key",
}  # fmt: skip
"""Verbs that use neither the key nor the state of a workspace on no network."""


WAYS_IN = """format: 1
drop: {folder: ../drop, quiet: PT1S}
pull: {pension: {full: true, sql: {driver: sqlite, uri: {file: pensions.uri}, query: SELECT * FROM pensions}}}
"""


def test_snapshots_are_those_of_the_key(run: Run, town: Path) -> None:
    """With another key the snapshots of a workspace are refused; a snapshot given as a file needs no key."""
    assert run(*RESEARCH).exit_code == 0
    (file,) = (town / "w" / "snapshots").glob("*.duckdb")
    another_key(town)

    assert [run("snapshot", verb).exit_code for verb in ("list", "verify")] == [1, 1]
    assert run("snapshot", "verify", file).exit_code == 0


def test_a_state_is_missed_by_what_was_taken_in(run: Run, town: Path) -> None:
    """Only the note of deliveries is left, and it shows that this is no new workspace."""
    import shutil

    for name in ("state", "identity", "quarantine"):
        shutil.rmtree(town / "w" / name)
    (town / "w" / "log.head").unlink()

    for words in (("doctor",), ("candidates", "list", POLICY), ("tick",)):
        result = run(*words, "--lang", "en")
        assert result.exit_code == 1, words
        assert "this is no new workspace" in result.output, words


@pytest.mark.parametrize("endless", ["key", "delivery"])
def test_what_has_no_end_is_not_read(run: Run, town: Path, endless: str) -> None:
    """An endless device in the place of the key or of a delivery is refused."""
    if endless == "key":
        (town / "w" / "secret.key").unlink()
        (town / "w" / "secret.key").symlink_to("/dev/zero")

    result = run("ingest", "hukou", "/dev/zero", "--lang", "en")

    assert result.exit_code in (1, 3)
    assert ("secret.key" if endless == "key" else "is a device or a pipe") in result.output


def test_no_verb_is_forgotten() -> None:
    """Every verb is in exactly one of the three tables."""
    names = {name.removeprefix("huimin ") for name, _ in verbs(command("zh"))}

    assert names - ELSEWHERE == LOOKING.keys() | CHANGING.keys()
    assert not LOOKING.keys() & CHANGING.keys()


@pytest.fixture
def words(town: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[str]], list[str]]:
    """The command line of a verb in the small town; the files that it names exist, and the file in the drop folder is finished."""
    monkeypatch.setattr("console.cli.feed_pickup.clock_seconds", lambda: time.time() + 60)
    token, other, *_ = tokens(run)
    (town / "hukou.csv").write_bytes((HUKOU + register_row(3, "2026-10-01")).encode("gb18030"))
    contract = (town / "w" / "feeds" / "pension.yaml").read_text(encoding="utf-8")
    (town / "w" / "ways_in.yaml").write_text(WAYS_IN, encoding="utf-8")
    (town / "w" / "pensions.uri").write_text(str(town / "pensions.sqlite"), encoding="utf-8")
    (town / "w" / "pensions.uri").chmod(0o600)
    with closing(sqlite3.connect(town / "pensions.sqlite")) as database:
        database.execute(
            "CREATE TABLE pensions AS SELECT 'P1' AS pension_no, 'x' AS id_number, 1 AS amount, '2020-01-01' AS paid_from, '' AS paid_to"
        )
        database.commit()
    (town / "drop" / "hukou").mkdir(parents=True)
    shutil.copy(town / "hukou.csv", town / "drop" / "hukou")
    (town / "new.yaml").write_text(contract.replace("pension", "pension2"), encoding="utf-8")
    places = {"w": str(town / "w"), "folder": str(town), "token": token, "other": other}
    return lambda verb, more: ["--lang", "en", *verb.split(), *(word.format(**places) for word in more)]


def folder_contents(root: Path) -> dict[str, bytes | None]:
    """The contents of a folder, without the files of SQLite beside the log and the writer's lock."""
    passing = ("log.sqlite-shm", "log.sqlite-wal", "writer.lock")
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
        if path.name not in passing
    }


def another_key(town: Path) -> None:
    """Change one digit of the key."""
    key = town / "w" / "secret.key"
    digit = key.read_text()[0]
    key.write_text(("1" if digit != "1" else "2") + key.read_text()[1:])


def no_check(town: Path) -> None:
    (town / "w" / "key.check").unlink()


def no_state(town: Path) -> None:
    shutil.rmtree(town / "w" / "state")


def no_log(town: Path) -> None:
    for path in (town / "w" / "state").glob("log.sqlite*"):
        path.unlink()


def empty_log(town: Path) -> None:
    no_log(town)
    (town / "w" / "state" / "log.sqlite").touch()


def older_log(town: Path) -> None:
    """Put back a copy of the log that lacks the last message."""
    workspace = Workspace.open(town / "w")
    shutil.copytree(town / "w" / "state", town / "then")
    with workspace.writing() as host:
        from streams.language.messages import EditionCut

        host.submit(EditionCut(POLICY))
    no_state(town)
    shutil.copytree(town / "then", town / "w" / "state")


def only_the_vault(town: Path) -> None:
    """Remove the state and the chain head; the vault stays."""
    no_state(town)
    (town / "w" / "log.head").unlink()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (another_key, "secret.key is not the key with which this workspace began"), (no_check, "key.check is gone or damaged"),
        (no_state, "this is no new workspace"), (no_log, "this is no new workspace"), (only_the_vault, "this is no new workspace"),
        (empty_log, "ends at message #-1"), (older_log, "it is another copy"),
    ],
)  # fmt: skip
def test_what_was_spoilt_is_refused_by_every_verb(
    town: Path, run: Run, words: Callable[[str, list[str]], list[str]], spoil: Callable[[Path], None], expected: str
) -> None:
    """Exit code 1, the message says what is wrong and what to do, and nothing is changed."""
    spoil(town)
    before = folder_contents(town)
    lines = {verb: words(verb, more) for verb, more in (LOOKING | CHANGING).items()}

    results = {verb: run(*line) for verb, line in lines.items()}
    if spoil is empty_log:
        assert "the log: the end or the beginning" in results.pop("edition verify").output

    wrong = {
        verb: result.output for verb, result in results.items() if result.exit_code != 1 or expected not in result.output.replace("\n", " ")
    }
    assert wrong == {}
    assert "from a backup" in results["tick"].output or "of one backup" in results["tick"].output
    after = folder_contents(town)
    assert {name for name in before.keys() | after.keys() if before.get(name, 0) != after.get(name, 0)} <= {"w/state"} - before.keys()


def test_looking_into_a_new_workspace_makes_nothing(tmp_path: Path, run: Run, settled_town: Path) -> None:
    """With any exit code, only the file named with ``--out`` is new, and the ledgers of what snapshots publish."""
    assert run("init", "--example").exit_code == 0
    (tmp_path / "hukou.csv").write_bytes((HUKOU + register_row(3, "2026-10-01")).encode("gb18030"))
    before = folder_contents(tmp_path)
    places = {"w": str(tmp_path / "w"), "folder": str(tmp_path), "token": "00" * 8}

    for verb, more in LOOKING.items():
        result = run(*verb.split(), *(word.format(**places) for word in more))
        assert result.exit_code in (0, 2, 3, 5), (verb, result.output)

    new_paths = folder_contents(tmp_path).keys() - before.keys()
    assert {path for path in new_paths if not path.startswith("w/audit")} <= {"s.duckdb", "w/open.figures", "w/releases.jsonl"}, new_paths
    assert {"w/state", "w/identity"} <= before.keys()
    key = (tmp_path / "w" / "secret.key").read_text()
    (tmp_path / "w" / "secret.key").write_text("0" * 64 + "\n")
    assert run("tick").exit_code == 0, "until something is made with it, the key may be another"
    (tmp_path / "w" / "secret.key").write_text(key)
    assert run("tick").exit_code == 1
    assert settled_town.is_dir()
    assert UNITS


def test_the_doctor_reads_all_of_the_log(town: Path, run: Run) -> None:
    """With --deep every changed row is found; without it only the last rows and those that are replayed."""
    assert "the log is as it was written" in run("doctor", "--deep", "--lang", "en").output
    with sqlite3.connect(town / "w" / "state" / "log.sqlite") as db:
        offsets = [offset for (offset,) in db.execute("SELECT offset FROM outputs ORDER BY offset LIMIT 2")]
        db.execute("UPDATE outputs SET closes = 'x' WHERE offset IN (?, ?)", offsets)

    quick, deep = run("doctor", "--lang", "en"), run("doctor", "--deep", "--lang", "en")
    verified = run("edition", "verify", POLICY, "--lang", "en")

    assert "outputs #" not in quick.output
    assert all(f"outputs #{offset}: changed" in deep.output for offset in offsets)
    assert deep.exit_code == 1
    assert f"✗ the log: outputs #{offsets[0]}" in verified.output
    assert verified.exit_code == 3
