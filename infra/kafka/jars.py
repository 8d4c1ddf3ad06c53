"""What a broker runs on: Java, and the jars of Apache Kafka, fetched once.

The folder of jars appears whole or not at all: Maven copies into a temporary folder, which is then renamed. Of two processes the second
waits for the first. Only ``pom.xml`` says the version; Maven's own settings say where the jars come from.

The tree of errors: ``NoRuntime`` (operator: something is missing on this machine; install it, or try again where a download failed; 1).
Source: Apache Kafka 4 asks for Java 17 (its documentation, "Java Version").
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.kafka.processes import exclusive_lock
from infra.settings import cache_folder
from policies.problems.problems import HuiminError
from policies.values import Text

LEAST_JAVA = 17
FETCH_SECONDS = 900.0
ASK_SECONDS = 30.0
POM = Path(__file__).with_name("pom.xml")
_VERSION = re.compile(r"<kafka\.version>([^<]+)</kafka\.version>")
_JAVA = re.compile(r'version "(?:1\.)?(\d+)')


class NoRuntime(HuiminError):
    """Java or the jars are missing."""


def version() -> str:
    """The version of Kafka.

    Example:
        >>> version().split(".")[0]
        '4'
    """
    match = _VERSION.search(POM.read_text(encoding="utf-8"))
    assert match is not None  # ours
    return match[1]


@dataclass(frozen=True, slots=True)
class Runtime:
    """Java and jars. Nothing is searched or fetched before it is needed.

    Args:
        cache: the folder that holds the folder of jars.
        java_home: the Java to use instead of the one on the path.
    """

    cache: Path
    java_home: str | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Runtime:
        """The runtime of ``HUIMIN_CACHE`` and ``JAVA_HOME``."""
        return cls(cache_folder(environment), environment.get("JAVA_HOME") or None)

    @property
    def folder(self) -> Path:
        return self.cache / f"kafka-{version()}"

    def java(self) -> str:
        """The program ``java``.

        Raises:
            NoRuntime: there is no Java, or it is older than 17.
        """
        program = self.program("java")
        output = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=ASK_SECONDS, check=False).stderr
        match = _JAVA.search(output)
        if match is None or int(match[1]) < LEAST_JAVA:
            raise NoRuntime(
                Text(
                    f"{program} 的版本是 {match[1] if match else '?'}，Kafka 需要 Java {LEAST_JAVA} 或更新。{_INSTALL.zh}",
                    f"{program} is Java {match[1] if match else '?'}; Kafka needs Java {LEAST_JAVA} or newer. {_INSTALL.en}",
                )
            )
        return program

    def program(self, name: str) -> str:
        """A program of the JDK.

        Raises:
            NoRuntime: the program is missing.
        """
        path = shutil.which(name, path=str(Path(self.java_home) / "bin")) if self.java_home else shutil.which(name)
        if path is None:
            place = Text(f"JAVA_HOME（{self.java_home}）", f"JAVA_HOME ({self.java_home})") if self.java_home else Text("PATH", "PATH")
            raise NoRuntime(Text(f"{place.zh} 里没有 {name}。{_INSTALL.zh}", f"There is no {name} in {place.en}. {_INSTALL.en}"))
        return path

    def jars(self) -> Path:
        """The folder of the jars; fetches it where it is missing.

        Raises:
            NoRuntime: the jars are missing and cannot be fetched.
        """
        if not self.has_jars:
            self.cache.mkdir(parents=True, exist_ok=True)
            with exclusive_lock(self.cache / f"kafka-{version()}.lock", FETCH_SECONDS):
                if not self.has_jars:
                    self._fetch()
        return self.folder

    @property
    def has_jars(self) -> bool:
        """Whether the jars are there, in the version that this program needs."""
        pom = self.folder / POM.name
        return pom.is_file() and pom.read_bytes() == POM.read_bytes()

    def _fetch(self) -> None:
        maven = shutil.which("mvn")
        if maven is None:
            raise NoRuntime(_no_maven(self.folder))
        self.java()
        with tempfile.TemporaryDirectory(prefix="fetching-", dir=self.cache) as aside:
            whole = Path(aside) / "jars"
            whole.mkdir()
            shutil.copyfile(POM, whole / POM.name)
            _copy_jars(maven, whole)
            if self.folder.exists():
                self.folder.rename(Path(aside) / "old")
            whole.rename(self.folder)


def _copy_jars(maven: str, folder: Path) -> None:
    """Have Maven copy the jars of ``pom.xml`` into the folder, and compare their checksums."""
    words = [maven, "--batch-mode", "--quiet", "--no-transfer-progress", "--strict-checksums", "--file", str(folder / POM.name)]
    words += ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        result = subprocess.run(words, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False, cwd=folder)
    except subprocess.TimeoutExpired:
        raise NoRuntime(_not_fetched(folder, f"> {FETCH_SECONDS:.0f} s")) from None
    if result.returncode or not any(folder.glob("kafka_*.jar")):
        lines = [line for line in result.stdout.splitlines() if line.startswith("[ERROR]")] or [f"mvn: {result.returncode}"]
        raise NoRuntime(_not_fetched(folder, lines[0].removeprefix("[ERROR] ")[:400]))


_INSTALL = Text(
    "请安装 JDK 17 以上（Debian、Ubuntu：apt install openjdk-17-jdk-headless），或用 JAVA_HOME 指到已有的。",
    "Install a JDK, 17 or newer (Debian, Ubuntu: apt install openjdk-17-jdk-headless), or point JAVA_HOME at one.",
)


def _no_maven(folder: Path) -> Text:
    return Text(
        f"PATH 里没有 mvn，{folder} 里也没有 Kafka。请安装 Maven（Debian、Ubuntu：apt install maven），或从别的机器复制这个目录。",
        f"There is no mvn in PATH, and no Kafka in {folder}. Install Maven (Debian, Ubuntu: apt install maven), or copy that folder from "
        "another machine.",
    )


def _not_fetched(folder: Path, why: str) -> Text:
    place = folder.parents[1]
    return Text(
        f"Kafka {version()} 未能下载到 {place}：{why}。请检查网络和 Maven 的设置（settings.xml），再运行一次；已有的未动。",
        f"Kafka {version()} could not be fetched into {place}: {why}. Look at the network and at Maven's settings.xml, and run this "
        "again; what was there was not touched.",
    )
