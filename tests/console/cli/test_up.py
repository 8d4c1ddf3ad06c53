"""Verbs through a running service: the same answers and exit codes as without it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from infra.workspace.library import library
from streams.disk.files import PRIVATE_FILE
from tests.console.cli.test_modes import tour
from tests.console.command import run_command
from tests.console.conftest import Run
from tests.console.service import HUIMIN, ROOT, service
from tests.console.town import HUKOU, PENSION, POLICY, ingest_text, register_row, resident, tokens

STOPPED = [["upgrade"], ["erase", "finish"]]
"""Lines of the tour that need the service stopped."""


@pytest.fixture
def town_with_work(run: Run, town: Path, tmp_path: Path) -> Path:
    """The small town, and files for every verb."""
    text = (tmp_path / "w/feeds/tekun_roll.yaml").read_text(encoding="utf-8")
    (tmp_path / "tekun.yaml").write_text(text.replace("tekun_roll", "tekun_again"), encoding="utf-8")
    ingest_text(run, tmp_path, "hukou", HUKOU + register_row(3, "2026-10-02"))
    (tmp_path / "broken.csv").write_bytes((PENSION + f"P1,{resident(1)},2020-01-01,,x\nP2,nobody,2020-01-01,,9\n").encode("gb18030"))
    shutil.copy(library() / "cases/dibao.yaml", tmp_path / "dibao-cases.yaml")
    return tmp_path


def huimin(folder: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the program in a folder, as a person would."""
    environment = {**os.environ, "HUIMIN_WORKSPACE": "w", "HUIMIN_TODAY": "2026-10-15", "COLUMNS": "160", "PYTHONPATH": str(ROOT)}
    environment.pop("HUIMIN_LANG", None)
    return subprocess.run(
        [*HUIMIN, *words], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", input=typed, timeout=120
    )


def test_every_verb_answers_as_without_the_service(run: Run, town_with_work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of the tour, in two copies of one workspace: output, errors and exit codes are the same, byte for byte."""
    listed = tokens(run)
    lines = [line for line in tour(Path("out"), listed[0], listed[1:]) if line not in STOPPED]
    alone, served = town_with_work / "alone", town_with_work / "served"
    for folder in (alone, served):
        folder.mkdir()
        for path in town_with_work.iterdir():
            if path not in (alone, served):
                shutil.copytree(path, folder / path.name) if path.is_dir() else shutil.copy(path, folder)
    monkeypatch.chdir(alone)
    monkeypatch.setenv("HUIMIN_WORKSPACE", "w")
    without = [run_command(*line) for line in lines]

    with service(served / "w"):
        through = [huimin(served, *line) for line in lines]

    for line, alone_result, other in zip(lines, without, through, strict=True):
        expected = alone_result.exit_code, _plain(alone_result.stdout), _plain(alone_result.stderr)
        assert expected == (other.returncode, _plain(other.stdout), _plain(other.stderr)), line
    assert {path.name for path in (served / "out").iterdir()} == {path.name for path in (alone / "out").iterdir()}
    assert all(path.stat().st_mode & 0o777 == PRIVATE_FILE for path in (served / "out").glob("*.*") if path.is_file())


def _plain(text: str) -> str:
    """Output without what no two runs share: random names, digests of files with random keys, sizes and times."""
    text = re.sub(r"[0-9a-f]{8,64}|/(alone|served)/|\d\d:\d\d:\d\d|[A-Za-z0-9_+/=-]{24,}", "#", text)
    return " ".join(re.sub(r"[0-9.]+ (MB|KB|GB|s|秒|B)\b", "# size", text).split())


def test_mistakes_have_their_exit_codes(town: Path) -> None:
    """Usage is 2, a wrong document 3; what needs the service stopped is 5, and nothing is done."""
    with service(town / "w"):
        assert huimin(town, "candidates", "list", "no-such").returncode == 2
        assert huimin(town, "no-such-verb").returncode == 2
        for line in (["upgrade"], ["erase", "finish"], ["doctor", "--deep"], ["demo", "--residents", "200"]):
            refused = huimin(town, *line)
            assert refused.returncode == 5, line
            assert "服务" in refused.stderr
        assert huimin(town, "up").returncode == 5  # a second service
    assert huimin(town, "doctor", "--deep").returncode == 0  # a dead socket counts as none


def test_what_is_typed_reaches_the_verb(run: Run, town: Path) -> None:
    """Standard input goes to the verb: a number need not stand on the command line."""
    with service(town / "w"):
        explained = huimin(town, "explain", POLICY, "-", typed=f"{resident(1)}\n")
        assert explained.returncode == 0, explained.stderr
        assert resident(1) not in explained.stdout


def test_an_interrupt_ends_the_verb_and_nothing_else(town: Path) -> None:
    """Ctrl-C at the client ends the verb with its usual sentence; the service goes on."""
    with service(town / "w") as running:
        environment = {**os.environ, "HUIMIN_WORKSPACE": "w", "HUIMIN_TODAY": "2026-10-15", "PYTHONPATH": str(ROOT)}
        reader_before = running.children()
        waiting = subprocess.Popen(
            [*HUIMIN, "explain", POLICY, "-"], cwd=town, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )  # fmt: skip
        for _ in range(200):
            if len(_children(reader_before[1])) == 1:
                break
            time.sleep(0.05)
        time.sleep(0.5)  # the verb has come to its question
        waiting.send_signal(signal.SIGINT)
        waiting.wait(30)  # its input stays open, or the verb would end by that
        _, errors = waiting.communicate(timeout=30)

        assert waiting.returncode == 1
        assert "已取消" in errors.decode()
        assert running.children() == reader_before
        assert huimin(town, "policy", "list").returncode == 0


def _children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def test_the_reader_has_one_thread_whatever_was_asked(town: Path) -> None:
    """It forks, and a child of a process with threads may wait for a lock for ever."""
    with service(town / "w") as running:
        for line in (["candidates", "list", POLICY], ["doctor"], ["feed", "list"], ["snapshot", "list"]):
            assert huimin(town, *line).returncode == 0
        for process in running.children():
            assert len(os.listdir(f"/proc/{process}/task")) == 1


def test_the_service_ends_with_its_front(town: Path) -> None:
    """If the front is killed, engine and reader end by themselves, and the next service starts."""
    with service(town / "w") as running:
        children = running.children()
        running.process.kill()
        running.process.wait()
        for _ in range(600):
            if not any(Path(f"/proc/{child}/stat").exists() for child in children):
                break
            time.sleep(0.05)
        assert not any(Path(f"/proc/{child}/stat").exists() for child in children)
    with service(town / "w") as running:
        assert running.stop() == 0


@pytest.mark.parametrize("which", [0, 1], ids=["engine", "reader"])
def test_the_service_ends_if_a_process_behind_it_dies(town: Path, which: int) -> None:
    """Then it says so and ends with an error, and a supervisor starts it again."""
    with service(town / "w", errors=town / "log") as running:
        os.kill(running.children()[which], signal.SIGKILL)
        assert running.process.wait(60) == 4
    assert "huimin up" in (town / "log").read_text(encoding="utf-8")
    assert huimin(town, "candidates", "list", POLICY).returncode == 0


def test_a_workspace_of_a_network_is_refused(town: Path) -> None:
    """Its state is the workers'; the sentence says so, and nothing is left running."""
    (town / "w/network").write_text("huimin.\n", encoding="utf-8")
    refused = huimin(town, "up")

    assert (refused.returncode, "Kafka" in refused.stderr) == (5, True)
