"""Compiled kernels are cached by the text of all kernels, because numba itself notices only a change in a function's own file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def cache_folder(setting: Path) -> Path:
    """Where a process keeps its compiled kernels when it is started with this folder in its setting."""
    command = [sys.executable, "-c", "import os, matchers; print(os.environ['NUMBA_CACHE_DIR'])"]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(setting)}
    return Path(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip())


def test_a_folder_of_the_operator_holds_one_for_each_text_of_the_kernels(tmp_path: Path) -> None:
    """A folder set by the operator gets one subfolder for each text of the kernels; a child process uses the folder of its parent."""
    folder = cache_folder(tmp_path)

    assert folder.parent == tmp_path and folder.name.startswith("kernels-")
    assert cache_folder(folder) == folder
