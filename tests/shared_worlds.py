"""Worlds that take seconds to build: one process of a test run builds each, and the fixtures of all processes read or copy it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def built_once(folders: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """The folder of a world of this name; only to be read.

    Args:
        build: writes the world into the empty folder it is given. A process that comes meanwhile waits for it.
    """
    base = folders.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, whole = run / name, run / f"{name}.built"
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that could not build it
            folder.mkdir()
            build(folder)
            whole.touch()
    return folder
