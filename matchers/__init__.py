"""Matching: compiled policies over columnar records, in three-valued logic."""

import os
import zlib
from pathlib import Path

# numba's cache notices a change of a function's own file, but not of the functions it calls. So each version of all kernels has a folder.
_here = Path(__file__).parent
_texts = b"".join(module.read_bytes() for module in sorted((_here / "kernel" / "kernels").glob("*.py")))
_version = f"kernels-{zlib.crc32(_texts):08x}"
_folder = Path(os.environ.get("NUMBA_CACHE_DIR") or _here / "__pycache__")
if _folder.name != _version:  # a child process inherits the folder itself
    os.environ["NUMBA_CACHE_DIR"] = str(_folder / _version)

SEMANTICS = 2
"""The version of docs/en/semantics.md. In version 1 a step to a cardinality-one feed was complete only where covered (section 6)."""
