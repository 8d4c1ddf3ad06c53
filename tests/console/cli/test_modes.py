"""After a run of every verb, only the owner can read the workspace and the files that verbs wrote elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console.cli.main import command, main
from console.cli.reference import verbs
from infra.workspace.library import library
from tests.console.conftest import Run
from tests.console.town import HUKOU, PENSION, POLICY, ingest_text, register_row, resident, settle_town, tokens
from tests.streams.disk.test_files import modes

NETWORK = "needs a network on Kafka; what it writes is written by the same modules, and by a worker's stages (tests/streams/network/test_stages.py)"
ELSEWHERE = {
    "huimin up": "test_up.py", "huimin worker": NETWORK, "huimin feed listen": NETWORK, "huimin candidates send": NETWORK, "huimin kafka up": NETWORK,
    "huimin kafka down": NETWORK, "huimin kafka status": NETWORK, "huimin kafka join": NETWORK, "huimin kafka shards": NETWORK,
    "huimin kafka dead-letters": NETWORK, "huimin kafka describe": NETWORK, "huimin kafka key": "test_network_key.py", "huimin demo": "the last test here",
    "huimin bench": "writes nothing in a workspace",
    "huimin candidates answer": "decides in the log, like the rest", "huimin holds show": "nothing is held back here",
    "huimin candidates answer-request": "likewise", "huimin holds release": "likewise", "huimin holds reject": "likewise", "huimin identity split": "as identity merge",
}  # fmt: skip
"""Verbs that are not in the tour, with the reason."""


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask of 0: the system allows everybody to read and write new files."""
    before = os.umask(0)
    yield
    os.umask(before)


def tour(out: Path, token: str, others: list[str]) -> list[list[str]]:
    """A command line for every verb, in an order in which each has work to do."""
    by = ["--by", "王芳", "--approved-by", "李强"]
    contract, draft = "w/feeds/pension.yaml", "w/policies/elderly-allowance.yaml"
    return [
        ["doctor"], ["upgrade"], ["unit", "list"], ["unit", "add", "new-unit", "--division", "310107", "--zh", "新单位", "--en", "New unit"],
        ["feed", "add", "tekun.yaml"], ["feed", "list"], ["feed", "show", "hukou"], ["feed", "check", contract], ["feed", "history", "hukou"],
        ["feed", "try", contract, "broken.csv"], ["feed", "draft", "broken.csv", "--out", f"{out}/drafted.yaml"], ["feed", "pickup"], ["feed", "coverage"], ["ingest", "pension", "broken.csv", "--id", "b1"],
        ["feed", "deliveries"], ["feed", "quarantine"], ["feed", "quarantine", "pension", "--out", f"{out}/mend.xlsx", "--from", "broken.csv"],
        ["feed", "quarantine", "pension", "--out", f"{out}/mend.csv", "--from", "broken.csv"],
        ["feed", "quarantine", "pension", "--close", "2", "--by", "王芳"], ["tick", "--to", "2026-10-16"],
        ["explain", POLICY, token], ["forecast", POLICY], ["policy", "check", draft], ["policy", "needs", draft], ["policy", "test", "w/policies/dibao.yaml", "--cases", "dibao-cases.yaml"],
        ["policy", "list"], ["policy", "show", draft], ["policy", "schema", "--out", f"{out}/schemas"], ["policy", "diff", "elderly-allowance", draft],
        ["policy", "history", POLICY], ["policy", "preview", draft], ["policy", "publish", "w/policies/dibao.yaml", *by, "--yes"],
        ["policy", "withdraw", "dibao", *by, "--reason", "试", "--yes"], ["candidates", "list", POLICY],
        ["candidates", "export", POLICY, "--out", f"{out}/deep/er/list.csv"], ["candidates", "export", POLICY, "--out", f"{out}/list.xlsx"],
        ["candidates", "export", POLICY],
        ["candidates", "export", POLICY, "--status", "eligible", "--changes-since", "1"],
        ["candidates", "ack", POLICY, "--file", f"{out}/list.xlsx"],
        ["candidates", "ack", POLICY, others[0], "not_eligible", "--criterion", "uninsured", "--by", "区医保中心"],
        ["candidates", "note", POLICY, token, "x", "--by", "王芳"], ["candidates", "call-again", POLICY, token, "2026-12-01", "--by", "王芳"],
        ["candidates", "assign", POLICY, token, "王芳", "--by", "王芳"], ["candidates", "history", POLICY, token],
        ["candidates", "find", token], ["candidates", "changes", POLICY, "--since", "1", "--out", f"{out}/changes.xlsx"],
        ["candidates", "visit", POLICY, "--out", f"{out}/visits.pdf"],
        ["candidates", "outcomes"], ["candidates", "corrections", "--out", f"{out}/requests.csv"], ["holds", "list"],
        ["edition", "cut", POLICY], ["edition", "list", POLICY], ["edition", "show", POLICY, "1"], ["edition", "verify", POLICY],
        ["edition", "evidence", POLICY, "1"], ["edition", "evidence", POLICY, "1", "--out", f"{out}/evidence.jsonl"],
        ["identity", "merge", "person", others[1], others[2], *by, "--reason", "证件换号"], ["identity", "list"], ["snapshot", "create", "--grade", "research", *by, "--reason", "研究"],
        ["snapshot", "create", "--grade", "research", *by, "--reason", "研究", "--out", f"{out}/k.duckdb"], ["snapshot", "list"], ["snapshot", "verify"],
        ["snapshot", "create", "--grade", "research", *by, "--reason", "研究", "--format", "parquet", "--out", f"{out}/k.parquet"],
        ["snapshot", "diff", f"{out}/k.duckdb", f"{out}/k.parquet"],
        ["feed", "pull", "pension"],
        ["erase", "person", token, *by, "--reason", "R1", "--yes"], ["erase", "finish"], ["erase", "list"], ["access", "table"],
        ["audit", "list"], ["audit", "show", "0"], ["audit", "verify"], ["audit", "checkpoint", "--out", f"{out}/checkpoint.txt"],
        ["audit", "proof", "0"], ["audit", "person", others[0]],
        ["account", "add", "zhou", "--grant", "operator:310107"], ["account", "add", "wang", "--title", "王芳"], ["account", "list"],
        ["account", "grant", "wang", "steward:310107:putuo-psb"], ["account", "token", "wang", "--for", "delivery.take_in", "--feed", "hukou"],
        ["account", "show", "wang"], ["account", "revoke", "wang", "steward:310107:putuo-psb"], ["account", "map", "wang", "nobody"],
        ["account", "password", "wang", "--link"], ["account", "disable", "wang"], ["account", "enable", "wang"],
    ]  # fmt: skip


