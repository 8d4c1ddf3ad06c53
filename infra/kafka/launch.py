"""Starting brokers: their settings written, their data folders formatted, their processes launched.

A data folder is formatted whole; after a stop it is formatted again from the beginning. The file ``formatted`` appears at the end, before
any broker writes a record. ``cluster.py`` checks whether a broker answers.

Source: Apache Kafka 4.4, "KRaft": ``kafka.tools.StorageTool``, ``kafka.Kafka``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from infra.kafka import certificates
from infra.kafka.jars import Runtime
from infra.kafka.plan import HEAP_MEGABYTES, Broker, Files, Plan, free, properties
from infra.kafka.processes import UTF_8, start_detached
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import PRIVATE_UMASK, make_folder, private, write_whole

START_SECONDS = 90.0
LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")


class BrokerDown(HuiminError):
    """A broker did not come up."""


def launch(root: Path, plan: Plan, idle: Sequence[Broker], runtime: Runtime) -> None:
    """Start brokers that do not run; does not wait for their answer.

    Raises:
        NoRuntime: Java or the jars. NoCertificates: of the secured listener. NotStarted: a port is in use, or a data folder cannot be made.
    """
    if not idle:
        return
    base = [*UTF_8, runtime.java(), "-cp", f"{runtime.jars()}/*"]
    secured = certificates.listener(root, runtime.program("keytool")) if plan.secured else {}
    folders = [Files.of(root, broker) for broker in idle]
    for broker, files in zip(idle, folders, strict=True):
        _ports_free(plan, broker)
        make_folder(files.logs)
        write_whole(files.properties, properties(plan, broker, files, secured))
    _format(plan, [files for files in folders if not files.format_mark.exists()], base)
    for files in folders:
        start_detached([*base, *_options(plan, files), "kafka.Kafka", str(files.properties)], files.logs / "output.log", files.pid)


def _options(plan: Plan, files: Files) -> list[str]:
    """A small heap, a collector without threads of its own, and an end of the process when memory runs out."""
    heap = HEAP_MEGABYTES[len(plan.brokers)]
    memory = ["-Xms64m", f"-Xmx{heap}m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
    return [*memory, "-Djava.awt.headless=true", *_logging(files)]


def _logging(files: Files) -> list[str]:
    return [f"-Dlog4j2.configurationFile={LOG_SETTINGS}", f"-Dhuimin.logs={files.logs}"]


def _format(plan: Plan, fresh: Sequence[Files], base: list[str]) -> None:
    """Format data folders, side by side."""
    runs = []
    for files in fresh:
        shutil.rmtree(files.data, ignore_errors=True)
        words = [*base, "-Xmx128m", "-XX:TieredStopAtLevel=1", *_logging(files), "kafka.tools.StorageTool", "format"]
        words += [f"--cluster-id={plan.id}", "--config", str(files.properties)]  # an id may begin with a dash
        with open(files.logs / "format.log", "wb", opener=private) as output:
            runs.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, umask=PRIVATE_UMASK))
    codes = [_code(run) for run in runs]
    for files, code in zip(fresh, codes, strict=True):
        if code:
            raise BrokerDown(_not_formatted(files))
        write_whole(files.format_mark, "")


def _code(run: subprocess.Popen[bytes]) -> int:
    """The exit code of a process; kills it where it takes too long."""
    try:
        return run.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        run.kill()
        return run.wait()


def _ports_free(plan: Plan, broker: Broker) -> None:
    """Raises NotStarted where another program uses one of the broker's ports."""
    for port in broker.ports if plan.secured else broker.ports[:2]:
        if not free(port):
            raise BrokerDown(
                Text(
                    f"broker {broker.number} 的端口 {port} 被别的程序占用。请结束那个程序，或换一个目录。",
                    f"Port {port} of broker {broker.number} is used by another program. End that program, or choose another folder.",
                )
            )


def _not_formatted(files: Files) -> Text:
    return Text(
        f"{files.data} 未能建立，原因见 {files.logs}/format.log。请检查磁盘，再运行一次。",
        f"{files.data} could not be set up; {files.logs}/format.log says why. Look at the disk, and run this again.",
    )
