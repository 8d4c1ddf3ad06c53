"""The tests can be run in every way a person runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["tests/realdata", "tests/docs"])
def test_a_folder_can_be_named_and_shared_between_processes(folder: str) -> None:
    """The folder whose summary the controller writes too: named on the command line, it is loaded before."""
    words = [sys.executable, "-m", "pytest", folder, "-n", "2", "--collect-only", "-q", "-p", "no:cacheprovider"]

    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
