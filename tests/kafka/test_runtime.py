"""Java and the jars: found or fetched once, whole or not at all; what is missing is told. And processes: only ours are ended."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.kafka.jars import POM, NoRuntime, Runtime, version
from infra.kafka.processes import LockTimeout, end_processes, exclusive_lock, running, start_detached

JAVA = """#!/bin/sh
echo 'openjdk version "{version}" 2026-01-20' >&2
"""
MAVEN = """#!/bin/sh
echo run >> {runs}
for word in "$@"; do
  case $word in -DoutputDirectory=*) : > "${{word#*=}}/kafka_2.13-x.jar" ;; esac
done
/bin/sleep 0.3
"""
FAILING = """#!/bin/sh
echo '[ERROR] Could not resolve kafka_2.13: unknown host'
exit 1
"""


class Machine:
    """A path with just these programs, and an empty cache."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.runs = folder / "bin", folder / "runs"
        self.folder.mkdir()
        self.runtime = Runtime(folder / "cache")
        monkeypatch.setenv("PATH", str(self.folder))

    def has(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text, encoding="ascii")
        path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_the_jars_are_fetched_once_by_whoever_comes_first(machine: Machine) -> None:
    """Two who ask at the same time get the same folder, and Maven ran once."""
    machine.has("java", JAVA.format(version="17.0.9"))
    machine.has("mvn", MAVEN.format(runs=machine.runs))

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: machine.runtime.jars(), range(2))

    assert first == second == machine.runtime.cache / f"kafka-{version()}"
    assert sorted(path.name for path in first.iterdir()) == ["kafka_2.13-x.jar", "pom.xml"]
    assert machine.runs.read_text(encoding="ascii").split() == ["run"]


def test_jars_of_another_list_are_fetched_anew(machine: Machine) -> None:
    """The folder says what it was fetched for."""
    machine.has("java", JAVA.format(version="21"))
    machine.has("mvn", MAVEN.format(runs=machine.runs))
    machine.runtime.folder.mkdir(parents=True)
    (machine.runtime.folder / POM.name).write_text("<project/>", encoding="ascii")

    machine.runtime.jars()

    assert (machine.runtime.folder / POM.name).read_bytes() == POM.read_bytes()


@pytest.mark.parametrize("java_version", ["11.0.2", "1.8.0_292"])
def test_an_old_java_is_told(machine: Machine, java_version: str) -> None:
    """With its version and the way out."""
    machine.has("java", JAVA.format(version=java_version))

    with pytest.raises(NoRuntime, match=r"is Java (11|8); Kafka needs Java 17 or newer\. Install a JDK"):
        machine.runtime.java()


def test_no_java_is_told(machine: Machine) -> None:
    """With where it was looked for."""
    with pytest.raises(NoRuntime, match="There is no java in PATH"):
        machine.runtime.java()
    with pytest.raises(NoRuntime, match=r"There is no java in JAVA_HOME \(/none\)"):
        Runtime.of({"JAVA_HOME": "/none"}).java()


def test_no_maven_is_told(machine: Machine) -> None:
    """With the way out."""
    machine.has("java", JAVA.format(version="17"))

    with pytest.raises(NoRuntime, match=r"There is no mvn in PATH.*Install Maven") as raised:
        machine.runtime.jars()

    assert "请安装 Maven" in raised.value.text.zh


def test_a_failed_download_is_told_and_leaves_nothing(machine: Machine) -> None:
    """With Maven's own reason; the next try starts afresh."""
    machine.has("java", JAVA.format(version="17"))
    machine.has("mvn", FAILING)

    with pytest.raises(NoRuntime, match=r"could not be fetched into .*cache: Could not resolve kafka_2\.13: unknown host"):
        machine.runtime.jars()

    assert [path.name for path in machine.runtime.cache.iterdir()] == [f"kafka-{version()}.lock"]


def test_a_process_is_found_again_and_ended(tmp_path: Path) -> None:
    """By its file and its mark, though its parent is not us."""
    pid_file, mark = tmp_path / "pid", str(tmp_path / "mark")
    start_detached([sys.executable, "-c", "import time; time.sleep(60)", mark], tmp_path / "log", pid_file)

    assert running(pid_file, mark) is not None
    assert running(pid_file, f"{mark}-of-another") is None
    end_processes([(pid_file, mark)], 10)

    assert running(pid_file, mark) is None and not pid_file.exists()


def test_a_process_is_found_from_its_first_moment(tmp_path: Path) -> None:
    """Also while the program it began as becomes another, and has no command line to read."""
    hops = ["/usr/bin/env", "A=b", "/usr/bin/env", "/usr/bin/env"]
    for number in range(20):
        pid_file, mark = tmp_path / "pid", str(tmp_path / f"mark-{number}")
        start_detached([*hops, sys.executable, "-c", "import time; time.sleep(60)", mark], tmp_path / "log", pid_file)
        until = time.monotonic() + 0.03
        numbers = []
        while time.monotonic() < until:
            numbers.append(running(pid_file, mark))

        end_processes([(pid_file, mark)], 10)

        assert numbers and None not in numbers


def test_a_process_that_does_not_listen_is_made_to_end(tmp_path: Path) -> None:
    """After the time it was given."""
    pid_file, mark, ready = tmp_path / "pid", str(tmp_path / "mark"), tmp_path / "ready"
    deaf = f"import pathlib, signal, time; signal.signal(15, signal.SIG_IGN); pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    start_detached([sys.executable, "-c", deaf, mark], tmp_path / "log", pid_file)
    while not ready.exists():
        assert running(pid_file, mark) is not None
        time.sleep(0.05)

    end_processes([(pid_file, mark)], 0.5)

    assert running(pid_file, mark) is None


def test_the_process_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A number that has gone to another program since."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (tmp_path / "pid").write_text(str(other.pid), encoding="ascii")

        end_processes([(tmp_path / "pid", str(tmp_path / "mark"))], 0.2)

        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_who_holds_a_folder_too_long_is_not_waited_for(tmp_path: Path) -> None:
    """The second says so, and the lock is free when the first is done."""
    with (
        exclusive_lock(tmp_path / "lock", 0),
        pytest.raises(LockTimeout, match="held by another process"),
        exclusive_lock(tmp_path / "lock", 0.2),
    ):
        pass

    with exclusive_lock(tmp_path / "lock", 0):
        pass