def test_after_every_verb_everything_is_its_owners_only(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_umask: None
) -> None:
    """Folders are 0700 and files 0600, in the workspace and where ``--out`` says. ``run`` also checks the JSON against its schema."""
    monkeypatch.chdir(tmp_path)
    settle_town(run, tmp_path)
    text = (tmp_path / "w/feeds/tekun_roll.yaml").read_text(encoding="utf-8")
    (tmp_path / "tekun.yaml").write_text(text.replace("tekun_roll", "tekun_again"), encoding="utf-8")
    ingest_text(run, tmp_path, "hukou", HUKOU + register_row(3, "2026-10-02"))
    (tmp_path / "broken.csv").write_bytes((PENSION + f"P1,{resident(1)},2020-01-01,,x\nP2,nobody,2020-01-01,,9\n").encode("gb18030"))
    shutil.copy(library() / "cases/dibao.yaml", tmp_path / "dibao-cases.yaml")
    sql = "{driver: sqlite, uri: {environment: PENSIONS}, query: SELECT * FROM pensions, watermark: paid_from}"
    (tmp_path / "w/ways_in.yaml").write_text(f"format: 1\ndrop: {{}}\npull: {{pension: {{sql: {sql}}}}}\n", encoding="utf-8")
    monkeypatch.setenv("PENSIONS", str(tmp_path / "pensions.sqlite"))
    with closing(sqlite3.connect(tmp_path / "pensions.sqlite")) as database:
        values = f"'P7' AS pension_no, '{resident(1)}' AS id_number, 1 AS amount, '2020-01-01' AS paid_from, '' AS paid_to"
        database.execute(f"CREATE TABLE pensions AS SELECT {values}")
        database.commit()
    (tmp_path / "w/ways_in.yaml").chmod(0o600)
    monkeypatch.setattr("console.cli.feed_pickup.clock_seconds", lambda: time.time() + 60)
    (tmp_path / "w/drop/hukou").mkdir(mode=0o700, parents=True)
    (tmp_path / "w/drop").chmod(0o700)
    (tmp_path / "w/drop/hukou/new.csv").write_bytes((HUKOU + register_row(4, "2026-10-02")).encode("gb18030"))
    (tmp_path / "w/drop/hukou/new.csv").chmod(0o600)
    out, listed = tmp_path / "out", tokens(run)
    lines = tour(out, listed[0], listed[1:])

    for line in lines:
        result = run(*line, "--json")
        assert result.exit_code == 0, (line, result.output)
        assert modes(tmp_path / "w") == {}, line

    assert modes(out) == {}
    assert {path.name for path in out.iterdir()} >= {"mend.xlsx", "mend.csv", "list.xlsx", "evidence.jsonl", "k.duckdb", "schemas", "deep"}
    assert oct((tmp_path / "w").stat().st_mode)[-3:] == oct(out.stat().st_mode)[-3:] == "700"


def test_the_tour_goes_by_every_verb() -> None:
    """A verb outside the tour is in ``ELSEWHERE`` with a reason."""
    expected = {name for name, _ in verbs(command("en"))} - {"huimin init", *ELSEWHERE}
    lines = [f"huimin {' '.join(line)} " for line in tour(Path("out"), "t", ["a", "b", "c"])]

    assert [name for name in expected if not any(line.startswith(f"{name} ") for line in lines)] == []


def test_a_demonstration_that_is_kept_is_its_owners_only(run: Run, tmp_path: Path, open_umask: None) -> None:
    """So are its deliveries, for they look like real data."""
    result = run("demo", "--residents", "400", "--keep", tmp_path / "putuo", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)
    assert modes(tmp_path / "putuo") == {}


def test_the_command_itself_makes_nothing_that_others_can_read(monkeypatch: pytest.MonkeyPatch, open_umask: None) -> None:
    """It sets the umask, so that files made by libraries are private, too."""
    monkeypatch.setattr("sys.argv", ["huimin", "--help"])
    with pytest.raises(SystemExit):
        main()

    assert os.umask(0) == 0o077
