"""Who satisfies it: compiled policies over columnar state, in three-valued logic."""

import os
import zlib
from pathlib import Path

# numba notices a change of a function's own file, not of what it calls: a folder for each text of the kernels is never stale.
_here = Path(__file__).parent
_version = f"kernels-{zlib.crc32((_here / 'kernels.py').read_bytes()):08x}"
os.environ.setdefault("NUMBA_CACHE_DIR", str(_here / "__pycache__" / _version))
