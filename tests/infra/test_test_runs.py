"""The tests can be run in every way a person runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LONG

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["tests/realdata", "tests/docs"])
def test_a_folder_can_be_named_and_shared_between_processes(folder: str) -> None:
    """The folder whose summary the controller writes too: named on the command line, it is loaded before."""
    words = [sys.executable, "-m", "pytest", folder, "-n", "2", "--collect-only", "-q", "-p", "no:cacheprovider"]

    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("long", LONG)
def test_a_long_test_is_there(long: str) -> None:
    """Each on the list of those that are begun first."""
    path, _, function = long.partition("::")

    assert f"def {function}" in (ROOT / path).read_text(encoding="utf-8")


def test_the_inner_loop_leaves_out_what_is_long_and_nothing_else() -> None:
    """``make test FAST=1``: no Kafka, no seeds, no long tests; ``make test`` leaves out what ``make prove`` is for."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert "TESTS := not prove$(if $(FAST), and not kafka and not seeds and not long)\n" in text
    assert '$(PYTEST) -m "$(TESTS)" tests\n' in text
