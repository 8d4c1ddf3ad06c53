"""No kernel reads or writes outside an array, for any policy the checker accepts: run with bounds checks compiled in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_policies_at_and_beyond_the_limits_are_run_within_bounds(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """At each limit and one below it, all readings agree with the naive evaluator; beyond it nothing runs and nothing changes.

    Kernels with bounds checks are compiled once for a checkout (a minute or two), into a cache of their own.
    """
    cache = getattr(pytestconfig, "cache", None)
    cache_folder = tmp_path if cache is None else cache.mkdir("kernels-with-bounds")
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(cache_folder)}

    run = subprocess.run(
        [sys.executable, "-m", "tests.matchers.limit_policies"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr[-4_000:]
    counts = json.loads(run.stdout)
    assert all(counts[part] == 2 for part in ("criteria", "levels", "values", "cells", "work")), counts
    assert counts["refused"] == 9 and counts["run with other limits"] == 3
    assert counts["sums"] > 80
    assert min(counts[f"verdict {word}"] for word in ("yes", "no", "unknown")) > 50
    assert min(counts[f"leaf {letter}"] for letter in "TFU") > 1_000
